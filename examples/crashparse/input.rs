//! Logs and other files as they are opened: unpacked if they are packed.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crashparse::symbolize::Filter;
use crashparse::{Decoder, LineMap, Source, decode, is_bisection};
use indicatif::ProgressBar;
use memmap2::Mmap;

use crate::archive::{self, Archive, Member, MemberIter};
use crate::bisection::{self, Keeping, Kept};
use crate::follow::follow;
use crate::kmsg::Kmsg;
use crate::progress::Watched;
use crate::unpack::{Bytes, Packed, Unpacked, beside, first, is_zip, no_log, unpack, unpacked};

/// From so many bytes [`decode`] knows whether a log is in a container.
const HEAD_BYTES: u64 = 64 << 10;

/// No record of /dev/kmsg is longer.
const RECORD_BYTES: usize = 16 << 10;

/// How logs are opened.
pub(crate) struct Opener {
    pub(crate) threads: NonZeroUsize,
    /// Logs are read on as they grow.
    pub(crate) follow: bool,
    /// Files are mapped, not read.
    pub(crate) mmap: bool,
    /// Where it is shown how far they have been read.
    pub(crate) bar: ProgressBar,
    /// Whether there are several logs. Of an archive it is known only when it is opened.
    pub(crate) several: Arc<AtomicBool>,
    /// Whether the beginning of a log has frames.
    pub(crate) frames: AtomicBool,
}

/// A log that was opened.
pub(crate) struct Input {
    pub(crate) source: Source<'static>,
    /// Whether somebody may be writing it just now.
    pub(crate) live: bool,
    /// Which lines of the file those of a container's text are from.
    pub(crate) lines: Option<Arc<Mutex<LineMap>>>,
    /// Its text, if it may be one of a bisection.
    pub(crate) kept: Option<Kept>,
}

impl Input {
    fn file(source: Source<'static>) -> Input {
        Input { source, live: false, lines: None, kept: None }
    }

    /// A bisection's log, in memory.
    fn bisection(text: Vec<u8>) -> Input {
        let kept = Some(Kept::whole(&text));
        Input { kept, ..Input::file(Source::bytes(text)) }
    }

    /// A file in an archive: unpacked if it is packed.
    fn member(member: Member) -> io::Result<Input> {
        let Unpacked { head, packed, input } = unpacked(Box::new(member.input))?;
        if let Some(why) = no_log(&head) {
            return Err(io::Error::other(why));
        }
        if archive::is_tar(&head) {
            return Err(io::Error::other("an archive in an archive, which is not read"));
        }
        Ok(if packed { Input::stream(beside(input)?, false) } else { Input::stream(input, false) })
    }

    /// What a stream holds, once it is taken out of its container if it is in one.
    fn stream(input: impl Read + Send + 'static, live: bool) -> Input {
        let mut decoder = Decoder::new(input);
        let lines = Some(decoder.line_map());
        let (input, kept) = Keeping::new(decoder);
        Input { source: Source::stream(input), live, lines, kept: Some(kept) }
    }
}

/// The logs of a file: their names, and what they hold.
pub(crate) type Logs = Box<dyn Iterator<Item = (String, io::Result<Input>)> + Send>;

/// What a file is.
enum Opened {
    Log(Input),
    Archive(MemberIter),
}

impl Opener {
    /// Opens the logs of a file, or of standard input for `-`: those in it if it is an archive, else itself.
    pub(crate) fn open_all(&self, path: &Path) -> Logs {
        let name = crate::name(path);
        let members = match self.open(path) {
            Ok(Opened::Archive(members)) => members,
            Ok(Opened::Log(input)) => return Box::new(std::iter::once((name, Ok(input)))),
            Err(error) => return Box::new(std::iter::once((name, Err(error)))),
        };
        self.several.store(true, Ordering::Relaxed);
        Box::new(members.map(move |member| match member {
            Ok(member) => (format!("{name}!{}", member.name), Input::member(member)),
            Err(error) => (name.clone(), Err(error)),
        }))
    }

    /// Notes whether there are frames.
    fn look(&self, head: &[u8]) {
        if !self.frames.load(Ordering::Relaxed) && !Filter::frames(head).is_empty() {
            self.frames.store(true, Ordering::Relaxed);
        }
    }

