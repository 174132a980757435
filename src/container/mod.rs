//! Containers: programs that wrap a console log as a whole, so that its lines cannot be read one by one.
//!
//! Text in them is escaped (`journalctl -o json`, JUnit, mail), a record takes several lines (`journalctl -o export`,
//! netconsole's fragments), or the parts come in another order (pstore). Decoded, such a log is text as a console
//! prints it: `<4>[   12.345678][  T123] text`, a line a line.
//!
//! What a container is, is decided from its beginning, and strictly: a console log on which a program printed JSON or
//! XML is a console log. Only dumps of pstore, mails and what programs broke or painted may have other text before them.

mod colour;
mod decoder;
mod dmesg;
mod edge;
mod escaped;
mod export;
mod journal;
mod json;
mod kmsg;
mod lava;
mod logcat;
mod logcat_long;
mod mail;
mod midst;
mod netconsole;
mod objects;
mod page;
mod pstore;
mod recognise;
mod returns;
mod sink;
mod store;
mod strings;
mod table;
mod tagged;
mod unpack;
mod verbose;
mod watch;
mod wrapped;
mod xml;

use std::borrow::Cow;

pub use decoder::Decoder;
pub(crate) use pstore::{ends_heading, is_record};
use recognise::{Verdict, begin, recognise};
pub use sink::LineMap;
use sink::Sink;
use unpack::HEAD;
use watch::Watch;

/// Decodes a log that a container holds: `journalctl -o json`, `export` or `verbose`, `dmesg -J`, `/dev/kmsg`, netconsole,
/// pstore, LAVA, logcat, JUnit, mail, JSON or CSV from a store of logs, a log in strings of JSON or YAML, one that a mail
/// program or a screen has broken, `dmesg` has painted, a web page has altered or that has marks at the ends of all lines,
/// or lines that end with carriage returns alone. Any other log comes back as it is,
/// borrowed.
///
/// Of stores of logs (Docker, Elasticsearch, Splunk, Graylog, CloudWatch, Google's, `logcli -o jsonl`, …) it reads an object
/// a line or in one array, and tables with the names of their columns. Records keep the order that they have there, which
/// must be the kernel's: what is exported with the newest first is to be turned round before it is read.
///
/// ```
/// let log = br#"{"dmesg": [{"pri": 4, "time": 12.345678, "msg": "BUG: \"x\""}]}"#;
/// assert_eq!(crashparse::decode(log).as_ref(), b"<4>[   12.345678] BUG: \"x\"\n");
/// ```
pub fn decode(log: &[u8]) -> Cow<'_, [u8]> {
    match unpack(log, Sink::default()) {
        Some(sink) => Cow::Owned(sink.bytes),
        None => Cow::Borrowed(log),
    }
}

/// As [`decode`], with the lines of `log` that the decoded lines are from.
pub fn decode_lines(log: &[u8]) -> (Cow<'_, [u8]>, LineMap) {
    match unpack(log, Sink::with_map()) {
        Some(mut sink) => {
            let map = sink.take_map();
            (Cow::Owned(sink.bytes), map)
        }
        None => (Cow::Borrowed(log), LineMap::default()),
    }
}

fn unpack(log: &[u8], mut sink: Sink) -> Option<Sink> {
    let head = log.get(..HEAD).unwrap_or(log);
    let (kind, mut rest) = match recognise(head, true) {
        Verdict::Is(kind) => (kind, enter(log, &mut sink)),
        _ => {
            let mut watch = Watch::default();
            watch.look(head, head.len() == log.len());
            let (before, kind) = watch.found()?;
            let (before, inside) = log.split_at_checked(before)?;
            sink.raw(before);
            (kind, inside)
        }
    };
    let mut unpacker = kind.unpacker();
    while !rest.is_empty() {
        let taken = unpacker.unpack(rest, true, &mut sink).max(1);
        rest = rest.get(taken..).unwrap_or_default();
    }
    unpacker.unpack(&[], true, &mut sink);
    Some(sink)
}

/// What a container holds as a whole begins behind a byte order mark and empty lines.
fn enter<'a>(log: &'a [u8], sink: &mut Sink) -> &'a [u8] {
    let inside = begin(log);
    sink.advance(log.get(..log.len() - inside.len()).unwrap_or_default());
    inside
}

#[cfg(test)]
#[path = "../tests/container.rs"]
mod tests;
