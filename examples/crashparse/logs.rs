//! The logs that the arguments name: directories are searched.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::{inputs, name, say};

/// The files that arguments name, those below directories sorted by name; without arguments standard input. Says what
/// cannot be searched, and whether there was such a thing.
///
/// Links inside directories are not followed: as `grep -r` does it.
pub(crate) fn find(paths: &[PathBuf]) -> (Vec<PathBuf>, bool) {
    let (mut found, mut failed) = (Vec::new(), false);
    for path in inputs(paths) {
        if crate::input::is_stdin(&path) || !path.is_dir() {
            found.push(path);
            continue;
        }
        for entry in WalkDir::new(&path).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => found.push(entry.into_path()),
                Ok(_) => {}
                Err(error) => {
                    let at = name(error.path().unwrap_or(Path::new("")));
                    match error.io_error() {
                        Some(error) => say(&format_args!("{at}: {error}")),
                        None => say(&error),
                    }
                    failed = true;
                }
            }
        }
    }
    (found, failed)
}
