//! Files as they are read: unpacked if they are packed.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

/// Opens a log, or standard input for `-`.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path.as_os_str() == "-" {
        return unpacked(io::stdin().lock());
    }
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    unpacked(file)
}

/// What is packed by gzip, xz or zstd as it was before; anything else as it is.
pub(crate) fn unpacked<'r>(mut input: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    let mut head = Vec::new();
    input.by_ref().take(6).read_to_end(&mut head)?;
    let gzip = head.starts_with(b"\x1f\x8b");
    let xz = head.starts_with(b"\xfd7zXZ\0");
    let zstd = head.starts_with(b"\x28\xb5\x2f\xfd");
    let whole = Cursor::new(head).chain(input);
    Ok(match () {
        _ if gzip => Box::new(flate2::read::MultiGzDecoder::new(whole)),
        _ if xz => Box::new(liblzma::read::XzDecoder::new_multi_decoder(whole)),
        _ if zstd => Box::new(zstd::Decoder::new(whole)?),
        _ => Box::new(whole),
    })
}

/// Input that ends where reading fails, and keeps the error: what was read before is not lost.
pub(crate) struct Checked<'r> {
    pub(crate) input: Box<dyn Read + 'r>,
    pub(crate) error: Option<io::Error>,
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.input.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                self.error = Some(error);
                Ok(0)
            }
            read => read,
        }
    }
}
