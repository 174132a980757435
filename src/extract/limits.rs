//! How far the engine looks: everything that a report depends on lies within these.

/// How far before a banner its cause is looked for.
pub(super) const LOOK_BACK_BYTES: usize = 64 << 10;
/// How far before a banner lies what its cause is known by: the cause's own cause, whether that is a mere event, and
/// where the report begins that they are parts of. What a range's reports are depends on nothing before that.
pub(crate) const CONTEXT_BYTES: usize = 4 * LOOK_BACK_BYTES + super::watch::WATCH_BYTES;
/// How many banners before a banner are looked at for its cause.
pub(super) const LOOK_BACK_BANNERS: usize = 128;
/// How far beyond a line of a report the next banners are looked for at a time.
pub(super) const READ_AHEAD_BYTES: usize = 16 << 10;
/// A report ends where nothing of it comes for this many bytes.
pub(super) const SILENCE_BYTES: usize = 64 << 10;
/// The same after its end marker: the registers that follow it wait for other CPUs' reports only.
pub(super) const SILENCE_BYTES_AFTER_END: usize = 16 << 10;
/// Lines before a banner that may belong to it (`cut here` and a WARN's message).
pub(super) const PREAMBLE_LINES: usize = 16;
/// Lines that a report keeps: a dump of some thousands of tasks.
pub(super) const REPORT_LINES: usize = 65_536;
/// Bytes from a banner to the end of what is read for its report: as many lines of 128 bytes.
pub(super) const REPORT_BYTES: usize = 8 << 20;
/// Lines after a report that are searched for the stack that it lacks.
pub(super) const LINES_BEYOND: usize = 96;
