//! Which unit of the DWARF an address is in.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use gimli::{DebugInfoOffset, Dwarf, Reader, Section};

use super::file::DebugFile;
use super::plan;
use super::raw::Raw;
use super::root::Roots;

/// The addresses of one unit, or a part of them.
#[derive(Clone, Copy, Debug)]
struct Covered {
    start: u64,
    end: u64,
    /// Offset of the unit's header in `.debug_info`.
    unit: usize,
}

/// What units cover. For a few addresses `.debug_aranges` is searched as it stands; from then on there is an index.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// How numbers are written, if none is yet to be relocated.
    raw: Option<Raw>,
    searches: AtomicUsize,
    /// From `.debug_aranges`, in the order of addresses.
    listed: OnceLock<Vec<Covered>>,
    /// From the units themselves, of those that `.debug_aranges` does not have: all, in a kernel by clang.
    unlisted: OnceLock<Vec<Covered>>,
    /// Where units begin.
    starts: OnceLock<Vec<usize>>,
}

/// Searches before an index is made, and addresses of each: making it costs as much as some ten of them.
const SEARCHES: usize = 8;
const ADDRESSES: usize = 1000;

impl Units {
    pub(super) fn new(file: &DebugFile<'_>) -> Units {
        Units { raw: Some(file.raw()).filter(|_| !file.is_relocatable()), ..Units::default() }
    }

    /// Offsets of the units that cover some addresses, which are in order.
    pub(super) fn of<R>(&self, dwarf: &Dwarf<R>, addresses: &[u64]) -> Vec<Option<usize>>
    where
        R: Reader<Offset = usize>,
    {
        let mut found = self.listed(dwarf, addresses);
        for (address, unit) in addresses.iter().zip(&mut found).filter(|(_, unit)| unit.is_none()) {
            let unlisted = self.unlisted.get_or_init(|| {
                let listed = self.listed.get_or_init(|| listed(dwarf, self.raw, |_| true));
                let mut units: Vec<usize> = listed.iter().map(|covered| covered.unit).collect();
                units.sort_unstable();
                unlisted(dwarf, self.starts(dwarf), &units)
            });
            *unit = find(unlisted, *address);
        }
        found
    }

    /// Offsets of the units that `.debug_aranges` has for some addresses, which are in order.
    pub(super) fn listed<R>(&self, dwarf: &Dwarf<R>, addresses: &[u64]) -> Vec<Option<usize>>
    where
        R: Reader<Offset = usize>,
    {
        if addresses.is_empty() {
            return Vec::new();
        }
        let few = addresses.len() < ADDRESSES && self.listed.get().is_none();
        let searched;
        let ranges = if few && self.searches.fetch_add(1, Ordering::Relaxed) < SEARCHES {
            let (least, last) = (addresses.first().copied(), addresses.last().copied());
            let holds_one = |covered: &Covered| {
                if Some(covered.start) > last || Some(covered.end) <= least {
                    return false;
                }
                let first = addresses.partition_point(|&address| address < covered.start);
                addresses.get(first).is_some_and(|&address| address < covered.end)
            };
            searched = listed(dwarf, self.raw, holds_one);
            &searched
        } else {
            self.listed.get_or_init(|| listed(dwarf, self.raw, |_| true))
        };
        addresses.iter().map(|&address| find(ranges, address)).collect()
    }

    /// Offset of the unit that an entry is in, by the entry's offset in `.debug_info`.
    pub(super) fn holding<R: Reader<Offset = usize>>(&self, dwarf: &Dwarf<R>, entry: usize) -> Option<usize> {
        let starts = self.starts(dwarf);
        let after = starts.partition_point(|&start| start <= entry);
        starts.get(after.checked_sub(1)?).copied()
    }

    fn starts<R: Reader<Offset = usize>>(&self, dwarf: &Dwarf<R>) -> &[usize] {
        self.starts.get_or_init(|| {
            let mut starts = Vec::new();
            let mut units = dwarf.units();
            while let Ok(Some(header)) = units.next() {
                starts.extend(header.debug_info_offset().map(|offset| offset.0));
            }
            starts
        })
    }
}

