//! Stack frames: `printk_stack_address` and `%pS`/`%pB` of `lib/vsprintf.c`.

use nom::Parser;
use nom::bytes::complete::{tag, take_while1};
use nom::combinator::opt;
use nom::sequence::preceded;

use crate::text::{self, Parsed};

mod dialects;

/// How far an address of a stack can be trusted, and how to look it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trust {
    /// The program counter itself (`RIP:`, `pc :`): looked up exactly.
    Pc,
    /// A return address: the call is the byte before it.
    Return,
    /// The return address register of a dump (`lr :`, `ra :`, `LR [`), where the stack does not have it: a function that
    /// calls nobody has no frame, and its caller is known from here alone.
    Link,
    /// Found on the stack but not in the chain of frames (`? fn+0x1/0x2`, `(unreliable)`).
    Unreliable,
    /// A call that the compiler inlined; only symbolized logs have it.
    Inlined,
}

/// File and line of a frame in an already symbolized log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Source<'a> {
    /// Path as printed: `kernel/fork.c`.
    pub file: &'a str,
    /// Line number, from 1.
    pub line: u32,
    /// Column, from 1, if a symbolizer tells it.
    pub column: Option<u32>,
    /// Which of several blocks of code of the line, if a symbolizer tells it.
    pub discriminator: Option<u32>,
}

impl<'a> Source<'a> {
    /// A file and a line in it.
    pub fn new(file: &'a str, line: u32) -> Source<'a> {
        Source { file, line, column: None, discriminator: None }
    }

    /// Reads `drivers/demo.rs:25:9`, with what follows.
    pub(crate) fn with_column(input: &'a [u8]) -> Option<Source<'a>> {
        let (rest, place) = source(input).ok()?;
        let tail = input.get(..input.len() - rest.len())?;
        let at = memchr::memrchr(b':', tail)?;
        let column = text::dec_u32(tail.get(at + 1..)?).ok()?.1;
        let whole = tail.iter().filter(|&&b| b == b':').count() == 2;
        Some(Source { column: Some(column).filter(|_| whole), ..place })
    }
}

/// One frame of a stack, or one code address with its symbol.
///
/// ```text
///  perf_event_free_task+0x43f/0x630 kernel/events/core.c:11596
///  ? crash_helper_call+0x8/0x10 [crash_helper 0123456789abcdef0123456789abcdef01234567]
///  [<ffffffff810dd2a6>] ? warn_slowpath_common+0xa6/0xe0
///  __do_sys_clone kernel/fork.c:2512 [inline]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Frame<'a> {
    /// Symbol as printed, suffixes included; `None` for a bare address.
    pub symbol: Option<&'a str>,
    /// Offset into the symbol.
    pub offset: Option<u64>,
    /// Size of the symbol: the kernel's distance to the next one.
    pub size: Option<u64>,
    /// Raw address where the kernel printed one.
    pub address: Option<u64>,
    /// Module (`[ext4]`), without its brackets.
    pub module: Option<&'a str>,
    /// Build ID of the module or of vmlinux, lower-case hexadecimal.
    pub build_id: Option<&'a str>,
    /// What the address is.
    pub trust: Trust,
    /// File and line, if the log has them.
    pub source: Option<Source<'a>>,
}

/// What tells the calls at a frame: a symbolizer, for the renderers of reports.
pub trait Calls: std::fmt::Debug {
    /// The calls at a frame, innermost first: those inlined, then the frame itself with its source. Of a frame
    /// of which nothing is known it is the frame as it was.
    fn calls<'s>(&'s self, frame: Frame<'s>) -> Vec<Frame<'s>>;
}

impl<'a> Frame<'a> {
    /// The calls at the frame, innermost first, if somebody tells them.
    pub(crate) fn calls(self, sources: Option<&'a dyn Calls>) -> Vec<Frame<'a>> {
        sources.map_or_else(|| vec![self], |sources| sources.calls(self))
    }

    const EMPTY: Frame<'static> = Frame {
        symbol: None,
        offset: None,
        size: None,
        address: None,
        module: None,
        build_id: None,
        trust: Trust::Return,
        source: None,
    };

    /// A bare address.
    pub(crate) fn at(address: u64) -> Frame<'a> {
        Frame { address: Some(address), ..Frame::EMPTY }
    }

