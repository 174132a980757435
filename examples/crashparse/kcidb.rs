//! KCIDB's JSON, schema 5.3, as `kcidb-io` checks it: a test for each report, an issue for each signature, and an incident
//! that ties the one to the other. Checkouts and builds are for who builds the kernel to submit.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Write};
use std::sync::Arc;

use clap::Args;
use crashparse::{Plain, Report};
use serde_json::{Map, Value, json};

use crate::select::signature;

/// Longest excerpt of a log, in characters.
const EXCERPT_CHARS: usize = 16_384;
/// Issues and incidents come behind all tests, and are kept until then: so many bytes, of a hundred thousand incidents.
const KEPT_BYTES: usize = 32 << 20;
/// What is known of an issue does not change, for its signature does not.
const ISSUE_VERSION: u32 = 1;

#[derive(Args)]
pub(crate) struct KcidbArgs {
    /// The CI that submits the tests, by the name under which KCIDB knows it: small letters, digits and `_`.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = origin,
        required_if_eq("format", "kcidb"),
        help_heading = "KCIDB"
    )]
    origin: Option<String>,

    /// The build that was tested, as it was submitted: `ORIGIN:ID`, or only ID where the origin is this one. KCIDB keeps
    /// tests of a build that it does not know, and shows them when it does.
    #[arg(long, value_name = "ID", value_parser = id, default_value = "unknown", help_heading = "KCIDB")]
    build: String,

    /// The tests' place in the tree of tests: words of letters, digits, `_` and `-`, with dots between them.
    #[arg(
        long,
        value_name = "PATH",
        value_parser = test_path,
        default_value = "crashparse",
        help_heading = "KCIDB"
    )]
    test_path: String,
}

fn is_origin(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn origin(text: &str) -> Result<String, &'static str> {
    is_origin(text).then(|| text.to_string()).ok_or("an origin has small letters, digits and `_` only")
}

fn id(text: &str) -> Result<String, &'static str> {
    (!text.is_empty()).then(|| text.to_string()).ok_or("an ID has a letter at least")
}

fn test_path(text: &str) -> Result<String, &'static str> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    let is_path = text.is_empty() || text.split('.').all(is_word);
    is_path.then(|| text.to_string()).ok_or("no words of letters, digits, `_` and `-` with dots between them")
}

/// What the objects of all logs share.
#[derive(Default)]
pub(crate) struct Kcidb {
    origin: String,
    build: String,
    path: String,
}

/// What is said of a report beside its test.
pub(crate) struct Objects {
    issue: String,
    incident: String,
    signature: u64,
}

impl Kcidb {
    pub(crate) fn new(args: &KcidbArgs) -> Kcidb {
        let origin = args.origin.clone().unwrap_or_default();
        let whole = args.build.split_once(':').is_some_and(|(origin, _)| is_origin(origin));
        let build = if whole { args.build.clone() } else { format!("{origin}:{}", args.build) };
        Kcidb { origin, build, path: args.test_path.clone() }
    }

    /// The test and the other objects of a report of a log, whose banner is in a line.
    pub(crate) fn report(&self, log: &str, line: u64, report: &Report<'_>) -> (Vec<u8>, Objects) {
        let lines = || report.preamble().iter().chain(report.lines()).map(|line| line.raw.trim_ascii_end());
        let is_bug = report.kind().is_bug();
        let title = plain(report.title());
        let number = line.to_string();
        let id = self.id([log.as_bytes(), number.as_bytes()].into_iter().chain(lines()));
        let issue_id = format!("{}:crashparse:{}", self.origin, signature(report.signature()));
        let kind = report.kind().as_str();
        let hardware = report.hardware().map(|name| json!({ "comment": Plain(name).to_string() }));
        let misc = members([
            ("log", Some(plain(log).into())),
            ("line", Some(line.into())),
            ("kind", Some(kind.into())),
            ("function", report.blamed().map(|name| plain(name).into())),
            ("release", report.task().and_then(|task| task.kernel).map(|release| plain(release).into())),
            ("boot", report.boot().map(Value::from)),
            ("seconds", report.time().map(|time| (time as f64 / 1e6).into())),
        ]);
        let mut test = self.test(&id, if is_bug { "FAIL" } else { "DONE" }, &title, log);
        test.extend(members([
            ("log_excerpt", Some(excerpt(lines().map(|line| Plain(line).to_string())).into())),
            ("environment", hardware),
            ("misc", Some(misc.into())),
        ]));
        let issue = members([
            ("id", Some(issue_id.as_str().into())),
            ("version", Some(ISSUE_VERSION.into())),
            ("origin", Some(self.origin.as_str().into())),
            ("comment", Some(title.into())),
            ("culprit", is_bug.then(|| json!({ "code": true }))),
            ("misc", Some(json!({ "kind": kind }))),
        ]);
        let incident = json!({
            "id": id, "origin": self.origin, "issue_id": issue_id, "issue_version": ISSUE_VERSION,
            "test_id": id, "present": true,
        });
        let (issue, incident) = (Value::from(issue).to_string(), incident.to_string());
        let test = Value::from(test).to_string().into_bytes();
        (test, Objects { issue, incident, signature: report.signature() })
    }

