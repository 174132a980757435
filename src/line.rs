//! One physical line of a log, and what stands before the kernel's own words.
//!
//! A prefix is put there by the kernel (stamp, caller, vendor block) or by whatever carried the line (`dmesg`, syslog,
//! a CI runner, a mail client). The carriers' prefixes are peeled first, layer by layer, each told by its first byte;
//! from the kernel's own stamp on only the kernel's are.

mod bytes;
mod carrier;
mod clock;
mod continued;
mod kernel;
mod learn;

use crate::text;
use bytes::blank;
pub(crate) use carrier::quoted;
use carrier::{
    Tag, brief, decoded, host, lava, login, rfc5424, skip_controls, tag, talos, threadtime, trim_colour,
    trim_returns,
};
use clock::{
    Clock, bracketed_clock, calendar, date_time, day_time, dmesg_clock, epoch, month_day_time, stream_mark,
    time,
};
pub(crate) use kernel::{Record, is_kernel_name, kmsg};
use kernel::{
    caller, cpu_behind_caller, dropped, hisilicon, is_kernel, kernel_tag, mediatek, priority, samsung, stamp,
    text_before_dropped, text_before_stamp, undated_tag, unisoc,
};
pub(crate) use learn::Shape;

/// One line of a log: where it is, what was put before it, and the kernel's text.
///
/// ```text
/// [   22.853144][   T53] general protection fault, probably for non-canonical address 0xdffffc0000000009: 0000 [#1] SMP KASAN
/// ```
///
/// The stamp and the caller are `info_print_prefix`'s (`kernel/printk/printk.c`), which puts them before every physical
/// line of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line<'a> {
    /// Offset of the line's first byte in the log.
    pub offset: usize,
    /// The whole line without its line feed and carriage returns, also those that a program has drawn (`^M`, `␍␊`).
    pub raw: &'a [u8],
    /// What was put before the text.
    pub prefix: Prefix,
    /// The text: a part of `raw`, with the leading blanks that the kernel printed (` fn+0x1/0x2`, ` #0: …`).
    pub body: &'a [u8],
}

/// Who wrote a line, as far as its prefix says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// No prefix says it.
    #[default]
    Unknown,
    /// The kernel: a printk time, level or caller, or a `kernel:` tag.
    Kernel,
    /// Another program: a syslog tag that is not `kernel`, such as `sshd[123]:`.
    Program,
}

/// The prefixes of a line, put together: several programs may each have added one.
///
/// ```text
/// Nov 22 06:12:01 host kernel: [   12.345678] usb 1-1: new high-speed USB device number 2 using dummy_hcd
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prefix {
    /// Log level, 0 (emergency) to 7 (debug), as in `<4>[   12.345678] ` (`print_syslog`).
    pub level: Option<u8>,
    /// The kernel's clock in microseconds since boot (`print_time` in `kernel/printk/printk.c`).
    pub time: Option<u64>,
    /// Who called printk (`print_caller`).
    pub caller: Option<Caller>,
    /// Who wrote the line.
    pub origin: Origin,
}

/// The context that called printk: `CONFIG_PRINTK_CALLER`, since Linux 5.1.
///
/// ```text
/// [   59.806466][ T6792] BUG: using smp_processor_id() in preemptible [00000000] code: syz-executor/6792
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Caller {
    /// A task, by its thread ID: `[  T123]`.
    Task(u32),
    /// A CPU in interrupt context: `[    C0]`.
    Cpu(u32),
}

impl<'a> Line<'a> {
    /// Reads the prefixes of a line; `raw` has no line feed.
    ///
    /// Any bytes are a line: what is no known prefix is text.
    pub fn parse(offset: usize, raw: &'a [u8]) -> Line<'a> {
        #[cfg(any(test, fuzzing))]
        LOOKS.set(LOOKS.get() + 1);
        let end = trim_returns(raw);
        let mut peeler = Peeler { rest: end, prefix: Prefix::default(), tagged: false };
        peeler.peel();
        Line { offset, raw: end, prefix: peeler.prefix, body: trim_colour(peeler.rest) }
    }

    /// How many lines this thread has read: what is slow reads the same ones again and again. Not in normal builds.
    #[cfg(any(test, fuzzing))]
    #[doc(hidden)]
    pub fn looks() -> u64 {
        LOOKS.get()
    }
}

#[cfg(any(test, fuzzing))]
thread_local! {
    static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// How many carriers' prefixes may stand on one line; real logs have up to four.
const MAX_LAYERS: usize = 16;

/// A line while its prefixes are taken off.
struct Peeler<'a> {
    rest: &'a [u8],
    prefix: Prefix,
    /// A syslog tag was read: none is looked for behind the printk stamp.
    tagged: bool,
}

impl<'a> Peeler<'a> {
    fn peel(&mut self) {
        self.late_level();
        for _ in 0..MAX_LAYERS {
            if !self.carrier() {
                break;
            }
        }
        if self.prefix.origin == Origin::Unknown
            && let Some(rest) = text_before_stamp(self.rest)
        {
            self.rest = rest;
            self.bracket();
        }
        if self.prefix.origin == Origin::Kernel {
            self.kernel();
        }
    }