    /// Reads a line of a stack trace; `None` if the line is something else.
    ///
    /// Of a line that holds several frames it is the last, which has the return address:
    /// [`Frame::parse_all`] gives them all.
    pub fn parse(body: &'a [u8]) -> Option<Frame<'a>> {
        line(body).map(|(frame, _)| frame)
    }

    /// Reads all frames of a line of a stack trace, the innermost first; none if the line is something else.
    ///
    /// Most lines hold one. 32-bit ARM names the callee as well, `dump_backtrace_entry` in
    /// `arch/arm/kernel/traps.c`; 32-bit SPARC prints the whole stack on one line, `show_stack` in
    /// `arch/sparc/kernel/process_32.c`; and `decode_stacktrace.sh` replaces the offset by where the code is
    /// and where it was inlined, of which only the last is in the function that is named.
    ///
    /// ```text
    ///  unwind_backtrace from show_stack+0x18/0x1c
    /// [<8018de80>] (rcu_check_callbacks) from [<80192868>] (update_process_times+0x38/0x68)
    /// Function entered at [<c0008000>] from [<c0012344>]
    /// [f0012345 : ret_from_irq+0x20/0x30 ] [f00145a8 : sys_read+0x14/0x40 ]
    ///  do_sys_open (include/linux/fs.h:12 fs/open.c:34 fs/open.c:1234)
    /// ```
    pub fn parse_all(body: &'a [u8]) -> Frames<'a> {
        match line(body) {
            Some((frame, lead)) => Frames { lead, last: Some(frame) },
            None => Frames { lead: Lead::None, last: None },
        }
    }

    /// Reads `sym+0xoff/0xsize [module build-id] file.c:12` in the middle of a line, or
    /// `sym (file.c:12) module`.
    pub(crate) fn parse_symbol(input: &'a [u8]) -> Parsed<'a, Frame<'a>> {
        let (rest, address) = addresses(input);
        let (rest, mut frame) = match symbol_offset(rest) {
            Ok(found) => found,
            Err(error) => dialects::decoded_symbol(rest).ok_or(error)?,
        };
        frame.address = address;
        Ok((rest, frame))
    }

    /// Whether it is a return address where a function begins: the call is the last instruction of the function
    /// **before** it, one that never returns. `symbol` is then the neighbour of who called.
    ///
    /// Kernels that print `%pS` have such lines: `[<900000000028fc6c>] do_panic_on_target_cpu+0x0/0x30` is the end of
    /// `panic`. Entry code returns to the beginning of what it names (`ret_fast_syscall+0x0/0x54`), and up to Linux 5.10
    /// arm64's `dump_backtrace` begins with itself.
    pub fn ends_function_before(&self) -> bool {
        matches!(self.trust, Trust::Return | Trust::Link)
            && self.offset == Some(0)
            && self.symbol.is_some_and(|symbol| !symbol.starts_with("ret_") && symbol != "dump_backtrace")
    }

    /// Whether two frames are the same place in the code.
    pub(crate) fn is_at(&self, other: &Frame<'_>) -> bool {
        match (self.symbol.zip(self.offset), other.symbol.zip(other.offset)) {
            (Some(place), Some(other)) => place == other,
            // Of `decode_stacktrace.sh`.
            (None, None) if self.symbol.is_some() && self.source.is_some() => {
                (self.symbol, self.source) == (other.symbol, other.source)
            }
            _ => self.address.is_some() && self.address == other.address,
        }
    }

    /// The frame as one that is inlined in the next.
    pub(crate) fn into_inlined(self) -> Frame<'a> {
        Frame { symbol: self.symbol, source: self.source, trust: Trust::Inlined, ..Frame::EMPTY }
    }

    /// Symbol without what compilers append, and without the dot that 64-bit PowerPC puts before a function's
    /// code: `foo.isra.0.cold` and `.foo` are `foo`.
    pub fn function(&self) -> Option<&'a str> {
        let symbol = self.symbol?;
        let symbol = symbol.strip_prefix('.').filter(|name| !name.is_empty()).unwrap_or(symbol);
        // Rust's old mangling writes `::` as `..`; what is appended stands behind its hash.
        let inner = if symbol.starts_with("_ZN") { symbol.rfind("17h").unwrap_or(0) } else { 0 };
        let dot = symbol.get(inner..).and_then(|tail| tail.find('.')).map(|dot| inner + dot);
        dot.filter(|&dot| dot > 0).and_then(|dot| symbol.get(..dot)).or(Some(symbol))
    }
}

