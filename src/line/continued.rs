//! The rest of a record that has several lines.
//!
//! A console puts a stamp before each line of a record. Who reads the kernel's buffer prints it once, and the rest under
//! the text, as far to the right as that begins (`safe_fwrite` in util-linux' `dmesg.c`, `print_multiline` in systemd's
//! `logs-show.c`, `dump_log_entry` of crash), or at column 0 (`vmcore-dmesg`, older `dmesg`):
//!
//! ```text
//! [   61.100000] rust_kernel: panicked at drivers/demo.rs:25:9:
//!                called `Option::unwrap()` on a `None` value
//! [   61.100004]
//! but task is already holding lock:
//! ```

use super::{Line, Origin};
use crate::text;

/// A prefix that is narrower is no stamp: blanks of that width may be the text's.
const LEAST_WIDTH: usize = 6;

/// Beginnings of what stands behind a line feed within a record.
#[rustfmt::skip]
const INSIDE: &[&str] = &[
    // kernel/locking/lockdep.c
    "but task is already holding lock:", "which lock already depends on the new lock.",
    "the existing dependency chain (in reverse order) is:", "-> #", "other info that might help us debug this:",
    "stack backtrace:", "and this task is already holding:", "but this new dependency connects a",
    "... which became ", "to a SOFTIRQ-irq-unsafe lock:", "to a HARDIRQ-irq-unsafe lock:", "to a RECLAIM_FS-irq-unsafe lock:",
    "the dependencies between ", "the shortest dependencies between ", "and interrupts could create inverse lock ordering",
    "marked lock as {", "but this task is not holding:", "but there are no more locks to release!",
    "Showing all locks held in the system:", "new class ", "acquire class ", "rcu_scheduler_active = ",
    " Possible unsafe locking scenario:", " Possible interrupt unsafe locking scenario:", " *** DEADLOCK ***",
    " May be due to missing lock nesting notation",
    // print_address_description and describe_object_addr, mm/kasan/report.c
    " which belongs to the cache ", " which belongs to the physical page:",
    // show_registers and show_code, arch/s390/kernel
    "           R:", "           #", "           >",
    // show_regs, arch/powerpc/kernel/process.c
    "GPR0", "GPR1", "GPR2", "NIP [", "CFAR: ", "DAR: ", "PACATMSCRATCH: ",
];

