//! The functions of one unit that hold some addresses, and the calls inlined in them.
//!
//! Of all entries of the unit only those of the functions hit are read. The others are stepped over: types by
//! their `DW_AT_sibling`, the rest by their size, which the abbreviation mostly tells.

#![allow(non_upper_case_globals, reason = "the names of the DWARF standard")]

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use gimli::constants::*;
use gimli::{
    AttributeSpecification, AttributeValue, DebugInfoOffset, Dwarf, Endianity, EntriesRaw, Reader,
    ReaderOffsetId, Section, Unit, UnitHeader, UnitOffset,
};

use super::lines::{Row, small};
use super::plan::{self, Field, Plan, Plans, Role, Step};
use super::raw::uleb128;
use super::table::LineTable;

/// An entry of `.debug_info`, by its offset there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct EntryOffset(pub(super) usize);

/// Calls that an address is in, the function itself first, then inlined calls from the outside in.
#[derive(Clone, Debug, Default)]
pub(super) struct Nesting {
    /// The function's entry.
    pub(super) function: Option<EntryOffset>,
    /// Each inlined function's entry, and the place of the call.
    pub(super) inlined: Vec<(EntryOffset, Row)>,
}

/// The functions of a unit, as far as it was read. They are few and small: the next who asks need not walk
/// through all entries before them again.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pieces: Vec<Piece>,
    /// Where the next entry is; 0 before the first one.
    at: usize,
    /// Whether there were too many.
    cut: bool,
}

/// Pieces of code that are remembered of one unit: no unit of a kernel has as many.
const PIECES: usize = 1 << 16;

impl Walked {
    /// Number of pieces of code; `None` if it is of no use.
    pub(super) fn len(&self) -> Option<usize> {
        (!self.cut).then_some(self.pieces.len())
    }
}

/// Code of a function in one piece.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: u64,
    end: u64,
    /// Offset of the function's entry in the unit.
    entry: usize,
}

/// Reads one unit.
pub(super) struct UnitReader<'u, R: Reader<Offset = usize>> {
    dwarf: &'u Dwarf<R>,
    /// Its first entry. Of abbreviations it has no other one, and no line table.
    pub(super) unit: Unit<R>,
    pub(super) lines: Option<LineTable<R>>,
    /// Offset of the unit in `.debug_info`.
    start: usize,
    /// Its bytes, header included. Nothing that is read from here is ever relocated.
    bytes: &'u [u8],
    little: bool,
    plans: Plans<'u>,
    /// Whether no list of children is stepped over.
    thorough: bool,
    /// Ranges, and addresses in them, that may yet be read: of more than any compiler writes, entries share their
    /// lists to make readers slow.
    budget: Cell<usize>,
}

/// Calls inlined in one another: compilers make some twenty.
const MAX_DEPTH: usize = 256;
/// Entries that an address is in, and how often a list of ranges is read.
const MAX_HITS: usize = 1024;
const MAX_READS: usize = 8;

