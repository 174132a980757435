//! The less frequent forms of a frame's line: of other CPUs, of other tools, of symbolized logs.

use crate::text;

use super::{Frame, Lead, Source, Trust, addresses, module, source, symbol_offset};

type Found<'a> = Option<(Frame<'a>, Lead<'a>)>;

/// Reads a line that is not `sym+0xoff/0xsize` behind addresses; `rest` is what follows the addresses.
pub(super) fn line<'a>(body: &'a [u8], rest: &'a [u8], address: Option<u64>) -> Found<'a> {
    match body.first()? {
        b'-' => context(body.strip_prefix(b"--- ").or(body.strip_prefix(b"---- "))?),
        b'#' => numbered(body),
        b'(' if text::contains(body, ") from ") => called(body),
        b'[' if address.is_none() && rest.len() == body.len() => bracketed(body),
        b'C' if body.starts_with(b"Caller[") => {
            let (rest, address) = addresses(body.get("Caller".len()..)?);
            symbol_or_address(rest.strip_prefix(b": ")?, address)
        }
        b'L' if body.starts_with(b"LR = ") => {
            let (frame, lead) = symbol_or_address(body.get("LR = ".len()..)?, None)?;
            Some((Frame { trust: Trust::Unreliable, ..frame }, lead))
        }
        b'F' if body.starts_with(b"Function entered at ") => {
            called(body.get("Function entered at ".len()..)?)
        }
        _ => spaced(body, rest, address),
    }
}

/// A frame without an offset: a bare address, a callee, or a symbol and where it is.
fn spaced<'a>(body: &'a [u8], rest: &'a [u8], address: Option<u64>) -> Found<'a> {
    let rest = rest.trim_ascii_end();
    if rest.is_empty() || rest == b"(null)" {
        return address.map(|address| (Frame::at(address), Lead::None));
    }
    if let Ok((after, number)) = text::hex(rest) {
        let (after, frame) = super::decorations(after, Frame::at(number));
        let end = text::skip_blanks(after);
        return if end.is_empty() { Some((frame, Lead::None)) } else { tail(frame, end) };
    }
    if rest.starts_with(b"(") {
        return called(body);
    }
    let (after, symbol) = text::symbol(rest).ok()?;
    let after = after.strip_prefix(b" ")?;
    if after.starts_with(b"from ") || after.starts_with(b"[") {
        return called(rest);
    }
    if after.starts_with(b"(") {
        let (end, frame, lead) = decoded(rest)?;
        let (frame, _) = tail(Frame { address, ..frame }, text::skip_blanks(end))?;
        return Some((frame, lead));
    }
    // `sym file.c:12 [inline]`, or without the mark behind `[<     inline     >]`.
    let (end, source) = source(text::skip_blanks(after)).ok()?;
    let end = text::skip_blanks(end);
    let frame = Frame { symbol: Some(symbol), source: Some(source), address, ..Frame::EMPTY };
    let marked = end.starts_with(b"[inline]");
    (marked || (end.is_empty() && body.starts_with(b"[<") && address.is_none()))
        .then_some((Frame { trust: Trust::Inlined, ..frame }, Lead::None))
}

/// `sym+0xoff/0xsize` or `0x0`, whatever follows.
fn symbol_or_address(input: &[u8], address: Option<u64>) -> Found<'_> {
    let (rest, frame) = match (symbol_offset(input), text::hex(input)) {
        (Ok(found), _) => found,
        (_, Ok((rest, address))) => (rest, Frame::at(address)),
        _ => {
            let (rest, frame, _) = decoded(input)?;
            (rest, frame)
        }
    };
    let frame = Frame { address: address.or(frame.address), ..frame };
    let end = text::skip_blanks(rest);
    if end.is_empty() { Some((frame, Lead::None)) } else { tail(frame, end) }
}

/// Who points at a frame with words of his own, `<--- here`, begins so.
const ARROWS: &[&str] = &["<-", "<=", "<<", "\u{2190}", "//", "# ", "/*"];

