//! Guards what the crate says of the logs of `testdata/`: titles, and every fact as it stands in the JSON.
//!
//! Beside each `NAME.log` stand `NAME.titles` (a line `LINE: TITLE` for each report) and, where there are
//! reports, `NAME.json` (the reports without their text, whose number of lines is kept).
//! `CRASHPARSE_UPDATE=1 cargo test golden` writes them anew: read what changed before keeping it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{LineNumbers, reports};

use super::support::{self, Log};

/// Lines of `negative/` that are reported although they are no kernel's report: to be fixed.
///
/// A line that is not reported any more must leave this list.
const FALSE_REPORTS: &[(&str, u64)] = &[];

/// Whether the goldens are to be written anew.
fn updating() -> bool {
    std::env::var_os("CRASHPARSE_UPDATE").is_some_and(|value| value == "1")
}

/// `177: KASAN: use-after-free Read in do_step`, a line for each report.
fn titles(log: &[u8]) -> String {
    let mut numbers = LineNumbers::new(log);
    let mut out = String::new();
    for report in reports(log) {
        let line = numbers.of(report.span().start);
        out.push_str(&format!("{line}: {}\n", report.title()));
    }
    out
}

#[cfg(feature = "serde")]
mod json {
    use serde_json::{Value, json};

    use crate::ser::JsonReport;
    use crate::{LineNumbers, reports};

    /// Longest line of a golden file before it is broken into several.
    const LINE: usize = 150;

    /// The reports of a log; `None` if there are none.
    pub(super) fn of(log: &[u8]) -> Option<String> {
        let mut numbers = LineNumbers::new(log);
        let mut all = Vec::new();
        for report in reports(log) {
            let line = numbers.of(report.span().start);
            let mut value = serde_json::to_value(JsonReport::new(&report).line(line)).unwrap();
            let text = value.get("text").and_then(Value::as_str).unwrap_or_default();
            value["text"] = json!(text.lines().count());
            all.push(value);
        }
        let mut out = String::new();
        write(&Value::Array(all), 0, "", &mut out);
        out.push('\n');
        (out != "[]\n").then_some(out)
    }

    /// Writes a value: on one line if it is short, else an item a line.
    fn write(value: &Value, depth: usize, key: &str, out: &mut String) {
        let flat = format!("{key}{value}");
        let whole = depth > 1 && 2 * depth + flat.len() <= LINE;
        out.push_str(&" ".repeat(2 * depth));
        let (open, close, items): (char, char, Vec<(String, &Value)>) = match value {
            Value::Array(list) if !whole && !list.is_empty() => {
                ('[', ']', list.iter().map(|item| (String::new(), item)).collect())
            }
            Value::Object(map) if !whole && !map.is_empty() => {
                ('{', '}', map.iter().map(|(key, item)| (format!("{}: ", json!(key)), item)).collect())
            }
            _ => return out.push_str(&flat),
        };
        out.push_str(key);
        out.push(open);
        out.push('\n');
        let last = items.len() - 1;
        for (i, (key, item)) in items.iter().enumerate() {
            write(item, depth + 1, key, out);
            out.push_str(if i < last { ",\n" } else { "\n" });
        }
        out.push_str(&" ".repeat(2 * depth));
        out.push(close);
    }
}

