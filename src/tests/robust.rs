//! Guards that no input makes the crate panic: logs of `testdata/` cut, spliced and damaged byte by byte,
//! and lines of a megabyte. Of every report that comes out, everything public is asked for.
//!
//! The damage is the same on every run. What is found in damaged logs is not checked.

use std::collections::HashSet;

use crate::{Report, TextReport, contains_crash, reports};

use super::support::{self, Log, Random};

/// How often each log is damaged.
const ROUNDS: usize = 3;
/// Larger logs are damaged in a window of this size: the test is of the variety, not of the volume.
const WINDOW: usize = 48 << 10;

/// Calls everything public of all reports of a log.
fn read(log: &[u8]) {
    let mut any = false;
    let mut taken = HashSet::new();
    for report in reports(log) {
        any = true;
        read_report(&report);
        for line in report.lines() {
            assert!(taken.insert(line.offset), "two reports take {:?}", String::from_utf8_lossy(line.raw));
        }
    }
    assert_eq!(contains_crash(log), any);
}

fn read_report(report: &Report<'_>) {
    assert!(!report.title().is_empty(), "{:?}", report.lines().first());
    let facts = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        report.frame(),
        report.guilty_file(),
        report.alternative_titles(),
        report.kind(),
        report.corruption(),
        report.blamed(),
        report.follows(),
        report.span(),
        report.preamble(),
        report.panicked(),
        report.suppressed(),
        report.executor(),
    );
    let more = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        report.time(),
        report.task(),
        report.cpu(),
        report.hardware(),
        report.workqueue(),
        report.traces(),
        report.register_dumps(),
        report.registers(),
        report.held_locks(),
        report.lock_attempt(),
        report.lock_scenario(),
        report.syscall(),
        report.memory(),
        report.modules_linked_in(),
        report.hung_task(),
        report.blockers(),
    );
    let text = TextReport::new(report).at("log", 1).to_string();
    assert!(!facts.is_empty() && !more.is_empty() && !text.is_empty());
    let control = text.lines().find(|line| line.contains(char::is_control));
    assert!(control.is_none(), "a control character reaches the reader: {control:?}");
    #[cfg(feature = "serde")]
    {
        let json = crate::ser::JsonReport::new(report).line(1).path("log").disassembly(true);
        serde_json::to_string(&json).unwrap();
    }
}

/// A part of a log, so that damage falls near its reports and not into a megabyte of quiet.
fn window<'l>(log: &'l Log, random: &mut Random) -> &'l [u8] {
    let spare = log.bytes.len().saturating_sub(WINDOW);
    let start = if spare == 0 { 0 } else { random.below(spare) };
    &log.bytes[start..log.bytes.len().min(start + WINDOW)]
}

/// Something that does not belong into a log.
const STRAYS: &[&[u8]] = &[
    b"\0",
    b"\0\0\0\0\0\0\0\0",
    b"\r",
    b"\r\r\n",
    b"\x1b[31m",
    b"\x1b[",
    b"\xff\xfe",
    b"\xc3(",
    b"\xf0\x9f\x92",
    b"\n",
    b"\n\n",
    b"[",
    b"] ",
    b"+0x",
    b"/0x",
    b": ",
    b"{+.+.}-",
    b"(____ptrval____)",
    b"ffffffffffffffffffff",
    b"99999999999999999999999",
    b"BUG: ",
    b"<TASK>",
    b"** 143 printk messages dropped ** ",
];

/// A log with one to eight injuries.
fn damaged(log: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = log.to_vec();
    for _ in 0..=random.below(8) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => bytes[at] = random.byte(),
            2 => bytes[at] ^= 1 << random.below(8),
            3 => {
                let stray = STRAYS[random.below(STRAYS.len())];
                bytes.splice(at..at, stray.iter().copied());
            }
            4 => {
                let end = (at + random.below(200)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let end = (at + random.below(400)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, copy);
            }
        }
    }
    bytes
}

#[test]
fn whole_logs_are_read() {
    for log in support::all_logs() {
        read(&log.bytes);
    }
}

#[test]
fn damaged_logs_are_read() {
    let mut random = Random::new(1);
    for log in support::all_logs() {
        for _ in 0..ROUNDS {
            read(&damaged(window(&log, &mut random), &mut random));
        }
    }
}

#[test]
fn spliced_logs_are_read() {
    let mut random = Random::new(2);
    let logs = support::all_logs();
    for log in &logs {
        let (first, second) = (window(log, &mut random), &logs[random.below(logs.len())]);
        let second = window(second, &mut random);
        let mut spliced = first[..random.below(first.len() + 1)].to_vec();
        spliced.extend_from_slice(&second[random.below(second.len() + 1)..]);
        read(&spliced);
    }
}

