//! Dumps of all kinds: whole, without an end, in pieces, or one line of them for ever.

use super::crashes::{BACKTRACE, CHAIN, HUNG, KASAN, LEAK, OOPS, TASK, UBSAN, WARN};
use super::{By, Dress, ONLY_TAGS, Rows, STAMPS, TAGS};

const BOTH: &[Dress] = &[TAGS, STAMPS];
const THREE: &[Dress] = &[TAGS, STAMPS, ONLY_TAGS];

pub(super) const ROWS: &[(Rows, &[Dress])] = &[
    // Backtraces of all CPUs: lib/nmi_backtrace.c
    (Rows::of("NMI backtraces, headers of 2000 CPUs", BACKTRACE_HEADER).from(2_000).by(By::Cpus), THREE),
    (Rows::of("NMI backtraces skipped, 2048 CPUs", &["NMI backtrace for cpu {k} skipped: idling at intel_idle+0x6b/0x90"]).from(2_048).by(By::Cpus), BOTH),
    (Rows::of("NMI requests", &["Sending NMI from CPU 0 to CPUs 1-3:"]), BOTH),
    (Rows::of("NMI requests of 5000 callers", &["Sending NMI from CPU {k} to CPUs 0-5000:"]).from(5_000), BOTH),
    (Rows::of("NMI request, header, in turn", &["Sending NMI from CPU 0 to CPUs {k}:", "NMI backtrace for cpu {k}"]).from(64), BOTH),
    (SYSRQ_L, BOTH),
    (Rows { name: "sysrq-l of 2048 CPUs, mixed", ..SYSRQ_L }.mixed(), THREE),
    (Rows { name: "sysrq-l of 16 CPUs, mixed", callers: 16, ..SYSRQ_L }.mixed(), BOTH),
    (Rows::of("soft lockups of 2048 CPUs", &["watchdog: BUG: soft lockup - CPU#{k} stuck for 26s! [demo:{k}]"]).from(2_048).by(By::Cpus), BOTH),
    (RCU, BOTH),
    (Rows { name: "RCU stall of 2048 CPUs, mixed", ..RCU }.mixed(), BOTH),
    (Rows::of("RCU stall headings", &["rcu: INFO: rcu_preempt self-detected stall on CPU", "rcu: \t{k}-....: (21000 ticks this GP) idle=d0f4/1/0x4000000000000000 softirq=91/91 fqs=5249"]).from(64).by(By::Cpus), BOTH),
    // Dumps of all tasks: kernel/sched/core.c, kernel/hung_task.c, kernel/locking/lockdep.c, mm/oom_kill.c
    (Rows::of("sysrq-t of 50000 tasks", TASK).from(50_000).by(By::One).head(&["sysrq: Show State"]), THREE),
    (Rows::of("tasks of no dump", TASK).from(50_000).by(By::One), BOTH),
    (Rows::of("hung tasks, 10000", HUNG).from(10_000).by(By::One), THREE),
    (Rows::of("hung tasks, first lines", &["INFO: task demo:{k} blocked for more than 143 seconds."]).from(10_000).by(By::One), BOTH),
    (Rows::of("hung tasks, blockers alone", &["INFO: task demo:{k} is blocked on a mutex likely owned by task demo:1."]).from(10_000).by(By::One), BOTH),
    (LOCKS, BOTH),
    (Rows { name: "lock lists without heading", head: &[], ..LOCKS }, BOTH),
    (Rows::of("out of memory, 50000 tasks", &["[{k}]     0 {k}     4000      300    81920        0             0 demo"]).from(50_000).by(By::One).head(OOM), BOTH),
    (Rows::of("out of memory, headings", OOM).from(64), BOTH),
    (Rows::of("lock chain of 10000 links", CHAIN).from(10_000).by(By::One).head(&["WARNING: possible circular locking dependency detected"]), BOTH),
    (Rows::of("leaked objects", LEAK).from(10_000).by(By::One), BOTH),
    // Crashes
    (Rows::of("oopses, whole", OOPS).from(5_000), BOTH),
    (Rows::of("oopses of 2 CPUs, line by line", OOPS).from(2).mixed(), THREE),
    (Rows::of("oopses of 64 CPUs, line by line", OOPS).from(64).mixed(), BOTH),
    (Rows::of("oopses of 512 tasks, line by line", OOPS).from(512).mixed(), BOTH),
    (Rows::of("oopses of 5000 tasks, line by line", OOPS).from(5_000).mixed(), BOTH),
    (Rows::of("oops in pieces, 3 lines between", OOPS).between(3), BOTH),
    (Rows::of("oops in pieces, 1000 lines between", OOPS).between(1_000), BOTH),
    (Rows::of("oopses of 64 CPUs in pieces, 50 lines between", OOPS).from(64).mixed().between(50), BOTH),
    (Rows::of("oops headers", &["Oops: Oops: 0002 [#1] SMP NOPTI"]).from(64), BOTH),
    (Rows::of("oops first lines, two", &["BUG: kernel NULL pointer dereference, address: 0000000000000008", "Oops: Oops: 0002 [#1] SMP NOPTI"]).from(64), BOTH),
    (Rows::of("panics", &["Kernel panic - not syncing: Fatal exception", "---[ end Kernel panic - not syncing: Fatal exception ]---"]), BOTH),
    (Rows::of("short BUGs of one task", &["BUG: x"]), THREE),
    (Rows::of("warnings, whole, of 60000 tasks", WARN).from(60_000), BOTH),
    (Rows::of("warnings of 60000 tasks", &["WARNING: CPU: 1 PID: {k} at drivers/demo/main.c:334 demo_check+0x72/0xa0 [demo]"]).from(60_000), THREE),
    (Rows::of("warnings of 60000 tasks since Linux 6.19", &["WARNING: drivers/demo/main.c:334 at demo_check+0x72/0xa0 [demo], CPU#1: demo/{k}"]).from(60_000), THREE),
    (Rows::of("warnings of 64 CPUs, line by line", WARN).from(64).mixed(), BOTH),
    (Rows::of("warnings, 400 quiet lines between", &["WARNING: CPU: 1 PID: {k} at drivers/demo/main.c:334 demo_check+0x72/0xa0 [demo]"]).from(64).between(400), BOTH),
    (Rows::of("KASAN headers", &["BUG: KASAN: slab-use-after-free in demo_step+0x3a/0x60 [demo]"]).from(64), BOTH),
    (Rows::of("KASAN reports without an end", KASAN).from(5_000), BOTH),
    (Rows::of("KASAN reports of 64 tasks, line by line", KASAN).from(64).mixed(), BOTH),
    (Rows::of("UBSAN reports", UBSAN).from(64), BOTH),
    (Rows::of("UBSAN rows of one task", &["UBSAN: shift-out-of-bounds in drivers/demo/shift.c:31:14"]), BOTH),
    (Rows::of("CSD locks", &["smp: csd: Detected non-responsive CSD lock (#{k}) on CPU#0, waiting 5000000007 ns for CPU#01 demo+0x0/0x10(0x0).", "smp: csd: Re-sending CSD lock (#{k}) IPI from CPU#00 to CPU#01"]).from(64), BOTH),
    // What comes before a check that fails, and what comes on its own
    (Rows::of("preludes: refcount_t", &["refcount_t: underflow; use-after-free."]).from(64), BOTH),
    (Rows::of("preludes: list_add corruption", &["list_add corruption. prev->next should be next (ffff888005a1c008), but was ffff888005a1c010. (prev=ffff888005a1c018)."]), THREE),
    (Rows::of("preludes: list_del corruption, 5000 tasks", &["list_del corruption, ffff888005a1c008->next is LIST_POISON1 (dead000000000100)"]).from(5_000), BOTH),
    (Rows::of("preludes: NETDEV WATCHDOG", &["NETDEV WATCHDOG: eth0 (e1000e): transmit queue 0 timed out"]), BOTH),
    (Rows::of("preludes: NETDEV WATCHDOG, with their warnings", &["NETDEV WATCHDOG: eth0 (e1000e): transmit queue 0 timed out", "WARNING: CPU: 1 PID: 0 at net/sched/sch_generic.c:525 dev_watchdog+0x1f9/0x200"]), BOTH),
    (Rows::of("preludes: page dumps", &["page:00000000f3a1c220 refcount:0 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x1f00d", "flags: 0x100000000000000(node=0|zone=1)", "raw: 0100000000000000 0000000000000000", "page dumped because: VM_BUG_ON_PAGE(demo)"]), BOTH),
    (Rows::of("asides: unregister_netdevice", &["unregister_netdevice: waiting for eth{k} to become free. Usage count = 2"]).from(64), BOTH),
    (Rows::of("asides: EXT4", &["EXT4-fs error (device sda1): ext4_lookup:1785: inode #2: comm ls: deleted inode referenced: {k}"]).from(64), BOTH),
    (Rows::of("asides: EXT4, of 5000 tasks, and others between", &["EXT4-fs error (device sda1): ext4_lookup:1785: inode #2: comm ls: deleted inode referenced: {k}", "INFO: lockdep is turned off.", "eth{k}: Link is Up - 1Gbps/Full", "** replaying previous printk message **"]).from(5_000), BOTH),
    (Rows::of("first lines of kernels, without a report", &["Linux version 6.1.{k} (demo@host) (gcc) #1 SMP"]).from(64), BOTH),
    (Rows::of("asides in an oops without an end", &["EXT4-fs error (device sda1): ext4_lookup:1785: inode #2: comm ls: deleted inode referenced: 131"]).head(&["BUG: unable to handle page fault for address: ffffc90000000008"]), BOTH),
    // Nearly banners, and quotes of some
    (Rows::of("near-banners", &["BUGS: 0", "ODEBUG: 3 of 3 active objects replaced", "WARNING: The mand mount option has been deprecated", "INFO: lockdep is turned off.", "traps: demo[{k}] general protection fault ip:401000 sp:7ffd error:0 in demo", "demo: internal error"]).from(64), BOTH),
    (Rows::of("near-banners: INFO", &["INFO: lockdep is turned off."]), BOTH),
    (Rows::of("quotes", &["run #{k}: crashed: KASAN: slab-use-after-free Read in demo", "re-testing crash 'BUG: KASAN: demo'"]).from(64), BOTH),
    // One line of a crash for ever
    (Rows::of("headings alone", &["Call Trace:"]), BOTH),
    (Rows::of("headings alone: <TASK>", &[" <TASK>", " </TASK>"]), BOTH),
    (Rows::of("cut here alone", &["------------[ cut here ]------------"]), BOTH),
    (Rows::of("end markers alone", &["---[ end trace 0000000000000000 ]---"]), BOTH),
    (Rows::of("frames alone", &[" demo_dispatch+0xbb/0x110 [demo]"]).from(64), BOTH),
    (Rows::of("frames alone, in doubt", &[" ? demo_dispatch+0xbb/0x110 [demo]"]), BOTH),
    (Rows::of("a stack of 65000 frames", &[" demo_dispatch+0xbb/0x110 [demo]"]).from(65_000).by(By::One).head(&["BUG: stack guard page was hit at 00000000f3a1c220 (stack is 00000000a81c0f3b..000000007f3a1c20)", "Call Trace:"]), BOTH),
    (Rows::of("registers alone", &["RAX: 0000000000000000 RBX: ffff888005a1c000 RCX: 0000000000000001"]), BOTH),
    (Rows::of("program counters alone", &["RIP: 0010:demo_write+0x1c/0x40 [demo]"]), BOTH),
    (Rows::of("Code alone", &["Code: 00 00 0f 1f 44 00 00 48 8b 47 08 48 c7 c2 00 10 00 00 <c7> 40 08 01 00 00 00 c3 cc cc cc cc"]), BOTH),
    (Rows::of("CPU headers alone", &["CPU: {k} UID: 0 PID: {k} Comm: demo Not tainted 6.12.0 #1"]).from(2_048), BOTH),
    (Rows::of("lines of =", &["=================================================================="]), BOTH),
    (Rows::of("lines of = and a BUG", &["==================================================================", "BUG: x"]), BOTH),
    (Rows::of("empty lines", &[""]), BOTH),
    // The same behind a banner, so that they are looked at
    (behind("headings behind a banner", &["Call Trace:"]), BOTH),
    (behind("frames behind a banner", &[" demo_dispatch+0xbb/0x110 [demo]"]), BOTH),
    (behind("registers behind a banner", &["RAX: 0000000000000000 RBX: ffff888005a1c000 RCX: 0000000000000001"]), BOTH),
    (behind("cut here behind a banner", &["------------[ cut here ]------------"]), BOTH),
    (behind("end markers behind a banner", &["---[ end trace 0000000000000000 ]---"]), BOTH),
    (behind("NMI requests behind a banner", &["Sending NMI from CPU 0 to CPUs {k}:"]), BOTH),
    (behind("near-banners behind a banner", &["INFO: lockdep is turned off.", "BUGS: 0"]), BOTH),
    (behind("asides behind a banner", &["unregister_netdevice: waiting for eth{k} to become free. Usage count = 2"]), BOTH),
    (behind("locks behind a banner", &[" #0: ffff888005a1c420 (sb_writers#4){.+.+}-{0:0}, at: ksys_write+0xfb/0x1d0"]), BOTH),
    (behind("words behind a banner", &["eth{k}: Link is Up - 1Gbps/Full"]), BOTH),
    (behind("words of others behind a banner", &["eth{k}: Link is Up - 1Gbps/Full"]).by(By::Tasks), BOTH),
    (Rows::of("words behind banners of 64 tasks", &["BUG: unable to handle page fault for address: ffffc90000000008"]).from(64).between(30), BOTH),
    // What the console says of itself
    (Rows::of("replays", &["** replaying previous printk message **"]), BOTH),
    (Rows::of("replays of a banner", &["BUG: x", "** replaying previous printk message **", "BUG: x"]).from(64), BOTH),
    (Rows::of("replays in an oops", &["** replaying previous printk message **", " demo_dispatch+0xbb/0x110 [demo]"]).head(OOPS_HEAD), BOTH),
    (Rows::of("dropped messages", &["** {k} printk messages dropped **"]).from(5_000), BOTH),
    (Rows::of("dropped messages glued to a banner", &["** 12 printk messages dropped ** [    1.000000] BUG: x"]), BOTH),
    // kernel/reboot.c, init/version.c, boot loaders
    (Rows::of("boots", &["Linux version 6.1.0 (demo@host) (gcc) #1 SMP", "BUG: x"]), BOTH),
    (Rows::of("boot loaders", &["Booting the kernel.", "Linux version 6.1.0 (demo@host) (gcc) #1 SMP"]), BOTH),
];

