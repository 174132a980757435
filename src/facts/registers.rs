//! Register dumps: `__show_regs` of each CPU.

use crate::arch::{self, Arch};
use crate::facts::code::Code;
use crate::facts::frame::{Frame, Trust};
use crate::text;

/// One register dump: the program counter and the registers printed with it.
///
/// A report holds several: the crash's own, that of the system call inside the trace (`RIP: 0033:`), and the
/// first one again after the end of the trace. Printed by `__show_regs` in `arch/x86/kernel/process_64.c`
/// and in `arch/arm64/kernel/process.c`.
///
/// ```text
/// RIP: 0010:oops_leaf+0x5/0x30 [crashme]
/// RSP: 0018:ffffc90000143e28 EFLAGS: 00010246
/// RAX: 0000000000000000 RBX: 0000000000000004 RCX: 0000000000000000
/// FS:  00000000004a2858(0000) GS:ffff88803ed00000(0000) knlGS:0000000000000000
/// CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registers<'a> {
    /// The CPU whose names these are.
    pub arch: &'static Arch,
    /// Index of the first line of the dump among the lines given to [`Registers::read`].
    pub line: usize,
    /// The program counter, trust [`Trust::Pc`]; `None` if its line is lost.
    pub pc: Option<Frame<'a>>,
    /// The return address register (`lr :`), trust [`Trust::Return`]; `None` on x86.
    pub link: Option<Frame<'a>>,
    /// Whether the CPU was in user mode: its code segment says so (`RIP: 0033:`), or on arm64 that the
    /// program counter has no symbol.
    pub user: bool,
    /// Name and value in the order printed, without the segment selectors (`0018:`, `(0000)`).
    pub values: Vec<(&'a str, u64)>,
    /// Whether two dumps were printed at the same time, so that a value may belong to the other one.
    pub mixed: bool,
    /// The code round this program counter; `None` if the dump has no `Code:` line of its own.
    pub code: Option<Code<'a>>,
}

impl<'a> Registers<'a> {
    /// Value of a register by its printed name: `RAX`, `x29`.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.values.iter().find(|(n, _)| *n == name).map(|&(_, value)| value)
    }

    /// All register dumps in the lines of a report.
    pub fn read(bodies: impl IntoIterator<Item = &'a [u8]>) -> Vec<Registers<'a>> {
        let mut reader = Reader::default();
        for (line, body) in bodies.into_iter().enumerate() {
            reader.take(line, text::skip_blanks(body));
        }
        reader.close();
        reader.dumps
    }

    fn new(arch: &'static Arch, line: usize) -> Registers<'a> {
        Registers {
            arch,
            line,
            pc: None,
            link: None,
            user: false,
            values: Vec::new(),
            mixed: false,
            code: None,
        }
    }

    /// Takes over what the line of a program counter adds.
    fn complete(&mut self, other: &mut Registers<'a>) {
        self.user = match self.pc {
            None => other.user,
            Some(_) => self.user && other.user,
        };
        self.pc = merge(self.pc, other.pc);
        self.link = merge(self.link, other.link);
        if self.values.is_empty() {
            self.arch = other.arch;
        }
        self.values.append(&mut other.values);
    }
}

/// Whether a line is part of a register dump and nothing else: `RAX: 0000000000000000 RBX: …`, `lr : fn+0x1/0x2`.
/// The line of the program counter is [`is_pc_line`].
pub fn is_register_line(body: &[u8]) -> bool {
    value_line(text::skip_blanks(body), 0, None).is_some()
}

/// Whether a line gives a program counter: `RIP: 0010:fn+0x1/0x2`, `pc : fn+0x1/0x2`.
pub fn is_pc_line(body: &[u8]) -> bool {
    pc_line(text::skip_blanks(body), 0).is_some()
}

/// A dump survives this many lines of others between its own.
const MAX_GAP: usize = 8;
/// Without a program counter this many registers make a dump: fewer are a lone `CR2:` after a trace.
const MIN_ORPHANS: usize = 4;

#[derive(Default)]
struct Reader<'a> {
    dumps: Vec<Registers<'a>>,
    open: Option<Registers<'a>>,
    /// Whether the program counter of the open dump is half of one (see [`is_half`]).
    half: bool,
    /// Lines of others since the last line of the open dump.
    gap: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, line: usize, body: &'a [u8]) {
        if let Some(dump) = pc_line(body, line) {
            self.pc(dump, is_half(body));
        } else if let Some(dump) = value_line(body, line, self.open.as_ref()) {
            self.values(dump);
        } else if let Some(code) = Code::parse(body) {
            self.code(code);
        } else {
            self.gap += 1;
            let head = |head: &&str| body.starts_with(head.as_bytes());
            let ended = self.open.as_ref().is_some_and(|d| d.arch.trace_heads.iter().any(head));
            if ended || self.gap > MAX_GAP {
                self.close();
            }
        }
    }

    /// The line of a program counter opens a dump, unless it completes the one before it.
    fn pc(&mut self, mut dump: Registers<'a>, half: bool) {
        let near = self.gap == 0;
        self.gap = 0;
        if let Some(open) = &mut self.open {
            // arm64 prints `pstate:` before `pc :`.
            let first = open.pc.is_none() && open.values.len() <= 2;
            if near && (first || (half != self.half && open.values.len() <= 2)) {
                open.complete(&mut dump);
                self.half = half;
                return;
            }
        }
        self.close();
        (self.open, self.half) = (Some(dump), half);
    }

    /// A line of registers goes on with the open dump. Another value for one of them, with lines between, is a
    /// dump that has lost its first lines; without, two CPUs print at once, and the first value counts.
    fn values(&mut self, mut dump: Registers<'a>) {
        let gap = std::mem::take(&mut self.gap);
        let Some(open) = &mut self.open else {
            self.open = Some(dump);
            return;
        };
        let clash = |&(name, value): &(&str, u64)| open.get(name).is_some_and(|old| old != value);
        let clashes = dump.values.iter().any(clash);
        if clashes && gap > 0 && !open.mixed {
            self.close();
            self.open = Some(dump);
            return;
        }
        open.mixed |= clashes;
        if open.values.is_empty() {
            open.arch = dump.arch;
        }
        dump.values.retain(|&(name, _)| open.get(name).is_none());
        open.values.append(&mut dump.values);
        open.link = merge(open.link, dump.link);
    }

    /// Since 4.18 the code follows its program counter. Before, and on arm64, it follows the trace: it is that of
    /// the first dump of the kernel since the last code.
    fn code(&mut self, code: Code<'a>) {
        if let Some(open) = self.open.as_mut().filter(|dump| dump.values.is_empty() && dump.code.is_none()) {
            self.gap = 0;
            open.code = Some(code);
            return;
        }
        let mut owner = None;
        for dump in self.dumps.iter_mut().chain(&mut self.open) {
            if dump.code.is_some() {
                owner = None;
            } else if owner.is_none() && !dump.user && dump.values.len() >= MIN_ORPHANS {
                owner = Some(dump);
            }
        }
        if let Some(owner) = owner {
            owner.code = Some(code);
        }
    }

    fn close(&mut self) {
        self.gap = 0;
        let whole = |d: &Registers<'_>| d.pc.is_some() || d.values.len() >= MIN_ORPHANS;
        self.dumps.extend(self.open.take().filter(whole));
    }
}

