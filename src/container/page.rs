//! A log copied from a web page: blanks became U+00A0 (`&nbsp;`), or the page's source was taken, with `&lt;` for `<` and
//! the lines in elements.
//!
//! ```text
//! [   12.345678]  &lt;TASK&gt;<br />
//! ```

use super::edge::is_place;
use super::sink::Sink;
use super::unpack::{Unpack, lines};
use super::xml;
use crate::line::{Line, Origin};
use crate::text;

/// U+00A0 in UTF-8.
const BLANK: &str = "\u{a0}";
/// Angle brackets as the page's source has them: names of stacks, addresses, the byte of `Code:`; its blanks, and the plus of
/// a place in the code. The kernel writes no markup.
const MARKS: &[&str] =
    &["&lt;", "&gt;", "&nbsp;", "&#160;", "&#xa0;", "&#xA0;", "&#43;0x", "&#x2b;0x", "&#x2B;0x", "&plus;0x"];
/// Elements that a log's lines are put in, in lower case; `<TASK>` and `<IRQ>` are the kernel's.
#[rustfmt::skip]
const TAGS: &[&str] = &[
    "a", "b", "blockquote", "body", "br", "code", "div", "em", "font", "i", "li", "mark", "ol", "p", "pre", "samp", "small",
    "span", "strong", "table", "tbody", "td", "th", "tr", "tt", "u", "ul", "wbr",
];
/// Longest tag.
const TAG: usize = 256;
/// Characters of no width, at which a page lets long words break.
const HIDDEN: &[char] = &['\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'];
/// What a line begins with on which an input method has made all of ASCII wide.
const WIDE: &str = "\u{ff3b}";

#[derive(Debug)]
pub(super) struct Page;

impl Unpack for Page {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| {
            let source = sink.source();
            // An element that breaks a line makes several of one.
            for part in plain(line).split_inclusive(|&c| c == b'\n') {
                sink.write(source, part);
            }
        })
    }
}

/// Whether only a page has such a line of the kernel's.
pub(super) fn is_copied(line: &[u8]) -> bool {
    let blanks = memchr::memchr(0xa0, line).is_some() && text::contains(line, BLANK);
    let marks = memchr::memchr(b'&', line).is_some() && MARKS.iter().any(|mark| text::contains(line, mark));
    let wide = text::begins(line.trim_ascii_start(), WIDE);
    if !(blanks || marks || wide || is_in_tags(line) || hides(line)) {
        return false;
    }
    let shown = plain(line);
    let first = shown.split(|&c| c == b'\n').find(|line| !line.is_empty()).unwrap_or_default();
    Line::parse(0, first).prefix.origin == Origin::Kernel || is_place(first)
}

/// Whether a line begins or ends with a tag, or is broken by one.
fn is_in_tags(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let last = || memchr::memrchr(b'<', line).and_then(|at| tag(line.get(at..)?));
    line.ends_with(b">") && last().is_some_and(|(_, length)| line.len() >= length)
        || line.starts_with(b"<") && tag(line).is_some()
        || text::contains(line, "<br")
}

/// Whether a place in the code has characters that nobody sees.
fn hides(line: &[u8]) -> bool {
    !line.is_ascii()
        && text::contains(line, "+0x")
        && HIDDEN.iter().any(|hidden| text::contains(line, hidden.encode_utf8(&mut [0; 4])))
}

/// The name of the tag that `b` begins with, in lower case, and its length.
fn tag(b: &[u8]) -> Option<(&'static str, usize)> {
    let within = b.get(..TAG).unwrap_or(b);
    let inside = within.strip_prefix(b"<")?;
    let (name, rest) = text::take(inside.strip_prefix(b"/").unwrap_or(inside), |c| c.is_ascii_alphanumeric());
    let lower = |known: &&&str| name == known.as_bytes() || name == known.to_ascii_uppercase().as_bytes();
    let name = TAGS.iter().find(lower)?;
    let close = memchr::memchr2(b'>', b'<', rest).filter(|&at| rest.get(at) == Some(&b'>'))?;
    matches!(rest.first(), Some(b'>' | b'/' | b' ')).then_some((*name, within.len() - rest.len() + close + 1))
}

