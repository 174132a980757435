//! Stacks: the crash's own whole, the others folded to the frames that say what they are about.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

use crate::blame;
use crate::facts::frame::{Calls, Frame, Trust};
use crate::facts::registers::Registers;
use crate::facts::trace::{StackTrace, TraceKind};

use super::style::Role;
use super::{Plain, View};

/// Frames of a folded stack, and how many stacks of a kind are shown so; of the rest a line each, and no more than this.
const FOLDED_FRAMES: usize = 4;
const FOLDED_STACKS: usize = 3;
const LINES_OF_STACKS: usize = 24;
/// So many frames that call each other are looked for again, and are folded where they come so often.
const LONGEST_CYCLE: usize = 16;
const SEVERAL_TIMES: usize = 3;
/// Functions in such a line.
const FUNCTIONS_OF_LINE: usize = 3;
/// Names are aligned up to this width.
const NAME_COLUMNS: usize = 44;

/// A frame as the kernel writes it, and its source.
pub(super) struct FrameText<'f, 'a>(pub(super) &'f Frame<'a>);

impl Display for FrameText<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", name(self.0, true))?;
        if let Some(source) = self.0.source {
            write!(f, " {}:{}", Plain(source.file.as_bytes()), source.line)?;
        }
        write!(f, "{}", Behind(self.0))
    }
}

/// Function and offset; the offset is left out where the source is known and not all is wanted.
fn name(frame: &Frame<'_>, offset: bool) -> String {
    let mut name = match (frame.symbol, frame.address) {
        (Some(symbol), _) if frame.ends_function_before() => {
            return format!("end of the function before {}", Plain(symbol.as_bytes()));
        }
        (Some(symbol), _) => Plain(symbol.as_bytes()).to_string(),
        (None, Some(address)) => format!("{address:#x}"),
        (None, None) if frame.trust == Trust::Inlined => "(no name)".to_string(),
        (None, None) => "(null)".to_string(),
    };
    if let (Some(offset), Some(size)) = (frame.offset.filter(|_| offset), frame.size) {
        name += &format!("+{offset:#x}/{size:#x}");
    }
    name
}

/// What stands behind a frame's place: the module, and that the call was inlined.
struct Behind<'f, 'a>(&'f Frame<'a>);

impl Display for Behind<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(module) = self.0.module {
            write!(f, " [{}]", Plain(module.as_bytes()))?;
        }
        if self.0.trust == Trust::Inlined {
            write!(f, " [inline]")?;
        }
        Ok(())
    }
}

/// Whether a frame says little: the unwinder does not vouch for it, or its function is never to blame, or everybody waits
/// in it.
fn is_noise(frame: &Frame<'_>) -> bool {
    frame.trust == Trust::Unreliable || blame::is_never_to_blame(frame) || blame::only_waits(frame)
}

/// The calls of a stack, innermost first, from its program counter on.
pub(super) fn calls<'a>(trace: &'a StackTrace<'_>, sources: Option<&'a dyn Calls>) -> Vec<Frame<'a>> {
    let mut calls = Vec::new();
    for frame in trace.calls() {
        let all = frame.calls(sources);
        // What was inlined into a function that may never have been called is of no use.
        let kept = if frame.trust == Trust::Unreliable { all.len().saturating_sub(1) } else { 0 };
        calls.extend(all.into_iter().skip(kept));
    }
    calls
}

/// Writes the crash's own stack: the machinery that printed it and frames in doubt are counted, unless all is wanted.
pub(super) fn own(
    f: &mut Formatter<'_>,
    view: &View<'_>,
    calls: &[Frame<'_>],
    blamed: Option<&str>,
) -> fmt::Result {
    if view.full {
        return whole(f, view, calls, blamed);
    }
    let vouched = |frame: &&Frame<'_>| frame.trust != Trust::Unreliable;
    let told = calls.iter().filter(vouched).any(|frame| is_blamed(frame, blamed));
    // A kernel without an unwinder vouches for no call, and after a jump astray none does: they are what there is.
    let walked = calls.iter().any(|frame| frame.trust == Trust::Return) && (told || blamed.is_none());
    let kept: Vec<Frame<'_>> = calls.iter().filter(|frame| !walked || vouched(frame)).copied().collect();
    // What ran to find and print the fault: all above the function to blame, as long as nothing was interrupted there.
    let is_machinery = |frame: &&Frame<'_>| {
        matches!(frame.trust, Trust::Return | Trust::Inlined)
            && (blame::is_never_to_blame(frame) || told)
            && !blame::only_waits(frame)
            && !is_blamed(frame, blamed)
    };
    let machinery = kept.iter().take_while(is_machinery).count();
    let machinery = if machinery > 1 && machinery < kept.len() { machinery } else { 0 };
    let frames = |count: usize| if count == 1 { "1 frame".to_string() } else { format!("{count} frames") };
    if machinery > 0 {
        folded(f, view, format_args!("{} of machinery", frames(machinery)))?;
    }
    let mut rest = kept.get(machinery..).unwrap_or_default();
    let (mut blamed, columns) = (blamed, columns(rest));
    while !rest.is_empty() {
        let (once, times) = repeated(rest);
        let (shown, next) = rest.split_at_checked(once * times).unwrap_or((rest, &[]));
        let shown = shown.get(..once).unwrap_or_default();
        rows(f, view, shown, columns, blamed)?;
        if shown.iter().any(|frame| is_blamed(frame, blamed)) {
            blamed = None;
        }
        match (once, times) {
            (_, 1) => {}
            (1, _) => folded(f, view, format_args!("the same {} times more", times - 1))?,
            _ => folded(f, view, format_args!("these {once} frames {} times more", times - 1))?,
        }
        rest = next;
    }
    match calls.len() - kept.len() {
        0 => Ok(()),
        doubtful => folded(f, view, format_args!("{} marked ?", frames(doubtful))),
    }
}

