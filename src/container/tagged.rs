//! Records in JSON behind a date and a tag, as fluentd's `out_stdout` and `out_file` write them:
//!
//! ```text
//! 2024-02-03 10:25:23.441200000 +0000 host.kernel: {"priority":"4","message":"CPU: 0 PID: 911 …"}
//! ```

use super::sink::Sink;
use super::store::Record;
use super::unpack::{Unpack, lines, trim};

/// What the tag ends with.
const KERNEL: &[&[u8]] = &[b"kernel", b"kern"];

#[derive(Debug)]
pub(super) struct Tagged;

impl Unpack for Tagged {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| match record(trim(line)) {
            Some(record) => record.write(sink.source(), sink),
            None => sink.write(sink.source(), line),
        })
    }
}

pub(super) fn is_tagged(line: &[u8]) -> bool {
    record(line).is_some()
}

/// The record of a line: the kernel's, as its tag says.
fn record(line: &[u8]) -> Option<Record> {
    if line.last() != Some(&b'}') {
        return None;
    }
    let (before, object) = line.split_at_checked(memchr::memchr(b'{', line)?)?;
    let tag = before.trim_ascii_end().strip_suffix(b":")?;
    let name = tag.rsplit(|c| matches!(c, b' ' | b'\t' | b'.')).next()?;
    let mut record = Record::default();
    let rest = record.read(object).ok()?;
    (KERNEL.contains(&name) && rest.trim_ascii().is_empty() && record.has_text()).then(|| {
        record.set(b"facility", b"kern");
        record
    })
}

#[cfg(test)]
mod tests {
    use super::super::decode;

    #[test]
    fn the_text_is_the_records() {
        let log = "2024-02-03 10:25:23.441200000 +0000 host.kernel: {\"priority\":\"4\",\"message\":\"Call Trace:\"}\n\
            2024-02-03 10:25:23.441213000 +0000 host.kernel: {\"priority\":\"4\",\"message\":\" f+0x1/0x2\"}\n";
        assert_eq!(String::from_utf8_lossy(&decode(log.as_bytes())), "Call Trace:\n f+0x1/0x2\n");
    }

    #[test]
    fn what_the_kernel_prints_in_braces_is_text() {
        for log in
            ["[   12.345678] demo: {\"message\":\"x\"}\n", "host kernel: {x}\n", "kernel: {\"a\":\"b\"}\n"]
        {
            assert_eq!(String::from_utf8_lossy(&decode(log.as_bytes())), log);
        }
    }
}
