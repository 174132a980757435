//! A crash report: its title, its lines, and its facts on demand.

use std::borrow::Cow;
use std::ops::Range;

use crate::extract::{Boots, Incident, Incidents, KnownLines};
use crate::facts::device::DeviceFault;
use crate::facts::frame::Frame;
use crate::facts::locks::{HeldLocks, LockAttempt};
use crate::facts::memory::Memory;
use crate::facts::message::{self, RustPanic};
use crate::facts::modules::Modules;
use crate::facts::offset;
use crate::facts::oom::Oom;
use crate::facts::place::Check;
use crate::facts::registers::Registers;
use crate::facts::task::{self, Blocker, HardLockup, HungTask, Mention, SoftLockup, Task, Workqueue};
use crate::facts::trace::{self, StackTrace, TraceKind};
use crate::guilty;
use crate::kind::Kind;
use crate::line::Line;
use crate::text::{self, Lines, Log};
use crate::title::{self, Corruption, Subject, Text, Title};

mod detached;
mod scenario;
mod syscall;
mod told;

pub(crate) use detached::Detached;
pub use syscall::Syscall;

/// Finds the crash reports of a log.
///
/// Linear in the log. Nothing is copied: every fact borrows the log.
///
/// ```
/// let log = b"[    1.5] kernel BUG at mm/slub.c:1!\n";
/// let report = crashparse::reports(log).next().unwrap();
/// assert_eq!(report.title(), "kernel BUG in corrupted");
/// ```
pub fn reports(log: &[u8]) -> Reports<'_> {
    Reports { boots: Some((0, Boots::default())), ..reports_in(log, 0..log.len()) }
}

/// Finds the crash reports whose banner starts in `range`.
///
/// Any split of a log into ranges gives the same reports as the whole log: a report belongs to the range
/// that its banner starts in, and may read the log beyond both edges.
pub fn reports_in(log: &[u8], range: Range<usize>) -> Reports<'_> {
    Reports::of(Log::whole(log), range)
}

/// Whether a log has a crash report.
pub fn contains_crash(log: &[u8]) -> bool {
    Incidents::new(Log::whole(log), 0..log.len()).next().is_some()
}

/// Boots are looked for in so many bytes behind a banner at once: the next one may be near.
const BOOTS_AHEAD: usize = 64 << 10;

/// The reports of a log, in the order of their banners.
#[derive(Clone, Debug)]
pub struct Reports<'a> {
    log: Log<'a>,
    incidents: Incidents<'a>,
    known: KnownLines<'a>,
    /// Boots, and how far they have been searched for.
    boots: Option<(usize, Boots)>,
}

impl<'a> Reports<'a> {
    /// The reports of a part of a log; see [`Incidents::new`].
    pub(crate) fn of(log: Log<'a>, range: Range<usize>) -> Reports<'a> {
        Reports { log, incidents: Incidents::new(log, range), known: KnownLines::default(), boots: None }
    }

    /// Where to read on when more of the log is there, although all reports so far were complete: at a banner that more
    /// of the log may show to open one.
    pub(crate) fn unsettled(&self) -> Option<usize> {
        self.incidents.unsettled()
    }
}

impl<'a> Iterator for Reports<'a> {
    type Item = Report<'a>;

    fn next(&mut self) -> Option<Report<'a>> {
        let report = Report::new(self.log, self.incidents.next()?, &mut self.known);
        let boot = self.boots.as_mut().map(|(searched, boots)| {
            let banner = report.span().start;
            if banner > *searched {
                let end = banner.saturating_add(BOOTS_AHEAD).min(self.log.end());
                boots.search(self.log, *searched..end, true);
                *searched = end;
            }
            boots.before(banner)
        });
        Some(Report { boot, ..report })
    }
}

/// One crash, from its banner to its last line.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    incident: Incident<'a>,
    title: Title,
    /// Which words its lines have: see [`Text`].
    words: u32,
    /// Whether more of the log might change it.
    open: bool,
    number: Option<u64>,
    boot: Option<u64>,
}

