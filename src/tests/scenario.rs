//! Guards how lockdep's reports tell by which steps tasks come to wait for each other.

use std::fs;

use crate::{Report, reports};

use super::support;

/// The steps of the first report of a log in `testdata/` that has some: CPU, action, lock, function.
fn steps(path: &str) -> Vec<String> {
    let log = fs::read(support::testdata().join(path)).unwrap();
    let found = reports(&log).map(|report| of(&report)).find(|steps| !steps.is_empty());
    found.unwrap_or_default()
}

fn of(report: &Report<'_>) -> Vec<String> {
    let step = |step: &crate::facts::locks::LockStep<'_>| {
        let at = step.at.and_then(|at| at.function()).unwrap_or("-");
        format!("{} {} {} {at}", step.cpu, step.action.as_str(), String::from_utf8_lossy(step.class))
    };
    report.lock_scenario().iter().map(step).collect()
}

#[test]
fn of_a_circle_all_links_are_told() {
    let want = [
        "0 takes cm_lock_c abca",
        "0 waits-for cm_sem abca",
        "1 takes cm_sem -",
        "1 waits-for cm_lock_a abca",
        "2 takes cm_lock_a -",
        "2 waits-for cm_lock_b do_step",
        "3 takes cm_lock_b -",
        "3 waits-for cm_lock_c do_step",
    ];
    assert_eq!(steps("logs/lockdep-abca.log"), want);
    // The innermost frame of a stack that somebody symbolized may have no name.
    let want = [
        "0 takes demo_lock_b demo_held",
        "0 waits-for demo_lock_a demo_want",
        "1 takes demo_lock_a -",
        "1 waits-for demo_lock_b demo_other",
    ];
    assert_eq!(steps("families/decoded-lockdep-6.12.log"), want);
}

#[test]
fn a_chain_without_one_of_its_links_is_the_kernels_table() {
    let log = fs::read_to_string(support::testdata().join("logs/lockdep-abca.log")).unwrap();
    let cut: String =
        log.lines().filter(|line| !line.contains("-> #2")).map(|line| format!("{line}\n")).collect();
    let want = [
        "0 takes cm_lock_c abca",
        "1 takes cm_lock_b -",
        "1 waits-for cm_lock_c -",
        "0 waits-for cm_sem abca",
    ];
    assert_eq!(
        reports(cut.as_bytes()).next().map(|report| of(&report)),
        Some(want.map(String::from).to_vec())
    );
}

#[test]
fn one_lock_taken_twice() {
    let want = ["0 takes &d->lock recursive", "0 waits-for &d->lock recursive"];
    assert_eq!(steps("logs/lockdep-recursive.log"), want);
}

#[test]
fn interrupts_are_told_from_what_they_interrupt() {
    // Of one lock: registered outside of interrupts, and in one.
    let want = ["0 takes demo_lock demo_open", "0 is-interrupted  -", "0 waits-for demo_lock demo_irq"];
    assert_eq!(steps("logs/hand-inconsistent-lock.log"), want);
    let want = ["0 takes &demo_b demo_second", "0 is-interrupted  -", "0 waits-for &demo_b demo_irq"];
    assert_eq!(steps("families/lockdep-inconsistent-4.9.log"), want);
    // Of two: what the report names, and no more.
    let log = fs::read(support::testdata().join("logs/lockdep-irq-unsafe.log")).unwrap();
    let report = reports(&log).next().unwrap();
    let offsets: Vec<_> =
        report.lock_scenario().iter().map(|step| step.at.and_then(|at| at.offset)).collect();
    assert_eq!(offsets, [Some(0x49), None, Some(0x61), Some(0x70), None, Some(0x125)]);
    let want = [
        "0 takes &demo_a -",
        "1 disables-interrupts  -",
        "1 takes &demo_b -",
        "1 waits-for &demo_a -",
        "0 is-interrupted  -",
        "0 waits-for &demo_b demo_second",
    ];
    assert_eq!(steps("families/lockdep-inversion-6.1.log"), want);
}

#[test]
fn reports_of_one_rule_have_none() {
    assert_eq!(steps("logs/hand-bad-unlock.log"), [""; 0]);
    assert_eq!(steps("logs/oops-work.log"), [""; 0]);
}
