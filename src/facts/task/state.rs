//! One task of a task dump: `sched_show_task` in `kernel/sched/core.c`.

use crate::facts::frame::{Frame, Trust};
use crate::text;

/// The line with which the kernel begins the stack of a sleeping or running task.
///
/// ```text
/// task:cm_waiter/0     state:D stack:0     pid:42    tgid:42    ppid:2      flags:0x00004000
/// task:rcu_sched       state:R  running task     stack:    0 pid:   10 ppid:     2 flags:0x00004000
/// jbd2/sda-8      D22600  3563      2 0x80000000
/// ```
///
/// The second form is of 5.11 to 6.0, the third of the kernels before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskState<'a> {
    /// Name of the task, cut to 15 bytes.
    pub comm: &'a [u8],
    /// `R` running, `S` sleeping, `D` uninterruptible, `I` idle, `T` stopped, `t` traced, `X` dead, `Z` zombie, `P` parked.
    pub state: char,
    /// Whether the task was on a run queue (`running task`).
    pub running: bool,
    /// Bytes of its stack that were never used; 0 without `CONFIG_DEBUG_STACK_USAGE`.
    pub stack: Option<u64>,
    /// Thread ID.
    pub pid: u32,
    /// Thread group ID; `None` before Linux 6.8.
    pub tgid: Option<u32>,
    /// Thread ID of the parent.
    pub ppid: Option<u32>,
    /// `PF_*` flags of the task; `None` before Linux 6.14.
    pub task_flags: Option<u64>,
    /// `TIF_*` flags of its thread.
    pub flags: Option<u64>,
}

impl<'a> TaskState<'a> {
    /// Reads the head of a task's stack; `None` if the line is something else.
    pub fn parse(body: &'a [u8]) -> Option<TaskState<'a>> {
        match body.strip_prefix(b"task:") {
            Some(rest) => labelled(rest),
            None => columns(body),
        }
    }
}

/// Reads `cm_waiter/0     state:D stack:0     pid:42 …`, since Linux 5.11.
fn labelled(rest: &[u8]) -> Option<TaskState<'_>> {
    let at = memchr::memmem::rfind(rest, b" state:")?;
    let fields = rest.get(at + " state:".len()..)?;
    let field = |name: &str| text::after(fields, name).map(text::skip_blanks);
    let decimal = |name: &str| Some(text::dec_u32(field(name)?).ok()?.1);
    let flags = |name: &str| Some(text::hex(field(name)?).ok()?.1);
    Some(TaskState {
        comm: rest.get(..at)?.trim_ascii_end(),
        state: state(*fields.first()?)?,
        running: text::contains(fields, "running task"),
        stack: field(" stack:").and_then(|input| Some(text::dec(input).ok()?.1)),
        pid: decimal(" pid:")?,
        tgid: decimal(" tgid:"),
        ppid: decimal(" ppid:"),
        task_flags: flags(" task_flags:"),
        flags: flags(" flags:"),
    })
}

/// Reads `jbd2/sda-8      D22600  3563      2 0x80000000`, before Linux 5.11, from its end.
fn columns(body: &[u8]) -> Option<TaskState<'_>> {
    let (mut rest, mut last) = last_word(body)?;
    if !last.starts_with(b"0x") {
        // Android adds the time on the CPU.
        text::number(last, 10)?;
        (rest, last) = last_word(rest)?;
    }
    let flags = text::number(last.strip_prefix(b"0x").filter(|digits| digits.len() >= 8)?, 16);
    let (rest, ppid) = last_number(rest)?;
    let (rest, pid) = last_number(rest)?;
    let (rest, stack) = last_word(rest)?;
    let (letter, digits) = match stack.split_first() {
        Some((letter, digits)) if letter.is_ascii_alphabetic() => (Some(*letter), digits),
        _ => (None, stack),
    };
    let stack = text::number(digits, 10)?;
    let (comm, letter, running) = match letter {
        Some(letter) => (rest, letter, false),
        None => on_cpu(rest)?,
    };
    Some(TaskState {
        comm: text::skip_blanks(comm.trim_ascii_end()),
        state: state(letter)?,
        running,
        stack: Some(stack),
        pid,
        tgid: None,
        ppid: Some(ppid),
        task_flags: None,
        flags,
    })
}

