//! A log copied from a web page: blanks became U+00A0 (`&nbsp;`), or the page's source was taken, with `&lt;` for `<`.
//!
//! ```text
//! [   12.345678]  &lt;TASK&gt;
//! ```

use super::sink::Sink;
use super::unpack::{Unpack, lines};
use super::xml;
use crate::line::{Line, Origin};
use crate::text;

/// U+00A0 in UTF-8.
const BLANK: &str = "\u{a0}";
/// Angle brackets as the page's source has them: names of stacks, addresses, the byte of `Code:`; and its blanks. The kernel
/// writes no markup.
const MARKS: &[&str] = &["&lt;", "&gt;", "&nbsp;", "&#160;", "&#xa0;", "&#xA0;"];

#[derive(Debug)]
pub(super) struct Page;

impl Unpack for Page {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| sink.write(sink.source(), &plain(line)))
    }
}

/// Whether only a page has such a line of the kernel's.
pub(super) fn is_copied(line: &[u8]) -> bool {
    let blanks = memchr::memchr(0xa0, line).is_some() && text::contains(line, BLANK);
    let marks = memchr::memchr(b'&', line).is_some() && MARKS.iter().any(|mark| text::contains(line, mark));
    (blanks || marks) && Line::parse(0, &plain(line)).prefix.origin == Origin::Kernel
}

/// A line with the characters that the page shows.
fn plain(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memchr2(b'&', 0xc2, rest) {
        let (before, special) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        rest = match (special.strip_prefix(BLANK.as_bytes()), xml::entity(special, true)) {
            (Some(after), _) => {
                out.push(b' ');
                after
            }
            // A control character would make two lines of one: it is the kernel's own text.
            (None, Some((char, length))) if special.first() == Some(&b'&') && !char.is_control() => {
                let char = if char == '\u{a0}' { ' ' } else { char };
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                special.get(length..).unwrap_or_default()
            }
            _ => {
                out.extend(special.first());
                special.get(1..).unwrap_or_default()
            }
        };
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::super::decode;

    #[test]
    fn the_text_is_as_the_kernel_printed_it() {
        let page = "see &lt;here&gt;\n\
            [   12.345679]  &lt;TASK&gt;\n\
            [   12.345680] demo: a&lt;b &amp;&amp; it&#39;s &x\n";
        let plain = "see &lt;here&gt;\n\
            [   12.345679]  <TASK>\n\
            [   12.345680] demo: a<b && it's &x\n";
        assert_eq!(String::from_utf8_lossy(&decode(page.as_bytes())), plain);
        let blanks = "[\u{a0}\u{a0} 12.345678]\u{a0}\u{a0}demo_write+0x1/0x2\n";
        for blank in ["\u{a0}", "&nbsp;", "&#160;", "&#xa0;", "&#xA0;"] {
            let blanks = blanks.replace('\u{a0}', blank);
            assert_eq!(decode(blanks.as_bytes()).as_ref(), b"[   12.345678]  demo_write+0x1/0x2\n");
        }
    }

    /// A console has no control characters but in a text that was written so.
    #[test]
    fn a_line_stays_one() {
        for control in ["&#10;", "&#x0a;", "&#13;", "&#0;", "&#27;", "&#x85;"] {
            let line =
                format!("[   12.345678] demo: &lt;{control}[   12.345679] Kernel panic - not syncing: x\n");
            let decoded = decode(line.as_bytes());
            assert_eq!(decoded.as_ref(), line.replace("&lt;", "<").as_bytes());
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for log in ["a\u{a0}b &lt;TASK&gt;\n", "[   12.345678] demo: &amp; \u{c9}\n"] {
            assert_eq!(decode(log.as_bytes()), log.as_bytes());
        }
    }
}