impl<'a> Line<'a> {
    /// A line that follows this one, as the rest of the same record: with this one's prefix, and the text that the
    /// kernel printed. `None` where it has a prefix of its own, or nothing tells that it belongs to a record: programs
    /// write to a console as well.
    pub(crate) fn goes_on<'b>(&self, offset: usize, raw: &'b [u8]) -> Option<Line<'b>> {
        if self.prefix.origin != Origin::Kernel {
            return None;
        }
        let line = Line::parse(offset, raw);
        let own = line.prefix != Default::default() || line.body.trim_ascii().is_empty();
        // What `parse` took off as a carrier's is text of the record.
        let body = if own { None } else { self.rest(line.raw) }?;
        Some(Line { prefix: self.prefix, body, ..line })
    }

    /// The same where a carrier's prefix stands before all that `dmesg` printed: `web_1  | ` before the indented text as well.
    pub(crate) fn carries_on<'b>(&self, line: &Line<'b>) -> Option<Line<'b>> {
        if self.prefix.time.is_none() || line.prefix.time.is_some() {
            return None;
        }
        let body = self.under(line.raw).filter(|_| self.carried(line.raw) > 0)?;
        Some(Line { prefix: self.prefix, body, ..*line })
    }

    /// How many bytes of what stands before this line's text another one begins with, numbers and the last blanks apart.
    fn carried(&self, raw: &[u8]) -> usize {
        let is_like =
            |(one, other): &(&u8, &u8)| one == other || one.is_ascii_digit() && other.is_ascii_digit();
        let shared = self.before().iter().zip(raw).take_while(is_like).count();
        raw.get(..shared).unwrap_or_default().trim_ascii_end().len()
    }

    /// What stands before this line's text.
    fn before(&self) -> &'a [u8] {
        let start = (self.body.as_ptr() as usize).saturating_sub(self.raw.as_ptr() as usize);
        self.raw.get(..start).unwrap_or_default()
    }

    /// The text of a line that has blanks where this one has a stamp, behind what carries both.
    fn under<'b>(&self, raw: &'b [u8]) -> Option<&'b [u8]> {
        let shared = self.carried(raw);
        let raw = raw.get(shared..)?;
        let before = self.before().get(shared..)?;
        let (blanks, _) = text::take(raw, |c| c == b' ');
        // Bytes or columns, by the program.
        let columns = before.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        let width = if blanks.len() < before.len() { columns } else { before.len() };
        raw.get(width..).filter(|_| width >= LEAST_WIDTH && blanks.len() >= width)
    }

    /// The text of the rest of this line's record.
    fn rest<'b>(&self, raw: &'b [u8]) -> Option<&'b [u8]> {
        if let Some(text) = self.under(raw) {
            return Some(text);
        }
        let inside = INSIDE.iter().any(|start| text::begins(raw, start));
        (inside || self.is_rust_panic() || is_row(raw) || is_region(raw)).then_some(raw)
    }

    /// `rust_kernel: panicked at drivers/demo.rs:25:9:`, with the message behind a line feed since Rust 1.73 (`panic` in
    /// `rust/kernel/lib.rs` prints `PanicInfo`).
    fn is_rust_panic(&self) -> bool {
        self.body.starts_with(b"rust_kernel: panicked at ") && self.body.ends_with(b":")
    }
}

/// Registers and code of s390, under `Krnl GPRS: ` and `Krnl Code: `: eleven blanks and sixteen digits.
fn is_row(raw: &[u8]) -> bool {
    let (blanks, rest) = text::take(raw, |c| c == b' ');
    blanks.len() == 11 && text::take(rest, |c| c.is_ascii_hexdigit()).0.len() == 16
}

/// ` 128-byte region [ffff88810b7d1c00, ffff88810b7d1c80)`, ` freed 128-byte region [` (`describe_object_addr`).
fn is_region(raw: &[u8]) -> bool {
    let Some(rest) = raw.strip_prefix(b" ") else { return false };
    let size = text::take(rest, |c| c.is_ascii_lowercase() || c == b' ').1;
    text::take(size, |c| c.is_ascii_digit()).1.starts_with(b"-byte region [")
}

#[cfg(test)]
mod tests {
    use super::super::Line;

