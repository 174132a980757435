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

mod choose;
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
mod resolved;
mod root;
mod sources;
mod table;
mod unit;
mod units;

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

pub use error::{Candidate, Error, ErrorKind};
pub use file::DebugFile;
pub use filter::Filter;
pub use map::{MapSymbol, SymbolMap};
pub use modules::{ModuleFiles, debug_files, module_name};
pub use resolved::{Resolved, SourceFrame};
pub use sources::Sources;

use crate::facts::frame::{Frame, Trust};
use choose::{Naming, Request};
use index::At;
use lookup::Lookup;

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
    release: OnceLock<Option<&'f str>>,
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

impl<'f> Symbolizer<'f> {
    /// Nothing to look up in, as yet.
    pub fn new() -> Symbolizer<'f> {
        Symbolizer { threads: 1, ..Symbolizer::default() }
    }

    /// Looks up in this kernel.
    pub fn set_vmlinux(&mut self, file: &'f DebugFile<'f>) {
        self.vmlinux = Some(Lookup::new(file));
        self.tree = OnceLock::new();
        self.release = OnceLock::new();
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

    /// Checks the kernel of a report against vmlinux: the CPU by its name in [`Arch`](crate::Arch), and of the line
    /// `CPU: 0 PID: 1 Comm: … 6.1.0 #1 <build ID>` the build ID, or the release if there is none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongArchitecture`], [`ErrorKind::WrongBuildId`], [`ErrorKind::WrongRelease`].
    pub fn check(
        &self,
        arch: Option<&str>,
        build_id: Option<&str>,
        release: Option<&str>,
    ) -> Result<(), Error> {
        let Some(lookup) = &self.vmlinux else { return Ok(()) };
        same_cpu(lookup.file, arch, "the log")?;
        if build_id.is_some() && lookup.file.build_id().is_some() {
            return same_build(lookup.file, build_id);
        }
        let Some(logs) = release else { return Ok(()) };
        let own = *self.release.get_or_init(|| lookup.file.release());
        if let Some(own) = own.filter(|own| *own != logs) {
            let message = format!("{}: the file is of Linux {own}, the log of {logs}", lookup.file.name());
            return Err(Error::new(ErrorKind::WrongRelease, message));
        }
        Ok(())
    }

    /// Checks a frame against its file: the CPU of its log, if it is known, and the build ID that it has itself,
    /// `[crashme b61c5b1ffcb3d4e735541e08db97c5299348bcb5]`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongArchitecture`], [`ErrorKind::WrongBuildId`].
    pub fn check_frame(&self, frame: &Frame<'_>, arch: Option<&str>) -> Result<(), Error> {
        let Some(lookup) = self.lookup(frame.module) else { return Ok(()) };
        same_cpu(lookup.file, arch, "the log")?;
        same_build(lookup.file, frame.build_id)
    }

    /// The calls at a frame.
    ///
    /// A return address ([`Trust::Return`], [`Trust::Unreliable`]) is looked up one byte before: at its call. Where that
    /// is in the function before, as [`Frame::ends_function_before`] says, it is that function's.
    /// Of a module of another CPU than vmlinux nothing is found.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoVmlinux`], [`ErrorKind::NoModule`], [`ErrorKind::NoSymbols`], [`ErrorKind::NotFound`],
    /// [`ErrorKind::WrongSize`], [`ErrorKind::Ambiguous`], [`ErrorKind::WrongArchitecture`],
    /// [`ErrorKind::WrongBuildId`], [`ErrorKind::BadDwarf`].
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
        let mut results: Vec<Option<Result<Arc<Resolved>, Error>>> = {
            let known = self.known();
            keys.iter().map(|key| known.get(key).cloned()).collect()
        };
        let mut wanted: HashMap<Option<&str>, Vec<(&str, &Frame<'_>)>> = HashMap::new();
        for ((key, frame), result) in keys.iter().zip(frames).zip(&results) {
            if result.is_none() {
                wanted.entry(frame.module).or_default().push((key, frame));
            }
        }
        // Other threads look up meanwhile: at worst both read the same unit.
        let mut new: HashMap<&str, Result<Arc<Resolved>, Error>> = HashMap::new();
        for (module, mut of_file) in wanted {
            of_file.sort_unstable_by_key(|(key, _)| *key);
            of_file.dedup_by_key(|(key, _)| *key);
            let frames: Vec<&Frame<'_>> = of_file.iter().map(|(_, frame)| *frame).collect();
            let found = self.resolve_in(module, &frames);
            new.extend(of_file.iter().map(|(key, _)| *key).zip(found));
        }
        for (key, result) in keys.iter().zip(&mut results).filter(|(_, result)| result.is_none()) {
            *result = new.get(key.as_str()).cloned();
        }
        if !new.is_empty() {
            let mut known = self.known();
            if known.len() > KNOWN {
                known.clear();
            }
            known.extend(new.into_iter().map(|(key, result)| (key.to_string(), result)));
        }
        let missing = || Err(Error::new(ErrorKind::NotFound, "the frame has no symbol"));
        results.into_iter().map(|result| result.unwrap_or_else(missing)).collect()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Result<Arc<Resolved>, Error>>> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
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
            return addresses.iter().map(|&address| self.resolve_in_map(address, exact)).collect();
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
                        choose::resolved(lookup, naming, offset, asked, None, frames)
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

    fn resolve_in_map(&self, address: u64, exact: bool) -> Result<Resolved, Error> {
        let map = self.map.ok_or_else(|| no_file(None))?;
        let missing = || Error::new(ErrorKind::NotFound, format!("System.map: no symbol at {address:#x}"));
        // A call may be its function's last instruction.
        let before = u64::from(!exact);
        let found = map.at(address.wrapping_sub(before)).ok_or_else(missing)?;
        let module = found.module.map(Into::into);
        let Naming { symbol, function } = Naming::of(found.name);
        let (offset, frames) = (found.offset + before, vec![SourceFrame::bare(function)]);
        Ok(Resolved { symbol, module, offset, address, section: None, frames })
    }

    /// The calls at frames of one file.
    fn resolve_in(&self, module: Option<&str>, frames: &[&Frame<'_>]) -> Vec<Result<Arc<Resolved>, Error>> {
        let Some(lookup) = self.lookup(module) else {
            return frames.iter().map(|_| Err(no_file(module))).collect();
        };
        let cpu = self.vmlinux.as_ref().and_then(|vmlinux| vmlinux.file.arch());
        if let Err(error) = same_cpu(lookup.file, cpu, "vmlinux") {
            return frames.iter().map(|_| Err(error.clone())).collect();
        }
        let mut names: Vec<&str> = frames.iter().filter_map(|frame| frame.symbol).collect();
        names.sort_unstable();
        names.dedup();
        let named = lookup.symbols.named(lookup.file, &names);
        let fits = |frame: &Frame<'_>| match self.allow_mismatch {
            true => Ok(()),
            false => same_build(lookup.file, frame.build_id),
        };
        let requests = frames.iter().map(|frame| {
            fits(frame)?;
            Request::of(lookup, frame, &names, &named)
        });
        let requests: Vec<Result<Request<'_>, Error>> = requests.collect();
        let good = requests.iter().flatten();
        let mut addresses: Vec<u64> = good.flat_map(|request| request.places(lookup)).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let chains = lookup.chains(&addresses, self.tree(), self.threads);
        let chain = |address: u64| {
            let found = addresses.binary_search(&address).ok().and_then(|index| chains.get(index));
            found.cloned().unwrap_or_else(|| Ok(Vec::new()))
        };
        let module: Option<Arc<str>> = module.map(Into::into);
        let finish = |request: Result<Request<'_>, Error>| {
            let found = choose::finish(lookup, request?, &chain)?;
            Ok(Arc::new(Resolved { module: module.clone(), ..found }))
        };
        requests.into_iter().map(finish).collect()
    }
}

