//! A report as text for people.
//!
//! Nothing of the log reaches the output unchecked: control characters are shown as `\x1b`.

use std::fmt::{self, Display, Formatter};

use crate::facts::frame::{Calls, Frame, Trust};
use crate::facts::locks::{HeldLock, HeldLocks};
use crate::facts::memory::{Access, Kasan, Memory, Page, Side, Slab};
use crate::facts::registers::Registers;
use crate::facts::trace::{StackTrace, TraceKind};
use crate::report::Report;

/// A report to be written as text, with what only the reader of its log knows.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TextReport<'r, 'a> {
    report: &'r Report<'a>,
    place: Option<(&'r str, u64)>,
    sources: Option<&'r dyn Calls>,
}

impl<'r, 'a> TextReport<'r, 'a> {
    /// A report of a log without a name.
    pub fn new(report: &'r Report<'a>) -> TextReport<'r, 'a> {
        TextReport { report, place: None, sources: None }
    }

    /// Adds the log's path and the number of the banner's line, from 1.
    pub fn at(self, path: &'r str, line: u64) -> TextReport<'r, 'a> {
        TextReport { place: Some((path, line)), ..self }
    }

    /// Adds files, lines and inlined calls to the frames.
    pub fn sources(self, sources: &'r dyn Calls) -> TextReport<'r, 'a> {
        TextReport { sources: Some(sources), ..self }
    }
}

/// Bytes of the log, safe for a terminal.
///
/// ```
/// assert_eq!(crashparse::Plain(b"\x1b[31mred\xff").to_string(), "\\x1b[31mred\u{fffd}");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a>(pub &'a [u8]);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for char in String::from_utf8_lossy(self.0).chars() {
            if char == '\t' {
                f.write_str(" ")?;
            } else if char.is_control() {
                write!(f, "\\x{:02x}", u32::from(char))?;
            } else {
                write!(f, "{char}")?;
            }
        }
        Ok(())
    }
}