/// The head of a block of `scripts/faddr2line`: `do_sys_open+0x12/0x340:`.
pub(crate) fn faddr2line_head(body: &[u8]) -> Option<Frame<'_>> {
    let (rest, frame) = symbol_offset(body.trim_ascii_end().strip_suffix(b":")?).ok()?;
    rest.is_empty().then_some(frame)
}

/// A line of such a block, `get_flags at include/linux/fs.h:12`, as the frame of the function that the head
/// names, and whether the line before is of a call inlined in it.
pub(crate) fn faddr2line_place<'a>(body: &'a [u8], head: &Frame<'a>) -> Option<(Frame<'a>, bool)> {
    let line = text::skip_blanks(body);
    let (line, outer) = match line.strip_prefix(b"(inlined by) ") {
        Some(line) => (line, true),
        None => (line, false),
    };
    let (rest, symbol) = text::symbol(line).ok()?;
    let (rest, source) = source(rest.strip_prefix(b" at ")?).ok()?;
    let frame = Frame { symbol: Some(symbol), source: Some(source), ..*head };
    rest.trim_ascii().is_empty().then_some((frame, outer))
}

/// The frames of one line, the innermost first: see [`Frame::parse_all`].
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    lead: Lead<'a>,
    last: Option<Frame<'a>>,
}

