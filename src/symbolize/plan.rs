//! What to do with the entries of an abbreviation: worked out once, for a unit has hundreds of each.

#![allow(non_upper_case_globals, reason = "the names of the DWARF standard")]

use std::borrow::Cow;
use std::collections::BTreeMap;

use gimli::constants::*;
use gimli::{
    Abbreviations, AttributeSpecification, DebugAbbrev, DebugAbbrevOffset, Dwarf, LittleEndian, Reader,
    Section, UnitHeader,
};

use super::raw::{sleb128, uleb128};

/// What to do with the entries of one abbreviation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Where the abbreviation is in its table.
    at: usize,
    pub(super) role: Role,
    pub(super) children: bool,
    /// Size of all attributes, if it is always the same.
    pub(super) size: Option<u32>,
    /// How to step over them else.
    skips: [u8; SKIPS],
    /// Where `DW_AT_sibling` is.
    pub(super) sibling: Option<Field>,
    /// Where `DW_AT_low_pc` and the distance to the end of the code are.
    pub(super) code_range: Option<(u32, Field)>,
}

/// How to step over an entry at the top of the unit, by its code.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// So many bytes behind the code.
    Size(u32),
    /// To where four bytes say that are as far behind the code.
    Sibling(u32),
    /// It is looked at.
    None,
}

/// A number that has the same place in all entries of an abbreviation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Its distance from the end of the entry's code.
    pub(super) at: u32,
    /// Number of bytes.
    pub(super) size: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Not read yet.
    Unknown,
    /// A function with code.
    Function,
    /// A call that was inlined.
    Inlined,
    /// Something that may hold functions: a block, a namespace.
    Scope,
    /// A type, a variable, a function's declaration.
    Other,
}

/// Steps over the attributes of an entry, one a byte: so many bytes, or what has its size written in it. The unused ones
/// at the end are 0.
const SKIPS: usize = 10;
const LEB128: u8 = 0xf0;
const STRING: u8 = 0xf1;
const BLOCK: u8 = 0xf2;
const BLOCK1: u8 = 0xf3;
/// Sizes that are the unit's, and what is left to gimli.
const ADDRESS: u8 = 0xf4;
const OFFSET: u8 = 0xf5;
const OTHER: u8 = 0xff;

/// References to entries of the same unit, and numbers without a sign.
const REFERENCES: [DwForm; 4] = [DW_FORM_ref1, DW_FORM_ref2, DW_FORM_ref4, DW_FORM_ref8];
const DATA: [DwForm; 4] = [DW_FORM_data1, DW_FORM_data2, DW_FORM_data4, DW_FORM_data8];

/// Sizes of the forms, by their numbers.
const SIZES: [u8; 0x2d] = {
    let mut sizes = [OTHER; 0x2d];
    let mut at = 0;
    while at < FORMS.len() {
        #[expect(clippy::indexing_slicing, reason = "it is the compiler that would panic")]
        {
            sizes[FORMS[at].0.0 as usize] = FORMS[at].1;
        }
        at += 1;
    }
    sizes
};
const FORMS: [(DwForm, u8); 40] = [
    (DW_FORM_addr, ADDRESS),
    (DW_FORM_block1, BLOCK1),
    (DW_FORM_block, BLOCK),
    (DW_FORM_exprloc, BLOCK),
    (DW_FORM_string, STRING),
    (DW_FORM_udata, LEB128),
    (DW_FORM_sdata, LEB128),
    (DW_FORM_ref_udata, LEB128),
    (DW_FORM_strx, LEB128),
    (DW_FORM_addrx, LEB128),
    (DW_FORM_loclistx, LEB128),
    (DW_FORM_rnglistx, LEB128),
    (DW_FORM_flag_present, 0),
    (DW_FORM_implicit_const, 0),
    (DW_FORM_flag, 1),
    (DW_FORM_data1, 1),
    (DW_FORM_ref1, 1),
    (DW_FORM_strx1, 1),
    (DW_FORM_addrx1, 1),
    (DW_FORM_data2, 2),
    (DW_FORM_ref2, 2),
    (DW_FORM_strx2, 2),
    (DW_FORM_addrx2, 2),
    (DW_FORM_strx3, 3),
    (DW_FORM_addrx3, 3),
    (DW_FORM_data4, 4),
    (DW_FORM_ref4, 4),
    (DW_FORM_ref_sup4, 4),
    (DW_FORM_strx4, 4),
    (DW_FORM_addrx4, 4),
    (DW_FORM_data8, 8),
    (DW_FORM_ref8, 8),
    (DW_FORM_ref_sig8, 8),
    (DW_FORM_ref_sup8, 8),
    (DW_FORM_data16, 16),
    (DW_FORM_strp, OFFSET),
    (DW_FORM_line_strp, OFFSET),
    (DW_FORM_strp_sup, OFFSET),
    (DW_FORM_sec_offset, OFFSET),
    (DW_FORM_ref_addr, OFFSET),
];

