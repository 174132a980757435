//! Addresses of one file to functions, files and lines.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use gimli::{Dwarf, Reader};

use super::error::{Error, ErrorKind};
use super::file::{DebugFile, Relocated, Slice};
use super::index::{START_KERNEL, Symbols};
use super::lines::{self, Row};
use super::path;
use super::resolved::SourceFrame;
use super::table::FileName;
use super::unit::{EntryOffset, Name, Nesting, UnitReader, Walked};
use super::units::Units;
use crate::demangle::demangle;

/// A file, and what is known of it by now.
pub(super) struct Lookup<'f> {
    pub(super) file: &'f DebugFile<'f>,
    pub(super) symbols: Symbols,
    units: Units,
    dwarf: Form<'f>,
    walked: Mutex<WalkedUnits>,
}

/// The DWARF, which a module's relocations change as it is read.
enum Form<'f> {
    Linked(Box<Dwarf<Slice<'f>>>),
    Relocatable(Box<Dwarf<Relocated<'f>>>),
}

/// The calls at each of some addresses, the innermost first; empty where the DWARF has nothing.
type Chains = Vec<Result<Vec<SourceFrame>, Error>>;

/// What is remembered of units that were read.
#[derive(Default)]
struct WalkedUnits {
    /// By the units' offsets.
    units: HashMap<usize, Walked>,
    /// Pieces of code that were kept.
    pieces: usize,
}

impl WalkedUnits {
    fn take(&mut self, unit: usize) -> Walked {
        let walked = self.units.remove(&unit).unwrap_or_default();
        self.pieces -= walked.len().unwrap_or(0);
        walked
    }

    fn keep(&mut self, unit: usize, walked: Walked) {
        /// A kernel has some hundred thousand.
        const PIECES: usize = 1 << 20;
        let Some(pieces) = walked.len() else { return };
        self.pieces += pieces;
        if self.pieces > PIECES {
            self.units.clear();
            self.pieces = pieces;
        }
        if let Some(other) = self.units.insert(unit, walked) {
            self.pieces -= other.len().unwrap_or(0);
        }
    }
}

/// From this number of units on, they are spread over threads.
const UNITS_FOR_THREADS: usize = 64;

impl<'f> Lookup<'f> {
    pub(super) fn new(file: &'f DebugFile<'f>) -> Lookup<'f> {
        let never = |error: std::convert::Infallible| -> ! { match error {} };
        let dwarf = if file.is_relocatable() {
            let dwarf = Dwarf::load(|id| Ok(file.relocated(id))).unwrap_or_else(|error| never(error));
            Form::Relocatable(Box::new(dwarf))
        } else {
            Form::Linked(Box::new(Dwarf::load(|id| Ok(file.plain(id))).unwrap_or_else(|error| never(error))))
        };
        let (symbols, units) = (Symbols::default(), Units::new(file));
        Lookup { file, symbols, units, dwarf, walked: Mutex::default() }
    }

    /// The calls at some addresses, which are in order and none of them twice. `tree` is cut from the names of
    /// files, and so is each unit's working directory.
    pub(super) fn chains(&self, addresses: &[u64], tree: Option<&[u8]>, threads: usize) -> Chains {
        match &self.dwarf {
            Form::Linked(dwarf) => self.chains_in(dwarf, addresses, tree, threads),
            Form::Relocatable(dwarf) => self.chains_in(dwarf, addresses, tree, threads),
        }
    }

    /// Whether `.debug_aranges` has the last byte of a function, but not an address behind it: then no other unit
    /// need be searched for that.
    pub(super) fn ends_unit(&self, last: u64, behind: u64) -> bool {
        let listed = match &self.dwarf {
            Form::Linked(dwarf) => self.units.listed(dwarf, &[last, behind]),
            Form::Relocatable(dwarf) => self.units.listed(dwarf, &[last, behind]),
        };
        matches!(listed.as_slice(), [Some(_), None])
    }

    /// The kernel's tree, by the file that has `start_kernel`: `init/main.c`.
    pub(super) fn tree(&self) -> Option<Vec<u8>> {
        match &self.dwarf {
            Form::Linked(dwarf) => self.tree_in(dwarf),
            Form::Relocatable(dwarf) => self.tree_in(dwarf),
        }
    }

    fn tree_in<R: Reader<Offset = usize>>(&self, dwarf: &Dwarf<R>) -> Option<Vec<u8>> {
        // The plain name may be a descriptor's, which is in no unit: PowerPC's ELFv1.
        let names = [START_KERNEL, ".start_kernel"].into_iter();
        let mut symbols = names.filter_map(|name| self.symbols.named(self.file, &[name]).pop()?.pop());
        let unit = symbols.find_map(|symbol| self.units.of(dwarf, &[symbol.address]).pop()?)?;
        let unit = UnitReader::new(dwarf, unit).ok()?.unit;
        let name = unit.name.as_ref()?.to_slice().ok()?;
        let directory = unit.comp_dir.as_ref().and_then(|directory| directory.to_slice().ok());
        let path = path::join([&directory.unwrap_or_default(), b"", &name]);
        path::tree(&path, b"init/main.c").map(<[u8]>::to_vec)
    }

    fn chains_in<R>(&self, dwarf: &Dwarf<R>, addresses: &[u64], tree: Option<&[u8]>, threads: usize) -> Chains
    where
        R: Reader<Offset = usize> + Send + Sync,
    {
        let mut chains: Chains = addresses.iter().map(|_| Ok(Vec::new())).collect();
        let units = self.units.of(dwarf, addresses).into_iter().enumerate();
        let mut of_units: Vec<(usize, usize)> = units.filter_map(|(at, unit)| Some((unit?, at))).collect();
        of_units.sort_unstable();
        let groups: Vec<&[(usize, usize)]> = of_units.chunk_by(|a, b| a.0 == b.0).collect();
        let read = |group: &&[(usize, usize)]| {
            let wanted: Vec<u64> = group.iter().filter_map(|&(_, at)| addresses.get(at).copied()).collect();
            let unit = group.first().map_or(0, |&(unit, _)| unit);
            self.unit(dwarf, unit, &wanted, tree)
        };
        let threads = if groups.len() < UNITS_FOR_THREADS { 1 } else { threads.max(1) };
        let results: Vec<gimli::Result<Vec<Vec<SourceFrame>>>> =
            if threads == 1 { groups.iter().map(read).collect() } else { spread(&groups, threads, &read) };
        for (group, result) in groups.iter().zip(results) {
            match result {
                Ok(found) => {
                    for (&(_, at), frames) in group.iter().zip(found) {
                        if let Some(chain) = chains.get_mut(at) {
                            *chain = Ok(frames);
                        }
                    }
                }
                Err(error) => {
                    let name = self.file.name();
                    let error = Error::new(ErrorKind::BadDwarf, format!("{name}: bad DWARF: {error}"));
                    for &(_, at) in *group {
                        if let Some(chain) = chains.get_mut(at) {
                            *chain = Err(error.clone());
                        }
                    }
                }
            }
        }
        chains
    }

    /// The calls at some addresses of one unit.
    fn unit<R: Reader<Offset = usize>>(
        &self,
        dwarf: &Dwarf<R>,
        start: usize,
        addresses: &[u64],
        tree: Option<&[u8]>,
    ) -> gimli::Result<Vec<Vec<SourceFrame>>> {
        let mut reader = UnitReader::new(dwarf, start)?;
        let rows = match &reader.lines {
            Some(table) => lines::rows(table, addresses),
            None => vec![None; addresses.len()],
        };
        let walked = || self.walked.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // Who comes in between begins anew.
        let mut own = walked().take(start);
        let calls = reader.calls(addresses, &mut own)?;
        walked().keep(start, own);
        let mut names = Names {
            dwarf,
            unit: reader,
            units: &self.units,
            tree,
            functions: HashMap::new(),
            files: HashMap::new(),
        };
        Ok(rows.into_iter().zip(calls).map(|(row, calls)| names.chain(row, &calls)).collect())
    }
}

