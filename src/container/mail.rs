//! Mails in quoted-printable (RFC 2045): `=3D` for `=`, and lines of 76 bytes, broken by a `=` at their end.

use super::sink::Sink;
use super::unpack::{Unpack, lines, trim};
use crate::text;

#[derive(Debug)]
pub(super) struct Mail {
    headers: bool,
    /// Whether the text that is read, or follows on the headers, is quoted-printable.
    quoted: bool,
}

impl Mail {
    /// Begins with a mail's headers, or with its text.
    pub(super) fn new(text: bool) -> Mail {
        Mail { headers: !text, quoted: text }
    }

    fn line(&mut self, line: &[u8], sink: &mut Sink) {
        let bare = trim(line);
        if let Some(encoding) = encoding(bare) {
            self.headers = true;
            self.quoted = is_quoted(encoding);
        } else if bare.starts_with(b"From ") || begins(bare, "content-type:") {
            // Another mail of a folder, another part of a mail.
            self.quoted = self.headers && self.quoted;
            self.headers = true;
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

/// Whether `line` says that what follows is quoted-printable.
pub(super) fn is_header(line: &[u8]) -> bool {
    encoding(line).is_some_and(is_quoted)
}

/// `Content-Transfer-Encoding: quoted-printable`: the encoding.
fn encoding(line: &[u8]) -> Option<&[u8]> {
    const NAME: &str = "content-transfer-encoding:";
    if begins(line, NAME) { line.get(NAME.len()..).map(<[u8]>::trim_ascii) } else { None }
}

fn is_quoted(encoding: &[u8]) -> bool {
    encoding.eq_ignore_ascii_case(b"quoted-printable")
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
    for (nth, part) in out.split(|&byte| byte == b'\n').enumerate() {
        if nth > 0 {
            sink.write(source, b"\n");
        }
        sink.write(source, part);
    }
    if !broken {
        sink.write(source, feed);
    }
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
