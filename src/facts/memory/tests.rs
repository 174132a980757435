use super::*;

mod accesses;
mod damage;

fn read(log: &str) -> Memory<'_> {
    Memory::read(log.lines().map(str::as_bytes)).expect(log)
}

const KASAN: &str = "\
BUG: KASAN: use-after-free in do_step+0x8d/0xa0 [crashme]
Read of size 8 at addr ffff888000815db8 by task cm_a/b/40
CPU: 0 PID: 40 Comm: init Tainted: G           O       6.1.192-crashlab #1
The buggy address belongs to the object at ffff888000815d80
 which belongs to the cache kmalloc-64 of size 64
The buggy address is located 56 bytes inside of
 freed 64-byte region [ffff888000815d80, ffff888000815dc0)
The buggy address belongs to the physical page:
page:ffffea0000020540 refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x815
Memory state around the buggy address:
 ffff888000815d00: 00 00 00 00 00 00 00 00 fc fc fc fc fc fc fc fc
>ffff888000815d80: 00 00 00 00 00 00 00 04 fc fc fc fc fc fc fc fc
                                        ^
 ffff888000815e00: 00 00 00 00 00 04 fc fc fc fc fc fc fc fc fc fc
==================================================================
";

#[test]
fn kasan() {
    let kasan = read(KASAN).kasan.expect("kasan");
    assert_eq!(kasan.kind, Some(&b"use-after-free"[..]));
    assert_eq!((kasan.access, kasan.size), (Some(Access::Read), Some(8)));
    assert_eq!(kasan.address, Some(0xffff_8880_0081_5db8));
    assert_eq!((kasan.comm, kasan.pid), (Some(&b"cm_a/b"[..]), Some(40)));
    let object = Object { address: Some(0xffff_8880_0081_5d80), cache: Some(b"kmalloc-64"), size: Some(64) };
    assert_eq!(kasan.object, Some(object));
    let place = kasan.place.expect("place");
    assert_eq!((place.distance, place.side, place.state), (56, Side::Inside, Some("freed")));
    assert_eq!((place.size, place.end), (Some(64), Some(0xffff_8880_0081_5dc0)));
    assert!(kasan.page.is_some_and(|page| page.starts_with(b"page:ffffea0000020540 ")));
    let rows: Vec<_> = kasan.shadow.iter().map(|row| (row.bytes.len(), row.marked)).collect();
    assert_eq!(rows, [(16, false), (16, true), (16, false)]);
    assert_eq!(kasan.shadow_column, Some(7));
}

#[test]
fn kasan_accesses() {
    type Row<'a> = (&'a str, Access, Option<u64>, Option<u64>, &'a str, u32);
    let rows: &[Row<'_>] = &[
        (
            "Write of size 1 at addr ffff88806acbf2bb by task insmod/5851",
            Access::Write,
            Some(1),
            Some(0xffff_8880_6acb_f2bb),
            "insmod",
            5851,
        ),
        ("Read of size 4 by task syz-executor2/5764", Access::Read, Some(4), None, "syz-executor2", 5764),
        (
            "Free of addr ffff88806acbf2bb by task a b/1",
            Access::Free,
            None,
            Some(0xffff_8880_6acb_f2bb),
            "a b",
            1,
        ),
        (
            "Read at addr f0ff00000bc98008 by task a/1",
            Access::Read,
            None,
            Some(0xf0ff_0000_0bc9_8008),
            "a",
            1,
        ),
    ];
    for &(line, access, size, address, comm, pid) in rows {
        let kasan = read(line).kasan.expect(line);
        assert_eq!((kasan.access, kasan.size, kasan.address), (Some(access), size, address), "{line}");
        assert_eq!((kasan.comm, kasan.pid), (Some(comm.as_bytes()), Some(pid)), "{line}");
    }
    for line in ["Read of by task", "Freed by task 12:", "Allocated by task 12:", "Reading by task x/1"] {
        assert_eq!(Memory::read([line.as_bytes()]), None, "{line}");
    }
}

