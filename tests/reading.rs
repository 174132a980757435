//! Guards what the example `crashparse` does for a person with one log: the order in which it prints the count, who waits
//! for whom and the reports; what it says where nothing is found.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const LOG: &str = "testdata/logs/oops-work.log";
const HUNG: &str = "testdata/logs/hung-task.log";
const STALL: &str = "testdata/logs/debian-rcu-stall.log";

/// The binary, which `cargo test` builds beside the tests.
fn command(arguments: &[&str]) -> Command {
    let tests = std::env::current_exe().unwrap();
    let binary = tests.parent().unwrap().parent().unwrap().join("examples").join("crashparse");
    let mut command = Command::new(binary);
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command.env_remove("PAGER").env_remove("LESS");
    command
}

/// Standard output, standard error and exit status.
fn run(command: &mut Command) -> (String, String, Option<i32>) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap(), status.code())
}

fn folder(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("crashparse-{name}-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// Lines that are no part of a report.
fn heads(out: &str) -> Vec<&str> {
    out.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')).collect()
}

#[test]
fn several_reports_are_counted_first_and_numbered() {
    let (out, ..) = run(&mut command(&[HUNG]));
    assert!(out.starts_with("4 reports of 3 titles in 1 boot; the first at 40.489567 s\n\n"), "{out}");
    let titles = heads(&out);
    assert_eq!(
        titles[2..],
        ["owner", "waiter", "waiter", "writer"]
            .map(String::from)
            .iter()
            .zip(1..)
            .map(|(task, number)| format!("{number}. INFO: task hung in hang_{task}"))
            .collect::<Vec<_>>()
    );
    let (out, ..) = run(&mut command(&[HUNG, LOG]));
    assert!(out.starts_with("5 reports of 4 titles in 2 logs\n\n"), "{out}");
    assert!(out.contains("\n5. general protection fault in oops_leaf\n"), "{out}");
    // One is all that there is to say.
    let (out, ..) = run(&mut command(&[LOG]));
    assert!(out.starts_with("general protection fault in oops_leaf\n"), "{out}");
    let (out, ..) = run(&mut command(&["--first", HUNG]));
    assert!(out.starts_with("INFO: task hung in hang_owner\n"), "{out}");
}

/// Somebody may be waiting for them.
#[test]
fn reports_of_a_stream_are_printed_as_they_come_and_counted_last() {
    let log =
        Command::new("cat").arg(STALL).current_dir(env!("CARGO_MANIFEST_DIR")).stdout(Stdio::piped()).spawn();
    let (out, ..) = run(command(&[]).stdin(log.unwrap().stdout.unwrap()));
    let heads = heads(&out);
    assert_eq!(heads[0], "INFO: rcu detected stall in proc_reg_write");
    assert_eq!(heads[1], "2. INFO: rcu detected stall in proc_reg_write");
    assert_eq!(heads.last(), Some(&"5 reports of 1 title in 1 boot; the first at 13.456792 s"));
}

#[test]
fn of_very_many_reports_no_more_than_some_are_held() {
    let dir = folder("many");
    let path = dir.join("log");
    let name = "long".repeat(1000);
    let stack: String = (0..900).map(|at| format!("[    1.0]  {name}{at}+0x1/0x20\n")).collect();
    let report =
        format!("[    1.0] BUG: kernel NULL pointer dereference, address: 0\n[    1.0] Call Trace:\n{stack}");
    fs::write(&path, report.repeat(3)).unwrap();
    let (out, ..) = run(&mut command(&["--full", path.to_str().unwrap()]));
    let heads = heads(&out);
    assert!(out.len() > 9 << 20, "{} bytes", out.len());
    assert!(heads[0].starts_with("1. BUG: unable to handle kernel NULL pointer dereference"), "{}", heads[0]);
    assert!(heads.last().unwrap().starts_with("3 reports of 1 title in 1 boot"), "{:?}", heads.last());
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn who_waits_for_whom_comes_before_the_stacks_and_once() {
    let (out, ..) = run(&mut command(&[HUNG]));
    let block =
        "\n\nwho waits for whom\n  cm_waiter/0 (pid 42) waits for cm_hang_inner, held by cm_owner (pid 41)\n";
    assert!(out.find(block) < out.find("\n1. INFO"), "{out}");
    let end =
        "\n  look at cm_owner (pid 41): 3 tasks wait for it, and it for no lock, in hang_owner\n\n1. INFO";
    assert_eq!((out.matches(end).count(), out.matches("who waits").count()), (1, 1), "{out}");
    // Of one report it is a part.
    let (out, ..) = run(&mut command(&["--title", "hang_writer", HUNG]));
    assert!(out.contains("\n  who waits for whom\n    "), "{out}");
}

#[cfg(unix)]
#[test]
fn a_pager_gets_what_is_to_be_read() {
    let with = |pager: &str, arguments: &[&str]| run(command(arguments).env("PAGER", pager));
    let lines = |out: &str| out.lines().all(|line| line.starts_with("> "));
    let (out, _, status) = with("sed 's/^/> /'", &["--paging", "always", LOG]);
    assert!(lines(&out) && out.contains("oops_leaf") && status == Some(0), "{out}");
    let (out, ..) = with("echo $LESS; cat >&2", &["--paging", "always", LOG]);
    assert_eq!(out, "FRXK\n");
    let (out, ..) = run(command(&["--paging", "always", LOG]).env("PAGER", "echo $LESS").env("LESS", "S"));
    assert_eq!(out, "S\n");
    // It is no terminal, nobody wants one, or there is nothing to read.
    for arguments in [&[LOG][..], &["--paging", "never", LOG]] {
        let (out, ..) = with("sed 's/^/> /'", arguments);
        assert!(out.starts_with("general protection fault"), "{out}");
    }
    let (out, err, status) = with("echo started", &["--paging", "always", "/dev/null"]);
    assert_eq!((out.as_str(), err.as_str(), status), ("", "crashparse: no report in the log\n", Some(1)));
    for pager in ["", "cat"] {
        assert!(with(pager, &["--paging", "always", LOG]).0.starts_with("general protection fault"));
    }
    // Who has read enough ends it.
    let null = || File::open("/dev/null").unwrap();
    let (out, err, status) =
        run(command(&["--paging", "always", "--full", STALL]).env("PAGER", "head -1").stdin(null()));
    assert_eq!((out.lines().count(), err.as_str(), status), (1, "", Some(0)));
}

/// Text put into the standard input.
#[test]
fn without_a_pager_the_reports_are_printed() {
    let title = "general protection fault";
    for pager in ["no-such-pager", "no-such-pager -R", " "] {
        let (out, err, status) = run(command(&["--paging", "always", LOG]).env("PAGER", pager));
        assert!(out.starts_with(title) && status == Some(0), "{pager:?} {out}");
        assert_eq!(err.contains("no-such-pager"), !pager.trim().is_empty(), "{err}");
    }
    // What only a shell can read is the shell's to find.
    let (_, err, _) =
        run(command(&["--paging", "always", LOG]).env("PAGER", "no-such-pager | cat; exit 127"));
    assert!(err.contains("the pager that PAGER names cannot be run"), "{err}");
    // JSON is for programs.
    let (out, ..) = run(command(&["--paging", "auto", "--format", "json", LOG]).env("PAGER", "echo paged"));
    assert!(out.starts_with('{'));
}

#[test]
fn what_was_not_asked_for_is_no_log_without_a_report() {
    let (_, err, status) = run(&mut command(&["--kind", "OOM-KILL", LOG]));
    assert_eq!(status, Some(1));
    assert!(err.contains("no report in the log that is asked for") && !err.contains("symbolize"), "{err}");
}

fn given(arguments: &[&str], text: &str) -> (String, String, Option<i32>) {
    let dir = folder("given");
    let path = dir.join(format!("{:?}", std::thread::current().id()));
    fs::write(&path, text).unwrap();
    let output = run(command(arguments).stdin(File::open(&path).unwrap()));
    fs::remove_file(&path).unwrap();
    output
}

#[test]
fn what_was_meant_is_said() {
    let (out, err, status) = run(&mut command(&["--kind", "KASN", LOG]));
    assert!(err.contains("did you mean KASAN?"), "{err}");
    assert_eq!((out.as_str(), status), ("", Some(2)));
    let (_, err, status) = run(&mut command(&["--kind", "nothing", LOG]));
    assert!(err.contains("there are ALLOCATION-FAILURE, ATOMIC_SLEEP") && status == Some(2), "{err}");
    let (_, err, status) = given(&[], " vfs_write+0x225/0xa70\n ksys_write+0xfb/0x1d0\n");
    assert_eq!(
        err,
        "crashparse: no report in the log; crashparse symbolize -k vmlinux gives bare frames their lines\n"
    );
    assert_eq!(status, Some(1));
    let (_, err, _) = given(&[], "all is well\n");
    assert_eq!(err, "crashparse: no report in the log\n");
}

#[test]
fn frames_without_sizes_and_bare_addresses_get_their_lines() {
    let symbolize = ["symbolize", "-k", "testdata/symbolize/vmlinux-dwarf5"];
    let (out, err, status) =
        given(&symbolize, "die+0x8\n ? copy_process+0x20 die+0x5\ndrain+0x4\nsee die+0x8\n");
    assert_eq!(
        out,
        "die+0x8 kernel/panic.c:24\n ? copy_process+0x20 kernel/fork.c:33 die+0x5 kernel/panic.c:24\ndrain+0x4\nsee die+0x8\n"
    );
    assert!(
        err.contains("several symbols drain, which a size may tell apart: mm/slub.c:8, mm/slab.c:8"),
        "{err}"
    );
    assert_eq!(status, Some(0));
    let (out, err, _) = given(&symbolize, "0xffffffff81000112\nffffffff81000064\n");
    assert_eq!(
        out,
        "0xffffffff81000112 copy_process+0x2 kernel/fork.c:24\nffffffff81000064 die+0xa kernel/panic.c:23\n"
    );
    assert!(err.contains("--kaslr-offset"), "{err}");
    let with = [&symbolize[..], &["--kaslr-offset", "0x1000000"]].concat();
    let (out, err, _) = given(&with, "0xffffffff82000112\n");
    assert_eq!((out.as_str(), err.as_str()), ("0xffffffff82000112 copy_process+0x2 kernel/fork.c:24\n", ""));
}

#[test]
fn source_files_are_missed_aloud_and_found_behind_a_prefix() {
    let dir = folder("source");
    fs::write(dir.join("main.c"), "line\n".repeat(80)).unwrap();
    let dir = dir.to_str().unwrap();
    let log = "testdata/families/decoded-lockdep-6.12.log";
    let (out, err, _) = run(&mut command(&["--source", &format!("{dir}=drivers/demo"), log]));
    assert!(out.contains("line") && err.is_empty(), "{out}{err}");
    let missing = format!("{dir}=drivers");
    let (out, err, status) = run(&mut command(&["--source", &missing, "--title", "demo_want", log]));
    assert!(out.contains(" line"), "the end of a name is found as well: {out}{err}");
    assert_eq!(status, Some(0));
    let (_, err, status) = run(&mut command(&["--source", "src", log]));
    assert_eq!((err.as_str(), status), ("crashparse: --source: no drivers/demo/main.c below src\n", Some(0)));
    let (_, err, _) = run(&mut command(&["--source", "src", LOG]));
    assert!(err.contains("--source: no function to blame has a file"), "{err}");
    fs::remove_dir_all(dir).unwrap();
}
