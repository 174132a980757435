//! Guards what logs go through on their way: carriers' prefixes, other line ends, strangers' lines between, cut and glued
//! lines. The titles must be those of the log as the console printed it.
//!
//! Some damage takes away what a title is made of: for that the test `table` counts how many titles survive.

use std::io::Write;
use std::path::Path;

use crate::{decode, reports};

use super::support::{self, Log, Random};

/// What happens to a log.
type Damage = fn(&[u8], &mut Random) -> Vec<u8>;

fn titles(log: &[u8]) -> Vec<String> {
    reports(&decode(log)).map(|report| report.title().to_string()).collect()
}

/// The lines without their ends.
fn lines(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = log.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let count = lines.clone().count();
    lines.enumerate().filter(move |(at, line)| at + 1 < count || !line.is_empty()).map(|(_, line)| line)
}

/// A log of changed lines.
fn mapped(log: &[u8], mut change: impl FnMut(&[u8], &mut Vec<u8>)) -> Vec<u8> {
    let mut changed = Vec::with_capacity(log.len() * 2);
    for line in lines(log) {
        change(line, &mut changed);
    }
    changed
}

fn ended(log: &[u8], end: &[u8]) -> Vec<u8> {
    mapped(log, |line, out| {
        out.extend_from_slice(line);
        out.extend_from_slice(end);
    })
}

/// Length of the stamp at a line's start, `[   12.345678]`, and of the caller behind it, `[  T123]`.
fn stamp(line: &[u8]) -> (usize, usize) {
    let bracket = |line: &[u8], of: fn(&u8) -> bool| {
        let end = line.iter().position(|&byte| byte == b']')?;
        (line.first() == Some(&b'[') && line[1..end].iter().all(of)).then_some(end + 1)
    };
    let time = bracket(line, |byte| matches!(byte, b' ' | b'.' | b'0'..=b'9')).unwrap_or(0);
    let caller = bracket(&line[time..], |byte| matches!(byte, b' ' | b'T' | b'C' | b'0'..=b'9')).unwrap_or(0);
    (time, caller)
}

pub(super) fn untagged(log: &[u8]) -> Vec<u8> {
    mapped(log, |line, out| {
        let (time, caller) = stamp(line);
        out.extend_from_slice(&line[..time]);
        // Without a time the caller's blank is its own.
        let rest = &line[time + caller..];
        out.extend_from_slice(if time == 0 && caller > 0 {
            rest.strip_prefix(b" ").unwrap_or(rest)
        } else {
            rest
        });
        out.push(b'\n');
    })
}

/// Another log with tags, line by line between.
fn interleaved(log: &[u8], other: &[u8]) -> Vec<u8> {
    let (mut own, mut others) = (lines(log), lines(other));
    let mut mixed = Vec::new();
    loop {
        let two = [own.next(), others.next()];
        if two == [None, None] {
            return mixed;
        }
        for line in two.into_iter().flatten() {
            mixed.extend_from_slice(line);
            mixed.extend_from_slice(b"\r\n");
        }
    }
}

