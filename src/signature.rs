//! What tells one bug from another: a number that the same crash has on every boot, and on builds that inline alike.

use std::borrow::Cow;

use crate::blame;
use crate::demangle::demangle;
use crate::facts::frame::{Frame, Trust};
use crate::facts::trace::{StackTrace, TraceKind};
use crate::kind::Kind;
use crate::report::Report;

/// Frames that go into a signature.
const FRAMES: usize = 3;

impl Report<'_> {
    /// A stable number for the kind of the crash and its first meaningful frames, from the function to
    /// blame on.
    ///
    /// Addresses, offsets, sizes, the suffixes that compilers add (`.isra.0`, `.cold`), inlined frames of
    /// symbolized logs and frames that the unwinder does not vouch for have no part in it. A hang is told by
    /// the function in its title, since the innermost one differs from time to time; a report without frames
    /// by its title.
    ///
    /// What a build inlines has no frame of its own in an unsymbolized log: there the same crash of another configuration or
    /// compiler may have another number.
    ///
    /// The number is the 64-bit FNV-1a hash of the kind's name and the functions' names, each followed by
    /// a line feed. To change it is a breaking change of this crate.
    pub fn signature(&self) -> u64 {
        self.signature_in(&self.traces())
    }

    /// The signature, given the report's stacks.
    pub(crate) fn signature_in(&self, traces: &[StackTrace<'_>]) -> u64 {
        let mut names =
            if self.kind() == Kind::Hang { Vec::new() } else { meaningful(traces, self.blamed()) };
        if names.is_empty() {
            names.push(Cow::Borrowed(self.frame().unwrap_or(self.title())));
        }
        let mut hash = Fnv::default();
        hash.line(self.kind().as_str());
        names.iter().for_each(|name| hash.line(name));
        hash.0
    }
}

/// The first functions of the crash's own stack that may be to blame, the innermost first: from the one to
/// blame on, where it is among them. What it called is the same for many a bug.
fn meaningful<'a>(traces: &'a [StackTrace<'_>], blamed: Option<&str>) -> Vec<Cow<'a, str>> {
    let own = |kind| traces.iter().filter(move |trace: &&StackTrace<'_>| trace.kind == kind);
    for kind in [TraceKind::Crash, TraceKind::Access, TraceKind::Leak, TraceKind::Nmi] {
        let calls = own(kind).take(1).flat_map(StackTrace::calls);
        let names = calls.filter(|frame| !blame::is_never_to_blame(frame)).filter_map(|frame| name(&frame));
        let from_blamed = names.clone().skip_while(|name| Some(name.as_ref()) != blamed);
        let found: Vec<_> = from_blamed.take(FRAMES).collect();
        if !found.is_empty() {
            return found;
        }
        let found: Vec<_> = names.take(FRAMES).collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// A frame's function, if the unwinder vouches for it.
fn name<'a>(frame: &Frame<'a>) -> Option<Cow<'a, str>> {
    if matches!(frame.trust, Trust::Unreliable | Trust::Inlined) || frame.ends_function_before() {
        return None;
    }
    frame.function().map(demangle)
}

/// The 64-bit FNV-1a hash.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn line(&mut self, text: &str) {
        for byte in text.bytes().chain([b'\n']) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::reports;

    /// A report of `__schedule_bug`, kernel/sched/core.c, 6.1, whose stack is `frames`.
    fn signature(frames: &[&str]) -> u64 {
        let mut log = String::from(
            "[   12.000000] BUG: scheduling while atomic: demo/77/0x00000002\n\
             [   12.000001] CPU: 0 PID: 77 Comm: demo Not tainted 6.1.0 #1\n\
             [   12.000002] Call Trace:\n[   12.000003]  <TASK>\n",
        );
        for frame in frames {
            log.push_str("[   12.000004]  ");
            log.push_str(frame);
            log.push('\n');
        }
        log.push_str("[   12.000005]  </TASK>\n");
        let found: Vec<u64> = reports(log.as_bytes()).map(|report| report.signature()).collect();
        assert_eq!(found.len(), 1, "{log}");
        found.first().copied().unwrap_or_default()
    }

    const SLEEPS: &[&str] = &[
        "dump_stack_lvl+0x4c/0x5f",
        "__schedule_bug.cold+0x6c/0x79",
        "__schedule+0x1254/0x14d0",
        "schedule+0x8c/0x250",
        "demo_wait+0x1b/0x50 [demo]",
        "demo_write+0x10/0x90 [demo]",
        "vfs_write+0x164/0x610",
    ];

    fn with(from: &str, to: &str) -> Vec<String> {
        SLEEPS.iter().map(|frame| frame.replace(from, to)).collect()
    }

    fn of(frames: &[String]) -> u64 {
        signature(&frames.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn what_a_build_changes_is_not_in_it() {
        let plain = signature(SLEEPS);
        assert_eq!(of(&with("demo_wait+0x1b/0x50", "demo_wait+0x2c/0x61")), plain, "offsets");
        assert_eq!(of(&with("demo_wait+", "demo_wait.isra.0+")), plain, "the compiler's suffixes");
        assert_eq!(of(&with("[demo]", "[renamed]")), plain, "the module");
        assert_eq!(
            of(&with("demo_write", "demo_inlined fs/demo.c:1 [inline]\n[   12.000004]  demo_write")),
            plain
        );
    }

    #[test]
    fn the_function_to_blame_is_in_it() {
        assert_ne!(of(&with("demo_wait", "demo_poll")), signature(SLEEPS));
        // However deep the stack below it, which many bugs share.
        let deep = with(
            "schedule+0x8c/0x250",
            "schedule+0x8c/0x250\n[   12.000004]  io_schedule_timeout+0x1/0x9\n[   12.000004]  schedule_timeout+0x1/0x9\n[   12.000004]  usleep_range_state+0x1/0x9",
        );
        let other: Vec<String> = deep.iter().map(|frame| frame.replace("demo_wait", "demo_poll")).collect();
        assert_ne!(of(&deep), of(&other));
    }
}
