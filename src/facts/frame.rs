//! Stack frames: `printk_stack_address` and `%pS`/`%pB` of `lib/vsprintf.c`.

use nom::Parser;
use nom::bytes::complete::{tag, take_while1};
use nom::combinator::opt;
use nom::sequence::preceded;

use crate::text::{self, Parsed};

/// How far an address of a stack can be trusted, and how to look it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trust {
    /// The program counter itself (`RIP:`, `pc :`): looked up exactly.
    Pc,
    /// A return address: the call is the byte before it.
    Return,
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

impl<'a> Frame<'a> {
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

    /// Reads a line of a stack trace; `None` if the line is something else.
    pub fn parse(body: &'a [u8]) -> Option<Frame<'a>> {
        let body = text::skip_blanks(body);
        let (body, outer) = match body.strip_prefix(b"(") {
            Some(inner) => (inner, true),
            None => (body, false),
        };
        let (rest, address) = addresses(body);
        let (rest, questionable) = match rest.strip_prefix(b"? ") {
            Some(rest) => (text::skip_blanks(rest), true),
            None => (rest, false),
        };
        let (rest, mut frame) =
            symbol_offset.or(inlined).or(move |input| bare_address(input, address)).parse(rest).ok()?;
        frame.address = frame.address.or(address);
        let rest = if outer { rest.strip_prefix(b")").unwrap_or(rest) } else { rest };
        let end = text::skip_blanks(rest);
        let unreliable = end.starts_with(b"(unreliable)");
        if !(end.is_empty() || unreliable || end.starts_with(b"(") || end.starts_with(b"[")) {
            return None;
        }
        if questionable || unreliable {
            frame.trust = Trust::Unreliable;
        }
        Some(frame)
    }

    /// Reads `sym+0xoff/0xsize [module build-id] file.c:12` in the middle of a line.
    pub(crate) fn parse_symbol(input: &'a [u8]) -> Parsed<'a, Frame<'a>> {
        let (rest, address) = addresses(input);
        let (rest, mut frame) = symbol_offset.parse(rest)?;
        frame.address = address;
        Ok((rest, frame))
    }

    /// Symbol without what compilers append: `foo.isra.0.cold` is `foo`.
    pub fn function(&self) -> Option<&'a str> {
        self.symbol.map(|s| match s.find('.') {
            Some(dot) if dot > 0 => s.get(..dot).unwrap_or(s),
            _ => s,
        })
    }
}

/// Up to two addresses in brackets: `[<ffffffff810dd2a6>] `, PowerPC's `[c0003f3fbd0] [c000a1b2c4] `.
/// The last one is the code address.
fn addresses(mut input: &[u8]) -> (&[u8], Option<u64>) {
    let mut address = None;
    for _ in 0..2 {
        let Ok((rest, found)) = bracketed(input) else { break };
        address = found.or(address);
        input = text::skip_blanks(rest);
    }
    (input, address)
}

/// `[<hex>]`, `[hex]`, or what old symbolizers write for inlined calls: `[<     inline     >]`.
fn bracketed(input: &[u8]) -> Parsed<'_, Option<u64>> {
    let (rest, _) = (tag("["), opt(tag("<"))).parse(input)?;
    if let Some(rest) = text::skip_blanks(rest).strip_prefix(b"inline") {
        let (rest, _) = tag(">]").parse(text::skip_blanks(rest))?;
        return Ok((rest, None));
    }
    let (rest, address) = preceded(opt(tag("0x")), text::hex_digits).parse(rest)?;
    let (rest, _) = (opt(tag(">")), tag("]")).parse(rest)?;
    Ok((rest, Some(address)))
}

/// `sym+0xoff/0xsize`, then in any order a module, a build ID and a source line.
fn symbol_offset(input: &[u8]) -> Parsed<'_, Frame<'_>> {
    let (rest, symbol) = text::symbol(input)?;
    let (rest, _) = tag("+").parse(rest)?;
    let (rest, offset) = text::hex(rest)?;
    let (rest, size) = preceded(tag("/"), text::hex).parse(rest)?;
    let frame = Frame { symbol: Some(symbol), offset: Some(offset), size: Some(size), ..Frame::EMPTY };
    Ok(decorations(rest, frame))
}

/// `sym file.c:12 [inline]`, as symbolizers write it.
fn inlined(input: &[u8]) -> Parsed<'_, Frame<'_>> {
    let (rest, symbol) = text::symbol(input)?;
    let (rest, _) = take_while1(|b| b == b' ').parse(rest)?;
    let (rest, source) = source(rest)?;
    let (rest, _) = (take_while1(|b| b == b' '), tag("[inline]")).parse(rest)?;
    let frame = Frame { symbol: Some(symbol), trust: Trust::Inlined, source: Some(source), ..Frame::EMPTY };
    Ok((rest, frame))
}

/// `0xffffffffc0001234`, `0x0`, or nothing but the address that stood in brackets before.
fn bare_address(input: &[u8], bracketed: Option<u64>) -> Parsed<'_, Frame<'_>> {
    if let Ok((rest, address)) = text::hex(input) {
        let frame = Frame { address: Some(address), ..Frame::EMPTY };
        return Ok(decorations(rest, frame));
    }
    match bracketed {
        Some(_) if input.is_empty() => Ok((input, Frame::EMPTY)),
        _ => text::fail(input),
    }
}

/// What may follow the symbol: ` [ext4 <build ID>]`, ` [<build ID>]`, ` kernel/fork.c:2284`.
fn decorations<'a>(mut input: &'a [u8], mut frame: Frame<'a>) -> (&'a [u8], Frame<'a>) {
    loop {
        let rest = text::skip_blanks(input);
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
        Some(file) if file.contains(['.', '/']) => Ok((rest, Source { file, line })),
        _ => text::fail(input),
    }
}

/// Name of the function that a stack line is about, in the loosest reading: a line cut in the middle
/// (`foo+0x1`), or one without an offset's size, still tells its function.
pub(crate) fn function_of_line(body: &[u8]) -> Option<&str> {
    let (rest, _) = addresses(text::skip_blanks(body));
    let rest = rest.strip_prefix(b"? ").unwrap_or(rest);
    let (name, rest) = text::take(rest, |b| b.is_ascii_alphanumeric() || b == b'_');
    if name.is_empty() || !matches!(rest.first(), Some(b'.' | b'+')) {
        return None;
    }
    text::ascii(name)
}

/// The functions of a stack line, innermost first: 32-bit ARM names callee and caller,
/// `[<8018de80>] (rcu_check_callbacks) from [<80192868>] (update_process_times+0x38/0x68)`.
pub(crate) fn functions_of_line(body: &[u8]) -> [Option<&str>; 2] {
    let (rest, address) = addresses(text::skip_blanks(body));
    if let (Some(_), Some(inner)) = (address, rest.strip_prefix(b"(")) {
        let (name, rest) = text::take(inner, text::is_symbol_byte);
        if let Some(caller) = rest.strip_prefix(b") from ") {
            let caller = addresses(caller).0;
            let caller = function_of_line(caller.strip_prefix(b"(").unwrap_or(caller));
            return [text::ascii(name), caller];
        }
    }
    [function_of_line(body), None]
}

/// Whether a stack line is one that the unwinder does not vouch for.
pub(crate) fn is_questionable(body: &[u8]) -> bool {
    let (rest, _) = addresses(text::skip_blanks(body));
    rest.starts_with(b"? ") || body.ends_with(b"(unreliable)")
}
