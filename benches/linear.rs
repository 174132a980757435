//! Whether the work is proportional to the log, and how fast it is.
//!
//! ```text
//! cargo bench --bench linear
//! ```
//!
//! Builds logs from one report of `testdata/` and the quiet lines of its boot, and prints for each the time
//! of a parse, best of some. Numbers are printed and never asserted: they are of the machine as well.

use std::hint::black_box;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crashparse::reports;

/// The log that the synthetic ones are made of.
const SAMPLE: &str = "testdata/logs/kasan-uaf-write.log";
const MEGABYTE: usize = 1 << 20;

fn main() -> io::Result<()> {
    // `cargo test --benches` runs this as well, without `--bench`: then small sizes will do.
    let full = std::env::args().any(|arg| arg == "--bench");
    let sample = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLE))?;
    let Some(span) = reports(&sample).next().map(|report| report.span()) else {
        return Err(io::Error::other("no report in the sample"));
    };
    let parts = Parts {
        boot: lines(sample.get(..span.start).unwrap_or_default()),
        report: sample.get(span.start..(span.end + 1).min(sample.len())).unwrap_or_default(),
    };
    repeated(&parts, if full { &[1, 100, 10_000] } else { &[1, 10] });
    diluted(&parts, if full { &[1, 64] } else { &[1] });
    quiet(&parts, if full { 256 } else { 1 });
    #[cfg(feature = "serde")]
    json(&parts, if full { 64 } else { 1 })?;
    Ok(())
}

/// What the logs are built of.
struct Parts<'a> {
    boot: Vec<&'a [u8]>,
    report: &'a [u8],
}

impl Parts<'_> {
    fn add_quiet(&self, log: &mut Vec<u8>, lines: usize) {
        for line in self.boot.iter().cycle().take(lines) {
            log.extend_from_slice(line);
        }
    }
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

/// Reports with 200 quiet lines between: ten thousand must cost ten thousand times one.
fn repeated(parts: &Parts<'_>, counts: &[usize]) {
    println!("reports with 200 quiet lines between");
    let mut of_one = None;
    for &count in counts {
        let mut log = Vec::new();
        for _ in 0..count {
            parts.add_quiet(&mut log, 200);
            log.extend_from_slice(parts.report);
        }
        let (took, found) = parse(&log);
        let each = took.as_secs_f64() / found.max(1) as f64;
        let first = *of_one.get_or_insert(each);
        println!(
            "  {count:6} reports, {found:6} found: {:8.1} us each, {:5.2} times one, {}",
            each * 1e6,
            each / first,
            speed(log.len(), took)
        );
    }
}

/// Logs of which reports are 2 %.
fn diluted(parts: &Parts<'_>, megabytes: &[usize]) {
    println!("reports are 2 % of the log");
    for &size in megabytes {
        let mut log = Vec::new();
        while log.len() < size * MEGABYTE {
            let target = log.len() + 49 * parts.report.len();
            while log.len() < target {
                parts.add_quiet(&mut log, parts.boot.len());
            }
            log.extend_from_slice(parts.report);
        }
        // As many as the largest has bytes: else the small one would come out of the cache, and the large one not.
        let largest = megabytes.iter().max().unwrap_or(&size);
        let logs = vec![log; largest.div_ceil(size)];
        let bytes = logs.iter().map(Vec::len).sum();
        let mut found = 0;
        let took = best(|| found = logs.iter().map(|log| titles(log)).sum());
        println!("  {size:4} MiB, {found:6} found in {:2} logs: {}", logs.len(), speed(bytes, took));
    }
}

/// A log in which nothing happens.
fn quiet(parts: &Parts<'_>, megabytes: usize) {
    println!("no report");
    let mut log = Vec::new();
    while log.len() < megabytes * MEGABYTE {
        parts.add_quiet(&mut log, parts.boot.len());
    }
    let (took, found) = parse(&log);
    println!("  {megabytes:4} MiB, {found:6} found: {}", speed(log.len(), took));
}

/// Reports back to back, written as JSON: each into the same buffer, as by a program that passes them on. One buffer
/// for all would measure how fast the system gives out memory.
#[cfg(feature = "serde")]
fn json(parts: &Parts<'_>, megabytes: usize) -> io::Result<()> {
    println!("back-to-back reports into JSON");
    let log = parts.report.repeat(megabytes * MEGABYTE / parts.report.len());
    let mut written = 0;
    let mut failed = None;
    let mut sink = Vec::new();
    let took = best(|| {
        written = 0;
        for report in reports(&log) {
            sink.clear();
            let json = crashparse::ser::JsonReport::new(&report);
            failed = failed.take().or(serde_json::to_writer(&mut sink, &json).err());
            written += black_box(&sink).len();
        }
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    println!("  {megabytes:4} MiB, {} MiB of JSON: {}", written / MEGABYTE, speed(log.len(), took));
    Ok(())
}

/// Time of a parse, and how many reports it finds.
fn parse(log: &[u8]) -> (Duration, usize) {
    let mut found = 0;
    let took = best(|| found = titles(log));
    (took, found)
}

/// Number of reports, each with its title.
fn titles(log: &[u8]) -> usize {
    let titles = reports(black_box(log)).map(|report| black_box(report.title().len()));
    titles.filter(|title| *title > 0).count()
}

/// The shortest of several runs; of long ones there are fewer.
fn best(mut run: impl FnMut()) -> Duration {
    let start = Instant::now();
    let mut shortest = Duration::MAX;
    for round in 0..1_000 {
        let before = Instant::now();
        run();
        shortest = shortest.min(before.elapsed());
        if round > 0 && start.elapsed() > Duration::from_secs(2) {
            break;
        }
    }
    shortest
}

fn speed(bytes: usize, took: Duration) -> String {
    format!("{:8.1} MB/s", bytes as f64 / 1e6 / took.as_secs_f64())
}
