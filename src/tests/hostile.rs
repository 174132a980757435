//! Debug files that are damaged, or made to hurt: whatever is in them, lookups end soon and never panic.

use std::fs;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use object::{Object, ObjectSection};
use proptest::prelude::*;

use super::support::Random;
use super::symbolize::{KERNELS, bytes};
use crate::facts::frame::{Frame, Trust};
use crate::symbolize::{DebugFile, SymbolMap, Symbolizer};

/// The fixtures that are damaged: one of each kind.
const FILES: &[&str] = &[
    "vmlinux-dwarf4",
    "vmlinux-dwarf5",
    "vmlinux-clang",
    "vmlinux-zlib",
    "vmlinux-zstd",
    "vmlinux-s390x",
    "snd-fixture.ko",
    "snd-fixture-clang.ko",
    "snd-fixture-i386.ko",
    "snd-fixture-ppc64.ko",
    "main-riscv64.ko",
    "main-mips64el.ko",
    "rust-v0.ko",
];

/// Symbols of the fixtures.
const SYMBOLS: &[(&str, u64)] = &[
    ("copy_process", 0x40),
    ("copy_process.cold", 0x2e),
    ("wait_for", 0x30),
    ("drain", 0x20),
    ("shrink", 0x10),
    ("start_kernel", 0x45),
    ("die", 0x14),
    (".wait_for", 0x60),
    ("fixture_open", 0x30),
    ("fixture_init", 0x33),
    ("fixture_mix", 0x2d),
    ("level_of", 0xc),
    ("rust_fixture_push", 0xa),
    ("f", 0x1000),
];

/// What one case may take of a CPU.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 15 } else { 2 });

/// The time that this thread has run so far, if the kernel keeps it: a machine that has much else to do doesn't count.
fn cpu_time() -> Duration {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = schedstat.split(' ').next().and_then(|ran| ran.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// By the clock a case may take so much: what sleeps or waits takes no time of a CPU.
const PATIENCE: Duration = Duration::from_secs(10 * LIMIT.as_secs());

/// Does with a file all that can be done; how long it took. What takes too long by the clock, or never ends, ends the test.
fn exercise(bytes: &[u8], addresses: &[u64]) -> Duration {
    patiently(PATIENCE, || exhaust(bytes, addresses)).expect("it hangs or sleeps")
}

/// How long something ran, if it does not take longer than `patience` by the clock.
fn patiently(patience: Duration, work: impl FnOnce()) -> Option<Duration> {
    let (start, ran) = (Instant::now(), cpu_time());
    let (done, waits) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            // Nobody can end a thread that hangs.
            if waits.recv_timeout(2 * patience) == Err(RecvTimeoutError::Timeout) {
                eprintln!("a case hangs: not done in {:?}", 2 * patience);
                std::process::abort();
            }
        });
        work();
        drop(done);
    });
    let ran = cpu_time().saturating_sub(ran);
    (start.elapsed() <= patience).then(|| if ran.is_zero() { start.elapsed() } else { ran })
}

#[test]
fn what_sleeps_is_found() {
    let patience = Duration::from_millis(200);
    assert!(patiently(patience, || ()).is_some());
    assert!(patiently(patience, || thread::sleep(patience + patience / 10)).is_none());
}

fn exhaust(bytes: &[u8], addresses: &[u64]) {
    let Ok(file) = DebugFile::parse("hostile", bytes) else { return };
    let _ = (file.build_id(), file.debug_link(), file.module_name(), file.arch(), file.text());
    let mut symbolizer = Symbolizer::new();
    symbolizer.set_vmlinux(&file);
    symbolizer.add_module("fixture", &file);
    let mut frames = Vec::new();
    for &(symbol, size) in SYMBOLS {
        for module in [None, Some("fixture")] {
            for (at, trust) in [(0, Trust::Pc), (8, Trust::Pc), (9, Trust::Return), (size, Trust::Return)] {
                let frame = Frame { address: Some(0x1234), trust, ..Frame::at(0) };
                let frame = Frame { symbol: Some(symbol), offset: Some(at), module, ..frame };
                frames.push(Frame { size: Some(size), ..frame });
                frames.push(Frame { size: None, ..frame });
            }
        }
    }
    symbolizer.resolve_all(&frames);
    let _ = symbolizer.slide(&frames[0]);
    symbolizer.resolve_addresses(addresses, true);
    symbolizer.resolve_addresses(addresses, false);
}

