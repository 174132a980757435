//! Prints the crash reports of Linux kernel logs.
//!
//! ```text
//! cargo run --release --example crashparse -- [OPTIONS] [LOG]...
//! ```

mod symbols;

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::{Parser, Subcommand, ValueEnum};
use crashparse::ser::{JsonReport, SCHEMA};
use crashparse::{LineNumbers, Plain, Report, TextReport, reports};

use symbols::{SymbolArgs, Symbols};

/// Finds the crash reports in Linux kernel console logs and gives each the title that syzbot would.
///
/// Exit status: 0 if a report was found, 1 if none, 2 if something could not be read.
#[derive(Parser)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,

    /// How to print the reports.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Leave out what is no bug by itself: OOM kills, failed allocations, injected faults, dumps.
    #[arg(long)]
    bugs_only: bool,

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
        #[command(flatten)]
        symbols: SymbolArgs,

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
        Some(Verb::Symbolize { symbols, files }) => symbolize(symbols, files),
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
    let Some(mut symbols) = Symbols::open(args) else {
        say(&"symbolize needs a vmlinux (-k) or modules (-m)");
        return Ok(Outcome { failed: true, found: false });
    };
    let mut out = io::stdout().lock();
    let mut failed = false;
    for path in inputs(files) {
        let input: io::Result<Box<dyn Read>> = match path.as_os_str() == "-" {
            true => Ok(Box::new(io::stdin().lock())),
            false => File::open(&path).map(|file| Box::new(file) as Box<dyn Read>),
        };
        let mut read_error = None;
        match input {
            Ok(input) => symbols.filter(&mut Checked { input, error: &mut read_error }, &mut out)?,
            Err(error) => read_error = Some(error),
        }
        if let Some(error) = read_error {
            say(&format_args!("{}: {error}", name(&path)));
            failed = true;
        }
    }
    Ok(Outcome { failed: failed | symbols.failed(), found: true })
}

/// Input that ends where reading fails, and keeps the error.
struct Checked<'e> {
    input: Box<dyn Read>,
    error: &'e mut Option<io::Error>,
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.input.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                *self.error = Some(error);
                Ok(0)
            }
            read => read,
        }
    }
}

/// Reads all logs and prints their reports; an error is one of standard output.
fn run(args: &Args) -> io::Result<Outcome> {
    let mut printer = Printer::new(args);
    printer.symbols = Symbols::open(&args.symbols);
    let mut outcome = Outcome::default();
    printer.begin()?;
    for path in &inputs(&args.logs) {
        match read(path) {
            Ok(log) => outcome.found |= printer.file(&name(path), &log)?,
            Err(error) => {
                say(&format_args!("{}: {error}", name(path)));
                outcome.failed = true;
            }
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

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut log = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut log)?;
    } else {
        File::open(path)?.read_to_end(&mut log)?;
    }
    Ok(log)
}

struct Printer {
    out: io::BufWriter<io::StdoutLock<'static>>,
    format: Format,
    bugs_only: bool,
    title: Style,
    files: usize,
    symbols: Option<Symbols>,
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
        Printer { out, format: args.format, bugs_only: args.bugs_only, title, files: 0, symbols: None }
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
        let mut found = false;
        let bugs_only = self.bugs_only;
        let wanted = |report: &Report<'_>| !bugs_only || report.kind().is_bug();
        for report in reports(log).filter(wanted) {
            let line = numbers.of(report.span().start);
            self.report(path, line, &report, !found)?;
            found = true;
        }
        if self.format == Format::Json {
            write!(self.out, "]}}")?;
        }
        Ok(found)
    }

    fn report(&mut self, path: &str, line: u64, report: &Report<'_>, first: bool) -> io::Result<()> {
        let found = self.symbols.as_mut().map(|symbols| symbols.of(report));
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
            Format::Text => {
                let text = text.to_string();
                let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
                writeln!(self.out, "{}{title}{}\n{rest}", self.title.render(), self.title.render_reset())
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        if self.format == Format::Json {
            writeln!(self.out, "]}}")?;
        }
        self.out.flush()
    }
}