impl Plan {
    const UNKNOWN: Plan = Plan {
        at: 0,
        role: Role::Unknown,
        children: false,
        size: None,
        skips: [0; SKIPS],
        sibling: None,
        code_range: None,
    };

    /// Reads the abbreviation at `*at` and steps behind it; with its code, which is 0 at the end of the table.
    fn read(table: &[u8], at: &mut usize, sizes: &[u8]) -> Option<(u64, Plan)> {
        let start = *at;
        let code = uleb128(table, at).filter(|&code| code > 0)?;
        let tag = DwTag(uleb128(table, at)?.try_into().ok()?);
        let children = *table.get(*at)? == DW_CHILDREN_yes.0;
        *at += 1;
        let field = |forms: &[DwForm], form, at: Option<u32>, size| {
            Some(Field { at: at?, size }).filter(|_| forms.contains(&form))
        };
        let (mut sibling, mut low, mut high) = (None, None, None);
        let (mut has_code, mut has_ranges) = (false, false);
        let (mut size, mut skips) = (Some(0_u32), Skips::default());
        loop {
            let (name, form) = (uleb128(table, at)?, uleb128(table, at)?);
            if (name, form) == (0, 0) {
                break;
            }
            let form = DwForm(form.try_into().ok()?);
            let own = sizes.get(usize::from(form.0)).copied().unwrap_or(OTHER);
            match DwAt(name.try_into().ok()?) {
                DW_AT_sibling => sibling = field(&REFERENCES, form, size, own),
                DW_AT_low_pc => (has_code, low) = (true, size.filter(|_| form == DW_FORM_addr)),
                DW_AT_high_pc => high = field(&DATA, form, size, own),
                DW_AT_ranges => (has_code, has_ranges) = (true, true),
                _ => {}
            }
            if form == DW_FORM_implicit_const {
                sleb128(table, at)?;
            }
            size = size.filter(|_| own < LEB128).and_then(|before| before.checked_add(own.into()));
            skips.add(own);
        }
        let role = match tag {
            DW_TAG_subprogram if has_code => Role::Function,
            DW_TAG_inlined_subroutine if has_code => Role::Inlined,
            DW_TAG_lexical_block | DW_TAG_try_block | DW_TAG_catch_block => Role::Scope,
            DW_TAG_namespace | DW_TAG_module => Role::Scope,
            _ => Role::Other,
        };
        let code_range = low.zip(high).filter(|_| !has_ranges);
        let skips = skips.done();
        Some((code, Plan { at: start, role, children, size, skips, sibling, code_range }))
    }

    /// How to step over an entry at the top of the unit.
    fn step(self) -> Step {
        match self {
            Plan { role: Role::Other, children: true, sibling: Some(Field { at, size: 4 }), .. } => {
                Step::Sibling(at)
            }
            Plan { role: Role::Other, children: false, size: Some(size), .. } => Step::Size(size),
            _ => Step::None,
        }
    }

    /// Where the attributes of an entry end that begin at an offset; `None` if another reader has to tell.
    #[inline]
    pub(super) fn end(&self, bytes: &[u8], at: usize) -> Option<usize> {
        if let Some(size) = self.size {
            return Some(at + size as usize);
        }
        let mut at = at;
        let mut known = false;
        for &skip in self.skips.iter().take_while(|&&skip| skip > 0) {
            known = true;
            match skip {
                LEB128 => {
                    uleb128(bytes, &mut at)?;
                }
                STRING => at += memchr::memchr(0, bytes.get(at..)?)? + 1,
                BLOCK => at = usize::try_from(uleb128(bytes, &mut at)?).ok()?.checked_add(at)?,
                BLOCK1 => at += usize::from(*bytes.get(at)?) + 1,
                size => at += usize::from(size),
            }
        }
        (known && at <= bytes.len()).then_some(at)
    }
}

/// Skips that are being put together.
#[derive(Default)]
struct Skips {
    all: [u8; SKIPS],
    next: usize,
    failed: bool,
}

impl Skips {
    #[inline]
    fn add(&mut self, size: u8) {
        let last = self.next.checked_sub(1).and_then(|last| self.all.get_mut(last));
        match (last, size) {
            (_, 0) => {}
            (Some(last), size) if size < LEB128 && *last < LEB128 && LEB128 - *last > size => *last += size,
            _ => match self.all.get_mut(self.next) {
                Some(slot) if size != OTHER => {
                    *slot = size;
                    self.next += 1;
                }
                _ => self.failed = true,
            },
        }
    }

    /// None at all, if they do not fit.
    fn done(self) -> [u8; SKIPS] {
        if self.failed { [0; SKIPS] } else { self.all }
    }
}

/// The attributes of an abbreviation, read from the table.
pub(super) struct Specs<'u> {
    table: &'u [u8],
    at: usize,
}

impl Specs<'_> {
    /// Where the name of an attribute stands.
    fn position_of(mut self, name: DwAt) -> Option<usize> {
        let mut at = self.at;
        while let Some(spec) = self.next() {
            if spec.name() == name {
                return Some(at);
            }
            at = self.at;
        }
        None
    }
}