#[test]
fn kasan_places() {
    let stack = read(
        "\
The buggy address belongs to stack of task init/40
 and is located at offset 34 in frame:
 stack_oob+0x0/0xd0 [crashme]
This frame has 2 objects:
 [32, 34) 'buf'
 [48, 64) 'other' (line 12)
",
    );
    let kasan = stack.kasan.expect("stack");
    let owner = kasan.stack.expect("owner");
    assert_eq!((owner.comm, owner.pid, owner.offset), (&b"init"[..], 40, Some(34)));
    assert_eq!(owner.frame.and_then(|f| f.symbol), Some("stack_oob"));
    assert_eq!(
        kasan.stack_objects.iter().map(|o| (o.start, o.name)).collect::<Vec<_>>(),
        [(32, &b"buf"[..]), (48, b"other")]
    );

    let global =
        read("The buggy address belongs to the variable:\n cm_small+0x2/0xfffffffffffff840 [crashme]\n");
    assert_eq!(global.kasan.and_then(|k| k.variable?.symbol), Some("cm_small"));

    let mapping = read(
        "The buggy address belongs to the virtual mapping at\n [ffffc90000238000, ffffc90000241000) created by:\n copy_process+0x1/0x2\n",
    );
    assert_eq!(mapping.kasan.and_then(|k| k.mapping), Some((0xffff_c900_0023_8000, 0xffff_c900_0024_1000)));

    let old = read("Object at ffff8801cbeda480, in cache skbuff_head_cache size: 248\n");
    assert_eq!(old.kasan.and_then(|k| k.object?.size), Some(248));

    let left = read(
        "The buggy address is located 1084 bytes to the left of\n ? perf_trace_lock+0x900/0x900\n 4096-byte region [ffff8801b3c58580, ffff8801b3c59580)\n",
    );
    let place = left.kasan.and_then(|k| k.place).expect("place");
    assert_eq!((place.distance, place.side, place.state, place.size), (1084, Side::Left, None, Some(4096)));

    let tags = read("Pointer tag: [f0], memory tag: [fe]\n").kasan.expect("tags");
    assert_eq!((tags.pointer_tag, tags.memory_tag), (Some(0xf0), Some(0xfe)));

    let range = read("KASAN: maybe wild-memory-access in range [0xdead000000000100-0xdead000000000107]\n");
    let range = range.kasan.and_then(|k| k.range).expect("range");
    assert_eq!(
        (range.kind, range.start, range.end),
        (&b"maybe wild-memory-access"[..], 0xdead_0000_0000_0100, 0xdead_0000_0000_0107)
    );
}

#[test]
fn kfence() {
    use KfenceError::*;
    type Row<'a> = (
        &'a str,
        KfenceError,
        Option<Access>,
        Option<u64>,
        Option<(u64, Side)>,
        Option<&'a str>,
        Option<u64>,
    );
    let rows: &[Row<'_>] = &[
        (
            "Out-of-bounds read at 0xffff8c2aae231fff (1B left of kfence-#24):",
            OutOfBounds,
            Some(Access::Read),
            Some(0xffff_8c2a_ae23_1fff),
            Some((1, Side::Left)),
            None,
            Some(24),
        ),
        (
            "Out-of-bounds write at 0xffff8c2aae232000 (16B right of kfence-#32):",
            OutOfBounds,
            Some(Access::Write),
            Some(0xffff_8c2a_ae23_2000),
            Some((16, Side::Right)),
            None,
            Some(32),
        ),
        (
            "Use-after-free read at 0x(____ptrval____) (in kfence-#69):",
            UseAfterFree,
            Some(Access::Read),
            None,
            None,
            None,
            Some(69),
        ),
        (
            "Corrupted memory at 0xffff8c2aae2b2ff9 [ 0xac . . . ] (in kfence-#88):",
            Corruption,
            None,
            Some(0xffff_8c2a_ae2b_2ff9),
            None,
            Some("0xac . . ."),
            Some(88),
        ),
        (
            "Corrupted memory at 0x(____ptrval____) [ ! ] (in kfence-#156):",
            Corruption,
            None,
            None,
            None,
            Some("!"),
            Some(156),
        ),
        (
            "Invalid read at 0xffff8c2aae20000a:",
            InvalidAccess,
            Some(Access::Read),
            Some(0xffff_8c2a_ae20_000a),
            None,
            None,
            None,
        ),
        (
            "Invalid free of 0xffff8c2aae244fe0 (in kfence-#33):",
            InvalidFree,
            Some(Access::Free),
            Some(0xffff_8c2a_ae24_4fe0),
            None,
            None,
            Some(33),
        ),
    ];
    for &(line, error, access, address, distance, corrupted, index) in rows {
        let kfence = read(line).kfence.expect(line);
        assert_eq!((kfence.error, kfence.access, kfence.address), (error, access, address), "{line}");
        assert_eq!((kfence.distance, kfence.index), (distance, index), "{line}");
        assert_eq!(kfence.corrupted, corrupted.map(str::as_bytes), "{line}");
    }
    for object in [
        "kfence-#83: 0xffff88801f2a6fd8-0xffff88801f2a6fff, size=40, cache=kmalloc-64",
        "kfence-#83 [0xffff88801f2a6fd8-0xffff88801f2a6fff, size=40, cache=kmalloc-64] allocated by task 118:",
    ] {
        let log = format!("{}\n{object}\n", rows[0].0);
        let object = read(&log).kfence.and_then(|k| k.object).expect("object");
        assert_eq!((object.index, object.end, object.size), (83, Some(0xffff_8880_1f2a_6fff), Some(40)));
        assert_eq!(object.cache, Some(&b"kmalloc-64"[..]));
    }
    assert_eq!(Memory::read([&b"kfence: initialized - using 2097152 bytes for 255 objects"[..]]), None);
}

