//! Guards the disassembly of `Code:` lines: what objdump says of the same bytes, and that no bytes do harm.

use proptest::prelude::*;

use crate::arch::{self, Arch};
use crate::disasm::Disassembly;
use crate::facts::code::Code;
use crate::facts::registers::Registers;
use crate::render::CodeText;
use crate::reports;

fn arch_of(name: &str) -> &'static Arch {
    arch::ALL.iter().find(|arch| arch.name == name).unwrap()
}

/// The instructions of a line, `AT: TEXT`, the trapping one with a star.
fn listed(arch: &str, line: &str) -> (usize, Vec<String>) {
    let code = Code::parse(line.as_bytes()).unwrap();
    let Disassembly { skipped, instructions } = code.disassemble(arch_of(arch)).unwrap();
    let mut end = skipped;
    for instruction in &instructions {
        assert_eq!(&code.bytes[end..end + instruction.bytes.len()], instruction.bytes, "{line}");
        end += instruction.bytes.len();
    }
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = |i: &crate::disasm::Instruction<'_>| {
        format!("{}{}: {}", if i.trap { "*" } else { "" }, i.at, words(&i.text))
    };
    (skipped, instructions.iter().map(line).collect())
}

#[track_caller]
fn check(arch: &str, line: &str, skipped: usize, wanted: &[&str]) {
    assert_eq!(listed(arch, line), (skipped, wanted.iter().map(|text| text.to_string()).collect()), "{line}");
}

/// The bytes and what `objdump -D -b binary -m i386:x86-64` makes of them, jumps apart.
#[test]
fn x86_64() {
    check(
        "x86_64",
        "Code: 48 89 fa 48 c1 ea 03 <80> 3c 02 00 75 37 48 8d 7b 30 48 8b 6b 28 e8 00 00",
        0,
        &[
            "-7: mov %rdi,%rdx",
            "-4: shr $0x3,%rdx",
            "*0: cmpb $0x0,(%rdx,%rax,1)",
            "4: jne .+0x39",
            "6: lea 0x30(%rbx),%rdi",
            "10: mov 0x28(%rbx),%rbp",
            // The line ends within the call.
        ],
    );
    check(
        "x86_64",
        "Code: 55 48 89 e5 65 48 8b 04 25 28 00 00 00 0f 1f 44 00 00 \
         48 8b 05 f9 ff ff ff e9 f0 ff ff ff <0f> 0b 6a ff 48 c7 c7 00 ba 00 c0 f3 48 ab",
        0,
        &[
            "-30: push %rbp",
            "-29: mov %rsp,%rbp",
            "-26: mov %gs:0x28,%rax",
            "-17: nopl 0x0(%rax,%rax,1)",
            "-12: mov -0x7(%rip),%rax",
            "-5: jmp .-0xb",
            "*0: ud2",
            "2: push $0xffffffffffffffff",
            "4: mov $0xffffffffc000ba00,%rdi",
            "11: rep stos %rax,(%rdi)",
        ],
    );
}

#[test]
fn the_first_place_from_which_instructions_lead_to_the_trap_is_taken() {
    // From the first byte an `add` leads past the trap.
    check("x86_64", "Code: 01 8b c3 <0f> 0b", 1, &["-2: mov %ebx,%eax", "*0: ud2"]);
    // No place does: `06` is no instruction of 64 bits.
    check("x86_64", "Code: 06 <c3>", 1, &["*0: ret"]);
    check("i686", "Code: 06 <c3>", 0, &["-1: push %es", "*0: ret"]);
}

#[test]
fn what_is_no_instruction_ends_the_list() {
    check("x86_64", "Code: 90 <06> 90 90", 0, &["-1: nop", "*0: (bad)"]);
    check("x86_64", "Code: <0f> 0b 90 06 90", 0, &["*0: ud2", "2: nop"]);
    // A cut line.
    check("x86_64", "Code: 90 <48>", 0, &["-1: nop", "*0: (bad)"]);
}

#[test]
fn i386() {
    check(
        "i686",
        "Code: 90 55 89 e5 <8b> 40 14 a3 00 30 a4 f8 5d c3 e8 0b 7e a5 c8 75 ee",
        0,
        &[
            "-4: nop",
            "-3: push %ebp",
            "-2: mov %esp,%ebp",
            "*0: mov 0x14(%eax),%eax",
            "3: mov %eax,0xf8a43000",
            "8: pop %ebp",
            "9: ret",
            "10: call .-0x375a81f0",
            "15: jne .-0x10",
        ],
    );
}

