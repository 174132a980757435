//! Packed logs: unpacked beside the scan, and by several threads where the file has parts that stand alone.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crashparse::ReadAt;
use flate2::bufread::GzDecoder;
use indicatif::ProgressBar;
use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

use crate::progress::Watched;

/// Bytes that are handed on at a time.
const PIECE_BYTES: usize = 256 << 10;
/// Pieces of each thread that wait to be read.
const PIECES_AHEAD: usize = 4;
/// Packed bytes of gzip that are read at a time.
const GZIP_BYTES: usize = 32 << 10;
/// What tells a tar archive stands in its first block.
const BLOCK_BYTES: usize = 512;
/// By so many bytes everything is known that is not tar.
const LEAST_BYTES: usize = 6;
/// As many threads may unpack a file as there are cores, and so many however few those are.
const LEAST_UNPACKERS: usize = 8;
/// Packings one in the other that are unpacked: more has only what was made to.
const LAYERS: usize = 4;
/// Most memory that xz may ask for: `xz -9` takes 65 MiB.
const XZ_BYTES: u64 = 256 << 20;
/// A thread unpacks at least that many packed bytes before the next one's turn.
const PART_BYTES: u64 = 256 << 10;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packed {
    Gzip,
    Xz,
    Zstd,
}

impl Packed {
    /// How a file is packed that begins with these bytes.
    pub(crate) fn of(head: &[u8]) -> Option<Packed> {
        match head {
            [0x1f, 0x8b, ..] => Some(Packed::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Packed::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Packed::Zstd),
            // A frame to be skipped, with which pzstd begins.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Packed::Zstd),
            _ => None,
        }
    }

    /// Why a file that begins with these bytes is no log that can be read, where that is known.
    pub(crate) fn unknown(head: &[u8]) -> Option<&'static str> {
        match head {
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some("packed by bzip2, which is not read"),
            [b'P', b'K', 3, 4, ..] => Some("a zip archive, which is not read"),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some("packed by lz4, which is not read"),
            // The properties that are always taken, and the size of a dictionary.
            [0x5d, 0, 0, ..] => Some("packed by lzma, which is not read"),
            [b'7', b'z', 0xbc, 0xaf, ..] => Some("a 7z archive, which is not read"),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                Some("a text in UTF-16, which is not read; `iconv -f UTF-16 -t UTF-8` makes UTF-8 of it")
            }
            _ => None,
        }
    }

    /// What was packed; several files in one are one file.
    pub(crate) fn decoder<R: Read>(self, input: R) -> io::Result<Decoder<R>> {
        Ok(match self {
            Packed::Gzip => Decoder::Gzip(Gzip::new(input)),
            Packed::Xz => {
                Decoder::Xz(XzDecoder::new_stream(input, Stream::new_stream_decoder(XZ_BYTES, CONCATENATED)?))
            }
            Packed::Zstd => Decoder::Zstd(zstd::Decoder::new(input)?),
        })
    }
}

/// Why what begins with these bytes is no log, and what to do with it: kernels, modules and dumps hold the words of all
/// banners.
pub(crate) fn no_log(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x7f, b'E', b'L', b'F', ..] => Some(
            "an ELF file and no log; a kernel is given by -k, modules by -m, and the log of a memory dump is what \
             vmcore-dmesg prints",
        ),
        [b'K', b'D', b'U', b'M', b'P', b' ', ..] => {
            Some("a dump of makedumpfile and no log; `makedumpfile --dump-dmesg` writes its log")
        }
        _ => None,
    }
}

