//! What the kernel says in a name and a value: the fault registers of arm64, the stacks of an overflow, a stall's time, the
//! pages that were asked for.

use std::sync::LazyLock;

use crate::text::{self, Starts};

/// A name and its value.
///
/// ```text
///   EC = 0x25: DABT (current EL), IL = 32 bits
/// Task stack:     [0xffff800083420000..0xffff800083424000]
/// Failing address: dead000000000000 TEID: dead000000000803
/// rcu:     (t=5250 jiffies g=2049 q=28 ncpus=2)
/// init: page allocation failure: order:10, mode:0x820(GFP_ATOMIC), nodemask=(null),cpuset=/,mems_allowed=0
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detail<'a> {
    /// Mostly as the kernel writes it: `EC`, `Task stack`, `TEID`, `t`, `order`. Where it writes none, ours: `FSR` and
    /// `exception` of a number in brackets, `thread`, `fault in`, `allocated` of the words.
    pub name: &'a str,
    /// What follows: `0x25: DABT (current EL)`, `5250 jiffies`.
    pub value: &'a [u8],
}

/// How a line is read.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// `NAME = VALUE, NAME = VALUE`
    Pairs,
    /// `NAME: VALUE`, to the end of the line.
    Whole,
    /// Names, what stands right before each value, and right behind it, whichever comes first; else it ends with the line.
    Fields(&'static [(&'static str, &'static str, &'static [&'static str])]),
}

use Reading::{Fields, Pairs, Whole};

/// How the lines begin.
const BEGIN: &[(&str, Reading)] = &[
    // mem_abort_decode, data_abort_decode: arch/arm64/mm/fault.c
    ("ESR = ", Pairs),
    ("EC = ", Pairs),
    ("Exception class = ", Pairs),
    ("SET = ", Pairs),
    ("EA = ", Pairs),
    ("FSC = ", Pairs),
    ("Access size = ", Pairs),
    ("SSE = ", Pairs),
    ("SF = ", Pairs),
    ("Xs = ", Pairs),
    ("ISV = ", Pairs),
    ("CM = ", Pairs),
    ("GCS = ", Pairs),
    // handle_bad_stack, panic_bad_stack: arch/arm64, arch/arm, arch/riscv
    ("ESR: 0x", Whole),
    ("FAR: 0x", Whole),
    ("Task stack: ", Whole),
    ("IRQ stack: ", Whole),
    ("Overflow stack: ", Whole),
    // dump_fault_info, arch/s390/mm/fault.c
    ("Failing address: ", Fields(&[("TEID", " TEID: ", &[])])),
    ("Fault in ", Fields(&[("fault in", "Fault in ", &[" ASCE."])])),
    // show_regs, arch/loongarch/kernel/traps.c: the number is a register, and its meaning is in no other line
    ("ESTAT: ", Fields(&[("exception", " [", &["] ("])])),
    // do_DataAbort, do_PrefetchAbort: arch/arm/mm/fault.c
    ("Unhandled fault: ", FAULT_STATUS),
    ("Unhandled prefetch abort: ", FAULT_STATUS),
    // bad_page_fault, arch/powerpc/mm/fault.c
    ("Faulting instruction address: ", Whole),
    ("Thread overran stack, ", Fields(&[("thread", "Thread ", &[])])),
    // print_cpu_stall, print_other_cpu_stall: kernel/rcu/tree_stall.h
    ("(t=", STALL),
    ("(detected by ", STALL_OF_OTHERS),
    // mem_cgroup_show_protected_memory, mm/memcontrol.c, since Linux 6.18
    (
        "Memory cgroup min protection ",
        Fields(&[
            ("min protection", "min protection ", &[" -- "]),
            ("low protection", "low protection ", &[]),
        ]),
    ),
];

/// What first lines hold that begin with a task's name or another's words.
const HELD: &[(&str, Reading)] = &[
    // warn_alloc, mm/page_alloc.c; up to Linux 2.6.39 with a full stop
    (": page allocation failure: order:", ALLOCATION),
    (": page allocation failure. order:", ALLOCATION),
    (": page allocation stalls for ", ALLOCATION),
    // __vmalloc_node_range, __vmalloc_area_node, mm/vmalloc.c: up to Linux 5.11, of 5.12 to 5.14, and since
    (": vmalloc: allocation failure", ALLOCATION),
    (": vmalloc size ", ALLOCATION),
    (": vmalloc error: size ", ALLOCATION),
    // synchronize_rcu_expedited_stall, kernel/rcu/tree_exp.h
    (" detected expedited stalls on ", Fields(&[("t", "} ", &[" s: "])])),
    // Up to Linux 4.x the time stands on the banner's line; up to 3.0 without "self-", up to 2.6.35 "RCU detected CPU 1 stall".
    (" self-detected stall on CPU", STALL),
    (" detected stall on CPU", STALL),
    ("INFO: RCU detected CPU ", STALL_OF_OTHERS),
    (" detected stalls on CPUs/tasks: {", STALL_OF_OTHERS),
];

const FAULT_STATUS: Reading = Fields(&[("FSR", " (", &[") at "])]);

/// Up to Linux 3.8 nothing follows the time.
const STALL: Reading = Fields(&[("t", "(t=", &[" g=", ")"]), ("g", " g=", &[" "])]);

const STALL_OF_OTHERS: Reading = Fields(&[
    ("detected by", "(detected by ", &[", "]),
    ("t", " t=", &[", ", ")"]),
    ("t", "(t=", &[")"]),
    ("g", " g=", &[", "]),
]);

const ALLOCATION: Reading = Fields(&[
    ("size", " size ", &[", ", " allocation failure: "]),
    ("size", "vmalloc: allocation failure: ", &[" bytes"]),
    ("allocated", "vmalloc: allocation failure, allocated ", &[" of "]),
    ("size", " of ", &[" bytes"]),
    ("order", "order:", &[","]),
    ("order", "page order ", &[",", " "]),
    ("mode", "mode:", &[", nodemask="]),
    ("nodemask", "nodemask=", &[",cpuset="]),
    ("cpuset", "cpuset=", &[",mems_allowed="]),
    ("mems_allowed", "mems_allowed=", &[]),
]);

static BEGINNINGS: LazyLock<Starts<Reading>> = LazyLock::new(|| Starts::new(BEGIN.iter().copied()));

/// A report's banner is among so many lines.
const FIRST_LINES: usize = 4;
/// More of one report are not read.
const MAX_DETAILS: usize = 64;

impl<'a> Detail<'a> {
    /// Reads what the lines of a report say; of two values of a name the first counts.
    pub fn read(bodies: impl IntoIterator<Item = &'a [u8]>) -> Vec<Detail<'a>> {
        let mut details: Vec<Detail<'a>> = Vec::new();
        for (at, body) in bodies.into_iter().enumerate() {
            let text = text::skip_blanks(body);
            let text = text::skip_blanks(text.strip_prefix(b"rcu:").unwrap_or(text));
            // What stands before the words is a task's name.
            let holds = |(words, how): &(&str, Reading)| Some((*how, text.get(text::find(text, words)?..)?));
            let held = || if at < FIRST_LINES { HELD.iter().find_map(holds) } else { None };
            let begins = BEGINNINGS.find(text).map(|how| (how, text));
            let Some((how, text)) = begins.or_else(held) else { continue };
            if details.len() >= MAX_DETAILS {
                break;
            }
            how.read(text.trim_ascii_end(), &mut |name, value| {
                if !value.is_empty() && details.iter().all(|detail| detail.name != name) {
                    details.push(Detail { name, value });
                }
            });
        }
        details
    }
}

impl Reading {
    fn read<'a>(self, text: &'a [u8], found: &mut impl FnMut(&'a str, &'a [u8])) {
        match self {
            Pairs => {
                let mut rest = Some(text);
                while let Some(pair) = rest {
                    let (pair, after) = match text::find(pair, ", ") {
                        Some(at) => (pair.get(..at).unwrap_or_default(), pair.get(at + 2..)),
                        None => (pair, None),
                    };
                    rest = after;
                    let value = text::after(pair, " = ");
                    let name = pair.split(|&b| b == b'=').next().and_then(text::ascii);
                    name.zip(value).into_iter().for_each(|(name, value)| found(name.trim_end(), value));
                }
            }
            Whole => {
                let name = text.split(|&b| b == b':').next().and_then(text::ascii);
                let value = text::after(text, ":").map(<[u8]>::trim_ascii);
                name.zip(value).into_iter().for_each(|(name, value)| found(name, value));
            }
            Fields(fields) => {
                for (name, before, behind) in fields {
                    let Some(value) = text::after(text, before) else { continue };
                    let ends = behind.iter().filter_map(|behind| text::find(value, behind));
                    let end = ends.min().unwrap_or(value.len());
                    found(name, value.get(..end).unwrap_or_default().trim_ascii());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(log: &str) -> Vec<String> {
        let found = Detail::read(log.lines().map(str::as_bytes));
        found.iter().map(|found| format!("{} | {}", found.name, text::lossy(found.value))).collect()
    }

    #[test]
    fn aborts_of_arm64() {
        let log = "Mem abort info:\n  ESR = 0x0000000096000021\n  EC = 0x25: DABT (current EL), IL = 32 bits\n  \
                   SET = 0, FnV = 0\n  EA = 0, S1PTW = 0\n  FSC = 0x21: alignment fault\nData abort info:\n  \
                   ISV = 0, ISS = 0x00000021, ISS2 = 0x00000000\n  CM = 0, WnR = 1, TnD = 0, TagAccess = 0\n  \
                   GCS = 0, Overlay = 0, DirtyBit = 0\n";
        let found = details(log);
        assert_eq!(found.len(), 18, "{found:?}");
        for wanted in
            ["EC | 0x25: DABT (current EL)", "IL | 32 bits", "FSC | 0x21: alignment fault", "WnR | 1"]
        {
            assert!(found.iter().any(|detail| detail == wanted), "{wanted}: {found:?}");
        }
        // With ISV set; up to Linux 5.0 the class has no number.
        let valid = "  Access size = 4 byte(s)\n  SSE = 0, SRT = 2\n  SF = 0, AR = 0\n  \
                     Exception class = DABT (current EL), IL = 32 bits\n";
        assert_eq!(details(valid).len(), 7);
        assert_eq!(details(valid).first().map(String::as_str), Some("Access size | 4 byte(s)"));
    }

    #[test]
    fn stacks_that_overflow() {
        let log = "ESR: 0x0000000096000047 -- DABT (current EL)\nFAR: 0xffff80008341fe28\n\
                   Task stack:     [0xffff800083420000..0xffff800083424000]\n\
                   Overflow stack: [0xffff00001fea5150..0xffff00001fea6150]\n";
        assert_eq!(
            details(log),
            [
                "ESR | 0x0000000096000047 -- DABT (current EL)",
                "FAR | 0xffff80008341fe28",
                "Task stack | [0xffff800083420000..0xffff800083424000]",
                "Overflow stack | [0xffff00001fea5150..0xffff00001fea6150]"
            ]
        );
    }

    #[test]
    fn words_of_other_cpus() {
        for (line, wanted) in [
            ("Failing address: dead000000000000 TEID: dead000000000803", &["TEID | dead000000000803"][..]),
            (
                "Failing address: 0000000000000000 TEID: 0000000000000483 ESOP-2 FSI",
                &["TEID | 0000000000000483 ESOP-2 FSI"],
            ),
            (
                "Fault in home space mode while using kernel ASCE.",
                &["fault in | home space mode while using kernel"],
            ),
            (" ESTAT: 00010000 [PIL] (IS= ECode=1 EsubCode=0)", &["exception | PIL"]),
            ("Unhandled fault: external abort on non-linefetch (0x008) at 0xe0809000", &["FSR | 0x008"]),
            ("Faulting instruction address: 0xc008", &["Faulting instruction address | 0xc008"]),
        ] {
            assert_eq!(details(line), wanted, "{line}");
        }
    }

    #[test]
    fn stalls_and_pages() {
        for (line, wanted) in [
            ("rcu: \t(t=5250 jiffies g=2049 q=28 ncpus=2)", &["t | 5250 jiffies", "g | 2049"][..]),
            (
                "rcu: \t(detected by 0, t=5252 jiffies, g=-1195, q=2 ncpus=2)",
                &["detected by | 0", "t | 5252 jiffies", "g | -1195"],
            ),
            (
                "INFO: rcu_sched self-detected stall on CPU { 1}  (t=5250 jiffies g=5 c=4 q=3)",
                &["t | 5250 jiffies", "g | 5"],
            ),
            (
                "rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-...D } 1500 jiffies s: 33 root: 0x2/.",
                &["t | 1500 jiffies"],
            ),
            (
                "a b: page allocation failure: order:4, mode:0xcc0(GFP_KERNEL), nodemask=(null),cpuset=/,mems_allowed=0-1",
                &[
                    "order | 4",
                    "mode | 0xcc0(GFP_KERNEL)",
                    "nodemask | (null)",
                    "cpuset | /",
                    "mems_allowed | 0-1",
                ],
            ),
            ("a: page allocation failure: order:0, mode:0x20", &["order | 0", "mode | 0x20"]),
            // __alloc_pages_slowpath, mm/page_alloc.c, 2.6.32
            ("swapper: page allocation failure. order:5, mode:0x20", &["order | 5", "mode | 0x20"]),
            // mm/vmalloc.c, 5.10, 5.13, 6.1
            (
                "a: vmalloc: allocation failure: 8192 bytes, mode:0xcc0(GFP_KERNEL), nodemask=(null)",
                &["size | 8192", "mode | 0xcc0(GFP_KERNEL)", "nodemask | (null)"],
            ),
            (
                "a: vmalloc: allocation failure, allocated 4096 of 8192 bytes, mode:0xcc0(GFP_KERNEL), nodemask=(null)",
                &["allocated | 4096", "size | 8192", "mode | 0xcc0(GFP_KERNEL)", "nodemask | (null)"],
            ),
            (
                "a: vmalloc size 8192 allocation failure: page order 0 allocation failed, mode:0xcc0(GFP_KERNEL), nodemask=(null)",
                &["size | 8192", "order | 0", "mode | 0xcc0(GFP_KERNEL)", "nodemask | (null)"],
            ),
            (
                "a: vmalloc error: size 8192, page order 0, failed to allocate pages, mode:0xcc0(GFP_KERNEL), nodemask=(null)",
                &["size | 8192", "order | 0", "mode | 0xcc0(GFP_KERNEL)", "nodemask | (null)"],
            ),
            // print_cpu_stall, print_other_cpu_stall: kernel/rcutree.c, 3.2, 2.6.38, 2.6.32
            (
                "INFO: rcu_sched_state self-detected stall on CPU { 1}  (t=6500 jiffies)",
                &["t | 6500 jiffies"],
            ),
            ("INFO: rcu_sched_state detected stall on CPU 1 (t=6500 jiffies)", &["t | 6500 jiffies"]),
            ("INFO: RCU detected CPU 1 stall (t=6500 jiffies)", &["t | 6500 jiffies"]),
            (
                "INFO: rcu_sched_state detected stalls on CPUs/tasks: { 1} (detected by 0, t=6502 jiffies)",
                &["detected by | 0", "t | 6502 jiffies"],
            ),
            (
                "INFO: RCU detected CPU stalls: 1 (detected by 0, t=6502 jiffies)",
                &["detected by | 0", "t | 6502 jiffies"],
            ),
            (
                "Memory cgroup min protection 0kB -- low protection 4kB",
                &["min protection | 0kB", "low protection | 4kB"],
            ),
            ("Fault injection", &[]),
        ] {
            assert_eq!(details(line), wanted, "{line}");
        }
    }
}
