use super::*;
use crate::facts::frame::Trust;

/// The stacks of a log in short: `fn`, `? fn` where the unwinder does not vouch, `! fn` for a program
/// counter, `~ fn` where it is inlined.
fn stacks(log: &str) -> Vec<String> {
    let lines: Vec<Line<'_>> = log.lines().map(|line| Line::parse(0, line.as_bytes())).collect();
    let frame = |frame: &Frame<'_>| {
        let mark = match frame.trust {
            Trust::Return => "",
            Trust::Unreliable => "? ",
            Trust::Pc => "! ",
            Trust::Link => "< ",
            Trust::Inlined => "~ ",
        };
        let name = match (frame.symbol, frame.source, frame.address) {
            (Some(symbol), Some(source), _) => format!("{symbol} {}:{}", source.file, source.line),
            (Some(symbol), None, _) => symbol.to_string(),
            (None, Some(source), _) => format!("{}:{}", source.file, source.line),
            (None, None, address) => format!("{:#x}", address.unwrap_or_default()),
        };
        format!("{mark}{name}")
    };
    let stack = |trace: &StackTrace<'_>| trace.frames.iter().map(frame).collect::<Vec<_>>().join(", ");
    StackTrace::read(&lines, Some(TraceKind::Other)).iter().map(stack).collect()
}

#[test]
fn x86_names_of_stacks() {
    let log = "\
Call Trace:
 <IRQ>  [<ffffffff8138d924>] dump_stack+0x1/0x2
 [<ffffffff8138d925>] ? tick+0x1/0x2
 <EOI>  [<ffffffff8138d926>] idle+0x1/0x2
Code: 00 00 00 00
";
    assert_eq!(stacks(log), ["dump_stack, ? tick, idle"]);
    // print_trace_stack, arch/x86/kernel/dumpstack.c, 4.4: the end of a stack and the name of the next on one line.
    let log = "\
Call Trace:
 <NMI>  [<ffffffff8138d924>] dump_stack+0x1/0x2
 [<ffffffff8138d925>] nmi+0x1/0x2
 <<EOE>>  <IRQ>  [<ffffffff8138d926>] tick+0x1/0x2
 <<EOE>> 
 <EOI>  <UNK> [<ffffffff8138d927>] ? idle+0x1/0x2
 <EOI> [  420.505397]  [<ffffffff8138d928>] ? start+0x1/0x2
";
    assert_eq!(stacks(log), ["dump_stack, nmi, tick, ? idle, ? start"]);
}

#[test]
fn lockdep_names_classes_and_states() {
    // print_bad_irq_dependency, print_circular_bug, kernel/locking/lockdep.c, 6.1.
    let log = "\
but this new dependency connects a HARDIRQ-irq-safe lock:
 (cm_irq){-...}-{2:2}

... which became HARDIRQ-irq-safe at:
  lock_acquire+0x1/0x2
-> (&x->plain){+.+.}-{2:2} {
   HARDIRQ-ON-W at:
                    lock_acquire+0x1/0x2
   INITIAL USE at:
                   lock_acquire+0x1/0x2
 }
 ... key      at: [<ffffffffc0010a18>] cm_plain_spin+0x18/0x30 [crashme]
 ... acquired at:
   lock_acquire+0x1/0x2

-> #1 (cm_lock_b){+.+.}-{3:3}:
       lock_acquire+0x1/0x2
ffffffffc0007120 (demo_lock){?.+.}-{2:2}, at: demo_irq+0x1f/0x60 [demo]
{HARDIRQ-ON-W} state was registered at:
  lock_acquire+0x1/0x2
stack backtrace:
 dump_stack_lvl+0x1/0x2
";
    let lines: Vec<Line<'_>> = log.lines().map(|line| Line::parse(0, line.as_bytes())).collect();
    let text =
        |name: Option<&[u8]>| name.map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default();
    let found: Vec<_> = StackTrace::read(&lines, None)
        .iter()
        .map(|trace| format!("{} {} {}", trace.kind.as_str(), text(trace.lock), text(trace.usage)))
        .collect();
    let want = [
        "lock-usage cm_irq HARDIRQ-irq-safe",
        "lock-usage &x->plain HARDIRQ-ON-W",
        "lock-usage &x->plain INITIAL USE",
        "lock-usage &x->plain ",
        "lock-dependency cm_lock_b ",
        "lock-usage demo_lock HARDIRQ-ON-W",
        "crash  ",
    ];
    assert_eq!(found, want);
}

