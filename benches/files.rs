//! How fast the binary counts the reports of a large file, beside reading it and beside other searchers.
//!
//! ```text
//! cargo build --release --example crashparse
//! cargo bench --bench files
//! ```
//!
//! Writes two logs of `CRASHPARSE_BENCH_GIB` GiB (4), one after the other, into `CRASHPARSE_BENCH_DIR` (the system's
//! folder for such files) and removes them in the end. They should fit into memory: what is measured is the page
//! cache. Every contestant is a process of its own from start to end, so that the system tells its CPU time and its
//! peak memory; the bare loop is this program, started again by itself. They take turns. Tools that are not installed
//! are left out; `CRASHPARSE_BIN` names another binary. Numbers are printed and never asserted.

mod logs;
mod peers;

use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use logs::{Generator, Parts};
use peers::BANNERS;
use wait4::Wait4;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Bytes that the bare loop reads at a time.
const BLOCK: usize = 256 << 10;
/// Who takes longer than that in the first round is left out of the others.
const SLOW: Duration = Duration::from_secs(10);
/// The contestants that the others are measured against.
const LOOP: &str = "read 256 KiB + sum, 1 thread";
const PEER: &str = "rg -c -F -f";

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some([_, threads, path]) =
        arguments.get(1..).filter(|rest| rest.first().is_some_and(|a| a == "--role"))
    {
        return read_all(Path::new(path), threads.parse()?);
    }
    // `cargo test --benches` runs this as well, without `--bench`: then a small log will do.
    let full = arguments.iter().any(|argument| argument == "--bench");
    let gigabytes: f64 = match std::env::var("CRASHPARSE_BENCH_GIB") {
        Ok(number) => number.parse()?,
        Err(_) => 4.0,
    };
    let size = if full { (gigabytes * f64::from(1 << 30)) as u64 } else { 1 << 20 };
    println!("{}", peers::machine());
    println!(
        "rg and grep look for {} banners; who takes over {SLOW:?} runs once; memory is at least this program's",
        BANNERS.len()
    );
    let words = Temporary::new("banners.txt");
    fs::write(&words.0, BANNERS.join("\n") + "\n")?;
    for (name, percent) in [("quiet log", 0), ("2 % reports", 2)] {
        let log = Temporary::new("bench.log");
        let took = write(&log.0, percent, size)?;
        // Once for the page cache.
        read_all(&log.0, 1)?;
        let mebibytes = fs::metadata(&log.0)?.len() >> 20;
        println!("{name}: {mebibytes} MiB in {}, made in {:.1} s", place().display(), took.as_secs_f64());
        let mut table = Table { size, contestants: contestants(&log.0, &words.0)? };
        table.measure(if full { 5 } else { 1 })?;
        table.show();
    }
    Ok(())
}

fn place() -> PathBuf {
    std::env::var_os("CRASHPARSE_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from)
}

/// A file that is removed in the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Temporary {
        Temporary(place().join(format!("crashparse-{}-{name}", std::process::id())))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Writes a log. A little at a time: what this process has at its peak, the system counts for its children as well.
fn write(path: &Path, percent: usize, size: u64) -> Outcome<Duration> {
    let start = Instant::now();
    let parts = Parts::of(logs::NAMES)?;
    let mut log = Generator::new(&parts, percent);
    let mut file = File::create(path)?;
    let (mut written, mut block) = (0, Vec::new());
    while written < size {
        block.clear();
        log.fill(&mut block, (size - written).min(BLOCK as u64) as usize);
        file.write_all(&block)?;
        written += block.len() as u64;
    }
    // Else the system writes it to the disk while others are timed.
    file.sync_all()?;
    Ok(start.elapsed())
}

/// The bare loop: reads a file and sums its words, each thread a part.
fn read_all(path: &Path, threads: u64) -> Outcome {
    let size = fs::metadata(path)?.len();
    let read = |number: u64| -> io::Result<u64> {
        let (start, end) = (size * number / threads, size * (number + 1) / threads);
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(start))?;
        let (mut file, mut block, mut sum) = (file.take(end - start), vec![0; BLOCK], 0_u64);
        loop {
            let length = file.read(&mut block)?;
            if length == 0 {
                return Ok(sum);
            }
            sum = sum.wrapping_add(peers::sum(block.get(..length).unwrap_or_default()));
        }
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|number| scope.spawn(move || read(number))).collect();
        black_box(read(0)?);
        for other in others {
            black_box(other.join().map_err(|_| "a thread panicked")??);
        }
        Ok(())
    })
}