    /// Up to Linux 2.6.35 a level may stand behind what was printed without a line feed:
    /// ` <0>Kernel panic - not syncing: …`
    fn late_level(&mut self) {
        let rest = skip_controls(self.rest).unwrap_or(self.rest);
        let inner = text::skip_blanks(rest);
        if inner.len() < rest.len()
            && let Some((level, text)) = kernel::priority(inner)
            && text.first().is_some_and(u8::is_ascii_uppercase)
        {
            (self.prefix.level, self.rest) = (Some(level), text);
        }
    }

    /// Takes one prefix off; false when no carrier's prefix can follow.
    fn carrier(&mut self) -> bool {
        match self.rest.first() {
            Some(b'[') => self.bracket(),
            Some(b'<') => self.level(),
            Some(b'0'..=b'9') => self.number(),
            Some(b'A'..=b'Z' | b'a'..=b'z' | b'(' | 0x80..=0xee) => self.word(),
            Some(b' ' | b'\t') => {
                // Pasted into a mail or a bug tracker with an indent of its own.
                let text = text::skip_blanks(self.rest);
                (is_kernel(text) || is_carried(text)) && self.set(Some(text))
            }
            Some(b'>') => self.set(quoted(self.rest)),
            Some(b'*') => self.dropped(),
            Some(b'-' | b'{') => self.set(lava(self.rest)),
            Some(0..0x20 | 0xef) => self.set(skip_controls(self.rest)),
            _ => false,
        }
    }

    /// Goes on with `rest`, if there is one.
    fn set(&mut self, rest: Option<&'a [u8]>) -> bool {
        if let Some(rest) = rest {
            self.rest = rest;
        }
        rest.is_some()
    }

    /// Goes on with `rest`, known to be the kernel's.
    fn set_kernel(&mut self, rest: &'a [u8]) {
        self.prefix.origin = Origin::Kernel;
        self.rest = rest;
    }

    /// What the kernel itself puts before its text: `[   12.345678][   T12] `, `<4>`, vendors' task blocks.
    fn kernel(&mut self) {
        loop {
            let more = match self.rest {
                [b'[', ..] => self.caller() || self.stamp(),
                [b'<', n @ b'0'..=b'7', b'>', rest @ ..] => {
                    self.prefix.level = Some(n - b'0');
                    self.set(Some(rest))
                }
                [0x1b, ..] => self.set(skip_controls(self.rest)),
                _ => false,
            };
            if !more {
                break;
            }
        }
        let task = match self.rest.first() {
            Some(b' ' | b'.' | b'-' | b'*' | b'(') => mediatek(self.rest).or_else(|| samsung(self.rest)),
            Some(b'[') => samsung(self.rest).or_else(|| hisilicon(self.rest)),
            Some(b'C') if self.prefix.caller.is_some() => {
                self.set(cpu_behind_caller(self.rest));
                None
            }
            Some(b'A'..=b'Z') => samsung(self.rest),
            Some(b'c') => unisoc(self.rest),
            _ => None,
        };
        if let Some((pid, rest)) = task {
            self.prefix.caller = self.prefix.caller.or(Some(Caller::Task(pid)));
            self.rest = rest;
        } else if !self.tagged && self.prefix.caller.is_none() && may_have_tag(self.rest) {
            // `journalctl -o short-monotonic` writes a printk-like stamp before its `host kernel: `.
            self.tag(false);
        }
    }

    fn stamp(&mut self) -> bool {
        let Some((time, rest)) = stamp(self.rest) else {
            return false;
        };
        // A stamp in a stamp is the log of an earlier kernel; `[1.5] ` there is text.
        if self.prefix.time.is_some() && self.rest.len() - rest.len() < "[   12.345678]".len() {
            return false;
        }
        self.prefix.time = Some(time);
        self.set_kernel(rest);
        true
    }

    fn caller(&mut self) -> bool {
        let Some((caller, rest)) = caller(self.rest) else {
            return false;
        };
        self.prefix.caller = Some(caller);
        self.set_kernel(rest);
        true
    }

    /// `[   12.345678] `, `[    T1] ` (printk.time=0), dmesg's other clocks, and the CI runners' bracketed ones.
    fn bracket(&mut self) -> bool {
        if self.stamp() || self.caller() {
            return false;
        }
        if let Some(rest) = dmesg_clock(self.rest) {
            self.set_kernel(rest);
            return false;
        }
        self.set(bracketed_clock(self.rest))
    }

    /// `<4>`, `<12>` with a facility in it, and the head of RFC 5424 behind it.
    fn level(&mut self) -> bool {
        let Some((priority, rest)) = priority(self.rest) else {
            return false;
        };
        self.prefix.level = Some(priority);
        self.set_kernel(rest);
        let Some((app, rest)) = rfc5424(rest) else {
            return true;
        };
        self.apply(Tag { kernel: is_kernel_name(app), level: None, rest });
        false
    }