#[test]
fn who_allocated_and_who_freed() {
    // print_track, mm/kasan/report.c, 4.9; kfence_print_stack, mm/kfence/report.c, 5.12.
    let log = "\
Allocated:
PID = 905
 [<ffffffff81033e6b>] demo_alloc+0x1b/0x20
Freed:
PID = 906
 [<ffffffff81033e6b>] demo_free+0x1b/0x20
kfence-#7 [0x00000000b2c3d4e5-0x00000000c3d4e5f6, size=32, cache=kmalloc-32] allocated by task 907:
 demo_alloc+0x2e/0x60
";
    let lines: Vec<Line<'_>> = log.lines().map(|line| Line::parse(0, line.as_bytes())).collect();
    let found: Vec<_> = StackTrace::read(&lines, None).iter().map(|trace| (trace.kind, trace.pid)).collect();
    let (allocated, freed) = (TraceKind::Allocated, TraceKind::Freed);
    assert_eq!(found, [(allocated, Some(905)), (freed, Some(906)), (allocated, Some(907))]);
}

#[test]
fn places_are_no_stacks() {
    // print_address_description, print_address_stack_frame, mm/kasan/report.c, 6.1.
    let log = "\
The buggy address belongs to the variable:
 cm_global+0xc/0x40 [crashme]
The buggy address belongs to stack of task init/40
 and is located at offset 34 in frame:
 stack_oob+0x0/0xd0 [crashme]
The buggy address belongs to the virtual mapping at
 [ffffc90002f78000, ffffc90002f81000) created by:
 dup_task_struct+0x1/0x2
demo/7 is trying to release lock (&x->lock) at:
[<ffffffff8138d924>] demo_up+0x1/0x2
";
    assert!(stacks(log).is_empty(), "{:?}", stacks(log));
    // The address is lost.
    let log = "The buggy address belongs to the variable:\nCall Trace:\n fn+0x1/0x2\n";
    assert_eq!(stacks(log), ["fn"]);
}

#[test]
fn arm_callers_are_callees_of_the_next_line() {
    let log = "\
 demo_leaf from demo_write+0x30/0x60
 demo_write from __irq_svc+0x68/0x84
Exception stack(0xf0a8deb8 to 0xf0a8df00)
dea0:                                                       c3a4e240 c1203d40
dec0: 00000000 00000001 ???????? c2f1a600 eefb5d00 00000000 c2f1a605 c1203d40
 __irq_svc from idle+0x1c/0x34
 r7:81fc3200 r6:00000000 r5:81fc3200 r4:8240c000
 idle from ret_from_fork+0x14/0x2c
";
    // What the interrupt stopped is no return address: svc_entry saves all registers.
    assert_eq!(stacks(log), ["demo_leaf, demo_write, __irq_svc, ! idle, ret_from_fork"]);
    let log = "\
Backtrace: 
Function entered at [<c0008000>] from [<c0012344>]
Function entered at [<c0012300>] from [<c0012544>]
";
    assert_eq!(stacks(log), ["0xc0008000, 0xc0012344, 0xc0012544"]);
    // Symbolized.
    let log = "\
[<81321ab8>] (xmit) from [<81322978>] (__queue+0xb58/0xedc net/core/dev.c:4247)
 r10:0000002f r9:850f5200 r8:822ae744 r7:85b0fc00 r6:e0728388 r5:8539a800
[<81321e20>] (__queue) from [<8132cb7c>] (queue include/linux/net.h:3054 [inline])
[<81321e20>] (__queue) from [<8132cb7c>] (neigh_output+0x18/0x1c net/core/neigh.c:1623)
";
    let want = "xmit, __queue net/core/dev.c:4247, ~ queue include/linux/net.h:3054, neigh_output net/core/neigh.c:1623";
    assert_eq!(stacks(log), [want]);
    // A line is lost between.
    let log = " a from b+0x1/0x2\n c from d+0x1/0x2\n";
    assert_eq!(stacks(log), ["a, b, c, d"]);
}

