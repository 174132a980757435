//! Which of a file's symbols a frame is in.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use super::error::{Candidate, Error, ErrorKind};
use super::index::Found;
use super::lookup::Lookup;
use super::resolved::{Resolved, SourceFrame};
use crate::demangle::demangle;
use crate::facts::frame::{Frame, Trust};

/// A frame whose symbol is being looked up.
pub(super) struct Request<'r> {
    symbol: &'r str,
    offset: u64,
    size: Option<u64>,
    /// Whether the address is that of the instruction itself, not the one after a call.
    exact: bool,
    /// Whether the call is the last instruction of the function before.
    before: bool,
    /// The symbols that it may be.
    candidates: Vec<Found>,
}

impl<'r> Request<'r> {
    /// The symbols that a frame may be in. `names` are in order, and `named` has the symbols of each.
    pub(super) fn of(
        lookup: &Lookup<'_>,
        frame: &Frame<'r>,
        names: &[&str],
        named: &[Vec<Found>],
    ) -> Result<Request<'r>, Error> {
        let file = lookup.file;
        let (Some(symbol), Some(offset)) = (frame.symbol, frame.offset) else {
            return Err(Error::new(ErrorKind::NotFound, "the frame has no symbol and offset"));
        };
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
        let candidates = match frame.size {
            Some(size) if is_beyond(offset, size, exact) => Vec::new(),
            Some(_) => candidates,
            None => within(lookup, candidates, offset, exact),
        };
        if candidates.is_empty() {
            let size = frame.size.map(|size| format!("/{size:#x}")).unwrap_or_default();
            let place = format!("{symbol}+{offset:#x}{size}");
            let message = format!("{}: {place}: offset beyond the symbol", file.name());
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        let before = frame.ends_function_before();
        Ok(Request { symbol, offset, size: frame.size, exact, before, candidates })
    }

    /// What is looked up for a symbol.
    fn address(&self, symbol: &Found) -> u64 {
        if self.before {
            return symbol.address.wrapping_sub(1);
        }
        // Entry code returns to where a function starts.
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

    /// The addresses that are looked up.
    pub(super) fn places(&self, lookup: &Lookup<'_>) -> Vec<u64> {
        let places = self.candidates.iter().flat_map(|symbol| {
            let (address, last) = (self.address(symbol), self.last_byte(symbol));
            let outside = last.is_some_and(|last| lookup.ends_unit(last, address));
            [Some(address).filter(|_| !outside), last]
        });
        places.flatten().collect()
    }
}

/// Whether an offset is none of a symbol. A call that never returns may be the symbol's last instruction.
fn is_beyond(offset: u64, size: u64, exact: bool) -> bool {
    offset > size || (exact && offset > 0 && offset == size)
}

/// The symbols that reach as far as an offset, where the kernel printed no size.
fn within(lookup: &Lookup<'_>, mut candidates: Vec<Found>, offset: u64, exact: bool) -> Vec<Found> {
    // The symbol's own size is in the index already, the distance to the next one takes another.
    if candidates.iter().all(|symbol| offset < symbol.size) {
        return candidates;
    }
    let distances = lookup.symbols.distances(lookup.file, &candidates);
    let mut distances = distances.into_iter();
    candidates.retain(|symbol| {
        // Assembly has labels within a function.
        let reach = distances.next().flatten().map(|distance| distance.max(symbol.size));
        reach.is_none_or(|reach| !is_beyond(offset, reach, exact))
    });
    candidates
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

/// The calls at a frame, of which `chain` has those of its [places](Request::places).
pub(super) fn finish(
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
    if request.before
        && let Some(before) = lookup.symbols.at(lookup.file, address.wrapping_sub(1))
    {
        let offset = address.wrapping_sub(before.range.start);
        return Ok(resolved(lookup, &Naming::of(before.name), offset, address, Some(first), frames));
    }
    let naming = Naming::of(request.symbol);
    Ok(resolved(lookup, &naming, request.offset, address, Some(first), frames))
}

fn ambiguous(
    lookup: &Lookup<'_>,
    request: &Request<'_>,
    chain: &dyn Fn(u64) -> Result<Vec<SourceFrame>, Error>,
) -> Error {
    let (name, symbol) = (lookup.file.name(), request.symbol);
    let size = request.size.map(|size| format!(" of size {size:#x}"));
    let size = size.unwrap_or_else(|| ", which a size may tell apart".to_string());
    let mut message = format!("{name}: several symbols {symbol}{size}:");
    let symbol: Arc<str> = symbol.into();
    let mut candidates = Vec::with_capacity(request.candidates.len());
    for (at, found) in request.candidates.iter().enumerate() {
        let frames = chain(request.address(found)).unwrap_or_default();
        let function = frames.last();
        let (section, address) = in_section(lookup, found, found.address);
        let (file, line) = (function.and_then(|call| call.file.clone()), function.and_then(|call| call.line));
        let separator = if at > 0 { "," } else { "" };
        let _ = match (&file, line, &section) {
            (Some(file), Some(line), _) => write!(message, "{separator} {file}:{line}"),
            (_, _, Some(section)) => write!(message, "{separator} {section}+{address:#x}"),
            (_, _, None) => write!(message, "{separator} {address:#x}"),
        };
        candidates.push(Candidate { symbol: symbol.clone(), address, section, file, line });
    }
    Error::ambiguous(message, candidates)
}

/// Name of a symbol.
pub(super) struct Naming {
    pub(super) symbol: Arc<str>,
    /// As it stands in the source.
    pub(super) function: Arc<str>,
}

impl Naming {
    pub(super) fn of(name: &str) -> Naming {
        let symbol: Arc<str> = name.into();
        let function = match demangle(name) {
            Cow::Borrowed(same) if same == name => symbol.clone(),
            other => other.into(),
        };
        Naming { symbol, function }
    }
}

/// What was found, under the names that the symbols have.
pub(super) fn resolved(
    lookup: &Lookup<'_>,
    naming: &Naming,
    offset: u64,
    address: u64,
    found: Option<&Found>,
    mut frames: Vec<SourceFrame>,
) -> Resolved {
    match frames.last_mut() {
        Some(function) => function.function = naming.function.clone(),
        None => frames.push(SourceFrame::bare(naming.function.clone())),
    }
    let (section, address) = found.map_or((None, address), |found| in_section(lookup, found, address));
    let symbol = naming.symbol.clone();
    Resolved { symbol, module: None, offset, address, section, frames }
}

/// The section of a module that a symbol is in, and an address from its start; of vmlinux the address alone.
fn in_section(lookup: &Lookup<'_>, found: &Found, address: u64) -> (Option<Arc<str>>, u64) {
    let place = Some(found.section).filter(|_| lookup.file.is_relocatable());
    match place.and_then(|section| lookup.file.place(section)) {
        Some(place) => {
            let section = lookup.file.section_name(found.section);
            (section.map(Into::into), address.wrapping_sub(place.base))
        }
        None => (None, address),
    }
}
