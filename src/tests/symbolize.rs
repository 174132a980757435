//! The symbolizer over small ELF files of our own: `testdata/symbolize`, of which the sources are in its `src`.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use super::support::testdata;
use crate::facts::frame::{Frame, Trust};
use crate::symbolize::{
    DebugFile, Error, ErrorKind, Filter, ModuleFiles, Resolved, SourceFrame, Sources, SymbolMap, Symbolizer,
    debug_files, module_name,
};

pub(super) fn path(name: &str) -> PathBuf {
    testdata().join("symbolize").join(name)
}

pub(super) fn bytes(name: &str) -> Vec<u8> {
    let path = path(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A fixture, needed until the end of the test.
fn open(name: &str) -> &'static DebugFile<'static> {
    Box::leak(Box::new(DebugFile::parse(name, bytes(name).leak()).unwrap()))
}

/// A symbolizer of one fixture: a module's has the name `snd_fixture`.
fn of(name: &str) -> Symbolizer<'static> {
    let mut symbolizer = Symbolizer::new();
    if name.contains(".ko") {
        symbolizer.add_module("snd_fixture", open(name));
    } else {
        symbolizer.set_vmlinux(open(name));
    }
    symbolizer
}

/// One call as the tables have it: `read_flags@include/linux/task.h:23`.
fn call(call: &SourceFrame) -> String {
    match (&call.file, call.line) {
        (Some(file), Some(line)) => format!("{}@{file}:{line}", call.function),
        (Some(file), None) => format!("{}@{file}:?", call.function),
        (None, _) => format!("{}@??", call.function),
    }
}

/// The calls, the innermost first, or the error.
fn chain(resolved: &Result<Arc<Resolved>, Error>) -> String {
    match resolved {
        Ok(resolved) => {
            let (last, inlined) = resolved.frames.split_last().expect("there is always the function");
            assert!(!last.inlined && inlined.iter().all(|call| call.inlined), "{resolved:?}");
            resolved.frames.iter().map(call).collect::<Vec<_>>().join(" < ")
        }
        Err(error) => format!("{:?}: {error}", error.kind()),
    }
}

fn frame(text: &str) -> Frame<'_> {
    Frame::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text}"))
}

/// Calls at a frame whose address is one that a call returns to.
fn returns(symbolizer: &Symbolizer<'_>, text: &str) -> String {
    chain(&symbolizer.resolve(&frame(text)))
}

/// Calls at a frame whose address is an instruction's own.
fn exact(symbolizer: &Symbolizer<'_>, text: &str) -> String {
    chain(&symbolizer.resolve(&Frame { trust: Trust::Pc, ..frame(text) }))
}

/// The function of a symbol: `copy_process` of `copy_process.cold`, of PowerPC's `.copy_process` as well.
fn base(symbol: &str) -> &str {
    let name = symbol.strip_prefix('.').unwrap_or(symbol);
    name.split('.').next().unwrap()
}

/// A chain without what differs by convention: a symbol's suffix, and what stands for a place that is not known.
fn normal(chain: &str) -> String {
    let calls = chain.split(" < ").map(|call| {
        let (function, place) = call.split_once('@').unwrap();
        // Where there is no line, addr2line has the file of the table of symbols, which is no path.
        let known = place.contains('/') || place.starts_with("??");
        let place = if known { place.replace("??:?", "??").replace("??:0", "??") } else { "??".into() };
        format!("{}@{place}", base(function))
    });
    calls.collect::<Vec<_>>().join(" < ")
}

/// Symbols behind whose ends addr2line goes on with the line before, though no unit claims to have code there: an
/// instruction never is in such a gap, and return addresses are [looked up](returns) at the call.
const GAPS: &[(&str, &str, u64)] = &[("vmlinux-s390x", "warn", 0x22), ("vmlinux-s390x", "panic", 0x26)];

