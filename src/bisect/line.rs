//! What one line of a bisection log says.

use super::list::{
    WHOLE_HASH, between, bracketed, duration, fraction, hash, hash_and_rest, number, quoted, split, word,
    words,
};
use super::minimise::Minimisation;
use super::test::{Mark, RunResult, Undetermined};
use super::{BisectionKind, Named, Outcome, Totals};
use crate::text;

/// A line whose shape is known.
#[derive(Clone, Debug)]
pub(super) enum Shape<'a> {
    Begun(&'a [u8], &'a [u8]),
    Kind(BisectionKind, Option<&'a str>),
    Syzkaller(Option<&'a str>),
    Minimisation(Minimisation<'a>),
    Picked(Vec<&'a [u8]>, u64),
    Release(&'a [u8]),
    Head,
    MergeBase,
    /// `# git bisect start BAD GOOD`, `git bisect start 'BAD' 'GOOD'`
    Start(&'a [u8]),
    Left(u64),
    Revision(&'a str, &'a [u8]),
    Testing(&'a str, &'a [u8]),
    CompilerVersion(&'a [u8]),
    Signature(&'a [u8]),
    PreviousSignature(&'a [u8]),
    /// A message of any number of lines.
    Failure(&'a [u8]),
    All(RunResult<'a>),
    Run(u64, RunResult<'a>),
    Same(&'a [u8]),
    Wanted(&'a [u8]),
    Representative(&'a [u8], Vec<&'a [u8]>),
    FalseNegative(f64),
    Undetermined(Undetermined),
    /// `# git bisect bad HASH`, `git bisect bad HASH`: the word and what follows.
    Mark(&'a [u8], &'a [u8]),
    /// `# bad: [HASH] subject` of `git bisect log`
    Subject(Named<'a>),
    /// `HASH is the first bad commit`
    First(&'a str),
    /// `first bad commit: HASH subject`
    Culprit(Named<'a>),
    /// `commit HASH`, with which git begins to show it.
    Commit(&'a str),
    /// The list of candidates begins.
    AnyOf,
    Candidate(Named<'a>),
    Accumulated(f64),
    ReproChance(f64),
    Flaky,
    CulpritSignature(&'a [u8]),
    ParentSignature(&'a [u8]),
    Totals(Totals),
    /// A message of any number of lines.
    Error(&'a [u8]),
    Ending(Outcome, &'a [u8]),
    EndedAt(&'a [u8]),
    To(Vec<&'a [u8]>),
    Cc(Vec<&'a [u8]>),
    Crash(&'a [u8]),
    /// A line of syzbot's mail: `git tree:       upstream`
    Mail(&'a str, &'a [u8]),
    Note,
}

/// A line without its carriage return and the date that a tracer puts before it; `None` of an empty one.
pub(super) fn text(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = undated(line).unwrap_or(line);
    (!line.is_empty()).then_some(line)
}

/// What follows `02-Jan-2006 15:04:05: ` or `2006/01/02 15:04:05 `.
fn undated(line: &[u8]) -> Option<&[u8]> {
    const DATES: &[&[u8]] = &[b"00-aaa-0000 00:00:00: ", b"0000/00/00 00:00:00 "];
    DATES.iter().find_map(|date| {
        let (before, after) = line.split_at_checked(date.len())?;
        let fits = before.iter().zip(*date).all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            like => byte == like,
        });
        fits.then_some(after)
    })
}

/// Beginnings of lines that may show it: most logs are others.
const TELLING: &[&str] = &[
    "bisecting ",
    "searching for ",
    "Bisecting: ",
    "# ",
    "git bisect ",
    "testing commit ",
    "syzbot ",
    "Bisection is ",
];

/// Whether a line shows by itself that its log is one of a bisection.
pub(super) fn tells(line: &[u8]) -> bool {
    let begins = TELLING.iter().any(|start| text::begins(line, start));
    if !begins && hash_and_rest(line).is_none() && !text::contains(line, " starts bisection ") {
        return false;
    }
    let whole = |hash: &[u8]| hash.len() >= WHOLE_HASH && self::hash(hash).is_some();
    match parse(line) {
        Some(Shape::AnyOf | Shape::Ending(..)) => line.starts_with(b"Bisection is "),
        Some(Shape::Kind(_, None)) => line.starts_with(b"syzbot "),
        Some(Shape::Kind(_, Some(_)) | Shape::Begun(..) | Shape::Left(_) | Shape::Start(_)) => true,
        Some(Shape::Testing(commit, _) | Shape::First(commit)) => whole(commit.as_bytes()),
        Some(Shape::Mark(word, commit)) => mark(word).is_some() && whole(commit),
        Some(Shape::Subject(named)) => whole(named.hash.as_bytes()),
        _ => false,
    }
}

/// Lines that say nothing more, by their beginnings.
const NOTES: &[&str] = &[
    "fetch other tags and check if the commit is present",
    "fetch failed with ",
    "rewritten commit ",
    "ensuring issue is reproducible on original commit ",
    "determining the merge base between ",
    "expected 1 merge base, got ",
    "reproducer does not crash the merge base, so there's no known bad commit",
    "determine whether the revision contains the guilty commit",
    "revision ",
    "checking the merge base ",
    "no existing result, test the revision",
    "the bug was not introduced yet; pretend that kernel crashed",
    "parent commit ",
    "failed to detect release: ",
    "failed to detect noop change: ",
    "too many neither good nor bad results, skipping this commit",
    "# status: ",
    "# only skipped commits left to test",
    "There are only 'skip'ped commits left to test.",
    "We cannot bisect more!",
    "running ",
    "For information about bisection process see: ",
    "bisect run success",
    "bisect found first ",
    "bisect run cannot continue any more",
    "Previous HEAD position was ",
    "HEAD is now at ",
    "Switched to branch ",
    "status: waiting for ",
    "Already on ",
];

/// How bisections without a result end, by their beginnings.
const ENDINGS: &[(&str, Outcome)] = &[
    ("crash still not fixed", Outcome::NotFixed),
    ("the crash still happens on HEAD", Outcome::NotFixed),
    ("the crash is still unfixed", Outcome::NotFixed),
    ("HEAD had kernel build, boot or test errors", Outcome::NotFixed),
    ("oldest tested release already had the bug", Outcome::OldestBad),
    ("the crash already happened on the oldest tested release", Outcome::OldestBad),
    ("crash still happens on the oldest tested release", Outcome::OldestBad),
    ("crash still not fixed/happens on the oldest tested release", Outcome::OldestBad),
    ("Bisection is inconclusive: the issue happens on the oldest tested release.", Outcome::OldestBad),
    ("Bisection is inconclusive: the bug happens on the oldest tested release.", Outcome::OldestBad),
    ("Bisection is inconclusive: the issue happens on the latest tested release.", Outcome::NotFixed),
    ("Bisection is inconclusive: the bug happens on the latest tested release.", Outcome::NotFixed),
];

/// Words before a list of candidates.
const ANY_OF: &[&str] = &[
    "bisection is inconclusive, the first bad commit could be any of:",
    "bisection is inconclusive, the first good commit could be any of:",
    "The first bad commit could be any of:",
    "Bisection is inconclusive: the first bad commit could be any of:",
    "Bisection is inconclusive: the first fix commit could be any of:",
];

/// What syzbot's mails say of a bisection, by the words before the colon.
const MAIL: &[&str] = &[
    "bisection log",
    "start commit",
    "oldest commit",
    "latest commit",
    "git tree",
    "final oops",
    "console output",
    "kernel config",
    "dashboard link",
    "userspace arch",
    "syz repro",
    "C reproducer",
    "Reported-by",
    "Fixes",
];

/// Beginnings of lines that say why a revision was not tested.
const FAILURES: &[&str] = &["repro testing failure: ", "kernel build failed: "];

/// What a line says.
pub(super) fn parse(line: &[u8]) -> Option<Shape<'_>> {
    of_test(line)
        .or_else(|| of_git(line))
        .or_else(|| of_course(line))
        .or_else(|| of_end(line))
        .or_else(|| Minimisation::parse(line).map(Shape::Minimisation))
        .or_else(|| NOTES.iter().any(|note| text::begins(line, note)).then_some(Shape::Note))
}

/// Lines of a test.
fn of_test(line: &[u8]) -> Option<Shape<'_>> {
    if let Some(rest) = line.strip_prefix(b"run #").or_else(|| line.strip_prefix(b"try #")) {
        let (index, words) = split(rest, ":")?;
        let words = words.strip_prefix(b" ").unwrap_or(words);
        return Some(Shape::Run(number(index)?, RunResult::parse(words)));
    }
    if let Some(words) = line.strip_prefix(b"all runs: ") {
        return Some(Shape::All(RunResult::parse(words)));
    }
    if let Some(rest) = line.strip_prefix(b"testing commit ") {
        let (commit, rest) = hash_and_rest(rest)?;
        return Some(Shape::Testing(commit, rest.strip_prefix(b"with ").unwrap_or(rest)));
    }
    if let Some(rest) = line.strip_prefix(b"failed building ") {
        let (commit, message) = split(rest, ":")?;
        return hash(commit).map(|_| Shape::Failure(message.trim_ascii_start()));
    }
    for start in FAILURES {
        if let Some(message) = line.strip_prefix(start.as_bytes()) {
            return Some(Shape::Failure(message));
        }
    }
    if let Some(rest) = line.strip_prefix(b"representative crash: ") {
        let (title, types) = split(rest, ", types: ").unwrap_or((rest, b""));
        return Some(Shape::Representative(title, words(types).unwrap_or_default()));
    }
    let after = |start: &str| line.strip_prefix(start.as_bytes());
    after("compiler: ")
        .map(Shape::CompilerVersion)
        .or_else(|| after("kernel signature: ").map(|rest| Shape::Signature(rest.trim_ascii())))
        .or_else(|| after("previous signature: ").map(|rest| Shape::PreviousSignature(rest.trim_ascii())))
        .or_else(|| Some(Shape::FalseNegative(fraction(after("false negative chance: ")?)?)))
        .or_else(|| after("same bug: ").map(Shape::Same))
        .or_else(|| after("looking for crash: ").map(Shape::Wanted))
        .or_else(|| undetermined(line))
}

/// `unable to determine the verdict: G good runs (wanted W), for bad wanted T in total, got B`
fn undetermined(line: &[u8]) -> Option<Shape<'_>> {
    let rest = line.strip_prefix(b"unable to determine the verdict: ")?;
    let (good, rest) = split(rest, " good runs (wanted ")?;
    let (wanted_good, rest) = split(rest, "), for bad wanted ")?;
    let (wanted_bad, bad) = split(rest, " in total, got ")?;
    Some(Shape::Undetermined(Undetermined {
        good: number(good)?,
        wanted_good: number(wanted_good)?,
        wanted_bad: number(wanted_bad)?,
        bad: number(bad)?,
    }))
}

/// Words of git for a revision: `old` and `new` are its own, the others those that people choose for a fix.
const MARKS: &[(&str, Mark)] = &[
    ("good", Mark::Good),
    ("bad", Mark::Bad),
    ("skip", Mark::Skip),
    ("old", Mark::Good),
    ("new", Mark::Bad),
    ("broken", Mark::Good),
    ("unfixed", Mark::Good),
    ("fixed", Mark::Bad),
];

/// What a word means that git was told.
pub(super) fn mark(word: &[u8]) -> Option<Mark> {
    MARKS.iter().find(|(name, _)| word == name.as_bytes()).map(|(_, mark)| *mark)
}

/// Lines of git, and those that quote its commands.
fn of_git(line: &[u8]) -> Option<Shape<'_>> {
    if let Some(rest) = line.strip_prefix(b"Bisecting: ") {
        let (left, rest) = word(rest);
        return rest.starts_with(b"revision").then(|| number(left).map(Shape::Left))?;
    }
    if let Some((commit, subject)) = bracketed(line) {
        return Some(Shape::Revision(commit, subject));
    }
    if let Some(rest) = line.strip_prefix(b"# git bisect ").or_else(|| line.strip_prefix(b"git bisect ")) {
        let (verb, rest) = word(rest);
        return match verb {
            b"start" => Some(Shape::Start(rest)),
            _ if rest.is_empty() => None,
            verb => Some(Shape::Mark(verb, rest)),
        };
    }
    if let Some(rest) = line.strip_prefix(b"# ") {
        let (word, rest) = split(rest, ": ")?;
        let (hash, subject) = bracketed(rest)?;
        let named = Named { hash, subject: Some(subject) };
        if word.starts_with(b"possible first ") {
            return Some(Shape::Candidate(named));
        }
        return match word {
            word if is_first_commit(word) => Some(Shape::Culprit(named)),
            word if word.contains(&b' ') => None,
            _ => Some(Shape::Subject(named)),
        };
    }
    if let Some(rest) = line.strip_prefix(b"commit ") {
        return hash_and_rest(rest)
            .filter(|(hash, _)| hash.len() >= WHOLE_HASH)
            .map(|(hash, _)| Shape::Commit(hash));
    }
    let (commit, rest) = hash_and_rest(line)?;
    if commit.len() >= WHOLE_HASH && rest.strip_prefix(b"is the ").is_some_and(is_first_commit) {
        return Some(Shape::First(commit));
    }
    if text::contains(rest, " is a merge base, check if it has the bug") {
        return Some(Shape::MergeBase);
    }
    None
}

/// `first bad commit`, with any word for bad.
fn is_first_commit(words: &[u8]) -> bool {
    between(words, "first ", " commit").is_some_and(|term| !term.contains(&b' '))
}

/// Lines that tell what comes next.
fn of_course(line: &[u8]) -> Option<Shape<'_>> {
    for (start, kind) in KINDS {
        if let Some(rest) = line.strip_prefix(start.as_bytes()) {
            return Some(Shape::Kind(*kind, hash(rest.trim_ascii())));
        }
    }
    if let Some(rest) = line.strip_prefix(b"building syzkaller on ") {
        return Some(Shape::Syzkaller(hash(rest)));
    }
    if let Some(rest) = line.strip_prefix(b"testing release ") {
        return Some(Shape::Release(rest));
    }
    if text::begins(line, "testing current HEAD") {
        return Some(Shape::Head);
    }
    // Of a cross-tree bisection; the commit is given as `HASH/TITLE`.
    if text::contains(line, " is a merge base, check if it has the bug") {
        return Some(Shape::MergeBase);
    }
    if let Some(rest) = line.strip_prefix(b"picked ") {
        let (releases, of) = split(rest, " out of ")?;
        return Some(Shape::Picked(words(releases)?, number(of.strip_suffix(b" release tags")?)?));
    }
    let (host, time) = split(line, " starts bisection ")?;
    (!host.contains(&b' ')).then_some(Shape::Begun(host, time))
}

/// First lines, current and older, each for a cause and a fix.
const KINDS: &[(&str, BisectionKind)] = &[
    ("bisecting cause commit starting from ", BisectionKind::Cause),
    ("bisecting fixing commit since ", BisectionKind::Fix),
    ("searching for guilty commit starting from ", BisectionKind::Cause),
    ("searching for guilty commit ", BisectionKind::Cause),
    ("searching for fixing commit since ", BisectionKind::Fix),
    ("searching for fixing commit ", BisectionKind::Fix),
    // Mails.
    ("syzbot has bisected this issue to:", BisectionKind::Cause),
    ("syzbot has bisected this bug to:", BisectionKind::Cause),
    ("syzbot suspects this issue was fixed by commit:", BisectionKind::Fix),
    ("syzbot suspects this bug was fixed by commit:", BisectionKind::Fix),
];

/// Lines after the last test.
fn of_end(line: &[u8]) -> Option<Shape<'_>> {
    let after = |start: &str| line.strip_prefix(start.as_bytes());
    if ANY_OF.iter().any(|words| line == words.as_bytes()) {
        return Some(Shape::AnyOf);
    }
    if let Some((_, outcome)) = ENDINGS.iter().rev().find(|(start, _)| text::begins(line, start)) {
        return Some(Shape::Ending(*outcome, line));
    }
    for start in ["first bad commit: ", "first good commit: "] {
        if let Some((hash, subject)) =
            after(start).and_then(|rest| bracketed(rest).or_else(|| hash_and_rest(rest)))
        {
            return Some(Shape::Culprit(Named { hash, subject: Some(subject) }));
        }
    }
    if let Some(message) = after("error: ") {
        return Some(Shape::Error(message));
    }
    if let Some(rest) = after("revisions tested: ") {
        return totals(rest).map(Shape::Totals);
    }
    if let Some(chance) = between(line, "reproducer is flaky (", " repro chance estimate)") {
        return fraction(chance).map(Shape::ReproChance);
    }
    if ["reproducer seems to be flaky", "Reproducer flagged being flaky"]
        .iter()
        .any(|s| text::begins(line, s))
    {
        return Some(Shape::Flaky);
    }
    after("accumulated error probability: ")
        .and_then(fraction)
        .map(Shape::Accumulated)
        .or_else(|| after("culprit signature: ").map(|rest| Shape::CulpritSignature(rest.trim_ascii())))
        .or_else(|| after("parent  signature: ").map(|rest| Shape::ParentSignature(rest.trim_ascii())))
        .or_else(|| after("parent signature: ").map(|rest| Shape::ParentSignature(rest.trim_ascii())))
        .or_else(|| after("commit msg: ").map(Shape::EndedAt))
        .or_else(|| after("recipients (to): ").and_then(quoted).map(Shape::To))
        .or_else(|| after("recipients (cc): ").and_then(quoted).map(Shape::Cc))
        .or_else(|| after("cc: ").and_then(quoted).map(Shape::Cc))
        .or_else(|| after("crash: ").map(Shape::Crash))
        .or_else(|| mail(line))
}

/// `git tree:       upstream`
fn mail(line: &[u8]) -> Option<Shape<'_>> {
    let (key, value) = split(line, ":")?;
    let key = MAIL.iter().find(|word| key == word.as_bytes())?;
    Some(Shape::Mail(key, value.trim_ascii()))
}

/// `16, total time: 4h25m55.6s (build: 1h35m0.8s, test: 2h45m11.0s)`
fn totals(rest: &[u8]) -> Option<Totals> {
    let (tested, rest) = split(rest, ", total time: ").unwrap_or((rest, b""));
    let (total, rest) = split(rest, " (build: ").unwrap_or((rest, b""));
    let (build, test) = split(rest, ", test: ").unwrap_or((rest, b""));
    let test = test.strip_suffix(b")").unwrap_or(test);
    Some(Totals {
        tested: number(tested)?,
        total: duration(total),
        build: duration(build),
        test: duration(test),
    })
}

/// A line of a list of candidates: a hash, perhaps with its subject.
pub(super) fn candidate(line: &[u8]) -> Option<Named<'_>> {
    let (hash, subject) = hash_and_rest(line)?;
    Some(Named { hash, subject: (!subject.is_empty()).then_some(subject) })
}
