//! Stack traces: which stack it is, whose, and its frames.

use std::sync::LazyLock;

use crate::arch;
use crate::facts::frame::{self, Frame, Frames, Trust};
use crate::facts::locks;
use crate::facts::memory::kfence;
use crate::facts::registers::{self, Registers};
use crate::facts::task::{self, Task, TaskState};
use crate::line::{Caller, Line};
use crate::text::{self, Starts};

mod join;
mod words;

/// Which stack a trace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TraceKind {
    /// The crash's own: `Call Trace:` of `show_stack` and `dump_stack`.
    Crash,
    /// The panic's, after the crash's own.
    Panic,
    /// `Allocated by task 40:` (KASAN, KFENCE, SLUB).
    Allocated,
    /// `Freed by task 40:`.
    Freed,
    /// `Last potentially related work creation:` (KASAN).
    RelatedWork,
    /// `Uninit was created at:` (KMSAN), `Local variable x created at:`.
    UninitCreated,
    /// `Uninit was stored to memory at:` (KMSAN).
    UninitStored,
    /// One side of a data race: `write to 0xffff888005a1c008 of 8 bytes by task 61 on cpu 1:` (KCSAN).
    Access,
    /// A link of a lock chain: `-> #1 (&x->lock){+.+.}-{3:3}:` (lockdep); the number is the link's.
    LockDependency(u32),
    /// How a lock came by its state: `{IN-HARDIRQ-W} state was registered at:` (lockdep).
    LockUsage,
    /// Who leaked memory: `backtrace (crc 92e4f1d2):` (kmemleak).
    Leak,
    /// `page last allocated via order 0, …` and `page last free stack trace:` (page owner).
    PageOwner,
    /// `NMI backtrace for cpu 1`, `sysrq: CPU1:`.
    Nmi,
    /// A task of a dump: `task:cm_owner        state:D stack:0     pid:41`.
    Task,
    /// `Preemption disabled at:` and what stands alone below it.
    PreemptionDisabled,
    /// A stack that nothing introduces, besides the crash's own.
    Other,
}

impl TraceKind {
    /// The kind's name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            TraceKind::Crash => "crash",
            TraceKind::Panic => "panic",
            TraceKind::Allocated => "allocated",
            TraceKind::Freed => "freed",
            TraceKind::RelatedWork => "related-work",
            TraceKind::UninitCreated => "uninit-created",
            TraceKind::UninitStored => "uninit-stored",
            TraceKind::Access => "access",
            TraceKind::LockDependency(_) => "lock-dependency",
            TraceKind::LockUsage => "lock-usage",
            TraceKind::Leak => "leak",
            TraceKind::PageOwner => "page-owner",
            TraceKind::Nmi => "nmi",
            TraceKind::Task => "task",
            TraceKind::PreemptionDisabled => "preemption-disabled",
            TraceKind::Other => "other",
        }
    }
}

/// One stack, with what its heading says.
///
/// ```text
/// NMI backtrace for cpu 1
/// CPU: 1 PID: 0 Comm: swapper/1 Tainted: G           O       6.1.192-crashlab #1
/// Call Trace:
///  <TASK>
///  default_idle_call+0xe9/0x323
///  do_idle+0x12f/0x1e0
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackTrace<'a> {
    /// Which stack it is.
    pub kind: TraceKind,
    /// CPU that the heading names.
    pub cpu: Option<u32>,
    /// Name of the task that the heading names.
    pub comm: Option<&'a [u8]>,
    /// Process ID that the heading names.
    pub pid: Option<u32>,
    /// The lock class that a lockdep stack is about: `&x->lock` of `-> #1 (&x->lock){+.+.}-{3:3}:`.
    pub lock: Option<&'a [u8]>,
    /// What the class became where this stack was: `IN-HARDIRQ-W` of `   IN-HARDIRQ-W at:`, `HARDIRQ-ON-W` of
    /// `{HARDIRQ-ON-W} state was registered at:`.
    pub usage: Option<&'a [u8]>,
    /// The frames, innermost first; none where a CPU that was asked for its stack runs a program.
    pub frames: Vec<Frame<'a>>,
    /// Registers printed with the stack: those of the CPU that it is of, or of the user who called.
    pub registers: Vec<Registers<'a>>,
    /// Index, among the report's lines, of the line that introduces the stack.
    pub line: usize,
    /// Index of the first frame's line. Registers of an earlier line are where the stack begins; those of a later
    /// one stand inside it, where an interrupt or a system call came.
    pub first: usize,
    /// Index of each frame's line.
    at: Vec<usize>,
}

