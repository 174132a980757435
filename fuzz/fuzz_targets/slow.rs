//! Slow inputs, by counting and not by time: however a log is made, each line is read a few times.
//!
//! The input is a program that writes a log: lines of crashes, in runs, from some callers in turns or mixed, with what
//! the fuzzer finds itself between. Small inputs make large logs, in which what is quadratic counts.
#![no_main]

use checks::Choices;
use crashparse::reports;
use libfuzzer_sys::fuzz_target;

/// How often a line is read, at most and on average.
const LOOKS_A_LINE: u64 = 4;
/// Whatever the log: a report near its end looks around as well.
const LOOKS_A_LOG: u64 = 256;
/// Longest log. What is quadratic is seen in far less.
const LINES: usize = 4_000;

fuzz_target!(|input: &[u8]| {
    let log = write(input);
    let lines = log.split_inclusive(|&byte| byte == b'\n').count() as u64;
    let before = looks();
    for report in reports(&log) {
        assert!(!report.title().is_empty());
    }
    let looks = looks() - before;
    let most = LOOKS_A_LINE * lines + LOOKS_A_LOG;
    assert!(looks <= most, "{lines} lines are read {looks} times:\n{}", start(&log));
});

#[cfg(fuzzing)]
fn looks() -> u64 {
    crashparse::Line::looks()
}

/// Who only checks this file builds the crate without the count.
#[cfg(not(fuzzing))]
fn looks() -> u64 {
    0
}

/// The first lines of a log that fails.
fn start(log: &[u8]) -> String {
    let lines = log.split_inclusive(|&byte| byte == b'\n').take(40);
    lines.map(String::from_utf8_lossy).collect()
}

/// Which lines are in turn of whom.
struct Writer {
    log: Vec<u8>,
    lines: usize,
    stamp: bool,
    tag: bool,
    micros: u64,
    step: u64,
}

/// Runs the program: each step is a run of lines, printed some times by some callers.
fn write(input: &[u8]) -> Vec<u8> {
    let mut choices = Choices(input);
    let dress = choices.byte();
    let mut out = Writer {
        log: Vec::new(),
        lines: 0,
        stamp: dress & 1 == 0,
        tag: dress & 2 == 0,
        micros: 12_000_000,
        step: 37,
    };
    while !choices.0.is_empty() && out.lines < LINES {
        let (first, count) = (choices.byte() % FRAGMENTS.len(), 1 + choices.byte() % 16);
        let (callers, times) = (1 + choices.byte(), 1 + choices.byte());
        let how = choices.byte();
        // Time may stand still, go in large steps, or back.
        match how >> 6 {
            0 => {}
            1 => out.step = 0,
            2 => out.step = 10_000_000,
            _ => out.micros = out.micros.saturating_sub(5_000_000),
        }
        let own = own_text(how & 4 != 0, &mut choices);
        let rows: Vec<&[u8]> = FRAGMENTS.iter().skip(first).take(count).map(|row| row.as_bytes()).collect();
        let rows = rows.into_iter().chain(own);
        if how & 1 == 0 {
            for k in 0..times {
                rows.clone().for_each(|row| out.line(k % callers, how & 2 != 0, row));
            }
        } else {
            for row in rows {
                (0..times).for_each(|k| out.line(k % callers, how & 2 != 0, row));
            }
        }
        out.step = 37;
    }
    out.log
}

/// A line of the fuzzer's own words.
fn own_text<'i>(wanted: bool, choices: &mut Choices<'i>) -> Option<&'i [u8]> {
    if !wanted {
        return None;
    }
    let (text, rest) = choices.0.split_at((choices.byte() % 64).min(choices.0.len()));
    choices.0 = rest;
    Some(text)
}

impl Writer {
    /// Adds a line of a task or a CPU; `%` in the text is its number.
    fn line(&mut self, caller: usize, cpu: bool, text: &[u8]) {
        if self.lines >= LINES {
            return;
        }
        self.lines += 1;
        self.micros += self.step;
        if self.stamp {
            let stamp = format!("[{:5}.{:06}]", self.micros / 1_000_000, self.micros % 1_000_000);
            self.log.extend_from_slice(stamp.as_bytes());
        }
        if self.tag {
            let tag = format!("{}{caller}", if cpu { 'C' } else { 'T' });
            self.log.extend_from_slice(format!("[{tag:>6}]").as_bytes());
        }
        if self.stamp || self.tag {
            self.log.push(b' ');
        }
        let number = caller.to_string();
        for &byte in text {
            match byte {
                b'%' => self.log.extend_from_slice(number.as_bytes()),
                byte => self.log.push(byte),
            }
        }
        self.log.push(b'\n');
    }
}

