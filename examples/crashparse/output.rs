//! What is printed: each report as it is rendered by whichever thread found it, in the order of the logs.

use std::io::{self, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crashparse::ser::{JsonReport, SCHEMA};
use crashparse::{Plain, Report, TextReport, Waits};

use crate::args::Format;
use crate::bisection;
use crate::junit::Suite;
use crate::kcidb::{Document, Kcidb, Objects};
use crate::say;
use crate::select::{Selection, signature};
use crate::source::SourceTree;
use crate::summary::{Counted, Summary};
use crate::symbols::Symbols;

/// Reports of a log that are printed: more have only logs that were made to. `--count`, `--summary` and `--group` count all.
const REPORTS: u64 = 1 << 20;

/// Text of the reports of a bisection's log that wait for its end.
const HELD_BYTES: usize = 64 << 20;

/// Makes text of reports, in any thread.
pub(crate) struct Renderer {
    pub(crate) format: Format,
    pub(crate) kcidb: Arc<Kcidb>,
    pub(crate) selection: Selection,
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
    /// For `--summary` and `--group`.
    counted: Counted,
    /// For KCIDB.
    objects: Option<Objects>,
    /// What a hung task's report says of who waits for whom, and whether it follows from the report before it.
    waits: Option<Waits>,
    follows: bool,
    /// Offset of its banner in the log.
    start: usize,
}

impl Renderer {
    /// Whether files that frames are looked up in could not be read.
    pub(crate) fn symbols_failed(&self) -> bool {
        let symbols = self.symbols.lock().unwrap_or_else(PoisonError::into_inner);
        symbols.as_ref().is_some_and(Symbols::failed)
    }

    /// The text of a report of the log at a path, whose banner is in a line; `None` if it is not wanted.
    pub(crate) fn render(&self, path: &str, line: u64, report: &Report<'_>) -> io::Result<Option<Rendered>> {
        if !self.selection.takes(report) {
            return Ok(None);
        }
        let (follows, start) = (report.follows().is_some(), report.span().start);
        let mut rendered = Rendered { follows, start, ..Rendered::default() };
        if self.format == Format::Text && report.hung_task().is_some() {
            let mut waits = Waits::default();
            waits.add(report);
            rendered.waits = Some(waits);
        }
        match self.format {
            Format::Count => {}
            Format::Summary | Format::Group => {
                let title = report.title().to_string();
                let grouped = self.format == Format::Group;
                let key = if grouped { signature(report.signature()) } else { title.clone() };
                let place = if grouped { format!("{path}:{line}") } else { String::new() };
                rendered.counted = Counted { key, title, place, time: report.time() };
            }
            Format::Titles => {
                writeln!(rendered.text, "{}:{line}: {}", Plain(path.as_bytes()), report.title())?;
            }
            Format::Kcidb => {
                let (test, objects) = self.kcidb.report(path, line, report);
                (rendered.text, rendered.objects) = (test, Some(objects));
            }
            Format::Text | Format::Json | Format::Jsonl | Format::Markdown | Format::Junit => {
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
        let mut json = JsonReport::new(report).line(line).disassembly(self.full);
        let colors = self.colors && self.format == Format::Text;
        let mut text = TextReport::new(report).at(path, line).full(self.full).colors(colors);
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
            Format::Markdown => markdown(report, &text.to_string(), out)?,
            Format::Junit => {
                let (text, kind) = (text.to_string(), report.kind().as_str());
                *out = Suite::case(path, line, report.title(), kind, &text);
            }
            _ => write!(out, "{text}")?,
        }
        Ok(())
    }
}

/// A report for an issue or a mail: title, text, and the lines of the log.
fn markdown(report: &Report<'_>, text: &str, out: &mut Vec<u8>) -> io::Result<()> {
    let (_, rest) = text.split_once('\n').unwrap_or((text, ""));
    let lines = report.preamble().iter().chain(report.lines());
    let log: Vec<String> = lines.map(|line| Plain(line.raw.trim_ascii_end()).to_string()).collect();
    let fence = fence(rest.lines().chain(log.iter().map(String::as_str)));
    let title = heading(&Plain(report.title().as_bytes()).to_string());
    writeln!(out, "### {title}\n\n{fence}text\n{}\n{fence}\n", rest.trim_end())?;
    writeln!(
        out,
        "<details><summary>Log</summary>\n\n{fence}text\n{}\n{fence}\n\n</details>\n",
        log.join("\n")
    )
}

/// Words of a title after which a page makes a link of what follows.
const LINKS: [&str; 2] = ["://", "www."];

/// A title as a heading: what would be emphasis, a link, a tag or the name of somebody who is told is none.
fn heading(title: &str) -> String {
    // A page looks for names, numbers and addresses when escapes are gone: only in code it does not.
    if title.contains(['@', '#']) || LINKS.iter().any(|link| title.contains(link)) {
        let ticks = "`".repeat(1 + title.split(|c| c != '`').map(str::len).max().unwrap_or(0));
        return format!("{ticks} {title} {ticks}");
    }
    title
        .chars()
        .flat_map(|char| "\\`*_[]<>&~".contains(char).then_some('\\').into_iter().chain([char]))
        .collect()
}

/// What stands round lines of text in Markdown: longer than any run of backticks in them.
pub(crate) fn fence<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    let longest = lines.flat_map(|line| line.split(|c| c != '`').map(str::len)).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// Prints what was rendered.
pub(crate) struct Printer<W: Write> {
    out: W,
    format: Format,
    /// Whether more than one log is read.
    several: Arc<AtomicBool>,
    /// Whether only the first report of each log is wanted.
    first: bool,
    logs: usize,
    /// Reports of the log that is being printed.
    count: u64,
    /// Reports of a bisection's log: the bisection comes first.
    held: Vec<Rendered>,
    held_bytes: usize,
    /// Reports beyond the most that are printed of a log, or held.
    left_out: u64,
    /// Whether any log had one, or a bisection.
    pub(crate) found: bool,
    summary: Summary,
    suite: Suite,
    /// For KCIDB.
    pub(crate) document: Document,
    /// Of the hung tasks that follow each other: who waits for whom.
    waits: Waits,
}

impl<W: Write> Printer<W> {
    pub(crate) fn new(
        mut out: W,
        format: Format,
        several: Arc<AtomicBool>,
        first: bool,
    ) -> io::Result<Printer<W>> {
        match format {
            Format::Json => write!(out, "{{\"schema\":{SCHEMA},\"files\":[")?,
            Format::Junit => writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>")?,
            Format::Kcidb => Document::begin(&mut out)?,
            _ => {}
        }
        Ok(Printer {
            out,
            format,
            several,
            first,
            logs: 0,
            count: 0,
            held: Vec::new(),
            held_bytes: 0,
            left_out: 0,
            found: false,
            summary: Summary::default(),
            suite: Suite::default(),
            document: Document::default(),
            waits: Waits::default(),
        })
    }

    /// Prints a report of a log, by its number and path; at once, where the log is `live`: somebody may be waiting.
    pub(crate) fn report(&mut self, log: usize, path: &str, report: Rendered, live: bool) -> io::Result<()> {
        // The log is too long for a bisection's after all.
        self.held_bytes = 0;
        for held in mem::take(&mut self.held) {
            self.report(log, path, held, live)?;
        }
        if self.first && self.count > 0 {
            return Ok(());
        }
        let counts = matches!(self.format, Format::Count | Format::Summary | Format::Group);
        if self.count >= REPORTS && !counts {
            self.left_out += 1;
            return Ok(());
        }
        if self.format == Format::Json {
            if self.count == 0 {
                self.begin(path)?;
            }
            self.out.write_all(if self.count == 0 { b"\n" } else { b",\n" })?;
        }
        self.count += 1;
        self.found = true;
        match self.format {
            Format::Summary | Format::Group => self.summary.add(log, report.counted),
            Format::Junit => self.suite.add(&report.text),
            Format::Kcidb => {
                let Rendered { text, objects, .. } = report;
                objects.map_or(Ok(()), |objects| self.document.report(&text, objects, &mut self.out))?;
            }
            Format::Text => {
                self.out.write_all(&report.text)?;
                self.explain(report.waits, report.follows)?;
                writeln!(self.out)?;
            }
            _ => self.out.write_all(&report.text)?,
        }
        if live { self.out.flush() } else { Ok(()) }
    }

    /// Notes that a log could not be read, or not to its end.
    pub(crate) fn failed(&mut self, path: &str, error: &str) -> io::Result<()> {
        match self.format {
            Format::Junit => {
                self.suite.failed(&Plain(path.as_bytes()).to_string(), &Plain(error.as_bytes()).to_string());
                Ok(())
            }
            Format::Kcidb => self.document.failed(path, error, &mut self.out),
            _ => Ok(()),
        }
    }

    /// Prints who waits for whom, where a report says something new of it.
    fn explain(&mut self, waits: Option<Waits>, follows: bool) -> io::Result<()> {
        if !follows {
            self.waits = Waits::default();
        }
        let Some(waits) = waits else { return Ok(()) };
        let says = waits.tells_of_locks();
        self.waits.merge(waits);
        let news = if says { self.waits.news() } else { String::new() };
        if !news.is_empty() {
            writeln!(self.out, "  who waits for whom")?;
        }
        news.lines().try_for_each(|line| writeln!(self.out, "    {line}"))
    }

    /// Keeps a report until the end of its log.
    pub(crate) fn hold(&mut self, report: Rendered) {
        self.held_bytes += report.text.len();
        if self.held_bytes > HELD_BYTES {
            self.left_out += 1;
        } else {
            self.held.push(report);
        }
    }

    /// Ends a log of so many bytes, if they are known; of one that could not be read at all there is nothing to say. Of a
    /// bisection's log the bisection comes before the reports, but in JSON, where it is a member of its own.
    pub(crate) fn end(
        &mut self,
        log: usize,
        path: &str,
        bytes: Option<u64>,
        bisection: Option<bisection::Rendered>,
    ) -> io::Result<()> {
        self.found |= bisection.is_some();
        let (text, quoted) = bisection.map_or((None, 0..0), |of| (of.text, of.quoted));
        let member = if self.format == Format::Json { text } else { self.text(text)? };
        self.held_bytes = 0;
        for report in mem::take(&mut self.held) {
            if !quoted.contains(&report.start) {
                self.report(log, path, report, false)?;
            }
        }
        let count = mem::take(&mut self.count);
        let left_out = mem::take(&mut self.left_out);
        if left_out > 0 {
            say(&format_args!(
                "{path}: {left_out} more reports: of a log {REPORTS} are printed, of a bisection's {} MiB",
                HELD_BYTES >> 20
            ));
        }
        if self.format == Format::Junit {
            return mem::take(&mut self.suite).write(
                &Plain(path.as_bytes()).to_string(),
                bytes == Some(0),
                &mut self.out,
            );
        }
        if self.format == Format::Kcidb {
            return self.document.end(path, count, bytes, &mut self.out);
        }
        if count == 0 && bytes.is_none() && member.is_none() {
            return Ok(());
        }
        match self.format {
            Format::Json => {
                if count == 0 {
                    self.begin(path)?;
                }
                write!(self.out, "]")?;
                if let Some(bisection) = member {
                    write!(self.out, ",\"bisection\":")?;
                    self.out.write_all(&bisection)?;
                }
                bytes.map_or(Ok(()), |bytes| write!(self.out, ",\"bytes\":{bytes}"))?;
                write!(self.out, "}}")
            }
            Format::Count if self.several.load(Ordering::Relaxed) => {
                writeln!(self.out, "{}:{count}", Plain(path.as_bytes()))
            }
            Format::Count => writeln!(self.out, "{count}"),
            _ => Ok(()),
        }
    }

    /// Prints a text, of which nothing is left then.
    fn text(&mut self, text: Option<Vec<u8>>) -> io::Result<Option<Vec<u8>>> {
        text.map_or(Ok(()), |text| self.out.write_all(&text)).map(|()| None)
    }

    fn begin(&mut self, path: &str) -> io::Result<()> {
        let comma = if self.logs > 0 { "," } else { "" };
        self.logs += 1;
        write!(self.out, "{comma}\n{{\"path\":{},\"reports\":[", serde_json::to_string(path)?)
    }

    /// Prints what comes after all logs.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        match self.format {
            Format::Summary | Format::Group => {
                self.summary.print(&mut self.out, self.format == Format::Group)?
            }
            Format::Json => writeln!(self.out, "]}}")?,
            Format::Junit => writeln!(self.out, "</testsuites>")?,
            Format::Kcidb => {
                self.document.finish(&mut self.out)?;
                if self.document.left_out > 0 {
                    let more = self.document.left_out;
                    say(&format_args!("{more} more reports: of all logs 32 MiB of incidents are printed"));
                }
            }
            _ => {}
        }
        self.out.flush()
    }
}
