//! What kernels print of a crash, line by line; `{k}` is the number of its CPU or its task.

/// An oops of x86: show_fault_oops, __die_body, show_regs: arch/x86.
pub(crate) const OOPS: &[&str] = &[
    "BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "#PF: supervisor write access in kernel mode",
    "#PF: error_code(0x0002) - not-present page",
    "PGD 0 P4D 0 ",
    "Oops: Oops: 0002 [#1] SMP NOPTI",
    "CPU: {k} UID: 0 PID: {k} Comm: demo Not tainted 6.12.0 #1",
    "Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2-1 04/01/2014",
    "RIP: 0010:demo_write+0x1c/0x40 [demo]",
    "Code: 00 00 0f 1f 44 00 00 48 8b 47 08 48 c7 c2 00 10 00 00 <c7> 40 08 01 00 00 00 c3 cc cc cc cc",
    "RSP: 0018:ffffc900001f7e60 EFLAGS: 00010246",
    "RAX: 0000000000000000 RBX: ffff888005a1c000 RCX: 0000000000000001",
    "RDX: 0000000000001000 RSI: 00007ffde36cd520 RDI: ffff888005a1c000",
    "RBP: ffffc900001f7ed0 R08: 0000000000000000 R09: 0000000000000000",
    "FS:  00000000005e2878(0000) GS:ffff88803ec00000(0000) knlGS:0000000000000000",
    "CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033",
    "CR2: 0000000000000008 CR3: 0000000005a90000 CR4: 00000000000006f0",
    "Call Trace:",
    " <TASK>",
    " ? __die+0x1f/0x60",
    " ? exc_page_fault+0x6b/0x150",
    " ? demo_write+0x1c/0x40 [demo]",
    " demo_dispatch+0xbb/0x110 [demo]",
    " vfs_write+0x225/0xa70",
    " ksys_write+0xfb/0x1d0",
    " do_syscall_64+0x2b/0x50",
    " entry_SYSCALL_64_after_hwframe+0x4b/0xb5",
    "RIP: 0033:0x47b7a0",
    "RSP: 002b:00007ffde36cd4b8 EFLAGS: 00000202 ORIG_RAX: 0000000000000001",
    " </TASK>",
    "Modules linked in: demo(O)",
    "CR2: 0000000000000008",
    "---[ end trace 0000000000000000 ]---",
];

/// A WARN of x86: __warn, kernel/panic.c.
pub(crate) const WARN: &[&str] = &[
    "------------[ cut here ]------------",
    "demo: {k} is out of range",
    "WARNING: CPU: {k} PID: {k} at drivers/demo/main.c:334 demo_check+0x72/0xa0 [demo]",
    "Modules linked in: demo(O)",
    "CPU: {k} PID: {k} Comm: demo Tainted: G           O       6.1.0 #1",
    "RIP: 0010:demo_check+0x72/0xa0 [demo]",
    "RSP: 0018:ffffc900001f7e60 EFLAGS: 00010246",
    "RAX: 0000000000000000 RBX: ffff888005a1c000 RCX: 0000000000000001",
    "Call Trace:",
    " <TASK>",
    " demo_dispatch+0xbb/0x110 [demo]",
    " vfs_write+0x225/0xa70",
    " do_syscall_64+0x2b/0x50",
    " </TASK>",
    "---[ end trace 0000000000000000 ]---",
];

/// What a CPU prints that was asked for its backtrace: nmi_cpu_backtrace, lib/nmi_backtrace.c.
pub(crate) const BACKTRACE: &[&str] = &[
    "NMI backtrace for cpu {k}",
    "CPU: {k} PID: {k} Comm: demo Not tainted 6.1.0 #1",
    "Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2-1 04/01/2014",
    "RIP: 0010:demo_spin+0x12/0x20 [demo]",
    "RSP: 0018:ffffc900001f7e60 EFLAGS: 00000246",
    "RAX: 0000000000000000 RBX: ffff888005a1c000 RCX: 0000000000000001",
    "Call Trace:",
    " <TASK>",
    " demo_dispatch+0xbb/0x110 [demo]",
    " kthread+0xda/0x100",
    " ret_from_fork+0x22/0x30",
    " </TASK>",
];

