//! Archives: each file in one is a log of its own, and is named `archive!member`.
//!
//! A thread walks the archive and hands on a member's bytes as they are wanted, so that no more than some pieces of it are
//! in memory, whatever it unpacks to. A member that cannot be read is said so of, and the others are read all the same.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;
use std::sync::mpsc::{SyncSender, sync_channel};

use crate::unpack::{Joined, aside, first, hand_on, is_zip, piecemeal, unpacked};

/// Most bytes between two members of a tar archive: its headers, with names and attributes, which are kept in memory.
const HEADER_BYTES: u64 = 1 << 20;
/// Largest list of members of a zip archive, which is kept in memory.
const DIRECTORY_BYTES: u32 = 32 << 20;

/// How files are put together in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Archive {
    /// A tar archive, packed or not.
    Tar,
    Zip,
}

/// A file in an archive: its name, and what it holds.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) input: Joined,
}

/// The members, one after the other: each waits until the one before has been read.
pub(crate) type MemberIter = Box<dyn Iterator<Item = io::Result<Member>> + Send>;

impl Archive {
    /// What archive a file is, if it is one; it is left at its start.
    pub(crate) fn of(file: &mut File) -> io::Result<Option<Archive>> {
        let head = first(file)?;
        file.rewind()?;
        if is_zip(&head) {
            return Ok(Some(Archive::Zip));
        }
        // What is broken is said when it is read.
        let head = unpacked(Box::new(&mut *file)).map_or(Vec::new(), |inner| inner.head);
        file.rewind()?;
        Ok(is_tar(&head).then_some(Archive::Tar))
    }

    pub(crate) fn members(self, file: File) -> MemberIter {
        match self {
            Archive::Tar => walked(move |to| tar(unpacked(Box::new(BufReader::new(file)))?.input, to)),
            Archive::Zip => zip_members(file),
        }
    }
}

/// The members of a tar archive that cannot be read twice.
pub(crate) fn tar_members(input: impl Read + Send + 'static) -> MemberIter {
    walked(move |to| tar(input, to))
}

pub(crate) fn zip_members(file: File) -> MemberIter {
    walked(move |to| zip(file, to))
}

/// What a walk through an archive, in a thread of its own, hands on.
fn walked(walk: impl FnOnce(&Members) -> io::Result<()> + Send + 'static) -> MemberIter {
    let (sender, receiver) = sync_channel(0);
    let walking = aside(move || {
        if let Err(error) = walk(&sender) {
            let _ = sender.send(Err(error));
        }
    });
    Box::new(walking.err().map(Err).into_iter().chain(receiver))
}

/// Whether a block is the header of a member: POSIX' and GNU's have it alike.
pub(crate) fn is_tar(block: &[u8]) -> bool {
    block.get(257..262) == Some(b"ustar")
}

type Members = SyncSender<io::Result<Member>>;

/// Hands on a member; `false` where nobody wants more.
fn give(name: &str, input: io::Result<&mut dyn Read>, to: &Members) -> bool {
    let (pieces, joined) = piecemeal();
    let wanted = to.send(Ok(Member { name: name.to_string(), input: joined })).is_ok();
    if wanted {
        hand_on(input, &pieces);
    }
    wanted
}

fn tar(input: impl Read, to: &Members) -> io::Result<()> {
    let left = Rc::new(Cell::new(HEADER_BYTES));
    let mut archive = tar::Archive::new(Bounded { input, left: Rc::clone(&left) });
    let mut entries = archive.entries()?;
    loop {
        left.set(HEADER_BYTES);
        let Some(entry) = entries.next() else { return Ok(()) };
        let mut entry = entry?;
        left.set(u64::MAX);
        let kind = entry.header().entry_type();
        if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() {
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            if !give(&name, Ok(&mut entry), to) {
                return Ok(());
            }
        }
        io::copy(&mut entry, &mut io::sink())?;
    }
}

/// Input of which no more may be read than is left.
struct Bounded<R> {
    input: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left.get()).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.input.read(buffer.get_mut(..most).unwrap_or_default())?;
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::other("a tar archive whose headers are too large"));
        }
        self.left.set(self.left.get().saturating_sub(read as u64));
        Ok(read)
    }
}

fn zip(mut file: File, to: &Members) -> io::Result<()> {
    if directory_bytes(&mut file)?.is_none_or(|bytes| bytes > DIRECTORY_BYTES) {
        return Err(io::Error::other("a zip archive whose list of files is cut, or too large"));
    }
    let mut archive = zip::ZipArchive::new(BufReader::new(file))?;
    for at in 0..archive.len() {
        let name = archive.name_for_index(at).unwrap_or_default().to_string();
        if name.ends_with('/') {
            continue;
        }
        let wanted = match archive.by_index(at) {
            Ok(mut member) => give(&name, Ok(&mut member), to),
            Err(error) => give(&name, Err(error.into()), to),
        };
        if !wanted {
            break;
        }
    }
    Ok(())
}

/// The size of a zip archive's list of members, by the record at its end; `None` if there is none.
fn directory_bytes(file: &mut File) -> io::Result<Option<u32>> {
    const RECORD_BYTES: u64 = 22;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(RECORD_BYTES + u64::from(u16::MAX))))?;
    let mut tail = Vec::new();
    file.take(RECORD_BYTES + u64::from(u16::MAX)).read_to_end(&mut tail)?;
    file.rewind()?;
    let found = tail.windows(4).rposition(|window| window == b"PK\x05\x06");
    let bytes = found.and_then(|at| tail.get(at + 12..at + 16)?.try_into().ok());
    Ok(bytes.map(u32::from_le_bytes))
}