/// How many frames the stack begins with that come again and again behind each other, and how often: an endless recursion.
/// Where they do not come often, the first frames that begin no such thing, and 1.
fn repeated(calls: &[Frame<'_>]) -> (usize, usize) {
    let cycle = |at: usize| {
        (1..=LONGEST_CYCLE).find_map(|once| {
            let calls = calls.get(at..)?;
            let first = calls.get(..once)?;
            let again =
                |next: &&[Frame<'_>]| next.len() == once && first.iter().zip(*next).all(|(a, b)| same(a, b));
            let times = calls.chunks(once).take_while(again).count();
            (times >= SEVERAL_TIMES).then_some((once, times))
        })
    };
    let plain = (0..calls.len()).take_while(|at| cycle(*at).is_none()).count();
    if plain > 0 { (plain, 1) } else { cycle(0).unwrap_or((calls.len(), 1)) }
}

/// Whether two frames are at one place, as far as is known.
fn same(a: &Frame<'_>, b: &Frame<'_>) -> bool {
    let at = match (a.symbol, b.symbol) {
        (None, None) => a.address.is_some() && a.address == b.address,
        _ => (a.symbol, a.offset, a.module) == (b.symbol, b.offset, b.module),
    };
    let lines = [a, b].map(|frame| frame.source.map(|source| (source.line, source.column)));
    let files = [a, b].map(|frame| frame.source.map(|source| source.file));
    at && a.trust == b.trust && lines[0] == lines[1] && files[0] == files[1]
}

/// Whether a frame is of the function to blame.
fn is_blamed(frame: &Frame<'_>, blamed: Option<&str>) -> bool {
    blamed.is_some()
        && !frame.ends_function_before()
        && frame.function().map(crate::demangle::demangle).as_deref() == blamed
}

/// Writes all frames of a stack.
fn whole(f: &mut Formatter<'_>, view: &View<'_>, calls: &[Frame<'_>], blamed: Option<&str>) -> fmt::Result {
    rows(f, view, calls, columns(calls), blamed)
}

/// How wide the names are beside which places stand.
fn columns(calls: &[Frame<'_>]) -> usize {
    let sourced = calls.iter().filter(|frame| frame.source.is_some());
    let names = sourced.map(|frame| name(frame, true).chars().count());
    names.filter(|columns| *columns <= NAME_COLUMNS).max().unwrap_or(0)
}

/// Writes a row for each frame.
fn rows(
    f: &mut Formatter<'_>,
    view: &View<'_>,
    calls: &[Frame<'_>],
    columns: usize,
    blamed: Option<&str>,
) -> fmt::Result {
    // It is marked once, where it is nearest to the crash.
    let mut blamed = blamed;
    for frame in calls {
        let is_blamed = frame.trust != Trust::Unreliable && is_blamed(frame, blamed);
        let (mark, role) = match frame.trust {
            _ if is_blamed => (">", Some(Role::Blamed)),
            Trust::Unreliable => ("?", Some(Role::Noise)),
            _ => (" ", is_noise(frame).then_some(Role::Noise)),
        };
        if is_blamed {
            blamed = None;
        }
        let name = name(frame, true);
        let painted = |text: &dyn Display| match role {
            Some(role) => view.styles.paint(role, text).to_string(),
            None => text.to_string(),
        };
        write!(f, "  {mark} {}", painted(&name))?;
        if let Some(source) = frame.source {
            let blanks = columns.saturating_sub(name.chars().count());
            let place = format!("{}:{}", Plain(source.file.as_bytes()), source.line);
            let role = if role == Some(Role::Noise) { Role::Noise } else { Role::Place };
            write!(f, "{:blanks$}  {}", "", view.styles.paint(role, place))?;
        }
        writeln!(f, "{}", Behind(frame))?;
    }
    Ok(())
}

/// Writes the other stacks.
pub(super) fn others(f: &mut Formatter<'_>, view: &View<'_>, traces: &[&StackTrace<'_>]) -> fmt::Result {
    let mut lines = 0;
    // How many of each kind have been shown.
    let mut shown: HashMap<&str, usize> = HashMap::new();
    for trace in traces {
        let nth = shown.entry(trace.kind.as_str()).or_default();
        *nth += 1;
        let folded = !view.full && *nth > FOLDED_STACKS;
        lines += usize::from(folded);
        if folded && lines > LINES_OF_STACKS {
            continue;
        }
        let calls = calls(trace, view.sources);
        if calls.is_empty() {
            writeln!(f, "  {}", view.styles.paint(Role::Label, Heading(trace)))?;
            continue;
        }
        if folded {
            // Of the many stacks of a dump, what each task does.
            writeln!(f, "  {}: {}", view.styles.paint(Role::Label, Heading(trace)), Line(&calls))?;
            continue;
        }
        writeln!(f, "  {}", view.styles.paint(Role::Label, Heading(trace)))?;
        if view.full {
            whole(f, view, &calls, None)?;
            continue;
        }
        let mut meaningful: Vec<Frame<'_>> = calls.iter().copied().filter(|frame| !is_noise(frame)).collect();
        if meaningful.is_empty() {
            meaningful.extend(calls.iter().filter(|frame| frame.trust != Trust::Unreliable));
        }
        let shown = meaningful.get(..FOLDED_FRAMES).unwrap_or(&meaningful);
        whole(f, view, shown, None)?;
        more(f, view, calls.len() - shown.len(), "frame")?;
    }
    more(f, view, lines.saturating_sub(LINES_OF_STACKS), "stack")
}

/// `    … 12 more frames`
pub(super) fn more(f: &mut Formatter<'_>, view: &View<'_>, count: usize, what: &str) -> fmt::Result {
    match count {
        0 => Ok(()),
        1 => folded(f, view, format_args!("1 more {what}")),
        _ => folded(f, view, format_args!("{count} more {what}s")),
    }
}

/// What is not shown.
fn folded(f: &mut Formatter<'_>, view: &View<'_>, what: fmt::Arguments<'_>) -> fmt::Result {
    writeln!(f, "    {}", view.styles.paint(Role::Noise, format!("… {what}")))
}

/// The functions of a stack in one line.
struct Line<'f, 'a>(&'f [Frame<'a>]);

impl Display for Line<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let reliable = || self.0.iter().filter(|frame| frame.trust != Trust::Unreliable);
        let mut shown: Vec<String> = reliable()
            .filter(|frame| !is_noise(frame))
            .take(FUNCTIONS_OF_LINE)
            .map(|frame| name(frame, false))
            .collect();
        if shown.is_empty() {
            shown = reliable().take(FUNCTIONS_OF_LINE).map(|frame| name(frame, false)).collect();
        }
        if shown.is_empty() {
            return write!(f, "no frames");
        }
        write!(f, "{}", shown.join(" < "))
    }
}

/// Which stack it is, and whose.
struct Heading<'t, 'a>(&'t StackTrace<'a>);

impl Display for Heading<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let trace = self.0;
        let whose = match trace.kind {
            TraceKind::Crash | TraceKind::Other => "stack",
            TraceKind::Panic => "panic stack",
            TraceKind::Allocated => "allocated",
            TraceKind::Freed => "freed",
            TraceKind::RelatedWork => "related work created",
            TraceKind::UninitCreated => "uninit created",
            TraceKind::UninitStored => "uninit stored",
            TraceKind::Access => "access",
            TraceKind::LockDependency(_) => "lock dependency",
            TraceKind::LockUsage => "lock usage",
            TraceKind::Leak => "leaked",
            TraceKind::PageOwner => "page owner",
            TraceKind::Nmi => "NMI backtrace",
            TraceKind::Task => "task",
            TraceKind::PreemptionDisabled => "preemption disabled",
        };
        write!(f, "{whose}")?;
        if let TraceKind::LockDependency(link) = trace.kind {
            write!(f, " #{link}")?;
        }
        for name in [trace.lock, trace.usage].into_iter().flatten() {
            write!(f, " {}", Plain(name))?;
        }
        let by = match trace.kind {
            TraceKind::Task => "",
            TraceKind::Allocated | TraceKind::Freed | TraceKind::Access => " by",
            _ => " of",
        };
        match (trace.comm, trace.pid) {
            (Some(comm), Some(pid)) => write!(f, "{by} {} (pid {pid})", Plain(comm))?,
            (None, Some(pid)) => write!(f, "{by} pid {pid}")?,
            _ => {}
        }
        if let Some(cpu) = trace.cpu {
            write!(f, " on CPU {cpu}")?;
        }
        if trace.calls().next().is_some() {
            return Ok(());
        }
        let user = trace.registers.iter().any(|dump| dump.user);
        f.write_str(if user { ", in user space" } else { ", without frames" })
    }
}

/// Where a register dump stands that is of no stack.
pub(super) fn counter(f: &mut Formatter<'_>, view: &View<'_>, dump: &Registers<'_>) -> fmt::Result {
    let Some(pc) = dump.pc.filter(|_| !dump.user) else { return Ok(()) };
    pc.calls(view.sources).iter().try_for_each(|call| view.row(f, "also at", FrameText(call)))
}
