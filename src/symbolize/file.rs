//! ELF files: `vmlinux`, modules, and what holds their debug information.

use std::fmt;
use std::sync::OnceLock;

use gimli::{EndianSlice, RelocateReader, RunTimeEndian, SectionId};
use object::{CompressionFormat, Object, ObjectKind, ObjectSection, SectionFlags};

use super::error::{Error, ErrorKind};
use super::raw::Raw;
use super::relocate::{Place, Relocations, Relocator};

/// The bytes of a section.
pub(super) type Slice<'f> = EndianSlice<'f, RunTimeEndian>;
/// The bytes of a section of a module: what is read from them is relocated.
pub(super) type Relocated<'f> = RelocateReader<Slice<'f>, Relocator<'f>>;

/// Sections of the debug information that are read.
const SECTIONS: [SectionId; 10] = [
    SectionId::DebugAbbrev,
    SectionId::DebugAddr,
    SectionId::DebugAranges,
    SectionId::DebugInfo,
    SectionId::DebugLine,
    SectionId::DebugLineStr,
    SectionId::DebugRanges,
    SectionId::DebugRngLists,
    SectionId::DebugStr,
    SectionId::DebugStrOffsets,
];

/// No debug information of a kernel shrinks to less than this part of itself: what claims to is a bomb.
const MAX_RATIO: u64 = 64;
/// What `linux_banner` of `init/version.c` begins with.
const LINUX_BANNER: &[u8] = b"Linux version ";
/// Where the first section of a module is put, and the least distance between two.
const SECTION_GAP: u64 = 0x1000;

/// An ELF file with symbols or DWARF: `vmlinux`, `ext4.ko`, `ext4.ko.debug`.
///
/// It borrows the file's bytes, of which lookups read no more than they need: a file of hundreds of megabytes
/// is better mapped than read.
pub struct DebugFile<'d> {
    name: String,
    data: &'d [u8],
    elf: object::File<'d>,
    raw: Raw,
    /// Of every section, by its number.
    places: Vec<Place>,
    sections: Vec<Section<'d>>,
    symbols: &'d [u8],
    strings: &'d [u8],
    /// The build ID, once it is asked for.
    id: OnceLock<Option<String>>,
}

/// A section of the debug information.
struct Section<'d> {
    id: SectionId,
    bytes: Bytes<'d>,
    relocations: Option<Relocations<'d>>,
}

