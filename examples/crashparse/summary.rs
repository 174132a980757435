//! Reports counted by their titles or their signatures.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crashparse::Plain;

/// Crashes that are counted each by itself, and what the rest is called: a log may be made to have ever new ones.
const CRASHES: usize = 1 << 16;
const OTHERS: &str = "(others)";

/// Counts reports.
#[derive(Default)]
pub(crate) struct Summary {
    seen: BTreeMap<String, Seen>,
}

/// Reports of one title or signature.
#[derive(Default)]
struct Seen {
    /// The title of the first.
    title: String,
    /// Where the first is.
    example: String,
    count: u64,
    /// In how many logs they are, and the last one of those.
    logs: u64,
    last_log: Option<usize>,
    /// Times of the first and the last, in microseconds, as far as the logs have times.
    first: Option<u64>,
    last: Option<u64>,
}

/// A report that is counted.
#[derive(Default)]
pub(crate) struct Counted {
    /// What the reports are told apart by.
    pub(crate) key: String,
    pub(crate) title: String,
    /// The file and the line.
    pub(crate) place: String,
    pub(crate) time: Option<u64>,
}

impl Summary {
    pub(crate) fn add(&mut self, log: usize, report: Counted) {
        let known = self.seen.len() < CRASHES || self.seen.contains_key(&report.key);
        let (key, title) = if known { (report.key, report.title) } else { (OTHERS.into(), OTHERS.into()) };
        let seen = self.seen.entry(key).or_default();
        if seen.count == 0 {
            (seen.title, seen.example) = (title, report.place);
        }
        seen.count += 1;
        seen.logs += u64::from(seen.last_log != Some(log));
        seen.last_log = Some(log);
        seen.first = seen.first.into_iter().chain(report.time).min();
        seen.last = seen.last.max(report.time);
    }

    /// A line for each: the most common first; of one number in the order of the titles.
    pub(crate) fn print(&self, out: &mut impl Write, grouped: bool) -> io::Result<()> {
        let mut all: Vec<(&String, &Seen)> = self.seen.iter().collect();
        all.sort_by(|(_, a), (_, b)| b.count.cmp(&a.count).then_with(|| a.title.cmp(&b.title)));
        for (key, seen) in all {
            let (first, last) = (seconds(seen.first), seconds(seen.last));
            let title = Plain(seen.title.as_bytes());
            if grouped {
                let (count, logs, place) = (seen.count, seen.logs, Plain(seen.example.as_bytes()));
                writeln!(out, "{count:>7} {logs:>6} {first} {last} {key} {title}  {place}")?;
            } else {
                writeln!(out, "{:>7} {first} {last} {title}", seen.count)?;
            }
        }
        Ok(())
    }
}

fn seconds(time: Option<u64>) -> String {
    time.map_or(format!("{:>13}", "-"), |time| format!("{:>6}.{:06}", time / 1_000_000, time % 1_000_000))
}
