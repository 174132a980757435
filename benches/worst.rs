//! The worst logs that we can think of: how fast their titles are found, and whether that is linear.
//!
//! ```text
//! cargo bench --bench worst
//! cargo bench --bench worst -- --floor
//! cargo bench --bench worst -- --only 'NMI backtraces' --size 1 --size 10 --bound 2
//! ```
//!
//! Each shape (`benches/shapes`) is tried at several sizes, 0.1, 1 and 10 MB unless told otherwise. Times are of the
//! CPU, so that a busy machine matters little; growth is the cost of a byte at one size by that at the size before it.
//! Each run is a process of its own: one that takes more than `--bound` seconds (10) is given up, and larger sizes of
//! its shape are not tried. With `--floor` the status says whether all shapes are above the floor and linear.
//!
//! For a profiler: `--here NAME MB` is one run in this process, `--log NAME MB` writes that log to standard output.

mod shapes;

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crashparse::reports;
use shapes::{BANNERS, Shape, shapes};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Slowest that titles may be found, in MB/s.
const FLOOR: f64 = 20.0;
/// Most that a byte may cost of what it costs in a log of the size before.
const GROWTH: f64 = 1.2;
/// From that many MB/s on it is the caches and the memory that tell a large log from a small one.
const OF_MEMORY: f64 = 1_000.0;
/// A run is repeated until it took that long, and the best counts.
const ENOUGH: Duration = Duration::from_millis(100);
const SIZES: &[f64] = &[0.1, 1.0, 10.0];

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, name, size, ..] = arguments.as_slice()
        && matches!(role.as_str(), "--here" | "--log")
    {
        let shape = shapes().into_iter().find(|shape| shape.name == *name).ok_or("no such shape")?;
        let log = shape.log(bytes(size.parse()?));
        if role == "--log" {
            io::stdout().write_all(&log)?;
        } else {
            let (took, found) = measure(&shape, &log);
            println!("{} {} {found}", took.as_nanos(), log.len());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options::read(&arguments)?;
    let mut shapes = shapes();
    shapes.retain(|shape| shape.name.contains(&options.only));
    println!("{} shapes, of them banners of {} families", shapes.len(), BANNERS.len());
    let sizes: Vec<String> =
        options.sizes.iter().map(|size| format!("{:>9}", format!("{size} MB"))).collect();
    println!("{:66} {}  MB/s   growth, reports", "", sizes.join(" "));
    let mut rows = Vec::new();
    for shape in &shapes {
        let row = Row::of(shape, &options)?;
        println!("{}", row.show());
        rows.push(row);
    }
    let bad = summary(&mut rows);
    Ok(if options.floor && bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn bytes(megabytes: f64) -> usize {
    (megabytes * 1e6) as usize
}

/// What is asked for.
struct Options {
    /// What is in the names of the shapes.
    only: String,
    /// In MB, smallest first.
    sizes: Vec<f64>,
    /// After how much time of the CPU a run is given up.
    bound: Duration,
    floor: bool,
}

impl Options {
    fn read(arguments: &[String]) -> Outcome<Options> {
        // `cargo test --benches` runs this as well, without `--bench`: then small sizes will do.
        let full = arguments.iter().any(|argument| argument == "--bench");
        let bound = Duration::from_secs(if full { 10 } else { 1 });
        let only = if full { "" } else { "oops" };
        let mut options = Options { only: only.into(), sizes: Vec::new(), bound, floor: false };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or(format!("{argument} wants a value"));
            match argument.as_str() {
                "--only" => options.only = value()?.clone(),
                "--size" => options.sizes.push(value()?.parse()?),
                "--bound" => options.bound = Duration::try_from_secs_f64(value()?.parse()?)?,
                "--floor" => options.floor = true,
                "--bench" => {}
                other => return Err(format!("what is {other}?").into()),
            }
        }
        if options.sizes.is_empty() {
            options.sizes.extend(if full { SIZES } else { &[0.001, 0.01] });
        }
        options.sizes.sort_by(f64::total_cmp);
        Ok(options)
    }
}

/// A run of a shape.
#[derive(Clone, Copy)]
struct Run {
    took: Duration,
    bytes: usize,
    /// How many reports it found.
    found: u64,
}

impl Run {
    /// In MB/s.
    fn speed(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.took.as_secs_f64()
    }
}

/// The runs of a shape, smallest log first.
struct Row {
    name: String,
    runs: Vec<Run>,
    /// Size of the log that was given up, and the bound.
    given_up: Option<(f64, Duration)>,
}

impl Row {
    fn of(shape: &Shape, options: &Options) -> Outcome<Row> {
        let mut row = Row { name: shape.name.clone(), runs: Vec::new(), given_up: None };
        for &size in &options.sizes {
            match run(&shape.name, size, options.bound)? {
                Some(run) => row.runs.push(run),
                None => {
                    row.given_up = Some((size, options.bound));
                    break;
                }
            }
        }
        // What merely seems to grow was disturbed once.
        for _ in 0..2 {
            if row.slowest() < FLOOR || row.growth() <= GROWTH {
                break;
            }
            for (&size, best) in options.sizes.iter().zip(&mut row.runs) {
                let again = run(&shape.name, size, options.bound)?;
                best.took = again.map_or(best.took, |again| again.took.min(best.took));
            }
        }
        Ok(row)
    }

    /// Slowest speed, in MB/s; what is given up is at most so fast.
    fn slowest(&self) -> f64 {
        let given_up = self.given_up.map(|(size, bound)| size / bound.as_secs_f64());
        self.runs.iter().map(Run::speed).chain(given_up).fold(f64::INFINITY, f64::min)
    }

    /// Costs of a byte by those at the size before.
    fn growths(&self) -> impl Iterator<Item = f64> {
        self.runs.windows(2).filter_map(|pair| Some(pair.first()?.speed() / pair.get(1)?.speed()))
    }

    /// Most that the cost of a byte grows where that is not of the memory.
    fn growth(&self) -> f64 {
        let slow = self.growths().zip(self.runs.iter().skip(1)).filter(|(_, run)| run.speed() < OF_MEMORY);
        slow.map(|(growth, _)| growth).fold(0.0, f64::max)
    }

    fn is_bad(&self) -> bool {
        self.given_up.is_some() || self.slowest() < FLOOR || self.growth() > GROWTH
    }

    fn show(&self) -> String {
        let mut cells: Vec<String> = self.runs.iter().map(|run| format!("{:9.2}", run.speed())).collect();
        if let Some((_, bound)) = self.given_up {
            cells.push(format!("{:>9}", format!("> {} s", bound.as_secs_f64())));
        }
        let growths: Vec<String> = self.growths().map(|growth| format!("{growth:6.2}")).collect();
        let found = self.runs.last().map_or(0, |run| run.found);
        let bad = if self.is_bad() { "  !" } else { "" };
        format!("{:66} {}  x {}, {found}{bad}", self.name, cells.join(" "), growths.join(" "))
    }
}

/// Shows the worst; whether any is below the floor or not linear.
fn summary(rows: &mut [Row]) -> bool {
    let bad = rows.iter().filter(|row| row.is_bad()).count();
    let slow = rows.iter().filter(|row| row.slowest() < FLOOR).count();
    println!(
        "{bad} of {} shapes are bad: {slow} below {FLOOR} MB/s, or over {GROWTH} times the cost",
        rows.len()
    );
    rows.sort_by(|a, b| a.slowest().total_cmp(&b.slowest()));
    for row in rows.iter().take(20) {
        println!("  {:10.4} MB/s at most: {}", row.slowest(), row.name);
    }
    bad > 0
}

/// Runs a shape in a process of its own; nothing if that takes too long.
fn run(name: &str, size: f64, bound: Duration) -> Outcome<Option<Run>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--here", name, &size.to_string()]).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        let took = cpu(&child.id().to_string()).unwrap_or_else(|| start.elapsed());
        if took > bound {
            return give_up(child).map(|()| None);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output()?;
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<u64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let &[nanos, bytes, found] = numbers.as_slice() else {
        return Err(format!("{name}: {}", output.status).into());
    };
    Ok(Some(Run { took: Duration::from_nanos(nanos), bytes: bytes as usize, found }))
}

fn give_up(mut child: Child) -> Outcome<()> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// The best time for the titles of a log, and how many there are.
fn measure(shape: &Shape, log: &[u8]) -> (Duration, u64) {
    // The first report pays for the patterns.
    titles(&shape.log(2_000));
    let mut best = Duration::MAX;
    let mut total = Duration::ZERO;
    loop {
        let start = Clock::start();
        let found = titles(log);
        let took = start.elapsed();
        best = best.min(took);
        total += took;
        if total >= ENOUGH {
            return (best, found);
        }
    }
}

/// Number of reports, each with its title.
fn titles(log: &[u8]) -> u64 {
    reports(black_box(log)).filter(|report| !black_box(report.title()).is_empty()).count() as u64
}

/// Counts this thread's time on a CPU, or time as such where the system does not tell.
struct Clock {
    cpu: Option<Duration>,
    wall: Instant,
}

impl Clock {
    fn start() -> Clock {
        Clock { cpu: own_cpu(), wall: Instant::now() }
    }

    fn elapsed(&self) -> Duration {
        let wall = self.wall.elapsed();
        let cpu = self.cpu.and_then(|start| Some(own_cpu()?.saturating_sub(start)));
        // The smaller is the better one: what the system tells of a thread may be a tick old.
        cpu.filter(|cpu| !cpu.is_zero()).map_or(wall, |cpu| cpu.min(wall)).max(Duration::from_nanos(1))
    }
}

fn own_cpu() -> Option<Duration> {
    // The system counts up to where a thread last gave way.
    std::thread::yield_now();
    cpu("thread-self")
}

/// Time that a thread, of this process or of another, was on a CPU (`proc_pid_schedstat` in `fs/proc/base.c`).
fn cpu(of: &str) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{of}/schedstat")).ok()?;
    Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
}