/// What stands before a stack.
#[derive(Clone, Copy, Debug)]
struct Heading<'a> {
    /// Index of its first line.
    line: Option<usize>,
    kind: Option<TraceKind>,
    cpu: Option<u32>,
    comm: Option<&'a [u8]>,
    pid: Option<u32>,
    lock: Option<&'a [u8]>,
    usage: Option<&'a [u8]>,
}

impl<'a> Heading<'a> {
    const NONE: Heading<'static> =
        Heading { line: None, kind: None, cpu: None, comm: None, pid: None, lock: None, usage: None };

    /// The stack that it announces, whose frames come from a line on.
    fn trace(self, first: usize) -> StackTrace<'a> {
        let Heading { line, kind, cpu, comm, pid, lock, usage } = self;
        StackTrace {
            kind: kind.unwrap_or(TraceKind::Other),
            cpu,
            comm,
            pid,
            lock,
            usage,
            frames: Vec::new(),
            registers: Vec::new(),
            line: line.unwrap_or(first),
            first,
            at: Vec::new(),
        }
    }

    /// Whether it is a CPU's whose task is still to come.
    fn is_dump(&self) -> bool {
        self.kind == Some(TraceKind::Task) && self.comm.is_none()
    }
}

/// Where the reading of one caller's lines stands.
#[derive(Debug)]
struct State<'a> {
    caller: Option<Caller>,
    heading: Heading<'a>,
    /// Index of the trace that frames are added to.
    open: Option<usize>,
    /// The trace that lines of others have come into, and how many.
    broken: Option<(usize, u8)>,
    /// The lock class whose history is printed.
    lock: Option<&'a [u8]>,
    /// Whether the next frame is of no stack.
    stray: bool,
    /// Whether the line before says that KFENCE saw an access: its program counter is the next frame.
    fault: bool,
    /// Whether the last line was SPARC's `Caller[…]: fn+0x1/0x2`, a stack of its own.
    callers: bool,
    /// `fn+0x1/0x2:` of `faddr2line`, whose functions and lines come next.
    block: Option<Frame<'a>>,
}

impl<'a> StackTrace<'a> {
    /// Reads all stacks of a report. Lines of different callers are kept apart.
    ///
    /// `own` is the kind whose first stack is the crash's own, unless one is called so: `Other`, what nothing
    /// introduces, or of a hung task the first `Task`; none in a dump.
    pub(crate) fn read(lines: &[Line<'a>], own: Option<TraceKind>) -> Vec<StackTrace<'a>> {
        StackTrace::read_with_strays(lines, own).0
    }

    /// The same, and the register dumps that are of no stack.
    pub(crate) fn read_with_strays(
        lines: &[Line<'a>],
        own: Option<TraceKind>,
    ) -> (Vec<StackTrace<'a>>, Vec<Registers<'a>>) {
        let mut traces: Vec<StackTrace<'a>> = Vec::new();
        let mut states: Vec<State<'a>> = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let caller = line.prefix.caller;
            let known = states.iter().position(|state| state.caller == caller);
            let index = known.unwrap_or_else(|| {
                states.push(State::new(caller));
                states.len() - 1
            });
            if let Some(state) = states.get_mut(index) {
                state.take(line.body, at, &mut traces);
            }
        }
        states.iter_mut().for_each(|state| state.leave(lines.len(), &mut traces));
        if let Some(own) = own {
            settle(&mut traces, own);
        }
        let strays = StackTrace::share_out(lines, &mut traces);
        traces.iter_mut().for_each(StackTrace::join);
        (traces, strays)
    }

    /// The registers of the kernel where the stack begins.
    pub fn start(&self) -> Option<&Registers<'a>> {
        self.registers.iter().find(|dump| !dump.user && dump.line < self.first)
    }

    /// The calls, innermost first: the program counter, where the stack does not repeat it, and the frames.
    pub fn calls(&self) -> impl Iterator<Item = Frame<'a>> + Clone + use<'_, 'a> {
        let counter = self.start().and_then(|dump| dump.pc);
        let repeated =
            |pc: &Frame<'a>| self.frames.iter().any(|frame| frame.trust == pc.trust && frame.is_at(pc));
        counter.filter(|pc| !repeated(pc)).into_iter().chain(self.frames.iter().copied())
    }
}

