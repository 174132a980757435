//! The logs that the arguments name: directories are searched.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::unpack::no_log;
use crate::{inputs, name, say};

/// Bytes that tell what is no log.
const MAGIC_BYTES: u64 = 8;

/// The files that arguments name, those below directories sorted by name; without arguments standard input. What is no log
/// there is not read; a directory that cannot be searched is there itself, for it cannot be opened either.
///
/// Links inside directories are not followed: as `grep -r` does it.
pub(crate) fn find(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in inputs(paths) {
        if crate::input::is_stdin(&path) || !path.is_dir() {
            found.push(path);
            continue;
        }
        for entry in WalkDir::new(&path).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => match no_log_at(entry.path()) {
                    Some(why) => say(&format_args!("{}: note: not read: {why}", name(entry.path()))),
                    None => found.push(entry.into_path()),
                },
                Ok(_) => {}
                Err(error) => found.push(error.path().unwrap_or(&path).to_path_buf()),
            }
        }
    }
    found
}

/// Why a file is no log, where its first bytes tell.
fn no_log_at(path: &Path) -> Option<&'static str> {
    let mut head = Vec::new();
    // Where it cannot be read, its turn to say so comes.
    File::open(path).ok()?.take(MAGIC_BYTES).read_to_end(&mut head).ok()?;
    no_log(&head)
}
