//! Symbols of a file by name and by address.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, OnceLock};

use super::file::DebugFile;
use super::raw::{LORESERVE, Symbol};

/// A symbol with code or data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Its address in the file as [`DebugFile`] lays it out.
    pub(super) address: u64,
    /// `st_size`: 0 for much of what is written in assembly.
    pub(super) size: u64,
    /// Number of its section.
    pub(super) section: usize,
}

/// The symbols of a file. A few names are searched in the table as it stands; from then on there is an index.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    searched: Mutex<Searched>,
    by_name: OnceLock<HashMap<u64, Vec<u32>>>,
    by_address: OnceLock<Vec<(u64, u32)>>,
}

/// What was searched without an index.
#[derive(Debug, Default)]
struct Searched {
    times: usize,
    found: HashMap<String, Vec<Found>>,
}

/// Searches of the whole table before an index is made: making it costs as much as some ten of them.
const SEARCHES: usize = 4;
/// So many names at once are worth an index.
const NAMES: usize = 10_000;
/// The function that tells where the kernel's tree is. Its search would be another one.
pub(super) const START_KERNEL: &str = "start_kernel";

impl Symbols {
    /// The symbols of each name.
    pub(super) fn named(&self, file: &DebugFile<'_>, names: &[&str]) -> Vec<Vec<Found>> {
        if let Some(index) = self.by_name.get() {
            return indexed(file, index, names);
        }
        let mut searched = self.searched.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let unknown = |name: &&str| !searched.found.contains_key(*name);
        let mut unknown: Vec<&str> = names.iter().copied().chain([START_KERNEL]).filter(unknown).collect();
        unknown.sort_unstable();
        unknown.dedup();
        if !unknown.is_empty() {
            searched.times += 1;
            if searched.times > SEARCHES || unknown.len() > NAMES {
                drop(searched);
                return indexed(file, self.by_name.get_or_init(|| by_name(file)), names);
            }
            let found = search(file, &unknown);
            searched.found.extend(unknown.into_iter().map(str::to_string).zip(found));
        }
        names.iter().map(|&name| searched.found.get(name).cloned().unwrap_or_default()).collect()
    }

    /// Distances from each of some addresses to the next symbol of the same section, which is what the kernel
    /// prints as a symbol's size.
    pub(super) fn distances(&self, file: &DebugFile<'_>, symbols: &[Found]) -> Vec<Option<u64>> {
        let index = self.by_address.get_or_init(|| by_address(file));
        let distance = |symbol: &Found| {
            let after = index.partition_point(|&(address, _)| address <= symbol.address);
            let &(next, record) = index.get(after)?;
            let next_symbol = file.raw().symbol(file.symbols(), record as usize)?;
            (next_symbol.section == symbol.section).then_some(next - symbol.address)
        };
        symbols.iter().map(distance).collect()
    }

    /// The symbol of an address: the nearest one at or before it in the same section.
    pub(super) fn at<'d>(&self, file: &DebugFile<'d>, address: u64) -> Option<At<'d>> {
        let index = self.by_address.get_or_init(|| by_address(file));
        let after = index.partition_point(|&(start, _)| start <= address);
        let &(start, record) = index.get(after.checked_sub(1)?)?;
        let symbol = file.raw().symbol(file.symbols(), record as usize)?;
        let section = file.place(symbol.section)?;
        if address.wrapping_sub(section.start) >= section.size {
            return None;
        }
        let name = name(file, symbol.name)?;
        let section_end = section.start.saturating_add(section.size);
        let end = index.get(after).map_or(section_end, |&(next, _)| next.min(section_end));
        Some(At { name, range: start..end })
    }
}

/// A symbol, and the addresses that are nearest to it.
#[derive(Clone, Debug)]
pub(super) struct At<'d> {
    pub(super) name: &'d str,
    pub(super) range: Range<u64>,
}

/// The symbols of each name, from the index.
fn indexed(file: &DebugFile<'_>, index: &HashMap<u64, Vec<u32>>, names: &[&str]) -> Vec<Vec<Found>> {
    let of_name = |name: &&str| {
        let records = index.get(&hash(name.as_bytes())).into_iter().flatten();
        let symbols = records.filter_map(|&record| file.raw().symbol(file.symbols(), record as usize));
        symbols
            .filter(|symbol| is_named(file, symbol, name))
            .filter_map(|symbol| place(file, symbol))
            .collect()
    };
    names.iter().map(of_name).collect()
}

/// The symbols of each name, from the whole table.
fn search(file: &DebugFile<'_>, names: &[&str]) -> Vec<Vec<Found>> {
    let mut all = vec![Vec::new(); names.len()];
    let wanted_names = Wanted::new(names);
    let (raw, strings) = (file.raw(), file.strings());
    for record in file.symbols().chunks_exact(raw.symbol_size()) {
        // Most symbols are none that is wanted: of those no more is read than the name.
        let Some(at) = raw.symbol_name(record) else { continue };
        let Some(head) = Head::of(strings, at).filter(|head| wanted_names.may_have(*head)) else { continue };
        for name in wanted_names.candidates(head) {
            let Some(symbol) = raw.symbol(record, 0).filter(is_place) else { continue };
            let wanted = names.get(name).is_some_and(|name| is_named(file, &symbol, name));
            if let (true, Some(found)) = (wanted, all.get_mut(name)) {
                found.extend(place(file, symbol));
            }
        }
    }
    all
}

const STT_NOTYPE: u8 = 0;
const STT_OBJECT: u8 = 1;
const STT_FUNC: u8 = 2;

