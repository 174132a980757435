//! The line table of one unit, run no further than the last address that is asked for.

#![allow(non_upper_case_globals, reason = "the names of the DWARF standard")]

use gimli::Reader;
use gimli::constants::*;

use super::raw::{sleb128, uleb128};
use super::table::LineTable;

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
pub(super) fn rows<R: Reader<Offset = usize>>(table: &LineTable<R>, addresses: &[u64]) -> Vec<Option<Row>> {
    let mut wanted = Wanted { addresses, found: vec![None; addresses.len()], left: addresses.len(), next: 0 };
    let program = &table.program;
    let Ok(bytes) = program.to_slice() else { return wanted.found };
    // What is relocated is addresses, and distances that the linker may shorten.
    let number = |at: usize, size: u8| {
        let mut operand = program.clone();
        operand.skip(at).ok()?;
        operand.read_address(size).ok()
    };
    Machine::new(table).run(&bytes, &number, &mut wanted);
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
}

impl Wanted<'_> {
    /// Looks for the first address that is not before a row, and returns it.
    #[cold]
    fn begin(&mut self, address: u64) -> u64 {
        self.next = self.addresses.partition_point(|&wanted| wanted < address);
        self.limit()
    }

    /// Gives a row to the addresses that it goes on to, and returns the next one.
    #[cold]
    fn close(&mut self, row: Row, address: u64) -> u64 {
        while self.addresses.get(self.next).is_some_and(|&wanted| wanted < address) {
            // Sequences overlap only in a damaged table: the first one keeps the address.
            if let Some(slot) = self.found.get_mut(self.next).filter(|slot| slot.is_none()) {
                *slot = Some(row);
                self.left -= 1;
            }
            self.next += 1;
        }
        self.limit()
    }

    fn limit(&self) -> u64 {
        self.addresses.get(self.next).copied().unwrap_or(u64::MAX)
    }
}

/// The machine that runs a line program: DWARF 5, section 6.2. Of its registers only those that a row is made of.
struct Machine {
    /// What a sequence begins with.
    start: Row,
    min_instruction: u64,
    address_size: u8,
    opcode_base: u8,
    /// Operands of the standard opcodes that the standard does not have yet.
    operands: Vec<u8>,
    /// Advance of address and line of every special opcode.
    special: [(u32, i32); 256],
}

impl Machine {
    fn new<R: Reader<Offset = usize>>(table: &LineTable<R>) -> Machine {
        let (base, range) = (i32::from(table.line_base), i32::from(table.line_range).max(1));
        let mut special = [(0, base); 256];
        let (mut advance, mut lines) = (0, 0);
        for opcode in special.iter_mut().skip(table.opcode_base.into()) {
            *opcode = (advance, base + lines);
            lines += 1;
            if lines == range {
                (advance, lines) = (advance + u32::from(table.min_instruction), 0);
            }
        }
        let operands = table.operands.to_slice().map(|lengths| lengths.to_vec());
        Machine {
            start: Row { file: 1, line: 1, column: 0, discriminator: 0 },
            min_instruction: table.min_instruction.into(),
            address_size: table.address_size(),
            opcode_base: table.opcode_base,
            operands: operands.unwrap_or_default(),
            special,
        }
    }

    /// Runs a program until its end, or until all that is wanted was found.
    fn run(
        &self,
        program: &[u8],
        number: &impl Fn(usize, u8) -> Option<u64>,
        wanted: &mut Wanted<'_>,
    ) -> Option<()> {
        let special = |opcode: u8| self.special.get(usize::from(opcode)).copied().unwrap_or_default();
        let (mut at, mut address, mut row) = (0, 0_u64, self.start);
        // The row before, while its sequence goes on; and up to where nothing is wanted that is of it.
        let (mut before, mut limit) = (None, 0);
        'rows: while wanted.left > 0 {
            let opcode = *program.get(at)?;
            at += 1;
            'row: {
                if opcode >= self.opcode_base {
                    let (advance, lines) = special(opcode);
                    address = address.wrapping_add(advance.into());
                    row.line = row.line.wrapping_add_signed(lines);
                    break 'row;
                }
                match DwLns(opcode) {
                    DwLns(0) => {
                        let length = usize::try_from(uleb128(program, &mut at)?).ok()?;
                        let mut operand = at + 1;
                        let opcode = program.get(at).copied().filter(|_| length > 0)?;
                        at = at.checked_add(length).filter(|&end| end <= program.len())?;
                        match DwLne(opcode) {
                            DW_LNE_end_sequence => {
                                if let Some((_, row)) = before {
                                    limit = wanted.close(row, address);
                                }
                                (address, row, before) = (0, self.start, None);
                            }
                            DW_LNE_set_address => address = number(operand, self.address_size)?,
                            DW_LNE_set_discriminator => {
                                row.discriminator = small(uleb128(program, &mut operand)?);
                            }
                            _ => {}
                        }
                    }
                    DW_LNS_advance_pc => {
                        let advance = uleb128(program, &mut at)?.wrapping_mul(self.min_instruction);
                        address = address.wrapping_add(advance);
                    }
                    DW_LNS_advance_line => {
                        row.line = row.line.wrapping_add_signed(sleb128(program, &mut at)? as i32);
                    }
                    DW_LNS_set_file => row.file = uleb128(program, &mut at)?,
                    DW_LNS_set_column => row.column = small(uleb128(program, &mut at)?),
                    DW_LNS_const_add_pc => address = address.wrapping_add(special(255).0.into()),
                    DW_LNS_fixed_advance_pc => {
                        let advance = number(at, 2)? as u16;
                        at += 2;
                        address = address.wrapping_add(u64::from(advance));
                    }
                    DW_LNS_copy => break 'row,
                    DW_LNS_negate_stmt
                    | DW_LNS_set_basic_block
                    | DW_LNS_set_prologue_end
                    | DW_LNS_set_epilogue_begin => {}
                    _ => {
                        for _ in 0..self.operands.get(usize::from(opcode) - 1).copied().unwrap_or(0) {
                            uleb128(program, &mut at)?;
                        }
                    }
                }
                continue 'rows;
            }
            // Here is a row. An address is of the last row at or before it.
            match before {
                Some((start, _)) if start <= address && address <= limit => {}
                Some((start, row)) if start <= address => limit = wanted.close(row, address),
                _ => limit = wanted.begin(address),
            }
            before = Some((address, row));
            row.discriminator = 0;
        }
        Some(())
    }
}

/// No file of a kernel has as many lines as do not fit.
pub(super) fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