impl<'a> Report<'a> {
    fn new(log: Log<'a>, incident: Incident<'a>, known: &mut KnownLines<'a>) -> Report<'a> {
        let (headline, family) = incident.headline;
        let texts = Text::of(log, &incident.lines);
        let words = texts.iter().take(incident.kept).fold(0, |words, text| words | text.words);
        let tagged = incident.banner.line.prefix.caller.is_some();
        let named = texts.get(headline..).unwrap_or_default();
        let mut open = incident.open;
        let lines = incident.lines.get(headline..).unwrap_or_default();
        let mut title = title::of(family, log, lines, named, tagged, || {
            let (lines, ended) = incident.beyond(log, known);
            open |= ended;
            lines
        });
        title.blamed = told::culprit(&incident.preamble, lines).or(title.blamed);
        if incident.shared.is_some() {
            title = Report::mixed_title(log, &incident, title);
        }
        // What others printed is of no more use.
        let incident = Incident { shared: None, ..incident };
        Report { incident, title, words, open, number: None, boot: None }
    }

    /// The title of a report that other CPUs printed into, as the convention has it: what spoils a trace counts whoever
    /// printed it, and what is in doubt may give a title that nothing else gives.
    fn mixed_title(log: Log<'a>, incident: &Incident<'a>, title: Title) -> Title {
        let lines = incident.with_others();
        if title.corruption.is_none() {
            return Title { corruption: title::spoilt_trace(log, &lines), ..title };
        }
        if incident.doubtful.is_empty() || title.corruption != Some(Corruption::NoFrames) {
            return title;
        }
        // They may begin behind its banner.
        if lines.first().is_none_or(|first| first.offset != incident.banner.line.offset) {
            return title;
        }
        let of_all = title::of(incident.headline.1, log, &lines, &Text::of(log, &lines), false, Vec::new);
        Title { corruption: title.corruption, ..of_all }
    }

    /// The same with the numbers of its banner's line and, if counted, of its boot.
    pub(crate) fn numbered(self, line: u64, boot: Option<u64>) -> Report<'a> {
        Report { number: Some(line), boot, ..self }
    }

    /// Whether it was read to the end of the log: more of the log might change it.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// The title that syzbot would give: `KASAN: use-after-free Read in do_step`.
    pub fn title(&self) -> &str {
        &self.title.text
    }

    /// Other titles under which the same crash may be known.
    pub fn alternative_titles(&self) -> &[String] {
        &self.title.alternatives
    }

    /// What kind of crash it is.
    pub fn kind(&self) -> Kind {
        self.title.kind
    }

    /// What the report lacks, if it is damaged.
    pub fn corruption(&self) -> Option<Corruption> {
        self.title.corruption
    }

    /// The function in the title; `corrupted` where none was found.
    pub fn frame(&self) -> Option<&str> {
        self.title.frame.as_deref()
    }

    /// The function to blame.
    ///
    /// It is the one in the title but for stalls and stack overflows, where the convention names the
    /// function at the system call's end of the stack so that all stalls of one call share a title, and for
    /// titles without a function (panics); there it is the innermost function that may be to blame.
    pub fn blamed(&self) -> Option<&str> {
        self.title.blamed.as_deref()
    }

