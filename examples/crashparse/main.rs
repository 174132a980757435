//! Prints the crash reports of Linux kernel logs.
//!
//! ```text
//! cargo run --release --example crashparse -- [OPTIONS] [LOG]...
//! ```

mod input;
mod symbols;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::{Parser, Subcommand, ValueEnum};
use crashparse::ser::{JsonReport, SCHEMA};
use crashparse::{LineNumbers, Plain, Report, TextReport, reports};

use input::Checked;
use symbols::{SymbolArgs, Symbols};

/// Finds the crash reports in Linux kernel console logs and gives each the title that syzbot would.
///
/// Exit status: 0 if a report was found, 1 if none, 2 if something could not be read.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,

    /// How to print the reports.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Leave out what is no bug by itself: OOM kills, failed allocations, injected faults, dumps.
    #[arg(long)]
    bugs_only: bool,

    /// Print only how many reports there are: of several logs as FILE:NUMBER.
    #[arg(long, conflicts_with_all = ["format", "summary"])]
    count: bool,

    /// Print a line for each title: how many reports have it, the first and the last time, the title.
    #[arg(long, conflicts_with = "format")]
    summary: bool,

    /// When to colour text.
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,

    #[command(flatten)]
    symbols: SymbolArgs,

    /// Logs to read; `-` or nothing: standard input.
    #[arg(value_name = "LOG")]
    logs: Vec<PathBuf>,
}

#[derive(Subcommand)]
enum Verb {
    /// Copies text, with source lines added to the frames in it: instead of decode_stacktrace.sh.
    ///
    /// Exit status: 0, or 2 if something could not be read.
    Symbolize {
        /// Files to copy; `-` or nothing: standard input.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Readable reports.
    Text,
    /// `FILE:LINE: TITLE`, one report a line.
    Titles,
    /// One JSON document.
    Json,
    /// One JSON report a line, written as found.
    Jsonl,
    /// `--count`.
    #[value(skip)]
    Count,
    /// `--summary`.
    #[value(skip)]
    Summary,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// If the output is a terminal and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match &args.verb {
        Some(Verb::Symbolize { files }) => symbolize(&args.symbols, files),
        None => run(&args),
    };
    match outcome {
        Ok(Outcome { failed: true, .. }) => ExitCode::from(2),
        Ok(Outcome { found: true, .. }) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        // Whoever reads our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            say(&format_args!("standard output: {error}"));
            ExitCode::from(2)
        }
    }
}

#[derive(Default)]
struct Outcome {
    found: bool,
    failed: bool,
}

/// The files that arguments name; without arguments standard input.
fn inputs(paths: &[PathBuf]) -> Vec<PathBuf> {
    if paths.is_empty() { vec!["-".into()] } else { paths.to_vec() }
}

/// Copies files, with source lines added; an error is one of standard output.
fn symbolize(args: &SymbolArgs, files: &[PathBuf]) -> io::Result<Outcome> {
    let mut symbols = Symbols::open(args);
    let mut out = io::stdout().lock();
    // The text is not lost for that.
    let mut failed = symbols.is_none();
    if failed {
        say(&"symbolize needs a vmlinux (-k) or modules (-m)");
    }
    for path in inputs(files) {
        let error = match input::open(&path) {
            Ok(input) => {
                let mut input = Checked { input, error: None };
                match &mut symbols {
                    Some(symbols) => symbols.filter(&mut input, &mut out)?,
                    None => io::copy(&mut input, &mut out).map(drop)?,
                }
                input.error
            }
            Err(error) => Some(error),
        };
        if let Some(error) = error {
            say(&format_args!("{}: {error}", name(&path)));
            failed = true;
        }
    }
    failed |= symbols.is_some_and(|symbols| symbols.failed());
    Ok(Outcome { failed, found: true })
}

/// Reads all logs and prints their reports; an error is one of standard output.
fn run(args: &Args) -> io::Result<Outcome> {
    let mut printer = Printer::new(args);
    printer.symbols = Symbols::open(&args.symbols);
    let mut outcome = Outcome::default();
    printer.begin()?;
    for path in &inputs(&args.logs) {
        let error = match input::open(path) {
            Ok(input) => {
                let mut input = Checked { input, error: None };
                let mut log = Vec::new();
                input.read_to_end(&mut log)?;
                outcome.found |= printer.file(&name(path), &log)?;
                input.error
            }
            Err(error) => Some(error),
        };
        if let Some(error) = error {
            say(&format_args!("{}: {error}", name(path)));
            outcome.failed = true;
        }
    }
    printer.end()?;
    outcome.failed |= printer.symbols.is_some_and(|symbols| symbols.failed());
    Ok(outcome)
}

/// Prints a message to standard error; where that is closed nobody wants it.
fn say(message: &dyn std::fmt::Display) {
    let _ = writeln!(io::stderr(), "crashparse: {}", Plain(message.to_string().as_bytes()));
}

fn name(path: &Path) -> String {
    if path == Path::new("-") { "<stdin>".into() } else { path.to_string_lossy().into_owned() }
}

