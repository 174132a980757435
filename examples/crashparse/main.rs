//! Prints the crash reports of Linux kernel logs.
//!
//! ```text
//! cargo run --release --example crashparse -- [OPTIONS] [LOG]...
//! ```

mod archive;
mod args;
mod bisection;
mod csv;
mod debug;
mod follow;
mod generate;
mod input;
mod junit;
mod kcidb;
mod kmsg;
mod logs;
mod output;
mod pager;
mod progress;
mod select;
mod source;
mod stdout;
mod summary;
mod symbols;
mod text;
mod totals;
mod unpack;
mod verdict;

use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use clap::{CommandFactory, Parser};
use crashparse::{Found, LineMap, Plain, Scan, Source};

use args::{Args, Form, Format, Paging, Progress, Verb};
use bisection::Kept;
use input::{Checked, Opener};
use kcidb::Kcidb;
use output::{Printer, Printing, Renderer};
use pager::Output;
use select::Selection;
use source::SourceTree;
use symbols::{SymbolArgs, Symbols};

fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|error| verdict::refuse(&error));
    if let Some(Verb::Verdict(args)) = &args.verb {
        return verdict::run(args);
    }
    if let Some(label) = &args.name {
        let _ = STDIN.set(label.clone());
    }
    let outcome = stdout::check().and_then(|()| match &args.verb {
        _ if args.generate.is_some() => generate::print(args.generate, Args::command()),
        Some(Verb::Symbolize { files }) => symbolize(&args.symbols, files),
        _ => run(&args),
    });
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
    let format = args.format();
    let Some(form) = args.form() else {
        say(&"--count, --summary and --group print text, json or csv");
        return Ok(Outcome { failed: true, found: false });
    };
    let printing =
        Printing { format, form, first: args.select.first, stats: args.stats, follow: args.follow };
    let selection = match Selection::new(&args.select) {
        Ok(selection) => selection,
        Err((path, error)) => {
            say(&format_args!("{}: {error}", name(&path)));
            return Ok(Outcome { failed: true, found: false });
        }
    };
    let excerpts = match args.source.clone().map(SourceTree::new).transpose() {
        Ok(excerpts) => excerpts,
        Err(directory) => {
            say(&format_args!("{}: no directory of source files", name(&directory)));
            return Ok(Outcome { failed: true, found: false });
        }
    };
    if args.logs.is_empty() && args.files_from.is_none() && io::stdin().is_terminal() {
        say(&"reading a log from the terminal; for files see crashparse --help");
    }
    let (paths, mut failed) = logs::find(&args.logs, args.files_from.as_deref());
    if args.name.is_some() && !paths.iter().any(|path| input::is_stdin(path)) {
        say(&"--name is for a log on standard input, and none is read from there");
        return Ok(Outcome { failed: true, found: false });
    }
    let listed = args.files_from.is_some();
    let several = paths.len() > 1 || listed || args.logs.iter().any(|path| path.is_dir());
    // Each that is followed is read by itself.
    let several = Arc::new(AtomicBool::new(several && !args.follow));
    if paths.is_empty() {
        let place = if listed { "list" } else { "directory" };
        say(&format_args!("no files were searched: there is none in the {place}"));
        let totals = Printer::new(io::stdout(), printing, several)?.finish()?;
        if args.stats && format != Format::Jsonl {
            say(&totals);
        }
        return Ok(Outcome { failed: true, found: false });
    }
    let threads = args.threads.or(thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    // A file that is followed is opened again where its log is rotated, but not before.
    let threads = if args.follow { NonZeroUsize::MIN } else { threads };
    let bar = progress::bar(args.progress == Progress::Auto, &paths);
    let opener = Opener {
        threads,
        follow: args.follow,
        mmap: args.mmap,
        bar: bar.clone(),
        several: Arc::clone(&several),
        frames: AtomicBool::new(false),
    };
    let kcidb = Arc::new(Kcidb::new(&args.kcidb));
    let renderer = Renderer {
        format,
        kcidb: Arc::clone(&kcidb),
        selection,
        colors: args.colors(),
        full: args.full,
        excerpts,
        symbols: Mutex::new(Symbols::open(&args.symbols)),
    };
    let scan = Scan::new()
        .threads(threads)
        .line_numbers(format != Format::Count && (format != Format::Summary || form != Form::Text))
        .boots(!matches!(format, Format::Titles | Format::Group));
    let reading = Reading { opener, renderer, scan, printing };
    if args.follow {
        let outcome = follow::follow_all(reading, paths)?;
        let failed = failed || outcome.failed;
        return Ok(Outcome { failed: failed && !(args.exit_found && outcome.found), ..outcome });
    }
    let live = paths.iter().any(|path| input::is_stdin(path)) && input::stdin_file().is_none();
    let reads = matches!(format, Format::Text | Format::Markdown);
    let paging = if reads || args.paging == Paging::Always { args.paging } else { Paging::Never };
    let out = BufWriter::new(Output::new(paging, live, bar.clone()));
    let mut printer = Printer::new(out, printing, Arc::clone(&several))?;
    printer.document = kcidb::Document::new(kcidb);
    let unread = reading.read(&paths, false, &mut printer);
    bar.finish_and_clear();
    failed |= unread?;
    let (found, deselected) = (printer.found, printer.deselected);
    let totals = printer.finish()?;
    if let Some(excerpts) = reading.renderer.excerpts.as_ref().filter(|_| found && format == Format::Text) {
        excerpts.finish();
    }
    if !found && !failed && format == Format::Text {
        let logs = if several.load(Ordering::Relaxed) { "the logs" } else { "the log" };
        let help = if deselected {
            " that is asked for"
        } else if args.symbols.are_given() || reading.opener.frames.load(Ordering::Relaxed) {
            "; crashparse symbolize -k vmlinux gives bare frames their lines"
        } else {
            ""
        };
        say(&format_args!("no report in {logs}{help}"));
    }
    failed |= reading.renderer.symbols_failed();
    if args.stats && format != Format::Jsonl {
        say(&totals);
    }
    Ok(Outcome { found, failed: failed && !(args.exit_found && found) })
}

