use super::*;
use crate::facts::frame::Trust;

mod cpus;

fn read(log: &str) -> Vec<Registers<'_>> {
    Registers::read(log.lines().map(str::as_bytes))
}

fn symbols<'a>(dumps: &[Registers<'a>]) -> Vec<Option<&'a str>> {
    dumps.iter().map(|d| d.pc.and_then(|pc| pc.symbol)).collect()
}

const OOPS: &str = "\
CPU: 0 PID: 40 Comm: init Tainted: G           O       6.1.192-crashlab #1
RIP: 0010:oops_leaf+0x5/0x30 [crashme]
Code: 00 00 00 00 90 0f 1f 44 00 00 <48> 8b 47 28 48
RSP: 0018:ffffc90000143e28 EFLAGS: 00010246
RAX: 0000000000000000 RBX: 0000000000000004 RCX: 0000000000000001
FS:  00000000004a2858(0000) GS:ffff88803ed00000(0000) knlGS:0000000000000000
CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033
CR2: 0000000000000028 CR3: 0000000002c66000 CR4: 00000000000006e0
Call Trace:
 <TASK>
 oops+0x5/0x10 [crashme]
RIP: 0033:0x47b7a0
Code: 40 00 48 c7 <48> 3d 00 f0
RSP: 002b:00007ffc1ad4c1c8 EFLAGS: 00000246 ORIG_RAX: 0000000000000001
RAX: ffffffffffffffda RBX: 0000000000000004 RCX: 000000000047b7a0
 </TASK>
Modules linked in: crashme(O) crash_helper(O)
CR2: 0000000000000028
---[ end trace 0000000000000000 ]---
RIP: 0010:oops_leaf+0x5/0x30 [crashme]
RSP: 0018:ffffc90000143e28 EFLAGS: 00010246
";

