//! The lines of a register dump.

use crate::arch::{self, Arch, Cpus, Row};
use crate::facts::frame::{Frame, Trust};
use crate::text;

use super::dump::Registers;

/// Reads `RIP: 0010:fn+0x1/0x2` and what stands behind it on the line.
pub(super) fn pc_line(body: &[u8], line: usize) -> Option<Registers<'_>> {
    let mut found: Option<(bool, Registers<'_>)> = None;
    for arch in arch::with_pc(*body.first()?) {
        let Some(rest) = strip_any(body, arch.pc_prefixes) else { continue };
        let Some(pointer) = code_pointer(rest) else { continue };
        let mut dump = Registers::new(arch, line);
        if let Some(status) = pointer.status.filter(|_| !arch.status_name.is_empty()) {
            dump.values.push((arch.status_name, status));
        }
        let link = &mut dump.link;
        let n = values(arch, pointer.rest, link, |name, value| dump.values.push((name, value)));
        // `%016llx` for user space; a kernel's pointer into nowhere is `0x…` or in brackets.
        let digits = text::skip_blanks(rest);
        let bare = digits.first().is_some_and(u8::is_ascii_hexdigit) && !digits.starts_with(b"0x");
        let nameless = pointer.frame.symbol.is_none();
        dump.user = match pointer.selector {
            // User-mode Linux runs in user mode itself.
            Some(selector) => is_programs(selector) && nameless,
            None => arch.bare_pc_is_user && bare && nameless,
        };
        dump.pc = Some(Frame { trust: Trust::Pc, ..pointer.frame });
        // Several CPUs share `pc :`; the registers behind it tell them apart, and the length of the number.
        if n > 0 {
            return Some(dump);
        }
        let fits = pointer.digits == 0 || pointer.digits == arch.word;
        if found.as_ref().is_none_or(|(fitted, _)| fits && !fitted) {
            found = Some((fits, dump));
        }
    }
    found.map(|(_, dump)| dump)
}

/// Reads a line of registers; the CPU of the open dump goes before the others.
pub(super) fn value_line<'a>(
    body: &'a [u8],
    line: usize,
    open: Option<&Registers<'a>>,
) -> Option<Registers<'a>> {
    let mut candidates = candidates(body);
    if candidates.is_empty() {
        return None;
    }
    let own = open.map(|dump| dump.arch).filter(|arch| values_begin(arch, body));
    let arch = own.or_else(|| candidates.find(|arch| begins_with_register(arch, body)))?;
    let mut dump = Registers::new(arch, line);
    let link = &mut dump.link;
    values(arch, body, link, |name, value| dump.values.push((name, value)));
    Some(dump)
}

/// CPUs that a line of registers may be of, by its first word and what may follow a name: of nearly every
/// other line none.
pub(super) fn candidates(body: &[u8]) -> Cpus {
    let (name, rest) = text::take(body, text::is_word_byte);
    let named = match rest.first() {
        Some(b':' | b'-' | b'(') => true,
        Some(b' ' | b'\t') => name.len() <= LONGEST_NAME,
        Some(b'$' | b'%') => name.is_empty(),
        _ => false,
    };
    if named { arch::with_values(body, name.len()) } else { Cpus::NONE }
}

/// Whether a line begins with a register of a CPU; of those that may have any number of digits it takes two,
/// for a lone `M: 1` may be anything.
pub(super) fn begins_with_register(arch: &'static Arch, body: &[u8]) -> bool {
    let body = behind_aside(arch, body);
    match register(arch, body) {
        Some((rest, _, _, loose)) => !loose || register(arch, text::skip_blanks(rest)).is_some(),
        None => begins_with_other(arch, body),
    }
}

/// Whether a line begins with a register of a CPU.
fn values_begin(arch: &'static Arch, body: &[u8]) -> bool {
    let body = behind_aside(arch, body);
    register(arch, body).is_some() || begins_with_other(arch, body)
}

/// What follows a number that is no register's; the whole line if it begins with none.
fn behind_aside<'a>(arch: &Arch, body: &'a [u8]) -> &'a [u8] {
    let Some(number) = strip_any(body, arch.asides) else { return body };
    let (digits, rest) = text::take(text::skip_blanks(number), |b| b.is_ascii_digit());
    if digits.is_empty() { body } else { text::skip_blanks(rest) }
}

/// Whether a line begins with a CPU's return address, or with a row of its registers.
fn begins_with_other(arch: &'static Arch, body: &[u8]) -> bool {
    if let Some(rest) = strip_any(body, arch.link_prefixes) {
        return code_pointer(rest).is_some();
    }
    arch.rows.iter().find_map(|row| strip_head(body, row)).is_some_and(|(row, rest)| {
        let mut any = false;
        row_values(rest, row.names.iter().take(1), digits_of(row.digits, arch), |_, _| any = true);
        any
    })
}

