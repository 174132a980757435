//! What programs that carry a kernel's line put before it: syslog, dmesg, logcat, CI runners, mail.

use super::bytes::{decimal, one_space, spaces};
use super::clock::date_time;
use super::kernel::{is_kernel, is_kernel_name, kernel_tag, pid_suffix};
use crate::text;

/// Syslog facilities as `dmesg -x` and `syslogd` write them.
const FACILITIES: &[&str] = &[
    "kern", "user", "mail", "daemon", "auth", "security", "syslog", "lpr", "news", "uucp", "cron",
    "authpriv", "ftp", "ntp", "audit", "console", "local0", "local1", "local2", "local3", "local4", "local5",
    "local6", "local7", "res0", "res1", "res2", "res3",
];

/// Level names, in several spellings.
const LEVELS: &[(&str, u8)] = &[
    ("emerg", 0),
    ("panic", 0),
    ("alert", 1),
    ("crit", 2),
    ("err", 3),
    ("error", 3),
    ("warn", 4),
    ("warning", 4),
    ("notice", 5),
    ("info", 6),
    ("debug", 7),
];

/// Second words of kernel headlines (`Internal error: Oops`, `divide error: 0000`) that a bare syslog tag never is:
/// `ts` on a console without printk times writes the same `Nov 22 06:12:01 ` as syslogd.
const NOT_TAGS: &[&str] = &[
    "error", "errors", "fault", "segment", "opcode", "trace", "line", "name", "offset", "changed", "pgtable",
    "stack", "limit", "pid", "address", "bug", "iaoq",
];

/// A syslog tag and what follows it.
#[derive(Clone, Copy)]
pub(super) struct Tag<'a> {
    pub(super) kernel: bool,
    pub(super) level: Option<u8>,
    pub(super) rest: &'a [u8],
}

/// Mail quotes: `> > `, `>> `. A `>` without a blank is KASAN's mark on the bad line: `>ffff8801d2c8fa80: fc fc`.
pub(crate) fn quoted(b: &[u8]) -> Option<&[u8]> {
    let mut rest = b;
    loop {
        let (marks, after) = text::take(rest, |c| c == b'>');
        rest = match after {
            _ if marks.is_empty() => break,
            [b' ', after @ ..] => after,
            [] => after,
            _ if is_kernel(after) => after,
            _ => break,
        };
    }
    (rest.len() < b.len()).then_some(rest)
}

/// LAVA: `- {"dt": "2026-11-22T06:12:01.123456", "lvl": "target", "msg": "[   12.345678] …"}`: the message, as it is escaped.
pub(super) fn lava(b: &[u8]) -> Option<&[u8]> {
    let b = b.strip_prefix(b"- ").unwrap_or(b).strip_prefix(b"{\"dt\": \"")?;
    let b = text::take(b, |c| c != b'"').1.strip_prefix(b"\", \"lvl\": \"")?;
    let b = text::take(b, |c| c != b'"').1.strip_prefix(b"\", \"msg\": \"")?;
    let message = unescaped(b, b'"').0;
    Some(message.strip_suffix(b"\\r").unwrap_or(message))
}

/// `debian login: `, with the kernel's line behind it since nobody typed anything.
pub(super) fn login(b: &[u8]) -> Option<&[u8]> {
    let prompt = b.strip_prefix(b"login: ").or_else(|| host(b)?.strip_prefix(b"login: "))?;
    (!prompt.is_empty() && !b.starts_with(b"Last ")).then_some(prompt)
}

/// `kern  :warn  : ` (`dmesg --decode`, `%-6s:%-6s: `): facility and level.
pub(super) fn decoded(b: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let (facility, rest) = column(b)?;
    let (level, rest) = column(rest)?;
    let level = named_level(level)?;
    is_facility(facility).then_some((facility, level, rest.strip_prefix(b" ")?))
}

/// `kern: warning: [2026-11-22T06:12:01.123456789Z]: ` (`talosctl dmesg`): facility and level.
pub(super) fn talos(b: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let (facility, rest) = text::take(b, |c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let (level, rest) = text::take(spaces(rest.strip_prefix(b": ")?), |c| c.is_ascii_lowercase());
    let (_, rest) = date_time(rest.strip_prefix(b": [")?)?;
    let level = named_level(level)?;
    is_facility(facility).then_some((facility, level, rest.strip_prefix(b"]: ")?))
}

/// A word padded to six columns, and what is behind its colon.
fn column(b: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, rest) = text::take(b, |c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let after = spaces(rest);
    (b.len() - after.len() >= 6).then_some((word, after.strip_prefix(b":")?))
}

fn is_facility(word: &[u8]) -> bool {
    FACILITIES.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()))
}

