//! How tasks come to wait for each other's locks, by lockdep's account.

use std::fmt::{self, Formatter};

use crate::facts::locks::{LockAction, LockStep};

use super::stack::FrameText;
use super::style::Role;
use super::{Plain, View};

/// Names of locks are aligned up to this width.
const LOCK_COLUMNS: usize = 32;

/// Writes a line for each step, those of a CPU below each other.
pub(super) fn scenario(f: &mut Formatter<'_>, view: &View<'_>, steps: &[LockStep<'_>]) -> fmt::Result {
    if steps.is_empty() {
        return Ok(());
    }
    writeln!(f, "  {}", view.styles.paint(Role::Label, "scenario"))?;
    let names: Vec<String> = steps.iter().map(|step| Plain(step.class).to_string()).collect();
    let widths = names.iter().map(|name| name.chars().count());
    let columns = widths.filter(|columns| *columns <= LOCK_COLUMNS).max().unwrap_or(0);
    let digits = steps.iter().map(|step| step.cpu.to_string().len()).max().unwrap_or(1);
    let mut before = None;
    for (step, name) in steps.iter().zip(&names) {
        let cpu = if before == Some(step.cpu) { String::new() } else { format!("CPU{}", step.cpu) };
        before = Some(step.cpu);
        let does = match step.action {
            LockAction::Takes => "holds",
            LockAction::WaitsFor => "waits for",
            LockAction::DisablesInterrupts => "has turned interrupts off",
            LockAction::IsInterrupted => "is interrupted",
        };
        write!(f, "    {cpu:<0$}  ", 3 + digits)?;
        if step.class.is_empty() {
            writeln!(f, "{does}")?;
            continue;
        }
        // Of inlined calls the outermost: the log names it too.
        match step.at.and_then(|at| at.calls(view.sources).pop()) {
            Some(at) => writeln!(f, "{does:<9}  {name:<columns$}  {}", FrameText(&at))?,
            None => writeln!(f, "{does:<9}  {name}")?,
        }
    }
    Ok(())
}