/// Addresses where the fixtures have code, and some where nothing is.
fn addresses(name: &str) -> Vec<u64> {
    let base = match name {
        "vmlinux-s390x" => 0x10_0000,
        name if name.starts_with("vmlinux") => 0xffff_ffff_8100_0000,
        _ => 0x1000,
    };
    let near = (0..0x250).step_by(5).chain(0x1000..0x1040).map(|offset| base + offset);
    near.chain([0, 1, u64::MAX, u64::MAX - 1, 1 << 63]).collect()
}

fn check(name: &str, what: &str, bytes: &[u8]) {
    let took = exercise(bytes, &addresses(name));
    assert!(took < LIMIT, "{name}, {what}: {took:?}");
}

/// Where sections begin and end.
fn edges(bytes: &[u8]) -> Vec<(usize, usize)> {
    let elf = object::File::parse(bytes).unwrap();
    let ranges = elf.sections().filter_map(|section| section.file_range());
    ranges.map(|(at, size)| (at as usize, (at + size) as usize)).collect()
}

#[test]
fn files_that_end_too_soon() {
    for name in FILES {
        let whole = bytes(name);
        let mut random = Random::new(1);
        let mut cuts: Vec<usize> = edges(&whole)
            .iter()
            .flat_map(|&(start, end)| [start, end.saturating_sub(1), end, start.midpoint(end)])
            .chain((0..70).chain([whole.len() - 1]))
            .collect();
        cuts.extend((0..40).map(|_| random.below(whole.len())));
        for cut in cuts {
            check(name, &format!("cut at {cut}"), &whole[..cut]);
            // What is missing may as well be zeros: a download that was broken off.
            let mut zeros = whole[..cut].to_vec();
            zeros.resize(whole.len(), 0);
            check(name, &format!("zeros from {cut}"), &zeros);
        }
    }
}

/// The table of section headers of a file, and the sections that lookups read.
fn places(whole: &[u8]) -> Vec<(usize, usize)> {
    let elf = object::File::parse(whole).unwrap();
    let mut places = vec![(0, 64)];
    let wide = elf.is_64();
    let at = |from: usize, size: usize| {
        let field = &whole[from..from + size];
        let byte = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        if elf.is_little_endian() { field.iter().rev().fold(0, byte) } else { field.iter().fold(0, byte) }
    };
    let headers = if wide { at(0x28, 8) } else { at(0x20, 4) };
    places.push((headers, whole.len()));
    for section in elf.sections() {
        let name = section.name().unwrap().to_string();
        let read = name.contains("debug") || name.ends_with("tab") || name.starts_with(".note");
        if let (true, Some((start, size))) = (read, section.file_range()) {
            places.push((start as usize, (start + size) as usize));
        }
    }
    places.retain(|(start, end)| start < end);
    places
}