#[test]
fn kcsan() {
    let race = read(
        "\
write to 0xffffffffc03c33d0 of 8 bytes by task 42 on cpu 0:
 cr_writer_step+0x1/0x2 [crashrace]

read (marked) to 0xffffffffc03c33d0 of 8 bytes by interrupt on cpu 1:
value changed: 0x0000000000000004 -> 0x0000000000000005
",
    );
    let kcsan = race.kcsan.expect("kcsan");
    let [write, read_] = kcsan.accesses.as_slice() else { panic!("{kcsan:?}") };
    assert_eq!((write.access, write.pid, write.cpu, write.size), (Some(Access::Write), Some(42), Some(0), 8));
    assert_eq!((read_.access, read_.pid, read_.cpu), (Some(Access::Read), None, Some(1)));
    assert_eq!(read_.description, b"read (marked)");
    assert_eq!(kcsan.value, Some((4, 5)));
    let unknown = read(
        "race at unknown origin, with assert no writes to 0xffff8881001cb1e8 of 4 bytes by task 4926 on cpu 0:",
    );
    let access = unknown.kcsan.expect("kcsan").accesses[0];
    assert_eq!(
        (access.access, access.unknown_origin, access.description),
        (None, true, &b"assert no writes"[..])
    );
}

#[test]
fn kmsan_and_leaks() {
    let log = "Bytes 4-7 of 18 are uninitialized\nMemory access of size 18 starts at ffff888090c4fe00\nData copied to user address 00007fff7db6a207\n";
    let want = Kmsan {
        bytes: Some((4, 7)),
        size: Some(18),
        address: Some(0xffff_8880_90c4_fe00),
        user_address: Some(0x7fff_7db6_a207),
    };
    assert_eq!(read(log).kmsan, Some(want));
    assert_eq!(read("Byte 115 of 4096 is uninitialized").kmsan.and_then(|k| k.bytes), Some((115, 115)));

    let log = "unreferenced object 0xffff88007c996480 (size 96):\n  comm \"a \"b\"\", pid 4094, jiffies 4294767514 (age 15.374s)\n  hex dump (first 32 bytes):\nunreferenced object (percpu) 0x607f (size 8):\n";
    let leaks = read(log).leaks;
    assert_eq!(
        (leaks[0].address, leaks[0].size, leaks[0].pid),
        (Some(0xffff_8800_7c99_6480), 96, Some(4094))
    );
    assert_eq!((leaks[0].comm, leaks[0].jiffies), (Some(&b"a \"b\""[..]), Some(4_294_767_514)));
    assert_eq!((leaks[1].address, leaks[1].size, leaks[1].comm), (Some(0x607f), 8, None));
}

#[test]
fn ubsan() {
    type Row<'a> = (&'a str, &'a str, &'a str, u32, Option<u32>, &'a [&'a str]);
    let rows: &[Row<'_>] = &[
        (
            "UBSAN: array-index-out-of-bounds in /src/lab/cm1/misc.c:241:23\nindex 8 is out of range for type 'int [8]'\nCPU: 0 PID: 1\n",
            "array-index-out-of-bounds",
            "/src/lab/cm1/misc.c",
            241,
            Some(23),
            &["index 8 is out of range for type 'int [8]'"],
        ),
        (
            "UBSAN: Undefined behaviour in ./a b.h:156:2\nsigned integer overflow:\n-1720106381 + -1531247276 cannot be represented in type 'int'\nCPU: 3 PID: 1\n",
            "Undefined behaviour",
            "./a b.h",
            156,
            Some(2),
            &["signed integer overflow:", "-1720106381 + -1531247276 cannot be represented in type 'int'"],
        ),
        (
            "UBSAN: misaligned-access in a.c:1:2\nload of misaligned address 0 for type 'x'\nwhich requires 8 byte alignment\nCPU: 0",
            "misaligned-access",
            "a.c",
            1,
            Some(2),
            &["load of misaligned address 0 for type 'x'", "which requires 8 byte alignment"],
        ),
        (
            "UBSAN: Undefined behaviour in kernel/time/hrtimer.c:310:16\n\nEXT4-fs (loop1): x",
            "Undefined behaviour",
            "kernel/time/hrtimer.c",
            310,
            Some(16),
            &[],
        ),
        ("UBSAN: shift-out-of-bounds in lib/a.c:31", "shift-out-of-bounds", "lib/a.c", 31, None, &[]),
    ];
    for &(log, kind, file, line, column, explanation) in rows {
        let ubsan = read(log).ubsan.expect(log);
        assert_eq!((ubsan.kind, ubsan.file), (kind.as_bytes(), file.as_bytes()), "{log}");
        assert_eq!((ubsan.line, ubsan.column), (line, column), "{log}");
        assert_eq!(ubsan.explanation, explanation.iter().map(|s| s.as_bytes()).collect::<Vec<_>>(), "{log}");
    }
    assert_eq!(Memory::read([&b"UBSAN: Undefined behaviour in"[..]]), None);
}

