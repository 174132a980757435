//! Who was running: the header of a stack dump, the lines of a task dump, the victims of hangs.

mod hung;
mod old;
mod state;

pub(crate) use hung::locked_cpus;
pub use hung::{Blocker, HardLockup, HungTask, LockKind, SoftLockup, Wait};
pub(crate) use old::Mention;
pub use state::{IdleCpu, TaskState};
pub(crate) use state::{dumped_cpu, sysrq_cpu};

use crate::facts::frame::Frame;
use crate::text;

/// The task on a CPU, and the kernel that it runs: `dump_stack_print_info` in `lib/dump_stack.c`.
///
/// ```text
/// CPU: 0 PID: 95 Comm: init Tainted: G           OE      6.1.0-56-amd64 #1  Debian 6.1.192-2
/// CPU: 1 UID: 0 PID: 5830 Comm: syz-executor175 Not tainted 6.12.0-rc7-syzkaller-00012-g3022e9d00ebe #0
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task<'a> {
    /// Name of the task: any bytes, blanks included. Empty where nothing but its number is left: of a WARNING of which there
    /// is only `WARNING: CPU: 5 PID: 8927 at drivers/demo.c:25 demo_put+0x61/0x70`.
    pub comm: &'a [u8],
    /// Thread ID (the kernel's `pid`).
    pub pid: u32,
    /// Real user ID; `None` before Linux 6.12.
    pub uid: Option<u32>,
    /// The CPU; `None` in headers before Linux 3.10.
    pub cpu: Option<u32>,
    /// Release as of `uname -r`; `None` if the line is cut.
    pub kernel: Option<&'a str>,
    /// The letters of what taints the kernel, with their blanks: `G        W  O`; `None` if nothing does. The dashes with
    /// which Red Hat's kernels end (`G           OE    ---------   ---`) are left out.
    pub tainted: Option<&'a str>,
    /// Build ID of vmlinux, 40 hexadecimal digits (`CONFIG_STACKTRACE_BUILD_ID`).
    pub build_id: Option<&'a str>,
    /// What stands behind the release: `#1 PREEMPTLAZY  Debian 7.2.13-1`. See [`Task::build_number`],
    /// [`Task::preemption`] and [`Task::package`].
    pub build: Option<&'a str>,
    /// Whether a crash kernel is loaded (`Kdump: loaded`).
    pub kdump: bool,
}

/// `%.20s` of the header's format, and `Kdump: loaded ` behind it. 32-bit ARM and others had `%20s`, which fills up with
/// blanks in front (`__show_regs`, up to Linux 3.9).
const MAX_COMM: usize = 20;
const KDUMP: &str = " Kdump: loaded";

