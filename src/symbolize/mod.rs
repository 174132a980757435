//! Frames and addresses to functions, files and lines, calls that were inlined included.
//!
//! A [`Symbolizer`] looks up what the kernel printed, `cm_write+0x6b/0xb0 [crashme]`, in the `vmlinux` and the
//! modules that it was given. It reads of them only what the lookup needs: the table of symbols, the list of
//! what units cover, and the few units that are hit.
//!
//! ```no_run
//! use crashparse::facts::frame::Frame;
//! use crashparse::symbolize::{DebugFile, Symbolizer};
//!
//! let bytes = std::fs::read("vmlinux")?;
//! let vmlinux = DebugFile::parse("vmlinux", &bytes)?;
//! let mut symbolizer = Symbolizer::new();
//! symbolizer.set_vmlinux(&vmlinux);
//! let frame = Frame::parse(b" proc_reg_write+0xf1/0x120").unwrap();
//! for call in &symbolizer.resolve(&frame)?.frames {
//!     println!("{} {:?}:{:?}", call.function, call.file, call.line);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod file;
pub(crate) mod filter;
mod index;
mod lines;
mod lookup;
mod map;
mod modules;
mod path;
mod plan;
mod raw;
mod relocate;
mod root;
mod sources;
mod unit;
mod units;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, OnceLock};

pub use error::{Error, ErrorKind};
pub use file::DebugFile;
pub use filter::Filter;
pub use map::{MapSymbol, SymbolMap};
pub use modules::{ModuleFiles, debug_files, module_name};
pub use sources::Sources;

use crate::demangle::demangle;
use crate::facts::frame::{Frame, Trust};
use index::{At, Found};
use lookup::Lookup;

/// One call at an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SourceFrame {
    /// The function: of an inlined call as it stands in the source, else with what the compiler appended
    /// (`.cold`, `.isra.0`). Rust's names are demangled.
    pub function: Arc<str>,
    /// The file, from the top of the kernel's tree: `kernel/fork.c`.
    pub file: Option<Arc<str>>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
    /// Which of several blocks of code of the line.
    pub discriminator: Option<u32>,
    /// Whether the call was inlined in the next frame's function.
    pub inlined: bool,
}

/// Where an address is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolved {
    /// The symbol that holds it, as the file has it.
    pub symbol: Arc<str>,
    /// Its distance from the symbol's start.
    pub offset: u64,
    /// The address: as vmlinux was linked, in a module from the start of its section.
    pub address: u64,
    /// The module's section: `.init.text`.
    pub section: Option<Arc<str>>,
    /// The calls there, the innermost first. The last one is the function that the symbol names.
    pub frames: Vec<SourceFrame>,
}

/// Looks frames and addresses up in a `vmlinux` and modules.
///
/// What was found is kept: logs repeat their frames.
#[derive(Default)]
pub struct Symbolizer<'f> {
    vmlinux: Option<Lookup<'f>>,
    modules: HashMap<String, Lookup<'f>>,
    map: Option<&'f SymbolMap<'f>>,
    strip_prefix: Option<Vec<u8>>,
    tree: OnceLock<Option<Vec<u8>>>,
    allow_mismatch: bool,
    threads: usize,
    known: Mutex<HashMap<String, Result<Arc<Resolved>, Error>>>,
}

/// Frames that are remembered.
const KNOWN: usize = 1 << 18;

impl std::fmt::Debug for Symbolizer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let vmlinux = self.vmlinux.as_ref().map(|lookup| lookup.file);
        f.debug_struct("Symbolizer").field("vmlinux", &vmlinux).finish_non_exhaustive()
    }
}

/// A frame whose symbol is being looked up.
struct Request<'r> {
    symbol: &'r str,
    offset: u64,
    size: Option<u64>,
    /// Whether the address is that of the instruction itself, not the one after a call.
    exact: bool,
    /// The symbols that it may be.
    candidates: Vec<Found>,
}

