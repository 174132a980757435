//! Tables as RFC 4180 has them, a record a line.

use std::io::{self, Write};

use crashparse::Plain;

/// Writes the names of columns. They are quoted: DuckDB takes a file for one without quotes if its first 20,480 lines have
/// none.
pub(crate) fn header(out: &mut impl Write, names: &[&str]) -> io::Result<()> {
    writeln!(out, "\"{}\"", names.join("\",\""))
}

/// Writes a record. What is not seen is an escape, as in text: a name with a newline is no second line.
pub(crate) fn row(out: &mut impl Write, fields: &[&str]) -> io::Result<()> {
    for (index, field) in fields.iter().enumerate() {
        let field = Plain(field.as_bytes()).to_string();
        let comma = if index > 0 { "," } else { "" };
        if field.contains(['"', ',']) {
            write!(out, "{comma}\"{}\"", field.replace('"', "\"\""))?;
        } else {
            write!(out, "{comma}{field}")?;
        }
    }
    writeln!(out)
}

/// A number, or nothing.
pub(crate) fn number(number: Option<u64>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

/// Microseconds in seconds, or nothing.
pub(crate) fn seconds(micros: Option<u64>) -> String {
    micros.map_or_else(String::new, |micros| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000))
}
