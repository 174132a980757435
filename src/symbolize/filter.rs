//! Any text in, the same text out, with files and lines where the kernel wrote frames.

use std::ops::Range;
use std::sync::Arc;

use super::{Error, Resolved, Symbolizer};
use crate::arch;
use crate::facts::frame::{Frame, Trust};
use crate::text;

/// What stands before an instruction's own address, beside the names of program counters: anything else is a
/// return address.
///
/// `__warn`, `stack_trace_print` of lockdep's keys, `kasan_report`'s hint, `show_workqueue_state`.
const EXACT: &[&str] = &["RIP: ", "EIP: ", "IP: [<", "WARNING: CPU", "hint: ", "key      at:", "idling at"];

/// Puts files and lines into a text.
///
/// ```text
///  cm_write+0x6b/0xb0 [crashme]
///  proc_reg_write+0x56/0xa0
/// ```
///
/// is then, with an inlined call on a line of its own before the one that it is in,
///
/// ```text
///  cm_write+0x6b/0xb0 main.c:39 [crashme]
///  pde_write fs/proc/inode.c:340 [inline]
///  proc_reg_write+0x56/0xa0 fs/proc/inode.c:352
/// ```
#[derive(Debug)]
pub struct Filter<'s, 'f> {
    symbolizer: &'s Symbolizer<'f>,
}

/// A frame in a line.
pub(crate) struct Reference<'t> {
    pub(crate) frame: Frame<'t>,
    /// The symbol, its offset and size.
    pub(crate) at: Range<usize>,
    /// Number of the line in the text, from 0.
    pub(crate) line: usize,
}

impl<'s, 'f> Filter<'s, 'f> {
    /// Looks frames up with `symbolizer`.
    pub fn new(symbolizer: &'s Symbolizer<'f>) -> Filter<'s, 'f> {
        Filter { symbolizer }
    }

    /// The modules that a text names in its frames, each once.
    pub fn modules(text: &[u8]) -> Vec<&str> {
        let mut modules: Vec<&str> = references(text).iter().filter_map(|found| found.frame.module).collect();
        modules.sort_unstable();
        modules.dedup();
        modules
    }

    /// The frames of a text that have no source yet.
    pub fn frames(text: &[u8]) -> Vec<Frame<'_>> {
        references(text).into_iter().map(|found| found.frame).collect()
    }

    /// Adds to `out` the text with its frames looked up. The text should end with the end of a line. What could
    /// not be found stays as it was, and `failed` is told why.
    pub fn text(&self, text: &[u8], out: &mut Vec<u8>, mut failed: impl FnMut(&Frame<'_>, &Error)) {
        let references = references(text);
        let frames: Vec<Frame<'_>> = references.iter().map(|found| found.frame).collect();
        let results = self.symbolizer.resolve_all(&frames);
        let mut found = references.iter().zip(&results).peekable();
        for (number, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let mut of_line = Vec::new();
            while let Some((reference, result)) = found.next_if(|(reference, _)| reference.line == number) {
                match result {
                    Ok(resolved) => of_line.push((reference, resolved)),
                    Err(error) => failed(&reference.frame, error),
                }
            }
            decorate(line, &of_line, out);
        }
    }
}

fn decorate(line: &[u8], found: &[(&Reference<'_>, &Arc<Resolved>)], out: &mut Vec<u8>) {
    let end = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line)).len();
    let (before, ending) = line.split_at_checked(end).unwrap_or((line, b""));
    for (reference, resolved) in found {
        for call in resolved.frames.iter().filter(|call| call.inlined) {
            out.extend_from_slice(line.get(..reference.at.start).unwrap_or_default());
            out.extend_from_slice(call.function.as_bytes());
            if let (Some(file), Some(line)) = (&call.file, call.line) {
                out.extend_from_slice(format!(" {file}:{line}").as_bytes());
            }
            out.extend_from_slice(b" [inline]");
            out.extend_from_slice(ending);
        }
    }
    let mut at = 0;
    for (reference, resolved) in found {
        out.extend_from_slice(before.get(at..reference.at.end).unwrap_or_default());
        at = reference.at.end;
        if let Some((file, line)) =
            resolved.frames.last().and_then(|call| Some((call.file.as_ref()?, call.line?)))
        {
            out.extend_from_slice(format!(" {file}:{line}").as_bytes());
        }
    }
    out.extend_from_slice(before.get(at..).unwrap_or_default());
    out.extend_from_slice(ending);
}

/// All frames of a text that have no source yet.
pub(crate) fn references(text: &[u8]) -> Vec<Reference<'_>> {
    let mut all = Vec::new();
    let mut line = 0;
    let mut start = 0;
    for plus in memchr::memmem::find_iter(text, b"+0x") {
        let passed = text.get(start..plus).unwrap_or_default();
        if let Some(newline) = memchr::memrchr(b'\n', passed) {
            line += memchr::memchr_iter(b'\n', passed).count();
            start += newline + 1;
        }
        let before = text.get(start..plus).unwrap_or_default();
        let symbol = before.iter().rev().take_while(|&&byte| text::is_symbol_byte(byte)).count();
        let from = before.len() - symbol;
        let end =
            memchr::memchr(b'\n', text.get(plus..).unwrap_or_default()).map_or(text.len(), |end| plus + end);
        let Some(rest) = text.get(start + from..end) else { continue };
        let Ok((_, frame)) = Frame::parse_symbol(rest) else { continue };
        if frame.size.is_none() || frame.source.is_some() {
            continue;
        }
        let lead = before.get(..from).unwrap_or_default();
        let trust = if is_exact(lead) { Trust::Pc } else { Trust::Return };
        let length = symbol + reference_length(text.get(plus..end).unwrap_or_default());
        all.push(Reference { frame: Frame { trust, ..frame }, at: from..from + length, line });
    }
    all
}

/// Length of `+0x12/0x34`.
fn reference_length(text: &[u8]) -> usize {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let offset = 3 + digits(text.get(3..).unwrap_or_default());
    offset + 3 + digits(text.get(offset + 3..).unwrap_or_default())
}

/// Whether what stands before a symbol says that its address is an instruction's own.
fn is_exact(lead: &[u8]) -> bool {
    EXACT.iter().any(|mark| text::contains(lead, mark))
        || arch::ALL.iter().any(|arch| {
            // The line's body may begin anywhere: what is before it is not looked at here.
            arch.pc_prefixes.iter().any(|&prefix| {
                text::find(lead, prefix).is_some_and(|at| at == 0 || lead.get(at - 1) == Some(&b' '))
            })
        })
}
