//! Reads Linux kernel console logs of any size and shape and returns the crash reports in them.

mod arch;
mod container;
mod demangle;
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
pub use container::{Decoder, LineMap, decode, decode_lines};
pub use guilty::guilty_file;
pub use kind::Kind;
pub use line::{Caller, Line, Origin, Prefix};
pub use parallel::{Found, ReadAt, Scan, Source};
pub use reader::ReportReader;
pub use render::{Excerpts, Plain, TextReport};
pub use report::{Executor, LineNumbers, Report, Reports, contains_crash, reports, reports_in};
pub use scan::hits;
#[doc(hidden)]
pub use scan::{hits_by, ways};
pub use title::{Corruption, is_suppressed};
pub use waits::{LockWait, Waits, Who};
