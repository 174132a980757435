//! A log whose lines all end with what a program or a person has put behind them: Markdown's backticks, stars and
//! backslashes, the border of a terminal's pane, the `$` of `cat -A`, the quotes of a list in JSON or YAML.
//!
//! ```text
//! `[   12.345678]  demo_write+0x1/0x2 [demo]`
//! │[   12.345678]  demo_write+0x1/0x2 [demo]          │
//!   - "[   12.345678]  demo_write+0x1/0x2 [demo]",
//! ```
//!
//! What stands before the lines is no matter: it is learned where they are read.

use super::json;
use super::sink::Sink;
use super::unpack::{Unpack, lines, trim};
use crate::line::{Line, Origin};
use crate::text;

/// Lines that must have the end.
const LEAST_LINES: usize = 4;
/// So many of them must be places in the code, behind which the kernel prints no such thing.
const LEAST_PLACES: usize = 2;
/// So many lines without it may stand between two that have it: members of an object.
const MOST_BETWEEN: usize = 16;
/// Longest end.
const LONGEST: usize = 12;

/// What a line may end with.
const MARKS: &[u8] = b"`*|$\\;,'\"}";
/// The same in several letters, as programs show control characters.
const WORDS: &[&[u8]] = &[b"^M", b"\\r", b"\\n"];

/// What the lines end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Edge {
    fn of(end: &[u8]) -> Option<Edge> {
        let end = end.get(end.len().saturating_sub(LONGEST)..).unwrap_or_default().trim_ascii_start();
        let mut bytes = [0; LONGEST];
        bytes.get_mut(..end.len())?.copy_from_slice(end);
        (!end.is_empty()).then_some(Edge { bytes, length: end.len() })
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// What it has in common with the end of another line.
    fn common(&self, other: &Edge) -> Option<Edge> {
        let pairs = self.bytes().iter().rev().zip(other.bytes().iter().rev());
        let same = pairs.take_while(|(a, b)| a == b).count();
        let end = self.bytes().get(self.length - same..)?;
        // A part of a character is none.
        Edge::of(end).filter(|_| end.first().is_some_and(|byte| byte & 0xc0 != 0x80))
    }

    /// A line without it.
    fn strip<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let text = without_comma(line).strip_suffix(self.bytes())?;
        // Up to a border it is filled with blanks; others are the kernel's.
        let border = self.bytes().first().is_some_and(|first| *first == b'|' || !first.is_ascii());
        Some(if border { text.trim_ascii_end() } else { text })
    }

    /// The text that the kernel printed.
    fn text(&self, line: &[u8]) -> Option<Vec<u8>> {
        let text = self.strip(line)?;
        // The end of an object stands behind that of a string.
        Some(match self.bytes().iter().rfind(|byte| !matches!(byte, b'}' | b',')) {
            Some(b'"') => json::unescaped(inside(text, b'"')),
            Some(b'\'') => single(inside(text, b'\'')),
            Some(b'\\') => markdown(text),
            _ => text.to_vec(),
        })
    }
}

#[derive(Debug)]
pub(super) struct Edged {
    edge: Edge,
}

impl Edged {
    pub(super) fn new(edge: Edge) -> Edged {
        Edged { edge }
    }
}

impl Unpack for Edged {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| {
            let bare = trim(line);
            match self.edge.text(bare) {
                Some(text) => {
                    sink.text(sink.source(), b"", &text);
                    sink.write(sink.source(), line.get(bare.len()..).unwrap_or_default());
                }
                None => sink.write(sink.source(), line),
            }
        })
    }
}

/// Looks for such an end in lines that are read one after another.
#[derive(Debug, Default)]
pub(super) struct Edges {
    edge: Option<Edge>,
    /// Where the first line that has it began.
    from: usize,
    lines: usize,
    places: usize,
    between: usize,
}

