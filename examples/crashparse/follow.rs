//! Logs that go on being written: `--follow`.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::args::Format;
use crate::input::is_stdin;
use crate::kmsg::Kmsg;
use crate::output::Printer;
use crate::unpack::{Packed, aside, first};
use crate::{Outcome, Reading, say};

/// Most logs that are followed: each has a thread.
const LOGS: usize = 256;

/// How often a file is looked at.
const POLL: Duration = Duration::from_millis(200);
/// After that time without a line a report is printed as far as it has come: a machine that has panicked says no more.
const PAUSE: Duration = Duration::from_secs(3);

/// Follows logs, each in a thread and through rotation, until none is left: standard input ends, and so does what cannot be
/// read. An error is one of standard output.
pub(crate) fn follow_all(reading: Reading, paths: Vec<PathBuf>) -> io::Result<Outcome> {
    let format = reading.renderer.format;
    if matches!(format, Format::Json | Format::Kcidb)
        || (matches!(format, Format::Junit | Format::Csv) && paths.len() > 1)
    {
        say(&"--follow prints text, titles, markdown or jsonl");
        return Ok(Outcome { failed: true, found: false });
    }
    if paths.len() > LOGS {
        say(&format_args!("--follow reads {LOGS} logs at most, and not {}", paths.len()));
        return Ok(Outcome { failed: true, found: false });
    }
    let reading = Arc::new(reading);
    let (sender, ended) = sync_channel(1);
    for path in paths {
        let (reading, sender) = (Arc::clone(&reading), sender.clone());
        aside(move || {
            let _ = sender.send(follow_one(&reading, path));
        })?;
    }
    drop(sender);
    let mut all = Outcome { failed: false, found: false };
    // Where nobody reads our output the program ends, whatever the other threads wait for.
    for outcome in ended {
        let Outcome { failed, found } = outcome?;
        all = Outcome { failed: all.failed || failed, found: all.found || found };
    }
    all.failed |= reading.renderer.symbols_failed();
    Ok(all)
}

fn follow_one(reading: &Reading, path: PathBuf) -> io::Result<Outcome> {
    let several = Arc::clone(&reading.opener.several);
    let mut printer = Printer::new(Whole::default(), reading.printing, several)?;
    let again = !is_stdin(&path);
    let failed = reading.read(&[path], again, &mut printer)?;
    let found = printer.found;
    printer.finish()?;
    Ok(Outcome { failed, found })
}

/// Standard output, to which each report goes whole: several threads write there.
#[derive(Default)]
struct Whole(Vec<u8>);

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(&self.0)?;
        self.0.clear();
        out.flush()
    }
}

/// The log at a path, as `tail -F` reads it. It ends where another file is put in its place, or where it has been cut:
/// then it must be followed anew. After a pause it says that it would block.
pub(crate) fn follow(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let own: PathBuf = path.into();
    let lost = move || crate::say_lost(&own);
    if is_stdin(path) {
        return Ok(Box::new(Stream::new(Kmsg::new(io::stdin(), lost))?));
    }
    let mut file = File::open(path)?;
    match file.metadata()? {
        metadata if metadata.is_file() && is_packed(&mut file)? => {
            Err(io::Error::other("packed, which cannot be followed"))
        }
        metadata if metadata.is_file() => {
            Ok(Box::new(Growing { path: path.into(), file, at: 0, pause: Pause::Since(Instant::now()) }))
        }
        metadata if metadata.is_dir() => Err(ErrorKind::IsADirectory.into()),
        _ => Ok(Box::new(Stream::new(Kmsg::new(file, lost))?)),
    }
}

/// Whether a file is no text; it is left at its start.
fn is_packed(file: &mut File) -> io::Result<bool> {
    let head = first(&mut *file)?;
    file.rewind()?;
    Ok(Packed::of(&head).is_some() || Packed::unknown(&head).is_some())
}

/// Whether nothing has come for long.
enum Pause {
    Since(Instant),
    /// It was told.
    Told,
}

impl Pause {
    /// Whether it has just become long enough.
    fn is_over(&mut self) -> bool {
        let over = matches!(self, Pause::Since(since) if since.elapsed() >= PAUSE);
        if over {
            *self = Pause::Told;
        }
        over
    }
}

struct Growing {
    path: PathBuf,
    file: File,
    /// How much of the file has been read.
    at: u64,
    pause: Pause,
}

impl Growing {
    /// Whether the log starts again: another file has been put in this one's place, or this one has been cut.
    fn starts_again(&self) -> io::Result<bool> {
        let own = self.file.metadata()?;
        // While a file is put in the other's place there may be none for a moment.
        let other = self.path.metadata().is_ok_and(|there| !is_same(&there, &own));
        Ok(other || own.len() < self.at)
    }
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let bytes = self.file.read(buffer)?;
            if bytes > 0 {
                self.at += bytes as u64;
                self.pause = Pause::Since(Instant::now());
                return Ok(bytes);
            }
            if self.starts_again()? {
                return Ok(0);
            }
            if self.pause.is_over() {
                return Err(ErrorKind::WouldBlock.into());
            }
            thread::sleep(POLL);
        }
    }
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    a.created().ok() == b.created().ok()
}

/// A pipe or a terminal.
struct Stream {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: io::Cursor<Vec<u8>>,
    told: bool,
}

impl Stream {
    fn new(mut input: impl Read + Send + 'static) -> io::Result<Stream> {
        let (sender, pieces) = sync_channel(4);
        aside(move || {
            let mut buffer = vec![0; 64 << 10];
            loop {
                let piece = match input.read(&mut buffer) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    read => read.map(|bytes| buffer.get(..bytes).unwrap_or_default().to_vec()),
                };
                let last = !matches!(&piece, Ok(piece) if !piece.is_empty());
                if sender.send(piece).is_err() || last {
                    break;
                }
            }
        })?;
        Ok(Stream { pieces, piece: io::Cursor::default(), told: false })
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let bytes = self.piece.read(buffer)?;
            if bytes > 0 {
                return Ok(bytes);
            }
            match self.pieces.recv_timeout(PAUSE) {
                Ok(piece) => {
                    self.piece = io::Cursor::new(piece?);
                    self.told = false;
                    if self.piece.get_ref().is_empty() {
                        return Ok(0);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if self.told => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.told = true;
                    return Err(ErrorKind::WouldBlock.into());
                }
            }
        }
    }
}