impl<'a> Task<'a> {
    /// A task of which only name and ID are known.
    pub(crate) fn named(comm: &'a [u8], pid: u32) -> Task<'a> {
        Task {
            comm,
            pid,
            uid: None,
            cpu: None,
            kernel: None,
            tainted: None,
            build_id: None,
            build: None,
            kdump: false,
        }
    }

    /// Who failed a check, of which no more than the banner may be left: `WARNING: CPU: 5 PID: 8927 at …`, since Linux 6.18
    /// `WARNING: drivers/demo.c:25 at demo_put+0x61/0x70, CPU#1: init/117` (`__warn`, `kernel/panic.c`).
    pub(crate) fn warned(body: &'a [u8]) -> Option<Task<'a>> {
        let rest = text::after(body, "WARNING: ")?;
        let (cpu, comm, pid) = if let Some(rest) = rest.strip_prefix(b"CPU: ") {
            let (rest, cpu) = text::dec_u32(rest).ok()?;
            let (rest, pid) = text::dec_u32(rest.strip_prefix(b" PID: ")?).ok()?;
            rest.starts_with(b" at ").then_some((cpu, &b""[..], pid))?
        } else {
            let (rest, cpu) = text::dec_u32(text::after(rest, ", CPU#")?).ok()?;
            let rest = rest.strip_prefix(b": ")?.trim_ascii_end();
            let at = memchr::memrchr(b'/', rest)?;
            let pid = text::number(rest.get(at + 1..)?, 10).and_then(|pid| u32::try_from(pid).ok())?;
            (cpu, rest.get(..at)?, pid)
        };
        Some(Task { cpu: Some(cpu), ..Task::named(comm, pid) })
    }

    /// Reads the header of a stack dump; `None` if the line is something else.
    pub fn parse(body: &'a [u8]) -> Option<Task<'a>> {
        let body = text::skip_blanks(body);
        let (cpu, uid, pid, rest) = match body.strip_prefix(b"CPU: ") {
            Some(rest) => {
                let (rest, cpu) = text::dec_u32(rest).ok()?;
                let (rest, uid) = match rest.strip_prefix(b" UID: ") {
                    Some(rest) => text::dec_u32(rest).map(|(rest, uid)| (rest, Some(uid))).ok()?,
                    None => (rest, None),
                };
                let (rest, pid) = text::dec_u32(rest.strip_prefix(b" PID: ")?).ok()?;
                (Some(cpu), uid, pid, rest.strip_prefix(b" Comm: ")?)
            }
            None => {
                let (rest, pid) = text::dec_u32(body.strip_prefix(b"Pid: ")?).ok()?;
                (None, None, pid, rest.strip_prefix(b", comm: ")?)
            }
        };
        let (comm, kdump, tail) = split_comm(rest);
        let comm = if comm.len() == MAX_COMM { text::skip_blanks(comm) } else { comm };
        let (tainted, tail) = taint(tail);
        let (kernel, build_id, build) = (release(tail), build_id(tail), build(tail));
        Some(Task { comm, pid, uid, cpu, kernel, tainted, build_id, build, kdump })
    }

    /// Number of the build, `#1`: the first word of `uname -v`.
    pub fn build_number(&self) -> Option<&'a str> {
        self.build?.split([' ', ')']).next()
    }

    /// The machine, where the header has it behind the kernel: `2.6.38-8-generic #42-Ubuntu Dell Inc. PowerEdge R710/0N047H`,
    /// `show_regs_common` of x86 up to Linux 3.9; before 2.6.30 in i386 `(2.6.27.5 #1) Latitude D630`.
    pub fn machine(&self) -> Option<&'a str> {
        let (_, rest) = self.build.filter(|_| self.cpu.is_none())?.split_once(' ')?;
        // Debian's package goes before it, and others print all of `uname -v`: `#1 SMP Fri Jul 16 18:58:12 UTC 2021`.
        let rest = match rest.trim().strip_prefix("Debian ") {
            Some(package) => package.split_once(' ')?.1.trim(),
            None => rest.trim(),
        };
        let word = rest.split(' ').next().filter(|word| !word.is_empty())?;
        (word != "SMP" && !is_model(word) && !DAYS.contains(&word)).then_some(rest)
    }

    /// The preemption model, since Linux 6.15: `PREEMPT(full)`, `VOLUNTARY`, `PREEMPT_{RT,(lazy)}`
    /// (`preempt_model_str` in `kernel/sched/core.c`).
    pub fn preemption(&self) -> Option<&'a str> {
        self.build?.split(' ').skip(1).find(|word| is_model(word))
    }

    /// The distribution's package, `Debian 7.2.13-1`: `LINUX_PACKAGE_ID`, which Debian's kernels have.
    pub fn package(&self) -> Option<&'a str> {
        // Up to Linux 3.9 the machine stands there.
        let (_, mut rest) = self.build.filter(|_| self.cpu.is_some())?.split_once(' ')?;
        loop {
            rest = rest.trim();
            let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
            if !is_model(word) && !is_id(word.as_bytes()) {
                break;
            }
            rest = behind;
        }
        // Other headers have the machine there.
        let (vendor, version) = rest.split_once(' ')?;
        let version =
            version.split(' ').next().filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))?;
        rest.get(..vendor.len() + 1 + version.len())
    }
}

