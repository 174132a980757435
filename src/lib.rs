//! Reads Linux kernel console logs of any size and shape and returns the crash reports in them.
//!
//! # A log in memory
//!
//! [`reports`] finds the reports of a log; nothing is copied, every fact borrows the log. A [`Report`] has the
//! [title](Report::title) that syzbot would give it, its [kind](Report::kind), a [signature](Report::signature) by
//! which the same bug is known again on other boots, and facts that are read when they are asked for.
//!
//! ```
//! use crashparse::facts::trace::TraceKind;
//!
//! let log = b"\
//! [   12.000000][   T77] BUG: scheduling while atomic: demo/77/0x00000002
//! [   12.000001][   T77] CPU: 0 PID: 77 Comm: demo Not tainted 6.1.0 #1
//! [   12.000002][   T77] Call Trace:
//! [   12.000003][   T77]  <TASK>
//! [   12.000004][   T77]  dump_stack_lvl+0x4c/0x5f
//! [   12.000004][   T77]  __schedule+0x1254/0x14d0
//! [   12.000004][   T77]  schedule+0x8c/0x250
//! [   12.000004][   T77]  demo_wait+0x1b/0x50 [demo]
//! ";
//! let report = crashparse::reports(log).next().unwrap();
//! assert_eq!(report.title(), "BUG: scheduling while atomic in demo_wait");
//! assert_eq!(report.task().map(|task| (task.comm, task.pid)), Some((&b"demo"[..], 77)));
//! let traces = report.traces();
//! assert_eq!(traces[0].kind, TraceKind::Crash);
//! assert_eq!(traces[0].frames[3].module, Some("demo"));
//! ```
//!
//! # Logs of any size, many logs
//!
//! [`ReportReader`] gives the same reports of a stream, each as soon as it is complete, in bounded memory. [`Scan`] reads
//! many logs with several threads, large ones in ranges. Both rest on [`reports_in`]: any split of a log into ranges gives
//! the same reports as the whole. [`decode`] and [`Decoder`] take a log out of a container: `journalctl -o json`,
//! `dmesg -J`, netconsole, pstore, a mail.
//!
//! ```
//! let input: &[u8] = b"[    1.0] all is well\n[    2.0] kernel BUG at mm/slub.c:1!\n";
//! let mut reader = crashparse::ReportReader::new(input);
//! while let Some(report) = reader.next_report()? {
//!     println!("{:?}: {} {:016x}", report.line_number(), report.title(), report.signature());
//! }
//! # std::io::Result::Ok(())
//! ```
//!
//! # Source lines
//!
//! With the feature `symbolize`, [`symbolize::Symbolizer`] looks frames and addresses up in `vmlinux` and modules with
//! debug information, inlined calls included; [`symbolize::Filter`] does so in any text.
//!
//! # For people and for programs
//!
//! [`TextReport`] is a report as text; with the feature `serde`, [`ser::JsonReport`] is one as JSON. [`Waits`] tells who
//! waits for which lock held by whom in the reports of hung tasks.
//!
//! ```
//! # #[cfg(feature = "serde")]
//! for report in crashparse::reports(b"[    2.0] kernel BUG at mm/slub.c:1!\n") {
//!     let json = serde_json::to_string(&crashparse::ser::JsonReport::new(&report)).unwrap();
//!     assert!(json.starts_with(r#"{"title":"kernel BUG in corrupted","#));
//! }
//! ```
//!
//! # Promises
//!
//! A log never makes the crate panic, hang or use memory without bounds: a broken line costs that line, and what is missing
//! is said by [`Report::corruption`] and [`Report::is_cut`]. Time is linear in the log.

mod arch;
mod bisect;
mod blame;
mod container;
mod demangle;
#[cfg(feature = "disasm")]
mod disasm;
mod extract;
pub mod facts;
mod formats;
mod guilty;
mod kind;
mod line;
mod parallel;
mod reader;
mod render;
mod report;
mod rules;
mod scan;
#[cfg(feature = "serde")]
pub mod ser;
mod signature;
#[cfg(feature = "symbolize")]
pub mod symbolize;
mod text;
mod title;
mod waits;

#[cfg(test)]
mod tests;

pub use arch::{Arch, Register};
pub use bisect::{
    Bisection, BisectionKind, Commit, Confidence, Counts, Crash, Fixes, Judged, Mark, Match, Minimisation,
    Named, Outcome, Record, Retest, Ruling, Run, RunResult, Stage, Step, Test, Totals, Trailer, Undetermined,
    Wanted, Weighed, bisection, is_bisection,
};
pub use container::{Decoder, LineMap, decode, decode_lines};
#[cfg(feature = "disasm")]
pub use disasm::{Disassembly, Instruction};
pub use guilty::guilty_file;
pub use kind::Kind;
pub use line::{Caller, Line, Origin, Prefix};
pub use parallel::{Found, ReadAt, Scan, Source};
pub use reader::ReportReader;
pub use render::{Excerpts, Plain, TextBisection, TextReport};
pub use report::{Executor, LineNumbers, Report, Reports, Syscall, contains_crash, reports, reports_in};
pub use scan::hits;
#[doc(hidden)]
pub use scan::{hits_by, ways};
pub use title::{Corruption, is_suppressed};
pub use waits::{LockWait, Waits, Who};
