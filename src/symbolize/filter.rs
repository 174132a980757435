//! Any text in, the same text out, with files and lines where the kernel wrote frames.

use std::ops::Range;

use super::{Error, Symbolizer};
use crate::arch;
use crate::facts::frame::{Calls, Frame, Trust};
use crate::facts::memory::kfence;
use crate::facts::registers::{self, Registers};
use crate::line::Line;
use crate::text;

/// What stands before an instruction's own address, beside the names of program counters: two texts, in this order.
/// Anything else is a return address.
///
/// - `WARNING: CPU: 0 PID: 1 at kernel/fork.c:12 fn+0x1/0x2`, since Linux 6.18 `WARNING: kernel/fork.c:12 at fn+0x1/0x2,
///   CPU#0: init/1`: `__warn`, called by the trap
/// - `IP: fn+0x1/0x2`: `show_ip` of x86, Linux 4.10 to 5.0; `[<…>]` before it up to 4.9
/// - `unchecked MSR access error: RDMSR from 0x1 at rIP: 0x… (fn+0x1/0x2)`: `ex_handler_msr`
/// - `RIP 10:<ffffffff81000000> {fn+0x1/0x2}`: `print_mce`
/// - `CFI failure at fn+0x1/0x2 (target: …)`: `report_cfi_failure`
/// - `BUG: KFENCE: use-after-free read in fn+0x1/0x2`: `kfence_report_error`, with the registers of a fault
/// - `hint: fn+0x1/0x2` of timers and works, `key      at: [<…>] key+0x0/0x40` of lockdep, `idling at fn+0x1/0x2` of a
///   CPU that was asked for its backtrace: none is of a call
const EXACT: &[(&str, &str)] = &[
    ("WARNING: ", " at "),
    ("IP: ", ""),
    ("at rIP: 0x", "("),
    ("RIP 10:<", "{"),
    ("CFI failure at ", ""),
    ("BUG: KFENCE: ", " read in "),
    ("BUG: KFENCE: ", " write in "),
    ("hint: ", ""),
    ("key      at:", ""),
    ("idling at", ""),
];
/// Bytes before a symbol that are looked at, and bytes of a symbol: no kernel prints more of either.
const LEAD_BYTES: usize = 160;
const SYMBOL_BYTES: usize = 512;

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

    /// Looks up raw addresses as well: of a kernel without kallsyms, or alone in a line. `slide` is its KASLR slide.
    pub fn slide(self, slide: u64) -> Filter<'s, 'f> {
        Filter { slide: Some(slide), ..self }
    }

    /// The frames of a text that have no source yet.
    pub fn frames(text: &[u8]) -> Vec<Frame<'_>> {
        references(text).into_iter().map(|found| found.frame).collect()
    }

    /// Whether a text has lines that are addresses alone, and no frame: of a kernel that was moved they do not tell the
    /// slide.
    pub fn is_of_addresses(text: &[u8]) -> bool {
        !bare_addresses(text).is_empty() && references(text).is_empty()
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

/// Addresses that stand alone in a text: in lines of nothing but addresses and frames. Whether the kernel that they are of
/// was moved, they do not tell.
fn bare_addresses(text: &[u8]) -> Vec<Reference<'_>> {
    let mut all = Vec::new();
    for (number, raw) in text.split(|&byte| byte == b'\n').enumerate() {
        all.extend(words_alone(raw).into_iter().filter_map(|at| {
            let address = address_word(raw.get(at.clone())?)?;
            Some(Reference { frame: Frame::at(address), at, line: number })
        }));
    }
    all
}

/// `0xffffffff8109c5d6`, `ffffffff8109c5d6`.
fn address_word(word: &[u8]) -> Option<u64> {
    let digits = word.strip_prefix(b"0x");
    let long = if digits.is_some() { 8..=16 } else { 16..=16 };
    let digits = digits.unwrap_or(word);
    long.contains(&digits.len()).then(|| text::number(digits, 16)).flatten()
}

/// `vfs_write+0x225`, with a size or without.
fn is_symbol_word(word: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(word, b"+0x") else { return false };
    let (symbol, rest) = word.split_at_checked(at).unwrap_or((word, b""));
    let digits = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let mut numbers = rest.get(3..).unwrap_or_default().splitn(2, |&byte| byte == b'/');
    let offset = numbers.next().is_some_and(digits);
    let size = numbers.next().is_none_or(|size| size.strip_prefix(b"0x").is_some_and(digits));
    !symbol.is_empty() && symbol.iter().all(|&byte| text::is_symbol_byte(byte)) && offset && size
}