/// Splits the name of the task from what follows it; the name may itself hold `Tainted`, so the last mark within
/// the reach of a name counts.
fn split_comm(rest: &[u8]) -> (&[u8], bool, &[u8]) {
    let reach = rest.get(..MAX_COMM + KDUMP.len() + " Not tainted".len()).unwrap_or(rest);
    let marks = [" Not tainted", " Tainted: "].map(|mark| memchr::memmem::rfind(reach, mark.as_bytes()));
    let (comm, tail) = match marks.into_iter().flatten().max().or_else(|| before_release(rest)) {
        Some(at) => rest.split_at_checked(at).unwrap_or((rest, &[])),
        // A cut line.
        None => (rest, &[][..]),
    };
    match comm.strip_suffix(KDUMP.as_bytes()) {
        Some(comm) => (comm, true, tail),
        None => (comm, false, tail),
    }
}

/// Where the name ends in the header of Lustre's libcfs, which says nothing of taints (`libcfs_debug_dumpstack`):
/// `Pid: 2345, comm: ll_ost_io03_017 3.10.0-1160.el7_lustre.x86_64 #1 SMP Fri Jul 16 18:58:12 UTC 2021`.
fn before_release(rest: &[u8]) -> Option<usize> {
    let build = text::find(rest, " #")?;
    let at = memchr::memrchr(b' ', rest.get(..build)?)?;
    rest.get(at + 1).is_some_and(u8::is_ascii_digit).then_some(at)
}

/// Reads ` Tainted: G        W          ` (`print_tainted` in `kernel/panic.c`) and returns what follows.
///
/// Red Hat's kernels have more letters, and a dash for each that is not set: `Tainted: G        W  ---------------    `
/// (2.6.32 to 5.14), `P           OE    --------- -  -`, `---------r--  -`. So it ends where the release begins, which
/// is a digit, or a bracket before it (`Pid: 880, comm: insmod Tainted: P          (2.6.27.5 #1)`).
fn taint(tail: &[u8]) -> (Option<&str>, &[u8]) {
    let tail = text::skip_blanks(tail);
    if let Some(rest) = tail.strip_prefix(b"Not tainted") {
        let (_, rest) = text::take(rest, |b| matches!(b, b' ' | b'-'));
        return (None, rest);
    }
    let Some(rest) = tail.strip_prefix(b"Tainted: ") else { return (None, tail) };
    let mut end = 0;
    for word in rest.split_inclusive(|&b| b == b' ') {
        let is_letters = word.iter().all(|&b| b.is_ascii_alphabetic() || matches!(b, b' ' | b'-'));
        if !is_letters {
            break;
        }
        end += word.len();
    }
    let (flags, rest) = rest.split_at_checked(end).unwrap_or((rest, &[]));
    let flags = text::ascii(flags).map(|flags| flags.trim_end_matches([' ', '-']).trim_start_matches('-'));
    (flags.filter(|flags| !flags.is_empty()), rest)
}

/// The release behind the taints: `6.1.0-56-amd64 #1`, up to Linux 2.6.30 in brackets, `(2.6.27.5 #1)`.
fn release(tail: &[u8]) -> Option<&str> {
    let (release, _) = text::take(tail.strip_prefix(b"(").unwrap_or(tail), |b| b.is_ascii_graphic());
    text::ascii(release.strip_suffix(b")").unwrap_or(release)).filter(|release| !release.is_empty())
}

/// What the time of the build begins with.
const DAYS: &[&str] = &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Words that a preemption model begins with.
const MODELS: &[&str] = &["PREEMPT", "VOLUNTARY", "NONE", "RT"];

fn is_model(word: &str) -> bool {
    MODELS.iter().any(|model| word.starts_with(model))
}

/// From the build's number on: `#1 PREEMPTLAZY  Debian 7.2.13-1`.
fn build(tail: &[u8]) -> Option<&str> {
    let build = text::ascii(tail.get(text::find(tail, " #")? + 1..)?)?.trim_end();
    let build = if tail.starts_with(b"(") { build.trim_end_matches(')') } else { build };
    build.as_bytes().get(1).filter(|b| b.is_ascii_digit()).map(|_| build)
}

fn is_id(word: &[u8]) -> bool {
    word.len() == 40 && word.iter().all(u8::is_ascii_hexdigit)
}

