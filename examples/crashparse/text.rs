//! Reports as text, in their order: a line that counts them first, who waits for whom before the reports of a hang.
//!
//! What is counted is known at the end only. So texts are held till then, up to some bytes; where there are more, or where
//! somebody waits for each report of a log that is still written, they are printed as they come, and the count is last.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::mem;

use crashparse::Waits;

use crate::output::Rendered;

/// Text that is held.
const HELD_BYTES: usize = 8 << 20;
/// Titles that are told apart: more have only logs that were made to.
const TITLES: usize = 1 << 16;

/// A text that waits for its turn.
enum Held {
    Report(Box<Rendered>),
    /// What is no report: a bisection.
    Other(Vec<u8>),
}

/// The reports and what is known of them together.
#[derive(Default)]
pub(crate) struct Texts {
    held: Vec<Held>,
    bytes: usize,
    /// Whether reports are printed as they come.
    streams: bool,
    /// Whether they are neither counted nor numbered.
    alone: bool,
    /// Reports that were printed.
    printed: u64,
    /// Of the hung tasks that follow each other: who waits for whom.
    waits: Waits,
    count: Count,
}

/// How many reports there are, and of what.
#[derive(Default)]
struct Count {
    reports: u64,
    titles: HashSet<u64>,
    logs: u64,
    boots: u64,
    /// The last report's log and boot.
    last: Option<(usize, Option<u64>)>,
    first: Option<u64>,
}

impl Count {
    fn add(&mut self, log: usize, report: &Rendered) {
        self.reports += 1;
        let mut hasher = DefaultHasher::new();
        report.counted.title.hash(&mut hasher);
        if self.titles.len() < TITLES {
            self.titles.insert(hasher.finish());
        }
        let this = Some((log, report.boot));
        self.logs += u64::from(self.last.is_none_or(|(last, _)| last != log));
        self.boots += u64::from(self.last != this);
        self.last = this;
        self.first = self.first.or(report.counted.time);
    }

    /// `41 reports of 12 titles in 1 boot; the first at 13.456792 s`; nothing of one report.
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        if self.reports < 2 {
            return Ok(());
        }
        let of = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let titles = self.titles.len();
        let more = if titles == TITLES { "more than " } else { "" };
        write!(out, "{} of {more}{} in ", of(self.reports, "report"), of(titles as u64, "title"))?;
        if self.logs > 1 {
            return writeln!(out, "{}\n", of(self.logs, "log"));
        }
        write!(out, "{}", of(self.boots, "boot"))?;
        match self.first {
            Some(time) => writeln!(out, "; the first at {}.{:06} s\n", time / 1_000_000, time % 1_000_000),
            None => writeln!(out, "\n"),
        }
    }
}

impl Texts {
    /// Of logs that are followed each report stands alone: they are not counted.
    pub(crate) fn new(follow: bool) -> Texts {
        Texts { alone: follow, streams: follow, ..Texts::default() }
    }

    /// Takes a report of a log, by its number; a `live` one is printed at once.
    pub(crate) fn add(
        &mut self,
        log: usize,
        report: Rendered,
        live: bool,
        out: &mut impl Write,
    ) -> io::Result<()> {
        self.count.add(log, &report);
        let bytes = report.text.len();
        self.hold(Held::Report(Box::new(report)), bytes, live, out)
    }

    /// Takes a text that is no report's.
    pub(crate) fn other(&mut self, text: Vec<u8>, out: &mut impl Write) -> io::Result<()> {
        let bytes = text.len();
        self.hold(Held::Other(text), bytes, false, out)
    }

    fn hold(&mut self, held: Held, bytes: usize, live: bool, out: &mut impl Write) -> io::Result<()> {
        self.bytes += bytes;
        self.streams |= live || self.bytes > HELD_BYTES;
        self.held.push(held);
        if self.streams { self.release(out) } else { Ok(()) }
    }

    /// Prints what is held.
    fn release(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.bytes = 0;
        let mut held = mem::take(&mut self.held).into_iter().peekable();
        let goes_on =
            |next: &Held| matches!(next, Held::Report(next) if next.follows && next.waits.is_some());
        while let Some(first) = held.next() {
            let first = match first {
                Held::Report(report) => *report,
                Held::Other(text) => {
                    out.write_all(&text)?;
                    continue;
                }
            };
            let hung = first.waits.is_some();
            let mut hang = vec![first];
            while let Some(Held::Report(next)) = held.next_if(|next| hung && goes_on(next)) {
                hang.push(*next);
            }
            self.print(hang, out)?;
        }
        Ok(())
    }

    /// Prints a report, or those of a hang: what they say together comes first.
    fn print(&mut self, mut reports: Vec<Rendered>, out: &mut impl Write) -> io::Result<()> {
        if reports.first().is_some_and(|first| !first.follows) {
            self.waits = Waits::default();
        }
        let mut says = false;
        for waits in reports.iter_mut().filter_map(|report| report.waits.take()) {
            says |= waits.tells_of_locks();
            self.waits.merge(waits);
        }
        let news = if says { self.waits.news() } else { String::new() };
        let several = reports.len() > 1;
        if several && !news.is_empty() {
            explain("", &news, out)?;
            writeln!(out)?;
        }
        for report in reports {
            self.printed += 1;
            // Of a log that is still written one report may be all.
            if self.count.reports > 1 && !self.alone {
                write!(out, "{}. ", self.printed)?;
            }
            out.write_all(&report.text)?;
            if !several && !news.is_empty() {
                explain("  ", &news, out)?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// Prints what is left, and how much there was.
    pub(crate) fn finish(mut self, out: &mut impl Write) -> io::Result<()> {
        if self.streams {
            self.release(out)?;
            return if self.alone { Ok(()) } else { self.count.print(out) };
        }
        self.count.print(out)?;
        self.release(out)
    }
}

/// Says who waits for whom.
fn explain(indent: &str, news: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{indent}who waits for whom")?;
    news.lines().try_for_each(|line| writeln!(out, "{indent}  {line}"))
}