/// Every address of the fixtures' code, against GNU addr2line and, of clang's, llvm-symbolizer.
#[test]
fn every_address_is_where_others_say() {
    let mut checked = 0;
    let mut wrong = Vec::new();
    for table in super::support::files("symbolize/truth") {
        let name = table.file_stem().unwrap().to_str().unwrap().to_string();
        let symbolizer = of(&name);
        let module = if name.contains(".ko") { " [snd_fixture]" } else { "" };
        let text = fs::read_to_string(&table).unwrap();
        let rows: Vec<(Frame<'_>, &str)> = text
            .lines()
            .map(|row| row.split_once(' ').unwrap())
            .map(|(place, chain)| (frame(place), chain))
            .collect();
        for (at, (first, wanted)) in rows.iter().enumerate() {
            let (symbol, size) = (first.symbol.unwrap(), first.size.unwrap());
            let next = rows.get(at + 1).map(|(next, _)| next);
            let next = next.filter(|next| next.symbol == first.symbol && next.size == first.size);
            let end = next.map_or(size, |next| next.offset.unwrap());
            for offset in first.offset.unwrap()..end {
                let text = format!("{symbol}+{offset:#x}/{size:#x}{module}");
                let found = exact(&symbolizer, &text);
                checked += 1;
                let gap = GAPS.iter().any(|&(file, of, from)| {
                    file == name && of == symbol && offset >= from && !found.contains(".c")
                });
                // Behind a function llvm-symbolizer has a line without a function.
                let wanted = wanted.replace("??@", &format!("{symbol}@"));
                if !gap && (!found.contains('@') || normal(&found) != normal(&wanted)) {
                    wrong.push(format!("{name}: {text}\n  wanted {wanted}\n  found  {found}"));
                }
            }
        }
    }
    println!("{checked} addresses, {} differ", wrong.len());
    assert!(wrong.is_empty() && checked > 5000, "{}", wrong.join("\n"));
}

#[test]
fn return_addresses_are_looked_up_at_the_call() {
    for name in ["vmlinux-dwarf5", "vmlinux-dwarf4", "vmlinux-dwarf2", "vmlinux-emit-relocs", "vmlinux-zstd"]
    {
        let vmlinux = of(name);
        for (place, at_call, at_address) in [
            // `count = depth(task)`, and what follows it.
            ("copy_process+0x1a/0x40", "copy_process@kernel/fork.c:32", "copy_process@kernel/fork.c:33"),
            ("copy_process+0x24/0x40", "copy_process@kernel/fork.c:33", "copy_process@kernel/fork.c:34"),
            (
                "copy_process+0xb/0x40",
                "read_flags@include/linux/task.h:23 < task_is_dead@include/linux/task.h:28 \
                 < copy_process@kernel/fork.c:27",
                "copy_process@kernel/fork.c:27",
            ),
            // `warn` is cold, and so is what calls it.
            (
                "copy_process.cold+0xe/0x2e",
                "copy_process.cold@kernel/fork.c:28",
                "copy_process.cold@kernel/fork.c:29",
            ),
            (
                "charge.constprop.0+0x10/0x30",
                "charge.constprop.0@kernel/fork.c:6",
                "charge.constprop.0@kernel/fork.c:9",
            ),
            ("depth.isra.0+0x2/0x20", "depth.isra.0@kernel/fork.c:14", "depth.isra.0@kernel/fork.c:18"),
            // The call is the last instruction of the function before.
            ("wait_for+0x0/0x30", "copy_process@kernel/fork.c:35", "wait_for@kernel/fork.c:39"),
            // Of an assembly file only lines are known.
            ("entry_code+0x1/0x10", "entry_code@arch/entry.S:5", "entry_code@arch/entry.S:6"),
            ("start_kernel+0x15/0x45", "start_kernel@init/main.c:12", "start_kernel@init/main.c:12"),
        ] {
            assert_eq!(returns(&vmlinux, place), at_call, "{name}: {place}");
            assert_eq!(exact(&vmlinux, place), at_address, "{name}: {place}");
        }
        // A call that never returns is the last instruction: behind it begins another function.
        assert_eq!(returns(&vmlinux, "die+0x14/0x14"), "die@kernel/panic.c:24");
    }
}

#[test]
fn an_offset_beyond_the_symbol_has_no_line() {
    let vmlinux = of("vmlinux-dwarf5");
    for place in
        ["copy_process+0xffff/0x40", "copy_process+0x41/0x40", "copy_process+0xffffffffffffffff/0x40"]
    {
        let wanted = format!("NotFound: vmlinux-dwarf5: {place}: offset beyond the symbol");
        assert_eq!(returns(&vmlinux, place), wanted);
        assert_eq!(exact(&vmlinux, place), wanted);
    }
    // Behind a call that is the last instruction; but there is none.
    assert_eq!(returns(&vmlinux, "die+0x14/0x14"), "die@kernel/panic.c:24");
    assert_eq!(
        exact(&vmlinux, "die+0x14/0x14"),
        "NotFound: vmlinux-dwarf5: die+0x14/0x14: offset beyond the symbol"
    );
    // A size that the log does not have is the distance to the next symbol, where there is one.
    let bare = |offset, trust| {
        let frame = Frame { size: None, offset: Some(offset), trust, ..frame("copy_process+0x0/0x1") };
        chain(&vmlinux.resolve(&frame))
    };
    assert_eq!(bare(0x24, Trust::Return), "copy_process@kernel/fork.c:33");
    assert_eq!(bare(0x3f, Trust::Pc), "copy_process@kernel/fork.c:35");
    assert!(bare(0x40, Trust::Return).starts_with("copy_process@"));
    for (offset, trust) in [(0x40, Trust::Pc), (0x41, Trust::Return)] {
        let wanted = format!("NotFound: vmlinux-dwarf5: copy_process+{offset:#x}: offset beyond the symbol");
        assert_eq!(bare(offset, trust), wanted);
    }
}

/// Several threads look up at once.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Symbolizer<'_>>();
    is_shared::<DebugFile<'_>>();
    is_shared::<Sources>();
    is_shared::<Filter<'_, '_>>();
    is_shared::<SymbolMap<'_>>();
};

#[test]
fn threads_share_a_symbolizer() {
    let vmlinux = of("vmlinux-dwarf5");
    let found: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| returns(&vmlinux, "copy_process+0x24/0x40"))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(found, ["copy_process@kernel/fork.c:33"; 4]);
}

#[test]
fn modules_of_another_cpu_are_refused() {
    let mut symbolizer = of("vmlinux-dwarf5");
    symbolizer.add_module("snd_fixture", open("main-aarch64.ko"));
    symbolizer.set_allow_mismatch(true);
    let place = "fixture_open+0x14/0x44 [snd_fixture]";
    let wanted = "WrongArchitecture: main-aarch64.ko: the file is of aarch64, vmlinux of x86_64";
    assert_eq!(returns(&symbolizer, place), wanted);
    // Without vmlinux the log says it.
    let module = of("main-aarch64.ko");
    let check = |arch| module.check_frame(&frame(place), arch).map_err(|error| error.to_string());
    assert_eq!(check(None), Ok(()));
    assert_eq!(check(Some("aarch64")), Ok(()));
    let wanted = "main-aarch64.ko: the file is of aarch64, the log of x86_64";
    assert_eq!(check(Some("x86_64")), Err(wanted.to_string()));
}

