//! A log with escapes inside the kernel's text: `dmesg --color=always` paints the subsystem and the message
//! (`print_record` in util-linux' `dmesg.c`), `grep --color=always` what it has found.
//!
//! ```text
//! ESC[32m[   12.345678] ESC[0mESC[33mWARNING: ESC[0mCPU: 3 PID: 112 at …
//! ```

use super::sink::Sink;
use super::unpack::{Unpack, lines};
use crate::line::{Line, Origin};
use crate::text;

/// How `grep` begins what it has found.
const FOUND: &str = "\x1b[01;31m\x1b[K";

#[derive(Debug)]
pub(super) struct Colour;

impl Unpack for Colour {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        lines(input, end, sink, |line, sink| {
            let source = sink.source();
            let mut rest = line;
            while let Some((plain, escape)) =
                memchr::memchr(0x1b, rest).and_then(|at| rest.split_at_checked(at))
            {
                sink.write(source, plain);
                rest = behind(escape).unwrap_or_else(|| {
                    sink.write(source, b"\x1b");
                    escape.get(1..).unwrap_or_default()
                });
            }
            sink.write(source, rest);
        })
    }
}

/// Whether only a program that paints the kernel's lines writes such a one.
pub(super) fn is_painted(line: &[u8]) -> bool {
    if line.first() != Some(&0x1b) {
        return memchr::memchr(0x1b, line)
            .is_some_and(|at| line.get(at..).is_some_and(|rest| rest.starts_with(FOUND.as_bytes())))
            && Line::parse(0, line).prefix.origin == Origin::Kernel;
    }
    let read = Line::parse(0, line);
    read.prefix.origin == Origin::Kernel && memchr::memchr(0x1b, read.body).is_some()
}

/// What is behind a sequence that sets colours or clears to the end of the line.
fn behind(escape: &[u8]) -> Option<&[u8]> {
    let rest = text::take(escape.strip_prefix(b"\x1b[")?, |c| c.is_ascii_digit() || c == b';').1;
    rest.strip_prefix(b"m").or_else(|| rest.strip_prefix(b"K"))
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
        ] {
            assert_eq!(decode(log.as_bytes()), log.as_bytes());
        }
    }
}