/// All who read the log.
fn contestants(log: &Path, words: &Path) -> Outcome<Vec<Contestant>> {
    let own = std::env::current_exe()?;
    let mut all = Vec::new();
    for (threads, name) in [("1", LOOP), ("2", "read 256 KiB + sum, 2 threads")] {
        all.push(Contestant::new(name, Command::new(&own), &["--role", threads], log));
    }
    let folder = own.parent().and_then(Path::parent).ok_or("no directory of binaries")?;
    let built = folder.join("examples").join(format!("crashparse{}", std::env::consts::EXE_SUFFIX));
    let binary = std::env::var_os("CRASHPARSE_BIN").map_or(built, PathBuf::from);
    if !binary.is_file() {
        println!("  {} is not there: build it for its figures", binary.display());
    } else if output(Command::new(&binary).arg("--help"))?.contains("-j,") {
        for (threads, name) in [("1", "crashparse --count -j 1"), ("2", "crashparse --count -j 2")] {
            all.push(Contestant::new(name, Command::new(&binary), &["--count", "-j", threads], log));
        }
    } else {
        all.push(Contestant::new("crashparse --count", Command::new(&binary), &["--count"], log));
    }
    let tools: [(_, _, &[_]); 3] = [
        (PEER, "rg", &["-c", "-F", "-f"]),
        ("rg --no-mmap -c -F -f", "rg", &["--no-mmap", "-c", "-F", "-f"]),
        ("LC_ALL=C grep -c -F -f", "grep", &["-c", "-F", "-f"]),
    ];
    for (name, tool, arguments) in tools {
        let mut command = Command::new(tool);
        if output(command.arg("--version")).is_err() {
            println!("  {tool} is not installed");
            continue;
        }
        let mut command = Command::new(tool);
        command.env("LC_ALL", "C").args(arguments).arg(words);
        all.push(Contestant::new(name, command, &[], log));
    }
    Ok(all)
}

/// What a command prints.
fn output(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

struct Contestant {
    name: &'static str,
    command: Command,
    runs: Vec<Used>,
    /// What it printed, a number.
    found: String,
}

/// What a run took.
#[derive(Clone, Copy)]
struct Used {
    wall: Duration,
    cpu: Duration,
    bytes: u64,
}

impl Contestant {
    fn new(name: &'static str, mut command: Command, arguments: &[&str], log: &Path) -> Contestant {
        command.args(arguments).arg(log);
        Contestant { name, command, runs: Vec::new(), found: String::new() }
    }

    fn run(&mut self) -> Outcome {
        let start = Instant::now();
        let mut child = self.command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut stdout = child.stdout.take();
        let used = child.wait4()?;
        let wall = start.elapsed();
        // None of them prints more than a number, so none waits to be read.
        self.found.clear();
        if let Some(stdout) = &mut stdout {
            stdout.read_to_string(&mut self.found)?;
        }
        match used.status.code() {
            Some(0) => {}
            // As of grep: nothing found, of which ripgrep prints no number.
            Some(1) => self.found = "0".into(),
            _ => return Err(format!("{}: {}", self.name, used.status).into()),
        }
        let cpu = used.rusage.utime + used.rusage.stime;
        self.runs.push(Used { wall, cpu, bytes: used.rusage.maxrss });
        Ok(())
    }

    /// The shortest and the middle run.
    fn best_and_median(&self) -> Option<(Used, Used)> {
        let mut runs = self.runs.clone();
        runs.sort_unstable_by_key(|run| run.wall);
        Some((*runs.first()?, *runs.get(runs.len() / 2)?))
    }
}

struct Table {
    size: u64,
    contestants: Vec<Contestant>,
}

impl Table {
    fn measure(&mut self, rounds: usize) -> Outcome {
        for round in 0..rounds {
            for contestant in &mut self.contestants {
                let slow = contestant.runs.first().is_some_and(|run| run.wall > SLOW);
                if round == 0 || !slow {
                    contestant.run()?;
                }
            }
        }
        Ok(())
    }

    /// Bytes a second of a contestant at its best, in units of 10^9.
    fn speed(&self, name: &str) -> Option<f64> {
        let (best, _) = self.contestants.iter().find(|other| other.name == name)?.best_and_median()?;
        Some(self.speed_of(best))
    }

    fn speed_of(&self, run: Used) -> f64 {
        self.size as f64 / 1e9 / run.wall.as_secs_f64()
    }

    fn show(&self) {
        println!(
            "  {:30} {:>12} {:>12} {:>8} {:>9} {:>9} {:>8} {:>5} {:>8}",
            "", "best", "median", "CPU", "memory", "best/loop", "best/rg", "runs", "found"
        );
        let (bare, peer) = (self.speed(LOOP), self.speed(PEER));
        for contestant in &self.contestants {
            let Some((best, median)) = contestant.best_and_median() else { continue };
            let speed = self.speed_of(best);
            println!(
                "  {:30} {speed:7.2} GB/s {:7.2} GB/s {:6.2} s {:5} MiB {:>9} {:>8} {:5} {:>8}",
                contestant.name,
                self.speed_of(median),
                best.cpu.as_secs_f64(),
                best.bytes >> 20,
                ratio(Some(speed), bare),
                ratio(Some(speed), peer),
                contestant.runs.len(),
                contestant.found.trim(),
            );
        }
        let threads = |two, one| ratio(self.speed(two), self.speed(one));
        println!(
            "  2 threads beside 1: the loop {}, crashparse {}",
            threads("read 256 KiB + sum, 2 threads", LOOP),
            threads("crashparse --count -j 2", "crashparse --count -j 1"),
        );
    }
}

fn ratio(one: Option<f64>, other: Option<f64>) -> String {
    one.zip(other).map_or("-".into(), |(one, other)| format!("{:.2}", one / other))
}