impl Display for TextReport<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.report;
        writeln!(f, "{}", Plain(report.title().as_bytes()))?;
        self.summary(f)?;
        if let Some(memory) = report.memory() {
            self::memory(f, &memory)?;
        }
        if let Some(attempt) = report.lock_attempt() {
            for (verb, lock) in [("wants", attempt.wanted), ("holds", attempt.held)] {
                if let Some(lock) = lock {
                    write!(f, "  {verb}:")?;
                    self::lock(f, &lock, self.sources)?;
                }
            }
        }
        // What a reader wants first is where it crashed; lockdep prints that last.
        let mut traces = report.traces();
        traces.sort_by_key(|trace| trace.kind != TraceKind::Crash);
        // The kernel prints some dumps again, after the end of the trace.
        let shown: Vec<&Registers> = traces.iter().flat_map(|trace| &trace.registers).collect();
        let again = |dump: &Registers| shown.iter().any(|s| s.line == dump.line || s.pc == dump.pc);
        for dump in report.register_dumps().iter().filter(|dump| !again(dump)) {
            counter(f, dump, self.sources)?;
        }
        for trace in &traces {
            self::trace(f, trace, self.sources)?;
        }
        for holder in report.held_locks() {
            locks(f, &holder, self.sources)?;
        }
        if let Some(modules) = report.modules_linked_in().filter(|m| !m.loaded.is_empty()) {
            write!(f, "  modules:")?;
            for module in &modules.loaded {
                write!(f, " {}", Plain(module.name.as_bytes()))?;
                if !module.taints.is_empty() {
                    write!(f, "({})", Plain(module.taints.as_bytes()))?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl TextReport<'_, '_> {
    /// Where, what, who.
    fn summary(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.report;
        write!(f, "  ")?;
        if let Some((path, line)) = self.place {
            write!(f, "{}:{line}: ", Plain(path.as_bytes()))?;
        }
        if let Some(boot) = report.boot().filter(|boot| *boot > 1) {
            write!(f, "boot {boot}: ")?;
        }
        if let Some(time) = report.time() {
            write!(f, "[{:5}.{:06}] ", time / 1_000_000, time % 1_000_000)?;
        }
        write!(f, "{}", report.kind())?;
        if report.panicked() {
            write!(f, ", panicked")?;
        }
        if report.suppressed() {
            write!(f, ", suppressed")?;
        }
        if report.is_cut() {
            write!(f, ", cut: longer than a report may be")?;
        }
        if let Some(corruption) = report.corruption() {
            write!(f, ", corrupted: {}", corruption.as_str())?;
        }
        writeln!(f)?;
        if let Some(task) = report.task() {
            write!(f, "  task: {} (pid {})", Plain(task.comm), task.pid)?;
            if let Some(hung) = report.hung_task() {
                write!(f, ", for more than {} seconds", hung.seconds)?;
            }
            if let Some(cpu) = task.cpu {
                write!(f, " on CPU {cpu}")?;
            }
            if let Some(kernel) = task.kernel {
                write!(f, ", kernel {}", Plain(kernel.as_bytes()))?;
            }
            if let Some(tainted) = task.tainted {
                let letters: Vec<&str> = tainted.split_whitespace().collect();
                write!(f, ", tainted {}", Plain(letters.join(" ").as_bytes()))?;
            }
            writeln!(f)?;
        }
        for blocker in report.blockers() {
            if let Some((comm, pid)) = blocker.owner {
                writeln!(f, "  waits for: {} (pid {pid})", Plain(comm))?;
            }
        }
        if let Some(hardware) = report.hardware() {
            writeln!(f, "  hardware: {}", Plain(hardware))?;
        }
        if let Some(workqueue) = report.workqueue() {
            writeln!(f, "  workqueue: {}", Plain(workqueue.name))?;
        }
        for line in report.message() {
            writeln!(f, "  message: {}", Plain(line))?;
        }
        if let Some(reason) = report.panic_message() {
            writeln!(f, "  panic: {}", Plain(reason))?;
        }
        Ok(())
    }
}

fn trace(f: &mut Formatter<'_>, trace: &StackTrace<'_>, sources: Option<&dyn Calls>) -> fmt::Result {
    match trace.kind {
        TraceKind::LockDependency(link) => write!(f, "  lock dependency #{link}")?,
        kind => write!(f, "  {} stack", kind.as_str())?,
    }
    for name in [trace.lock, trace.usage].into_iter().flatten() {
        write!(f, " {}", Plain(name))?;
    }
    match (trace.comm, trace.pid) {
        (Some(comm), Some(pid)) => write!(f, " of {} (pid {pid})", Plain(comm))?,
        (None, Some(pid)) => write!(f, " of pid {pid}")?,
        _ => {}
    }
    if let Some(cpu) = trace.cpu {
        write!(f, " on CPU {cpu}")?;
    }
    writeln!(f, ":")?;
    if let Some(dump) = trace.registers.iter().find(|dump| !dump.user && dump.line < trace.first) {
        counter(f, dump, sources)?;
    }
    for frame in &trace.frames {
        let mark = if frame.trust == Trust::Unreliable { "? " } else { "" };
        for call in frame.calls(sources) {
            writeln!(f, "    {mark}{}", FrameText(&call))?;
        }
    }
    Ok(())
}

fn counter(f: &mut Formatter<'_>, dump: &Registers<'_>, sources: Option<&dyn Calls>) -> fmt::Result {
    let Some(pc) = dump.pc.filter(|_| !dump.user) else { return Ok(()) };
    pc.calls(sources).iter().try_for_each(|call| writeln!(f, "    at {}", FrameText(call)))
}

/// A frame as the kernel writes it, and its source.
struct FrameText<'f, 'a>(&'f Frame<'a>);

impl Display for FrameText<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let frame = self.0;
        match (frame.symbol, frame.address) {
            (Some(symbol), _) => write!(f, "{symbol}")?,
            (None, Some(address)) => write!(f, "{address:#x}")?,
            (None, None) => write!(f, "(null)")?,
        }
        if let (Some(offset), Some(size)) = (frame.offset, frame.size) {
            write!(f, "+{offset:#x}/{size:#x}")?;
        }
        if let Some(source) = frame.source {
            write!(f, " {}:{}", source.file, source.line)?;
        }
        if let Some(module) = frame.module {
            write!(f, " [{module}]")?;
        }
        if frame.trust == Trust::Inlined {
            write!(f, " [inline]")?;
        }
        Ok(())
    }
}

fn locks(f: &mut Formatter<'_>, holder: &HeldLocks<'_>, sources: Option<&dyn Calls>) -> fmt::Result {
    writeln!(f, "  locks held by {} (pid {}):", Plain(holder.comm), holder.pid)?;
    for lock in &holder.locks {
        write!(f, "   ")?;
        self::lock(f, lock, sources)?;
    }
    Ok(())
}

fn lock(f: &mut Formatter<'_>, lock: &HeldLock<'_>, sources: Option<&dyn Calls>) -> fmt::Result {
    if let Some(depth) = lock.depth {
        write!(f, " #{depth}")?;
    }
    write!(f, " {}", Plain(lock.class))?;
    if !lock.usage.is_empty() {
        write!(f, " {{{}}}", Plain(lock.usage))?;
    }
    if let Some(at) = lock.at.and_then(|at| at.calls(sources).pop()) {
        write!(f, " at {}", FrameText(&at))?;
    }
    writeln!(f)
}

fn memory(f: &mut Formatter<'_>, memory: &Memory<'_>) -> fmt::Result {
    if let Some(kasan) = &memory.kasan {
        self::kasan(f, kasan)?;
    }
    if let Some((fault, address)) = memory.fault.as_ref().and_then(|f| Some((f, f.address?))) {
        let did = fault.access.map_or("access", access);
        writeln!(f, "  memory: {did} at {address:#018x}")?;
    }
    if let Some(slab) = &memory.slab {
        self::slab(f, slab)?;
    }
    if let Some(page) = &memory.page {
        self::page(f, page)?;
    }
    if let Some(ubsan) = &memory.ubsan {
        let (file, line) = (Plain(ubsan.file), ubsan.line);
        write!(f, "  at: {file}:{line}")?;
        for text in &ubsan.explanation {
            write!(f, ": {}", Plain(text))?;
        }
        writeln!(f)?;
    }
    if let Some(kcsan) = &memory.kcsan {
        for race in &kcsan.accesses {
            let (what, size) = (Plain(race.description), race.size);
            write!(f, "  memory: {what} of {size} bytes")?;
            if let Some(cpu) = race.cpu {
                write!(f, " on CPU {cpu}")?;
            }
            writeln!(f)?;
        }
        if let Some((old, new)) = kcsan.value {
            writeln!(f, "  value: {old:#x} -> {new:#x}")?;
        }
    }
    Ok(())
}

fn kasan(f: &mut Formatter<'_>, kasan: &Kasan<'_>) -> fmt::Result {
    if let (Some(did), Some(address)) = (kasan.access, kasan.address) {
        write!(f, "  memory: {}", access(did))?;
        if let Some(size) = kasan.size {
            write!(f, " of {size} bytes")?;
        }
        write!(f, " at {address:#018x}")?;
        if let Some(place) = &kasan.place {
            let side = match place.side {
                Side::Inside => "inside",
                Side::Left => "before",
                Side::Right => "after",
            };
            let state = place.state.map_or(String::new(), |state| format!("{state} "));
            write!(f, ", {} bytes {side} the {state}object", place.distance)?;
        }
        if let Some(cache) = kasan.object.and_then(|object| object.cache) {
            write!(f, " of cache {}", Plain(cache))?;
        }
        writeln!(f)?;
    }
    if let Some(range) = &kasan.range {
        let kind = Plain(range.kind);
        writeln!(f, "  memory: {kind} in {:#018x}-{:#018x}", range.start, range.end)?;
    }
    Ok(())
}

fn slab(f: &mut Formatter<'_>, slab: &Slab<'_>) -> fmt::Result {
    let Some(corruption) = &slab.corruption else { return Ok(()) };
    let (found, expected) = (corruption.found, corruption.expected);
    write!(f, "  memory: {found:#04x} instead of {expected:#04x} at {:#018x}", corruption.start)?;
    if let Some(cache) = slab.cache {
        write!(f, " of cache {}", Plain(cache))?;
    }
    writeln!(f)
}

fn page(f: &mut Formatter<'_>, page: &Page<'_>) -> fmt::Result {
    write!(f, "  page:")?;
    if let Some(pfn) = page.pfn {
        write!(f, " pfn {pfn:#x}")?;
    }
    for (name, count) in [("refcount", page.refcount), ("mapcount", page.mapcount)] {
        if let Some(count) = count {
            write!(f, " {name} {count}")?;
        }
    }
    if let Some(names) = page.flag_names {
        write!(f, " ({})", Plain(names))?;
    }
    writeln!(f)
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
        Access::ReadWrite => "read-write",
        Access::Free => "free",
        Access::Execute => "instruction fetch",
    }
}
