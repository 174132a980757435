//! Mails in quoted-printable (RFC 2045): `=3D` for `=`, and lines of 76 bytes, broken by a `=` at their end; and in base64.

use super::sink::Sink;
use super::unpack::{Unpack, lines, trim};
use crate::text;

#[derive(Debug)]
pub(super) struct Mail {
    headers: bool,
    /// Whether the text that is read, or follows on the headers, is quoted-printable.
    quoted: bool,
    /// The same of base64, with what a line has left of four letters.
    base64: Option<Vec<u8>>,
}

impl Mail {
    /// Begins with a mail's headers, or with its text.
    pub(super) fn new(text: bool) -> Mail {
        Mail { headers: !text, quoted: text, base64: None }
    }

    fn line(&mut self, line: &[u8], sink: &mut Sink) {
        let bare = trim(line);
        if let Some(encoding) = encoding(bare) {
            self.headers = true;
            self.quoted = is_quoted(encoding);
            self.base64 = is_base64(encoding).then(Vec::new);
        } else if bare.starts_with(b"From ") || begins(bare, "content-type:") {
            // Another mail of a folder, another part of a mail.
            self.quoted = self.headers && self.quoted;
            self.base64 = self.base64.take().filter(|_| self.headers);
            self.headers = true;
        } else if let Some(left) = self.base64.as_mut().filter(|_| !self.headers && !bare.is_empty()) {
            match base64(left, bare) {
                Some(text) => return pieces(&text, sink),
                // The next part of a mail, or none of its text.
                None => self.base64 = None,
            }
            sink.end_line();
        } else if self.quoted && !self.headers {
            // What no mailer writes is no mail's text any more: a console log may hold a mail's headers.
            self.quoted = Evidence::default().look(bare) != Some(false);
            if self.quoted {
                return text(line, sink);
            }
        }
        self.headers &= !bare.is_empty();
        sink.write(sink.source(), line);
    }
}

impl Unpack for Mail {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| self.line(line, sink))
    }
}

/// Whether `line` says that what follows is quoted-printable or base64.
pub(super) fn is_header(line: &[u8]) -> bool {
    encoding(line).is_some_and(|encoding| is_quoted(encoding) || is_base64(encoding))
}

/// `Content-Transfer-Encoding: quoted-printable`: the encoding.
fn encoding(line: &[u8]) -> Option<&[u8]> {
    const NAME: &str = "content-transfer-encoding:";
    if begins(line, NAME) { line.get(NAME.len()..).map(<[u8]>::trim_ascii) } else { None }
}

fn is_quoted(encoding: &[u8]) -> bool {
    encoding.eq_ignore_ascii_case(b"quoted-printable")
}

fn is_base64(encoding: &[u8]) -> bool {
    encoding.eq_ignore_ascii_case(b"base64")
}

