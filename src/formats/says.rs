//! In which line a report says what is wrong, where its banner does not.

/// Where a row's words are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Banner {
    /// In reports whose banner begins so.
    Begins(&'static str),
    /// In those whose banner has the words.
    Has(&'static str),
}

/// Lines that say what is wrong.
#[derive(Debug)]
pub(crate) struct Says {
    pub(crate) banner: Banner,
    /// Words of such a line, and how many lines it has; the first of the list that is there counts. No words: any line but
    /// a header.
    pub(crate) lines: &'static [(&'static str, usize)],
    /// Behind the banner so many lines are searched, and those before it.
    pub(crate) within: usize,
    /// The banner says half of it.
    pub(crate) with_banner: bool,
}

const fn row(banner: Banner, lines: &'static [(&'static str, usize)]) -> Says {
    Says { banner, lines, within: usize::MAX, with_banner: false }
}

/// The first row counts whose banner and one of whose lines are there.
pub(crate) const SAYS: &[Says] = &[
    // print_address_description, describe_object_addr, print_address_stack_frame, mm/kasan/report.c
    row(
        Banner::Begins("BUG: KASAN: "),
        &[
            ("The buggy address is located ", 1),
            ("The buggy address belongs to the variable:", 2),
            ("The buggy address belongs to stack of task ", 3),
            ("The buggy address belongs to the virtual mapping", 2),
            ("The buggy address belongs to a ", 1),
        ],
    ),
    // kfence_report_error, mm/kfence/report.c
    Says {
        within: 16,
        ..row(
            Banner::Begins("BUG: KFENCE: "),
            &[
                ("Out-of-bounds ", 1),
                ("Use-after-free ", 1),
                ("Corrupted memory at ", 1),
                ("Invalid free of ", 1),
                ("Invalid read at ", 1),
                ("Invalid write at ", 1),
            ],
        )
    },
    // ubsan_prologue, lib/ubsan.c: the line below
    Says { within: 1, ..row(Banner::Begins("UBSAN: "), &[("", 1)]) },
    // lockdep_rcu_suspicious, kernel/locking/lockdep.c: "%s:%d %s!"
    Says { within: 4, ..row(Banner::Has("uspicious RCU usage"), &[("!", 1)]) },
    Says {
        within: 4,
        ..row(
            Banner::Has("uspicious rcu_dereference_check() usage"),
            &[(" invoked rcu_dereference_check", 1)],
        )
    },
    // print_cpu_stall, print_other_cpu_stall, kernel/rcu/tree_stall.h
    Says { with_banner: true, ..row(Banner::Has("self-detected stall on CPU"), &[("(t=", 1)]) },
    Says { with_banner: true, ..row(Banner::Has("detected stalls on CPUs/tasks"), &[("(detected by ", 1)]) },
    // check_bytes_and_report, mm/slub.c
    Says { within: 8, ..row(Banner::Begins("BUG "), &[("First byte 0x", 1)]) },
    // bad_page and dump_page, mm/page_alloc.c, mm/debug.c
    row(Banner::Begins("BUG: Bad page "), &[("page dumped because: ", 1)]),
    // __oom_kill_process, mm/oom_kill.c
    row(
        Banner::Has(" invoked oom-killer: "),
        &[
            ("ut of memory: Kill", 1),
            ("System is deadlocked on memory", 1),
            ("ut of memory and no killable processes", 1),
        ],
    ),
];
