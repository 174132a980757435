//! WARN() and other `WARNING:` lines; `INFO:` lines of no family.
//!
//! ```text
//! WARNING: CPU: 1 PID: 54 at /src/lab/cm1/misc.c:334 multi_oops_thread+0x72/0xa0 [crashme]
//! ```

use super::skip::Format;
use super::{Family, Part, Rule, Step, TRACE};

/// Newer kernels trap on a WARN and print the registers; older ones have just the trace.
pub(crate) const STACKS: &[&[Step]] =
    &[&[Step::Line("{{RIP}}|--- interrupt: [0-9]+ at {{FUNC}}"), Step::Trace], TRACE];

/// What stands before and behind a function that a message names as the one that did wrong: `call_timer_fn` in
/// kernel/time/timer.c, `do_one_initcall` in init/main.c, `tasklet_clear_sched` in kernel/softirq.c,
/// `__handle_irq_event_percpu` in kernel/irq/handle.c, `syscore_suspend` in drivers/base/syscore.c.
///
/// ```text
/// timer: demo_timer_fn+0x0/0x40 [demo] preempt leak: 00000101 -> 00000102
/// initcall demo_init+0x0/0x40 [demo] returned with preemption imbalance
/// irq 25 handler demo_irq+0x0/0x20 [demo] enabled interrupts
/// ```
pub(crate) const CULPRITS: &[(&str, &str)] = &[
    ("timer: ", " preempt leak: "),
    ("initcall ", " returned with "),
    ("tasklet SCHED state not set: callback ", ""),
    ("tasklet SCHED state not set: func ", ""),
    (" handler ", " enabled interrupts"),
    ("Interrupts enabled after ", ""),
];

