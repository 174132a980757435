//! Runs the engine over a tree of syzkaller-style case files and prints what differs.
//!
//! ```text
//! cargo run --release --example conformance -- DIR [--quiet]
//! ```
//!
//! A case is a file whose name is a number: header lines `KEY: value`, an empty line, the log, and perhaps
//! `REPORT:` with the expected text. What it is a case of says its folder:
//!
//! - `report`: the first report of a log. `symbolize`: the same; its REPORT is not compared, for that takes the
//!   debug information of the kernel.
//! - `guilty`: FILE is the guilty file of the symbolized text from its first report's banner to the end. The lines
//!   that the report keeps may be fewer, for symbolizing repeats a banner once for each inlined call; how often
//!   they give the same file is counted on a line of its own.
//! - `guilty_raw`: the same of a text with its TITLE given, from its first line on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crashparse::{Line, Report, guilty_file, is_suppressed, reports};

/// Keys that a header may have; anything else is a broken case.
const KEYS: &[&str] = &[
    "TITLE",
    "ALT",
    "TYPE",
    "FRAME",
    "START",
    "END",
    "CORRUPTED",
    "SUPPRESSED",
    "PANICKED",
    "EXECUTOR",
    "FILE",
];

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
    differing: BTreeMap<String, usize>,
    ends: (usize, usize),
    files: (usize, usize),
    symbolized: usize,
}

fn main() -> ExitCode {
    let mut quiet = false;
    let mut root = None;
    for arg in std::env::args_os().skip(1) {
        if arg == "--quiet" { quiet = true } else { root = Some(PathBuf::from(arg)) }
    }
    let Some(root) = root else {
        eprintln!("usage: conformance DIR [--quiet]");
        return ExitCode::from(2);
    };
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let mut tally = Tally::default();
    for path in &files {
        check(path, quiet, &mut tally);
    }
    for (key, count) in &tally.differing {
        println!("{count:5} differ in {key}");
    }
    println!("END: {} of {} as in the case", tally.ends.0, tally.ends.1);
    if tally.files.1 > 0 {
        println!(
            "FILE: {} of {} as in the case by the lines of the report alone",
            tally.files.0, tally.files.1
        );
    }
    if tally.symbolized > 0 {
        println!("REPORT: {} symbolized texts not compared", tally.symbolized);
    }
    if tally.skipped > 0 {
        println!("{} files of kinds not checked yet", tally.skipped);
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed == 0 && tally.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        eprintln!("{}: cannot be read", dir.display());
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let number =
            path.file_name().is_some_and(|n| n.to_string_lossy().bytes().all(|b| b.is_ascii_digit()));
        if path.is_dir() {
            collect(&path, files);
        } else if number {
            files.push(path);
        }
    }
}

/// A case file, taken apart.
struct Case {
    keys: Vec<(String, String)>,
    log: Vec<u8>,
}

impl Case {
    fn read(path: &Path) -> Result<Case, String> {
        let mut bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        bytes.retain(|&b| b != b'\r');
        let mut keys = Vec::new();
        let mut rest = bytes.as_slice();
        loop {
            let end = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            if line.is_empty() || rest.is_empty() {
                break;
            }
            let line = String::from_utf8_lossy(line).into_owned();
            if line.starts_with('#') {
                continue;
            }
            match line.split_once(": ") {
                Some((key, value)) if KEYS.contains(&key) => keys.push((key.into(), value.into())),
                _ if line.starts_with("TITLE:") => {}
                _ => return Err(format!("unknown header line {line:?}")),
            }
        }
        let cut = find(rest, b"\n\nREPORT:\n").map_or(rest.len(), |at| at + 1);
        Ok(Case { keys, log: rest.get(..cut).unwrap_or_default().to_vec() })
    }

    fn key(&self, name: &str) -> String {
        self.keys.iter().find(|(key, _)| key == name).map_or_else(String::new, |(_, v)| v.clone())
    }

