use super::*;

/// A frame in short: symbol, offset, size, address, module, trust, source.
type Short<'a> =
    (Option<&'a str>, Option<u64>, Option<u64>, Option<u64>, Option<&'a str>, Trust, Option<(&'a str, u32)>);

fn short<'a>(frame: &Frame<'a>) -> Short<'a> {
    let source = frame.source.map(|s| (s.file, s.line));
    (frame.symbol, frame.offset, frame.size, frame.address, frame.module, frame.trust, source)
}

fn check(rows: &[(&str, &[Short<'_>])]) {
    for &(line, want) in rows {
        let found: Vec<Frame<'_>> = Frame::parse_all(line.as_bytes()).collect();
        let shorts: Vec<Short<'_>> = found.iter().map(short).collect();
        assert_eq!(shorts, want, "{line}");
        assert_eq!(Frame::parse(line.as_bytes()).as_ref(), found.last(), "{line}");
        let cr = format!("{line} ");
        assert_eq!(Frame::parse_all(cr.as_bytes()).count(), found.len(), "{line}: blank at the end");
    }
}

/// `sym+0x12/0x340` with nothing else.
fn plain(symbol: &str, trust: Trust) -> Short<'_> {
    (Some(symbol), Some(0x12), Some(0x340), None, None, trust, None)
}

/// The same with an address.
fn at(symbol: &str, address: u64, trust: Trust) -> Short<'_> {
    (Some(symbol), Some(0x12), Some(0x340), Some(address), None, trust, None)
}

/// A symbol and nothing else.
fn named(symbol: &str) -> Short<'_> {
    (Some(symbol), None, None, None, None, Trust::Return, None)
}

/// An inlined call in a chain.
fn inlined(file: &str, line: u32) -> Short<'_> {
    (None, None, None, None, None, Trust::Inlined, Some((file, line)))
}

use Trust::{Inlined, Pc, Return, Unreliable};

#[test]
fn x86() {
    let module = Some("crash_helper");
    check(&[
        ("do_one+0x12/0x340", &[plain("do_one", Return)]),
        (" do_one+0x12/0x340", &[plain("do_one", Return)]),
        (" ? do_one+0x12/0x340", &[plain("do_one", Unreliable)]),
        (
            " ? do_one+0x12/0x340 [crash_helper 0123456789abcdef0123456789abcdef01234567]",
            &[(Some("do_one"), Some(0x12), Some(0x340), None, module, Unreliable, None)],
        ),
        (" [<ffffffff810dd2a6>] ? do_one+0x12/0x340", &[at("do_one", 0xffff_ffff_810d_d2a6, Unreliable)]),
        (" [<c10a5f3c>] do_one+0x12/0x340", &[at("do_one", 0xc10a_5f3c, Return)]),
        (" ? 0xffffffffc0001234", &[(None, None, None, Some(0xffff_ffff_c000_1234), None, Unreliable, None)]),
        (" 0x0", &[(None, None, None, Some(0), None, Return, None)]),
        (
            // What stands in the brackets may be hashed.
            " [<000000005ec5fd9f>] 0xffffffffa0001234",
            &[(None, None, None, Some(0xffff_ffff_a000_1234), None, Return, None)],
        ),
        (" [<          (null)>]           (null)", &[(None, None, None, Some(0), None, Return, None)]),
        (" [<ffffffffa0001234>]", &[(None, None, None, Some(0xffff_ffff_a000_1234), None, Return, None)]),
    ]);
    let id = Frame::parse(b" do_one+0x12/0x340 [m 0123456789abcdef0123456789abcdef01234567]");
    assert_eq!(id.and_then(|f| f.build_id), Some("0123456789abcdef0123456789abcdef01234567"));
}

/// What somebody typed off a screen, without the numbers.
#[test]
fn transcribed() {
    let module = |symbol| (Some(symbol), None, None, None, Some("demo"), Trust::Return, None);
    check(&[
        (" demo_load_kms_pci+...", &[named("demo_load_kms_pci")]),
        (" demo_load+0x... [demo]", &[module("demo_load")]),
        (" demo_load+.../... [demo]", &[]),
        (" demo_load+…", &[named("demo_load")]),
        (" ? demo_load+...", &[(Some("demo_load"), None, None, None, None, Trust::Unreliable, None)]),
        (" demo_load+0x12/...", &[(Some("demo_load"), Some(0x12), None, None, None, Trust::Return, None)]),
        ("[<ffff...>] demo_load+0x12/0x340", &[plain("demo_load", Trust::Return)]),
        ("[<ffffffff81...>] demo_load+...", &[named("demo_load")]),
        ("...", &[]),
        ("demo_load...", &[]),
        ("a+b", &[]),
        ("a+.", &[]),
    ]);
}