/// Bytes of the longest name that blanks may follow.
const LONGEST_NAME: usize = 8;

/// Gives every register of `body` to `push` and returns their number; ends at the first thing that is none.
fn values<'a>(
    arch: &'static Arch,
    mut body: &'a [u8],
    link: &mut Option<Frame<'a>>,
    mut push: impl FnMut(&'a str, u64),
) -> usize {
    let mut n = 0;
    body = behind_aside(arch, body);
    loop {
        body = text::skip_blanks(body);
        if let Some(rest) = strip_any(body, arch.link_prefixes) {
            let Some(pointer) = code_pointer(rest) else {
                return n;
            };
            (*link, body) = (Some(pointer.frame), pointer.rest);
        } else if let Some((row, rest)) = arch.rows.iter().find_map(|row| strip_head(body, row)) {
            let before = n;
            let digits = digits_of(row.digits, arch);
            body = row_values(rest, row.names.iter(), digits, |name, value| {
                push(name, value);
                n += 1;
            });
            if n == before {
                return n;
            }
        } else if let Some((rest, name, value, _)) = register(arch, body) {
            push(name, value);
            (n, body) = (n + 1, rest);
        } else {
            return n;
        }
    }
}

/// What follows the head of a row.
fn strip_head<'a>(body: &'a [u8], row: &'static Row) -> Option<(&'static Row, &'a [u8])> {
    let rest = body.get(row.head.len()..).filter(|_| text::begins(body, row.head))?;
    (rest.is_empty() || rest.starts_with(b" ")).then_some((row, rest))
}

/// Gives a name to each of the values that `body` begins with, and returns what follows them.
pub(super) fn row_values(
    mut body: &[u8],
    names: impl Iterator<Item = &'static &'static str>,
    digits: usize,
    mut push: impl FnMut(&'static str, u64),
) -> &[u8] {
    for name in names {
        let number = text::skip_blanks(body);
        let (rest, value) = text::hex_run(number);
        let whole = digits > 0 && number.len() - rest.len() == digits && ends_here(rest);
        let Some(value) = value.filter(|_| whole) else { break };
        push(name, value);
        body = rest;
    }
    body
}

/// Number of digits of a value, by the tables.
pub(super) fn digits_of(digits: usize, arch: &Arch) -> usize {
    if digits == arch::WORD { arch.word } else { digits }
}

/// Whether a value ends before `rest`.
fn ends_here(rest: &[u8]) -> bool {
    matches!(rest.first(), None | Some(b' ' | b'\t' | b'\r'))
}

/// Reads one `RSP: 0018:ffffc90000143e28`, `FS:  00000000004a2858(0000)`, `x9 : ffffa00011e6a1c4`,
/// `MSR:  800000010280b033 <SF,EE,ME,IR,DR,RI,LE>`: what follows, name, value, and whether any number of
/// digits would do.
fn register<'a>(arch: &Arch, body: &'a [u8]) -> Option<(&'a [u8], &'static str, u64, bool)> {
    let (name, rest) = text::take(body, text::is_word_byte);
    let after = text::skip_blanks(rest);
    let rest = match after.strip_prefix(b":") {
        Some(rest) if arch.spaced && !rest.starts_with(b" ") => return None,
        Some(rest) => rest,
        None if arch.colonless && rest.starts_with(b" ") => after,
        None => return None,
    };
    let key = arch::name_key(name);
    let register = arch.registers.iter().find(|r| r.key == key && r.name.as_bytes() == name)?;
    let mut digits = text::skip_blanks(rest);
    let (mut rest, mut value) = text::hex_run(digits);
    if let Some(behind) = rest.strip_prefix(b":") {
        digits = behind;
        (rest, value) = text::hex_run(digits);
    }
    let digits = digits.get(..digits.len() - rest.len())?;
    let loose = register.digits == arch::ANY;
    if digits.len() != digits_of(register.digits, arch) && !loose {
        return None;
    }
    if rest.starts_with(b"(") {
        let close = rest.iter().position(|&b| b == b')')?;
        rest = rest.get(close + 1..)?;
    }
    if !ends_here(rest) {
        return None;
    }
    // What the bits mean.
    if let Some(bits) = rest.strip_prefix(b" <") {
        let (_, after) = text::take(bits, |b| b != b'>');
        rest = after.get(1..).unwrap_or_default();
    }
    let value = match register.digits {
        arch::BITS => text::number(digits, 2)?,
        _ => value.filter(|_| !digits.is_empty())?,
    };
    Some((rest, register.name, value, loose))
}

