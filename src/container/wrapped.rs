//! A log that a mail program has broken at 72 columns or so, at blanks and behind hyphens:
//!
//! ```text
//! > [   12.345678] CPU: 0 PID: 911 Comm: demo Not tainted 5.10.0-8-
//! > amd64 #1 Debian 5.10.46-4
//! > [   12.345681] RAX: ffff9cc0c274b1b8 RBX: ffff81299f84b897 RCX:
//! > ffff928cf6ea8fe8
//! ```
//!
//! A line is the rest of the one before if its first word had no room there, and the one before ends in the middle of
//! something: a label without its value, a row of registers, a list of modules, a version. In a log that is known to be
//! broken, what has no stamp behind what has one is the rest in any case.
//!
//! A screen breaks lines at its width, in the midst of a word:
//!
//! ```text
//! [ 1523.441265] CPU: 5 PID: 2817 Comm: fio Tainted: G           OE      6.6.13-20
//! 0.fc39.x86_64 #1
//! ```

use super::midst;
use super::sink::Sink;
use super::unpack::{Unpack, lines, trim};
use crate::line::{self, Line, Origin};
use crate::text;

/// Longest line that a mail program leaves.
const LONGEST: usize = 80;
/// Up to here a word has room: programs break at 72 columns, marks of quotes included or not.
const ROOM: usize = 66;

/// Narrowest and widest screen that a log is copied from.
const NARROW: usize = 40;
const WIDE: usize = 250;
/// What is known of so many broken lines is kept.
const BREAKS: usize = 8;
/// So many lines of a log must be broken.
const LEAST_BROKEN: usize = 2;
/// What goes on behind a break begins with no more blanks; with two at least, since the kernel's own lines have one.
const INDENT: std::ops::RangeInclusive<usize> = 2..=8;
/// Where a screen breaks, so many blanks may stand: more are what it fills its lines with.
const BLANKS: usize = 7;
/// Lines that have so many first bytes in common have a prefix.
const ALIKE: usize = 5;
/// More of a line that was put together is not kept.
const KEPT: usize = 1 << 10;

/// Lines that go on with words of any sort.
const PROSE: &[&str] = &["CPU: ", "Hardware name: ", "Workqueue: "];

/// Headlines, which go on with what is no beginning of a sentence.
const HEADLINES: &[&str] = &[
    "BUG: ",
    "INFO: ",
    "WARNING: ",
    "Unable to handle ",
    "watchdog: ",
    "Internal error: ",
    "8<--- ",
    "kernel BUG at",
];

#[derive(Debug)]
pub(super) struct Wrapped {
    joiner: Joiner,
    /// What ends the line that was written, once it is known that it has ended.
    feed: Vec<u8>,
}

impl Wrapped {
    pub(super) fn new(how: How) -> Wrapped {
        Wrapped { joiner: Joiner { how, ..Joiner::default() }, feed: Vec::new() }
    }
}

impl Unpack for Wrapped {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        let taken = lines(input, end, sink, |line, sink| {
            let source = sink.source();
            let bare = trim(line);
            let (join, text) = self.joiner.look(bare);
            match join {
                Join::Apart | Join::Open => {
                    sink.write(source, &self.feed);
                    sink.write(source, bare);
                }
                Join::Rest(glue) => {
                    sink.write(source, glue);
                    sink.write(source, text);
                }
            }
            self.feed = line.get(bare.len()..).unwrap_or_default().to_vec();
        });
        if end {
            self.pause(sink);
        }
        taken
    }

    fn pause(&mut self, sink: &mut Sink) {
        sink.write(sink.source(), &self.feed);
        self.feed.clear();
    }
}

/// How a log is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum How {
    /// It is not known: only what is the rest for sure is joined.
    #[default]
    Unknown,
    /// At blanks, by a mail program.
    Mailed,
    /// At so many columns, by a screen.
    Screen(usize),
}

/// How a line belongs to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    Apart,
    /// It may be the rest: as yet nothing tells.
    Open,
    /// It is the rest; with what was between them.
    Rest(&'static [u8]),
}

/// A line that looks broken.
#[derive(Clone, Copy, Debug)]
struct Break {
    length: usize,
    /// As a mail program breaks it.
    mailed: bool,
    sort: Cut,
}

/// Who may have broken a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// A screen: within a number.
    Screen,
    Mail,
    Either,
}

/// Reads lines one after another. Most logs are not broken: what a line is, is looked at only where its length and the next
/// one's leave it open.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    how: How,
    breaks: Vec<Break>,
    /// Longest line.
    longest: usize,
    /// The line before, as it was sent.
    length: usize,
    quote: Vec<u8>,
    /// Its text, with what was joined to it.
    text: Vec<u8>,
    /// What it is, or what it is the rest of, once that was looked at.
    record: Option<Record>,
}

