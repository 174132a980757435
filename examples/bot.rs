//! What a bot wants to know of a stream of logs: a JSON object for each crash, and whether it is the first of its kind.
//!
//! ```text
//! cat testdata/logs/*.log | cargo run --release --example bot
//! ```

use std::collections::HashSet;
use std::io;

use crashparse::ReportReader;
use crashparse::ser::JsonReport;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The stream may be of any length: memory is bounded, and each report comes as soon as it is complete.
    let mut reader = ReportReader::new(io::stdin().lock());
    let mut known = HashSet::new();
    while let Some(report) = reader.next_report()? {
        // The same bug has the same signature whatever the addresses and the offsets.
        let is_new = known.insert(report.signature());
        let json = serde_json::to_string(&JsonReport::new(&report).line(report.line_number().unwrap_or(0)))?;
        println!("{{\"new\":{is_new},\"report\":{json}}}");
    }
    Ok(())
}