/// Maps every item, by threads that take turns.
fn spread<T: Sync, O: Send>(items: &[T], threads: usize, map: &(impl Fn(&T) -> O + Sync)) -> Vec<O> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, map(item)));
        }
    };
    let mut all: Vec<(usize, O)> = std::thread::scope(|scope| {
        // Where no more can be started, those that were do it all.
        let start = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).map_while(start).collect();
        let mut all = work();
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, output)| output).collect()
}

/// Names of functions and files of one unit, each read once.
struct Names<'u, R: Reader<Offset = usize>> {
    dwarf: &'u Dwarf<R>,
    unit: UnitReader<'u, R>,
    units: &'u Units,
    tree: Option<&'u [u8]>,
    functions: HashMap<usize, Option<Arc<str>>>,
    files: HashMap<u64, Option<Arc<str>>>,
}

impl<R: Reader<Offset = usize>> Names<'_, R> {
    /// The frames at an address, the innermost first.
    fn chain(&mut self, row: Option<Row>, calls: &Nesting) -> Vec<SourceFrame> {
        let mut frames = Vec::with_capacity(calls.inlined.len() + 1);
        let mut place = row;
        for &(origin, call) in calls.inlined.iter().rev() {
            frames.push(self.frame(Some(origin), place, true));
            place = Some(call);
        }
        if place.is_some() || calls.function.is_some() {
            frames.push(self.frame(calls.function, place, false));
        }
        frames
    }

    fn frame(&mut self, entry: Option<EntryOffset>, row: Option<Row>, inlined: bool) -> SourceFrame {
        let file = row.and_then(|row| self.file(row.file));
        let row = row.unwrap_or_default();
        let some = |number: u32| Some(number).filter(|&number| number > 0);
        SourceFrame {
            function: entry.and_then(|entry| self.function(entry)).unwrap_or_default(),
            line: some(row.line).filter(|_| file.is_some()),
            column: some(row.column).filter(|_| file.is_some()),
            discriminator: some(row.discriminator),
            file,
            inlined,
        }
    }

    fn function(&mut self, entry: EntryOffset) -> Option<Arc<str>> {
        if let Some(known) = self.functions.get(&entry.0) {
            return known.clone();
        }
        let found = self.name_of(entry).map(|name| Arc::from(demangle(&name).as_ref()));
        self.functions.insert(entry.0, found.clone());
        found
    }

    fn name_of(&mut self, entry: EntryOffset) -> Option<String> {
        /// From a call to its function, its declaration, its class: a compiler needs three.
        const STEPS: usize = 8;
        let mut entry = entry;
        for _ in 0..STEPS {
            let found = if self.unit.has(entry) {
                self.unit.name(entry)
            } else {
                // Link-time optimization inlines functions of other units.
                let other = self.units.holding(self.dwarf, entry.0)?;
                UnitReader::new(self.dwarf, other).ok()?.name(entry)
            };
            match found.ok()?? {
                Name::Is(name) => return Some(name.to_string_lossy().ok()?.into_owned()),
                Name::Of(other) => entry = other,
            }
        }
        None
    }

    fn file(&mut self, number: u64) -> Option<Arc<str>> {
        if let Some(known) = self.files.get(&number) {
            return known.clone();
        }
        let found = self.path_of(number).map(|path| Arc::from(String::from_utf8_lossy(&path)));
        self.files.insert(number, found.clone());
        found
    }

    fn path_of(&mut self, number: u64) -> Option<Vec<u8>> {
        let FileName { name, directory } = self.unit.lines.as_mut()?.file(number)?;
        let unit = &self.unit.unit;
        let text = |value| self.dwarf.attr_string(unit, value).ok();
        let name = match name {
            Some(name) => text(name)?,
            None => unit.name.clone()?,
        };
        let directory = directory.and_then(text);
        let (name, directory) = (name.to_slice().ok()?, directory.as_ref().and_then(|d| d.to_slice().ok()));
        let working = unit.comp_dir.as_ref().and_then(|d| d.to_slice().ok()).unwrap_or_default();
        let path = path::join([&working, &directory.unwrap_or_default(), &name]);
        // What the build generated is below its own directory, which need not be the tree.
        let of_tree = self.tree.map_or(path.as_slice(), |tree| path::in_tree(&path, tree));
        Some(path::in_tree(of_tree, &working).to_vec())
    }
}
