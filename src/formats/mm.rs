//! Memory management: page state, slabs, allocation failures, the OOM killer.
//!
//! ```text
//! BUG kmalloc-64 (Tainted: G           O      ): Poison overwritten
//! tail invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0
//! ```

use super::skip::Format;
use super::{Family, Rule, Step, TRACE};

const OOM_PANICS: Rule = Rule {
    then: &[OOM_PANIC],
    title: "kernel panic: {1}",
    format: Format::OutOfMemory,
    traceless: true,
    ..Rule::NEW
};

const OOM_KILLS: Rule = Rule { title: "OOM kill", format: Format::OutOfMemory, traceless: true, ..Rule::NEW };

pub(crate) const FAMILIES: &[Family] = &[
    // check_mm, kernel/fork.c
    Family {
        banner: "BUG: Bad rss-counter state",
        rules: &[Rule {
            line: "BUG: Bad rss-counter state",
            title: "BUG: Bad rss-counter state",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: RSS,
        ..Family::NEW
    },
    Family {
        banner: "BUG: non-zero ",
        rules: &[Rule {
            line: "BUG: non-zero (nr_ptes|nr_pmds|pgtables_bytes) on freeing mm",
            title: "BUG: non-zero {1} on freeing mm",
            traceless: true,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // bad_page, mm/page_alloc.c; print_bad_pte, mm/memory.c
    Family {
        banner: "BUG: Bad page ",
        rules: &[
            Rule {
                line: "BUG: Bad page (state|cache)(?: in |\\s*$)",
                title: "BUG: Bad page {1} in {frame}",
                // Without CONFIG_PAGE_OWNER only the stack of who found the page is left, and who that is says little.
                stacks: &[&[Step::Line("page last allocated via order"), Step::Trace]],
                format: Format::BadPage,
                ..Rule::NEW
            },
            Rule { line: "BUG: Bad page map", title: "BUG: Bad page map", ..Rule::NEW },
        ],
        ..Family::NEW
    },
    // umount_check, fs/dcache.c
    Family {
        banner: "BUG: Dentry",
        rules: &[Rule {
            line: "BUG: Dentry .*still in use",
            report: &["BUG: Dentry .*still in use \\([0-9-]+\\) \\[unmount of ([^\\]]+)\\]"],
            title: "BUG: Dentry still in use in unmount",
            alt: &["BUG: Dentry still in use [unmount of {1}]"],
            ..Rule::NEW
        }],
        leads_to: &["WARNING:"],
        ..Family::NEW
    },
    // slab_bug, mm/slub.c
    Family {
        banner: "BUG kmalloc-",
        // object_err by kasan_report_error, Linux 4.0 to 4.7: a part of KASAN's report
        unless: &["kasan: bad access detected"],
        rules: &[
            Rule {
                line: "BUG kmalloc-.*: Object already free",
                title: "BUG: Object already free",
                tracked: true,
                ..Rule::NEW
            },
            SLAB_DISABLED,
            Rule {
                line: "BUG (kmalloc-[^ ]+) \\((?:Not tainted|Tainted: [^)]*)\\): (.*)",
                title: "BUG {1}: {2}",
                traceless: true,
                tracked: true,
                ..Rule::NEW
            },
            UNTAINTED,
        ],
        ends_in: SLUB,
        ..Family::NEW
    },
    // slab_bug, for the caches that syzkaller does not look for: "BUG dentry (Tainted: G    B): Poison overwritten"
    Family {
        banner: "BUG ",
        unless: &["kernel BUG ", "Kernel BUG ", "kasan: bad access detected"],
        rules: &[
            SLAB_DISABLED,
            // list_slab_objects: "BUG demo (Not tainted): Objects remaining in demo on __kmem_cache_shutdown()"
            Rule {
                line: "BUG ([^ ]+) \\((?:Not tainted|Tainted: [^)]*)\\): (Objects remaining) (?:in .* )?on __kmem_cache_shutdown",
                title: "BUG {1}: {2}",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "BUG ([^ ]+) \\((?:Not tainted|Tainted: [^)]*)\\): (.*)",
                title: "BUG {1}: {2}",
                traceless: true,
                tracked: true,
                ..Rule::NEW
            },
            UNTAINTED,
        ],
        ends_in: SLUB,
        ..Family::NEW
    },
    // dump_header, mm/oom_kill.c
    Family {
        banner: "invoked oom-killer:",
        rules: &[
            // check_panic_on_oom, out_of_memory: nothing is killed
            Rule { line: "invoked oom-killer:", ..OOM_PANICS },
            // moom_callback, drivers/tty/sysrq.c: somebody asked for it
            Rule { line: "invoked oom-killer:", then: &["moom_callback"], blameless: true, ..OOM_KILLS },
            Rule { line: "invoked oom-killer:", ..OOM_KILLS },
        ],
        leads_to: OOM_ENDS,
        event: true,
        ..Family::NEW
    },
    // out_of_memory, mm/oom_kill.c, up to Linux 2.6.18: "oom-killer: gfp_mask=0x201d2, order=0", without who asked
    Family {
        banner: "oom-killer: gfp_mask=",
        rules: &[
            Rule { line: "(?:^|kernel: )oom-killer: gfp_mask=", ..OOM_PANICS },
            Rule { line: "(?:^|kernel: )oom-killer: gfp_mask=", ..OOM_KILLS },
        ],
        leads_to: OOM_ENDS,
        event: true,
        ..Family::NEW
    },
    // __oom_kill_process, mm/oom_kill.c: alone where the dump before it was rate-limited or not kept.
    // "Out of memory: Killed process 905 (demo) total-vm:…", up to Linux 4.20 "Out of memory: Kill process 905 (demo) score 9
    // or sacrifice child" (oom_kill_process); "Memory cgroup out of memory: …"
    Family {
        banner: "ut of memory: Kill",
        rules: &[Rule {
            line: "(?:^|Memory cgroup )[Oo]ut of memory: Kill(?:ed)? process [0-9]+ \\(",
            title: "OOM kill",
            traceless: true,
            ..Rule::NEW
        }],
        event: true,
        one_line: true,
        ..Family::NEW
    },
    // __vmalloc_area_node, mm/vmalloc.c, up to Linux 5.14
    Family {
        banner: "vmalloc: allocation failure",
        rules: &[Rule {
            line: "vmalloc: allocation failure",
            title: "vmalloc: allocation failure in {frame}",
            stacks: &[TRACE],
            ..Rule::NEW
        }],
        event: true,
        ends_others: true,
        ..Family::NEW
    },
    // __vmalloc_node_range, __vmalloc_area_node: "demo: vmalloc error: size 8192, page order 0, failed to allocate pages"
    Family { banner: ": vmalloc error: size ", rules: &[VMALLOC_ERROR], event: true, ..Family::NEW },
    // The same, Linux 5.12 to 5.14: "demo: vmalloc size 8192 allocation failure: page order 0 allocation failed"
    Family { banner: ": vmalloc size ", rules: &[VMALLOC_ERROR], event: true, ..Family::NEW },
    // warn_alloc, mm/page_alloc.c: "kworker/0:1: page allocation failure: order:10, mode:0xcc0(GFP_KERNEL)"
    Family {
        banner: ": page allocation failure: order:",
        rules: &[PAGE_ALLOCATION],
        event: true,
        ..Family::NEW
    },
    // __alloc_pages_slowpath, up to Linux 2.6.39: "swapper: page allocation failure. order:5, mode:0x20"
    Family {
        banner: ": page allocation failure. order:",
        rules: &[PAGE_ALLOCATION],
        event: true,
        ..Family::NEW
    },
];

/// What follows the dump of who wanted memory: somebody is killed, or the machine panics (`out_of_memory`).
const OOM_ENDS: &[&str] = &[
    "ut of memory: Kill",
    "Kernel panic - not syncing: Out of memory",
    "Kernel panic - not syncing: System is deadlocked on memory",
];
const OOM_PANIC: &str = "Kernel panic - not syncing: ((?:Out of memory|System is deadlocked on memory).*)";

/// A slab that was found damaged before is not looked at again, but whoever frees an object of it is told (`check_slab`,
/// Linux 6.1.192 and 7.2).
const SLAB_DISABLED: Rule = Rule {
    line: "BUG ([^ ]+) \\((?:Not tainted|Tainted: [^)]*)\\): (Slab disabled since .*)",
    title: "BUG {1}: {2}",
    traceless: true,
    blameless: true,
    ..Rule::NEW
};

/// Up to Linux 3.2 the banner has no taint; what it says is told from others' words by all that it may be.
const UNTAINTED: Rule = Rule {
    line: "^BUG ([^ :]+): ((?:Redzone|Poison|Alignment padding|Object padding|Padding) overwritten.*|Free(?:pointer|chain) corrupt|Freelist Pointer check fails|Not a valid slab page|(?:objects|inuse) [0-9]+ > max .*|Wrong (?:number of objects|object count)\\. .*|Object already (?:allocated|free)|Invalid object pointer .*|Attempt to free object\\(.*|page slab pointer corrupt.*|Objects remaining on kmem_cache_close\\(\\))\\s*$",
    title: "BUG {1}: {2}",
    traceless: true,
    tracked: true,
    ..Rule::NEW
};

/// Where `object_err` and `__slab_err` call `WARN_ON(1)`, since Linux 6.15; before they called `dump_stack()`.
const SLUB: &str = " mm/slub.c:";

const PAGE_ALLOCATION: Rule = Rule {
    line: "page allocation failure[:.] order:",
    title: "page allocation failure in {frame}",
    stacks: &[TRACE],
    format: Format::PageAllocation,
    ..Rule::NEW
};

const VMALLOC_ERROR: Rule = Rule {
    line: "vmalloc (?:error: size [0-9]+, |size [0-9]+ allocation failure: )",
    title: "vmalloc: allocation failure in {frame}",
    stacks: &[TRACE],
    ..Rule::NEW
};

/// What check_mm may print next of the same address space.
const RSS: &[&str] = &["BUG: Bad rss-counter state", "BUG: non-zero "];
