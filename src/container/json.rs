//! JSON as the journal, `dmesg -J` and LAVA write it: objects, and the escapes of their strings.

/// Why there is no whole value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is cut.
    More,
    /// It is no JSON.
    Bad,
}

/// A value, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// What stands between the quotes.
    Text(&'a [u8]),
    /// A number, `true`, `null`.
    Word(&'a [u8]),
    /// An array with its brackets.
    Array(&'a [u8]),
    /// An object with its braces.
    Object(&'a [u8]),
}

pub(super) fn blanks(b: &[u8]) -> &[u8] {
    let mut rest = b;
    while let [b' ' | b'\t' | b'\r' | b'\n', after @ ..] = rest {
        rest = after;
    }
    rest
}

/// What is behind `byte` and the blanks before it.
pub(super) fn expect(b: &[u8], byte: u8) -> Result<&[u8], Fault> {
    match blanks(b) {
        [] => Err(Fault::More),
        [first, rest @ ..] if *first == byte => Ok(rest),
        _ => Err(Fault::Bad),
    }
}

/// Reads the object that `b` begins with and hands on its members, names as they are written. Returns what is
/// behind it.
///
/// Of an object that is cut, the members before the cut are handed on, and what there is of the string in which it is.
pub(super) fn object<'a>(
    b: &'a [u8],
    mut member: impl FnMut(&'a [u8], Value<'a>),
) -> Result<&'a [u8], Fault> {
    let mut rest = expect(b, b'{')?;
    if let Ok(rest) = expect(rest, b'}') {
        return Ok(rest);
    }
    loop {
        let (name, after) = string(expect(rest, b'"')?)?;
        let start = expect(after, b':')?;
        let (value, after) = match (value(start), blanks(start)) {
            (Err(Fault::More), [b'"', cut @ ..]) => {
                member(name, Value::Text(cut));
                return Err(Fault::More);
            }
            (value, _) => value?,
        };
        member(name, value);
        match blanks(after) {
            [] => return Err(Fault::More),
            [b',', after @ ..] => rest = after,
            [b'}', after @ ..] => return Ok(after),
            _ => return Err(Fault::Bad),
        }
    }
}

/// A value and what is behind it.
pub(super) fn value(b: &[u8]) -> Result<(Value<'_>, &[u8]), Fault> {
    let b = blanks(b);
    match b.first() {
        None => Err(Fault::More),
        Some(b'"') => string(b.get(1..).unwrap_or_default()).map(|(text, rest)| (Value::Text(text), rest)),
        Some(open @ (b'[' | b'{')) => {
            let rest = nested(b)?;
            let whole = b.get(..b.len() - rest.len()).unwrap_or_default();
            Ok((if *open == b'[' { Value::Array(whole) } else { Value::Object(whole) }, rest))
        }
        Some(_) => {
            let length = b.iter().position(|c| !(c.is_ascii_alphanumeric() || b"+-.".contains(c)));
            let (word, rest) = b.split_at_checked(length.ok_or(Fault::More)?).ok_or(Fault::More)?;
            if word.is_empty() { Err(Fault::Bad) } else { Ok((Value::Word(word), rest)) }
        }
    }
}

/// What stands before the closing quote, and what is behind it.
pub(super) fn string(b: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let mut at = 0;
    loop {
        let rest = b.get(at..).unwrap_or_default();
        let found = memchr::memchr2(b'"', b'\\', rest).ok_or(Fault::More)?;
        at += found;
        if b.get(at) == Some(&b'"') {
            let (text, rest) = b.split_at_checked(at).ok_or(Fault::More)?;
            return Ok((text, rest.get(1..).unwrap_or_default()));
        }
        at += 2;
    }
}

/// What is behind the array or object that `b` begins with.
fn nested(b: &[u8]) -> Result<&[u8], Fault> {
    let (mut rest, mut depth) = (b, 0usize);
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth == 1 => return Ok(rest),
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => rest = string(rest)?.1,
            _ => {}
        }
    }
    Err(Fault::More)
}

/// Bytes of a value that is text: a string, or an array of the bytes' numbers (the journal's form of what is no
/// UTF-8), or of several strings, which become lines.
pub(super) fn bytes(value: Value<'_>) -> Option<Vec<u8>> {
    match value {
        Value::Text(text) => Some(unescaped(text)),
        Value::Array(array) => {
            let mut out = Vec::with_capacity(array.len() / 4);
            let mut rest = array.get(1..)?;
            while let Ok((item, after)) = self::value(rest) {
                match item {
                    Value::Word(number) => out.push(u8::try_from(crate::text::number(number, 10)?).ok()?),
                    Value::Text(text) => {
                        if !out.is_empty() {
                            out.push(b'\n');
                        }
                        unescape(text, &mut out);
                    }
                    Value::Array(_) | Value::Object(_) => out.extend(bytes_of_numbers(item)?),
                }
                rest = expect(after, b',').unwrap_or_default();
            }
            Some(out)
        }
        Value::Word(_) | Value::Object(_) => None,
    }
}

/// An array of numbers in an array.
fn bytes_of_numbers(value: Value<'_>) -> Option<Vec<u8>> {
    let Value::Array(array) = value else { return None };
    let inside = array.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let number = |word: &[u8]| u8::try_from(crate::text::number(word.trim_ascii(), 10)?).ok();
    inside.split(|&byte| byte == b',').map(number).collect()
}

pub(super) fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    unescape(text, &mut out);
    out
}

/// Escapes of one letter: JSON's, and those that YAML adds.
const LETTERS: &[(u8, u8)] = &[
    (b'n', b'\n'),
    (b't', b'\t'),
    (b'r', b'\r'),
    (b'b', 8),
    (b'f', 12),
    (b'0', 0),
    (b'a', 7),
    (b'v', 11),
    (b'e', 0x1b),
];

/// Replaces the escapes of JSON's strings, and of YAML's in double quotes, which are the same and more.
pub(super) fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        rest = one(escape, out);
    }
    out.extend_from_slice(rest);
}

/// Replaces the escape that `b` begins with; what is none stays as it is.
fn one<'a>(b: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let [b'\\', letter, rest @ ..] = b else {
        out.extend_from_slice(b);
        return &[];
    };
    if let Some((_, byte)) = LETTERS.iter().find(|(name, _)| name == letter) {
        out.push(*byte);
        return rest;
    }
    let digits = match letter {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        b'N' => return put(char::from(0x85), rest, out),
        b'_' => return put(char::from(0xa0), rest, out),
        b'L' => return put('\u{2028}', rest, out),
        b'P' => return put('\u{2029}', rest, out),
        _ => {
            out.push(*letter);
            return rest;
        }
    };
    match code(rest, digits) {
        Some((high @ 0xd800..0xdc00, after)) => match after.strip_prefix(b"\\u").and_then(|low| code(low, 4))
        {
            Some((low @ 0xdc00..0xe000, after)) => {
                let both = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                put(char::from_u32(both).unwrap_or('\u{fffd}'), after, out)
            }
            _ => put('\u{fffd}', after, out),
        },
        Some((code, after)) => put(char::from_u32(code).unwrap_or('\u{fffd}'), after, out),
        None => {
            out.extend_from_slice(&[b'\\', *letter]);
            rest
        }
    }
}

fn put<'a>(char: char, rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    rest
}

/// A code of so many hexadecimal digits.
fn code(b: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (digits, rest) = b.split_at_checked(digits)?;
    Some((u32::try_from(crate::text::number(digits, 16)?).ok()?, rest))
}
