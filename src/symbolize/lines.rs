//! The line table of one unit, run no further than the last address that is asked for.

#![allow(non_upper_case_globals, reason = "the names of the DWARF standard")]

use gimli::constants::*;
use gimli::{LineProgramHeader, Reader};

use super::raw::{sleb128, uleb128};

/// What the line table says of one address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Number of the file in the unit's table.
    pub(super) file: u64,
    /// 0 where the compiler gave none.
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) discriminator: u32,
}

/// Rows of some addresses, which are in order; `None` for those that the table lacks. A damaged program ends
/// where it is damaged.
pub(super) fn rows<R: Reader<Offset = usize>>(
    header: &LineProgramHeader<R>,
    addresses: &[u64],
) -> Vec<Option<Row>> {
    let mut wanted = Wanted {
        addresses,
        found: vec![None; addresses.len()],
        left: addresses.len(),
        next: 0,
        limit: 0,
        before: None,
    };
    let mut machine = Machine::new(header);
    let program = header.raw_program_buf();
    let Ok(bytes) = program.to_slice() else { return wanted.found };
    // What is relocated is addresses, and distances that the linker may shorten.
    let number = |at: usize, size: u8| {
        let mut operand = program.clone();
        operand.skip(at).ok()?;
        operand.read_address(size).ok()
    };
    let mut at = 0;
    while wanted.left > 0 {
        if machine.step(&bytes, &mut at, &number, &mut wanted).is_none() {
            break;
        }
    }
    wanted.found
}

/// The addresses that are asked for.
struct Wanted<'w> {
    addresses: &'w [u64],
    found: Vec<Option<Row>>,
    /// How many have no row yet.
    left: usize,
    /// The first address that may be of the next row.
    next: usize,
    /// That address: before a row behind it there is nothing to do.
    limit: u64,
    /// The row before, while its sequence goes on.
    before: Option<(u64, Row)>,
}

impl Wanted<'_> {
    /// Takes the next row. An address is of the last row at or before it.
    #[inline]
    fn row(&mut self, address: u64, row: Row) {
        match self.before {
            Some((start, _)) if start <= address && address <= self.limit => {}
            Some((start, _)) if start <= address => self.close(address),
            _ => self.begin(address),
        }
        self.before = Some((address, row));
    }

    /// Looks for the first address that is not before a row.
    #[cold]
    fn begin(&mut self, address: u64) {
        self.next = self.addresses.partition_point(|&wanted| wanted < address);
        self.limit = self.addresses.get(self.next).copied().unwrap_or(u64::MAX);
    }

    /// Ends a sequence: at this address is nothing of it any more.
    fn end(&mut self, address: u64) {
        self.close(address);
        self.before = None;
    }

    /// Gives the row before to the addresses that it goes on to.
    #[cold]
    fn close(&mut self, address: u64) {
        let Some((_, row)) = self.before else { return };
        while self.addresses.get(self.next).is_some_and(|&wanted| wanted < address) {
            // Sequences overlap only in a damaged table: the first one keeps the address.
            if let Some(slot) = self.found.get_mut(self.next).filter(|slot| slot.is_none()) {
                *slot = Some(row);
                self.left -= 1;
            }
            self.next += 1;
        }
        self.limit = self.addresses.get(self.next).copied().unwrap_or(u64::MAX);
    }
}

/// The machine that runs a line program: DWARF 5, section 6.2. Of its registers only those that a row is made of.
struct Machine {
    address: u64,
    row: Row,
    start: Row,
    min_instruction: u64,
    address_size: u8,
    opcode_base: u8,
    /// Operands of the standard opcodes that the standard does not have yet.
    operands: Vec<u8>,
    /// Advance of address and line of every special opcode.
    special: Vec<(u64, i32)>,
}