#[test]
fn symbols() {
    for (symbol, function) in [
        ("do_one.isra.0", "do_one"),
        ("do_one.constprop.0.cold", "do_one"),
        ("do_one.llvm.974640843467629774", "do_one"),
        ("do_one.lto_priv.0", "do_one"),
        ("__pfx_do_one", "__pfx_do_one"),
        ("bpf_prog_6deef7357e7b4530_sys_enter", "bpf_prog_6deef7357e7b4530_sys_enter"),
        ("do_one$a41b0d5dd6aa3b7e2be7ae55e3d1ab35", "do_one$a41b0d5dd6aa3b7e2be7ae55e3d1ab35"),
        (".do_one", "do_one"),
        (".do_one.isra.0", "do_one"),
        ("_RNvNtCs1234_7mycrate3foo3bar", "_RNvNtCs1234_7mycrate3foo3bar"),
        (
            "_ZN50_$LT$T$u20$as$u20$core..convert..Into$LT$U$GT$$GT$4into17h0123456789abcdefE.llvm.12",
            "_ZN50_$LT$T$u20$as$u20$core..convert..Into$LT$U$GT$$GT$4into17h0123456789abcdefE",
        ),
    ] {
        let line = format!(" {symbol}+0x12/0x340");
        let frame = Frame::parse(line.as_bytes()).expect(symbol);
        assert_eq!((frame.symbol, frame.function()), (Some(symbol), Some(function)));
    }
}

#[test]
fn other_cpus() {
    check(&[
        // arm64 since 6.13: where the unwinder has the frame from.
        (" do_one+0x12/0x340 (P)", &[plain("do_one", Pc)]),
        (" do_one+0x12/0x340 (PL)", &[plain("do_one", Pc)]),
        (" do_one+0x12/0x340 (C)", &[plain("do_one", Return)]),
        (
            " do_one+0x12/0x340 [ext4] (P)",
            &[(Some("do_one"), Some(0x12), Some(0x340), None, Some("ext4"), Pc, None)],
        ),
        ("[<ffff000008081234>] do_one+0x12/0x340", &[at("do_one", 0xffff_0000_0808_1234, Return)]),
        // RISC-V, MIPS, LoongArch, PA-RISC, user-mode Linux.
        ("[<ffffffff80014264>] do_one+0x12/0x340", &[at("do_one", 0xffff_ffff_8001_4264, Return)]),
        ("[<80105e30>] do_one+0x12/0x340", &[at("do_one", 0x8010_5e30, Return)]),
        (" [<0000000040123456>] do_one+0x12/0x340", &[at("do_one", 0x4012_3456, Return)]),
        (" [<60012345>] ? do_one+0x12/0x340", &[at("do_one", 0x6001_2345, Unreliable)]),
        // 64-bit SPARC of 4.x.
        (" [0000000000456789] do_one+0x12/0x340", &[at("do_one", 0x45_6789, Return)]),
        ("Caller[0000000000456789]: do_one+0x12/0x340", &[at("do_one", 0x45_6789, Return)]),
    ]);
}

#[test]
fn powerpc() {
    let address = 0xc000_0000_00a1_b2c4;
    check(&[
        ("[c000000003f3fbd0] [c000000000a1b2c4] do_one+0x12/0x340", &[at("do_one", address, Return)]),
        ("[c000000003f3fbd0] [c000000000a1b2c4] .do_one+0x12/0x340", &[at(".do_one", address, Return)]),
        (
            "[c000000003f3fbd0] [c000000000a1b2c4] do_one+0x12/0x340 (unreliable)",
            &[at("do_one", address, Unreliable)],
        ),
        (
            "[c000000003f3fbd0] [c000000000a1b2c4] do_one+0x12/0x340 (sys_read+0x1/0x2) (unreliable)",
            &[at("do_one", address, Unreliable)],
        ),
        (
            "[c000000003f3fbd0] [c000000000a1b2c4] 0xc000000000a1b2c4 (unreliable)",
            &[(None, None, None, Some(address), None, Unreliable, None)],
        ),
        ("--- interrupt: 900 at do_one+0x12/0x340", &[plain("do_one", Pc)]),
        (
            "--- interrupt: c00 at 0x7fff9a5c0e0f8",
            &[(None, None, None, Some(0x7_fff9_a5c0_e0f8), None, Pc, None)],
        ),
        ("--- Exception: 901 at .do_one+0x12/0x340", &[plain(".do_one", Pc)]),
        ("    LR = do_one+0x12/0x340", &[plain("do_one", Unreliable)]),
    ]);
}

