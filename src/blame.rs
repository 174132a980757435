//! Which function of a stack may be to blame, and which one is.
//!
//! Two things decide before a name does: the source file, where a symbolized log has it, and the module. Machinery is
//! the kernel's own; a driver's `acme_slab_init` only borrows the word.

use crate::demangle::demangle;
use crate::facts::frame::Frame;
use crate::formats::skip::Format;
use crate::formats::{Pick, skip};
use crate::rules::{self, CompiledRule, Names};
use crate::text;

/// A function of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Demangled.
    name: String,
    standing: Standing,
}

/// What a frame's place says of its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It is in a file of machinery.
    Machinery,
    /// It is the kernel proper's: its name decides.
    Proper,
    /// It is a driver's, and its name says nothing.
    Foreign,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The function in the title.
    Title,
    /// The function in the title of a stall without an anchor: what was interrupted.
    Interrupted,
    /// The function to blame: mostly the same.
    Culprit,
    /// The innermost function that may be to blame, by the stacks of any crash.
    Innermost,
}

/// The function in a title: its name there, and in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blamed {
    pub(crate) name: String,
    pub(crate) raw: String,
    /// Whether it may be to blame as well.
    pub(crate) guilty: bool,
}

/// The function that `name`, a part of a report's line, names, if it may be what is asked for.
pub(crate) fn candidate(rule: &CompiledRule, asked: Asked, body: &[u8], name: &[u8]) -> Option<Candidate> {
    let standing = standing_in(body, name);
    let name = demangle(text::ascii(name)?);
    let as_is = rule.rule.pick == Pick::AsIs && matches!(asked, Asked::Title | Asked::Interrupted);
    let kept = as_is
        || match standing {
            Standing::Machinery => false,
            Standing::Proper => !is_listed(rule, asked, &name),
            Standing::Foreign => true,
        };
    kept.then(|| Candidate { name: name.into_owned(), standing })
}

/// A function that KUnit has called: a test, whatever its name borrows, unless it is known by its whole name.
pub(crate) fn test(name: &str) -> Option<Candidate> {
    let name = demangle(name);
    let known = rules::NEVER_TO_BLAME.is_whole(&name);
    (!known).then(|| Candidate { name: name.into_owned(), standing: Standing::Foreign })
}

/// Whether a function of the kernel proper cannot be what is asked for.
fn is_listed(rule: &CompiledRule, asked: Asked, name: &str) -> bool {
    let wider = match asked {
        Asked::Title | Asked::Interrupted => false,
        Asked::Culprit => rule.to_blame.has(name),
        Asked::Innermost => rule.to_blame.has(name) || rules::ANY.skip.has(name),
    };
    // `do_page_fault` is both: on the way down a stalled stack it is where the work begins.
    if rule.rule.pick == Pick::Stall && asked != Asked::Innermost && rules::ANCHORS.has(name) {
        return false;
    }
    // The stack of a hang is asked as a whole, by `hung`.
    let own = rule.rule.pick != Pick::Hung && rule.skip.has(name);
    wider || own || rules::NEVER_TO_BLAME.has(name)
}

/// Whether a frame's function is never to blame.
pub(crate) fn is_never_to_blame(frame: &Frame<'_>) -> bool {
    match standing(frame) {
        Standing::Machinery => true,
        Standing::Proper => frame.function().is_some_and(|name| rules::NEVER_TO_BLAME.has(&demangle(name))),
        Standing::Foreign => false,
    }
}

/// Whether a frame's function is never to blame and calls nothing, so that it makes no frame.
pub(crate) fn is_leaf(frame: &Frame<'_>) -> bool {
    let is_one = |name: &str| rules::LEAVES.has(name) || rules::ANY.skip.has(name);
    standing(frame) != Standing::Foreign && frame.function().is_some_and(|name| is_one(&demangle(name)))
}

