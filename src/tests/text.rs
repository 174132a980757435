//! Guards what people read: the text of some reports, folded and whole, and who waits for whom in a hang.
//!
//! `testdata/text/NAME.txt` and `NAME.full.txt` are of `testdata/logs/NAME.log`. `CRASHPARSE_UPDATE=1 cargo test text`
//! writes them anew: read them as a user would before keeping them.

use std::fs;

#[cfg(feature = "disasm")]
use crate::{LineNumbers, Report};
use crate::{TextReport, Waits, reports};

use super::support;

fn log(name: &str) -> Vec<u8> {
    fs::read(support::testdata().join("logs").join(format!("{name}.log"))).unwrap()
}

#[cfg(feature = "disasm")]
fn text(name: &str, full: bool) -> String {
    let bytes = log(name);
    let mut lines = LineNumbers::new(&bytes);
    let mut text = |report: Report<'_>| {
        let line = lines.of(report.span().start);
        TextReport::new(&report).at(name, line).full(full).to_string()
    };
    reports(&bytes).map(&mut text).collect::<Vec<_>>().join("\n")
}

#[test]
#[cfg(feature = "disasm")]
fn texts_are_as_in_the_golden_files() {
    let folder = support::testdata().join("text");
    let names = [
        "kasan-uaf-write",
        "hung-task",
        "lockdep-abba",
        "oops-work",
        "sysrq-t",
        "oom-panic",
        "softlockup-panic",
        "debian-slub-poison",
        "riscv64-7.2-two-oopses",
    ];
    let mut wrong = Vec::new();
    for (name, full) in names.iter().flat_map(|name| [(*name, false), (*name, true)]) {
        // The whole dump of all tasks is long and tells no more.
        if full && name == "sysrq-t" {
            continue;
        }
        let path = folder.join(format!("{name}{}.txt", if full { ".full" } else { "" }));
        let text = text(name, full);
        if std::env::var_os("CRASHPARSE_UPDATE").is_some_and(|value| value == "1") {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        if fs::read_to_string(&path).unwrap_or_default() != text {
            wrong.push(path);
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong:?} differ. If the new ones are right: CRASHPARSE_UPDATE=1 cargo test text"
    );
}

#[test]
fn a_title_that_names_a_caller_says_so_and_nothing_is_told_twice() {
    let text = |name: &str, full| {
        reports(&log(name)).next().map(|report| TextReport::new(&report).full(full).to_string()).unwrap()
    };
    let stall = text("debian-rcu-stall", false);
    let place = "  where    spin_here+0x1a/0x30 [crashme] (the title names a caller, by convention)\n";
    assert!(
        stall.starts_with("INFO: rcu detected stall in proc_reg_write\n") && stall.contains(place),
        "{stall}"
    );
    assert!(stall.contains("(t=1500 jiffies g=-787") && !stall.contains("  details "), "{stall}");
    assert!(!text("hung-task", false).contains("by convention"));
    let twice = |full| text("debian-multi-oops", full).matches("/src/lab/cm-deb/misc.c:57").count();
    assert_eq!((twice(false), twice(true)), (1, 2));
    assert!(text("riscv64-7.2-two-oopses", false).contains("\n  oops     #1\n"));
    let state = "  memory state\n    ffff88800089c300: 00";
    assert!(text("kasan-uaf-write", true).contains(state) && !text("kasan-uaf-write", false).contains(state));
}

/// The text of the first report of a log of these lines.
fn text_of(lines: &[&str], full: bool) -> String {
    let log: String = lines.iter().map(|line| format!("[    1.000000] {line}\n")).collect();
    reports(log.as_bytes()).next().map(|report| TextReport::new(&report).full(full).to_string()).unwrap()
}

const OOPS: [&str; 4] = [
    "BUG: kernel NULL pointer dereference, address: 0000000000000000",
    "CPU: 0 PID: 7 Comm: demo Not tainted 6.1.0 #1",
    "RIP: 0010:demo_leaf+0x1/0x10 [demo]",
    "Call Trace:",
];

#[test]
fn frames_that_come_again_and_again_are_counted() {
    let mut lines = OOPS.to_vec();
    lines.extend([" demo_one+0x4/0x20 [demo]"; 29]);
    lines.extend([" demo_two+0x4/0x20 [demo]", " demo_three+0x4/0x20 [demo]"].repeat(14));
    lines.extend([" demo_twice+0x4/0x20 [demo]"; 2]);
    lines.push(" ksys_write+0x1/0x20");
    let text = text_of(&lines, false);
    let stack = "    demo_one+0x4/0x20 [demo]
    … the same 28 times more
    demo_two+0x4/0x20 [demo]
    demo_three+0x4/0x20 [demo]
    … these 2 frames 13 times more
    demo_twice+0x4/0x20 [demo]
    demo_twice+0x4/0x20 [demo]
    ksys_write+0x1/0x20
";
    assert!(text.contains(stack), "{text}");
    assert_eq!(text_of(&lines, true).matches("demo_one+").count(), 29);
}

#[test]
fn frames_in_doubt_and_those_of_the_printing_are_counted() {
    let mut lines = vec![
        "BUG: KASAN: use-after-free in demo_leaf+0x1/0x10 [demo]",
        "Read of size 8 at addr ffff888003e39b00 by task demo/7",
        "CPU: 0 PID: 7 Comm: demo Not tainted 6.1.0 #1",
        "Call Trace:",
        " dump_stack_lvl+0x1/0x20",
        " print_report+0x1/0x20",
        " ? demo_old+0x1/0x20 [demo]",
        " kasan_report+0x1/0x20",
        " demo_leaf+0x1/0x10 [demo]",
        " ? demo_older+0x1/0x20 [demo]",
        " ksys_write+0x1/0x20",
    ];
    let stack = "    … 3 frames of machinery
  > demo_leaf+0x1/0x10 [demo]
    ksys_write+0x1/0x20
    … 2 frames marked ?
";
    let text = text_of(&lines, false);
    assert!(text.contains(stack), "{text}");
    let full = text_of(&lines, true);
    assert!(full.contains("dump_stack_lvl") && full.contains("? demo_older"), "{full}");
    // A kernel without an unwinder marks all but the program counter: they are what there is.
    lines.truncate(4);
    lines.extend([" ? demo_leaf+0x1/0x10 [demo]", " ? ksys_write+0x1/0x20"]);
    let guessed = "  ? demo_leaf+0x1/0x10 [demo]\n  ? ksys_write+0x1/0x20\n";
    let text = text_of(&lines, false);
    assert!(text.contains(guessed), "{text}");
    lines.splice(0..4, OOPS);
    let text = text_of(&lines, false);
    assert!(text.contains("  ? ksys_write+0x1/0x20\n"), "{text}");
    // After a jump astray who jumped is among them, and so is who called a function that only waits.
    lines = OOPS.to_vec();
    lines[2] = "RIP: 0010:0xffff888000915300";
    lines.extend([" ? demo_jump+0x33/0x50 [demo]", " ? demo_call+0x1/0x20 [demo]", " ksys_write+0x1/0x20"]);
    let text = text_of(&lines, false);
    assert!(text.contains("  ? demo_jump+0x33/0x50 [demo]\n  ? demo_call+0x1/0x20 [demo]\n"), "{text}");
}

#[test]
fn other_places_are_no_repetition() {
    let mut lines = OOPS.to_vec();
    let addresses: Vec<String> = (1..6).map(|n| format!(" [<ffffffff81000{n}{n}{n}>]")).collect();
    lines.extend(addresses.iter().map(String::as_str));
    let text = text_of(&lines, false);
    assert!(!text.contains("times more") && text.contains("0xffffffff81000555"), "{text}");
    let mut lines = OOPS.to_vec();
    lines.extend([
        " demo_walk (a.c:20)",
        " demo_walk (a.c:33)",
        " demo_walk (a.c:47)",
        " ksys_write (fs/rw.c:1)",
    ]);
    let text = text_of(&lines, false);
    assert!(!text.contains("times more") && text.contains("a.c:47"), "{text}");
}

#[test]
fn no_control_character_of_an_oom_report_is_shown() {
    let text = text_of(
        &[
            "demo invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
            "oom-kill:constraint=C\u{1b}[31m,nodemask=(null),cpuset=/,mems_allowed=0,task_memcg=/\u{1},task=de\u{2}mo,pid=905,uid=0",
            "Memory cgroup out of memory: Killed process 905 (de\u{3}mo) total-vm:440000kB",
        ],
        true,
    );
    assert!(text.contains("C\\x1b[31m"), "{text}");
    assert!(text.lines().all(|line| !line.contains(char::is_control)), "{text:?}");
}

#[test]
fn the_kernel_says_what_is_wrong() {
    for (lines, says) in [
        (
            &[
                "WARNING: suspicious RCU usage",
                "6.1.0 #1 Not tainted",
                "-----------------------------",
                "lock.c:188 suspicious rcu_dereference_check() usage!",
            ][..],
            &["lock.c:188 suspicious rcu_dereference_check() usage!"][..],
        ),
        (
            &[
                "WARNING: suspicious RCU usage",
                "6.1.0 #1 Not tainted",
                "-----------------------------",
                "demo.c:7 RCU-list traversed in non-reader section!!",
            ],
            &["demo.c:7 RCU-list traversed in non-reader section!!"],
        ),
        (
            &[
                "BUG: KASAN: use-after-free in demo+0x1/0x10",
                "The buggy address is located 56 bytes inside of",
                " 96-byte region [ffff88800089c400, ffff88800089c460)",
            ],
            &[
                "The buggy address is located 56 bytes inside of",
                "96-byte region [ffff88800089c400, ffff88800089c460)",
            ],
        ),
        (
            &[
                "BUG: KASAN: slab-out-of-bounds in demo+0x1/0x10",
                "The buggy address is located 0 bytes to the right of allocated 96-byte region [ffff88800089c400, ffff88800089c460)",
                "The buggy address belongs to the physical page:",
            ],
            &[
                "The buggy address is located 0 bytes to the right of allocated 96-byte region [ffff88800089c400, ffff88800089c460)",
            ],
        ),
        (
            &[
                "BUG: KASAN: global-out-of-bounds in demo+0x1/0x10",
                "The buggy address belongs to the variable:",
                " demo_global+0xc/0xffffffff [demo]",
            ],
            &["The buggy address belongs to the variable:", "demo_global+0xc/0xffffffff [demo]"],
        ),
        (
            &[
                "BUG: KASAN: stack-out-of-bounds in demo+0x1/0x10",
                "The buggy address belongs to stack of task demo/40",
                " and is located at offset 44 in frame:",
                " demo+0x0/0x90 [demo]",
            ],
            &[
                "The buggy address belongs to stack of task demo/40",
                "and is located at offset 44 in frame:",
                "demo+0x0/0x90 [demo]",
            ],
        ),
        (
            &[
                "BUG: KASAN: null-ptr-deref in demo+0x1/0x10",
                "Read of size 8 at addr 0000000000000000 by task demo/7",
            ],
            &["BUG: KASAN: null-ptr-deref in demo+0x1/0x10"],
        ),
        (
            &[
                "UBSAN: shift-out-of-bounds in demo.c:7:9",
                "shift exponent 32 is too large for 32-bit type 'int'",
            ],
            &["shift exponent 32 is too large for 32-bit type 'int'"],
        ),
        (
            &[
                "rcu: INFO: rcu_preempt self-detected stall on CPU",
                "rcu: \t0-....: (1499 ticks this GP) idle=2b1",
                "rcu: \t(t=1500 jiffies g=-787 q=1 ncpus=2)",
            ],
            &["INFO: rcu_preempt self-detected stall on CPU", "(t=1500 jiffies g=-787 q=1 ncpus=2)"],
        ),
        (
            &[
                "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
                "rcu: \t1-...!: (0 ticks this GP)",
                "rcu: \t(detected by 0, t=21002 jiffies, g=7, q=12 ncpus=4)",
            ],
            &[
                "INFO: rcu_preempt detected stalls on CPUs/tasks:",
                "(detected by 0, t=21002 jiffies, g=7, q=12 ncpus=4)",
            ],
        ),
        (
            &[
                "BUG: KFENCE: memory corruption in demo+0x1/0x10",
                "",
                "Corrupted memory at 0xffff8880 [ ! . ] (in kfence-#43):",
            ],
            &["Corrupted memory at 0xffff8880 [ ! . ] (in kfence-#43):"],
        ),
        (
            &[
                "BUG kmalloc-96 (Tainted: G): Poison overwritten",
                "-----------------------------------------------------------------------------",
                "",
                "0xffff8880-0xffff8887 @offset=64. First byte 0x41 instead of 0x6b",
            ],
            &["0xffff8880-0xffff8887 @offset=64. First byte 0x41 instead of 0x6b"],
        ),
        (
            &[
                "BUG: Bad page state in process demo  pfn:12345",
                "page:ffff refcount:0 mapcount:0",
                "page dumped because: nonzero mapcount",
            ],
            &["page dumped because: nonzero mapcount"],
        ),
        (
            &[
                "BUG: KASAN: vmalloc-out-of-bounds in demo+0x1/0x10",
                "The buggy address belongs to the virtual mapping at",
                " [ffffc90000da8000, ffffc90000daa000) created by:",
                " demo_alloc+0x1/0x10",
            ],
            &[
                "The buggy address belongs to the virtual mapping at",
                "[ffffc90000da8000, ffffc90000daa000) created by:",
            ],
        ),
        (
            &[
                "BUG: KASAN: vmalloc-out-of-bounds in demo+0x1/0x10",
                "The buggy address belongs to a 1-page vmalloc region starting at 0xffffc90000da8000 allocated at demo_alloc+0x1/0x10",
            ],
            &[
                "The buggy address belongs to a 1-page vmalloc region starting at 0xffffc90000da8000 allocated at demo_alloc+0x1/0x10",
            ],
        ),
        (
            &[
                "[ INFO: suspicious rcu_dereference_check() usage. ]",
                "---------------------------------------------------",
                "demo.c:77 invoked rcu_dereference_check() without protection!",
            ],
            &["demo.c:77 invoked rcu_dereference_check() without protection!"],
        ),
        (
            &[
                "BUG: KFENCE: out-of-bounds read in demo+0x1/0x10",
                "",
                "Out-of-bounds read at 0xffff8880 (1B left of kfence-#7):",
            ],
            &["Out-of-bounds read at 0xffff8880 (1B left of kfence-#7):"],
        ),
        (
            &[
                "BUG: KFENCE: use-after-free write in demo+0x1/0x10",
                "",
                "Use-after-free write at 0xffff8880 (in kfence-#7):",
            ],
            &["Use-after-free write at 0xffff8880 (in kfence-#7):"],
        ),
        (
            &["BUG: KFENCE: invalid free in demo+0x1/0x10", "", "Invalid free of 0xffff8880 (in kfence-#7):"],
            &["Invalid free of 0xffff8880 (in kfence-#7):"],
        ),
        (
            &["BUG: KFENCE: invalid read in demo+0x1/0x10", "", "Invalid read at 0xffff8880:"],
            &["Invalid read at 0xffff8880:"],
        ),
        (
            &["BUG: KFENCE: invalid write in demo+0x1/0x10", "", "Invalid write at 0xffff8880:"],
            &["Invalid write at 0xffff8880:"],
        ),
        (
            &[
                "------------[ cut here ]------------",
                "list_add corruption. next->prev should be prev (c0), but was f0. (next=f0).",
                "kernel BUG at lib/list_debug.c:27!",
            ],
            &["list_add corruption. next->prev should be prev (c0), but was f0. (next=f0)."],
        ),
        (
            &["watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [demo:96]"],
            &["watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [demo:96]"],
        ),
        (&["[ BUG: Invalid wait context ]"], &["BUG: Invalid wait context"]),
        (
            &[
                "demo invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
                "Out of memory: Killed process 99 (sleep) total-vm:2336kB",
            ],
            &["Out of memory: Killed process 99 (sleep) total-vm:2336kB"],
        ),
    ] {
        let stack = ["CPU: 0 PID: 7 Comm: demo Not tainted 6.1.0 #1", "Call Trace:", " demo+0x1/0x10"];
        let lines = lines.iter().chain(&stack);
        let log: String = lines.map(|line| format!("[    1.000000] {line}\n")).collect();
        let report = reports(log.as_bytes()).next().unwrap();
        let said: Vec<_> = report.says().into_iter().map(String::from_utf8_lossy).collect();
        assert_eq!(said, says, "{log}");
    }
}

#[test]
fn colours_add_nothing_but_escape_sequences() {
    for log in support::logs("logs").iter().filter(|log| log.bytes.len() < 40_000) {
        for report in reports(&log.bytes) {
            let plain = TextReport::new(&report).to_string();
            let mut coloured = TextReport::new(&report).colors(true).to_string();
            while let Some(at) = coloured.find('\x1b') {
                let end = coloured[at..].find('m').unwrap();
                coloured.replace_range(at..=at + end, "");
            }
            assert_eq!(coloured, plain, "{}", log.name);
        }
    }
}

fn waits(log: &[u8]) -> String {
    let mut waits = Waits::default();
    for report in reports(log) {
        let mut own = Waits::default();
        own.add(&report);
        waits.merge(own);
    }
    waits.to_string()
}

#[test]
fn a_hang_is_explained_by_lists_of_locks() {
    let expected = "\
cm_waiter/0 (pid 42) waits for cm_hang_inner, held by cm_owner (pid 41)
cm waiter:1 (pid 43) waits for cm_hang_inner, held by cm_owner (pid 41)
cm_writer (pid 44) waits for cm_hang_sem, held by cm_waiter/0 (pid 42), cm waiter:1 (pid 43)
look at cm_owner (pid 41): 3 tasks wait for it, and it for no lock, in hang_owner
";
    for name in ["hung-task", "hung-task.notime", "hung-panic"] {
        assert_eq!(waits(&log(name)), expected, "{name}");
    }
}

#[test]
fn a_hang_is_explained_by_the_kernel_itself() {
    let expected = "\
demo waiter (pid 342) waits for demo_mutex, held by demo/own:r (pid 341)
demo writer (pid 343) waits for rw-semaphore, held by demo reader (pid 344)
look at demo/own:r (pid 341): 1 task waits for it, and it for no lock, in msleep
look at demo reader (pid 344): 1 task waits for it, and it for no lock, in msleep
";
    assert_eq!(waits(&log("hand-hung-task-6.16")), expected);
}

/// Three tasks in a circle, and one that waits for one of them: as `debug_show_blocker` of `kernel/hung_task.c` says it.
#[test]
fn a_deadlock_is_named() {
    let mut log = String::new();
    for (comm, pid, owner, owner_pid) in
        [("d", 9, "a", 11), ("a", 11, "b", 12), ("b", 12, "c", 10), ("c", 10, "a", 11)]
    {
        log.push_str(&format!(
            "[  245.600000] INFO: task {comm}:{pid} blocked for more than 122 seconds.\n\
             [  245.600000] task:{comm}     state:D stack:13256 pid:{pid}   tgid:{pid}   ppid:2      task_flags:0x208040 flags:0x00004000\n\
             [  245.600000] Call Trace:\n\
             [  245.600000]  demo_step+0x1c/0x40 [demo]\n\
             [  245.600000] INFO: task {comm}:{pid} is blocked on a mutex likely owned by task {owner}:{owner_pid}.\n"
        ));
    }
    let said = waits(log.as_bytes());
    assert!(said.ends_with("deadlock: c -> a -> b -> c\n"), "{said}");
    assert!(!said.contains("look at"), "no wait ends: {said}");
    assert_eq!(said.matches("deadlock").count(), 1, "{said}");
    assert_eq!(said.matches(" waits for mutex, held by ").count(), 4, "{said}");
}

/// Each report of a hang brings the lists of locks again; what they say is told once, and once more where it becomes known who
/// holds a lock.
#[test]
fn each_wait_is_told_once() {
    let mut waits = Waits::default();
    let mut told = String::new();
    for report in reports(&log("hung-task")) {
        let mut own = Waits::default();
        own.add(&report);
        waits.merge(own);
        told += &waits.news();
    }
    let all = waits.to_string();
    assert!(all.lines().all(|line| told.matches(line).count() == 1), "{told}");
    assert_eq!(waits.news(), "");
    let say = |waits: &mut Waits, owner: &str| {
        let text = format!(
            "[  245.6] INFO: task a:11 blocked for more than 122 seconds.\n\
             [  245.6] task:a     state:D stack:13256 pid:11   tgid:11   ppid:2      flags:0x00004000\n\
             [  245.6] INFO: task a:11 is blocked on a mutex{owner}.\n"
        );
        reports(text.as_bytes()).for_each(|report| waits.add(&report));
        waits.news()
    };
    let mut waits = Waits::default();
    assert_eq!(
        say(&mut waits, ", but the owner is not found"),
        "a (pid 11) waits for mutex, whose holder is not known\n"
    );
    let owned = " likely owned by task b:12";
    assert_eq!(say(&mut waits, owned), "a (pid 11) waits for mutex, held by b (pid 12)\n");
    assert_eq!(say(&mut waits, owned), "");
    // Another has it now.
    assert!(say(&mut waits, " likely owned by task c:13").contains("c (pid 13)"));
}

#[test]
fn the_object_of_kfence_is_told() {
    let lines = [
        "BUG: KFENCE: use-after-free read in demo_read+0x45/0x80 [demo]",
        "",
        "Use-after-free read at 0x00000000a1b2c3d4 (in kfence-#7):",
        " demo_read+0x45/0x80 [demo]",
        " vfs_read+0x9f/0x190",
        "",
        "kfence-#7: 0x00000000b2c3d4e5-0x00000000c3d4e5f6, size=32, cache=kmalloc-32",
    ];
    let text = text_of(&lines, false);
    assert!(text.contains("  object   kfence-#7 of 32 bytes for cache kmalloc-32\n"), "{text}");
}

#[test]
fn only_a_check_says_what_stands_behind_a_cut() {
    for (banner, checks) in [
        ("WARNING: CPU: 1 PID: 905 at drivers/demo.c:12 demo_copy+0xa5/0xb0 [demo]", true),
        (
            "Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: demo_copy+0xa5/0xb0",
            false,
        ),
        ("BUG: unable to handle page fault for address: ffffc90000fd0000", false),
        ("BUG: sleeping function called from invalid context at mm/slab.h:420", false),
        ("watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [demo:905]", false),
        ("general protection fault: 0000 [#1] SMP", false),
        ("kernel BUG at mm/slub.c:42!", false),
    ] {
        let lines = [
            "------------[ cut here ]------------",
            "usb 1-1: new high-speed USB device number 2 using xhci_hcd",
            banner,
            "CPU: 1 PID: 905 Comm: demo Not tainted 6.1.0 #1",
            "Call Trace:",
            " demo_copy+0xa5/0xb0 [demo]",
        ];
        let text = text_of(&lines, false);
        assert_eq!(text.contains("says     usb 1-1"), checks, "{text}");
        assert_eq!(text.contains(&format!("says     {banner}\n")), !checks, "{text}");
    }
}