/// Takes the state, and what stands behind it for a running task, from the end: `R  running task on cpu   1`.
fn on_cpu(rest: &[u8]) -> Option<(&[u8], u8, bool)> {
    let rest = match memchr::memmem::rfind(rest, b" running task") {
        Some(at) => rest.get(..at)?,
        None => {
            let (comm, letter) = last_word(rest)?;
            return Some((comm, single(letter)?, false));
        }
    };
    let (comm, letter) = last_word(rest)?;
    Some((comm, single(letter)?, true))
}

fn single(word: &[u8]) -> Option<u8> {
    match word {
        [letter] => Some(*letter),
        _ => None,
    }
}

/// `task_state_to_char` in `include/linux/sched.h`, over the years.
fn state(letter: u8) -> Option<char> {
    b"RSDTtXxZPIKWNp".contains(&letter).then_some(char::from(letter))
}

fn last_number(body: &[u8]) -> Option<(&[u8], u32)> {
    let (rest, word) = last_word(body)?;
    Some((rest, u32::try_from(text::number(word, 10)?).ok()?))
}

/// The last word of a line and what stands before it.
fn last_word(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let body = body.trim_ascii_end();
    let at = memchr::memrchr(b' ', body)?;
    Some((body.get(..at)?, body.get(at + 1..)?))
}

/// The CPU of `Task dump for CPU 101:`, before what it runs: `dump_cpu_task` in `kernel/sched/core.c`, since Linux 3.7.
pub(crate) fn dumped_cpu(line: &[u8]) -> Option<u32> {
    text::dec_u32(line.strip_prefix(b"Task dump for CPU ")?).ok().map(|(_, cpu)| cpu)
}

/// The CPU of `sysrq: CPU1:`, before its stack: `showacpu` in `drivers/tty/sysrq.c`, of CPUs that know no other way.
pub(crate) fn sysrq_cpu(line: &[u8]) -> Option<u32> {
    let line = line.strip_prefix(b"sysrq: ").unwrap_or(line);
    let (rest, cpu) = text::dec_u32(line.strip_prefix(b"CPU")?).ok()?;
    (rest.trim_ascii_end() == b":").then_some(cpu)
}

/// A CPU that was asked for its stack and has none to show, for it idles.
///
/// ```text
/// NMI backtrace for cpu 1 skipped: idling at default_idle_call+0x34/0x278
/// NMI backtrace for cpu 1 skipped: idling at pc 0xffffffff8105f1b6
/// sysrq: CPU0: backtrace skipped as idling
/// ```
///
/// Printed by `nmi_cpu_backtrace` in `lib/nmi_backtrace.c` and `showacpu` in `drivers/tty/sysrq.c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdleCpu<'a> {
    /// The CPU.
    pub cpu: u32,
    /// Where it idles, trust [`Trust::Pc`]; up to Linux 4.15 an address only, and nothing in the last form.
    pub at: Option<Frame<'a>>,
}

