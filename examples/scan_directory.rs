//! How often each crash is in the logs of a directory, read by all cores.
//!
//! ```text
//! cargo run --release --example scan_directory -- testdata/logs
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::ops::ControlFlow;

use crashparse::{Found, Scan, Source};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args_os().nth(1).ok_or("usage: scan_directory DIRECTORY")?;
    let mut paths: Vec<_> =
        fs::read_dir(directory)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.is_file());
    paths.sort();
    // A log is opened when its turn comes, and large ones are read in ranges by several threads.
    let logs = paths.iter().filter_map(|path| {
        let file = File::open(path).inspect_err(|error| eprintln!("{}: {error}", path.display())).ok()?;
        let size = file.metadata().ok()?.len();
        Some(Source::file(file, size))
    });
    let mut crashes: BTreeMap<String, u64> = BTreeMap::new();
    // Nothing breaks off.
    let _ = Scan::new().run(
        logs,
        // In any thread: what is wanted of a report.
        |_, report| report.title().to_string(),
        // In this one, in the order of the logs.
        |_, found| {
            match found {
                Found::Report(title) => *crashes.entry(title).or_default() += 1,
                Found::Failed(error) => eprintln!("{error}"),
                _ => {}
            }
            ControlFlow::<()>::Continue(())
        },
    );
    for (title, count) in crashes {
        println!("{count:>6} {title}");
    }
    Ok(())
}