#[test]
fn x86_oops() {
    let dumps = read(OOPS);
    assert_eq!(symbols(&dumps), [Some("oops_leaf"), None, Some("oops_leaf")]);
    assert_eq!(dumps.iter().map(|d| d.line).collect::<Vec<_>>(), [1, 11, 19]);
    assert_eq!(dumps.iter().map(|d| d.user).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(dumps.iter().map(|d| d.code.is_some()).collect::<Vec<_>>(), [true, true, false]);
    let (crash, call) = (&dumps[0], &dumps[1]);
    assert_eq!(crash.arch.name, "x86_64");
    assert_eq!(crash.pc.map(|pc| (pc.trust, pc.module)), Some((Trust::Pc, Some("crashme"))));
    assert_eq!(crash.values.len(), 15);
    assert_eq!(crash.get("RSP"), Some(0xffff_c900_0014_3e28));
    assert_eq!(crash.get("FS"), Some(0x4a_2858));
    assert_eq!(crash.get("CR2"), Some(0x28));
    assert_eq!(call.pc.and_then(|pc| pc.address), Some(0x47_b7a0));
    assert_eq!(call.get("ORIG_RAX"), Some(1));
}

#[test]
fn program_counters() {
    let rows: &[(&str, Option<&str>, Option<u64>, bool)] = &[
        ("RIP: 0010:klist_next+0x12/0x20", Some("klist_next"), None, false),
        ("RIP: 0010:0x0", None, Some(0), false),
        ("RIP: 0023:0xf7f8ec79", None, Some(0xf7f8_ec79), true),
        ("RIP: 0033:          (null)", None, Some(0), true),
        (
            "RIP: 0010:[<ffffffff8144ee81>]  [<ffffffff8144ee81>] __free_pages+0x21/0x80",
            Some("__free_pages"),
            Some(0xffff_ffff_8144_ee81),
            false,
        ),
        (
            "RIP  [<ffffffff8268adb6>] udp_queue_rcv_skb+0x196/0x1590",
            Some("udp_queue_rcv_skb"),
            Some(0xffff_ffff_8268_adb6),
            false,
        ),
        ("RIP  [<          (null)>]           (null)", None, Some(0), false),
        ("RIP: 0010:[<0000000000000000>]  [<          (null)>]           (null)", None, Some(0), false),
        ("RIP: skb_pull+0xd5/0xf0 RSP: ffff8801d9fdf270", Some("skb_pull"), None, false),
        ("RIP: 0x286 RSP: ffff8801ca577540", None, Some(0x286), false),
        ("EIP: sysenter_past_esp+0x45/0x10", Some("sysenter_past_esp"), None, false),
        ("EIP is at strlen+0x1/0x2", Some("strlen"), None, false),
        ("pc : debug_print_object+0x188/0x268", Some("debug_print_object"), None, false),
        ("pc : 0000aaaab2f41d60", None, Some(0xaaaa_b2f4_1d60), true),
        ("pc : 0xffffffffdeadbeef", None, Some(0xffff_ffff_dead_beef), false),
        ("  RIP: 0010:fn.isra.0+0x1/0x2 [ext4] fs/ext4/super.c:12", Some("fn.isra.0"), None, false),
    ];
    for &(line, symbol, address, user) in rows {
        let dumps = read(line);
        let dump = dumps.first().expect(line);
        let pc = dump.pc.expect(line);
        assert_eq!((pc.symbol, pc.address, dump.user), (symbol, address, user), "{line}");
        assert!(is_pc_line(line.as_bytes()), "{line}");
    }
}

#[test]
fn register_lines() {
    for line in [
        "RAX: 0000000000000000 RBX: 0000000000000004 RCX: 0000000000000000",
        "GS:  0000000000000000",
        "CS:  e030 DS: 0000 ES: 0000 CR0: 0000000080050033",
        "PKRU: 55555554",
        "x9 : 0000000000000201 x8 : ffffa00011e6a1c4 ",
        "pstate: 40000005 (nZcv daif -PAN -UAO -TCO BTYPE=--)",
        "lr : __raw_readb+0x18/0x2c",
        "DS: 007b ES: 007b FS: 00d8 GS: 00e0 SS: 0068 EFLAGS: 00210246",
        "sp : 9a917f68  ip : 9a8e8040  fp : 00000005",
    ] {
        assert!(is_register_line(line.as_bytes()), "{line}");
    }
    for line in [
        "",
        "RAX:",
        "RAX: 00000000000000",
        "RAX: 0000000000000000a",
        "RAX: 0000000000000000, then",
        "RIPPED: 0000000000000000",
        "CPU: 0 PID: 40 Comm: init Tainted: G           O       6.1.192-crashlab #1",
        "CS35L41: 0010",
        "RSP = 0xffffc90000143e28",
        " r7:81fc3200 r6:00000000 r5:81fc3200 r4:8240c000",
        "Call Trace:",
    ] {
        assert!(!is_register_line(line.as_bytes()), "{line}");
    }
}

#[test]
fn old_code_belongs_to_the_kernel() {
    let dumps = read(
        "\
RIP: 0010:ip6t_do_table+0x132d/0x1a30
RSP: 0018:ffff8801d30d6728 EFLAGS: 00010246
RAX: 0000000000000000 RBX: 0000000000000004 RCX: 0000000000000001
Call Trace:
 ip6table_filter_hook+0x65/0x80
RIP: 0033:0x453299
RSP: 002b:00007fdbb5762c68 EFLAGS: 00000212 ORIG_RAX: 000000000000002e
RAX: ffffffffffffffda RBX: 000000000071bea0 RCX: 0000000000453299
Code: 14 fe ff ff 48 8b <42> 80 3c 30
RIP: ip6t_do_table+0x132d/0x1a30 RSP: ffff8801d30d6728
",
    );
    assert_eq!(symbols(&dumps), [Some("ip6t_do_table"), None, Some("ip6t_do_table")]);
    assert_eq!(dumps.iter().map(|d| d.code.is_some()).collect::<Vec<_>>(), [true, false, false]);
}

#[test]
fn arm64() {
    let dumps = read(
        "\
pstate: 80000005 (Nzcv daif -PAN -UAO -TCO BTYPE=--)
pc : debug_print_object+0x188/0x268
lr : debug_print_object+0x180/0x268
sp : ffff000040ddf5b0
x29: ffff000040ddf5b0 x28: ffff0000403d97e0 
x9 : 0000000000000201 x8 : ffffa00011e6a1c4 
Call trace:
 debug_print_object+0x188/0x268
Code: 97fffa27 aa0003e1 d503201f (d4210000)
",
    );
    let [dump] = dumps.as_slice() else { panic!("{dumps:?}") };
    assert_eq!(dump.arch.name, "aarch64");
    assert_eq!(dump.values.len(), 6);
    assert_eq!(dump.link.and_then(|f| f.offset), Some(0x180));
    assert_eq!(dump.get("x9"), Some(0x201));
    assert!(!dump.user && dump.code.is_some());

    let dumps = read(
        "\
PC is at _snd_timer_stop+0x184/0x2b0
LR is at _snd_timer_stop+0x180/0x2b0
pc : [<ffffffc000d394c4>] lr : [<ffffffc000d394c0>] pstate: 200001c5
sp : ffffffc016113990
",
    );
    let [dump] = dumps.as_slice() else { panic!("{dumps:?}") };
    let pc = dump.pc.expect("pc");
    assert_eq!((pc.symbol, pc.address), (Some("_snd_timer_stop"), Some(0xffff_ffc0_00d3_94c4)));
    assert_eq!(dump.link.and_then(|f| f.address), Some(0xffff_ffc0_00d3_94c0));
    assert_eq!((dump.arch.name, dump.get("pstate")), ("aarch64", Some(0x2000_01c5)));
}

#[test]
fn arm_and_i386() {
    let dumps = read(
        "\
PC is at 0x80b0f484
LR is at do_futex+0x158/0xf14
pc : [<80b0f484>]    lr : [<801a7168>]    psr: 200f0013
sp : 9a917f68  ip : 9a8e8040  fp : 00000005
",
    );
    assert_eq!((dumps.len(), dumps[0].arch.name, dumps[0].get("psr")), (1, "arm", Some(0x200f_0013)));
    let dumps = read(
        "\
EIP: 0060:[<c10a5f3c>] EFLAGS: 00010246 CPU: 0
EIP is at vfs_read+0x1c/0x100
EAX: 00000000 EBX: f3a3cc00 ECX: 00000400 EDX: b7700000
 DS: 007b ES: 007b FS: 0000 GS: 0033 SS: 0068
",
    );
    assert_eq!((dumps.len(), dumps[0].arch.name, dumps[0].values.len()), (1, "i686", 10));
    assert_eq!(symbols(&dumps), [Some("vfs_read")]);
}

#[test]
fn damage() {
    // Lines of another CPU stand between; a block without its first line; a lone CR2.
    let dumps = read(
        "\
binder: 21725:21756 BC_ACQUIRE_DONE u0000000000000000 no match
RSP: 0018:ffff8801d9847008 EFLAGS: 00010006
binder: 21725:21756 BC_ACQUIRE_DONE u0000000000000000 no match
RAX: dffffc0000000000 RBX: ffff88018c7f6a38 RCX: 1ffff10031358d4c
RAX: dffffc0000000000 RBX: ffff88018c7f6a38 RCX: 1ffff10031358d4c
RDX: 1ffffffff12a4537 RSI: ffff880189ac6a68 RDI: ffffffff89522
Call Trace:
CR2: 0000000000000028
",
    );
    assert_eq!((dumps.len(), dumps[0].line, dumps[0].values.len()), (1, 1, 7));
    assert!(!dumps[0].mixed);
    let dumps = read(
        "\
RIP: 0010:klist_next+0x12/0x20
RSP: 0018:ffff8801d9847008 EFLAGS: 00010006
RSP: 0018:ffff8801d9847010 EFLAGS: 00010006
RAX: dffffc0000000000 RBX: ffff88018c7f6a38 RCX: 1ffff10031358d4c
RAX: dffffc0000000001 RBX: ffff88018c7f6a38 RCX: 1ffff10031358d4c
",
    );
    assert_eq!((dumps.len(), dumps[0].values.len(), dumps[0].mixed), (1, 5, true));
}
