//! Where the files of modules and their debug information are.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::file::DebugFile;

/// How a module's file name ends, the best first: it has the debug information, or need not be unpacked.
const ENDINGS: [&str; 8] =
    [".ko.debug", ".ko", ".ko.debug.gz", ".ko.debug.xz", ".ko.debug.zst", ".ko.gz", ".ko.xz", ".ko.zst"];
/// Where distributions install debug information.
const DEBUG_ROOT: &str = "/usr/lib/debug";

/// The kernel's name of a module, by its file's or another spelling: `snd-hda-codec.ko.xz` is `snd_hda_codec`.
pub fn module_name(name: &str) -> String {
    let stem = name.find(".ko").and_then(|end| name.get(..end)).unwrap_or(name);
    stem.replace('-', "_")
}

/// The files of modules below a directory, by the modules' names.
#[derive(Clone, Debug, Default)]
pub struct ModuleFiles {
    /// With the ranks of their endings, the best first.
    files: HashMap<String, Vec<(usize, PathBuf)>>,
}

impl ModuleFiles {
    /// Searches a directory and all below it; no file is opened. Given a file, it takes that one.
    ///
    /// # Errors
    ///
    /// If the directory itself cannot be read; those below it are left out then.
    pub fn search(path: &Path) -> io::Result<ModuleFiles> {
        let mut found = ModuleFiles::default();
        if fs::metadata(path)?.is_file() {
            found.add(path.to_path_buf());
            return Ok(found);
        }
        let mut left = vec![fs::read_dir(path)?];
        while let Some(entries) = left.pop() {
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            // Of two files of one name it is always the same that is first.
            paths.sort_unstable();
            for path in paths {
                // Links to directories (`build`, `source`) lead out of the tree, or in circles.
                let Ok(kind) = fs::symlink_metadata(&path) else { continue };
                if kind.is_dir() {
                    left.extend(fs::read_dir(&path));
                } else {
                    found.add(path);
                }
            }
        }
        Ok(found)
    }

    fn add(&mut self, path: PathBuf) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
        let Some(rank) = ENDINGS.iter().position(|ending| name.ends_with(ending)) else { return };
        let files = self.files.entry(module_name(name)).or_default();
        let at = files.partition_point(|(known, _)| *known <= rank);
        files.insert(at, (rank, path));
    }

    /// The file of a module: the best of [all](ModuleFiles::all).
    pub fn find(&self, module: &str) -> Option<&Path> {
        self.all(module).next()
    }

    /// All files of a module, the best first: of several builds, the one that has the log's build ID is right.
    pub fn all(&self, module: &str) -> impl Iterator<Item = &Path> + use<'_> {
        self.files.get(&module_name(module)).into_iter().flatten().map(|(_, path)| path.as_path())
    }

    /// Every file that need not be unpacked, in the order of their paths: one of them may be a module's that was given
    /// another name. What it calls itself is [`DebugFile::module_name`].
    pub fn unpacked(&self) -> Vec<&Path> {
        let plain = |name: &&Path| {
            matches!(name.extension().and_then(|ending| ending.to_str()), Some("ko" | "debug"))
        };
        let mut paths: Vec<&Path> =
            self.files.values().flatten().map(|(_, path)| path.as_path()).filter(plain).collect();
        paths.sort_unstable();
        paths
    }

    /// Number of modules.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// Where the debug information of a file may be that has none itself: by its build ID, by its `.gnu_debuglink`,
/// and by its own path below `/usr/lib/debug`. The caller tries them in turn, and
/// takes the first that [is one of the file](DebugFile::is_debug_file_of).
pub fn debug_files(path: &Path, file: &DebugFile<'_>) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let root = Path::new(DEBUG_ROOT);
    if let Some((first, rest)) = file.build_id().as_deref().and_then(|id| id.split_at_checked(2)) {
        paths.push(root.join(".build-id").join(first).join(format!("{rest}.debug")));
    }
    let whole = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let directory = whole.parent().unwrap_or(Path::new("/"));
    let below_root = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    let link = file.debug_link().and_then(|(name, _)| std::str::from_utf8(name).ok());
    // A link names a file, never a path.
    if let Some(link) = link.filter(|link| !link.contains('/')) {
        paths.push(directory.join(link));
        paths.push(directory.join(".debug").join(link));
        paths.push(below_root(directory).join(link));
    }
    paths.push(below_root(&whole));
    let mut with_ending = below_root(&whole).into_os_string();
    with_ending.push(".debug");
    paths.push(with_ending.into());
    paths.retain(|candidate| *candidate != whole);
    paths
}
