//! What a report says of memory, locks, modules and registers.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter, Write};

use crate::facts::frame::Calls;
use crate::facts::locks::{HeldLock, HeldLocks};
use crate::facts::memory::{Access, Kasan, Memory, Page, PageFault, Side, Slab};
use crate::facts::modules::{Module, Modules};
use crate::facts::registers::Registers;
use crate::report::Report;

use super::stack::{FrameText, more};
use super::style::Role;
use super::{Plain, View};

/// Modules and lists of locks that are shown unless all is wanted.
const FOLDED_MODULES: usize = 8;
const FOLDED_HOLDERS: usize = 8;

pub(super) fn memory(f: &mut Formatter<'_>, view: &View<'_>, memory: &Memory<'_>) -> fmt::Result {
    if let Some(kasan) = &memory.kasan {
        self::kasan(f, view, kasan)?;
    }
    if let Some(object) = memory.kfence.as_ref().and_then(|kfence| kfence.object) {
        let mut words = vec![format!("kfence-#{}", object.index)];
        words.extend(object.size.map(|size| format!("of {size} bytes")));
        words.extend(object.cache.map(|cache| format!("for cache {}", Plain(cache))));
        view.row(f, "object", words.join(" "))?;
    }
    let is_told = |fault: &&PageFault<'_>| fault.address.is_some() || fault.reason.is_some();
    if let Some(fault) = memory.fault.as_ref().filter(is_told) {
        let did = fault.access.map_or("access", access);
        let at = fault.address.map_or(String::new(), |address| format!(" at {address:#018x}"));
        let why = fault.reason.map_or(String::new(), |reason| format!(": {}", Plain(reason)));
        view.row(f, "memory", format_args!("{did}{at}{why}"))?;
    }
    if let Some(slab) = &memory.slab {
        self::slab(f, view, slab)?;
    }
    if let Some(page) = memory.page.as_ref().filter(|_| view.full || memory.kasan.is_none()) {
        self::page(f, view, page)?;
    }
    if let Some(ubsan) = &memory.ubsan {
        let mut text = format!("{}:{}", Plain(ubsan.file), ubsan.line);
        ubsan.explanation.iter().try_for_each(|line| write!(text, ": {}", Plain(line)))?;
        view.row(f, "check", text)?;
    }
    for leak in &memory.leaks {
        let at = leak.address.map_or(String::new(), |address| format!(" at {address:#018x}"));
        let task = leak.comm.map_or(String::new(), |comm| format!(", allocated by {}", Plain(comm)));
        let pid = leak.pid.map_or(String::new(), |pid| format!(" (pid {pid})"));
        view.row(f, "leak", format_args!("{} bytes{at}{task}{pid}", leak.size))?;
    }
    if let Some(kcsan) = &memory.kcsan {
        for race in &kcsan.accesses {
            let mut text = format!("{} of {} bytes", Plain(race.description), race.size);
            race.cpu.map_or(Ok(()), |cpu| write!(text, " on CPU {cpu}"))?;
            view.row(f, "memory", text)?;
        }
        if let Some((old, new)) = kcsan.value {
            view.row(f, "value", format_args!("{old:#x} -> {new:#x}"))?;
        }
    }
    Ok(())
}

fn kasan(f: &mut Formatter<'_>, view: &View<'_>, kasan: &Kasan<'_>) -> fmt::Result {
    if let (Some(did), Some(address)) = (kasan.access, kasan.address) {
        let mut text = access(did).to_string();
        if let Some(size) = kasan.size {
            write!(text, " of {size} byte{}", if size == 1 { "" } else { "s" })?;
        }
        write!(text, " at {address:#018x}")?;
        view.row(f, "memory", text)?;
    }
    let cache =
        kasan.object.and_then(|object| object.cache).map(|cache| format!("of cache {}", Plain(cache)));
    let place = kasan.place.as_ref().map(|place| {
        let side = match place.side {
            Side::Inside => "inside",
            Side::Left => "before",
            Side::Right => "after",
        };
        let state = place.state.map_or(String::new(), |state| format!("{state} "));
        format!(
            "{} byte{} {side} the {state}object",
            place.distance,
            if place.distance == 1 { "" } else { "s" }
        )
    });
    let words: Vec<String> = place.into_iter().chain(cache).collect();
    if !words.is_empty() {
        view.row(f, "object", words.join(" "))?;
    }
    if let Some(range) = &kasan.range {
        let kind = Plain(range.kind);
        view.row(f, "memory", format_args!("{kind} in {:#018x}-{:#018x}", range.start, range.end))?;
    }
    Ok(())
}