impl Request<'_> {
    /// What is looked up for a symbol.
    fn address(&self, symbol: &Found) -> u64 {
        // The start of a function follows no call.
        if self.exact || self.offset == 0 {
            return symbol.address.wrapping_add(self.offset);
        }
        symbol.address.wrapping_add(self.offset - 1)
    }

    /// The symbol's last byte, if the address is in the gap between it and the next function: `fn+0x90/0x90`.
    fn last_byte(&self, symbol: &Found) -> Option<u64> {
        let last = symbol.size.checked_sub(1)?;
        (!self.exact && self.offset > symbol.size).then_some(symbol.address.wrapping_add(last))
    }
}

impl<'f> Symbolizer<'f> {
    /// Nothing to look up in, as yet.
    pub fn new() -> Symbolizer<'f> {
        Symbolizer { threads: 1, ..Symbolizer::default() }
    }

    /// Looks up in this kernel.
    pub fn set_vmlinux(&mut self, file: &'f DebugFile<'f>) {
        self.vmlinux = Some(Lookup::new(file));
        self.tree = OnceLock::new();
        self.forget();
    }

    /// Looks up in this module as well. `name` is the kernel's name of it: `snd_hda_codec`.
    pub fn add_module(&mut self, name: &str, file: &'f DebugFile<'f>) {
        self.modules.insert(module_name(name), Lookup::new(file));
        self.forget();
    }

    /// Looks up raw addresses in this map, if there is no vmlinux.
    pub fn set_map(&mut self, map: &'f SymbolMap<'f>) {
        self.map = Some(map);
        self.forget();
    }

    /// Directory that is cut from names of files. Without it, it is the kernel's tree, worked out from where
    /// `init/main.c` is.
    pub fn set_strip_prefix(&mut self, directory: &[u8]) {
        self.strip_prefix = Some(directory.to_vec());
        self.forget();
    }

    /// Looks up even in files of which the build ID is not the one in the log.
    pub fn set_allow_mismatch(&mut self, allow: bool) {
        self.allow_mismatch = allow;
        self.forget();
    }

    /// Number of threads for many addresses; 1 as long as none is set.
    pub fn set_threads(&mut self, threads: usize) {
        self.threads = threads;
    }

    /// Whether there is a file for a module, or for vmlinux.
    pub fn has_file(&self, module: Option<&str>) -> bool {
        self.lookup(module).is_some()
    }

    /// Checks the kernel of a report against vmlinux: the CPU by its name in [`Arch`](crate::Arch), and the build
    /// ID of the line `CPU: 0 PID: 1 Comm: … 6.1.0 #1 <build ID>`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongArchitecture`], [`ErrorKind::WrongBuildId`].
    pub fn check(&self, arch: Option<&str>, build_id: Option<&str>) -> Result<(), Error> {
        let Some(lookup) = &self.vmlinux else { return Ok(()) };
        let file = lookup.file;
        if let (Some(logs), Some(own)) = (arch, file.arch())
            && logs != own
        {
            let message = format!("{}: the file is of {own}, the log of {logs}", file.name());
            return Err(Error::new(ErrorKind::WrongArchitecture, message));
        }
        same_build(file, build_id)
    }

    /// Checks the build ID of a frame, `[crashme b61c5b1ffcb3d4e735541e08db97c5299348bcb5]`, against its file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongBuildId`].
    pub fn check_frame(&self, frame: &Frame<'_>) -> Result<(), Error> {
        self.lookup(frame.module).map_or(Ok(()), |lookup| same_build(lookup.file, frame.build_id))
    }

    /// The calls at a frame.
    ///
    /// A return address ([`Trust::Return`], [`Trust::Unreliable`]) is looked up one byte before: at its call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoVmlinux`], [`ErrorKind::NoModule`], [`ErrorKind::NoSymbols`], [`ErrorKind::NotFound`],
    /// [`ErrorKind::WrongSize`], [`ErrorKind::Ambiguous`], [`ErrorKind::WrongBuildId`], [`ErrorKind::BadDwarf`].
    pub fn resolve(&self, frame: &Frame<'_>) -> Result<Arc<Resolved>, Error> {
        let nothing = || Err(Error::new(ErrorKind::NotFound, "the frame has no symbol"));
        self.resolve_all(std::slice::from_ref(frame)).pop().unwrap_or_else(nothing)
    }

    /// The calls at each of some frames: faster than one by one, for a unit is read once.
    ///
    /// # Errors
    ///
    /// For each frame those of [`Symbolizer::resolve`].
    pub fn resolve_all(&self, frames: &[Frame<'_>]) -> Vec<Result<Arc<Resolved>, Error>> {
        let keys: Vec<String> = frames.iter().map(key).collect();
        let mut known = self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if known.len() > KNOWN {
            known.clear();
        }
        let mut wanted: HashMap<Option<&str>, Vec<(&str, &Frame<'_>)>> = HashMap::new();
        for (key, frame) in keys.iter().zip(frames) {
            if !known.contains_key(key) {
                wanted.entry(frame.module).or_default().push((key, frame));
            }
        }
        for (module, mut of_file) in wanted {
            of_file.sort_unstable_by_key(|(key, _)| *key);
            of_file.dedup_by_key(|(key, _)| *key);
            let frames: Vec<&Frame<'_>> = of_file.iter().map(|(_, frame)| *frame).collect();
            let results = self.resolve_in(module, &frames);
            known.extend(of_file.iter().map(|(key, _)| key.to_string()).zip(results));
        }
        let missing = || Err(Error::new(ErrorKind::NotFound, "the frame has no symbol"));
        keys.iter().map(|key| known.get(key).cloned().unwrap_or_else(missing)).collect()
    }

    /// The calls at an address of vmlinux as it was linked: of a kernel with KASLR, less its
    /// [slide](Symbolizer::slide). `exact` says that it is an instruction's, not one that a call returns to.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoVmlinux`], [`ErrorKind::NotFound`], [`ErrorKind::BadDwarf`].
    pub fn resolve_address(&self, address: u64, exact: bool) -> Result<Resolved, Error> {
        let missing = || Err(Error::new(ErrorKind::NotFound, format!("no symbol at {address:#x}")));
        self.resolve_addresses(&[address], exact).pop().unwrap_or_else(missing)
    }

    /// The calls at each of some addresses; see [`Symbolizer::resolve_address`].
    ///
    /// # Errors
    ///
    /// For each address those of [`Symbolizer::resolve_address`].
    pub fn resolve_addresses(&self, addresses: &[u64], exact: bool) -> Vec<Result<Resolved, Error>> {
        let Some(lookup) = &self.vmlinux else {
            return addresses.iter().map(|&address| self.resolve_in_map(address)).collect();
        };
        let at = |address: u64| if exact { address } else { address.wrapping_sub(1) };
        let mut order: Vec<(u64, usize)> =
            addresses.iter().enumerate().map(|(index, &address)| (at(address), index)).collect();
        order.sort_unstable();
        let mut sorted: Vec<u64> = order.iter().map(|&(address, _)| address).collect();
        sorted.dedup();
        let mut chains = lookup.chains(&sorted, self.tree(), self.threads).into_iter();
        let mut results: Vec<Option<Result<Resolved, Error>>> = vec![None; addresses.len()];
        // Neighbours share a symbol.
        let mut symbol: Option<(At<'_>, Naming)> = None;
        for same in order.chunk_by(|a, b| a.0 == b.0) {
            let mut chain = chains.next();
            for (left, &(address, index)) in (0..same.len()).rev().zip(same) {
                if symbol.as_ref().is_none_or(|(known, _)| !known.range.contains(&address)) {
                    let found = lookup.symbols.at(lookup.file, address);
                    symbol = found.map(|found| (found.clone(), Naming::of(found.name)));
                }
                let chain = if left > 0 { chain.clone() } else { chain.take() };
                let chain = chain.unwrap_or_else(|| Ok(Vec::new()));
                let asked = addresses.get(index).copied().unwrap_or(address);
                let result = match &symbol {
                    Some((known, naming)) => chain.map(|frames| {
                        let offset = asked.wrapping_sub(known.range.start);
                        resolved(lookup, naming, offset, asked, None, frames)
                    }),
                    None => {
                        let name = lookup.file.name();
                        Err(Error::new(ErrorKind::NotFound, format!("{name}: no symbol at {asked:#x}")))
                    }
                };
                if let Some(slot) = results.get_mut(index) {
                    *slot = Some(result);
                }
            }
        }
        let missing = || Err(Error::new(ErrorKind::NotFound, "not looked up"));
        results.into_iter().map(|result| result.unwrap_or_else(missing)).collect()
    }

    /// The KASLR slide that a frame with both its address and its symbol shows:
    /// `[<ffffffff9a8c3bb6>] dump_stack+0x63/0x81`.
    pub fn slide(&self, frame: &Frame<'_>) -> Option<u64> {
        let (symbol, offset, address) = (frame.symbol?, frame.offset?, frame.address?);
        if frame.module.is_some() || address == 0 {
            return None;
        }
        let starts: Vec<u64> = match (&self.vmlinux, self.map) {
            (Some(lookup), _) => {
                let found = lookup.symbols.named(lookup.file, &[symbol]).pop()?;
                found.iter().map(|found| found.address).collect()
            }
            (None, Some(map)) => {
                map.named(symbol).filter(|(_, module)| module.is_none()).map(|(address, _)| address).collect()
            }
            (None, None) => return None,
        };
        match starts.as_slice() {
            [start] => Some(address.wrapping_sub(offset).wrapping_sub(*start)),
            _ => None,
        }
    }

    fn forget(&mut self) {
        self.known.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner()).clear();
    }

    fn lookup(&self, module: Option<&str>) -> Option<&Lookup<'f>> {
        match module {
            Some(name) => self.modules.get(&module_name(name)),
            None => self.vmlinux.as_ref(),
        }
    }

    fn tree(&self) -> Option<&[u8]> {
        if let Some(given) = &self.strip_prefix {
            return Some(given);
        }
        self.tree.get_or_init(|| self.vmlinux.as_ref().and_then(Lookup::tree)).as_deref()
    }

    fn resolve_in_map(&self, address: u64) -> Result<Resolved, Error> {
        let map = self.map.ok_or_else(|| no_file(None))?;
        let missing = || Error::new(ErrorKind::NotFound, format!("System.map: no symbol at {address:#x}"));
        let found = map.at(address).ok_or_else(missing)?;
        let Naming { symbol, function } = Naming::of(found.name);
        Ok(Resolved { symbol, offset: found.offset, address, section: None, frames: vec![bare(function)] })
    }

    /// The calls at frames of one file.
    fn resolve_in(&self, module: Option<&str>, frames: &[&Frame<'_>]) -> Vec<Result<Arc<Resolved>, Error>> {
        let Some(lookup) = self.lookup(module) else {
            return frames.iter().map(|_| Err(no_file(module))).collect();
        };
        let mut names: Vec<&str> = frames.iter().filter_map(|frame| frame.symbol).collect();
        names.sort_unstable();
        names.dedup();
        let named = lookup.symbols.named(lookup.file, &names);
        let requests: Vec<Result<Request<'_>, Error>> =
            frames.iter().map(|frame| self.request(lookup, frame, &names, &named)).collect();
        let good = requests.iter().filter_map(|request| request.as_ref().ok());
        let places = |request: &Request<'_>| {
            let places = request.candidates.iter().flat_map(|symbol| {
                let (address, last) = (request.address(symbol), request.last_byte(symbol));
                let outside = last.is_some_and(|last| lookup.ends_unit(last, address));
                [Some(address).filter(|_| !outside), last]
            });
            places.flatten().collect::<Vec<_>>()
        };
        let mut addresses: Vec<u64> = good.flat_map(places).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let chains = lookup.chains(&addresses, self.tree(), self.threads);
        let chain = |address: u64| {
            let found = addresses.binary_search(&address).ok().and_then(|index| chains.get(index));
            found.cloned().unwrap_or_else(|| Ok(Vec::new()))
        };
        let finish = |request: Result<Request<'_>, Error>| finish(lookup, request?, &chain).map(Arc::new);
        requests.into_iter().map(finish).collect()
    }

    /// The symbols that a frame may be in.
    fn request<'r>(
        &self,
        lookup: &Lookup<'f>,
        frame: &Frame<'r>,
        names: &[&str],
        named: &[Vec<Found>],
    ) -> Result<Request<'r>, Error> {
        let file = lookup.file;
        let (Some(symbol), Some(offset)) = (frame.symbol, frame.offset) else {
            return Err(Error::new(ErrorKind::NotFound, "the frame has no symbol and offset"));
        };
        if !self.allow_mismatch {
            same_build(file, frame.build_id)?;
        }
        let found = names.binary_search(&symbol).ok().and_then(|at| named.get(at));
        let found = found.map(Vec::as_slice).unwrap_or_default();
        if found.is_empty() {
            let (name, stripped) = (file.name(), !file.has_symbols());
            return Err(if stripped {
                Error::new(ErrorKind::NoSymbols, format!("{name}: stripped: it has no symbols"))
            } else {
                Error::new(ErrorKind::NotFound, format!("{name}: no symbol {symbol}"))
            });
        }
        let candidates = match frame.size {
            Some(size) => of_size(lookup, found, size),
            None => found.to_vec(),
        };
        if candidates.is_empty() {
            let (name, size) = (file.name(), frame.size.unwrap_or(0));
            let own: Vec<String> = found.iter().map(|found| format!("{:#x}", found.size)).collect();
            let own = own.join(", ");
            let message =
                format!("{name}: {symbol} has {own} bytes, in the log {size:#x}: not the same build");
            return Err(Error::new(ErrorKind::WrongSize, message));
        }
        let exact = frame.trust == Trust::Pc;
        Ok(Request { symbol, offset, size: frame.size, exact, candidates })
    }
}

