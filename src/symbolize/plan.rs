//! What to do with the entries of an abbreviation: worked out once, for a unit has hundreds of each.

#![allow(non_upper_case_globals, reason = "the names of the DWARF standard")]

use gimli::constants::*;
use gimli::{Abbreviation, Reader, Unit};

/// What to do with the entries of one abbreviation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// The abbreviation's code.
    pub(super) code: u64,
    pub(super) role: Role,
    pub(super) children: bool,
    /// Size of all attributes, if it is always the same.
    pub(super) size: Option<u32>,
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

/// References to entries of the same unit, and their sizes.
const REFERENCES: [(DwForm, u8); 4] =
    [(DW_FORM_ref1, 1), (DW_FORM_ref2, 2), (DW_FORM_ref4, 4), (DW_FORM_ref8, 8)];
/// Numbers without a sign, and their sizes.
const DATA: [(DwForm, u8); 4] =
    [(DW_FORM_data1, 1), (DW_FORM_data2, 2), (DW_FORM_data4, 4), (DW_FORM_data8, 8)];

impl Plan {
    pub(super) fn of<R: Reader<Offset = usize>>(abbreviation: &Abbreviation, unit: &Unit<R>) -> Plan {
        let (mut sibling, mut low, mut high) = (None, None, None);
        let (mut has_code, mut has_ranges) = (false, false);
        let mut size = Some(0_u32);
        for spec in abbreviation.attributes() {
            let field = |forms: &[(DwForm, u8)]| {
                let &(_, width) = forms.iter().find(|(form, _)| *form == spec.form())?;
                Some(Field { at: size?, size: width })
            };
            match spec.name() {
                DW_AT_sibling => sibling = field(&REFERENCES),
                DW_AT_low_pc => (has_code, low) = (true, field(&[(DW_FORM_addr, 0)])),
                DW_AT_high_pc => high = field(&DATA),
                DW_AT_ranges => (has_code, has_ranges) = (true, true),
                _ => {}
            }
            let own = spec.size(&unit.header).and_then(|size| u32::try_from(size).ok());
            size = size.zip(own).and_then(|(before, own)| before.checked_add(own));
        }
        let role = match abbreviation.tag() {
            DW_TAG_subprogram if has_code => Role::Function,
            DW_TAG_inlined_subroutine if has_code => Role::Inlined,
            DW_TAG_lexical_block | DW_TAG_try_block | DW_TAG_catch_block => Role::Scope,
            DW_TAG_namespace | DW_TAG_module => Role::Scope,
            _ => Role::Other,
        };
        let code_range = low.zip(high).map(|(low, high)| (low.at, high)).filter(|_| !has_ranges);
        let (code, children) = (abbreviation.code(), abbreviation.has_children());
        Plan { code, role, children, size, sibling, code_range }
    }
}
