//! What is printed: each report as it is rendered by whichever thread found it, in the order of the logs.

use std::io::{self, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crashparse::ser::JsonReport;
use crashparse::{Plain, Report, TextReport, Waits};
use serde_json::{Value, json};

use crate::args::{Form, Format};
use crate::bisection;
use crate::csv;
use crate::junit::Suite;
use crate::kcidb::{Document, Kcidb, Objects};
use crate::say;
use crate::select::{Selection, signature};
use crate::source::SourceTree;
use crate::summary::{Counted, Summary};
use crate::symbols::Symbols;
use crate::text::Texts;
use crate::totals::{FileEnd, Totals, head};

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
    pub(crate) text: Vec<u8>,
    /// For `--summary`, `--group` and what counts reports as text.
    pub(crate) counted: Counted,
    /// The boot that it is of.
    pub(crate) boot: Option<u64>,
    /// For KCIDB.
    objects: Option<Objects>,
    /// What a hung task's report says of who waits for whom, and whether it follows from the report before it.
    pub(crate) waits: Option<Waits>,
    pub(crate) follows: bool,
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
        let mut rendered = Rendered { follows, start, boot: report.boot(), ..Rendered::default() };
        if self.format == Format::Text {
            let (title, time) = (report.title().to_string(), report.time());
            rendered.counted = Counted { title, time, ..Counted::default() };
        }
        if self.format == Format::Text && report.hung_task().is_some() {
            let mut waits = Waits::default();
            waits.add(report);
            rendered.waits = Some(waits);
        }
        match self.format {
            Format::Count => {}
            Format::Summary | Format::Group => {
                rendered.counted = Counted {
                    signature: signature(report.signature()),
                    kind: report.kind().as_str(),
                    title: report.title().to_string(),
                    line,
                    time: report.time(),
                };
            }
            Format::Csv => csv::row(
                &mut rendered.text,
                &[
                    path,
                    &line.to_string(),
                    &csv::number(report.boot()),
                    &csv::seconds(report.time()),
                    report.kind().as_str(),
                    &signature(report.signature()),
                    report.title(),
                    report.blamed().unwrap_or_default(),
                ],
            )?,
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

/// Columns of the reports, and of the logs with the number of their reports.
const REPORT_COLUMNS: &[&str] = &["path", "line", "boot", "time", "kind", "signature", "title", "blamed"];
const COUNT_COLUMNS: &[&str] = &["path", "reports", "bytes", "error"];

/// What is printed, and how.
#[derive(Clone, Copy)]
pub(crate) struct Printing {
    pub(crate) format: Format,
    /// Of what is counted.
    pub(crate) form: Form,
    /// Whether only the first report of each log is wanted.
    pub(crate) first: bool,
    /// Whether records tell what was read.
    pub(crate) stats: bool,
    /// Whether the logs are still written.
    pub(crate) follow: bool,
}

/// Prints what was rendered.
pub(crate) struct Printer<W: Write> {
    out: W,
    printing: Printing,
    /// Whether more than one log is read.
    several: Arc<AtomicBool>,
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
    /// Whether any report was not asked for.
    pub(crate) deselected: bool,
    /// Why the log that is being printed could not be read, or not to its end.
    error: Option<String>,
    totals: Totals,
    summary: Summary,
    suite: Suite,
    texts: Texts,
    /// For KCIDB.
    pub(crate) document: Document,
}

impl<W: Write> Printer<W> {
    pub(crate) fn new(mut out: W, printing: Printing, several: Arc<AtomicBool>) -> io::Result<Printer<W>> {
        match printing.format {
            Format::Json => write!(out, "{{{},\"files\":[", head())?,
            Format::Junit => writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>")?,
            Format::Jsonl if printing.stats => writeln!(out, "{{\"type\":\"header\",{}}}", head())?,
            Format::Csv => csv::header(&mut out, REPORT_COLUMNS)?,
            Format::Count if printing.form == Form::Json => write!(out, "{{{},\"counts\":[", head())?,
            Format::Count if printing.form == Form::Csv => csv::header(&mut out, COUNT_COLUMNS)?,
            Format::Kcidb => Document::begin(&mut out)?,
            _ => {}
        }
        out.flush()?;
        Ok(Printer {
            out,
            printing,
            several,
            logs: 0,
            count: 0,
            held: Vec::new(),
            held_bytes: 0,
            left_out: 0,
            found: false,
            deselected: false,
            error: None,
            totals: Totals::default(),
            summary: Summary::default(),
            suite: Suite::default(),
            texts: Texts::new(printing.follow),
            document: Document::default(),
        })
    }

    /// Prints a report of a log, by its number and path; at once, where the log is `live`: somebody may be waiting.
    pub(crate) fn report(&mut self, log: usize, path: &str, report: Rendered, live: bool) -> io::Result<()> {
        // The log is too long for a bisection's after all.
        self.held_bytes = 0;
        for held in mem::take(&mut self.held) {
            self.report(log, path, held, live)?;
        }
        if self.printing.first && self.count > 0 {
            return Ok(());
        }
        let counts = matches!(self.printing.format, Format::Count | Format::Summary | Format::Group);
        if self.count >= REPORTS && !counts {
            self.left_out += 1;
            return Ok(());
        }
        if self.printing.format == Format::Json {
            if self.count == 0 {
                self.begin(path)?;
            }
            self.out.write_all(if self.count == 0 { b"\n" } else { b",\n" })?;
        }
        self.count += 1;
        self.found = true;
        match self.printing.format {
            Format::Summary | Format::Group => {
                self.summary.add(log, path, report.counted, self.printing.format == Format::Group)
            }
            Format::Kcidb => {
                let Rendered { text, objects, .. } = report;
                objects.map_or(Ok(()), |objects| self.document.report(&text, objects, &mut self.out))?;
            }
            Format::Junit => self.suite.add(&report.text),
            Format::Text => self.texts.add(log, report, live, &mut self.out)?,
            _ => self.out.write_all(&report.text)?,
        }
        if live { self.out.flush() } else { Ok(()) }
    }

    /// Notes that a log could not be read, or not to its end.
    pub(crate) fn failed(&mut self, path: &str, error: &str) -> io::Result<()> {
        self.error.get_or_insert_with(|| error.to_string());
        match self.printing.format {
            Format::Junit => {
                self.suite.failed(&Plain(path.as_bytes()).to_string(), &Plain(error.as_bytes()).to_string());
                Ok(())
            }
            Format::Kcidb => self.document.failed(path, error, &mut self.out),
            _ => Ok(()),
        }
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

    /// Ends a log of which so many bytes were read, if that is known. Of a bisection's log the bisection comes before the
    /// reports, but in JSON, where it is a member of its own.
    pub(crate) fn end(
        &mut self,
        log: usize,
        path: &str,
        bytes: Option<u64>,
        bisection: Option<bisection::Rendered>,
    ) -> io::Result<()> {
        self.found |= bisection.is_some();
        let (text, quoted) = bisection.map_or((None, 0..0), |of| (of.text, of.quoted));
        let member = if self.printing.format == Format::Json { text } else { self.text(text)? };
        self.held_bytes = 0;
        for report in mem::take(&mut self.held) {
            if !quoted.contains(&report.start) {
                self.report(log, path, report, false)?;
            }
        }
        let count = mem::take(&mut self.count);
        let left_out = mem::take(&mut self.left_out);
        let end = FileEnd { reports: count + left_out, left_out, bytes, error: self.error.take() };
        self.totals.add(&end);
        if left_out > 0 {
            say(&format_args!(
                "{path}: {left_out} more reports: of a log {REPORTS} are printed, of a bisection's {} MiB",
                HELD_BYTES >> 20
            ));
        }
        if self.printing.format == Format::Junit {
            return mem::take(&mut self.suite).write(
                &Plain(path.as_bytes()).to_string(),
                bytes == Some(0),
                &mut self.out,
            );
        }
        if self.printing.format == Format::Kcidb {
            // Of what could not be read that has been said.
            let read = end.error.is_none();
            return if read { self.document.end(path, count, bytes, &mut self.out) } else { Ok(()) };
        }
        match (self.printing.format, self.printing.form) {
            (Format::Json, _) => {
                if count == 0 {
                    self.begin(path)?;
                }
                write!(self.out, "]")?;
                if let Some(bisection) = member {
                    write!(self.out, ",\"bisection\":")?;
                    self.out.write_all(&bisection)?;
                }
                for (name, value) in end.members() {
                    write!(self.out, ",\"{name}\":{value}")?;
                }
                write!(self.out, "}}")
            }
            (Format::Jsonl, _) if self.printing.stats => {
                let mut record = json!({"type": "file"});
                if let (Some(record), Value::Object(end)) = (record.as_object_mut(), end.json(path)) {
                    record.extend(end);
                }
                writeln!(self.out, "{record}")
            }
            (Format::Count, Form::Json) => {
                let comma = self.comma();
                write!(self.out, "{comma}\n{}", end.json(path))
            }
            (Format::Count, Form::Csv) => {
                let (reports, bytes) = (end.reports.to_string(), csv::number(end.bytes));
                csv::row(&mut self.out, &[path, &reports, &bytes, end.error.as_deref().unwrap_or_default()])
            }
            // Of what could not be read at all nothing was counted.
            (Format::Count, Form::Text) if end.error.is_some() && bytes == Some(0) => Ok(()),
            (Format::Count, Form::Text) if self.several.load(Ordering::Relaxed) => {
                writeln!(self.out, "{}:{count}", Plain(path.as_bytes()))
            }
            (Format::Count, Form::Text) => writeln!(self.out, "{count}"),
            _ => Ok(()),
        }
    }

    /// Prints a text, of which nothing is left then.
    fn text(&mut self, text: Option<Vec<u8>>) -> io::Result<Option<Vec<u8>>> {
        let Some(text) = text else { return Ok(None) };
        match self.printing.format {
            Format::Text => self.texts.other(text, &mut self.out)?,
            _ => self.out.write_all(&text)?,
        }
        Ok(None)
    }

    fn begin(&mut self, path: &str) -> io::Result<()> {
        let comma = self.comma();
        write!(self.out, "{comma}\n{{\"path\":{},\"reports\":[", serde_json::to_string(path)?)
    }

    /// What is before a log in a list of them.
    fn comma(&mut self) -> &'static str {
        self.logs += 1;
        if self.logs > 1 { "," } else { "" }
    }

    /// Prints what comes after all logs.
    pub(crate) fn finish(mut self) -> io::Result<Totals> {
        let Printing { format, form, stats, .. } = self.printing;
        match format {
            Format::Summary | Format::Group => {
                self.summary.print(&mut self.out, format == Format::Group, form, &self.totals)?
            }
            Format::Jsonl if stats => {
                writeln!(self.out, "{}", json!({"type": "trailer", "totals": self.totals.json()}))?
            }
            Format::Json => writeln!(self.out, "],\"totals\":{}}}", self.totals.json())?,
            Format::Count if form == Form::Json => {
                writeln!(self.out, "],\"totals\":{}}}", self.totals.json())?
            }
            Format::Junit => writeln!(self.out, "</testsuites>")?,
            Format::Text => self.texts.finish(&mut self.out)?,
            Format::Kcidb => {
                self.document.finish(&mut self.out)?;
                if self.document.left_out > 0 {
                    let more = self.document.left_out;
                    say(&format_args!("{more} more reports: of all logs 32 MiB of incidents are printed"));
                }
            }
            _ => {}
        }
        self.out.flush()?;
        Ok(self.totals)
    }
}