/// The shadow of the memory round the bad address, as the kernel prints it.
pub(super) fn shadow(f: &mut Formatter<'_>, view: &View<'_>, kasan: &Kasan<'_>) -> fmt::Result {
    if kasan.shadow.is_empty() {
        return Ok(());
    }
    writeln!(f, "  {}", view.styles.paint(Role::Label, "memory state"))?;
    for row in &kasan.shadow {
        let mark = if row.marked { ">" } else { " " };
        let bytes: Vec<String> = row.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let address = format!("   {mark}{:016x}: ", row.address);
        writeln!(f, "{address}{}", bytes.join(" "))?;
        if let Some(column) = kasan.shadow_column.filter(|column| row.marked && *column < row.bytes.len()) {
            writeln!(f, "{:blanks$}^", "", blanks = address.len() + 3 * column)?;
        }
    }
    Ok(())
}

fn slab(f: &mut Formatter<'_>, view: &View<'_>, slab: &Slab<'_>) -> fmt::Result {
    if let Some(corruption) = &slab.corruption {
        let bytes = (corruption.end - corruption.start.min(corruption.end)).saturating_add(1);
        let plural = if bytes == 1 { "" } else { "s" };
        let mut text = format!("{bytes} byte{plural} wrong at {:#018x}", corruption.start);
        if let Some((found, expected)) = corruption.found.zip(corruption.expected) {
            write!(text, ", {found:#04x} instead of {expected:#04x}")?;
        }
        slab.overwritten.map_or(Ok(()), |which| write!(text, ": {} overwritten", Plain(which)))?;
        view.row(f, "memory", text)?;
    }
    let object = slab.object.map(|object| format!("{object:#018x}"));
    let cache = slab.cache.map(|cache| format!("of cache {}", Plain(cache)));
    let words: Vec<String> = object.into_iter().chain(cache).collect();
    if !words.is_empty() {
        view.row(f, "object", words.join(" "))?;
    }
    for (label, track) in [("alloc by", slab.allocated), ("freed by", slab.freed)] {
        let Some(track) = track else { continue };
        let pid = track.pid.map_or(String::new(), |pid| format!(" (pid {pid})"));
        view.row(f, label, format_args!("{}{pid}", FrameText(&track.at)))?;
    }
    Ok(())
}

fn page(f: &mut Formatter<'_>, view: &View<'_>, page: &Page<'_>) -> fmt::Result {
    let mut parts = Vec::new();
    parts.extend(page.pfn.map(|pfn| format!("pfn {pfn:#x}")));
    parts.extend(page.refcount.map(|count| format!("refcount {count}")));
    parts.extend(page.mapcount.map(|count| format!("mapcount {count}")));
    parts.extend(page.flag_names.map(|names| format!("({})", Plain(names))));
    view.row(f, "page", parts.join(" "))
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

/// A lock: class, usage, and where it was taken.
pub(super) struct LockText<'l, 'a>(pub(super) &'l HeldLock<'a>, pub(super) Option<&'l dyn Calls>);

impl Display for LockText<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let LockText(lock, sources) = self;
        if let Some(depth) = lock.depth {
            write!(f, "#{depth} ")?;
        }
        if lock.released {
            return write!(f, "released");
        }
        write!(f, "{}", Plain(lock.class))?;
        if !lock.usage.is_empty() {
            write!(f, " {{{}}}", Plain(lock.usage))?;
        }
        match lock.at.and_then(|at| at.calls(*sources).pop()) {
            Some(at) => write!(f, " at {}", FrameText(&at)),
            None => Ok(()),
        }
    }
}