/// The words and what `aarch64-linux-gnu-objdump` makes of them, but that it writes offsets as decimal numbers.
#[test]
fn arm64() {
    let rows = [
        ("d503245f", "bti c"),
        ("d503233f", "paciasp"),
        ("d50323bf", "autiasp"),
        ("d50320bf", "sevl"),
        ("d50329bf", "hint #0x4d"),
        ("a9bf7bfd", "stp x29, x30, [sp, #-0x10]!"),
        ("910003fd", "mov x29, sp"),
        ("f9401400", "ldr x0, [x0, #0x28]"),
        ("54000202", "b.cs .+0x40"),
        ("540000a3", "b.cc .+0x14"),
        ("97ffffff", "bl .-0x4"),
        ("90000002", "adrp x2, page+0x0"),
        ("9a962023", "csel x3, x1, x22, cs"),
        ("8b234083", "add x3, x4, w3, uxtw"),
        ("8b334e93", "add x19, x20, w19, uxtw #3"),
        ("3860cae2", "ldrb w2, [x23, w0, sxtw]"),
        ("d5384101", "mrs x1, sp_el0"),
        ("d51b4235", "msr daif, x21"),
        ("d50343df", "msr daifset, #0x3"),
        ("d53000e2", "mrs x2, dbgwcr0_el1"),
        ("d53bef80", "mrs x0, s3_3_c14_c15_4"),
        ("d50b7e20", "dc civac, x0"),
        ("d508831f", "tlbi vmalle1is"),
        ("d50883bf", "tlbi vale1is, xzr"),
        ("d5087916", "sys #0, C7, C9, #0, x22"),
        ("d5033fdf", "isb"),
        ("88a07c41", "cas w0, w1, [x2]"),
        ("d4210000", "brk #0x800"),
        ("e1a0c00d", ".inst 0xe1a0c00d"),
    ];
    for (word, text) in rows {
        check("aarch64", &format!("Code: d503201f ({word})"), 0, &["-4: nop", &format!("*0: {text}")]);
    }
}

#[test]
fn s390_has_the_kernel_s_own() {
    let mut code = Code::parse(b"Krnl Code: 00000000001d2f3a: e31020000004\tlg\t%r1,0(%r2)").unwrap();
    assert!(code.extend(b"          >00000000001d2f40: b90400a2\t\tlgr\t%r10,%r2"));
    assert!(code.extend(b"           00000000001d2f44: "));
    let found = code.disassemble(arch_of("s390x")).unwrap();
    let rows: Vec<_> = found.instructions.iter().map(|i| (i.at, i.bytes.len(), &*i.text, i.trap)).collect();
    assert_eq!(rows, [(-6, 6, "lg     %r1,0(%r2)", false), (0, 4, "lgr    %r10,%r2", true)]);
}

#[test]
fn nothing_is_told_without_a_trap_or_of_other_cpus() {
    for (arch, line) in [
        ("x86_64", "Code: 5b 5d c3 0f 0b"),
        ("x86_64", "Code: Bad RIP value."),
        ("x86_64", "Code: d503201f (d4210000)"),
        ("aarch64", "Code: 5b 5d <c3>"),
        ("arm", "Code: e1a0c00d e92dd800 (e5933014)"),
        ("s390x", "Code: 5b 5d <c3>"),
    ] {
        assert_eq!(Code::parse(line.as_bytes()).unwrap().disassemble(arch_of(arch)), None, "{arch} {line}");
    }
}

fn text(dump: &str) -> String {
    let dumps = Registers::read(dump.lines().map(str::as_bytes));
    CodeText { registers: &dumps[0], full: true, trapped: true, head: &"code:" }.to_string()
}

#[test]
fn lines_have_places_and_a_mark() {
    let dump = "RIP: 0010:oops_leaf+0x7/0x70 [crashme]\n\
        Code: e8 00 00 00 00 48 89 fa 48 c1 ea 03 <80> 3c 02 00 75 37 c3\n\
        RSP: 0018:ffffc90000143e28 EFLAGS: 00010246\n";
    // The call is of the function before.
    let wanted = "  code:\n\
        \u{20}   oops_leaf+0x0:  48 89 fa     mov    %rdi,%rdx\n\
        \u{20}   oops_leaf+0x3:  48 c1 ea 03  shr    $0x3,%rdx\n\
        \u{20} * oops_leaf+0x7:  80 3c 02 00  cmpb   $0x0,(%rdx,%rax,1)    <-- trapping instruction\n\
        \u{20}   oops_leaf+0xb:  75 37        jne    .+0x39    # oops_leaf+0x44\n\
        \u{20}   oops_leaf+0xd:  c3           ret\n";
    assert_eq!(text(dump), wanted);
    // No more than twelve before and four behind.
    let nops = "90 ".repeat(40);
    let many = text(&format!("RIP: 0010:0xffffffffa0000040\nCode: {nops}<cc> {nops}\nRAX: 0000000000000000"));
    assert_eq!(many.lines().count(), 1 + 12 + 1 + 4);
    assert!(many.contains("\n  * 0xffffffffa0000040:  cc  int3    <-- trapping"), "{many}");
}

