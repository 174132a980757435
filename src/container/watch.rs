//! Looks for the containers that may have other text before them: dumps of pstore, and mails.

use super::mail::{self, Evidence};
use super::recognise::Kind;
use super::{pstore, trim};

/// Reads the first lines of a log one after another.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// So many bytes of the log are passed on.
    passed: usize,
    /// So many more are looked at, and wait until it is known whether they are a mail's.
    held: usize,
    evidence: Evidence,
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
        let mut rest = head.get(self.held..).unwrap_or_default();
        while self.found.is_none() {
            let length = match memchr::memchr(b'\n', rest) {
                Some(feed) => feed + 1,
                None if last && !rest.is_empty() => rest.len(),
                None => break,
            };
            let (line, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            self.line(line);
            rest = after;
        }
        self.passed - before
    }

    fn line(&mut self, line: &[u8]) {
        let bare = trim(line);
        let kind = match bare.first() {
            Some(b'A'..=b'Z') if pstore::header(bare).is_some() => Some(Kind::Pstore),
            Some(b'C' | b'c') if mail::is_header(bare) => Some(Kind::Mail { text: false }),
            _ => None,
        };
        if let Some(kind) = kind {
            self.pass(0);
            self.found = Some((self.passed, kind));
            return;
        }
        match self.evidence.look(bare) {
            Some(true) => self.found = Some((self.passed, Kind::Mail { text: true })),
            Some(false) => {
                self.evidence = Evidence::default();
                self.pass(line.len());
            }
            None if self.evidence.any() => self.held += line.len(),
            None => self.pass(line.len()),
        }
    }

    /// Passes on what is held and so many bytes more.
    fn pass(&mut self, more: usize) {
        self.passed += self.held + more;
        self.held = 0;
    }
}
