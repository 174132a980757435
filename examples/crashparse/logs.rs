//! The logs that the arguments name: directories are searched.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::input::{self, is_stdin};
use crate::unpack::no_log;
use crate::{inputs, name, say};

/// Bytes that tell what is no log.
const MAGIC_BYTES: u64 = 8;
/// Longest list of logs: more than a million names.
const LIST_BYTES: u64 = 128 << 20;

/// The files that arguments and a list name, those below directories sorted by name; without both standard input. Whether
/// the list could not be read is said as well. What is no log is not read; a directory that cannot be searched is there
/// itself, for it cannot be opened either.
///
/// Links inside directories are not followed: as `grep -r` does it.
pub(crate) fn find(paths: &[PathBuf], list: Option<&Path>) -> (Vec<PathBuf>, bool) {
    let (mut found, mut failed) = (Vec::new(), false);
    let mut named = if list.is_none() { inputs(paths) } else { paths.to_vec() };
    match list.map(listed).transpose() {
        Ok(listed) => named.extend(listed.into_iter().flatten()),
        Err(error) => {
            say(&format_args!("{}: {error}", name(list.unwrap_or(Path::new("")))));
            failed = true;
        }
    }
    for path in named {
        if is_stdin(&path) && list.is_some_and(is_stdin) {
            say(&"-: no log, for standard input is the list of the logs");
            failed = true;
            continue;
        }
        if is_stdin(&path) || !path.is_dir() {
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
    (found, failed)
}

/// Why a file is no log, where its first bytes tell.
fn no_log_at(path: &Path) -> Option<&'static str> {
    let mut head = Vec::new();
    // Where it cannot be read, its turn to say so comes.
    File::open(path).ok()?.take(MAGIC_BYTES).read_to_end(&mut head).ok()?;
    no_log(&head)
}

/// The names in a list: each ended by NUL, where there is one, else by the line.
fn listed(list: &Path) -> io::Result<Vec<PathBuf>> {
    let mut text = Vec::new();
    input::open(list)?.take(LIST_BYTES).read_to_end(&mut text)?;
    if text.len() as u64 == LIST_BYTES {
        return Err(io::Error::other(format!(
            "more than {} MiB, which no list of logs has",
            LIST_BYTES >> 20
        )));
    }
    let nul = text.contains(&0);
    let names = text.split(|byte| *byte == if nul { 0 } else { b'\n' });
    let names = names.map(|name| if nul { name } else { name.strip_suffix(b"\r").unwrap_or(name) });
    names.filter(|name| !name.is_empty()).map(path).collect()
}

#[cfg(unix)]
fn path(name: &[u8]) -> io::Result<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Ok(std::ffi::OsStr::from_bytes(name).into())
}

#[cfg(not(unix))]
fn path(name: &[u8]) -> io::Result<PathBuf> {
    std::str::from_utf8(name).map(PathBuf::from).map_err(io::Error::other)
}
