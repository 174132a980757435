//! Guards whom the crate blames, against crashes of our own making: `../shared/lab` beside the project
//! holds logs whose `titles.tsv` says what was triggered and which function is at fault.
//!
//! Where the folder is absent the test says so and passes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{Kind, reports};

/// Logs that are judged otherwise, by folder and scenario (the file's name to its first dot), and why.
///
/// A row that no log needs any more must leave this list.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("logs/hung-self", "a tail call: lockdep and the stack name cm_dispatch"),
    ("logs/odebug-init", "a tail call: the stack names cm_dispatch"),
    ("logs/odebug-timer", "a tail call: the stack names cm_dispatch"),
    ("logs/odebug-work", "a tail call: the stack names cm_dispatch"),
    ("logs/rcu-stall", "spin_here, which rcu_stall calls, is what stalls"),
    ("logs/sleep-irqs-off", "this kernel does not notice it"),
    ("logs/sysrq-l-busy", "the CPU kept busy for the dump ends in a soft lockup"),
    ("debian/logs/hung-self", "a tail call: the stack names cm_dispatch"),
    ("debian/logs/rcu-stall", "spin_here, which rcu_stall calls, is what stalls"),
    ("debian/logs/sleep-atomic", "this kernel does not notice it"),
    ("debian/logs/sleep-irqs-off", "this kernel does not notice it"),
    ("debian/logs/sysrq-l-busy", "the CPU kept busy for the dump ends in an RCU stall and a soft lockup"),
];

/// What a row of the table expects.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    /// A report that blames one of these functions.
    Blames(Vec<String>),
    /// No report but dumps that somebody asked for.
    NoCrash,
    /// The row names no function.
    Anything,
}

/// Reads the cause column.
///
/// ```text
/// KASAN: use-after-free Read in do_step (inlined cm_obj_sum/cm_obj_get/cm_peek_word)
/// kernel panic: stack is corrupted in smash / stack_canary
/// ```
fn expected(cause: &str) -> Expected {
    if cause.starts_with("no crash") {
        return Expected::NoCrash;
    }
    let mut names = Vec::new();
    for word in [" in ", " / ", "(inlined ", "(caller ", ", perhaps "] {
        for (at, _) in cause.match_indices(word) {
            let list = &cause[at + word.len()..];
            let end = list.find(|c: char| !(c.is_ascii_alphanumeric() || "_./".contains(c)));
            let (list, after) = list.split_at(end.unwrap_or(list.len()));
            // "in hard interrupt" and "in a module" name no function.
            let phrase = after.starts_with(' ') && !after.starts_with(" (") && !after.starts_with(" /");
            if !phrase {
                names.extend(list.split('/').map(|name| base(name).to_string()));
            }
        }
    }
    names.retain(|name| !name.is_empty());
    if names.is_empty() { Expected::Anything } else { Expected::Blames(names) }
}

/// A function's name without `.cold`, `.constprop.0` and the like.
fn base(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// What is wrong with the reports of a log.
fn complaint(log: &[u8], expected: &Expected) -> Option<String> {
    match expected {
        Expected::Anything => None,
        Expected::NoCrash => {
            let crash = reports(log).find(|report| report.kind() != Kind::Dump)?;
            Some(format!("no crash, but {:?}", crash.title()))
        }
        Expected::Blames(names) => {
            let found: Vec<_> = reports(log).map(|report| report.blamed().map(str::to_string)).collect();
            let right = |name: &String| found.iter().flatten().any(|blamed| base(blamed) == name);
            (!names.iter().any(right)).then(|| format!("not one of {names:?} is blamed but {found:?}"))
        }
    }
}

#[test]
fn the_functions_at_fault_are_blamed() {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/lab");
    let Ok(table) = fs::read_to_string(lab.join("titles.tsv")) else {
        println!("../shared/lab is absent: nothing to check");
        return;
    };
    let mut complaints = Vec::new();
    let mut used: BTreeMap<&str, bool> = EXCEPTIONS.iter().map(|(scenario, _)| (*scenario, false)).collect();
    for row in table.lines().skip(1) {
        let mut columns = row.split('\t');
        let (Some(path), Some(cause)) = (columns.next(), columns.next()) else { continue };
        let log = fs::read(lab.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let Some(complaint) = complaint(&log, &expected(cause)) else { continue };
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let scenario = format!("{folder}/{}", base(name));
        match used.get_mut(scenario.as_str()) {
            Some(used) => *used = true,
            None => complaints.push(format!("{path}: {complaint}")),
        }
    }
    let idle = used.iter().filter(|(_, used)| !**used);
    complaints.extend(idle.map(|(scenario, _)| format!("{scenario}: an exception that nothing needs")));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn causes_name_functions_in_several_ways() {
    let blames = |names: &[&str]| Expected::Blames(names.iter().map(|name| name.to_string()).collect());
    assert_eq!(expected("INFO: task hung in hang_owner (and 3 more)"), blames(&["hang_owner"]));
    assert_eq!(expected("WARNING in warn_msg: bad state"), blames(&["warn_msg"]));
    assert_eq!(
        expected("kernel BUG in cm_check_l2 (inlined in bug_inline)"),
        blames(&["cm_check_l2", "bug_inline"])
    );
    assert_eq!(
        expected("KASAN: use-after-free Read in do_step (inlined cm_obj_sum/cm_obj_get)"),
        blames(&["do_step", "cm_obj_sum", "cm_obj_get"])
    );
    assert_eq!(expected("stack is corrupted in smash / stack_canary"), blames(&["smash", "stack_canary"]));
    assert_eq!(expected("null deref in raw_load (caller null_deref)"), blames(&["raw_load", "null_deref"]));
    assert_eq!(
        expected("general protection fault in oops_leaf, in hard interrupt (panic)"),
        blames(&["oops_leaf"])
    );
    assert_eq!(expected("OOM kill of tail (invoked oom-killer)"), Expected::Anything);
    assert_eq!(expected("no crash: NMI backtraces, one CPU in spin_here"), Expected::NoCrash);
}
