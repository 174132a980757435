//! The debug files that the options name, opened as far as the logs need them.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use crashparse::facts::frame::Frame;
use crashparse::facts::offset::kernel_offset;
use crashparse::facts::registers::Registers;
use crashparse::facts::task::Task;
use crashparse::symbolize::{
    DebugFile, Error, ErrorKind, Filter, ModuleFiles, Sources, SymbolMap, Symbolizer, debug_files,
    module_name,
};
use crashparse::{Line, Report, guilty_file};
use memchr::memmem;

use crate::debug::{contents, debug_file, show};
use crate::say;

#[derive(Args)]
pub(crate) struct SymbolArgs {
    /// Kernel with debug information, to give frames their source lines; or its System.map.
    #[arg(global = true, short = 'k', long, value_name = "FILE")]
    vmlinux: Option<PathBuf>,

    /// Directory that is searched for the modules that the logs name; or one module.
    #[arg(global = true, short, long, value_name = "DIR")]
    modules: Vec<PathBuf>,

    /// Slide of raw addresses; `auto`: from `Kernel Offset:`, or a frame with address and symbol.
    #[arg(global = true, long, value_name = "HEX", default_value = "auto", value_parser = slide)]
    kaslr_offset: Slide,

    /// Directory to cut from names of source files [default: the kernel's tree].
    #[arg(global = true, long, value_name = "PATH")]
    strip_prefix: Option<PathBuf>,

    /// Use files of which the build ID is not the log's.
    #[arg(global = true, long)]
    allow_mismatch: bool,
}

impl SymbolArgs {
    /// Whether frames are to get their lines.
    pub(crate) fn are_given(&self) -> bool {
        self.vmlinux.is_some() || !self.modules.is_empty()
    }
}

/// The KASLR slide, if it is given.
#[derive(Clone, Copy)]
struct Slide(Option<u64>);

fn slide(text: &str) -> Result<Slide, String> {
    if text == "auto" {
        return Ok(Slide(None));
    }
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let slide = u64::from_str_radix(digits, 16);
    slide.map(|slide| Slide(Some(slide))).map_err(|_| "not `auto` or a hexadecimal number".to_string())
}

/// What was found of a report.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) sources: Sources,
    pub(crate) guilty_file: Option<String>,
}

/// A symbolizer and where its modules come from.
pub(crate) struct Symbols {
    symbolizer: Symbolizer<'static>,
    directories: Vec<ModuleFiles>,
    /// The files of modules by what they call themselves, as soon as a module has no file of its name.
    renamed: Option<HashMap<String, PathBuf>>,
    /// Modules that were looked for, and those of which the file cannot be used.
    sought: BTreeSet<String>,
    rejected: BTreeSet<String>,
    boot: Boot,
    /// What was said already, for a log repeats its frames.
    said: BTreeSet<String>,
    /// What `--kaslr-offset` gives.
    slide: Option<u64>,
    allow_mismatch: bool,
    failed: bool,
}

/// What a filtered text has said of the kernel that prints it.
#[derive(Default)]
struct Boot {
    /// That it is not the one that was given.
    other: bool,
    /// Of which CPU it is.
    arch: Option<&'static str>,
    slide: Option<u64>,
}

