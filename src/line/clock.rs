//! Dates and times of other clocks than printk's.

use super::bytes::{blank, decimal, digits, one_space, seconds, spaces};
use crate::text;

/// Which family a clock with a date belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// `dmesg --time-format iso`: nothing but the kernel's text follows.
    Dmesg,
    /// With an offset from UTC, as rsyslog and journalctl print it: a host and a tag follow.
    Offset,
    Other,
}

/// `2026-11-22T06:12:01.123456+00:00`, `2026/11/22 06:12:01`, `2026/11/22, 06:12:01`, `05/09/2024 11:14:18`.
pub(super) fn date_time(b: &[u8]) -> Option<(Clock, &[u8])> {
    let (fraction, rest) = match date(b).or_else(|| day_first_date(b))? {
        [b'T' | b' ', rest @ ..] | [b',', b' ', rest @ ..] => time(rest)?,
        _ => return None,
    };
    let (clock, rest) = match rest {
        [b'Z', rest @ ..] => (Clock::Other, rest),
        [b'+' | b'-', offset @ ..] => {
            let rest = digits(offset, 2)?;
            (Clock::Offset, digits(rest.strip_prefix(b":").unwrap_or(rest), 2)?)
        }
        _ => (Clock::Other, rest),
    };
    let dmesg = clock == Clock::Offset && fraction.len() == 7 && fraction.starts_with(b",");
    Some((if dmesg { Clock::Dmesg } else { clock }, rest))
}

/// `2026-11-22`, `2026/11/22`.
fn date(b: &[u8]) -> Option<&[u8]> {
    let (&separator, b) = digits(b, 4)?.split_first()?;
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    digits(digits(b, 2)?.strip_prefix(&[separator])?, 2)
}

/// `05/09/2024`, as conserver and BMCs write it, whatever comes first; `22.11.2026`.
fn day_first_date(b: &[u8]) -> Option<&[u8]> {
    let (&separator, b) = digits(b, 2)?.split_first()?;
    if separator != b'/' && separator != b'.' {
        return None;
    }
    digits(digits(b, 2)?.strip_prefix(&[separator])?, 4)
}

/// logcat's `11-22 06:12:01.123`.
pub(super) fn month_day_time(b: &[u8]) -> Option<&[u8]> {
    let (fraction, rest) = time(digits(digits(b, 2)?.strip_prefix(b"-")?, 2)?.strip_prefix(b" ")?)?;
    (!fraction.is_empty()).then_some(rest)
}

/// `06:12:01`, `06:12:01.123`, `06:12:01:123`: the fraction with its separator, and the rest.
pub(super) fn time(b: &[u8]) -> Option<(&[u8], &[u8])> {
    let [b'0'..=b'2', b'0'..=b'9', b':', b'0'..=b'5', b'0'..=b'9', b':', b'0'..=b'6', b'0'..=b'9', rest @ ..] =
        b
    else {
        return None;
    };
    let [b'.' | b',' | b':', after @ ..] = rest else {
        return Some((&[], rest));
    };
    let length = text::take(after, |c| c.is_ascii_digit()).0.len();
    if length == 0 { Some((&[], rest)) } else { rest.split_at_checked(length + 1) }
}

/// `1732255921.123456` (`journalctl -o short-unix`): the ten digits of our time.
pub(super) fn epoch(b: &[u8]) -> Option<&[u8]> {
    let rest = digits(b, 10)?;
    rest.starts_with(b".").then_some(())?;
    Some(seconds(b)?.1)
}

/// A date in words, in any language: `Nov 22 06:12:01` (syslog), `Mon 2026-11-22 06:12:01 UTC` (`short-full`),
/// `Mon Nov 22 06:12:01 2026` (`ctime`), and where the day comes first `22. 11. 06:12:01`, `22 Nov 06:12:01`.
pub(super) fn calendar(b: &[u8]) -> Option<&[u8]> {
    if b.first().is_some_and(u8::is_ascii_digit)
        && let Some(rest) = day_month(b)
        && let Some((_, rest)) = time(skip_year(rest))
    {
        return Some(rest);
    }
    let rest = spaces(word(b)?.strip_prefix(b" ")?);
    if let Some(rest) = date(rest) {
        return zone(time(rest.strip_prefix(b" ")?)?.1);
    }
    if let Some(rest) = day_time(rest) {
        return Some(rest);
    }
    let rest = day_time(spaces(word(rest)?.strip_prefix(b" ")?))?;
    let rest = zone(rest).filter(|rest| rest.starts_with(b" ")).unwrap_or(rest);
    digits(rest.strip_prefix(b" ")?, 4)
}

