//! The pager that text is read with, as git and bat start it.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use indicatif::ProgressBar;

use crate::args::Paging;
use crate::say;

/// What `less` is told where `LESS` tells it nothing: end at once if all fits the screen, show colours, leave the screen as
/// it is; and end where Ctrl-C ends this program.
const LESS: &str = "FRXK";
/// What only a shell can read.
const FOR_A_SHELL: &str = "|&;<>()$`\\\"'*?[#~%\n";
/// How a shell ends that cannot run what it is told.
const NOT_RUN: [i32; 2] = [126, 127];

/// Standard output, or a pager before it, which is started when there is something to read.
pub(crate) struct Output {
    wanted: bool,
    bar: ProgressBar,
    pager: Option<Child>,
}

impl Output {
    /// `live`: whether a log is typed in, at the keyboard that a pager wants, or comes from a pipe, from which each report
    /// is shown at once.
    pub(crate) fn new(paging: Paging, live: bool, bar: ProgressBar) -> Output {
        let wanted = match paging {
            Paging::Auto => !live && io::stdout().is_terminal(),
            Paging::Always => true,
            Paging::Never => false,
        };
        Output { wanted, bar, pager: None }
    }

    fn start(&mut self) {
        self.wanted = false;
        let named = std::env::var("PAGER").unwrap_or_else(|_| "less".to_string());
        let Some(mut command) = command(named.trim()) else { return };
        self.bar.finish_and_clear();
        for (name, value) in [("LESS", LESS), ("LV", "-c")] {
            if std::env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
        match command.stdin(Stdio::piped()).spawn() {
            Ok(child) => self.pager = Some(child),
            Err(error) => say(&format_args!("{named}: {error}")),
        }
    }
}

/// How a pager is started; not at all where nobody is named, or who only copies.
fn command(pager: &str) -> Option<Command> {
    let mut words = pager.split_whitespace();
    let program = words.next().filter(|program| *program != "cat")?;
    if !cfg!(windows) && pager.contains(|letter| FOR_A_SHELL.contains(letter)) {
        let mut command = Command::new("sh");
        command.args(["-c", pager]);
        return Some(command);
    }
    let mut command = Command::new(program);
    command.args(words);
    // Without it `less` would go on alone, on a terminal that it has changed, where Ctrl-C ends this program.
    if Path::new(program).file_name().is_some_and(|name| name == "less") {
        command.arg("-K");
    }
    Some(command)
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
            // How it ends is between it and its reader, if it has begun.
            let code = pager.wait().ok().and_then(|status| status.code());
            if code.is_some_and(|code| NOT_RUN.contains(&code)) {
                say(&"the pager that PAGER names cannot be run: --paging never prints without one");
            }
        }
    }
}
