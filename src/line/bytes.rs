//! Digits and blanks.

/// `12.345678` with one to nine digits behind the point, in microseconds. `dmesg` prints some of its clocks by the
/// user's locale, which may have a comma; fewer digits behind that are no clock's.
pub(super) fn seconds(b: &[u8]) -> Option<(u64, &[u8])> {
    let (seconds, rest) = decimal(b, 12)?;
    let (&point, rest) = rest.split_first()?;
    let (fraction, after) = decimal(rest, 9)?;
    let micros = match rest.len() - after.len() {
        _ if point != b'.' && point != b',' => return None,
        6 => fraction,
        _ if point == b',' => return None,
        n @ 7.. => fraction / 10u64.pow(n as u32 - 6),
        n => fraction * 10u64.pow(6 - n as u32),
    };
    Some((seconds * 1_000_000 + micros, after))
}

/// A number of one to `most` digits (19 at most) and what is behind it.
pub(super) fn decimal(b: &[u8], most: usize) -> Option<(u64, &[u8])> {
    let (mut number, mut rest) = (0u64, b);
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        rest = after;
    }
    (1..=most).contains(&(b.len() - rest.len())).then_some((number, rest))
}

/// What is behind exactly `n` digits.
pub(super) fn digits(b: &[u8], n: usize) -> Option<&[u8]> {
    let (head, rest) = b.split_at_checked(n)?;
    head.iter().all(u8::is_ascii_digit).then_some(rest)
}

pub(super) fn spaces(b: &[u8]) -> &[u8] {
    let mut rest = b;
    while let [b' ', after @ ..] = rest {
        rest = after;
    }
    rest
}

/// `b` without one leading blank: the next ones are the message's own.
pub(super) fn one_space(b: &[u8]) -> &[u8] {
    b.strip_prefix(b" ").unwrap_or(b)
}

/// What is behind the blank that must follow a clock.
pub(super) fn blank(b: &[u8]) -> Option<&[u8]> {
    match b {
        [b' ' | b'\t', rest @ ..] => Some(rest),
        _ => None,
    }
}