impl Iterator for Specs<'_> {
    type Item = AttributeSpecification;

    #[inline]
    fn next(&mut self) -> Option<AttributeSpecification> {
        let name = DwAt(uleb128(self.table, &mut self.at)?.try_into().ok()?);
        let form = DwForm(uleb128(self.table, &mut self.at)?.try_into().ok()?);
        let constant =
            if form == DW_FORM_implicit_const { Some(sleb128(self.table, &mut self.at)?) } else { None };
        let end = (name, form) == (DW_AT_null, DW_FORM_null);
        (!end).then(|| AttributeSpecification::new(name, form, constant))
    }
}

/// The abbreviations of one unit, read as far as its entries need them.
pub(super) struct Plans<'u> {
    /// `.debug_abbrev`, from the unit's table on.
    table: &'u [u8],
    /// Where the next one is.
    next: usize,
    /// Sizes of the forms, by their numbers.
    sizes: [u8; SIZES.len()],
    /// Of small codes, which most are.
    known: Vec<Plan>,
    others: BTreeMap<u64, Plan>,
    /// Of the codes of one byte.
    pub(super) steps: [Step; 128],
}

/// Codes of abbreviations are numbered from 1; those beyond are few.
const KNOWN: usize = 4096;

impl<'u> Plans<'u> {
    /// Of a unit, by its header.
    pub(super) fn of<R>(dwarf: &'u Dwarf<R>, header: &UnitHeader<R>) -> Plans<'u>
    where
        R: Reader<Offset = usize>,
    {
        let table = bytes(dwarf.debug_abbrev.reader()).get(header.debug_abbrev_offset().0..);
        let encoding = header.encoding();
        let of_unit = |size| match size {
            ADDRESS => encoding.address_size,
            OFFSET => encoding.format.word_size(),
            other => other,
        };
        let mut sizes = SIZES.map(of_unit);
        if encoding.version == 2
            && let Some(size) = sizes.get_mut(usize::from(DW_FORM_ref_addr.0))
        {
            *size = encoding.address_size;
        }
        let (table, known, others) = (table.unwrap_or_default(), Vec::new(), BTreeMap::new());
        Plans { table, next: 0, sizes, known, others, steps: [Step::None; 128] }
    }

    /// The one of a code.
    #[inline]
    pub(super) fn get(&mut self, code: u64) -> gimli::Result<Plan> {
        match usize::try_from(code).ok().and_then(|slot| self.known.get(slot)) {
            Some(plan) if plan.role != Role::Unknown => Ok(*plan),
            _ => self.read(code),
        }
    }

    #[cold]
    fn read(&mut self, code: u64) -> gimli::Result<Plan> {
        if let Some(plan) = self.others.get(&code) {
            return Ok(*plan);
        }
        let mut at = self.next;
        while let Some((own, plan)) = Plan::read(self.table, &mut at, &self.sizes) {
            self.next = at;
            match usize::try_from(own).ok().filter(|&slot| slot < KNOWN) {
                Some(slot) => {
                    if self.known.len() < slot {
                        self.known.resize(slot, Plan::UNKNOWN);
                    }
                    match self.known.get_mut(slot) {
                        Some(place) => *place = plan,
                        None => self.known.push(plan),
                    }
                    if let Some(step) = self.steps.get_mut(slot) {
                        *step = plan.step();
                    }
                }
                None => {
                    self.others.insert(own, plan);
                }
            }
            if own == code {
                return Ok(plan);
            }
        }
        Err(gimli::Error::InvalidAbbreviationCode(code))
    }

    /// The attributes that an abbreviation lists.
    pub(super) fn specs(&self, plan: Plan) -> Specs<'u> {
        let mut at = plan.at;
        // Code, tag, and whether there are children.
        let _ = (uleb128(self.table, &mut at), uleb128(self.table, &mut at));
        Specs { table: self.table, at: at + 1 }
    }

    /// A table of no more than the abbreviation of one code: all that gimli needs to read the unit's first entry.
    pub(super) fn alone(&mut self, code: u64) -> gimli::Result<Abbreviations> {
        let plan = self.get(code)?;
        let mut specs = self.specs(plan);
        specs.by_ref().for_each(drop);
        let mut table = self.table.get(plan.at..specs.at).unwrap_or_default().to_vec();
        // gimli would read the whole list of files.
        if let Some(name) =
            self.specs(plan).position_of(DW_AT_stmt_list).and_then(|at| table.get_mut(at - plan.at))
        {
            *name = DW_AT_description.0 as u8;
        }
        table.push(0);
        DebugAbbrev::new(&table, LittleEndian).abbreviations(DebugAbbrevOffset(0))
    }
}

/// The bytes of a section, as they are in the file.
pub(super) fn bytes<R: Reader>(section: &R) -> &[u8] {
    // The readers here never copy.
    match section.to_slice() {
        Ok(Cow::Borrowed(bytes)) => bytes,
        _ => &[],
    }
}