/// That a file is of another kernel than the log, which `--allow-mismatch` allows.
const MISMATCHES: [ErrorKind; 2] = [ErrorKind::WrongBuildId, ErrorKind::WrongRelease];
/// What a kernel's first line has in it: `linux_banner`, `init/version.c`.
const BANNER: &[u8] = b"Linux version ";
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
            renamed: None,
            sought: BTreeSet::new(),
            rejected: BTreeSet::new(),
            boot: Boot::default(),
            said: BTreeSet::new(),
            slide: args.kaslr_offset.0,
            allow_mismatch: args.allow_mismatch,
            failed: false,
        };
        if let Some(path) = &args.vmlinux {
            symbols.open_vmlinux(path);
        }
        for path in &args.modules {
            if path.is_file() {
                symbols.open_module(path, None);
                continue;
            }
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
            Ok(bytes) => bytes.kept(),
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
            return self.keep(file);
        }
        let fits = |found: &DebugFile<'_>| {
            let same = || found.is_debug_file_of(&file) || self.allow_mismatch;
            if found.has_dwarf() && found.has_symbols() && same() { Ok(()) } else { Err(String::new()) }
        };
        let others = debug_files(path, &file).into_iter().filter(|other| other.is_file());
        if let Some(found) = { others }.find_map(|other| debug_file(&other, fits).ok()) {
            return self.keep(found);
        }
        if file.broken_sections().is_empty() {
            let what =
                if file.has_symbols() { "no DWARF: functions, but no lines" } else { "stripped: no symbols" };
            self.fail(&format!("{}: {what}", show(path)));
        }
        self.keep(file)
    }

    /// The file, of which it is said what lookups must do without.
    fn keep(&mut self, file: DebugFile<'static>) -> &'static DebugFile<'static> {
        file.broken_sections().iter().for_each(|error| self.fail(&error.to_string()));
        Box::leak(Box::new(file))
    }

    /// Looks up the frames of a report.
    pub(crate) fn of(&mut self, report: &Report<'_>) -> Found {
        let arch = report.registers().and_then(|registers| cpu(&registers));
        let task = report.task();
        let (build_id, release) = task.map_or((None, None), |task| (task.build_id, task.kernel));
        if !self.fits(arch, build_id, release) {
            return Found::default();
        }
        let frames = report.frames();
        self.load(&frames);
        self.warn(&frames, arch);
        let of_cpu = |frame: &Frame<'_>| {
            let error = self.symbolizer.check_frame(frame, arch).err();
            error.is_none_or(|error| error.kind() != ErrorKind::WrongArchitecture)
        };
        let frames: Vec<Frame<'_>> = frames.into_iter().filter(of_cpu).collect();
        let slide =
            self.slide.or_else(|| report.kernel_offset()).or_else(|| self.symbolizer.slide_of(&frames));
        let sources = self.symbolizer.sources(&frames, slide);
        sources.errors().iter().for_each(|error| self.tell(error));
        // The convention judges by the text of a symbolized report.
        let mut text = Vec::new();
        for line in report.lines() {
            text.extend_from_slice(line.raw);
            text.push(b'\n');
        }
        let mut decorated = Vec::new();
        Filter::new(&self.symbolizer).text(&text, &mut decorated);
        let guilty_file = guilty_file(report.title(), &decorated).map(|file| file.into_owned());
        Found { sources, guilty_file }
    }

    /// Whether vmlinux is that of a log; if not, it is said.
    fn fits(&mut self, arch: Option<&str>, build_id: Option<&str>, release: Option<&str>) -> bool {
        match self.symbolizer.check(arch, build_id, release) {
            Ok(()) => true,
            Err(error) => {
                self.tell(&error);
                self.allow_mismatch && MISMATCHES.contains(&error.kind())
            }
        }
    }

    /// Says which modules are of another CPU; and which are of another build, where that is allowed: else it is
    /// why they are not found.
    fn warn(&mut self, frames: &[Frame<'_>], arch: Option<&str>) {
        let check = |frame| self.symbolizer.check_frame(frame, arch).err();
        let errors: Vec<Error> = frames.iter().filter_map(check).collect();
        let said = |error: &&Error| self.allow_mismatch || error.kind() == ErrorKind::WrongArchitecture;
        let said: Vec<&Error> = errors.iter().filter(said).collect();
        said.into_iter().for_each(|error| self.tell(error));
    }

    /// Opens the files of modules that are not open yet: of several of one name that of the frame's build ID.
    fn load(&mut self, frames: &[Frame<'_>]) {
        for (module, id) in frames.iter().filter_map(|frame| Some((frame.module?, frame.build_id))) {
            if !self.sought.insert(module.to_string()) {
                continue;
            }
            let paths: Vec<PathBuf> =
                self.directories.iter().flat_map(|files| files.all(module)).map(Path::to_path_buf).collect();
            let has_id = |path: &&PathBuf| {
                let bytes = contents(path).ok()?;
                Some(DebugFile::parse(show(path), &bytes).ok()?.build_id()? == id?)
            };
            let own =
                if paths.len() > 1 { paths.iter().find(|path| has_id(path) == Some(true)) } else { None };
            match own.or(paths.first()) {
                Some(path) => self.open_module(path, Some(module)),
                None => self.open_renamed(module),
            }
        }
    }

    /// Opens the file that calls itself a module by its `.modinfo`, whatever its own name is.
    fn open_renamed(&mut self, module: &str) {
        let directories = &self.directories;
        let renamed = self.renamed.get_or_insert_with(|| by_own_name(directories));
        if let Some(path) = renamed.get(&module_name(module)).cloned() {
            self.open_module(&path, Some(module));
        }
    }

    /// Opens the file of a module: of the one that is named, else of the one that the file says.
    fn open_module(&mut self, path: &Path, module: Option<&str>) {
        let stem = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let own = |file: &DebugFile<'_>| module_name(file.module_name().or(module).unwrap_or(stem));
        let file = debug_file(path, |file| match module {
            Some(module) if own(file) != module_name(module) => {
                Err(format!("{}: the module calls itself {}", show(path), own(file)))
            }
            _ => Ok(()),
        });
        match file {
            Ok(file) => {
                let own = own(&file);
                self.sought.insert(own.clone());
                let file = self.with_dwarf(path, file);
                self.symbolizer.add_module(&own, file);
            }
            Err(why) => {
                self.rejected.extend(module.map(str::to_string));
                self.fail(&why);
            }
        }
    }

    /// Says why a frame was not found, unless that was said before.
    fn tell(&mut self, error: &Error) {
        let kind = error.kind();
        let mismatch = MISMATCHES.contains(&kind);
        let allowed = self.allow_mismatch && mismatch;
        let fatal = mismatch || [ErrorKind::WrongArchitecture, ErrorKind::BadDwarf].contains(&kind);
        self.failed |= fatal && !allowed;
        // Whoever gave no vmlinux knows; of one that cannot be used it was said when it was opened.
        let known = [ErrorKind::NoVmlinux, ErrorKind::NoSymbols].contains(&kind)
            || kind == ErrorKind::NoModule
                && self.rejected.iter().any(|module| error.to_string().ends_with(&format!(" {module}")));
        if known || self.said.len() > MESSAGES || !self.said.insert(error.to_string()) {
            return;
        }
        match self.said.len() > MESSAGES {
            true => say(&"more frames were not found"),
            false if allowed => say(&format_args!("warning: {error}")),
            false => say(error),
        }
    }

    /// Says something once.
    fn note(&mut self, message: &str) {
        if self.said.insert(message.to_string()) {
            say(&message);
        }
    }

    fn fail(&mut self, message: &str) {
        self.failed = true;
        say(&message);
    }

    /// Copies `input` to `out`, with source lines where it has frames.
    pub(crate) fn filter(&mut self, input: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
        /// Text that is looked up at once, if as much is there.
        const CHUNK: usize = 1 << 18;
        self.boot = Boot::default();
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
            let (mut start, mut at) = (0, 0);
            for raw in lines.split_inclusive(|&byte| byte == b'\n') {
                if let Some(boot) = self.hear(raw) {
                    out.write_all(&self.decorate(lines.get(start..at).unwrap_or_default()))?;
                    (self.boot, start) = (boot, at);
                }
                at += raw.len();
            }
            out.write_all(&self.decorate(lines.get(start..).unwrap_or_default()))?;
            out.flush()?;
            if count == 0 {
                return Ok(());
            }
        }
    }

    /// What is known of the kernel from a line on, if the line changes it.
    fn hear(&mut self, raw: &[u8]) -> Option<Boot> {
        if memmem::find(raw, BANNER).is_some() {
            return Some(Boot::default());
        }
        let Boot { arch, slide, .. } = self.boot;
        let body = Line::parse(0, raw.trim_ascii_end()).body;
        if let Some(task) = memmem::find(raw, b" PID: ").and_then(|_| Task::parse(body))
            && (task.build_id.is_some() || task.kernel.is_some())
        {
            let other = !self.fits(None, task.build_id, task.kernel);
            return (other != self.boot.other).then_some(Boot { other, arch, slide });
        }
        None
    }

    /// Lines with source lines added.
    fn decorate(&mut self, lines: &[u8]) -> Vec<u8> {
        if self.boot.arch.is_none() && !lines.is_empty() {
            let bodies =
                lines.split(|&byte| byte == b'\n').map(|raw| Line::parse(0, raw.trim_ascii_end()).body);
            self.boot.arch = Registers::read(bodies).iter().find_map(cpu);
            let arch = self.boot.arch;
            self.boot.other |= arch.is_some() && !self.fits(arch, None, None);
        }
        // Of another kernel nothing is said rather than nonsense.
        if self.boot.other || lines.is_empty() {
            return lines.to_vec();
        }
        let frames = Filter::frames(lines);
        self.load(&frames);
        self.warn(&frames, self.boot.arch);
        // A panic says it after its stack.
        let said = slide_said_in(lines).or(self.boot.slide);
        self.boot.slide = said.or_else(|| self.symbolizer.slide_of(&frames));
        let mut slide = self.slide.or(self.boot.slide);
        if slide.is_none() && Filter::is_of_addresses(lines) {
            slide = Some(0);
            self.note("note: addresses are looked up as they were linked; --kaslr-offset gives a slide");
        }
        let mut filter = Filter::new(&self.symbolizer);
        if let Some(slide) = slide {
            filter = filter.slide(slide);
        }
        let mut decorated = Vec::new();
        let errors = filter.text(lines, &mut decorated);
        errors.iter().for_each(|error| self.tell(error));
        decorated
    }
}

/// The CPU that a dump is of. Several have the same words for the program counter: the registers tell them apart.
fn cpu(dump: &Registers<'_>) -> Option<&'static str> {
    const REGISTERS: usize = 4;
    (dump.values.len() >= REGISTERS).then_some(dump.arch.name)
}

/// The slide that a panic says at its end.
fn slide_said_in(lines: &[u8]) -> Option<u64> {
    let at = memmem::find(lines, b"Kernel Offset: ")?;
    let line = lines.get(at..)?.split(|&byte| byte == b'\n').next()?;
    kernel_offset(line)
}

/// The files of modules that need not be unpacked, by what they call themselves.
fn by_own_name(directories: &[ModuleFiles]) -> HashMap<String, PathBuf> {
    let mut files = HashMap::new();
    for path in directories.iter().flat_map(ModuleFiles::unpacked) {
        let Ok(bytes) = contents(path) else { continue };
        let file = DebugFile::parse(show(path), &bytes).ok();
        if let Some(name) = file.as_ref().and_then(DebugFile::module_name) {
            files.entry(module_name(name)).or_insert_with(|| path.to_path_buf());
        }
    }
    files
}
