//! The functions of one unit that hold some addresses, and the calls inlined in them.
//!
//! Of all entries of the unit only those of the functions hit are read. The others are stepped over: types by
//! their `DW_AT_sibling`, the rest by their size, which the abbreviation mostly tells.

#![allow(non_upper_case_globals, reason = "the names of the DWARF standard")]

use std::borrow::Cow;

use gimli::constants::*;
use gimli::{
    Abbreviation, AttributeSpecification, AttributeValue, Dwarf, EntriesRaw, Reader, ReaderOffsetId, Unit,
    UnitOffset,
};

use super::lines::{Row, small};
use super::raw::uleb128;

/// An entry of `.debug_info`, by its offset there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct EntryOffset(pub(super) usize);

/// Calls that an address is in, the function itself first, then inlined calls from the outside in.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    /// The function's entry.
    pub(super) function: Option<EntryOffset>,
    /// Each inlined function's entry, and the place of the call.
    pub(super) inlined: Vec<(EntryOffset, Row)>,
}

/// What to do with the entries of one abbreviation.
#[derive(Clone, Copy, Debug)]
struct Plan<'u> {
    abbreviation: &'u Abbreviation,
    role: Role,
    /// Size of all attributes, if it is always the same.
    size: Option<usize>,
    /// Offset of `DW_AT_sibling` behind the code and the size of its offset.
    sibling: Option<(usize, u8)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A function with code.
    Function,
    /// A call that was inlined.
    Inlined,
    /// Something that may hold functions: a block, a namespace.
    Scope,
    /// A type, a variable, a function's declaration.
    Other,
}

/// Reads one unit.
pub(super) struct UnitReader<'u, R: Reader<Offset = usize>> {
    dwarf: &'u Dwarf<R>,
    unit: &'u Unit<R>,
    /// Offset of the unit in `.debug_info`.
    start: usize,
    /// Its bytes, header included. Nothing that is read from here is ever relocated.
    bytes: Cow<'u, [u8]>,
    plans: Vec<Option<Plan<'u>>>,
    /// Whether no list of children is stepped over.
    thorough: bool,
}

