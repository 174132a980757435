//! Guards that CPUs that print at once are told apart where no line names its caller: a log whose lines name it is read
//! as it is and without the names, and both must have the same crashes, each with its own stacks and registers.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use crate::text::{self, Log};
use crate::{Report, reports, reports_in};

use super::damage::untagged;
use super::split::{Seen, difference, whole};
use super::support;

/// What must be the same: the title, the frames of all stacks, and the registers.
struct Crash {
    line: usize,
    title: String,
    /// Numbers of its lines.
    lines: HashSet<usize>,
    frames: Vec<String>,
    registers: Vec<(String, u64)>,
    /// Whether lines are known to be missing.
    doubtful: bool,
}

impl Crash {
    fn of(report: &Report<'_>, log: &[u8]) -> Crash {
        let mut number = crate::LineNumbers::new(log);
        let line = number.of(report.span().start) as usize;
        let lines = report.lines().iter().map(|line| number.of(line.offset) as usize).collect();
        let symbols = report.traces().into_iter().flat_map(|trace| trace.frames);
        let registers = report.registers().map(|dump| dump.values).unwrap_or_default();
        Crash {
            line,
            title: report.title().to_string(),
            lines,
            frames: symbols.filter_map(|frame| frame.symbol.map(str::to_string)).collect(),
            doubtful: !report.doubtful_lines().is_empty(),
            registers: registers.into_iter().map(|(name, value)| (name.to_string(), value)).collect(),
        }
    }
}

fn crashes(log: &[u8]) -> Vec<Crash> {
    reports(log).map(|report| Crash::of(&report, log)).collect()
}

/// What of a crash without tags is another's, or missing.
fn differences(tagged: &[Crash], bare: &[Crash]) -> Vec<String> {
    let mut found = Vec::new();
    let titles = |crashes: &[Crash]| {
        crashes.iter().map(|crash| format!("{}: {}", crash.line, crash.title)).collect::<Vec<_>>()
    };
    if titles(tagged) != titles(bare) {
        found.push(format!("{:#?}\n  now {:#?}", titles(tagged), titles(bare)));
    }
    for own in bare {
        let Some(wanted) = tagged.iter().find(|wanted| wanted.line == own.line) else { continue };
        let stranger = own
            .lines
            .iter()
            .find(|line| tagged.iter().any(|other| other.line != own.line && other.lines.contains(line)));
        if let Some(line) = stranger {
            found.push(format!("{}: {}: line {line} is another's", own.line, own.title));
        }
        if !own.doubtful && own.lines.len() < wanted.lines.len() {
            found.push(format!("{}: {}: lines are missing without a doubt", own.line, own.title));
        }
        if !is_part(&own.frames, &wanted.frames, own.doubtful) {
            found.push(format!("{}: {}: {:?}\n  now {:?}", own.line, own.title, wanted.frames, own.frames));
        }
        if !is_part(&own.registers, &wanted.registers, own.doubtful) {
            found.push(format!(
                "{}: {}: {:?}\n  now {:?}",
                own.line, own.title, wanted.registers, own.registers
            ));
        }
    }
    found
}

/// Whether a list is another one, or where lines are in doubt a part of it in its order.
fn is_part<T: PartialEq>(own: &[T], whole: &[T], doubtful: bool) -> bool {
    let mut rest = whole.iter();
    own.iter().all(|one| rest.any(|other| other == one)) && (doubtful || own.len() == whole.len())
}

/// Logs in which several CPUs print at once.
const MIXED: &[&str] = &["chatter", "multi-oops-8", "multi-oops", "hung-all-cpu-bt"];

/// What is wrong with a log without tags.
fn wrong(log: &support::Log) -> Vec<String> {
    let bare = untagged(&log.bytes);
    let found = differences(&crashes(&log.bytes), &crashes(&bare));
    found.into_iter().map(|difference| format!("{}: {difference}", log.path.display())).collect()
}