/// Where the words of a line are that has nothing but frames and addresses: as somebody passes them on. Nothing of any
/// other line.
fn words_alone(raw: &[u8]) -> Vec<Range<usize>> {
    if raw.len() > LEAD_BYTES + SYMBOL_BYTES {
        return Vec::new();
    }
    let raw = raw.trim_ascii_end();
    let body = body(raw);
    let Some(mut at) = raw.ends_with(body).then(|| raw.len() - body.len()) else { return Vec::new() };
    let mut words = Vec::new();
    for word in body.split(u8::is_ascii_whitespace) {
        let is_module = || word.starts_with(b"[") && word.ends_with(b"]");
        let is_wanted = is_symbol_word(word) || address_word(word).is_some();
        if is_wanted {
            words.push(at..at + word.len());
        } else if !(word.is_empty() || word == b"?" || is_module()) {
            return Vec::new();
        }
        at += word.len() + 1;
    }
    words
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

/// Adds the frames that are bare addresses: `[<ffffffff8109c5d6>] 0xffffffff8109c5d6`, `RIP: 0010:0xffffffff8109c5d6`.
fn add_addresses<'t>(text: &'t [u8], references: &mut Vec<Reference<'t>>) {
    let named: Vec<usize> = references.iter().map(|reference| reference.line).collect();
    for (number, raw) in text.split(|&byte| byte == b'\n').enumerate() {
        if memchr::memmem::find(raw, b"0x").is_none() || named.binary_search(&number).is_ok() {
            continue;
        }
        let raw = raw.trim_ascii_end();
        let body = body(raw);
        let counter = || Registers::read([body]).into_iter().next().filter(|dump| !dump.user)?.pc;
        let frame = Frame::parse(body).or_else(counter);
        let Some(frame) = frame.filter(|frame| frame.symbol.is_none() && frame.address.is_some()) else {
            continue;
        };
        // The number is the last word of the line.
        let digits = raw.iter().rev().take_while(|byte| byte.is_ascii_hexdigit() || **byte == b'x').count();
        let start = raw.len() - digits;
        if text::hex(raw.get(start..).unwrap_or_default())
            .is_ok_and(|(_, number)| Some(number) == frame.address)
        {
            references.push(Reference { frame, at: start..raw.len(), line: number });
        }
    }
    let known: Vec<usize> = references.iter().map(|reference| reference.line).collect();
    references
        .extend(bare_addresses(text).into_iter().filter(|bare| known.binary_search(&bare.line).is_err()));
    references.sort_by_key(|reference| (reference.line, reference.at.start));
}

/// All frames of a text that have no source yet.
pub(crate) fn references(text: &[u8]) -> Vec<Reference<'_>> {
    let plus = memchr::memmem::Finder::new("+0x");
    let mut all = Vec::new();
    // Whether KFENCE saw an access: the next frame is where.
    let mut fault = false;
    for (number, raw) in text.split(|&byte| byte == b'\n').enumerate() {
        if plus.find(raw).is_none() {
            fault = raw.ends_with(b":") && kfence::is_fault(body(raw)) || fault && raw.is_empty();
            continue;
        }
        let fault = std::mem::take(&mut fault);
        let mut from = 0;
        for at in plus.find_iter(raw) {
            let Some(found) = reference(raw, from, at, number) else { continue };
            from = found.at.end;
            let first = all.last().is_none_or(|last: &Reference<'_>| last.line != number);
            let exact = first && (fault || is_exact_line(raw)) || is_exact(raw, &found.at);
            // Only what has an address is surely a frame, and may return to where a function starts.
            let starts = found.frame.offset == Some(0) && found.frame.address.is_none();
            let trust = if exact || starts { Trust::Pc } else { Trust::Return };
            all.push(Reference { frame: Frame { trust, ..found.frame }, ..found });
        }
    }
    all
}

/// The frame of which `+0x` is at an offset of a line, if its symbol begins at `from` or later.
fn reference(raw: &[u8], from: usize, at: usize, line: usize) -> Option<Reference<'_>> {
    let before = raw.get(from.max(at.saturating_sub(SYMBOL_BYTES))..at)?;
    let symbol = before.iter().rev().take_while(|&&byte| text::is_symbol_byte(byte)).count();
    let start = at - symbol;
    let rest = raw.get(start..raw.len().min(at + SYMBOL_BYTES))?;
    let end = at + reference_length(raw.get(at..)?);
    let mut frame = match Frame::parse_symbol(rest) {
        Ok((_, frame)) if frame.size.is_some() => Some(frame).filter(|frame| frame.source.is_none())?,
        // Without a size it may be anything, but for what stands alone.
        _ if words_alone(raw).contains(&(start..end)) => {
            let symbol = std::str::from_utf8(raw.get(start..at)?).ok();
            let offset = text::number(raw.get(at + 3..end)?, 16);
            let module =
                raw.get(end..)?.strip_prefix(b" [").and_then(|rest| rest.split(|&b| b == b']').next());
            let module = module.and_then(|module| std::str::from_utf8(module).ok());
            Frame { symbol, offset, module, ..Frame::at(0) }
        }
        _ => return None,
    };
    frame.address = address_before(raw.get(from..start)?);
    Some(Reference { frame, at: start..end, line })
}