#[test]
fn s390() {
    check(&[
        (" [<00000000001d2f40>] do_one+0x12/0x340 ", &[at("do_one", 0x1d_2f40, Return)]),
        ("([<00000000001d2f40>] do_one+0x12/0x340)", &[at("do_one", 0x1d_2f40, Unreliable)]),
        (
            "([<00000000001d2f40>] do_one+0x12/0x340 [dasd_mod])",
            &[(Some("do_one"), Some(0x12), Some(0x340), Some(0x1d_2f40), Some("dasd_mod"), Unreliable, None)],
        ),
    ]);
}

#[test]
fn arm_names_callee_and_caller() {
    let (fp, from) = (0x8018_de80, 0x8019_2868);
    let callee = (Some("do_two"), None, None, Some(fp), None, Return, None);
    check(&[
        (" do_two from do_one+0x12/0x340", &[named("do_two"), plain("do_one", Return)]),
        (
            " do_two [mod] from do_one+0x12/0x340 [mod]",
            &[
                (Some("do_two"), None, None, None, Some("mod"), Return, None),
                (Some("do_one"), Some(0x12), Some(0x340), None, Some("mod"), Return, None),
            ],
        ),
        (
            "[<8018de80>] (do_two) from [<80192868>] (do_one+0x12/0x340)",
            &[callee, at("do_one", from, Return)],
        ),
        (
            "[<8018de80>] (do_two [mod]) from [<80192868>] (do_one+0x12/0x340 [mod])",
            &[
                (Some("do_two"), None, None, Some(fp), Some("mod"), Return, None),
                (Some("do_one"), Some(0x12), Some(0x340), Some(from), Some("mod"), Return, None),
            ],
        ),
        (
            "[<bf000010>] (0xbf000010) from [<80192868>] (do_one+0x12/0x340)",
            &[
                (None, None, None, Some(0xbf00_0010), None, Return, None),
                (Some("do_one"), Some(0x12), Some(0x340), Some(from), None, Return, None),
            ],
        ),
        (
            "Function entered at [<8018de80>] from [<80192868>]",
            &[
                (None, None, None, Some(fp), None, Return, None),
                (None, None, None, Some(from), None, Return, None),
            ],
        ),
    ]);
    // A trace has the callee of a line as the caller of the line before.
    let before = Frame::parse(b" do_three from do_two+0x12/0x340");
    let mut frames = Frame::parse_all(b" do_two from do_one+0x12/0x340");
    frames.after(before.as_ref());
    assert_eq!(frames.map(|f| f.symbol).collect::<Vec<_>>(), [Some("do_one")]);
    let mut frames = Frame::parse_all(b" do_four from do_one+0x12/0x340");
    frames.after(before.as_ref());
    assert_eq!(frames.count(), 2);
}

#[test]
fn sparc32_prints_all_on_one_line() {
    check(&[
        ("[f0012345 : do_one+0x12/0x340 ] ", &[at("do_one", 0xf001_2345, Return)]),
        (
            "[f0012345 : do_two+0x12/0x340 ] [f00145a8 : do_one+0x12/0x340 ] [50001234 : 0x50001234 ] ",
            &[
                at("do_two", 0xf001_2345, Return),
                at("do_one", 0xf001_45a8, Return),
                (None, None, None, Some(0x5000_1234), None, Return, None),
            ],
        ),
    ]);
}

