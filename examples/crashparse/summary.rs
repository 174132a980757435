//! Reports counted by their titles or their signatures.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use crashparse::Plain;
use serde_json::{Value, json};

use crate::args::Form;
use crate::csv;
use crate::totals::{Totals, head};

/// Crashes that are counted each by itself, and what the rest is called: a log may be made to have ever new ones.
const CRASHES: usize = 1 << 16;
const OTHERS: &str = "(others)";
/// Names of logs that are kept of all crashes together.
const PATHS: usize = 1 << 20;

const COLUMNS: &[&str] = &[
    "signature",
    "kind",
    "title",
    "reports",
    "logs",
    "first_path",
    "first_line",
    "first_time",
    "last_path",
    "last_line",
    "last_time",
];

/// Counts reports.
#[derive(Default)]
pub(crate) struct Summary {
    seen: BTreeMap<String, Seen>,
    /// The log of the last report.
    log: Option<(usize, Arc<str>)>,
    /// Names of logs that are kept.
    paths: usize,
}

/// Reports of one title or signature.
#[derive(Default)]
struct Seen {
    /// Signature, kind and title of the first; but for the title nothing of what is counted together.
    signature: String,
    kind: &'static str,
    title: String,
    count: u64,
    /// In how many logs they are, the last one of those, and their names.
    logs: u64,
    last_log: Option<usize>,
    paths: Vec<Arc<str>>,
    /// Times of the first and the last, in microseconds, as far as the logs have times.
    earliest: Option<u64>,
    latest: Option<u64>,
    /// Where the first and the last are, in the order of the logs.
    first: Place,
    last: Place,
}

/// Where a report is.
#[derive(Clone, Default)]
struct Place {
    path: Arc<str>,
    line: u64,
    time: Option<u64>,
}

/// A report that is counted.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) signature: String,
    pub(crate) kind: &'static str,
    pub(crate) title: String,
    pub(crate) line: u64,
    pub(crate) time: Option<u64>,
}

impl Summary {
    /// Adds a report of a log, by its number and path.
    pub(crate) fn add(&mut self, log: usize, path: &str, report: Counted, grouped: bool) {
        let path = match &self.log {
            Some((last, path)) if *last == log => Arc::clone(path),
            _ => Arc::from(path),
        };
        self.log = Some((log, Arc::clone(&path)));
        let key = if grouped { &report.signature } else { &report.title };
        let known = self.seen.len() < CRASHES || self.seen.contains_key(key);
        let key = if known { key.clone() } else { OTHERS.to_string() };
        let seen = self.seen.entry(key).or_default();
        seen.last = Place { path: Arc::clone(&path), line: report.line, time: report.time };
        if seen.count == 0 {
            seen.first = seen.last.clone();
            (seen.signature, seen.kind, seen.title) = match known {
                true => (report.signature, report.kind, report.title),
                false => (String::new(), "", OTHERS.to_string()),
            };
        }
        seen.count += 1;
        if seen.last_log != Some(log) {
            seen.last_log = Some(log);
            seen.logs += 1;
            if self.paths < PATHS {
                self.paths += 1;
                seen.paths.push(path);
            }
        }
        seen.earliest = seen.earliest.into_iter().chain(report.time).min();
        seen.latest = seen.latest.max(report.time);
    }

    /// Prints each: the most common first; of one number in the order of the titles.
    pub(crate) fn print(
        &self,
        out: &mut impl Write,
        grouped: bool,
        form: Form,
        totals: &Totals,
    ) -> io::Result<()> {
        let mut all: Vec<(&String, &Seen)> = self.seen.iter().collect();
        all.sort_by(|(_, a), (_, b)| b.count.cmp(&a.count).then_with(|| a.title.cmp(&b.title)));
        match form {
            Form::Text => all.iter().try_for_each(|(key, seen)| seen.line(out, grouped.then_some(key))),
            Form::Csv => {
                csv::header(out, COLUMNS)?;
                all.iter().try_for_each(|(_, seen)| seen.row(out))
            }
            Form::Json => {
                let by = if grouped { "signature" } else { "title" };
                write!(out, "{{{},\"by\":\"{by}\",\"groups\":[", head())?;
                for (index, (_, seen)) in all.iter().enumerate() {
                    write!(out, "{}\n{}", if index > 0 { "," } else { "" }, seen.json())?;
                }
                writeln!(out, "],\"totals\":{}}}", totals.json())
            }
        }
    }
}

impl Seen {
    /// A line of text; with a key for `--group`.
    fn line(&self, out: &mut impl Write, key: Option<&String>) -> io::Result<()> {
        let (first, last) = (seconds(self.earliest), seconds(self.latest));
        let title = Plain(self.title.as_bytes());
        match key {
            Some(key) => {
                let Place { path, line, .. } = &self.first;
                let place = format!("{path}:{line}");
                let (count, logs, place) = (self.count, self.logs, Plain(place.as_bytes()));
                writeln!(out, "{count:>7} {logs:>6} {first} {last} {key} {title}  {place}")
            }
            None => writeln!(out, "{:>7} {first} {last} {title}", self.count),
        }
    }

    fn row(&self, out: &mut impl Write) -> io::Result<()> {
        let place =
            |place: &Place| [place.path.to_string(), place.line.to_string(), csv::seconds(place.time)];
        let [first_path, first_line, first_time] = place(&self.first);
        let [last_path, last_line, last_time] = place(&self.last);
        csv::row(
            out,
            &[
                &self.signature,
                self.kind,
                &self.title,
                &self.count.to_string(),
                &self.logs.to_string(),
                &first_path,
                &first_line,
                &first_time,
                &last_path,
                &last_line,
                &last_time,
            ],
        )
    }

    fn json(&self) -> Value {
        let Seen { signature, kind, title, count, logs, paths, first, last, .. } = self;
        let paths: Vec<&str> = paths.iter().map(|path| &**path).collect();
        let mut json = json!({
            "signature": signature,
            "kind": kind,
            "title": title,
            "reports": count,
            "logs": logs,
            "paths": paths,
            "first": first.json(),
            "last": last.json(),
        });
        // What is counted together has none.
        if let Some(json) = json.as_object_mut().filter(|_| signature.is_empty()) {
            json.retain(|name, _| !["signature", "kind"].contains(&name.as_str()));
        }
        json
    }
}

impl Place {
    fn json(&self) -> Value {
        let mut json = json!({"path": &*self.path, "line": self.line});
        if let (Some(time), Some(json)) = (self.time, json.as_object_mut()) {
            json.insert("time".to_string(), Value::from(time as f64 / 1e6));
        }
        json
    }
}

fn seconds(time: Option<u64>) -> String {
    time.map_or(format!("{:>13}", "-"), |time| format!("{:>6}.{:06}", time / 1_000_000, time % 1_000_000))
}
