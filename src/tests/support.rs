//! What several tests share: the logs of `testdata/`, and a random number generator with a fixed seed.

use std::fs;
use std::path::{Path, PathBuf};

/// A log of `testdata/`.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) path: PathBuf,
    /// Name without folder and `.log`.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The folder of the test logs.
pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// Files of a folder of `testdata/`, sorted by name.
pub(super) fn files(folder: &str) -> Vec<PathBuf> {
    files_of(&testdata().join(folder))
}

fn files_of(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Logs of a folder of `testdata/`, sorted by name.
pub(super) fn logs(folder: &str) -> Vec<Log> {
    logs_of(&testdata().join(folder))
}

/// Logs of any folder, sorted by name.
pub(super) fn logs_of(folder: &Path) -> Vec<Log> {
    let paths = files_of(folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "log"));
    let log = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).unwrap();
        Log { path, name, bytes }
    };
    paths.map(log).collect()
}

/// The folders of `testdata/` that hold logs.
pub(super) const FOLDERS: &[&str] = &["arch", "families", "logs", "negative", "pasted"];

/// All logs of `testdata/`.
pub(crate) fn all_logs() -> Vec<Log> {
    FOLDERS.iter().flat_map(|folder| logs(folder)).collect()
}

/// Knuth's linear congruential generator: the same numbers on every run and machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// A number below `limit`, which is at least 1.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit.max(1)
    }

    /// A byte.
    pub(crate) fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }
}
