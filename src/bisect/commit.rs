//! The commit that a bisection names, as `git bisect` shows it.

use std::ops::Range;

use super::list::{hash, split, word};

/// The culprit: what git prints of it, or only the hash and the subject of syzkaller's last lines.
///
/// ```text
/// 1cf8dfe8a661f0462925df943140e9f6d1ea5233 is the first bad commit
/// commit 1cf8dfe8a661f0462925df943140e9f6d1ea5233
/// Author: Peter Zijlstra <peterz@infradead.org>
/// Date:   Sat Jul 13 11:21:25 2019 +0200
///
///     perf/core: Fix race between close() and fork()
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit<'a> {
    /// Its hash.
    pub hash: &'a str,
    /// Bytes of the log in which git shows it. A crash report in them is one that its message quotes.
    pub span: Range<usize>,
    /// Its parents, of a merge: `Merge: 7e2f1bd 3c1d4f0`.
    pub parents: Vec<&'a [u8]>,
    /// `Peter Zijlstra <peterz@infradead.org>`
    pub author: Option<&'a [u8]>,
    /// `Sat Jul 13 11:21:25 2019 +0200`
    pub date: Option<&'a [u8]>,
    /// First line of the message.
    pub subject: Option<&'a [u8]>,
    /// Lines of the message after the subject and the blank line, without git's indentation.
    pub message: Vec<&'a [u8]>,
    /// `Fixes: …`, `Cc: …` and other tags, in their order.
    pub trailers: Vec<Trailer<'a>>,
    /// What git says of the files: `:040000 040000 341f5d75… 46f9d23f… M kernel`, or ` kernel/events/core.c | 49 ++--`.
    pub files: Vec<&'a [u8]>,
}

/// A tag at the beginning of a message's line: `Reported-by: syzbot+a24c397a29ad22d86c98@syzkaller.appspotmail.com`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Trailer<'a> {
    /// `Reported-by`
    pub key: &'a str,
    /// What follows the colon.
    pub value: &'a [u8],
}

/// `Fixes: 82d94856fa22 ("perf/core: Fix lock inversion between perf,trace,cpuhp")`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Fixes<'a> {
    /// The commit that brought what this one mends.
    pub hash: &'a str,
    /// Its subject.
    pub subject: Option<&'a [u8]>,
}

/// Tags that do not end in `-by`.
const TAGS: &[&str] =
    &["Fixes", "Cc", "CC", "Link", "Closes", "Bug", "Bugzilla", "Change-Id", "BugLink", "References"];

impl<'a> Commit<'a> {
    /// A commit of which only that is known.
    pub(super) fn named(hash: &'a str, subject: Option<&'a [u8]>) -> Commit<'a> {
        Commit { hash, subject, ..Commit::default() }
    }

    /// Values of the tags with a name, in any case: `Cc`.
    pub fn tagged(&self, key: &str) -> impl Iterator<Item = &'a [u8]> {
        let of_key = self.trailers.iter().filter(move |trailer| trailer.key.eq_ignore_ascii_case(key));
        of_key.map(|trailer| trailer.value)
    }

    /// The commits that this one says it mends.
    pub fn fixes(&self) -> impl Iterator<Item = Fixes<'a>> {
        self.tagged("Fixes").filter_map(|value| {
            let (first, rest) = word(value);
            let first = if first == b"commit" { word(rest) } else { (first, rest) };
            let subject = first.1.strip_prefix(b"(\"").map(|s| s.strip_suffix(b"\")").unwrap_or(s));
            Some(Fixes { hash: hash(first.0)?, subject })
        })
    }

    /// Takes a line of what git shows of the commit; `false` if it is none.
    pub(super) fn take(&mut self, line: Option<&'a [u8]>, raw: &'a [u8]) -> bool {
        let Some(line) = line else {
            if self.subject.is_some() && !self.message.is_empty() {
                self.message.push(b"");
            }
            return true;
        };
        if self.has_message() && is_file(line) {
            self.files.push(line);
            return true;
        }
        if let Some(text) = line.strip_prefix(b"    ") {
            self.say(text);
            return true;
        }
        if self.subject.is_some() && raw.starts_with(b"    ") {
            return true;
        }
        if self.has_message() {
            return false;
        }
        match split(line, ":") {
            Some((b"Author", value)) => self.author = Some(value.trim_ascii()),
            Some((b"Date" | b"AuthorDate", value)) => self.date = Some(value.trim_ascii()),
            Some((b"Merge", value)) => {
                self.parents =
                    value.split(|byte| *byte == b' ').filter(|parent| !parent.is_empty()).collect();
            }
            Some((b"Commit" | b"CommitDate", _)) => {}
            _ => return false,
        }
        true
    }

    fn has_message(&self) -> bool {
        self.subject.is_some()
    }

    /// A line of the message.
    fn say(&mut self, text: &'a [u8]) {
        if self.subject.is_none() {
            self.subject = (!text.trim_ascii().is_empty()).then_some(text);
            return;
        }
        let text = if text.trim_ascii().is_empty() { &[] } else { text };
        if !(self.message.is_empty() && text.is_empty()) {
            self.message.push(text);
        }
        self.trailers.extend(trailer(text));
    }

    /// Leaves out empty lines at the end of the message.
    pub(super) fn finish(&mut self) {
        while self.message.last().is_some_and(|line| line.is_empty()) {
            self.message.pop();
        }
    }
}

/// A tag: a known word, or one that ends in `-by`.
fn trailer(text: &[u8]) -> Option<Trailer<'_>> {
    let (key, value) = split(text, ":")?;
    let key = crate::text::ascii(key)?;
    let is_word = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let known = key.len() > 3 && key.get(key.len() - 3..).is_some_and(|end| end.eq_ignore_ascii_case("-by"));
    let known = known || TAGS.contains(&key);
    (is_word && known).then(|| Trailer { key, value: value.trim_ascii() })
}

/// A line that git prints below the message: of `--raw`, `--stat` or `--summary`.
fn is_file(line: &[u8]) -> bool {
    let raw = line.strip_prefix(b":").is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit));
    let Some(rest) = line.strip_prefix(b" ").filter(|rest| !rest.starts_with(b"  ")) else { return raw };
    let stat = split(rest, " | ").is_some();
    let sum = split(rest, " file").is_some_and(|(count, _)| count.iter().all(u8::is_ascii_digit));
    let mode = [&b"create mode "[..], b"delete mode ", b"mode change ", b"rename ", b"copy "];
    raw || stat || sum || mode.iter().any(|start| rest.starts_with(start))
}
