//! The innermost function that may be to blame for a crash, from its stacks and registers.
//!
//! A title names the frame that the convention picks from the lines of one stack. Here the stack is read as it is: it
//! begins at the program counter of the registers, and what the kernel called to print it does not count.

use crate::blame;
use crate::demangle::demangle;
use crate::facts::frame::{Frame, Trust};
use crate::facts::memory::{FAILING, is_entered};
use crate::facts::registers::{self, Registers};
use crate::facts::task::Workqueue;
use crate::facts::trace::{StackTrace, TraceKind};
use crate::formats::skip::Format;
use crate::formats::{Pick, fault, stall};
use crate::line::Line;
use crate::rules::{self, CompiledRule};
use crate::text;

/// Kinds of stacks that may tell who is to blame, the better ones first.
const KINDS: &[TraceKind] = &[
    TraceKind::Crash,
    TraceKind::Access,
    TraceKind::Leak,
    TraceKind::Nmi,
    TraceKind::Task,
    TraceKind::Panic,
];

/// Where a stack begins that is of a task that does not run: `__switch_to` of arch/*/kernel/process.c, and its caller.
const SWITCH: &[&str] = &["__switch_to", "context_switch"];

/// Functions that run work: the work is to blame, and not they.
pub(super) const WORKERS: &[&str] = &[
    "process_one_work",
    "process_scheduled_works",
    "worker_thread",
    "kthread",
    "ret_from_fork",
    "ret_from_fork_asm",
    "ret_from_kernel_thread",
];

/// Where the program counter of a crash stands, as far as it tells whom to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    /// Where no function is, or where the kernel may not run: whoever called that is to blame.
    Astray,
    /// In a function that makes no frame and is not to blame: its caller is known by a register, and the stack may have
    /// only the caller's caller.
    Leaf,
    /// In any other function, or it is not printed.
    Other,
}

/// Where the program counter stands.
///
/// What counts is said before the stack, of some CPUs behind the counter. A kernel that knows data by name puts a symbol to either,
/// `Krnl PSW : 0704c00180000000 000003ff60012242 (data.1+0x2/0x40 [crashme])`; then the fault tells that it was a fetch.
pub(super) fn counter<'a>(bodies: impl Iterator<Item = &'a [u8]>) -> Counter {
    let mut failing = None;
    let (mut found, mut named) = (Counter::Other, None);
    for body in bodies {
        let body = text::skip_blanks(body);
        let Some(&first) = body.first() else { continue };
        let says = |(start, words): &(&str, &str)| {
            start.as_bytes().first() == Some(&first)
                && text::begins(body, start)
                && text::contains(body, words)
        };
        if fault::FETCHES.iter().any(says) {
            return Counter::Astray;
        }
        if is_heading(body) {
            break;
        }
        if let Some(address) = body.strip_prefix(FAILING.as_bytes()) {
            failing = text::hex_run(address).1;
        } else if named.is_none()
            && let Some((pc, arch)) = registers::kernel_counter(body)
        {
            let fails =
                !is_entered(&pc) && pc.address.map(page).is_some_and(|at| Some(at) == failing.map(page));
            named = pc.symbol;
            let tells_caller = !(arch.link_prefixes.is_empty() && arch.strays.is_empty());
            found = match named {
                Some(_) if !fails && tells_caller && blame::is_leaf(&pc) => Counter::Leaf,
                Some(_) if !fails => Counter::Other,
                _ => Counter::Astray,
            };
        }
    }
    found
}

/// Whether a stack begins with the line.
fn is_heading(body: &[u8]) -> bool {
    body.starts_with(b"Call ") || body.starts_with(b"Backtrace:")
}

/// The page of an address: all that s390 tells of one that faulted.
fn page(address: u64) -> u64 {
    address >> 12
}