/// The narrowest range that holds an address. Ranges that overlap are a compiler's error; the last to begin wins.
fn find(ranges: &[Covered], address: u64) -> Option<usize> {
    // Overlaps are few and near.
    const LOOK_BACK: usize = 8;
    let after = ranges.partition_point(|covered| covered.start <= address);
    let near = ranges.get(after.saturating_sub(LOOK_BACK)..after)?;
    near.iter().rev().find(|covered| address < covered.end).map(|covered| covered.unit)
}

/// The ranges of `.debug_aranges` that are wanted. A damaged table ends where it is damaged.
fn listed<R>(dwarf: &Dwarf<R>, raw: Option<Raw>, wanted: impl Fn(&Covered) -> bool) -> Vec<Covered>
where
    R: Reader<Offset = usize>,
{
    let mut all = Vec::new();
    let mut add = |start, end, unit| all.extend(Some(Covered { start, end, unit }).filter(&wanted));
    let mut headers = dwarf.debug_aranges.headers();
    match raw {
        // A kernel has ten thousand.
        Some(raw) => {
            let mut bytes = plan::bytes(dwarf.debug_aranges.reader());
            while let Some(rest) = add_unit(raw, bytes, &mut add) {
                bytes = rest;
            }
        }
        None => {
            while let Ok(Some(header)) = headers.next() {
                let mut entries = header.entries();
                while let Ok(Some(entry)) = entries.next() {
                    add(entry.range().begin, entry.range().end, header.debug_info_offset().0);
                }
            }
        }
    }
    sorted(all)
}

/// Adds the ranges of the first unit in the table, and returns what is behind it: DWARF 5, section 6.1.2.
fn add_unit<'u>(raw: Raw, bytes: &'u [u8], add: &mut impl FnMut(u64, u64, usize)) -> Option<&'u [u8]> {
    let mut offset = 4;
    let mut length = raw.number(bytes, 0, offset)?;
    if length == u64::from(u32::MAX) {
        (offset, length) = (8, raw.number(bytes, 4, 8)?);
    }
    // The length, which a wide one follows 4 bytes of.
    let before = if offset == 8 { 12 } else { 4 };
    let (own, rest) = bytes.split_at_checked(usize::try_from(length).ok()?.checked_add(before)?)?;
    let unit = usize::try_from(raw.number(own, before + 2, offset)?).ok()?;
    let size = raw.number(own, before + 2 + offset, 1)? as usize;
    // Pairs of numbers are aligned to their size.
    if size == raw.word() {
        let first = (before + offset + 4).next_multiple_of(2 * size);
        for pair in own.get(first..).unwrap_or_default().chunks_exact(2 * size) {
            let (start, size) = (raw.address(pair, 0)?, raw.address(pair, size)?);
            if let Some(end) = start.checked_add(size) {
                add(start, end, unit);
            }
        }
    }
    Some(rest)
}

fn unlisted<R: Reader<Offset = usize>>(dwarf: &Dwarf<R>, starts: &[usize], listed: &[usize]) -> Vec<Covered> {
    let mut all = Vec::new();
    let mut roots = Roots::new(dwarf);
    for &start in starts.iter().filter(|&start| listed.binary_search(start).is_err()) {
        let Ok(header) = dwarf.unit_header(DebugInfoOffset(start)) else { continue };
        // What cannot be read is of this unit alone.
        let _ = roots.cover(&header, |start_of_range, end| {
            all.push(Covered { start: start_of_range, end, unit: start });
        });
    }
    sorted(all)
}

fn sorted(mut all: Vec<Covered>) -> Vec<Covered> {
    all.retain(|covered| covered.start < covered.end);
    all.sort_unstable_by_key(|covered| (covered.start, std::cmp::Reverse(covered.end)));
    all
}
