//! JUnit XML: a suite for each log, a failed case for each report, and a passed one where there is none.

use std::io::{self, Write};

use crashparse::Plain;

/// Cases of a log, and bytes of them: more than any CI shows.
const CASES: usize = 10_000;
const CASE_BYTES: usize = 32 << 20;

/// The cases of a log, until their number is known.
#[derive(Default)]
pub(crate) struct Suite {
    cases: Vec<u8>,
    failures: usize,
    left_out: usize,
    errors: usize,
}

impl Suite {
    /// A report's case: its title, where it is, its kind and its text.
    pub(crate) fn case(path: &str, line: u64, title: &str, kind: &str, text: &str) -> Vec<u8> {
        let class = escape(&Plain(path.as_bytes()).to_string());
        let (title, kind, text) = (escape(title), escape(kind), escape(text));
        format!(
            "  <testcase classname=\"{class}\" name=\"{title} (line {line})\" file=\"{class}\" line=\"{line}\">\n\
             \x20   <failure message=\"{title}\" type=\"{kind}\">{text}</failure>\n  </testcase>\n"
        )
        .into_bytes()
    }

    pub(crate) fn add(&mut self, case: &[u8]) {
        if self.failures < CASES && self.cases.len() + case.len() <= CASE_BYTES {
            self.failures += 1;
            self.cases.extend_from_slice(case);
        } else {
            self.left_out += 1;
        }
    }

    /// The log could not be read, or not to its end.
    pub(crate) fn failed(&mut self, path: &str, error: &str) {
        let (class, error) = (escape(path), escape(error));
        self.errors += 1;
        self.cases.extend_from_slice(
            format!(
                "  <testcase classname=\"{class}\" name=\"reading\">\n    <error message=\"{error}\"/>\n  </testcase>\n"
            )
            .as_bytes(),
        );
    }

    /// Writes the suite of a log, which may be `empty`.
    pub(crate) fn write(self, path: &str, empty: bool, out: &mut impl Write) -> io::Result<()> {
        let Suite { cases, failures, left_out, errors } = self;
        let name = escape(path);
        // What was left out is one case together.
        let failed = failures + usize::from(left_out > 0);
        let tests = (failed + errors).max(1);
        writeln!(
            out,
            " <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failed}\" errors=\"{errors}\">"
        )?;
        out.write_all(&cases)?;
        if left_out > 0 {
            let more = format!("{left_out} more reports");
            out.write_all(&Suite::case(path, 0, &more, "", ""))?;
        }
        match failed + errors {
            0 if empty => {
                let skipped = "<skipped message=\"the log is empty\"/>";
                writeln!(out, "  <testcase classname=\"{name}\" name=\"no crash\">{skipped}</testcase>")?
            }
            0 => writeln!(out, "  <testcase classname=\"{name}\" name=\"no crash\"/>")?,
            _ => {}
        }
        writeln!(out, " </testsuite>")
    }
}

/// Text of an attribute or an element. Control characters have been replaced before.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 has no place for these.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            char => out.push(char),
        }
    }
    out
}
