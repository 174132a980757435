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

use super::sink::Sink;
use super::unpack::{Unpack, lines, trim};
use crate::line::{self, Line, Origin};
use crate::text;

/// Longest line that a mail program leaves.
const LONGEST: usize = 80;
/// Up to here a word has room: programs break at 72 columns, marks of quotes included or not.
const ROOM: usize = 66;

/// Lines that go on with words of any sort.
const PROSE: &[&str] = &["CPU: ", "Hardware name: ", "Workqueue: "];

/// Headlines, which go on with what is no beginning of a sentence.
const HEADLINES: &[&str] =
    &["BUG: ", "INFO: ", "WARNING: ", "Unable to handle ", "watchdog: ", "Internal error: ", "8<--- "];

#[derive(Debug, Default)]
pub(super) struct Wrapped {
    joiner: Joiner,
    /// What ends the line that was written, once it is known that it has ended.
    feed: Vec<u8>,
}

impl Unpack for Wrapped {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        let taken = lines(input, end, sink, |line, sink| {
            let source = sink.source();
            let bare = trim(line);
            let (join, text) = self.joiner.look(bare);
            match join {
                Join::Apart => {
                    sink.write(source, &self.feed);
                    sink.write(source, bare);
                }
                Join::Sure(glue) | Join::Stamped(glue) => {
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

/// How a line belongs to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    Apart,
    /// The grammar says that it is the rest; with what was between them.
    Sure(&'static [u8]),
    /// It has no stamp, and the one before has one.
    Stamped(&'static [u8]),
}

/// Reads lines one after another. Most logs are not broken: what a line is, is looked at only where its length and the next
/// one's leave it open.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    /// The line before, as it was sent.
    length: usize,
    quote: Vec<u8>,
    text: Vec<u8>,
    /// What it is, or what it is the rest of, once that was looked at.
    record: Option<Record>,
}

/// What is known of a line by its beginning.
#[derive(Clone, Copy, Debug)]
struct Record {
    sort: Sort,
    stamped: bool,
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
        Record { sort: Sort::of(read.body), stamped }
    }

    /// Whether it is the kernel's.
    fn is_known(self) -> bool {
        self.stamped || self.sort != Sort::Other
    }
}

impl Joiner {
    /// How the next line belongs to the one before, and its text without marks of quotes.
    pub(super) fn look<'a>(&mut self, line: &'a [u8]) -> (Join, &'a [u8]) {
        let text = line::quoted(line).unwrap_or(line);
        let quote = line.get(..line.len() - text.len()).unwrap_or_default();
        let record = self.may_join(quote, text).then(|| Record::of(text));
        let join = record.map_or(Join::Apart, |record| self.join(record, text));
        if join == Join::Apart {
            self.record = record;
        }
        self.length = line.len();
        keep(&mut self.quote, quote);
        keep(&mut self.text, text);
        (join, text)
    }

    fn record(&mut self) -> Record {
        *self.record.get_or_insert_with(|| Record::of(&self.text))
    }

    /// Whether the line that was read is the kernel's, and longer than what a mail program leaves.
    pub(super) fn is_whole(&mut self) -> bool {
        self.length > LONGEST && self.record().is_known()
    }

    /// Whether the line that was read may have been broken.
    pub(super) fn may_go_on(&mut self) -> bool {
        self.length <= LONGEST && (self.record().is_known() || self.values())
    }

    /// Whether a line had no room where the one before ends.
    fn may_join(&self, quote: &[u8], text: &[u8]) -> bool {
        let first = word(text);
        let no_room = (ROOM..=LONGEST + first.len()).contains(&(self.length + first.len()));
        // What was broken off after the text was quoted has no mark.
        let same = quote == self.quote || quote.is_empty();
        self.length <= LONGEST && no_room && same && !first.is_empty() && !self.text.is_empty()
    }

    fn join(&mut self, next: Record, text: &[u8]) -> Join {
        if next.stamped || !self.may_go_on() {
            return Join::Apart;
        }
        let record = self.record();
        let last = self.last();
        let version = last.len() > 1 && last.ends_with(b"-");
        let glue: &[u8] = if version || self.text.ends_with(b" ") { b"" } else { b" " };
        if self.goes_on(record.sort, last, text, word(text)) {
            Join::Sure(glue)
        } else if record.stamped {
            Join::Stamped(glue)
        } else {
            Join::Apart
        }
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

    fn last(&self) -> &[u8] {
        self.text.rsplit(|&c| c == b' ').next().unwrap_or_default()
    }

    /// Whether `text` is the rest of what the line before is in the middle of.
    fn goes_on(&self, sort: Sort, last: &[u8], text: &[u8], first: &[u8]) -> bool {
        if is_label(text) {
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
            Sort::Prose => true,
            Sort::Headline => {
                first.first().is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) || is_place(first)
            }
            Sort::Other => false,
        }
    }
}

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
