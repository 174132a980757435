//! One dump of each CPU.

use super::*;
use crate::facts::frame::Trust;

/// What a dump must hold: CPU, symbol and address of the program counter, symbol and address of the return
/// address, user mode, number of registers.
type Want<'a> = (&'a str, Option<&'a str>, Option<u64>, Option<&'a str>, Option<u64>, bool, usize);

fn check(log: &str, want: &[Want<'_>]) {
    let dumps = read(log);
    let symbol = |frame: Option<Frame<'_>>| frame.and_then(|f| f.symbol.map(str::to_string));
    let found: Vec<_> = dumps
        .iter()
        .map(|d| {
            let address = |frame: Option<Frame<'_>>| frame.and_then(|f| f.address);
            (
                d.arch.name,
                symbol(d.pc),
                address(d.pc),
                symbol(d.link),
                address(d.link),
                d.user,
                d.values.len(),
            )
        })
        .collect();
    let want: Vec<_> = want
        .iter()
        .map(|&(arch, pc, at, link, back, user, n)| {
            (arch, pc.map(str::to_string), at, link.map(str::to_string), back, user, n)
        })
        .collect();
    assert_eq!(found, want, "{log}");
}

#[test]
fn i386_in_user_mode() {
    check(
        "\
EIP: demo_check+0x26/0x40 [demo]
EAX: 00000010 EBX: 00000003 ECX: 00000000 EDX: 00000000
DS: 007b ES: 007b FS: 00d8 GS: 0033 SS: 0068 EFLAGS: 00210246
Call Trace:
EIP: 0xb7f2e549
EAX: ffffffda EBX: 00000003 ECX: 00cd7160 EDX: 00000004
DS: 007b ES: 007b FS: 0000 GS: 0033 SS: 007b EFLAGS: 00000246
CR2: 0000000000000014
",
        &[
            ("i686", Some("demo_check"), None, None, None, false, 10),
            ("i686", None, Some(0xb7f2_e549), None, None, true, 11),
        ],
    );
}

#[test]
fn user_mode_linux() {
    check(
        "\
RIP: 0033:demo_leaf+0x8/0x20 [demo]
RSP: 0000000061d2fd90  EFLAGS: 00010246
RAX: 0000000000000000 RBX: 0000000000000004 RCX: 0000000000000000
",
        &[("x86_64", Some("demo_leaf"), None, None, None, false, 5)],
    );
}

#[test]
fn riscv() {
    check(
        "\
epc : demo_free+0x3a/0x44 [demo]
 ra : demo_write+0x52/0x8e [demo]
epc : ffffffff01a2c03a ra : ffffffff01a2c0a2 sp : ff20000000853d40
 gp : ffffffff81a2c0a8 tp : ff60000002a3c000 t0 : 0000000000000000
 s11: 0000000000000000 t3 : 0000000000000000 t4 : 0000000000000000
status: 0000000200000120 badaddr: 0000000000000000 cause: 0000000000000003
",
        &[(
            "riscv64",
            Some("demo_free"),
            Some(0xffff_ffff_01a2_c03a),
            Some("demo_write"),
            Some(0xffff_ffff_01a2_c0a2),
            false,
            10,
        )],
    );
    // 5.x, in user mode, 32-bit.
    check(
        "\
epc: 9bf3a10c ra : 9bf3a112 sp : 9dbb3d60
 gp : 81a2c0a8 tp : 82a3c000 t0 : 00000000
status: 00000020 badaddr: 00000000 cause: 00000003
",
        &[("riscv32", None, Some(0x9bf3_a10c), None, Some(0x9bf3_a112), true, 7)],
    );
    check(
        "sepc: ffffffe000a3100c ra : ffffffe000a31052 sp : ffffffe0085b3d60\n\
         sstatus: 0000000000000120 sbadaddr: 0000000000000028 scause: 000000000000000d\n",
        &[("riscv64", None, Some(0xffff_ffe0_00a3_100c), None, Some(0xffff_ffe0_00a3_1052), false, 4)],
    );
}

#[test]
fn powerpc() {
    let log = "\
NIP:  c00000000022d79c LR: c00000000022d784 CTR: 0000000000000000
REGS: c00000007a3ef6e0 TRAP: 0380   Not tainted  (5.4.0-rc2-00104-g9e208aa06c21)
MSR:  800000010280b033 <SF,VEC,VSX,EE,FP,ME,IR,DR,RI,LE,TM[E]>  CR: 22824428  XER: 20000000
CFAR: c000000000aaf11c IRQMASK: 0 
GPR00: c00000000022d784 c00000007a3ef970 c000000001f24600 0000000000004000 
GPR04: 0000000000000800 0000000000000000 0000000000000000 0000000000000010 
NIP [c00000000022d79c] partition_sched_domains_locked+0x1ac/0x5f0
LR [c00000000022d784] partition_sched_domains_locked+0x194/0x5f0
Call Trace:
Instruction dump:
7fa3eb78 38a00000 38800800 3fe2ffb0 3bff4e00 488818d9 60000000 3d220005 
39291df8 78631f48 7d29182a 7fe9fa14 <e87f0b20> 4bff81e9 60000000 60000000 
";
    let symbol = Some("partition_sched_domains_locked");
    let (pc, lr) = (Some(0xc000_0000_0022_d79c), Some(0xc000_0000_0022_d784));
    check(log, &[("ppc64", symbol, pc, symbol, lr, false, 16)]);
    let dumps = read(log);
    let code = dumps[0].code.as_ref().expect("code");
    assert_eq!((code.bytes.len(), code.trap, dumps[0].get("IRQMASK")), (64, Some(48), Some(0)));
    assert_eq!((dumps[0].get("GPR07"), dumps[0].get("TRAP")), (Some(0x10), Some(0x380)));
    // 32-bit, in user mode; a machine without kallsyms.
    check(
        "\
NIP:  0fd2c5b8 LR: 0fd2c59c CTR: 00000000
REGS: f1185f40 TRAP: 0c00   Not tainted  (6.1.55-pmac)
MSR:  0000d032 <EE,PR,ME,IR,DR,RI>  CR: 28002222  XER: 20000000
GPR00: 00000004 bfc1d4a0 00000000 00000003 0fe3a1c0 00000004 0fd2c5a0 00000000 
",
        &[("ppc", None, Some(0xfd2_c5b8), None, Some(0xfd2_c59c), true, 14)],
    );
}

#[test]
fn s390() {
    let log = "\
Krnl PSW : 0704c00180000000 00000000001d2f44 (demo_leaf+0x16/0x30 [demo])
           R:0 T:1 IO:1 EX:1 Key:0 M:1 W:0 P:0 AS:3 CC:2 PM:0 RI:0 EA:3
Krnl GPRS: 0000000000000000 0000000000000001 000003ff00000000 00000000011c5d58
           00000000011c5d50 0000000000000000 00000000011c5d70 0000000000000001
           0000000000000008 0000000000000009 000000000000000a 000000000000000b
           000000000000000c 000000000000000d 000000000000000e 000000000000000f
Krnl Code: 00000000001d2f3a: e31020000004\tlg\t%r1,0(%r2)
          #00000000001d2f40: a7f40001\t\tbrc\t15,00000000001d2f42
          >00000000001d2f44: b90400a2\t\tlgr\t%r10,%r2
Call Trace:
User PSW : 0705200180000000 000003ff8d1a2f46
           R:0 T:1 IO:1 EX:1 Key:0 M:1 W:0 P:1 AS:0 CC:2 PM:0 RI:0 EA:3
User GPRS: 0000000000000000 0000000000000001 000003ff00000000 00000000011c5d58
";
    check(
        log,
        &[
            ("s390x", Some("demo_leaf"), Some(0x1d_2f44), None, None, false, 30),
            ("s390x", None, Some(0x3ff_8d1a_2f46), None, None, true, 18),
        ],
    );
    let dumps = read(log);
    let get = |name| dumps[0].get(name);
    assert_eq!((get("PSW"), get("CC"), get("Key")), (Some(0x0704_c001_8000_0000), Some(2), Some(0)));
    assert_eq!((get("R4"), get("R15")), (Some(0x11c_5d50), Some(0xf)));
    let code = dumps[0].code.as_ref().expect("code");
    assert_eq!((code.bytes.len(), code.trap, code.disassembly.len()), (14, Some(10), 3));
}

#[test]
fn mips() {
    check(
        "\
$ 0   : 00000000 8041a2b0 00000004 8fc4b240
$24   : 00000000 801bf254                  
$28   : 8fd18000 8fd1be80 00000004 8f0a204c
Hi    : 00000000
Lo    : 00000004
epc   : 8f0a2008 demo_leaf+0x8/0x20 [demo]
ra    : 8f0a204c demo_write+0x3c/0x70 [demo]
Status: 1100fc03\tKERNEL EXL IE 
Cause : 40800008 (ExcCode 02)
BadVA : 00000014
PrId  : 00019374 (MIPS 24Kc)
",
        &[("mips", Some("demo_leaf"), Some(0x8f0a_2008), Some("demo_write"), Some(0x8f0a_204c), false, 16)],
    );
    check(
        "\
$ 4   : 0000000000000000 ffffffff8041a2b0 0000000000000004 98000000fc4b2400
epc   : 000000fff7d0a2c8 0xfff7d0a2c8
ra    : 000000fff7d0a2b0 0xfff7d0a2b0
Status: 5400ccf3\tKX SX UX USER EXL IE 
",
        &[("mips64", None, Some(0xff_f7d0_a2c8), None, Some(0xff_f7d0_a2b0), true, 5)],
    );
}

#[test]
fn loongarch() {
    check(
        "\
pc ffff800002014058 ra ffff8000020140a4 tp 9000000102a3c000 sp 9000000102a3fd60
a0 0000000000000000 a1 0000000000000004 a2 0000000000000000 a3 9000000101f6a300
s5 0000000000000000 s6 0000000000000004 s7 0000000000000000 s8 9000000101f6a300
   ra: ffff8000020140a4 demo_write+0x74/0x90 [demo]
  ERA: ffff800002014058 demo_free+0x28/0x30 [demo]
 CRMD: 000000b0 (PLV0 -IE -DA +PG DACF=CC DACM=CC -WE)
 PRMD: 00000004 (PPLV0 +PIE -PWE)
ESTAT: 000c0000 [BRK] (IS= ECode=12 EsubCode=0)
 BADV: 0000000000000028
 PRID: 0014c010 (Loongson-64bit, Loongson-3A5000)
",
        &[(
            "loongarch64",
            Some("demo_free"),
            Some(0xffff_8000_0201_4058),
            Some("demo_write"),
            Some(0xffff_8000_0201_40a4),
            false,
            15,
        )],
    );
    check(
        "\
$ 0   : 0000000000000000 ffff80000201407c 9000000102a3c000 9000000102a3fd60
era   : ffff800002014014 demo_leaf+0x14/0x30 [demo]
ra    : ffff80000201407c demo_write+0x4c/0x90 [demo]
CSR crmd: 000000b0\t
CSR prmd: 00000007\t
BadVA : 0000000000000028
PrId  : 0014c010 (Loongson-64bit)
",
        &[(
            "loongarch64",
            Some("demo_leaf"),
            Some(0xffff_8000_0201_4014),
            Some("demo_write"),
            Some(0xffff_8000_0201_407c),
            true,
            8,
        )],
    );
}

#[test]
fn sparc() {
    check(
        "\
TSTATE: 0000004411001600 TPC: 0000000010114010 TNPC: 0000000010114014 Y: 00000000    Not tainted
TPC: <demo_leaf+0x10/0x40 [demo]>
g0: 0000000000000000 g1: 0000000000000004 g2: 0000000000000000 g3: fff8000100000000
o4: 0000000000000000 o5: 0000000000000004 sp: fff800010a4c7201 ret_pc: 0000000010114094
RPC: <demo_write+0x54/0xa0 [demo]>
l0: 0000000000000000 l1: 0000000000000004 l2: 0000000000000000 l3: fff8000100000000
I7: <demo_write+0x54/0xa0 [demo]>
",
        &[("sparc64", Some("demo_leaf"), Some(0x1011_4010), Some("demo_write"), None, false, 16)],
    );
    // The line of the return address is lost.
    check(
        "\
TPC: <demo_leaf+0x10/0x40 [demo]>
i4: 0000000000000000 i5: 0000000000000001 i6: 0000000000000002 i7: 0000000010114094
I7: <demo_write+0x54/0xa0 [demo]>
",
        &[("sparc64", Some("demo_leaf"), None, Some("demo_write"), None, false, 4)],
    );
    check(
        "\
PSR: 408010c5 PC: f8a41008 NPC: f8a4100c Y: 00000000    Not tainted
PC: <demo_leaf+0x8/0x20 [demo]>
%G: 00000000 f0040000  00000001 00000002  00000003 f5c00000  f5c02000 00000004
%O: 00000000 f0040000  00000001 00000002  00000003 f5c00000  f5c02000 f8a41060
RPC: <demo_write+0x30/0x60 [demo]>
",
        &[("sparc", Some("demo_leaf"), Some(0xf8a4_1008), Some("demo_write"), None, false, 20)],
    );
}

#[test]
fn parisc() {
    check(
        "\
     YZrvWESTHLNXBCVMcbcbcbcbOGFRQPDI
PSW: 00001000000001001111111100001111 Not tainted
r00-03  00000000 10400000 010a2060 8f3c0000
r04-07  00000000 00000001 00000002 8f3c0008
sr00-03  000000a1 00000000 00000000 000000a1

IASQ: 00000000 00000000 IAOQ: 010a2024 010a2028
 IIR: 03ffe01f    ISR: 00000000  IOR: 00000000
 CPU:        0   CR30: 8f3c4000 CR31: 00000000
 ORIG_R28: 00000000
 IAOQ[0]: demo_check+0x24/0x3c [demo]
 IAOQ[1]: demo_check+0x28/0x3c [demo]
 RP(r2): demo_write+0x18/0x3c [demo]
Backtrace:
",
        &[("parisc", Some("demo_check"), Some(0x10a_2024), Some("demo_write"), None, false, 23)],
    );
    assert!(!is_register_line(b"CPU: 1 PID: 905 Comm: tee Not tainted 6.1.0 #1"));
}

#[test]
fn symbolized_and_other_tools() {
    // decode_stacktrace.sh, and decodecode below the code.
    let log = "\
RIP: 0010:demo_leaf (demo.h:14 demo.c:31 (discriminator 3)) demo
Code: 00 00 00 00 90 <48> 8b 47 28
All code
========
   0:\t00 00                \tadd    %al,(%rax)
   2:\t00 00                \tadd    %al,(%rax)
   4:\t90                   \tnop
   5:*\t48 8b 47 28          \tmov    0x28(%rdi),%rax\t\t<-- trapping instruction

Code starting with the faulting instruction
===========================================
   0:\t48 8b 47 28          \tmov    0x28(%rdi),%rax
RSP: 0018:ffffc90000143e28 EFLAGS: 00010246
RAX: 0000000000000000 RBX: 0000000000000004 RCX: 0000000000000000
";
    check(log, &[("x86_64", Some("demo_leaf"), None, None, None, false, 5)]);
    let dumps = read(log);
    let pc = dumps[0].pc.expect("pc");
    assert_eq!((pc.source.map(|s| (s.file, s.line)), pc.module), (Some(("demo.c", 31)), Some("demo")));
    // The crash tool.
    check(
        "\
    RIP: ffffffffa0012025  RSP: ffffc90000143e28  RFLAGS: 00010246
    RAX: 0000000000000000  RBX: 0000000000000004  RCX: 0000000000000000
    ORIG_RAX: ffffffffffffffff  CS: 0010  SS: 0018
",
        &[("x86_64", None, Some(0xffff_ffff_a001_2025), None, None, false, 8)],
    );
}

#[test]
fn lines() {
    for line in [
        "$ 0   : 00000000 8041a2b0 00000004 8fc4b240",
        "GPR00: c00000000022d784 c00000007a3ef970",
        "LR [c00000000022d784] partition_sched_domains_locked+0x194/0x5f0",
        "MSR:  800000010280b033 <SF,VEC,VSX>  CR: 22824428  XER: 20000000",
        "           R:0 T:1 IO:1 EX:1 Key:0 M:1 W:0 P:0 AS:3 CC:2 PM:0 RI:0 EA:3",
        "Krnl GPRS: 0000000000000000 0000000000000001 000003ff00000000 00000000011c5d58",
        "a0 0000000000000000 a1 0000000000000004",
        " ra : demo_write+0x52/0x8e [demo]",
        "RP(r2): demo_write+0x18/0x3c [demo]",
        "%G: 00000000 f0040000",
        "r00-03  00000000 10400000 010a2060 8f3c0000",
        "CSR crmd: 000000b0\t",
        "Control: 10c5387d  Table: 8000406a  DAC: 00000051",
    ] {
        assert!(is_register_line(line.as_bytes()), "{line}");
    }
    for line in [
        "M: 1",
        "R: 5",
        "CPU: 0 PID: 40 Comm: init Not tainted",
        "a0 is a register",
        "a0 123",
        "$ 0   : none",
        "$ 0",
        "%G:",
        "GPR00:",
        "LR [",
        "r00-03",
        "ra : ",
        "CR: 5",
        "sp: the stack",
        "[[[[[[[[",
        "cause: unknown",
    ] {
        assert!(!is_register_line(line.as_bytes()), "{line}");
        let _ = (is_pc_line(line.as_bytes()), Registers::read([line.as_bytes()]));
    }
    for line in [
        "NIP [c00000000022d79c] f+0x1/0x2",
        "TPC: <f+0x1/0x2>",
        "PC: <0x0>",
        "ERA: 9000000000221344 f+0x1/0x2",
    ] {
        assert!(is_pc_line(line.as_bytes()), "{line}");
    }
    for line in ["pc ", "NIP [", "TPC: <", "epc : ", "Krnl PSW : ", "[[[[", "pc [<[<[<"] {
        assert!(!is_pc_line(line.as_bytes()), "{line}");
    }
}

#[test]
fn the_psw_of_s390_stands_behind_what_completes() {
    let told = |banner: &str| {
        let log = format!("{banner}\n{S390_DUMP}");
        let dump = read(&log).remove(0);
        assert_eq!(dump.branch.and_then(|branch| branch.symbol), Some("demo_call"));
        (dump.pc.map(|pc| pc.trust), dump.code.and_then(|code| code.trap))
    };
    let behind = (Some(Trust::Return), Some(6));
    let there = (Some(Trust::Pc), Some(10));
    assert_eq!(told("illegal operation: 0001 ilc:1 [#1]SMP "), behind);
    assert_eq!(told("monitor event: 0040 ilc:2 [#1] SMP"), behind);
    assert_eq!(told("WARNING: net/demo.c:7 at demo_leaf+0x16/0x30 [demo], CPU#0: init/1"), behind);
    assert_eq!(told("Oops: 0038 ilc:3 [#2]SMP "), there);
    assert_eq!(told("Oops: 0010 ilc:3 [#2]SMP "), there);
    assert_eq!(told("CPU: 0 PID: 1 Comm: init Not tainted"), there);
}

const S390_DUMP: &str = "\
Krnl PSW : 0704c00180000000 00000000001d2f44 (demo_leaf+0x16/0x30 [demo])
           R:0 T:1 IO:1 EX:1 Key:0 M:1 W:0 P:0 AS:3 CC:2 PM:0 RI:0 EA:3
Krnl GPRS: 0000000000000000 0000000000000001 000003ff00000000 00000000011c5d58
Krnl Code: 00000000001d2f3a: e31020000004\tlg\t%r1,0(%r2)
          *00000000001d2f40: a7f40001\t\tbrc\t15,00000000001d2f42
          >00000000001d2f44: b90400a2\t\tlgr\t%r10,%r2
Call Trace:
 [<00000000001d3000>] demo_write+0x10/0x20 [demo]
Last Breaking-Event-Address:
 [<00000000001d2e00>] demo_call+0x10/0x20 [demo]
";