impl<'u, R: Reader<Offset = usize>> UnitReader<'u, R> {
    /// Reads the unit of which `bytes` are all bytes, its header included.
    pub(super) fn new(dwarf: &'u Dwarf<R>, unit: &'u Unit<R>, bytes: Cow<'u, [u8]>) -> UnitReader<'u, R> {
        let start = unit.header.debug_info_offset().map_or(0, |offset| offset.0);
        UnitReader { dwarf, unit, start, bytes, plans: Vec::new(), thorough: false }
    }

    /// The calls that each of some addresses is in. The addresses are in order.
    pub(super) fn calls(&mut self, addresses: &[u64]) -> gimli::Result<Vec<Calls>> {
        let mut all = vec![Calls::default(); addresses.len()];
        // C has functions nowhere but at the top. Only if one is missing, types are searched: Rust's methods are
        // inside theirs.
        for thorough in [false, true] {
            self.thorough = thorough;
            if all.iter().any(|calls| calls.function.is_none()) {
                self.functions(addresses, &mut all)?;
            }
        }
        Ok(all)
    }

    /// Finds the functions of all addresses that have none yet.
    fn functions(&mut self, addresses: &[u64], all: &mut [Calls]) -> gimli::Result<()> {
        let mut left = all.iter().filter(|calls| calls.function.is_none()).count();
        let mut at = self.unit.header.root_offset().0;
        if let Some(root) = self.plan(&mut at)? {
            self.skip_attributes(&mut at, root)?;
        }
        let mut hits = Vec::new();
        while left > 0 && at < self.bytes.len() {
            let entry = at;
            let Some(plan) = self.plan(&mut at)? else { continue };
            if plan.role != Role::Function {
                self.step_over(&mut at, plan)?;
                continue;
            }
            let body = at;
            let place = self.read(&mut at, plan)?;
            hits.clear();
            self.hits(&place, addresses, &mut hits)?;
            hits.retain(|&hit| all.get(hit).is_some_and(|calls| calls.function.is_none()));
            if hits.is_empty() {
                at = body;
                self.step_over(&mut at, plan)?;
                continue;
            }
            for &hit in &hits {
                if let Some(calls) = all.get_mut(hit) {
                    calls.function = Some(EntryOffset(self.start + entry));
                    left -= 1;
                }
            }
            if plan.abbreviation.has_children() {
                self.inlined(&mut at, addresses, &hits, all)?;
            }
        }
        Ok(())
    }

    /// Reads the inside of a function: which inlined calls hold which of the addresses that hit it.
    fn inlined(
        &mut self,
        at: &mut usize,
        addresses: &[u64],
        of: &[usize],
        all: &mut [Calls],
    ) -> gimli::Result<()> {
        let mut depth = 1_usize;
        let mut hits = Vec::new();
        while depth > 0 && *at < self.bytes.len() {
            let Some(plan) = self.plan(at)? else {
                depth -= 1;
                continue;
            };
            let children = plan.abbreviation.has_children();
            if matches!(plan.role, Role::Other | Role::Function) {
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
            hits.clear();
            self.hits(&place, addresses, &mut hits)?;
            hits.retain(|hit| of.contains(hit));
            if hits.is_empty() {
                *at = body;
                depth += usize::from(self.step_over(at, plan)?);
                continue;
            }
            depth += usize::from(children);
            if let (Role::Inlined, Some(origin)) = (plan.role, place.origin) {
                for &hit in &hits {
                    if let Some(calls) = all.get_mut(hit) {
                        calls.inlined.push((origin, place.call));
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads an entry's code. `None` is the end of a list of children.
    fn plan(&mut self, at: &mut usize) -> gimli::Result<Option<Plan<'u>>> {
        /// Abbreviations are numbered from 1; more of them than this are looked up each time.
        const PLANS: usize = 4096;
        let code = uleb128(&self.bytes, at).ok_or(gimli::Error::UnexpectedEof(ReaderOffsetId(*at as u64)))?;
        if code == 0 {
            return Ok(None);
        }
        let slot = code as usize;
        if let Some(Some(plan)) = self.plans.get(slot) {
            return Ok(Some(*plan));
        }
        let unknown = gimli::Error::InvalidAbbreviationCode(code);
        let abbreviation = self.unit.abbreviations.get(code).ok_or(unknown)?;
        let plan = Plan::of(abbreviation, self.unit);
        if slot < PLANS {
            if self.plans.len() <= slot {
                self.plans.resize(slot + 1, None);
            }
            if let Some(place) = self.plans.get_mut(slot) {
                *place = Some(plan);
            }
        }
        Ok(Some(plan))
    }

    /// Steps over an entry whose code was read, and over its children if it says where they end; whether
    /// children follow now.
    fn step_over(&self, at: &mut usize, plan: Plan<'_>) -> gimli::Result<bool> {
        let children = plan.abbreviation.has_children();
        // A list of children may hold functions.
        let needless = children && !self.thorough && plan.role != Role::Scope;
        if let (true, Some((skip, size))) = (needless, plan.sibling) {
            let mut field = self.unit.header.range_from(UnitOffset(*at + skip)..)?;
            let sibling = match size {
                1 => usize::from(field.read_u8()?),
                2 => usize::from(field.read_u16()?),
                4 => field.read_u32()? as usize,
                _ => field.read_u64()? as usize,
            };
            // Only forward, so that no loop in the file is one here.
            if sibling > *at {
                *at = sibling;
                return Ok(false);
            }
        }
        self.skip_attributes(at, plan)?;
        Ok(children)
    }

    fn skip_attributes(&self, at: &mut usize, plan: Plan<'_>) -> gimli::Result<()> {
        *at = match plan.size {
            Some(size) => *at + size,
            None => {
                let mut entries = self.entries(*at)?;
                entries.skip_attributes(plan.abbreviation.attributes())?;
                entries.next_offset().0
            }
        };
        Ok(())
    }

    /// Reads attributes from an offset on.
    fn entries(&self, at: usize) -> gimli::Result<EntriesRaw<'u, R>> {
        let input = self.unit.header.range_from(UnitOffset(at)..)?;
        Ok(EntriesRaw::new(input, self.unit.encoding(), &self.unit.abbreviations, UnitOffset(at)))
    }

    /// Reads the attributes of an entry that tell where its code is and from where it was called.
    fn read(&self, at: &mut usize, plan: Plan<'_>) -> gimli::Result<CodePlace<R>> {
        let mut place = CodePlace::default();
        let mut entries = self.entries(*at)?;
        for &spec in plan.abbreviation.attributes() {
            let value = entries.read_attribute(spec)?.value();
            match spec.name() {
                DW_AT_low_pc => place.low = self.dwarf.attr_address(self.unit, value)?,
                DW_AT_high_pc => place.high = Some(value),
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

    /// Which of the addresses are in the ranges.
    fn hits(&self, place: &CodePlace<R>, addresses: &[u64], hits: &mut Vec<usize>) -> gimli::Result<()> {
        let mut add = |start: u64, end: u64| {
            let first = addresses.partition_point(|&address| address < start);
            let behind = addresses.partition_point(|&address| address < end);
            hits.extend(first..behind);
        };
        if let Some(list) = place.list.clone() {
            if let Some(mut list) = self.dwarf.attr_ranges(self.unit, list)? {
                while let Some(range) = list.next()? {
                    add(range.begin, range.end);
                }
            }
        } else if let Some(low) = place.low {
            let high = match place.high.clone() {
                Some(AttributeValue::Addr(high)) => Some(high),
                Some(AttributeValue::DebugAddrIndex(index)) => Some(self.dwarf.address(self.unit, index)?),
                Some(size) => size.udata_value().and_then(|size| low.checked_add(size)),
                None => None,
            };
            if let Some(high) = high {
                add(low, high);
            }
        }
        Ok(())
    }
}

impl<'u> Plan<'u> {
    fn of<R: Reader<Offset = usize>>(abbreviation: &'u Abbreviation, unit: &Unit<R>) -> Plan<'u> {
        let specs = abbreviation.attributes();
        let size = |specs: &[AttributeSpecification]| {
            specs.iter().map(|spec| spec.size(&unit.header)).sum::<Option<usize>>()
        };
        let has = |name| specs.iter().any(|spec| spec.name() == name);
        let has_code = has(DW_AT_low_pc) || has(DW_AT_ranges);
        let role = match abbreviation.tag() {
            DW_TAG_subprogram if has_code => Role::Function,
            DW_TAG_inlined_subroutine if has_code => Role::Inlined,
            DW_TAG_lexical_block | DW_TAG_try_block | DW_TAG_catch_block => Role::Scope,
            DW_TAG_namespace | DW_TAG_module => Role::Scope,
            _ => Role::Other,
        };
        let sibling = specs.iter().position(|spec| spec.name() == DW_AT_sibling).and_then(|at| {
            let width = match specs.get(at)?.form() {
                DW_FORM_ref1 => 1,
                DW_FORM_ref2 => 2,
                DW_FORM_ref4 => 4,
                DW_FORM_ref8 => 8,
                _ => return None,
            };
            Some((size(specs.get(..at)?)?, width))
        });
        Plan { abbreviation, role, size: size(specs), sibling }
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

fn file_number<R: Reader<Offset = usize>>(value: &AttributeValue<R>) -> Option<u64> {
    match value {
        AttributeValue::FileIndex(file) => Some(*file),
        other => other.udata_value(),
    }
}

/// Name of an entry, in the source or for the linker; references are followed.
pub(super) enum Name<R> {
    /// `DW_AT_linkage_name` or `DW_AT_name`.
    Is(R),
    /// It is that of another entry.
    Of(EntryOffset),
}

/// The name that an entry has or refers to.
pub(super) fn name<R: Reader<Offset = usize>>(
    dwarf: &Dwarf<R>,
    unit: &Unit<R>,
    entry: EntryOffset,
) -> gimli::Result<Option<Name<R>>> {
    let start = unit.header.debug_info_offset().map_or(0, |offset| offset.0);
    let Some(offset) = entry.0.checked_sub(start) else { return Ok(None) };
    let entry = unit.entry(UnitOffset(offset))?;
    for linkage in [DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name] {
        if let Some(value) = entry.attr_value(linkage) {
            return dwarf.attr_string(unit, value).map(|name| Some(Name::Is(name)));
        }
    }
    for reference in [DW_AT_abstract_origin, DW_AT_specification] {
        match entry.attr_value(reference) {
            Some(AttributeValue::UnitRef(offset)) => {
                return Ok(start.checked_add(offset.0).map(|offset| Name::Of(EntryOffset(offset))));
            }
            Some(AttributeValue::DebugInfoRef(offset)) => return Ok(Some(Name::Of(EntryOffset(offset.0)))),
            _ => {}
        }
    }
    Ok(None)
}
