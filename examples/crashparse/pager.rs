//! The pager that text is read with, as git and bat start it.

use std::io::{self, IsTerminal, Write};
use std::process::{Child, Command, Stdio};

use indicatif::ProgressBar;

use crate::args::Paging;
use crate::say;

/// What `less` is told where `LESS` tells it nothing: end at once if all fits the screen, show colours, leave the screen as
/// it is; and end where Ctrl-C ends this program.
const LESS: &str = "FRXK";

/// Standard output, or a pager before it, which is started when there is something to read.
pub(crate) struct Output {
    wanted: bool,
    bar: ProgressBar,
    pager: Option<Child>,
}

impl Output {
    /// `types`: whether the log is typed in, at the keyboard that a pager wants.
    pub(crate) fn new(paging: Paging, types: bool, bar: ProgressBar) -> Output {
        let wanted = match paging {
            Paging::Auto => !types && io::stdout().is_terminal(),
            Paging::Always => true,
            Paging::Never => false,
        };
        Output { wanted, bar, pager: None }
    }

    fn start(&mut self) {
        self.wanted = false;
        let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_string());
        if pager.is_empty() || pager == "cat" {
            return;
        }
        self.bar.finish_and_clear();
        let mut command = if cfg!(windows) { Command::new(&pager) } else { Command::new("sh") };
        if !cfg!(windows) {
            command.args(["-c", &pager]);
        }
        for (name, value) in [("LESS", LESS), ("LV", "-c")] {
            if std::env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
        match command.stdin(Stdio::piped()).spawn() {
            Ok(child) => self.pager = Some(child),
            Err(error) => say(&format_args!("{pager}: {error}")),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.wanted && !bytes.is_empty() {
            self.start();
        }
        match self.pager.as_mut().and_then(|pager| pager.stdin.as_mut()) {
            Some(pager) => pager.write(bytes),
            None => io::stdout().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.pager.as_mut().and_then(|pager| pager.stdin.as_mut()) {
            Some(pager) => pager.flush(),
            None => io::stdout().flush(),
        }
    }
}

impl Drop for Output {
    /// Waits until all has been read.
    fn drop(&mut self) {
        if let Some(mut pager) = self.pager.take() {
            drop(pager.stdin.take());
            // How it ends is between it and its reader.
            let _ = pager.wait();
        }
    }
}