pub(super) fn named_level(word: &[u8]) -> Option<u8> {
    LEVELS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|&(_, level)| level)
}

/// Up to three words of a syslog line behind its date: a host, busybox's `kern.warn`, and a tag that ends with a colon.
pub(super) fn tag(b: &[u8], bare: bool) -> Option<Tag<'_>> {
    let mut rest = b;
    let mut level = None;
    let mut known = false;
    for _ in 0..3 {
        if let Some(rest) = kernel_tag(rest).filter(|_| known || bare) {
            return Some(Tag { kernel: true, level, rest });
        }
        let (word, after) = text::take(rest, |c| c != b' ');
        let after = after.strip_prefix(b" ")?;
        if let Some(name) = word.strip_suffix(b":") {
            return is_program(name, known, bare).then_some(Tag { kernel: false, level, rest: after });
        }
        level = match dotted_level(word) {
            None if known || !word.iter().all(|&c| is_host_byte(c)) => return None,
            found => found.or(level),
        };
        known = true;
        rest = after;
    }
    None
}

/// `kern.warn`, which busybox and OpenWrt write before the tag.
fn dotted_level(word: &[u8]) -> Option<u8> {
    let (facility, rest) = text::take(word, |c| c != b'.');
    let level = named_level(rest.strip_prefix(b".")?)?;
    is_facility(facility).then_some(level)
}

/// Whether a tag without its colon is a program's: `sshd[123]`, or a bare `rsyslogd` where a tag must stand.
fn is_program(name: &[u8], host: bool, bare: bool) -> bool {
    let is_word = |name: &[u8]| NOT_TAGS.iter().any(|word| name.eq_ignore_ascii_case(word.as_bytes()));
    if let Some(open) = name.iter().rposition(|&c| c == b'[') {
        let (name, pid) = name.split_at(open);
        return (host || bare) && open > 0 && !is_word(name) && pid_suffix(pid).is_some_and(<[u8]>::is_empty);
    }
    bare && host && name.first().is_some_and(u8::is_ascii_alphabetic) && !is_word(name)
}

/// What is behind a host name and a blank.
pub(super) fn host(b: &[u8]) -> Option<&[u8]> {
    let (name, rest) = text::take(b, is_host_byte);
    if name.is_empty() { None } else { rest.strip_prefix(b" ") }
}

fn is_host_byte(c: u8) -> bool {
    // `(none)` is the name of a host that has none yet.
    c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_' | b':' | b'(' | b')')
}

/// RFC 5424 behind its priority, `1 2026-11-22T06:12:01Z host kernel - - - msg`: the program and the text.
pub(super) fn rfc5424(b: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = date_time(b.strip_prefix(b"1 ")?)?;
    let (_, rest) = field(rest.strip_prefix(b" ")?)?;
    let (app, rest) = field(rest)?;
    let (_, rest) = field(rest)?;
    let (_, rest) = field(rest)?;
    let mut rest = rest.strip_prefix(b"-").unwrap_or(rest);
    while let [b'[', data @ ..] = rest {
        rest = unescaped(data, b']').1.strip_prefix(b"]")?;
    }
    let text = one_space(rest);
    Some((app, text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text)))
}

/// What stands before the first `end` without a backslash, and the rest from there on.
fn unescaped(b: &[u8], end: u8) -> (&[u8], &[u8]) {
    let mut escaped = false;
    let n = b.iter().position(|&c| {
        let found = c == end && !escaped;
        escaped = c == b'\\' && !escaped;
        found
    });
    b.split_at_checked(n.unwrap_or(b.len())).unwrap_or((b, &[]))
}

/// A word and what is behind its blank.
fn field(b: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, rest) = text::take(b, |c| c != b' ');
    Some((word, rest.strip_prefix(b" ")?))
}

