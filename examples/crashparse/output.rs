//! What is printed: each report as it is rendered by whichever thread found it, in the order of the logs.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use crashparse::ser::{JsonReport, SCHEMA};
use crashparse::{Plain, Report, TextReport, Waits};

use crate::Format;
use crate::source::SourceTree;
use crate::symbols::Symbols;

/// Titles that `--summary` counts each by itself, and what it calls the rest.
const TITLES: usize = 1 << 16;
const OTHERS: &str = "(other titles)";

/// Makes text of reports, in any thread.
pub(crate) struct Renderer {
    pub(crate) format: Format,
    pub(crate) bugs_only: bool,
    pub(crate) colors: bool,
    /// Whether all of a report is shown.
    pub(crate) full: bool,
    pub(crate) excerpts: Option<SourceTree>,
    pub(crate) symbols: Mutex<Option<Symbols>>,
}

/// A report as it is printed.
#[derive(Default)]
pub(crate) struct Rendered {
    text: Vec<u8>,
    title: String,
    time: Option<u64>,
    /// What a hung task's report says of who waits for whom, and whether it follows from the report before it.
    waits: Option<Waits>,
    follows: bool,
}

impl Renderer {
    /// The text of a report of the log at a path, whose banner is in a line; `None` if it is not wanted.
    pub(crate) fn render(&self, path: &str, line: u64, report: &Report<'_>) -> io::Result<Option<Rendered>> {
        if self.bugs_only && !report.kind().is_bug() {
            return Ok(None);
        }
        let mut rendered = Rendered { follows: report.follows().is_some(), ..Rendered::default() };
        if self.format == Format::Text && report.hung_task().is_some() {
            let mut waits = Waits::default();
            waits.add(report);
            rendered.waits = Some(waits);
        }
        match self.format {
            Format::Count => {}
            Format::Summary => (rendered.title, rendered.time) = (report.title().to_string(), report.time()),
            Format::Titles => {
                writeln!(rendered.text, "{}:{line}: {}", Plain(path.as_bytes()), report.title())?;
            }
            Format::Text | Format::Json | Format::Jsonl => {
                self.whole(path, line, report, &mut rendered.text)?
            }
        }
        Ok(Some(rendered))
    }

    fn whole(&self, path: &str, line: u64, report: &Report<'_>, out: &mut Vec<u8>) -> io::Result<()> {
        // The threads look frames up one after the other.
        let mut symbols = self.symbols.lock().unwrap_or_else(PoisonError::into_inner);
        let found = symbols.as_mut().map(|symbols| symbols.of(report));
        drop(symbols);
        let mut json = JsonReport::new(report).line(line);
        let mut text = TextReport::new(report).at(path, line).full(self.full).colors(self.colors);
        if let Some(excerpts) = &self.excerpts {
            text = text.excerpts(excerpts);
        }
        if let Some(found) = &found {
            json = json.sources(&found.sources);
            text = text.sources(&found.sources);
            json = found.guilty_file.as_deref().map_or(json, |file| json.guilty_file(file));
        }
        match self.format {
            Format::Json => serde_json::to_writer(out, &json)?,
            Format::Jsonl => {
                serde_json::to_writer(&mut *out, &json.path(path))?;
                out.push(b'\n');
            }
            _ => write!(out, "{text}")?,
        }
        Ok(())
    }
}

/// Prints what was rendered.
pub(crate) struct Printer<W: Write> {
    out: W,
    format: Format,
    /// Whether more than one log is read.
    several: bool,
    logs: usize,
    /// Reports of the log that is being printed.
    count: u64,
    /// Whether any log had one.
    pub(crate) found: bool,
    /// For `--summary`, by title.
    seen: BTreeMap<String, Seen>,
    /// Of the hung tasks that follow each other: who waits for whom.
    waits: Waits,
}