/// Whether a frame's function may be to blame for a crash that a rule is about, or else is of any kind.
pub(crate) fn may_be_to_blame(rule: &CompiledRule, frame: &Frame<'_>) -> bool {
    let Some(name) = frame.function().map(demangle) else { return false };
    let waits = |standing| rule.rule.pick == Pick::Hung && is_wait(standing, &name);
    let own = || rule.skip.has(&name) || rule.to_blame.has(&name) || rules::ANY.skip.has(&name);
    match standing(frame) {
        Standing::Machinery => false,
        Standing::Proper => !(waits(Standing::Proper) || own() || rules::NEVER_TO_BLAME.has(&name)),
        Standing::Foreign => !waits(Standing::Foreign),
    }
}

/// Whether a function only waits. Of a module one does that is called so, `wait_transaction_locked` of jbd2; any other
/// that has the word in its name waits for something of its own.
fn is_wait(standing: Standing, name: &str) -> bool {
    match standing {
        Standing::Foreign => name.starts_with("wait_"),
        Standing::Machinery | Standing::Proper => rules::WAITING.has(name),
    }
}

/// Whether a frame's function only waits.
pub(crate) fn only_waits(frame: &Frame<'_>) -> bool {
    frame.function().is_some_and(|name| is_wait(standing(frame), &demangle(name)))
}

/// What the text behind a name says of the function's place: `+0x12/0x30 [crashme]`.
fn standing_in(body: &[u8], name: &[u8]) -> Standing {
    let Some(from) = text::from(body, name) else { return Standing::Proper };
    if memchr::memchr3(b'[', b'(', b':', from).is_none() {
        return Standing::Proper;
    }
    match Frame::parse_symbol(from) {
        Ok((_, frame)) => standing(&frame),
        // A callee without an offset: `unwind_backtrace [acme] from show_stack+0x18/0x1c`
        Err(_) => {
            let module = text::symbol(from).ok().and_then(|(rest, name)| {
                let (module, _) = text::take(rest.strip_prefix(b" [")?, text::is_word_byte);
                Some((text::ascii(module)?, name))
            });
            module.map_or(Standing::Proper, |(module, name)| in_module(module, name))
        }
    }
}

fn standing(frame: &Frame<'_>) -> Standing {
    let known = frame.module.zip(frame.function()).map(|(module, name)| in_module(module, name));
    let file = frame.source.map(|source| source.file.trim_start_matches("./"));
    // Of a file that is named from the root nobody knows where the kernel's folders begin.
    match file.filter(|file| !file.starts_with(['/', '.'])) {
        Some(file) if is_in_machinery(file) => Standing::Machinery,
        Some(file) if is_proper(file) || known == Some(Standing::Proper) => Standing::Proper,
        Some(_) => Standing::Foreign,
        None => known.unwrap_or(Standing::Proper),
    }
}

/// The place of a module's function: a known one's, or a header's, of which each module has a copy of its own.
fn in_module(module: &str, name: &str) -> Standing {
    let names =
        skip::MODULES.iter().filter(|(known, _)| known.contains(&module)).flat_map(|(_, names)| *names);
    let known = names.copied().any(|known| known == name) || rules::INLINE.is_whole(name);
    if known { Standing::Proper } else { Standing::Foreign }
}

fn is_in_machinery(file: &str) -> bool {
    skip::MACHINERY.iter().any(|pattern| text::fits(pattern, file))
}

fn is_proper(file: &str) -> bool {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    skip::PROPER.iter().any(|start| file.starts_with(start)) || skip::PROPER_FOLDERS.contains(&folder)
}

/// The function of a stack that is asked for.
pub(crate) fn pick(rule: &CompiledRule, asked: Asked, stack: &[Candidate]) -> Option<Blamed> {
    match rule.rule.pick {
        _ if asked == Asked::Innermost => stack.first().map(|candidate| blamed(rule, candidate)),
        Pick::First | Pick::AsIs => stack.first().map(|candidate| blamed(rule, candidate)),
        Pick::Stall if asked == Asked::Interrupted => interrupted(rule, stack),
        Pick::Stall => stalled(rule, stack),
        Pick::Hung => hung(rule, asked, stack),
    }
}

fn blamed(rule: &CompiledRule, candidate: &Candidate) -> Blamed {
    let raw = candidate.name.clone();
    let name = stripped(&raw).min_by_key(|name| name.len()).unwrap_or(&raw).to_string();
    let listed = || {
        let runs = skip::RUNS_TESTS.contains(&raw.as_str());
        runs || rule.to_blame.has(&raw) || rules::NEVER_TO_BLAME.has(&raw)
    };
    let guilty = candidate.standing == Standing::Foreign || !listed();
    Blamed { name, raw, guilty }
}