#[test]
fn syz_symbolize() {
    check(&[
        (
            " do_one+0x12/0x340 kernel/events/core.c:11596",
            &[(
                Some("do_one"),
                Some(0x12),
                Some(0x340),
                None,
                None,
                Return,
                Some(("kernel/events/core.c", 11596)),
            )],
        ),
        (
            " do_one kernel/fork.c:2512 [inline]",
            &[(Some("do_one"), None, None, None, None, Inlined, Some(("kernel/fork.c", 2512)))],
        ),
        (
            "[c00000007a3efa20] [c00000000030a060] do_one kernel/fork.c:2512 [inline]",
            &[(
                Some("do_one"),
                None,
                None,
                Some(0xc000_0000_0030_a060),
                None,
                Inlined,
                Some(("kernel/fork.c", 2512)),
            )],
        ),
    ]);
}

#[test]
fn decode_stacktrace() {
    let one = |module, trust| (Some("do_one"), None, None, None, module, trust, Some(("fs/open.c", 1234)));
    check(&[
        (" do_one (fs/open.c:1234)", &[one(None, Return)]),
        (" ? do_one (fs/open.c:1234)", &[one(None, Unreliable)]),
        (" do_one (fs/open.c:1234) ext4", &[one(Some("ext4"), Return)]),
        (" do_one (fs/open.c:1234) ext4 (P)", &[one(Some("ext4"), Pc)]),
        (" do_one (fs/open.c:1234 (discriminator 3)) (P)", &[one(None, Pc)]),
        (
            " do_one (include/linux/fs.h:12 fs/open.c:34 (discriminator 4) fs/open.c:1234 (discriminator 2)) \
             ext4",
            &[inlined("include/linux/fs.h", 12), inlined("fs/open.c", 34), one(Some("ext4"), Return)],
        ),
        (" ? do_one (fs/a.c:1 fs/open.c:1234)", &[inlined("fs/a.c", 1), one(None, Unreliable)]),
        (" do_one (??:?)", &[named("do_one")]),
        (" do_one (fs/open.c:?)", &[named("do_one")]),
        // Offset and place: also CONFIG_KALLSYMS_LINEINFO.
        (
            " do_one+0x12/0x340 (fs/open.c:1234)",
            &[(Some("do_one"), Some(0x12), Some(0x340), None, None, Return, Some(("fs/open.c", 1234)))],
        ),
        (
            " do_one+0x12/0x340 (fs/open.c:1234) [ext4]",
            &[(
                Some("do_one"),
                Some(0x12),
                Some(0x340),
                None,
                Some("ext4"),
                Return,
                Some(("fs/open.c", 1234)),
            )],
        ),
        // A module that it has no file of.
        (
            " do_one+0x12/0x340 ext4",
            &[(Some("do_one"), Some(0x12), Some(0x340), None, Some("ext4"), Return, None)],
        ),
    ]);
    check(&[
        (" unwind_backtrace from do_one (fs/open.c:1234)", &[named("unwind_backtrace"), one(None, Return)]),
        ("(unwind_backtrace) from do_one (fs/open.c:1234)", &[named("unwind_backtrace"), one(None, Return)]),
    ]);
    assert_eq!(
        place_of_line(b"RIP: 0010:do_one (fs/a.c:1 fs/open.c:1234 (discriminator 3)) ext4"),
        Some(&b"do_one (fs/a.c:1 fs/open.c:1234 (discriminator 3))"[..])
    );
    assert!(is_decoded(b"? do_one (fs/open.c:1234) ext4"));
    for other in ["did it (see fs/open.c:1234)", "do_one (me)", "do_one (0000:00:1f.2:3)", "a (b.c:1) c d"] {
        assert!(!is_decoded(other.as_bytes()), "{other}");
    }
    let (rest, frame) = Frame::parse_symbol(b"do_one (fs/a.c:1 fs/open.c:1234) ext4").expect("decoded");
    assert_eq!((rest, short(&frame)), (&b""[..], one(Some("ext4"), Return)));
    let (rest, frame) = Frame::parse_symbol(b"do_one (fs/open.c:1234) RSP: 0").expect("decoded");
    assert_eq!((rest, short(&frame)), (&b" RSP: 0"[..], one(None, Return)));
}

