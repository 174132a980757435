//! The victims of hangs: `kernel/hung_task.c` and `kernel/watchdog.c`.

use std::ops::RangeInclusive;

use super::comm_and_pid;
use crate::text;

/// What a hung task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wait {
    /// `blocked for more than`: in state `D`.
    Blocked,
    /// `blocked in I/O wait for more than`: the same, waiting for a device.
    Io,
    /// `can't die for more than`: killed, but still there (kernels of syzbot).
    CannotDie,
}

/// A task that has not run for too long: `check_hung_task` in `kernel/hung_task.c`.
///
/// ```text
/// INFO: task cm waiter:1:43 blocked for more than 6 seconds.
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HungTask<'a> {
    /// Name of the task; it may hold blanks and colons.
    pub comm: &'a [u8],
    /// Thread ID.
    pub pid: u32,
    /// What it waits for.
    pub wait: Wait,
    /// For how long, in seconds: at least the timeout, `kernel.hung_task_timeout_secs`.
    pub seconds: u64,
}

impl<'a> HungTask<'a> {
    /// Reads the banner of a hung task; `None` if the line is something else.
    pub fn parse(body: &'a [u8]) -> Option<HungTask<'a>> {
        let rest = text::after(body, "INFO: task ")?;
        [
            (" blocked for more than ", Wait::Blocked),
            (" blocked in I/O wait for more than ", Wait::Io),
            (" can't die for more than ", Wait::CannotDie),
        ]
        .into_iter()
        .find_map(|(words, wait)| {
            let at = memchr::memmem::rfind(rest, words.as_bytes())?;
            let (comm, pid) = comm_and_pid(rest.get(..at)?, b':')?;
            let (_, seconds) = text::dec(rest.get(at + words.len()..)?).ok()?;
            Some(HungTask { comm, pid, wait, seconds })
        })
    }
}

/// A lock that a hung task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LockKind {
    /// `struct mutex`.
    Mutex,
    /// `struct semaphore`; it has no owner, only who took it last.
    Semaphore,
    /// `struct rw_semaphore`.
    RwSemaphore,
}

/// Whom a hung task waits for: `debug_show_blocker` in `kernel/hung_task.c`, since Linux 6.16.
///
/// ```text
/// INFO: task cm_waiter/0:42 is blocked on a mutex likely owned by task cm_owner:41.
/// INFO: task c:7 <writer> blocked on an rw-semaphore likely owned by task d:9 <reader>
/// INFO: task c:7 is blocked on a mutex, but the owner is not found.
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blocker<'a> {
    /// Name of the task that waits.
    pub comm: &'a [u8],
    /// Its thread ID.
    pub pid: u32,
    /// How it wants an rw-semaphore: `reader` or `writer`.
    pub role: Option<&'a str>,
    /// What it waits for.
    pub lock: LockKind,
    /// Name and thread ID of the task that likely has the lock; `None` if the kernel did not find it.
    pub owner: Option<(&'a [u8], u32)>,
    /// How the owner has an rw-semaphore: `reader` or `writer`.
    pub owner_role: Option<&'a str>,
}

impl<'a> Blocker<'a> {
    /// Reads the line about the lock's owner; `None` if the line is something else.
    pub fn parse(body: &'a [u8]) -> Option<Blocker<'a>> {
        let rest = text::after(body, "INFO: task ")?;
        let (at, len, lock) = [
            (" blocked on a mutex", LockKind::Mutex),
            (" blocked on a semaphore", LockKind::Semaphore),
            (" blocked on an rw-semaphore", LockKind::RwSemaphore),
        ]
        .into_iter()
        .find_map(|(words, kind)| Some((text::find(rest, words)?, words.len(), kind)))?;
        let waiter = rest.get(..at)?;
        let (waiter, role) = role(waiter.strip_suffix(b" is").unwrap_or(waiter));
        let (comm, pid) = comm_and_pid(waiter, b':')?;
        let tail = rest.get(at + len..)?;
        let owner = [" likely owned by task ", " likely last held by task "]
            .into_iter()
            .find_map(|words| tail.strip_prefix(words.as_bytes()));
        let (owner, owner_role) = match owner {
            Some(owner) => {
                let owner = owner.trim_ascii_end();
                let (owner, role) = self::role(owner.strip_suffix(b".").unwrap_or(owner));
                (comm_and_pid(owner, b':'), role)
            }
            None => (None, None),
        };
        Some(Blocker { comm, pid, role, lock, owner, owner_role })
    }
}

/// Splits `c:7 <writer>`.
fn role(task: &[u8]) -> (&[u8], Option<&str>) {
    for (suffix, role) in [(" <writer>", "writer"), (" <reader>", "reader")] {
        if let Some(task) = task.strip_suffix(suffix.as_bytes()) {
            return (task, Some(role));
        }
    }
    (task, None)
}

/// A CPU that has not rescheduled for too long: `watchdog_timer_fn` in `kernel/watchdog.c`.
///
/// ```text
/// watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [kworker/0:2:18]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SoftLockup<'a> {
    /// The CPU.
    pub cpu: u32,
    /// For how long, in seconds.
    pub seconds: u64,
    /// Name of the task that runs there; it may hold colons.
    pub comm: &'a [u8],
    /// Its thread ID.
    pub pid: u32,
}

