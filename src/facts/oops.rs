//! The line that `die()` prints of each CPU: what happened in the kernel's own words.

use crate::text;

/// What `die()` says.
///
/// ```text
/// Internal error: synchronous external abort: 0000000096000010 [#1]  SMP
/// Internal error: Oops - undefined instruction: 0 [#1] SMP ARM
/// Oops: Kernel access of bad area, sig: 11 [#1]
/// illegal operation: 0001 ilc:1 [#1]SMP
/// Oops - load access fault [#1]
/// insmod(905): Oops [#1]
/// Oops: 0002 [1] SMP
/// ```
///
/// Printed by `die` and `__die` of `arch/*/kernel/traps.c` and the like; the last but one by `die_if_kernel` of sparc, the last
/// by x86_64 up to Linux 2.6.24.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Oops<'a> {
    /// The words: `synchronous external abort`, `Kernel access of bad area`, `Oops`; `None` if they are empty.
    pub what: Option<&'a [u8]>,
    /// The number behind them: the error code of x86, the syndrome of arm64, the fault status of arm, the interruption
    /// code of s390.
    pub code: Option<u64>,
    /// The signal that a program would get, of powerpc and others.
    pub signal: Option<u32>,
    /// Half-words of the instruction, of s390.
    pub ilc: Option<u32>,
    /// Which oops of this boot it is, from 1.
    pub number: u32,
    /// What the kernel was built with: `PREEMPT SMP KASAN NOPTI`.
    pub build: &'a [u8],
}

/// Longest line with it.
const MAX_LINE: usize = 256;

