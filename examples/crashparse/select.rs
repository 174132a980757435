//! Which reports are wanted.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use crashparse::{Kind, Report};
use regex::Regex;

use crate::input;

/// Longest line of a list of known crashes, and most bytes of what it makes known: a list of all of syzbot's has one MiB.
const LINE_BYTES: u64 = 64 << 10;
const KNOWN_BYTES: usize = 16 << 20;

#[derive(Args)]
pub(crate) struct SelectArgs {
    /// Leave out what is no bug by itself: OOM kills, failed allocations, injected faults, dumps.
    #[arg(long, help_heading = "Selection")]
    bugs_only: bool,

    /// Only reports of these kinds: `HANG`, `KASAN` for all that begin with `KASAN-`; several with commas.
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kinds, help_heading = "Selection")]
    kind: Vec<Kinds>,

    /// Only reports whose title, or one of its other titles, matches.
    #[arg(long, value_name = "REGEX", help_heading = "Selection")]
    title: Option<Regex>,

    /// Only reports of this time of the log, seconds since the boot, or later; none without a time.
    #[arg(long, value_name = "SECONDS", value_parser = micros, help_heading = "Selection")]
    since: Option<u64>,

    /// Only reports of this time of the log, seconds since the boot, or earlier; none without a time.
    #[arg(long, value_name = "SECONDS", value_parser = micros, help_heading = "Selection")]
    until: Option<u64>,

    /// Only the first report of each log.
    #[arg(long, help_heading = "Selection")]
    pub(crate) first: bool,

    /// Leave out crashes that are listed in FILE: a title or a signature on each line, or a line of `--group` (text or
    /// CSV) or of `--format titles`; `#` begins a comment.
    #[arg(long, value_name = "FILE", help_heading = "Selection")]
    exclude_known: Vec<PathBuf>,
}

/// Kinds of one word.
#[derive(Clone, Debug)]
struct Kinds(Vec<Kind>);

/// `KASAN` is all that begin with `KASAN-`.
fn kinds(word: &str) -> Result<Kinds, String> {
    let is = |kind: &Kind| {
        let name = kind.as_str();
        let group = name.get(..word.len() + 1).and_then(|start| start.strip_suffix('-'));
        name.eq_ignore_ascii_case(word) || group.is_some_and(|group| group.eq_ignore_ascii_case(word))
    };
    let found: Vec<Kind> = Kind::ALL.iter().copied().filter(is).collect();
    if found.is_empty() {
        return Err(no_such_kind(word));
    }
    Ok(Kinds(found))
}

/// Says which kinds, or beginnings of several, are most like a word, or else which there are.
fn no_such_kind(word: &str) -> String {
    let group = |kind: &'static str| kind.split_once('-').map_or(kind, |(group, _)| group);
    let mut all: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    all.extend(Kind::ALL.iter().map(|kind| group(kind.as_str())));
    all.sort_unstable();
    all.dedup();
    let distance = |name: &str| strsim::damerau_levenshtein(&name.to_uppercase(), &word.to_uppercase());
    let like: Vec<&str> = all.iter().copied().filter(|name| distance(name) * 3 <= name.len()).collect();
    if !like.is_empty() {
        return format!("no such kind; did you mean {}?", like.join(" or "));
    }
    all.retain(|name| Kind::ALL.iter().any(|kind| kind.as_str() == *name));
    format!("no such kind; there are {}", all.join(", "))
}

/// Seconds with a fraction, in microseconds.
fn micros(seconds: &str) -> Result<u64, String> {
    match seconds.parse::<f64>() {
        Ok(seconds) if (0.0..1e12).contains(&seconds) => Ok((seconds * 1e6).round() as u64),
        _ => Err("no number of seconds".to_string()),
    }
}

/// The reports that are wanted.
pub(crate) struct Selection {
    bugs_only: bool,
    kinds: Vec<Kind>,
    title: Option<Regex>,
    since: Option<u64>,
    until: Option<u64>,
    /// Titles, and signatures as they are printed.
    known: HashSet<String>,
}

impl Selection {
    /// Reads the files of known crashes; fails with the name of one that cannot be read.
    pub(crate) fn new(args: &SelectArgs) -> Result<Selection, (PathBuf, io::Error)> {
        let mut known = HashSet::new();
        for path in &args.exclude_known {
            read_known(path, &mut known).map_err(|error| (path.clone(), error))?;
        }
        Ok(Selection {
            bugs_only: args.bugs_only,
            kinds: args.kind.iter().flat_map(|kinds| kinds.0.iter().copied()).collect(),
            title: args.title.clone(),
            since: args.since,
            until: args.until,
            known,
        })
    }

    pub(crate) fn takes(&self, report: &Report<'_>) -> bool {
        let titles =
            || [report.title()].into_iter().chain(report.alternative_titles().iter().map(String::as_str));
        let in_time =
            |time: u64| self.since.is_none_or(|s| time >= s) && self.until.is_none_or(|u| time <= u);
        let any_time = self.since.is_none() && self.until.is_none();
        let known = || {
            titles().any(|title| self.known.contains(title))
                || self.known.contains(&signature(report.signature()))
        };
        (!self.bugs_only || report.kind().is_bug())
            && (self.kinds.is_empty() || self.kinds.contains(&report.kind()))
            && self.title.as_ref().is_none_or(|regex| titles().any(|title| regex.is_match(title)))
            && (any_time || report.time().is_some_and(in_time))
            && (self.known.is_empty() || !known())
    }
}

/// A signature as it is printed: 16 hexadecimal digits.
pub(crate) fn signature(signature: u64) -> String {
    format!("{signature:016x}")
}

/// What a line makes known: itself, the signature in a line of `--group`, also as CSV, the title in a line of
/// `--format titles`.
fn known_in(line: &str) -> impl Iterator<Item = &str> {
    let is_signature = |word: &&str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let signature = line.split_whitespace().nth(4).filter(is_signature);
    let csv = line.split(',').next().filter(is_signature);
    let title = line
        .split_once(": ")
        .filter(|(place, _)| place.rsplit_once(':').is_some_and(|(_, line)| line.parse::<u64>().is_ok()));
    [Some(line), signature, csv, title.map(|(_, title)| title)].into_iter().flatten()
}

/// Adds what a file makes known, but for comments.
fn read_known(path: &Path, known: &mut HashSet<String>) -> io::Result<()> {
    let too_large = |what: &str, bytes: u64| {
        io::Error::other(format!("{what} of more than {} KiB, which no list of crashes has", bytes >> 10))
    };
    let mut input = BufReader::new(input::open(path)?);
    let mut bytes: usize = known.iter().map(String::len).sum();
    let mut line = Vec::new();
    while input.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line)? > 0 {
        if line.len() as u64 == LINE_BYTES {
            return Err(too_large("a line", LINE_BYTES));
        }
        let text = std::str::from_utf8(&line).map_err(|_| io::Error::other("not UTF-8"))?.trim();
        for new in known_in(text).filter(|_| !text.is_empty() && !text.starts_with('#')) {
            if known.insert(new.to_string()) {
                bytes += new.len();
            }
        }
        if bytes > KNOWN_BYTES {
            return Err(too_large("crashes", KNOWN_BYTES as u64));
        }
        line.clear();
    }
    Ok(())
}