/// A task of sysrq-t: sched_show_task, kernel/sched/core.c.
pub(crate) const TASK: &[&str] = &[
    "task:demo            state:S stack:0     pid:{k} ppid:2      flags:0x00004000",
    "Call Trace:",
    " <TASK>",
    " __schedule+0x2d8/0x8d0",
    " schedule+0x5a/0xd0",
    " demo_wait+0x4a/0x80 [demo]",
    " ret_from_fork+0x22/0x30",
    " </TASK>",
];

/// A hung task: check_hung_task, kernel/hung_task.c.
pub(crate) const HUNG: &[&str] = &[
    "INFO: task demo:{k} blocked for more than 143 seconds.",
    "      Not tainted 6.1.0 #1",
    "\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.",
    "task:demo            state:D stack:0     pid:{k} ppid:1      flags:0x00004000",
    "Call Trace:",
    " <TASK>",
    " __schedule+0x2d8/0x8d0",
    " schedule+0x5a/0xd0",
    " schedule_preempt_disabled+0xc/0x20",
    " __mutex_lock.constprop.0+0x3a1/0x6d0",
    " demo_wait+0x4a/0x80 [demo]",
    " vfs_write+0x225/0xa70",
    " </TASK>",
    "INFO: task demo:{k} is blocked on a mutex likely owned by task demo:1.",
];

/// The beginning of a KASAN report: mm/kasan/report.c.
pub(crate) const KASAN: &[&str] = &[
    "==================================================================",
    "BUG: KASAN: slab-use-after-free in demo_step+0x3a/0x60 [demo]",
    "Read of size 8 at addr ffff888005a1c008 by task demo/{k}",
    "",
    "CPU: {k} PID: {k} Comm: demo Not tainted 6.6.0 #1",
    "Call Trace:",
    " <TASK>",
    " dump_stack_lvl+0x4c/0x5f",
    " print_report+0xcf/0x610",
    " demo_step+0x3a/0x60 [demo]",
    " </TASK>",
    "",
    "Allocated by task {k}:",
    " demo_alloc+0x1a/0x40 [demo]",
    "",
    "Freed by task {k}:",
    " demo_free+0x1a/0x40 [demo]",
    "",
    "Memory state around the buggy address:",
    ">ffff888005a1c000: fa fb fb fb fb fb fb fb fc fc fc fc fc fc fc fc",
];

/// A link of a lock chain: print_circular_bug_entry, kernel/locking/lockdep.c.
pub(crate) const CHAIN: &[&str] = &[
    "-> #{k} (demo_lock){+.+.}-{3:3}:",
    "       lock_acquire+0xc1/0x2a0",
    "       __mutex_lock+0x97/0xdc0",
    "       demo_lock_both+0x3b/0x60 [demo]",
];

/// A leaked object: print_unreferenced, mm/kmemleak.c.
pub(crate) const LEAK: &[&str] = &[
    "BUG: memory leak",
    "unreferenced object 0xffff888005a1c000 (size 64):",
    "  comm \"demo\", pid {k}, jiffies 4294937300 (age 12.340s)",
    "  backtrace:",
    "    [<00000000a81c0f3b>] demo_alloc+0x1a/0x40 [demo]",
];

/// What announces a UBSAN report and ends it: ubsan_prologue, ubsan_epilogue, lib/ubsan.c.
pub(crate) const UBSAN: &[&str] = &[
    "================================================================================",
    "UBSAN: shift-out-of-bounds in drivers/demo/shift.c:31:14",
    "shift exponent {k} is too large for 32-bit type 'int'",
    "================================================================================",
];
