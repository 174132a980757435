//! Any text in, the same text out, with files and lines where the kernel wrote frames.

use std::ops::Range;

use super::{Error, Symbolizer};
use crate::arch;
use crate::facts::frame::{Calls, Frame, Trust};
use crate::line::Line;
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
    slide: Option<u64>,
}

/// A frame in a line.
pub(crate) struct Reference<'t> {
    pub(crate) frame: Frame<'t>,
    /// The symbol, its offset and size; or the address.
    pub(crate) at: Range<usize>,
    /// Number of the line in the text, from 0.
    pub(crate) line: usize,
}

impl<'s, 'f> Filter<'s, 'f> {
    /// Looks frames up with `symbolizer`.
    pub fn new(symbolizer: &'s Symbolizer<'f>) -> Filter<'s, 'f> {
        Filter { symbolizer, slide: None }
    }

    /// Looks up raw addresses as well: of a kernel without kallsyms. `slide` is its KASLR slide.
    pub fn slide(self, slide: u64) -> Filter<'s, 'f> {
        Filter { slide: Some(slide), ..self }
    }

    /// The frames of a text that have no source yet.
    pub fn frames(text: &[u8]) -> Vec<Frame<'_>> {
        references(text).into_iter().map(|found| found.frame).collect()
    }

    /// Adds to `out` the text with its frames looked up, and returns why frames were not found, each reason once.
    /// The text should end with the end of a line. What was not found stays as it was.
    pub fn text(&self, text: &[u8], out: &mut Vec<u8>) -> Vec<Error> {
        let mut references = references(text);
        if self.slide.is_some() {
            add_addresses(text, &mut references);
        }
        let frames: Vec<Frame<'_>> = references.iter().map(|found| found.frame).collect();
        let sources = self.symbolizer.sources(&frames, self.slide);
        let mut found = references.iter().peekable();
        for (number, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let of_line: Vec<(&Reference<'_>, Vec<Frame<'_>>)> =
                std::iter::from_fn(|| found.next_if(|reference| reference.line == number))
                    .map(|reference| (reference, sources.calls(reference.frame)))
                    .collect();
            decorate(line, &of_line, out);
        }
        sources.errors().to_vec()
    }
}

fn decorate(line: &[u8], found: &[(&Reference<'_>, Vec<Frame<'_>>)], out: &mut Vec<u8>) {
    let end = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line)).len();
    let (before, ending) = line.split_at_checked(end).unwrap_or((line, b""));
    for (reference, calls) in found {
        for call in calls.iter().filter(|call| call.trust == Trust::Inlined) {
            out.extend_from_slice(line.get(..reference.at.start).unwrap_or_default());
            out.extend_from_slice(call.symbol.unwrap_or_default().as_bytes());
            add_source(call, out);
            out.extend_from_slice(b" [inline]");
            out.extend_from_slice(if ending.is_empty() { b"\n" } else { ending });
        }
    }
    let mut at = 0;
    for (reference, calls) in found {
        out.extend_from_slice(before.get(at..reference.at.end).unwrap_or_default());
        at = reference.at.end;
        let Some(own) = calls.last() else { continue };
        if let (None, Some(symbol), Some(offset)) = (reference.frame.symbol, own.symbol, own.offset) {
            out.extend_from_slice(format!(" {symbol}+{offset:#x}").as_bytes());
        }
        add_source(own, out);
    }
    out.extend_from_slice(before.get(at..).unwrap_or_default());
    out.extend_from_slice(ending);
}

fn add_source(frame: &Frame<'_>, out: &mut Vec<u8>) {
    if let Some(source) = frame.source {
        out.extend_from_slice(format!(" {}:{}", source.file, source.line).as_bytes());
    }
}

/// Adds the frames that are bare addresses: `[<ffffffff8109c5d6>] 0xffffffff8109c5d6`.
fn add_addresses<'t>(text: &'t [u8], references: &mut Vec<Reference<'t>>) {
    let named: Vec<usize> = references.iter().map(|reference| reference.line).collect();
    for (number, raw) in text.split(|&byte| byte == b'\n').enumerate() {
        if named.binary_search(&number).is_ok() {
            continue;
        }
        let body = Line::parse(0, raw).body;
        if let Some(frame) =
            Frame::parse(body).filter(|frame| frame.symbol.is_none() && frame.address.is_some())
        {
            let end = raw.trim_ascii_end().len();
            let start = end - body.trim_ascii().len().min(end);
            references.push(Reference { frame, at: start..end, line: number });
        }
    }
    references.sort_by_key(|reference| reference.line);
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
