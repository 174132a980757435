//! How much memory damaged debug files take: an allocator that counts has to be a whole program's, so this is one.

#![cfg(feature = "symbolize")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::fs;
use std::path::Path;

use crashparse::facts::frame::Frame;
use crashparse::symbolize::{DebugFile, Symbolizer};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What lookups may take for each byte of their file: sections may be packed, and the shortest abbreviation is of
/// five bytes.
const FOR_EACH_BYTE: usize = 64;
/// What they may take however small the file is: the buckets of names.
const AT_LEAST: usize = 1 << 20;

const FRAMES: &[&str] = &[
    " copy_process+0x8/0x40",
    " copy_process.cold+0xe/0x2e",
    " wait_for+0x13/0x30",
    " start_kernel+0x15/0x45",
    " fixture_open+0xf/0x30 [fixture]",
    " fixture_init+0x26/0x33 [fixture]",
    " fixture_mix+0x10/0x2d [fixture]",
];

/// The most that lookups in a file take at once.
fn peak(bytes: &[u8], addresses: &[u64]) -> usize {
    let frames: Vec<Frame<'_>> = FRAMES.iter().map(|frame| Frame::parse(frame.as_bytes()).unwrap()).collect();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    if let Ok(file) = DebugFile::parse("damaged", bytes) {
        let mut symbolizer = Symbolizer::new();
        symbolizer.set_vmlinux(&file);
        symbolizer.add_module("fixture", &file);
        symbolizer.resolve_all(&frames);
        symbolizer.resolve_addresses(addresses, true);
    }
    MEMORY.peak_usage().saturating_sub(before)
}

/// Knuth's linear congruential generator.
fn next(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize % below
}

#[test]
fn damaged_files_take_no_more_memory_than_a_multiple_of_their_size() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/symbolize");
    let addresses: Vec<u64> = (0..0x250).step_by(8).map(|offset| 0xffff_ffff_8100_0000 + offset).collect();
    let mut random = 3;
    let mut most = (0, String::new());
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !path.is_file() || !(name.starts_with("vmlinux") || name.contains(".ko")) {
            continue;
        }
        let whole = fs::read(&path).unwrap();
        for case in 0..if cfg!(debug_assertions) { 50 } else { 400 } {
            let mut damaged = whole.clone();
            // None of the first case.
            for _ in 0..case.min(1 + case % 5) {
                let at = next(&mut random, damaged.len());
                damaged[at] = [0, 0xff, 0x7f, next(&mut random, 256) as u8][next(&mut random, 4)];
            }
            let took = peak(&damaged, &addresses);
            assert!(took < AT_LEAST + FOR_EACH_BYTE * damaged.len(), "{name}, case {case}: {took} bytes");
            if took > most.0 {
                most = (took, format!("{name}, case {case}, of {} bytes", damaged.len()));
            }
        }
    }
    println!("at most {} bytes: {}", most.0, most.1);
    assert!(most.0 > 0, "nothing was measured");
}
