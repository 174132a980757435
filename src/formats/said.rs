//! How people write about crashes, and how kernels print what people write about most.

/// Words that stand before a banner in somebody's sentence, between blanks, and seldom in what a console puts there.
pub(crate) const WORDS: &[&str] = &[
    "a",
    "an",
    "the",
    "is",
    "was",
    "it",
    "we",
    "you",
    "my",
    "our",
    "your",
    "this",
    "that",
    "these",
    "see",
    "saw",
    "seeing",
    "get",
    "gets",
    "got",
    "getting",
    "hit",
    "hits",
    "hitting",
    "have",
    "has",
    "had",
    "with",
    "to",
    "of",
    "and",
    "or",
    "says",
    "said",
    "reports",
    "reported",
    "when",
    "there",
    "for",
    "after",
    "fix",
    "fixes",
    "fixed",
    "triggers",
    "triggered",
    "causes",
    "caused",
];

/// Those of them that are in no line of the kernel's.
pub(crate) const SURE_WORDS: &[&str] = &[
    "we",
    "We",
    "I",
    "you",
    "my",
    "our",
    "your",
    "this",
    "This",
    "these",
    "see",
    "saw",
    "hit",
    "hits",
    "fix",
    "fixes",
    "fixed",
    "triggers",
    "triggered",
    "the",
    "The",
    "when",
    "When",
    "Since",
    "leads",
    "causes",
    "caused",
];

/// Words that make a text where several stand around a banner; one alone may be a program's.
pub(crate) const MORE_WORDS: &[&str] = &[
    "The",
    "This",
    "It",
    "When",
    "Since",
    "in",
    "on",
    "by",
    "be",
    "as",
    "at",
    "are",
    "not",
    "from",
    "which",
    "could",
    "would",
    "also",
    "following",
];

/// What stands behind a banner in the list of a release's changes, and refers to where the change was asked for:
/// Ubuntu's, Debian's, SUSE's, Red Hat's.
pub(crate) const REFERENCES: &[&str] = &[
    "\\((?:LP|Closes|closes): ?#[0-9]+(?:,? ?#[0-9]+)*\\)\\s*$",
    "\\((?:bsc|bnc|boo|bko|gh|jsc|git)#[^()]*\\)\\.?\\s*$",
    "\\((?:CVE-[0-9]+-[0-9]+[ ,]*)+\\)\\s*$",
    "[(\\[](?:rhbz#?|RHEL-)[0-9]+[)\\]]\\s*$",
];

/// What stands in angle brackets before a daemon's line, where a person's name stands in a talk.
pub(crate) const LEVELS: &[&str] = &[
    "emerg", "alert", "crit", "critical", "err", "error", "warn", "warning", "notice", "info", "debug",
    "trace", "kern", "kernel",
];

/// What is in a text about a kernel, and in no log: the tags of a commit, a patch, an advisory. Words of which each has one,
/// and how it is written.
pub(crate) const DOCUMENTS: &[(&[&str], &str)] = &[
    (&["commit "], "(?m)^commit [0-9a-f]{12,40}\\s*$"),
    (&["Fixes: ", "-by: "], "(?m)^[> ]*(?:Fixes: [0-9a-f]{8,40} \\(|[A-Z][a-z]+(?:-[a-z]+)*-by: \\S)"),
    (&["[PATCH"], "(?m)^Subject: .*\\[PATCH"),
    (&["CVE-"], "(?m)^CVE-[0-9]{4}-[0-9]+\\s*$"),
    (&["RHSA-", "RHBA-", "RHEA-"], "\\bRH[SBE]A-[0-9]{4}:[0-9]+"),
];

/// Tags that end a commit's text.
pub(crate) const TRAILERS: &[&str] = &["Fixes: ", "-by: ", "Link: http", "Closes: http"];

/// A line of syzbot's reports about a subsystem: `<6>  2       No    BUG: …`.
pub(crate) const SYZBOTS_LIST: &str = "^<[0-9]+> +[0-9]+ +(?:Yes|No) +";

/// What a heading about a crash begins with: of a mail, a form, a bug tracker, a commit.
pub(crate) const HEADINGS: &[&str] = &[
    "^(?i:subject|title|summary|re|fwd|fixes|example|reason): ",
    "^\\[PATCH",
    "^Bug #?[0-9]+ ?[-:]",
    "^##+ ",
];

/// What stands before words that are quoted in a sentence, in any language.
pub(crate) const QUOTES: &[&str] = &["“", "„", "«", "‹", "‘", "「", "『", "``", "`", "\"", "'", "/"];

