//! Banners that are items of a list, or of a text about a kernel: no log is around them.
//!
//! ```text
//!   * kernel BUG at fs/ext4/inode.c:1914! (LP: #1991211)
//! 216301    Memory    Page Allocator    NEW    ---    kernel BUG at mm/usercopy.c:101!    2022-08-01
//!      12 INFO: task fio:211 blocked for more than 120 seconds.
//! 218004  FS  ext4  NEW  kernel BUG at fs/ext4/inode.c:2722!
//! ```

use std::sync::LazyLock;

use crate::formats::{noise, said};
use crate::line::{Line, Prefix};
use crate::rules::{CompiledFamily, Pattern};
use crate::scan::{self, Words};
use crate::text::{self, Log, Starts};

use super::lines::{line_at, lines_before};

/// So many bytes before and behind a banner tell what it is in.
const AROUND: usize = 2 << 10;
/// So many lines with words on each side of a banner tell whether it is in a text.
const NEAR: usize = 3;
/// So many of a person's words make a text.
const WORDS: usize = 2;
/// So many columns of words stand between the number of a row and its text.
const COLUMNS: usize = 2;

static REFERENCES: LazyLock<Vec<Pattern>> = LazyLock::new(|| patterns(said::REFERENCES));
static DOCUMENTS: LazyLock<Vec<Pattern>> =
    LazyLock::new(|| said::DOCUMENTS.iter().map(|(_, pattern)| Pattern::new(pattern)).collect());
static OF_DOCUMENTS: LazyLock<Words> =
    LazyLock::new(|| Words::new(said::DOCUMENTS.iter().map(|(words, _)| *words)));
/// The words of people, each with its length.
static SAID: LazyLock<Starts<usize>> = LazyLock::new(|| {
    let words = said::WORDS.iter().chain(said::MORE_WORDS);
    Starts::new(words.map(|word| (*word, word.len())))
});
static TIME_OF_DAY: Pattern = Pattern::new("[0-9]{2}:[0-9]{2}:[0-9]{2}");
static SYZBOTS: LazyLock<Pattern> = LazyLock::new(|| Pattern::new(said::SYZBOTS_LIST));

fn patterns(table: &[&'static str]) -> Vec<Pattern> {
    table.iter().map(|pattern| Pattern::new(pattern)).collect()
}

/// What a line of a list looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item<'a> {
    /// `* …`, `  - …`
    Bullet,
    /// `#1211  OPEN    …`
    Numbered(u64),
    /// `     12 …`: so many times (`uniq -c`).
    Counted(u64),
    /// `<alice> …`
    Spoken(&'a [u8]),
    /// Columns between so many tabs.
    Tabs(usize),
    /// Columns between so many ` | `.
    Bars(usize),
    /// A number, and columns behind it that blanks fill up.
    Row(&'a [u8]),
}

/// Whether a banner is in a list or in a text, and nothing that only a report has comes behind it. `None` where more of the
/// log may tell.
pub(super) fn is_listed(log: Log<'_>, line: &Line<'_>, family: &CompiledFamily) -> Option<bool> {
    if SYZBOTS.is_match(line.raw) {
        return Some(true);
    }
    let at = text::find(line.body, family.family.banner);
    let halves = at.and_then(|at| line.body.split_at_checked(at));
    let Some((before, after)) = halves.filter(|_| line.prefix == Prefix::default()) else {
        return Some(false);
    };
    if REFERENCES.iter().any(|reference| reference.is_match(after)) {
        return Some(true);
    }
    let head = line.raw.get(..line.raw.len().saturating_sub(after.len())).unwrap_or_default();
    let item = if TIME_OF_DAY.is_match(head) { beginning_of(before) } else { item(before, after) };
    let start = (log.line_end(line.offset + line.raw.len()) + 1).min(log.end());
    let end = start + AROUND;
    let ended = log.is_ended() || end <= log.end();
    let is_item = item.is_some_and(|item| {
        above_lines(log, line).next().is_some_and(|above| is_beside(above.body, item, true))
            || rows(log, start, end).next().is_some_and(|next| is_beside(next.body, item, false))
    });
    let below_words = has_words(log, line.offset);
    let in_text = below_words && is_in_text(log, line, start);
    if !(is_item || in_text) {
        // The lines that tell may not be here yet.
        return if item.is_none() && !below_words { Some(false) } else { ended.then_some(false) };
    }
    let has_report = |text: &[u8]| noise::OF_REPORTS.iter().any(|word| text::contains(text, word));
    let reports = has_report(log.get(start..end))
        && rows(log, start, end)
            .filter(|row| !scan::has_needle(row.body) || row.prefix != Prefix::default())
            .any(|row| has_report(row.raw));
    if reports { Some(false) } else { ended.then_some(true) }
}

/// The lines before one that have words.
fn above_lines<'a>(log: Log<'a>, line: &Line<'_>) -> impl Iterator<Item = Line<'a>> + use<'a> {
    lines_before(log, line.offset).filter(|line| !line.raw.trim_ascii().is_empty())
}

/// The lines of a part that have words.
fn rows(log: Log<'_>, start: usize, end: usize) -> impl Iterator<Item = Line<'_>> + use<'_> {
    let mut next = start;
    let lines = std::iter::from_fn(move || {
        let from = Some(next).filter(|from| *from < end.min(log.end()))?;
        let to = log.line_end(from);
        next = to + 1;
        Some(line_at(log, from, to))
    });
    lines.filter(|line| !line.raw.trim_ascii().is_empty())
}

/// What a line of a list is, by what stands before a banner and behind it.
fn item<'a>(before: &'a [u8], after: &[u8]) -> Option<Item<'a>> {
    let (bars, tabs) = (columns(after, " | "), columns(after, "\t"));
    match before {
        _ if bars > 0 => Some(Item::Bars(bars + columns(before, " | "))),
        _ if tabs > 0 && before.contains(&b'\t') => Some(Item::Tabs(tabs + columns(before, "\t"))),
        before => row(before).map(Item::Row).or_else(|| beginning_of(before)),
    }
}