#[test]
fn files_with_wrong_bytes() {
    const CASES: usize = if cfg!(debug_assertions) { 150 } else { 1200 };
    for name in FILES {
        let whole = bytes(name);
        let places = places(&whole);
        let mut random = Random::new(2);
        for case in 0..CASES {
            let mut damaged = whole.clone();
            let (start, end) = places[random.below(places.len())];
            for _ in 0..=random.below(4) {
                let at = start + random.below(end - start);
                damaged[at] = match random.below(4) {
                    0 => 0xff,
                    1 => 0,
                    2 => damaged[at] ^ 1 << random.below(8),
                    _ => random.byte(),
                };
            }
            check(name, &format!("case {case}"), &damaged);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_behind_a_header(file in 0..KERNELS.len(), from in 0_usize..20_000, tail: Vec<u8>) {
        let mut damaged = bytes(KERNELS[file]);
        let from = from.min(damaged.len());
        let end = (from + tail.len()).min(damaged.len());
        damaged[from..end].copy_from_slice(&tail[..end - from]);
        check(KERNELS[file], "any bytes", &damaged);
    }

    #[test]
    fn any_map(text: Vec<u8>, address: u64) {
        if let Some(map) = SymbolMap::parse(&text) {
            let _ = map.at(address);
        }
    }
}

/// An ELF file made for a test: 64 bits, little-endian.
#[derive(Default)]
struct Elf {
    sections: Vec<(&'static str, u32, u64, Vec<u8>)>,
    relocatable: bool,
}

const PROGBITS: u32 = 1;
const ALLOC: u64 = 2;
const COMPRESSED: u64 = 0x800;
/// Where its `.text` is.
const TEXT: u64 = 0x10_0000;

impl Elf {
    fn with(mut self, name: &'static str, bytes: Vec<u8>) -> Elf {
        self.sections.push((name, PROGBITS, 0, bytes));
        self
    }

    /// With symbols of names at offsets in a table of strings, all in `.text`.
    fn symbols(mut self, symbols: &[(u32, u64)], strings: Vec<u8>) -> Elf {
        let mut table = vec![0; 24];
        for &(name, address) in symbols {
            table.extend(name.to_le_bytes());
            table.extend([2, 0]);
            // `.text` is the first section.
            table.extend(1_u16.to_le_bytes());
            table.extend(address.to_le_bytes());
            table.extend(0x1000_u64.to_le_bytes());
        }
        self.sections.push((".symtab", 2, 0, table));
        self.sections.push((".strtab", 3, 0, strings));
        self
    }

    fn build(mut self) -> Vec<u8> {
        self.sections.insert(0, (".text", PROGBITS, ALLOC | 4, vec![0x90; 0x1000]));
        let mut names = vec![0_u8];
        let mut headers = vec![0_u8; 64];
        let mut body: Vec<u8> = Vec::new();
        let count = self.sections.len() as u16;
        self.sections.push((".shstrtab", 3, 0, Vec::new()));
        let strings =
            self.sections.iter().position(|section| section.0 == ".strtab").map_or(0, |at| at as u32 + 1);
        for (name, kind, flags, bytes) in &self.sections {
            let name_at = names.len() as u32;
            names.extend(name.as_bytes());
            names.push(0);
            let bytes = if *name == ".shstrtab" { &names } else { bytes };
            let address = if *flags & ALLOC != 0 && !self.relocatable { TEXT } else { 0 };
            headers.extend(name_at.to_le_bytes());
            headers.extend(kind.to_le_bytes());
            let link = if *name == ".symtab" { strings } else { 0 };
            for field in [*flags, address, 64 + body.len() as u64, bytes.len() as u64] {
                headers.extend(field.to_le_bytes());
            }
            headers.extend(link.to_le_bytes());
            headers.extend([0; 4]);
            let entry = if *name == ".symtab" { 24_u64 } else { 0 };
            for field in [1_u64, entry] {
                headers.extend(field.to_le_bytes());
            }
            body.extend(bytes);
        }
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(16, 0);
        file.extend(if self.relocatable { 1_u16 } else { 2 }.to_le_bytes());
        file.extend(62_u16.to_le_bytes());
        file.extend(1_u32.to_le_bytes());
        for field in [TEXT, 0, 64 + body.len() as u64] {
            file.extend(field.to_le_bytes());
        }
        file.extend(0_u32.to_le_bytes());
        for field in [64_u16, 0, 0, 64, count + 2, count + 1] {
            file.extend(field.to_le_bytes());
        }
        file.extend(body);
        file.extend(headers);
        file
    }
}

/// A unit of DWARF 4 around some entries, with its abbreviations at an offset.
fn unit(abbreviations: u32, entries: &[u8]) -> Vec<u8> {
    let mut unit = (entries.len() as u32 + 7).to_le_bytes().to_vec();
    unit.extend(4_u16.to_le_bytes());
    unit.extend(abbreviations.to_le_bytes());
    unit.push(8);
    unit.extend(entries);
    unit
}

/// The size of a unit's header.
const HEADER: u32 = 11;

/// A range: its start and size as `DW_AT_low_pc` and `DW_AT_high_pc` have them.
fn range(start: u64, size: u64) -> Vec<u8> {
    [start.to_le_bytes(), size.to_le_bytes()].concat()
}

/// Abbreviations: 1 a unit, 2 a function, 3 an inlined call, 4 an inlined call by a list of ranges, 5 the same without
/// children, 6 a function with a sibling.
fn abbreviations() -> Vec<u8> {
    let mut table = Vec::new();
    let mut add = |code: u8, tag: u8, children: u8, fields: &[(u8, u8)]| {
        table.extend([code, tag, children]);
        for &(name, form) in fields {
            table.extend([name, form]);
        }
        table.extend([0, 0]);
    };
    let (low, high, ranges, origin, sibling) = ((0x11, 1), (0x12, 7), (0x55, 0x17), (0x31, 0x13), (1, 0x13));
    add(1, 0x11, 1, &[low, high]);
    add(2, 0x2e, 1, &[low, high, origin]);
    add(3, 0x1d, 1, &[low, high, origin]);
    add(4, 0x1d, 1, &[ranges, origin]);
    add(5, 0x1d, 0, &[ranges, origin]);
    add(6, 0x2e, 1, &[sibling, low, high, origin]);
    table.push(0);
    table
}

/// The beginning of a unit: its own entry, and that of a function that is as large and refers to itself.
fn unit_and_function() -> Vec<u8> {
    let mut entries = vec![1];
    entries.extend(range(TEXT, 0x1000));
    let own = HEADER + entries.len() as u32;
    entries.push(2);
    entries.extend(range(TEXT, 0x1000));
    entries.extend(own.to_le_bytes());
    entries
}

/// Sizes of what a case repeats: in debug builds all is slower.
const MANY: usize = if cfg!(debug_assertions) { 4_000 } else { 40_000 };

fn hurt(what: &str, file: &[u8]) {
    let addresses: Vec<u64> = (TEXT..TEXT + 0x1000).collect();
    let took = exercise(file, &addresses);
    println!("{what}: {} bytes, {took:?}", file.len());
    assert!(took < LIMIT, "{what}: {} bytes, {took:?}", file.len());
}

fn with_dwarf(abbreviations: Vec<u8>, info: Vec<u8>) -> Elf {
    Elf::default()
        .with(".debug_abbrev", abbreviations)
        .with(".debug_info", info)
        .symbols(&[(1, TEXT)], b"\0f\0".to_vec())
}

#[test]
fn made_files_are_read() {
    let file = with_dwarf(abbreviations(), unit(0, &unit_and_function())).build();
    let file = DebugFile::parse("made", &file).unwrap();
    assert!(file.has_dwarf() && file.has_symbols());
    assert_eq!(file.text(), Some((TEXT, TEXT + 0x1000)));
    let mut symbolizer = Symbolizer::new();
    symbolizer.set_vmlinux(&file);
    let found = symbolizer.resolve_address(TEXT + 8, true).unwrap();
    assert_eq!((&*found.symbol, found.offset, found.frames.len()), ("f", 8, 1));
}

#[test]
fn references_in_circles() {
    hurt("origin is itself", &with_dwarf(abbreviations(), unit(0, &unit_and_function())).build());
    let mut entries = unit_and_function();
    let first = HEADER + entries.len() as u32;
    // Two that refer to each other.
    for other in [first + 21, first] {
        entries.push(3);
        entries.extend(range(TEXT, 0x1000));
        entries.extend(other.to_le_bytes());
    }
    hurt("origins in a circle", &with_dwarf(abbreviations(), unit(0, &entries)).build());
    for sibling in [0, HEADER, HEADER + 18, u32::MAX] {
        let mut entries = vec![1];
        entries.extend(range(TEXT, 0x1000));
        entries.push(6);
        entries.extend(sibling.to_le_bytes());
        entries.extend(range(TEXT + 0x800, 8));
        entries.extend(0_u32.to_le_bytes());
        hurt("sibling", &with_dwarf(abbreviations(), unit(0, &entries)).build());
    }
}

#[test]
fn inlined_calls_without_end() {
    let mut entries = unit_and_function();
    for _ in 0..MANY {
        entries.push(3);
        entries.extend(range(TEXT, 0x1000));
        entries.extend(HEADER.to_le_bytes());
    }
    hurt("deep calls", &with_dwarf(abbreviations(), unit(0, &entries)).build());
}

#[test]
fn one_list_of_ranges_for_all() {
    for code in [4, 5] {
        let mut entries = unit_and_function();
        for _ in 0..MANY {
            entries.push(code);
            entries.extend(0_u32.to_le_bytes());
            entries.extend(HEADER.to_le_bytes());
        }
        for size in [1, 0x1000] {
            let mut ranges = Vec::new();
            for at in 0..MANY as u64 / 2 {
                let start = if size == 1 { TEXT + at % 0x1000 } else { TEXT };
                ranges.extend([start.to_le_bytes(), (start + size).to_le_bytes()].concat());
            }
            ranges.extend([0; 16]);
            let file = with_dwarf(abbreviations(), unit(0, &entries)).with(".debug_ranges", ranges);
            hurt(&format!("ranges of {size} in entries {code}"), &file.build());
        }
    }
}

#[test]
fn one_table_for_all_units() {
    // Every unit has the abbreviations of all from another place on.
    let mut table = Vec::new();
    for code in 0..MANY {
        let mut code = code + 2;
        while code >= 0x80 {
            table.push(code as u8 | 0x80);
            code >>= 7;
        }
        table.extend([code as u8, 0x34, 0, 0, 0]);
    }
    let starts: Vec<u32> = (0..MANY as u32 / 2).map(|at| table.len() as u32 - at * 4).collect();
    let own = abbreviations();
    table.extend(&own);
    let mut info = Vec::new();
    for start in starts {
        let mut entries = vec![1];
        entries.extend(range(TEXT + 0x10_0000, 0));
        info.extend(unit(start / 3, &entries));
    }
    hurt("abbreviations of all", &with_dwarf(table, info).build());
    // All units have one line table, whose header names many files.
    let mut header = vec![1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0];
    for _ in 0..MANY {
        header.extend(b"a\0\0\0\0");
    }
    header.push(0);
    let mut line = (header.len() as u32 + 6).to_le_bytes().to_vec();
    line.extend(4_u16.to_le_bytes());
    line.extend((header.len() as u32).to_le_bytes());
    line.extend(header);
    let table = vec![1, 0x11, 0, 0x10, 0x17, 0x11, 1, 0x12, 7, 0, 0, 0];
    let mut info = Vec::new();
    for at in 0..MANY as u64 {
        let mut entries = vec![1, 0, 0, 0, 0];
        // Each unit with an address that is looked up reads it: that is for few.
        entries.extend(range(TEXT + at % 32, if at < 32 { 1 } else { 0 }));
        info.extend(unit(0, &entries));
    }
    hurt("line header of all", &with_dwarf(table, info).with(".debug_line", line).build());
}

#[test]
fn symbols_at_one_place() {
    // No name ends before the end of the table, and all have one address.
    let strings = [vec![0], vec![b'a'; MANY * 4]].concat();
    let symbols: Vec<(u32, u64)> = (1..MANY as u32).map(|name| (name, TEXT)).collect();
    hurt("names without ends", &Elf::default().symbols(&symbols, strings.clone()).build());
    let strings = [b"\0f\0".to_vec(), vec![b'a'; 8]].concat();
    let symbols: Vec<(u32, u64)> = (0..MANY).map(|_| (1, TEXT)).collect();
    hurt("one symbol many times", &Elf::default().symbols(&symbols, strings.clone()).build());
    let symbols: Vec<(u32, u64)> = (0..MANY as u64).map(|at| (1, TEXT + at % 0x1000)).collect();
    hurt("one symbol everywhere", &Elf::default().symbols(&symbols, strings).build());
}

#[test]
fn relocations_of_one_place() {
    let mut records = Vec::new();
    for _ in 0..MANY {
        records.extend((HEADER as u64 + 1).to_le_bytes());
        records.extend((1_u64 << 32 | 1).to_le_bytes());
        records.extend(0_u64.to_le_bytes());
    }
    let mut entries = unit_and_function();
    for _ in 0..MANY {
        entries.push(3);
        entries.extend(range(0, 0x1000));
        entries.extend(HEADER.to_le_bytes());
    }
    let mut file = with_dwarf(abbreviations(), unit(0, &entries)).with(".rela.debug_info", records);
    file.relocatable = true;
    hurt("relocations", &file.build());
}

#[test]
fn line_programs() {
    // What the header says of operations: none, all zeros, all ones.
    for fields in
        [[0, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0], [255; 6], [1, 1, 1, 0xfb, 14, 1], [1, 0, 1, 0xfb, 14, 13]]
    {
        for program in [vec![0; 64], vec![0xff; 64], vec![9; 65], vec![0, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 1]]
        {
            let mut header = fields.to_vec();
            header.extend([0; 16]);
            let mut line = ((header.len() + program.len()) as u32 + 6).to_le_bytes().to_vec();
            line.extend(4_u16.to_le_bytes());
            line.extend((header.len() as u32).to_le_bytes());
            line.extend(header);
            line.extend(program);
            let table = vec![1, 0x11, 0, 0x10, 0x17, 0x11, 1, 0x12, 7, 0, 0, 0];
            let mut entries = vec![1, 0, 0, 0, 0];
            entries.extend(range(TEXT, 0x1000));
            hurt("line program", &with_dwarf(table, unit(0, &entries)).with(".debug_line", line).build());
        }
    }
    // Sequences that all cover everything.
    let mut program = Vec::new();
    for _ in 0..MANY {
        program.extend([0, 9, 2]);
        program.extend(TEXT.to_le_bytes());
        program.extend([1, 2, 0x80, 0x20, 0, 1, 1]);
    }
    let header =
        [&[1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1][..], b"\0a\0\0\0\0\0"].concat();
    let mut line = ((header.len() + program.len()) as u32 + 6).to_le_bytes().to_vec();
    line.extend(4_u16.to_le_bytes());
    line.extend((header.len() as u32).to_le_bytes());
    line.extend(header);
    line.extend(program);
    let table = vec![1, 0x11, 0, 0x10, 0x17, 0x11, 1, 0x12, 7, 0, 0, 0];
    let mut entries = vec![1, 0, 0, 0, 0];
    entries.extend(range(TEXT, 0x1000));
    hurt("sequences", &with_dwarf(table, unit(0, &entries)).with(".debug_line", line).build());
}

#[test]
fn sections_that_claim_to_be_giants() {
    for (kind, claimed) in [(1_u32, 1_u64 << 40), (2, 1 << 40), (1, 600), (2, 600), (1, u64::MAX), (9, 100)] {
        let mut section = kind.to_le_bytes().to_vec();
        section.extend(0_u32.to_le_bytes());
        section.extend(claimed.to_le_bytes());
        section.extend(1_u64.to_le_bytes());
        // A frame of zstd whose window has 100 MiB, or no stream of zlib.
        section.extend([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x84, 1, 0, 0]);
        let mut file = with_dwarf(abbreviations(), section);
        for section in file.sections.iter_mut().filter(|section| section.0 == ".debug_info") {
            section.2 = COMPRESSED;
        }
        hurt("giant", &file.build());
    }
}