/// Lines of two logs in turns, as two CPUs without tags print them.
#[test]
fn interleaved_logs_are_read() {
    let mut random = Random::new(3);
    let logs = support::logs("logs");
    for log in logs.iter().step_by(4) {
        let other = &logs[random.below(logs.len())];
        let mut mixed = Vec::new();
        let (mut a, mut b) = (log.bytes.split(|&b| b == b'\n'), other.bytes.split(|&b| b == b'\n'));
        for _ in 0..600 {
            let line = if random.below(2) == 0 { a.next() } else { b.next() };
            mixed.extend_from_slice(line.unwrap_or_default());
            mixed.push(b'\n');
        }
        read(&mixed);
    }
}

#[test]
fn logs_without_a_last_line_feed_and_empty_logs_are_read() {
    read(b"");
    read(b"\n");
    read(b"\r\n\r\n");
    for log in support::logs("logs").iter().step_by(3) {
        let banner = reports(&log.bytes).next().map_or(0, |report| report.span().start);
        let line = log.bytes[banner..].iter().position(|&b| b == b'\n').unwrap_or(0);
        for end in
            [banner, banner + 1, banner + line / 2, banner + line, banner + line + 1, banner + line + 2]
        {
            read(&log.bytes[..end.min(log.bytes.len())]);
        }
    }
}

#[test]
fn long_lines_are_read() {
    const MEGABYTE: usize = 1 << 20;
    for unit in [
        "A",
        "BUG: KASAN: use-after-free in f+0x1/0x2 ",
        "[    1.000000] BUG: unable to handle page fault for address: 0 ",
        " f+0x1/0x2 [m]",
        "[<ffffffff81000000>] ",
        "WARNING: possible circular locking dependency detected",
        "INFO: task c:1 blocked for more than 1 seconds. ",
        "Kernel panic - not syncing: ",
        "RIP: 0010:f+0x1/0x2 RAX: 0000000000000000 ",
        "[ ",
        " in ",
        "\r",
        "\x1b[",
    ] {
        let line = unit.repeat(MEGABYTE / unit.len());
        read(line.as_bytes());
        let inside = format!("[    1.000000] BUG: KASAN: use-after-free in f+0x1/0x2\n{line}\nCall Trace:\n");
        read(inside.as_bytes());
    }
}

#[test]
fn repeated_banners_are_read() {
    for banner in [
        "BUG: KASAN: use-after-free in f+0x1/0x2\n",
        "Oops: 0000 [#1] SMP\n",
        "NMI backtrace for cpu 1\n",
        "[    1.000000][    C1] NMI backtrace for cpu 1\n",
        "[    1.000000][   T22] Sending NMI from CPU 0 to CPUs 1:\n[    1.000000][    C1] NMI backtrace for cpu 1\n",
        "------------[ cut here ]------------\n",
        "INFO: task c:1 blocked for more than 1 seconds.\nCall Trace:\n",
        "=================================\n",
    ] {
        read(banner.repeat(2_000).as_bytes());
    }
}

/// Each line of a long report is read once, however many dumps of registers there are.
#[test]
fn reports_with_many_register_dumps_are_read() {
    const START: &str =
        "BUG: KASAN: use-after-free in f+0x1/0x2\nCall Trace:\n dump_stack+0x1/0x2\n f+0x1/0x2\n";
    const REGISTERS: &str =
        "RAX: 0000000000000000 RBX: 0000000000000001 RCX: 0000000000000002 RDX: 0000000000000003\n";
    for dump in [
        "RIP: 0010:f+0x1/0x2\n".to_string(),
        "RIP: 0033:0x7f1c99b3c0a0\nCode: 00 <00> 00\n".to_string(),
        // Up to 4.17 the code comes after the trace.
        format!("RIP: 0010:f+0x1/0x2\n{REGISTERS}Code: 00 <00> 00\n"),
    ] {
        read(&[START, &dump.repeat(24_000 / dump.lines().count())].concat().into_bytes());
    }
}

/// An announcement in the midst of another's report: what comes behind it is the other's, until a report is cut out.
#[test]
fn a_crash_announced_inside_another_report() {
    let log = b"\
[    1.100000] Unable to handle kernel NULL pointer dereference at virtual address 00000014
[    1.100010] list_del corruption. prev->next should be c5a1a0c8, but was dead0000. (prev=c5a1a1c8)
[    1.100020] bfa0:                   00000004 00e3a1c0 00000001 00e3a1c0 00000004 00000000
[    1.100030] ------------[ cut here ]------------
[    1.100040] kernel BUG at lib/list_debug.c:59!
";
    read(log);
    let lines: Vec<Vec<u64>> = reports(log)
        .map(|report| report.lines().iter().map(|line| line.prefix.time.unwrap() % 100 / 10).collect())
        .collect();
    assert_eq!(lines, [vec![0, 2], vec![1, 3, 4]]);
}