/// The number that a row of a table begins with: two columns of words at least stand behind it, with several blanks between.
fn row(text: &[u8]) -> Option<&[u8]> {
    let (number, mut rest) = text::take(text.trim_ascii_start(), |c| c.is_ascii_digit());
    let mut columns = 0;
    while let Some(at) = text::find(rest, "  ") {
        columns +=
            usize::from(rest.get(..at).is_some_and(|column| column.iter().any(u8::is_ascii_alphabetic)));
        rest = text::skip_blanks(rest.get(at..)?);
    }
    (!number.is_empty() && columns >= COLUMNS).then_some(number)
}

/// The same where columns are none of a list: rows with a time of day are a log's.
fn beginning_of(before: &[u8]) -> Option<Item<'_>> {
    let start = before.trim_ascii_start();
    beginning(start, before.len() > start.len()).filter(|item| *item != Item::Bullet || is_said_of(start))
}

/// Whether an item says nothing before its banner, or what people say: boot scripts mark their lines as well.
fn is_said_of(start: &[u8]) -> bool {
    let words = || start.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let is_word = |word: &[u8]| said::WORDS.iter().any(|said| word.eq_ignore_ascii_case(said.as_bytes()));
    words().next().is_none()
        || words().any(is_word)
        || said::OPENERS.iter().any(|opener| start.ends_with(opener.as_bytes()))
}

/// The same by its beginning alone; `indented` if blanks stand before it.
fn beginning(start: &[u8], indented: bool) -> Option<Item<'_>> {
    let (number, rest) = text::take(start, |c| c.is_ascii_digit());
    match start {
        [b'*' | b'-' | b'+', b' ', ..] => Some(Item::Bullet),
        _ if start.starts_with("• ".as_bytes()) => Some(Item::Bullet),
        [b'#', number @ ..] if number.first().is_some_and(u8::is_ascii_digit) => {
            text::number(text::take(number, |c| c.is_ascii_digit()).0, 10).map(Item::Numbered)
        }
        [b'<', name @ ..] => {
            let (name, rest) = text::take(name, |c| text::is_word_byte(c) || c == b'-');
            let is_level = said::LEVELS.iter().any(|level| name.eq_ignore_ascii_case(level.as_bytes()));
            let is_name = name.iter().any(u8::is_ascii_lowercase) && rest.starts_with(b"> ");
            (is_name && !is_level).then_some(Item::Spoken(name))
        }
        _ if indented && rest.starts_with(b" ") => {
            std::str::from_utf8(number).ok()?.parse().ok().map(Item::Counted)
        }
        _ => None,
    }
}