fn begins(line: &[u8], start: &str) -> bool {
    line.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

/// Decodes a line.
fn text(line: &[u8], sink: &mut Sink) {
    let source = sink.source();
    let feed = line.get(trim(line).len()..).unwrap_or_default();
    let mut rest = trim(line);
    let broken = rest.ends_with(b"=") && !feed.is_empty();
    if broken {
        rest = rest.strip_suffix(b"=").unwrap_or(rest);
    }
    let mut out = Vec::with_capacity(rest.len());
    while let Some((plain, escape)) = memchr::memchr(b'=', rest).and_then(|at| rest.split_at_checked(at)) {
        out.extend_from_slice(plain);
        out.push(code(escape).unwrap_or(b'='));
        rest = escape.get(3..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    pieces(&out, sink);
    if !broken {
        sink.write(source, feed);
    }
}

/// Writes lines that are all from one of the mail.
fn pieces(text: &[u8], sink: &mut Sink) {
    let source = sink.source();
    text.split_inclusive(|&byte| byte == b'\n').for_each(|part| sink.write(source, part));
}

/// Of so many letters of a text one is no letter at most.
const FEWEST_TEXT: usize = 16;

/// What a line in base64 stands for, behind the letters that the one before has `left`; `None` where it is no text.
fn base64(left: &mut Vec<u8>, line: &[u8]) -> Option<Vec<u8>> {
    let padding = line.iter().rev().take_while(|&&c| c == b'=').count();
    let letters = line.get(..line.len() - padding).filter(|_| padding <= 2)?;
    let mut out = Vec::with_capacity(line.len());
    for &letter in letters {
        left.push(sextet(letter)?);
        if left.len() == 4 {
            out.extend(bytes(left));
            left.clear();
        }
    }
    if padding > 0 {
        out.extend(bytes(left));
        left.clear();
    }
    // A console's log has a few of others: bells, NULs of a loader.
    let is_other = |c: &&u8| **c < b' ' && !matches!(c, b'\n' | b'\r' | b'\t' | 0x1b);
    (out.iter().filter(is_other).count() * FEWEST_TEXT <= out.len()).then_some(out)
}

/// The bytes of up to four letters.
fn bytes(letters: &[u8]) -> Vec<u8> {
    let whole = letters.iter().chain(&[0; 4]).take(4).fold(0u32, |all, &six| all << 6 | u32::from(six));
    whole.to_be_bytes().iter().skip(1).take(letters.len().saturating_sub(1)).copied().collect()
}

fn sextet(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// The byte that `=3D` stands for.
fn code(escape: &[u8]) -> Option<u8> {
    let digits = escape.get(1..3)?;
    u8::try_from(text::number(digits, 16)?).ok()
}

/// What speaks for quoted-printable in a text whose headers are lost.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    escapes: usize,
    breaks: usize,
}

/// Longest line of quoted-printable.
const LINE: usize = 76;

impl Evidence {
    /// Looks at one more line. `Some` tells whether the lines so far, from the first with a `=` on, are
    /// quoted-printable; `None` that it is open.
    pub(super) fn look(&mut self, line: &[u8]) -> Option<bool> {
        // Quoted once more by who answered it.
        if text::take(line, |c| c == b'>' || c == b' ').1.len() > LINE {
            return Some(false);
        }
        for at in memchr::memchr_iter(b'=', line) {
            match line.get(at + 1..) {
                Some([]) => self.breaks += 1,
                Some([b'3', b'D', ..]) => self.escapes += 1,
                Some([b'0'..=b'9' | b'A'..=b'F', b'0'..=b'9' | b'A'..=b'F', ..]) => {}
                _ => return Some(false),
            }
        }
        (self.escapes >= 2 && self.breaks >= 2).then_some(true)
    }

    /// Whether a line had a `=`.
    pub(super) fn any(&self) -> bool {
        self.escapes + self.breaks > 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode;

    const HEAD: &str = "From: a@example.com\nContent-Transfer-Encoding: base64\nContent-Type: text/plain\n\n";

    #[test]
    fn base64_is_its_text() {
        // "[   12.345678] BUG: x\n[   12.345679]  f+0x1/0x2\n"
        let lines = "WyAgIDEyLjM0NTY3OF0gQlVHOiB4\nClsgICAxMi4zNDU2NzldICBmKzB4\nMS8weDIK\n";
        let plain = "[   12.345678] BUG: x\n[   12.345679]  f+0x1/0x2\n";
        let part = "\n--part\nContent-Type: text/plain\n\nABCD\n";
        for body in [lines.to_string(), lines.replace('\n', "") + "\n", lines.replace('\n', "\r\n")] {
            let mail = format!("{HEAD}{body}{part}");
            let decoded = format!("{HEAD}{plain}{part}");
            assert_eq!(String::from_utf8_lossy(&decode(mail.as_bytes())), decoded);
        }
        let short = format!("{HEAD}ZisweDE=\n--part--\n");
        assert_eq!(String::from_utf8_lossy(&decode(short.as_bytes())), format!("{HEAD}f+0x1\n--part--\n"));
    }

    #[test]
    fn an_attached_picture_is_no_text() {
        let mail = format!("{HEAD}iVBORw0KGgoAAAANSUhEUgAA\n[   12.345678] x\n");
        assert_eq!(String::from_utf8_lossy(&decode(mail.as_bytes())), mail);
    }
}