#[test]
fn other_tools() {
    let address = 0xffff_ffff_810d_d2a6;
    check(&[
        // kasan_symbolize.py
        (
            " [<     inline     >] do_one mm/slub.c:12",
            &[(Some("do_one"), None, None, None, None, Inlined, Some(("mm/slub.c", 12)))],
        ),
        ("    #0 ffffffff810dd2a6 (do_one+0x12/0x340)", &[at("do_one", address, Return)]),
        (
            "    #12 [<ffffffff810dd2a6>] do_one+0x12/0x340 mm/slub.c:12",
            &[(
                Some("do_one"),
                Some(0x12),
                Some(0x340),
                Some(address),
                None,
                Return,
                Some(("mm/slub.c", 12)),
            )],
        ),
        // crash
        (
            " #1 [ffffc90000143e28] do_one at ffffffff810dd2a6",
            &[(Some("do_one"), None, None, Some(address), None, Return, None)],
        ),
        (
            "#11 [ffffc90000143e28] do_one at ffffffff810dd2a6 [ext4]",
            &[(Some("do_one"), None, None, Some(address), Some("ext4"), Return, None)],
        ),
        ("    [exception RIP: do_one+18]", &[(Some("do_one"), Some(18), None, None, None, Pc, None)]),
    ]);
}

#[test]
fn other_lines() {
    for line in [
        "",
        " ",
        "Call Trace:",
        "do_one",
        "do_one+0x12",
        "do_one+0x12/0x340, then",
        "do_one+0x12/0x340 and more words",
        "do_one from here",
        "a letter from home",
        "unwind_backtrace from",
        "RIP: 0010:do_one+0x12/0x340",
        "#0:  (&mm->mmap_sem){++++}, at: [<ffffffff810dd2a6>] do_one+0x12/0x340",
        "#0: ffff88801 (&lock){+.+.}-{3:3}, at: do_one+0x12/0x340",
        "#1 is not a frame",
        "--- interrupt: 900",
        "--- interrupt: 900 at",
        "LR = 5",
        "[f0012345 : ",
        "[    1.234567] text",
        "[exception RIP: unknown or invalid address]",
        "do_one (see below)",
        "do_one (fs/open.c:1234",
        "mm/slub.c:12",
        "(null)",
        "Modules linked in: a b",
        "Caller[12",
        "Function entered at",
    ] {
        assert_eq!(Frame::parse_all(line.as_bytes()).next(), None, "{line}");
        assert!(Frame::parse_all(line.as_bytes()).is_empty());
    }
}

#[test]
fn functions() {
    for (line, want) in [
        (" do_one.isra.0+0x12/0x340", [Some("do_one"), None]),
        (" .do_one+0x12/0x340", [Some("do_one"), None]),
        (" do_one+0x1", [Some("do_one"), None]),
        (" do_two from do_one+0x12/0x340", [Some("do_two"), Some("do_one")]),
        ("[<8018de80>] (do_two) from [<80192868>] (do_one+0x12/0x340)", [Some("do_two"), Some("do_one")]),
        (" do_one (fs/a.c:1 fs/open.c:1234)", [Some("do_one"), None]),
        (
            "[f0012345 : do_two+0x12/0x340 ] [f00145a8 : do_one+0x12/0x340 ] ",
            [Some("do_two"), Some("do_one")],
        ),
        ("([<00000000001d2f40>] do_one+0x12/0x340)", [Some("do_one"), None]),
        (" do_one kernel/fork.c:2512 [inline]", [None, None]),
        ("Modules linked in:", [None, None]),
    ] {
        assert_eq!(functions_of_line(line.as_bytes()), want, "{line}");
    }
    assert!(is_questionable(b" ? do_one+0x12/0x340"));
    assert!(is_questionable(b"([<00000000001d2f40>] do_one+0x12/0x340)"));
    assert!(!is_questionable(b" do_one+0x12/0x340"));
}

#[test]
fn a_call_at_the_end_of_a_function_returns_to_the_next() {
    let ends = |line: &str| Frame::parse(line.as_bytes()).is_some_and(|frame| frame.ends_function_before());
    assert!(ends("[<900000000028fc6c>] do_panic_on_target_cpu+0x0/0x24"));
    assert!(!ends("[<9000000000290558>] __warn+0xa8/0x1f0"));
    assert!(!ends(" ksys_write from ret_fast_syscall+0x0/0x1c"));
    assert!(!ends(" wild+0x0/0x20 (P)"), "a program counter");
    assert!(!ends(" ? stale+0x0/0x20"));
}