/// The word of 40 hexadecimal digits, if there is one.
fn build_id(tail: &[u8]) -> Option<&str> {
    text::ascii(tail.split(|&b| b == b' ').rfind(|word| is_id(word))?)
}

/// Taint and kernel release of a line of their own, which hung-task reports have (`check_hung_task`):
/// `      Tainted: G           O       6.1.192-crashlab #1`.
pub(crate) fn release_line(body: &[u8]) -> Option<(Option<&str>, &str)> {
    let line = text::skip_blanks(body);
    if line.len() + 6 != body.len() || !(line.starts_with(b"Tainted: ") || line.starts_with(b"Not tainted")) {
        return None;
    }
    let (tainted, rest) = taint(line);
    Some((tainted, release(rest)?))
}

/// Reads `Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2-debian-1.16.2-1 04/01/2014`.
///
/// Printed by `dump_stack_print_info`, from DMI or the device tree; an empty name is `None`.
pub fn hardware_name(body: &[u8]) -> Option<&[u8]> {
    let name = text::skip_blanks(body).strip_prefix(b"Hardware name: ")?.trim_ascii();
    (!name.is_empty()).then_some(name)
}

/// What a kernel worker was busy with: `print_worker_info` in `kernel/workqueue.c`.
///
/// ```text
/// Workqueue: events cm_work_fn [crashme]
/// Workqueue: writeback wb_workfn (flush-8:0)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Workqueue<'a> {
    /// Name of the work queue; empty if the kernel could not read it.
    pub name: &'a [u8],
    /// The function of the work item; `None` for `0x0`.
    pub function: Option<&'a str>,
    /// Module of the function.
    pub module: Option<&'a str>,
    /// Description of the worker where it differs from the name of the queue.
    pub description: Option<&'a [u8]>,
}

