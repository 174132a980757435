//! A log with escapes inside the kernel's text: `dmesg --color=always` paints the subsystem and the message
//! (`print_record` in util-linux' `dmesg.c`), `grep --color=always` what it has found.
//!
//! ```text
//! ESC[32m[   12.345678] ESC[0mESC[33mWARNING: ESC[0mCPU: 3 PID: 112 at …
//! ```
//!
//! A program may have shown the escape in letters, or dropped it: `^[[32m`, `ESC[32m`, `[32m`. A screen that was drawn
//! line by line has moves of the cursor, `ESC[12;1H`, for line feeds.

use super::sink::Sink;
use super::unpack::{Unpack, lines};
use crate::line::{Line, Origin};
use crate::text;

/// How `grep` begins what it has found.
const FOUND: &str = "\x1b[01;31m\x1b[K";

/// How the beginning of a sequence is written.
const INTROS: &[&str] =
    &["\x1b[", "^[[", "ESC[", "<ESC>[", "\u{241b}[", "\\e[", "\\033[", "\\x1b[", "\\u001b[", "["];

/// So many lines must be drawn on one.
const LEAST_DRAWN: usize = 3;

#[derive(Debug)]
pub(super) struct Colour {
    /// How its sequences begin.
    intro: &'static str,
}

impl Colour {
    pub(super) fn new(intro: &'static str) -> Colour {
        Colour { intro }
    }
}

impl Unpack for Colour {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| {
            let source = sink.source();
            for part in plain(line, self.intro).split_inclusive(|&c| c == b'\n') {
                sink.write(source, part);
            }
        })
    }
}

/// How the sequences begin on a line that only a program that paints the kernel's lines writes.
pub(super) fn painted(line: &[u8]) -> Option<&'static str> {
    if line.first() == Some(&0x1b) || memchr::memchr(0x1b, line).is_some() {
        return (is_painted(line) || is_drawn(line)).then_some("\x1b[");
    }
    let intro = INTROS.iter().find(|intro| text::begins(line, intro) && behind(line, intro).is_some())?;
    let is_kernels = |line: &[u8]| Line::parse(0, line).prefix.origin == Origin::Kernel;
    is_kernels(&plain(line, intro)).then_some(*intro)
}

fn is_painted(line: &[u8]) -> bool {
    if line.first() != Some(&0x1b) {
        return memchr::memchr(0x1b, line)
            .is_some_and(|at| line.get(at..).is_some_and(|rest| rest.starts_with(FOUND.as_bytes())))
            && Line::parse(0, line).prefix.origin == Origin::Kernel;
    }
    let read = Line::parse(0, line);
    read.prefix.origin == Origin::Kernel && memchr::memchr(0x1b, read.body).is_some()
}

/// Whether several lines of the kernel's were drawn where a line has room for one.
fn is_drawn(line: &[u8]) -> bool {
    let drawn = memchr::memchr_iter(0x1b, line).filter(|&at| {
        let text = line.get(at..).and_then(|rest| behind(rest, "\x1b["));
        text.is_some_and(|(text, moves)| moves && text::begins(text, "[") && is_stamped(text))
    });
    drawn.take(LEAST_DRAWN).count() == LEAST_DRAWN
}

fn is_stamped(text: &[u8]) -> bool {
    let start = text.get(.."[123456.123456] ".len()).unwrap_or(text);
    Line::parse(0, start).prefix.origin == Origin::Kernel
}

/// A line without its sequences.
fn plain(line: &[u8], intro: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(line.len()), line);
    let first = intro.as_bytes().first().copied().unwrap_or_default();
    while let Some((plain, escape)) = memchr::memchr(first, rest).and_then(|at| rest.split_at_checked(at)) {
        out.extend_from_slice(plain);
        rest = match behind(escape, intro) {
            Some((after, moves)) => {
                if moves && !out.is_empty() {
                    out.push(b'\n');
                }
                after
            }
            None => {
                out.push(first);
                escape.get(1..).unwrap_or_default()
            }
        };
    }
    out.extend_from_slice(rest);
    out
}