/// Whether a program counter is printed in two lines, by 4.x arm64 and i386: `PC is at fn+0x1/0x2` and
/// `pc : [<ffffffc000d394c4>]`.
fn is_half(body: &[u8]) -> bool {
    body.get(..12).is_some_and(|start| text::contains(start, " is at "))
}

/// A code address that is printed on one line and its symbol that is printed on another.
fn merge<'a>(a: Option<Frame<'a>>, b: Option<Frame<'a>>) -> Option<Frame<'a>> {
    match (a, b) {
        (Some(a), Some(b)) if a.symbol.is_none() => Some(Frame { address: b.address.or(a.address), ..b }),
        (Some(a), Some(b)) => Some(Frame { address: a.address.or(b.address), ..a }),
        (a, b) => a.or(b),
    }
}

/// Reads `RIP: 0010:fn+0x1/0x2` and what stands behind it on the line.
fn pc_line(body: &[u8], line: usize) -> Option<Registers<'_>> {
    let found = arch::ALL.iter().find_map(|arch| {
        let rest = strip_any(body, arch.pc_prefixes)?;
        // `%016llx` for user space; a kernel's pointer into nowhere is `0x…` or in brackets.
        let digits = text::skip_blanks(rest);
        let bare = digits.first().is_some_and(u8::is_ascii_hexdigit) && !digits.starts_with(b"0x");
        Some((arch, bare, code_pointer(rest)?))
    });
    let (mut arch, bare, (rest, pc, selector)) = found?;
    let mut dump = Registers::new(arch, line);
    // Two CPUs share `pc :`; the registers behind it tell them apart.
    for candidate in arch::ALL.iter().filter(|a| strip_any(body, a.pc_prefixes).is_some()) {
        let link = &mut dump.link;
        if values(candidate, rest, link, |name, value| dump.values.push((name, value))) > 0 {
            arch = candidate;
            break;
        }
    }
    dump.arch = arch;
    dump.user = match selector {
        Some(selector) => selector & 3 == 3,
        None => arch.bare_pc_is_user && bare && pc.symbol.is_none(),
    };
    dump.pc = Some(Frame { trust: Trust::Pc, ..pc });
    Some(dump)
}

/// Reads a line of registers; the CPU of the open dump goes before the others.
fn value_line<'a>(body: &'a [u8], line: usize, open: Option<&Registers<'a>>) -> Option<Registers<'a>> {
    if !may_be_registers(body) {
        return None;
    }
    let first = open.map(|dump| dump.arch);
    first.into_iter().chain(arch::ALL).find_map(|arch| {
        let mut dump = Registers::new(arch, line);
        let link = &mut dump.link;
        let n = values(arch, body, link, |name, value| dump.values.push((name, value)));
        (n > 0 || dump.link.is_some()).then_some(dump)
    })
}