const SLUB: &str = "\
BUG kmalloc-64 (Tainted: G           O      ): Poison overwritten
0xffff888006823348-0xffff888006823348 @offset=840. First byte 0x41 instead of 0x6b
Allocated in slub_poison+0x24/0x60 [crashme] age=0 cpu=1 pid=40
Freed in slub_poison+0x31/0x60 [crashme] age=3 cpu=0 pid=41
Slab 0xffffea00001a08c0 objects=16 used=12 fp=0x0000000000000000 flags=0xfffffc0000200(slab|node=0|zone=1)
Object 0xffff888006823340 @offset=832 fp=0xffff888006823a40
Object   ffff888006823340: 6b 6b 6b 6b 6b 6b 6b 6b 41 6b 6b 6b 6b 6b 6b a5  kkkkkkkkAkkkkkk.
";

#[test]
fn slub() {
    let old = SLUB
        .replace("\n0x", "\nINFO: 0x")
        .replace("\nSlab", "\nINFO: Slab")
        .replace("\nObject 0x", "\nINFO: Object 0x");
    for log in [SLUB, &old.replace("\nAllocated", "\nINFO: Allocated").replace(" @offset=840", "")] {
        let slab = read(log).slab.expect(log);
        assert_eq!((slab.cache, slab.problem), (Some(&b"kmalloc-64"[..]), Some(&b"Poison overwritten"[..])));
        let corruption = slab.corruption.expect("corruption");
        assert_eq!(
            (corruption.start, corruption.found, corruption.expected),
            (0xffff_8880_0682_3348, Some(0x41), Some(0x6b))
        );
        let (allocated, freed) = (slab.allocated.expect("allocated"), slab.freed.expect("freed"));
        assert_eq!((allocated.at.module, allocated.cpu, allocated.pid), (Some("crashme"), Some(1), Some(40)));
        assert_eq!((freed.age, freed.pid), (Some(3), Some(41)));
        assert_eq!((slab.slab, slab.objects, slab.used), (Some(0xffff_ea00_001a_08c0), Some(16), Some(12)));
        assert_eq!((slab.object, slab.offset), (Some(0xffff_8880_0682_3340), Some(832)));
        assert_eq!((slab.rows.len(), slab.rows[0].label, slab.rows[0].bytes.len()), (1, "Object", 16));
    }
    assert_eq!(Memory::read([&b"BUG unpinning (x)"[..], b"Objective 0x"]), None);
}

/// check_bytes_and_report, mm/slub.c, since Linux 6.15: the bytes stand before the banner.
#[test]
fn bytes_before_the_banner() {
    let slab = read(
        "[Right Redzone overwritten] 0xff600000040e74b8-0xff600000040e74bf @offset=1208. First byte 0x8 instead of 0xcc\n\
         =============================================================================\n\
         BUG kmalloc-96 (Tainted: G           OE      ): Object corrupt\n",
    )
    .slab
    .expect("a slab");
    assert_eq!(slab.overwritten, Some(&b"Right Redzone"[..]));
    assert_eq!((slab.cache, slab.problem), (Some(&b"kmalloc-96"[..]), Some(&b"Object corrupt"[..])));
    let corruption = slab.corruption.expect("bytes");
    assert_eq!((corruption.start, corruption.end), (0xff60_0000_040e_74b8, 0xff60_0000_040e_74bf));
    assert_eq!((corruption.found, corruption.expected), (Some(8), Some(0xcc)));
}

/// slab_pad_check, mm/slub.c, 6.1.
#[test]
fn padding_of_a_slab() {
    let log = "BUG kmalloc-96 (Tainted: G    B      OE     ): Padding overwritten. 0xffff888005a1cfc0-0xffff888005a1cfff @offset=4032\n";
    let corruption = read(log).slab.and_then(|slab| slab.corruption).expect("bytes");
    assert_eq!((corruption.start, corruption.end), (0xffff_8880_05a1_cfc0, 0xffff_8880_05a1_cfff));
    assert_eq!((corruption.found, corruption.expected), (None, None));
}

#[test]
fn nothing() {
    assert_eq!(Memory::read([&b""[..], b"Kernel panic - not syncing: x"]), None);
}