/// Another CPU's backtrace is of one report, whoever else waits for one: its own CPU's, or the one of who has asked for it.
#[test]
fn a_backtrace_is_of_one_report() {
    let own = b"\
[    1.100000][    C0] WARNING: inconsistent lock state
[    1.100010][    C0] {HARDIRQ-ON-W} state was registered at:
[    1.100020][    C0]   lock_acquire+0x1ad/0x4b0
[    1.100030][   T44] sysrq: Show backtrace of all active CPUs
[    1.100040][   T44] Sending NMI from CPU 1 to CPUs 0:
[    1.100050][    C0] NMI backtrace for cpu 0
[    1.100060][    C0] CPU: 0 PID: 41 Comm: init Not tainted 6.1.0 #1
";
    read(own);
    let asked_twice = b"\
[    1.100000][   T44] sysrq: Show backtrace of all active CPUs
[    1.100010][   T44] Sending NMI from CPU 1 to CPUs 0:
[    1.100020][   T45] INFO: task demo:7 blocked for more than 6 seconds.
[    1.100030][   T45] Sending NMI from CPU 2 to CPUs 0:
[    1.100040][    C0] NMI backtrace for cpu 0
[    1.100050][    C0] CPU: 0 PID: 41 Comm: init Not tainted 6.1.0 #1
";
    read(asked_twice);
    let lines: Vec<usize> = reports(asked_twice).map(|report| report.lines().len()).collect();
    assert_eq!(lines, [2, 4]);
}

/// What s390 itself disassembles is text of the log: no byte of it reaches a terminal.
#[test]
fn code_of_the_log_is_shown_as_text() {
    let log = std::fs::read(support::testdata().join("arch/s390x-4.9-oops.log")).unwrap();
    let log = String::from_utf8(log).unwrap();
    let hostile = log.replace("lhi\t", "lhi\x1b[31m\t");
    assert_ne!(hostile, log);
    let shown = |text: &str| TextReport::new(&reports(text.as_bytes()).next().unwrap()).to_string();
    assert!(shown(&hostile).contains("lhi\\x1b[31m"), "{}", shown(&hostile));
    read(hostile.as_bytes());
}

/// A line that is all of its report is no foreign line in another's, whichever way that is looked at.
#[test]
fn lines_of_their_own_between_two_panics() {
    let mut log = String::from(
        "[    1.100000] Kernel panic - not syncing: Out of memory\n[    1.100000] Call Trace:\n",
    );
    for line in 0..5 {
        log.push_str(&format!("[    1.10000{line}] demo: loading out-of-tree module taints kernel\n"));
        log.push_str(
            "[    1.100009] EXT4-fs error (device loop0): ext4_lookup:1785: inode #2: comm demo: deleted\n",
        );
    }
    log.push_str(
        "[    1.200000] Kernel panic - not syncing: Fatal exception\n[    1.200000]  panic+0x118/0x2ed\n",
    );
    read(log.as_bytes());
    assert_eq!(reports(log.as_bytes()).count(), 6);
}

/// Two parts of a log that several CPUs printed: what comes behind the second is not of who printed the first's end as well.
#[test]
fn two_mixtures_in_one_log() {
    let log = b"\
[   64.103856] Unable to handle kernel pointer dereference in virtual kernel address space
[   80.201593] list_del corruption. prev->next should be ffff888004e1a0c8, but was dead000000000100. (prev=ffff888004e1a1c8)
[   64.108252] Hardware name: IBM              2964 NC9              704              (LPAR)
[   64.1Unable to handle kernel paging request at virtual address 09061] Krnl PSW : 0704c00180000000 000003ff801ce02e
[    9.470191] BUG: scheduling while atomic: init/38/0x00000002
[   80.201593] list_del corruption. prev->next should be ffff888004e1a0c8, but was dead000000000100. (prev=ffff888004e1a1c8)
[   80.209414] Code: 0f 1f 44 00 00 55 48 89 e5 53 48 89 fb e8 12 34 56 78 48 8b 43 08 <48> 8b 00 48 89 c7 e8 00 00 00 00 5b 5d c3
";
    read(log);
}

/// Found by fuzzing: words of a stall's other dumps in its banner.
#[test]
fn a_stall_whose_banner_is_mixed_with_another_line_has_a_title() {
    let log = b"[   61.100000] rcu: INFO: rcu_preempt detected stalls on C] rcu: Stack dump where RCU GP kthread last ran:\n";
    assert!(reports(log).all(|report| !report.title().is_empty()));
    assert_eq!(reports(log).count(), 1);
}