#[test]
fn crashes_of_several_cpus_are_told_apart_without_tags() {
    let logs = support::logs("logs").into_iter().filter(|log| MIXED.contains(&log.name.as_str()));
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/lab/logs");
    let lab = if lab.is_dir() { support::logs_of(&lab) } else { Vec::new() };
    let lab = lab.into_iter().filter(|log| MIXED.contains(&log.name.as_str()));
    let wrong: Vec<String> = logs.chain(lab).flat_map(|log| wrong(&log)).collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What a thread of the lab's `multi-oops` does, by its number: the titles of its crashes, and who called what crashed.
const THREADS: [(&[&str], &str); 4] = [
    (&["BUG: unable to handle kernel NULL pointer dereference in oops_leaf"], "multi_oops_thread"),
    (
        &[
            "WARNING in multi_oops_thread",
            "BUG: unable to handle kernel NULL pointer dereference in oops_leaf",
        ],
        "multi_oops_thread",
    ),
    (&["kernel BUG in bug_inline"], "kthread"),
    (&["WARNING in multi_oops_thread", "general protection fault in oops_leaf"], "crash_helper_call"),
];

/// What is wrong with the crashes of `multi-oops` in a log without tags, each of which names its thread.
fn not_as_the_module_does(log: &[u8]) -> Vec<String> {
    let mut titles: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut found = Vec::new();
    for report in reports(log) {
        let title = report.title().to_string();
        let Some(task) = report.task() else {
            found.push(format!("{title}: no task"));
            continue;
        };
        let number = text::number(task.comm.strip_prefix(b"cm_oops/").unwrap(), 10).unwrap() as usize;
        let crashed = !title.starts_with("WARNING");
        let (_, caller) = THREADS[number % 4];
        let symbols: Vec<Vec<&str>> = report
            .traces()
            .into_iter()
            .map(|trace| trace.frames)
            .map(|frames| frames.iter().filter_map(|frame| frame.symbol).collect())
            .collect();
        if symbols.len() != 1 || symbols[0].iter().filter(|symbol| **symbol == "ret_from_fork").count() != 1 {
            found.push(format!("{title} of {number}: stacks {symbols:?}"));
        } else if crashed && !symbols[0].contains(&caller) {
            found.push(format!("{title} of {number}: nobody is {caller} in {symbols:?}"));
        }
        let all = [(" PID: ", 1), (" GS:", 1), ("</TASK>", 1), ("---[ end trace", 1)];
        for (mark, most) in all {
            let words = report.lines().iter().filter_map(|line| text::after(line.body, mark));
            let mut words: Vec<&[u8]> =
                words.map(|rest| text::take(rest, |b| b.is_ascii_hexdigit()).0).collect();
            words.dedup();
            if words.len() != most
                && !report.doubtful_lines().iter().any(|line| text::contains(line.body, mark))
            {
                found.push(format!("{title} of {number}: {mark:?} {} times", words.len()));
            }
        }
        if report.registers().is_none_or(|dump| dump.values.len() < 24) {
            found.push(format!("{title} of {number}: registers are missing"));
        }
        titles.entry(number).or_default().push(title);
    }
    for (number, titles) in &titles {
        if titles != THREADS[number % 4].0 {
            found.push(format!("thread {number}: {titles:?}"));
        }
    }
    if titles.keys().copied().ne(0..titles.len()) || titles.len() < 4 {
        found.push(format!("threads {:?}", titles.keys()));
    }
    found
}

#[test]
fn crashes_are_those_of_the_module_where_no_kernel_has_tags() {
    let mut logs = support::logs("logs");
    logs.retain(|log| ["debian-multi-oops", "k2-multi-oops"].contains(&log.name.as_str()));
    assert_eq!(logs.len(), 2);
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/lab");
    for part in ["debian/logs", "logs2"] {
        let folder = lab.join(part);
        if folder.is_dir() {
            logs.extend(
                support::logs_of(&folder).into_iter().filter(|log| log.name.starts_with("multi-oops")),
            );
        }
    }
    for log in logs {
        let found = not_as_the_module_does(&log.bytes);
        assert!(found.is_empty(), "{}:\n{}", log.path.display(), found.join("\n"));
    }
}

/// A report that is complete does not change when more of the log is there: whatever has come so far.
fn check_prefixes(name: &str, log: &[u8]) {
    let all = whole(log);
    let ends = log.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    for end in ends {
        let part = &log[..end];
        let mut found = crate::report::Reports::of(Log::whole(part), 0..end);
        let complete: Vec<Seen> = found.by_ref().take_while(|r| !r.is_open()).map(|r| Seen::of(&r)).collect();
        let known = all.get(..complete.len()).unwrap_or(&all);
        if let Some(difference) = difference(known, &complete) {
            panic!("{name}, the first {end} bytes: {difference}");
        }
        let seen = complete.last().map_or(0, Seen::start);
        let settled = found.unsettled().unwrap_or(usize::MAX);
        let open = all.get(complete.len()).map_or(usize::MAX, Seen::start);
        let opened = crate::report::Reports::of(Log::whole(part), 0..end).find(|r| r.is_open());
        let reread = opened.map_or(settled, |report| report.span().start);
        assert!(open >= end || reread <= open, "{name}: {end}: {seen}, then {open}, not {reread}");
    }
}

#[test]
fn what_is_complete_stays_as_it_is() {
    for folder in ["families", "logs"] {
        let logs = support::logs(folder);
        let names = ["mixed-x86", "mixed-arm64", "debian-multi-oops", "k2-multi-oops"];
        for log in logs.iter().filter(|log| names.contains(&log.name.as_str())) {
            let first = whole(&log.bytes)[0].start();
            let from = log.bytes[..first.saturating_sub(400)].iter().rposition(|byte| *byte == b'\n');
            check_prefixes(&log.name, &log.bytes[from.map_or(0, |at| at + 1)..]);
        }
    }
    for (number, log) in BY_HAND.iter().enumerate() {
        let rest = "[  200.000000] demo: all is well\n".repeat(40);
        let log = [log, rest.as_str()].concat();
        check_prefixes(&format!("by hand, {number}"), log.as_bytes());
        let all = whole(log.as_bytes());
        for start in 0..log.len() {
            let part: Vec<Seen> =
                reports_in(log.as_bytes(), start..log.len()).map(|report| Seen::of(&report)).collect();
            let known = all.len() - all.iter().filter(|seen| seen.start() >= start).count();
            assert_eq!(difference(&all[known..], &part), None, "by hand, {number}, from byte {start}");
        }
    }
}

/// Logs of which it was once unlike for a part and for the whole what belongs together.
const BY_HAND: [&str; 3] = [
    // An announcement stands between a crash and its end, and the next crash follows from it.
    "\
[    1.000000] BUG: kernel NULL pointer dereference, address: 0000000000000048
[    1.000100] RIP: 0010:first+0x1/0x2
[    1.000200] list_add double add: new=ffff888005a1c000, prev=ffff888005a1c000, next=ffffffffc00091a0.
[    1.000300] demo: 1
[    1.000310] demo: 2
[    1.000320] demo: 3
[    1.000330] demo: 4
[    1.000340] demo: 5
[    1.000350] demo: 6
[    1.000360] demo: 7
[    1.000370] demo: 8
[    1.000380] demo: 9
[    1.000390] demo: 10
[    1.000400] demo: 11
[    1.000410] demo: 12
[    1.000420] demo: 13
[    1.000430] demo: 14
[    1.000440] demo: 15
[    1.000450] demo: 16
[    1.000460] demo: 17
[    1.000470] demo: 18
[    1.000480] demo: 19
[    1.000490] demo: 20
[    1.000500] demo: 21
[    1.000510] demo: 22
[    1.000520] demo: 23
[    1.000530] demo: 24
[    1.000540] demo: 25
",
    // The second crash is late, the third has no time: it is near the second, which is near no other.
    "\
[   60.000000] BUG: kernel NULL pointer dereference, address: 0000000000000048
[   80.000000] WARNING: CPU: 1 PID: 52 at mm/slub.c:1 second+0x1/0x2
[   80.000100] CPU: 1 PID: 52 Comm: second Not tainted 6.1.0 #1
[   80.000200] RIP: 0010:second+0x1/0x2
[   80.000300] RSP: 0018:ffffc900001afed0 EFLAGS: 00000246
[   80.000400] ---[ end trace 0000000000000000 ]---
[   87.000000] demo: all is well
kernel BUG at mm/slub.c:1!
[   87.000100] CPU: 2 PID: 53 Comm: third Not tainted 6.1.0 #1
[   87.000200] RAX: ffff888000909dd0 RBX: 0000000000000020 RCX: ffffffffc0006b83
[   87.000300] RIP: 0010:third+0x1/0x2
",
    // A crash that another begins with, and the next one behind both.
    "\
[    1.000000] list_add double add: new=ffff888005a1c000, prev=ffff888005a1c000, next=ffffffffc00091a0.
[    1.000100] kernel BUG at lib/list_debug.c:30!
[    1.000200] CPU: 0 PID: 51 Comm: first Not tainted 6.1.0 #1
[    1.000300] RIP: 0010:first+0x1/0x2
[    1.000400] RSP: 0018:ffffc900001afed0 EFLAGS: 00000246
[    1.000500] ---[ end trace 0000000000000000 ]---
[    9.000000] demo: all is well
[    9.000100] WARNING: CPU: 1 PID: 52 at mm/slub.c:1 second+0x1/0x2
[    9.000200] CPU: 1 PID: 52 Comm: second Not tainted 6.1.0 #1
[    9.000300] RIP: 0010:second+0x1/0x2
",
];

/// Lines that others printed may begin behind a report's banner: the fuzzer's.
#[test]
fn a_report_in_the_midst_of_others_keeps_its_title() {
    let log = "\
[   14.591627] Hardware name: IBM pSeries p reports kernel BUG at mm/slub.c when unplugging.
BUG: soft lockup - CPU#X stuck for XXs! [process:pid]
[   14.591913] MSR:  800000000280b033 <SF,VEC,VSX,EE,FP,ME,IR,DR,RI,LE>  CR: 24000884  XER: 20040006
[   14.592059] CFAR: c008000000261450 DAR: 0000000000000228 DSISRkernel BUG at mm/slub.c:1!: 40000000 IRQMASK: 0

Unable to handle kernel paging request on resume
[   14&593736] BUG: Kernel NULL pointer dereference on read* at 0x00000128
[   14.601597] 4bfff7e1 4bffff54 60000000 60000000 fffdda98 ffffffff 3c4cfffe 3842da98 60000000 3d220000 e9098240
[   14.602016] ---[ end trace 0000000000000000 ]---
[   14.6755Not tainted82] Oops: Kernel access of bad area, sig: 11 [#2]
";
    let titles: Vec<String> = reports(log.as_bytes()).map(|report| report.title().to_string()).collect();
    assert!(!titles.is_empty() && titles.iter().all(|title| !title.is_empty()), "{titles:?}");
}

/// Parts of reports as x86 prints them, of a CPU and a task.
struct Printer {
    cpu: u32,
    pid: u32,
    name: &'static str,
}

impl Printer {
    fn header(&self, release: &str) -> Vec<String> {
        let Printer { cpu, pid, name } = self;
        vec![
            format!("CPU: {cpu} PID: {pid} Comm: {name} Not tainted {release} #1"),
            "Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2 04/01/2014".to_string(),
        ]
    }

    /// The counter and the registers; their values are another CPU's own.
    fn registers(&self, function: &str) -> Vec<String> {
        let Printer { cpu, name, .. } = self;
        let rows = format!(
            "RIP: 0010:{name}_{function}+0x11/0x20\nCode: 0f 1f 44 00 <48> 8b 00 48 89\n\
             RSP: 0018:ffffc9000{cpu}23fc40 EFLAGS: 00010246\n\
             RAX: 0000000000000000 RBX: ffff88800{cpu}e1a000 RCX: 0000000000000000\n\
             RDX: 0000000000000001 RSI: ffff88800{cpu}e1a0c8 RDI: 0000000000000000\n\
             RBP: ffffc9000{cpu}23fc98 R08: 0000000000000001 R09: ffffc9000{cpu}23f96f\n\
             R10: fffff52000047f2d R11: 0000000000000000 R12: ffffc9000{cpu}23fc98\n\
             R13: 0000000000000003 R14: ffff88800{cpu}e1a0c0 R15: ffffffffc0009160\n\
             FS:  00007f3c5a1e2740(0000) GS:ffff88801{cpu}e00000(0000) knlGS:0000000000000000\n\
             CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033\n\
             CR2: 0000000000559c5a CR3: 00000000051fa000 CR4: 00000000007506f0"
        );
        rows.lines().map(str::to_string).collect()
    }

    fn frames(&self, functions: &[&str]) -> Vec<String> {
        functions.iter().map(|function| format!(" {}_{function}+0x5d/0xa0", self.name)).collect()
    }

    /// A stack since Linux 5.13, down to the program that called.
    fn stack(&self, functions: &[&str]) -> Vec<String> {
        let head = ["Call Trace:", " <TASK>"].map(str::to_string);
        let end = [" entry_SYSCALL_64_after_hwframe+0x76/0x7e", "RIP: 0033:0x47b7a0", " </TASK>"];
        [&head[..], &self.frames(functions), &end.map(str::to_string)].concat()
    }

    /// The same before.
    fn unmarked_stack(&self, functions: &[&str]) -> Vec<String> {
        let end = [" entry_SYSCALL_64_after_hwframe+0x42/0xb7".to_string()];
        [&["Call Trace:".to_string()][..], &self.frames(functions), &end].concat()
    }
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| line.to_string()).collect()
}

/// The title of each report, and the functions of its stacks, but for those of program counters.
fn told(lines: &[String]) -> Vec<(String, Vec<String>)> {
    let stamped = lines.iter().enumerate().map(|(at, line)| format!("[  100.{at:06}] {line}\n"));
    let log: String = stamped.collect();
    let functions = |report: &Report<'_>| {
        let frames = report.traces().into_iter().flat_map(|trace| trace.frames);
        frames.filter_map(|frame| frame.symbol.map(str::to_string)).collect()
    };
    let mut all: Vec<_> =
        reports(log.as_bytes()).map(|report| (report.title().to_string(), functions(&report))).collect();
    all.sort();
    all
}

