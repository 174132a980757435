//! Panics, reboots and what the kernel cannot clean up.
//!
//! ```text
//! Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009
//! ```

use super::skip::Format;
use super::{Family, Part, Pick, RIP_THEN_TRACE, Rule, TRACE};

/// Why a machine panics after a crash that has been printed to its end, and what else is printed then: that belongs to the
/// crash's report, any other panic is a crash of its own.
pub(crate) const CONSEQUENCES: &[&str] = &[
    // check_panic_on_warn, kernel/panic.c; before 6.2 the checkers' own: "KASAN: panic_on_warn set ..."; "kasan.fault=panic set ...",
    // end_report, mm/kasan/report.c; "kmsan.panic set ...", mm/kmsan/report.c; "panic_on_taint set ...", add_taint, kernel/panic.c
    " set ...",
    "panic_on_warn set",
    // oops_end, arch/x86/kernel/dumpstack.c, and die of others: "Fatal exception in interrupt", "Fatal exception: panic_on_oops"
    "Fatal exception",
    "panic_on_oops",
    // make_task_dead, kernel/exit.c; warn_count, kernel/panic.c
    "Oopsed too often",
    "Warned too often",
    // do_exit, kernel/exit.c
    "Attempted to kill ",
    "Aiee, killing interrupt handler!",
    // cache_from_obj, mm/slab.h, up to Linux 5.12: behind its WARN of a wrong cache
    "INFO: Allocated in ",
    "INFO: Freed in ",
    // watchdog_timer_fn and watchdog_hardlockup_check, kernel/watchdog.c; check_hung_uninterruptible_tasks; panic_on_rcu_stall
    "softlockup: hung tasks",
    "Hard LOCKUP",
    "hung_task: ",
    "RCU Stall",
    // mce_panic and die_nmi
    "Fatal Machine check",
    "Fatal hardware error",
    "Non maskable interrupt",
];