/// A CPU that takes no interrupts: `watchdog_hardlockup_check` in `kernel/watchdog.c`. Since 6.5 another CPU may notice it
/// (`CONFIG_HARDLOCKUP_DETECTOR_BUDDY`).
///
/// ```text
/// watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 1
/// NMI watchdog: Watchdog detected hard LOCKUP on cpu 1
/// watchdog: CPU 0 detected hard LOCKUP on other CPUs 1
/// watchdog: CPU 1 Hard LOCKUP
/// watchdog: CPU 1 self-detected hard LOCKUP @ arch_local_irq_restore+0x1c/0x80
/// ```
///
/// The last three are powerpc's: `watchdog_smp_panic`, `wd_lockup_ipi` and `soft_nmi_interrupt` in
/// `arch/powerpc/kernel/watchdog.c`. From Linux 4.13 to 4.15 it says `Watchdog CPU:0 detected Hard LOCKUP other CPUS:1` and
/// `Watchdog CPU:1 Hard LOCKUP`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HardLockup {
    /// The CPU that is locked up.
    pub cpu: u32,
}

impl HardLockup {
    /// Reads the banner of a hard lockup; `None` if the line is something else.
    pub fn parse(body: &[u8]) -> Option<HardLockup> {
        // Of several none is the one.
        match locked_cpus(body)?.as_slice() {
            [cpus] if cpus.start() == cpus.end() => Some(HardLockup { cpu: *cpus.start() }),
            _ => None,
        }
    }
}

/// What several CPUs follow: `watchdog_smp_panic` in `arch/powerpc/kernel/watchdog.c`, and of Linux 4.13 to 4.15.
const OTHERS: &[&str] = &[" detected hard LOCKUP on other CPUs ", " detected Hard LOCKUP other CPUS:"];

/// The CPUs that the banner of a hard lockup names: one, or of powerpc's `other CPUs 1,3-5` several.
pub(crate) fn locked_cpus(body: &[u8]) -> Option<Vec<RangeInclusive<u32>>> {
    let itself = || {
        let from = text::after(body, "CPU ").or_else(|| text::after(body, "Watchdog CPU:"))?;
        let (rest, cpu) = text::dec_u32(from).ok()?;
        let says = rest.starts_with(b" self-detected hard LOCKUP") || rest.starts_with(b" Hard LOCKUP");
        says.then(|| vec![cpu..=cpu])
    };
    if let Some(cpu) = text::after(body, "etected hard LOCKUP on cpu ") {
        return text::dec_u32(cpu).ok().map(|(_, cpu)| vec![cpu..=cpu]);
    }
    let Some(list) = OTHERS.iter().find_map(|words| text::after(body, words)) else { return itself() };
    let list = list.trim_ascii_end();
    let range = |range: &[u8]| {
        let (rest, first) = text::dec_u32(range).ok()?;
        let last = rest.strip_prefix(b"-").and_then(|last| text::dec_u32(last).ok());
        Some(first..=last.map_or(first, |(_, last)| last))
    };
    list.split(|b| *b == b',').map(range).collect()
}

