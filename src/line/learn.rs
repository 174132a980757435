//! A prefix that no table knows, worked out from the lines that share it.
//!
//! Whoever carries a console log may put something before each of its lines: `larkbox kernel: ` without a date,
//! `kern.log-1234-` of `grep -n`, `web_1  | ` of a container's log, the clock of some terminal program. What it is, is
//! told by lines that begin with words of the kernel in any report: whatever stands before those, at the same shape
//! on most lines, is the prefix.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::bytes::decimal;
use super::carrier::named_level;
use super::{Line, Origin};
use crate::text;

/// Words that the kernel begins lines with, and prints no text of its own before.
#[rustfmt::skip]
const LANDMARKS: &[&str] = &[
    // dump_stack_print_info, print_modules, show_trace_log_lvl, print_worker_info
    "CPU: ", "Hardware name: ", "Modules linked in:", "Call Trace:", "Call trace:", "Workqueue: ", "Pid: ",
    // __show_regs, show_opcodes, show_fault_oops, show_ip
    "RIP: ", "EIP: ", "Code: ", "RSP: ", "RAX: ", "EAX: ", "PGD ", "pgd = ", "Oops: ", "Process ",
    // arm64, arm, powerpc, s390, riscv, mips
    "Mem abort info:", "pstate: ", "pc : ", "lr : ", "PC is at ", "LR is at ", "NIP ", "LR [", "MSR: ", "Krnl PSW : ",
    "Krnl GPRS: ", "Krnl Code: ", "epc : ", "Internal error: ", "Last Breaking-Event-Address:", "Backtrace:", "Stack: ",
    // lockdep, KASAN, hung tasks
    "stack backtrace:", "Allocated by task ", "Freed by task ", "Memory state around the buggy address:", "task:",
    "Sending NMI from CPU ", "NMI backtrace for cpu ", "Kernel Offset: ", "BUG: ", "INFO: ",
    "------------[ cut here ]------------", "---[ end ",
];

static WORDS: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(LANDMARKS).ok());

/// So many lines are looked at.
const MAX_LINES: usize = 64;
/// A longer prefix is none.
const MAX_HEAD: usize = 160;
/// So many lines with words of the kernel must agree.
const LEAST_HEADS: usize = 2;
/// So many lines must have the prefix.
const LEAST_LINES: usize = 4;
/// So many of them must name a place in the code: frames, `RIP:`.
const LEAST_PLACES: usize = 2;
/// A hexadecimal number has so many digits.
const LEAST_HEX: usize = 8;
/// Fewer blanks alone are the kernel's own.
const LEAST_INDENT: usize = 2;

/// What stands before the kernel's text on the lines of a log that no known prefix explains.
///
/// ```text
/// larkbox kernel: Call Trace:
/// kern.log-1234-Call Trace:
/// [13:43:52.334]收←◆Call Trace:
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pieces: Vec<Piece>,
    /// The blanks before the text, which may begin with blanks of its own.
    tail: Vec<u8>,
    /// The piece that is the seconds of printk's clock.
    time: Option<usize>,
}

/// A part of a prefix. Blanks before one are of no matter: columns are padded.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// The same on all lines.
    Word(Vec<u8>),
    /// A level's name, of which each record has its own.
    Level,
    AnyWord,
    Number,
    Mark(u8),
}

impl Shape {
    /// Works the prefix out from the raw lines round a banner, in the log's order.
    ///
    /// `None` where the lines have no prefix, or known ones only, or none that most of them share. The answer depends
    /// on these lines alone: whoever asks gives those within a fixed distance of the banner.
    pub(crate) fn learn(lines: &[&[u8]]) -> Option<Shape> {
        let lines = lines.get(..MAX_LINES).unwrap_or(lines);
        let bodies: Vec<&[u8]> = lines.iter().map(|raw| Line::parse(0, raw).body).collect();
        let heads: Vec<Option<Head<'_>>> =
            bodies.iter().filter_map(|body| head(body)).map(Head::read).collect();
        let alike = most_alike(&heads)?;
        let shape = Shape::of(&alike)?;
        let with_text = bodies.iter().filter(|body| !body.trim_ascii().is_empty());
        let texts = || with_text.clone().filter_map(|body| Some(shape.strip(body)?.text));
        let fit = texts().count();
        // A table of the kernel's messages has no place in code behind them.
        let places = texts().filter(|text| text::contains(text, "+0x")).count();
        (fit >= LEAST_LINES && fit * 2 >= with_text.clone().count() && places >= LEAST_PLACES)
            .then_some(shape)
    }

