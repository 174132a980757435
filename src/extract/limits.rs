//! How far the engine looks: everything that a report depends on lies within these.

/// How far before a banner its cause is looked for, and where the report begins that the cause belongs to.
pub(super) const LOOK_BACK_BYTES: usize = 64 << 10;
/// Most bytes, from a crash before which all was quiet, in which the CPUs that print at once are told apart.
pub(super) const BURST_BYTES: usize = 64 << 10;
/// Behind the last banner of such a part its lines are looked for in so many bytes.
pub(super) const TAIL_BYTES: usize = 16 << 10;
/// How far before a crash lies what it is known by that all was quiet.
pub(super) const QUIET_LOOK_BACK_BYTES: usize = 64 << 10;
/// For so many bytes an unknown prefix is learned once.
pub(super) const LEARNED_BYTES: usize = 64 << 10;
/// How far before a banner the same one is looked for, printed once more. A kernel's buffer has 128 KiB of text, unless
/// told otherwise (`CONFIG_LOG_BUF_SHIFT`), and its times come to it.
pub(super) const COPY_BYTES: usize = 192 << 10;
/// How far before a range lies what its reports depend on: the banners that the first one may belong to or be a copy of, what
/// those belong to, and who printed their lines.
pub(crate) const CONTEXT_BYTES: usize =
    COPY_BYTES + BURST_BYTES + TAIL_BYTES + QUIET_LOOK_BACK_BYTES + LEARNED_BYTES;
/// How far beyond a line the next banners are looked for at a time.
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
/// The same in lines of the log, whoever printed them.
pub(super) const REPORT_LOG_LINES: u64 = 4 * REPORT_LINES as u64;
/// The same in reports that begin meanwhile.
pub(super) const REPORT_SUCCESSORS: usize = 4096;
/// Lines before one that are searched for the kernel's own.
pub(super) const LINES_BEFORE: usize = 96;
/// Lines that are remembered, whoever printed them.
pub(super) const PAST_LINES: usize = 128;
/// Lines before a window that are remembered: each banner looks back as far as [`PAST_LINES`].
pub(super) const REREAD_LINES: usize = 8 * PAST_LINES;
/// Between a banner that a person has put above a log and the log stand fewer lines.
pub(super) const LINES_ABOVE_LOG: usize = 4;
/// Microseconds after which nobody waits for the next line of a CPU any more.
pub(super) const PATIENCE_MICROS: u64 = 5_000_000;
/// Lines of a CPU that may be lost before one that is still taken.
pub(super) const MOST_LOST: u8 = 2;