/// What the kernel prints before some banners.
pub(crate) const OPENERS: &[&str] = &[
    "BUG: ",
    "WARNING: ",
    "INFO: ",
    "[ INFO: ",
    "Oops: ",
    "Oops - ",
    "Internal error: ",
    "watchdog: ",
    "rcu: ",
];

/// The beginning of what kernels print, and the pattern of what they print behind it: with numbers, which no person has at
/// hand who only speaks of a crash. Without the console's prefix, what begins so and goes on otherwise is a person's, or a line
/// that was cut.
pub(crate) const NUMBERED: &[(&str, &str)] = &[
    // watchdog_timer_fn, kernel/watchdog.c; softlockup_tick, kernel/softlockup.c, up to 2.6.22: "detected on CPU#0!"
    ("BUG: soft lockup", "^ (?:- CPU#[0-9]|detected on CPU#[0-9])"),
    // watchdog_hardlockup_check, kernel/watchdog.c
    ("Watchdog detected hard LOCKUP on cpu", "^ [0-9]"),
    // report_bug, lib/bug.c; without file names an address
    ("kernel BUG at ", "^(?:\\S.*:[0-9]+!|\\S+:[0-9]+|[0-9a-f]{8})"),
    // show_fault_oops, arch/x86/mm/fault.c
    ("BUG: unable to handle page fault for address", "^: [0-9a-f]"),
    ("BUG: kernel NULL pointer dereference", "^, address: [0-9a-f]"),
    // check_hung_task, kernel/hung_task.c
    ("INFO: task ", "^.{1,16}:[0-9]+ (?:is )?blocked(?:[^.]|\\.\\S)*\\.?\\W*$"),
    // print_error_description, mm/kasan/report.c; kmsan_print_origin and kmsan_report, mm/kmsan/report.c; in Rust, names
    // have blanks where a tool has written them as the source does
    ("BUG: KASAN: ", " (?:in (?:\\S.*\\+0x|\\S.* \\S+:[0-9]|0x|range)|at addr|on address)"),
    ("BUG: KMSAN: ", " in (?:\\S.*\\+0x|\\S.* \\S+:[0-9]|0x)"),
    // ubsan_prologue, lib/ubsan.c
    ("UBSAN: ", " in .*\\S:[0-9]"),
    // die: arch/arm/kernel/traps.c, arch/arm64/kernel/traps.c; before 2.6.35 without "#"
    ("Internal error: ", "\\[#?[0-9]"),
    // die_addr, arch/x86/kernel/dumpstack.c
    ("stack segment: ", "^[0-9a-f]{4} \\["),
    ("divide error: ", "^[0-9a-f]{4} \\["),
    ("invalid opcode: ", "^[0-9a-f]{4} \\["),
    // warn_alloc, mm/page_alloc.c
    ("page allocation failure: order:", "^[0-9]+, mode:0x"),
    // netdev_wait_allrefs_any, net/core/dev.c
    ("unregister_netdevice: waiting for ", "^\\S+ to become free\\. Usage count = -?[0-9]"),
];

/// The same of what has no numbers, or not always.
pub(crate) const WHOLE: &[(&str, &str)] = &[
    // exc_general_protection, arch/x86/kernel/traps.c
    ("general protection fault", "^(?:: [0-9a-f]{4}|, |(?: \\[#?[0-9]))"),
    // show_fault_oops, arch/x86/mm/fault.c
    ("BUG: unable to handle kernel NULL pointer dereference", "^ at "),
    ("BUG: unable to handle kernel paging request", "^ (?:at|for) "),
    ("BUG: unable to handle kernel", "^ [a-zA-Z]"),
    // die_kernel_fault and its likes; without an address on sparc
    ("Unable to handle kernel NULL pointer dereference", "^(?: at | in virtual |\\s*$)"),
    ("Unable to handle kernel paging request", "^ (?:at|for|in) "),
    // panic, kernel/panic.c
    ("Kernel panic - not syncing", "^: "),
    // __might_resched, __schedule_bug: kernel/sched/core.c
    ("BUG: sleeping function called from invalid context", "^(?: at |\\()"),
    ("BUG: scheduling while atomic", "^: "),
    // bad_page, mm/page_alloc.c
    ("BUG: Bad page state", "^(?: in process \\S| at )"),
    // show_one_worker_pool, wq_watchdog_timer_fn: kernel/workqueue.c
    ("BUG: workqueue lockup", "^ - pool"),
    // check_preemption_disabled, lib/smp_processor_id.c
    ("BUG: using smp_processor_id() in preemptible", "^ \\["),
    // lib/list_debug.c
    ("list_add corruption", "^[.,:]"),
    ("list_del corruption", "^[.,:]"),
];