/// Lines of crashes, in the order in which kernels print them: a run from anywhere is a crash, or a part of one.
const FRAGMENTS: &[&str] = &[
    // check_hung_task, kernel/hung_task.c
    "INFO: task demo:% blocked for more than 143 seconds.",
    "      Not tainted 6.1.0 #1",
    "task:demo            state:D stack:0     pid:%   ppid:1      flags:0x00004000",
    "Call Trace:",
    " <TASK>",
    " __schedule+0x2d8/0x8d0",
    " demo_wait+0x4a/0x80 [demo]",
    " </TASK>",
    "INFO: task demo:% is blocked on a mutex likely owned by task demo:1.",
    // debug_show_all_locks, kernel/locking/lockdep.c
    "Showing all locks held in the system:",
    "1 lock held by demo/%:",
    " #0: ffff888005a1c008 (demo_lock){+.+.}-{3:3}, at: demo_write+0x1a/0x40 [demo]",
    // sysrq, nmi_trigger_cpumask_backtrace, nmi_cpu_backtrace
    "sysrq: Show State",
    "sysrq: Show backtrace of all active CPUs",
    "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
    "watchdog: BUG: soft lockup - CPU#% stuck for 26s! [demo:57]",
    "watchdog: Watchdog detected hard LOCKUP on cpu %",
    "smp: csd: Detected non-responsive CSD lock (#1) on CPU#0, waiting 5000000007 ns for CPU#01 demo+0x0/0x10(0x0).",
    "Sending NMI from CPU 0 to CPUs 1-255:",
    "NMI backtrace for cpu %",
    "CPU: % PID: % Comm: demo Not tainted 6.1.0 #1",
    "RIP: 0010:demo_spin+0x12/0x20 [demo]",
    "RSP: 0018:ffffc900001f7e60 EFLAGS: 00010246",
    "Call Trace:",
    " demo_dispatch+0xbb/0x110 [demo]",
    " kthread+0xda/0x100",
    "NMI backtrace for cpu % skipped: idling at intel_idle+0x6b/0x90",
    // What comes before a check that fails, and the check
    "refcount_t: underflow; use-after-free.",
    "list_add corruption. prev->next should be next (ffff888005a1c008), but was ffff888005a1c010. (prev=ffff888005a1c018).",
    "NETDEV WATCHDOG: eth0 (e1000e): transmit queue 0 timed out",
    "------------[ cut here ]------------",
    "WARNING: CPU: % PID: % at drivers/demo/main.c:334 demo_check+0x72/0xa0 [demo]",
    "WARNING: drivers/demo/main.c:334 at demo_check+0x72/0xa0 [demo], CPU#%: demo/%",
    "kernel BUG at drivers/demo/list.c:102!",
    "Modules linked in: demo(O)",
    "---[ end trace 0000000000000000 ]---",
    // An oops of x86, of arm64
    "BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "#PF: supervisor write access in kernel mode",
    "Oops: Oops: 0002 [#1] SMP NOPTI",
    "CPU: % UID: 0 PID: % Comm: demo Not tainted 6.12.0 #1",
    "RIP: 0010:demo_write+0x1c/0x40 [demo]",
    "RAX: 0000000000000000 RBX: ffff888005a1c000 RCX: 0000000000000001",
    "Call Trace:",
    " <TASK>",
    " ? demo_write+0x1c/0x40 [demo]",
    " vfs_write+0x225/0xa70",
    " </TASK>",
    "---[ end trace 0000000000000000 ]---",
    "Kernel panic - not syncing: Fatal exception",
    "Unable to handle kernel paging request at virtual address dfff800000000009",
    "Internal error: Oops: 0000000096000004 [#1]  SMP",
    "pc : demo_write+0x1c/0x40 [demo]",
    "x29: ffff80008293bc40 x28: ffff000003f30000 x27: 0000000000000000",
    "Code: d503201f a9be7bfd 910003fd f9000bf3 (b900001f) ",
    "---[ end Kernel panic - not syncing: Fatal exception ]---",
    // Sanitizers
    "==================================================================",
    "BUG: KASAN: slab-use-after-free in demo_step+0x3a/0x60 [demo]",
    "Read of size 8 at addr ffff888005a1c008 by task demo/%",
    "Allocated by task %:",
    "BUG: memory leak",
    "UBSAN: shift-out-of-bounds in drivers/demo/shift.c:31:14",
    // lockdep, the scheduler, others
    "WARNING: possible circular locking dependency detected",
    "-> #% (demo_lock){+.+.}-{3:3}:",
    "BUG: scheduling while atomic: demo/%/0x00000002",
    "BUG: x",
    "demo invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
    "unregister_netdevice: waiting for eth% to become free. Usage count = 2",
    "EXT4-fs error (device sda1): ext4_lookup:1785: inode #2: comm ls: deleted inode referenced: %",
    "INFO: lockdep is turned off.",
    "eth%: Link is Up - 1Gbps/Full",
    "** replaying previous printk message **",
    "** % printk messages dropped **",
    "Linux version 6.1.0 (demo@host) (gcc) #1 SMP",
    "Booting the kernel.",
    "",
];