pub(crate) const FAMILIES: &[Family] = &[
    // __warn, kernel/panic.c
    Family {
        banner: "WARNING:",
        unless: super::noise::WARNINGS,
        rules: &[
            // debug_print_object, lib/debugobjects.c
            Rule {
                line: "WARNING: .*lib/debugobjects\\.c:",
                title: "WARNING: ODEBUG bug in {frame}",
                stacks: STACKS,
                format: Format::Odebug,
                ..Rule::NEW
            },
            Rule {
                line: "WARNING: .*mm/usercopy\\.c:",
                title: "WARNING: bad usercopy in {frame}",
                stacks: STACKS,
                format: Format::Usercopy,
                ..Rule::NEW
            },
            Rule {
                line: "WARNING: .*lib/kobject\\.c:",
                title: "WARNING: kobject bug in {frame}",
                stacks: STACKS,
                format: Format::Kobject,
                ..Rule::NEW
            },
            Rule {
                line: "WARNING: .*fs/proc/generic\\.c:.* proc_register",
                title: "WARNING: proc registration bug in {frame}",
                stacks: STACKS,
                format: Format::Proc,
                ..Rule::NEW
            },
            // refcount_warn_saturate, lib/refcount.c
            Rule {
                line: "WARNING: .*lib/refcount\\.c:",
                title: "WARNING: refcount bug in {frame}",
                stacks: STACKS,
                ..Rule::NEW
            },
            Rule {
                line: "WARNING: .*kernel/locking/lockdep\\.c.*lock_",
                title: "WARNING: locking bug in {frame}",
                stacks: STACKS,
                format: Format::WaitContext,
                ..Rule::NEW
            },
            Rule {
                line: "WARNING: .*mm/.*\\.c.* k?.?malloc",
                title: "WARNING: kmalloc bug in {frame}",
                stacks: STACKS,
                format: Format::Kmalloc,
                ..Rule::NEW
            },
            Rule {
                line: "WARNING: .*mm/vmalloc\\.c.*__vmalloc_node",
                title: "WARNING: zero-size vmalloc in {frame}",
                stacks: STACKS,
                ..Rule::NEW
            },
            Rule {
                line: "WARNING: .* usb_submit_urb",
                title: "WARNING in {frame}/usb_submit_urb",
                stacks: STACKS,
                format: Format::SubmitUrb,
                ..Rule::NEW
            },
            // "at file:line func+0x" (up to Linux 3.10), "CPU: N PID: N at file:line func+0x", "file:line at func",
            // "file:line at 0xADDR, CPU#N"
            Rule {
                line: "WARNING: (?:.* )?at {{SRC}} {{FUNC}}",
                title: "WARNING in {frame}",
                stacks: STACKS,
                ..Rule::NEW
            },
            Rule {
                line: "WARNING: .*{{SRC}} at {{FUNC}}",
                title: "WARNING in {frame}",
                stacks: STACKS,
                ..Rule::NEW
            },
            // Without CONFIG_DEBUG_BUGVERBOSE: "WARNING: CPU: 1 PID: 54 at fn+0x72/0xa0 [demo]"
            Rule {
                line: "WARNING: CPU: [0-9]+ PID: [0-9]+ at {{FUNC}}",
                title: "WARNING in {frame}",
                stacks: STACKS,
                ..Rule::NEW
            },
            // report_bug, lib/bug.c, up to Linux 4.8, of CPUs that trap for it: "WARNING: at kernel/softirq.c:159"
            Rule {
                line: "WARNING: at {{SRC}}\\s*$",
                title: "WARNING in {frame}",
                stacks: STACKS,
                ..Rule::NEW
            },
            Rule {
                line: "WARNING: .*{{SRC}} at 0x[0-9a-f]+, CPU#",
                title: "WARNING in {frame}",
                stacks: STACKS,
                ..Rule::NEW
            },
            // unwind_next_frame, arch/x86/kernel/unwind_frame.c
            Rule {
                line: "WARNING: kernel stack regs at [0-9a-f]+ in .* has bad '([^']+)' value",
                title: "WARNING: kernel stack regs has bad '{1}' value",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "WARNING: kernel stack frame pointer at [0-9a-f]+ in .* has bad value",
                title: "WARNING: kernel stack frame pointer has bad value",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "WARNING: kernel stack (?:regs|frame pointer) .*has bad .*value",
                title: "WARNING: kernel stack regs has bad value",
                traceless: true,
                ..Rule::NEW
            },
            Rule { line: "^WARNING:\\s*$", title: "WARNING: corrupted", broken: true, ..Rule::NEW },
        ],
        raw: true,
        // btrfs_abort_transaction, fs/btrfs/transaction.h
        leads_to: &["BTRFS: error (device "],
        ..Family::NEW
    },
    // report_bug, lib/bug.c, 2.6.20 to 2.6.38, of CPUs that trap for it: "Badness at kernel/softirq.c:159"; before,
    // WARN_ON, include/asm-generic/bug.h: "Badness in local_bh_enable at kernel/softirq.c:138"
    Family {
        banner: "Badness ",
        rules: &[
            Rule {
                line: "^Badness in ([a-zA-Z0-9_]+) at {{SRC}}\\s*$",
                title: "WARNING in {1}",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "^Badness at {{SRC}}\\s*$",
                title: "WARNING in {frame}",
                stacks: STACKS,
                ..Rule::NEW
            },
        ],
        ..Family::NEW
    },
    // print_track, print_trailer, print_page_info, check_bytes_and_report: mm/slub.c, up to Linux 5.12
    Family { banner: "INFO: Allocated in ", rules: &[TRACK], part: Part::OfAny, ..Family::NEW },
    Family { banner: "INFO: Freed in ", rules: &[TRACK], part: Part::OfAny, ..Family::NEW },
    Family { banner: "INFO: Slab 0x", raw: true, part: Part::OfAny, ..Family::NEW },
    Family { banner: "INFO: Object 0x", raw: true, part: Part::OfAny, ..Family::NEW },
    Family { banner: "INFO: 0x", raw: true, part: Part::OfAny, ..Family::NEW },
    Family {
        banner: "INFO:",
        unless: super::noise::INFOS,
        rules: &[Rule { line: "^INFO:\\s*$", title: "INFO: corrupted", broken: true, ..Rule::NEW }],
        raw: true,
        ..Family::NEW
    },
];

/// "INFO: Freed in fn+0x1/0x2 age=1 cpu=0 pid=1": without the report that it belongs to.
const TRACK: Rule =
    Rule { line: "INFO: (Freed|Allocated) in (.*)", title: "INFO: {1} in {2}", broken: true, ..Rule::NEW };
