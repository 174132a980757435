//! Who prints: the lines of one report share it.

use crate::line::{Caller, Line, Origin};

/// What a line's prefix says of who printed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Context {
    pub(super) caller: Option<Caller>,
    stamped: bool,
    origin: Origin,
}

impl Context {
    pub(super) fn of(line: &Line<'_>) -> Context {
        let prefix = &line.prefix;
        Context { caller: prefix.caller, stamped: prefix.time.is_some(), origin: prefix.origin }
    }

    /// Whether several CPUs may print so: lines of the kernel that do not say who printed them.
    pub(super) fn is_shared(self) -> bool {
        self.caller.is_none() && self.origin != Origin::Program
    }
}

/// A printer's lane: a caller's where lines are tagged, else one for all lines that look alike, and more where several
/// CPUs print at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    pub(super) context: Context,
    /// The start of the part of the log that several shared, and which of them; (0, 0) for the one that prints before.
    printer: (usize, usize),
}

impl Lane {
    /// Of those that share a part of the log, nobody knows which.
    const NOBODY: (usize, usize) = (usize::MAX, 0);

    /// The only one that prints so.
    pub(super) fn only(context: Context) -> Lane {
        Lane { context, printer: (0, 0) }
    }

    /// One of those that share the part of the log that begins at an offset.
    pub(super) fn one_of(context: Context, start: usize, nth: usize) -> Lane {
        Lane { context, printer: (start, nth + 1) }
    }

    pub(super) fn nobody(context: Context) -> Lane {
        Lane { context, printer: Lane::NOBODY }
    }

    pub(super) fn is_nobody(self) -> bool {
        self.printer == Lane::NOBODY
    }
}
