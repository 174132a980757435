//! How the tasks of a lockdep report come to wait for each other, and where each takes its locks.

use super::Report;
use crate::blame;
use crate::facts::frame::{Frame, Trust};
use crate::facts::locks::{HeldLock, LockAction, LockAttempt, LockStep};
use crate::facts::trace::{StackTrace, TraceKind};

impl<'a> Report<'a> {
    /// The steps by which tasks come to wait for each other, of a lockdep report that shows such a scenario: none of
    /// others.
    ///
    /// Of a circle of locks it is the whole circle from the dependency chain, CPU 0 the one that lockdep stopped, and each
    /// other CPU the link `-> #` of its number; the kernel's own table has but two CPUs. Else it is that table
    /// (`Possible unsafe locking scenario:`), with the places that the report names.
    pub fn lock_scenario(&self) -> Vec<LockStep<'a>> {
        self.lock_scenario_in(&self.traces())
    }

    /// The same, given the stacks.
    pub(crate) fn lock_scenario_in(&self, traces: &[StackTrace<'a>]) -> Vec<LockStep<'a>> {
        let Some(attempt) = self.lock_attempt() else { return Vec::new() };
        let circle = circle(&attempt, traces);
        if !circle.is_empty() {
            return circle;
        }
        let mut steps = LockStep::read(self.bodies());
        place(&mut steps, &attempt, traces);
        steps
    }
}

/// The steps of a circle, from all links of its chain, `-> #2` down to `-> #0`: each lock was taken while the lock of the
/// next link was held, and now the first one's while the last one's is.
fn circle<'a>(attempt: &LockAttempt<'a>, traces: &[StackTrace<'a>]) -> Vec<LockStep<'a>> {
    let number = |trace: &StackTrace<'_>| match trace.kind {
        TraceKind::LockDependency(link) => Some(link),
        _ => None,
    };
    let mut links: Vec<(u32, &StackTrace<'a>)> =
        traces.iter().filter_map(|trace| Some((number(trace)?, trace))).collect();
    links.reverse();
    let whole = links.iter().zip(0..).all(|((number, _), at)| *number == at);
    let (Some(wanted), Some(held)) = (attempt.wanted, attempt.held) else { return Vec::new() };
    let of = |at: usize| links.get(at).and_then(|(_, trace)| trace.lock);
    let last = links.len().saturating_sub(1);
    if !whole || last == 0 || of(0) != Some(wanted.class) || of(last) != Some(held.class) {
        return Vec::new();
    }
    let mut steps = vec![step(0, LockAction::Takes, &held), step(0, LockAction::WaitsFor, &wanted)];
    for (before, (cpu, trace)) in links.iter().zip(links.iter().skip(1)) {
        let (Some(first), Some(second)) = (before.1.lock, trace.lock) else { return Vec::new() };
        steps.push(LockStep { cpu: *cpu, action: LockAction::Takes, class: first, at: None });
        steps.push(LockStep { cpu: *cpu, action: LockAction::WaitsFor, class: second, at: taken(trace) });
    }
    steps
}

fn step<'a>(cpu: u32, action: LockAction, lock: &HeldLock<'a>) -> LockStep<'a> {
    LockStep { cpu, action, class: lock.class, at: lock.at }
}

/// Where a stack takes its lock: the innermost function that is no machinery of locks.
fn taken<'a>(trace: &StackTrace<'a>) -> Option<Frame<'a>> {
    let takes = |frame: &&Frame<'_>| {
        frame.function().is_some()
            && frame.trust != Trust::Unreliable
            && !blame::is_never_to_blame(frame)
            && !blame::only_waits(frame)
    };
    trace.frames.iter().find(takes).copied()
}

/// Adds to the steps of the kernel's table where they are, as far as the report tells.
fn place<'a>(steps: &mut [LockStep<'a>], attempt: &LockAttempt<'a>, traces: &[StackTrace<'a>]) {
    let interrupt = steps.iter().position(|step| step.action == LockAction::IsInterrupted);
    // What a class became in an interrupt, outside of one, or where it was taken below another.
    let used = |class: &[u8], usage: fn(&[u8]) -> bool| {
        let is = |trace: &&StackTrace<'_>| {
            trace.kind == TraceKind::LockUsage
                && trace.lock == Some(class)
                && usage(trace.usage.unwrap_or_default())
        };
        traces.iter().find(is).and_then(taken)
    };
    let of = |lock: Option<HeldLock<'a>>, class: &[u8]| lock.filter(|lock| lock.class == class)?.at;
    let of_attempt = |class: &[u8]| of(attempt.held, class).or_else(|| of(attempt.wanted, class));
    // What took the one lock that is named took it in no order.
    let alone = attempt.held.is_none();
    let mut first = true;
    for (at, step) in steps.iter_mut().enumerate().filter(|(_, step)| !step.class.is_empty()) {
        step.at = match interrupt {
            // One task, which holds the lock or one of its class already.
            None if std::mem::take(&mut first) => attempt.held.and_then(|lock| lock.at),
            None => of(attempt.wanted, step.class),
            Some(_) if step.cpu > 0 => {
                let ordered = of_attempt(step.class).filter(|_| !alone);
                ordered.or_else(|| used(step.class, <[u8]>::is_empty))
            }
            Some(interrupt) => {
                let usage = if at > interrupt { in_interrupt } else { outside };
                used(step.class, usage).or_else(|| of_attempt(step.class).filter(|_| alone))
            }
        };
    }
}

/// `IN-HARDIRQ-W`, and of a lock order `HARDIRQ-irq-safe`.
fn in_interrupt(usage: &[u8]) -> bool {
    usage.starts_with(b"IN-") || usage.ends_with(b"-safe")
}

/// `HARDIRQ-ON-W`, `HARDIRQ-irq-unsafe`.
fn outside(usage: &[u8]) -> bool {
    usage.ends_with(b"-unsafe") || memchr::memmem::find(usage, b"-ON-").is_some()
}