    fn alternatives(&self) -> String {
        let mut all: Vec<&str> =
            self.keys.iter().filter(|(key, _)| key == "ALT").map(|(_, v)| v.as_str()).collect();
        all.sort_unstable();
        all.join(" | ")
    }
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

fn check(path: &Path, quiet: bool, tally: &mut Tally) {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    let folder = folder.to_string_lossy();
    if !["report", "symbolize", "guilty", "guilty_raw"].contains(&folder.as_ref()) {
        tally.skipped += 1;
        return;
    }
    let case = match Case::read(path) {
        Ok(case) => case,
        Err(error) => {
            println!("{}: {error}", path.display());
            tally.failed += 1;
            return;
        }
    };
    tally.symbolized += usize::from(folder == "symbolize");
    let differences = match folder.as_ref() {
        "guilty" | "guilty_raw" => compare_file(&case, tally),
        _ => compare(&case, tally),
    };
    if differences.is_empty() {
        tally.passed += 1;
        return;
    }
    tally.failed += 1;
    for (key, want, got) in differences {
        *tally.differing.entry(key.to_string()).or_default() += 1;
        if !quiet {
            println!("{}: {key}\n  want {want}\n  got  {got}", path.display());
        }
    }
}

/// What differs, what the case wants, what the crate says.
type Difference = (&'static str, String, String);

fn compare(case: &Case, tally: &mut Tally) -> Vec<Difference> {
    // Reports of kinds that syzkaller does not know are none of the convention's.
    let report = reports(&case.log).find(|report| report.kind().is_syzkaller());
    let of = |f: &dyn Fn(&Report<'_>) -> String| report.as_ref().map_or_else(String::new, f);
    let mut pairs = vec![
        ("TITLE", case.key("TITLE"), of(&|r| r.title().to_string())),
        ("ALT", case.alternatives(), of(&|r| r.alternative_titles().join(" | "))),
        (
            "TYPE",
            case.key("TYPE"),
            of(&|r| r.kind().as_str().replace("UNKNOWN", "").trim_end_matches('-').to_string()),
        ),
        ("CORRUPTED", flag(case.key("CORRUPTED") == "Y"), of(&|r| flag(r.corruption().is_some()))),
        (
            "EXECUTOR",
            case.key("EXECUTOR"),
            of(&|r| r.executor().map_or_else(String::new, |e| format!("proc={}, id={}", e.proc, e.id))),
        ),
    ];
    if !case.key("FRAME").is_empty() {
        pairs.push(("FRAME", case.key("FRAME"), of(&|r| r.frame().unwrap_or_default().to_string())));
    }
    if !case.key("START").is_empty() {
        let raw = |line: Option<&Line<'_>>| line.map(|line| String::from_utf8_lossy(line.raw).into_owned());
        let line = of(&|r| raw(r.lines().first()).unwrap_or_default());
        pairs.push(("START", case.key("START"), line));
        let want = [case.key("END"), case.key("START")].into_iter().find(|s| !s.is_empty());
        let last = of(&|r| {
            r.lines().last().map_or_else(String::new, |l| String::from_utf8_lossy(l.raw).into_owned())
        });
        tally.ends.1 += 1;
        tally.ends.0 += usize::from(want.is_some_and(|want| want == last));
    }
    if case.key("TITLE").is_empty() {
        pairs.truncate(1);
    } else {
        // These two speak of the whole log there, of the incident here.
        let panicked = find(&case.log, b"Kernel panic - not syncing").is_some();
        let suppressed = case.log.split(|&b| b == b'\n').any(is_suppressed);
        pairs.push(("PANICKED", flag(case.key("PANICKED") == "Y"), flag(panicked)));
        pairs.push(("SUPPRESSED", flag(case.key("SUPPRESSED") == "Y"), flag(suppressed)));
    }
    pairs.into_iter().filter(|(_, want, got)| want != got).collect()
}

/// Compares the guilty file of the text, from its report's banner on where the title is not given.
fn compare_file(case: &Case, tally: &mut Tally) -> Vec<Difference> {
    let want = case.key("FILE");
    let given = case.key("TITLE");
    let report = reports(&case.log).find(|report| report.kind().is_syzkaller() && given.is_empty());
    let title = report.as_ref().map_or(given.as_str(), Report::title);
    let start = report.as_ref().map_or(0, |report| report.span().start);
    let text = case.log.get(start..).unwrap_or_default();
    let got = guilty_file(title, text).unwrap_or_default().into_owned();
    if let Some(report) = &report {
        tally.files.1 += 1;
        tally.files.0 += usize::from(report.guilty_file().is_some_and(|file| file == want));
    }
    if want == got { Vec::new() } else { vec![("FILE", want, got)] }
}

fn flag(set: bool) -> String {
    if set { "Y".into() } else { "N".into() }
}
