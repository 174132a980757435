//! Lines in which strings hold a log: escaped, with line feeds written `\n`, or a line a string.
//!
//! ```text
//! fatal: [host]: FAILED! => {"changed": false, "msg": "[   12.345678] BUG: …\n[   12.345679] Oops: …"}
//! AssertionError: '[   12.345678] BUG: …\n[   12.345679] Oops: …' is not empty
//! ["[   12.345678] BUG: …", "[   12.345679] Oops: …"]
//! ```

use std::collections::HashSet;

use super::edge::is_place;
use super::json;
use super::sink::Sink;
use super::store::is_kernels;
use super::unpack::{Unpack, lines, trim};
use crate::line::{Line, Origin};

/// So many lines of the kernel's must be in a line.
const LEAST: usize = 3;
/// So much of a string tells whether it begins with one.
const START: usize = 160;

#[derive(Debug)]
pub(super) struct Strings;

impl Unpack for Strings {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| match unfolded(trim(line)) {
            Some(parts) => parts.iter().for_each(|part| sink.record(sink.source(), b"", part)),
            None => sink.write(sink.source(), line),
        })
    }
}

/// Whether a line, or the beginning of one, has a log in its strings.
pub(super) fn is_folded(line: &[u8]) -> bool {
    unfolded(line).is_some()
}

/// The text between the strings that hold lines of the kernel's, and those strings.
///
/// What a console or a program's log quotes is left alone.
fn unfolded(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let first = memchr::memchr2(b'"', b'\'', line)?;
    if Line::parse(0, line.get(..first)?).prefix.origin != Origin::Unknown {
        return None;
    }
    let (mut parts, mut kernels, mut told) = (Vec::new(), 0, Told::default());
    let (mut kept, mut rest) = (0, line);
    while let Some(at) = memchr::memchr2(b'"', b'\'', rest) {
        let (quote, behind) = rest.get(at..)?.split_first()?;
        let start = line.len() - behind.len();
        // Other single quotes are apostrophes.
        if *quote == b'\'' && !begins(behind) {
            rest = behind;
            continue;
        }
        let length = closing(behind, *quote);
        let text = json::unescaped(behind.get(..length)?);
        let found = text.split(|&c| c == b'\n').filter(|line| is_kernels(line) || is_place(line)).count();
        rest = behind.get(length + 1..).unwrap_or_default();
        if found > 0 {
            parts.extend(words(line.get(kept..start - 1)?));
            kept = line.len() - rest.len();
            if told.is_told(&text) {
                continue;
            }
            parts.push(text);
        }
        kernels += found;
    }
    parts.extend(words(line.get(kept..)?));
    (kernels >= LEAST).then_some(parts)
}

/// What was in strings before: Ansible gives a command's output as one string, `"stdout"`, and once more a line a string,
/// `"stdout_lines"`.
#[derive(Default)]
struct Told {
    /// Lines of strings that have several.
    whole: HashSet<Vec<u8>>,
    /// Strings of one line.
    rows: HashSet<Vec<u8>>,
}

impl Told {
    /// Whether a string's lines all were in strings of the other sort, or in another one that has several; it is
    /// remembered otherwise.
    fn is_told(&mut self, text: &[u8]) -> bool {
        let lines = || text.split(|&c| c == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
        let has_all = |told: &HashSet<Vec<u8>>| lines().all(|line| told.contains(line));
        let is_row = lines().nth(1).is_none();
        if has_all(&self.whole) || !is_row && has_all(&self.rows) {
            return true;
        }
        let told = if is_row { &mut self.rows } else { &mut self.whole };
        told.extend(lines().map(<[u8]>::to_vec));
        false
    }
}

/// Text that says something: no comma between strings.
fn words(text: &[u8]) -> Option<Vec<u8>> {
    text.iter().any(u8::is_ascii_alphanumeric).then(|| text.to_vec())
}

/// Whether a string begins with a line of the kernel's.
fn begins(text: &[u8]) -> bool {
    let start = text.get(..START).unwrap_or(text);
    let line = memchr::memchr(b'\\', start).and_then(|at| start.get(..at)).unwrap_or(start);
    is_kernels(line)
}

/// Where a string ends; one that is cut has no quote there.
fn closing(text: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr2(quote, b'\\', rest)) {
        at += found;
        if text.get(at) == Some(&quote) {
            return at;
        }
        at += 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::super::{decode, decode_lines};

    const LOG: &str = "[   12.345670] BUG: kernel \"x\"\n[   12.345671] it's\n[   12.345672] Call Trace:\n\
                       [   12.345673]  vfs_write+0x1b/0x2c\n";

    #[test]
    fn line_feeds_that_are_written_out_are_some() {
        let json = LOG.replace('"', "\\\"");
        for feed in ["\\n", "\\r\\n"] {
            let json = json.replace('\n', feed);
            let python = LOG.replace('\'', "\\'").replace('\n', feed);
            for log in [
                format!("fatal: [host1]: FAILED! => {{\"changed\": false, \"msg\": \"{json}\"}}\n"),
                format!("{{\n  \"Id\": \"i-1\",\n  \"Output\": \"{json}\"\n}}\n"),
                format!("AssertionError: '{python}'\n"),
                format!("E   b'{python}'\n"),
            ] {
                let decoded = decode(log.as_bytes());
                let decoded = String::from_utf8_lossy(&decoded).replace('\r', "");
                assert!(decoded.contains(LOG), "{log} {decoded}");
            }
        }
    }

    #[test]
    fn a_string_a_line_is_a_line() {
        let strings: Vec<String> = LOG.lines().map(|line| format!("{line:?}").replace("\\'", "'")).collect();
        for between in [",", ", "] {
            let log = format!("[{}]\n", strings.join(between));
            assert_eq!(String::from_utf8_lossy(&decode(log.as_bytes())), LOG);
        }
    }

    #[test]
    fn what_is_given_twice_is_there_once() {
        let json = LOG.replace('"', "\\\"").replace('\n', "\\n");
        let rows: Vec<String> = LOG.lines().map(|line| format!("{line:?}").replace("\\'", "'")).collect();
        let (all, rows) =
            (format!("\"stdout\": \"{json}\""), format!("\"stdout_lines\": [{}]", rows.join(", ")));
        for log in
            [format!("{{{all}, {rows}}}\n"), format!("{{{rows}, {all}}}\n"), format!("{{{all}, {all}}}\n")]
        {
            let decoded = decode(log.as_bytes());
            assert_eq!(String::from_utf8_lossy(&decoded).matches("Call Trace:").count(), 1, "{log}");
        }
    }

    #[test]
    fn lines_are_from_where_the_string_is() {
        let log = format!("a\nb\n\"{}\"\nc\n", LOG.replace('"', "\\\"").replace('\n', "\\n"));
        let (decoded, map) = decode_lines(log.as_bytes());
        assert_eq!(decoded.split(|&c| c == b'\n').count(), 8);
        let sources: Vec<u64> = (1..8).map(|line| map.source(line)).collect();
        assert_eq!(sources, [1, 2, 3, 3, 3, 3, 4]);
    }

    #[test]
    fn a_console_that_quotes_a_log_stays_as_it_is() {
        let quoted = LOG.replace('"', "\\\"").replace('\n', "\\n");
        for before in ["[   13.000000] demo: ", "Nov 22 06:12:01 host dockerd[12]: msg=", "<4>"] {
            let log = format!("{before}\"{quoted}\"\n");
            assert_eq!(String::from_utf8_lossy(&decode(log.as_bytes())), log);
        }
    }
}