/// What follows a frame's symbol: `(unreliable)`, `(P)`, `(fs/open.c:34) mod`.
pub(super) fn tail<'a>(mut frame: Frame<'a>, mut end: &'a [u8]) -> Found<'a> {
    let mut lead = Lead::None;
    while !end.is_empty() && !ARROWS.iter().any(|arrow| text::begins(end, arrow)) {
        if let Some((rest, last, inlined)) = chain(end) {
            frame.source = last.or(frame.source);
            if !inlined.is_empty() {
                lead = Lead::Inlined(inlined);
            }
            end = text::skip_blanks(rest);
        } else if let Some(inner) = end.strip_prefix(b"(") {
            let (mark, rest) = text::take(inner, |b| b != b')');
            if mark == b"unreliable" {
                frame.trust = Trust::Unreliable;
            } else if is_origin(mark) && mark.contains(&b'P') {
                frame.trust = Trust::Pc;
            }
            // Anything else is the function graph tracer's: `(sym+0x1/0x2)`.
            end = text::skip_blanks(rest.get(1..).unwrap_or_default());
        } else if end.starts_with(b"[") {
            let (rest, (module, build_id)) = module(end).unwrap_or((b"", (None, None)));
            frame.module = module.or(frame.module);
            frame.build_id = build_id.or(frame.build_id);
            end = text::skip_blanks(rest);
        } else {
            // `decode_stacktrace.sh` takes the brackets away.
            let (name, rest) = text::take(end, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            let rest = text::skip_blanks(rest);
            if name.is_empty() || frame.module.is_some() || !(rest.is_empty() || rest.starts_with(b"(")) {
                return None;
            }
            frame.module = text::ascii(name);
            end = rest;
        }
    }
    Some((frame, lead))
}

/// Where arm64 has a frame from, `state_source_string` in `arch/arm64/kernel/stacktrace.c`: `P` is the
/// program counter of a register dump, `C` the caller, `T` a task's saved one; `F` and `K` are tracers'.
fn is_origin(mark: &[u8]) -> bool {
    matches!(mark.len(), 1..=4) && mark.iter().all(u8::is_ascii_uppercase)
}

/// `(include/linux/fs.h:12 fs/open.c:34 (discriminator 3) fs/open.c:1234)`: what follows, the last place, and
/// the text of those before it, which are inlined in it.
fn chain(input: &[u8]) -> Option<(&[u8], Option<Source<'_>>, &[u8])> {
    let start = input.strip_prefix(b"(")?;
    let (mut rest, mut last) = place(start)?;
    let mut last_at = start;
    while let Some(next) = rest.strip_prefix(b" ") {
        last_at = next;
        (rest, last) = place(next)?;
    }
    let inlined = start.get(..start.len() - last_at.len())?;
    Some((rest.strip_prefix(b")")?, last, inlined.trim_ascii_end()))
}

/// `fs/open.c:34 (discriminator 3)`; `fs/open.c:?` and `??:?` are no source.
fn place(input: &[u8]) -> Option<(&[u8], Option<Source<'_>>)> {
    if let Ok((rest, source)) = source(input) {
        return Some((rest, Some(source)));
    }
    let (_, rest) = text::take(input, |b| !matches!(b, b' ' | b':' | b')' | b'('));
    let rest = rest.strip_prefix(b":?").or(rest.strip_prefix(b":0"))?;
    Some((rest, None))
}

/// The next inlined call of a chain.
pub(super) fn next_inlined(input: &[u8]) -> Option<(&[u8], Frame<'_>)> {
    let (rest, source) = place(text::skip_blanks(input))?;
    Some((rest, Frame { source, trust: Trust::Inlined, ..Frame::EMPTY }))
}

/// `do_sys_open (fs/open.c:34 fs/open.c:1234)`: what follows, the frame, the inlined calls.
fn decoded(input: &[u8]) -> Option<(&[u8], Frame<'_>, Lead<'_>)> {
    let (rest, symbol) = text::symbol(input).ok()?;
    let (rest, source, inlined) = chain(text::skip_blanks(rest))?;
    let lead = if inlined.is_empty() { Lead::None } else { Lead::Inlined(inlined) };
    Some((rest, Frame { symbol: Some(symbol), source, ..Frame::EMPTY }, lead))
}

/// The text of `do_sys_open (fs/open.c:34 fs/open.c:1234)` in a line.
pub(super) fn decoded_place(body: &[u8]) -> Option<&[u8]> {
    let open = text::find(body, " (")?;
    let start = body.get(..open)?.iter().rposition(|b| !text::is_symbol_byte(*b)).map_or(0, |at| at + 1);
    let place = body.get(start..)?;
    let (rest, ..) = decoded(place)?;
    place.get(..place.len() - rest.len())
}

/// The frame of `do_sys_open (fs/open.c:34) mod` and what follows.
pub(super) fn decoded_symbol(input: &[u8]) -> Option<(&[u8], Frame<'_>)> {
    let (rest, frame, _) = decoded(input)?;
    let (name, end) = text::take(rest.strip_prefix(b" ").unwrap_or_default(), |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
    });
    if name.is_empty() || !text::skip_blanks(end).is_empty() {
        return Some((rest, frame));
    }
    Some((end, Frame { module: text::ascii(name), ..frame }))
}

