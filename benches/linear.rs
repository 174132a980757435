//! Whether the work is proportional to the log, and how fast it is.
//!
//! ```text
//! cargo bench --bench linear
//! ```
//!
//! Builds logs from the boots and the crashes of `testdata/logs` and prints for each the time of a parse, best of
//! some. Numbers are printed and never asserted: they are of the machine as well.

mod logs;

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use crashparse::reports;
use logs::{Generator, Parts};

/// A log with one report.
const ONE: &[&str] = &["kasan-uaf-write"];
const MEGABYTE: usize = 1 << 20;

fn main() -> io::Result<()> {
    // `cargo test --benches` runs this as well, without `--bench`: then small sizes will do.
    let full = std::env::args().any(|arg| arg == "--bench");
    repeated(if full { &[1, 100, 10_000] } else { &[1, 10] })?;
    let parts = Parts::of(logs::NAMES)?;
    diluted(&parts, if full { 64 } else { 2 });
    quiet(&parts, if full { 256 } else { 1 });
    #[cfg(feature = "serde")]
    {
        println!("back-to-back reports into JSON");
        json("of one log", &Parts::of(ONE)?, if full { 64 } else { 1 })?;
        json("of many logs", &parts, if full { 64 } else { 1 })?;
    }
    Ok(())
}

/// Reports with 200 quiet lines between: ten thousand must cost ten thousand times one. All are of one log, and every
/// row reads all of them, so many in a log: what is compared is how many stand in one log, nothing else.
fn repeated(counts: &[usize]) -> io::Result<()> {
    println!("reports with 200 quiet lines between");
    let parts = Parts::of(ONE)?;
    let mut lines = Generator::new(&parts, 0);
    let mut pieces = vec![Vec::new(); counts.iter().copied().max().unwrap_or_default()];
    for piece in &mut pieces {
        (0..200).for_each(|_| lines.line(piece));
        lines.crash(piece);
    }
    let mut of_one = None;
    for &count in counts {
        let logs: Vec<Vec<u8>> = pieces.chunks(count.max(1)).map(<[Vec<u8>]>::concat).collect();
        let (took, found) = parse(&logs);
        let each = took.as_secs_f64() / found.max(1) as f64;
        let first = *of_one.get_or_insert(each);
        println!(
            "  {count:6} in each of {:6} logs, {found:6} found: {:8.1} us each, {:5.2} times one, {}",
            logs.len(),
            each * 1e6,
            each / first,
            speed(&logs, took)
        );
    }
    Ok(())
}

/// Logs of which reports are 2 %: many small ones, and all of them as one.
fn diluted(parts: &Parts, count: usize) {
    println!("reports are 2 % of the log");
    let mut lines = Generator::new(parts, 2);
    let mut small = vec![Vec::new(); count];
    small.iter_mut().for_each(|log| lines.fill(log, MEGABYTE));
    // The same bytes: as many small ones as the large one has.
    let large = vec![small.concat()];
    for logs in [small, large] {
        let (took, found) = parse(&logs);
        let size = logs.first().map_or(0, Vec::len) / MEGABYTE;
        println!("  {size:4} MiB, {found:6} found in {:2} logs: {}", logs.len(), speed(&logs, took));
    }
}

/// A log in which nothing happens.
fn quiet(parts: &Parts, megabytes: usize) {
    println!("no report");
    let mut log = Vec::new();
    Generator::new(parts, 0).fill(&mut log, megabytes * MEGABYTE);
    let logs = [log];
    let (took, found) = parse(&logs);
    println!("  {megabytes:4} MiB, {found:6} found: {}", speed(&logs, took));
}

/// Reports back to back, written as JSON: each into the same buffer, as by a program that passes them on. One buffer
/// for all would measure how fast the system gives out memory.
#[cfg(feature = "serde")]
fn json(name: &str, parts: &Parts, megabytes: usize) -> io::Result<()> {
    let mut log = Vec::new();
    Generator::new(parts, 100).fill(&mut log, megabytes * MEGABYTE);
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
    let speed = speed(&[log], took);
    println!("  {name:12} {megabytes:4} MiB, {:4} MiB of JSON: {speed}", written / MEGABYTE);
    Ok(())
}

/// Time of a parse of all logs, and how many reports it finds.
fn parse(logs: &[Vec<u8>]) -> (Duration, usize) {
    let mut found = 0;
    let took = best(|| found = logs.iter().map(|log| titles(log)).sum());
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

fn speed(logs: &[Vec<u8>], took: Duration) -> String {
    let bytes: usize = logs.iter().map(Vec::len).sum();
    format!("{:8.1} MB/s", bytes as f64 / 1e6 / took.as_secs_f64())
}
