//! The debug files that the options name, opened as far as the logs need them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use crashparse::Plain;
use crashparse::facts::frame::Frame;
use crashparse::symbolize::{
    DebugFile, Error, ErrorKind, Filter, ModuleFiles, SymbolMap, Symbolizer, debug_files, module_name,
};

#[derive(Args)]
pub(crate) struct SymbolArgs {
    /// Kernel with debug information, to give frames their source lines; or its System.map.
    #[arg(short = 'k', long, value_name = "FILE")]
    vmlinux: Option<PathBuf>,

    /// Directory that is searched for the modules that the logs name; or one module.
    #[arg(short, long, value_name = "DIR")]
    modules: Vec<PathBuf>,

    /// Directory to cut from names of source files [default: the kernel's tree].
    #[arg(long, value_name = "PATH")]
    strip_prefix: Option<PathBuf>,

    /// Use files of which the build ID is not the log's.
    #[arg(long)]
    allow_mismatch: bool,
}

/// A symbolizer and where its modules come from.
pub(crate) struct Symbols {
    symbolizer: Symbolizer<'static>,
    directories: Vec<ModuleFiles>,
    /// Modules that were looked for.
    sought: BTreeSet<String>,
    /// What was said already, for a log repeats its frames.
    said: BTreeSet<String>,
    allow_mismatch: bool,
    failed: bool,
}

/// Frames not found of which a message is printed.
const MESSAGES: usize = 20;

impl Symbols {
    /// Opens what the options name; `None` if they name nothing. What cannot be opened is said, and left out.
    pub(crate) fn open(args: &SymbolArgs) -> Option<Symbols> {
        if args.vmlinux.is_none() && args.modules.is_empty() {
            return None;
        }
        let mut symbolizer = Symbolizer::new();
        symbolizer.set_allow_mismatch(args.allow_mismatch);
        symbolizer.set_threads(std::thread::available_parallelism().map_or(1, usize::from));
        if let Some(prefix) = &args.strip_prefix {
            symbolizer.set_strip_prefix(prefix.as_os_str().as_encoded_bytes());
        }
        let mut symbols = Symbols {
            symbolizer,
            directories: Vec::new(),
            sought: BTreeSet::new(),
            said: BTreeSet::new(),
            allow_mismatch: args.allow_mismatch,
            failed: false,
        };
        if let Some(path) = &args.vmlinux {
            symbols.open_vmlinux(path);
        }
        for path in &args.modules {
            match ModuleFiles::search(path) {
                Ok(files) if files.is_empty() => symbols.fail(&format!("{}: no module there", show(path))),
                Ok(files) => symbols.directories.push(files),
                Err(error) => symbols.fail(&format!("{}: {error}", show(path))),
            }
        }
        Some(symbols)
    }