/// All register dumps of a report, with the index of the first line and who printed it.
/// Lines of different callers are kept apart.
pub(crate) fn registers_of<'a>(lines: &[Line<'a>]) -> Vec<(usize, Option<Caller>, Registers<'a>)> {
    let mut readers: Vec<(Option<Caller>, registers::Reader<'a>)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let caller = line.prefix.caller;
        let known = readers.iter().position(|(of, _)| *of == caller).unwrap_or_else(|| {
            readers.push((caller, registers::Reader::default()));
            readers.len() - 1
        });
        if let Some((_, reader)) = readers.get_mut(known) {
            reader.take(at, line.body);
        }
    }
    let dumps_of = |(caller, reader): (_, registers::Reader<'a>)| {
        reader.finish().into_iter().map(move |dump| (dump.line, caller, dump))
    };
    let mut dumps: Vec<_> = readers.into_iter().flat_map(dumps_of).collect();
    dumps.sort_by_key(|(line, ..)| *line);
    dumps
}

impl<'a> State<'a> {
    fn new(caller: Option<Caller>) -> State<'a> {
        let heading = Heading::NONE;
        State {
            caller,
            heading,
            open: None,
            broken: None,
            lock: None,
            stray: false,
            fault: false,
            callers: false,
            block: None,
        }
    }

    /// Takes the next line of the caller.
    fn take(&mut self, body: &'a [u8], at: usize, traces: &mut Vec<StackTrace<'a>>) {
        // show_trace of m68k: the first frame stands behind the heading.
        let headed = body.strip_prefix(b"Call Trace:").filter(|rest| rest.starts_with(b" [<"));
        if headed.is_some() {
            (self.open, self.broken) = (None, None);
        }
        let frames = Frame::parse_all(frame::behind_stack_name(headed.unwrap_or(body)));
        let stray = std::mem::take(&mut self.stray);
        if !frames.is_empty() {
            self.block = None;
            if stray {
                return;
            }
            let callers = body.starts_with(b"Caller[");
            if std::mem::replace(&mut self.callers, callers) != callers && callers {
                (self.open, self.broken) = (None, None);
            }
            self.push(frames, at, traces);
        } else if self.block(body, at, traces) {
        } else if let Some(place) = preemption_place(body) {
            let kind = Some(TraceKind::PreemptionDisabled);
            (self.heading, self.open, self.broken) = (Heading { kind, ..Heading::NONE }, None, None);
            self.push(place, at, traces);
            self.open = None;
        } else if let (None, Some(pid)) = (self.heading.pid, track_pid(body)) {
            self.heading.pid = Some(pid);
        } else if let Some(heading) = heading(body) {
            let lock = match heading.kind {
                Some(TraceKind::LockUsage) => self.lock,
                _ => heading.lock,
            };
            let dumped =
                self.heading.cpu.filter(|_| self.heading.is_dump() && heading.kind == self.heading.kind);
            self.leave(at, traces);
            self.heading = Heading { line: Some(at), lock, cpu: heading.cpu.or(dumped), ..heading };
            self.open = None;
        } else if let Some(task) = Task::parse(body) {
            self.name(task, at);
        } else if !is_inside(body) {
            self.lock = lock_class(body).or(self.lock);
            self.stray = is_stray(body);
            self.fault = kfence::is_fault(body);
            self.interrupt(body);
        }
    }

    /// A line that is no stack's closes the open trace, but for a line or two of another CPU or of a program in its midst.
    fn interrupt(&mut self, body: &[u8]) {
        let closed = self.open.take().map(|open| (open, 0)).or(self.broken.take());
        let ends = self.stray || self.fault || body.trim_ascii().is_empty() || body.starts_with(b"---");
        self.broken = closed.filter(|(_, lines)| !ends && *lines < LINES_WITHIN).map(|(at, n)| (at, n + 1));
    }

    /// Adds the frames of a line to the open trace, or to a new one.
    fn push(&mut self, mut frames: Frames<'a>, at: usize, traces: &mut Vec<StackTrace<'a>>) {
        if let Some((broken, _)) = self.broken.take().filter(|_| self.heading.line.is_none()) {
            self.open = Some(broken);
        }
        if let Some(trace) = self.open.and_then(|open| traces.get_mut(open)) {
            frames.after(trace.frames.iter().rfind(|frame| frame.trust != Trust::Inlined));
            frames.for_each(|frame| trace.frames.push(frame));
            trace.at.resize(trace.frames.len(), at);
            return;
        }
        let mut trace = std::mem::replace(&mut self.heading, Heading::NONE).trace(at);
        trace.frames.reserve(16);
        trace.at.reserve(16);
        frames.for_each(|frame| trace.frames.push(frame));
        trace.at.resize(trace.frames.len(), at);
        if std::mem::take(&mut self.fault) {
            trace.frames.iter_mut().take(1).for_each(|frame| frame.trust = Trust::Pc);
        }
        traces.push(trace);
        self.open = Some(traces.len() - 1);
    }

    /// Another heading comes, or the end. A CPU that was asked for its stack may have none: where it runs a program,
    /// `show_regs` prints its registers alone.
    ///
    /// ```text
    /// NMI backtrace for cpu 0
    /// CPU: 0 UID: 0 PID: 102 Comm: init Not tainted 7.2.13+deb14-armmp #1 VOLUNTARY  Debian 7.2.13-1
    /// PC is at 0x6d20c
    /// ```
    fn leave(&mut self, at: usize, traces: &mut Vec<StackTrace<'a>>) {
        let heading = std::mem::replace(&mut self.heading, Heading::NONE);
        if heading.kind == Some(TraceKind::Nmi) && heading.comm.is_some() {
            traces.push(heading.trace(at));
        }
    }

    /// Takes a line of `scripts/faddr2line`; `false` if it is none.
    ///
    /// ```text
    /// do_sys_open+0x12/0x340:
    /// get_flags at include/linux/fs.h:12
    ///  (inlined by) do_sys_open at fs/open.c:1234
    /// ```
    fn block(&mut self, body: &'a [u8], at: usize, traces: &mut Vec<StackTrace<'a>>) -> bool {
        if let Some(frame) = frame::faddr2line_head(body) {
            self.block = Some(frame);
            return true;
        }
        let Some(block) = self.block else { return false };
        let Some((frame, outer)) = frame::faddr2line_place(body, &block) else {
            self.block = None;
            return false;
        };
        let inner = self.open.and_then(|open| traces.get_mut(open)).and_then(|trace| trace.frames.last_mut());
        if let Some(inner) = inner.filter(|_| outer) {
            *inner = inner.into_inlined();
        }
        self.push(Frames::of(frame), at, traces);
        true
    }

    /// Fills the heading with what a `CPU: … Comm: …` line says; alone, it heads a stack as well.
    fn name(&mut self, task: Task<'a>, at: usize) {
        self.open = None;
        if self.heading.comm.is_none()
            && matches!(self.heading.kind, Some(TraceKind::Allocated | TraceKind::Freed))
        {
            // No stack is kept of who had the memory, and that of who prints it comes.
            self.heading = Heading::NONE;
        }
        self.heading.line = self.heading.line.or(Some(at));
        self.heading.cpu = self.heading.cpu.or(task.cpu);
        self.heading.comm = self.heading.comm.or(Some(task.comm));
        self.heading.pid = self.heading.pid.or(Some(task.pid));
    }
}