/// One CPU prints its whole report in the midst of another's, and each has its own.
#[test]
fn a_report_in_the_midst_of_another_takes_none_of_its_lines() {
    let (one, other) =
        (Printer { cpu: 1, pid: 905, name: "one" }, Printer { cpu: 3, pid: 1377, name: "other" });
    let deep = ["read", "show", "dispatch", "write"];
    let fault = [
        lines(&[
            "general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] SMP",
        ]),
        one.header("6.1.90"),
        one.registers("read"),
        one.stack(&deep),
        lines(&["Modules linked in:", "---[ end trace 0000000000000000 ]---"]),
    ]
    .concat();
    let bare = [
        lines(&["BUG: sleeping function called from invalid context at mm/slab.h:388"]),
        one.header("4.14.91"),
        one.unmarked_stack(&deep),
    ]
    .concat();
    let unknown = [
        lines(&[
            "------------[ cut here ]------------",
            "Kernel BUG at one_read+0x11/0x20 [verbose debug info unavailable]",
            "invalid opcode: 0000 [#1] SMP",
        ]),
        one.header("6.1.90"),
        one.registers("read"),
        one.stack(&deep),
        lines(&["Modules linked in:", "---[ end trace 0000000000000000 ]---"]),
    ]
    .concat();
    let oops = [
        lines(&[
            "BUG: unable to handle kernel NULL pointer dereference at 0000000000000018",
            "Oops: 0000 [#1] SMP",
        ]),
        other.header("4.14.91"),
        other.registers("load"),
        other.unmarked_stack(&["read", "ioctl"]),
        lines(&["Modules linked in:", "---[ end trace 5f1d2c3ba0b1c2d3 ]---"]),
    ]
    .concat();
    let kasan = [
        lines(&[
            "BUG: KASAN: slab-use-after-free in other_load+0x5d/0xa0",
            "Read of size 8 at addr ffff888005a9b008 by task other/1377",
            "",
        ]),
        other.header("6.5.0"),
        other.stack(&["load", "read", "ioctl"]),
        lines(&["", "Allocated by task 1377:"]),
        other.frames(&["alloc", "open"]),
        lines(&["", "Freed by task 1377:"]),
        other.frames(&["free", "close"]),
        lines(&["", "=================================================================="]),
    ]
    .concat();
    let atomic = [
        lines(&[
            "BUG: scheduling while atomic: other/1377/0x00000002",
            "Modules linked in:",
            "Preemption disabled at:",
            "[<ffffffffc0de0045>] other_atomic+0x15/0x50",
        ]),
        other.header("6.1.90"),
        other.stack(&["sleep", "ioctl"]),
    ]
    .concat();
    let spin = [
        lines(&[
            "BUG: spinlock lockup suspected on CPU#3, other/1377",
            " lock: other_lock+0x0/0x40, .magic: dead4ead, .owner: one/905, .owner_cpu: 1",
        ]),
        other.header("6.1.90"),
        other.stack(&["lock", "ioctl"]),
    ]
    .concat();
    // In the midst of the stack, or of the registers.
    for (outer, inner, behind) in [
        (&bare, &oops, "one_show"),
        (&fault, &kasan, "one_show"),
        (&fault, &kasan, "R13: "),
        (&fault, &atomic, "one_show"),
        (&fault, &spin, "R13: "),
        (&unknown, &spin, "R13: "),
        (&unknown, &kasan, "one_show"),
    ] {
        let at = outer.iter().position(|line| line.contains(behind)).unwrap() + 1;
        let mixed = [&outer[..at], inner, &outer[at..]].concat();
        let mut alone = [told(outer), told(inner)].concat();
        alone.sort();
        assert_eq!(told(&mixed), alone, "{} in {}, behind {behind}", inner[0], outer[0]);
    }
}