/// The address in brackets that ends a text: `[<ffffffff8109c5d6>] `, also with the mark of doubt behind it.
fn address_before(lead: &[u8]) -> Option<u64> {
    let lead = lead.trim_ascii_end();
    let lead = lead.strip_suffix(b"?").unwrap_or(lead).trim_ascii_end();
    let lead = lead.strip_suffix(b"]")?;
    let lead = lead.strip_suffix(b">").unwrap_or(lead);
    let digits = lead.iter().rev().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (before, digits) = lead.split_at_checked(lead.len() - digits)?;
    let bracketed = before.ends_with(b"[<") || before.ends_with(b"[");
    text::number(digits, 16).filter(|_| bracketed && digits.len() >= 8)
}

/// The text of a line behind its prefixes.
fn body(raw: &[u8]) -> &[u8] {
    Line::parse(0, raw).body
}

/// Length of `+0x12/0x34` or `+0x12`.
fn reference_length(text: &[u8]) -> usize {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let offset = 3 + digits(text.get(3..).unwrap_or_default());
    if !text.get(offset..).is_some_and(|size| size.starts_with(b"/0x")) {
        return offset;
    }
    offset + 3 + digits(text.get(offset + 3..).unwrap_or_default())
}

/// Whether the first symbol of a line is where an instruction is: `RIP: 0010:fn+0x1/0x2`, ` fn+0x1/0x2 (P)`.
fn is_exact_line(raw: &[u8]) -> bool {
    if raw.len() > LEAD_BYTES + SYMBOL_BYTES {
        return false;
    }
    let body = body(raw);
    registers::is_pc_line(body) || Frame::parse(body).is_some_and(|frame| frame.trust == Trust::Pc)
}

/// Whether what stands before a symbol says that its address is an instruction's own.
fn is_exact(raw: &[u8], at: &Range<usize>) -> bool {
    let lead = raw.get(at.start.saturating_sub(LEAD_BYTES)..at.start).unwrap_or_default();
    // A mark is of the symbol that follows it.
    let lead = memchr::memmem::rfind(lead, b"+0x").and_then(|last| lead.get(last..)).unwrap_or(lead);
    let marked = |(first, then): &(&str, &str)| {
        text::after(lead, first).is_some_and(|rest| then.is_empty() || text::contains(rest, then))
    };
    // `WARNING: at fn`: what is between the two may be nothing.
    EXACT.iter().any(marked) || text::contains(lead, "WARNING: at ") || counter_before(lead)
}

/// Whether the name of a program counter stands before a symbol, in a line with prefixes that nobody knows.
fn counter_before(lead: &[u8]) -> bool {
    let named =
        |prefix: &&str| text::find(lead, prefix).is_some_and(|at| at == 0 || lead.get(at - 1) == Some(&b' '));
    arch::ALL.iter().flat_map(|arch| arch.pc_prefixes).any(named)
}

#[cfg(test)]
mod tests {
    use super::{Trust, references};

    /// Which frames of a text are looked up exactly.
    fn exact(text: &str) -> Vec<bool> {
        references(text.as_bytes()).iter().map(|found| found.frame.trust == Trust::Pc).collect()
    }