    fn open(&self, path: &Path) -> io::Result<Opened> {
        if self.follow {
            return Ok(Opened::Log(Input { kept: None, ..Input::stream(follow(path)?, true) }));
        }
        let file = if is_stdin(path) { stdin_file() } else { Some(File::open(path)?) };
        let Some(mut file) = file else {
            return self.stream(path, io::stdin());
        };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        // A file of the kernel's has no size.
        if !metadata.is_file() || metadata.len() == 0 {
            return self.stream(path, file);
        }
        match Archive::of(&mut file)? {
            Some(archive) => Ok(Opened::Archive(archive.members(file))),
            None => self.file(file, metadata.len()).map(Opened::Log),
        }
    }

    /// A log in a file of some size.
    fn file(&self, file: File, size: u64) -> io::Result<Input> {
        let mut head = Vec::new();
        (&file).take(HEAD_BYTES).read_to_end(&mut head)?;
        if let Some(why) = Packed::unknown(&head).or_else(|| no_log(&head)) {
            return Err(io::Error::other(why));
        }
        self.look(&head);
        if is_bisection(&head) && size <= bisection::MOST_BYTES {
            (&file).take(size - head.len() as u64).read_to_end(&mut head)?;
            return Ok(Input::bisection(head));
        }
        let source = match Packed::of(&head) {
            Some(packed) => {
                return Ok(Input::stream(unpack(file, packed, self.threads, &self.bar)?, false));
            }
            None if matches!(decode(&head), Cow::Owned(_)) => {
                (&file).rewind()?;
                return Ok(Input::stream(Watched::new(file, &self.bar), false));
            }
            // SAFETY: who asks for `--mmap` has read that the file must not be changed or shortened meanwhile.
            #[allow(unsafe_code, reason = "there is no other way to map a file")]
            None if self.mmap => Source::bytes(unsafe { Mmap::map(&file) }?),
            None => Source::file(Watched::new(file, &self.bar), size),
        };
        Ok(Input::file(source))
    }

    /// What cannot be read twice.
    fn stream(&self, path: &Path, input: impl Read + Send + 'static) -> io::Result<Opened> {
        let (own, bar) = (path.to_path_buf(), self.bar.clone());
        let input = Kmsg::new(input, move || bar.suspend(|| crate::say_lost(&own)));
        // What has no room for a whole record of /dev/kmsg gets none.
        let mut input = BufReader::with_capacity(RECORD_BYTES, Watched::new(input, &self.bar));
        let head = first(&mut input)?;
        if is_zip(&head) {
            let mut file = tempfile::tempfile()?;
            io::copy(&mut Cursor::new(head).chain(input), &mut file)?;
            file.rewind()?;
            return Ok(Opened::Archive(archive::zip_members(file)));
        }
        let Unpacked { head, packed, input } = unpacked(Box::new(Cursor::new(head).chain(input)))?;
        if let Some(why) = no_log(&head) {
            return Err(io::Error::other(why));
        }
        self.look(&head);
        Ok(if archive::is_tar(&head) {
            Opened::Archive(archive::tar_members(input))
        } else if packed {
            Opened::Log(Input::stream(beside(input)?, true))
        } else {
            Opened::Log(Input::stream(input, true))
        })
    }
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Standard input, if it is a file that nobody has read from.
pub(crate) fn stdin_file() -> Option<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        let mut file = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
        let unread = file.metadata().is_ok_and(|m| m.is_file()) && file.stream_position().ok() == Some(0);
        unread.then_some(file)
    }
    #[cfg(not(unix))]
    None
}

/// Opens a file to be read from its start, or standard input for `-`: one log, no archive.
pub(crate) fn open(path: &Path) -> io::Result<Bytes<'static>> {
    let input: Bytes<'static> = if is_stdin(path) {
        Box::new(io::stdin())
    } else {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        Box::new(file)
    };
    let Unpacked { head, input, .. } = unpacked(input)?;
    if archive::is_tar(&head) {
        return Err(io::Error::other("a tar archive, which is not read here"));
    }
    Ok(input)
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