    /// Reads a line as [`Line::parse`] does, and takes this prefix off if it has it. The known prefixes that stand
    /// before or behind it are read as well.
    pub(crate) fn parse<'a>(&self, offset: usize, raw: &'a [u8]) -> Line<'a> {
        let outer = Line::parse(offset, raw);
        let Some(read) = self.strip(outer.body) else { return outer };
        let inner = Line::parse(offset, read.text);
        let mut prefix = inner.prefix;
        prefix.level = prefix.level.or(read.level).or(outer.prefix.level);
        prefix.time = prefix.time.or(read.time).or(outer.prefix.time);
        prefix.caller = prefix.caller.or(outer.prefix.caller);
        if prefix.origin == Origin::Unknown {
            // The lines that it was learned from are the kernel's.
            prefix.origin = Origin::Kernel;
        }
        Line { offset, raw: outer.raw, prefix, body: inner.body }
    }

    /// The shape that these prefixes have.
    fn of(heads: &[&Head<'_>]) -> Option<Shape> {
        let first = heads.first()?;
        let pieces: Vec<Piece> = (0..first.tokens.len()).filter_map(|at| piece(heads, at)).collect();
        let varies = pieces.contains(&Piece::AnyWord);
        // What is made of words alone, and not always of the same, may be any text.
        let told = !varies || pieces.contains(&Piece::Number);
        let empty = pieces.is_empty() && first.tail.len() < LEAST_INDENT;
        let time = (0..pieces.len()).find(|&at| is_clock(&pieces, at) && grows(heads, at));
        (told && !empty).then(|| Shape { pieces, tail: first.tail.to_vec(), time })
    }

    fn strip<'a>(&self, body: &'a [u8]) -> Option<Stripped<'a>> {
        let mut read = Stripped { text: body, level: None, time: None };
        for (at, piece) in self.pieces.iter().enumerate() {
            let (token, rest) = Token::read(text::skip_blanks(read.text))?;
            read.text = rest;
            match (piece, token) {
                (Piece::Word(word), Token::Word(found)) if word == found => {}
                (Piece::Level, Token::Word(found)) => read.level = Some(named_level(found)?),
                (Piece::AnyWord, Token::Word(_)) => {}
                (Piece::Number, Token::Number(digits)) => {
                    if self.time == Some(at) {
                        read.time =
                            text::number(digits, 10).and_then(|seconds| seconds.checked_mul(1_000_000));
                    } else if self.time.is_some_and(|seconds| seconds + 2 == at) {
                        read.time = read.time.and_then(|time| Some(time + text::number(digits, 10)?));
                    }
                }
                (Piece::Mark(mark), Token::Mark(found)) if same_mark(*mark, found) => {}
                _ => return None,
            }
        }
        read.text = match read.text.strip_prefix(self.tail.as_slice()) {
            Some(text) => text,
            None if text::skip_blanks(read.text).is_empty() => b"",
            None => return None,
        };
        Some(read)
    }
}

/// What is behind a prefix, and what it says.
struct Stripped<'a> {
    text: &'a [u8],
    level: Option<u8>,
    time: Option<u64>,
}

/// What stands before words of the kernel.
fn head(body: &[u8]) -> Option<&[u8]> {
    let within = body.get(..MAX_HEAD).unwrap_or(body);
    body.get(..WORDS.as_ref()?.find(within)?.start())
}

/// A prefix in its parts.
#[derive(Debug, PartialEq, Eq)]
struct Head<'a> {
    tokens: Vec<Token<'a>>,
    tail: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a [u8]),
    Number(&'a [u8]),
    Mark(u8),
}

impl<'a> Token<'a> {
    fn read(b: &'a [u8]) -> Option<(Token<'a>, &'a [u8])> {
        let is_letter = |c: u8| c.is_ascii_alphabetic() || c == b'_';
        let (hex, behind) = text::take(b, |c| c.is_ascii_hexdigit());
        let ends = !behind.first().is_some_and(|&c| c.is_ascii_alphanumeric());
        match *b.first()? {
            // Ticks in hexadecimal: what is a digit and what a letter differs from line to line.
            _ if hex.len() >= LEAST_HEX && ends && hex.iter().any(u8::is_ascii_digit) => {
                Some((Token::Number(hex), behind))
            }
            c if c.is_ascii_digit() => {
                let (digits, rest) = text::take(b, |c| c.is_ascii_digit());
                Some((Token::Number(digits), rest))
            }
            c if is_letter(c) => {
                let (word, rest) = text::take(b, is_letter);
                Some((Token::Word(word), rest))
            }
            c => Some((Token::Mark(c), b.get(1..)?)),
        }
    }

