//! The lock validator, `kernel/locking/lockdep.c`.
//!
//! ```text
//! WARNING: possible circular locking dependency detected
//! 6.1.192-crashlab #1 Tainted: G           O
//! ------------------------------------------------------
//! cm_b/57 is trying to acquire lock:
//! ffffffffc0016508 (cm_lock_a){+.+.}-{3:3}, at: abba+0x3b/0x60 [crashme]
//! ```
//!
//! Up to Linux 4.10 the same reports begin with `INFO:` in brackets.

use super::skip::Format;
use super::{Family, Pick, Rule, Step, TRACE};

pub(crate) const AT: &str = "at: (?:{{PC}} +)?{{FUNC}}";

/// A line with nothing but an address: print_ip_sym, kernel/kallsyms.c.
pub(crate) const ADDRESS: &str = "{{PC}} +{{FUNC}}|^ *([a-zA-Z_][a-zA-Z0-9_]*){{DECODED}}";

/// The lock that is wanted, the lock that is held, the first link of the chain of dependencies.
const CHAIN: &[Step] = &[Step::Line(AT), Step::Line(AT), Step::Trace];
/// The lock that the report is about, or where nothing there may be to blame, the stack.
pub(crate) const LOCK: &[Step] = &[Step::Line(AT), Step::Line("{{TRACE}}"), Step::Trace];
/// Where the first lock became safe, which is what a change to it would break.
const BECAME_SAFE: &[Step] = &[Step::Line("which became [A-Z]+-irq-safe at"), Step::Trace];
/// The lock that is not held and yet released.
pub(crate) const UNLOCK: &[Step] =
    &[Step::Line("is trying to release lock"), Step::Line(ADDRESS), Step::Line("{{TRACE}}"), Step::Trace];