/// A monitor call completes, and the PSW stands behind it: do_report_trap, arch/s390/kernel/traps.c, 7.2.
#[test]
fn a_place_is_that_of_the_completed_instruction() {
    let dump = "monitor event: 0040 ilc:2 [#1]SMP \n\
        Krnl PSW : 0704c00180000000 000003ff6000f522 (bug+0xa/0x10 [crashme])\n\
        Krnl GPRS: 0000000000000000 000003ff60012a60 000003ff60006aae 0000037fe02e3c90\n\
        Krnl Code: 000003ff6000f518: c00400008b50\tbrcl\t0,000003ff60020bb8\n          \
        *000003ff6000f51e: af000000\t\tmc\t0,0\n          \
        >000003ff6000f522: 0707\t\tbcr\t0,%r7\n";
    let wanted = "  code:\n\
        \u{20}   bug+0x0:  c0 04 00 00 8b 50  brcl   0,000003ff60020bb8\n\
        \u{20} * bug+0x6:  af 00 00 00        mc     0,0    <-- trapping instruction\n\
        \u{20}   bug+0xa:  07 07              bcr    0,%r7\n";
    assert_eq!(text(dump), wanted);
}

#[test]
fn a_user_s_code_is_not_told_as_the_kernel_s() {
    let dump = "RIP: 0033:0x7f2c5a0ffd6d\nCode: c3 66 2e 0f 1f 84 00 00 00 00 00 0f 05 <48> 3d 01 f0 ff ff\n\
        RSP: 002b:00007ffd5c5e5a98 EFLAGS: 00000246 ORIG_RAX: 0000000000000001\n";
    let dumps = Registers::read(dump.lines().map(str::as_bytes));
    assert!(dumps[0].user && dumps[0].code.is_some());
    assert_eq!(CodeText { registers: &dumps[0], full: true, trapped: true, head: &"code:" }.to_string(), "");
    let asked = dumps[0].code.as_ref().unwrap().disassemble(dumps[0].arch).unwrap();
    assert!(asked.instructions.iter().any(|instruction| instruction.text == "syscall"));
}

/// Every trapping instruction of the logs is one, but where the kernel says that it is none.
#[test]
fn the_logs_traps_are_instructions() {
    let mut traps = 0;
    for log in super::support::all_logs() {
        for report in reports(&log.bytes) {
            for dump in report.register_dumps() {
                let Some(code) = &dump.code else { continue };
                let Some(found) = code.disassemble(dump.arch) else { continue };
                let trap: Vec<_> = found.instructions.iter().filter(|i| i.trap).collect();
                assert_eq!(trap.len(), 1, "{}", log.name);
                let good = trap[0].text != "(bad)" && !trap[0].text.starts_with(".inst");
                assert!(good || code.bytes.len() < code.trap.unwrap() + 15, "{}: {:?}", log.name, trap[0]);
                traps += 1;
            }
        }
    }
    assert!(traps > 100, "{traps}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_instructions_that_follow_on_each_other(
        before in proptest::collection::vec(any::<u8>(), 0..70),
        after in proptest::collection::vec(any::<u8>(), 1..40),
        arch in prop_oneof![Just("x86_64"), Just("i686"), Just("aarch64")],
    ) {
        let unit = if arch == "aarch64" { 4 } else { 1 };
        let marks = |bytes: &[u8]| {
            let units = bytes.chunks_exact(unit);
            units.map(|unit| unit.iter().map(|b| format!("{b:02x}")).collect::<String>()).collect::<Vec<_>>()
        };
        let mut units = marks(&before);
        let trap = units.len();
        units.extend(marks(&after));
        prop_assume!(trap < units.len());
        units[trap] = format!("<{}>", units[trap]);
        let line = format!("Code: {}", units.join(" "));
        let code = Code::parse(line.as_bytes()).unwrap();
        let Disassembly { skipped, instructions } = code.disassemble(arch_of(arch)).unwrap();
        let mut at = skipped as i64 - (trap * unit) as i64;
        for instruction in &instructions {
            prop_assert_eq!(instruction.at, at);
            prop_assert_eq!(instruction.trap, at == 0);
            prop_assert!(!instruction.bytes.is_empty() && !instruction.text.is_empty());
            at += instruction.bytes.len() as i64;
        }
        prop_assert!(at > 0, "the trap is not in {:?}", instructions);
    }
}