/// How well a symbol fits the size that the kernel printed, which is the distance to the next symbol.
///
/// The last function of a section is followed by another section or nothing; symbols of assembly have no size;
/// and the kernel counts a module's sections one after the other, its data before its code.
fn of_size(lookup: &Lookup<'_>, found: &[Found], size: u64) -> Vec<Found> {
    /// What lies between two functions to align the second, and what does at most.
    const ALIGNMENT: u64 = 16;
    const PADDING: u64 = 64;
    // Most symbols are the only ones of their name that are about as large as the kernel says.
    let mut near = found.iter().filter(|symbol| symbol.size == 0 || size.wrapping_sub(symbol.size) < PADDING);
    if let (Some(only), None) = (near.next(), near.next())
        && (found.len() == 1 || size.wrapping_sub(only.size) < ALIGNMENT)
    {
        return vec![*only];
    }
    let distances = lookup.symbols.distances(lookup.file, found);
    let fits = |rank: usize, symbol: &Found, distance: Option<u64>| match rank {
        0 => distance == Some(size),
        1 => distance.is_none() && symbol.size <= size,
        2 => symbol.size > 0 && size.wrapping_sub(symbol.size) < PADDING,
        3 => symbol.size == 0,
        // A size beyond all reason: data of a module, and the next symbol before it.
        _ => found.len() == 1 && size > u64::MAX / 2,
    };
    for rank in 0..5 {
        let of_rank =
            found.iter().zip(&distances).filter(|(symbol, distance)| fits(rank, symbol, **distance));
        let of_rank: Vec<Found> = of_rank.map(|(symbol, _)| *symbol).collect();
        if !of_rank.is_empty() {
            return of_rank;
        }
    }
    Vec::new()
}

