//! Hangs: hung tasks, RCU stalls, lockups.
//!
//! ```text
//! INFO: task cm_owner:41 blocked for more than 6 seconds.
//! rcu: INFO: rcu_preempt self-detected stall on CPU
//! watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [cm_spin:57]
//! ```

use super::skip::Format;
use super::{Family, Pick, RIP_THEN_TRACE, Rule, Step, TRACE};

/// The stack below the interrupt that noticed the stall.
const INTERRUPTED: &[Step] = &[
    Step::Line("apic_timer_interrupt(?:_[a-z_]*)?{{BEHIND}}|el1h_64_irq{{BEHIND}}|Exception stack"),
    Step::Trace,
];

/// The stack of a CPU that was asked for it (nmi_cpu_backtrace), as for expedited stalls.
const ASKED: &[Step] = &[
    Step::Line("NMI backtrace for cpu "),
    Step::Line("^RIP: {{KERNEL}}{{PLACE}}"),
    Step::Line("{{TRACE}}"),
    Step::Trace,
];

/// The same on other CPUs.
const ASKED_ANY: &[Step] =
    &[Step::Line("NMI backtrace for cpu "), Step::Line("{{RIP}}"), Step::Line("{{TRACE}}"), Step::Trace];

/// Since Linux 6.1 a CPU that notices its own stall prints its registers and its stack, without the interrupt's.
const SELF: &[Step] = &[
    Step::Line("self-detected stall on CPU"),
    Step::Line("^RIP: {{KERNEL}}{{PLACE}}"),
    Step::Line("{{TRACE}}"),
    Step::Trace,
];

/// The same on other CPUs.
const SELF_ANY: &[Step] =
    &[Step::Line("self-detected stall on CPU"), Step::Line("{{RIP}}"), Step::Line("{{TRACE}}"), Step::Trace];

/// The stack below the interrupt on 32-bit ARM: "[<c000e2a0>] (__irq_svc) from [<bf012340>] (demo_spin+0x58/0x90 [demo])".
const ARM: &[Step] = &[Step::Line("^{{PC}} \\(__irq_svc[^)]*\\) from {{PC}} \\({{FUNC}}"), Step::Trace];

/// Where the interrupt came, on powerpc: "--- interrupt: 901 at arch_local_irq_restore+0x1f/0xb0".
const POWERPC: &[Step] = &[Step::Line("^--- interrupt: [0-9a-f]+ at \\.?{{FUNC}}"), Step::Trace];

/// The task that runs on a CPU which cannot be asked for its stack, as it was when it was last switched to: dump_cpu_task,
/// kernel/sched/core.c.
const DUMPED: &[Step] = &[
    Step::Line("^Task dump for CPU "),
    Step::Line("{{TRACE}}"),
    Step::Line("^ *(?:{{PC}} +)?(?:\\? )?__switch_to{{BEHIND}}"),
    Step::Trace,
];

/// The stack below an interrupt, on kernels that the convention does not know.
const ENTERED: &[Step] = &[Step::Entry, Step::Trace];

/// What an interrupt calls for a stack to be printed: a timer's to look for CPUs that stall (kernel/rcu/tree.c, kernel/watchdog.c,
/// kernel/softlockup.c up to Linux 2.6.37), another CPU's to ask for it (lib/nmi_backtrace.c, arch/arm64/kernel/smp.c,
/// drivers/tty/sysrq.c).
pub(crate) const FINDERS: &[&str] = &[
    "rcu_check_callbacks",
    "rcu_sched_clock_irq",
    "watchdog_timer_fn",
    "watchdog_overflow_callback",
    "watchdog_hardlockup_check",
    "watchdog_timer_interrupt",
    "soft_nmi_interrupt",
    "softlockup_tick",
    "nmi_cpu_backtrace",
    "showacpu",
];

/// The thread that a stall prevents from going on: rcu_check_gp_kthread_starvation, kernel/rcu/tree_stall.h.
pub(crate) const BYSTANDERS: &[&str] = &["rcu_preempt", "rcu_sched", "rcu_bh"];