struct Printer {
    out: io::BufWriter<io::StdoutLock<'static>>,
    format: Format,
    bugs_only: bool,
    title: Style,
    files: usize,
    /// Whether more than one log is read.
    several: bool,
    symbols: Option<Symbols>,
    /// For `--summary`, by title.
    seen: BTreeMap<String, Seen>,
}

/// Reports of one title.
#[derive(Default)]
struct Seen {
    count: u64,
    /// Times of the first and the last, in microseconds, as far as the logs have times.
    first: Option<u64>,
    last: Option<u64>,
}

impl Printer {
    fn new(args: &Args) -> Printer {
        let wanted = match args.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
            }
        };
        let title = if wanted { AnsiColor::Red.on_default().bold() } else { Style::new() };
        let out = io::BufWriter::new(io::stdout().lock());
        let format = match args.format {
            _ if args.count => Format::Count,
            _ if args.summary => Format::Summary,
            format => format,
        };
        let (several, bugs_only) = (args.logs.len() > 1, args.bugs_only);
        Printer { out, format, bugs_only, title, files: 0, several, symbols: None, seen: BTreeMap::new() }
    }

    fn begin(&mut self) -> io::Result<()> {
        match self.format {
            Format::Json => write!(self.out, "{{\"schema\":{SCHEMA},\"files\":["),
            _ => Ok(()),
        }
    }

    /// Prints the reports of one log; whether it has any.
    fn file(&mut self, path: &str, log: &[u8]) -> io::Result<bool> {
        if self.format == Format::Json {
            let comma = if self.files > 0 { "," } else { "" };
            let path = serde_json::to_string(path)?;
            write!(self.out, "{comma}\n{{\"path\":{path},\"bytes\":{},\"reports\":[", log.len())?;
        }
        self.files += 1;
        let mut numbers = LineNumbers::new(log);
        let mut count = 0_u64;
        let bugs_only = self.bugs_only;
        let wanted = |report: &Report<'_>| !bugs_only || report.kind().is_bug();
        for report in reports(log).filter(wanted) {
            count += 1;
            match self.format {
                Format::Count => {}
                Format::Summary => self.see(&report),
                _ => self.report(path, numbers.of(report.span().start), &report, count == 1)?,
            }
        }
        match self.format {
            Format::Json => write!(self.out, "]}}")?,
            Format::Count if self.several => writeln!(self.out, "{}:{count}", Plain(path.as_bytes()))?,
            Format::Count => writeln!(self.out, "{count}")?,
            _ => {}
        }
        Ok(count > 0)
    }

    /// Counts a report for the summary.
    fn see(&mut self, report: &Report<'_>) {
        let seen = self.seen.entry(report.title().to_string()).or_default();
        seen.count += 1;
        if let Some(time) = report.time() {
            seen.first = Some(seen.first.map_or(time, |first| first.min(time)));
            seen.last = seen.last.max(Some(time));
        }
    }

    fn report(&mut self, path: &str, line: u64, report: &Report<'_>, first: bool) -> io::Result<()> {
        let symbols = self.symbols.as_mut().filter(|_| self.format != Format::Titles);
        let found = symbols.map(|symbols| symbols.of(report));
        let mut json = JsonReport::new(report).line(line);
        let mut text = TextReport::new(report).at(path, line);
        if let Some(found) = &found {
            json = json.sources(&found.sources);
            text = text.sources(&found.sources);
            json = found.guilty_file.as_deref().map_or(json, |file| json.guilty_file(file));
        }
        match self.format {
            Format::Titles => {
                writeln!(self.out, "{}:{line}: {}", Plain(path.as_bytes()), report.title())
            }
            Format::Json => {
                self.out.write_all(if first { b"\n" } else { b",\n" })?;
                Ok(serde_json::to_writer(&mut self.out, &json)?)
            }
            Format::Jsonl => {
                serde_json::to_writer(&mut self.out, &json.path(path))?;
                self.out.write_all(b"\n")?;
                self.out.flush()
            }
            Format::Count | Format::Summary => Ok(()),
            Format::Text => {
                let text = text.to_string();
                let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
                writeln!(self.out, "{}{title}{}\n{rest}", self.title.render(), self.title.render_reset())
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let seconds = |time: Option<u64>| {
            time.map_or(format!("{:>13}", "-"), |time| {
                format!("{:>6}.{:06}", time / 1_000_000, time % 1_000_000)
            })
        };
        // The most common first; of one number in the order of the alphabet.
        let mut seen: Vec<(&String, &Seen)> = self.seen.iter().collect();
        seen.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.count));
        for (title, Seen { count, first, last }) in seen {
            writeln!(
                self.out,
                "{count:>7} {} {} {}",
                seconds(*first),
                seconds(*last),
                Plain(title.as_bytes())
            )?;
        }
        if self.format == Format::Json {
            writeln!(self.out, "]}}")?;
        }
        self.out.flush()
    }
}
