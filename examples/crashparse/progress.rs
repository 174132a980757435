//! How far the logs have been read, on standard error.

use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crashparse::ReadAt;
use indicatif::{ProgressBar, ProgressStyle};

use crate::input::is_stdin;

/// Less is read before anybody could look.
const WORTH_BYTES: u64 = 256 << 20;

/// A bar for logs: hidden, unless it is `wanted`, standard error is a terminal, and there is much to read.
pub(crate) fn bar(wanted: bool, logs: &[PathBuf]) -> ProgressBar {
    if !wanted || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let sizes = logs.iter().filter(|path| !is_stdin(path)).filter_map(|path| path.metadata().ok());
    let total: u64 = sizes.filter(|metadata| metadata.is_file()).map(|metadata| metadata.len()).sum();
    if total < WORTH_BYTES {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    let template = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A file that tells how much of it has been read.
pub(crate) struct Watched<F> {
    file: F,
    bar: ProgressBar,
    /// A range with a report is read twice.
    furthest: AtomicU64,
}

impl<F> Watched<F> {
    pub(crate) fn new(file: F, bar: &ProgressBar) -> Watched<F> {
        Watched { file, bar: bar.clone(), furthest: AtomicU64::new(0) }
    }
}

impl<F: ReadAt> ReadAt for Watched<F> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let bytes = self.file.read_at(buffer, offset)?;
        if !self.bar.is_hidden() {
            let end = offset + bytes as u64;
            let before = self.furthest.fetch_max(end, Ordering::Relaxed);
            self.bar.inc(end.saturating_sub(before));
        }
        Ok(bytes)
    }
}

impl<F: Read> Read for Watched<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.file.read(buffer)?;
        self.bar.inc(bytes as u64);
        Ok(bytes)
    }
}
