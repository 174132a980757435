//! Relocations of a module's debug information, applied to what is read and to nothing else.

use gimli::Relocate;
use object::elf;

use super::raw::Raw;

/// What a relocation does to the value at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// The symbol's address and the addend take its place.
    Set,
    /// They are added.
    Add,
    /// They are subtracted: RISC-V and LoongArch write a distance as a pair.
    Subtract,
}

/// Relocations of debug information, by CPU: the numbers of the processors' ABIs. What is not here is of code.
const ACTIONS: &[(u16, &[u32], Action)] = &[
    (elf::EM_X86_64.0, &[1, 10, 11], Action::Set),
    (elf::EM_386.0, &[1], Action::Set),
    (elf::EM_AARCH64.0, &[257, 258], Action::Set),
    (elf::EM_ARM.0, &[2], Action::Set),
    (elf::EM_RISCV.0, &[1, 2], Action::Set),
    (elf::EM_RISCV.0, &[34, 35, 36], Action::Add),
    (elf::EM_RISCV.0, &[38, 39, 40], Action::Subtract),
    (elf::EM_LOONGARCH.0, &[1, 2], Action::Set),
    (elf::EM_LOONGARCH.0, &[48, 50, 51], Action::Add),
    (elf::EM_LOONGARCH.0, &[53, 55, 56], Action::Subtract),
    (elf::EM_PPC64.0, &[1, 38], Action::Set),
    (elf::EM_PPC.0, &[1], Action::Set),
    (elf::EM_S390.0, &[4, 22], Action::Set),
    (elf::EM_MIPS.0, &[2, 18], Action::Set),
    (elf::EM_SPARCV9.0, &[3, 23, 32, 54], Action::Set),
    (elf::EM_PARISC.0, &[1, 80], Action::Set),
];

/// Where a section stands. Those of a module all begin at 0 in the file; here each has a place of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// What is added to the file's addresses in this section.
    pub(super) base: u64,
    /// Where it begins, that added.
    pub(super) start: u64,
    pub(super) size: u64,
    /// Whether the kernel loads it.
    pub(super) loaded: bool,
}

/// The relocations of one section, unread: they are found by their offsets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relocations<'d> {
    /// The section's `Rel` or `Rela` records, in the order of their offsets.
    pub(super) records: &'d [u8],
    /// Whether a record holds its addend.
    pub(super) addends: bool,
    /// The `Sym` records that they refer to.
    pub(super) symbols: &'d [u8],
    pub(super) raw: Raw,
}

/// One relocation.
struct Entry {
    kind: u32,
    symbol: usize,
    addend: Option<u64>,
}

impl Relocations<'_> {
    fn record_size(&self) -> usize {
        self.raw.word() * if self.addends { 3 } else { 2 }
    }

    /// Where the record of a number applies.
    fn offset(&self, index: usize) -> Option<u64> {
        self.raw.address(self.records, index.checked_mul(self.record_size())?)
    }

    fn entry(&self, index: usize) -> Option<Entry> {
        let at = index * self.record_size();
        let word = self.raw.word();
        let info = self.raw.address(self.records, at + word)?;
        let (symbol, kind) = match word {
            4 => (info >> 8, info & 0xff),
            // The one ABI whose record is not a number.
            _ if self.raw.machine == elf::EM_MIPS.0 && self.raw.little => (info & 0xffff_ffff, info >> 56),
            _ => (info >> 32, info & 0xffff_ffff),
        };
        let addend = if self.addends { Some(self.raw.address(self.records, at + 2 * word)?) } else { None };
        Some(Entry { kind: kind as u32, symbol: symbol as usize, addend })
    }

    /// Number of the first record at or behind an offset.
    fn first_at(&self, offset: u64) -> usize {
        let (mut low, mut high) = (0, self.records.len() / self.record_size().max(1));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.offset(middle).is_some_and(|at| at < offset) { low = middle + 1 } else { high = middle }
        }
        low
    }

    fn apply(&self, places: &[Place], offset: usize, value: u64) -> u64 {
        /// At one place: a pair, or the three of MIPS.
        const MOST: usize = 8;
        let mut value = value;
        let first = self.first_at(offset as u64);
        for index in (first..).take(MOST) {
            if self.offset(index) != Some(offset as u64) {
                break;
            }
            let Some(entry) = self.entry(index) else { break };
            let mut known = ACTIONS.iter().filter(|(machine, ..)| *machine == self.raw.machine);
            let Some((_, _, action)) = known.find(|(_, kinds, _)| kinds.contains(&entry.kind)) else {
                continue;
            };
            let Some(symbol) = self.raw.symbol(self.symbols, entry.symbol) else { continue };
            let base = places.get(symbol.section).map_or(0, |place| place.base);
            let target = symbol.value.wrapping_add(base).wrapping_add(entry.addend.unwrap_or(0));
            value = match action {
                Action::Set if entry.addend.is_some() => target,
                Action::Set | Action::Add => value.wrapping_add(target),
                Action::Subtract => value.wrapping_sub(target),
            };
        }
        value
    }
}

/// Relocations of a section and the places of all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relocator<'f> {
    pub(super) relocations: Option<&'f Relocations<'f>>,
    pub(super) places: &'f [Place],
}

impl Relocate for Relocator<'_> {
    fn relocate_address(&self, offset: usize, value: u64) -> gimli::Result<u64> {
        Ok(self.relocations.map_or(value, |relocations| relocations.apply(self.places, offset, value)))
    }

    fn relocate_offset(&self, offset: usize, value: usize) -> gimli::Result<usize> {
        let value = self.relocate_address(offset, value as u64)?;
        usize::try_from(value).map_err(|_| gimli::Error::UnsupportedOffset)
    }
}