    /// A test of a log itself.
    fn log(&self, log: &str, status: &str, comment: &str) -> Vec<u8> {
        let id = self.id([log.as_bytes(), status.as_bytes()].into_iter());
        Value::from(self.test(&id, status, comment, log)).to_string().into_bytes()
    }

    fn test(&self, id: &str, status: &str, comment: &str, log: &str) -> Map<String, Value> {
        members([
            ("id", Some(id.into())),
            ("origin", Some(self.origin.as_str().into())),
            ("build_id", Some(self.build.as_str().into())),
            ("path", Some(self.path.as_str().into())),
            ("status", Some(status.into())),
            ("comment", Some(comment.into())),
            ("misc", Some(json!({ "log": plain(log) }))),
        ])
    }

    /// The ID of what is told from all others of a build by these words: always the same. A 64-bit FNV-1a hash.
    fn id<'w>(&self, words: impl Iterator<Item = &'w [u8]>) -> String {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut add = |word: &[u8]| {
            for byte in word.iter().chain(b"\n") {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
            }
        };
        add(self.build.as_bytes());
        add(self.path.as_bytes());
        words.for_each(add);
        format!("{}:crashparse:{hash:016x}", self.origin)
    }
}

/// An object, without what is not known.
fn members<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    members.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?))).collect()
}

fn plain(text: &str) -> String {
    Plain(text.as_bytes()).to_string()
}

/// The first lines of a report, as many as are taken.
fn excerpt(lines: impl Iterator<Item = String>) -> String {
    let (mut excerpt, mut chars) = (String::new(), 0);
    for line in lines {
        chars += line.chars().count() + 1;
        if chars > EXCERPT_CHARS {
            // Of a line that is too long alone there is a part.
            if excerpt.is_empty() {
                excerpt = line.chars().take(EXCERPT_CHARS).collect();
            }
            break;
        }
        excerpt += &line;
        excerpt.push('\n');
    }
    excerpt
}

/// The document, but for the tests that have been printed.
#[derive(Default)]
pub(crate) struct Document {
    kcidb: Arc<Kcidb>,
    tests: usize,
    /// By their signatures.
    issues: BTreeMap<u64, String>,
    incidents: String,
    kept_bytes: usize,
    /// Reports that were left out.
    pub(crate) left_out: u64,
}

impl Document {
    pub(crate) fn new(kcidb: Arc<Kcidb>) -> Document {
        Document { kcidb, ..Document::default() }
    }

    pub(crate) fn begin(out: &mut impl Write) -> io::Result<()> {
        write!(out, "{{\"version\":{{\"major\":5,\"minor\":3}},\"tests\":[")
    }

    /// Prints a report's test, and keeps the rest.
    pub(crate) fn report(&mut self, test: &[u8], of: Objects, out: &mut impl Write) -> io::Result<()> {
        if self.kept_bytes > KEPT_BYTES {
            self.left_out += 1;
            return Ok(());
        }
        self.kept_bytes += of.incident.len();
        self.incidents += if self.incidents.is_empty() { "\n" } else { ",\n" };
        self.incidents += &of.incident;
        if let Entry::Vacant(new) = self.issues.entry(of.signature) {
            self.kept_bytes += of.issue.len();
            new.insert(of.issue);
        }
        self.test(test, out)
    }

    /// Says that a log could not be read, or not to its end.
    pub(crate) fn failed(&mut self, log: &str, error: &str, out: &mut impl Write) -> io::Result<()> {
        let test = self.kcidb.log(log, "MISS", &plain(error));
        self.test(&test, out)
    }

    /// Ends a log that was read, of which so many reports were printed, and whose size is known if it was read to its end.
    pub(crate) fn end(
        &mut self,
        log: &str,
        reports: u64,
        bytes: Option<u64>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let (status, comment) = match bytes {
            _ if reports > 0 => return Ok(()),
            None => return Ok(()),
            Some(0) => ("SKIP", "the log is empty"),
            Some(_) => ("PASS", "no crash"),
        };
        let test = self.kcidb.log(log, status, comment);
        self.test(&test, out)
    }

    fn test(&mut self, test: &[u8], out: &mut impl Write) -> io::Result<()> {
        out.write_all(if self.tests > 0 { b",\n" } else { b"\n" })?;
        self.tests += 1;
        out.write_all(test)
    }

    pub(crate) fn finish(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "],\"issues\":[")?;
        for (at, issue) in self.issues.values().enumerate() {
            write!(out, "{}\n{issue}", if at > 0 { "," } else { "" })?;
        }
        writeln!(out, "],\"incidents\":[{}]}}", self.incidents)
    }
}