/// logcat behind its clock: `     0     0 E         : BUG: …`. The kernel's lines have no process, most have no tag.
pub(super) fn threadtime(b: &[u8]) -> Option<Tag<'_>> {
    let (pid, b) = decimal(spaces(b), 10)?;
    let (_, b) = decimal(spaces(b.strip_prefix(b" ")?), 10)?;
    let [b' ', letter, b' ', text @ ..] = b else {
        return None;
    };
    let level = Some(logcat_level(*letter)?);
    let (name, rest) = text::take(text, |c| c != b':');
    let rest = one_space(rest.strip_prefix(b":")?);
    let unnamed = name.iter().all(|&c| c == b' ');
    // logd takes the first word of a kernel line with a colon for its tag: it belongs to the text.
    let named = !unnamed && !is_kernel_name(name.trim_ascii());
    let rest = if pid == 0 && named { text } else { rest };
    Some(Tag { kernel: pid == 0 || unnamed, level, rest })
}

/// `logcat -v brief` of the kernel's buffer: `E/        (    0): BUG: …`.
pub(super) fn brief(b: &[u8]) -> Option<(u8, &[u8])> {
    let [letter, b'/', rest @ ..] = b else {
        return None;
    };
    let (pid, rest) = rest.strip_prefix(b"        (")?.split_at_checked(5)?;
    decimal(spaces(pid), 5)?.1.is_empty().then_some(())?;
    Some((logcat_level(*letter)?, rest.strip_prefix(b"): ")?))
}

/// The highest level that logd (`convertPrintKLogLevel`'s opposite) writes with this letter.
fn logcat_level(letter: u8) -> Option<u8> {
    match letter {
        b'F' => Some(2),
        b'E' => Some(3),
        b'W' => Some(4),
        b'I' => Some(6),
        b'D' | b'V' => Some(7),
        _ => None,
    }
}

/// Escape sequences, carriage returns, NULs and a byte order mark in front of a prefix.
pub(super) fn skip_controls(b: &[u8]) -> Option<&[u8]> {
    let mut rest = b.strip_prefix("\u{feff}".as_bytes()).unwrap_or(b);
    loop {
        rest = match rest {
            [0x1b, after @ ..] => match escape(after) {
                Some(after) => after,
                None => break,
            },
            [b'\t', ..] => break,
            [0..0x20, after @ ..] => after,
            _ => break,
        };
    }
    (rest.len() < b.len()).then_some(rest)
}

/// What is behind an escape sequence (ECMA-48) without its ESC.
fn escape(b: &[u8]) -> Option<&[u8]> {
    match b {
        [b'[', rest @ ..] => {
            let rest = text::take(rest, |c| matches!(c, 0x20..0x40)).1;
            rest.split_first().filter(|(c, _)| matches!(c, 0x40..0x7f)).map(|(_, rest)| rest)
        }
        // Strings: titles, Buildkite's `ESC _bk;t=1732255921123 BEL`.
        [b']' | b'_' | b'P' | b'^', rest @ ..] => {
            let rest = text::take(rest, |c| c != 0x07 && c != 0x1b).1;
            rest.strip_prefix(b"\x07").or_else(|| rest.strip_prefix(b"\x1b\\"))
        }
        [b'(' | b')' | b'#', _, rest @ ..] | [_, rest @ ..] => Some(rest),
        [] => None,
    }
}

/// `b` without the `ESC[0m` or `ESC[K` that ends a coloured line.
pub(super) fn trim_colour(b: &[u8]) -> &[u8] {
    let mut text = b;
    while let [head @ .., b'm' | b'K'] = text {
        let end = head.iter().rposition(|&c| !c.is_ascii_digit() && c != b';').map_or(0, |n| n + 1);
        match head.get(..end).and_then(|head| head.strip_suffix(b"\x1b[")) {
            Some(head) => text = head,
            None => break,
        }
    }
    text
}

/// `b` without the carriage returns at its end, also those that a program has drawn: `␍␊`, `^M`.
#[inline]
pub(super) fn trim_returns(b: &[u8]) -> &[u8] {
    let mut text = b;
    while let [head @ .., b'\r'] = text {
        text = head;
    }
    if matches!(text.last(), Some(b'M' | 0x80..)) { trim_drawn(text) } else { text }
}

fn trim_drawn(b: &[u8]) -> &[u8] {
    let mut text = b;
    while let [head @ .., b'\r'] | [head @ .., 0xe2, 0x90, 0x8a | 0x8d] | [head @ .., b'^', b'M'] = text {
        text = head;
    }
    text
}