fn finish(
    lookup: &Lookup<'_>,
    request: Request<'_>,
    chain: &dyn Fn(u64) -> Result<Vec<SourceFrame>, Error>,
) -> Result<Resolved, Error> {
    let Some((first, others)) = request.candidates.split_first() else {
        return Err(Error::new(ErrorKind::NotFound, format!("no symbol {}", request.symbol)));
    };
    let calls = |symbol: &Found| {
        let frames = chain(request.address(symbol))?;
        match request.last_byte(symbol) {
            // Of the gap the line table of most units says that it is of the line before, and of no inlined call.
            // That holds where it ends a unit as well.
            Some(last) if frames.is_empty() => {
                let before = chain(last)?.into_iter().next();
                Ok(before.map(|call| SourceFrame { inlined: false, ..call }).into_iter().collect())
            }
            _ => Ok(frames),
        }
    };
    let frames = calls(first)?;
    if others.iter().any(|other| calls(other).as_ref() != Ok(&frames)) {
        return Err(ambiguous(lookup, &request, chain));
    }
    let address = first.address.wrapping_add(request.offset);
    let naming = Naming::of(request.symbol);
    Ok(resolved(lookup, &naming, request.offset, address, Some(first), frames))
}

fn ambiguous(
    lookup: &Lookup<'_>,
    request: &Request<'_>,
    chain: &dyn Fn(u64) -> Result<Vec<SourceFrame>, Error>,
) -> Error {
    let (name, symbol, size) = (lookup.file.name(), request.symbol, request.size.unwrap_or(0));
    let mut message = format!("{name}: several symbols {symbol} of size {size:#x}:");
    for (at, candidate) in request.candidates.iter().enumerate() {
        let frames = chain(request.address(candidate)).unwrap_or_default();
        let place = frames.last().and_then(|frame| Some((frame.file.clone()?, frame.line?)));
        let separator = if at > 0 { "," } else { "" };
        let _ = match place {
            Some((file, line)) => write!(message, "{separator} {file}:{line}"),
            None => write!(message, "{separator} {:#x}", candidate.address),
        };
    }
    Error::new(ErrorKind::Ambiguous, message)
}

