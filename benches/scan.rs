//! How fast logs are searched for banners, beside what else reads every byte.
//!
//! ```text
//! cargo bench --bench scan
//! ```
//!
//! The logs are made from `testdata/`, always the same: a quiet one, one of which reports are 2 %, and one of reports
//! alone. Every peer reads the same bytes in the same run; look at the ratios.

use std::hint::black_box;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crashparse::{hits, reports};

const MEGABYTE: usize = 1 << 20;

fn main() -> io::Result<()> {
    // `cargo test --benches` runs this as well, without `--bench`: then small sizes will do.
    let full = std::env::args().any(|arg| arg == "--bench");
    let size = if full { 64 * MEGABYTE } else { MEGABYTE };
    let sample =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/logs/kasan-uaf-write.log"))?;
    let Some(span) = reports(&sample).next().map(|report| report.span()) else {
        return Err(io::Error::other("no report in the sample"));
    };
    let boot = sample.get(..span.start).unwrap_or_default();
    let report = sample.get(span.start..(span.end + 1).min(sample.len())).unwrap_or_default();
    // Lines that hold no banner.
    let noisy: Vec<usize> = hits(boot).map(|line| line.start).collect();
    let mut at = 0;
    let mut quiet = Vec::new();
    for line in boot.split_inclusive(|&byte| byte == b'\n') {
        if !noisy.contains(&at) {
            quiet.extend_from_slice(line);
        }
        at += line.len();
    }
    let repeated = |part: &[u8]| part.iter().copied().cycle().take(size).collect::<Vec<u8>>();
    let mut mixed = Vec::with_capacity(size);
    while mixed.len() < size {
        for _ in 0..report.len() * 49 / quiet.len() + 1 {
            mixed.extend_from_slice(&quiet);
        }
        mixed.extend_from_slice(report);
    }
    for (name, log) in
        [("quiet", repeated(&quiet)), ("2 % reports", mixed), ("reports alone", repeated(report))]
    {
        println!("{name}: {} MiB, {} lines with banners", log.len() / MEGABYTE, hits(&log).count());
        peers(&log);
    }
    Ok(())
}

fn peers(log: &[u8]) {
    let words = |log: &[u8]| -> u64 {
        log.chunks_exact(8)
            .filter_map(|word| word.try_into().ok())
            .map(u64::from_ne_bytes)
            .fold(0, u64::wrapping_add)
    };
    let sum = best(|| words(log));
    let show = |name: &str, took: Duration| {
        let speed = log.len() as f64 / took.as_secs_f64() / 1e9;
        println!("  {name:28} {speed:7.2} GB/s, {:5.2} of the sum", sum.as_secs_f64() / took.as_secs_f64());
    };
    show("sum of the words", sum);
    show("crashparse::hits", best(|| hits(log).count()));
    show("memchr, lines counted", best(|| memchr::memchr_iter(b'\n', log).count()));
    let banners = [
        "BUG: ",
        "WARNING: ",
        "INFO: ",
        "Unable to handle kernel",
        "general protection fault",
        "Kernel panic",
    ];
    let packed = aho_corasick::packed::Searcher::new(banners);
    if let Some(packed) = packed {
        show("aho-corasick packed, 6 words", best(|| packed.find_iter(log).count()));
    }
    if let Ok(regex) = regex::bytes::Regex::new(&banners.join("|")) {
        show("regex, 6 words", best(|| regex.find_iter(log).count()));
    }
}

/// The shortest of some runs.
fn best<T>(run: impl Fn() -> T) -> Duration {
    let time = |_| {
        let start = Instant::now();
        black_box(run());
        start.elapsed()
    };
    (0..7).map(time).min().unwrap_or_default()
}
