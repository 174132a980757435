//! The symbolizer: damaged ELF files, and any text over a sound one.
#![no_main]

use std::sync::LazyLock;

use crashparse::facts::frame::Frame;
use crashparse::symbolize::{DebugFile, Filter, SymbolMap, Symbolizer, module_name};
use libfuzzer_sys::fuzz_target;

/// Frames of the sound files' functions, of which damaged ones have some left.
const FRAMES: [&str; 12] = [
    " copy_process+0x1a/0x40",
    " copy_process+0x24/0x40",
    " kernel_init+0x10/0x50",
    " panic+0x22/0x26",
    " _RNvCs1_7fixture4step+0x1/0x10",
    "RIP: 0010:warn+0x1/0x20",
    " ? read_flags+0x0/0x10",
    " [<ffffffff81000010>] panic+0x10/0x26",
    " mixer_read+0x8/0x20 [snd_fixture]",
    " mixer_open+0x1/0x400 [snd_fixture]",
    " snd_init+0x0/0xffffffffffffffff [snd_fixture]",
    " init_module+0xffffffffffffffff/0x20 [snd_fixture 0011223344556677]",
];
/// Addresses of a file's code that are looked up.
const ADDRESSES: u64 = 48;

fn open(name: &str, bytes: &'static [u8]) -> DebugFile<'static> {
    DebugFile::parse(name, bytes).unwrap()
}

static VMLINUX: LazyLock<DebugFile<'static>> =
    LazyLock::new(|| open("vmlinux", include_bytes!("../../testdata/symbolize/vmlinux-dwarf5")));
static MODULE: LazyLock<DebugFile<'static>> =
    LazyLock::new(|| open("snd-fixture.ko", include_bytes!("../../testdata/symbolize/snd-fixture.ko")));

fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"\x7fELF") {
        file(data);
    } else {
        text(data);
    }
});

fn frames() -> Vec<Frame<'static>> {
    FRAMES.iter().filter_map(|text| Frame::parse(text.as_bytes())).collect()
}

/// A damaged file, as a kernel and as a module.
fn file(data: &[u8]) {
    let Ok(file) = DebugFile::parse("file", data) else { return };
    let about = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        file.build_id(),
        file.debug_link(),
        file.module_name(),
        file.release(),
        file.has_dwarf(),
        file.has_symbols(),
        file.arch(),
    );
    assert!(!about.is_empty());
    let _ = (file.is_debug_file_of(&VMLINUX), VMLINUX.is_debug_file_of(&file), file.is_debug_file_of(&file));

    let mut symbolizer = Symbolizer::new();
    symbolizer.set_vmlinux(&file);
    symbolizer.add_module("snd_fixture", &file);
    symbolizer.set_allow_mismatch(true);
    let _ = symbolizer.check(Some("x86_64"), Some("0011"), Some("6.1.0"));
    let frames = frames();
    for result in symbolizer.resolve_all(&frames) {
        assert!(result.map_or_else(|error| error.to_string(), |found| format!("{found:?}")).len() > 1);
    }
    for frame in &frames {
        let _ = (symbolizer.slide(frame), symbolizer.check_frame(frame, None));
    }
    let (start, end) = file.text().unwrap_or((0, 1 << 12));
    let step = (end.wrapping_sub(start) / ADDRESSES).clamp(1, 1 << 20);
    let mut addresses: Vec<u64> = (0..ADDRESSES).map(|nth| start.wrapping_add(nth * step)).collect();
    addresses.extend([0, 1, end, u64::MAX, 1 << 63]);
    for exact in [true, false] {
        for result in symbolizer.resolve_addresses(&addresses, exact) {
            assert!(result.map_or_else(|error| error.to_string(), |found| format!("{found:?}")).len() > 1);
        }
    }
    // A module beside a sound kernel.
    let mut beside = Symbolizer::new();
    beside.set_vmlinux(&VMLINUX);
    beside.add_module("snd_fixture", &file);
    assert_eq!(beside.resolve_all(&frames).len(), frames.len());
}

/// Any text: what is put into it are sources alone.
fn text(text: &[u8]) {
    let mut symbolizer = Symbolizer::new();
    symbolizer.set_vmlinux(&VMLINUX);
    symbolizer.add_module("snd-fixture", &MODULE);
    let frames = Filter::frames(text);
    assert!(frames.len() <= text.len());
    let sources = symbolizer.sources(&frames, symbolizer.slide_of(&frames));
    assert!(sources.errors().len() <= frames.len());
    for filter in [Filter::new(&symbolizer), Filter::new(&symbolizer).slide(0x1000)] {
        let mut out = Vec::new();
        filter.text(text, &mut out);
        assert!(out.len() >= text.len(), "{} bytes of {} are left", out.len(), text.len());
        let mut again = Vec::new();
        filter.text(text, &mut again);
        assert!(out == again, "another text the second time");
    }
    assert!(module_name(&String::from_utf8_lossy(text)).len() <= 3 * text.len());
    let Some(map) = SymbolMap::parse(text) else { return };
    for address in [0, 0xffff_ffff_8100_0000, 0xffff_ffff_8100_0010, u64::MAX] {
        let _ = map.at(address);
    }
    let mut of_map = Symbolizer::new();
    of_map.set_map(&map);
    let _ = of_map.resolve_addresses(&[0, 0xffff_ffff_8100_0010, u64::MAX], false);
    let _ = of_map.slide_of(&frames);
}