/// Words that its stack follows: of Linux 4.1 on, "rcu_sched kthread starved for 5252 jiffies! g42 c41 f0x0 RCU_GP_WAIT_FQS(3) ->state=0x0",
/// and of 4.18 on.
pub(crate) const STARVED: &[&str] = &["kthread starved for ", "RCU grace-period kthread stack dump:"];

/// Words that the stack of the CPU follows on which it ran last: since Linux 5.11.
pub(crate) const LAST_RAN: &str = "Stack dump where RCU GP kthread last ran:";

/// Words of a stall that no CPU and no task is the cause of: that thread does not run.
pub(crate) const NOBODY_STALLS: &str = "All QSes seen, last ";

const RCU_STALL: Rule = Rule {
    title: "INFO: rcu detected stall in {frame}",
    alt: &["stall in {frame}"],
    stacks: &[INTERRUPTED, SELF, SELF_ANY, POWERPC, ENTERED, DUMPED],
    format: Format::RcuStall,
    pick: Pick::Stall,
    ..Rule::NEW
};

pub(crate) const FAMILIES: &[Family] = &[
    // watchdog_timer_fn, kernel/watchdog.c
    Family {
        banner: "BUG: soft lockup",
        rules: &[Rule {
            line: "BUG: soft lockup",
            title: "BUG: soft lockup in {frame}",
            alt: &["stall in {frame}"],
            stacks: &[&[Step::Line("{{RIP}}"), Step::Line("{{TRACE}}"), Step::Trace], ARM],
            otherwise: "{{RIP}}",
            format: Format::SoftLockup,
            pick: Pick::Stall,
            ..Rule::NEW
        }],
        lasts: true,
        ..Family::NEW
    },
    // watchdog_smp_panic, arch/powerpc/kernel/watchdog.c: the other CPU's report follows
    Family {
        banner: "detected hard LOCKUP on other CPUs",
        rules: &[LOCKUP],
        leads_to: &["ard LOCKUP"],
        prelude: true,
        ..Family::NEW
    },
    // The same, Linux 4.13 to 4.15
    Family {
        banner: "detected Hard LOCKUP other CPUS:",
        rules: &[LOCKUP],
        leads_to: &["ard LOCKUP"],
        prelude: true,
        ..Family::NEW
    },
    // watchdog_overflow_callback, kernel/watchdog_hld.c (up to Linux 4.0 by WARN); wd_lockup_ipi, soft_nmi_interrupt: arch/powerpc/kernel/watchdog.c
    Family {
        banner: "ard LOCKUP",
        // The panic that follows: nmi_panic(regs, "Hard LOCKUP").
        unless: &["Kernel panic"],
        rules: &[
            Rule {
                line: "self-detected hard LOCKUP @ (?:{{PC}} +)?{{FUNC}}",
                title: "BUG: hard lockup in {1}",
                alt: &["stall in {1}"],
                traceless: true,
                ..Rule::NEW
            },
            LOCKUP,
        ],
        warns: true,
        // Where a WARN is a trap, its message stands before `cut here`.
        ends_in: "kernel/watchdog",
        ..Family::NEW
    },
    // wq_watchdog_timer_fn, kernel/workqueue.c
    Family {
        banner: "BUG: workqueue lockup",
        rules: &[Rule {
            line: "BUG: workqueue lockup",
            title: "BUG: workqueue lockup",
            format: Format::SoftLockup,
            traceless: true,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // print_cpu_stall, print_other_cpu_stall, synchronize_rcu_expedited_wait: kernel/rcu/tree_stall.h, tree_exp.h
    Family {
        banner: "INFO: rcu_",
        // The other one: check_cpu_stall, kernel/rcu/tree_stall.h, since Linux 6.12.
        unless: &[
            "Stall ended before state dump start",
            "but suppressed full report due to a stuck CSD-lock",
        ],
        rules: &[
            // check_holdout_task, show_stalled_task_trace: kernel/rcu/tasks.h
            Rule {
                line: "INFO: rcu_tasks(?:_trace)? detected stalls on tasks",
                title: "INFO: rcu detected stall in {frame}",
                alt: &["stall in {frame}"],
                stacks: &[TRACE],
                format: Format::RcuTasks,
                ..Rule::NEW
            },
            Rule {
                line: "INFO: rcu_[a-z_]+ detected expedited stalls",
                title: "INFO: rcu detected stall in {frame}",
                alt: &["stall in {frame}"],
                stacks: &[INTERRUPTED, ASKED, ASKED_ANY, ENTERED],
                format: Format::RcuStall,
                pick: Pick::Stall,
                ..Rule::NEW
            },
            // print_cpu_stall_info says since Linux 4.1 on lines of their own which CPUs stall: these are asked for their stacks.
            Rule {
                line: "INFO: rcu_[a-z_]+ detected stalls",
                then: &["^(?:rcu: )?\\s*[0-9]+-[^ ]{1,4}: \\("],
                stacks: &[INTERRUPTED, POWERPC, ENTERED, DUMPED, ASKED, ASKED_ANY],
                ..RCU_STALL
            },
            Rule { line: "INFO: rcu_[a-z_]+ (?:self-)?detected stalls?", ..RCU_STALL },
        ],
        lasts: true,
        ..Family::NEW
    },
    // print_cpu_stall, print_other_cpu_stall: kernel/rcutree.c, up to Linux 2.6.35
    Family {
        banner: "INFO: RCU detected CPU ",
        rules: &[Rule { line: "INFO: RCU detected CPU (?:[0-9]+ stall \\(|stalls:)", ..RCU_STALL }],
        lasts: true,
        ..Family::NEW
    },
    // check_hung_task, kernel/hung_task.c
    Family {
        banner: "INFO: task ",
        rules: &[
            Rule {
                line: "INFO: task .* blocked (?:in I/O wait )?for more than [0-9]+ seconds",
                title: "INFO: task hung in {frame}",
                alt: &["hang in {frame}"],
                stacks: &[TRACE],
                format: Format::Hung,
                pick: Pick::Hung,
                ..Rule::NEW
            },
            // A task's name may hold line feeds: "INFO: task a" and on the next line "b:7 blocked for more than 120 seconds."
            Rule {
                line: "^INFO: task .{0,14}$",
                then: &["^.{0,14}:[0-9]+ blocked (?:in I/O wait )?for more than [0-9]+ seconds"],
                title: "INFO: task hung in {frame}",
                alt: &["hang in {frame}"],
                stacks: &[TRACE],
                format: Format::Hung,
                pick: Pick::Hung,
                sure: true,
                ..Rule::NEW
            },
            Rule {
                line: "^INFO: task .{0,14}$",
                then: &["^.{0,14}:[0-9]+ can't die for more than [0-9]+ seconds"],
                title: "INFO: task can't die in {frame}",
                alt: &["hang in {frame}"],
                stacks: &[TRACE],
                format: Format::CantDie,
                sure: true,
                ..Rule::NEW
            },
            Rule {
                line: "INFO: task .* can't die for more than [0-9]+ seconds",
                title: "INFO: task can't die in {frame}",
                alt: &["hang in {frame}"],
                stacks: &[TRACE],
                format: Format::CantDie,
                ..Rule::NEW
            },
        ],
        ..Family::NEW
    },
    // csd_lock_wait_toolong, kernel/smp.c
    Family {
        banner: "csd: Detected non-responsive CSD lock",
        rules: &[Rule {
            line: "csd: Detected non-responsive CSD lock",
            title: "INFO: non-responsive CSD lock in {frame}",
            alt: &["stall in {frame}"],
            stacks: &[&[Step::Line("csd: Re-sending CSD lock"), Step::Line("{{TRACE}}"), Step::Trace]],
            format: Format::Csd,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
];

const LOCKUP: Rule = Rule {
    line: "(?:detected hard|Hard) LOCKUP",
    title: "BUG: hard lockup in {frame}",
    alt: &["stall in {frame}"],
    stacks: &[RIP_THEN_TRACE, TRACE],
    format: Format::HardLockup,
    ..Rule::NEW
};
