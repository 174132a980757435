//! Programs whose end is a crash of the machine's purpose: syzkaller's own and Go's.
//!
//! ```text
//! SYZFATAL: executor failed 11 times: executor 0: exit status 67
//! ```

use super::{Family, Rule};

pub(crate) const FAMILIES: &[Family] = &[
    Family {
        banner: "fatal error:",
        unless: &["ALSA", "fatal error: cannot create timer", "too many errors emitted"],
        rules: &[Rule { line: "^fatal error:", title: "go runtime error", traceless: true, ..Rule::NEW }],
        ..Family::NEW
    },
    Family {
        banner: "SYZFAIL:",
        rules: &[Rule { line: "SYZFAIL:(.*)", title: "SYZFAIL:{1}", traceless: true, ..Rule::NEW }],
        ..Family::NEW
    },
    Family {
        banner: "SYZFATAL:",
        rules: &[Rule {
            line: "SYZFATAL:(.*)",
            title: "SYZFATAL:{1}",
            alt: &["SYZFATAL"],
            traceless: true,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    Family {
        banner: "panic:",
        unless: &["_panic:", "xlog_status:", "ddb.onpanic:", "evtlog_status:"],
        rules: &[
            Rule {
                line: "^panic: Sentry detected (?:[0-9]+ )?stuck task",
                title: "panic: Sentry detected stuck tasks",
                traceless: true,
                ..Rule::NEW
            },
            Rule { line: "^panic:(.*)", title: "panic:{1}", traceless: true, ..Rule::NEW },
        ],
        ..Family::NEW
    },
];