/// Carries lines, and loses nothing: no title may change.
const HARMLESS: &[(&str, Damage)] = &[
    ("LF", |log, _| ended(log, b"\n")),
    ("CR LF", |log, _| ended(log, b"\r\n")),
    ("CR CR LF", |log, _| ended(log, b"\r\r\n")),
    ("syslog's prefix", |log, _| {
        mapped(log, |line, out| {
            out.extend_from_slice(b"Nov 22 06:12:01 host kernel: ");
            out.extend_from_slice(line);
            out.push(b'\n');
        })
    }),
    ("ANSI colours", |log, _| {
        mapped(log, |line, out| {
            out.extend_from_slice(b"\x1b[31m");
            out.extend_from_slice(line);
            out.extend_from_slice(b"\x1b[0m\n");
        })
    }),
    ("NULs before lines", |log, random| {
        mapped(log, |line, out| {
            out.extend_from_slice(if random.below(10) == 0 { b"\0\0\0" } else { b"" });
            out.extend_from_slice(line);
            out.push(b'\n');
        })
    }),
    ("bytes of no character", |log, random| {
        mapped(log, |line, out| {
            if random.below(20) == 0 {
                out.extend_from_slice(b"\xff\xfe\xc3(\xf0\x9f\n");
            }
            out.extend_from_slice(line);
            out.push(b'\n');
        })
    }),
    ("a prompt before lines", |log, random| {
        mapped(log, |line, out| {
            out.extend_from_slice(if random.below(20) == 0 { b"syzkaller login: " } else { b"" });
            out.extend_from_slice(line);
            out.push(b'\n');
        })
    }),
    ("bare CR between lines", |log, _| ended(log, b"\r")),
    ("every 20th line cut and printed again", |log, random| {
        mapped(log, |line, out| {
            if random.below(20) == 0 {
                out.extend_from_slice(&line[..random.below(line.len() + 1)]);
                out.extend_from_slice(b"\n** replaying previous printk message **\n");
            }
            out.extend_from_slice(line);
            out.push(b'\n');
        })
    }),
    ("lines of a program between", |log, random| {
        mapped(log, |line, out| {
            if random.below(4) == 0 {
                out.extend_from_slice(b"executing program 3:\nr0 = open(&(0x7f0000000000)='./file0')\n");
            }
            out.extend_from_slice(line);
            out.push(b'\n');
        })
    }),
    ("a line of a megabyte before", |log, _| [&b"x".repeat(1 << 20), b"\n".as_slice(), log].concat()),
];

/// Damage of which not every log gets away.
const HARMFUL: &[(&str, Damage)] = &[
    ("tags removed", |log, _| untagged(log)),
    ("every 20th line feed lost", |log, random| {
        mapped(log, |line, out| {
            out.extend_from_slice(line);
            out.extend_from_slice(if random.below(20) == 0 { b"" } else { b"\n" });
        })
    }),
    ("every 20th line dropped", |log, random| {
        mapped(log, |line, out| match random.below(20) {
            0 => out.extend_from_slice(b"** 1 printk messages dropped **\n"),
            _ => {
                out.extend_from_slice(line);
                out.push(b'\n');
            }
        })
    }),
    ("a megabyte's line between", |log, random| {
        let mut left = 3;
        mapped(log, |line, out| {
            if left > 0 && random.below(40) == 0 {
                out.extend_from_slice(&b"y".repeat(1 << 20));
                out.push(b'\n');
                left -= 1;
            }
            out.extend_from_slice(line);
            out.push(b'\n');
        })
    }),
];

/// What of `testdata/pasted` and `testdata/negative` does not get away from which damage, each with why.
const LOST: &[(&str, &[&str])] = &[
    // One that is printed twice is no line of the frame.
    ("boxed", &["every 20th line cut and printed again"]),
    // Somebody's words, and messages to all terminals, become the kernel's if a prefix says that it wrote them.
    ("broadcast-journal", &["syslog's prefix", "ANSI colours"]),
    ("broadcast-journald", &["syslog's prefix", "ANSI colours"]),
    ("prose-dmesg-T", &["syslog's prefix"]),
    ("prose-syslog", &["syslog's prefix"]),
    ("shown-again", &["syslog's prefix"]),
    // Rows are of a table where others are beside them.
    ("rows-of-trackers", &["lines of a program between"]),
    // A list's marks are not at the beginning of its lines, or one of its lines is printed by a console.
    ("lists", &["ANSI colours", "every 20th line cut and printed again"]),
    ("commit-text", &["ANSI colours", "lines of a program between"]),
    // What is between the lines of one of the two makes them two logs.
    ("doubled-console", &["bytes of no character", "lines of a program between"]),
];