#[test]
fn powerpc_interrupted_contexts() {
    let log = "\
Call Trace:
[c000000003ffde10] [c0000000002534c8] call_timer_fn+0x58/0x1f0 (unreliable)
[c0000000038ffa80] [c000000000009a80] decrementer_common_virt+0x210/0x220
--- interrupt: 900 at plpar_hcall_norets+0x18/0x2c
NIP:  c0000000000f1958 LR: c000000000f5ad34 CTR: 0000000000000000
REGS: c0000000038ffab0 TRAP: 0900   Not tainted  (6.6.30-demo)
MSR:  8000000002009033 <SF,VEC,EE,ME,IR,DR,RI,LE>  CR: 22000220  XER: 00000000
IRQMASK: 0 
GPR00: 0000000000000000 c0000000038ffd50 c000000001c8a600 0000000000000000 
NIP [c0000000000f1958] plpar_hcall_norets+0x18/0x2c
LR [c000000000f5ad34] cede+0x34/0x50
--- interrupt: 900
[c0000000038ffdb0] [c000000000f5afe0] dedicated_cede_loop+0xa0/0x190
";
    assert_eq!(
        stacks(log),
        ["? call_timer_fn, decrementer_common_virt, ! plpar_hcall_norets, < cede, dedicated_cede_loop"]
    );
}

#[test]
fn a_leaf_is_called_by_whom_the_link_register_names() {
    let oops = |link: &str, first: &str| {
        stacks(&format!(
            "CPU: 1 PID: 106 Comm: demo Not tainted 7.2.13 #1
pstate: 60400009 (nZCv daif +PAN -UAO)
pc : leaf+0x8/0x18 [demo]
lr : {link}
sp : ffff80008341fe20
x29: ffff800083420030 x28: ffff000004bc8000 x27: 0000000000000000
Call trace:
 {first}
 write+0x1/0x2 [demo]
"
        ))
    };
    assert_eq!(oops("caller+0x1c/0x40 [demo]", "leaf+0x8/0x18 [demo] (P)"), ["! leaf, < caller, write"]);
    assert_eq!(oops("caller+0x1c/0x40 [demo]", "caller+0x1c/0x40 [demo]"), ["caller, write"], "repeated");
    assert_eq!(
        oops("leaf+0x4/0x18 [demo]", "leaf+0x8/0x18 [demo]"),
        ["! leaf, write"],
        "it has called since"
    );
    assert_eq!(oops("0x0", "leaf+0x8/0x18 [demo]"), ["! leaf, write"]);
}

#[test]
fn what_an_interrupt_stopped_stands_in_the_stack() {
    // sched_show_task of a running task, from the tick that noticed an RCU stall.
    let log = "\
Call Trace:
 <IRQ>
 sched_show_task+0x170/0x1c0
 sysvec_apic_timer_interrupt+0x6c/0x90
 </IRQ>
 <TASK>
 asm_sysvec_apic_timer_interrupt+0x1a/0x20
RIP: 0010:delay_tsc+0x4a/0xa0
RSP: 0018:ff577d914046fa08 EFLAGS: 00010246
RAX: 00000007387539fb RBX: 000000000000ab23 RCX: 0000000000000000
 spin+0x1a/0x30 [demo]
 entry_SYSCALL_64_after_hwframe+0x76/0x7e
RIP: 0033:0x4b0642
RSP: 002b:00007fffc817f430 EFLAGS: 00000202 ORIG_RAX: 0000000000000001
 </TASK>
";
    let stack = "sched_show_task, sysvec_apic_timer_interrupt, asm_sysvec_apic_timer_interrupt, ! delay_tsc, spin, entry_SYSCALL_64_after_hwframe";
    assert_eq!(stacks(log), [stack]);
}

