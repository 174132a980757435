//! Files and lines of a crash's stack, inlined calls included, from a `vmlinux` and modules with debug information.
//!
//! ```text
//! cargo run --release --example source_lines -- LOG vmlinux [MODULE.ko]...
//! ```

use std::path::Path;

use crashparse::facts::frame::{Frame, Trust};
use crashparse::facts::trace::TraceKind;
use crashparse::symbolize::{DebugFile, Symbolizer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let (log, files) = paths.split_first().ok_or("usage: source_lines LOG vmlinux [MODULE.ko]...")?;
    let log = std::fs::read(log)?;
    // Large files are better mapped than read: little of them is looked at.
    let bytes: Vec<Vec<u8>> = files.iter().map(std::fs::read).collect::<Result<_, _>>()?;
    let parsed = files.iter().zip(&bytes).map(|(path, bytes)| DebugFile::parse(path, bytes));
    let parsed: Vec<DebugFile<'_>> = parsed.collect::<Result<_, _>>()?;
    let mut symbolizer = Symbolizer::new();
    for (index, (path, file)) in files.iter().zip(&parsed).enumerate() {
        match Path::new(path).file_stem().and_then(|stem| stem.to_str()) {
            Some(module) if index > 0 => symbolizer.add_module(module, file),
            _ => symbolizer.set_vmlinux(file),
        }
    }
    for report in crashparse::reports(&log) {
        println!("{}", report.title());
        // The program counter stands with the registers, the calls that led there in the stack.
        let counter = report.registers().and_then(|registers| registers.pc);
        let traces = report.traces();
        let own =
            traces.iter().filter(|trace| trace.kind == TraceKind::Crash).flat_map(|trace| &trace.frames);
        let calls = own.filter(|frame| frame.trust != Trust::Unreliable);
        counter.iter().chain(calls).for_each(|frame| print_frame(&symbolizer, frame));
    }
    Ok(())
}

fn print_frame(symbolizer: &Symbolizer<'_>, frame: &Frame<'_>) {
    match symbolizer.resolve(frame) {
        Ok(resolved) => {
            for call in &resolved.frames {
                let inlined = if call.inlined { " [inline]" } else { "" };
                match (&call.file, call.line) {
                    (Some(file), Some(line)) => println!("  {} {file}:{line}{inlined}", call.function),
                    _ => println!("  {}{inlined}", call.function),
                }
            }
        }
        Err(error) => println!("  {} ({error})", frame.symbol.unwrap_or("?")),
    }
}