impl Edges {
    /// Looks at one more line, which began at `from`. The end, and where the first line that has it began, once it is sure.
    pub(super) fn look(&mut self, line: &[u8], from: usize) -> Option<(usize, Edge)> {
        if line.trim_ascii().is_empty() {
            return None;
        }
        let own = Edge::of(end(line));
        match (self.edge, own.and_then(|own| self.edge?.common(&own))) {
            (Some(edge), Some(common)) => {
                if common != edge {
                    self.places = 0;
                }
                (self.edge, self.lines, self.between) = (Some(common), self.lines + 1, 0);
            }
            (Some(_), None) if !self.ends(line, own) => {
                self.between += 1;
                return None;
            }
            _ => *self = Edges { edge: own, from, lines: 1, ..Edges::default() },
        }
        // Lines before the log, the head of a table, may end with a part of what its lines end with.
        let ends = |edge: &Edge| edge.text(line).is_some_and(|text| is_place(&text));
        if let Some(own) = own.filter(|own| !self.edge.is_some_and(|edge| ends(&edge)) && ends(own)) {
            (self.edge, self.places) = (Some(own), 0);
        }
        let edge = self.edge?;
        self.places += usize::from(ends(&edge));
        (self.lines >= LEAST_LINES && self.places >= LEAST_PLACES).then_some((self.from, edge))
    }

    /// Where the lines began that may be such.
    pub(super) fn from(&self) -> Option<usize> {
        self.edge.map(|_| self.from)
    }

    /// Whether a line with another end tells that there is none: a line of the kernel's, or one too many of others.
    fn ends(&self, line: &[u8], own: Option<Edge>) -> bool {
        let kernels = || Line::parse(0, line).prefix.origin == Origin::Kernel || is_place(line);
        self.between >= MOST_BETWEEN || (own.is_some() && self.lines == 1) || kernels()
    }
}

/// The marks that a line ends with, and blanks before and between them.
fn end(line: &[u8]) -> &[u8] {
    let line = without_comma(line);
    let mut rest = line;
    loop {
        rest = match rest {
            [head @ .., 0xe2, 0x94..=0x96, 0x80..=0xbf] => head,
            [head @ .., last] if MARKS.contains(last) || *last == b' ' => head,
            _ => match WORDS.iter().find_map(|word| rest.strip_suffix(*word)) {
                Some(head) => head,
                None => break,
            },
        };
    }
    line.get(rest.len()..).unwrap_or_default()
}

/// A line without blanks at its end and the comma that parts the strings of a list: the last has none.
fn without_comma(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii_end();
    match line {
        [head @ .., b'"' | b'\'', b','] => line.get(..head.len() + 1).unwrap_or(line),
        _ => line,
    }
}

/// Whether a line ends with a place in the code: `fn+0x1/0x2`, `fn+0x1/0x2 [demo]`.
pub(super) fn is_place(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let bare = match line.strip_suffix(b"]").and_then(|line| line.rsplitn(2, |&c| c == b'[').nth(1)) {
        Some(before) => before.trim_ascii_end(),
        None => line,
    };
    let without_digits =
        |b: &'_ [u8]| b.iter().rposition(|c| !c.is_ascii_hexdigit()).map_or(0, |last| last + 1);
    let size = bare.get(..without_digits(bare)).unwrap_or_default();
    let Some(offset) = size.strip_suffix(b"/0x").filter(|_| size.len() < bare.len()) else { return false };
    offset.get(..without_digits(offset)).is_some_and(|symbol| symbol.ends_with(b"+0x"))
}

/// What stands in quotes: `- "text`, `"text`, `key: 'text`.
fn inside(text: &[u8], quote: u8) -> &[u8] {
    let item = text.trim_ascii_start();
    let item = item.strip_prefix(b"- ").map_or(item, <[u8]>::trim_ascii_start);
    if let Some(inside) = item.strip_prefix(&[quote]) {
        return inside;
    }
    let (_, value) = text::take(item, |c| text::is_word_byte(c) || matches!(c, b'-' | b'@'));
    value.strip_prefix(&[b':', b' ', quote]).unwrap_or(text)
}

/// YAML's strings in single quotes have two for one.
fn single(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        out.push(*first);
        rest = if *first == b'\'' { after.strip_prefix(b"'").unwrap_or(after) } else { after };
    }
    out
}

