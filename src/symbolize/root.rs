//! What units cover, from their first entries alone: all units are asked, so nothing else of them is read.

#![allow(non_upper_case_globals, reason = "the names of the DWARF standard")]

use gimli::constants::*;
use gimli::{
    Abbreviations, AttributeSpecification, AttributeValue, DebugAddrBase, DebugRngListsBase, Dwarf,
    DwarfFileType, EntriesRaw, RangeListsOffset, Reader, Section, UnitHeader, UnitOffset,
};

use super::unit::end;

/// How often the tables of abbreviations and the lists of ranges are read as a whole at most. Each is of one unit;
/// that units share them all is made to make readers slow.
const MAX_READS: usize = 8;

/// Reads the first entries of units.
pub(super) struct Roots<'u, R: Reader<Offset = usize>> {
    dwarf: &'u Dwarf<R>,
    /// Bytes of abbreviations and ranges of lists that may yet be read.
    abbreviations_left: usize,
    ranges_left: usize,
    none: Abbreviations,
}

impl<'u, R: Reader<Offset = usize>> Roots<'u, R> {
    pub(super) fn new(dwarf: &'u Dwarf<R>) -> Roots<'u, R> {
        let lists = dwarf.ranges.debug_ranges().reader().len() + dwarf.ranges.debug_rnglists().reader().len();
        Roots {
            dwarf,
            abbreviations_left: dwarf.debug_abbrev.reader().len().saturating_mul(MAX_READS),
            ranges_left: lists.saturating_mul(MAX_READS),
            none: Abbreviations::default(),
        }
    }

    /// Adds what a unit covers.
    pub(super) fn cover(
        &mut self,
        header: &UnitHeader<R>,
        mut add: impl FnMut(u64, u64),
    ) -> gimli::Result<()> {
        let at = header.root_offset();
        let mut input = header.range_from(at..)?;
        let before = input.len();
        let code = input.read_uleb128()?;
        let first = UnitOffset(at.0 + before - input.len());
        let Some(specs) = self.abbreviation(header, code)? else { return Ok(()) };
        let encoding = header.encoding();
        let mut entries = EntriesRaw::new(input, encoding, &self.none, first);
        let (mut low, mut high, mut size, mut list) = (None, None, None, None);
        let mut addresses = DebugAddrBase(0);
        let mut lists = DebugRngListsBase::default_for_encoding_and_file(encoding, DwarfFileType::Main);
        for spec in specs {
            let offset = entries.next_offset();
            let value = entries.read_attribute(spec)?.value();
            match (spec.name(), value) {
                (DW_AT_low_pc, value) => low = Some(value),
                (DW_AT_high_pc, value) => {
                    size = end(header, spec, offset)?.and_then(|distance| distance.udata_value());
                    high = Some(value);
                }
                (DW_AT_ranges, value) => list = Some(value),
                (DW_AT_addr_base, AttributeValue::DebugAddrBase(base)) => addresses = base,
                (DW_AT_rnglists_base, AttributeValue::DebugRngListsBase(base)) => lists = base,
                _ => {}
            }
        }
        let address = |value: Option<AttributeValue<R>>| match value {
            Some(AttributeValue::Addr(address)) => Ok(Some(address)),
            Some(AttributeValue::DebugAddrIndex(index)) => {
                self.dwarf.debug_addr.get_address(encoding.address_size, addresses, index).map(Some)
            }
            _ => Ok(None),
        };
        let low = address(low)?;
        let list = match list {
            Some(AttributeValue::RangeListsRef(offset)) => Some(RangeListsOffset(offset.0)),
            Some(AttributeValue::DebugRngListsIndex(index)) => {
                Some(self.dwarf.ranges.get_offset(encoding, lists, index)?)
            }
            _ => None,
        };
        if let Some(list) = list {
            let ranges = &self.dwarf.ranges;
            let mut ranges =
                ranges.ranges(list, encoding, low.unwrap_or(0), &self.dwarf.debug_addr, addresses)?;
            while let Some(range) = ranges.next()? {
                self.ranges_left = self.ranges_left.checked_sub(1).ok_or(gimli::Error::TooManyIterations)?;
                add(range.begin, range.end);
            }
        } else if let Some(low) = low {
            let high = match size {
                Some(size) => low.checked_add(size),
                None => address(high)?,
            };
            if let Some(high) = high {
                add(low, high);
            }
        }
        Ok(())
    }

    /// The attributes of an abbreviation: of a table that is read no further than this one.
    fn abbreviation(
        &mut self,
        header: &UnitHeader<R>,
        code: u64,
    ) -> gimli::Result<Option<Vec<AttributeSpecification>>> {
        let mut table = self.dwarf.debug_abbrev.reader().clone();
        table.skip(header.debug_abbrev_offset().0)?;
        loop {
            let before = table.len();
            let own = table.read_uleb128()?;
            if own == 0 {
                return Ok(None);
            }
            let _tag = table.read_uleb128()?;
            let _children = table.read_u8()?;
            let mut specs = Vec::new();
            loop {
                let (name, form) = (DwAt(table.read_uleb128_u16()?), DwForm(table.read_uleb128_u16()?));
                if name == DW_AT_null && form == DW_FORM_null {
                    break;
                }
                let constant =
                    if form == DW_FORM_implicit_const { Some(table.read_sleb128()?) } else { None };
                if own == code {
                    specs.push(AttributeSpecification::new(name, form, constant));
                }
            }
            let read = before - table.len();
            self.abbreviations_left =
                self.abbreviations_left.checked_sub(read).ok_or(gimli::Error::TooManyIterations)?;
            if own == code {
                return Ok(Some(specs));
            }
        }
    }
}