#[test]
fn the_same_offset_of_another_section_is_another_line() {
    let module = of("snd-fixture.ko");
    let lines = ["fixture_init+0x1c/0x33", "fixture_exit+0xf/0x17", "fixture_open.cold+0x12/0x36"];
    let found: Vec<_> = lines.map(|line| returns(&module, &format!("{line} [snd_fixture]"))).into();
    assert_eq!(
        found,
        [
            "fixture_init@sound/fixture/main.c:30",
            "fixture_exit@sound/fixture/main.c:36",
            "fixture_open.cold@sound/fixture/main.c:18",
        ]
    );
    let init = module.resolve(&frame("fixture_init+0x1c/0x33 [snd_fixture]")).unwrap();
    assert_eq!((init.section.as_deref(), init.address, init.offset), (Some(".init.text"), 0x1c, 0x1c));
    let open = module.resolve(&frame("fixture_open+0x1c/0x30 [snd_fixture]")).unwrap();
    assert_eq!((open.section.as_deref(), open.address), (Some(".text"), 0x2c));
    assert_eq!(call(&open.frames[0]), "fixture_open@sound/fixture/main.c:22");
}

/// Of CPUs without a linker here: places that `llvm-objdump -dl` names, each of a relocation of its own kind.
#[test]
fn modules_of_other_cpus_are_relocated() {
    let inlined = "read_flags@include/linux/task.h:23 < task_is_dead@include/linux/task.h:28 \
                   < fixture_open@sound/fixture/main.c:17";
    for (name, arch, flags, level, warn, exit, open) in [
        ("main-arm.ko", "arm", 0x10, 0, 0x1c, 0x10, 0x20),
        ("main-aarch64.ko", "aarch64", 0x14, 0, 0x1c, 0x18, 0x28),
        ("main-riscv64.ko", "riscv64", 0x12, 0, 0x16, 0x16, 0x26),
        ("main-riscv64-relax.ko", "riscv64", 0x12, 0, 0x16, 0x16, 0x26),
        ("main-mips64.ko", "mips64", 0x18, 0, 0x1c, 0x14, 0x28),
        ("main-mips64el.ko", "mips64", 0x18, 0, 0x1c, 0x14, 0x28),
        ("main-sparc64.ko", "sparc64", 0xc, 4, 0x14, 0x1c, 0x28),
    ] {
        let module = of(name);
        assert_eq!(open_arch(name), Some(arch), "{name}");
        for (symbol, offset, wanted) in [
            ("fixture_open", 0, "fixture_open@sound/fixture/main.c:14"),
            ("fixture_open", flags, inlined),
            ("level_of", level, "level_of@sound/fixture/main.c:10"),
            ("fixture_init", warn, "fixture_init@sound/fixture/main.c:30"),
            (
                "fixture_init",
                open,
                "fixture_open@sound/fixture/main.c:15 < fixture_init@sound/fixture/main.c:31",
            ),
            ("fixture_exit", exit, "fixture_exit@sound/fixture/main.c:37"),
        ] {
            let place = format!("{symbol}+{offset:#x}/0x1 [snd_fixture]");
            let frame = Frame { trust: Trust::Pc, size: None, ..frame(&place) };
            assert_eq!(chain(&module.resolve(&frame)), wanted, "{name}: {place}");
        }
    }
    // A unit of one section alone: its size is made by relocations too.
    let module = of("mixer-riscv64.ko");
    for (offset, line) in [(0, 9), (0xe, 12), (0x30, 13), (0x46, 14)] {
        let place = format!("fixture_mix+{offset:#x}/0x58 [snd_fixture]");
        assert_eq!(exact(&module, &place), format!("fixture_mix@sound/fixture/mixer.c:{line}"));
    }
}

fn open_arch(name: &str) -> Option<&'static str> {
    open(name).arch()
}

#[test]
fn symbols_of_one_name_are_told_apart_by_their_size() {
    let vmlinux = of("vmlinux-dwarf5");
    assert_eq!(returns(&vmlinux, "shrink+0x6/0x10"), "shrink@mm/slab.c:15");
    assert_eq!(returns(&vmlinux, "shrink+0x8/0x20"), "shrink@mm/slub.c:14");
    // Two of one size: nobody knows which, unless the call is the same.
    let error = vmlinux.resolve(&frame("drain+0x8/0x20")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Ambiguous);
    assert_eq!(
        error.to_string(),
        "vmlinux-dwarf5: several symbols drain of size 0x20: mm/slub.c:8, mm/slab.c:8"
    );
    let candidates = error.candidates().iter();
    let candidates: Vec<_> =
        candidates.map(|one| (&*one.symbol, one.address, one.file.as_deref(), one.line)).collect();
    assert_eq!(
        candidates,
        [
            ("drain", 0xffff_ffff_8100_01d0, Some("mm/slub.c"), Some(8)),
            ("drain", 0xffff_ffff_8100_0180, Some("mm/slab.c"), Some(8))
        ]
    );
    let module = of("snd-fixture.ko");
    let error = module.resolve(&frame("level_of.isra.0+0x3/0x10 [snd_fixture]")).unwrap_err();
    assert!(error.candidates().iter().all(|one| one.section.as_deref() == Some(".text")), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Ambiguous);
    let message = error.to_string();
    assert!(message.contains("sound/fixture/main.c:10, sound/fixture/mixer.c:5"), "{message}");
}