/// Markdown's `\_` and the like stand for the mark alone.
fn markdown(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.first().filter(|mark| *first == b'\\' && mark.is_ascii_punctuation());
        out.push(*escaped.unwrap_or(first));
        rest = if escaped.is_some() { after.get(1..).unwrap_or_default() } else { after };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{decode, decode_lines};

    const LOG: &[&str] = &[
        "[   12.345670] BUG: kernel NULL pointer dereference, address: 0000000000000018",
        "[   12.345671] PGD 0 P4D 0",
        "[   12.345672] CPU: 1 PID: 911 Comm: demo Not tainted 6.1.0 #1",
        "[   12.345673] RIP: 0010:demo_write+0x1/0x2 [demo]",
        "[   12.345674] Call Trace:",
        "[   12.345675]  vfs_write+0x1b/0x2c",
        "[   12.345676] Modules linked in: demo tun",
    ];

    fn framed(before: &str, behind: &str) -> String {
        LOG.iter().map(|line| format!("{before}{line}{behind}\n")).collect()
    }

    #[test]
    fn what_stands_behind_all_lines_is_taken_off() {
        for (before, behind) in [
            ("`", "`"),
            ("**", "**  "),
            ("*", "*"),
            ("| 7 | ", " |"),
            ("| `", "` |"),
            ("", "\\"),
            ("", "$"),
            ("", "^M$"),
            ("", "\\r"),
            ("", "\\r\\n"),
            ("", ";"),
            ("", ","),
            ("", "    |"),
            ("│", "   │"),
            (" ┃ ", " ┃ "),
            ("║", "║"),
            ("", "\"}"),
            ("", "\\n\"},"),
        ] {
            let decoded = decode(framed(before, behind).as_bytes()).into_owned();
            assert_eq!(String::from_utf8_lossy(&decoded), framed(before, ""), "{before:?} {behind:?}");
        }
    }

    #[test]
    fn strings_of_a_list_are_their_text() {
        let plain = framed("", "");
        for (before, behind) in
            [("  \"", "\","), ("- \"", "\""), ("  - '", "'"), ("'", "',"), ("textPayload: '", "'")]
        {
            let log = framed(before, behind);
            assert_eq!(String::from_utf8_lossy(&decode(log.as_bytes())), plain, "{before:?} {behind:?}");
            let last = log.trim_end_matches([',', '\n']);
            assert_eq!(String::from_utf8_lossy(&decode(last.as_bytes())), plain.trim_end());
        }
        // In an object whose beginning was cut off.
        let log = framed("", "\"}").replace("[demo]", "[\\\"demo\\\"]");
        let text = String::from_utf8_lossy(&decode(log.as_bytes())).into_owned();
        assert_eq!(text, plain.replace("[demo]", "[\"demo\"]"));
        let log = format!("[\n{}\"[   12.345677] a \\\"b\\\"\"\n]\n", framed("  \"", "\","));
        let plain = format!("[\n{plain}[   12.345677] a \"b\"\n]\n");
        assert_eq!(String::from_utf8_lossy(&decode(log.as_bytes())), plain);
    }

    #[test]
    fn the_head_of_a_table_is_no_part_of_the_log() {
        let head = "| message |\n|---|\n";
        let decoded = decode((head.to_string() + &framed("| `", "` |")).as_bytes()).into_owned();
        assert_eq!(String::from_utf8_lossy(&decoded), head.to_string() + &framed("| `", ""));
    }

    #[test]
    fn lines_keep_their_numbers() {
        let log = framed("| ", " |");
        let (_, map) = decode_lines(log.as_bytes());
        assert!((1..8).all(|line| map.source(line) == line));
    }

    #[test]
    fn markdown_escapes_are_undone() {
        let log = framed("", "\\").replace('_', "\\_").replace("[demo]", "\\[demo\\]");
        assert_eq!(String::from_utf8_lossy(&decode(log.as_bytes())), framed("", ""));
    }

    #[test]
    fn other_logs_stay_as_they_are() {
        // trace_printk_init_buffers prints a notice with stars; a person has marked one line.
        let notice = "[    0.100000] **   NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE   **\n".repeat(6);
        let marked = framed("", "").replace("0x2c", "0x2c;");
        let prose = "he says *this*\n".repeat(6);
        for log in [notice.clone() + &framed("", ""), marked, prose + &framed("", ""), framed("", "")] {
            assert_eq!(String::from_utf8_lossy(&decode(log.as_bytes())), log);
        }
    }
}
