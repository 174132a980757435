//! How tasks come to wait for each other for ever: `print_circular_lock_scenario`, `print_deadlock_scenario`,
//! `print_usage_bug_scenario` and `print_irq_lock_scenario` in `kernel/locking/lockdep.c`.

use crate::facts::frame::Frame;
use crate::text;

/// What a CPU does in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LockAction {
    /// It takes a lock, and gets it.
    Takes,
    /// It asks for a lock that it never gets.
    WaitsFor,
    /// It turns interrupts off: `local_irq_disable();`.
    DisablesInterrupts,
    /// An interrupt comes, and what it does the interrupt does: `<Interrupt>`.
    IsInterrupted,
}

impl LockAction {
    /// The action's name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            LockAction::Takes => "takes",
            LockAction::WaitsFor => "waits-for",
            LockAction::DisablesInterrupts => "disables-interrupts",
            LockAction::IsInterrupted => "is-interrupted",
        }
    }
}

/// A step of a scenario, as [`Report::lock_scenario`](crate::Report::lock_scenario) gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockStep<'a> {
    /// Which CPU: a number of the scenario, not of the machine.
    pub cpu: u32,
    /// What it does.
    pub action: LockAction,
    /// Class of the lock: `&p->lock#2`; empty for what is no lock's.
    pub class: &'a [u8],
    /// Where it does so, if the report tells.
    pub at: Option<Frame<'a>>,
}

impl<'a> LockStep<'a> {
    /// The steps of the kernel's table, in its order.
    ///
    /// ```text
    ///  Possible interrupt unsafe locking scenario:
    ///
    ///        CPU0                    CPU1
    ///        ----                    ----
    ///   lock(&demo_a);
    ///                                local_irq_disable();
    ///                                lock(&demo_b);
    ///                                lock(&demo_a);
    ///   <Interrupt>
    ///     lock(&demo_b);
    ///
    ///  *** DEADLOCK ***
    /// ```
    pub(crate) fn read(bodies: impl IntoIterator<Item = &'a [u8]>) -> Vec<LockStep<'a>> {
        let heads = |body: &&[u8]| !text::contains(body, "nsafe locking scenario:");
        let table = bodies.into_iter().skip_while(heads).skip(1);
        let table = table.take_while(|body| !text::contains(body, "*** DEADLOCK ***"));
        let mut steps: Vec<LockStep<'a>> = table.filter_map(LockStep::parse).take(STEPS).collect();
        // What a CPU asks for last it never gets.
        for cpu in [0, 1] {
            if let Some(last) = steps.iter_mut().rfind(|step| step.cpu == cpu)
                && last.action == LockAction::Takes
            {
                last.action = LockAction::WaitsFor;
            }
        }
        steps
    }

    fn parse(body: &'a [u8]) -> Option<LockStep<'a>> {
        let line = text::skip_blanks(body);
        let cpu = u32::from(body.len() - line.len() >= OF_CPU1);
        let line = line.trim_ascii_end();
        let step = |action, class| Some(LockStep { cpu, action, class, at: None });
        match line {
            b"<Interrupt>" => return step(LockAction::IsInterrupted, b""),
            b"local_irq_disable();" => return step(LockAction::DisablesInterrupts, b""),
            _ => {}
        }
        let class = TAKES.iter().find_map(|takes| line.strip_prefix(takes.as_bytes()))?;
        step(LockAction::Takes, class.strip_suffix(b");")?)
    }
}

/// No table has more.
const STEPS: usize = 8;
/// Blanks before what the second CPU does; before what the first does there are four at most.
const OF_CPU1: usize = 16;
/// Taking a lock, for reading, and waiting for work or a grace period (the last two since Linux 6.4).
const TAKES: [&str; 3] = ["lock(", "rlock(", "sync("];

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(table: &str) -> Vec<String> {
        let step = |step: LockStep<'_>| {
            format!("{} {} {}", step.cpu, step.action.as_str(), String::from_utf8_lossy(step.class))
        };
        LockStep::read(table.lines().map(str::as_bytes)).into_iter().map(step).collect()
    }

    #[test]
    fn tables() {
        let circular = "\
 Possible unsafe locking scenario:

       CPU0                    CPU1
       ----                    ----
  lock((wq_completion)\"a\");
                               lock(&x->lock);
                               lock((wq_completion)\"a\");
  rlock(&x->lock);

 *** DEADLOCK ***
  lock(none);";
        let want = [
            "0 takes (wq_completion)\"a\"",
            "1 takes &x->lock",
            "1 waits-for (wq_completion)\"a\"",
            "0 waits-for &x->lock",
        ];
        assert_eq!(steps(circular), want);
        let interrupt = "\
 Possible interrupt unsafe locking scenario:
  lock(&a);
                               local_irq_disable();
                               lock(&b);
                               sync(&a);
  <Interrupt>
    lock(&b);";
        let want = [
            "0 takes &a",
            "1 disables-interrupts ",
            "1 takes &b",
            "1 waits-for &a",
            "0 is-interrupted ",
            "0 waits-for &b",
        ];
        assert_eq!(steps(interrupt), want);
        assert_eq!(steps("  lock(&a);"), [""; 0]);
    }
}
