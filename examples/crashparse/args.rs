//! What the command line says.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, Subcommand, ValueEnum};

use crate::generate::What;
use crate::kcidb::KcidbArgs;
use crate::select::SelectArgs;
use crate::symbols::SymbolArgs;
use crate::verdict::VerdictArgs;

pub(crate) const EXAMPLES: &str = "\
Examples:
  crashparse dmesg.txt                         what broke, where?
  dmesg | crashparse -k vmlinux -m /lib/modules/$(uname -r)
                                               the same with files, lines and inlined calls
  crashparse --group logs/                     one line for each distinct crash of many logs
  crashparse --exclude-known known.txt --format titles logs/
                                               new crashes only: exit status 0 if there is one
  crashparse --exclude-known known.txt --exit-found --format json logs/
                                               the same for a CI: also where some of the logs cannot be read
  crashparse --format jsonl logs/ | jq .title  everything, for programs
  crashparse symbolize -k vmlinux < dmesg.txt  the log itself, with source lines

Exit status: 0 if a report (that is selected) or a bisection was found, 1 if none, 2 if something could not be
read, even if reports were found in the rest. With --exit-found: 0 if a report was found, even if something could
not be read; 1 if none was and all could be read; 2 if none was found in what could be read.";

/// Finds the crash reports in Linux kernel console logs and gives each the title that syzbot would.
///
/// Logs may be of any size, packed by gzip, xz or zstd, or in a container: journalctl -o json or export, dmesg -J,
/// /dev/kmsg, netconsole, pstore, LAVA, logcat, JUnit, a mail, JSON (an object a line or in an array) or CSV from a store
/// of logs, the oldest line first. Directories are searched for logs recursively: every file below is read, links are not
/// followed. A bisection log, of syzkaller or of git, is recognised by its content: then the bisection is printed as
/// well.
#[derive(Parser)]
#[command(version, max_term_width = 100, after_help = EXAMPLES, name = "crashparse")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,

    /// How to print the reports.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// Print only how many reports there are: of several logs as FILE:NUMBER. With `--format json` or `csv` also how many
    /// bytes, and what could not be read; the sum of all logs is in JSON, and told by `--stats`.
    #[arg(long, conflicts_with_all = ["summary", "group"])]
    pub(crate) count: bool,

    /// Print a line for each title: how many reports have it, the first and the last time, the title. With `--format json`
    /// or `csv` as `--group`, signature and kind being those of the first.
    #[arg(long, conflicts_with = "group")]
    pub(crate) summary: bool,

    /// Print a line for each distinct crash (signature): how many reports and in how many logs, the first and the last
    /// time, the signature, the title, and where the first one is. With `--format json` or `csv` also the kind, and log,
    /// line and time of the first and the last in the order of the logs; JSON names all logs.
    #[arg(long)]
    pub(crate) group: bool,

    /// Say what was read: logs, bytes, reports, and logs that could not be read. With `--format jsonl` as records, told from
    /// reports by their `type`: `header` first, `file` behind the reports of each log, `trailer` last. Else in a line
    /// on standard error.
    #[arg(long)]
    pub(crate) stats: bool,

    /// Exit with 0 if a report was found, even if something could not be read: as `grep -q` does.
    #[arg(long)]
    pub(crate) exit_found: bool,

    /// In text and Markdown, show all stacks, locks, modules and registers whole; in JSON, disassemble the code.
    #[arg(long)]
    pub(crate) full: bool,

    /// In text, show the source round the line to blame, from files below DIR. Needs -k, or a symbolized log. Of names that
    /// begin with PREFIX what follows it is below DIR; else as much of their end as is there.
    #[arg(long, value_name = "DIR[=PREFIX]")]
    pub(crate) source: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) select: SelectArgs,

    /// How many threads read [default: as many as the machine has cores].
    #[arg(short = 'j', long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Go on reading logs that grow, as `tail -F` does, and print each report as it is complete.
    #[arg(long, conflicts_with_all = ["count", "summary", "group", "mmap", "stats"])]
    pub(crate) follow: bool,

    /// Map files into memory instead of reading them: a file that is shortened meanwhile kills the process.
    #[arg(long)]
    pub(crate) mmap: bool,

    /// When to show on standard error how far large logs have been read.
    #[arg(long, value_enum, default_value_t = Progress::Auto, value_name = "WHEN")]
    pub(crate) progress: Progress,

    /// When to colour text.
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(crate) color: Colour,

    /// When to show what is printed with a pager: what PAGER names, else `less`, which LESS tells how.
    #[arg(long, value_enum, default_value_t = Paging::Auto, value_name = "WHEN")]
    pub(crate) paging: Paging,

    #[command(flatten)]
    pub(crate) kcidb: KcidbArgs,

    #[command(flatten)]
    pub(crate) symbols: SymbolArgs,

    /// Print a man page, a shell's completions or the JSON Schema of the output, and do nothing else.
    #[arg(long, value_enum, value_name = "WHAT", exclusive = true)]
    pub(crate) generate: Option<What>,

    /// What standard input is called in all that is printed, instead of `<stdin>`.
    #[arg(long, value_name = "LABEL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: Option<String>,

    /// Read the logs that FILE lists as well, each as if it were named here: one a line, or ended by NUL as `find -print0`
    /// does it; `-`: standard input is the list.
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,

    /// Logs to read, or directories of logs; `-` or nothing: standard input.
    #[arg(value_name = "LOG")]
    pub(crate) logs: Vec<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Copies text, with source lines added to the frames in it: instead of decode_stacktrace.sh.
    ///
    /// Exit status: 0, or 2 if something could not be read.
    Symbolize {
        /// Files to copy; `-` or nothing: standard input.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Judges the console logs of a revision's test runs, for `git bisect run`.
    ///
    /// Prints a record in the shape of a bisection log: the revision that is checked out (or `--commit`), a line for each
    /// run, and by what a crash is known to be the bug. The logs are those of one revision, each of a run.
    ///
    /// Exit status: 1 if a run met the bug, 0 if none did and at least half of them ended well, 125 if that cannot be
    /// told (only other crashes, kernels that do not boot, lost runs), 128 and more for an error.
    Verdict(VerdictArgs),
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Readable reports.
    Text,
    /// `FILE:LINE: TITLE`, one report a line.
    Titles,
    /// One JSON document.
    Json,
    /// One JSON report a line, written as found.
    Jsonl,
    /// For an issue: the text, and the log's own lines.
    Markdown,
    /// JUnit XML, for a CI: a suite for each log, a failure for each report.
    Junit,
    /// A table, a report a line: where it is, kind, signature, title. What is not seen is escaped.
    Csv,
    /// For KCIDB, as `kcidb-io` checks it: a test, an issue and an incident for each report. Needs --origin. The IDs come from
    /// the build, the log's name and the report's lines: give each run's log a name of its own.
    Kcidb,
    /// `--count`.
    #[value(skip)]
    Count,
    /// `--summary`.
    #[value(skip)]
    Summary,
    /// `--group`.
    #[value(skip)]
    Group,
}

/// How what was counted is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
    Csv,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// If the output is a terminal and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Paging {
    /// If the output is text or Markdown on a terminal, and no log is followed, comes from a pipe or is typed in.
    Auto,
    /// Always, but where a log is followed.
    Always,
    /// Never.
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// If standard error is a terminal and there is much to read.
    Auto,
    /// Never.
    Never,
}

impl Args {
    pub(crate) fn format(&self) -> Format {
        match self.format {
            _ if self.count => Format::Count,
            _ if self.summary => Format::Summary,
            _ if self.group => Format::Group,
            format => format,
        }
    }

    /// How what is counted is printed; `None` if the format has no place for it.
    pub(crate) fn form(&self) -> Option<Form> {
        match self.format {
            Format::Json => Some(Form::Json),
            Format::Csv => Some(Form::Csv),
            Format::Text => Some(Form::Text),
            _ if self.format() == self.format => Some(Form::Text),
            _ => None,
        }
    }

    pub(crate) fn colors(&self) -> bool {
        let unwanted = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        match self.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => io::stdout().is_terminal() && !unwanted() && !dumb(),
        }
    }
}
