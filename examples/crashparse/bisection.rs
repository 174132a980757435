//! Logs of bisections, which are read whole: they are short.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crashparse::ser::JsonBisection;
use crashparse::{TextBisection, bisection, is_bisection};

use crate::args::Format;
use crate::output::fence;

/// A longer log is not read as a bisection's, whatever it begins with: real ones have less than a megabyte.
pub(crate) const MOST_BYTES: u64 = 16 << 20;
/// From so many bytes it is known whether a log is one.
const HEAD_BYTES: usize = 16 << 10;

/// The text of a log, as long as it may be one of a bisection.
#[derive(Clone, Debug)]
pub(crate) struct Kept(Arc<Mutex<Option<Vec<u8>>>>);

impl Kept {
    /// Of a text that is there already.
    pub(crate) fn whole(text: &[u8]) -> Kept {
        Kept(Arc::new(Mutex::new(is_bisection(text).then(|| text.to_vec()))))
    }

    /// Adds what was read; `false` if no more is wanted.
    fn add(&self, bytes: &[u8]) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(text) = kept.as_mut() else { return false };
        text.extend_from_slice(bytes);
        let other = text.len() >= HEAD_BYTES && !is_bisection(text);
        if other || text.len() as u64 > MOST_BYTES {
            *kept = None;
        }
        kept.is_some()
    }

    /// Whether the text is that of a bisection, as far as it was read.
    pub(crate) fn is_bisection(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_deref().is_some_and(is_bisection)
    }

    /// The bisection as it is printed, at the end of its log, which is not kept after that; `None` if it is none, or if the format has no place for it.
    pub(crate) fn render(&self, path: &str, format: Format) -> io::Result<Option<Rendered>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(bisection) = kept.as_deref().and_then(bisection) else { return Ok(None) };
        let json = || serde_json::to_string(&JsonBisection::new(&bisection));
        let text = match format {
            Format::Text => Some(format!("{}\n", TextBisection::new(&bisection).at(path)).into_bytes()),
            Format::Markdown => {
                let text = TextBisection::new(&bisection).at(path).to_string();
                let fence = fence(text.lines());
                Some(format!("{fence}text\n{text}{fence}\n\n").into_bytes())
            }
            Format::Json => Some(json()?.into_bytes()),
            Format::Jsonl => {
                let path = serde_json::to_string(path)?;
                Some(format!("{{\"path\":{path},\"bisection\":{}}}\n", json()?).into_bytes())
            }
            _ => None,
        };
        let quoted = bisection.culprit.as_ref().map_or(0..0, |culprit| culprit.span.clone());
        Ok(Some(Rendered { text, quoted }))
    }
}

/// A bisection as it is printed.
pub(crate) struct Rendered {
    pub(crate) text: Option<Vec<u8>>,
    /// Where the log quotes the culprit's message: what crashes there is no crash of this log.
    pub(crate) quoted: Range<usize>,
}

/// A log that is kept while it is read.
pub(crate) struct Keeping<R> {
    input: R,
    kept: Kept,
    wanted: bool,
}

impl<R: Read> Keeping<R> {
    pub(crate) fn new(input: R) -> (Keeping<R>, Kept) {
        let kept = Kept(Arc::new(Mutex::new(Some(Vec::new()))));
        (Keeping { input, kept: kept.clone(), wanted: true }, kept)
    }
}

impl<R: Read> Read for Keeping<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.input.read(buffer)?;
        if self.wanted {
            self.wanted = self.kept.add(buffer.get(..bytes).unwrap_or_default());
        }
        Ok(bytes)
    }
}