/// Lines of others that may stand together in the midst of a stack.
const LINES_WITHIN: u8 = 2;

/// The first stack that nothing introduces is the crash's own, and so is the first task's of a hung task.
fn settle(traces: &mut [StackTrace<'_>], of: TraceKind) {
    if traces.iter().any(|trace| trace.kind == TraceKind::Crash) {
        return;
    }
    if let Some(trace) = traces.iter_mut().find(|trace| trace.kind == of) {
        trace.kind = TraceKind::Crash;
    }
}

/// The place of `Preemption disabled at:[<bf0d603b>] demo_lock+0xc4/0x134 [demo]`: `__schedule_bug` up to Linux 4.10. Later
/// the place has a line of its own.
fn preemption_place(body: &[u8]) -> Option<Frames<'_>> {
    let place = Frame::parse_all(body.strip_prefix(b"Preemption disabled at:")?);
    (!place.is_empty()).then_some(place)
}

/// Lines that may stand in the middle of a stack: the registers of an interrupted context.
fn is_inside(body: &[u8]) -> bool {
    let line = text::skip_blanks(body);
    frame::is_stack_name(body)
        || registers::is_register_line(body)
        || registers::is_pc_line(body)
        || line.starts_with(b"Code:")
        || INSIDE.find(line).is_some()
        || words::is_memory(line)
}