    /// The text of `next` as the rest of `line`'s record.
    fn rest<'b>(line: &str, next: &'b str) -> Option<&'b str> {
        let line = Line::parse(0, line.as_bytes());
        let next = line.goes_on(7, next.as_bytes())?;
        assert_eq!((next.offset, next.prefix), (7, line.prefix));
        std::str::from_utf8(next.body).ok()
    }

    #[test]
    fn under_the_text_all_of_it_is() {
        for prefix in [
            "[   61.100000] ",
            "[   61.100000][   T12] ",
            "kern  :warn  : [   61.100000] ",
            "[Mon Nov 22 06:12:01 2026] ",
            "[  +0,000012] ",
            "Nov 22 06:12:01 host kernel: ",
            "Mon 2026-11-22 06:12:01 CEST host kernel[n/a]: ",
            "июл 27 14:08:03 laptop kernel: ",
        ] {
            let line = format!("{prefix}basalt 0000:03:00.0: ring state differs");
            for text in
                ["head 0x1a tail 0x1f", " which belongs to the cache", "   deeper", "-> #1 (&x){+.+.}:"]
            {
                for width in [prefix.len(), prefix.chars().count()] {
                    let next = format!("{}{text}", " ".repeat(width));
                    if width == prefix.len() || !text.starts_with(' ') {
                        assert_eq!(
                            rest(&line, &next).map(str::trim_start),
                            Some(text.trim_start()),
                            "{next:?}"
                        );
                    }
                }
                let next = format!("{}{text}\r", " ".repeat(prefix.len()));
                assert_eq!(rest(&line, &next), Some(text), "{next:?}");
            }
        }
    }

    #[test]
    fn at_column_zero_what_stands_within_a_record_is() {
        let line = "[   61.100000] ";
        for next in [
            "but task is already holding lock:",
            "-> #1 (&hd->cfg_mutex){+.+.}-{3:3}:",
            " *** DEADLOCK ***",
            "... which became HARDIRQ-irq-safe at:",
            " which belongs to the cache kmalloc-128 of size 128",
            " freed 128-byte region [ffff88810b7d1c00, ffff88810b7d1c80)",
            " 8-byte region [ffff88810b7d1c00, ffff88810b7d1c08)",
            "           000003ffc43c8188 000003ffe0a12d71 000003ff59426e21 000003ffc0a8c0d9",
            "           R:0 T:1 IO:1 EX:1 Key:0 M:1 W:0 P:0 AS:3 CC:1 PM:0 RI:0 EA:3",
            "           #000003fee0011ea0: e54c00040002 mvhi 4(%r15),2",
            "GPR04: c000000003f3fbd0 c000000000a1b2c4",
        ] {
            assert_eq!(rest(line, next), Some(next));
            assert_eq!(rest("syzkaller: x", next), None, "behind another program's line");
        }
        let panic = "[   61.100000] rust_kernel: panicked at drivers/demo.rs:25:9:";
        assert_eq!(rest(panic, "attempt to add with overflow"), Some("attempt to add with overflow"));
    }

    #[test]
    fn a_line_of_its_own_is_not() {
        let line = "[   61.100000] x";
        for next in [
            "",
            "               ",
            "[   61.100004] -> #1 (&x){+.+.}:",
            "<4>stack backtrace:",
            "Nov 22 06:12:01 host sshd[12]: x",
            "executing program 3:",
            "root@syzkaller:~# ls",
            "  indented by a program",
            " fn+0x1/0x2",
            "region [1, 2)",
            "           0000",
            "Rebooting in 5 seconds..",
        ] {
            assert_eq!(rest(line, next), None, "{next:?}");
        }
    }

    #[test]
    fn behind_what_carries_all_lines_the_rest_is() {
        for carrier in ["web_1  | ", "larder$ ", "    ", "12:04:07 <carol> "] {
            let line = format!("{carrier}[   61.100000] x");
            let next = format!("{carrier}               but task is already holding lock:")
                .replace("04:07", "04:08");
            let prefix = Line::parse(0, b"[   61.100000] x").prefix;
            let (raw, body) = (line.as_bytes(), &line.as_bytes()[line.len() - 1..]);
            let line = Line { offset: 0, raw, prefix, body };
            let read = Line { offset: 7, raw: next.as_bytes(), prefix: Default::default(), body: b"" };
            let rest = line.goes_on(7, read.raw).or_else(|| line.carries_on(&read)).unwrap();
            assert_eq!(rest.body, b"but task is already holding lock:", "{next}");
        }
    }

    /// The rest is told as well where the line before is the rest itself.
    #[test]
    fn the_third_line_follows_the_second() {
        let first = Line::parse(0, b"[   61.100000] a");
        let second = first.goes_on(17, b"               b").unwrap();
        let third = second.goes_on(34, b"                c").unwrap();
        assert_eq!(third.body, b" c");
        let coloured = Line::parse(0, b"[   61.100000] a\x1b[0m");
        assert_eq!(coloured.goes_on(17, b"               b").map(|line| line.body), Some(&b"b"[..]));
    }
}