impl<'u, R: Reader<Offset = usize>> UnitReader<'u, R> {
    /// Reads the first entry of the unit at an offset in `.debug_info`.
    pub(super) fn new(dwarf: &'u Dwarf<R>, start: usize) -> gimli::Result<UnitReader<'u, R>> {
        let header = dwarf.unit_header(DebugInfoOffset(start))?;
        let bytes = plan::bytes(dwarf.debug_info.reader());
        let end = start.saturating_add(header.length_including_self());
        let bytes = bytes.get(start..end).unwrap_or_default();
        let mut at = header.root_offset().0;
        let code = uleb128(bytes, &mut at).ok_or(gimli::Error::MissingUnitDie)?;
        let mut plans = Plans::of(dwarf, &header);
        let (plan, first) = (plans.get(code)?, plans.alone(code)?);
        let unit = Unit::new_with_abbreviations(dwarf, header, Arc::new(first))?;
        let little = dwarf.debug_info.reader().endian().is_little_endian();
        let lines = None;
        let (thorough, budget) = (false, Cell::new(0));
        let mut reader = UnitReader { dwarf, unit, lines, start, bytes, little, plans, thorough, budget };
        reader.lines = reader.line_table(at, plan)?;
        Ok(reader)
    }

    /// The line table that the first entry names, of which the attributes begin at an offset.
    fn line_table(&self, at: usize, plan: Plan) -> gimli::Result<Option<LineTable<R>>> {
        let mut entries = self.entries(at)?;
        for spec in self.plans.specs(plan) {
            let attribute = entries.read_attribute(spec)?;
            if spec.name() == DW_AT_stmt_list
                && let AttributeValue::DebugLineRef(offset) = attribute.value()
            {
                let address_size = self.unit.encoding().address_size;
                return LineTable::new(self.dwarf, offset, address_size).map(Some);
            }
        }
        Ok(None)
    }

    /// The calls that each of some addresses is in. The addresses are in order. `walked` is of the same unit.
    pub(super) fn calls(&mut self, addresses: &[u64], walked: &mut Walked) -> gimli::Result<Vec<Nesting>> {
        let mut all = vec![Nesting::default(); addresses.len()];
        let lists = self.dwarf.ranges.debug_ranges().reader().len()
            + self.dwarf.ranges.debug_rnglists().reader().len();
        let entries = self.bytes.len() + MAX_HITS * addresses.len();
        self.budget.set(lists.saturating_mul(MAX_READS).saturating_add(entries));
        self.functions(addresses, walked, &mut all)?;
        // C has functions nowhere but at the top. Only if one is missing, types are searched: Rust's methods are
        // inside theirs.
        if all.iter().any(|calls| calls.function.is_none()) {
            self.thorough = true;
            self.functions(addresses, &mut Walked::default(), &mut all)?;
        }
        let function = |(hit, calls): (usize, &Nesting)| Some((calls.function?.0, hit));
        let mut of_functions: Vec<(usize, usize)> = all.iter().enumerate().filter_map(function).collect();
        of_functions.sort_unstable();
        for same in of_functions.chunk_by(|a, b| a.0 == b.0) {
            let hits: Vec<usize> = same.iter().map(|&(_, hit)| hit).collect();
            let Some(mut at) = same.first().and_then(|&(entry, _)| entry.checked_sub(self.start)) else {
                continue;
            };
            if let Some(plan) = self.plan(&mut at)?.filter(|plan| plan.children) {
                self.skip_attributes(&mut at, plan)?;
                self.inlined(&mut at, addresses, &hits, &mut all)?;
            }
        }
        Ok(all)
    }

    /// Finds the functions of all addresses that have none yet.
    fn functions(
        &mut self,
        addresses: &[u64],
        walked: &mut Walked,
        all: &mut [Nesting],
    ) -> gimli::Result<()> {
        let mut left = all.iter().filter(|calls| calls.function.is_none()).count();
        let start = self.start;
        let mut claim = |piece: &Piece| {
            let first = addresses.partition_point(|&address| address < piece.start);
            let mine = addresses.iter().skip(first).take_while(|&&address| address < piece.end);
            for (_, calls) in mine.zip(all.iter_mut().skip(first)) {
                if calls.function.is_none() {
                    calls.function = Some(EntryOffset(start + piece.entry));
                    left -= 1;
                }
            }
            left > 0
        };
        let mut more = walked.pieces.iter().all(&mut claim);
        let mut at = walked.at;
        if at == 0 {
            at = self.unit.header.root_offset().0;
            if let Some(root) = self.plan(&mut at)? {
                self.skip_attributes(&mut at, root)?;
            }
        }
        while more && at < self.bytes.len() {
            if !self.thorough {
                at = self.run(at);
            }
            let entry = at;
            let Some(plan) = self.plan(&mut at)? else { continue };
            if plan.role == Role::Function {
                let known = walked.pieces.len();
                let mut add = |start, end| {
                    walked.pieces.push(Piece { start, end, entry });
                    Ok(())
                };
                match self.code_range(at, plan) {
                    Some(range) => add(range.start, range.end)?,
                    None => self.ranges(&self.read(&mut at.clone(), plan)?, add)?,
                }
                more = walked.pieces.iter().skip(known).all(&mut claim);
                // Functions of a damaged file may share a long list of ranges.
                if walked.pieces.len() > PIECES {
                    walked.pieces.clear();
                    walked.cut = true;
                }
            }
            self.step_over(&mut at, plan)?;
        }
        walked.at = at;
        Ok(())
    }

    /// Reads the inside of a function: which inlined calls hold which of the addresses that hit it.
    fn inlined(
        &mut self,
        at: &mut usize,
        addresses: &[u64],
        of: &[usize],
        all: &mut [Nesting],
    ) -> gimli::Result<()> {
        let mut depth = 1_usize;
        let mut hits = Vec::new();
        while depth > 0 && *at < self.bytes.len() {
            let Some(plan) = self.plan(at)? else {
                depth -= 1;
                continue;
            };
            let children = plan.children;
            if matches!(plan.role, Role::Other | Role::Function) {
                depth += usize::from(self.step_over(at, plan)?);
                continue;
            }
            let misses = |range: Range<u64>| {
                let first = addresses.partition_point(|&address| address < range.start);
                addresses.get(first).is_none_or(|&address| address >= range.end)
            };
            if self.code_range(*at, plan).is_some_and(misses) {
                depth += usize::from(self.step_over(at, plan)?);
                continue;
            }
            let body = *at;
            let place = self.read(at, plan)?;
            // A block without ranges is as large as what it is in.
            if place.is_empty() {
                depth += usize::from(children);
                continue;
            }
            self.hits(&place, addresses, &mut hits)?;
            hits.retain(|hit| of.binary_search(hit).is_ok());
            if hits.is_empty() {
                *at = body;
                depth += usize::from(self.step_over(at, plan)?);
                continue;
            }
            depth += usize::from(children);
            if let (Role::Inlined, Some(origin)) = (plan.role, place.origin) {
                for &hit in &hits {
                    if let Some(calls) = all.get_mut(hit).filter(|calls| calls.inlined.len() < MAX_DEPTH) {
                        calls.inlined.push((origin, place.call));
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads an entry's code. `None` is the end of a list of children.
    #[inline]
    fn plan(&mut self, at: &mut usize) -> gimli::Result<Option<Plan>> {
        let code = uleb128(self.bytes, at).ok_or(gimli::Error::UnexpectedEof(ReaderOffsetId(*at as u64)))?;
        if code == 0 {
            return Ok(None);
        }
        self.plans.get(code).map(Some)
    }

    /// The number in a field of the entry whose attributes begin at an offset.
    #[inline]
    fn number(&self, at: usize, field: Field) -> Option<u64> {
        let bytes = self.bytes.get(at.checked_add(field.at as usize)?..)?;
        let little = self.little;
        Some(match field.size {
            1 => u64::from(*bytes.first()?),
            2 => bytes
                .first_chunk()
                .map(|b| u64::from(if little { u16::from_le_bytes(*b) } else { u16::from_be_bytes(*b) }))?,
            4 => bytes
                .first_chunk()
                .map(|b| u64::from(if little { u32::from_le_bytes(*b) } else { u32::from_be_bytes(*b) }))?,
            _ => bytes
                .first_chunk()
                .map(|b| if little { u64::from_le_bytes(*b) } else { u64::from_be_bytes(*b) })?,
        })
    }

    /// Steps over entries at the top of the unit, up to the first that needs a look.
    fn run(&self, at: usize) -> usize {
        let mut at = at;
        while let Some(&code) = self.bytes.get(at) {
            at = match self.plans.steps.get(usize::from(code)) {
                Some(&Step::Size(size)) => at + 1 + size as usize,
                Some(&Step::Sibling(field)) => {
                    let sibling = self.number(at + 1, Field { at: field, size: 4 });
                    match sibling {
                        // Only forward, so that no loop in the file is one here.
                        Some(sibling) if sibling > at as u64 => sibling as usize,
                        _ => return at,
                    }
                }
                _ => return at,
            };
        }
        at
    }

    /// Steps over an entry whose code was read, and over its children if it says where they end; whether
    /// children follow now.
    #[inline]
    fn step_over(&self, at: &mut usize, plan: Plan) -> gimli::Result<bool> {
        // A list of children may hold functions.
        let needless = plan.children && !self.thorough && plan.role != Role::Scope;
        if let (true, Some(sibling)) = (needless, plan.sibling) {
            let sibling = self.number(*at, sibling).map_or(0, |sibling| sibling as usize);
            // Only forward, so that no loop in the file is one here.
            if sibling > *at {
                *at = sibling;
                return Ok(false);
            }
        }
        self.skip_attributes(at, plan)?;
        Ok(plan.children)
    }

    #[inline]
    fn skip_attributes(&self, at: &mut usize, plan: Plan) -> gimli::Result<()> {
        *at = match plan.end(self.bytes, *at) {
            Some(end) => end,
            None => {
                let mut entries = self.entries(*at)?;
                let specs: Vec<AttributeSpecification> = self.plans.specs(plan).collect();
                entries.skip_attributes(&specs)?;
                entries.next_offset().0
            }
        };
        Ok(())
    }

    /// Where the code of an entry is, if the entry says no more than where it begins and how long it is.
    #[inline]
    fn code_range(&self, at: usize, plan: Plan) -> Option<Range<u64>> {
        let (low, size) = plan.code_range?;
        let mut low_pc = self.unit.header.range_from(UnitOffset(at + low as usize)..).ok()?;
        let low = low_pc.read_address(self.unit.encoding().address_size).ok()?;
        // gimli relocates addresses alone; RISC-V's distances are made by relocations as well.
        let distance = match size.size {
            4 | 8 => {
                let mut distance = self.unit.header.range_from(UnitOffset(at + size.at as usize)..).ok()?;
                distance.read_address(size.size).ok()? & u64::MAX >> (64 - 8 * u32::from(size.size))
            }
            _ => self.number(at, size)?,
        };
        Some(low..low.checked_add(distance)?)
    }

    /// Reads attributes from an offset on.
    fn entries(&self, at: usize) -> gimli::Result<EntriesRaw<'_, R>> {
        let input = self.unit.header.range_from(UnitOffset(at)..)?;
        Ok(EntriesRaw::new(input, self.unit.encoding(), &self.unit.abbreviations, UnitOffset(at)))
    }

    /// Reads the attributes of an entry that tell where its code is and from where it was called.
    fn read(&self, at: &mut usize, plan: Plan) -> gimli::Result<CodePlace<R>> {
        let mut place = CodePlace::default();
        let mut entries = self.entries(*at)?;
        for spec in self.plans.specs(plan) {
            let offset = entries.next_offset();
            let attribute = entries.read_attribute(spec)?;
            let value = match spec.name() {
                DW_AT_low_pc
                | DW_AT_high_pc
                | DW_AT_ranges
                | DW_AT_abstract_origin
                | DW_AT_call_file
                | DW_AT_call_line
                | DW_AT_call_column
                | DW_AT_GNU_discriminator => attribute.value(),
                _ => continue,
            };
            match spec.name() {
                DW_AT_low_pc => place.low = self.dwarf.attr_address(&self.unit, value)?,
                DW_AT_high_pc => place.high = Some(end(&self.unit.header, spec, offset)?.unwrap_or(value)),
                DW_AT_ranges => place.list = Some(value),
                DW_AT_abstract_origin => place.origin = self.reference(value),
                DW_AT_call_file => place.call.file = file_number(&value).unwrap_or(0),
                DW_AT_call_line => place.call.line = small(value.udata_value().unwrap_or(0)),
                DW_AT_call_column => place.call.column = small(value.udata_value().unwrap_or(0)),
                DW_AT_GNU_discriminator => {
                    place.call.discriminator = small(value.udata_value().unwrap_or(0));
                }
                _ => {}
            }
        }
        *at = entries.next_offset().0;
        Ok(place)
    }

    /// Where a reference to an entry leads.
    fn reference(&self, value: AttributeValue<R>) -> Option<EntryOffset> {
        match value {
            AttributeValue::UnitRef(offset) => Some(EntryOffset(self.start.checked_add(offset.0)?)),
            AttributeValue::DebugInfoRef(offset) => Some(EntryOffset(offset.0)),
            _ => None,
        }
    }

    /// Which of the addresses are in the ranges, in order.
    fn hits(&self, place: &CodePlace<R>, addresses: &[u64], hits: &mut Vec<usize>) -> gimli::Result<()> {
        hits.clear();
        self.ranges(place, |start, end| {
            let first = addresses.partition_point(|&address| address < start);
            let behind = addresses.partition_point(|&address| address < end);
            self.spend(behind.saturating_sub(first))?;
            hits.extend(first..behind);
            Ok(())
        })?;
        hits.sort_unstable();
        hits.dedup();
        Ok(())
    }

    /// Takes from the budget.
    fn spend(&self, cost: usize) -> gimli::Result<()> {
        let left = self.budget.get().checked_sub(cost).ok_or(gimli::Error::TooManyIterations)?;
        self.budget.set(left);
        Ok(())
    }

    /// Where an entry's code is.
    fn ranges(
        &self,
        place: &CodePlace<R>,
        mut add: impl FnMut(u64, u64) -> gimli::Result<()>,
    ) -> gimli::Result<()> {
        if let Some(list) = place.list.clone() {
            if let Some(mut list) = self.dwarf.attr_ranges(&self.unit, list)? {
                while let Some(range) = list.next()? {
                    self.spend(1)?;
                    add(range.begin, range.end)?;
                }
            }
        } else if let Some(low) = place.low {
            let high = match place.high.clone() {
                Some(AttributeValue::Addr(high)) => Some(high),
                Some(AttributeValue::DebugAddrIndex(index)) => Some(self.dwarf.address(&self.unit, index)?),
                Some(size) => size.udata_value().and_then(|size| low.checked_add(size)),
                None => None,
            };
            if let Some(high) = high {
                add(low, high)?;
            }
        }
        Ok(())
    }

    /// Whether an entry is one of the unit.
    pub(super) fn has(&self, entry: EntryOffset) -> bool {
        entry.0.wrapping_sub(self.start) < self.bytes.len()
    }

    /// The name that an entry of the unit has or refers to.
    pub(super) fn name(&mut self, entry: EntryOffset) -> gimli::Result<Option<Name<R>>> {
        let Some(mut at) = entry.0.checked_sub(self.start) else { return Ok(None) };
        let Some(plan) = self.plan(&mut at)? else { return Ok(None) };
        let mut entries = self.entries(at)?;
        let mut found = [const { None }; NAMES.len()];
        for spec in self.plans.specs(plan) {
            let attribute = entries.read_attribute(spec)?;
            if let Some(at) = NAMES.iter().position(|name| *name == spec.name())
                && let Some(slot) = found.get_mut(at)
            {
                *slot = Some(attribute.value());
            }
        }
        let [linkage, linkage_of_mips, name, origin, specification] = found;
        if let Some(value) = linkage.or(linkage_of_mips).or(name) {
            return self.dwarf.attr_string(&self.unit, value).map(|name| Some(Name::Is(name)));
        }
        let reference = |value| self.reference(value).map(Name::Of);
        Ok(origin.and_then(reference).or_else(|| specification.and_then(reference)))
    }
}

/// Where an entry's code is, and from where it was called.
struct CodePlace<R: Reader<Offset = usize>> {
    low: Option<u64>,
    high: Option<AttributeValue<R>>,
    list: Option<AttributeValue<R>>,
    origin: Option<EntryOffset>,
    call: Row,
}

impl<R: Reader<Offset = usize>> Default for CodePlace<R> {
    fn default() -> CodePlace<R> {
        CodePlace { low: None, high: None, list: None, origin: None, call: Row::default() }
    }
}

impl<R: Reader<Offset = usize>> CodePlace<R> {
    fn is_empty(&self) -> bool {
        self.list.is_none() && (self.low.is_none() || self.high.is_none())
    }
}

/// The value of `DW_AT_high_pc` at an offset if it is a distance, which gimli reads but does not relocate: of CPUs
/// whose linkers make code shorter, it is two relocations.
pub(super) fn end<R: Reader<Offset = usize>>(
    header: &UnitHeader<R>,
    spec: AttributeSpecification,
    offset: UnitOffset,
) -> gimli::Result<Option<AttributeValue<R>>> {
    let size = match spec.form() {
        DW_FORM_data4 => 4,
        DW_FORM_data8 => 8,
        _ => return Ok(None),
    };
    let distance = header.range_from(offset..)?.read_address(size)?;
    let mask = u64::MAX >> (64 - 8 * u32::from(size));
    Ok(Some(AttributeValue::Udata(distance & mask)))
}

fn file_number<R: Reader<Offset = usize>>(value: &AttributeValue<R>) -> Option<u64> {
    match value {
        AttributeValue::FileIndex(file) => Some(*file),
        other => other.udata_value(),
    }
}

/// What an entry is named by, the best first, and what leads to another that has a name.
const NAMES: [DwAt; 5] =
    [DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name, DW_AT_abstract_origin, DW_AT_specification];

/// Name of an entry, in the source or for the linker; references are followed.
pub(super) enum Name<R> {
    /// `DW_AT_linkage_name` or `DW_AT_name`.
    Is(R),
    /// It is that of another entry.
    Of(EntryOffset),
}