impl<'a> Workqueue<'a> {
    /// Reads a `Workqueue:` line; `None` if the line is something else.
    pub fn parse(body: &'a [u8]) -> Option<Workqueue<'a>> {
        let mut rest = text::skip_blanks(body).strip_prefix(b"Workqueue: ")?.trim_ascii_end();
        let mut queue = Workqueue { name: b"", function: None, module: None, description: None };
        if let Some(inner) = rest.strip_suffix(b")") {
            let at = memchr::memmem::rfind(inner, b" (")?;
            queue.description = inner.get(at + 2..);
            rest = inner.get(..at)?;
        }
        if let Some(inner) = rest.strip_suffix(b"]") {
            let at = memchr::memmem::rfind(inner, b" [")?;
            // A build ID may follow the name of the module.
            let (module, _) = text::take(inner.get(at + 2..)?, |b| b != b' ');
            queue.module = text::ascii(module);
            rest = inner.get(..at)?;
        }
        let at = memchr::memrchr(b' ', rest)?;
        let function = rest.get(at + 1..)?;
        queue.function = match text::symbol(function) {
            Ok((_, name)) => Some(name),
            Err(_) => Frame::parse_symbol(function).ok().and_then(|(_, frame)| frame.symbol),
        };
        queue.name = rest.get(..at)?;
        Some(queue)
    }
}

/// Splits `kworker/0:2:18` or `cm_waiter/0/42` at the last `separator`; only a number may follow it.
pub(crate) fn comm_and_pid(input: &[u8], separator: u8) -> Option<(&[u8], u32)> {
    let at = memchr::memrchr(separator, input)?;
    let pid = u32::try_from(text::number(input.get(at + 1..)?, 10)?).ok()?;
    Some((input.get(..at)?, pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "c93e4bff64fab427215557e6aec06ccf31638cde";

    #[test]
    fn headers() {
        let debian =
            "CPU: 0 PID: 95 Comm: init Tainted: G           OE      6.1.0-56-amd64 #1  Debian 6.1.192-2";
        let lab = format!(
            "CPU: 1 PID: 43 Comm: cr_writer/b Tainted: G           O       6.1.192-crashlab2 #1  {ID}"
        );
        let new = format!(
            "CPU: 1 UID: 1000 PID: 905 Comm: a b Kdump: loaded Tainted: G        W          6.15.0 #1 {ID} PREEMPT(full) "
        );
        type Row<'a> =
            (&'a str, &'a str, (u32, Option<u32>, Option<u32>), &'a str, Option<&'a str>, bool, bool);
        let rows: &[Row<'_>] = &[
            (debian, "init", (95, None, Some(0)), "6.1.0-56-amd64", Some("G           OE"), false, false),
            (
                &lab,
                "cr_writer/b",
                (43, None, Some(1)),
                "6.1.192-crashlab2",
                Some("G           O"),
                true,
                false,
            ),
            (&new, "a b", (905, Some(1000), Some(1)), "6.15.0", Some("G        W"), true, true),
            (
                "CPU: 2 PID: 9 Comm: loop0 Not tainted 4.15.0-rc2-next-20171204+ #58",
                "loop0",
                (9, None, Some(2)),
                "4.15.0-rc2-next-20171204+",
                None,
                false,
                false,
            ),
            (
                "CPU: 2 PID: 9 Comm: a Tainted: P x Not tainted 6.1.0 #1",
                "a Tainted: P x",
                (9, None, Some(2)),
                "6.1.0",
                None,
                false,
                false,
            ),
            (
                "CPU: 2 PID: 9 Comm: Not tainted Tainted: G W 6.1.0 #1 PREEMPT",
                "Not tainted",
                (9, None, Some(2)),
                "6.1.0",
                Some("G W"),
                false,
                false,
            ),
            (
                "CPU: 2 PID: 9 Comm:  Kdump: loaded Not tainted 6.1.0 #1",
                "",
                (9, None, Some(2)),
                "6.1.0",
                None,
                false,
                true,
            ),
            (
                "Pid: 905, comm: insmod Tainted: G        W    3.2.0-4-amd64 #1 Debian",
                "insmod",
                (905, None, None),
                "3.2.0-4-amd64",
                Some("G        W"),
                false,
                false,
            ),
        ];
        for &(line, comm, (pid, uid, cpu), kernel, tainted, id, kdump) in rows {
            let task = Task::parse(line.as_bytes()).expect(line);
            let want = Task {
                comm: comm.as_bytes(),
                pid,
                uid,
                cpu,
                kernel: Some(kernel),
                tainted,
                build_id: id.then_some(ID),
                build: task.build,
                kdump,
            };
            assert_eq!(task, want, "{line}");
        }
    }

    #[test]
    fn builds() {
        for (tail, number, model, package) in [
            ("6.1.0-56-amd64 #1  Debian 6.1.192-2", "#1", None, Some("Debian 6.1.192-2")),
            (
                "7.2.13+deb14-riscv64 #1 PREEMPTLAZY  Debian 7.2.13-1 ",
                "#1",
                Some("PREEMPTLAZY"),
                Some("Debian 7.2.13-1"),
            ),
            ("7.2.13 #1 VOLUNTARY  Debian 7.2.13-1", "#1", Some("VOLUNTARY"), Some("Debian 7.2.13-1")),
            (
                "7.3 #1 PREEMPT_{RT,(full)}  Debian 7.3~rc7-1~exp1 ",
                "#1",
                Some("PREEMPT_{RT,(full)}"),
                Some("Debian 7.3~rc7-1~exp1"),
            ),
            (&format!("6.15.0 #5 {ID} PREEMPT(full) "), "#5", Some("PREEMPT(full)"), None),
            (
                &format!("7.2.0 #5 PREEMPT(full)  Debian 7.2-1 {ID}"),
                "#5",
                Some("PREEMPT(full)"),
                Some("Debian 7.2-1"),
            ),
            (&format!("6.1.192 #1  {ID}"), "#1", None, None),
            ("6.1.0 #1", "#1", None, None),
        ] {
            let line = format!("CPU: 0 PID: 1 Comm: a Not tainted {tail}");
            let task = Task::parse(line.as_bytes()).expect(tail);
            assert_eq!(
                (task.build_number(), task.preemption(), task.package()),
                (Some(number), model, package),
                "{tail}"
            );
        }
        let old =
            Task::parse(b"Pid: 905, comm: insmod Tainted: P          (2.6.27.5 #1)").map(|task| task.build);
        assert_eq!(old, Some(Some("#1")));
        let machine = Task::parse(b"Pid: 1, comm: a Not tainted 3.2.0 #1 Debian 3.2.1-1 Dell Inc. x")
            .expect("a header");
        assert_eq!((machine.package(), machine.preemption()), (None, None));
        for (tail, name) in [
            ("3.2.0 #1 Debian 3.2.1-1 Dell Inc. x", Some("Dell Inc. x")),
            ("3.2.0 #1 Debian 3.2.1-1", None),
            (
                "2.6.38-8-generic #42-Ubuntu Gigabyte Co., Ltd. GA-1/GA-1",
                Some("Gigabyte Co., Ltd. GA-1/GA-1"),
            ),
            ("2.6.32-696.el6.x86_64 #1 HP ProLiant DL380 G7", Some("HP ProLiant DL380 G7")),
            ("(2.6.27.5 #1) Latitude D630", Some("Latitude D630")),
            ("2.6.32-696.el6.x86_64 #1 ", None),
            ("3.10.0-1160.el7_lustre.x86_64 #1 SMP Fri Jul 16 18:58:12 UTC 2021", None),
            ("3.10.0 #1 Fri Jul 16 18:58:12 UTC 2021", None),
        ] {
            let line = format!("Pid: 1, comm: a Not tainted {tail}");
            let task = Task::parse(line.as_bytes()).expect(tail);
            assert_eq!(
                (task.machine(), task.build_number().map(|n| &n[..2])),
                (name, tail.find('#').map(|at| &tail[at..at + 2])),
                "{tail}"
            );
        }
    }

    #[test]
    fn cut_and_other_headers() {
        let cut = Task::parse(b"CPU: 0 PID: 95 Comm: ini").map(|t| (t.comm, t.kernel));
        assert_eq!(cut, Some((&b"ini"[..], None)));
        for line in [
            "WARNING: CPU: 1 PID: 3214 at kernel/workqueue.c:2911 __flush_work+0x1/0x2",
            "CPU: 0 PID: 95",
            "CPU: 0 PID: -5 Comm: x Not tainted",
            "CPU: Intel(R) Xeon(R)",
            "",
        ] {
            assert_eq!(Task::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn hardware() {
        assert_eq!(
            hardware_name(b"Hardware name: linux,dummy-virt (DT)"),
            Some(&b"linux,dummy-virt (DT)"[..])
        );
        assert_eq!(hardware_name(b"Hardware name:  , BOARD"), Some(&b", BOARD"[..]));
        assert_eq!(hardware_name(b"Hardware name: "), None);
        assert_eq!(hardware_name(b"Hardware"), None);
    }

    #[test]
    fn workqueues() {
        type Row<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>, Option<&'a str>);
        let rows: &[Row<'_>] = &[
            ("Workqueue: events rtc_timer_do_work", "events", Some("rtc_timer_do_work"), None, None),
            ("Workqueue: events cm_work_fn [crashme]", "events", Some("cm_work_fn"), Some("crashme"), None),
            (
                "Workqueue: writeback wb_workfn (flush-8:0)",
                "writeback",
                Some("wb_workfn"),
                None,
                Some("flush-8:0"),
            ),
            ("Workqueue: a b fn.isra.0 [m 0123abcd] (d)", "a b", Some("fn.isra.0"), Some("m"), Some("d")),
            ("Workqueue: e fn+0x0/0x10", "e", Some("fn"), None, None),
            ("Workqueue:  0x0 (events)", "", None, None, Some("events")),
        ];
        for &(line, name, function, module, description) in rows {
            let queue = Workqueue::parse(line.as_bytes()).expect(line);
            assert_eq!(
                (queue.name, queue.function, queue.module),
                (name.as_bytes(), function, module),
                "{line}"
            );
            assert_eq!(queue.description, description.map(str::as_bytes), "{line}");
        }
        assert_eq!(Workqueue::parse(b"Workqueue:"), None);
        assert_eq!(Workqueue::parse(b"Workqueue: x"), None);
    }
}