enum Bytes<'d> {
    Plain(&'d [u8]),
    Packed(object::CompressedData<'d>, OnceLock<Result<Vec<u8>, String>>),
    /// Why it cannot be unpacked.
    Broken(String),
}

impl fmt::Debug for DebugFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebugFile").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<'d> DebugFile<'d> {
    /// Reads the headers of an ELF file. `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotElf`] if it is something else, [`ErrorKind::Truncated`] if its headers point beyond its
    /// end.
    pub fn parse(name: impl Into<String>, data: &'d [u8]) -> Result<DebugFile<'d>, Error> {
        let name = name.into();
        let error = |kind, why: &dyn fmt::Display| Error::new(kind, format!("{name}: {why}"));
        if !data.starts_with(b"\x7fELF") {
            // A boot image is what people have at hand.
            let boot_image = data.get(0x202..0x206) == Some(b"HdrS");
            let why = if boot_image {
                "a boot image: the vmlinux that it was made from is needed"
            } else {
                "not an ELF file"
            };
            return Err(error(ErrorKind::NotElf, &why));
        }
        let raw = Raw::of(data).ok_or_else(|| error(ErrorKind::Truncated, &"truncated"))?;
        if raw.section_headers(data).is_none_or(|at| at >= data.len() as u64) {
            return Err(error(ErrorKind::Truncated, &"truncated: its section headers are beyond its end"));
        }
        let elf = object::File::parse(data).map_err(|why| error(ErrorKind::NotElf, &why))?;
        for section in elf.sections() {
            let range = section.file_range().map(|(at, size)| at.saturating_add(size));
            if range.is_some_and(|end| end > data.len() as u64) {
                let section = section.name().unwrap_or("a section");
                return Err(error(
                    ErrorKind::Truncated,
                    &format_args!("truncated: {section} goes beyond its end"),
                ));
            }
        }
        let bytes_of = |name: &str| elf.section_by_name(name).and_then(|section| section.data().ok());
        let symbols = bytes_of(".symtab").unwrap_or_default();
        let strings = bytes_of(".strtab").unwrap_or_default();
        let places = places(&elf);
        let sections = SECTIONS.iter().filter_map(|&id| Section::of(&elf, raw, id, symbols)).collect();
        Ok(DebugFile { name, data, raw, places, sections, symbols, strings, id: OnceLock::new(), elf })
    }

    /// What messages call the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The build ID, in lower-case hexadecimal: `b61c5b1ffcb3d4e735541e08db97c5299348bcb5`.
    pub fn build_id(&self) -> Option<String> {
        // Every frame of a module may have one, and all notes are searched for it.
        let read = || Some(self.elf.build_id().ok()??.iter().map(|byte| format!("{byte:02x}")).collect());
        self.id.get_or_init(read).clone()
    }

    /// Name and CRC-32 of the file that holds the debug information, from `.gnu_debuglink`.
    pub fn debug_link(&self) -> Option<(&'d [u8], u32)> {
        self.elf.gnu_debuglink().ok()?
    }

    /// Whether it holds the debug information of another file, by that one's build ID, or by the CRC-32 of its
    /// `.gnu_debuglink` if it has none. The latter reads the whole file. Without both nobody knows: it is not.
    pub fn is_debug_file_of(&self, other: &DebugFile<'_>) -> bool {
        match (other.build_id(), other.debug_link()) {
            (Some(id), _) => self.build_id() == Some(id),
            (None, Some((_, crc))) => crc32fast::hash(self.data) == crc,
            (None, None) => false,
        }
    }

    /// The name by which the kernel knows the module, from `.modinfo`: `name=snd_hda_codec`.
    pub fn module_name(&self) -> Option<&'d str> {
        let modinfo = self.elf.section_by_name(".modinfo")?.data().ok()?;
        let name = modinfo.split(|&byte| byte == 0).find_map(|entry| entry.strip_prefix(b"name="))?;
        std::str::from_utf8(name).ok()
    }

    /// The release of the kernel, from the line that it boots with: `6.1.0-56-amd64`.
    ///
    /// ```text
    /// Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org) (gcc-12 …) #1 SMP PREEMPT_DYNAMIC …
    /// ```
    pub fn release(&self) -> Option<&'d str> {
        let constants = self.elf.section_by_name(".rodata")?.data().ok()?;
        let releases = memchr::memmem::find_iter(constants, LINUX_BANNER).filter_map(|at| {
            let rest = constants.get(at + LINUX_BANNER.len()..)?;
            let release = rest.split(|byte| byte.is_ascii_whitespace() || *byte == 0).next()?;
            std::str::from_utf8(release).ok()
        });
        // What prints such a line begins with the same words.
        { releases }.find(|release| release.starts_with(|first: char| first.is_ascii_digit()))
    }

    /// Whether it has DWARF: without, there are functions but no files and lines.
    pub fn has_dwarf(&self) -> bool {
        let is_info = |section: &Section<'_>| {
            section.id == SectionId::DebugInfo && !matches!(section.bytes, Bytes::Broken(_))
        };
        self.sections.iter().any(is_info)
    }

    /// Which sections of the DWARF cannot be unpacked, and why: lookups do without them. They are unpacked for that.
    ///
    /// `vmlinux: .debug_info cannot be unpacked: Unsupported ELF compression type`
    pub fn broken_sections(&self) -> Vec<Error> {
        let broken = |section: &Section<'_>| {
            let why = section.unpacked().err()?;
            let message = format!("{}: {} cannot be unpacked: {why}", self.name, section.id.name());
            Some(Error::new(ErrorKind::BadDwarf, message))
        };
        self.sections.iter().filter_map(broken).collect()
    }

    /// Whether it has a table of symbols: stripped files have none.
    pub fn has_symbols(&self) -> bool {
        !self.symbols.is_empty()
    }

    /// The CPU, by its name in [`Arch`](crate::Arch); `None` if there is none.
    pub fn arch(&self) -> Option<&'static str> {
        use object::Architecture::*;
        Some(match self.elf.architecture() {
            X86_64 => "x86_64",
            I386 => "i686",
            Arm => "arm",
            Aarch64 => "aarch64",
            Riscv32 => "riscv32",
            Riscv64 => "riscv64",
            PowerPc => "ppc",
            PowerPc64 => "ppc64",
            S390x => "s390x",
            Mips => "mips",
            Mips64 => "mips64",
            LoongArch64 => "loongarch64",
            Sparc | Sparc32Plus => "sparc",
            Sparc64 => "sparc64",
            Hppa => {
                if self.raw.wide {
                    "parisc64"
                } else {
                    "parisc"
                }
            }
            _ => return None,
        })
    }

    /// Where the code begins and ends: the section `.text`.
    pub fn text(&self) -> Option<(u64, u64)> {
        let section = self.elf.section_by_name(".text")?;
        let place = self.place(section.index().0)?;
        Some((place.start, place.start.checked_add(place.size)?))
    }

    /// Whether it was not linked: a module.
    pub(super) fn is_relocatable(&self) -> bool {
        self.elf.kind() == ObjectKind::Relocatable
    }

    pub(super) fn raw(&self) -> Raw {
        self.raw
    }

    /// The records of the table of symbols.
    pub(super) fn symbols(&self) -> &'d [u8] {
        self.symbols
    }

    /// The names of the symbols.
    pub(super) fn strings(&self) -> &'d [u8] {
        self.strings
    }

    /// Where a section stands; `None` if the kernel does not load it.
    pub(super) fn place(&self, section: usize) -> Option<Place> {
        self.places.get(section).copied().filter(|place| place.loaded)
    }

    /// Name of a section.
    pub(super) fn section_name(&self, section: usize) -> Option<String> {
        let section = self.elf.section_by_index(object::SectionIndex(section)).ok()?;
        section.name().ok().map(str::to_string)
    }

    /// The bytes of a section as the compiler wrote them; none if there is no such section, or it cannot be
    /// unpacked.
    pub(super) fn plain(&self, id: SectionId) -> Slice<'_> {
        let endian = if self.raw.little { RunTimeEndian::Little } else { RunTimeEndian::Big };
        let section = self.sections.iter().find(|section| section.id == id);
        EndianSlice::new(section.and_then(|section| section.unpacked().ok()).unwrap_or_default(), endian)
    }

    /// The same, relocated as it is read.
    pub(super) fn relocated(&self, id: SectionId) -> Relocated<'_> {
        let section = self.sections.iter().find(|section| section.id == id);
        let relocations = section.and_then(|section| section.relocations.as_ref());
        RelocateReader::new(self.plain(id), Relocator { relocations, places: &self.places })
    }
}