#[test]
fn files_of_another_build_are_refused() {
    let mut vmlinux = of("vmlinux-dwarf5");
    assert_eq!(
        returns(&vmlinux, "copy_process+0x24/0x400"),
        "WrongSize: vmlinux-dwarf5: copy_process has 0x3d bytes, in the log 0x400: not the same build"
    );
    let id = open("vmlinux-dwarf5").build_id().unwrap();
    let other = "0123456789abcdef0123456789abcdef01234567";
    let own = "copy_process@kernel/fork.c:33";
    assert_eq!(returns(&vmlinux, &format!("copy_process+0x24/0x40 [{id}]")), own);
    let wrong = returns(&vmlinux, &format!("copy_process+0x24/0x40 [{other}]"));
    assert_eq!(
        wrong,
        format!("WrongBuildId: vmlinux-dwarf5: the file's build ID is {id}, the log's {other}")
    );
    assert_eq!(vmlinux.check(Some("x86_64"), Some(&id), None), Ok(()));
    assert_eq!(vmlinux.check(None, None, None), Ok(()));
    assert_eq!(vmlinux.check(None, Some(other), None).unwrap_err().kind(), ErrorKind::WrongBuildId);
    let error = vmlinux.check(Some("aarch64"), None, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongArchitecture);
    assert_eq!(error.to_string(), "vmlinux-dwarf5: the file is of x86_64, the log of aarch64");
    vmlinux.set_allow_mismatch(true);
    assert_eq!(returns(&vmlinux, &format!("copy_process+0x24/0x40 [{other}]")), own);
    // What it means for the whole log is for the caller to say.
    assert_eq!(vmlinux.check(Some("x86_64"), Some(other), None).unwrap_err().kind(), ErrorKind::WrongBuildId);
    // No code of another CPU has the same functions.
    assert!(vmlinux.check(Some("aarch64"), None, None).is_err());
}