/// A code address as a register dump gives it.
struct Pointer<'a> {
    /// What follows on the line.
    rest: &'a [u8],
    frame: Frame<'a>,
    /// The code segment: `0010:`.
    selector: Option<u64>,
    /// The first number, where two stand before the symbol.
    status: Option<u64>,
    /// How many digits the address has; 0 if it is given otherwise.
    digits: usize,
}

/// Reads `0010:fn+0x1/0x2`, `0010:[<ffffffff81>]  [<ffffffff81>] fn+0x1/0x2`, `0033:0x47b7a0`, `(null)`,
/// `ffff8000101d0000`, `80105e30 fn+0x1/0x2`, `[c00000000022d79c] fn+0x1/0x2`, `<fn+0x1/0x2>`,
/// `0704c00180000000 00000000001d2f40 (fn+0x1/0x2)`.
fn code_pointer(input: &[u8]) -> Option<Pointer<'_>> {
    let input = text::skip_blanks(input);
    let (digits, rest) = text::take(input, |b| b.is_ascii_hexdigit());
    let (selector, input) = match rest.strip_prefix(b":") {
        Some(rest) if matches!(digits.len(), 4..=8) => (text::number(digits, 16), text::skip_blanks(rest)),
        _ => (None, input),
    };
    if let Ok((rest, frame)) = Frame::parse_symbol(input) {
        return Some(Pointer { rest, frame, selector, status: None, digits: 0 });
    }
    let (mut rest, mut address, mut status, mut digits) = (input, None, None, 0);
    for _ in 0..3 {
        let Some((after, found, length)) = bare(rest) else {
            break;
        };
        (rest, status, address, digits) = (text::skip_blanks(after), address, Some(found), length);
    }
    let (inner, close) = match rest.first() {
        Some(b'<') => (rest.get(1..)?, Some(b'>')),
        Some(b'(') => (rest.get(1..)?, Some(b')')),
        _ => (rest, None),
    };
    if let Ok((after, frame)) = Frame::parse_symbol(inner) {
        let rest = close.and_then(|close| after.strip_prefix(&[close])).unwrap_or(after);
        return Some(Pointer { rest, frame: Frame { address, ..frame }, selector, status, digits });
    }
    Some(Pointer { rest, frame: Frame::at(address?), selector, status, digits })
}

/// Whether a selector of a code segment is a program's: its two low bits are the privilege. Kernels have 0010 and 0060, Xen's
/// guests e030 (e019 and 0061 on i386); programs 0033, 0023, 0073, e033, e023.
fn is_programs(selector: u64) -> bool {
    selector & 3 == 3
}

/// Whether a line is a program's counter: `RIP: 0033:0x7f1b2c3d4e5f`.
pub(crate) fn is_of_program(line: &[u8]) -> bool {
    let rest = line.strip_prefix(b"RIP: ").or_else(|| line.strip_prefix(b"EIP: "));
    rest.and_then(code_pointer).and_then(|pointer| pointer.selector).is_some_and(is_programs)
}

/// Reads an address without a symbol and counts its digits if it has all: `0x47b7a0`, `(null)`,
/// `[<80b0f484>]`, `[<          (null)>]`, `[c00000000022d79c]`, `<0x0>`, 16 or 8 digits.
fn bare(input: &[u8]) -> Option<(&[u8], u64, usize)> {
    for (open, close) in [("[<", ">]"), ("[", "]"), ("<", ">")] {
        if let Some(inner) = input.strip_prefix(open.as_bytes()) {
            let (rest, address, digits) = number(text::skip_blanks(inner))?;
            return Some((rest.strip_prefix(close.as_bytes())?, address, digits));
        }
    }
    number(input)
}

/// The same without brackets.
fn number(input: &[u8]) -> Option<(&[u8], u64, usize)> {
    if let Some(rest) = input.strip_prefix(b"(null)") {
        return Some((rest, 0, 0));
    }
    if let Ok((rest, address)) = text::hex(input) {
        return Some((rest, address, 0));
    }
    let (digits, rest) = text::take(input, |b| b.is_ascii_hexdigit());
    let whole = matches!(digits.len(), 8 | 16) && !rest.first().is_some_and(u8::is_ascii_alphanumeric);
    Some((rest, text::number(digits, 16).filter(|_| whole)?, digits.len()))
}

pub(super) fn strip_any<'a>(body: &'a [u8], prefixes: &[&str]) -> Option<&'a [u8]> {
    let prefix = prefixes.iter().find(|prefix| text::begins(body, prefix))?;
    // `RIP  [<` names the bracket only to tell it from other text.
    let bracket = usize::from(prefix.ends_with(['[', '<']));
    body.get(prefix.len() - bracket..)
}
