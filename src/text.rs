//! Byte helpers and the few grammar pieces that every kernel line is made of.

use std::borrow::Cow;
use std::ops::Range;

use nom::IResult;
use nom::Parser;
use nom::bytes::complete::take_while1;

/// Result of a grammar over the bytes of one line.
pub(crate) type Parsed<'a, T> = IResult<&'a [u8], T>;

/// A log, or a part of one: its bytes, and where they stand in it. All offsets are of the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log<'a> {
    bytes: &'a [u8],
    start: usize,
    /// Nothing comes behind.
    ended: bool,
}

impl<'a> Log<'a> {
    /// A whole log.
    pub(crate) fn whole(bytes: &'a [u8]) -> Log<'a> {
        Log { bytes, start: 0, ended: true }
    }

    /// The part of a log that begins at `start`.
    pub(crate) fn part(bytes: &'a [u8], start: usize) -> Log<'a> {
        Log { bytes, start, ended: false }
    }

    /// The same, and whether it is the last part.
    pub(crate) fn ending(self, ended: bool) -> Log<'a> {
        Log { ended, ..self }
    }

    pub(crate) fn is_ended(self) -> bool {
        self.ended
    }

    pub(crate) fn start(self) -> usize {
        self.start
    }

    pub(crate) fn end(self) -> usize {
        self.start + self.bytes.len()
    }

    /// The bytes of a range, as far as they are here.
    #[inline]
    pub(crate) fn get(self, range: Range<usize>) -> &'a [u8] {
        let from = range.start.saturating_sub(self.start);
        let to = range.end.saturating_sub(self.start).min(self.bytes.len());
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// The offset so many bytes before `offset`, or the first one.
    pub(crate) fn before(self, offset: usize, bytes: usize) -> usize {
        offset.saturating_sub(bytes).max(self.start)
    }

    /// Start of the line that ends or goes on at `at`.
    #[inline]
    pub(crate) fn line_start(self, at: usize) -> usize {
        memchr::memrchr(b'\n', self.get(self.start..at))
            .map_or(self.start, |newline| self.start + newline + 1)
    }

    /// Offset of the line feed that ends the line holding `at`, or of the log's end.
    #[inline]
    pub(crate) fn line_end(self, at: usize) -> usize {
        memchr::memchr(b'\n', self.get(at..self.end()))
            .map_or(self.end(), |newline| at.max(self.start) + newline)
    }
}

/// Counts lines, from one offset to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lines {
    at: usize,
    /// Line feeds before that.
    before: u64,
}

impl Lines {
    /// So many line feeds are before an offset.
    pub(crate) fn before(at: usize, before: u64) -> Lines {
        Lines { at, before }
    }

    /// Number, from 1, of the line that the byte at `offset` is in; the log has what lies between this offset and the
    /// last one.
    pub(crate) fn number(&mut self, log: Log<'_>, offset: usize) -> u64 {
        let passed =
            memchr::memchr_iter(b'\n', log.get(self.at.min(offset)..self.at.max(offset))).count() as u64;
        self.before =
            if offset >= self.at { self.before + passed } else { self.before.saturating_sub(passed) };
        self.at = offset;
        self.before + 1
    }
}

/// Whether `needle` occurs in `hay`.
pub(crate) fn contains(hay: &[u8], needle: &str) -> bool {
    find(hay, needle).is_some()
}

/// Offset of the first `needle` in `hay`.
pub(crate) fn find(hay: &[u8], needle: &str) -> Option<usize> {
    // Lines are short: setting up a searcher costs more than the search.
    if hay.len() >= LONG_LINE {
        return memchr::memmem::find(hay, needle.as_bytes());
    }
    // A blank is on every line many times, what follows it is not.
    let (blank, needle) = match needle.as_bytes() {
        [b' ', rest @ ..] if !rest.is_empty() => (1, rest),
        needle => (0, needle),
    };
    let Some((first, rest)) = needle.split_first() else { return Some(0) };
    let fits = |at: &usize| {
        hay.get(at + blank + 1..).is_some_and(|tail| tail.starts_with(rest))
            && (blank == 0 || hay.get(*at) == Some(&b' '))
    };
    memchr::memchr_iter(*first, hay.get(blank..)?).find(fits)
}

/// From here on a searcher pays.
const LONG_LINE: usize = 1024;

