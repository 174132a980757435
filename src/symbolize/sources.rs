//! The source lines of one report.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Error, Resolved, SourceFrame, Symbolizer, key};
use crate::facts::frame::{Calls, Frame, Source, Trust};

/// Where the code of a report's frames is: what [`Symbolizer::sources`] found.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    known: HashMap<String, Arc<Resolved>>,
    errors: Vec<Error>,
}

impl Symbolizer<'_> {
    /// Looks up all frames of a report. `slide` is its kernel's KASLR slide, if it is known: raw addresses
    /// without a symbol are looked up only then.
    pub fn sources(&self, frames: &[Frame<'_>], slide: Option<u64>) -> Sources {
        let mut sources = Sources::default();
        let (named, bare): (Vec<Frame<'_>>, Vec<Frame<'_>>) =
            frames.iter().filter(|frame| frame.source.is_none()).partition(|frame| frame.symbol.is_some());
        for (frame, result) in named.iter().zip(self.resolve_all(&named)) {
            match result {
                Ok(resolved) => {
                    sources.known.insert(key(frame), resolved);
                }
                Err(error) if !sources.errors.contains(&error) => sources.errors.push(error),
                Err(_) => {}
            }
        }
        for exact in [true, false] {
            let of_kind = bare.iter().filter(|frame| (frame.trust == Trust::Pc) == exact);
            let at = |frame: &Frame<'_>| Some((key(frame), frame.address?.wrapping_sub(slide?)));
            let (keys, addresses): (Vec<String>, Vec<u64>) = of_kind.filter_map(at).unzip();
            let results = self.resolve_addresses(&addresses, exact);
            // Not every number that looks like an address is one of vmlinux.
            let found =
                keys.into_iter().zip(results).filter_map(|(key, result)| Some((key, Arc::new(result.ok()?))));
            sources.known.extend(found);
        }
        sources
    }

    /// The KASLR slide that the first of some frames shows that shows one; see [`Symbolizer::slide`].
    pub fn slide_of(&self, frames: &[Frame<'_>]) -> Option<u64> {
        let mut both = frames.iter().filter(|frame| frame.symbol.is_some() && frame.address.is_some());
        // One that fits nothing may be damaged; a few that do are of another kernel.
        both.by_ref().take(8).find_map(|frame| self.slide(frame))
    }
}

impl Sources {
    /// Why frames were not found, each reason once. Of raw addresses that were not found nothing is said: not every
    /// number that looks like one is an address of vmlinux.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }
}

impl Calls for Sources {
    fn calls<'s>(&'s self, frame: Frame<'s>) -> Vec<Frame<'s>> {
        if frame.source.is_some() {
            return vec![frame];
        }
        let Some(resolved) = self.known.get(&key(&frame)) else { return vec![frame] };
        // Who called is not the function that the log names.
        let frame = match frame.ends_function_before() && frame.symbol != Some(&resolved.symbol) {
            true => Frame { symbol: None, offset: None, size: None, ..frame },
            false => frame,
        };
        let call = |call: &'s SourceFrame| {
            if call.inlined {
                return Frame { symbol: Some(&call.function), source: source(call), ..frame }.into_inlined();
            }
            Frame {
                symbol: frame.symbol.or(Some(&resolved.symbol)),
                offset: frame.offset.or(Some(resolved.offset)),
                module: frame.module.or(resolved.module.as_deref()),
                source: source(call),
                ..frame
            }
        };
        resolved.frames.iter().map(call).collect()
    }
}

fn source(call: &SourceFrame) -> Option<Source<'_>> {
    let place = Source::new(call.file.as_deref()?, call.line?);
    Some(Source { column: call.column, discriminator: call.discriminator, ..place })
}
