//! Guards what logs go through on their way: carriers' prefixes, other line ends, strangers' lines between, cut and glued
//! lines. The titles must be those of the log as the console printed it.
//!
//! Some damage takes away what a title is made of: for that the test `table` counts how many titles survive.

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

fn untagged(log: &[u8]) -> Vec<u8> {
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
    let mut others = lines(other);
    mapped(log, |line, out| {
        for line in [line, others.next().unwrap_or_default()] {
            out.extend_from_slice(line);
            out.extend_from_slice(if line.is_empty() { b"" } else { b"\r\n" });
        }
    })
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

#[test]
fn titles_survive_what_loses_nothing() {
    let mut random = Random::new(7);
    let mut lost = Vec::new();
    for log in support::all_logs() {
        let expected = titles(&log.bytes);
        for (name, damage) in HARMLESS {
            // It says that the kernel wrote the line, which of those logs the kernel did not.
            if name.starts_with("syslog") && log.path.parent().is_some_and(|dir| dir.ends_with("negative")) {
                continue;
            }
            let damaged = titles(&damage(&log.bytes, &mut random));
            if damaged != expected {
                lost.push(format!("{}, {name}: {expected:?}, now {damaged:?}", log.path.display()));
            }
        }
    }
    assert!(lost.is_empty(), "{}:\n{}", lost.len(), lost.join("\n"));
}

#[test]
fn tagged_logs_are_told_apart_line_by_line() {
    let other = b"[    5.000000][    T9] demo: nothing of note, on a line of another task\n".repeat(4_000);
    let logs = support::logs("logs").into_iter().filter(is_tagged);
    let mut lost = Vec::new();
    for log in logs {
        let (expected, mixed) = (titles(&log.bytes), titles(&interleaved(&log.bytes, &other)));
        if expected != mixed {
            lost.push(format!("{}: {expected:?}, now {mixed:?}", log.name));
        }
    }
    assert!(lost.is_empty(), "{}:\n{}", lost.len(), lost.join("\n"));
}

fn is_tagged(log: &Log) -> bool {
    let mut stamps = lines(&log.bytes).map(stamp);
    let tagged = stamps.by_ref().filter(|(_, caller)| *caller > 0).count();
    tagged * 2 > lines(&log.bytes).count()
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
    let other = logs.iter().find(|log| log.name == "multi-oops").unwrap().bytes.clone();
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
                damaged = titles(&interleaved(&log.bytes, &other));
                expected.extend(titles(&other));
                expected.sort();
                damaged.sort();
                damaged.dedup();
                expected.dedup();
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
