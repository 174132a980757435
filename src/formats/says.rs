//! In which line a report says what is wrong, where its banner does not.

/// Lines that say it, of the reports whose banner has a word.
#[derive(Debug)]
pub(crate) struct Says {
    /// What the banner has.
    pub(crate) banner: &'static str,
    /// What the line has; the first of the list that is there counts.
    pub(crate) lines: &'static [&'static str],
}

/// The first row counts whose banner and one of whose lines are there.
pub(crate) const SAYS: &[Says] = &[
    // print_address_description, describe_object_addr, mm/kasan/report.c
    Says {
        banner: "BUG: KASAN: ",
        lines: &[
            "The buggy address is located ",
            "The buggy address belongs to the variable:",
            "The buggy address belongs to stack of task ",
            "The buggy address belongs to the virtual mapping",
            "The buggy address belongs to a ",
        ],
    },
    Says { banner: "BUG: KASAN: null-ptr-deref", lines: &["KASAN: null-ptr-deref in range "] },
    // kfence_report_error, mm/kfence/report.c
    Says {
        banner: "BUG: KFENCE: ",
        lines: &[
            "Out-of-bounds ",
            "Use-after-free ",
            "Corrupted memory at ",
            "Invalid free of ",
            "Invalid read at ",
            "Invalid write at ",
        ],
    },
    // print_report, kernel/kcsan/report.c
    Says { banner: "BUG: KCSAN: ", lines: &["value changed: ", "race at unknown origin, "] },
    // kmsan_print_origin and kmsan_report, mm/kmsan/report.c
    Says { banner: "BUG: KMSAN: ", lines: &["Bytes "] },
    // lib/ubsan.c: the line below the banner
    Says {
        banner: "UBSAN: ",
        lines: &[
            " is out of range for ",
            " is too large for ",
            " is negative",
            " of negative value ",
            " cannot be represented in type ",
            "division by zero",
            "is not a valid value for type ",
            "null pointer ",
            "misaligned address ",
            "insufficient space",
            "with insufficient space",
        ],
    },
    // lockdep_rcu_suspicious, kernel/locking/lockdep.c: "%s:%d %s!"
    Says {
        banner: "suspicious RCU usage",
        lines: &[" suspicious rcu_", " suspicious ", " Illegal context switch "],
    },
    // print_cpu_stall, print_other_cpu_stall, kernel/rcu/tree_stall.h
    Says { banner: "self-detected stall on CPU", lines: &["(t="] },
    Says { banner: "detected stalls on CPUs/tasks", lines: &["(detected by "] },
    // object_err, mm/slub.c
    Says { banner: "BUG ", lines: &["First byte 0x"] },
    // bad_page and dump_page, mm/page_alloc.c, mm/debug.c
    Says { banner: "BUG: Bad page ", lines: &["page dumped because: ", "bad because of flags: "] },
    // __oom_kill_process, mm/oom_kill.c
    Says {
        banner: " invoked oom-killer: ",
        lines: &[
            "ut of memory: Kill",
            "System is deadlocked on memory",
            "ut of memory and no killable processes",
        ],
    },
    // kmemleak_scan, mm/kmemleak.c, and its file
    Says { banner: "unreferenced object", lines: &["unreferenced object 0x"] },
];
