//! Linux 7 on seven architectures: the logs of `../shared/lab7`, if they are there, are right as far as they were.
//!
//! `truth.tsv` names the log, the step in it, and the functions that may be blamed. Frames are counted as well: those that
//! stand in a report's lines should be among its facts.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::facts::frame::Frame;
use crate::report::Report;
use crate::{reports, rules};

/// Fewest steps that are blamed right, and most whose reports all are "in corrupted".
///
/// By the convention a bad page of which the kernel does not know the owner is "in corrupted": four logs have only that.
const MIN_RIGHT: usize = 365;
const MAX_CORRUPTED: usize = 10;
/// Fewest frames of a thousand in the reports' lines that are facts, in each folder.
const MIN_FACTS: &[(&str, usize)] = &[("lab7", 995), ("lab", 995)];

fn shared(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(folder)
}

/// Where each step of a log begins, and its name.
fn steps(log: &[u8]) -> Vec<(usize, String)> {
    static MARK: rules::Pattern = rules::Pattern::new(r"(?:lab: step|crashlab: trigger) ([0-9A-Za-z_.=-]+)");
    let mut found = Vec::new();
    let mut at = 0;
    for line in log.split_inclusive(|&byte| byte == b'\n') {
        if let Some(captures) = MARK.captures(line) {
            found.push((at, String::from_utf8_lossy(&captures[1]).into_owned()));
        }
        at += line.len();
    }
    found
}

/// A function's name without `.cold`, `.constprop.0` and the like.
fn base(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Whether one of the reports blames one of the functions.
fn is_right(reports: &[&Report<'_>], wanted: &str) -> bool {
    match wanted {
        "none" => reports.is_empty(),
        "dump" => true,
        _ => reports.iter().any(|report| {
            let named = [report.blamed(), report.frame()].into_iter().flatten();
            named.map(base).any(|name| wanted.split(',').any(|wanted| wanted == name))
        }),
    }
}

#[test]
fn the_functions_at_fault_are_blamed_on_seven_architectures() {
    let lab = shared("lab7");
    let Ok(folders) = fs::read_dir(&lab) else {
        println!("../shared/lab7 is absent: nothing to check");
        return;
    };
    let (mut right, mut all, mut corrupted, mut wrong) = (0, 0, 0, Vec::new());
    for folder in folders.map(|entry| entry.unwrap().path()) {
        let Ok(table) = fs::read_to_string(folder.join("truth.tsv")) else { continue };
        let mut logs: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for row in table.lines().skip(1) {
            let columns: Vec<&str> = row.split('\t').collect();
            logs.entry(columns[0]).or_default().push((columns[1], columns[2]));
        }
        for (name, rows) in logs {
            let log = fs::read(folder.join("logs").join(name)).unwrap();
            let steps = steps(&log);
            let found: Vec<Report<'_>> = reports(&log).collect();
            let step_of = |report: &Report<'_>| {
                let at = report.span().start;
                steps.iter().rfind(|(start, _)| *start <= at).map_or("-", |(_, step)| step)
            };
            for (step, wanted) in rows {
                if wanted == "?" || (step != "-" && !steps.iter().any(|(_, name)| name == step)) {
                    continue;
                }
                let own: Vec<&Report<'_>> =
                    found.iter().filter(|report| step == "-" || step_of(report) == step).collect();
                all += 1;
                if is_right(&own, wanted) {
                    right += 1;
                } else {
                    wrong.push(format!("{}/{name}:{step}", folder.file_name().unwrap().to_string_lossy()));
                }
                let said = !matches!(wanted, "none" | "dump") && !own.is_empty();
                corrupted +=
                    usize::from(said && own.iter().all(|report| report.title().ends_with("in corrupted")));
            }
        }
    }
    println!("{right} of {all} steps blamed right, {corrupted} only \"in corrupted\"");
    assert!(right >= MIN_RIGHT, "{right} of {all}, not right: {}", wrong.join("\n"));
    assert!(corrupted <= MAX_CORRUPTED, "{corrupted}");
}

/// All logs below a folder.
fn logs_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            logs_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "log") {
            found.push(path);
        }
    }
}

/// What tells a frame from others.
fn key<'a>(frame: &Frame<'a>) -> Option<(&'a str, u64, u64)> {
    Some((frame.symbol?, frame.offset?, frame.size?))
}

/// The frames that stand in a line, wherever.
fn frames_in(line: &[u8]) -> Vec<(String, u64, u64)> {
    static FRAME: rules::Pattern =
        rules::Pattern::new(r"([A-Za-z_.$][0-9A-Za-z_.$]*)\+0x([0-9a-f]+)/0x([0-9a-f]+)");
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(captures) = FRAME.captures(rest) {
        let text = |group: usize| String::from_utf8_lossy(&captures[group]).into_owned();
        let number = |group: usize| u64::from_str_radix(&text(group), 16).unwrap_or_default();
        found.push((text(1), number(2), number(3)));
        let end = captures.get(0).map_or(rest.len(), |all| all.end());
        rest = &rest[end..];
    }
    found
}

#[test]
fn frames_of_the_lines_are_facts() {
    for (folder, wanted) in MIN_FACTS {
        let mut logs = Vec::new();
        logs_below(&shared(folder), &mut logs);
        if logs.is_empty() {
            println!("../shared/{folder} is absent: nothing to check");
            continue;
        }
        let (mut facts, mut all) = (0, 0);
        for path in logs {
            let log = fs::read(&path).unwrap();
            for report in reports(&log) {
                let known = report.frames();
                let users =
                    report.register_dumps().into_iter().flat_map(|dump| [dump.pc, dump.link]).flatten();
                let slab = report.memory().and_then(|memory| memory.slab);
                let tracks =
                    slab.iter().flat_map(|slab| [slab.allocated, slab.freed]).flatten().map(|track| track.at);
                let known: Vec<Frame<'_>> = known.into_iter().chain(users).chain(tracks).collect();
                let known: HashSet<(&str, u64, u64)> = known.iter().filter_map(key).collect();
                let lines = report.preamble().iter().chain(report.lines());
                let frames: HashSet<(String, u64, u64)> =
                    lines.flat_map(|line| frames_in(line.body)).collect();
                all += frames.len();
                facts += frames
                    .iter()
                    .filter(|(name, at, size)| known.contains(&(name.as_str(), *at, *size)))
                    .count();
            }
        }
        println!("{folder}: {facts} of {all} frames are facts");
        assert!(facts * 1000 >= all * wanted, "{folder}: {facts} of {all}");
    }
}
