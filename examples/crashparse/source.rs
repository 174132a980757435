//! Source files, for excerpts.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crashparse::Excerpts;

/// No file of source is larger.
const FILE_BYTES: u64 = 4 << 20;
/// Files that are remembered: a log may be made to name ever new ones.
const FILES: usize = 16;

/// A directory of source files.
#[derive(Debug)]
pub(crate) struct SourceTree {
    root: PathBuf,
    /// Files that were read: their lines, or nothing if there is no such file.
    read: Mutex<HashMap<String, Option<Arc<str>>>>,
}

impl SourceTree {
    pub(crate) fn new(root: PathBuf) -> SourceTree {
        SourceTree { root, read: Mutex::default() }
    }

    fn file(&self, name: &str) -> Option<Arc<str>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= FILES && !read.contains_key(name) {
            read.clear();
        }
        read.entry(name.to_string()).or_insert_with(|| find(&self.root, Path::new(name))).clone()
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
