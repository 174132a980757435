//! Sanitizers: KASAN, KFENCE, KMSAN, KCSAN, UBSAN, kmemleak.
//!
//! ```text
//! BUG: KASAN: slab-use-after-free in do_step+0x3a/0x60 [crashme]
//! Read of size 8 at addr ffff888005a1c008 by task crashme/61
//! ```

use super::skip::Format;
use super::{Family, Rule, Step, TRACE};

/// A KASAN report's own stack: the function of the banner, then the trace.
const KASAN_STACK: &[Step] =
    &[Step::Line("BUG: KASAN: [a-z -]+ in {{FUNC}}"), Step::Line("{{TRACE}}"), Step::Trace];
/// A KFENCE or KMSAN report prints its stack without a `Call Trace:` line.
const KFENCE_STACK: &[Step] = &[Step::Line("BUG: KFENCE: [a-z -]+ in {{FUNC}}"), Step::Trace];
/// Two stacks: the use, and the origin of the value.
const KMSAN_STACK: &[Step] = &[
    Step::Line("BUG: KMSAN: [a-z -]+ in {{FUNC}}"),
    Step::Trace,
    Step::Line("Uninit was created at|Local variable .* created at"),
    Step::Trace,
];

const LEAK: Rule = Rule {
    title: "memory leak in {frame}",
    stacks: &[&[Step::Line("backtrace(?: \\(crc [0-9a-f]+\\))?:"), Step::Trace]],
    format: Format::Leak,
    ..Rule::NEW
};

pub(crate) const FAMILIES: &[Family] = &[
    // print_error_description and kasan_report_invalid_free, mm/kasan/report.c
    Family {
        banner: "BUG: KASAN:",
        rules: &[
            Rule {
                line: "BUG: KASAN: ([a-z-]+) in {{FUNC}}",
                then: &["(Read|Write) (?:of size [0-9]+|at addr [0-9a-f]+)"],
                title: "KASAN: {1} {3} in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[KASAN_STACK, TRACE],
                format: Format::Kasan,
                ..Rule::NEW
            },
            Rule {
                line: "BUG: KASAN: (?:double-free or invalid-free|double-free|invalid-free) in {{FUNC}}",
                title: "KASAN: invalid-free in {frame}",
                alt: &["invalid-free in {frame}"],
                stacks: &[KASAN_STACK, TRACE],
                format: Format::KasanFree,
                ..Rule::NEW
            },
            // Linux 4.0 to 4.9: "BUG: KASAN: use-after-free on address ffff88003a9f2d80"
            Rule {
                line: "BUG: KASAN: ([a-z-]+) on address",
                then: &["(Read|Write) of size [0-9]+"],
                title: "KASAN: {1} {2}",
                ..Rule::NEW
            },
            Rule { line: "BUG: KASAN: (.*)", title: "KASAN: {1}", broken: true, ..Rule::NEW },
        ],
        ..Family::NEW
    },
    // kmsan_print_report, mm/kmsan/report.c
    Family {
        banner: "BUG: KMSAN:",
        rules: &[
            Rule {
                line: "BUG: KMSAN: (kernel-usb-infoleak) in {{FUNC}}",
                title: "KMSAN: {1} in {frame}",
                alt: &["KMSAN origin in {frame2}"],
                stacks: &[&[
                    Step::Line("BUG: KMSAN: [a-z -]+ in {{FUNC}}"),
                    Step::Trace,
                    Step::Line("Uninit was created at|Local variable .* created at"),
                    Step::Trace,
                ]],
                format: Format::KmsanUsb,
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "BUG: KMSAN: ([a-z-]+) in {{FUNC}}",
                title: "KMSAN: {1} in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[KMSAN_STACK],
                format: Format::Kmsan,
                traceless: true,
                ..Rule::NEW
            },
            Rule { line: "BUG: KMSAN: (.*)", title: "BUG: KMSAN: {1}", sure: true, ..Rule::NEW },
        ],
        ..Family::NEW
    },
    // print_report, kernel/kcsan/report.c
    Family {
        banner: "BUG: KCSAN:",
        rules: &[
            Rule {
                line: "BUG: KCSAN: (.* in .*[a-zA-Z0-9_]){{DECODED}}",
                title: "KCSAN: {1}",
                traceless: true,
                ..Rule::NEW
            },
            Rule { line: "BUG: KCSAN: (.*)", title: "KCSAN: {1}", traceless: true, ..Rule::NEW },
        ],
        ..Family::NEW
    },
    // kfence_report_error, mm/kfence/report.c
    Family {
        banner: "BUG: KFENCE:",
        rules: &[
            Rule {
                line: "BUG: KFENCE: (use-after-free|out-of-bounds|invalid) (read|write) in {{FUNC}}",
                title: "KFENCE: {1} {2} in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[KFENCE_STACK],
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "BUG: KFENCE: invalid free in {{FUNC}}",
                title: "KFENCE: invalid free in {frame}",
                alt: &["invalid-free in {frame}"],
                stacks: &[KFENCE_STACK],
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "BUG: KFENCE: memory corruption in {{FUNC}}",
                title: "KFENCE: memory corruption in {frame}",
                stacks: &[KFENCE_STACK],
                traceless: true,
                ..Rule::NEW
            },
        ],
        raw: true,
        ..Family::NEW
    },
    // syzkaller's own banner, put before what a scan found
    Family {
        banner: "BUG: memory leak",
        rules: &[Rule { line: "BUG: memory leak", ..LEAK }],
        leads_to: &["unreferenced object "],
        ..Family::NEW
    },
    // print_unreferenced, mm/kmemleak.c: /sys/kernel/debug/kmemleak as people save it, and what kmemleak_verbose prints
    Family {
        banner: "unreferenced object ",
        rules: &[Rule {
            line: "^(?:kmemleak: )?unreferenced object (?:\\(percpu\\) )?(?:0x)?[0-9a-f]+ \\(size [0-9]+\\):",
            ..LEAK
        }],
        ..Family::NEW
    },
    // ubsan_prologue, lib/ubsan.c
    Family {
        banner: "UBSAN:",
        rules: &[
            Rule {
                line: "UBSAN: [Uu]ndefined behaviour in",
                title: "UBSAN: undefined-behaviour in {frame}",
                stacks: &[TRACE],
                format: Format::Ubsan,
                ..Rule::NEW
            },
            Rule {
                line: "UBSAN: array-index-out-of-bounds in",
                title: "UBSAN: array-index-out-of-bounds in {frame}",
                alt: &["bad-access in {frame}"],
                stacks: &[TRACE],
                format: Format::Ubsan,
                ..Rule::NEW
            },
            Rule {
                line: "UBSAN: ([a-z-]+) in",
                title: "UBSAN: {1} in {frame}",
                stacks: &[TRACE],
                format: Format::Ubsan,
                ..Rule::NEW
            },
            Rule { line: "UBSAN: (.*)", title: "UBSAN: {1}", sure: true, ..Rule::NEW },
        ],
        ..Family::NEW
    },
];
