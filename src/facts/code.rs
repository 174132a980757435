//! The `Code:` line: the bytes round the program counter.

use crate::text;

/// Bytes of machine code round the program counter, or why the kernel had none.
///
/// Printed by `show_opcodes` in `arch/x86/kernel/dumpstack.c`, `dump_kernel_instr` in
/// `arch/arm64/kernel/traps.c`, `show_instructions` in `arch/powerpc/kernel/process.c`, `show_code` in
/// `arch/mips/kernel/traps.c` and in `arch/s390/kernel/dis.c`, `instruction_dump` in
/// `arch/sparc/kernel/traps_64.c`.
///
/// ```text
/// Code: cc cc cc 66 90 0f 1f 44 00 00 48 b8 41 41 41 41 41 41 41 41 48 89 07 c3 <0f> 0b
/// Code: 97fffa27 aa0003e1 d503201f (d4210000)
/// Code: Unable to access opcode bytes at 0xffffffffffffffd6.
/// Code: Bad RIP value.
/// Instruction dump:
/// 39291df8 78631f48 7d29182a 7fe9fa14 <e87f0b20> 4bff81e9 60000000 60000000
/// Krnl Code: 00000000001d2f3a: e31020000004  lg    %r1,0(%r2)
///           #00000000001d2f40: a7f40001      brc   15,00000000001d2f42
///           >00000000001d2f44: b90400a2      lgr   %r10,%r2
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Code<'a> {
    /// The bytes in the order printed: an ARM word has its most significant byte first.
    /// Empty if the kernel could not read them.
    pub bytes: Vec<u8>,
    /// Where in `bytes` the instruction of the program counter begins; `None` if the line is cut before it.
    pub trap: Option<usize>,
    /// How many bytes are printed together: 1 on x86 and s390, 4 on arm64, 2 for Thumb and RISC-V.
    pub unit: usize,
    /// Why there are no bytes, or no more of them, as printed: `Bad RIP value.`
    pub missing: Option<&'a str>,
    /// The instructions, where the kernel itself disassembles them (s390), each with what marks the program
    /// counter (`>`) and what stands before it (`#`, in newer kernels `*`).
    pub disassembly: Vec<&'a str>,
    /// Where in `bytes` the instruction before the program counter's begins (s390).
    pub(crate) before: Option<usize>,
}

/// A line with fewer items than this and without a marked one is no code dump.
const MIN_UNITS: usize = 4;
/// What stands before the bytes; the first is by far the most frequent.
const HEADS: &[&str] = &["Code:", "Instruction dump:", "Instruction DUMP:", "Krnl Code:", "User Code:"];
/// Beginnings of what stands there instead of the bytes.
const EXCUSES: &[&str] =
    &["Unable to access opcode bytes", "Unable to access instruction at", "Bad ", "bad ", "(Bad address in "];
/// A word of PowerPC that the kernel could not read.
const UNREADABLE: &[u8] = b"XXXXXXXX";

