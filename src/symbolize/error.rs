//! What can go wrong with debug files and with the frames that are looked up in them.

use std::fmt::{self, Display, Formatter};

/// Why a file could not be used, or a frame not be found.
///
/// The message names the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
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
    /// The file has no `.debug_info`.
    NoDwarf,
    /// The DWARF contradicts itself.
    BadDwarf,
    /// The file is of another CPU than the log.
    WrongArchitecture,
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
    /// Several symbols have the name and the size; the message lists them.
    Ambiguous,
}

impl Error {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into() }
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