#[test]
fn titles_survive_what_loses_nothing() {
    let mut lost = Vec::new();
    for log in support::all_logs() {
        let is_in = |name: &str| log.path.parent().is_some_and(|dir| dir.ends_with(name));
        let pasted = is_in("pasted") || is_in("negative");
        let known =
            LOST.iter().find(|(name, _)| pasted && log.name == *name).map_or(&[][..], |(_, lost)| lost);
        // Of each log the same, whichever others there are.
        let mut random = Random::new(7);
        let expected = titles(&log.bytes);
        for (name, damage) in HARMLESS {
            // It says that the kernel wrote the line, which of those logs the kernel did not.
            if name.starts_with("syslog") && is_in("negative") {
                continue;
            }
            let damaged = titles(&damage(&log.bytes, &mut random));
            if (damaged != expected) != known.contains(name) {
                lost.push(format!("{}, {name}: {expected:?}, now {damaged:?}", log.path.display()));
            }
        }
    }
    assert!(lost.is_empty(), "{}:\n{}", lost.len(), lost.join("\n"));
}

/// A log with tags of other tasks and CPUs.
fn retagged(log: &[u8]) -> Vec<u8> {
    mapped(log, |line, out| {
        let (time, caller) = stamp(line);
        let tag = String::from_utf8_lossy(&line[time..time + caller]).into_owned();
        let number = tag.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0);
        out.extend_from_slice(&line[..time]);
        match tag.contains('C') {
            _ if tag.is_empty() => {}
            true => write!(out, "[{:>6}]", format!("C{}", number + 64)).unwrap(),
            false => write!(out, "[{:>6}]", format!("T{}", number + 5_000)).unwrap(),
        }
        out.extend_from_slice(&line[time + caller..]);
        out.push(b'\n');
    })
}

/// Titles of a log with another between its lines, and those that they have alone.
fn with_other(log: &[u8], other: &[u8]) -> (Vec<String>, Vec<String>) {
    let mut expected = [titles(log), titles(other)].concat();
    let mut mixed = titles(&interleaved(log, other));
    expected.sort();
    mixed.sort();
    (mixed, expected)
}

#[test]
fn a_log_with_tags_is_told_apart_from_any_other_line_by_line() {
    let logs = support::logs("logs");
    let other = retagged(&logs.iter().find(|log| log.name == "multi-oops-8").unwrap().bytes);
    // Its boot is as long as theirs: where the crashes are the lines are mixed.
    let mut lost = Vec::new();
    for log in &logs {
        let (mixed, expected) = with_other(&log.bytes, &other);
        if expected != mixed {
            lost.push(format!("{}:\n   {expected:?}\n   {mixed:?}", log.name));
        }
    }
    assert!(lost.is_empty(), "{}:\n{}", lost.len(), lost.join("\n"));
}

/// Prints how many logs keep their titles, and their first one.
///
/// ```text
/// CRASHPARSE_LOGS=DIR cargo test --release damage::table -- --ignored --nocapture
/// ```
#[test]
#[ignore = "prints a table; needs a directory of logs"]
fn table() {
    let directory = std::env::var_os("CRASHPARSE_LOGS").unwrap();
    let verbose = std::env::var_os("CRASHPARSE_VERBOSE").is_some();
    let logs: Vec<Log> = support::logs_of(Path::new(&directory));
    let other = retagged(&logs.iter().find(|log| log.name == "multi-oops").unwrap().bytes);
    let mut rows: Vec<(&str, usize, usize)> = Vec::new();
    let mut count = 0;
    let interleave: &[(&str, Damage)] = &[("interleaved with a tagged log", |log, _| log.to_vec())];
    for (name, damage) in HARMLESS.iter().chain(HARMFUL).chain(interleave) {
        let (mut all, mut first) = (0, 0);
        count = 0;
        for log in &logs {
            let mut expected = titles(&log.bytes);
            if expected.is_empty() {
                continue;
            }
            count += 1;
            let mut random = Random::new(11);
            let mut damaged = titles(&damage(&log.bytes, &mut random));
            if name.starts_with("interleaved") {
                (damaged, expected) = with_other(&log.bytes, &other);
            }
            all += usize::from(damaged == expected);
            first += usize::from(damaged.first() == expected.first());
            if verbose && damaged != expected {
                println!("{name}, {}:\n   {expected:?}\n   {damaged:?}", log.name);
            }
        }
        rows.push((name, all, first));
    }
    println!("{count} logs with reports");
    for (name, all, first) in rows {
        println!("{name:40} all titles {all:4}, the first {first:4}");
    }
}