impl<'d> Section<'d> {
    fn of(elf: &object::File<'d>, raw: Raw, id: SectionId, symbols: &'d [u8]) -> Option<Section<'d>> {
        let section = elf.section_by_name(id.name())?;
        let bytes = match section.compressed_data() {
            Ok(packed) if packed.data.is_empty() => return None,
            Ok(packed) if packed.format == CompressionFormat::None => Bytes::Plain(packed.data),
            Ok(packed) => Bytes::Packed(packed, OnceLock::new()),
            Err(why) => Bytes::Broken(why.to_string()),
        };
        let records = |prefix: &str| {
            let name = format!("{prefix}{}", section.name().ok()?);
            elf.section_by_name(&name)?.data().ok()
        };
        // Those of a linked file (`--emit-relocs`) have been applied.
        let relocations = if elf.kind() == ObjectKind::Relocatable {
            let found = records(".rela").map(|records| (records, true));
            let found = found.or_else(|| Some((records(".rel")?, false)));
            found.map(|(records, addends)| Relocations { records, addends, symbols, raw })
        } else {
            None
        };
        Some(Section { id, bytes, relocations })
    }

    /// The bytes as the compiler wrote them, or why there are none.
    fn unpacked(&self) -> Result<&[u8], &str> {
        match &self.bytes {
            Bytes::Plain(bytes) => Ok(bytes),
            Bytes::Packed(packed, bytes) => {
                let bytes = bytes.get_or_init(|| unpack(packed));
                bytes.as_deref().map_err(String::as_str)
            }
            Bytes::Broken(why) => Err(why),
        }
    }
}

fn unpack(packed: &object::CompressedData<'_>) -> Result<Vec<u8>, String> {
    if packed.uncompressed_size / MAX_RATIO > packed.data.len() as u64 {
        return Err(format!("it would be more than {MAX_RATIO} times as large"));
    }
    let bytes = packed.decompress().map_err(|why| why.to_string())?;
    if bytes.len() as u64 != packed.uncompressed_size {
        return Err(format!("it has {} bytes instead of {}", bytes.len(), packed.uncompressed_size));
    }
    Ok(bytes.into_owned())
}

/// Places of all sections: a linked file's are where the linker put them, a module's one after the other.
fn places(elf: &object::File<'_>) -> Vec<Place> {
    let relocatable = elf.kind() == ObjectKind::Relocatable;
    let mut places = Vec::new();
    let mut free = SECTION_GAP;
    for section in elf.sections() {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
        let loaded = sh_flags.contains(object::elf::SHF_ALLOC);
        // The section of number 0 is none, and not in the list.
        places.resize(section.index().0, Place::default());
        let mut place = Place { base: 0, start: section.address(), size: section.size(), loaded };
        if relocatable && loaded {
            place.base = free.wrapping_sub(place.start);
            place.start = free;
            let end = free.saturating_add(place.size).saturating_add(SECTION_GAP);
            free = end.checked_next_multiple_of(SECTION_GAP).unwrap_or(free);
        }
        places.push(place);
    }
    places
}