/// Whether the line above or below is of the same list. A program's table and what it numbers may be a log, but not one
/// banner after the other.
fn is_beside(other: &[u8], item: Item<'_>, above: bool) -> bool {
    let start = other.trim_ascii_start();
    let same = match item {
        Item::Bars(bars) => columns(other, " | ") == bars,
        Item::Tabs(tabs) => columns(other, "\t") == tabs,
        Item::Row(number) => row(other).is_some_and(|other| other.len() == number.len() && other != number),
        // The most frequent is first; what numbers lines counts up.
        Item::Counted(count) => match beginning(start, other.len() > start.len()) {
            Some(Item::Counted(other)) if above => other >= count,
            Some(Item::Counted(other)) => other <= count,
            _ => false,
        },
        // What a program numbers or names on all its lines is a prefix.
        Item::Numbered(number) => {
            return matches!(beginning(start, false), Some(Item::Numbered(other)) if other != number);
        }
        Item::Spoken(name) => {
            return matches!(beginning(start, false), Some(Item::Spoken(other)) if other != name);
        }
        Item::Bullet => return beginning(start, false) == Some(item),
    };
    same && scan::has_needle(other)
}

fn columns(text: &[u8], between: &str) -> usize {
    memchr::memmem::find_iter(text, between.as_bytes()).count()
}

/// Whether a line stands between a person's sentences, in a text that is about a kernel and no log: a commit, a patch, an
/// advisory.
fn is_in_text(log: Log<'_>, line: &Line<'_>, behind: usize) -> bool {
    let from = log.before(line.offset, AROUND);
    let part = log.get(from..behind + AROUND);
    is_document(part)
        && text_of(above_lines(log, line))
            .zip(text_of(rows(log, behind, behind + AROUND)))
            .is_some_and(|(above, below)| above || below)
}

/// Whether a part of a text is one about a kernel.
fn is_document(part: &[u8]) -> bool {
    let mut of = OF_DOCUMENTS.find(part).map(|(_, of)| of).collect::<Vec<_>>();
    of.dedup();
    of.iter().any(|of| DOCUMENTS.get(*of).is_some_and(|document| document.is_match(part)))
}

/// Whether the lines before an offset may be a text, whatever stands before their words.
fn has_words(log: Log<'_>, offset: usize) -> bool {
    let lines = log.get(log.before(offset, AROUND)..offset).rsplit(|&byte| byte == b'\n');
    let near = lines.filter(|line| !line.trim_ascii().is_empty()).take(NEAR);
    near.map(said_words).sum::<usize>() >= WORDS
}

/// How many of a person's words are in a line.
fn said_words(line: &[u8]) -> usize {
    let is_said = |word: &&[u8]| SAID.find_if(word, |length| *length == word.len()).is_some();
    words_of(line).filter(is_said).count() + WORDS * usize::from(is_trailer(line))
}

fn words_of(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'.' | b'"'))
}

/// `Signed-off-by: …`
fn is_trailer(line: &[u8]) -> bool {
    said::TRAILERS.iter().any(|tag| text::contains(line, tag))
}

/// `None` if lines are of no text; else whether one of their words is in no line of the kernel's.
fn text_of<'a>(lines: impl Iterator<Item = Line<'a>>) -> Option<bool> {
    let (mut words, mut sure) = (0, false);
    for line in lines.take(NEAR) {
        if line.prefix != Prefix::default() {
            return None;
        }
        words += said_words(line.body);
        // The kernel says "not" and "by" as well.
        sure |= words_of(line.body).any(|word| said::SURE_WORDS.iter().any(|said| said.as_bytes() == word))
            || is_trailer(line.body);
    }
    (words >= WORDS).then_some(sure)
}