/// Reports of one title.
#[derive(Default)]
struct Seen {
    count: u64,
    /// Times of the first and the last, in microseconds, as far as the logs have times.
    first: Option<u64>,
    last: Option<u64>,
}

impl<W: Write> Printer<W> {
    pub(crate) fn new(mut out: W, format: Format, several: bool) -> io::Result<Printer<W>> {
        if format == Format::Json {
            write!(out, "{{\"schema\":{SCHEMA},\"files\":[")?;
        }
        Ok(Printer {
            out,
            format,
            several,
            logs: 0,
            count: 0,
            found: false,
            seen: BTreeMap::new(),
            waits: Waits::default(),
        })
    }

    /// Prints a report of the log at a path; at once, where the log is `live`: somebody may be waiting.
    pub(crate) fn report(&mut self, path: &str, report: Rendered, live: bool) -> io::Result<()> {
        if self.format == Format::Json {
            if self.count == 0 {
                self.begin(path)?;
            }
            self.out.write_all(if self.count == 0 { b"\n" } else { b",\n" })?;
        }
        self.count += 1;
        self.found = true;
        if self.format == Format::Summary {
            // A log may be made to have ever new ones.
            let known = self.seen.len() < TITLES || self.seen.contains_key(&report.title);
            let title = if known { report.title } else { OTHERS.to_string() };
            let seen = self.seen.entry(title).or_default();
            seen.count += 1;
            seen.first = seen.first.into_iter().chain(report.time).min();
            seen.last = seen.last.max(report.time);
        }
        self.out.write_all(&report.text)?;
        if self.format == Format::Text {
            self.explain(report.waits, report.follows)?;
            writeln!(self.out)?;
        }
        if live { self.out.flush() } else { Ok(()) }
    }

    /// Prints who waits for whom, where a report says something new of it.
    fn explain(&mut self, waits: Option<Waits>, follows: bool) -> io::Result<()> {
        if !follows {
            self.waits = Waits::default();
        }
        let Some(waits) = waits else { return Ok(()) };
        let says = waits.tells_of_locks();
        self.waits.merge(waits);
        if !says || self.waits.locks().is_empty() {
            return Ok(());
        }
        writeln!(self.out, "  who waits for whom")?;
        self.waits.to_string().lines().try_for_each(|line| writeln!(self.out, "    {line}"))
    }

    /// Ends a log of so many bytes; of one that could not be read at all there is nothing to say.
    pub(crate) fn end(&mut self, path: &str, bytes: Option<u64>) -> io::Result<()> {
        let count = std::mem::take(&mut self.count);
        let Some(bytes) = bytes else { return Ok(()) };
        match self.format {
            Format::Json => {
                if count == 0 {
                    self.begin(path)?;
                }
                write!(self.out, "],\"bytes\":{bytes}}}")
            }
            Format::Count if self.several => writeln!(self.out, "{}:{count}", Plain(path.as_bytes())),
            Format::Count => writeln!(self.out, "{count}"),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, path: &str) -> io::Result<()> {
        let comma = if self.logs > 0 { "," } else { "" };
        self.logs += 1;
        write!(self.out, "{comma}\n{{\"path\":{},\"reports\":[", serde_json::to_string(path)?)
    }

    /// Prints what comes after all logs.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let seconds = |time: Option<u64>| {
            time.map_or(format!("{:>13}", "-"), |time| {
                format!("{:>6}.{:06}", time / 1_000_000, time % 1_000_000)
            })
        };
        // The most common first; of one number in the order of the alphabet.
        let mut seen: Vec<(&String, &Seen)> = self.seen.iter().collect();
        seen.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.count));
        for (title, Seen { count, first, last }) in seen {
            let (first, last) = (seconds(*first), seconds(*last));
            writeln!(self.out, "{count:>7} {first} {last} {}", Plain(title.as_bytes()))?;
        }
        if self.format == Format::Json {
            writeln!(self.out, "]}}")?;
        }
        self.out.flush()
    }
}