/// What was packed, if it may be a log.
fn log(inner: Unpacked<'static>) -> io::Result<Bytes<'static>> {
    no_log(&inner.head).map_or(Ok(inner.input), |why| Err(io::Error::other(why)))
}

/// The first bytes of a log or of what it is in, which tell what it is. Of a stream that does not end no more are waited
/// for than needed: before that place no archive has the end of a line.
pub(crate) fn first(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while head.len() < BLOCK_BYTES && (head.len() < LEAST_BYTES || is_binary(&head)) {
        let mut piece = [0; BLOCK_BYTES];
        let piece = piece.get_mut(head.len()..).unwrap_or_default();
        match input.read(piece) {
            Ok(0) => break,
            Ok(read) => head.extend_from_slice(piece.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(head)
}

/// Whether what begins so may be something else than the lines of a log.
fn is_binary(head: &[u8]) -> bool {
    Packed::of(head).is_some() || is_zip(head) || !head.contains(&b'\n')
}

/// Whether a file begins with a member of a zip archive, or is an empty one.
pub(crate) fn is_zip(head: &[u8]) -> bool {
    matches!(head.get(..4), Some(b"PK\x03\x04" | b"PK\x05\x06"))
}

/// Bytes that come from somewhere.
pub(crate) type Bytes<'r> = Box<dyn Read + Send + 'r>;

/// What was packed as it was before, or what never was.
pub(crate) struct Unpacked<'r> {
    /// What it begins with.
    pub(crate) head: Vec<u8>,
    /// Whether it was packed.
    pub(crate) packed: bool,
    pub(crate) input: Bytes<'r>,
}

/// Unpacks what is packed, however often it is.
///
/// # Errors
///
/// If it is packed by something that is not read, or too often.
pub(crate) fn unpacked(input: Bytes<'_>) -> io::Result<Unpacked<'_>> {
    peeled(input, 0)
}

/// The same of what so many packings have been taken off already.
fn peeled(mut input: Bytes<'_>, off: usize) -> io::Result<Unpacked<'_>> {
    for layer in off..=LAYERS {
        let head = first(&mut input)?;
        if let Some(why) = Packed::unknown(&head) {
            return Err(io::Error::other(why));
        }
        let packed = Packed::of(&head);
        let whole = Cursor::new(head.clone()).chain(input);
        input = match packed {
            Some(packed) => Box::new(packed.decoder(whole)?),
            None => return Ok(Unpacked { head, packed: layer > 0, input: Box::new(whole) }),
        };
    }
    Err(io::Error::other(format!("packed more than {LAYERS} times over, which is not read")))
}

/// A packed file, unpacked while it is read.
pub(crate) enum Decoder<R: Read> {
    Gzip(Gzip<R>),
    Xz(XzDecoder<R>),
    Zstd(zstd::Decoder<'static, BufReader<R>>),
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Decoder::Gzip(decoder) => decoder.read(buffer),
            Decoder::Xz(decoder) => decoder.read(buffer),
            Decoder::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

/// What gzip has packed: members one behind the other, and NULs behind the last, with which tapes and disks fill up their
/// blocks.
pub(crate) struct Gzip<R: Read> {
    member: Option<GzDecoder<BufReader<R>>>,
    /// The input between two members.
    rest: Option<BufReader<R>>,
}

impl<R: Read> Gzip<R> {
    fn new(input: R) -> Gzip<R> {
        Gzip { member: None, rest: Some(BufReader::with_capacity(GZIP_BYTES, input)) }
    }
}

impl<R: Read> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(member) = &mut self.member {
                let read = member.read(buffer)?;
                if read > 0 {
                    return Ok(read);
                }
                self.rest = self.member.take().map(GzDecoder::into_inner);
            }
            let Some(rest) = &mut self.rest else { return Ok(0) };
            let more = skip_nulls(rest)?;
            self.member = self.rest.take().filter(|_| more).map(GzDecoder::new);
        }
    }
}

/// Skips NULs; whether anything comes behind them.
fn skip_nulls(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let buffered = input.fill_buf()?;
        let (nulls, length) = (buffered.iter().take_while(|byte| **byte == 0).count(), buffered.len());
        input.consume(nulls);
        if nulls < length || length == 0 {
            return Ok(length > 0);
        }
    }
}

/// Unpacks a file in so many threads, if it has as many parts, while the caller does something else.
pub(crate) fn unpack(
    file: File,
    packed: Packed,
    threads: NonZeroUsize,
    bar: &ProgressBar,
) -> io::Result<Bytes<'static>> {
    let size = file.metadata()?.len();
    let file = Arc::new(Watched::new(file, bar));
    let section = |range: Range<u64>| Section { file: Arc::clone(&file), at: range.start, end: range.end };
    if threads == NonZeroUsize::MIN {
        return log(peeled(Box::new(packed.decoder(section(0..size))?), 1)?);
    }
    let parts = parts(&*file, size, packed);
    // Each has a window of its own; more than there are cores are of no use.
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = threads.get().min(cores.max(LEAST_UNPACKERS)).min(parts.len());
    let mut pieces = Vec::new();
    for thread in 0..threads {
        let (sender, receiver) = sync_channel(PIECES_AHEAD);
        pieces.push(receiver);
        let own: Vec<Section> = parts.iter().skip(thread).step_by(threads).cloned().map(section).collect();
        aside(move || {
            own.into_iter().all(|section| hand_on(packed.decoder(section), &sender));
        })?;
    }
    log(peeled(Box::new(Joined { pieces: pieces.into(), piece: Vec::new(), at: 0 }), 1)?)
}

/// Unpacks a stream in a thread of its own.
pub(crate) fn beside(input: impl Read + Send + 'static) -> io::Result<Joined> {
    let (sender, joined) = piecemeal();
    aside(move || {
        hand_on(Ok(input), &sender);
    })?;
    Ok(joined)
}

/// Does something in a thread of its own; an error is that there may be no more of them.
pub(crate) fn aside(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().spawn(work).map(drop)
}

/// A way for the pieces of one part from one thread to another.
pub(crate) fn piecemeal() -> (SyncSender<Piece>, Joined) {
    let (sender, receiver) = sync_channel(PIECES_AHEAD);
    (sender, Joined { pieces: [receiver].into(), piece: Vec::new(), at: 0 })
}

/// A piece of a part; `None` at its end.
pub(crate) type Piece = io::Result<Option<Vec<u8>>>;

/// Hands on the pieces of a part; whether anybody still wants more.
pub(crate) fn hand_on(input: io::Result<impl Read>, to: &SyncSender<Piece>) -> bool {
    let mut input = match input {
        Ok(input) => input,
        Err(error) => return to.send(Err(error)).is_ok(),
    };
    loop {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let read = input.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece);
        let ended = piece.is_empty();
        if !ended && to.send(Ok(Some(piece))).is_err() {
            return false;
        }
        match read {
            Ok(_) if ended => return to.send(Ok(None)).is_ok(),
            Ok(_) => {}
            Err(error) => return to.send(Err(error)).is_ok(),
        }
    }
}

/// The pieces of several threads, of which each unpacks every so many-th part.
pub(crate) struct Joined {
    /// The thread of the current part comes first.
    pieces: VecDeque<Receiver<Piece>>,
    piece: Vec<u8>,
    /// How much of the piece has been read.
    at: usize,
}

impl Read for Joined {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let rest = self.piece.get(self.at..).unwrap_or_default();
            if let Some((from, to)) = rest
                .get(..buffer.len().min(rest.len()))
                .zip(buffer.get_mut(..rest.len().min(buffer.len())))
                .filter(|(from, _)| !from.is_empty())
            {
                to.copy_from_slice(from);
                self.at += to.len();
                return Ok(to.len());
            }
            // A thread that has no more parts is gone, and so are those after it.
            let Some(Ok(piece)) = self.pieces.front().map(Receiver::recv) else { return Ok(0) };
            match piece? {
                Some(piece) => (self.piece, self.at) = (piece, 0),
                None => self.pieces.rotate_left(1),
            }
        }
    }
}

