//! Logs of any size for the benches, the same in every run: made of the boots and the crashes of `testdata/logs`.
//!
//! Lines come in no order, their times go upwards, so that nearly no line is there twice.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use crashparse::{hits, reports};

/// Logs of several kernels and of most families: of each the boot and the crashes.
pub(crate) const NAMES: &[&str] = &[
    "bad-paging",
    "bug-inline",
    "debian-hung-task.kaslr",
    "debian-multi-oops",
    "debian-oom",
    "debian-rcu-stall",
    "debian-sched-atomic",
    "debian-slub-poison",
    "debian-softlockup-panic",
    "divide",
    "exec-nx",
    "hung-task",
    "k2-kfence-uaf",
    "k2-list-add",
    "k2-null-deref",
    "k2-race-ww",
    "k2-stack-overflow.kaslr",
    "kasan-uaf-write",
    "lockdep-recursive",
    "null-call",
    "odebug-timer",
    "oops-timer",
    "panic.kaslr",
    "refcount-uaf",
    "sleep-atomic",
    "suspicious-rcu",
    "test-ubsan",
    "warn-multi",
];

/// Before a crash so much time passes that it follows from no earlier one.
const PAUSE_MICROS: u64 = 150_000_000;
/// Longest time between two quiet lines.
const STEP_MICROS: u64 = 40_000;

/// What the logs are made of.
pub(crate) struct Parts {
    /// Lines of boots that hold no banner.
    quiet: Vec<Piece>,
    /// Lines of a report, or of several that overlap.
    crashes: Vec<Vec<Piece>>,
}

/// A line: its time in microseconds, if it has one, and what follows that.
struct Piece {
    time: Option<u64>,
    rest: Vec<u8>,
}

impl Parts {
    /// Takes logs of `testdata/logs` apart.
    pub(crate) fn of(names: &[&str]) -> io::Result<Parts> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/logs");
        let mut parts = Parts { quiet: Vec::new(), crashes: Vec::new() };
        for name in names {
            parts.take(&std::fs::read(folder.join(format!("{name}.log")))?);
        }
        if parts.quiet.is_empty() || parts.crashes.is_empty() {
            return Err(io::Error::other("no boot or no crash in the logs of testdata"));
        }
        Ok(parts)
    }

    fn take(&mut self, log: &[u8]) {
        let mut spans: Vec<Range<usize>> = Vec::new();
        for span in reports(log).map(|report| report.span()) {
            match spans.last_mut().filter(|last| span.start < last.end) {
                Some(last) => last.end = last.end.max(span.end),
                None => spans.push(span.start..span.end),
            }
        }
        let boot = log.get(..spans.first().map_or(log.len(), |span| span.start)).unwrap_or_default();
        let noisy: Vec<usize> = hits(boot).map(|line| line.start).collect();
        let mut at = 0;
        for line in boot.split_inclusive(|&byte| byte == b'\n') {
            let piece = Piece::of(line);
            if piece.time.is_some() && line.ends_with(b"\n") && !noisy.contains(&at) {
                self.quiet.push(piece);
            }
            at += line.len();
        }
        for span in spans {
            let rest = log.get(span.end..).unwrap_or_default();
            let end = span.end + memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let text = log.get(span.start..end).unwrap_or_default();
            self.crashes.push(text.split_inclusive(|&byte| byte == b'\n').map(Piece::of).collect());
        }
    }
}

impl Piece {
    /// `[   12.345678][    T1] text`: the stamp is always of six decimals.
    fn of(line: &[u8]) -> Piece {
        let stamp = |line: &[u8]| -> Option<(u64, usize)> {
            let end = memchr::memchr(b']', line)?;
            let text = std::str::from_utf8(line.get(1..end)?).ok()?;
            let (seconds, micros) = text.split_once('.')?;
            let number = |text: &str| text.trim_start().parse::<u64>().ok();
            Some((number(seconds)? * 1_000_000 + number(micros).filter(|_| micros.len() == 6)?, end + 1))
        };
        let stamp = if line.starts_with(b"[") { stamp(line) } else { None };
        let rest = line.get(stamp.map_or(0, |(_, end)| end)..).unwrap_or_default();
        Piece { time: stamp.map(|(time, _)| time), rest: rest.to_vec() }
    }

    /// Adds the line with another time.
    fn add(&self, time: u64, log: &mut Vec<u8>) {
        if self.time.is_some() {
            // Writing to memory does not fail.
            let _ = write!(log, "[{:5}.{:06}]", time / 1_000_000, time % 1_000_000);
        }
        log.extend_from_slice(&self.rest);
    }
}

/// A log that goes on for as long as it is asked for more.
pub(crate) struct Generator<'p> {
    parts: &'p Parts,
    /// How many of a hundred bytes are of crashes.
    percent: usize,
    /// Bytes of quiet lines that are due before the next crash.
    quiet_due: usize,
    crashes: usize,
    micros: u64,
    random: u64,
}

impl<'p> Generator<'p> {
    pub(crate) fn new(parts: &'p Parts, percent: usize) -> Generator<'p> {
        let mut log = Generator { parts, percent, quiet_due: 0, crashes: 0, micros: 0, random: 1 };
        // As if it began in the middle of the quiet after the last crash.
        let last = parts.crashes.last().map_or(0, |crash| crash.iter().map(|line| line.rest.len()).sum());
        log.set_due(last / 2);
        log
    }

    /// Adds whole lines and whole crashes until `log` has `size` bytes or a few more.
    pub(crate) fn fill(&mut self, log: &mut Vec<u8>, size: usize) {
        while log.len() < size {
            let start = log.len();
            if self.percent > 0 && self.quiet_due == 0 {
                self.crash(log);
                self.set_due(log.len() - start);
            } else {
                self.line(log);
                self.quiet_due = self.quiet_due.saturating_sub(log.len() - start);
            }
        }
    }

    fn set_due(&mut self, crash: usize) {
        self.quiet_due = (crash * (100 - self.percent)).checked_div(self.percent).unwrap_or(0);
    }

    /// Adds a quiet line.
    pub(crate) fn line(&mut self, log: &mut Vec<u8>) {
        self.micros += 1 + self.below(STEP_MICROS);
        let at = self.below(self.parts.quiet.len() as u64) as usize;
        if let Some(line) = self.parts.quiet.get(at) {
            line.add(self.micros, log);
        }
    }

    /// Adds the next crash: they take turns. Between its lines passes as much time as in its log.
    pub(crate) fn crash(&mut self, log: &mut Vec<u8>) {
        self.micros += PAUSE_MICROS;
        let at = self.crashes % self.parts.crashes.len().max(1);
        let Some(crash) = self.parts.crashes.get(at) else { return };
        let first = crash.iter().find_map(|line| line.time).unwrap_or(0);
        let start = self.micros;
        for line in crash {
            // Of several CPUs' lines a later one may have an earlier time.
            let time = (start + line.time.unwrap_or(first)).saturating_sub(first);
            line.add(time, log);
            self.micros = self.micros.max(time);
        }
        self.crashes += 1;
    }

    /// A number below `limit`, by Knuth's linear congruential generator.
    fn below(&mut self, limit: u64) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % limit.max(1)
    }
}
