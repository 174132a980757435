//! arm64.

use std::borrow::Cow;

use yaxpeax_arch::{Decoder, U8Reader};
use yaxpeax_arm::armv8::a64::{InstDecoder, Instruction as Decoded, Opcode, Operand};

use super::{Instruction, distance, relative, system};

/// Bytes of an instruction.
const LENGTH: usize = 4;

/// Instructions of `code`, a multiple of their length; the word at `trap` is that of the program counter.
///
/// Every word is an instruction: one that no table has is written as data, as objdump does.
pub(super) fn instructions(code: &[u8], trap: usize) -> Vec<Instruction<'_>> {
    let decoder = InstDecoder::default();
    let words = code.chunks_exact(LENGTH).enumerate();
    let instruction = |(index, bytes): (usize, _)| {
        let at = index * LENGTH;
        // The kernel prints words: the first byte is the most significant.
        let word = <[u8; LENGTH]>::try_from(bytes).map(u32::from_be_bytes).unwrap_or_default();
        let (text, offset) = match system::text(word) {
            Some(text) => (text, None),
            None => decode(&decoder, word),
        };
        let place = distance(trap, at);
        Instruction { at: place, bytes, text, target: offset.map(|offset| place + offset), trap: at == trap }
    };
    words.map(instruction).collect()
}

/// The text of a word, and how far from it it branches.
fn decode(decoder: &InstDecoder, word: u32) -> (String, Option<i64>) {
    let decoded = decoder.decode(&mut U8Reader::new(&word.to_le_bytes())).ok();
    let Some(decoded) = decoded.filter(|decoded| decoded.opcode != Opcode::Invalid) else {
        return (format!(".inst  {word:#010x}"), None);
    };
    let offset = decoded.operands.iter().find_map(|operand| match operand {
        Operand::PCOffset(offset) => Some(*offset),
        _ => None,
    });
    (spell(word, &decoded, offset), offset.filter(|_| !is_address(word)))
}

/// Whether an instruction computes an address: `adr` and `adrp` do not branch, and neither does a literal's load.
fn is_address(word: u32) -> bool {
    word & 0x1f00_0000 == 0x1000_0000 || word & 0x3b00_0000 == 0x1800_0000
}

/// The text as the GNU tools write it.
fn spell(word: u32, decoded: &Decoded, offset: Option<i64>) -> String {
    let text = decoded.to_string();
    let (name, operands) = text.split_once(' ').unwrap_or((&text, ""));
    let mut operands = Cow::Borrowed(operands);
    if let (Some(offset), Some(at)) = (offset, operands.find('$')) {
        let place = relative(offset);
        // `adrp` counts from the start of its page of 4 KiB.
        let page = word & 0x9f00_0000 == 0x9000_0000;
        let place = if page { place.replacen('.', "page", 1) } else { place };
        let before = operands.get(..at).unwrap_or_default();
        operands = Cow::Owned(format!("{before}{place}"));
    }
    // No shift is not written.
    if let Some(before) = operands.strip_suffix("xtw #0]") {
        operands = Cow::Owned(format!("{before}xtw]"));
    }
    // A 32-bit register that is added to a 64-bit one: the decoder does not say how it is extended.
    if word & 0x9fe0_e000 == 0x8b20_4000 && !operands.contains("uxtw") {
        operands = Cow::Owned(match operands.split_once(", lsl ") {
            Some((registers, shift)) => format!("{registers}, uxtw {shift}"),
            None => format!("{operands}, uxtw"),
        });
    }
    let name = name
        .strip_suffix(".hs")
        .map(|name| format!("{name}.cs"))
        .unwrap_or_else(|| name.replace(".lo", ".cc"));
    for (ours, theirs) in [("hs", "cs"), ("lo", "cc")] {
        if let Some(before) = operands.strip_suffix(ours).filter(|before| before.ends_with(", ")) {
            operands = Cow::Owned(format!("{before}{theirs}"));
        }
    }
    format!("{name:<6} {operands}").trim_end().to_string()
}
