//! What symbolizing costs, beside the tools that do the same on the same addresses.
//!
//! ```text
//! cargo build --release --example crashparse
//! CRASHPARSE_BENCH_VMLINUX=vmlinux cargo bench --bench symbolize
//! ```
//!
//! Every contestant is a process of its own from start to end, so that the system tells its CPU time and its
//! peak memory; the crates run in this program, started again by itself. Tools that are not installed are left
//! out. Numbers are printed and never asserted: they are of the machine as well.

use std::collections::HashMap;
use std::error::Error;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crashparse::facts::frame::Frame;
use crashparse::symbolize::{DebugFile, Symbolizer};
use object::{Object, ObjectSymbol, SymbolKind};
use wait4::Wait4;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Frames of one report.
const FRAMES: usize = 42;
/// The tool that the others are measured against.
const PEER: &str = "llvm-symbolizer";

fn main() -> Outcome {
    let Some(vmlinux) = std::env::var_os("CRASHPARSE_BENCH_VMLINUX").map(PathBuf::from) else {
        println!("CRASHPARSE_BENCH_VMLINUX names no vmlinux: nothing to measure");
        return Ok(());
    };
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--role") {
        Some(at) => match arguments.get(at + 1..) {
            Some([role, number]) => play(role, number.parse()?, &vmlinux),
            _ => Err("--role needs a name and a number".into()),
        },
        // `cargo test --benches` runs this as well, without `--bench`.
        None => compare(&vmlinux, arguments.iter().any(|argument| argument == "--bench")),
    }
}

/// Runs all contestants.
fn compare(vmlinux: &Path, full: bool) -> Outcome {
    let own = std::env::current_exe()?;
    let directory = own.parent().and_then(Path::parent).ok_or("no directory of binaries")?;
    let binary = directory.join("examples/crashparse");
    let role = |name: &'static str, number: usize| {
        let mut command = Command::new(&own);
        command.args(["--role", name, &number.to_string()]);
        command
    };
    let tool = |name: &str, arguments: &[&str]| {
        let mut command = Command::new(name);
        command.args(arguments).arg("-e").arg(vmlinux);
        command
    };
    let (addresses, frames) = picked(role("pick", FRAMES))?;
    println!("one report of {FRAMES} frames in as many functions, from start to end");
    let runs = if full { 21 } else { 1 };
    let mut table = Table::new(&addresses, runs);
    table.add(PEER, tool(PEER, &[]))?;
    if binary.is_file() {
        let mut command = Command::new(&binary);
        command.args([OsStr::new("symbolize"), OsStr::new("-k"), vmlinux.as_os_str()]);
        table.with("crashparse symbolize", command, &frames)?;
    } else {
        println!("  {} is not there: build it for its figures", binary.display());
    }
    table.add("addr2line -f -i", tool("addr2line", &["-f", "-i"]))?;
    table.add("addr2line crate", role("context", 0))?;
    let sizes: &[(usize, usize)] = if full { &[(10_000, 7), (1_000_000, 3)] } else { &[(1_000, 1)] };
    for &(count, runs) in sizes {
        println!("{count} addresses anywhere in .text");
        let input = Input::new("text", &output(role("text", count))?)?;
        let mut table = Table::new(&input, runs);
        table.add(PEER, tool(PEER, &[]))?;
        table.add("crashparse", role("all", 1))?;
        table.add("crashparse, 2 threads", role("all", 2))?;
        table.add("addr2line crate", role("context", 0))?;
    }
    let count = if full { 10_000 } else { 100 };
    println!("{count} frames in as many functions, one by one");
    let (addresses, frames) = picked(role("pick", count))?;
    let mut table = Table::new(&addresses, if full { 7 } else { 1 });
    table.add(PEER, tool(PEER, &[]))?;
    table.with("crashparse", role("each", 0), &frames)?;
    Ok(())
}

/// Addresses and frames of the same functions.
fn picked(pick: Command) -> Outcome<(Input, Input)> {
    let text = output(pick)?;
    let (mut addresses, mut frames) = (String::new(), String::new());
    for (address, frame) in text.lines().filter_map(|line| line.split_once(' ')) {
        addresses.extend([address, "\n"]);
        frames.extend([frame, "\n"]);
    }
    Ok((Input::new("addresses", &addresses)?, Input::new("frames", &frames)?))
}

/// What a command prints.
fn output(mut command: Command) -> Outcome<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    Ok(String::from_utf8(output.stdout)?)
}

/// A file that contestants read as their standard input; it is removed in the end.
struct Input(PathBuf);

