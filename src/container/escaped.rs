//! A log in which rsyslog has written line feeds out, as it does with what the journal gives it (imjournal, of RHEL 7 to 9):
//! `$EscapeControlCharactersOnReceive`, `#` and three octal digits.
//!
//! ```text
//! Mar  5 11:48:35 host kernel: #012but task is already holding lock:
//! Mar  5 11:48:35 host kernel: #012-> #1 (&hd->cfg_mutex){+.+.}-{3:3}:
//! ```

use super::sink::Sink;
use super::unpack::{Unpack, lines, trim};
use crate::line::{Line, Origin};

const FEED: &[u8] = b"#012";
const TAB: &[u8] = b"#011";

#[derive(Debug)]
pub(super) struct Escaped;

impl Unpack for Escaped {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| match record(trim(line)) {
            Some((prefix, text)) => sink.record(sink.source(), prefix, &plain(text)),
            None => sink.write(sink.source(), line),
        })
    }
}

/// Whether a line is the kernel's and has a line feed in its text.
pub(super) fn is_escaped(line: &[u8]) -> bool {
    record(line).is_some()
}

/// What stands before the text of such a line, and the text.
fn record(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memmem::find(line, FEED)?;
    let read = Line::parse(0, line);
    let start = (read.body.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
    (read.prefix.origin == Origin::Kernel && start <= at).then(|| line.split_at_checked(start))?
}

fn plain(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let (byte, behind) = match rest.get(..FEED.len()) {
            Some(FEED) => (b'\n', rest.get(FEED.len()..)),
            Some(TAB) => (b'\t', rest.get(TAB.len()..)),
            _ => (*first, Some(after)),
        };
        out.push(byte);
        rest = behind.unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::decode;

    #[test]
    fn line_feeds_that_were_written_out_are_some() {
        let log = "Mar  5 11:48:35 host kernel: [   12.345678] #012but task is already#011holding lock:\n\
                   Mar  5 11:48:35 host kernel: [   12.345679] x\n";
        let plain = "Mar  5 11:48:35 host kernel: [   12.345678] \n\
                     Mar  5 11:48:35 host kernel: [   12.345678] but task is already\tholding lock:\n\
                     Mar  5 11:48:35 host kernel: [   12.345679] x\n";
        assert_eq!(String::from_utf8_lossy(&decode(log.as_bytes())), plain);
    }

    #[test]
    fn what_programs_say_is_left_alone() {
        for log in ["Mar  5 11:48:35 host java[12]: a#012b\n", "see #012\n", "[   12.345678] #01\n"] {
            assert_eq!(String::from_utf8_lossy(&decode(log.as_bytes())), log);
        }
    }
}
