//! How fast logs are searched for banners and parsed, beside what else reads every byte.
//!
//! ```text
//! cargo bench --bench scan
//! ```
//!
//! The logs are made from `testdata/`, always the same: a quiet one, one of which reports are 2 %, and one of reports
//! alone. Every peer reads the same bytes in the same run, in turns; look at the ratios.

mod logs;
mod peers;

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use crashparse::{hits, hits_by, reports};
use logs::{Generator, Parts};
use peers::BANNERS;

const MEGABYTE: usize = 1 << 20;

fn main() -> io::Result<()> {
    // `cargo test --benches` runs this as well, without `--bench`: then small sizes will do.
    let full = std::env::args().any(|arg| arg == "--bench");
    // More than fits into the caches.
    let (megabytes, rounds) = if full { (64, 9) } else { (1, 1) };
    println!("{}", peers::machine());
    let parts = Parts::of(logs::NAMES)?;
    for (name, percent) in [("quiet log", 0), ("2 % reports", 2), ("reports alone", 100)] {
        let mut log = Vec::new();
        Generator::new(&parts, percent).fill(&mut log, megabytes * MEGABYTE);
        println!("{name}: {} MiB in memory, {} lines with banners", log.len() / MEGABYTE, hits(&log).count());
        compare(&log, rounds)?;
    }
    Ok(())
}

/// A way to read a log; the number that it finds is for the eye.
type Run<'l> = Box<dyn Fn() -> u64 + 'l>;

/// Times all that read a log. They take turns, so that a slow moment of the machine is nobody's alone.
fn compare(log: &[u8], rounds: usize) -> io::Result<()> {
    let (count, packed) = packed();
    let regex = regex::bytes::Regex::new(&BANNERS.join("|").replace('(', r"\(")).map_err(io::Error::other)?;
    let titles = || reports(log).filter(|report| !black_box(report.title()).is_empty()).count() as u64;
    let mut runs: Vec<(String, Run<'_>)> = vec![
        ("sum of the words".into(), Box::new(|| peers::sum(log))),
        ("crashparse::hits".into(), Box::new(|| hits(log).count() as u64)),
        ("crashparse::reports, titles".into(), Box::new(titles)),
        ("memchr, line feeds".into(), Box::new(|| memchr::memchr_iter(b'\n', log).count() as u64)),
        (format!("regex, {} banners", BANNERS.len()), Box::new(|| regex.find_iter(log).count() as u64)),
    ];
    for way in crashparse::ways() {
        runs.push((format!("crashparse::hits, {way}"), Box::new(move || hits_by(way, log).count() as u64)));
    }
    if let Some(packed) = &packed {
        let run = || packed.find_iter(log).count() as u64;
        runs.push((format!("aho-corasick packed, {count} banners"), Box::new(run)));
    }
    let mut times = vec![Vec::new(); runs.len()];
    let mut found = vec![0; runs.len()];
    for _ in 0..rounds {
        for ((times, found), (_, run)) in times.iter_mut().zip(&mut found).zip(&runs) {
            let start = Instant::now();
            *found = black_box(run());
            times.push(start.elapsed());
        }
    }
    show(log, &runs, &mut times, &found);
    Ok(())
}

fn show(log: &[u8], runs: &[(String, Run<'_>)], times: &mut [Vec<Duration>], found: &[u64]) {
    println!("  {:34} {:>12} {:>12} {:>11} {:>9}", "", "best", "median", "best/sum's", "found");
    let mut sum = None;
    for (((name, _), times), found) in runs.iter().zip(times).zip(found) {
        times.sort_unstable();
        let speed =
            |time: Option<&Duration>| time.map_or(0.0, |time| log.len() as f64 / 1e9 / time.as_secs_f64());
        let (best, median) = (speed(times.first()), speed(times.get(times.len() / 2)));
        let found = if sum.is_none() { String::new() } else { found.to_string() };
        let of_sum = best / *sum.get_or_insert(best);
        println!("  {name:34} {best:7.2} GB/s {median:7.2} GB/s {of_sum:11.3} {found:>9}");
    }
}

/// A packed searcher with as many banners as it takes, and how many those are.
fn packed() -> (usize, Option<aho_corasick::packed::Searcher>) {
    let with = |count: usize| aho_corasick::packed::Searcher::new(BANNERS.iter().take(count));
    let most = (1..=BANNERS.len()).rev().find_map(|count| Some((count, Some(with(count)?))));
    most.unwrap_or_default()
}