impl<'a> Oops<'a> {
    /// Reads the line; `None` if it is something else.
    pub fn parse(body: &'a [u8]) -> Option<Oops<'a>> {
        let (at, rest, number) = counter(body.get(..MAX_LINE).unwrap_or(body))?;
        let build = body.get(rest..)?.trim_ascii();
        let is_build =
            |&b: &u8| b.is_ascii_uppercase() || matches!(b, b' ' | b'_' | b':' | b'-' | b'(' | b')');
        // `PREEMPT(full)`, `PREEMPT_{RT,(full)}`, `THUMB2`, and all of it behind a colon on mips
        let letters =
            build.iter().all(|b| is_build(b) || b.is_ascii_alphanumeric() || matches!(b, b'{' | b'}' | b','));
        if !letters || build.iter().take(2).any(|b| !is_build(b)) {
            return None;
        }
        let mut what = behind_task(body.get(..at)?.trim_ascii());
        let (ilc, signal) = (number_behind(&mut what, " ilc:"), number_behind(&mut what, ", sig: "));
        let signal = signal.or_else(|| number_behind(&mut what, ": sig: "));
        let code = memchr::memrchr(b':', what).and_then(|colon| {
            let digits = what.get(colon + 1..)?.trim_ascii();
            let code = text::number(digits, 16)?;
            what = what.get(..colon)?;
            Some(code)
        });
        let what = what.strip_prefix(b"Internal error: ").unwrap_or(what).trim_ascii();
        let what = what.strip_suffix(b":").unwrap_or(what);
        // Since Linux 6.10 x86 says `Oops: general protection fault, …: 0000 [#1]`.
        let what = what.strip_prefix(b"Oops: ").unwrap_or(what);
        let what = if what == b"Internal error" { &[][..] } else { what };
        let build = build.strip_prefix(b":").unwrap_or(build).trim_ascii();
        Some(Oops { what: Some(what).filter(|what| !what.is_empty()), code, signal, ilc, number, build })
    }
}

/// Where the number of an oops stands, where what follows it begins, and the number: `[#1]`; up to Linux 2.6.24 x86_64 prints
/// `Oops: 0002 [1] SMP`, which nothing but the four digits before tells from other brackets.
fn counter(body: &[u8]) -> Option<(usize, usize, u32)> {
    let in_brackets = |at: usize, digits: usize| {
        let (rest, number) = text::dec_u32(body.get(digits..)?).ok()?;
        let rest = rest.strip_prefix(b"]")?;
        Some((at, body.len() - rest.len(), number))
    };
    memchr::memchr(b'[', body)?;
    if let Some(at) = text::find(body, "[#") {
        return in_brackets(at, at + 2);
    }
    let at = text::find(body, " [")?;
    let code = body.get(at.checked_sub(6)?..at)?.strip_prefix(b": ")?;
    code.iter().all(u8::is_ascii_hexdigit).then(|| in_brackets(at, at + 2))?
}

/// What is behind the task that sparc names first: `insmod(905): Oops [#1]` (`die_if_kernel` in `arch/sparc/kernel/traps_64.c`).
fn behind_task(what: &[u8]) -> &[u8] {
    let task = || {
        let at = text::find(what, "): ")?;
        let (before, pid) = what.split_at_checked(memchr::memrchr(b'(', what.get(..at)?)?)?;
        let is_task = (1..=MAX_COMM).contains(&before.len())
            && text::number(pid.get(1..at - before.len())?, 10).is_some();
        what.get(at + 3..).filter(|_| is_task)
    };
    task().unwrap_or(what)
}

/// Longest name of a task.
const MAX_COMM: usize = 15;

/// Takes a number off the end that stands behind `words`.
fn number_behind(text: &mut &[u8], words: &str) -> Option<u32> {
    let at = memchr::memmem::rfind(text, words.as_bytes())?;
    let number = text::number(text.get(at + words.len()..)?, 10)?;
    *text = text.get(..at)?;
    u32::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_every_cpu() {
        type Row<'a> = (&'a str, &'a str, Option<u64>, Option<u32>, u32, &'a str);
        let rows: &[Row<'_>] = &[
            ("Oops: 0002 [#1] PREEMPT SMP KASAN NOPTI", "Oops", Some(2), None, 1, "PREEMPT SMP KASAN NOPTI"),
            ("Oops: Oops: 0000 [#2] SMP PTI", "Oops", Some(0), None, 2, "SMP PTI"),
            ("Oops: invalid opcode: 0000 [#1] SMP", "invalid opcode", Some(0), None, 1, "SMP"),
            (
                "general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP",
                "general protection fault, probably for non-canonical address 0xdead",
                Some(0),
                None,
                1,
                "SMP",
            ),
            (
                "Internal error: synchronous external abort: 0000000096000010 [#1]  SMP",
                "synchronous external abort",
                Some(0x9600_0010),
                None,
                1,
                "SMP",
            ),
            ("Internal error: Oops: 17 [#1] SMP ARM", "Oops", Some(0x17), None, 1, "SMP ARM"),
            (
                "Internal error: Oops - Undefined instruction: 0 [#1] SMP ARM",
                "Oops - Undefined instruction",
                Some(0),
                None,
                1,
                "SMP ARM",
            ),
            ("Internal error: : 1b [#1] SMP ARM", "", Some(0x1b), None, 1, "SMP ARM"),
            (
                "Oops: Kernel access of bad area, sig: 11 [#21]",
                "Kernel access of bad area",
                None,
                Some(11),
                21,
                "",
            ),
            ("Oops: Exception in kernel mode, sig: 4 [#1]", "Exception in kernel mode", None, Some(4), 1, ""),
            ("Oops - load access fault [#1]", "Oops - load access fault", None, None, 1, ""),
            ("Oops [#1]", "Oops", None, None, 1, ""),
            ("kernel BUG [#3]", "kernel BUG", None, None, 3, ""),
            (
                "Reserved instruction in kernel code[#1]:",
                "Reserved instruction in kernel code",
                None,
                None,
                1,
                "",
            ),
            ("Oops[#1]:", "Oops", None, None, 1, ""),
            ("illegal operation: 0001 ilc:1 [#1]SMP ", "illegal operation", Some(1), None, 1, "SMP"),
            (
                "Oops: 0010 ilc:3 [#1] PREEMPT SMP DEBUG_PAGEALLOC",
                "Oops",
                Some(0x10),
                None,
                1,
                "PREEMPT SMP DEBUG_PAGEALLOC",
            ),
            // die, arch/arm/kernel/traps.c, of a kernel in Thumb; __die, arch/x86_64/kernel/traps.c, 2.6.18
            (
                "Internal error: Oops: 805 [#1] PREEMPT SMP THUMB2",
                "Oops",
                Some(0x805),
                None,
                1,
                "PREEMPT SMP THUMB2",
            ),
            ("Oops: 0002 [1] SMP ", "Oops", Some(2), None, 1, "SMP"),
            (
                "general protection fault: 0000 [12] PREEMPT SMP",
                "general protection fault",
                Some(0),
                None,
                12,
                "PREEMPT SMP",
            ),
            // die_if_kernel, arch/sparc/kernel/traps_64.c and traps_32.c
            ("insmod(905): Oops [#1]", "Oops", None, None, 1, ""),
            ("a (b)(7): Kernel illegal instruction [#2]", "Kernel illegal instruction", None, None, 2, ""),
            ("Oops: 0000 [#1] SMP PREEMPT_{RT,(full)}", "Oops", Some(0), None, 1, "SMP PREEMPT_{RT,(full)}"),
        ];
        for &(line, what, code, signal, number, build) in rows {
            let oops = Oops::parse(line.as_bytes()).expect(line);
            assert_eq!(text::lossy(oops.what.unwrap_or_default()), what, "{line}");
            assert_eq!((oops.code, oops.signal, oops.number), (code, signal, number), "{line}");
            assert_eq!(text::lossy(oops.build), build, "{line}");
        }
        assert_eq!(Oops::parse(b"illegal operation: 0001 ilc:1 [#1]SMP").and_then(|oops| oops.ilc), Some(1));
        for line in [
            "see issue [#12] for more",
            "[#1",
            "a [#x]",
            "[#1] \x1b",
            "",
            "usb 1-1: device 0002 [1] ready",
            "read: 0002 [1] of 4",
            "crash: dead [1]x",
            "0002 [1]",
        ] {
            assert_eq!(Oops::parse(line.as_bytes()), None, "{line}");
        }
    }
}