/// Compares a golden file with what is there now, or writes it; `Some` is the complaint.
fn check(path: &Path, now: Option<&str>) -> Option<String> {
    let then = fs::read_to_string(path).ok();
    if then.as_deref() == now {
        return None;
    }
    if updating() {
        match now {
            Some(now) => fs::write(path, now).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        return None;
    }
    let place = path.strip_prefix(support::testdata()).unwrap_or(path).display();
    Some(match (then, now) {
        (None, _) => format!("testdata/{place}: missing\n"),
        (Some(_), None) => format!("testdata/{place}: the log has no report now\n"),
        (Some(then), Some(now)) => format!("testdata/{place}:{}", difference(&then, now)),
    })
}

/// The first line that differs, with what stands round it.
fn difference(then: &str, now: &str) -> String {
    let (then, now): (Vec<&str>, Vec<&str>) = (then.lines().collect(), now.lines().collect());
    let same = then.iter().zip(&now).take_while(|(a, b)| a == b).count();
    let mut out = format!("{}:\n", same + 1);
    for line in &then[same.saturating_sub(3)..same] {
        out.push_str(&format!("    {line}\n"));
    }
    for line in then[same..].iter().take(3) {
        out.push_str(&format!("  - {line}\n"));
    }
    for line in now[same..].iter().take(3) {
        out.push_str(&format!("  + {line}\n"));
    }
    out
}

/// Compares all goldens, each of a log by `of`.
fn compare(extension: &str, of: impl Fn(&Log) -> Option<String>) {
    let complaints: Vec<String> = support::all_logs()
        .iter()
        .filter_map(|log| check(&log.path.with_extension(extension), of(log).as_deref()))
        .collect();
    assert!(
        complaints.is_empty(),
        "{}\n{} differ. If the new ones are right: CRASHPARSE_UPDATE=1 cargo test golden",
        complaints.concat(),
        complaints.len()
    );
}

#[test]
fn titles_are_as_in_the_golden_files() {
    compare("titles", |log| Some(titles(&log.bytes)));
}

#[cfg(feature = "serde")]
#[test]
fn facts_are_as_in_the_golden_files() {
    compare("json", |log| json::of(&log.bytes));
}

#[test]
fn nothing_is_reported_of_negative_logs() {
    let mut found: Vec<(String, u64, String)> = Vec::new();
    for log in support::logs("negative") {
        let mut numbers = LineNumbers::new(&log.bytes);
        for report in reports(&log.bytes) {
            found.push((log.name.clone(), numbers.of(report.span().start), report.title().to_string()));
        }
    }
    let known = |name: &str, line: u64| FALSE_REPORTS.contains(&(name, line));
    let new: Vec<_> = found.iter().filter(|(name, line, _)| !known(name, *line)).collect();
    assert!(new.is_empty(), "reported: {new:#?}");
    for (name, line) in FALSE_REPORTS {
        let needed = found.iter().any(|(n, l, _)| n == name && l == line);
        assert!(needed, "{name}:{line} is not reported any more: take it from FALSE_REPORTS");
    }
}

#[test]
fn every_golden_file_has_its_log() {
    for folder in support::FOLDERS {
        for path in support::files(folder).into_iter().filter(|path| !path.ends_with("README.md")) {
            let extension = path.extension().unwrap_or_default();
            assert!(
                ["log", "titles", "json"].iter().any(|known| extension == *known),
                "{}: neither a log nor a golden file",
                path.display()
            );
            assert!(path.with_extension("log").exists(), "{}: its log is missing", path.display());
        }
    }
}

#[test]
fn the_table_of_origins_names_every_log() {
    let folders = support::FOLDERS.iter().map(|folder| support::testdata().join(folder));
    let tables = folders.chain([support::testdata()]).map(|folder| folder.join("README.md"));
    let tables: Vec<String> = tables.filter_map(|path| fs::read_to_string(path).ok()).collect();
    let rows: Vec<&str> = tables
        .iter()
        .flat_map(|table| table.lines())
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    for log in support::all_logs() {
        let folder = log.path.parent().and_then(Path::file_name).unwrap().to_string_lossy();
        let name = format!("{folder}/{}.log", log.name);
        assert!(rows.contains(&name.as_str()), "no README.md of testdata/ says where {name} is from");
    }
    for row in rows {
        let path: PathBuf = support::testdata().join(row);
        assert!(path.exists(), "a README.md of testdata/ speaks of {row}, which is not there");
    }
}

#[test]
fn a_difference_shows_the_first_line_and_what_is_before() {
    let shown = difference("a\nb\nc\nd\ne\n", "a\nb\nc\nd\nf\ng\n");
    assert_eq!(shown, "5:\n    b\n    c\n    d\n  - e\n  + f\n  + g\n");
}