const BACKTRACE_HEADER: &[&str] = &["NMI backtrace for cpu {k}"];
const OOM: &[&str] = &[
    "demo invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
    "Tasks state (memory values in pages):",
    "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
];
const OOPS_HEAD: &[&str] = &[
    "BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "Oops: Oops: 0002 [#1] SMP NOPTI",
    "Call Trace:",
];

/// A crash that never ends, and 50000 lines of the same.
const fn behind(name: &'static str, rows: &'static [&'static str]) -> Rows {
    let head = &["BUG: unable to handle page fault for address: ffffc90000000008"];
    Rows::of(name, rows).from(50_000).by(By::One).head(head)
}

/// sysrq-l, CPU after CPU.
const SYSRQ_L: Rows = Rows::of("sysrq-l of 2048 CPUs", BACKTRACE).from(2_048).by(By::Cpus).head(&[
    "sysrq: Show backtrace of all active CPUs",
    "NMI backtrace for cpu 0",
    "Sending NMI from CPU 0 to CPUs 1-2047:",
]);

/// A stall of which all CPUs are asked: print_other_cpu_stall, kernel/rcu/tree_stall.h.
const RCU: Rows = Rows::of("RCU stall of 2048 CPUs", BACKTRACE).from(2_048).by(By::Cpus).head(&[
    "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
    "rcu: \t1-...!: (1 GPs behind) idle=d0f4/1/0x4000000000000000 softirq=91/91 fqs=0",
    "\t(detected by 0, t=21002 jiffies, g=1237, q=4 ncpus=2048)",
    "Sending NMI from CPU 0 to CPUs 1-2047:",
]);

/// debug_show_all_locks, kernel/locking/lockdep.c
const LOCKS: Rows = Rows::of(
    "lock lists of 10000 tasks",
    &[
        "2 locks held by demo/{k}:",
        " #0: ffff888005a1c420 (sb_writers#4){.+.+}-{0:0}, at: ksys_write+0xfb/0x1d0",
        " #1: ffff888005a1c008 (demo_lock){+.+.}-{3:3}, at: demo_write+0x1a/0x40 [demo]",
    ],
)
.from(10_000)
.by(By::One)
.head(&["Showing all locks held in the system:"]);