/// What is known of a line by its beginning.
#[derive(Clone, Copy, Debug)]
struct Record {
    sort: Sort,
    stamped: bool,
    /// Where its text begins.
    start: usize,
}

/// What a line begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sort {
    #[default]
    Other,
    Code,
    Modules,
    Prose,
    Headline,
}

impl Record {
    fn of(text: &[u8]) -> Record {
        let read = Line::parse(0, text);
        let stamped = read.prefix.origin != Origin::Unknown || read.body.len() < read.raw.len();
        let start = (read.body.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        Record { sort: Sort::of(read.body), stamped, start }
    }

    /// Whether it is the kernel's.
    fn is_known(self) -> bool {
        self.stamped || self.sort != Sort::Other
    }
}

impl Joiner {
    /// How the log is broken, as far as is known.
    pub(super) fn how(&self) -> How {
        self.how
    }

    /// How the next line belongs to the one before, and its text without marks of quotes.
    pub(super) fn look<'a>(&mut self, line: &'a [u8]) -> (Join, &'a [u8]) {
        let text = line::quoted(line).unwrap_or(line);
        let quote = line.get(..line.len() - text.len()).unwrap_or_default();
        let (mut join, mut record) = (Join::Apart, None);
        if self.may_join(quote, text) {
            let next = Record::of(text);
            record = Some(next);
            if !next.stamped && self.may_go_on() {
                join = self.join(quote, text);
            }
        }
        let rest = if self.is_full() { text } else { unindented(text).unwrap_or(text) };
        match join {
            Join::Rest(glue) if self.text.len() + text.len() < KEPT => {
                self.text.extend_from_slice(glue);
                self.text.extend_from_slice(rest);
            }
            Join::Rest(_) => keep(&mut self.text, text),
            Join::Apart | Join::Open => {
                self.record = record;
                keep(&mut self.text, text);
            }
        }
        self.longest = self.longest.max(line.len());
        self.length = line.len();
        keep(&mut self.quote, quote);
        (join, if let Join::Rest(_) = join { rest } else { text })
    }

    fn record(&mut self) -> Record {
        *self.record.get_or_insert_with(|| Record::of(&self.text))
    }

    /// Whether the line that was read is the kernel's, and longer than those that were broken: then they were not.
    pub(super) fn forgets(&mut self) -> bool {
        let most = self.breaks.iter().map(|found| found.length).fold(LONGEST, usize::max);
        let forgets = !self.breaks.is_empty() && self.length > most && self.record().is_known();
        if forgets {
            self.breaks.clear();
        }
        forgets
    }

    /// Whether the line that was read may have been broken.
    pub(super) fn may_go_on(&mut self) -> bool {
        self.length <= WIDE
            && (self.record().is_known() || self.values() || self.names() || midst::is_begun(&self.text))
    }

    /// Whether the line ends where the screen does.
    fn is_full(&self) -> bool {
        self.how == How::Screen(self.length)
    }

    /// Whether the next line can be the rest: most are not, and need no more.
    fn may_join(&self, quote: &[u8], text: &[u8]) -> bool {
        // What was broken off after the text was quoted has no mark, or one fewer.
        let same = quote == self.quote || marks(quote) < marks(&self.quote);
        let stamped = matches!(text, [b'[', b' ' | b'0'..=b'9', ..]);
        // What all lines begin with is a prefix that no table knows.
        let alike = text.get(..ALIKE).is_some_and(|start| self.text.starts_with(start));
        self.length <= WIDE
            && same
            && !stamped
            && !alike
            && !text.trim_ascii().is_empty()
            && !self.text.is_empty()
    }

    /// Whether a word had no room where the line before ends.
    fn no_room(&self, text: &[u8]) -> bool {
        let first = word(text);
        let room = (ROOM..=LONGEST + first.len()).contains(&(self.length + first.len()));
        self.length <= LONGEST && room && !first.is_empty()
    }