/// Ends of lines that one address follows, which is of no stack: `print_address_description` and
/// `print_address_stack_frame` of KASAN, `print_unlock_imbalance_bug` of lockdep.
const PLACES: &[(&str, &str)] = &[
    // do_page_fault, arch/x86_64/mm/fault.c, up to Linux 2.6.24
    ("Unable to handle kernel ", " RIP:"),
    ("The buggy address belongs to the variable:", ""),
    ("and is located at offset ", " in frame:"),
    ("[", ") created by:"),
    ("", ") at:"),
];

/// Lines that a frame follows which is of no stack.
fn is_stray(body: &[u8]) -> bool {
    let line = body.trim_ascii();
    let place =
        |(start, end): &(&str, &str)| line.starts_with(start.as_bytes()) && line.ends_with(end.as_bytes());
    STRAYS.find(line).is_some() || PLACES.iter().any(place)
}

/// What stands in the middle of a stack, on any CPU.
static INSIDE: LazyLock<Starts<()>> =
    LazyLock::new(|| Starts::new(arch::ALL.iter().flat_map(|arch| arch.inside).map(|start| (*start, ()))));

/// What a frame of no stack follows, on any CPU.
static STRAYS: LazyLock<Starts<()>> =
    LazyLock::new(|| Starts::new(arch::ALL.iter().flat_map(|arch| arch.strays).map(|start| (*start, ()))));

/// Beginnings of headings, and the stack that they announce.
const HEADINGS: &[(&str, TraceKind)] = &[
    ("Allocated by task", TraceKind::Allocated),
    ("Allocated:", TraceKind::Allocated),
    ("allocated by task", TraceKind::Allocated),
    ("Freed by task", TraceKind::Freed),
    ("Freed:", TraceKind::Freed),
    ("freed by task", TraceKind::Freed),
    ("Last potentially related work creation:", TraceKind::RelatedWork),
    ("Second to last potentially related work creation:", TraceKind::RelatedWork),
    ("Uninit was created at", TraceKind::UninitCreated),
    ("Local variable ", TraceKind::UninitCreated),
    ("Uninit was stored to memory at", TraceKind::UninitStored),
    ("page last allocated via order", TraceKind::PageOwner),
    ("page last free stack trace:", TraceKind::PageOwner),
    ("page last free pid", TraceKind::PageOwner),
    ("Preemption disabled at:", TraceKind::PreemptionDisabled),
    ("Kernel panic - not syncing", TraceKind::Panic),
    ("INFO: Allocated in ", TraceKind::Allocated),
    ("INFO: Freed in ", TraceKind::Freed),
    ("Allocated in ", TraceKind::Allocated),
    ("Freed in ", TraceKind::Freed),
    ("stack backtrace:", TraceKind::Crash),
    ("backtrace:", TraceKind::Leak),
    ("backtrace (crc ", TraceKind::Leak),
];

