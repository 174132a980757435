//! Bisection logs: what syzkaller's bisections and `git bisect` write, as facts that borrow the log.
//!
//! ```text
//! bisecting cause commit starting from c6dd78fcb8eefa15dd861889e0f59d301cb5230c
//! testing commit be8454afc50f43016ca8b6130d9673bdd0bd56ec with gcc (GCC) 8.1.0
//! run #0: crashed: INFO: task hung in perf_event_free_task
//! run #1: OK
//! # git bisect bad be8454afc50f43016ca8b6130d9673bdd0bd56ec
//! Bisecting: 1793 revisions left to test after this (roughly 11 steps)
//! ```
//!
//! A mail of syzbot's with the result is read as well. Three writers of logs are known: `pkg/bisect` of syzkaller in all its versions, git itself (`git bisect log`, and what
//! `git bisect run` shows), and [`Record`], which makes the second look like the first. A log may begin or end
//! anywhere, and its lines may end in CR LF and begin with a date. A line that fits no shape is kept in
//! [`Bisection::unknown`].
//!
//! [`Bisection::confidence`] says how far the log's own runs bear its verdict out.

mod build;
mod commit;
mod confidence;
mod counts;
mod judge;
mod line;
mod list;
mod minimise;
mod posterior;
mod rates;
mod retest;
mod test;

use std::ops::Range;
use std::time::Duration;

use crate::report::{self, Report};

pub use commit::{Commit, Fixes, Trailer};
pub(crate) use confidence::MOST_TESTS;
pub use confidence::{Confidence, Weighed};
pub use counts::Counts;
pub use judge::{Judged, Match, Record, Ruling, Wanted};

pub use minimise::Minimisation;
pub use retest::Retest;
pub use test::{Mark, Run, RunResult, Stage, Test, Undetermined};

/// Reads a bisection log; `None` for any other text, of which only the beginning is looked at.
///
/// ```
/// let log = b"testing commit 0ecfebd2b52404ae0c54a878c872bb93363ada36 with gcc (GCC) 8.1.0\nall runs: OK\n";
/// let bisection = crashparse::bisection(log).unwrap();
/// assert_eq!(bisection.tests[0].compiler, Some(&b"gcc (GCC) 8.1.0"[..]));
/// assert!(crashparse::bisection(b"[    0.000000] Linux version 6.1.0\n").is_none());
/// ```
pub fn bisection(log: &[u8]) -> Option<Bisection<'_>> {
    is_bisection(log).then(|| build::read(log))
}

/// Whether a log that begins with these bytes is one of a bisection: 16 KiB of it are enough.
pub fn is_bisection(head: &[u8]) -> bool {
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    head.split(|byte| *byte == b'\n').take(HEAD_LINES).any(|line| line::text(line).is_some_and(line::tells))
}

/// Most bytes and lines that are looked at to recognise a log.
const HEAD_BYTES: usize = 16 << 10;
const HEAD_LINES: usize = 256;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BisectionKind {
    /// The commit that brought the crash: `bisecting cause commit starting from …`.
    Cause,
    /// The commit that fixed it: `bisecting fixing commit since …`. Here git's "bad" means that nothing crashes.
    Fix,
}

impl BisectionKind {
    /// `cause` or `fix`.
    pub fn as_str(self) -> &'static str {
        match self {
            BisectionKind::Cause => "cause",
            BisectionKind::Fix => "fix",
        }
    }
}

/// How a bisection ended, by its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// One commit is named.
    Found,
    /// `bisection is inconclusive, the first bad commit could be any of:`
    Inconclusive,
    /// `crash still not fixed or there were kernel test errors`
    NotFixed,
    /// `oldest tested release already had the bug or it had kernel test errors`
    OldestBad,
    /// `error: …`
    Error,
}

impl Outcome {
    /// The name as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Found => "found",
            Outcome::Inconclusive => "inconclusive",
            Outcome::NotFixed => "not-fixed",
            Outcome::OldestBad => "oldest-bad",
            Outcome::Error => "error",
        }
    }
}

