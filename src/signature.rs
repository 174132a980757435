//! What tells one bug from another: a number that the same crash has on every boot and build.

use crate::demangle::demangle;
use crate::facts::frame::{Frame, Trust};
use crate::facts::trace::{StackTrace, TraceKind};
use crate::kind::Kind;
use crate::report::Report;
use crate::rules;

/// Frames that go into a signature.
const FRAMES: usize = 3;

impl Report<'_> {
    /// A stable number for the kind of the crash and its first meaningful frames.
    ///
    /// Addresses, offsets, sizes, the suffixes that compilers add (`.isra.0`, `.cold`), inlined frames of
    /// symbolized logs and frames that the unwinder does not vouch for have no part in it. A hang is told by
    /// the function in its title, since the innermost one differs from time to time; a report without frames
    /// by its title.
    ///
    /// The number is the 64-bit FNV-1a hash of the kind's name and the functions' names, each followed by
    /// a line feed. To change it is a breaking change of this crate.
    pub fn signature(&self) -> u64 {
        self.signature_in(&self.traces())
    }

    /// The signature, given the report's stacks.
    pub(crate) fn signature_in(&self, traces: &[StackTrace<'_>]) -> u64 {
        let mut names = if self.kind() == Kind::Hang { Vec::new() } else { meaningful(traces) };
        if names.is_empty() {
            names.push(self.frame().unwrap_or(self.title()).to_string());
        }
        let mut hash = Fnv::default();
        hash.line(self.kind().as_str());
        names.iter().for_each(|name| hash.line(name));
        hash.0
    }
}

/// The first functions of the crash's own stack that may be to blame, the innermost first.
fn meaningful(traces: &[StackTrace<'_>]) -> Vec<String> {
    let own = |kind| traces.iter().filter(move |trace: &&StackTrace<'_>| trace.kind == kind);
    let mut names = Vec::new();
    for kind in [TraceKind::Crash, TraceKind::Access, TraceKind::Leak, TraceKind::Nmi] {
        let counters = own(kind).take(1).flat_map(|t| &t.registers).filter(|r| !r.user);
        let counters = counters.filter_map(|dump| dump.pc.as_ref()).take(1);
        let frames = own(kind).take(1).flat_map(|trace| &trace.frames);
        names.extend(counters.chain(frames).filter_map(name).take(FRAMES));
        if !names.is_empty() {
            break;
        }
    }
    names
}

/// A frame's function, if it may be to blame.
fn name(frame: &Frame<'_>) -> Option<String> {
    if matches!(frame.trust, Trust::Unreliable | Trust::Inlined) {
        return None;
    }
    let function = frame.function()?;
    let name = demangle(function);
    (!rules::NEVER_TO_BLAME.has(&name)).then(|| name.into_owned())
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