    fn join(&mut self, quote: &[u8], text: &[u8]) -> Join {
        let record = self.record();
        let rest = unindented(text).filter(|_| record.stamped).unwrap_or(text);
        let screen = self.is_screens(record, text);
        let sure = midst::is_rest(self.text.get(record.start..).unwrap_or_default(), rest);
        let goes_on = sure.is_some() && screen != Some(Cut::Screen)
            || self.goes_on(record.sort, self.last(), rest, word(rest));
        let mailed = goes_on && self.no_room(rest);
        if screen.is_some() || mailed {
            self.note(screen.unwrap_or(Cut::Mail), mailed);
        }
        let version = self.last().len() > 1 && self.last().ends_with(b"-");
        let glue: &[u8] = if version || self.text.ends_with(b" ") { b"" } else { b" " };
        // Only the grammar speaks for what has lost a mark.
        let stamped = record.stamped && (quote.is_empty() || quote == self.quote) && self.no_room(rest);
        match self.how {
            How::Screen(width) if width == self.length && self.is_cut(record, text) => Join::Rest(b""),
            How::Mailed if mailed || stamped => Join::Rest(glue),
            _ => match sure {
                Some(glue) => Join::Rest(glue),
                None if screen.is_some() || mailed => Join::Open,
                None => Join::Apart,
            },
        }
    }

    /// Notes that a line looks broken, and finds out how.
    fn note(&mut self, sort: Cut, mailed: bool) {
        let found = Break { length: self.length, mailed, sort };
        let same = self.breaks.iter().filter(|other| other.length == found.length && other.sort != Cut::Mail);
        // Lines of a mail are of one length by chance, and its longest are shorter than most screens.
        let wide = found.length >= LONGEST && self.longest <= found.length;
        let is_screen = |other: &Break| wide || other.sort == Cut::Screen || sort == Cut::Screen;
        let screen = sort != Cut::Mail && same.clone().any(is_screen);
        if self.breaks.len() < BREAKS {
            self.breaks.push(found);
        }
        let mails = self.breaks.iter().filter(|other| other.mailed).count();
        match self.how {
            How::Unknown if screen => self.how = How::Screen(self.length),
            How::Unknown if mailed && mails >= LEAST_BROKEN => self.how = How::Mailed,
            _ => {}
        }
    }

    /// Whether a screen may have broken the line here, or must have.
    fn is_screens(&self, record: Record, text: &[u8]) -> Option<Cut> {
        let sized = (NARROW..=WIDE).contains(&self.length) && text.trim_ascii_end().len() <= self.length;
        if !sized || !self.is_cut(record, text) {
            return None;
        }
        let whole = [&self.text, text].concat();
        let code = || text::after(&whole, "Code: ").is_some_and(is_even);
        let cut = midst::is_cut(self.text.get(record.start..).unwrap_or_default(), text);
        match record.sort {
            _ if cut => Some(Cut::Screen),
            Sort::Code if code() => Some(Cut::Screen),
            Sort::Prose | Sort::Modules if record.stamped => Some(Cut::Either),
            _ => (record.sort == Sort::Prose && !text.starts_with(b" ")).then_some(Cut::Either),
        }
    }

    /// Whether the next line goes on where the screen ended: in a log with stamps, what has none.
    fn is_cut(&self, record: Record, text: &[u8]) -> bool {
        let blanks = self.text.len() - self.text.trim_ascii_end().len();
        let own = is_label(text) || is_place(text) || Sort::of(text) != Sort::Other;
        blanks <= BLANKS && (record.stamped || !own)
    }

    /// Whether it ends with a label, or a value that others of its row may follow.
    fn values(&self) -> bool {
        let last = self.last();
        last.ends_with(b":")
            || last.ends_with(b"-")
            || is_pair(last)
            || is_place(last)
            || is_hex(last) && last.len() >= 8
    }

    /// Whether it is a frame or its function alone.
    fn names(&self) -> bool {
        words(&self.text).take(2).count() == 1 && self.text.starts_with(b" ") || is_place(&self.text)
    }

    fn last(&self) -> &[u8] {
        self.text.trim_ascii_end().rsplit(|&c| c == b' ').next().unwrap_or_default()
    }

    /// Whether `text` is the rest of what the line before is in the middle of.
    fn goes_on(&self, sort: Sort, last: &[u8], text: &[u8], first: &[u8]) -> bool {
        if is_label(text) || WHERE.iter().any(|start| text::begins(text, start)) {
            return false;
        }
        let value = first.strip_prefix(b"0x").unwrap_or(first);
        match sort {
            Sort::Code => words(text).all(is_code),
            Sort::Modules => words(text).all(is_module),
            // `RCX:` and its value, rows of values, `GS:0000(0000)` and `knlGS:0000`
            _ if last.ends_with(b":") => is_value(value) || last == b"at:" && is_place(first),
            _ if is_value(first) && first.len() >= 8 => is_value(last) && last.len() == first.len(),
            _ if is_pair(first) => is_pair(last),
            // The function at an address, the module of a function
            _ if first.starts_with(b"(") => is_value(last) && is_place(first),
            _ if first.starts_with(b"[") => is_place(last) && is_module_of(first),
            _ if last.ends_with(b"-") && last.first().is_some_and(u8::is_ascii_digit) => true,
            _ if last == b"at" && (is_place(first) || text::contains(first, "/")) => true,
            // The build's number is the last that a header says.
            Sort::Prose => !last.starts_with(b"#"),
            Sort::Headline if is_place(last) => false,
            Sort::Headline => {
                first.first().is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) || is_place(first)
            }
            Sort::Other => false,
        }
    }
}