    /// Whether something that the options name, or the logs need, could not be used.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    fn open_vmlinux(&mut self, path: &Path) {
        let bytes = match contents(path) {
            Ok(bytes) => bytes,
            Err(error) => return self.fail(&format!("{}: {error}", show(path))),
        };
        if !bytes.starts_with(b"\x7fELF")
            && let Some(map) = SymbolMap::parse(bytes)
        {
            return self.symbolizer.set_map(Box::leak(Box::new(map)));
        }
        match DebugFile::parse(show(path), bytes) {
            Ok(file) => {
                let file = self.with_dwarf(path, file);
                self.symbolizer.set_vmlinux(file);
            }
            Err(error) => self.fail(&error.to_string()),
        }
    }

    /// The file, or the one that holds its debug information if it has none. It is needed until the end.
    fn with_dwarf(&mut self, path: &Path, file: DebugFile<'static>) -> &'static DebugFile<'static> {
        if file.has_dwarf() {
            return Box::leak(Box::new(file));
        }
        for other in debug_files(path, &file).iter().filter(|other| other.is_file()) {
            let Ok(found) = contents(other).and_then(|bytes| {
                DebugFile::parse(show(other), bytes).map_err(|error| io::Error::other(error.to_string()))
            }) else {
                continue;
            };
            let same = file.build_id().is_none_or(|id| found.build_id() == Some(id));
            if found.has_dwarf() && found.has_symbols() && (same || self.allow_mismatch) {
                return Box::leak(Box::new(found));
            }
        }
        let what =
            if file.has_symbols() { "no DWARF: functions, but no lines" } else { "stripped: no symbols" };
        self.fail(&format!("{}: {what}", show(path)));
        Box::leak(Box::new(file))
    }

    /// Opens the files of modules that are not open yet.
    pub(crate) fn load<'m>(&mut self, modules: impl IntoIterator<Item = &'m str>) {
        for module in modules {
            if !self.sought.insert(module.to_string()) {
                continue;
            }
            let Some(path) = self.directories.iter().find_map(|files| files.find(module)) else { continue };
            let path = path.to_path_buf();
            let file = match contents(&path) {
                Ok(bytes) => DebugFile::parse(show(&path), bytes),
                Err(error) => {
                    self.fail(&format!("{}: {error}", show(&path)));
                    continue;
                }
            };
            match file {
                Ok(file)
                    if file.module_name().is_some_and(|name| module_name(name) != module_name(module)) =>
                {
                    let name = file.module_name().unwrap_or_default();
                    self.fail(&format!("{}: the module calls itself {name}", show(&path)));
                }
                Ok(file) => {
                    let file = self.with_dwarf(&path, file);
                    self.symbolizer.add_module(module, file);
                }
                Err(error) => self.fail(&error.to_string()),
            }
        }
    }

    /// Says why a frame was not found, unless that was said before.
    pub(crate) fn tell(&mut self, error: &Error) {
        self.failed |= matches!(
            error.kind(),
            ErrorKind::WrongBuildId | ErrorKind::WrongArchitecture | ErrorKind::BadDwarf
        );
        if self.said.len() > MESSAGES || !self.said.insert(error.to_string()) {
            return;
        }
        match self.said.len() > MESSAGES {
            true => eprintln!("crashparse: more frames were not found"),
            false => eprintln!("crashparse: {}", Plain(error.to_string().as_bytes())),
        }
    }

    fn fail(&mut self, message: &str) {
        self.failed = true;
        eprintln!("crashparse: {}", Plain(message.as_bytes()));
    }

    /// Copies `input` to `out`, with source lines where it has frames.
    pub(crate) fn filter(&mut self, input: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
        /// Text that is looked up at once, if as much is there.
        const CHUNK: usize = 1 << 18;
        let mut text = Vec::new();
        let mut buffer = vec![0; CHUNK];
        loop {
            let count = match input.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            text.extend_from_slice(buffer.get(..count).unwrap_or_default());
            let end = if count == 0 {
                text.len()
            } else {
                text.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1)
            };
            // A line without an end goes out as it is.
            let end = if text.len() > 16 * CHUNK { text.len() } else { end };
            let lines: Vec<u8> = text.drain(..end).collect();
            self.load(Filter::modules(&lines));
            let mut decorated = Vec::new();
            let mut errors = Vec::new();
            let failed = |_: &Frame<'_>, error: &Error| errors.push(error.clone());
            Filter::new(&self.symbolizer).text(&lines, &mut decorated, failed);
            errors.iter().for_each(|error| self.tell(error));
            out.write_all(&decorated)?;
            out.flush()?;
            if count == 0 {
                return Ok(());
            }
        }
    }
}

fn show(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The bytes of a debug file, unpacked if it is packed. They are needed until the end.
fn contents(path: &Path) -> io::Result<&'static [u8]> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let bytes = map(&file)?;
    let mut unpacked = Vec::new();
    match bytes {
        [0x1f, 0x8b, ..] => flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut unpacked)?,
        [0xfd, b'7', b'z', b'X', b'Z', ..] => {
            liblzma::read::XzDecoder::new_multi_decoder(bytes).read_to_end(&mut unpacked)?
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(bytes).map_err(io::Error::other)?;
            { decoder }.read_to_end(&mut unpacked)?
        }
        _ => return Ok(bytes),
    };
    Ok(unpacked.leak())
}

/// The bytes of a file, read as they are needed: of a vmlinux that is little.
#[expect(unsafe_code, reason = "no safe way to map a file")]
fn map(file: &File) -> io::Result<&'static [u8]> {
    if file.metadata()?.len() == 0 {
        return Ok(&[]);
    }
    // SAFETY: The bytes must not change while they are borrowed. Nobody writes to a debug file in place; if
    // somebody cuts it short, the process dies of SIGBUS as every debugger does.
    let map = unsafe { memmap2::Mmap::map(file)? };
    #[cfg(unix)]
    map.advise(memmap2::Advice::Random)?;
    Ok(Box::leak(Box::new(map)))
}