/// What is behind a sequence that sets colours, clears to the end of the line, or moves the cursor to the beginning of one;
/// whether it is the last.
fn behind<'a>(escape: &'a [u8], intro: &str) -> Option<(&'a [u8], bool)> {
    let inside = escape.strip_prefix(intro.as_bytes())?;
    let (numbers, rest) = text::take(inside, |c| c.is_ascii_digit() || c == b';');
    match rest {
        // In letters alone, `[m]` may be any text.
        [b'm', rest @ ..] if intro.len() > 1 || !numbers.is_empty() => Some((rest, false)),
        [b'K', rest @ ..] if intro.len() > 1 => Some((rest, false)),
        [b'H', rest @ ..] if numbers.ends_with(b";1") || numbers.is_empty() => {
            (intro.len() > 1).then_some((rest, true))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode;

    #[test]
    fn the_text_is_as_the_kernel_printed_it() {
        let dmesg = "$ dmesg -L=always\n\
            \x1b[32m[   12.345678] \x1b[0m\x1b[33mWARNING: \x1b[0mCPU: 4 PID: 1214 at x.c:1 f+0x1/0x2\n\
            \x1b[32m[   12.345679] \x1b[0m\x1b[1mModules linked in: x\x1b[0m\n\
            \x1b[32m[   12.345680] \x1b[0m fn+0x1/0x2\n\x1b7 \x1b[31";
        let plain = "$ dmesg -L=always\n\
            [   12.345678] WARNING: CPU: 4 PID: 1214 at x.c:1 f+0x1/0x2\n\
            [   12.345679] Modules linked in: x\n\
            [   12.345680]  fn+0x1/0x2\n\x1b7 \x1b[31";
        assert_eq!(String::from_utf8_lossy(&decode(dmesg.as_bytes())), plain);
        let grep = "[   12.345678] \x1b[01;31m\x1b[KBUG\x1b[m\x1b[K: x\n\x1b[36m\x1b[K--\x1b[m\x1b[K\n";
        assert_eq!(decode(grep.as_bytes()).as_ref(), b"[   12.345678] BUG: x\n--\n");
    }

    #[test]
    fn a_console_that_programs_paint_stays_as_it_is() {
        for log in [
            "[   12.345678] x\n[\x1b[0;32m  OK  \x1b[0m] Started x.\n[   12.345679] y\n",
            "\x1b[0m\x1b[?2004h[   12.345678] x\x1b[0m\n",
            "\x1b[32m[   12.345678] \x1b[0mx\n",
            "\x1b[1mls\x1b[0m \x1b[01;31m\x1b[Kx\x1b[m\x1b[K\n",
            "[  OK  ] Started x.\n[12m[x\n^[[Als\n",
        ] {
            assert_eq!(decode(log.as_bytes()), log.as_bytes());
        }
    }

    #[test]
    fn escapes_in_letters_are_escapes() {
        for intro in ["^[[", "ESC[", "\u{241b}[", "\\e[", "\\033[", "\\x1b[", "["] {
            let log = "E32m[   12.345678] E0mE31mBUG: xE0m\nE32m[   12.345679] E0m f+0x1/0x2 [m]\n"
                .replace('E', intro);
            let plain = "[   12.345678] BUG: x\n[   12.345679]  f+0x1/0x2 [m]\n";
            assert_eq!(String::from_utf8_lossy(&decode(log.as_bytes())), plain);
        }
    }

    #[test]
    fn a_screen_that_was_drawn_has_lines() {
        let log = "\x1b[1;1H[   12.345678] a\x1b[2;1H[   12.345679] b\x1b[3;1H[   12.345680] c\n";
        let plain = "[   12.345678] a\n[   12.345679] b\n[   12.345680] c\n";
        assert_eq!(String::from_utf8_lossy(&decode(log.as_bytes())), plain);
        let one = "\x1b[24;1H[   12.345678] a\n";
        assert_eq!(decode(one.as_bytes()), one.as_bytes());
    }
}
