//! The titles of the crashes in a log, as syzbot would give them.
//!
//! ```text
//! cargo run --release --example titles -- testdata/logs/hung-task.log
//! ```

use std::process::ExitCode;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: titles LOG")?;
    let log = std::fs::read(path)?;
    // A log in a container, `journalctl -o json` or a mail, becomes a console log; any other is borrowed.
    let log = crashparse::decode(&log);
    let mut lines = crashparse::LineNumbers::new(&log);
    let mut any = false;
    for report in crashparse::reports(&log) {
        println!("{}: {}", lines.of(report.span().start), report.title());
        any = true;
    }
    Ok(if any { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