/// A name and a colon: what nearly every other line fails at.
fn may_be_registers(body: &[u8]) -> bool {
    let (name, rest) = text::take(body, |b| b.is_ascii_alphanumeric() || b == b'_');
    let named = !name.is_empty() && text::skip_blanks(rest).starts_with(b":");
    named || arch::ALL.iter().any(|arch| strip_any(body, arch.link_prefixes).is_some())
}

/// Gives every register of `body` to `push` and returns their number; ends at the first thing that is none.
fn values<'a>(
    arch: &Arch,
    mut body: &'a [u8],
    link: &mut Option<Frame<'a>>,
    mut push: impl FnMut(&'a str, u64),
) -> usize {
    let mut n = 0;
    loop {
        body = text::skip_blanks(body);
        if let Some(rest) = strip_any(body, arch.link_prefixes) {
            let Some((rest, frame, _)) = code_pointer(rest) else {
                return n;
            };
            (*link, body) = (Some(frame), rest);
        } else if let Some((rest, name, value)) = register(arch, body) {
            push(name, value);
            (n, body) = (n + 1, rest);
        } else {
            return n;
        }
    }
}

/// Reads one `RSP: 0018:ffffc90000143e28`, `FS:  00000000004a2858(0000)`, `x9 : ffffa00011e6a1c4`.
fn register<'a>(arch: &Arch, body: &'a [u8]) -> Option<(&'a [u8], &'a str, u64)> {
    let (name, rest) = text::take(body, |b| b.is_ascii_alphanumeric() || b == b'_');
    let rest = text::skip_blanks(rest).strip_prefix(b":")?;
    if arch.spaced && !rest.starts_with(b" ") {
        return None;
    }
    let rest = text::skip_blanks(rest);
    let register = arch.registers.iter().find(|r| r.name.as_bytes() == name)?;
    let (mut digits, mut rest) = text::take(rest, |b| b.is_ascii_hexdigit());
    if let Some(value) = rest.strip_prefix(b":") {
        (digits, rest) = text::take(value, |b| b.is_ascii_hexdigit());
    }
    if digits.len() != register.digits {
        return None;
    }
    if rest.starts_with(b"(") {
        let close = rest.iter().position(|&b| b == b')')?;
        rest = rest.get(close + 1..)?;
    }
    if !matches!(rest.first(), None | Some(b' ' | b'\t' | b'\r')) {
        return None;
    }
    Some((rest, text::ascii(name)?, text::number(digits, 16)?))
}

/// Reads `0010:fn+0x1/0x2`, `0010:[<ffffffff81>]  [<ffffffff81>] fn+0x1/0x2`, `0033:0x47b7a0`, `(null)`,
/// `ffff8000101d0000`: rest of the line, frame, code segment.
fn code_pointer(input: &[u8]) -> Option<(&[u8], Frame<'_>, Option<u64>)> {
    let input = text::skip_blanks(input);
    let (digits, rest) = text::take(input, |b| b.is_ascii_hexdigit());
    let (selector, input) = match rest.strip_prefix(b":") {
        Some(rest) if matches!(digits.len(), 4..=8) => (text::number(digits, 16), text::skip_blanks(rest)),
        _ => (None, input),
    };
    if let Ok((rest, frame)) = Frame::parse_symbol(input) {
        return Some((rest, frame, selector));
    }
    let (mut rest, mut address) = (input, None);
    for _ in 0..3 {
        let Some((after, found)) = bare(rest) else {
            break;
        };
        (rest, address) = (text::skip_blanks(after), Some(found));
    }
    let frame = Frame {
        symbol: None,
        offset: None,
        size: None,
        address: Some(address?),
        module: None,
        build_id: None,
        trust: Trust::Return,
        source: None,
    };
    Some((rest, frame, selector))
}

/// Reads an address without a symbol: `0x47b7a0`, `(null)`, `[<80b0f484>]`, `[<          (null)>]`, 16 or 8 digits.
fn bare(input: &[u8]) -> Option<(&[u8], u64)> {
    if let Some(inner) = input.strip_prefix(b"[<") {
        let (rest, address) = bare(text::skip_blanks(inner))?;
        return Some((rest.strip_prefix(b">]")?, address));
    }
    if let Some(rest) = input.strip_prefix(b"(null)") {
        return Some((rest, 0));
    }
    if let Ok((rest, address)) = text::hex(input) {
        return Some((rest, address));
    }
    let (digits, rest) = text::take(input, |b| b.is_ascii_hexdigit());
    let whole = matches!(digits.len(), 8 | 16) && !rest.first().is_some_and(u8::is_ascii_alphanumeric);
    Some((rest, text::number(digits, 16).filter(|_| whole)?))
}

fn strip_any<'a>(body: &'a [u8], prefixes: &[&str]) -> Option<&'a [u8]> {
    prefixes.iter().find_map(|prefix| match body.strip_prefix(prefix.as_bytes()) {
        // `RIP  [<` names the bracket only to tell it from other text.
        Some(_) if prefix.ends_with('[') => body.get(prefix.len() - 1..),
        rest => rest,
    })
}

#[cfg(test)]
mod tests;
