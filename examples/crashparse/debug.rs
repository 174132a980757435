//! Debug files as they are opened: mapped, or unpacked if they are packed.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

use crashparse::symbolize::DebugFile;
use memmap2::Mmap;

use crate::unpack::unpacked;

/// What a packed file with debug information may unpack to, however small it is; above, so many times its own size, for
/// what claims more is a bomb; and never more.
const LEAST_BYTES: u64 = 64 << 20;
const MAX_RATIO: u64 = 64;
const MOST_BYTES: u64 = 4 << 30;
/// What a packed map of symbols may unpack to: those of whole distributions have some 10 MiB.
const MAP_BYTES: u64 = 32 << 20;

/// The bytes of a file, for as long as they are wanted.
pub(crate) enum Contents {
    Mapped(Mmap),
    Unpacked(Vec<u8>),
}

impl Deref for Contents {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Contents::Mapped(map) => map,
            Contents::Unpacked(bytes) => bytes,
        }
    }
}

impl Contents {
    /// The bytes until the end of the program.
    pub(crate) fn kept(self) -> &'static [u8] {
        match self {
            Contents::Mapped(map) => Box::leak(Box::new(map)),
            Contents::Unpacked(bytes) => bytes.leak(),
        }
    }
}

/// The bytes of a debug file, unpacked if it is packed.
pub(crate) fn contents(path: &Path) -> io::Result<Contents> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a file"));
    }
    if metadata.len() == 0 {
        return Ok(Contents::Unpacked(Vec::new()));
    }
    let map = map(&file)?;
    let inner = unpacked(Box::new(&*map))?;
    if !inner.packed {
        drop(inner);
        return Ok(Contents::Mapped(map));
    }
    let most = if inner.head.starts_with(b"\x7fELF") {
        metadata.len().saturating_mul(MAX_RATIO).clamp(LEAST_BYTES, MOST_BYTES)
    } else {
        MAP_BYTES
    };
    let mut bytes = Vec::new();
    inner.input.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let most = most >> 20;
        return Err(io::Error::other(format!("unpacks to more than {most} MiB, which no such file does")));
    }
    Ok(Contents::Unpacked(bytes))
}

/// The bytes of a file, read as they are needed: of a vmlinux that is little.
#[expect(unsafe_code, reason = "no safe way to map a file")]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: The bytes must not change while they are borrowed. Nobody writes to a debug file in place; if
    // somebody cuts it short, the process dies of SIGBUS as every debugger does.
    let map = unsafe { Mmap::map(file)? };
    #[cfg(unix)]
    map.advise(memmap2::Advice::Random)?;
    Ok(map)
}

/// A debug file, which is kept until the end if it fits; what is none, or does not fit, is closed.
pub(crate) fn debug_file(
    path: &Path,
    fits: impl FnOnce(&DebugFile<'_>) -> Result<(), String>,
) -> Result<DebugFile<'static>, String> {
    let bytes = contents(path).map_err(|error| format!("{}: {error}", show(path)))?;
    fits(&DebugFile::parse(show(path), &bytes).map_err(|error| error.to_string())?)?;
    DebugFile::parse(show(path), bytes.kept()).map_err(|error| error.to_string())
}

pub(crate) fn show(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