/// What is behind `22. 11. `, `22. Nov `, `22 Nov. `.
fn day_month(b: &[u8]) -> Option<&[u8]> {
    let (_, rest) = decimal(b, 2)?;
    let numbered = rest.strip_prefix(b".").and_then(|rest| decimal(spaces(rest), 2)?.1.strip_prefix(b"."));
    let rest = match numbered {
        Some(rest) => rest,
        None => {
            let named = spaces(rest.strip_prefix(b".").unwrap_or(rest));
            if named.first().is_some_and(u8::is_ascii_digit) {
                return None;
            }
            word(named)?
        }
    };
    rest.strip_prefix(b" ").map(spaces)
}

/// `22 06:12:01`, ` 4 15:56:11`, `22 2026 06:12:01`.
pub(super) fn day_time(b: &[u8]) -> Option<&[u8]> {
    Some(time(skip_year(decimal(b, 2)?.1.strip_prefix(b" ")?))?.1)
}

fn skip_year(b: &[u8]) -> &[u8] {
    digits(b, 4).and_then(|rest| rest.strip_prefix(b" ")).unwrap_or(b)
}

/// ` UTC`, ` CEST`, ` +03`.
fn zone(b: &[u8]) -> Option<&[u8]> {
    let (name, rest) = text::take(b.strip_prefix(b" ")?, |c| {
        c.is_ascii_uppercase() || c == b'+' || c == b'-' || c.is_ascii_digit()
    });
    let named = name.first().is_some_and(|c| !c.is_ascii_digit());
    (named && name.len() <= 6).then_some(rest)
}

/// A month's or a day's short name: `Nov`, `lun.`, `июл`, `11月`.
fn word(b: &[u8]) -> Option<&[u8]> {
    let (number, after) = text::take(b, |c| c.is_ascii_digit());
    let (name, rest) = text::take(after, |c| c.is_ascii_alphabetic() || c == b'.' || c >= 0x80);
    let numbered = number.is_empty() || (number.len() <= 2 && name.first().is_some_and(|&c| c >= 0x80));
    (numbered && (1..=12).contains(&name.len())).then_some(rest)
}

/// The clocks that `dmesg` puts in the place of printk's: `[Mon Nov 22 06:12:01 2026] `, `[Nov22 06:12] `,
/// `[  +0.000012] `, `[<    0.000012>] `.
pub(super) fn dmesg_clock(b: &[u8]) -> Option<&[u8]> {
    let b = b.strip_prefix(b"[")?;
    let rest = match spaces(b) {
        [b'+' | b'-', rest @ ..] => seconds(rest)?.1,
        rest @ [b'<', ..] => delta(rest)?,
        _ => minute(b).or_else(|| {
            let rest = calendar(b)?;
            Some(rest.strip_prefix(b" ").and_then(delta).unwrap_or(rest))
        })?,
    };
    Some(one_space(rest.strip_prefix(b"]")?))
}

/// `Nov22 06:12`, `Nov 2 06:12`, and by the translations of `%b%e %H:%M` in dmesg `22. Nov 06:12`.
fn minute(b: &[u8]) -> Option<&[u8]> {
    let rest = match day_month(spaces(b)) {
        Some(rest) => rest,
        None => decimal(spaces(word(b)?), 2)?.1.strip_prefix(b" ")?,
    };
    let rest = digits(rest, 2)?.strip_prefix(b":")?;
    digits(rest, 2).filter(|rest| rest.starts_with(b"]"))
}

/// `<    0.000012>` of dmesg, `<    0.000012 >` of journalctl. Negative where CPUs print out of turn: a record gets its
/// time before its place.
pub(super) fn delta(b: &[u8]) -> Option<&[u8]> {
    let number = spaces(b.strip_prefix(b"<")?);
    let (_, rest) = seconds(number.strip_prefix(b"-").unwrap_or(number))?;
    spaces(rest).strip_prefix(b">")
}

/// `[2026-11-22T06:12:01.123Z] ` (Jenkins), `[06:12:01.123] ` (tio), `[12.345678 0.000123] ` (grabserial), and a
/// collector's seconds since 1970 before the kernel's stamp: `[1732255921][   12.345678] `.
pub(super) fn bracketed_clock(b: &[u8]) -> Option<&[u8]> {
    let b = b.strip_prefix(b"[")?;
    let rest = match time(b) {
        Some((_, rest)) => rest,
        None => match date_time(b) {
            Some((_, rest)) => rest,
            None => match digits(b, 10) {
                Some(rest) if rest.starts_with(b"][") => rest,
                _ => seconds(seconds(b)?.1.strip_prefix(b" ")?)?.1,
            },
        },
    };
    let rest = rest.strip_prefix(b"]")?;
    if rest.starts_with(b"[") { Some(rest) } else { blank(rest) }
}

/// GitLab's `00O ` between its clock and the text: number and letter of the stream.
pub(super) fn stream_mark(b: &[u8]) -> Option<&[u8]> {
    match b {
        [b'0'..=b'9', b'0'..=b'9', b'O' | b'E', b' ' | b'+', rest @ ..] => Some(rest),
        _ => None,
    }
}