impl Machine {
    fn new<R: Reader<Offset = usize>>(header: &LineProgramHeader<R>) -> Machine {
        let min_instruction = u64::from(header.minimum_instruction_length());
        let (base, range) = (i32::from(header.line_base()), i32::from(header.line_range()).max(1));
        let special = |opcode: i32| {
            let adjusted = opcode.saturating_sub(i32::from(header.opcode_base()));
            ((adjusted.max(0) / range) as u64 * min_instruction, base + adjusted.max(0) % range)
        };
        let start = Row { file: 1, line: 1, column: 0, discriminator: 0 };
        let operands = header.standard_opcode_lengths().to_slice().map(|lengths| lengths.to_vec());
        Machine {
            address: 0,
            row: start,
            start,
            min_instruction,
            address_size: header.address_size(),
            opcode_base: header.opcode_base(),
            operands: operands.unwrap_or_default(),
            special: (0..=255).map(special).collect(),
        }
    }

    /// Runs the instruction at `*at`; `None` at the end of the program.
    #[inline]
    fn step(
        &mut self,
        program: &[u8],
        at: &mut usize,
        number: &impl Fn(usize, u8) -> Option<u64>,
        wanted: &mut Wanted<'_>,
    ) -> Option<()> {
        let opcode = *program.get(*at)?;
        *at += 1;
        if opcode >= self.opcode_base {
            let (advance, lines) = self.special(opcode);
            self.address = self.address.wrapping_add(advance);
            self.row.line = self.row.line.wrapping_add_signed(lines);
            self.emit(wanted);
            return Some(());
        }
        match DwLns(opcode) {
            DwLns(0) => self.extended(program, at, number, wanted)?,
            DW_LNS_copy => self.emit(wanted),
            DW_LNS_advance_pc => {
                let advance = uleb128(program, at)?.wrapping_mul(self.min_instruction);
                self.address = self.address.wrapping_add(advance);
            }
            DW_LNS_advance_line => {
                self.row.line = self.row.line.wrapping_add_signed(sleb128(program, at)? as i32);
            }
            DW_LNS_set_file => self.row.file = uleb128(program, at)?,
            DW_LNS_set_column => self.row.column = small(uleb128(program, at)?),
            DW_LNS_const_add_pc => self.address = self.address.wrapping_add(self.special(255).0),
            DW_LNS_fixed_advance_pc => {
                let advance = number(*at, 2)? as u16;
                *at += 2;
                self.address = self.address.wrapping_add(u64::from(advance));
            }
            DW_LNS_negate_stmt
            | DW_LNS_set_basic_block
            | DW_LNS_set_prologue_end
            | DW_LNS_set_epilogue_begin => {}
            _ => {
                for _ in 0..self.operands.get(usize::from(opcode) - 1).copied().unwrap_or(0) {
                    uleb128(program, at)?;
                }
            }
        }
        Some(())
    }

    fn extended(
        &mut self,
        program: &[u8],
        at: &mut usize,
        number: &impl Fn(usize, u8) -> Option<u64>,
        wanted: &mut Wanted<'_>,
    ) -> Option<()> {
        let length = usize::try_from(uleb128(program, at)?).ok()?;
        let mut operand = *at + 1;
        let opcode = program.get(*at).copied().filter(|_| length > 0);
        *at = at.checked_add(length).filter(|&end| end <= program.len())?;
        match DwLne(opcode?) {
            DW_LNE_end_sequence => {
                wanted.end(self.address);
                (self.address, self.row) = (0, self.start);
            }
            DW_LNE_set_address => self.address = number(operand, self.address_size)?,
            DW_LNE_set_discriminator => self.row.discriminator = small(uleb128(program, &mut operand)?),
            _ => {}
        }
        Some(())
    }

    #[inline]
    fn special(&self, opcode: u8) -> (u64, i32) {
        self.special.get(usize::from(opcode)).copied().unwrap_or_default()
    }

    #[inline]
    fn emit(&mut self, wanted: &mut Wanted<'_>) {
        wanted.row(self.address, self.row);
        self.row.discriminator = 0;
    }
}

/// No file of a kernel has as many lines as do not fit.
pub(super) fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