    /// The source file that the convention holds guilty, from the places that a symbolized report names.
    ///
    /// Of a report that nobody symbolized it is at best the file of its banner
    /// (`kernel BUG at net/llc/llc_sap.c:36!`). See [`guilty_file`](crate::guilty_file) for the rules.
    pub fn guilty_file(&self) -> Option<Cow<'a, str>> {
        guilty::of_lines(self.title(), self.bodies())
    }

    /// Start of the report that this one follows from: the one before it in a cascade.
    pub fn follows(&self) -> Option<usize> {
        self.incident.follows
    }

    /// Offset of the banner's line, and of the end of the last line. Lines between may belong to others.
    pub fn span(&self) -> Range<usize> {
        let start = self.incident.banner.line.offset;
        let last = self.lines().last().unwrap_or(&self.incident.banner.line);
        start..last.offset + last.raw.len()
    }

    /// Number, from 1, of the banner's line in the log, if it was counted: readers of streams do so. For a log in memory
    /// there is [`LineNumbers`].
    pub fn line_number(&self) -> Option<u64> {
        self.number
    }

    /// Number, from 1, of the boot that crashed, in a log of several; 0 if the log begins in its midst. It is how often
    /// a kernel begins before the banner with `[    0.000000] Linux version 6.1.0 …`, a dump's kernel too. One that panics
    /// may print its whole log again (`panic_console_replay=1`), that line too: this is no boot where the command line
    /// below it asks for it.
    ///
    /// Counted by [`reports`], by readers of streams and, unless told otherwise, by [`Scan`](crate::Scan); not by
    /// [`reports_in`].
    pub fn boot(&self) -> Option<u64> {
        self.boot
    }

    /// The report's lines, from the banner to the last that surely belongs to it.
    pub fn lines(&self) -> &[Line<'a>] {
        self.incident.lines.get(..self.incident.kept).unwrap_or_default()
    }

    /// Lines before the banner that belong to it: `cut here` and a warning's message.
    pub fn preamble(&self) -> &[Line<'a>] {
        &self.incident.preamble
    }

    /// Lines that belong to this report or to another, and nothing tells which: no report has them.
    ///
    /// Two CPUs may print their crashes at the same time, line by line. Where lines name their caller
    /// (`CONFIG_PRINTK_CALLER`) there is no doubt, and none of them is here. Else a line is known by what its CPU prints
    /// before and after it:
    ///
    /// ```text
    /// [   13.872233] RIP: 0010:oops_leaf+0x17/0x50 [crashme]
    /// [   13.887203] RIP: 0010:multi_oops_thread+0xa1/0xc0 [crashme]
    /// [   13.900755] Code: 00 00 48 8b 5d f8 c9 c3 66 66 2e 0f 1f 84 00 00 00 00 00 55 48 89 e5
    /// ```
    ///
    /// Which counter the code is of is told by the registers behind it, if they name the CPU (`GS:ffff88801f400000`) or
    /// the address of the fault (`CR2:`). If they do not, all of them are in doubt.
    pub fn doubtful_lines(&self) -> &[Line<'a>] {
        &self.incident.doubtful
    }

    /// Whether the crash ended in a panic.
    pub fn panicked(&self) -> bool {
        self.words & title::PANIC != 0 && self.lines().iter().any(|line| title::is_panic(line.body))
    }

    /// Whether a line of the report says that the machine was out of resources.
    pub fn suppressed(&self) -> bool {
        self.words & title::SUPPRESSED != 0 && self.lines().iter().any(|line| title::is_suppressed(line.body))
    }

    /// Whether the report was longer than what is kept of one: 65,536 lines, and 8 MiB from its banner on. A dump of
    /// all tasks may be, where there are thousands.
    pub fn is_cut(&self) -> bool {
        self.incident.cut
    }

    /// The syzkaller program that crashed, from the task's name `syz.PROC.ID`.
    pub fn executor(&self) -> Option<Executor> {
        if self.words & title::EXECUTOR == 0 {
            return None;
        }
        let found = self.lines().iter().find_map(|line| title::executor(line.body));
        found.map(|(proc, id)| Executor { proc, id })
    }
}

/// Facts: read from the lines each time they are asked for.
impl<'a> Report<'a> {
    /// Time of the banner in microseconds since boot, if the log has printk's times.
    pub fn time(&self) -> Option<u64> {
        self.incident.banner.line.prefix.time
    }