/// A context that an exception interrupted, with PowerPC's registers of it below:
/// `--- interrupt: 900 at arch_local_irq_restore+0x1c/0x90`; with four dashes in newer kernels (`show_stack`).
fn context(input: &[u8]) -> Found<'_> {
    let number = input.strip_prefix(b"interrupt: ").or(input.strip_prefix(b"Exception: "))?;
    let (rest, _) = text::hex_digits(number).ok()?;
    let (frame, lead) = symbol_or_address(rest.strip_prefix(b" at ")?, None)?;
    Some((Frame { trust: Trust::Pc, ..frame }, lead))
}

/// A frame with its number: `#1 [ffffc90000143e28] sys_read at ffffffff810dd2a6 [mod]` of the `crash` tool,
/// `#0 ffffffff810dd2a6 (sym+0x1/0x2)` and `#0 [<ffffffff810dd2a6>] sym+0x1/0x2` of sanitizers.
fn numbered(body: &[u8]) -> Found<'_> {
    let (number, rest) = text::take(body.get(1..)?, |b| b.is_ascii_digit());
    let rest = text::skip_blanks(rest.strip_prefix(b" ").filter(|_| !number.is_empty())?);
    if let Ok((inner, address)) = text::hex_digits(rest) {
        let inner = inner.strip_prefix(b" (")?.trim_ascii_end().strip_suffix(b")")?;
        return symbol_or_address(inner, Some(address));
    }
    let (rest, address) = addresses(rest);
    if let Ok((end, frame)) = symbol_offset(rest) {
        return tail(Frame { address, ..frame }, text::skip_blanks(end));
    }
    address?;
    let (rest, symbol) = text::symbol(rest).ok()?;
    let (rest, address) = text::hex_digits(rest.strip_prefix(b" at ")?).ok()?;
    tail(Frame { symbol: Some(symbol), address: Some(address), ..Frame::EMPTY }, text::skip_blanks(rest))
}

/// A line that begins with a bracket that is no address's: frames of 32-bit SPARC, or what the `crash` tool
/// says of an exception, `[exception RIP: oops_leaf+5]`.
fn bracketed(body: &[u8]) -> Found<'_> {
    if let Some(rest) = body.strip_prefix(b"[exception ") {
        let inner = text::after(rest, ": ")?.trim_ascii_end().strip_suffix(b"]")?;
        let (rest, symbol) = text::symbol(inner).ok()?;
        let (rest, offset) = text::dec(rest.strip_prefix(b"+")?).ok()?;
        let frame = Frame { symbol: Some(symbol), offset: Some(offset), trust: Trust::Pc, ..Frame::EMPTY };
        return rest.is_empty().then_some((frame, Lead::None));
    }
    let (mut rest, mut frame) = next_bracketed(body)?;
    let mut last_at = body;
    while let Some((after, next)) = next_bracketed(rest) {
        (last_at, rest, frame) = (rest, after, next);
    }
    let before = body.get(..body.len() - last_at.len())?;
    let lead = if before.is_empty() { Lead::None } else { Lead::Bracketed(before) };
    text::skip_blanks(rest).is_empty().then_some((frame, lead))
}

