//! x86-64 and i386.

use iced_x86::{
    Decoder, DecoderOptions, Formatter, GasFormatter, Instruction as Decoded, OpKind, SymbolResolver,
    SymbolResult,
};

use super::{BAD, Instruction, distance, relative};

/// Instructions of `code`, of which one begins at `trap`.
pub(super) fn instructions(code: &[u8], trap: usize, bits: u32) -> Vec<Instruction<'_>> {
    let mut formatter = formatter();
    let mut found = Vec::new();
    let mut at = start(code, trap, bits);
    while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
        let decoded = decode(rest, distance(trap, at), bits);
        let length = decoded.map_or(1, |decoded| decoded.len());
        if decoded.is_none() && at != trap {
            break;
        }
        let mut text = String::new();
        match &decoded {
            Some(decoded) => formatter.format(decoded, &mut text),
            None => text.push_str(BAD),
        }
        found.push(Instruction {
            at: distance(trap, at),
            bytes: rest.get(..length).unwrap_or_default(),
            // The scale is shown where there is no index as well: as nothing.
            text: text.trim_end().replace(",)", ")"),
            target: decoded.and_then(|decoded| target(&decoded)),
            trap: at == trap,
        });
        if decoded.is_none() {
            break;
        }
        at += length;
    }
    found
}

/// The first place from which whole instructions lead to the trap: the line begins anywhere.
fn start(code: &[u8], trap: usize, bits: u32) -> usize {
    // Whether they lead there from a place, from the last place before the trap on: each is decoded once.
    let mut leads = vec![false; trap];
    for at in (0..trap).rev() {
        let decoded = code.get(at..).and_then(|rest| decode(rest, 0, bits));
        let next = decoded.map(|decoded| at + decoded.len());
        let good = next.is_some_and(|next| next == trap || leads.get(next) == Some(&true));
        if let Some(place) = leads.get_mut(at) {
            *place = good;
        }
    }
    leads.iter().position(|leads| *leads).unwrap_or(trap)
}

/// The instruction that bytes begin with, `at` so far from the trap; `None` if it is none or goes on behind them.
fn decode(bytes: &[u8], at: i64, bits: u32) -> Option<Decoded> {
    // Addresses wrap round, as the CPU's do.
    let mut decoder = Decoder::try_with_ip(bits, bytes, at as u64, DecoderOptions::NONE).ok()?;
    let decoded = decoder.decode();
    (!decoded.is_invalid()).then_some(decoded)
}

/// Where a near jump or call leads.
fn target(decoded: &Decoded) -> Option<i64> {
    match decoded.op0_kind() {
        OpKind::NearBranch64 => Some(decoded.near_branch64() as i64),
        OpKind::NearBranch32 => Some(i64::from(decoded.near_branch32() as i32)),
        OpKind::NearBranch16 => Some(i64::from(decoded.near_branch16() as i16)),
        _ => None,
    }
}

/// Writes as objdump does.
fn formatter() -> GasFormatter {
    let mut formatter = GasFormatter::with_options(Some(Box::new(Targets)), None);
    let options = formatter.options_mut();
    options.set_small_hex_numbers_in_decimal(false);
    options.set_rip_relative_addresses(true);
    options.set_first_operand_char_index(7);
    options.set_space_after_operand_separator(false);
    options.set_always_show_scale(true);
    options.set_uppercase_hex(false);
    options.set_show_zero_displacements(true);
    options.set_show_useless_prefixes(true);
    formatter
}

/// Targets of jumps and calls, from the instruction itself: where it lies is not known.
struct Targets;

impl SymbolResolver for Targets {
    fn symbol(
        &mut self,
        decoded: &Decoded,
        _: u32,
        operand: Option<u32>,
        address: u64,
        _: u32,
    ) -> Option<SymbolResult<'_>> {
        let kind = decoded.try_op_kind(operand?).ok()?;
        if !matches!(kind, OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64) {
            return None;
        }
        let distance = target(decoded)?.wrapping_sub(decoded.ip() as i64);
        Some(SymbolResult::with_string(address, relative(distance)))
    }
}