impl<'a> Code<'a> {
    /// Reads a `Code:` line; `None` if the line is something else.
    ///
    /// Some CPUs print the code on several lines: [`Code::extend`] reads those that follow.
    pub fn parse(body: &'a [u8]) -> Option<Code<'a>> {
        let body = text::skip_blanks(body);
        if !matches!(body.first(), Some(b'C' | b'I' | b'K' | b'U')) {
            return None;
        }
        let (head, rest) = HEADS.iter().find_map(|head| Some((head, body.strip_prefix(head.as_bytes())?)))?;
        let mut code = Code {
            bytes: Vec::new(),
            trap: None,
            unit: 0,
            missing: None,
            disassembly: Vec::new(),
            before: None,
        };
        let rest = text::skip_blanks(rest).trim_ascii_end();
        let excuse = excuse(rest);
        if excuse == Some(0) {
            (code.missing, code.unit) = (text::ascii(rest), 1);
            return Some(code);
        }
        if head.ends_with("l Code:") || head.starts_with("User") {
            return code.instruction(rest).then_some(code);
        }
        code.bytes.reserve(64);
        let units = code.words(rest);
        code.missing = excuse.and_then(|at| text::ascii(rest.get(at..)?)).or(code.missing);
        // The words may all stand on the lines that follow.
        let head_only = rest.is_empty() && head.starts_with("Instruction");
        (units >= MIN_UNITS || code.trap.is_some() || code.missing.is_some() || head_only).then_some(code)
    }

    /// Reads a line that goes on with the code: words, or an instruction. `false` if it is something else.
    ///
    /// Only `Instruction dump:` (PowerPC, SPARC) and `Krnl Code:` (s390) go on.
    pub fn extend(&mut self, body: &'a [u8]) -> bool {
        let body = text::skip_blanks(body).trim_ascii_end();
        if !self.disassembly.is_empty() {
            return self.instruction(body);
        }
        if matches!(self.unit, 0 | 4) {
            let words = |item: &[u8]| item.is_empty() || word(item).is_some() || item == UNREADABLE;
            return !body.is_empty() && body.split(|&b| b == b' ').all(words) && self.words(body) > 0;
        }
        false
    }

    /// Takes words up to the first thing that is none, and returns their number.
    fn words(&mut self, line: &'a [u8]) -> usize {
        let (mut units, mut rest) = (0, line);
        loop {
            rest = text::take(rest, |b| b == b' ').1;
            // Most CPUs print bytes.
            if let Some((byte, after)) = byte(rest).filter(|_| self.unit <= 1) {
                (self.unit, self.missing, rest) = (1, None, after);
                self.bytes.push(byte);
                units += 1;
                continue;
            }
            let (item, after) = text::take(rest, |b| b != b' ');
            rest = after;
            if item.is_empty() {
                break;
            }
            if item == UNREADABLE {
                // Bytes must follow on each other: those round the program counter count.
                if self.trap.is_some() {
                    break;
                }
                self.bytes.clear();
                (self.missing, units) = (text::ascii(item), units + 1);
                continue;
            }
            let Some((digits, marked)) = word(item) else { break };
            if !self.push(digits) {
                break;
            }
            if marked {
                self.trap = self.trap.or(Some(self.bytes.len() - self.unit));
            }
            self.missing = None;
            units += 1;
        }
        units
    }

    /// Adds the bytes of one item; `false` if it is none or as long as no other.
    fn push(&mut self, digits: &[u8]) -> bool {
        let unit = digits.len() / 2;
        let known = matches!(digits.len(), 2 | 4 | 8) && (self.unit == 0 || self.unit == unit);
        let Some(value) = text::hex_run(digits).1.filter(|_| known) else {
            return false;
        };
        self.unit = unit;
        self.bytes.extend((0..unit).rev().map(|place| (value >> (8 * place)) as u8));
        true
    }

    /// Takes `>00000000001d2f40: a7f40001\tbrc\t15,00000000001d2f42`; the last one may have no bytes.
    fn instruction(&mut self, line: &'a [u8]) -> bool {
        let trap = line.starts_with(b">");
        let rest = [b">", b"#", b"*"].iter().find_map(|mark| line.strip_prefix(*mark)).unwrap_or(line);
        let (address, rest) = text::take(rest, |b| b.is_ascii_hexdigit());
        let Some(rest) = rest.strip_prefix(b":").filter(|_| address.len() >= 8) else {
            return false;
        };
        let Some(line) = text::ascii(line) else {
            return false;
        };
        self.unit = 1;
        if trap {
            self.trap = Some(self.bytes.len());
        } else if line.starts_with(['#', '*']) {
            self.before = Some(self.bytes.len());
        }
        let (digits, _) = text::take(text::skip_blanks(rest), |b| b.is_ascii_hexdigit());
        if matches!(digits.len(), 4 | 8 | 12) {
            self.bytes.extend(digits.chunks(2).filter_map(|pair| text::number(pair, 16)).map(|b| b as u8));
        }
        self.disassembly.push(line);
        true
    }
}

/// Two digits that stand alone, and what follows them.
fn byte(line: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, rest @ ..] = line else { return None };
    let alone = matches!(rest.first(), None | Some(b' '));
    let value = text::hex_digit(*high)? << 4 | text::hex_digit(*low)?;
    alone.then_some((value, rest))
}