#[test]
fn behind_who_printed_a_trap_is_its_counter() {
    // show_stack from __warn, arch/loongarch/kernel/traps.c, 7.2.
    let log = "\
CPU: 1 PID: 117 Comm: demo Not tainted 7.2.13 #1
   ra: 90000000002265e4 object_err+0x24c/0x274
  ERA: 90000000002265e4 object_err+0x24c/0x274
 CRMD: 000000b0 (PLV0 -IE -DA +PG DACF=CC DACM=CC -WE)
Call Trace:
[<9000000000239268>] show_stack+0xf8/0x1c0
[<90000000012e5c28>] do_bp+0x248/0x400
[<0000000000000000>] 0x0
[<90000000002265e4>] object_err+0x24c/0x274
[<90000000006cb1c8>] check_bytes_and_report+0x128/0x150
";
    assert_eq!(stacks(log), ["show_stack, do_bp, 0x0, ! object_err, check_bytes_and_report"]);
}

#[test]
fn s390_breaking_event_is_no_frame() {
    let log = "\
Call Trace:
 [<000003ff80284046>] demo_check+0x46/0x58 [demo] 
([<000003ff80284042>] demo_check+0x42/0x58 [demo])
Last Breaking-Event-Address:
 [<0000000082b02e2c>] __warn_printk+0x64/0x68
";
    assert_eq!(stacks(log), ["demo_check, ? demo_check"]);
}

#[test]
fn sparc_callers_are_a_stack_of_their_own() {
    let log = "\
Call Trace:
[<0000000010114094>] demo_write+0x54/0xa0 [demo]
[<00000000007a5c64>] proc_reg_write+0xa4/0x100
Caller[0000000010114094]: demo_write+0x54/0xa0 [demo]
Caller[00000000007a5c64]: proc_reg_write+0xa4/0x100
Instruction DUMP:
";
    assert_eq!(stacks(log), ["demo_write, proc_reg_write", "demo_write, proc_reg_write"]);
    let log = "\
[f04a5b68 : dump_stack+0xc/0x1c ] [f004d0b4 : __schedule_bug+0x64/0x74 ] 
[f04a7c20 : schedule+0x4a0/0x5e0 ] 
";
    assert_eq!(stacks(log), ["dump_stack, __schedule_bug, schedule"]);
}

#[test]
fn inlined_calls_stand_before_their_function() {
    let log = "\
Call Trace:
 demo_write (demo.h:14 demo.c:31) demo
 vfs_write (fs/read_write.c:583)
";
    assert_eq!(stacks(log), ["~ demo.h:14, demo_write demo.c:31, vfs_write fs/read_write.c:583"]);
    let log = "\
do_sys_open+0x12/0x340:
get_flags at include/linux/fs.h:12
 (inlined by) build_flags at fs/open.c:34
 (inlined by) do_sys_open at fs/open.c:1234 (discriminator 2)

do_read+0x12/0x340:
do_read at fs/read_write.c:12
";
    assert_eq!(
        stacks(log),
        [
            "~ get_flags include/linux/fs.h:12, ~ build_flags fs/open.c:34, do_sys_open fs/open.c:1234",
            "do_read fs/read_write.c:12"
        ]
    );
    assert_eq!(stacks("do_read+0x12/0x340:\nsome at text\n"), [""; 0]);
}
