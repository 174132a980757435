//! The `Code:` line: the bytes round the program counter.

use crate::text;

/// Bytes of machine code round the program counter, or why the kernel had none.
///
/// Printed by `show_opcodes` in `arch/x86/kernel/dumpstack.c` and by `dump_kernel_instr` in
/// `arch/arm64/kernel/traps.c`.
///
/// ```text
/// Code: cc cc cc 66 90 0f 1f 44 00 00 48 b8 41 41 41 41 41 41 41 41 48 89 07 c3 <0f> 0b
/// Code: 97fffa27 aa0003e1 d503201f (d4210000)
/// Code: Unable to access opcode bytes at 0xffffffffffffffd6.
/// Code: Bad RIP value.
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Code<'a> {
    /// The bytes in the order printed: an ARM word has its most significant byte first.
    /// Empty if the kernel could not read them.
    pub bytes: Vec<u8>,
    /// Where in `bytes` the instruction of the program counter begins; `None` if the line is cut before it.
    pub trap: Option<usize>,
    /// How many bytes are printed together: 1 on x86, 4 on arm64, 2 for Thumb and RISC-V.
    pub unit: usize,
    /// Why there are no bytes, as printed: `Bad RIP value.`
    pub missing: Option<&'a str>,
}

/// A line with fewer items than this and without a marked one is no code dump.
const MIN_UNITS: usize = 4;

impl<'a> Code<'a> {
    /// Reads a `Code:` line; `None` if the line is something else.
    pub fn parse(body: &'a [u8]) -> Option<Code<'a>> {
        let rest = text::skip_blanks(body).strip_prefix(b"Code: ")?;
        let rest = text::skip_blanks(rest).trim_ascii_end();
        let no_bytes = [&b"Unable to access opcode bytes"[..], b"Bad ", b"bad "];
        if no_bytes.iter().any(|words| rest.starts_with(words)) {
            return Some(Code { bytes: Vec::new(), trap: None, unit: 1, missing: text::ascii(rest) });
        }
        let mut code = Code { bytes: Vec::with_capacity(64), trap: None, unit: 0, missing: None };
        let mut units = 0;
        for item in rest.split(|&b| b == b' ') {
            if !code.push(item) {
                break;
            }
            units += 1;
        }
        (units >= MIN_UNITS || code.trap.is_some()).then_some(code)
    }

    /// Adds `48`, `<0f>`, `f9400000` or `(d4210000)`; `false` for anything else.
    fn push(&mut self, item: &[u8]) -> bool {
        let (digits, marked) = match item {
            [b'<', digits @ .., b'>'] | [b'(', digits @ .., b')'] => (digits, true),
            digits => (digits, false),
        };
        let unit = digits.len() / 2;
        let known = matches!(digits.len(), 2 | 4 | 8) && (self.unit == 0 || self.unit == unit);
        let Some(value) = text::number(digits, 16).filter(|_| known) else {
            return false;
        };
        if marked && self.trap.is_none() {
            self.trap = Some(self.bytes.len());
        }
        self.unit = unit;
        let word = value.to_be_bytes();
        self.bytes.extend_from_slice(word.get(word.len() - unit..).unwrap_or_default());
        true
    }
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
            "Bad RIP value.",
            "Bad EIP value.",
            "bad PC value",
        ] {
            let line = format!("Code: {reason}");
            let code = Code::parse(line.as_bytes()).expect(reason);
            assert_eq!((code.missing, code.bytes.len()), (Some(reason), 0));
        }
    }

    #[test]
    fn other_lines() {
        for line in ["Code:", "Code: ", "Code: 42 is the answer", "Exit Code: 00 00 00 00", "Code: xyz"] {
            assert_eq!(Code::parse(line.as_bytes()), None, "{line}");
        }
    }
}