/// The function that the first anchor called.
fn stalled(rule: &CompiledRule, stack: &[Candidate]) -> Option<Blamed> {
    let inner = || std::iter::once(stack.first()).flatten().chain(stack);
    let mut calls = inner().zip(stack);
    let found = calls.clone().find(|(called, by)| is_anchor(by) || is_compat_of(&by.name, &called.name));
    let (called, anchor) = found.or_else(|| calls.find(|(_, by)| is_late_anchor(by)))?;
    match skip::TITLED_ANCHORS.iter().find(|(piece, _)| anchor.name.contains(piece)) {
        Some((_, title)) => {
            Some(Blamed { name: (*title).to_string(), raw: anchor.name.clone(), guilty: false })
        }
        None => Some(blamed(rule, called)),
    }
}

/// The function that was interrupted. A counter alone is too little to tell by, but where the stack is full a kernel may
/// print no more: handle_bad_stack, arch/riscv/kernel/traps.c.
fn interrupted(rule: &CompiledRule, stack: &[Candidate]) -> Option<Blamed> {
    let listed = |names: &Names, candidate: &Candidate| {
        candidate.standing == Standing::Proper && names.has(&candidate.name)
    };
    let mut acting = stack.iter().filter(|candidate| !listed(&rules::ANY.skip, candidate));
    let first = acting.clone().next()?;
    let found = acting.find(|candidate| !listed(&rule.to_blame, candidate)).unwrap_or(first);
    let enough = rule.rule.format == Format::BadStack || stack.iter().any(|other| other.name != found.name);
    enough.then(|| blamed(rule, found))
}

/// Whether a function dispatches work. Of system calls the name without its prefix decides.
fn is_anchor(candidate: &Candidate) -> bool {
    let name = candidate.name.as_str();
    let bare = stripped(name).flat_map(|name| stripped(name).chain([name])).min_by_key(|name| name.len());
    candidate.standing == Standing::Proper
        && (rules::ANCHORS.has(name) || bare.is_some_and(|bare| rules::ANCHORS.has(bare)))
}

/// The same of those that count where a stack has no other.
fn is_late_anchor(candidate: &Candidate) -> bool {
    candidate.standing == Standing::Proper && rules::LATE_ANCHORS.has(&candidate.name)
}

/// Whether `caller` is only the 32-bit entry of `called`: `lo_compat_ioctl` of `lo_ioctl`.
fn is_compat_of(caller: &str, called: &str) -> bool {
    caller.contains("compat_") && caller.replacen("compat_", "", 1) == called
}

/// The first function that does not merely wait. Where all that a thread's work called does, it is the work.
fn hung(rule: &CompiledRule, asked: Asked, stack: &[Candidate]) -> Option<Blamed> {
    if asked == Asked::Title {
        for candidate in stack.iter().filter(|candidate| candidate.standing == Standing::Proper) {
            if let Some((_, name)) = skip::WAITED_FOR.iter().find(|(part, _)| candidate.name.contains(part)) {
                let name = if name.is_empty() { candidate.name.as_str() } else { *name };
                return Some(Blamed { name: name.to_string(), raw: candidate.name.clone(), guilty: false });
            }
        }
    }
    let found = stack.iter().position(|candidate| !is_wait(candidate.standing, &candidate.name))?;
    let candidate = stack.get(found)?;
    let dispatches = |candidate: &Candidate| is_anchor(candidate) || is_late_anchor(candidate);
    if asked == Asked::Culprit && dispatches(candidate) {
        let work = stack.get(..found)?.iter().rev().find(|inner| !dispatches(inner))?;
        return Some(blamed(rule, work));
    }
    let mut blamed = blamed(rule, candidate);
    blamed.guilty &= !dispatches(candidate);
    Some(blamed)
}

/// The name without each of the prefixes that it begins with.
pub(crate) fn stripped(name: &str) -> impl Iterator<Item = &str> {
    skip::SYSCALL_PREFIXES.iter().filter_map(move |prefix| name.strip_prefix(prefix))
}
