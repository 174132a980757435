//! Dumps that are no crash: what sysrq asks for, and backtraces with nothing to belong to.
//!
//! ```text
//! sysrq: Show backtrace of all active CPUs
//! NMI backtrace for cpu 1
//! ```

use super::{Family, Part, Rule};

pub(crate) const FAMILIES: &[Family] = &[
    // __handle_sysrq, drivers/tty/sysrq.c
    Family { banner: "sysrq: Show ", rules: &[SYSRQ], event: true, ..Family::NEW },
    // The same, up to Linux 4.20
    Family { banner: "SysRq : Show ", rules: &[SYSRQ], event: true, ..Family::NEW },
    // nmi_cpu_backtrace, lib/nmi_backtrace.c
    Family {
        banner: "NMI backtrace for cpu ",
        unless: &[" skipped"],
        rules: &[Rule {
            line: "NMI backtrace for cpu ",
            title: "NMI backtrace",
            traceless: true,
            ..Rule::NEW
        }],
        part: Part::OfAny,
        event: true,
        ..Family::NEW
    },
    // debug_show_all_locks, kernel/locking/lockdep.c
    Family {
        banner: "Showing all locks held in the system:",
        rules: &[Rule {
            line: "Showing all locks held in the system:",
            title: "Showing all locks held",
            traceless: true,
            ..Rule::NEW
        }],
        part: Part::OfAny,
        event: true,
        ..Family::NEW
    },
    // fail_dump, lib/fault-inject.c
    Family {
        banner: "FAULT_INJECTION: forcing a failure",
        rules: &[Rule {
            line: "FAULT_INJECTION: forcing a failure",
            title: "FAULT_INJECTION: forcing a failure",
            traceless: true,
            ..Rule::NEW
        }],
        event: true,
        ends_others: true,
        ..Family::NEW
    },
    // handle_userfault, fs/userfaultfd.c
    Family {
        banner: "FAULT_FLAG_ALLOW_RETRY missing",
        rules: &[Rule {
            line: "FAULT_FLAG_ALLOW_RETRY missing",
            title: "FAULT_FLAG_ALLOW_RETRY missing",
            traceless: true,
            ..Rule::NEW
        }],
        event: true,
        ends_others: true,
        ..Family::NEW
    },
];

const SYSRQ: Rule = Rule {
    line: "(?:sysrq:|SysRq :) Show (backtrace of all active CPUs|State|Blocked State|Locks Held|Regs)",
    title: "sysrq: Show {1}",
    traceless: true,
    ..Rule::NEW
};