/// How logs are read, and what is made of their reports.
struct Reading {
    opener: Opener,
    renderer: Renderer,
    scan: Scan,
    printing: Printing,
}

impl Reading {
    /// Reads logs and prints their reports; one log `again` and again, as long as it can be opened. Whether any could not be
    /// read; an error is one of the output.
    fn read<W: Write>(&self, paths: &[PathBuf], again: bool, printer: &mut Printer<W>) -> io::Result<bool> {
        let Reading { opener, renderer, scan, printing } = self;
        let (bar, several, format) = (&opener.bar, &opener.several, renderer.format);
        let times = if again { usize::MAX } else { 1 };
        let mut failed = false;
        let logs = Logs { opened: Mutex::default(), again };
        let all = std::iter::repeat_n(paths, times).flatten();
        let sources = all.flat_map(|path| opener.open_all(path)).map(|(name, input)| match input {
            Ok(input) => {
                logs.add(Opened { name, live: input.live, lines: input.lines, kept: input.kept });
                input.source
            }
            Err(error) => {
                logs.add(Opened { name, ..Opened::default() });
                Source::stream(Unreadable(Some(error)))
            }
        });
        let is_live = |log: usize| logs.of(log).live;
        let kept = |log: usize| logs.of(log).kept.clone();
        let outcome = scan.run(
            sources,
            |log, report| {
                let of = logs.of(log);
                renderer.render(&of.name, of.line(report.line_number().unwrap_or_default()), report)
            },
            |log, found| {
                let of = logs.of(log);
                let name = of.name.as_str();
                let printed = match found {
                    Found::Report(Ok(Some(report))) => {
                        if kept(log).is_some_and(|kept| kept.is_bisection()) {
                            printer.hold(report);
                            Ok(())
                        } else {
                            let printed = bar.suspend(|| printer.report(log, name, report, is_live(log)));
                            let several = several.load(Ordering::Relaxed);
                            if printing.first && !several && printed.is_ok() {
                                return ControlFlow::Break(printer.end(log, name, None, None).err());
                            }
                            printed
                        }
                    }
                    Found::Report(Ok(None)) => {
                        printer.deselected = true;
                        Ok(())
                    }
                    Found::Report(Err(error)) => Err(error),
                    Found::Failed(error) => {
                        bar.suspend(|| say(&format_args!("{}: {error}", name)));
                        failed = true;
                        let printed = printer.failed(name, &error.to_string());
                        if again {
                            let ended = printed.and_then(|()| printer.end(log, name, None, None));
                            return ControlFlow::Break(ended.err());
                        }
                        printed
                    }
                    Found::End(bytes) => {
                        let bisection = kept(log).map(|kept| kept.render(name, format)).transpose();
                        bisection
                            .and_then(|bisection| printer.end(log, name, Some(bytes), bisection.flatten()))
                    }
                    _ => Ok(()),
                };
                printed.map_or_else(|error| ControlFlow::Break(Some(error)), ControlFlow::Continue)
            },
        );
        match outcome {
            ControlFlow::Break(Some(error)) => Err(error),
            _ => Ok(failed),
        }
    }
}

/// The logs in the order in which they were opened.
struct Logs {
    opened: Mutex<Vec<Arc<Opened>>>,
    /// Whether it is one log, opened again and again.
    again: bool,
}

impl Logs {
    fn add(&self, log: Opened) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if self.again {
            opened.clear();
        }
        opened.push(Arc::new(log));
    }

    fn of(&self, log: usize) -> Arc<Opened> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let of = if self.again { opened.last() } else { opened.get(log) };
        of.cloned().unwrap_or_default()
    }
}

/// What is known of a log since it was opened.
#[derive(Default)]
struct Opened {
    name: String,
    live: bool,
    lines: Option<Arc<Mutex<LineMap>>>,
    kept: Option<Kept>,
}

impl Opened {
    /// The file's line that a line of the decoded log is from. Numbers go up.
    fn line(&self, line: u64) -> u64 {
        self.lines.as_ref().map_or(line, |map| {
            let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
            map.forget_before(line);
            map.source(line)
        })
    }
}

/// A log that could not be opened: its turn to say so comes with the others.
struct Unreadable(Option<io::Error>);

impl Read for Unreadable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Prints a message to standard error; where that is closed nobody wants it.
fn say(message: &dyn std::fmt::Display) {
    let _ = writeln!(io::stderr(), "crashparse: {}", Plain(message.to_string().as_bytes()));
}

/// Says that the kernel's log has a gap.
fn say_lost(path: &Path) {
    say(&format_args!("{}: note: the kernel has written over records before they were read", name(path)));
}

/// What standard input is called: `--name`.
static STDIN: OnceLock<String> = OnceLock::new();

fn name(path: &Path) -> String {
    if input::is_stdin(path) {
        return STDIN.get().cloned().unwrap_or_else(|| "<stdin>".into());
    }
    path.to_string_lossy().into_owned()
}