/// Where the kernel says why there are no bytes. Digits are in lower case, so most lines need no search.
fn excuse(rest: &[u8]) -> Option<usize> {
    let words = rest.iter().any(u8::is_ascii_uppercase);
    EXCUSES.iter().filter(|_| words).filter_map(|excuse| text::find(rest, excuse)).min()
}

/// `48`, `<0f>`, `f9400000` or `(d4210000)`: the digits, and whether they are marked.
fn word(item: &[u8]) -> Option<(&[u8], bool)> {
    let (digits, marked) = match item {
        [b'<', digits @ .., b'>'] | [b'(', digits @ .., b')'] => (digits, true),
        digits => (digits, false),
    };
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)).then_some((digits, marked))
}

/// Whether a line is one of those that `scripts/decodecode` adds below `Code:`:
/// `   4:\t48 8b 47 28          \tmov    0x28(%rdi),%rax`.
pub(crate) fn is_decoded(body: &[u8]) -> bool {
    let line = text::skip_blanks(body);
    if line.starts_with(b"All code") || line.starts_with(b"Code starting with the faulting instruction") {
        return true;
    }
    let (offset, rest) = text::take(line, |b| b.is_ascii_hexdigit());
    let rest = rest.strip_prefix(b":").map(|rest| rest.strip_prefix(b"*").unwrap_or(rest));
    let listed = rest.is_some_and(|rest| rest.starts_with(b"\t"));
    (listed && matches!(offset.len(), 1..=4)) || (line.len() >= 8 && line.iter().all(|&b| b == b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_trap() {
        let rows: &[(&str, &[u8], Option<usize>, usize)] = &[
            ("Code: 5b 5d c3 <0f> 0b 48 8b", b"\x5b\x5d\xc3\x0f\x0b\x48\x8b", Some(3), 1),
            ("  Code: 5b 5d c3 <0f> 0b ", b"\x5b\x5d\xc3\x0f\x0b", Some(3), 1),
            ("Code: <0f> 0b", b"\x0f\x0b", Some(0), 1),
            // A cut line: half a byte is no byte.
            ("Code: 5b 5d c3 0f 0", b"\x5b\x5d\xc3\x0f", None, 1),
            ("Code: 5b 5d c3 0f <0", b"\x5b\x5d\xc3\x0f", None, 1),
            ("Code: aa0003f3 (d4210000)", b"\xaa\x00\x03\xf3\xd4\x21\x00\x00", Some(4), 4),
            ("Code: 4770 4628 (de01)", b"\x47\x70\x46\x28\xde\x01", Some(4), 2),
            // RISC-V, instructions of 2 and of 4 bytes in parcels of 2.
            ("Code: 0793 0000 c398 (9002) 8082", b"\x07\x93\x00\x00\xc3\x98\x90\x02\x80\x82", Some(6), 2),
            // MIPS and LoongArch.
            (
                "Code: 8fbf0014  03e00008 <8c620000> 24",
                b"\x8f\xbf\x00\x14\x03\xe0\x00\x08\x8c\x62\0\0",
                Some(8),
                4,
            ),
            // PowerPC since 6.6, with words that could not be read.
            ("Code: XXXXXXXX 60000000 <0fe00000> XXXXXXXX", b"\x60\0\0\0\x0f\xe0\0\0", Some(4), 4),
        ];
        for &(line, bytes, trap, unit) in rows {
            let code = Code::parse(line.as_bytes()).expect(line);
            assert_eq!((code.bytes.as_slice(), code.trap, code.unit), (bytes, trap, unit), "{line}");
            assert_eq!(code.missing, None);
        }
    }

    #[test]
    fn no_bytes() {
        for reason in [
            "Unable to access opcode bytes at 0xffffffffffffffd6.",
            "Unable to access opcode bytes at RIP 0x7ffd.",
            "Unable to access instruction at 0xffffffffffffffec.",
            "Bad RIP value.",
            "Bad EIP value.",
            "bad PC value",
            "(Bad address in epc)",
            "(Bad address in era)",
        ] {
            let line = format!("Code: {reason}");
            let code = Code::parse(line.as_bytes()).expect(reason);
            assert_eq!((code.missing, code.bytes.len()), (Some(reason), 0));
        }
        let code = Code::parse(b"Krnl Code: Bad PSW.").expect("s390");
        assert_eq!(code.missing, Some("Bad PSW."));
        // ARM reads up to the program counter.
        let code = Code::parse(b"Code: e1a00004 ebfffffe bad PC value").expect("arm");
        assert_eq!((code.missing, code.bytes.len(), code.trap), (Some("bad PC value"), 8, None));
        let code = Code::parse(b"Code: 60000000 XXXXXXXX 7c0802a6 <0fe00000> 60000000").expect("powerpc");
        assert_eq!((code.bytes.len(), code.trap), (12, Some(4)));
        let code = Code::parse(b"Code: XXXXXXXX XXXXXXXX XXXXXXXX XXXXXXXX ").expect("powerpc");
        assert_eq!((code.missing, code.bytes.len()), (Some("XXXXXXXX"), 0));
    }

    #[test]
    fn several_lines() {
        let mut code = Code::parse(b"Instruction dump:").expect("powerpc");
        assert!(code.extend(b"7fa3eb78 38a00000 38800800 3fe2ffb0 3bff4e00 488818d9 60000000 3d220005 "));
        assert!(code.extend(b"39291df8 78631f48 7d29182a 7fe9fa14 <e87f0b20> 4bff81e9 60000000 60000000 "));
        assert!(!code.extend(b"---[ end trace ecc3a767a3dac4b3 ]---"));
        assert_eq!((code.bytes.len(), code.trap, code.unit), (64, Some(48), 4));

        // SPARC: each word is a printk of its own, which old kernels print on one line.
        let mut code = Code::parse(b"Instruction DUMP:").expect("sparc");
        assert!(code.extend(b" 92100010 ") && code.extend(b"<d0062000>") && code.extend(b" 80a22000 "));
        assert_eq!((code.bytes.len(), code.trap), (12, Some(4)));
        assert!(!Code::parse(b"Code: 5b 5d c3 <0f> 0b").expect("x86").extend(b"5b 5d c3 0f"));
    }

    #[test]
    fn s390() {
        let mut code =
            Code::parse(b"Krnl Code: 00000000001d2f3a: e31020000004\tlg\t%r1,0(%r2)").expect("s390");
        assert!(code.extend(b"          #00000000001d2f40: a7f40001\t\tbrc\t15,00000000001d2f42"));
        assert!(code.extend(b"          >00000000001d2f44: b90400a2\t\tlgr\t%r10,%r2"));
        assert!(code.extend(b"           00000000001d2f48: 0707\t\tbcr\t0,%r7"));
        assert!(code.extend(b"           00000000001d2f4a: "));
        assert!(!code.extend(b"Call Trace:"));
        assert_eq!(code.bytes, b"\xe3\x10\x20\x00\x00\x04\xa7\xf4\x00\x01\xb9\x04\x00\xa2\x07\x07");
        assert_eq!((code.trap, code.unit, code.disassembly.len()), (Some(10), 1, 5));
        assert_eq!(code.disassembly[2], ">00000000001d2f44: b90400a2\t\tlgr\t%r10,%r2");
    }

    #[test]
    fn other_lines() {
        for line in [
            "Code:",
            "Code: ",
            "Code: 42 is the answer",
            "Exit Code: 00 00 00 00",
            "Code: xyz",
            "Krnl Code: none",
            "Instruction dump: ab cd",
            "Ignition: 00 00 00 00",
        ] {
            assert_eq!(Code::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn decoded() {
        for line in [
            "All code",
            "========",
            "   0:\t00 00                \tadd    %al,(%rax)",
            "  2a:*\t48 8b 47 28          \tmov    0x28(%rdi),%rax\t\t<-- trapping instruction",
            "Code starting with the faulting instruction",
            "===========================================",
        ] {
            assert!(is_decoded(line.as_bytes()), "{line}");
        }
        for line in ["RAX: 0000000000000000", "Call Trace:", "1f00: 00000000 00000000", ""] {
            assert!(!is_decoded(line.as_bytes()), "{line}");
        }
    }
}