/// What a line says of the frames before its last, unread.
#[derive(Clone, Copy, Debug)]
enum Lead<'a> {
    None,
    /// The function that was called: `fn [mod]`, `[<8018de80>] (fn)`, `[<c0008000>]`.
    Callee(&'a [u8]),
    /// Where inlined calls are: `include/linux/fs.h:12 fs/open.c:34`.
    Inlined(&'a [u8]),
    /// Frames each in brackets: `[f0012345 : ret_from_irq+0x20/0x30 ] `.
    Bracketed(&'a [u8]),
}

impl<'a> Frames<'a> {
    /// One frame.
    pub(crate) fn of(frame: Frame<'a>) -> Frames<'a> {
        Frames { lead: Lead::None, last: Some(frame) }
    }

    /// Whether the line is no frame's, or all frames were taken.
    pub fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    /// Drops the callee where the trace has it already: as the caller of the line before.
    pub(crate) fn after(&mut self, before: Option<&Frame<'a>>) {
        if let (Lead::Callee(text), Some(before)) = (self.lead, before) {
            let callee = dialects::callee(text);
            if callee.symbol.is_none() || callee.symbol == before.symbol {
                self.lead = Lead::None;
            }
        }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let first = match self.lead {
            Lead::None => None,
            Lead::Callee(text) => {
                self.lead = Lead::None;
                Some(dialects::callee(text))
            }
            Lead::Inlined(text) => {
                let found = dialects::next_inlined(text);
                self.lead = found.map_or(Lead::None, |(rest, _)| Lead::Inlined(rest));
                found.map(|(_, frame)| frame)
            }
            Lead::Bracketed(text) => {
                let found = dialects::next_bracketed(text);
                self.lead = found.map_or(Lead::None, |(rest, _)| Lead::Bracketed(rest));
                found.map(|(_, frame)| frame)
            }
        };
        first.or_else(|| self.last.take())
    }
}

/// The last frame of a line and what it says of those before.
fn line(body: &[u8]) -> Option<(Frame<'_>, Lead<'_>)> {
    let body = text::skip_blanks(behind_kmemleak(body));
    let (inner, outer) = match body.strip_prefix(b"(") {
        Some(inner) => (inner, true),
        None => (body, false),
    };
    let (rest, address) = addresses(inner);
    let before = inner.get(..inner.len() - rest.len()).unwrap_or_default();
    let inline = address.is_none() && text::contains(before, "inline");
    let (rest, questionable) = match rest.strip_prefix(b"? ") {
        Some(rest) => (text::skip_blanks(rest), true),
        None => (rest, false),
    };
    let Ok((rest, mut frame)) = symbol_offset(rest) else {
        let (mut frame, lead) = dialects::line(body, rest, address)?;
        if inline {
            frame.trust = Trust::Inlined;
        } else if questionable || (outer && address.is_some()) {
            frame.trust = Trust::Unreliable;
        }
        return Some((frame, lead));
    };
    frame.address = address;
    if questionable {
        frame.trust = Trust::Unreliable;
    } else if inline {
        frame.trust = Trust::Inlined;
    }
    let end = text::skip_blanks(rest);
    if end.is_empty() {
        return Some((frame, Lead::None));
    }
    match end.strip_prefix(b")") {
        // s390 puts what it does not vouch for between parentheses.
        Some(end) if outer => {
            frame.trust = Trust::Unreliable;
            text::skip_blanks(end).is_empty().then_some((frame, Lead::None))
        }
        _ => dialects::tail(frame, end),
    }
}

/// Up to two addresses in brackets: `[<ffffffff810dd2a6>] `, PowerPC's `[c0003f3fbd0] [c000a1b2c4] `.
/// The last one is the code address.
fn addresses(mut input: &[u8]) -> (&[u8], Option<u64>) {
    let mut address = None;
    for _ in 0..2 {
        if input.first() != Some(&b'[') {
            break;
        }
        let Ok((rest, found)) = bracketed(input) else { break };
        address = found.or(address);
        input = text::skip_blanks(rest);
    }
    (input, address)
}

/// `[<hex>]`, `[hex]`, `[<          (null)>]`, or what old symbolizers write for inlined calls:
/// `[<     inline     >]`.
fn bracketed(input: &[u8]) -> Parsed<'_, Option<u64>> {
    let (rest, _) = (tag("["), opt(tag("<"))).parse(input)?;
    let inner = text::skip_blanks(rest);
    if let Some(rest) = inner.strip_prefix(b"inline") {
        let (rest, _) = tag(">]").parse(text::skip_blanks(rest))?;
        return Ok((rest, None));
    }
    if let Some(rest) = inner.strip_prefix(b"(null)") {
        let (rest, _) = tag(">]").parse(rest)?;
        return Ok((rest, Some(0)));
    }
    let (rest, address) = preceded(opt(tag("0x")), text::hex_digits).parse(rest)?;
    let (rest, address) = match elided(rest) {
        Some(rest) => (rest, None),
        None => (rest, Some(address)),
    };
    let (rest, _) = (opt(tag(">")), tag("]")).parse(rest)?;
    Ok((rest, address))
}

/// What is behind the dots for what somebody did not copy from a screen.
fn elided(input: &[u8]) -> Option<&[u8]> {
    let dots = text::take(input, |c| c == b'.').1;
    if input.len() - dots.len() >= 2 { Some(dots) } else { input.strip_prefix("…".as_bytes()) }
}

/// The module that x86_64 put before a function up to Linux 2.6.25 (`printk_address`), `:ext3:ext3_readdir+0x1/0x2`, and what
/// is behind it.
fn behind_module(input: &[u8]) -> Option<(&str, &[u8])> {
    let (name, rest) = text::take(input.strip_prefix(b":")?, text::is_word_byte);
    let rest = rest.strip_prefix(b":").filter(|_| !name.is_empty())?;
    Some((text::ascii(name)?, rest))
}

/// `sym+0xoff/0xsize`, then in any order a module, a build ID and a source line.
fn symbol_offset(input: &[u8]) -> Parsed<'_, Frame<'_>> {
    let (module, input) = behind_module(input).map_or((None, input), |(module, rest)| (Some(module), rest));
    let (rest, symbol) = text::symbol(input)?;
    let (rest, _) = tag("+").parse(rest)?;
    let named = Frame { symbol: Some(symbol), module, ..Frame::EMPTY };
    let Ok((rest, offset)) = text::hex(rest) else {
        // Typed off a screen: `fn+...`
        let dots = rest.strip_prefix(b"0x").unwrap_or(rest);
        return elided(dots).map_or_else(|| text::fail(input), |rest| Ok(decorations(rest, named)));
    };
    let frame = Frame { offset: Some(offset), ..named };
    if let Some(rest) = rest.strip_prefix(b"/").and_then(elided) {
        return Ok(decorations(rest, frame));
    }
    let (rest, size) = preceded(tag("/"), text::hex).parse(rest)?;
    Ok(decorations(rest, Frame { size: Some(size), ..frame }))
}

/// What may follow the symbol: ` [ext4 <build ID>]`, ` [<build ID>]`, ` kernel/fork.c:2284`.
fn decorations<'a>(mut input: &'a [u8], mut frame: Frame<'a>) -> (&'a [u8], Frame<'a>) {
    loop {
        let rest = text::skip_blanks(input);
        if rest.is_empty() {
            return (input, frame);
        }
        if let Ok((rest, (module, build_id))) = module(rest) {
            frame.module = module.or(frame.module);
            frame.build_id = build_id.or(frame.build_id);
            input = rest;
        } else if let Ok((rest, source)) = source(rest) {
            frame.source = Some(source);
            input = rest;
        } else {
            return (input, frame);
        }
    }
}

type ModuleAndId<'a> = (Option<&'a str>, Option<&'a str>);

/// `[module]`, `[module build-id]` or `[build-id]`.
fn module(input: &[u8]) -> Parsed<'_, ModuleAndId<'_>> {
    let (rest, inner) = nom::sequence::delimited(
        tag("["),
        take_while1(|b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b' ')),
        tag("]"),
    )
    .parse(input)?;
    let Some(inner) = text::ascii(inner) else { return text::fail(input) };
    if inner == "inline" {
        return text::fail(input);
    }
    let is_id = |s: &str| s.len() >= 32 && s.bytes().all(|b| b.is_ascii_hexdigit());
    Ok((
        rest,
        match inner.split_once(' ') {
            Some((module, id)) if is_id(id) => (Some(module), Some(id)),
            Some(_) => return text::fail(input),
            None if is_id(inner) => (None, Some(inner)),
            None => (Some(inner), None),
        },
    ))
}