/// Reads a line that introduces a stack.
fn heading(body: &[u8]) -> Option<Heading<'_>> {
    let line = text::skip_blanks(frame::behind_kmemleak(body));
    if let Some(number) = line.strip_prefix(b"-> #") {
        let (class, link) = text::dec_u32(number).ok()?;
        let lock = lock_class(class);
        return Some(Heading { kind: Some(TraceKind::LockDependency(link)), lock, ..Heading::NONE });
    }
    if let Some(cpu) = line.strip_prefix(b"NMI backtrace for cpu ") {
        let cpu = text::dec_u32(cpu).ok().map(|(_, cpu)| cpu);
        return Some(Heading { kind: Some(TraceKind::Nmi), cpu, ..Heading::NONE });
    }
    if let Some(cpu) = task::sysrq_cpu(line) {
        return Some(Heading { kind: Some(TraceKind::Nmi), cpu: Some(cpu), ..Heading::NONE });
    }
    if let Some(cpu) = task::dumped_cpu(line) {
        return Some(Heading { kind: Some(TraceKind::Task), cpu: Some(cpu), ..Heading::NONE });
    }
    if text::contains(line, " bytes by ") && text::contains(line, " on cpu ") {
        let kind = Some(TraceKind::Access);
        return Some(Heading { kind, ..by_task(line) });
    }
    if let Some(usage) = lock_usage(line) {
        return Some(Heading { kind: Some(TraceKind::LockUsage), usage, ..Heading::NONE });
    }
    // KFENCE up to 5.15: `kfence-#7 [0x…-0x…, size=32, cache=kmalloc-32] allocated by task 905:`
    let line = match line.strip_prefix(b"kfence-#").and_then(|rest| text::after(rest, "] ")) {
        Some(rest) => rest,
        None => line,
    };
    static STARTS: LazyLock<Starts<TraceKind>> = LazyLock::new(|| Starts::new(HEADINGS.iter().copied()));
    if let Some(kind) = STARTS.find(line) {
        return Some(Heading { kind: Some(kind), ..by_task(line) });
    }
    let task = TaskState::parse(body)?;
    let (comm, pid) = (Some(task.comm), Some(task.pid));
    Some(Heading { kind: Some(TraceKind::Task), comm, pid, ..Heading::NONE })
}

/// What a line says that its lock class became, of lines that say where: `print_lock_class_header`,
/// `print_usage_bug`, `print_bad_irq_dependency` in `kernel/locking/lockdep.c`. Inside it is `None` for a link
/// of a chain.
///
/// ```text
///    IN-HARDIRQ-W at:
/// {HARDIRQ-ON-W} state was registered at:
/// ... which became HARDIRQ-irq-safe at:
///  ... acquired at:
/// ```
fn lock_usage(line: &[u8]) -> Option<Option<&[u8]>> {
    let state = line.strip_suffix(b" at:")?;
    if state == b"... acquired" {
        return Some(None);
    }
    let became = state.strip_prefix(b"... which became ");
    let registered = || state.strip_suffix(b"} state was registered")?.strip_prefix(b"{");
    let is_state = |b: &u8| b.is_ascii_uppercase() || matches!(b, b'-' | b' ' | b'_');
    let bare = || Some(state).filter(|state| !state.is_empty() && state.iter().all(is_state));
    became.or_else(registered).or_else(bare).map(Some)
}

/// The class that a line names: `-> (&x->lock){+.+.}-{3:3} {`, ` (&x->lock){+.+.}-{3:3}`,
/// `ffffffffc0007120 (&x->lock){?.+.}-{2:2}, at: demo_irq+0x1f/0x60`.
fn lock_class(body: &[u8]) -> Option<&[u8]> {
    let line = text::skip_blanks(body);
    let (_, line) = text::take(line.strip_prefix(b"->").unwrap_or(line), |b| b.is_ascii_hexdigit());
    locks::class_name(text::skip_blanks(line))
}

/// `PID = 905` below `Allocated:`: `print_track` in `mm/kasan/report.c`, 4.7 to 4.11.
fn track_pid(body: &[u8]) -> Option<u32> {
    text::dec_u32(body.strip_prefix(b"PID = ")?).ok().map(|(_, pid)| pid)
}

/// Task and CPU of `… by task 61 on cpu 1 at 12.3s:`.
fn by_task(line: &[u8]) -> Heading<'_> {
    let number = |name| text::u32_after(line, name);
    Heading { cpu: number(" on cpu "), pid: number("by task "), ..Heading::NONE }
}

#[cfg(test)]
mod tests;
