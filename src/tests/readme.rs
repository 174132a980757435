//! Guards the README's example: it is compiled and run here, and stands there word for word.

use std::fs;
use std::path::Path;

extern crate self as crashparse;

fn example() -> std::io::Result<()> {
    // from here
    use crashparse::reports;

    let log = std::fs::read("testdata/logs/oops-work.log")?;
    for report in reports(&log) {
        println!("{}: blame {:?}", report.title(), report.blamed());
        for trace in report.traces() {
            println!("  {} stack, {} frames", trace.kind.as_str(), trace.frames.len());
        }
    }
    // to here
    Ok(())
}

#[test]
fn the_example_runs_and_stands_in_the_readme() {
    example().unwrap();
    let source = include_str!("readme.rs");
    let (_, code) = source.split_once("// from here\n").unwrap();
    let (code, _) = code.split_once("    // to here\n").unwrap();
    let code: String =
        code.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect();
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    assert!(readme.contains(&format!("```rust\n{code}```\n")), "README.md has another example than\n{code}");
}