/// Whether `hay` begins with `start`: the first byte tells mostly, and spares a call for each of a table's rows.
#[inline]
pub(crate) fn begins(hay: &[u8], start: &str) -> bool {
    hay.first() == start.as_bytes().first() && hay.starts_with(start.as_bytes())
}

/// What beginnings of lines mean, by their first byte: the longest table then costs a line no more than the rows
/// that it may be.
#[derive(Debug)]
pub(crate) struct Starts<T>([Vec<(&'static str, T)>; 256]);

impl<T: Copy> Starts<T> {
    pub(crate) fn new(rows: impl IntoIterator<Item = (&'static str, T)>) -> Starts<T> {
        let mut starts = Starts(std::array::from_fn(|_| Vec::new()));
        for (start, means) in rows {
            let first = start.bytes().next().and_then(|first| starts.0.get_mut(usize::from(first)));
            first.into_iter().for_each(|of_byte| of_byte.push((start, means)));
        }
        starts
    }

    /// What the first row means that `line` begins with.
    pub(crate) fn find(&self, line: &[u8]) -> Option<T> {
        self.find_if(line, |_| true)
    }

    /// The same of the rows that mean something wanted.
    pub(crate) fn find_if(&self, line: &[u8], wanted: impl Fn(&T) -> bool) -> Option<T> {
        let of_byte = self.0.get(usize::from(*line.first()?))?;
        let fits = |(start, means): &&(&str, T)| line.starts_with(start.as_bytes()) && wanted(means);
        of_byte.iter().find(fits).map(|(_, means)| *means)
    }
}

/// What follows the first `needle` in `hay`.
pub(crate) fn after<'a>(hay: &'a [u8], needle: &str) -> Option<&'a [u8]> {
    hay.get(find(hay, needle)? + needle.len()..)
}

/// The decimal number that follows the first `name`.
pub(crate) fn number_after(hay: &[u8], name: &str) -> Option<u64> {
    Some(dec(after(hay, name)?).ok()?.1)
}

/// The same of at most 32 bits.
pub(crate) fn u32_after(hay: &[u8], name: &str) -> Option<u32> {
    Some(dec_u32(after(hay, name)?).ok()?.1)
}

/// `bytes` as text if they are ASCII: names, hexadecimal numbers, build IDs.
pub(crate) fn ascii(bytes: &[u8]) -> Option<&str> {
    if bytes.is_ascii() { std::str::from_utf8(bytes).ok() } else { None }
}

/// `bytes` as text, with replacement characters for what is no UTF-8.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    // Its check of whole words at a time is several times faster than the search for what to replace.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Whether a character is not seen where it is printed, or changes how others are: controls of the text's direction,
/// separators of lines, what has no width, and tags. Control characters are none of these.
pub(crate) fn is_unseen(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The longest prefix of `bytes` whose bytes satisfy `ok`, and the rest.
pub(crate) fn take(bytes: &[u8], ok: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let n = bytes.iter().position(|&b| !ok(b)).unwrap_or(bytes.len());
    bytes.split_at(n)
}

/// `bytes` without leading blanks and tabs.
pub(crate) fn skip_blanks(bytes: &[u8]) -> &[u8] {
    take(bytes, |b| b == b' ' || b == b'\t').1
}

/// Hexadecimal digits as a number; more than 64 bits are no match.
pub(crate) fn hex_digits(input: &[u8]) -> Parsed<'_, u64> {
    match hex_run(input) {
        (rest, Some(n)) if rest.len() < input.len() => Ok((rest, n)),
        _ => fail(input),
    }
}

/// The hexadecimal digits that `input` begins with, as a number if it has at most 64 bits, and what follows them.
#[inline]
pub(crate) fn hex_run(input: &[u8]) -> (&[u8], Option<u64>) {
    let (mut rest, mut number, mut fits) = (input, 0u64, true);
    while let [byte, after @ ..] = rest
        && let Some(digit) = hex_digit(*byte)
    {
        fits &= number >> 60 == 0;
        (rest, number) = (after, number << 4 | u64::from(digit));
    }
    (rest, fits.then_some(number))
}

/// The value of a hexadecimal digit.
#[inline]
pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    DIGITS.get(usize::from(byte)).copied().filter(|value| *value < 16)
}

/// Most bytes of a report are digits of addresses: a table answers faster than ranges.
static DIGITS: [u8; 256] = {
    let mut digits = [u8::MAX; 256];
    let (mut rest, mut byte): (&mut [u8], u8) = (&mut digits, 0);
    while let [digit, after @ ..] = rest {
        *digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'F' => byte - b'A' + 10,
            b'a'..=b'f' => byte - b'a' + 10,
            _ => u8::MAX,
        };
        byte = byte.wrapping_add(1);
        rest = after;
    }
    digits
};