    /// The crashed task: of the header (`CPU: 1 PID: 54 Comm: cm_oops/1 …`) or of the banner.
    ///
    /// A hung task's report has no header of its own: its CPU is absent. Kernels before Linux 3.10 tell it in several lines
    /// (`CPU 7`, `Process pewterd (pid: 3107, …`).
    pub fn task(&self) -> Option<Task<'a>> {
        if let Some(hung) = self.hung_task() {
            let release = self.bodies().find_map(task::release_line);
            let (tainted, kernel) = release.map_or((None, None), |(tainted, kernel)| (tainted, Some(kernel)));
            return Some(Task { tainted, kernel, ..Task::named(hung.comm, hung.pid) });
        }
        let lockup = || {
            let lockup = SoftLockup::parse(self.incident.banner.line.body)?;
            Some(Task { cpu: Some(lockup.cpu), ..Task::named(lockup.comm, lockup.pid) })
        };
        if let Some(cpu) = self.hard_lockup().map(|lockup| lockup.cpu) {
            // Who found it is another CPU: the NMI's backtrace is of the one that is locked up.
            let tasks = || self.bodies().filter_map(Task::parse);
            // Up to Linux 3.2 the header has no CPU, and who is locked up finds it itself.
            let old = || tasks().find(|task| task.cpu.is_none()).map(|task| Task { cpu: Some(cpu), ..task });
            return tasks().find(|task| task.cpu == Some(cpu)).or_else(old);
        }
        if let Some(task) = Subject::stalled(self.lines()) {
            return Mention::complete(task, self.own_bodies());
        }
        let lock = || self.lock_attempt().map(|attempt| Task::named(attempt.comm, attempt.pid));
        let device = || self.device_fault()?.task.map(|(comm, pid)| Task::named(comm, pid));
        // Lustre's own header has no CPU; the panic's has.
        let header = self.headers().next().map(|first| {
            let whole = |other: &Task<'_>| other.cpu.is_some() && other.pid == first.pid;
            if first.cpu.is_none() { self.headers().find(whole).unwrap_or(first) } else { first }
        });
        // Up to Linux 3.9 the header has none, but the lockup's line has.
        let of_lockup = |pid| lockup().filter(|lockup| lockup.pid == pid).and_then(|lockup| lockup.cpu);
        let header =
            header.map(|header| Task { cpu: header.cpu.or_else(|| of_lockup(header.pid)), ..header });
        let warned = || self.headline().and_then(Task::warned);
        let task = header.or_else(lockup).or_else(lock).or_else(device).or_else(warned);
        if self.kind() == Kind::Dump { task } else { Mention::complete(task, self.own_bodies()) }
    }

    /// CPU that crashed.
    pub fn cpu(&self) -> Option<u32> {
        self.cpu_of(self.task())
    }

    /// The same, given the crashed task.
    pub(crate) fn cpu_of(&self, task: Option<Task<'a>>) -> Option<u32> {
        task.and_then(|task| task.cpu).or_else(|| Some(self.hard_lockup()?.cpu))
    }

    /// Header lines of the crash itself, not of other CPUs' backtraces.
    fn headers(&self) -> impl Iterator<Item = Task<'a>> {
        let own = self.incident.banner.line.prefix.caller;
        let mut of_backtrace = false;
        let lines = self.lines().iter().filter(move |line| line.prefix.caller == own);
        lines.filter_map(move |line| {
            of_backtrace |= line.body.starts_with(b"NMI backtrace for cpu ");
            let task = Task::parse(line.body)?;
            (!std::mem::take(&mut of_backtrace)).then_some(task)
        })
    }

    /// Texts of the lines of the crash itself: those before the backtraces of other CPUs.
    fn own_bodies(&self) -> impl Iterator<Item = &'a [u8]> {
        let own = self.incident.banner.line.prefix.caller;
        let lines = self.lines().iter().filter(move |line| line.prefix.caller == own);
        lines.map(|line| line.body).take_while(|body| !body.starts_with(b"NMI backtrace"))
    }

    /// `Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2-debian-1.16.2-1 04/01/2014`; up to Linux 3.9 the
    /// end of `Pid: 98, comm: kswapd0 Not tainted 2.6.32-696.el6.x86_64 #1 HP ProLiant DL380 G7`.
    pub fn hardware(&self) -> Option<&'a [u8]> {
        let header = |body| Some(Task::parse(body)?.machine()?.as_bytes());
        self.bodies().find_map(task::hardware_name).or_else(|| self.bodies().find_map(header))
    }

    /// `Workqueue: events cm_work_fn [crashme]`: the work that crashed, printed by `print_worker_info`.
    pub fn workqueue(&self) -> Option<Workqueue<'a>> {
        if self.kind() == Kind::Dump {
            return None;
        }
        self.own_bodies().find_map(Workqueue::parse)
    }

    /// All stacks, in the order of the log.
    pub fn traces(&self) -> Vec<StackTrace<'a>> {
        StackTrace::read(self.lines(), self.own())
    }

    /// The kind whose first stack is the crash's own.
    fn own(&self) -> Option<TraceKind> {
        match self.kind() {
            Kind::Dump => None,
            _ if self.hung_task().is_some() => Some(TraceKind::Task),
            _ => Some(TraceKind::Other),
        }
    }

    /// All register dumps, in the order of the log.
    pub fn register_dumps(&self) -> Vec<Registers<'a>> {
        let own = trace::registers_of(self.lines()).into_iter().map(|(_, _, dump)| dump);
        self.registers_before().chain(own).collect()
    }

    /// The crash's own registers: of the kernel where it crashed, else of the user who called it.
    pub fn registers(&self) -> Option<Registers<'a>> {
        self.registers_in(&self.traces())
    }

    /// The crash's own registers, given the report's stacks.
    pub(crate) fn registers_in(&self, traces: &[StackTrace<'a>]) -> Option<Registers<'a>> {
        let own = |user: bool| {
            traces
                .iter()
                .filter(|trace| !matches!(trace.kind, TraceKind::Nmi | TraceKind::Task))
                .flat_map(|trace| &trace.registers)
                .find(|dump| dump.user == user)
                .cloned()
        };
        // A report cut short has registers and no stack.
        let bare = || if traces.is_empty() { self.register_dumps().into_iter().next() } else { None };
        own(false).or_else(|| self.registers_before().next()).or_else(|| own(true)).or_else(bare)
    }

    /// All stacks, and the register dumps that are of none, each program counter once: x86 prints those of a boot's first oops
    /// again behind every other one.
    pub(crate) fn traces_and_strays(&self) -> (Vec<StackTrace<'a>>, Vec<Registers<'a>>) {
        let (traces, strays) = StackTrace::read_with_strays(self.lines(), self.own());
        let shown: Vec<&Registers<'_>> = traces.iter().flat_map(|trace| &trace.registers).collect();
        let mut strays: Vec<Registers<'_>> = self.registers_before().chain(strays).collect();
        strays.retain(|dump| dump.pc.is_none() || !shown.iter().any(|shown| shown.pc == dump.pc));
        (traces, strays)
    }

    /// The registers that user-mode Linux prints before its banner.
    fn registers_before(&self) -> impl Iterator<Item = Registers<'a>> {
        Registers::read(self.preamble().iter().map(|line| line.body)).into_iter()
    }

    /// All frames of the report, for a symbolizer: of stacks, program counters, locks and idle CPUs.
    pub fn frames(&self) -> Vec<Frame<'a>> {
        let dumps = self.register_dumps().into_iter().filter(|dump| !dump.user);
        let counters = dumps.flat_map(|dump| [dump.pc, dump.link, dump.branch]).flatten();
        let held = self.held_locks().into_iter().flat_map(|holder| holder.locks);
        let attempt =
            self.lock_attempt().into_iter().flat_map(|attempt| [attempt.wanted, attempt.held]).flatten();
        let places = self.places().into_iter().map(|place| place.at);
        let idle = self.idle_cpus().into_iter().filter_map(|idle| idle.at);
        let places = places.chain(self.check().and_then(|check| check.at)).chain(idle);
        let locks = held.chain(attempt).filter_map(|lock| lock.at);
        self.traces()
            .into_iter()
            .flat_map(|trace| trace.frames)
            .chain(counters)
            .chain(locks)
            .chain(places)
            .collect()
    }

    /// Locks held, by task.
    pub fn held_locks(&self) -> Vec<HeldLocks<'a>> {
        if self.words & title::LOCKS_HELD == 0 { Vec::new() } else { HeldLocks::read(self.bodies()) }
    }

    /// The lock that a task wanted and the one that it held, of a lockdep report.
    pub fn lock_attempt(&self) -> Option<LockAttempt<'a>> {
        (self.words & title::LOCK_WANTED != 0).then(|| LockAttempt::read(self.bodies())).flatten()
    }

    /// What the report says of memory: the bad access, the object, the shadow, the page tables.
    pub fn memory(&self) -> Option<Memory<'a>> {
        Memory::read(self.preamble().iter().map(|line| line.body).chain(self.bodies()))
    }

    /// What code in Rust says when it panics, and where.
    pub fn rust_panic(&self) -> Option<RustPanic<'a>> {
        RustPanic::read(self.bodies())
    }

    /// What the OOM killer says: why, whom it killed, and its tables; `None` of other reports.
    pub fn oom(&self) -> Option<Oom<'a>> {
        let banner = self.incident.banner.line.body;
        let killer = text::contains(banner, "invoked oom-killer:") || self.kind() == Kind::OomKill;
        killer.then(|| Oom::read(self.bodies()))
    }

    /// What a driver says of its device: of reports of a device's fault, of a GPU that hangs, and of memory modules.
    pub fn device_fault(&self) -> Option<DeviceFault<'a>> {
        let kind = matches!(self.kind(), Kind::DeviceFault | Kind::GpuHang | Kind::HardwareError);
        let found = kind.then(|| DeviceFault::read(self.bodies()));
        found.filter(|found| *found != DeviceFault::default())
    }

    /// Why the kernel stopped: `Fatal exception` of `Kernel panic - not syncing: Fatal exception`, printed by `panic` in
    /// `kernel/panic.c`.
    pub fn panic_message(&self) -> Option<&'a [u8]> {
        self.bodies().find_map(message::of_panic)
    }

    /// How far the kernel stands from where it was linked to: what a panic says in
    /// `Kernel Offset: 0x17e00000 from 0xffffffff81000000 …`, printed by `dump_kernel_offset` of each CPU; 0 for
    /// `Kernel Offset: disabled`, `None` where nothing is said.
    pub fn kernel_offset(&self) -> Option<u64> {
        self.bodies().find_map(offset::kernel_offset)
    }

    /// `Modules linked in: crashme(O) crash_helper(O)`
    pub fn modules_linked_in(&self) -> Option<Modules<'a>> {
        Modules::read(self.preamble().iter().map(|line| line.body).chain(self.bodies()))
    }

    /// Who hangs and for how long: `INFO: task cm_owner:41 blocked for more than 6 seconds.`
    pub fn hung_task(&self) -> Option<HungTask<'a>> {
        HungTask::parse(self.incident.banner.line.body)
    }

    /// For how long a CPU has not rescheduled: `watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [init:57]`
    pub fn soft_lockup(&self) -> Option<SoftLockup<'a>> {
        SoftLockup::parse(self.incident.banner.line.body)
    }

    /// Which CPU takes no interrupts: `watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 1`
    pub fn hard_lockup(&self) -> Option<HardLockup> {
        self.headline().and_then(HardLockup::parse)
    }

    /// The check that failed: `WARNING: mm/slub.c:1239 at object_err+0x24c/0x274, CPU#1: init/117`
    pub fn check(&self) -> Option<Check<'a>> {
        self.headline().and_then(Check::parse)
    }

    /// The line that gives the title.
    fn headline(&self) -> Option<&'a [u8]> {
        self.bodies().nth(self.incident.headline.0)
    }

    /// Whom a hung task waits for, since Linux 6.16.
    pub fn blockers(&self) -> Vec<Blocker<'a>> {
        self.bodies().filter_map(Blocker::parse).collect()
    }

    /// Texts of the report's lines.
    fn bodies(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.lines().iter().map(|line| line.body)
    }
}

/// Numbers of lines, counted once over the log however many are asked for.
#[derive(Clone, Debug)]
pub struct LineNumbers<'a> {
    log: Log<'a>,
    lines: Lines,
}

impl<'a> LineNumbers<'a> {
    /// Numbers of the lines of `log`.
    pub fn new(log: &'a [u8]) -> LineNumbers<'a> {
        LineNumbers { log: Log::whole(log), lines: Lines::default() }
    }

    /// Number, from 1, of the line that holds the byte at `offset`. Only the lines from the last offset on are counted.
    pub fn of(&mut self, offset: usize) -> u64 {
        self.lines.number(self.log, offset.min(self.log.end()))
    }
}

/// A syzkaller executor, from its task's name: `Comm: syz.4.2288`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Executor {
    /// Number of the process.
    pub proc: u32,
    /// Number of the program in the log of programs.
    pub id: u32,
}
