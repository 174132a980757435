//! The line table of one unit: what its program needs, and its files, of which no more are read than are asked for.

#![allow(non_upper_case_globals, reason = "the names of the DWARF standard")]

use gimli::constants::*;
use gimli::{
    Abbreviations, AttributeSpecification, AttributeValue, DebugLineOffset, Dwarf, Encoding, EntriesRaw,
    Error, Reader, Result, Section, UnitOffset,
};

/// The header of a line table: DWARF 5, section 6.2.4.
pub(super) struct LineTable<R> {
    encoding: Encoding,
    pub(super) min_instruction: u8,
    pub(super) line_base: i8,
    pub(super) line_range: u8,
    pub(super) opcode_base: u8,
    /// Numbers of operands of the standard opcodes.
    pub(super) operands: R,
    pub(super) program: R,
    directories: List<R>,
    files: Option<List<R>>,
    none: Abbreviations,
}

/// The names of a file and its directory, where they are not the unit's.
pub(super) struct FileName<R: Reader> {
    pub(super) name: Option<AttributeValue<R>>,
    pub(super) directory: Option<AttributeValue<R>>,
}

/// Directories or files.
struct List<R> {
    specs: Vec<AttributeSpecification>,
    /// How many are not read yet; the lists of old versions end with an empty name.
    left: u64,
    ends_empty: bool,
    /// Those that were read, and what follows them.
    entries: Vec<R>,
    rest: R,
}

/// Where a list is told what a value means: of no other does the meaning matter.
const INDEX: DwAt = DW_AT_decl_file;
const OTHER: DwAt = DW_AT_lo_user;

impl<R: Reader<Offset = usize>> LineTable<R> {
    /// Reads the header at an offset in `.debug_line`, of a unit with such addresses.
    pub(super) fn new(dwarf: &Dwarf<R>, at: DebugLineOffset, address_size: u8) -> Result<LineTable<R>> {
        let mut rest = dwarf.debug_line.reader().clone();
        rest.skip(at.0)?;
        let (length, format) = rest.read_initial_length()?;
        rest.truncate(length)?;
        let version = rest.read_u16()?;
        if !(2..=5).contains(&version) {
            return Err(Error::UnknownVersion(version.into()));
        }
        let mut encoding = Encoding { format, version, address_size };
        if version >= 5 {
            encoding.address_size = rest.read_address_size()?;
            rest.read_u8()?;
        }
        let length = rest.read_length(format)?;
        let mut program = rest.clone();
        program.skip(length)?;
        rest.truncate(length)?;
        let min_instruction = rest.read_u8()?;
        if version >= 4 {
            rest.read_u8()?;
        }
        // Whether rows are statements at first.
        rest.read_u8()?;
        let (line_base, line_range, opcode_base) = (rest.read_i8()?, rest.read_u8()?, rest.read_u8()?);
        let operands = rest.split(opcode_base.checked_sub(1).ok_or(Error::OpcodeBaseZero)?.into())?;
        let directories = List::new(rest, version, &[(DW_AT_name, DW_FORM_string)])?;
        let (files, none) = (None, Abbreviations::default());
        Ok(LineTable {
            encoding,
            min_instruction,
            line_base,
            line_range,
            opcode_base,
            operands,
            program,
            directories,
            files,
            none,
        })
    }

    pub(super) fn address_size(&self) -> u8 {
        self.encoding.address_size
    }

    /// Name of the file of a number, and of its directory. Old versions count both from 1: 0 are the unit's own.
    pub(super) fn file(&mut self, number: u64) -> Option<FileName<R>> {
        let old = u64::from(self.encoding.version < 5);
        let Some(number) = number.checked_sub(old) else {
            return Some(FileName { name: None, directory: None });
        };
        if self.files.is_none() {
            while self.directories.read(self.encoding, &self.none).is_some() {}
            let rest = self.directories.rest.clone();
            let specs = [
                (DW_AT_name, DW_FORM_string),
                (INDEX, DW_FORM_udata),
                (OTHER, DW_FORM_udata),
                (OTHER, DW_FORM_udata),
            ];
            self.files = Some(List::new(rest, self.encoding.version, &specs).ok()?);
        }
        let (name, directory) = self.files.as_mut()?.get(number, self.encoding, &self.none)?;
        let directory = directory.checked_sub(old);
        let directory = directory.and_then(|at| self.directories.get(at, self.encoding, &self.none)?.0);
        Some(FileName { name: Some(name?), directory })
    }
}

impl<R: Reader<Offset = usize>> List<R> {
    fn new(mut rest: R, version: u16, old: &[(DwAt, DwForm)]) -> Result<List<R>> {
        let spec = |(name, form)| AttributeSpecification::new(name, form, None);
        if version < 5 {
            let specs = old.iter().copied().map(spec).collect();
            return Ok(List { specs, left: u64::MAX, ends_empty: true, entries: Vec::new(), rest });
        }
        let mut specs = Vec::new();
        for _ in 0..rest.read_u8()? {
            let kind = DwLnct(rest.read_uleb128_u16()?);
            let form = DwForm(rest.read_uleb128_u16()?);
            if form == DW_FORM_implicit_const {
                return Err(Error::UnknownForm(form));
            }
            specs.push(spec(match kind {
                DW_LNCT_path => (DW_AT_name, form),
                DW_LNCT_directory_index => (INDEX, form),
                _ => (OTHER, form),
            }));
        }
        let left = rest.read_uleb128()?;
        Ok(List { specs, left, ends_empty: false, entries: Vec::new(), rest })
    }

    /// Steps over the next one.
    fn read(&mut self, encoding: Encoding, none: &Abbreviations) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        let mut next = self.rest.clone();
        if next.is_empty() || self.ends_empty && next.read_u8().ok()? == 0 {
            (self.left, self.rest) = (0, next);
            return None;
        }
        let mut entries = EntriesRaw::new(self.rest.clone(), encoding, none, UnitOffset(0));
        entries.skip_attributes(&self.specs).ok()?;
        let own = entries.next_offset().0;
        // A damaged table may say that there are as many entries without a byte as it likes.
        if own == 0 {
            self.left = 0;
            return None;
        }
        self.entries.push(self.rest.clone());
        self.rest.skip(own).ok()
    }

    /// Name, and number of the directory.
    fn get(
        &mut self,
        number: u64,
        encoding: Encoding,
        none: &Abbreviations,
    ) -> Option<(Option<AttributeValue<R>>, u64)> {
        let number = usize::try_from(number).ok()?;
        while self.entries.len() <= number {
            self.read(encoding, none)?;
        }
        let mut entries = EntriesRaw::new(self.entries.get(number)?.clone(), encoding, none, UnitOffset(0));
        let (mut name, mut directory) = (None, 0);
        for &spec in &self.specs {
            let attribute = entries.read_attribute(spec).ok()?;
            match spec.name() {
                DW_AT_name => name = Some(attribute.value()),
                INDEX => directory = attribute.udata_value().unwrap_or(0),
                _ => {}
            }
        }
        Some((name, directory))
    }
}