impl Input {
    fn new(name: &str, text: &str) -> Outcome<Input> {
        let name = format!("crashparse-bench-{}-{name}-{}", std::process::id(), text.len());
        let input = Input(std::env::temp_dir().join(name));
        fs::write(&input.0, text)?;
        Ok(input)
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Figures of one input.
struct Table<'i> {
    input: &'i Input,
    runs: usize,
    peer: Option<(Duration, u64)>,
}

impl Table<'_> {
    fn new(input: &Input, runs: usize) -> Table<'_> {
        println!(
            "  {:24} {:>9} {:>9} {:>8} {:>8} {:>8}",
            "", "min CPU", "median", "of peer", "memory", "of peer"
        );
        Table { input, runs, peer: None }
    }

    fn add(&mut self, name: &str, command: Command) -> Outcome {
        self.with(name, command, self.input)
    }

    fn with(&mut self, name: &str, mut command: Command, input: &Input) -> Outcome {
        let (mut times, mut memory) = (Vec::new(), u64::MAX);
        for _ in 0..self.runs {
            let stdin = File::open(&input.0)?;
            let child = command.stdin(stdin).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            let mut child = match child {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    println!("  {name:24} is not installed");
                    return Ok(());
                }
                child => child?,
            };
            let used = child.wait4()?;
            if !used.status.success() {
                return Err(format!("{name}: {}", used.status).into());
            }
            times.push(used.rusage.utime + used.rusage.stime);
            memory = memory.min(used.rusage.maxrss);
        }
        times.sort_unstable();
        let (Some(&least), Some(&median)) = (times.first(), times.get(times.len() / 2)) else {
            return Ok(());
        };
        let &mut (time, space) = self.peer.get_or_insert((least, memory));
        println!(
            "  {name:24} {:6.1} ms {:6.1} ms {:>8} {:5} MB {:>8}",
            least.as_secs_f64() * 1e3,
            median.as_secs_f64() * 1e3,
            ratio(least.as_secs_f64() / time.as_secs_f64()),
            memory >> 20,
            ratio(memory as f64 / space as f64),
        );
        Ok(())
    }
}

fn ratio(ratio: f64) -> String {
    if ratio < 1.0 { format!("1/{:.1}", 1.0 / ratio) } else { format!("{ratio:.1}") }
}

/// What this program does when it is started by itself.
fn play(role: &str, number: usize, vmlinux: &Path) -> Outcome {
    let bytes = map(vmlinux)?;
    match role {
        "pick" => return pick(&bytes, number),
        "context" => return context(&bytes),
        _ => {}
    }
    let file = DebugFile::parse("vmlinux", &bytes)?;
    if role == "text" {
        let (start, end) = file.text().ok_or("no .text")?;
        let mut random = Random(1);
        (0..number).for_each(|_| println!("{:#x}", start + random.below(end - start)));
        return Ok(());
    }
    let mut symbolizer = Symbolizer::new();
    symbolizer.set_vmlinux(&file);
    symbolizer.set_threads(number.max(1));
    if role == "each" {
        for line in io::stdin().lines() {
            black_box(Frame::parse(line?.as_bytes()).map(|frame| symbolizer.resolve(&frame)));
        }
    } else {
        black_box(symbolizer.resolve_addresses(&addresses()?, true));
    }
    Ok(())
}

fn addresses() -> Outcome<Vec<u64>> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let address = |line: &str| u64::from_str_radix(line.trim_start_matches("0x"), 16);
    Ok(text.lines().map(address).collect::<Result<_, _>>()?)
}

/// Prints random functions, each with the address of a call in it and the frame that the kernel would print.
fn pick(bytes: &[u8], count: usize) -> Outcome {
    let elf = object::File::parse(bytes)?;
    let text = elf.section_by_name_bytes(b".text").ok_or("no .text")?;
    let mut functions: HashMap<&str, Vec<(u64, u64)>> = HashMap::new();
    for symbol in elf.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        if symbol.section_index() == Some(object::ObjectSection::index(&text)) {
            functions.entry(symbol.name()?).or_default().push((symbol.address(), symbol.size()));
        }
    }
    let mut only: Vec<(u64, u64, &str)> = Vec::new();
    for (name, places) in functions {
        if let [(address, size)] = places[..] {
            only.push((address, size, name));
        }
    }
    only.retain(|&(_, size, _)| size > 16);
    only.sort_unstable();
    let mut random = Random(1);
    for _ in 0..count {
        let Some(&(start, size, name)) = only.get(random.below(only.len() as u64) as usize) else { continue };
        let offset = 1 + random.below(size - 1);
        println!("{:#x}  {name}+{offset:#x}/{size:#x}", start + offset - 1);
    }
    Ok(())
}

/// Looks addresses up with the crate addr2line.
fn context(bytes: &[u8]) -> Outcome {
    let elf = object::File::parse(bytes)?;
    let section = |id: gimli::SectionId| -> Result<_, gimli::Error> {
        let section = elf.section_by_name(id.name());
        let data = section.and_then(|section| object::ObjectSection::data(&section).ok()).unwrap_or_default();
        Ok(gimli::EndianSlice::new(data, gimli::LittleEndian))
    };
    let context = addr2line::Context::from_dwarf(gimli::Dwarf::load(section)?)?;
    let mut calls = 0;
    for address in addresses()? {
        let mut frames = context.find_frames(address).skip_all_loads()?;
        while let Some(frame) = frames.next()? {
            black_box(frame.function.as_ref().and_then(|function| function.raw_name().ok()));
            black_box(frame.location.as_ref().and_then(|location| location.file));
            calls += 1;
        }
    }
    black_box(calls);
    Ok(())
}

/// The bytes of a file, read as they are needed.
#[expect(unsafe_code, reason = "no safe way to map a file")]
fn map(path: &Path) -> io::Result<memmap2::Mmap> {
    // SAFETY: The bytes must not change while they are borrowed: nobody writes to a vmlinux in place.
    let map = unsafe { memmap2::Mmap::map(&File::open(path)?)? };
    #[cfg(unix)]
    map.advise(memmap2::Advice::Random)?;
    Ok(map)
}

/// Numbers that are the same in every run: SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }
}
