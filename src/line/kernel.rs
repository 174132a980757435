//! What the kernel itself, or its vendor, puts before its text.

use super::Caller;
use super::bytes::{decimal, one_space, seconds, spaces};
use super::clock::{delta, month_day_time};
use crate::text;

/// `[   12.345678] `: microseconds, and the text behind one blank (`print_time`).
pub(super) fn stamp(b: &[u8]) -> Option<(u64, &[u8])> {
    let (time, rest) = seconds(spaces(b.strip_prefix(b"[")?))?;
    let rest = match rest {
        [b']', ..] => rest,
        _ => behind_time(rest)?,
    };
    Some((time, one_space(rest.strip_prefix(b"]")?)))
}

/// What else is between a stamp's brackets: the second number of `dmesg --show-delta`, `[   12.345678 <    0.000012>] `;
/// LG's date, `[   12.345678 / 11-22 06:12:01.123] `; Amlogic's CPU, `[   12.345678@1] `; HiSilicon's unit,
/// `[   12.345678s][pid:12,cpu1,kswapd0]`.
fn behind_time(b: &[u8]) -> Option<&[u8]> {
    match b {
        [b' ', b'/', b' ', date @ ..] => month_day_time(date),
        [b' ', delayed @ ..] => delta(delayed),
        [b'@', cpu @ ..] => Some(decimal(cpu, 4)?.1),
        [b's', rest @ ..] if rest.starts_with(b"][") => Some(rest),
        _ => None,
    }
}

/// `[   T12] `, `[    C0] ` (`print_caller`), and vendors' `[T1@C0] ` (`trace_android_vh_printk_caller`).
pub(super) fn caller(b: &[u8]) -> Option<(Caller, &[u8])> {
    let (caller, rest) = caller_id(spaces(b.strip_prefix(b"[")?))?;
    let rest = match rest {
        [b'@' | b':', rest @ ..] => text::take(rest, |c| c.is_ascii_alphanumeric()).1,
        _ => rest,
    };
    Some((caller, one_space(rest.strip_prefix(b"]")?)))
}

/// `T12`, `C0`.
fn caller_id(b: &[u8]) -> Option<(Caller, &[u8])> {
    let (&kind, b) = b.split_first()?;
    let (make, most): (fn(u32) -> Caller, usize) = match kind {
        b'T' => (Caller::Task, 10),
        b'C' => (Caller::Cpu, 5),
        _ => return None,
    };
    let (id, rest) = decimal(b, most)?;
    Some((make(u32::try_from(id).ok()?), rest))
}

/// `<4>`: the level; the facility, in the higher bits, is dropped.
pub(super) fn priority(b: &[u8]) -> Option<(u8, &[u8])> {
    let (number, rest) = decimal(b.strip_prefix(b"<")?, 3)?;
    Some((level_of(number), rest.strip_prefix(b">")?))
}

fn level_of(priority: u64) -> u8 {
    (priority & 7) as u8
}

/// What a record of `/dev/kmsg` says before its text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    /// Facility and level.
    pub(crate) priority: u64,
    pub(crate) sequence: u64,
    /// Microseconds since boot.
    pub(crate) time: u64,
    /// `-`, or `c` and `+` of a line that came in pieces.
    pub(crate) flag: u8,
    pub(crate) caller: Option<Caller>,
    /// Offset of this piece in a record that was too long for a packet, and the length of all pieces: `ncfrag=0/1135`.
    pub(crate) fragment: Option<(usize, usize)>,
    pub(crate) rest: &'a [u8],
}

impl Record<'_> {
    pub(crate) fn level(&self) -> u8 {
        level_of(self.priority)
    }
}

