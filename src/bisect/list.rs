//! Small things of a line: hashes, lists, numbers, durations.

use std::time::Duration;

use crate::text;

/// Fewest digits of a hash: git abbreviates to 7 and more.
const SHORTEST_HASH: usize = 7;
/// Most: SHA-256.
const LONGEST_HASH: usize = 64;
/// So many digits are a whole hash, not an abbreviated one.
pub(super) const WHOLE_HASH: usize = 40;

/// The hash that is the whole of `bytes`.
pub(super) fn hash(bytes: &[u8]) -> Option<&str> {
    let fits = (SHORTEST_HASH..=LONGEST_HASH).contains(&bytes.len());
    let hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if fits && bytes.iter().all(hex) { text::ascii(bytes) } else { None }
}

/// The first word of `bytes` and what follows the blank after it.
pub(super) fn word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (word, rest) = text::take(bytes, |byte| byte != b' ');
    (word, rest.strip_prefix(b" ").unwrap_or(rest))
}

/// A hash at the beginning, and what follows the blank after it.
pub(super) fn hash_and_rest(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (first, rest) = word(bytes);
    Some((hash(first)?, rest))
}

/// `[HASH] subject`, as git shows a revision.
pub(super) fn bracketed(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let inside = bytes.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', inside)?;
    let rest = inside.get(end + 1..)?;
    Some((hash(inside.get(..end)?)?, rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// What stands between `before` and `after`, which are the rest of `line`.
pub(super) fn between<'a>(line: &'a [u8], before: &str, after: &str) -> Option<&'a [u8]> {
    line.strip_prefix(before.as_bytes())?.strip_suffix(after.as_bytes())
}

/// What stands before and after the first `separator`.
pub(super) fn split<'a>(bytes: &'a [u8], separator: &str) -> Option<(&'a [u8], &'a [u8])> {
    let at = text::find(bytes, separator)?;
    Some((bytes.get(..at)?, bytes.get(at + separator.len()..)?))
}

/// The words of `[A B C]`, as Go prints a list. The bracket at the end may be cut off.
pub(super) fn words(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let inside = bytes.strip_prefix(b"[")?;
    let inside = inside.strip_suffix(b"]").unwrap_or(inside);
    Some(inside.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).collect())
}

/// The texts of `["a" "b"]`, as Go prints a list of quoted ones. What is cut off at the end is left out.
pub(super) fn quoted(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = bytes.strip_prefix(b"[")?;
    let mut texts = Vec::new();
    while let Some(start) = memchr::memchr(b'"', rest) {
        let after = rest.get(start + 1..)?;
        let Some(end) = memchr::memchr(b'"', after) else { break };
        texts.extend(after.get(..end));
        rest = after.get(end + 1..)?;
    }
    Some(texts)
}

/// Words as a shell takes them, in so far as git quotes: `'HEAD' 'v5.2'`.
pub(super) fn quoted_words(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = bytes.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    words.map(|word| word.strip_prefix(b"'").map_or(word, |w| w.strip_suffix(b"'").unwrap_or(w)))
}

/// Decimal digits that are the whole of `bytes`.
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    text::number(bytes, 10)
}

/// A decimal number between 0 and 1: `0.12`.
pub(super) fn fraction(bytes: &[u8]) -> Option<f64> {
    let number: f64 = text::ascii(bytes)?.parse().ok()?;
    (0.0..=1.0).contains(&number).then_some(number)
}

/// Units of Go's durations in nanoseconds; a longer name before the one that it begins with.
const UNITS: &[(&str, f64)] = &[
    ("ns", 1.0),
    ("\u{b5}s", 1e3),
    ("\u{3bc}s", 1e3),
    ("us", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
];

/// A duration as Go prints it: `4h25m55.692414123s`.
pub(super) fn duration(bytes: &[u8]) -> Option<Duration> {
    let (mut rest, mut sum) = (bytes, Duration::ZERO);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (digits, after) = text::take(rest, |byte| byte.is_ascii_digit() || byte == b'.');
        let (unit, nanos) = UNITS.iter().find(|(unit, _)| after.starts_with(unit.as_bytes()))?;
        rest = after.get(unit.len()..)?;
        sum = sum.checked_add(part(digits, *nanos)?)?;
    }
    Some(sum)
}

/// So many units of so many nanoseconds. Whole seconds and more are exact, whatever the fraction.
fn part(digits: &[u8], nanos: f64) -> Option<Duration> {
    let (whole, fraction) = split(digits, ".").unwrap_or((digits, b""));
    let whole = number(whole)?.checked_mul(nanos as u64)?;
    let fraction: f64 =
        if fraction.is_empty() { 0.0 } else { format!("0.{}", text::ascii(fraction)?).parse().ok()? };
    Duration::from_nanos(whole).checked_add(Duration::from_nanos((fraction * nanos).round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        assert_eq!(duration(b"4h25m55.692414123s"), Some(Duration::new(15955, 692_414_123)));
        assert_eq!(duration(b"1.5\xc2\xb5s"), Some(Duration::from_nanos(1500)));
        assert_eq!(duration(b"250ms"), Some(Duration::from_millis(250)));
        for broken in [&b""[..], b"4h25", b"4x", b"99999999999999999999h", b".s", b"1..2s"] {
            assert_eq!(duration(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn lists_may_be_cut() {
        assert_eq!(quoted(b"[\"a b\" \"c\"]"), Some(vec![&b"a b"[..], b"c"]));
        assert_eq!(quoted(b"[\"a\" \"b"), Some(vec![&b"a"[..]]));
        assert_eq!(quoted(b"[]"), Some(vec![]));
        assert_eq!(words(b"[v6.9 v6.8"), Some(vec![&b"v6.9"[..], b"v6.8"]));
    }
}
