//! What can go wrong with debug files and with the frames that are looked up in them.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

/// Why a file could not be used, or a frame not be found.
///
/// The message names the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    candidates: Vec<Candidate>,
}

/// One of several symbols that a frame may be in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// The symbol, as the file has it.
    pub symbol: Arc<str>,
    /// Where it begins: as vmlinux was linked, in a module from the start of its section.
    pub address: u64,
    /// The module's section: `.text`.
    pub section: Option<Arc<str>>,
    /// The file that the frame is in if it is this symbol's.
    pub file: Option<Arc<str>>,
    /// The line in it, from 1.
    pub line: Option<u32>,
}

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file is no ELF file, or one whose headers cannot be read.
    NotElf,
    /// The file ends before what its headers promise.
    Truncated,
    /// The file has no symbols: it was stripped.
    NoSymbols,
    /// The DWARF contradicts itself, or cannot be unpacked.
    BadDwarf,
    /// The file is of another CPU than the log.
    WrongArchitecture,
    /// The file's kernel has another release than the log's: `6.1.0-55-amd64`.
    WrongRelease,
    /// The file's build ID is not the one in the log.
    WrongBuildId,
    /// No vmlinux was given.
    NoVmlinux,
    /// No file was given for a module.
    NoModule,
    /// The file has no symbol of this name, or no place for this address.
    NotFound,
    /// The file's symbol is not as large as the log says: the file is of another build.
    WrongSize,
    /// Several symbols have the name and the size: [`Error::candidates`].
    Ambiguous,
}

impl Error {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), candidates: Vec::new() }
    }

    pub(super) fn ambiguous(message: String, candidates: Vec<Candidate>) -> Error {
        Error { kind: ErrorKind::Ambiguous, message, candidates }
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The symbols that the frame may be in, of [`ErrorKind::Ambiguous`]; else none.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
