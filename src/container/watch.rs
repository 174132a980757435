//! Looks for the containers that may have other text before them: dumps of pstore, mails, and logs that a mail program
//! has broken, `dmesg` painted, or somebody pasted where lines get marks of their own.

use super::edge::Edges;
use super::mail::{self, Evidence};
use super::recognise::Kind;
use super::unpack::{HEAD, trim};
use super::wrapped::{How, Join, Joiner};
use super::{colour, escaped, page, pstore, strings, tagged};

/// Reads the first lines of a log one after another.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// So many bytes of the log were looked at.
    seen: usize,
    /// So many are passed on; the rest waits until it is known what it is.
    passed: usize,
    mail: Evidence,
    /// Where the text began that may be a mail's.
    mail_from: Option<usize>,
    joiner: Joiner,
    edges: Edges,
    /// Where the line before began.
    line_from: usize,
    /// Where the first line began that may be broken.
    broken_from: Option<usize>,
    found: Option<(usize, Kind)>,
}

impl Watch {
    /// Where in the log a container begins, and which: then no more is to be looked at.
    pub(super) fn found(&self) -> Option<(usize, Kind)> {
        self.found
    }

    pub(super) fn passed(&self) -> usize {
        self.passed
    }

    /// Looks at the whole lines of `head`, which is what follows on the bytes that are passed on. Returns how many
    /// bytes are no container's. The last line is whole if it is the log's `last`.
    pub(super) fn look(&mut self, head: &[u8], last: bool) -> usize {
        let before = self.passed;
        let mut rest = head.get(self.seen - before..).unwrap_or_default();
        while self.found.is_none() {
            let length = match memchr::memchr(b'\n', rest) {
                Some(feed) => feed + 1,
                None if last && !rest.is_empty() => rest.len(),
                None => break,
            };
            let (line, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            self.found = self.line(trim(line));
            (self.line_from, self.seen) = (self.seen, self.seen + length);
            rest = after;
        }
        // The line is longer than what is looked at.
        if self.found.is_none() && self.seen + rest.len() >= HEAD && strings::is_folded(rest) {
            self.found = Some((self.seen, Kind::Strings));
        }
        self.passed = match self.found {
            Some((from, _)) => from,
            None => {
                // The line before may be broken.
                let last = self.joiner.may_go_on().then_some(self.line_from);
                [self.mail_from, self.broken_from, self.edges.from(), last]
                    .into_iter()
                    .flatten()
                    .min()
                    .unwrap_or(self.seen)
            }
        };
        self.passed - before
    }

    /// No more comes for a while: the `held` bytes behind what is passed on are passed on as they are.
    pub(super) fn give_up(&mut self, held: usize) {
        let passed = self.passed + held;
        *self = Watch { seen: passed, passed, ..Watch::default() };
    }

    fn line(&mut self, line: &[u8]) -> Option<(usize, Kind)> {
        // A log's byte order mark is no container's.
        let bare = line.strip_prefix("\u{feff}".as_bytes()).filter(|_| self.seen == 0).unwrap_or(line);
        let from = self.seen + line.len() - bare.len();
        match bare.first() {
            Some(b'A'..=b'Z') if pstore::header(bare).is_some() => return Some((from, Kind::Pstore)),
            Some(b'C' | b'c') if mail::is_header(bare) => return Some((from, Kind::Mail { text: false })),
            _ if page::is_copied(bare) => return Some((from, Kind::Page)),
            _ if tagged::is_tagged(bare) => return Some((from, Kind::Tagged)),
            _ if escaped::is_escaped(bare) => return Some((from, Kind::Escaped)),
            _ if strings::is_folded(bare) => return Some((from, Kind::Strings)),
            _ => {}
        }
        if let Some(intro) = colour::painted(bare) {
            return Some((from, Kind::Colour { intro }));
        }
        if let Some((from, edge)) = self.edges.look(bare, from) {
            return Some((from, Kind::Edged(edge)));
        }
        match self.mail.look(bare) {
            Some(true) => return Some((self.mail_from.unwrap_or(from), Kind::Mail { text: true })),
            Some(false) => (self.mail, self.mail_from) = (Evidence::default(), None),
            None if self.mail.any() => self.mail_from = self.mail_from.or(Some(from)),
            None => {}
        }
        let (join, _) = self.joiner.look(bare);
        match (self.joiner.how(), join) {
            (_, Join::Rest(_)) | (How::Mailed | How::Screen(_), _) => {
                return Some((self.broken_from.unwrap_or(self.line_from), Kind::Wrapped(self.joiner.how())));
            }
            (_, Join::Open) => self.broken_from = self.broken_from.or(Some(self.line_from)),
            (_, Join::Apart) if self.joiner.forgets() => self.broken_from = None,
            (_, Join::Apart) => {}
        }
        None
    }
}