    #[test]
    fn what_is_an_instruction_and_what_a_call() {
        for (line, wanted) in [
            (" fn+0x1/0x20", false),
            (" ? fn+0x1/0x20 [mod]", false),
            ("[<ffffffff8109c5d6>] fn+0x1/0x20", false),
            (" fn+0x1/0x20 (P)", true),
            (" fn+0x1/0x20 (L)", false),
            ("RIP: 0010:fn+0x1/0x20", true),
            ("[    1.0][    T1] RIP: 0010:fn+0x1/0x20 [mod]", true),
            ("Mar  1 host kernel: weird[3]: RIP: 0010:fn+0x1/0x20", true),
            ("RIP: 0010:[<ffffffff8109c5d6>]  [<ffffffff8109c5d6>] fn+0x1/0x20", true),
            ("IP: [<ffffffff8109c5d6>] fn+0x1/0x20", true),
            ("IP: fn+0x1/0x20", true),
            ("EIP: fn+0x1/0x20", true),
            ("pc : fn+0x1/0x20", true),
            ("lr : fn+0x1/0x20", false),
            ("PC is at fn+0x1/0x20", true),
            ("LR is at fn+0x1/0x20", false),
            ("epc : fn+0x1/0x20", true),
            ("WARNING: CPU: 0 PID: 1 at kernel/fork.c:12 fn+0x1/0x20", true),
            ("WARNING: kernel/fork.c:12 at fn+0x1/0x20, CPU#0: init/1", true),
            ("WARNING: at fn+0x1/0x20, CPU#0: init/1", true),
            ("unchecked MSR access error: RDMSR from 0x1 at rIP: 0xffffffff8109c5d6 (fn+0x1/0x20)", true),
            ("mce: [Hardware Error]: RIP 10:<ffffffff8109c5d6> {fn+0x1/0x20}", true),
            ("CFI failure at fn+0x1/0x20 (target: 0x0; expected type: 0x1)", true),
            ("BUG: KFENCE: use-after-free read in fn+0x1/0x20", true),
            ("BUG: KFENCE: out-of-bounds write in fn+0x1/0x20", true),
            ("BUG: KFENCE: memory corruption in fn+0x1/0x20", false),
            ("BUG: KFENCE: invalid free in fn+0x1/0x20", false),
            ("BUG: KASAN: use-after-free in fn+0x1/0x20", false),
            ("ODEBUG: free active (active state 0) object type: timer_list hint: fn+0x1/0x20", true),
            ("... key      at: [<ffffffffc0002000>] fn+0x1/0x20", true),
            (" (&x->lock){+.+.}-{3:3}, at: fn+0x1/0x20", false),
            ("NMI backtrace for cpu 1 skipped: idling at fn+0x1/0x20", true),
            ("Workqueue: events fn+0x1/0x20", false),
        ] {
            assert_eq!(exact(line), [wanted], "{line}");
        }
        // A mark is of one symbol.
        assert_eq!(exact("object hint: fn+0x1/0x20 called by caller+0x1/0x20"), [true, false]);
        assert_eq!(exact("pc : fn+0x1/0x20    lr : caller+0x1/0x20"), [true, false]);
        // The program counter is the first frame after a fault that KFENCE saw.
        let fault =
            "Use-after-free read at 0x(____ptrval____) (in kfence-#171):\n fn+0x1/0x20\n caller+0x1/0x20\n";
        assert_eq!(exact(fault), [true, false]);
        let corruption =
            "Corrupted memory at 0x0000000012345678 [ 0xac . . ] (in kfence-#69):\n fn+0x1/0x20\n";
        assert_eq!(exact(corruption), [false]);
    }

    #[test]
    fn what_stands_alone_needs_no_size() {
        let found = |text: &str| {
            let name = |found: &super::Reference<'_>| text[found.at.clone()].to_string();
            let frames: Vec<String> = references(text.as_bytes()).iter().map(name).collect();
            let addresses: Vec<String> = super::bare_addresses(text.as_bytes()).iter().map(name).collect();
            (frames.join(" "), addresses.join(" "))
        };
        let both = |frames: &str, addresses: &str| (frames.to_string(), addresses.to_string());
        assert_eq!(found("vfs_write+0x225"), both("vfs_write+0x225", ""));
        assert_eq!(found("[    1.0]  ? vfs_write+0x225 [ext4]\r"), both("vfs_write+0x225", ""));
        assert_eq!(
            found("a+0x1 b+0x2/0x30  0xffffffff8109c5d6"),
            both("a+0x1 b+0x2/0x30", "0xffffffff8109c5d6")
        );
        assert_eq!(found("ffffffff8109c5d6"), both("", "ffffffff8109c5d6"));
        // Words of sentences are anything.
        for line in [
            "see vfs_write+0x225",
            "mem 0x10000000+0x20",
            "0xffffffff8109c5d6 is bad",
            "81091234",
            "vfs_write+0x",
        ] {
            assert_eq!(found(line), both("", ""), "{line}");
        }
    }

    #[test]
    fn addresses_stand_before_symbols() {
        let address = |text: &str| references(text.as_bytes()).first().and_then(|found| found.frame.address);
        assert_eq!(address(" [<ffffffff8109c5d6>] fn+0x1/0x20"), Some(0xffff_ffff_8109_c5d6));
        assert_eq!(address(" [<ffffffff8109c5d6>] ? fn+0x1/0x20"), Some(0xffff_ffff_8109_c5d6));
        assert_eq!(address("[c0003f3fbd0] [c000a1b2c4] fn+0x1/0x20"), Some(0x00c0_00a1_b2c4));
        assert_eq!(address("[    1.234567] fn+0x1/0x20"), None);
        assert_eq!(address("[12345678] fn+0x1/0x20"), Some(0x1234_5678));
        assert_eq!(address(" fn+0x1/0x20"), None);
    }

    #[test]
    fn long_lines_end() {
        for part in ["a+0x1/0x2 ", "+0x", "a", "[<ffffffff8109c5d6>] "] {
            let line = part.repeat(2_000_000 / part.len());
            assert!(references(line.as_bytes()).len() <= 200_000);
        }
    }
}
