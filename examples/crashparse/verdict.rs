//! The verb `verdict`: judges the console logs of a revision, for `git bisect run`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Args;
use crashparse::{Decoder, Judged, Record, ReportReader, Ruling, Wanted};

use crate::unpack::Bytes;
use crate::{input, name, say, stdout};

/// For git every status below 128 is a verdict, even those of a wrong option and of a panic.
const ERROR: u8 = 128;

#[derive(Args)]
pub(crate) struct VerdictArgs {
    /// The bug: its title, or a file with its report, by which it is known under other titles as well.
    #[arg(long, value_name = "TITLE|FILE")]
    like: String,

    /// So many runs were wanted: those without a log are lost, and count for nothing.
    #[arg(long, value_name = "N", default_value_t = 0)]
    runs: usize,

    /// The revision that was tested [default: what git has checked out here].
    #[arg(long, value_name = "HASH")]
    commit: Option<String>,

    /// The console log of each run; `-` or nothing: standard input.
    #[arg(value_name = "LOG")]
    logs: Vec<PathBuf>,
}

/// Ends the program because its arguments are wrong, or because they ask for help.
pub(crate) fn refuse(error: &clap::Error) -> ! {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "verdict") {
        let _ = error.print();
        std::process::exit(ERROR.into());
    }
    if let Err(closed) = stdout::check()
        && !error.use_stderr()
    {
        say(&format_args!("standard output: {closed}"));
        std::process::exit(2);
    }
    error.exit()
}

/// Judges, and prints the record.
pub(crate) fn run(args: &VerdictArgs) -> ExitCode {
    // What git would take for "bad" must not come of a mistake in this program.
    let ruling =
        std::panic::catch_unwind(|| judge(args)).unwrap_or_else(|_| Err(io::Error::other("a mistake")));
    match ruling {
        Ok(ruling) => ExitCode::from(ruling.status()),
        Err(error) => {
            say(&error);
            ExitCode::from(ERROR)
        }
    }
}

fn judge(args: &VerdictArgs) -> io::Result<Ruling> {
    stdout::check().map_err(|error| io::Error::other(format!("standard output: {error}")))?;
    let wanted = wanted(&args.like)?;
    let mut runs = Vec::new();
    // With `--runs` it may be that no run left a log.
    let paths = if args.runs > 0 { args.logs.clone() } else { crate::inputs(&args.logs) };
    for path in paths {
        let judged = read(&path).and_then(|log| wanted.judge_stream(log));
        runs.push(judged.map_err(|error| io::Error::other(format!("{}: {error}", name(&path))))?);
    }
    if runs.len() > args.runs && args.runs > 0 {
        say(&format_args!("{} logs of {} runs", runs.len(), args.runs));
    }
    runs.resize(runs.len().max(args.runs), Judged::Lost("no log"));
    let commit = args.commit.clone().or_else(checked_out);
    let mut record = Record::new(&wanted, &runs);
    if let Some(commit) = &commit {
        record = record.commit(commit);
    }
    match io::stdout().write_all(record.to_string().as_bytes()) {
        // The verdict is the status; who does not want the record has closed the pipe.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(Ruling::of(&runs)),
    }
}

/// The bug of a report's file, or of a title.
fn wanted(like: &str) -> io::Result<Wanted> {
    let path = Path::new(like);
    if path.is_file() {
        let found = read(path).and_then(first_bug);
        let found = found.map_err(|error| io::Error::other(format!("{like}: {error}")))?;
        return found.ok_or_else(|| io::Error::other(format!("{like}: no report in it")));
    }
    // All titles have blanks, and few paths do.
    if !like.trim().contains(' ') {
        return Err(io::Error::other(format!("{like}: neither a title nor a file")));
    }
    Ok(Wanted::titled(like))
}

/// The first report of a bug in a log, else its first report.
fn first_bug(log: Decoder<Bytes<'static>>) -> io::Result<Option<Wanted>> {
    let mut reader = ReportReader::new(log);
    let mut first = None;
    while let Some(report) = reader.next_report()? {
        if report.kind().is_bug() {
            return Ok(Some(Wanted::like(&report)));
        }
        first = first.or_else(|| Some(Wanted::like(&report)));
    }
    Ok(first)
}

/// A console log, unpacked and out of its container.
fn read(path: &Path) -> io::Result<Decoder<Bytes<'static>>> {
    Ok(Decoder::new(input::open(path)?))
}

/// The commit that git has checked out in this directory, or would have with `--no-checkout`.
fn checked_out() -> Option<String> {
    ["BISECT_HEAD", "HEAD"].iter().find_map(|name| {
        let revision = format!("{name}^{{commit}}");
        let git = Command::new("git")
            .args(["rev-parse", "--verify", "--quiet", &revision])
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let hash = String::from_utf8(git.stdout).ok()?;
        git.status.success().then(|| hash.trim().to_string())
    })
}
