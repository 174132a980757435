//! Hardware errors, interrupts nobody handles, transmit queues that hang.
//!
//! ```text
//! mce: [Hardware Error]: CPU 2: Machine Check Exception: 5 Bank 4: b200000000070f0f
//! irq 16: nobody cared (try booting with the "irqpoll" option)
//! NETDEV WATCHDOG: eth0 (e1000e): transmit queue 0 timed out
//! ```

use super::skip::Format;
use super::{Family, Part, Rule, Step, TRACE};

/// The first driver that was asked and did not care: "[<00000000f1a2b3c4>] usb_hcd_irq".
const HANDLER: &[Step] = &[Step::Line("^handlers:"), Step::Line("^\\[<[0-9a-f]+>\\] ([a-zA-Z0-9_]+)")];

pub(crate) const FAMILIES: &[Family] = &[
    // print_mce (arch/x86/kernel/cpu/mce/core.c), __ghes_print_estatus (drivers/acpi/apei/ghes.c), EDAC
    Family {
        banner: "[Hardware Error]: ",
        rules: &[
            Rule {
                line: "\\[Hardware Error\\]: .*Machine [Cc]heck",
                title: "Hardware Error: machine check",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "\\[Hardware Error\\]: Hardware error from APEI Generic Hardware Error Source",
                title: "Hardware Error: APEI generic hardware error",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "\\[Hardware Error\\]: (Corrected|Deferred|Uncorrected|Fatal)",
                title: "Hardware Error: {1} error",
                traceless: true,
                ..Rule::NEW
            },
            Rule { line: "\\[Hardware Error\\]: ", title: "Hardware Error", traceless: true, ..Rule::NEW },
        ],
        leads_to: &["[Hardware Error]: ", "Kernel panic"],
        ..Family::NEW
    },
    // edac_ue_error, edac_ce_error: drivers/edac/edac_mc.c
    Family {
        banner: "EDAC MC",
        rules: &[
            Rule {
                line: "EDAC MC[0-9]+: [0-9]+ CE ",
                title: "Hardware Error: corrected memory error",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "EDAC MC[0-9]+: [0-9]+ UE ",
                title: "Hardware Error: uncorrected memory error",
                traceless: true,
                ..Rule::NEW
            },
        ],
        leads_to: &["[Hardware Error]: "],
        part: Part::OfAny,
        ..Family::NEW
    },
    // __report_bad_irq, kernel/irq/spurious.c
    Family {
        banner: ": nobody cared",
        rules: &[Rule {
            line: "irq [0-9]+: nobody cared",
            title: "irq: nobody cared in {frame}",
            stacks: &[HANDLER, TRACE],
            format: Format::SpuriousIrq,
            traceless: true,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // dev_watchdog, net/sched/sch_generic.c: the message of a WARN_ONCE
    Family {
        banner: "NETDEV WATCHDOG: ",
        rules: &[Rule {
            line: "NETDEV WATCHDOG: .*timed out",
            title: "NETDEV WATCHDOG: transmit queue timed out",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &["WARNING:"],
        prelude: true,
        ..Family::NEW
    },
];