/// Name of a symbol.
struct Naming {
    symbol: Arc<str>,
    /// As it stands in the source.
    function: Arc<str>,
}

impl Naming {
    fn of(name: &str) -> Naming {
        let symbol: Arc<str> = name.into();
        let function = match demangle(name) {
            Cow::Borrowed(same) if same == name => symbol.clone(),
            other => other.into(),
        };
        Naming { symbol, function }
    }
}

/// What was found, under the names that the symbols have.
fn resolved(
    lookup: &Lookup<'_>,
    naming: &Naming,
    offset: u64,
    address: u64,
    found: Option<&Found>,
    mut frames: Vec<SourceFrame>,
) -> Resolved {
    match frames.last_mut() {
        Some(function) => function.function = naming.function.clone(),
        None => frames.push(bare(naming.function.clone())),
    }
    let place = found.filter(|_| lookup.file.is_relocatable());
    let place = place.and_then(|found| Some((found, lookup.file.place(found.section)?)));
    let section = place.and_then(|(found, _)| lookup.file.section_name(found.section));
    let address = address.wrapping_sub(place.map_or(0, |(_, place)| place.base));
    let symbol = naming.symbol.clone();
    Resolved { symbol, offset, address, section: section.map(Into::into), frames }
}

/// A function of which no more is known.
fn bare(function: Arc<str>) -> SourceFrame {
    SourceFrame { function, file: None, line: None, column: None, discriminator: None, inlined: false }
}

