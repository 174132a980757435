//! Which unit of the DWARF an address is in.

use std::sync::OnceLock;

use gimli::{DebugInfoOffset, Dwarf, Reader};

use super::root::Roots;

/// The addresses of one unit, or a part of them.
#[derive(Clone, Copy, Debug)]
struct Covered {
    start: u64,
    end: u64,
    /// Offset of the unit's header in `.debug_info`.
    unit: usize,
}

/// What units cover.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// From `.debug_aranges`, in the order of addresses.
    listed: OnceLock<Vec<Covered>>,
    /// From the units themselves, of those that `.debug_aranges` does not have: all, in a kernel by clang.
    unlisted: OnceLock<Vec<Covered>>,
    /// Where units begin.
    starts: OnceLock<Vec<usize>>,
}

impl Units {
    /// Offset of the unit that covers an address.
    pub(super) fn of<R: Reader<Offset = usize>>(&self, dwarf: &Dwarf<R>, address: u64) -> Option<usize> {
        let listed = self.listed.get_or_init(|| listed(dwarf));
        find(listed, address).or_else(|| {
            let unlisted = self.unlisted.get_or_init(|| {
                let mut units: Vec<usize> = listed.iter().map(|covered| covered.unit).collect();
                units.sort_unstable();
                unlisted(dwarf, self.starts(dwarf), &units)
            });
            find(unlisted, address)
        })
    }

    /// Whether `.debug_aranges` has an address.
    pub(super) fn lists<R: Reader<Offset = usize>>(&self, dwarf: &Dwarf<R>, address: u64) -> bool {
        find(self.listed.get_or_init(|| listed(dwarf)), address).is_some()
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

fn listed<R: Reader<Offset = usize>>(dwarf: &Dwarf<R>) -> Vec<Covered> {
    let mut all = Vec::new();
    let mut headers = dwarf.debug_aranges.headers();
    while let Ok(Some(header)) = headers.next() {
        let unit = header.debug_info_offset().0;
        let mut entries = header.entries();
        while let Ok(Some(entry)) = entries.next() {
            let range = entry.range();
            all.push(Covered { start: range.begin, end: range.end, unit });
        }
    }
    sorted(all)
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