fn no_file(module: Option<&str>) -> Error {
    match module {
        Some(module) => Error::new(ErrorKind::NoModule, format!("no file for module {module}")),
        None => Error::new(ErrorKind::NoVmlinux, "no vmlinux"),
    }
}

/// Whether a file is of the CPU that `whose` is of.
fn same_cpu(file: &DebugFile<'_>, theirs: Option<&str>, whose: &str) -> Result<(), Error> {
    let (Some(theirs), Some(own)) = (theirs, file.arch()) else { return Ok(()) };
    if theirs == own {
        return Ok(());
    }
    let message = format!("{}: the file is of {own}, {whose} of {theirs}", file.name());
    Err(Error::new(ErrorKind::WrongArchitecture, message))
}

fn same_build(file: &DebugFile<'_>, logs: Option<&str>) -> Result<(), Error> {
    let Some(logs) = logs else { return Ok(()) };
    let Some(own) = file.build_id().filter(|own| own != logs) else { return Ok(()) };
    let message = format!("{}: the file's build ID is {own}, the log's {logs}", file.name());
    Err(Error::new(ErrorKind::WrongBuildId, message))
}

/// What tells a frame from others.
fn key(frame: &Frame<'_>) -> String {
    let module = frame.module.unwrap_or_default();
    let id = frame.build_id.unwrap_or_default();
    let symbol = frame.symbol.unwrap_or_default();
    let exact = match frame.trust {
        Trust::Pc => '=',
        _ if frame.ends_function_before() => '<',
        _ => '-',
    };
    let mut key = String::with_capacity(symbol.len() + module.len() + id.len() + 24);
    let _ = write!(key, "{symbol}+{:x?}/{:x?}{exact}{module} {id}", frame.offset, frame.size);
    if frame.symbol.is_none() {
        let _ = write!(key, " {:x?}", frame.address);
    }
    key
}