/// A line with the characters that the page shows.
fn plain(line: &[u8]) -> Vec<u8> {
    let wide = text::begins(line.trim_ascii_start(), WIDE);
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((first, after)) = rest.split_first() {
        let shown = match first {
            b'&' => entity(rest),
            b'<' => element(rest),
            0xc2 | 0xe2 | 0xef => letter(rest, wide),
            _ => None,
        };
        rest = match shown {
            Some((char, length)) => {
                out.extend(char.iter().flat_map(|char| char.encode_utf8(&mut [0; 4]).as_bytes().to_vec()));
                rest.get(length..).unwrap_or_default()
            }
            None => {
                out.push(*first);
                after
            }
        };
    }
    out
}

/// No prefix of a line is longer.
const PREFIX_BYTES: usize = 128;

/// The character that is shown, if any, and the length of what stands for it.
type Shown = Option<(Option<char>, usize)>;

fn entity(b: &[u8]) -> Shown {
    let (char, length) = xml::entity(b, true)?;
    // A control character would make two lines of one: it is the kernel's own text.
    let char = if char == '\u{a0}' { ' ' } else { char };
    (!char.is_control()).then_some((Some(char), length))
}

fn element(b: &[u8]) -> Shown {
    let (name, length) = tag(b)?;
    let behind = b.get(length..).unwrap_or_default();
    let char = match name {
        // In what the kernel says it is the kernel's own text.
        "br" if begins_line(behind) => Some('\n'),
        "br" if !behind.trim_ascii().is_empty() => Some(' '),
        "td" | "th" if b.starts_with(b"</") && matches!(tag(behind), Some(("td" | "th", _))) => Some(' '),
        _ => None,
    };
    Some((char, length))
}

/// Whether a text begins with a line of the kernel's.
fn begins_line(text: &[u8]) -> bool {
    Line::parse(0, text.get(..PREFIX_BYTES).unwrap_or(text)).prefix.origin == Origin::Kernel
}

fn letter(b: &[u8], wide: bool) -> Shown {
    let length = if b.first() == Some(&0xc2) { 2 } else { 3 };
    let char = std::str::from_utf8(b.get(..length)?).ok()?.chars().next()?;
    let narrow =
        u32::from(char).checked_sub(0xfee0).and_then(char::from_u32).filter(|c| wide && c.is_ascii_graphic());
    match char {
        '\u{a0}' => Some((Some(' '), length)),
        _ if HIDDEN.contains(&char) => Some((None, length)),
        _ => narrow.map(|char| (Some(char), length)),
    }
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

    #[test]
    fn elements_are_no_text() {
        let plain = "[   12.345678] Call Trace:\n[   12.345679]  <TASK>\n[   12.345680]  f+0x1/0x2 [x]\n";
        for (before, behind) in [
            ("", "<br />"),
            ("", "<br>"),
            ("<p>", "</p>"),
            ("<span class=\"line\">", "</span>"),
            ("<tr><td>", "</td></tr>"),
            ("<DIV><B>", "</B></DIV>"),
        ] {
            let page: String = plain.lines().map(|line| format!("{before}{line}{behind}\n")).collect();
            let page = page.replace("<TASK>", "&lt;TASK&gt;").replace("+0x", "&#43;0x");
            assert_eq!(String::from_utf8_lossy(&decode(page.as_bytes())), plain);
        }
        let one = plain.trim_end().replace('\n', "<br>");
        assert_eq!(String::from_utf8_lossy(&decode(one.as_bytes())), plain.trim_end());
    }

    #[test]
    fn cells_stay_apart() {
        let page = "<tr><td>7</td><td>[   12.345678] x</td></tr>\n";
        assert_eq!(decode(page.as_bytes()).as_ref(), b"7 [   12.345678] x\n");
    }

    #[test]
    fn what_nobody_sees_and_what_is_wide_is_as_it_was() {
        let hidden = "[   12.345678]  f\u{200b}+0x1/0x2 [x]\n";
        assert_eq!(decode(hidden.as_bytes()).as_ref(), b"[   12.345678]  f+0x1/0x2 [x]\n");
        let wide = "［   12.345678］  f+0x1/0x2 ［x］\n";
        assert_eq!(decode(wide.as_bytes()).as_ref(), b"[   12.345678]  f+0x1/0x2 [x]\n");
        let product = "[   12.345678] usb 1-1: Product: ＵＳＢ\u{200b}\n";
        assert_eq!(decode(product.as_bytes()), product.as_bytes());
    }
}
