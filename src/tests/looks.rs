//! Guards linear time by counting: how often the lines of a log are read must not depend on what else is in the log.
//!
//! Times are measured by `benches/worst.rs`, whose shapes of logs are tried here as well. `../shared` beside the
//! project holds more logs; where it is absent the test passes without them.

use std::path::Path;
use std::time::{Duration, Instant};

use walkdir::WalkDir;

#[path = "../../benches/shapes/mod.rs"]
mod shapes;

use super::support;
use crate::formats::FAMILIES;
use crate::{Line, reports, rules};
use shapes::{BANNERS, shapes};

/// How often a line is read, at most and on average.
const LOOKS_A_LINE: u64 = 4;
/// Whatever the log: a report near its end looks around as well.
const LOOKS_A_LOG: u64 = 256;

/// How often lines were read for the reports and titles of a log, and how many lines it has.
fn looks(log: &[u8]) -> (u64, u64) {
    let before = Line::looks();
    for report in reports(log) {
        assert!(!report.title().is_empty());
    }
    let lines = log.split_inclusive(|&byte| byte == b'\n').count();
    (Line::looks() - before, lines as u64)
}

/// The logs in which lines are read too often.
#[derive(Default)]
struct TooMany {
    tried: usize,
    found: Vec<(u64, String)>,
}

impl TooMany {
    fn check(&mut self, name: &str, log: &[u8]) {
        let (looks, lines) = looks(log);
        self.tried += 1;
        if looks > LOOKS_A_LINE * lines + LOOKS_A_LOG {
            self.found.push((looks / lines.max(1), format!("{name}: {lines} lines read {looks} times")));
        }
    }

    /// Fails with the worst.
    fn fail_if_any(mut self) {
        self.found.sort_by(|a, b| b.cmp(a));
        let worst: Vec<&str> = self.found.iter().take(40).map(|(_, text)| text.as_str()).collect();
        assert!(worst.is_empty(), "{} of {} logs:\n{}", self.found.len(), self.tried, worst.join("\n"));
    }
}

#[test]
fn lines_of_shapes_are_read_a_few_times() {
    let mut too_many = TooMany::default();
    for shape in shapes() {
        too_many.check(&shape.name, &shape.log(20_000));
    }
    too_many.fail_if_any();
}

#[test]
fn lines_of_real_logs_are_read_a_few_times() {
    let mut too_many = TooMany::default();
    for log in support::all_logs() {
        too_many.check(&log.path.display().to_string(), &log.bytes);
    }
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    for folder in ["lab", "lab7", "pasted", "corpus/syzkaller/linux"] {
        for entry in WalkDir::new(shared.join(folder)).sort_by_file_name().into_iter().filter_map(Result::ok)
        {
            let path = entry.path();
            // Cases of the corpus have no suffix.
            if entry.file_type().is_file() && path.extension().is_none_or(|suffix| suffix == "log") {
                let log = std::fs::read(path).unwrap();
                too_many.check(&path.display().to_string(), &log);
            }
        }
    }
    too_many.fail_if_any();
}

#[test]
fn a_line_of_banners_is_tried_once_for_each_family() {
    let start = Instant::now();
    assert!(rules::classify(&Line::parse(0, &b"BUG: x ".repeat(9_000))).is_none());
    // Each banner on its own takes minutes.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn shapes_have_a_banner_of_each_family() {
    let mut known = Vec::new();
    for banner in BANNERS {
        // Some words are a banner where the kernel says them and nowhere else.
        let line = format!("[    1.000000] {banner}");
        let family = rules::classify(&Line::parse(0, line.as_bytes()));
        known.push(family.unwrap_or_else(|| panic!("no banner: {banner}")).family);
    }
    for family in FAMILIES.iter().copied().flatten() {
        let has = known.iter().any(|other| std::ptr::eq(*other, family));
        assert!(has, "benches/shapes/banners.rs lacks {:?}", family.banner);
    }
}

#[test]
fn shapes_are_as_large_as_wanted() {
    for shape in shapes() {
        let log = shape.log(10_000);
        assert!((10_000..100_000).contains(&log.len()), "{}: {}", shape.name, log.len());
        assert_eq!(log, shape.log(10_000), "{}", shape.name);
    }
    let mut names: Vec<String> = shapes().into_iter().map(|shape| shape.name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "two shapes of one name");
}
