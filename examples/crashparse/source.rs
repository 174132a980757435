//! Source files, for excerpts.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crashparse::Excerpts;

use crate::say;

/// No file of source is larger.
const FILE_BYTES: u64 = 4 << 20;
/// Files that are remembered: a log may be made to name ever new ones.
const FILES: usize = 16;
/// Files of which it is said that they are missing.
const MESSAGES: usize = 20;

/// A directory of source files.
#[derive(Debug)]
pub(crate) struct SourceTree {
    root: PathBuf,
    /// What names of files begin with that are below the root.
    prefix: Option<PathBuf>,
    /// Files that were not found, each said once; nothing yet, if none was looked for.
    missing: Mutex<Option<BTreeSet<String>>>,
    /// Files that were read: their lines, or nothing if there is no such file.
    read: Mutex<HashMap<String, Option<Arc<str>>>>,
}

impl SourceTree {
    /// A directory, or `DIR=PREFIX`; else what is no directory.
    pub(crate) fn new(root: PathBuf) -> Result<SourceTree, PathBuf> {
        let new =
            |root, prefix| SourceTree { root, prefix, missing: Mutex::default(), read: Mutex::default() };
        if root.is_dir() {
            return Ok(new(root, None));
        }
        let split = root.to_str().and_then(|text| text.split_once('='));
        let split = split.map(|(root, prefix)| (PathBuf::from(root), PathBuf::from(prefix)));
        match split {
            Some((root, prefix)) if root.is_dir() => Ok(new(root, Some(prefix))),
            Some((root, _)) => Err(root),
            None => Err(root),
        }
    }

    /// Says that no file was looked for: no frame to blame has one.
    pub(crate) fn finish(&self) {
        if self.missing.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            say(&"--source: no function to blame has a file; -k gives the kernel that has them");
        }
    }

    /// Says what was looked for in vain.
    fn miss(&self, name: &str, found: bool) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = missing.get_or_insert_default();
        if !found && missing.len() < MESSAGES && missing.insert(name.to_string()) {
            let (name, root) = (Path::new(name), self.root.display());
            let rest = self.prefix.as_ref().and_then(|prefix| name.strip_prefix(prefix).ok());
            let name = rest.unwrap_or(name).display();
            say(&format_args!("--source: no {name} below {root}"));
        }
    }

    fn file(&self, name: &str) -> Option<Arc<str>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= FILES && !read.contains_key(name) {
            read.clear();
        }
        read.entry(name.to_string()).or_insert_with(|| self.find(Path::new(name))).clone()
    }

    /// The text of a file, by the rest of its name behind the prefix if it has that.
    fn find(&self, name: &Path) -> Option<Arc<str>> {
        let rest = self.prefix.as_ref().and_then(|prefix| name.strip_prefix(prefix).ok());
        let found = find(&self.root, rest.unwrap_or(name));
        self.miss(&name.to_string_lossy(), found.is_some());
        found
    }
}

impl Excerpts for SourceTree {
    fn line(&self, file: &str, line: u32) -> Option<String> {
        let text = self.file(file)?;
        text.lines().nth(line.checked_sub(1)? as usize).map(str::to_string)
    }
}

/// The text of a file below a directory, by its whole name or, of a file that was built elsewhere, by what its name ends
/// with. A log must not name a file outside the directory.
fn find(root: &Path, name: &Path) -> Option<Arc<str>> {
    let parts: Vec<Component<'_>> =
        name.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    if name.components().any(|part| part == Component::ParentDir) {
        return None;
    }
    (0..parts.len()).find_map(|skipped| {
        let path = root.join(parts.iter().skip(skipped).collect::<PathBuf>());
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(FILE_BYTES).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into())
    })
}