/// Who holds which locks: the crashed task first; of other tasks those that share a lock with another, unless all is wanted
/// or there is nothing else to show.
pub(super) fn locks(
    f: &mut Formatter<'_>,
    view: &View<'_>,
    holders: &[HeldLocks<'_>],
    own: Option<u32>,
    fold: bool,
) -> fmt::Result {
    let is_own = |holder: &&HeldLocks<'_>| own == Some(holder.pid);
    // Of each lock, a task that holds it, and whether another does.
    let mut held: HashMap<u64, (u32, bool)> = HashMap::new();
    for (holder, lock) in
        holders.iter().flat_map(|holder| holder.locks.iter().map(move |lock| (holder, lock)))
    {
        let Some(address) = lock.address else { continue };
        let (first, shared) = held.entry(address).or_insert((holder.pid, false));
        *shared |= *first != holder.pid;
    }
    let is_shared =
        |lock: &HeldLock<'_>| lock.address.and_then(|at| held.get(&at)).is_some_and(|(_, shared)| *shared);
    let of_others = |holder: &HeldLocks<'_>| holder.locks.iter().any(is_shared);
    // Who prints the lists holds a lock meanwhile.
    let prints = |lock: &HeldLock<'_>| lock.at.and_then(|at| at.function()) == Some("debug_show_all_locks");
    let holding = holders.iter().filter(|holder| !holder.locks.is_empty());
    let (mine, others): (Vec<_>, Vec<_>) = holding.partition(is_own);
    let shared = others.iter().filter(|holder| view.full || !fold || of_others(holder));
    let shown: Vec<_> = shared.take(if view.full { usize::MAX } else { FOLDED_HOLDERS }).collect();
    for holder in mine.iter().chain(shown.iter().copied()) {
        let heading = format!("locks of {} (pid {})", Plain(holder.comm), holder.pid);
        writeln!(f, "  {}", view.styles.paint(Role::Label, heading))?;
        for lock in &holder.locks {
            writeln!(f, "    {}", LockText(lock, view.sources))?;
        }
    }
    let printers = others.iter().filter(|holder| !view.full && holder.locks.iter().all(prints)).count();
    match others.len().saturating_sub(shown.len() + printers) {
        0 => Ok(()),
        1 => more(f, view, 1, "task with locks of its own"),
        count => {
            let text = format!("… {count} more tasks with locks of their own");
            writeln!(f, "    {}", view.styles.paint(Role::Noise, text))
        }
    }
}

/// The kernel, how it was built, and what taints it; and the CPUs that idled.
pub(super) fn kernel(f: &mut Formatter<'_>, view: &View<'_>, report: &Report<'_>) -> fmt::Result {
    for idle in report.idle_cpus() {
        let at = idle.at.map_or(String::new(), |at| format!(" at {}", FrameText(&at)));
        view.row(f, "idle", format_args!("CPU {}{at}", idle.cpu))?;
    }
    let Some((header, kernel)) = report.kernel_header().and_then(|header| Some((header, header.kernel?)))
    else {
        return Ok(());
    };
    let mut text = Plain(kernel.as_bytes()).to_string();
    for word in [header.preemption(), header.package()].into_iter().flatten() {
        write!(text, ", {}", Plain(word.as_bytes()))?;
    }
    if let Some(tainted) = header.tainted {
        let letters: Vec<&str> = tainted.split_whitespace().collect();
        write!(text, ", tainted {}", Plain(letters.join(" ").as_bytes()))?;
    }
    view.row(f, "kernel", text)
}

/// The modules: those that taint the kernel or are named in a stack, and how many others, unless all are wanted.
pub(super) fn modules(
    f: &mut Formatter<'_>,
    view: &View<'_>,
    modules: &Modules<'_>,
    named: &[&str],
) -> fmt::Result {
    let all = view.full || modules.loaded.len() <= FOLDED_MODULES;
    let matters = |name: &str, taints: &str| all || !taints.is_empty() || named.contains(&name);
    let (shown, others): (Vec<&Module<'_>>, Vec<&Module<'_>>) =
        modules.loaded.iter().partition(|module| matters(module.name, module.taints));
    let mut words = Vec::new();
    for module in &shown {
        let taints = if module.taints.is_empty() { String::new() } else { format!("({})", module.taints) };
        words.push(Plain(format!("{}{taints}", module.name).as_bytes()).to_string());
    }
    let rest = match (shown.len(), others.len()) {
        (_, 0) => String::new(),
        (0, others) => format!("{others}, none in a stack"),
        (_, others) => format!(", and {others} more"),
    };
    let text = words.join(" ") + &rest;
    if text.is_empty() { Ok(()) } else { view.row(f, "modules", text) }
}

/// The registers, four in a line.
pub(super) fn registers(f: &mut Formatter<'_>, view: &View<'_>, dump: &Registers<'_>) -> fmt::Result {
    let heading = if dump.user { "user registers" } else { "registers" };
    writeln!(f, "  {}", view.styles.paint(Role::Label, heading))?;
    let width = dump.values.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let digits =
        dump.values.iter().map(|(_, value)| *value).max().map_or(8, |m| if m >> 32 == 0 { 8 } else { 16 });
    for row in dump.values.chunks(if digits == 8 { 4 } else { 3 }) {
        write!(f, "   ")?;
        for (name, value) in row {
            write!(f, " {name:>width$} {value:0digits$x}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}
