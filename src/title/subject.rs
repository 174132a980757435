//! Whose dumps the report of a stall or of a lockup is about: who found it, and who stands by, tells nothing.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use crate::facts::task::{self, Task, TaskState};
use crate::formats::stall;
use crate::line::{Caller, Line};
use crate::text;

/// Whom a report is about.
#[derive(Clone, Debug)]
enum Whom {
    /// The CPUs that take no interrupts: another one finds them, and may panic.
    Locked(Vec<RangeInclusive<u32>>),
    /// These CPUs, and tasks, keep RCU waiting; whoever finds it may not be one of them.
    Stalled { cpus: Vec<u32>, by_itself: bool },
}

/// What a caller prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dump {
    /// What counts, of a CPU if it is known.
    Own(Option<u32>),
    /// The thread that ends grace periods, which gets no CPU itself.
    Kthread,
    /// The dump of another CPU.
    Other(Option<u32>),
    /// The panic of who found the stall: what it dumps is its own, but for the CPUs that stall.
    Panic,
}

/// Tells the lines of a report that are about its subject, in the order of the lines.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    whom: Whom,
    dumps: HashMap<Option<Caller>, Dump>,
    /// The next dump is of the CPU on which that thread ran last.
    last_ran: bool,
    /// Nobody else is to blame: why does that thread not run?
    nobody: bool,
}

impl Subject {
    /// Whom a report with this banner is about; `None` where every line counts.
    pub(crate) fn of(banner: &[u8]) -> Option<Subject> {
        let whom = if let Some(cpus) = task::locked_cpus(banner) {
            Whom::Locked(cpus)
        } else {
            Whom::Stalled { cpus: stalled_cpus(banner)?, by_itself: text::contains(banner, "self-detected") }
        };
        Some(Subject { whom, dumps: HashMap::new(), last_ran: false, nobody: false })
    }

    /// The first task of a report that keeps RCU waiting; `None` if the report is of something else.
    pub(crate) fn stalled<'a>(lines: &[Line<'a>]) -> Option<Option<Task<'a>>> {
        let mut subject = Subject::of(lines.first()?.body)?;
        let mut heading = None;
        for line in lines {
            let takes = subject.takes(line);
            let Whom::Stalled { cpus, .. } = &subject.whom else { return None };
            if !takes {
                continue;
            }
            heading = task::dumped_cpu(line.body).or(heading);
            let header = Task::parse(line.body);
            let is_one = |task: &Task<'_>| task.cpu.is_none_or(|cpu| cpus.is_empty() || cpus.contains(&cpu));
            if let Some(task) = header.filter(is_one) {
                return Some(Some(task));
            }
            if let Some(state) = TaskState::parse(line.body) {
                return Some(Some(Task { cpu: heading, ..Task::named(state.comm, state.pid) }));
            }
        }
        Some(None)
    }

    /// Those of a report's lines that are about its subject.
    pub(crate) fn lines<'a>(&mut self, lines: &[Line<'a>]) -> Vec<Line<'a>> {
        lines.iter().filter(|line| self.takes(line)).copied().collect()
    }

    /// Whether the next line is about the subject.
    pub(super) fn takes(&mut self, line: &Line<'_>) -> bool {
        let caller = line.prefix.caller;
        // The banner counts, whatever is mixed into it.
        let first = self.dumps.is_empty();
        let before = self.dumps.get(&caller).copied().unwrap_or(Dump::Own(None));
        let now = self.dump(before, line.body);
        self.dumps.insert(caller, now);
        first || matches!(now, Dump::Own(_))
    }

    /// What the caller prints from a line on, by what it printed before.
    fn dump(&mut self, before: Dump, body: &[u8]) -> Dump {
        let cpu = dumped(body);
        let (stalled, by_itself) = match &mut self.whom {
            Whom::Locked(locked) => {
                return match cpu {
                    Some(cpu) if locked.iter().any(|cpus| cpus.contains(&cpu)) => Dump::Own(Some(cpu)),
                    Some(cpu) => Dump::Other(Some(cpu)),
                    None => before,
                };
            }
            Whom::Stalled { cpus, by_itself } => {
                cpus.extend(stalled_cpu(body));
                (&*cpus, *by_itself)
            }
        };
        if stall::STARVED.iter().any(|words| text::contains(body, words)) {
            return Dump::Kthread;
        }
        if text::contains(body, stall::LAST_RAN) {
            self.last_ran = !self.nobody;
            return Dump::Other(None);
        }
        self.nobody |= text::contains(body, stall::NOBODY_STALLS);
        match (before, cpu) {
            (Dump::Panic, Some(cpu)) if !stalled.contains(&cpu) => before,
            (_, Some(cpu)) if std::mem::take(&mut self.last_ran) && !stalled.contains(&cpu) => {
                Dump::Other(Some(cpu))
            }
            // A heading, and below it the header.
            (Dump::Other(Some(other)), Some(cpu)) if other == cpu => before,
            (_, Some(cpu)) => Dump::Own(Some(cpu)),
            (Dump::Kthread, None) if TaskState::parse(body).is_some_and(|task| !is_bystander(task.comm)) => {
                Dump::Own(None)
            }
            (_, None) if !by_itself && body.starts_with(b"Kernel panic - ") => Dump::Panic,
            (before, None) => before,
        }
    }
}

/// The CPU of a line that begins the dump of one.
fn dumped(body: &[u8]) -> Option<u32> {
    let backtrace = || text::dec_u32(body.strip_prefix(b"NMI backtrace for cpu ")?).ok().map(|(_, cpu)| cpu);
    backtrace().or_else(|| task::dumped_cpu(body)).or_else(|| Task::parse(body)?.cpu)
}

/// The CPU of a line of those that stall: `print_cpu_stall_info` in `kernel/rcu/tree_stall.h`.
///
/// ```text
///     1-....: (5249 ticks this GP) idle=5b1c/1/0x4000000000000000 softirq=95/95 fqs=2625
/// ```
fn stalled_cpu(body: &[u8]) -> Option<u32> {
    let (rest, cpu) = text::dec_u32(text::skip_blanks(body.strip_prefix(b"rcu: ").unwrap_or(body))).ok()?;
    let flags = rest.strip_prefix(b"-")?;
    let end = memchr::memchr(b':', flags)?;
    (end <= 5 && flags.get(end..)?.starts_with(b": (")).then_some(cpu)
}

/// The CPUs that the banner of an RCU stall names, from Linux 2.6.32 to 4.0 and of an expedited one; `None` of other banners.
///
/// ```text
/// INFO: rcu_sched self-detected stall on CPU { 1}  (t=21000 jiffies g=42 c=41 q=12)
/// rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-...D P905 } 5300 jiffies s: 33 root: 0x0/T
/// ```
fn stalled_cpus(banner: &[u8]) -> Option<Vec<u32>> {
    let stalls = text::after(text::after(banner, "INFO: rcu_")?, "detected ")?;
    let list = text::after(stalls, "{ ").unwrap_or_default();
    let list = list.split(|b| *b == b'}').next().unwrap_or_default();
    let numbers = list.split(|b| *b == b' ').filter_map(|word| text::dec_u32(word).ok());
    Some(numbers.filter(|(rest, _)| rest.is_empty() || rest.starts_with(b"-")).map(|(_, cpu)| cpu).collect())
}

/// Whether a task is the thread that ends grace periods.
fn is_bystander(comm: &[u8]) -> bool {
    stall::BYSTANDERS.iter().any(|name| comm == name.as_bytes())
}
