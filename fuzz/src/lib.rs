//! What every report promises, for the fuzz targets.

use std::ops::Range;

use crashparse::ser::JsonReport;
use crashparse::{Prefix, Report, TextReport};

/// Whether `part` is a slice of `whole`, not only equal to one.
pub fn lies_in(whole: &[u8], part: &[u8]) -> bool {
    let (whole, part) = (whole.as_ptr_range(), part.as_ptr_range());
    whole.start <= part.start && part.end <= whole.end
}

/// Asks for everything public of a report.
pub fn ask(report: &Report<'_>) {
    assert!(!report.title().is_empty());
    let facts = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        report.frame(),
        report.guilty_file(),
        report.alternative_titles(),
        report.kind(),
        report.corruption(),
        report.blamed(),
        report.follows(),
        report.panicked(),
        report.suppressed(),
        report.executor(),
        report.signature(),
        report.line_number(),
    );
    let machine = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        report.time(),
        report.task(),
        report.cpu(),
        report.hardware(),
        report.workqueue(),
        report.message(),
        report.panic_message(),
        report.kernel_offset(),
        report.modules_linked_in(),
    );
    let state = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        report.traces(),
        report.frames(),
        report.register_dumps(),
        report.registers(),
        report.held_locks(),
        report.lock_attempt(),
        report.memory(),
        report.hung_task(),
        report.blockers(),
    );
    assert!(!facts.is_empty() && !machine.is_empty() && !state.is_empty());
    let text = TextReport::new(report).at("log", 1).to_string();
    assert!(!text.is_empty());
    let control = text.lines().find(|line| line.contains(char::is_control));
    assert!(control.is_none(), "a control character is shown: {control:?}");
    let control = report.title().contains(char::is_control);
    assert!(!control, "a control character in a title: {:?}", report.title());
    serde_json::to_string(&JsonReport::new(report).line(1).path("log")).unwrap();
}

/// Checks that the lines of a report lie in its log, in order.
pub fn check_lines(log: &[u8], report: &Report<'_>) {
    let span = report.span();
    assert!(span.start < span.end && span.end <= log.len(), "{span:?}");
    for line in report.preamble().iter().chain(report.lines()) {
        assert!(lies_in(log, line.raw) && lies_in(line.raw, line.body), "{}", line.offset);
        assert!(std::ptr::eq(log[line.offset..].as_ptr(), line.raw.as_ptr()), "{}", line.offset);
    }
    let offsets: Vec<usize> = report.lines().iter().map(|line| line.offset).collect();
    assert_eq!(offsets.first(), Some(&span.start), "the first line is not the banner");
    assert!(offsets.is_sorted_by(|a, b| a < b), "lines out of order at {span:?}");
    assert!(report.preamble().iter().all(|line| line.offset < span.start), "{span:?}");
}

/// What must not change, however a log is read.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub title: String,
    pub span: Range<usize>,
    pub follows: Option<usize>,
    pub corruption: Option<&'static str>,
    pub signature: u64,
    pub preamble: Vec<usize>,
    pub doubtful: Vec<usize>,
    pub lines: Vec<(usize, Prefix, Vec<u8>)>,
}

impl Seen {
    pub fn of(report: &Report<'_>) -> Seen {
        Seen {
            title: report.title().to_string(),
            span: report.span(),
            follows: report.follows(),
            corruption: report.corruption().map(|corruption| corruption.as_str()),
            signature: report.signature(),
            preamble: report.preamble().iter().map(|line| line.offset).collect(),
            doubtful: report.doubtful_lines().iter().map(|line| line.offset).collect(),
            lines: report.lines().iter().map(|line| (line.offset, line.prefix, line.body.to_vec())).collect(),
        }
    }
}

/// Says where two lists of reports differ first, briefly enough to be read.
pub fn assert_same(way: &str, whole: &[Seen], other: &[Seen]) {
    let same = whole.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (a, b) = (whole.get(same), other.get(same));
    let brief = |seen: Option<&Seen>| {
        seen.map(|seen| {
            let offsets: Vec<usize> = seen.lines.iter().map(|line| line.0).collect();
            let Seen { title, span, follows, corruption, signature, preamble, doubtful, .. } = seen;
            format!("{title}, {span:?}, follows {follows:?}, {corruption:?}, {signature:x}, {preamble:?} {offsets:?} {doubtful:?}")
        })
    };
    assert!(a.is_none() && b.is_none(), "{way}, report {same}:\n  {:?}\n  {:?}", brief(a), brief(b));
}

/// Takes numbers from the front of an input.
pub struct Choices<'i>(pub &'i [u8]);

impl Choices<'_> {
    pub fn byte(&mut self) -> usize {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                usize::from(*first)
            }
            [] => 0,
        }
    }

    /// A number from 1 to 64 Ki; small ones as often as large ones.
    pub fn size(&mut self) -> usize {
        let (exponent, mantissa) = (self.byte() % 17, self.byte());
        (1 << exponent) + ((mantissa << exponent) >> 8)
    }
}