/// The innermost function that may be to blame; `rule` is the one that gave the title, if any.
///
/// The convention never believes a frame that the unwinder does not vouch for. Here one counts where there are no
/// others, and where the program counter is no function's: after a call through a bad pointer the unwinder of x86
/// cannot vouch for the first frame, which is the caller.
pub(super) fn innermost(rule: Option<&CompiledRule>, lines: &[Line<'_>], counter: Counter) -> Option<String> {
    if let Some(rule) = rule.filter(|rule| !rule.rule.said_by.is_empty()) {
        return Some(rule.rule.said_by.to_string());
    }
    let pick = rule.map(|rule| rule.rule.pick);
    let own = if pick == Some(Pick::Hung) { TraceKind::Task } else { TraceKind::Other };
    // Many a banner is all of its report, and names no place.
    let bare = matches!(lines, [banner] if !(text::contains(banner.body, "+0x") || registers::is_pc_line(banner.body)));
    let (traces, strays) =
        if bare { (Vec::new(), Vec::new()) } else { StackTrace::read_with_strays(lines, Some(own)) };
    let suspects = Suspects { rule, pick, at: counter };
    // The panic that the report is of: what other CPUs did then comes after its stack.
    let announced = traces.iter().filter(|trace| trace.kind == TraceKind::Panic && trace.line == 0);
    let tracks = if rule.is_some_and(|rule| rule.rule.tracked) { tracks(lines) } else { [].as_slice() };
    let of_kinds =
        tracks.iter().chain(KINDS).flat_map(|kind| traces.iter().filter(move |trace| trace.kind == *kind));
    // A counter that is astray may leave no stack at all.
    let alone = || strays.iter().filter(|dump| !dump.user).find_map(|dump| suspects.of(dump));
    let found = announced.chain(of_kinds).filter_map(|trace| suspects.first(trace)).next();
    let found = found.or_else(|| if traces.is_empty() { alone() } else { None });
    let is_work = |name: &String| !WORKERS.contains(&name.as_str());
    // Who runs everybody's work is not why it waits.
    let runs = |_: &String| pick != Some(Pick::Hung);
    found.clone().filter(is_work).or_else(|| work(lines)).or(found.filter(runs))
}

/// Who had a damaged object: where it is in use (`SLUB_RED_ACTIVE`) who allocated it writes beyond its end, and where it
/// is free who freed it writes into it still.
fn tracks(lines: &[Line<'_>]) -> &'static [TraceKind] {
    let bodies = || lines.iter().map(|line| line.body);
    let beyond = bodies().take(1).any(|banner| text::contains(banner, "edzone overwritten"));
    let in_use =
        bodies().find(|body| body.starts_with(b"Redzone ")).is_some_and(|row| text::contains(row, " cc cc "));
    if beyond || in_use {
        &[TraceKind::Allocated, TraceKind::Freed]
    } else {
        &[TraceKind::Freed, TraceKind::Allocated]
    }
}

/// How a stack is searched.
#[derive(Clone, Copy)]
struct Suspects<'r> {
    rule: Option<&'r CompiledRule>,
    pick: Option<Pick>,
    at: Counter,
}

impl Suspects<'_> {
    /// Whether the kernel was interrupted to print the stack: what the interrupt called is not of it.
    fn interrupted(self) -> bool {
        let stops = |format| matches!(format, Format::HardLockup | Format::SoftLockup);
        self.pick == Some(Pick::Stall) || self.rule.is_some_and(|rule| stops(rule.rule.format))
    }

    /// The first function that may be to blame.
    fn first(self, trace: &StackTrace<'_>) -> Option<String> {
        let calls: Vec<Frame<'_>> = trace.calls().collect();
        let start = trace.start();
        let interrupted = self.interrupted() || trace.kind == TraceKind::Nmi;
        let counter =
            start.and_then(|dump| dump.pc).and_then(|pc| calls.iter().position(|frame| frame.is_at(&pc)));
        let found =
            stopped(&calls).filter(|_| interrupted && (counter.is_none() || calls.iter().any(is_finder)));
        let begins = found.or(counter);
        // A task that does not run stands in the switch to the next one.
        let switch = calls.iter().take_while(|frame| {
            start.is_none() && frame.function().is_some_and(|name| SWITCH.contains(&name))
        });
        let first = begins.unwrap_or_else(|| switch.count());
        let calls = calls.get(first..).unwrap_or_default();
        let astray = self.at == Counter::Astray;
        let branch = start.and_then(|dump| match self.at {
            Counter::Astray => dump.branch.or(dump.link),
            // The link register is a frame of the stack by now.
            Counter::Leaf => dump.branch,
            Counter::Other => None,
        });
        let may = |frame: &&Frame<'_>| astray || frame.trust != Trust::Unreliable;
        let past = calls.iter().skip(if astray { behind_fault(calls) } else { 0 }).filter(may);
        let branch = branch.iter().chain(repeated(calls).filter(|_| begins.is_some()));
        let names = branch.chain(past).filter_map(|frame| self.name(frame)).next();
        names.or_else(|| calls.iter().filter_map(|frame| self.name(frame)).next())
    }

    /// The first function that may be to blame, of registers alone.
    fn of(self, dump: &Registers<'_>) -> Option<String> {
        let pc = dump.pc.filter(|_| self.at != Counter::Astray);
        pc.iter().chain(&dump.branch).chain(&dump.link).find_map(|frame| self.name(frame))
    }

    /// The function of a frame, if it may be to blame.
    fn name(self, frame: &Frame<'_>) -> Option<String> {
        if frame.trust == Trust::Inlined || frame.ends_function_before() {
            return None;
        }
        // A pointer to a function that lies on the stack is named as the end of what stands before that one.
        if frame.trust == Trust::Unreliable && frame.offset.is_some() && frame.offset == frame.size {
            return None;
        }
        // What stands before a function is never called: its end is the function's address, CONFIG_CALL_PADDING of x86.
        let name = demangle(frame.function().filter(|name| !name.starts_with("__pfx_"))?);
        let may = blame::may_be_to_blame(self.rule.unwrap_or(&rules::ANY), frame);
        may.then(|| name.to_string())
    }
}

/// Where in a stack the caller of no function begins: behind the counter, and behind what the fault called to print the stack
/// where the unwinder vouches for none of it, `? __die_body`, `? exc_page_fault`, `? asm_exc_page_fault`.
fn behind_fault(calls: &[Frame<'_>]) -> usize {
    let unvouched =
        calls.iter().enumerate().skip(1).take_while(|(_, frame)| frame.trust == Trust::Unreliable);
    let prints = calls.get(1).is_some_and(blame::is_never_to_blame);
    let is_entry = |name: &str| name.starts_with(fault::ENTRY) || fault::ENTRIES.contains(&name);
    let enters = |frame: &Frame<'_>| frame.function().is_some_and(is_entry);
    let entry = unvouched.filter(|_| prints).find(|(_, frame)| enters(frame));
    entry.map_or(1, |(at, _)| at + 1)
}

/// Whether a frame is of who was called by an interrupt to have a stack printed.
fn is_finder(frame: &Frame<'_>) -> bool {
    frame.function().is_some_and(|name| stall::FINDERS.contains(&name))
}

/// Where in a stack what an interrupt stopped begins, of the interrupt that had the stack printed: any other may itself be what
/// does not come to its end.
fn stopped(calls: &[Frame<'_>]) -> Option<usize> {
    let finder = calls.iter().rposition(is_finder);
    let from = finder.unwrap_or(0);
    let calls = calls.get(from..)?;
    // A kernel without an unwinder vouches for none.
    let vouched = calls.iter().any(|frame| frame.trust == Trust::Return);
    let is_entry = |frame: &Frame<'_>| {
        (frame.trust == Trust::Return || !vouched)
            && frame.function().is_some_and(|name| rules::ENTRIES.has(name))
    };
    // A stack of 32-bit ARM up to Linux 3.17 begins with what dumps it, as callee: unwind_backtrace.
    let dumper = usize::from(calls.first().is_some_and(blame::is_never_to_blame));
    let counter = calls.iter().skip(dumper).position(|frame| frame.trust == Trust::Pc).map(|at| at + dumper);
    let behind = || {
        let entry = finder.and_then(|_| calls.iter().position(is_entry))?;
        let rest = calls.iter().skip(entry);
        Some(entry + rest.take_while(|frame| is_entry(frame)).count())
    };
    counter.or_else(behind).map(|at| from + at)
}

/// The counter that an NMI stopped, up to Linux 4.x: its stack has copies of it, for which the unwinder does not vouch.
fn repeated<'c, 'a>(calls: &'c [Frame<'a>]) -> Option<&'c Frame<'a>> {
    let unvouched = calls.iter().take_while(|frame| frame.trust == Trust::Unreliable);
    unvouched.zip(calls.iter().skip(1)).find(|(frame, next)| frame.is_at(next)).map(|(frame, _)| frame)
}

/// The work that a worker was busy with, where its stack has no function of it any more.
fn work(lines: &[Line<'_>]) -> Option<String> {
    let worker = lines.iter().find_map(|line| Workqueue::parse(line.body)?.function);
    worker.or_else(|| in_flight(lines)).map(|name| demangle(name).into_owned())
}

/// The work that keeps a pool of workers busy, where no stack tells it: `show_pwq` in `kernel/workqueue.c`.
///
/// ```text
/// BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 31s!
///   pwq 2: cpus=1 node=0 flags=0x0 nice=0 active=3/256 refcnt=4
///     in-flight: 52:hog_work_fn [demo], 53(RESCUER):other_fn
/// ```
fn in_flight<'a>(lines: &[Line<'a>]) -> Option<&'a str> {
    let mut bodies = lines.iter().map(|line| line.body);
    let pool = text::after(bodies.next()?, "BUG: workqueue lockup - pool ")?;
    let pool = pool.get(..text::find(pool, " stuck for ")?)?;
    let mut own = false;
    bodies.find_map(|body| {
        if let Some(queue) = text::skip_blanks(body).strip_prefix(b"pwq ") {
            own = text::after(queue, ": ").is_some_and(|queue| queue.starts_with(pool));
        }
        let worker = text::skip_blanks(body).strip_prefix(b"in-flight:").filter(|_| own)?;
        Some(text::symbol(text::after(worker, ":")?).ok()?.1)
    })
}