    /// Whether a part is of the same sort.
    fn is_like(self, other: Token<'_>) -> bool {
        match (self, other) {
            (Token::Word(_), Token::Word(_)) | (Token::Number(_), Token::Number(_)) => true,
            (Token::Mark(a), Token::Mark(b)) => same_mark(a, b),
            _ => false,
        }
    }
}

/// `grep` writes `12:` before what it has found and `13-` before the lines round it.
fn same_mark(a: u8, b: u8) -> bool {
    a == b || matches!((a, b), (b':' | b'-', b':' | b'-'))
}

impl<'a> Head<'a> {
    /// `None` where the words of the kernel are in the middle of a word or number.
    fn read(head: &'a [u8]) -> Option<Head<'a>> {
        let core = head.iter().rposition(|c| !matches!(c, b' ' | b'\t')).map_or(0, |last| last + 1);
        let (mut rest, tail) = head.split_at_checked(core)?;
        let mut tokens = Vec::new();
        while let Some((token, after)) = Token::read(text::skip_blanks(rest)) {
            tokens.push(token);
            rest = after;
        }
        let parted = !tail.is_empty() || matches!(tokens.last(), None | Some(Token::Mark(_)));
        parted.then_some(Head { tokens, tail })
    }

    fn is_like(&self, other: &Head<'_>) -> bool {
        let alike = |(a, b): (&Token<'_>, &Token<'_>)| a.is_like(*b);
        self.tail == other.tail
            && self.tokens.len() == other.tokens.len()
            && self.tokens.iter().zip(&other.tokens).all(alike)
    }
}

/// The prefixes that more than half of all are like.
fn most_alike<'h, 'a>(heads: &'h [Option<Head<'a>>]) -> Option<Vec<&'h Head<'a>>> {
    heads.iter().flatten().find_map(|one| {
        let alike: Vec<_> = heads.iter().flatten().filter(|head| head.is_like(one)).collect();
        (alike.len() >= LEAST_HEADS && alike.len() * 2 > heads.len()).then_some(alike)
    })
}

/// What is at one place of these prefixes.
fn piece(heads: &[&Head<'_>], at: usize) -> Option<Piece> {
    let mut found = heads.iter().filter_map(|head| head.tokens.get(at).copied());
    Some(match found.next()? {
        Token::Number(_) => Piece::Number,
        Token::Mark(mark) => Piece::Mark(mark),
        Token::Word(word) if named_level(word).is_some() => Piece::Level,
        Token::Word(word) if found.all(|other| other == Token::Word(word)) => Piece::Word(word.to_vec()),
        Token::Word(_) => Piece::AnyWord,
    })
}

/// Whether a time as printk writes it may begin here, `12.345678`, that is no end of a date or of `06:12:01.123456`.
fn is_clock(pieces: &[Piece], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).and_then(|before| pieces.get(before));
    let apart = match before(1) {
        None | Some(Piece::Level | Piece::Number) => true,
        Some(Piece::Mark(mark)) => !b"+-.".contains(mark) && before(2) != Some(&Piece::Number),
        Some(Piece::Word(word)) => word.len() > 1,
        Some(Piece::AnyWord) => false,
    };
    let written = [pieces.get(at), pieces.get(at + 1), pieces.get(at + 2)];
    let is_time = |point: u8| point == b'.' || point == b',';
    apart
        && matches!(written, [Some(Piece::Number), Some(Piece::Mark(point)), Some(Piece::Number)] if is_time(*point))
}

/// Whether the numbers there are microseconds since boot: from one line to the next they grow.
fn grows(heads: &[&Head<'_>], at: usize) -> bool {
    let mut last = 0;
    heads.iter().all(|head| {
        let (Some(Token::Number(seconds)), Some(Token::Number(micros))) =
            (head.tokens.get(at), head.tokens.get(at + 2))
        else {
            return false;
        };
        // No machine is up since 1970.
        let seconds = decimal(seconds, 9).map(|(seconds, _)| seconds);
        let time = seconds.zip(decimal(micros, 6)).map(|(seconds, (micros, _))| seconds * 1_000_000 + micros);
        let later = micros.len() == 6 && time.is_some_and(|time| time >= last);
        last = time.unwrap_or(last);
        later
    })
}

#[cfg(test)]
#[path = "../tests/learn.rs"]
mod tests;