/// `kernel/fork.c:2284`, with an optional column and discriminator that are dropped.
fn source(input: &[u8]) -> Parsed<'_, Source<'_>> {
    let (rest, file) =
        take_while1(|b: u8| b.is_ascii_alphanumeric() || b"_-./+,~".contains(&b)).parse(input)?;
    let (rest, line) = preceded(tag(":"), text::dec_u32).parse(rest)?;
    let (rest, _) = opt((tag(":"), text::dec_u32)).parse(rest)?;
    let (rest, _) = opt((tag(" (discriminator "), text::dec_u32, tag(")"))).parse(rest)?;
    match text::ascii(file) {
        Some(file) if file.contains(['.', '/']) => Ok((rest, Source::new(file, line))),
        _ => text::fail(input),
    }
}

/// Name of the function that a stack line is about, in the loosest reading: a line cut in the middle
/// (`foo+0x1`), or one without an offset's size, still tells its function.
pub(crate) fn function_of_line(body: &[u8]) -> Option<&str> {
    let (rest, _) = addresses(text::skip_blanks(behind_kmemleak(behind_stack_name(body))));
    let rest = rest.strip_prefix(b"? ").unwrap_or(rest);
    // 64-bit PowerPC puts a dot before the name of a function's code.
    let rest = rest.strip_prefix(b".").unwrap_or(rest);
    let rest = behind_module(rest).map_or(rest, |(_, rest)| rest);
    let (name, rest) = text::take(rest, text::is_word_byte);
    if name.is_empty() || !matches!(rest.first(), Some(b'.' | b'+')) {
        return None;
    }
    text::ascii(name)
}

/// Whether a line is a frame of `decode_stacktrace.sh`: `do_sys_open (fs/open.c:34) mod`.
pub(crate) fn is_decoded(body: &[u8]) -> bool {
    let is_frame = |frame: Frame<'_>| frame.offset.is_none() && frame.source.is_some();
    text::contains(body, " (") && Frame::parse(body).is_some_and(is_frame)
}

/// The place that a line names, as text: `object_err+0x24c/0x274` of a frame or of a program counter.
pub(crate) fn place_of_line(body: &[u8]) -> Option<&[u8]> {
    let Some(plus) = text::find(body, "+0x") else { return dialects::decoded_place(body) };
    let is_part = |b: &u8| text::is_symbol_byte(*b) || matches!(b, b'+' | b'/');
    let start = body.get(..plus)?.iter().rposition(|b| !is_part(b)).map_or(0, |at| at + 1);
    let end = body.get(plus..)?.iter().position(|b| !is_part(b)).map_or(body.len(), |at| plus + at);
    body.get(start..end)
}