/// `4,1234,5678,-,caller=T12;` (`info_print_ext_header`); netconsole may put the release in front: `6.13.0-rc1,4,…`.
pub(crate) fn kmsg(b: &[u8]) -> Option<Record<'_>> {
    let (header, rest) = text::take(b, |c| c.is_ascii_graphic() && c != b';');
    let rest = rest.strip_prefix(b";")?;
    let mut fields = header.split(|&c| c == b',');
    let mut first = fields.next()?;
    if first.contains(&b'.') {
        first = fields.next()?;
    }
    let priority = text::number(first, 10)?;
    let sequence = text::number(fields.next()?, 10)?;
    let time = text::number(fields.next()?, 10)?;
    // Linux 3.5 had no flags yet.
    let flag = match fields.next() {
        None => b'-',
        Some(&[flag @ (b'-' | b'c' | b'+')]) => flag,
        Some(_) => return None,
    };
    let mut record = Record { priority, sequence, time, flag, caller: None, fragment: None, rest };
    for field in fields {
        if let Some(caller) = field.strip_prefix(b"caller=") {
            record.caller = record.caller.or(caller_id(caller).map(|(caller, _)| caller));
        } else if let Some(piece) = field.strip_prefix(b"ncfrag=") {
            record.fragment = fragment(piece);
        }
    }
    Some(record)
}