/// A bisection as its log tells it. What the log does not say, or no more, is absent or empty.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Bisection<'a> {
    log: &'a [u8],
    title: Option<&'a [u8]>,
    /// Cause or fix; absent of a log that git alone wrote, which then is of a cause.
    pub kind: Option<BisectionKind>,
    /// `ci-1 starts bisection 2026-01-02 03:04:05.6 +0000 UTC m=+1.2`: who and when.
    pub begun: Option<(&'a [u8], &'a [u8])>,
    /// The commit that the crash was found on: `bisecting cause commit starting from HASH`.
    pub start: Option<&'a str>,
    /// `building syzkaller on HASH`
    pub syzkaller: Option<&'a str>,
    /// What was tried to make the configuration smaller.
    pub minimisation: Vec<Minimisation<'a>>,
    /// `picked [v6.9 v6.8] out of 12 release tags`
    pub releases: Option<(Vec<&'a [u8]>, u64)>,
    /// `# git bisect start BAD GOOD`: revisions as they were given, the bad one first.
    pub range: Option<Vec<&'a [u8]>>,
    /// Words for bad and good, if other ones were chosen: `git bisect start --term-new=fixed --term-old=broken`.
    pub terms: Option<(&'a [u8], &'a [u8])>,
    /// Tests, in their order.
    pub tests: Vec<Test<'a>>,
    /// What git was told of each revision.
    pub steps: Vec<Step<'a>>,
    /// The commit that is named: as git shows it, or only its hash and subject.
    pub culprit: Option<Commit<'a>>,
    /// Commits that are left of an inconclusive bisection.
    pub candidates: Vec<Named<'a>>,
    /// `commit msg: T`: the subject of the commit that a bisection without result ended at.
    pub ended_at: Option<&'a [u8]>,
    /// `error: …`, all lines of it.
    pub error: Option<&'a [u8]>,
    /// `crash still not fixed on HEAD …`, `oldest tested release already had the bug …` and their older forms.
    pub ending: Option<(Outcome, &'a [u8])>,
    /// `recipients (to): ["a" "b"]`
    pub to: Vec<&'a [u8]>,
    /// `recipients (cc): ["a" "b"]`, in older logs `cc: [...]`
    pub cc: Vec<&'a [u8]>,
    /// `revisions tested: 17, total time: 5h1m2.3s (build: 2h.., test: 3h..)`
    pub totals: Option<Totals>,
    /// `accumulated error probability: 0.12`: syzkaller's own estimate that a good verdict was a miss.
    pub accumulated_error: Option<f64>,
    /// `reproducer is flaky (0.40 repro chance estimate)`: syzkaller's own estimate of the crash rate.
    pub repro_chance: Option<f64>,
    /// Whether the log says that the crash does not come each time.
    pub flaky: bool,
    /// `culprit signature: SHA`
    pub culprit_signature: Option<&'a [u8]>,
    /// `parent  signature: SHA`
    pub parent_signature: Option<&'a [u8]>,
    /// `looking for crash: TITLE` of a [`Record`].
    pub wanted: Option<&'a [u8]>,
    /// `crash: TITLE`, and where the report stands that follows it.
    pub crash: Option<Crash<'a>>,
    /// What a mail of syzbot's says of its bisection: `git tree:       upstream`, with the words before the colon.
    pub mail: Vec<(&'a str, &'a [u8])>,
    /// Lines whose shape is known and that say nothing more: `fetch other tags and check if the commit is present`.
    pub notes: Vec<(usize, &'a [u8])>,
    /// Lines that fit no shape, with their offsets.
    pub unknown: Vec<(usize, &'a [u8])>,
}

/// What git was told of a revision: `# git bisect good HASH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step<'a> {
    /// Offset of the line.
    pub offset: usize,
    /// Good, bad or skip.
    pub mark: Mark,
    /// The revision as it was given.
    pub commit: &'a [u8],
    /// Its subject.
    pub subject: Option<&'a [u8]>,
    /// `Bisecting: 1793 revisions left to test after this`, of the line before the revision was tested.
    pub left: Option<u64>,
    /// Its number in [`Bisection::tests`].
    pub test: Option<usize>,
}

/// A commit that is only named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Named<'a> {
    /// Its hash.
    pub hash: &'a str,
    /// Its subject.
    pub subject: Option<&'a [u8]>,
}

/// `revisions tested: 16, total time: 4h25m55.6s (build: 1h35m0.8s, test: 2h45m11.0s)`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Revisions tested.
    pub tested: u64,
    /// From beginning to end.
    pub total: Option<Duration>,
    /// Time of building.
    pub build: Option<Duration>,
    /// Time of testing.
    pub test: Option<Duration>,
}

/// The crash of the last bad revision.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Crash<'a> {
    /// `crash: TITLE`
    pub title: &'a [u8],
    /// Bytes of the log that hold its report.
    pub report: Range<usize>,
}

impl<'a> Bisection<'a> {
    /// How it ended; `None` if the log does not say so.
    pub fn outcome(&self) -> Option<Outcome> {
        if self.error.is_some() {
            return Some(Outcome::Error);
        }
        if let Some((ending, _)) = self.ending {
            return Some(ending);
        }
        match self.culprit {
            _ if self.candidates.len() > 1 => Some(Outcome::Inconclusive),
            Some(_) => Some(Outcome::Found),
            None => None,
        }
    }

    /// Whether it looks for a fix, so that git's "bad" means that nothing crashes.
    pub fn seeks_fix(&self) -> bool {
        self.kind == Some(BisectionKind::Fix)
    }

    /// The report at the end of the log.
    pub fn report(&self) -> Option<Report<'a>> {
        report::reports_in(self.log, self.crash.as_ref()?.report.clone()).next()
    }

    /// The title of the bug that is bisected.
    ///
    /// It is the one that a record names (`looking for crash: TITLE`), else the one that crashed the first revision that
    /// crashed at all most often, else the one of the crash at the end.
    pub fn title(&self) -> Option<&'a [u8]> {
        self.title
    }

    /// What the runs of a test came to. Of `all runs:` their number is that of the tests nearby that list them.
    pub fn counts(&self, test: &Test<'a>) -> Counts {
        counts::of(self.title, test)
    }

    /// Whether a test's revision is taken to have the crash: as git was told, else as its runs show by themselves.
    pub fn crashes(&self, test: &Test<'a>) -> Option<bool> {
        match test.mark {
            Some(Mark::Bad) => Some(!self.seeks_fix()),
            Some(Mark::Good) => Some(self.seeks_fix()),
            Some(Mark::Skip) => None,
            None => self.counts(test).crashes().filter(|_| test.undetermined.is_none()),
        }
    }

    /// Titles that crashed, other than the bug's own, with how often.
    pub fn other_titles(&self) -> Vec<(&'a [u8], u64)> {
        counts::other_titles(self)
    }

    /// How far the runs bear the verdict out; `None` if the log has no runs of the bisected revisions, or no crash, or
    /// more than 128 answers, which no bisection has.
    pub fn confidence(&self) -> Option<Confidence> {
        confidence::of(self)
    }
}