/// A part of a file.
struct Section {
    file: Arc<Watched<File>>,
    at: u64,
    end: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
        let bytes = self.file.read_at(buffer.get_mut(..length).unwrap_or_default(), self.at)?;
        self.at += bytes as u64;
        Ok(bytes)
    }
}

/// The parts of a file that can be unpacked each alone: frames of zstd, and members of gzip that say how long they are.
fn parts(file: &dyn ReadAt, size: u64, packed: Packed) -> Vec<Range<u64>> {
    let next = match packed {
        Packed::Gzip => bgzf_member,
        Packed::Xz => |_: &dyn ReadAt, _| None,
        Packed::Zstd => zstd_frame,
    };
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    // What cannot be told apart is one part, to the end.
    while let Some(length) = next(file, at).filter(|length| at + length < size) {
        at += length;
        if at - start >= PART_BYTES {
            parts.push(start..at);
            start = at;
        }
    }
    parts.push(start..size);
    parts
}

/// The bytes of a file at an offset, if they are there.
fn bytes<const N: usize>(file: &dyn ReadAt, at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    (file.read_at(&mut bytes, at).ok()? == N).then_some(bytes)
}

/// Length of the member of a blocked gzip file (bgzip): its extra field `BC` has it, less one.
fn bgzf_member(file: &dyn ReadAt, at: u64) -> Option<u64> {
    match bytes(file, at)? {
        [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, 6, 0, b'B', b'C', 2, 0, low, high] if flags & 4 != 0 => {
            Some(u64::from(u16::from_le_bytes([low, high])) + 1)
        }
        _ => None,
    }
}

/// Length of a frame of zstd (RFC 8878), by the lengths of its blocks.
fn zstd_frame(file: &dyn ReadAt, start: u64) -> Option<u64> {
    let [magic @ .., flags] = bytes::<5>(file, start)?;
    if let [0x50..=0x5f, 0x2a, 0x4d, 0x18] = magic {
        return Some(8 + u64::from(u32::from_le_bytes(bytes(file, start + 4)?)));
    }
    if magic != [0x28, 0xb5, 0x2f, 0xfd] {
        return None;
    }
    let single = flags >> 5 & 1;
    let window = u64::from(1 - single);
    let dictionary = [0, 1, 2, 4].get(usize::from(flags & 3))?;
    let content = [u64::from(single), 2, 4, 8];
    let mut at = start + 5 + window + dictionary + content.get(usize::from(flags >> 6))?;
    loop {
        let [a, b, c] = bytes(file, at)?;
        let block = u32::from_le_bytes([a, b, c, 0]);
        // A block of one byte, repeated, is one byte long.
        at += 3 + if block >> 1 & 3 == 1 { 1 } else { u64::from(block >> 3) };
        if block & 1 != 0 {
            let checksum = u64::from(flags >> 2 & 1) * 4;
            return Some(at + checksum - start);
        }
    }
}
