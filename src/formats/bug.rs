//! `BUG:` lines that are not a sanitizer's, and BUG() itself.
//!
//! ```text
//! BUG: sleeping function called from invalid context at kernel/locking/mutex.c:582
//! kernel BUG at mm/usercopy.c:102!
//! ```

use super::skip::Format;
use super::{Family, LINK_THEN_TRACE, Part, Pick, RIP_THEN_TRACE, Rule, TRACE};

/// Debug lines of other programs that end in the letters of a banner.
const UNLESS: &[&str] =
    &["ODEBUG:", "Boot_DEBUG:", "xlog_status:", "DEBUG:", "BUG: no syscalls can create resource"];

pub(crate) const FAMILIES: &[Family] = &[
    Family {
        banner: "BUG:",
        unless: UNLESS,
        rules: &[
            // show_fault_oops, arch/x86/mm/fault.c; bad_page_fault, arch/powerpc/mm/fault.c
            Rule {
                line: "BUG: (?:unable to handle kernel paging request|unable to handle page fault for address|Unable to handle kernel data access)",
                title: "BUG: unable to handle kernel paging request in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[RIP_THEN_TRACE],
                ..Rule::NEW
            },
            Rule {
                line: "BUG: (?:unable to handle kernel NULL pointer dereference|kernel NULL pointer dereference|Kernel NULL pointer dereference)",
                title: "BUG: unable to handle kernel NULL pointer dereference in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[RIP_THEN_TRACE],
                ..Rule::NEW
            },
            // bad_page_fault, arch/powerpc/mm/fault.c: a call of a bad pointer, whose caller the link register names
            Rule {
                line: "BUG: Unable to handle kernel instruction fetch \\(NULL pointer\\?\\)",
                title: "BUG: unable to handle kernel NULL pointer dereference in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[LINK_THEN_TRACE, RIP_THEN_TRACE],
                ..Rule::NEW
            },
            Rule {
                line: "BUG: Unable to handle kernel instruction fetch",
                title: "BUG: unable to handle kernel paging request in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[LINK_THEN_TRACE, RIP_THEN_TRACE],
                ..Rule::NEW
            },
            Rule {
                line: "BUG: Unable to handle kernel (unaligned access) at ",
                title: "BUG: unable to handle kernel {1} in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[RIP_THEN_TRACE],
                ..Rule::NEW
            },
            Rule {
                line: "BUG: Unable to handle unknown paging fault at ",
                title: "BUG: unable to handle kernel paging request in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[RIP_THEN_TRACE],
                ..Rule::NEW
            },
            Rule {
                line: "BUG: unable to handle kernel",
                title: "BUG: unable to handle kernel",
                broken: true,
                ..Rule::NEW
            },
            // spin_bug and rwlock_bug, kernel/locking/spinlock_debug.c
            Rule {
                line: "BUG: (spinlock|rwlock) (lockup suspected|already unlocked|recursion|cpu recursion|bad magic|wrong owner|wrong CPU|trylock failure on UP)",
                title: "BUG: {1} {2} in {frame}",
                stacks: &[TRACE],
                format: Format::Spinlock,
                ..Rule::NEW
            },
            Rule {
                line: "BUG: .*still has locks held!",
                report: &["BUG: .*still has locks held!", super::lockdep::ADDRESS],
                title: "BUG: still has locks held in {1}",
                ..Rule::NEW
            },
            // __schedule_bug, kernel/sched/core.c
            Rule {
                line: "BUG: scheduling while atomic",
                title: "BUG: scheduling while atomic in {frame}",
                stacks: &[TRACE],
                format: Format::Atomic,
                ..Rule::NEW
            },
            // WARN_ON, include/asm-generic/bug.h, 2.6.17 to 2.6.20: "BUG: warning at kernel/softirq.c:138/local_bh_enable()"
            Rule {
                line: "BUG: warning at [a-zA-Z0-9_/.-]+:[0-9]+/([a-zA-Z0-9_]+)\\(\\)",
                title: "WARNING in {1}",
                traceless: true,
                ..Rule::NEW
            },
            // debug_check_no_locks_held, kernel/lockdep.c, up to Linux 2.6.39
            Rule {
                line: "BUG: lock held at task exit time!",
                title: "BUG: lock held at task exit time in {frame}",
                stacks: &[super::lockdep::LOCK],
                ..Rule::NEW
            },
            // lockdep_sys_exit, kernel/locking/lockdep.c
            Rule {
                line: "BUG: lock held when returning to user space",
                report: &[
                    "BUG: lock held when returning to user space",
                    "leaving the kernel with locks still held",
                    "at: (?:{{PC}} +)?{{FUNC}}",
                ],
                title: "BUG: lock held when returning to user space in {1}",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "BUG: bad unlock balance detected!",
                stacks: &[super::lockdep::UNLOCK],
                title: "BUG: bad unlock balance in {frame}",
                ..Rule::NEW
            },
            Rule {
                line: "BUG: held lock freed!",
                report: &["held lock freed!", super::lockdep::AT],
                stacks: &[super::lockdep::LOCK],
                title: "BUG: held lock freed in {frame}",
                pick: Pick::AsIs,
                ..Rule::NEW
            },
            // __might_resched, kernel/sched/core.c
            Rule {
                line: "BUG: sleeping function called from invalid context",
                title: "BUG: sleeping function called from invalid context in {frame}",
                stacks: &[TRACE],
                ..Rule::NEW
            },
            // check_preemption_disabled, lib/smp_processor_id.c
            Rule {
                line: "BUG: using ([a-z_]+)\\(\\) in preemptible",
                title: "BUG: using {1}() in preemptible code in {frame}",
                stacks: &[TRACE],
                format: Format::Preemptible,
                ..Rule::NEW
            },
            // process_one_work, kernel/workqueue.c
            Rule {
                line: "BUG: workqueue leaked lock or atomic",
                report: &["BUG: workqueue leaked", "last function: ([a-zA-Z0-9_]+)"],
                title: "BUG: workqueue leaked lock or atomic in {1}",
                traceless: true,
                ..Rule::NEW
            },
            // The same since Linux 6.10; without its second line the first is the title.
            Rule {
                line: "BUG: workqueue leaked atomic, lock or RCU",
                then: &["^ *preempt=.* workfn=([a-zA-Z0-9_]+)"],
                title: "BUG: workqueue leaked lock or atomic in {1}",
                traceless: true,
                ..Rule::NEW
            },
            // arch/x86/kernel/traps.c handle_stack_overflow
            Rule {
                line: "BUG: .*stack guard page was hit at",
                title: "BUG: stack guard page was hit in {frame}",
                alt: &["stack-overflow in {frame}"],
                stacks: &[RIP_THEN_TRACE],
                pick: Pick::Stall,
                ..Rule::NEW
            },
            // print_lock_invalid_wait_context, kernel/locking/lockdep.c
            Rule {
                line: "BUG: Invalid wait context",
                title: "WARNING: locking bug in {frame}",
                stacks: &[TRACE],
                format: Format::WaitContext,
                ..Rule::NEW
            },
            // print_lock_nested_lock_not_held, kernel/locking/lockdep.c, Linux 3.10 to 4.10
            Rule {
                line: "BUG: Nested lock was not taken",
                title: "BUG: nested lock was not taken in {frame}",
                stacks: &[super::lockdep::LOCK],
                ..Rule::NEW
            },
            Rule { line: "^BUG:\\s*$", title: "BUG: corrupted", broken: true, ..Rule::NEW },
        ],
        raw: true,
        ..Family::NEW
    },
    // dequeue_task_idle, kernel/sched/idle.c: "bad: scheduling from the idle thread!"
    Family {
        banner: "bad: scheduling from the idle thread!",
        rules: &[Rule {
            line: "^bad: scheduling from the idle thread!",
            title: "BUG: scheduling from the idle thread in {frame}",
            stacks: &[TRACE],
            format: Format::Atomic,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // report_bug, lib/bug.c
    Family {
        banner: "kernel BUG",
        rules: &[
            Rule {
                line: "kernel BUG at mm/usercopy\\.c",
                title: "BUG: bad usercopy in {frame}",
                stacks: &[TRACE],
                format: Format::Usercopy,
                ..Rule::NEW
            },
            Rule {
                line: "kernel BUG at lib/list_debug\\.c",
                title: "BUG: corrupted list in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[TRACE],
                ..Rule::NEW
            },
            Rule {
                line: "kernel BUG at .*",
                title: "kernel BUG in {frame}",
                stacks: &[RIP_THEN_TRACE, TRACE],
                format: Format::KernelBug,
                ..Rule::NEW
            },
        ],
        raw: true,
        // __bug of arch/arm without the undefined instruction, before Linux 3.2 and without CONFIG_DEBUG_BUGVERBOSE: *(int *)0 = 0
        leads_to: &["Unable to handle kernel"],
        ..Family::NEW
    },
    // report_bug without CONFIG_DEBUG_BUGVERBOSE: "Kernel BUG at fn+0x1/0x2 [verbose debug info unavailable]"
    Family {
        banner: "Kernel BUG",
        unless: &["Kernel BUG [#"],
        rules: &[Rule { line: "Kernel BUG (.*)", title: "kernel BUG {1}", ..Rule::NEW }],
        part: Part::Opens,
        ..Family::NEW
    },
];