pub(crate) const FAMILIES: &[Family] = &[
    // print_circular_bug_header
    Family {
        banner: "possible circular locking dependency detected",
        rules: &[
            Rule {
                line: "WARNING: possible circular locking dependency detected",
                report: &["possible circular", "is trying to acquire lock"],
                stacks: &[CHAIN],
                title: "possible deadlock in {frame}",
                format: Format::Deadlock,
                ..Rule::NEW
            },
            Rule {
                line: "INFO: possible circular locking dependency detected",
                report: &[
                    "INFO: possible circular locking dependency detected",
                    "is trying to acquire lock",
                    AT,
                ],
                title: "possible deadlock in {1}",
                ..Rule::NEW
            },
        ],
        ..Family::NEW
    },
    // print_irq_inversion_bug
    Family {
        banner: "possible irq lock inversion dependency detected",
        rules: &[
            Rule {
                line: "WARNING: possible irq lock inversion dependency detected",
                report: &["possible irq lock", "just changed the state of lock", AT],
                stacks: &[LOCK],
                title: "possible deadlock in {frame}",
                pick: Pick::AsIs,
                ..Rule::NEW
            },
            Rule {
                line: "INFO: possible irq lock inversion dependency detected",
                report: &[
                    "INFO: possible irq lock inversion dependency detected",
                    "just changed the state of lock",
                    AT,
                ],
                title: "possible deadlock in {1}",
                ..Rule::NEW
            },
        ],
        ..Family::NEW
    },
    // print_bad_irq_dependency
    Family {
        banner: "-unsafe lock order detected",
        rules: &[
            Rule {
                line: "WARNING: .*-safe -> .*-unsafe lock order detected",
                report: &["-unsafe lock order detected", "is trying to acquire", AT],
                stacks: &[BECAME_SAFE, LOCK],
                title: "possible deadlock in {frame}",
                ..Rule::NEW
            },
            Rule {
                line: "INFO: .*-safe -> .*-unsafe lock order detected",
                report: &["INFO: .*-safe -> .*-unsafe lock order detected", "is trying to acquire", AT],
                title: "possible deadlock in {1}",
                ..Rule::NEW
            },
        ],
        ..Family::NEW
    },
    // print_deadlock_bug
    Family {
        banner: "possible recursive locking detected",
        rules: &[
            Rule {
                line: "WARNING: possible recursive locking detected",
                report: &["possible recursive", "is trying to acquire lock", AT],
                stacks: &[LOCK],
                title: "possible deadlock in {frame}",
                pick: Pick::AsIs,
                ..Rule::NEW
            },
            Rule {
                line: "INFO: possible recursive locking detected",
                report: &["INFO: possible recursive locking detected", "is trying to acquire lock", AT],
                title: "possible deadlock in {1}",
                ..Rule::NEW
            },
        ],
        ..Family::NEW
    },
    // print_usage_bug
    Family {
        banner: "inconsistent lock state",
        rules: &[
            Rule {
                line: "WARNING: inconsistent lock state",
                report: &["inconsistent lock state", "takes", AT],
                stacks: &[TRACE],
                title: "inconsistent lock state in {frame}",
                ..Rule::NEW
            },
            Rule {
                line: "INFO: inconsistent lock state",
                report: &["inconsistent lock state", "takes", AT],
                title: "inconsistent lock state in {1}",
                ..Rule::NEW
            },
        ],
        ..Family::NEW
    },
    // lockdep_rcu_suspicious
    Family {
        banner: "suspicious RCU usage",
        rules: &[
            Rule {
                line: "WARNING: suspicious RCU usage",
                report: &["WARNING: suspicious RCU usage", "{{SRC}}"],
                title: "WARNING: suspicious RCU usage in {frame}",
                stacks: &[TRACE],
                format: Format::SuspiciousRcu,
                ..Rule::NEW
            },
            Rule {
                line: "INFO: suspicious RCU usage",
                title: "INFO: suspicious RCU usage in {frame}",
                stacks: &[TRACE],
                format: Format::SuspiciousRcu,
                ..Rule::NEW
            },
        ],
        ..Family::NEW
    },
    // lockdep_rcu_dereference, kernel/lockdep.c, 2.6.34 to 3.1: "[ INFO: suspicious rcu_dereference_check() usage. ]"
    Family {
        banner: "INFO: suspicious rcu_",
        rules: &[Rule {
            line: "INFO: suspicious rcu_[a-z_]+\\(\\) usage",
            title: "INFO: suspicious RCU usage in {frame}",
            stacks: &[TRACE],
            format: Format::SuspiciousRcu,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // register_lock_class by way of is_static/assign_lock_key
    Family {
        banner: "INFO: trying to register non-static key",
        rules: &[Rule {
            line: "INFO: trying to register non-static key",
            title: "INFO: trying to register non-static key in {frame}",
            stacks: &[TRACE],
            format: Format::NonStaticKey,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // print_unlock_imbalance_bug
    Family {
        banner: "WARNING: bad unlock balance detected!",
        rules: &[Rule {
            line: "WARNING: bad unlock balance detected!",
            stacks: &[UNLOCK],
            title: "WARNING: bad unlock balance in {frame}",
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // print_freed_lock_bug
    Family {
        banner: "WARNING: held lock freed!",
        rules: &[Rule {
            line: "WARNING: held lock freed!",
            report: &["held lock freed!", AT],
            stacks: &[LOCK],
            title: "WARNING: held lock freed in {frame}",
            pick: Pick::AsIs,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // print_held_locks_bug
    Family {
        banner: "still has locks held!",
        rules: &[Rule {
            line: "WARNING: .*still has locks held!",
            report: &["WARNING: .*still has locks held!", AT],
            title: "WARNING: still has locks held in {1}",
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // print_lock_nested_lock_not_held
    Family {
        banner: "WARNING: Nested lock was not taken",
        rules: &[Rule {
            line: "WARNING: Nested lock was not taken",
            title: "WARNING: nested lock was not taken in {frame}",
            stacks: &[TRACE],
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // lockdep_sys_exit
    Family {
        banner: "WARNING: lock held when returning to user space",
        rules: &[Rule {
            line: "WARNING: lock held when returning to user space",
            report: &["WARNING: lock held", "leaving the kernel with locks still held", AT],
            title: "WARNING: lock held when returning to user space in {1}",
            traceless: true,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
];