/// How lines begin that say where a CPU was.
const WHERE: &[&str] = &["PC is at ", "LR is at ", "PR is at "];

impl Sort {
    fn of(body: &[u8]) -> Sort {
        let begins = |starts: &[&str]| starts.iter().any(|start| text::begins(body, start));
        if begins(&["Code: "]) {
            Sort::Code
        } else if begins(&["Modules linked in:"]) {
            Sort::Modules
        } else if begins(PROSE) {
            Sort::Prose
        } else if begins(HEADLINES) {
            Sort::Headline
        } else {
            Sort::Other
        }
    }
}

/// A text without the blanks that an editor has put before what it broke off.
fn unindented(text: &[u8]) -> Option<&[u8]> {
    let (blanks, rest) = text::take(text, |c| c == b' ');
    INDENT.contains(&blanks.len()).then_some(rest)
}

fn marks(quote: &[u8]) -> usize {
    quote.iter().filter(|&&byte| byte == b'>').count()
}

/// Whether all bytes or instructions of `Code:` have as many digits.
fn is_even(code: &[u8]) -> bool {
    let mut lengths =
        words(code).map(|word| text::take(word, |c| matches!(c, b'<' | b'>' | b'(' | b')')).1).map(|word| {
            let (digits, _) = text::take(word, |c| c.is_ascii_hexdigit());
            digits.len()
        });
    let first = lengths.next();
    first > Some(1) && words(code).all(is_code) && lengths.all(|length| Some(length) == first)
}

/// Keeps bytes where others were.
fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    kept.clear();
    kept.extend_from_slice(bytes);
}

/// The word that `text` begins with; none if it begins with a blank, as lines of the kernel do.
fn word(text: &[u8]) -> &[u8] {
    text::take(text, |c| c != b' ' && c != b'\t').0
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&c| c == b' ').filter(|word| !word.is_empty())
}

/// `RIP: …`, `pc : …`, `Call Trace:`, `Modules linked in: …`, `pgd = …`: a line of its own.
fn is_label(text: &[u8]) -> bool {
    words(text).take(3).any(|word| word.ends_with(b":") || word == b"=")
}

fn is_hex(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_hexdigit)
}

/// A register's: no commit's hash.
fn is_value(word: &[u8]) -> bool {
    is_hex(word) && word.len() <= 16
}

/// A byte or an instruction of `Code:`.
fn is_code(word: &[u8]) -> bool {
    is_hex(match word {
        [b'<', code @ .., b'>'] | [b'(', code @ .., b')'] => code,
        code => code,
    })
}

/// `snd_hda_codec(O+)`, or of `[last unloaded: demo]`.
fn is_module(word: &[u8]) -> bool {
    let (name, rest) = text::take(word, |c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
    let flags = matches!(rest, [] | [b'(', .., b')']);
    !name.is_empty() && flags
        || matches!(word, b"[last" | b"unloaded:")
        || name.len() + 1 == word.len() && word.ends_with(b"]")
}

/// `[demo]`; `[c0000001f2a1bb60]` begins a frame of powerpc.
fn is_module_of(word: &[u8]) -> bool {
    let name = word.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]"));
    let is_name = |name: &[u8]| name.iter().all(|&c| text::is_word_byte(c) || c == b'-');
    let is_address = |name: &[u8]| name.len() >= 8 && is_hex(name);
    name.is_some_and(|name| !name.is_empty() && is_name(name) && !is_address(name))
}

/// `knlGS:0000000000000000`, `RI:0`.
fn is_pair(word: &[u8]) -> bool {
    let (name, rest) = text::take(word, |c| c.is_ascii_alphanumeric());
    let value = rest.strip_prefix(b":").map(|value| text::take(value, |c| c.is_ascii_hexdigit()).0);
    !name.is_empty() && value.is_some_and(|value| !value.is_empty())
}

/// `fn+0x1/0x2`
fn is_place(word: &[u8]) -> bool {
    text::contains(word, "+0x")
}

#[cfg(test)]
#[path = "../tests/wrapped.rs"]
mod tests;