#[test]
fn without_dwarf_there_are_functions_and_without_symbols_nothing() {
    let file = open("vmlinux-nodwarf");
    assert!(!file.has_dwarf() && file.has_symbols());
    let vmlinux = of("vmlinux-nodwarf");
    assert_eq!(returns(&vmlinux, "copy_process.cold+0xe/0x2e"), "copy_process.cold@??");
    let found = vmlinux.resolve_address(0xffff_ffff_8100_0118, true).unwrap();
    assert_eq!((&*found.symbol, found.offset), ("copy_process", 8));
    let file = open("vmlinux-stripped");
    assert!(!file.has_dwarf() && !file.has_symbols());
    let stripped = of("vmlinux-stripped");
    assert_eq!(
        returns(&stripped, "copy_process+0x24/0x40"),
        "NoSymbols: vmlinux-stripped: stripped: it has no symbols"
    );
    assert_eq!(
        stripped.resolve_address(0xffff_ffff_8100_0118, true).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[test]
fn every_message_names_its_file() {
    let error = |name: &str, bytes: &'static [u8]| DebugFile::parse(name, bytes).unwrap_err();
    let mut boot_image = vec![0; 0x300];
    boot_image[0x202..0x206].copy_from_slice(b"HdrS");
    let cut = bytes("vmlinux-dwarf5")[..9000].to_vec();
    let errors = [
        (ErrorKind::NotElf, error("FILE", b"#!/bin/sh\n")),
        (ErrorKind::NotElf, error("FILE", b"")),
        (ErrorKind::NotElf, error("FILE", boot_image.leak())),
        (ErrorKind::Truncated, error("FILE", b"\x7fELF")),
        (ErrorKind::Truncated, error("FILE", cut.leak())),
    ];
    for (kind, error) in &errors {
        assert_eq!(error.kind(), *kind, "{error}");
        assert!(error.to_string().starts_with("FILE: "), "{error}");
    }
    assert!(errors[2].1.to_string().contains("boot image"));
    let vmlinux = of("vmlinux-dwarf5");
    assert_eq!(returns(&vmlinux, "nothing+0x1/0x2"), "NotFound: vmlinux-dwarf5: no symbol nothing");
    assert_eq!(
        vmlinux.resolve_address(0x1000, true).unwrap_err().to_string(),
        "vmlinux-dwarf5: no symbol at 0x1000"
    );
    assert_eq!(
        returns(&vmlinux, "fixture_open+0x1/0x30 [snd_fixture]"),
        "NoModule: no file for module snd_fixture"
    );
    let nothing = Symbolizer::new();
    assert_eq!(returns(&nothing, "copy_process+0x24/0x40"), "NoVmlinux: no vmlinux");
    assert_eq!(nothing.resolve_address(0x1000, true).unwrap_err().kind(), ErrorKind::NoVmlinux);
}

#[test]
fn addresses_of_vmlinux() {
    let mut vmlinux = of("vmlinux-dwarf5");
    let found = |symbolizer: &Symbolizer<'_>, address: u64, exact: bool| {
        let found = symbolizer.resolve_address(address, exact).map(Arc::new);
        let place = found.as_ref().map(|found| format!("{}+{:#x} ", found.symbol, found.offset));
        format!("{}{}", place.unwrap_or_default(), chain(&found))
    };
    assert_eq!(
        found(&vmlinux, 0xffff_ffff_8100_0118, true),
        "copy_process+0x8 read_flags@include/linux/task.h:23 < task_is_dead@include/linux/task.h:28 \
         < copy_process@kernel/fork.c:27"
    );
    assert_eq!(
        found(&vmlinux, 0xffff_ffff_8100_0134, false),
        "copy_process+0x24 copy_process@kernel/fork.c:33"
    );
    assert_eq!(
        found(&vmlinux, 0xffff_ffff_8100_0134, true),
        "copy_process+0x24 copy_process@kernel/fork.c:34"
    );
    assert_eq!(found(&vmlinux, 0xffff_ffff_8100_006e, false), "die+0x14 die@kernel/panic.c:24");
    assert_eq!(found(&vmlinux, 0xffff_ffff_8100_0241, true), "entry_end+0x1 entry_end@arch/entry.S:14");
    assert_eq!(found(&vmlinux, 0xffff_ffff_8100_0177, true), "wait_for+0x27 wait_for@??");
    for missing in [0, 1, 0x1000, u64::MAX, 0xffff_ffff_8100_0242, 0xffff_ffff_80ff_ffff] {
        assert!(found(&vmlinux, missing, true).starts_with("NotFound"), "{missing:#x}");
    }
    // Of clang's units `.debug_aranges` knows one.
    assert_eq!(
        found(&of("vmlinux-clang"), 0xffff_ffff_8100_00fb, true),
        "wait_for+0xb read_flags@include/linux/task.h:23 < task_is_dead@include/linux/task.h:28 \
         < wait_for@kernel/fork.c:40"
    );
    let bare = frame("[<ffffffff9a000134>] copy_process+0x24/0x40");
    assert_eq!(vmlinux.slide(&bare), Some(0x1900_0000));
    assert_eq!(vmlinux.slide(&frame("[<ffffffff9a000134>] drain+0x8/0x20")), None);
    assert_eq!(vmlinux.slide(&frame("copy_process+0x24/0x40")), None);
    assert_eq!(vmlinux.slide(&frame("[<ffffffffc0000134>] fixture_open+0x8/0x30 [snd_fixture]")), None);
    vmlinux.set_strip_prefix(b"/src/linux/kernel");
    assert_eq!(returns(&vmlinux, "copy_process+0x24/0x40"), "copy_process@fork.c:33");
}

/// The symbols of code have a dot before their names, and the plain names are those of descriptors.
#[test]
fn functions_of_elfv1() {
    let vmlinux = of("vmlinux-ppc64");
    assert_eq!(open_arch("vmlinux-ppc64"), Some("ppc64"));
    let found = vmlinux.resolve_address(0xc000_0000_0000_0134, true).unwrap();
    assert_eq!((&*found.symbol, found.offset), (".copy_process", 4));
    // By the distance to the next symbol: its own size is 0x18.
    assert_eq!(returns(&vmlinux, ".shrink+0x4/0x20"), ".shrink@mm/slab.c:15");
    assert_eq!(vmlinux.resolve(&frame(".drain+0x4/0x30")).unwrap_err().kind(), ErrorKind::Ambiguous);
    assert_eq!(vmlinux.slide(&frame("[c000000001000134] .copy_process+0x4/0xc0")), Some(0x100_0000));
}

#[test]
fn compressed_sections_and_other_forms_of_a_file_give_the_same() {
    let all: Vec<u64> = (0..0x250).map(|offset| 0xffff_ffff_8100_0000 + offset).collect();
    let wanted = of("vmlinux-dwarf5").resolve_addresses(&all, true);
    for name in ["vmlinux-zlib", "vmlinux-zlib-gnu", "vmlinux-zstd", "vmlinux-emit-relocs"] {
        let found: Vec<String> =
            of(name).resolve_addresses(&all, true).into_iter().map(|r| chain(&r.map(Arc::new))).collect();
        let wanted: Vec<String> =
            wanted.iter().map(|r| chain(&r.clone().map(Arc::new)).replace("vmlinux-dwarf5", name)).collect();
        assert_eq!(found, wanted, "{name}");
    }
    let mut threaded = of("vmlinux-dwarf5");
    threaded.set_threads(4);
    assert_eq!(threaded.resolve_addresses(&all, true), wanted);
    let table = fs::read_to_string(path("truth/snd-fixture.ko.txt")).unwrap();
    let (whole, debug) = (of("snd-fixture.ko"), of("snd-fixture.ko.debug"));
    for row in table.lines() {
        let place = format!("{} [snd_fixture]", row.split_once(' ').unwrap().0);
        assert_eq!(exact(&debug, &place), exact(&whole, &place));
        assert_eq!(returns(&debug, &place), returns(&whole, &place));
    }
}

#[test]
fn sections_that_cannot_be_unpacked_are_named() {
    use object::{Object, ObjectSection};
    for name in ["vmlinux-dwarf5", "vmlinux-zlib", "vmlinux-zlib-gnu", "vmlinux-zstd", "snd-fixture-zlib.ko"]
    {
        assert_eq!(open(name).broken_sections(), [], "{name}");
    }
    // Of `.debug_info` the type of packing, the size, and what is packed (`Elf64_Chdr`, `elf.h`).
    let whole = bytes("vmlinux-zlib");
    let elf = object::File::parse(&*whole).unwrap();
    let (at, size) = elf.section_by_name(".debug_info").unwrap().file_range().unwrap();
    let (at, end) = (at as usize, (at + size) as usize);
    let cases: [(std::ops::Range<usize>, u8, &str); 4] = [
        (at..at + 1, 7, "Unsupported ELF compression type"),
        (at + 12..at + 13, 1, "it would be more than 64 times as large"),
        (at + 30..end, 0xff, "Invalid zlib compressed data"),
        (at + 8..at + 9, 0xff, ""),
    ];
    for (range, byte, why) in cases {
        let mut broken = whole.clone();
        broken[range.clone()].fill(byte);
        let file = DebugFile::parse("broken", &broken).unwrap();
        let found = file.broken_sections();
        let messages: Vec<String> = found.iter().map(Error::to_string).collect();
        let message = messages.concat();
        assert!(
            message.starts_with("broken: .debug_info cannot be unpacked: ") && message.contains(why),
            "{range:?}: {message}"
        );
        assert!(found.iter().all(|error| error.kind() == ErrorKind::BadDwarf) && found.len() == 1);
    }
}

#[test]
fn names_of_rust_are_demangled() {
    let mut module = Symbolizer::new();
    module.add_module("rust", open("rust-v0.ko"));
    let sum = "_RNvXCsavurR2QIlcu_7fixtureNtB2_4RingNtB2_3Sum3sum+0x3/0x30 [rust]";
    let found = exact(&module, sum);
    let calls: Vec<&str> = found.split(" < ").collect();
    assert_eq!(calls.len(), 5, "{found}");
    assert!(calls[0].starts_with("<u32 as core::ops::bit::BitXor>::bitxor@/rustc/"), "{found}");
    assert_eq!(calls[2], "<fixture::Ring as fixture::Sum>::sum::{closure#0}@rust/lib.rs:16");
    assert_eq!(calls[4], "<fixture::Ring as fixture::Sum>::sum@rust/lib.rs:16");
    assert_eq!(
        exact(&module, "_RNvMs_CsavurR2QIlcu_7fixtureNtB4_4Ring4push+0x4/0x14 [rust]"),
        "<fixture::Ring>::next@rust/lib.rs:32 < <fixture::Ring>::push@rust/lib.rs:23"
    );
    let mut module = Symbolizer::new();
    module.add_module("rust", open("rust-legacy.ko"));
    assert_eq!(
        exact(&module, "_ZN7fixture4Ring4push17hbd82f009c81fc473E+0x4/0x14 [rust]"),
        "fixture::Ring::next@rust/lib.rs:32 < fixture::Ring::push@rust/lib.rs:23"
    );
    assert_eq!(returns(&module, "rust_fixture_push+0x8/0xa [rust]"), "rust_fixture_push@rust/lib.rs:38");
}

#[test]
fn modules_by_name_and_place() {
    assert_eq!(module_name("snd-fixture.ko.xz"), "snd_fixture");
    assert_eq!(open("snd-fixture.ko").module_name(), Some("snd_fixture"));
    assert_eq!(open("vmlinux-dwarf5").module_name(), None);
    let mut symbolizer = Symbolizer::new();
    symbolizer.add_module("snd-fixture", open("snd-fixture.ko"));
    assert!(symbolizer.has_file(Some("snd_fixture")) && !symbolizer.has_file(None));
    for module in ["snd_fixture", "snd-fixture"] {
        let place = format!("fixture_mix+0x25/0x2d [{module}]");
        assert_eq!(returns(&symbolizer, &place), "fixture_mix@sound/fixture/mixer.c:13");
    }
    let files = ModuleFiles::search(&path("")).unwrap();
    assert_eq!(files.find("snd_fixture"), Some(path("snd-fixture.ko.debug").as_path()));
    assert_eq!(files.find("main_arm"), Some(path("main-arm.ko").as_path()));
    assert_eq!(files.find("vmlinux_dwarf5"), None);
    let packed = ModuleFiles::search(&path("packed")).unwrap();
    assert_eq!((packed.len(), packed.is_empty()), (1, false));
    assert_eq!(packed.find("snd-fixture"), Some(path("packed/snd-fixture.ko.gz").as_path()));
    let one = ModuleFiles::search(&path("packed/snd-fixture.ko.zst")).unwrap();
    assert_eq!(one.find("snd_fixture"), Some(path("packed/snd-fixture.ko.zst").as_path()));
    assert!(ModuleFiles::search(&path("no such directory")).is_err());
    let stripped = path("stripped/snd-fixture.ko");
    let file = open("stripped/snd-fixture.ko");
    assert!(!file.has_dwarf());
    let (link, crc) = file.debug_link().unwrap();
    assert_eq!((link, crc), (b"snd-fixture.ko.debug".as_slice(), crc32(&bytes("snd-fixture.ko.debug"))));
    let id = file.build_id().unwrap();
    assert_eq!(open("snd-fixture.ko.debug").build_id().as_ref(), Some(&id));
    let places = debug_files(&stripped, file);
    let by_id = format!("/usr/lib/debug/.build-id/{}/{}.debug", &id[..2], &id[2..]);
    let directory = stripped.canonicalize().unwrap().parent().unwrap().to_path_buf();
    for wanted in
        [by_id.into(), directory.join("snd-fixture.ko.debug"), directory.join(".debug/snd-fixture.ko.debug")]
    {
        assert!(places.contains(&wanted), "{wanted:?} in {places:?}");
    }
    assert!(!places.contains(&stripped));
}

/// As `.gnu_debuglink` has it, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[test]
fn debug_files_are_known_by_build_id_or_sum() {
    let stripped = open("stripped/snd-fixture.ko");
    let debug = open("snd-fixture.ko.debug");
    assert!(debug.is_debug_file_of(stripped));
    assert!(!open("snd-fixture-clang.ko").is_debug_file_of(stripped));
    // Without a build ID it is the sum that counts.
    let mut bytes = bytes("stripped/snd-fixture.ko");
    let note = b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0";
    let at = memchr::memmem::find(&bytes, note).unwrap() + note.len() - 4;
    bytes[at..at + 3].copy_from_slice(b"XYZ");
    let bare = DebugFile::parse("bare", &bytes).unwrap();
    assert_eq!(bare.build_id(), None);
    assert!(debug.is_debug_file_of(&bare));
    assert!(!open("snd-fixture.ko").is_debug_file_of(&bare));
    // Of what has neither nothing is known.
    let neither = open("main-aarch64.ko");
    assert_eq!((neither.build_id(), neither.debug_link()), (None, None));
    assert!(!debug.is_debug_file_of(neither));
}

#[test]
fn all_files_of_a_module_are_kept() {
    let names = |files: &ModuleFiles, module| -> Vec<String> {
        files.all(module).map(|path| path.file_name().unwrap().to_str().unwrap().to_string()).collect()
    };
    let files = ModuleFiles::search(&path("packed")).unwrap();
    assert_eq!(
        names(&files, "snd-fixture"),
        ["snd-fixture.ko.gz", "snd-fixture.ko.xz", "snd-fixture.ko.zst"]
    );
    assert_eq!(files.find("snd_fixture"), files.all("snd_fixture").next());
    assert_eq!(names(&files, "other"), [""; 0]);
    let files = ModuleFiles::search(&path("")).unwrap();
    let all = names(&files, "snd_fixture");
    assert_eq!(all[..2], ["snd-fixture.ko.debug", "snd-fixture.ko"], "{all:?}");
    let directory = std::env::temp_dir().join(format!("crashparse-modules-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    for name in ["a.ko.zst", "a.ko.debug.zst", "a.ko.debug.gz", "a.ko.debug.xz"] {
        fs::write(directory.join(name), "").unwrap();
    }
    let found = names(&ModuleFiles::search(&directory).unwrap(), "a");
    fs::remove_dir_all(&directory).unwrap();
    assert_eq!(found, ["a.ko.debug.gz", "a.ko.debug.xz", "a.ko.debug.zst", "a.ko.zst"]);
}

#[test]
fn packed_modules_are_the_module() {
    let whole = bytes("snd-fixture.ko");
    let read = |mut reader: Box<dyn Read>| {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    };
    let file = |name: &str| fs::File::open(path(name)).unwrap();
    let gz = flate2::read::MultiGzDecoder::new(file("packed/snd-fixture.ko.gz"));
    let xz = liblzma::read::XzDecoder::new(file("packed/snd-fixture.ko.xz"));
    let zst = ruzstd::decoding::StreamingDecoder::new(file("packed/snd-fixture.ko.zst")).unwrap();
    assert!(read(Box::new(gz)) == whole && read(Box::new(xz)) == whole && read(Box::new(zst)) == whole);
}

/// The text with sources, and the errors.
fn filtered(text: &str) -> (String, Vec<ErrorKind>) {
    let mut symbolizer = of("vmlinux-dwarf5");
    symbolizer.add_module("snd_fixture", open("snd-fixture.ko"));
    let mut out = Vec::new();
    let errors = Filter::new(&symbolizer).text(text.as_bytes(), &mut out);
    (String::from_utf8(out).unwrap(), errors.iter().map(Error::kind).collect())
}

#[test]
fn text_goes_in_and_comes_out_with_sources() {
    let text = "no frame\r\n\
        [    1.000000][   T12] RIP: 0010:copy_process+0x8/0x40\r\n\
        [    1.000000][   T12]  ? copy_process+0x24/0x40\r\n\
        [    1.000000][   T12]  copy_process+0x24/0x40 kernel/fork.c:99\n\
        \n\
        [    1.000000][   T12]  wait_for+0x14/0x30\n \
        nothing+0x1/0x2\n \
        drain+0x8/0x20 \n\
        fixture_open+0x12/0x30 [snd_fixture]\n\
        pc : copy_process+0x24/0x40\n\
        lr : copy_process+0x24/0x40\n\
        \n\
        \u{fffd} fixture_init+0x1c/0x33 [snd_fixture]";
    let wanted = "no frame\r\n\
        [    1.000000][   T12] RIP: 0010:read_flags include/linux/task.h:23 [inline]\r\n\
        [    1.000000][   T12] RIP: 0010:task_is_dead include/linux/task.h:28 [inline]\r\n\
        [    1.000000][   T12] RIP: 0010:copy_process+0x8/0x40 kernel/fork.c:27\r\n\
        [    1.000000][   T12]  ? copy_process+0x24/0x40 kernel/fork.c:33\r\n\
        [    1.000000][   T12]  copy_process+0x24/0x40 kernel/fork.c:99\n\
        \n\
        [    1.000000][   T12]  read_flags include/linux/task.h:23 [inline]\n\
        [    1.000000][   T12]  task_is_dead include/linux/task.h:28 [inline]\n\
        [    1.000000][   T12]  wait_for+0x14/0x30 kernel/fork.c:43\n \
        nothing+0x1/0x2\n \
        drain+0x8/0x20 \n\
        read_flags include/linux/task.h:23 [inline]\n\
        task_is_dead include/linux/task.h:28 [inline]\n\
        fixture_open+0x12/0x30 sound/fixture/main.c:17 [snd_fixture]\n\
        pc : copy_process+0x24/0x40 kernel/fork.c:34\n\
        lr : copy_process+0x24/0x40 kernel/fork.c:33\n\
        \n\
        \u{fffd} fixture_init+0x1c/0x33 sound/fixture/main.c:30 [snd_fixture]";
    let (found, errors) = filtered(text);
    assert_eq!(found, wanted);
    assert_eq!(errors, [ErrorKind::NotFound, ErrorKind::Ambiguous]);
    assert_eq!(filtered(""), (String::new(), vec![]));
    assert_eq!(filtered(&found), (found.clone(), errors), "a second time changes nothing");
    let frames = Filter::frames(text.as_bytes());
    assert_eq!(frames.iter().filter(|frame| frame.module == Some("snd_fixture")).count(), 2);
}

#[test]
fn a_map_has_functions() {
    let text = bytes("System.map");
    let map = SymbolMap::parse(&text).unwrap();
    let found = map.at(0xffff_ffff_8100_0118).unwrap();
    assert_eq!((found.name, found.offset, found.size, found.module), ("copy_process", 8, 0x40, None));
    assert_eq!(map.at(0xffff_ffff_80ff_ffff), None);
    // Nobody knows where the last one ends.
    assert_eq!(map.at(0xffff_ffff_8fff_ffff), None);
    let mut symbolizer = Symbolizer::new();
    symbolizer.set_map(&map);
    let found = symbolizer.resolve_address(0xffff_ffff_8100_0118, true).map(Arc::new);
    assert_eq!(chain(&found), "copy_process@??");
    assert_eq!(symbolizer.resolve_address(0, true).unwrap_err().to_string(), "System.map: no symbol at 0x0");
    let bare = frame("[<ffffffff9a000134>] copy_process+0x24/0x40");
    assert_eq!(symbolizer.slide(&bare), Some(0x1900_0000));
    let modules = b"ffffffffc0001000 t raw_store\t[crashme]\nffffffffc0001040 t x [crashme]\r\n";
    let found = SymbolMap::parse(modules).unwrap().at(0xffff_ffff_c000_1004).unwrap();
    assert_eq!((found.name, found.module, found.size), ("raw_store", Some("crashme"), 0x40));
    assert!(SymbolMap::parse(b"0000000000000000 T _stext\n0000000000000000 T _etext\n").is_none());
    assert!(SymbolMap::parse(b"\x7fELF\n").is_none() && SymbolMap::parse(b"").is_none());
}

/// Linked kernels with DWARF.
pub(super) const KERNELS: &[&str] = &[
    "vmlinux-dwarf2",
    "vmlinux-dwarf4",
    "vmlinux-dwarf5",
    "vmlinux-clang",
    "vmlinux-emit-relocs",
    "vmlinux-zlib",
    "vmlinux-zlib-gnu",
    "vmlinux-zstd",
    "vmlinux-s390x",
    "vmlinux-ppc64",
];

/// Every byte of the sections of code, against the `addr2line` crate.
#[test]
fn every_address_is_where_the_addr2line_crate_says() {
    use object::{Object, ObjectSection, SectionKind};
    let (mut checked, mut wrong) = (0, Vec::new());
    for name in KERNELS {
        let bytes = bytes(name);
        let elf = object::File::parse(&*bytes).unwrap();
        let endian =
            if elf.is_little_endian() { gimli::RunTimeEndian::Little } else { gimli::RunTimeEndian::Big };
        let load = |id: gimli::SectionId| -> Result<_, gimli::Error> {
            let data = elf.section_by_name(id.name()).map(|section| section.uncompressed_data().unwrap());
            Ok(gimli::EndianArcSlice::new(data.unwrap_or_default().into_owned().into(), endian))
        };
        let context = addr2line::Context::from_dwarf(gimli::Dwarf::load(load).unwrap()).unwrap();
        let code = elf.sections().filter(|section| section.kind() == SectionKind::Text);
        let addresses: Vec<u64> =
            code.flat_map(|section| section.address()..section.address() + section.size()).collect();
        let results = of(name).resolve_addresses(&addresses, true);
        for (address, result) in addresses.iter().zip(results) {
            let mut frames = context.find_frames(*address).skip_all_loads().unwrap();
            let mut calls = Vec::new();
            while let Some(frame) = frames.next().unwrap() {
                let function = frame.function.map(|function| function.raw_name().unwrap().into_owned());
                let place = frame.location.and_then(|place| {
                    let file = place.file?.strip_prefix("/src/linux/")?.replace("./", "");
                    Some(
                        place
                            .line
                            .filter(|&line| line > 0)
                            .map_or(format!("{file}:?"), |line| format!("{file}:{line}")),
                    )
                });
                calls.push((function, place.unwrap_or("??".into())));
            }
            let found = chain(&result.map(Arc::new));
            // A symbol has a name where the DWARF has no function: in assembly, and in the gaps between functions.
            if let Some((function @ None, _)) = calls.last_mut() {
                *function =
                    found.rsplit(" < ").next().and_then(|last| last.split('@').next()).map(str::to_string);
            }
            let calls: Vec<String> = calls
                .iter()
                .map(|(function, place)| format!("{}@{place}", base(function.as_ref().unwrap())))
                .collect();
            // Where there is nothing at all, the symbol is more.
            let wanted = if calls.is_empty() {
                format!("{}@??", found.split('@').next().unwrap())
            } else {
                calls.join(" < ")
            };
            checked += 1;
            if !found.contains('@') || normal(&found) != normal(&wanted) {
                wrong.push(format!("{name}: {address:#x}\n  wanted {wanted}\n  found  {found}"));
            }
        }
    }
    println!("{checked} addresses, {} differ", wrong.len());
    assert!(wrong.is_empty() && checked > 5000, "{}", wrong.join("\n"));
}

#[test]
fn a_map_has_code_alone() {
    let text = b"0000000000000000 A fixed_percpu_data\n\
        0000000000034000 A __per_cpu_end\n\
        ffffffff81000000 T _stext\n\
        ffffffff81000000 T _text\n\
        ffffffff81000100 T panic\n\
        ffffffff81000180 t do_one\n\
        ffffffff81000200 T _etext\n\
        ffffffff82000000 D init_task\n\
        ffffffff83000000 T _sinittext\n\
        ffffffff83000000 t do_early\n\
        ffffffff83000100 T _einittext\n\
        ffffffff83000200 b counters\n\
        ffffffffc0001000 t raw_store\t[crashme]\n\
        ffffffffc0001080 d table\t[crashme]\n\
        ffffffffc0002000 d end\t[crashme]\n";
    let map = SymbolMap::parse(text).unwrap();
    for (address, name, module) in [
        (0xffff_ffff_8100_0110, "panic", None),
        (0xffff_ffff_8300_0010, "do_early", None),
        (0xffff_ffff_c000_1010, "raw_store", Some("crashme")),
    ] {
        let found = map.at(address).unwrap();
        assert_eq!((found.name, found.offset, found.module), (name, 0x10, module));
    }
    // A program's address, code's end, data, what is freed, a module's data.
    for address in [0x4005d6, 0x10, 0xffff_ffff_8100_0200, 0xffff_ffff_8200_0010, 0xffff_ffff_8300_0180] {
        assert_eq!(map.at(address), None, "{address:#x}");
    }
    assert_eq!(map.at(0xffff_ffff_c000_1090), None);
    let mut symbolizer = Symbolizer::new();
    symbolizer.set_map(&map);
    let found = |address, exact| {
        let found = symbolizer.resolve_address(address, exact).unwrap();
        (found.symbol.to_string(), found.offset, found.module.map(|module| module.to_string()))
    };
    // `panic` ends with a call that never returns.
    assert_eq!(found(0xffff_ffff_8100_0180, false), ("panic".to_string(), 0x80, None));
    assert_eq!(found(0xffff_ffff_8100_0180, true), ("do_one".to_string(), 0, None));
    let crashme = Some("crashme".to_string());
    assert_eq!(found(0xffff_ffff_c000_1008, false), ("raw_store".to_string(), 8, crashme));
    assert!(symbolizer.resolve_address(0x4005d6, false).is_err());
}