fn no_file(module: Option<&str>) -> Error {
    match module {
        Some(module) => Error::new(ErrorKind::NoModule, format!("no file for module {module}")),
        None => Error::new(ErrorKind::NoVmlinux, "no vmlinux"),
    }
}

fn same_build(file: &DebugFile<'_>, logs: Option<&str>) -> Result<(), Error> {
    let (Some(logs), Some(own)) = (logs, file.build_id()) else { return Ok(()) };
    if logs == own {
        return Ok(());
    }
    let message = format!("{}: the file's build ID is {own}, the log's {logs}", file.name());
    Err(Error::new(ErrorKind::WrongBuildId, message))
}

/// What tells a frame from others.
fn key(frame: &Frame<'_>) -> String {
    let module = frame.module.unwrap_or_default();
    let id = frame.build_id.unwrap_or_default();
    let symbol = frame.symbol.unwrap_or_default();
    let exact = if frame.trust == Trust::Pc { '=' } else { '-' };
    let mut key = String::with_capacity(symbol.len() + module.len() + id.len() + 24);
    let _ = write!(key, "{symbol}+{:x?}/{:x?}{exact}{module} {id}", frame.offset, frame.size);
    if frame.symbol.is_none() {
        let _ = write!(key, " {:x?}", frame.address);
    }
    key
}