/// `0x` and hexadecimal digits.
pub(crate) fn hex(input: &[u8]) -> Parsed<'_, u64> {
    match input.strip_prefix(b"0x") {
        Some(digits) => hex_digits(digits),
        None => fail(input),
    }
}

/// Decimal digits as a number; more than 64 bits are no match.
pub(crate) fn dec(input: &[u8]) -> Parsed<'_, u64> {
    let (rest, digits) = take_while1(|b: u8| b.is_ascii_digit()).parse(input)?;
    match number(digits, 10) {
        Some(n) => Ok((rest, n)),
        None => fail(input),
    }
}

/// Decimal digits as a number of at most 32 bits: CPUs, PIDs, line numbers.
pub(crate) fn dec_u32(input: &[u8]) -> Parsed<'_, u32> {
    let (rest, n) = dec(input)?;
    match u32::try_from(n) {
        Ok(n) => Ok((rest, n)),
        Err(_) => fail(input),
    }
}

/// `digits` in `radix`; overflow and anything else than digits are `None`.
#[inline]
pub(crate) fn number(digits: &[u8], radix: u32) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |n, &b| {
        let digit = char::from(b).to_digit(radix)?;
        n.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))
    })
}

/// The error of a grammar that does not match.
pub(crate) fn fail<T>(input: &[u8]) -> Parsed<'_, T> {
    Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Fail)))
}

/// Whether a path is as the pattern says: `*` is any bytes, `?` any one.
pub(crate) fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.as_bytes(), path.as_bytes());
    let (mut at, mut in_pattern) = (0, 0);
    // Behind the last star, and where the path went on from it.
    let mut retry = None;
    while let Some(&byte) = path.get(at) {
        match pattern.get(in_pattern) {
            Some(b'*') => {
                in_pattern += 1;
                retry = Some((in_pattern, at));
            }
            Some(&wanted) if wanted == b'?' || wanted == byte => (in_pattern, at) = (in_pattern + 1, at + 1),
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                (in_pattern, at) = (star, from + 1);
            }
        }
    }
    pattern.get(in_pattern..).is_some_and(|rest| rest.iter().all(|&b| b == b'*'))
}

/// The bytes of `whole` from its part on; `None` if it is no part of it.
pub(crate) fn from<'a>(whole: &'a [u8], part: &[u8]) -> Option<&'a [u8]> {
    whole.get((part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?..)
}

/// Bytes that a symbol name may hold: kallsyms prints `foo.isra.0`, `_RNv…`, `$`-marked hashes.
#[inline]
pub(crate) fn is_symbol_byte(b: u8) -> bool {
    is_of(b, SYMBOL)
}

/// Bytes of a word as C knows it: a register's name, a function's without what compilers append.
#[inline]
pub(crate) fn is_word_byte(b: u8) -> bool {
    is_of(b, WORD)
}

/// Most bytes of a report are asked what they are, some of them several times: a table answers faster than ranges.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let (mut rest, mut byte): (&mut [u8], u8) = (&mut classes, 0);
    while let [class, after @ ..] = rest {
        *class = match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' => WORD | SYMBOL,
            b'.' | b'$' => SYMBOL,
            _ => 0,
        };
        byte = byte.wrapping_add(1);
        rest = after;
    }
    classes
};

const WORD: u8 = 1;
const SYMBOL: u8 = 2;

fn is_of(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

/// A symbol name: `__do_sys_clone`, `foo.constprop.0.cold`.
pub(crate) fn symbol(input: &[u8]) -> Parsed<'_, &str> {
    let (name, rest) = take(input, is_symbol_byte);
    match std::str::from_utf8(name) {
        Ok(name) if name.as_bytes().first().is_some_and(|first| !first.is_ascii_digit()) => Ok((rest, name)),
        _ => fail(input),
    }
}
