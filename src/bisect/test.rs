//! One tested revision: its runs and what they came to.

use std::cmp::Reverse;
use std::collections::HashMap;

/// What git is told of a revision. Git's own words: "bad" is the newer side, whatever is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// `git bisect good`: as before the change.
    Good,
    /// `git bisect bad`: as after the change.
    Bad,
    /// `git bisect skip`: cannot be told.
    Skip,
}

impl Mark {
    /// `good`, `bad` or `skip`.
    pub fn as_str(self) -> &'static str {
        match self {
            Mark::Good => "good",
            Mark::Bad => "bad",
            Mark::Skip => "skip",
        }
    }
}

/// Why a revision was tested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The revision that the crash was found on.
    #[default]
    Original,
    /// That revision with a smaller configuration.
    Minimisation,
    /// `testing release v6.9`
    Release,
    /// `testing current HEAD HASH`, for a fix.
    Head,
    /// `HASH/TITLE is a merge base, check if it has the bug`
    MergeBase,
    /// A revision before the one that git chose, tested to know whether that one can have the bug.
    Ancestor,
    /// A revision that git chose.
    Step,
}

impl Stage {
    /// The name as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Original => "original",
            Stage::Minimisation => "minimisation",
            Stage::Release => "release",
            Stage::Head => "head",
            Stage::MergeBase => "merge-base",
            Stage::Ancestor => "ancestor",
            Stage::Step => "step",
        }
    }
}

/// What a test run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunResult<'a> {
    /// `OK`
    Ok,
    /// `crashed: TITLE`, in older logs `kernel crashed: TITLE`
    Crashed(&'a [u8]),
    /// `ignore: TITLE`: a crash of the machinery.
    Ignored(&'a [u8]),
    /// `boot failed: MESSAGE`
    BootFailed(&'a [u8]),
    /// `basic kernel testing failed: MESSAGE`
    TestFailed(&'a [u8]),
    /// `infra problem: MESSAGE`
    Infra(&'a [u8]),
    /// `failed: ERROR`
    Failed(&'a [u8]),
    /// Any other words.
    Other(&'a [u8]),
}

/// A result with a message.
type Messaged = for<'m> fn(&'m [u8]) -> RunResult<'m>;

/// Words that stand before a message, and what they mean.
const WORDS: &[(&str, Messaged)] = &[
    ("crashed: ", |title| RunResult::Crashed(title)),
    ("kernel crashed: ", |title| RunResult::Crashed(title)),
    ("ignore: ", |title| RunResult::Ignored(title)),
    ("boot failed: ", |message| RunResult::BootFailed(message)),
    ("basic kernel testing failed: ", |message| RunResult::TestFailed(message)),
    ("infra problem: ", |message| RunResult::Infra(message)),
    ("failed: ", |message| RunResult::Failed(message)),
];

impl<'a> RunResult<'a> {
    /// The result that a run's words tell.
    pub(super) fn parse(words: &'a [u8]) -> RunResult<'a> {
        if words.trim_ascii() == b"OK" {
            return RunResult::Ok;
        }
        for (word, of) in WORDS {
            if let Some(message) = words.strip_prefix(word.as_bytes()) {
                return of(message);
            }
            // Cut short, or without a message.
            if words == word.trim_end_matches(": ").as_bytes() || words == word.trim_end().as_bytes() {
                return of(&[]);
            }
        }
        RunResult::Other(words)
    }

    /// The name as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            RunResult::Ok => "ok",
            RunResult::Crashed(_) => "crashed",
            RunResult::Ignored(_) => "ignored",
            RunResult::BootFailed(_) => "boot-failed",
            RunResult::TestFailed(_) => "test-failed",
            RunResult::Infra(_) => "infra",
            RunResult::Failed(_) => "failed",
            RunResult::Other(_) => "other",
        }
    }

    /// The title or message, if there is one.
    pub fn message(self) -> Option<&'a [u8]> {
        match self {
            RunResult::Ok => None,
            RunResult::Crashed(text)
            | RunResult::Ignored(text)
            | RunResult::BootFailed(text)
            | RunResult::TestFailed(text)
            | RunResult::Infra(text)
            | RunResult::Failed(text)
            | RunResult::Other(text) => Some(text),
        }
    }
}

/// `run #3: OK`; of `all runs: OK` there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Run<'a> {
    /// Offset of the line.
    pub offset: usize,
    /// Its number, from 0; none for all runs.
    pub index: Option<u64>,
    /// What it came to.
    pub result: RunResult<'a>,
    /// Whether a record says that it is the bug under another title: `same bug: #3 by signature`.
    pub same: bool,
}

/// `unable to determine the verdict: 4 good runs (wanted 5), for bad wanted 2 in total, got 1`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undetermined {
    /// Runs that were OK.
    pub good: u64,
    /// So many would have been needed for a good verdict.
    pub wanted_good: u64,
    /// So many crashes for a bad one.
    pub wanted_bad: u64,
    /// Runs that crashed.
    pub bad: u64,
}

/// A tested revision.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Test<'a> {
    /// Offset of the line `testing commit HASH …`.
    pub offset: usize,
    /// The revision.
    pub commit: &'a str,
    /// Its subject, from git's line `[HASH] subject`.
    pub subject: Option<&'a [u8]>,
    /// The release that it is: `testing release v6.9`.
    pub release: Option<&'a [u8]>,
    /// Why it was tested.
    pub stage: Stage,
    /// `gcc`, `clang`, or in older logs the whole: `gcc (GCC) 8.1.0`.
    pub compiler: Option<&'a [u8]>,
    /// `compiler: Debian clang version 15.0.6, …`
    pub compiler_version: Option<&'a [u8]>,
    /// `kernel signature: SHA256`: equal for kernels that are.
    pub signature: Option<&'a [u8]>,
    /// `previous signature: SHA256`, of older logs.
    pub previous_signature: Option<&'a [u8]>,
    /// Its runs, or one for all.
    pub runs: Vec<Run<'a>>,
    /// Why there are none: `failed building HASH: …`, `repro testing failure: …`, all lines of it.
    pub failure: Option<&'a [u8]>,
    /// `representative crash: TITLE, types: [T1 T2]`
    pub representative: Option<(&'a [u8], Vec<&'a [u8]>)>,
    /// `false negative chance: 0.012`: syzkaller's own estimate.
    pub false_negative: Option<f64>,
    /// Why there is no verdict.
    pub undetermined: Option<Undetermined>,
    /// What git was told.
    pub mark: Option<Mark>,
    /// `Bisecting: N revisions left to test after this`
    pub left: Option<u64>,
    /// How many runs `all runs:` stands for.
    pub(super) all: u64,
}

impl<'a> Test<'a> {
    /// The title that most runs crashed with; of several the first.
    pub fn most_common_title(&self) -> Option<&'a [u8]> {
        let mut counts: HashMap<&[u8], (usize, Reverse<usize>)> = HashMap::new();
        for (at, run) in self.runs.iter().enumerate() {
            if let RunResult::Crashed(title) = run.result {
                counts.entry(title).or_insert((0, Reverse(at))).0 += 1;
            }
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(title, _)| title)
    }

    /// Whether its runs are listed as one: `all runs: OK`.
    pub fn all_equal(&self) -> bool {
        self.runs.iter().any(|run| run.index.is_none())
    }
}