pub(crate) const FAMILIES: &[Family] = &[
    // sysrq_handle_crash, drivers/tty/sysrq.c: asked for, so that no crash before it has led to it
    Family {
        banner: "Kernel panic - not syncing: sysrq triggered crash",
        unless: &["end Kernel panic"],
        rules: &[Rule {
            line: "Kernel panic - not syncing: (sysrq triggered crash)",
            title: "kernel panic: {1}",
            said_by: "sysrq_handle_crash",
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // check_panic_on_oom, out_of_memory: mm/oom_kill.c, after what `dump_header` prints: nothing is killed
    Family {
        banner: "Kernel panic - not syncing: Out of memory",
        unless: &["end Kernel panic"],
        rules: OUT_OF_MEMORY,
        ..Family::NEW
    },
    Family {
        banner: "Kernel panic - not syncing: System is deadlocked on memory",
        unless: &["end Kernel panic"],
        rules: OUT_OF_MEMORY,
        ..Family::NEW
    },
    // panic, kernel/panic.c: its last words repeat the first, which may be lost
    Family {
        banner: "---[ end Kernel panic - not syncing: ",
        rules: &[Rule {
            line: "---\\[ end Kernel panic - not syncing: (.*?)(?: \\]---|\\s*$)",
            title: "kernel panic: {1}",
            traceless: true,
            ..Rule::NEW
        }],
        part: Part::OfAny,
        ..Family::NEW
    },
    // panic, kernel/panic.c
    Family {
        banner: "Kernel panic",
        unless: &["end Kernel panic"],
        rules: &[
            Rule {
                line: "Kernel panic - not syncing: stack-protector:",
                report: &["stack is corrupted in: {{FUNC}}"],
                title: "kernel panic: stack is corrupted in {1}",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "Kernel panic - not syncing: stack-protector:",
                title: "kernel panic: stack is corrupted in {frame}",
                stacks: &[TRACE],
                format: Format::StackCanary,
                ..Rule::NEW
            },
            Rule {
                line: "Kernel panic - not syncing: corrupted stack end",
                title: "kernel panic: corrupted stack end in {frame}",
                alt: &["stack-overflow in {frame}"],
                stacks: &[TRACE],
                format: Format::StackEnd,
                pick: Pick::Stall,
                ..Rule::NEW
            },
            Rule {
                line: "Kernel panic - not syncing: kernel stack overflow",
                title: "kernel stack overflow in {frame}",
                alt: &["stack-overflow in {frame}"],
                stacks: &[RIP_THEN_TRACE, TRACE],
                format: Format::BadStack,
                pick: Pick::Stall,
                ..Rule::NEW
            },
            Rule {
                line: "Kernel panic - not syncing: Attempted to kill init!",
                title: "kernel panic: Attempted to kill init!",
                ..Rule::NEW
            },
            Rule {
                line: "Kernel panic - not syncing: Couldn't open N_TTY ldisc for",
                title: "kernel panic: Couldn't open N_TTY ldisc",
                ..Rule::NEW
            },
            Rule {
                line: "Kernel panic - not syncing: (Fatal exception)",
                title: "kernel panic: {1}",
                broken: true,
                ..Rule::NEW
            },
            Rule {
                line: "Kernel panic - not syncing: (?:panic_on_warn set|kernel: panic_on_warn set)",
                title: "kernel panic: panic_on_warn set",
                broken: true,
                ..Rule::NEW
            },
            Rule {
                line: "Kernel panic - not syncing: (hung_task: blocked tasks)",
                title: "kernel panic: {1}",
                broken: true,
                blameless: true,
                ..Rule::NEW
            },
            // panic_on_rcu_stall, kernel/rcu/tree_stall.h; watchdog_buddy_check_hardlockup, kernel/watchdog_buddy.c, and
            // watchdog_smp_panic, arch/powerpc/kernel/watchdog.c: by whoever found it, without the report of the stall
            Rule {
                line: "Kernel panic - not syncing: (RCU Stall)",
                title: "kernel panic: {1}",
                blameless: true,
                ..Rule::NEW
            },
            Rule {
                line: "Kernel panic - not syncing: (Hard LOCKUP)",
                then: &["watchdog_buddy_|watchdog_hardlockup_kick|watchdog_smp_panic"],
                title: "kernel panic: {1}",
                blameless: true,
                ..Rule::NEW
            },
            // watchdog_overflow_callback, kernel/watchdog_perf.c: by the CPU that is locked up; up to Linux 4.0 in one line
            Rule {
                line: "Kernel panic - not syncing: (Hard LOCKUP|Watchdog detected hard LOCKUP.*)",
                title: "kernel panic: {1}",
                format: Format::HardLockup,
                ..Rule::NEW
            },
            // watchdog_timer_fn, kernel/watchdog.c
            Rule {
                line: "Kernel panic - not syncing: (softlockup: hung tasks)",
                title: "kernel panic: {1}",
                format: Format::SoftLockup,
                ..Rule::NEW
            },
            Rule { line: "Kernel panic - not syncing: (.*)", title: "kernel panic: {1}", ..Rule::NEW },
        ],
        raw: true,
        part: Part::OfCrash,
        ..Family::NEW
    },
    // panic, rust/kernel/lib.rs: "rust_kernel: panicked at file.rs:1:2:" and the message on the next line; with compilers
    // before 1.73 "rust_kernel: panicked at 'message', file.rs:1:2"
    Family {
        banner: "rust_kernel: panicked",
        rules: &[
            Rule {
                line: "rust_kernel: panicked at '(.*)', [^ ]+:[0-9]+:[0-9]+",
                title: "{1} in {frame}",
                stacks: &[TRACE, RIP_THEN_TRACE],
                format: Format::Rust,
                ..Rule::NEW
            },
            Rule {
                line: "rust_kernel: panicked at [^']+:[0-9]+:[0-9]+:",
                next: "^ *([^ -].*)$",
                title: "{1} in {frame}",
                stacks: &[TRACE, RIP_THEN_TRACE],
                format: Format::Rust,
                ..Rule::NEW
            },
            // The message is lost: a line of a record that the log's keeper left out.
            Rule {
                line: "rust_kernel: panicked",
                title: "Rust panic in {frame}",
                stacks: &[TRACE, RIP_THEN_TRACE],
                format: Format::Rust,
                ..Rule::NEW
            },
        ],
        leads_to: &["kernel BUG"],
        ..Family::NEW
    },
    // netdev_wait_allrefs_any, net/core/dev.c
    Family {
        banner: "unregister_netdevice: waiting for",
        rules: &[Rule {
            line: "unregister_netdevice: waiting for (?:DEV|[^ ]*) to become free",
            title: "unregister_netdevice: waiting for DEV to become free",
            traceless: true,
            ..Rule::NEW
        }],
        raw: true,
        part: Part::Aside,
        ..Family::NEW
    },
    // generic_shutdown_super, fs/super.c; filp_close, fs/open.c
    Family {
        banner: "VFS: Close: file count is 0",
        rules: &[Rule {
            line: "VFS: Close: file count is 0",
            title: "VFS: Close: file count is zero (use-after-free)",
            traceless: true,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    Family {
        banner: "VFS: Busy inodes after unmount",
        rules: &[Rule {
            line: "VFS: Busy inodes after unmount",
            title: "VFS: Busy inodes after unmount (use-after-free)",
            traceless: true,
            ..Rule::NEW
        }],
        // CHECK_DATA_CORRUPTION, since Linux 6.2
        leads_to: &["kernel BUG", "WARNING:"],
        ..Family::NEW
    },
    // The boot loader's last words, once more: the machine went down without a report.
    Family {
        banner: "Booting the kernel.",
        unless: &["Parsing ELF", "Decompressing Linux", "Unknown parameter '"],
        rules: &[Rule {
            line: "Booting the kernel\\.",
            title: "unexpected kernel reboot",
            traceless: true,
            ..Rule::NEW
        }],
        again: true,
        ..Family::NEW
    },
    // The secure world's log on Android's Trusty
    Family {
        banner: "trusty: panic",
        rules: &[
            Rule {
                line: "trusty: panic.* ASSERT FAILED at \\(.*?\\): (.*[^ ].*)",
                title: "trusty: ASSERT FAILED: {1}",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "trusty: (panic.* ASSERT FAILED at \\(.*?\\):) *$",
                title: "trusty: {1}",
                broken: true,
                ..Rule::NEW
            },
            Rule {
                line: "trusty: panic.*?: (.*)",
                title: "trusty: panic: {1}",
                traceless: true,
                ..Rule::NEW
            },
        ],
        ..Family::NEW
    },
];

const OUT_OF_MEMORY: &[Rule] = &[Rule {
    line: "Kernel panic - not syncing: (.*)",
    title: "kernel panic: {1}",
    format: Format::OutOfMemory,
    traceless: true,
    ..Rule::NEW
}];