    /// `/dev/kmsg` records and the clocks that begin with a digit.
    fn number(&mut self) -> bool {
        if let Some(record) = kmsg(self.rest) {
            self.prefix.level = Some(record.level());
            self.prefix.time = Some(record.time);
            self.prefix.caller = record.caller;
            self.tagged = true;
            self.set_kernel(record.rest);
            return false;
        }
        if let Some((clock, rest)) = date_time(self.rest) {
            let Some(rest) = blank(rest) else {
                return false;
            };
            if clock == Clock::Dmesg {
                self.set_kernel(rest);
                return false;
            }
            self.rest = stream_mark(rest).unwrap_or(rest);
            return !self.threadtime() && !self.tag(clock == Clock::Offset);
        }
        if let Some(rest) = month_day_time(self.rest) {
            self.rest = rest;
            return !self.threadtime();
        }
        let dated = epoch(self.rest).or_else(|| calendar(self.rest)).or_else(|| day_time(self.rest));
        if let Some(rest) = dated.and_then(blank) {
            self.rest = rest;
            return !self.tag(true);
        }
        let Some(rest) = time(self.rest).and_then(|(_, rest)| blank(rest)) else {
            return false;
        };
        self.rest = rest;
        // Whoever pasted it has cut the date off.
        let tagged = host(rest).and_then(kernel_tag);
        if let Some(rest) = tagged {
            self.apply(Tag { kernel: true, level: None, rest });
        }
        tagged.is_none()
    }

    /// What begins with a letter: dates of syslog, `dmesg -x`, a login prompt, a tag without a date, `logcat -v brief`.
    fn word(&mut self) -> bool {
        if let Some(rest) = calendar(self.rest).and_then(blank) {
            self.rest = rest;
            return !self.tag(true);
        }
        if let Some((facility, level, rest)) = decoded(self.rest).or_else(|| talos(self.rest)) {
            self.prefix.level = Some(level);
            self.rest = rest;
            if facility == b"kern" {
                self.prefix.origin = Origin::Kernel;
            }
            return true;
        }
        let tagged =
            undated_tag(self.rest).or_else(|| kernel_tag(host(self.rest)?).filter(|rest| is_kernel(rest)));
        if let Some(rest) = tagged {
            self.apply(Tag { kernel: true, level: None, rest });
            return false;
        }
        if let Some((level, rest)) = brief(self.rest) {
            self.apply(Tag { kernel: true, level: Some(level), rest });
            return false;
        }
        self.set(login(self.rest).or_else(|| text_before_dropped(self.rest)))
    }

    /// `** 143 printk messages dropped ** ` glued in front of a line; alone it is the kernel's text itself.
    fn dropped(&mut self) -> bool {
        let Some(rest) = dropped(self.rest).filter(|rest| !rest.is_empty()) else {
            return false;
        };
        self.set_kernel(rest);
        true
    }

    /// Reads the middle of a logcat line, behind its clock.
    fn threadtime(&mut self) -> bool {
        let tag = threadtime(self.rest);
        if let Some(tag) = tag {
            self.apply(tag);
        }
        tag.is_some()
    }

    /// Reads `host kernel: ` or `host sshd[123]: `. Without `bare` only a tag that no text of the kernel looks like.
    fn tag(&mut self, bare: bool) -> bool {
        let tag = tag(self.rest, bare);
        if let Some(tag) = tag {
            self.apply(tag);
        }
        tag.is_some()
    }

    fn apply(&mut self, tag: Tag<'a>) {
        self.prefix.origin = if tag.kernel { Origin::Kernel } else { Origin::Program };
        self.prefix.level = tag.level.or(self.prefix.level);
        self.tagged = true;
        self.rest = tag.rest;
    }
}

/// Whether what is indented begins with a carrier's date or level: `    2026-11-22T06:12:01.123456  kern  :alert : …` in
/// KernelCI's mails.
fn is_carried(b: &[u8]) -> bool {
    match b.first() {
        Some(b'0'..=b'9') => date_time(b).is_some(),
        Some(b'a'..=b'z') => decoded(b).is_some() || calendar(b).is_some(),
        Some(b'A'..=b'Z') => calendar(b).is_some(),
        _ => false,
    }
}

/// Whether a tag may stand behind a stamp, `host kernel: ` or `host sshd[123]: `: most text has no such colon.
fn may_have_tag(text: &[u8]) -> bool {
    memchr::memchr(b':', text).is_some_and(|colon| {
        let (before, behind) = (text.get(..colon).unwrap_or_default(), text.get(colon + 1));
        behind != Some(&b' ')
            || before.ends_with(b"]")
            || before.ends_with(b"kernel")
            || before.ends_with(b"KERNEL")
    })
}

#[cfg(test)]
#[path = "tests/line.rs"]
mod tests;
