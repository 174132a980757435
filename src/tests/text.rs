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
    let names = ["kasan-uaf-write", "hung-task", "lockdep-abba", "oops-work", "sysrq-t", "oom-panic"];
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
cm_owner (pid 41) waits for no lock, in hang_owner
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
demo/own:r (pid 341) waits for no lock, in msleep
demo reader (pid 344) waits for no lock, in msleep
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
}