/// `0/1135` (`send_ext_msg_udp` in `drivers/net/netconsole.c`).
fn fragment(b: &[u8]) -> Option<(usize, usize)> {
    let (offset, rest) = decimal(b, 9)?;
    let (length, rest) = decimal(rest.strip_prefix(b"/")?, 9)?;
    let (offset, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
    (rest.is_empty() && offset < length).then_some((offset, length))
}

/// `** 143 printk messages dropped **` (`console_prepend_dropped`): what is behind it.
pub(super) fn dropped(b: &[u8]) -> Option<&[u8]> {
    let (_, rest) = decimal(b.strip_prefix(b"** ")?, 20)?;
    Some(one_space(rest.strip_prefix(b" printk messages dropped **")?))
}

/// The same behind text of a program that the console was in the middle of: `CCCCCCCC** 1196 printk messages dropped **`.
pub(super) fn text_before_dropped(b: &[u8]) -> Option<&[u8]> {
    let rest = b.get(memchr::memchr(b'*', b)?..)?;
    dropped(rest)?;
    Some(rest)
}

/// The kernel's line behind text of a program that the console was in the middle of, or that a carriage return has
/// overwritten: `executing program 3:[   12.345678] BUG: …`. It is known by its time as printk writes it, `[%5lu.%06lu]`.
/// What is quoted is no line, and Xen and its guests' firmware have the same clock behind `(XEN) ` and `(d1) `.
pub(super) fn text_before_stamp(b: &[u8]) -> Option<&[u8]> {
    if b.starts_with(b"(XEN) ") || matches!(b, [b'(', b'd', b'0'..=b'9', ..]) {
        return None;
    }
    let quoted = |before: &[u8]| memchr::memchr_iter(b'"', before).count() % 2 == 1;
    memchr::memchr_iter(b'[', b).skip(usize::from(b.first() == Some(&b'['))).find_map(|at| {
        let from = b.get(at..)?;
        let point = from.get(6..)?.iter().position(|c| !c.is_ascii_digit())? + 6;
        let end = point + ".012345]".len();
        let is_time = from.get(point) == Some(&b'.') && from.get(end - 1) == Some(&b']');
        let (time, before) = (from.get(..end)?, b.get(..at)?);
        (is_time && stamp(time).is_some() && !quoted(before)).then_some(from)
    })
}

/// MediaTek's ` .(0)[1:swapper/0]ASID allocator`: interrupt state, CPU, task; the text follows without a blank.
pub(super) fn mediatek(b: &[u8]) -> Option<(u32, &[u8])> {
    let b = match spaces(b) {
        [b'.' | b'-' | b'*', rest @ ..] => rest,
        rest => rest,
    };
    let (_, b) = decimal(b.strip_prefix(b"(")?, 4)?;
    let (pid, b) = decimal(b.strip_prefix(b")[")?, 10)?;
    let b = b.strip_prefix(b":")?;
    let end = b.iter().take(TASK_COMM_LEN).position(|&c| c == b']')?;
    Some((u32::try_from(pid).ok()?, b.get(end + 1..)?))
}

/// Samsung's `I[0:      swapper/0:    0] msg` (`%c[%1d:%15s:%5d] `); the letter is a blank outside of interrupts.
pub(super) fn samsung(b: &[u8]) -> Option<(u32, &[u8])> {
    let b = match b {
        [b' ' | b'A'..=b'Z', rest @ ..] => rest,
        _ => b,
    };
    let (_, b) = decimal(b.strip_prefix(b"[")?, 2)?;
    // A comm may hold `:` and `]`: it is cut by its width.
    let (_, b) = b.strip_prefix(b":")?.split_at_checked(TASK_COMM_LEN - 1)?;
    let (pid, b) = decimal(spaces(b.strip_prefix(b":")?), 10)?;
    Some((u32::try_from(pid).ok()?, one_space(b.strip_prefix(b"]")?)))
}

/// Unisoc's `c1    659 msg` (`c%u %6d `): CPU and task.
pub(super) fn unisoc(b: &[u8]) -> Option<(u32, &[u8])> {
    let (_, rest) = decimal(b.strip_prefix(b"c")?, 3)?;
    let (pid, after) = decimal(spaces(rest), 10)?;
    // Bytes in hexadecimal, `c1 45 b4`, are narrower.
    let padded = rest.starts_with(b" ") && rest.len() - after.len() >= " 123456".len();
    Some((u32::try_from(pid).ok().filter(|_| padded)?, after.strip_prefix(b" ")?))
}

/// HiSilicon's `[pid:659,cpu1,kswapd0,in irq]msg`, glued to the text.
pub(super) fn hisilicon(b: &[u8]) -> Option<(u32, &[u8])> {
    let (pid, rest) = decimal(b.strip_prefix(b"[pid:")?, 10)?;
    let (_, rest) = decimal(rest.strip_prefix(b",cpu")?, 4)?;
    let comm = rest.strip_prefix(b",")?;
    let end = comm.iter().take(TASK_COMM_LEN + ",in irq".len()).position(|&c| c == b']')?;
    Some((u32::try_from(pid).ok()?, one_space(comm.get(end + 1..)?)))
}

/// `C3 ` behind a task's caller: vendors that print the CPU as well.
pub(super) fn cpu_behind_caller(b: &[u8]) -> Option<&[u8]> {
    decimal(b.strip_prefix(b"C")?, 4)?.1.strip_prefix(b" ")
}

/// Bytes of a comm with its NUL (`include/linux/sched.h`).
const TASK_COMM_LEN: usize = 16;

/// Whether `b` begins as only a line of the kernel does.
pub(super) fn is_kernel(b: &[u8]) -> bool {
    match b.first() {
        Some(b'[') => stamp(b).is_some() || caller(b).is_some(),
        Some(b'<') => priority(b).is_some(),
        // "Message from syslogd@host" puts ` kernel:[   12.345678] …` on every terminal.
        Some(b'k') => undated_tag(b).is_some(),
        _ => false,
    }
}

/// `kernel: `, `kernel:`, `KERNEL: ` (a terminal with `iuclc`), `kernel[0]: `.
pub(super) fn kernel_tag(b: &[u8]) -> Option<&[u8]> {
    let (word, rest) = b.split_at_checked(6)?;
    if !is_kernel_name(word) {
        return None;
    }
    let rest = pid_suffix(rest).unwrap_or(rest);
    Some(one_space(rest.strip_prefix(b":")?))
}

pub(crate) fn is_kernel_name(word: &[u8]) -> bool {
    word == b"kernel" || word == b"KERNEL"
}

/// A kernel's tag at the start of a line: rsyslog's messages to all terminals have no blank behind it. With one it may
/// be text, as in OpenBSD's `kernel: page fault trap, code=0`.
pub(super) fn undated_tag(b: &[u8]) -> Option<&[u8]> {
    let glued = !b.get(6..).is_some_and(|rest| rest.starts_with(b": "));
    kernel_tag(b)
        .filter(|rest| glued || stamp(rest).is_some() || caller(rest).is_some() || priority(rest).is_some())
}

/// What is behind `[123]`, or the `[n/a]` of who has no process.
pub(super) fn pid_suffix(b: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = b.strip_prefix(b"[n/a]") {
        return Some(rest);
    }
    decimal(b.strip_prefix(b"[")?, 10)?.1.strip_prefix(b"]")
}