/// Whether a line is the frame at a place.
pub(crate) fn is_frame_at(body: &[u8], place: &[u8]) -> bool {
    place_of_line(body) == Some(place) && names_function(body)
}

/// The functions of a stack line, innermost first: 32-bit ARM names callee and caller,
/// `[<8018de80>] (rcu_check_callbacks) from [<80192868>] (update_process_times+0x38/0x68)`.
pub(crate) fn functions_of_line(body: &[u8]) -> [Option<&str>; 2] {
    if let Some(name) = function_of_line(body) {
        return [Some(name), None];
    }
    let mut functions = [None; 2];
    let frames = Frame::parse_all(behind_stack_name(body)).filter(|frame| frame.trust != Trust::Inlined);
    for (slot, frame) in functions.iter_mut().zip(frames) {
        *slot = frame.function();
    }
    functions
}

/// Whether a line is a frame of a function, in the loosest reading.
pub(crate) fn names_function(body: &[u8]) -> bool {
    functions_of_line(body).iter().any(Option::is_some)
}

/// A line without the name that kmemleak puts before each of those that it prints into the log: warn_or_seq_printf,
/// mm/kmemleak.c, since Linux 4.19.
pub(crate) fn behind_kmemleak(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"kmemleak: ").unwrap_or(body)
}

/// A line without the stack's name: up to Linux 4.x the first frame stands behind it, ` <<EOE>>  <IRQ>  [<ffffffff8138d924>] fn+0x1/0x2`.
pub(crate) fn behind_stack_name(mut body: &[u8]) -> &[u8] {
    while text::skip_blanks(body).starts_with(b"<")
        && let Some((name, rest)) = text::find(body, "> ").and_then(|end| body.split_at_checked(end + 1))
        && is_stack_name(name)
    {
        body = without_time(rest);
    }
    body
}

/// What follows the time that printk repeats where it took the first frame for a line of its own:
/// ` <IRQ> [  420.408595]  [<ffffffff8138d924>] fn+0x1/0x2`.
fn without_time(rest: &[u8]) -> &[u8] {
    let after = || {
        let (seconds, rest) =
            text::take(text::skip_blanks(text::skip_blanks(rest).strip_prefix(b"[")?), |b| {
                b.is_ascii_digit()
            });
        let (micros, rest) = text::take(rest.strip_prefix(b".")?, |b| b.is_ascii_digit());
        (!seconds.is_empty() && micros.len() == 6).then_some(rest.strip_prefix(b"]")?)
    };
    after().unwrap_or(rest)
}

/// Whether a line is a frame and no other fact: ` do_idle+0x12f/0x1e0`, ` ? fn+0x1/0x2 [mod]`. Most lines of a report are.
pub(crate) fn is_plain(body: &[u8]) -> bool {
    let text = text::skip_blanks(body);
    let function = text.strip_prefix(b"? ").unwrap_or(text);
    let (name, rest) = text::take(function, text::is_symbol_byte);
    text.len() < body.len() && !name.is_empty() && rest.starts_with(b"+0x")
}

/// ` <TASK>`, ` </IRQ>`, ` <#DF>`.
pub(crate) fn is_stack_name(body: &[u8]) -> bool {
    let name = body.trim_ascii();
    name.len() <= 24
        && name.starts_with(b"<")
        && name.ends_with(b">")
        && name.iter().all(|b| b.is_ascii_uppercase() || b"<>/#_".contains(b))
}

/// Whether a line is of a stack that nothing introduces: 32-bit ARM's `dump_backtrace_entry`, 32-bit SPARC's
/// `show_stack`, and the callers that SPARC's `die_if_kernel` lists.
pub(crate) fn is_headless(body: &[u8]) -> bool {
    body.starts_with(b"Caller[")
        || dialects::next_bracketed(body).is_some()
        || matches!(line(body), Some((_, Lead::Callee(_))))
}

/// Whether a stack line is one that the unwinder does not vouch for.
pub(crate) fn is_questionable(body: &[u8]) -> bool {
    let (rest, _) = addresses(text::skip_blanks(behind_stack_name(body)));
    rest.starts_with(b"? ") || body.ends_with(b"(unreliable)") || body.starts_with(b"([<")
}

#[cfg(test)]
mod tests;