impl<'a> SoftLockup<'a> {
    /// Reads the banner of a soft lockup; `None` if the line is something else.
    pub fn parse(body: &'a [u8]) -> Option<SoftLockup<'a>> {
        let rest = text::after(body, "soft lockup - CPU#")?;
        let (rest, cpu) = text::dec_u32(rest).ok()?;
        let (rest, seconds) = text::dec(rest.strip_prefix(b" stuck for ")?).ok()?;
        let task = rest.strip_prefix(b"s! [")?.trim_ascii_end().strip_suffix(b"]")?;
        let (comm, pid) = comm_and_pid(task, b':')?;
        Some(SoftLockup { cpu, seconds, comm, pid })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hung_tasks() {
        let rows: &[(&str, &str, u32, Wait, u64)] = &[
            (
                "INFO: task cm waiter:1:43 blocked for more than 6 seconds.",
                "cm waiter:1",
                43,
                Wait::Blocked,
                6,
            ),
            (
                "INFO: task a:1 blocked for more than 1 :2 blocked for more than 143 seconds.",
                "a:1 blocked for more than 1 ",
                2,
                Wait::Blocked,
                143,
            ),
            ("INFO: task c:7 blocked in I/O wait for more than 120 seconds.", "c", 7, Wait::Io, 120),
            (
                "INFO: task syz-executor.0:9 can't die for more than 143 seconds.",
                "syz-executor.0",
                9,
                Wait::CannotDie,
                143,
            ),
        ];
        for &(line, comm, pid, wait, seconds) in rows {
            let want = HungTask { comm: comm.as_bytes(), pid, wait, seconds };
            assert_eq!(HungTask::parse(line.as_bytes()), Some(want), "{line}");
        }
        for line in [
            "INFO: task c blocked for more than 6 seconds.",
            "INFO: task c:1 blocked for more",
            "INFO: task hung in x",
        ] {
            assert_eq!(HungTask::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn blockers() {
        use LockKind::*;
        type Row<'a> =
            (&'a str, &'a str, u32, Option<&'a str>, LockKind, Option<(&'a [u8], u32)>, Option<&'a str>);
        let rows: &[Row<'_>] = &[
            (
                "INFO: task c:1:7 is blocked on a mutex likely owned by task d:2:9.",
                "c:1",
                7,
                None,
                Mutex,
                Some((b"d:2", 9)),
                None,
            ),
            (
                "INFO: task c:7 is blocked on a mutex, but the owner is not found.",
                "c",
                7,
                None,
                Mutex,
                None,
                None,
            ),
            (
                "INFO: task c:7 blocked on a semaphore likely last held by task d:9",
                "c",
                7,
                None,
                Semaphore,
                Some((b"d", 9)),
                None,
            ),
            (
                "INFO: task c:7 <writer> blocked on an rw-semaphore likely owned by task d:9 <reader>",
                "c",
                7,
                Some("writer"),
                RwSemaphore,
                Some((b"d", 9)),
                Some("reader"),
            ),
            (
                "INFO: task c:7 <reader> blocked on an rw-semaphore, but the owner is not found.",
                "c",
                7,
                Some("reader"),
                RwSemaphore,
                None,
                None,
            ),
        ];
        for &(line, comm, pid, role, lock, owner, owner_role) in rows {
            let want = Blocker { comm: comm.as_bytes(), pid, role, lock, owner, owner_role };
            assert_eq!(Blocker::parse(line.as_bytes()), Some(want), "{line}");
        }
        assert_eq!(Blocker::parse(b"INFO: task c:7 blocked for more than 6 seconds."), None);
    }

    #[test]
    fn soft_lockups() {
        let rows: &[(&str, u32, u64, &str, u32)] = &[
            ("watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [init:40]", 1, 26, "init", 40),
            ("BUG: soft lockup - CPU#0 stuck for 22s! [kworker/0:2:18]", 0, 22, "kworker/0:2", 18),
            ("NMI watchdog: BUG: soft lockup - CPU#3 stuck for 23s! [a]b:7]", 3, 23, "a]b", 7),
        ];
        for &(line, cpu, seconds, comm, pid) in rows {
            let want = SoftLockup { cpu, seconds, comm: comm.as_bytes(), pid };
            assert_eq!(SoftLockup::parse(line.as_bytes()), Some(want), "{line}");
        }
        assert_eq!(SoftLockup::parse(b"watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [init"), None);
    }

    #[test]
    fn hard_lockups() {
        let cpu = |line: &str| HardLockup::parse(line.as_bytes()).map(|lockup| lockup.cpu);
        assert_eq!(cpu("watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 1"), Some(1));
        assert_eq!(cpu("NMI watchdog: Watchdog detected hard LOCKUP on cpu 17"), Some(17));
        assert_eq!(cpu("watchdog: CPU 4 detected hard LOCKUP on other CPUs 5"), Some(5));
        assert_eq!(cpu("watchdog: CPU 4 detected hard LOCKUP on other CPUs 5,7"), None);
        assert_eq!(cpu("Watchdog CPU:4 detected Hard LOCKUP other CPUS:5"), Some(5));
        assert_eq!(cpu("Watchdog CPU:4 detected Hard LOCKUP other CPUS:5-7"), None);
        assert_eq!(cpu("Watchdog CPU:1 Hard LOCKUP"), Some(1));
        assert_eq!(cpu("watchdog: CPU 5 Hard LOCKUP"), Some(5));
        assert_eq!(cpu("Watchdog CPU:5 Hard LOCKUP"), Some(5));
        assert_eq!(cpu("Watchdog CPU:4 detected Hard LOCKUP other CPUS:7"), Some(7));
        let cpus = |line: &str| locked_cpus(line.as_bytes());
        assert_eq!(
            cpus("watchdog: CPU 4 detected hard LOCKUP on other CPUs 5,7-9"),
            Some(vec![5..=5, 7..=9])
        );
        assert_eq!(cpus("watchdog: CPU 4 detected hard LOCKUP on other CPUs "), None);
        assert_eq!(cpus("watchdog: CPU 4 became unstuck TB:1"), None);
        assert_eq!(cpu("watchdog: CPU 5 self-detected hard LOCKUP @ fn+0x1/0x2"), Some(5));
    }
}