/// All symbols that code or data may have, with their numbers.
fn numbered<'f>(file: &'f DebugFile<'_>) -> impl Iterator<Item = (u32, Symbol)> + 'f {
    let records = file.symbols().chunks_exact(file.raw().symbol_size());
    let symbols =
        records.enumerate().filter_map(|(index, record)| Some((index as u32, file.raw().symbol(record, 0)?)));
    symbols.filter(|(_, symbol)| is_place(symbol))
}

/// Whether it is a symbol that code or data may have.
fn is_place(symbol: &Symbol) -> bool {
    matches!(symbol.kind, STT_NOTYPE | STT_OBJECT | STT_FUNC)
        && symbol.section != 0
        && symbol.section < LORESERVE
        && symbol.name != 0
}

fn place(file: &DebugFile<'_>, symbol: Symbol) -> Option<Found> {
    let base = file.place(symbol.section)?.base;
    Some(Found { address: symbol.value.wrapping_add(base), size: symbol.size, section: symbol.section })
}

fn is_named(file: &DebugFile<'_>, symbol: &Symbol, name: &str) -> bool {
    let Some(text) = file.strings().get(symbol.name..) else { return false };
    text.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
}

fn name<'d>(file: &DebugFile<'d>, at: usize) -> Option<&'d str> {
    /// The kernel has none above 512 bytes. Longer ones may share their bytes.
    const LONGEST: usize = 4096;
    let text = file.strings().get(at..)?;
    let end = memchr::memchr(0, text.get(..LONGEST).unwrap_or(text))?;
    std::str::from_utf8(text.get(..end)?).ok()
}

/// FNV-1a.
fn hash(name: &[u8]) -> u64 {
    name.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn by_name(file: &DebugFile<'_>) -> HashMap<u64, Vec<u32>> {
    let mut index: HashMap<u64, Vec<u32>> = HashMap::new();
    for (number, symbol) in numbered(file) {
        if let Some(name) = name(file, symbol.name) {
            index.entry(hash(name.as_bytes())).or_default().push(number);
        }
    }
    index
}

/// Addresses and the symbol of each.
fn by_address(file: &DebugFile<'_>) -> Vec<(u64, u32)> {
    let in_place = |(number, symbol)| Some((place(file, symbol)?.address, number));
    let named = |(_, symbol): &(u32, Symbol)| {
        // Labels of arm64 and riscv that tell code from data (`$x`), and local ones (`.L12`): kallsyms has neither.
        // A mere dot is before the functions of PowerPC.
        let name = file.strings().get(symbol.name..).unwrap_or_default();
        !name.starts_with(b"$") && !name.starts_with(b".L")
    };
    let mut index: Vec<(u64, u32)> = numbered(file).filter(named).filter_map(in_place).collect();
    index.sort_unstable();
    // Aliases share an address: functions win over labels, global names are last in the table.
    let rank = |record: u32| {
        let symbol = file.raw().symbol(file.symbols(), record as usize);
        symbol.map(|symbol| (symbol.kind == STT_FUNC, symbol.size))
    };
    index.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same && rank(next.1) >= rank(kept.1) {
            kept.1 = next.1;
        }
        same
    });
    index
}

/// The first eight bytes of a name: they tell most names from the few that are wanted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Head(u64);

impl Head {
    #[inline]
    fn of(strings: &[u8], at: usize) -> Option<Head> {
        match strings.get(at..)?.first_chunk() {
            Some(eight) => Some(Head::cut(*eight)),
            None => Head::of_last(strings, at),
        }
    }

    #[cold]
    fn of_last(strings: &[u8], at: usize) -> Option<Head> {
        let (mut eight, rest) = ([0; 8], strings.get(at..)?);
        eight.get_mut(..rest.len())?.copy_from_slice(rest);
        Some(Head::cut(eight))
    }

    /// What is behind a NUL is another name's.
    #[inline]
    fn cut(bytes: [u8; 8]) -> Head {
        let word = u64::from_le_bytes(bytes);
        // Lowest byte that is 0, as a bit at its top; all bits below, or all if there is none.
        let zero = word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080;
        Head(word & (zero & zero.wrapping_neg()).wrapping_sub(1))
    }

    #[inline]
    fn bucket(self) -> usize {
        (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BUCKET_BITS)) as usize
    }
}

const BUCKET_BITS: u32 = 12;

/// The names that are wanted, by their heads.
struct Wanted {
    /// With the names' numbers, in order.
    heads: Vec<(Head, usize)>,
    /// A bit for each bucket that is not empty: they stay in the cache.
    used: [u64; (1 << BUCKET_BITS) / 64],
}

impl Wanted {
    fn new(names: &[&str]) -> Wanted {
        let mut used = [0; (1 << BUCKET_BITS) / 64];
        let head = |name: &&str| Head::of(&[name.as_bytes(), &[0]].concat(), 0);
        let mut heads: Vec<(Head, usize)> =
            names.iter().enumerate().filter_map(|(index, name)| Some((head(name)?, index))).collect();
        heads.sort_unstable();
        for (head, _) in &heads {
            if let Some(word) = used.get_mut(head.bucket() / 64) {
                *word |= 1 << (head.bucket() % 64);
            }
        }
        Wanted { heads, used }
    }

    #[inline]
    fn may_have(&self, head: Head) -> bool {
        let bucket = head.bucket();
        self.used.get(bucket / 64).is_some_and(|word| word >> (bucket % 64) & 1 == 1)
    }

    /// Numbers of the names of a head.
    fn candidates(&self, head: Head) -> impl Iterator<Item = usize> {
        let first = self.heads.partition_point(|(known, _)| *known < head);
        let from = self.heads.get(first..).unwrap_or_default().iter();
        from.take_while(move |(known, _)| *known == head).map(|(_, index)| *index)
    }
}