impl<'a> IdleCpu<'a> {
    /// Reads the line; `None` if it is something else.
    pub fn parse(body: &'a [u8]) -> Option<IdleCpu<'a>> {
        if let Some(rest) = body.strip_prefix(b"sysrq: CPU") {
            let (rest, cpu) = text::dec_u32(rest).ok()?;
            return rest.starts_with(b": backtrace skipped as idling").then_some(IdleCpu { cpu, at: None });
        }
        let (rest, cpu) = text::dec_u32(body.strip_prefix(b"NMI backtrace for cpu ")?).ok()?;
        let place = rest.strip_prefix(b" skipped: idling at ")?;
        let named = || Some(Frame::parse_symbol(place).ok()?.1);
        let bare = || Some(Frame::at(text::hex(place.strip_prefix(b"pc ").unwrap_or(place)).ok()?.1));
        Some(IdleCpu { cpu, at: named().or_else(bare).map(|at| Frame { trust: Trust::Pc, ..at }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eras() {
        type Row<'a> = (&'a str, &'a str, char, bool, (u64, u32, Option<u32>, u32), (Option<u64>, u64));
        let rows: &[Row<'_>] = &[
            (
                "task:cm_waiter/0     state:D stack:0     pid:97    ppid:2      flags:0x00004000",
                "cm_waiter/0",
                'D',
                false,
                (0, 97, None, 2),
                (None, 0x4000),
            ),
            (
                "task:cm_owner        state:D stack:0     pid:41    tgid:41  ppid:2      flags:0x00004000",
                "cm_owner",
                'D',
                false,
                (0, 41, Some(41), 2),
                (None, 0x4000),
            ),
            (
                "task:syz.0.2297      state:R  running task     stack:24168 pid:14797 tgid:14796 ppid:5615   task_flags:0x400140 flags:0x00004006",
                "syz.0.2297",
                'R',
                true,
                (24168, 14797, Some(14796), 5615),
                (Some(0x40_0140), 0x4006),
            ),
            (
                "task:syz-fuzzer      state:D stack:    0 pid: 4433 ppid:  4402 flags:0x00004006",
                "syz-fuzzer",
                'D',
                false,
                (0, 4433, None, 4402),
                (None, 0x4006),
            ),
            (
                "task:rcu_sched       state:R  running task     stack:    0 pid:   10 ppid:     2 flags:0x00004000",
                "rcu_sched",
                'R',
                true,
                (0, 10, None, 2),
                (None, 0x4000),
            ),
            (
                "task:a state:b  c    state:S stack:0     pid:4     ppid:2      flags:0x00004000",
                "a state:b  c",
                'S',
                false,
                (0, 4, None, 2),
                (None, 0x4000),
            ),
            (
                "syz-executor.2  D28928 25341   7605 0x00004006",
                "syz-executor.2",
                'D',
                false,
                (28928, 25341, None, 7605),
                (None, 0x4006),
            ),
            (
                "jbd2/sda-8      D22600  3563      2 0x80000000",
                "jbd2/sda-8",
                'D',
                false,
                (22600, 3563, None, 2),
                (None, 0x8000_0000),
            ),
            (
                "c               D 9600 12632   8638 0x00004006",
                "c",
                'D',
                false,
                (9600, 12632, None, 8638),
                (None, 0x4006),
            ),
            ("c  D 29600 12632 8638 0x00004006", "c", 'D', false, (29600, 12632, None, 8638), (None, 0x4006)),
            (
                "rcu_sched       R  running task        0     9      2 0x00000000",
                "rcu_sched",
                'R',
                true,
                (0, 9, None, 2),
                (None, 0),
            ),
            (
                "swapper/1       R running task on cpu   1     0     0      1 0x00000008 0",
                "swapper/1",
                'R',
                true,
                (0, 0, None, 1),
                (None, 8),
            ),
            (
                "kworker/1:0     R  running task on cpu   1  11096    17      2 0x80000008 144014221083",
                "kworker/1:0",
                'R',
                true,
                (11096, 17, None, 2),
                (None, 0x8000_0008),
            ),
        ];
        for &(line, comm, state, running, (stack, pid, tgid, ppid), (task_flags, flags)) in rows {
            let want = TaskState {
                comm: comm.as_bytes(),
                state,
                running,
                stack: Some(stack),
                pid,
                tgid,
                ppid: Some(ppid),
                task_flags,
                flags: Some(flags),
            };
            assert_eq!(TaskState::parse(line.as_bytes()), Some(want), "{line}");
        }
    }

    #[test]
    fn other_lines() {
        for line in [
            "",
            "task: ffff8801c9d16540 task.stack: ffff8801ca570000",
            "task:cm_owner",
            "task:cm_owner        state:",
            "task:cm_owner        state:D stack:0",
            "raw: 02fffc0000000000 0000000000000000 00000000ffffffff 0x00000000",
            "R10: 0000000000000000 R11: 0000000000000000 R12: 0000000000000000",
            " 0x00004006",
            "[  12]     0    12     1234      567 0x00004006",
        ] {
            assert_eq!(TaskState::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn idle_cpus() {
        let idle = |line: &'static str| {
            IdleCpu::parse(line.as_bytes()).map(|idle| (idle.cpu, idle.at.and_then(|at| at.symbol)))
        };
        let at = "NMI backtrace for cpu 1 skipped: idling at default_idle_call+0x34/0x278";
        assert_eq!(idle(at), Some((1, Some("default_idle_call"))));
        let bare = b"NMI backtrace for cpu 3 skipped: idling at pc 0xffffffff8105f1b6";
        let found = IdleCpu::parse(bare).map(|idle| (idle.cpu, idle.at.and_then(|at| at.address)));
        assert_eq!(found, Some((3, Some(0xffff_ffff_8105_f1b6))));
        assert_eq!(idle("sysrq: CPU0: backtrace skipped as idling"), Some((0, None)));
        assert_eq!(idle("sysrq: CPU0:"), None);
        assert_eq!(idle("NMI backtrace for cpu 1"), None);
        assert_eq!((sysrq_cpu(b"sysrq: CPU12:"), sysrq_cpu(b"sysrq: CPU0: backtrace")), (Some(12), None));
    }
}