/// `[f0012345 : ret_from_irq+0x20/0x30 ] `: the frame and what follows.
pub(super) fn next_bracketed(input: &[u8]) -> Option<(&[u8], Frame<'_>)> {
    let inner = text::skip_blanks(input).strip_prefix(b"[")?;
    let (rest, address) = text::hex_digits(inner).ok()?;
    let rest = rest.strip_prefix(b" : ")?;
    let (rest, frame) = match symbol_offset(rest) {
        Ok((rest, frame)) => (rest, frame),
        Err(_) => (text::hex(rest).ok()?.0, Frame::EMPTY),
    };
    let rest = text::skip_blanks(rest).strip_prefix(b"]")?;
    Some((text::skip_blanks(rest), Frame { address: Some(address), ..frame }))
}

/// `CALLEE from CALLER` of 32-bit ARM: `show_stack from dump_stack_lvl+0x40/0x4c`,
/// `[<80126690>] (panic) from [<801559ec>] (set_task_cpu+0x4c/0xf8)`, `[<c0008000>] from [<c0012344>]`, and up to Linux 3.14
/// `[<c0013230>] (__schedule_bug+0x0/0x150) from [<c0012fc0>] (__schedule+0xa5/0x120)` (`dump_backtrace_entry`).
fn called(input: &[u8]) -> Found<'_> {
    let at = text::find(input, " from ")?;
    let (callee, caller) = (input.get(..at)?, input.get(at + " from ".len()..)?);
    let known = self::callee(callee);
    if known.symbol.is_none() && known.address.is_none() {
        return None;
    }
    let lead = Lead::Callee(callee);
    let (rest, address) = addresses(caller);
    if rest.is_empty() {
        return address.map(|address| (Frame::at(address), lead));
    }
    let rest = match rest.strip_prefix(b"(") {
        Some(inner) => inner.trim_ascii_end().strip_suffix(b")")?,
        None => rest,
    };
    // Symbolized: `[<81321e20>] (fn) from [<8132cb7c>] (dev_queue_xmit include/linux/netdevice.h:3054 [inline])`.
    let inlined = || spaced(rest, rest, address).filter(|(frame, _)| frame.trust == Trust::Inlined);
    let (frame, _) = symbol_or_address(rest, address).or_else(inlined)?;
    Some((frame, lead))
}

/// A function without an offset: `fn [mod]`, `[<8018de80>] (fn [mod])`, `[<c0008000>]`; up to Linux 3.14 with one,
/// `[<c0013230>] (fn+0x12a/0x150 [mod])`; empty if it is none.
pub(super) fn callee(input: &[u8]) -> Frame<'_> {
    let (rest, address) = addresses(input);
    let rest = rest.strip_prefix(b"(").and_then(|inner| inner.strip_suffix(b")")).unwrap_or(rest);
    if let Ok((rest, frame)) = symbol_offset(rest) {
        // Where it is the first of a stack it is where that begins, and no return address.
        let first = Frame { address, trust: Trust::Pc, ..frame };
        return if rest.is_empty() { first } else { Frame::EMPTY };
    }
    if let Ok((rest, address)) = text::hex(rest) {
        return if rest.is_empty() { Frame::at(address) } else { Frame::EMPTY };
    }
    let Ok((rest, symbol)) = text::symbol(rest) else {
        return if rest.is_empty() { Frame { address, ..Frame::EMPTY } } else { Frame::EMPTY };
    };
    let module = module(text::skip_blanks(rest)).ok();
    match (rest.is_empty(), module) {
        (true, _) => Frame { symbol: Some(symbol), address, ..Frame::EMPTY },
        (_, Some((b"", (module, build_id)))) => {
            Frame { symbol: Some(symbol), address, module, build_id, ..Frame::EMPTY }
        }
        _ => Frame::EMPTY,
    }
}
