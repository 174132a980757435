//! Guards that CPUs that print at once are told apart where no line names its caller: a log whose lines name it is read
//! as it is and without the names, and both must have the same crashes, each with its own stacks and registers.

use std::collections::HashSet;
use std::path::Path;

use crate::{Report, reports};

use super::damage::untagged;
use super::support;

/// What must be the same: the title, the frames of all stacks, and the registers.
struct Crash {
    line: usize,
    title: String,
    /// Numbers of its lines.
    lines: HashSet<usize>,
    frames: Vec<String>,
    registers: Vec<(String, u64)>,
    /// Whether lines are known to be missing.
    doubtful: bool,
}

impl Crash {
    fn of(report: &Report<'_>, log: &[u8]) -> Crash {
        let mut number = crate::LineNumbers::new(log);
        let line = number.of(report.span().start) as usize;
        let lines = report.lines().iter().map(|line| number.of(line.offset) as usize).collect();
        let symbols = report.traces().into_iter().flat_map(|trace| trace.frames);
        let registers = report.registers().map(|dump| dump.values).unwrap_or_default();
        Crash {
            line,
            title: report.title().to_string(),
            lines,
            frames: symbols.filter_map(|frame| frame.symbol.map(str::to_string)).collect(),
            doubtful: !report.doubtful_lines().is_empty(),
            registers: registers.into_iter().map(|(name, value)| (name.to_string(), value)).collect(),
        }
    }
}

fn crashes(log: &[u8]) -> Vec<Crash> {
    reports(log).map(|report| Crash::of(&report, log)).collect()
}

/// What of a crash without tags is another's, or missing.
fn differences(tagged: &[Crash], bare: &[Crash]) -> Vec<String> {
    let mut found = Vec::new();
    let titles = |crashes: &[Crash]| {
        crashes.iter().map(|crash| format!("{}: {}", crash.line, crash.title)).collect::<Vec<_>>()
    };
    if titles(tagged) != titles(bare) {
        found.push(format!("{:#?}\n  now {:#?}", titles(tagged), titles(bare)));
    }
    for own in bare {
        let Some(wanted) = tagged.iter().find(|wanted| wanted.line == own.line) else { continue };
        let stranger = own
            .lines
            .iter()
            .find(|line| tagged.iter().any(|other| other.line != own.line && other.lines.contains(line)));
        if let Some(line) = stranger {
            found.push(format!("{}: {}: line {line} is another's", own.line, own.title));
        }
        if !own.doubtful && own.lines.len() < wanted.lines.len() {
            found.push(format!("{}: {}: lines are missing without a doubt", own.line, own.title));
        }
        if !is_part(&own.frames, &wanted.frames, own.doubtful) {
            found.push(format!("{}: {}: {:?}\n  now {:?}", own.line, own.title, wanted.frames, own.frames));
        }
        if !is_part(&own.registers, &wanted.registers, own.doubtful) {
            found.push(format!(
                "{}: {}: {:?}\n  now {:?}",
                own.line, own.title, wanted.registers, own.registers
            ));
        }
    }
    found
}

/// Whether a list is another one, or where lines are in doubt a part of it in its order.
fn is_part<T: PartialEq>(own: &[T], whole: &[T], doubtful: bool) -> bool {
    let mut rest = whole.iter();
    own.iter().all(|one| rest.any(|other| other == one)) && (doubtful || own.len() == whole.len())
}

/// Logs in which several CPUs print at once.
const MIXED: &[&str] = &["chatter", "multi-oops-8", "multi-oops", "hung-all-cpu-bt"];

/// What is wrong with a log without tags.
fn wrong(log: &support::Log) -> Vec<String> {
    let bare = untagged(&log.bytes);
    let found = differences(&crashes(&log.bytes), &crashes(&bare));
    found.into_iter().map(|difference| format!("{}: {difference}", log.path.display())).collect()
}

#[test]
fn crashes_of_several_cpus_are_told_apart_without_tags() {
    let logs = support::logs("logs").into_iter().filter(|log| MIXED.contains(&log.name.as_str()));
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/lab/logs");
    let lab = if lab.is_dir() { support::logs_of(&lab) } else { Vec::new() };
    let lab = lab.into_iter().filter(|log| MIXED.contains(&log.name.as_str()));
    let wrong: Vec<String> = logs.chain(lab).flat_map(|log| wrong(&log)).collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
