//! `bisection` of a file: what its log tells, and how far to trust it.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::Text;
use crate::bisect::{
    Bisection, BisectionKind, Commit, Confidence, Counts, Mark, Minimisation, Named, Outcome, Retest, Stage,
    Step, Test, Weighed,
};

/// A bisection to be written as JSON, with what only the reader of its log knows.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct JsonBisection<'b, 'a> {
    bisection: &'b Bisection<'a>,
}

impl<'b, 'a> JsonBisection<'b, 'a> {
    /// A bisection.
    pub fn new(bisection: &'b Bisection<'a>) -> JsonBisection<'b, 'a> {
        JsonBisection { bisection }
    }
}

impl Serialize for JsonBisection<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire::new(self.bisection).serialize(serializer)
    }
}

#[derive(Serialize)]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    begun: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    syzkaller: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    minimisation: Vec<WireMinimisation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    releases: Option<Releases<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    range: Vec<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<Terms<'a>>,
    tests: Vec<WireTest<'a>>,
    steps: Vec<WireStep<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    culprit: Option<WireCommit<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<WireNamed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to: Vec<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cc: Vec<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Totals>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accumulated_error: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repro_chance: Option<f64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    flaky: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    culprit_signature: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_signature: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crash: Option<WireCrash<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_titles: Vec<Title<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<WireConfidence<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mail: Vec<Trailer<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Place<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Releases<'a> {
    picked: Vec<Text<'a>>,
    of: u64,
}

/// Words for git's bad and good.
#[derive(Serialize)]
struct Terms<'a> {
    bad: Text<'a>,
    good: Text<'a>,
}

#[derive(Serialize)]
struct WireTest<'a> {
    offset: usize,
    commit: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<Text<'a>>,
    stage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    compiler: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compiler_version: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_signature: Option<Text<'a>>,
    counts: WireCounts,
    runs: Vec<WireRun<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    representative: Option<Representative<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    false_negative: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undetermined: Option<Undetermined>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crashes: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passes: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ruled_out: Option<f64>,
}

#[derive(Serialize)]
struct WireCounts {
    same: u64,
    other: u64,
    ok: u64,
    lost: u64,
    /// The number of runs is that of other tests.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    assumed: bool,
}

#[derive(Serialize)]
struct WireRun<'a> {
    /// Absent of all runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<u64>,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    same: bool,
}

#[derive(Serialize)]
struct Representative<'a> {
    title: Text<'a>,
    types: Vec<Text<'a>>,
}

#[derive(Serialize)]
struct Undetermined {
    good: u64,
    wanted_good: u64,
    bad: u64,
    wanted_bad: u64,
}

#[derive(Serialize)]
struct WireStep<'a> {
    offset: usize,
    mark: &'static str,
    commit: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u64>,
    /// Number of the test.
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<usize>,
}

#[derive(Serialize)]
struct WireNamed<'a> {
    hash: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Text<'a>>,
}

#[derive(Serialize)]
struct WireCommit<'a> {
    hash: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parents: Vec<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trailers: Vec<Trailer<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<WireNamed<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<Text<'a>>,
}

#[derive(Serialize)]
struct Trailer<'a> {
    key: &'a str,
    value: Text<'a>,
}

/// Times in seconds.
#[derive(Serialize)]
struct Totals {
    tested: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<f64>,
}

#[derive(Serialize)]
struct WireCrash<'a> {
    title: Text<'a>,
    start: usize,
    end: usize,
}

#[derive(Serialize)]
struct Title<'a> {
    title: Text<'a>,
    runs: u64,
}

#[derive(Serialize)]
struct Place<'a> {
    offset: usize,
    text: Text<'a>,
}

#[derive(Serialize)]
struct WireConfidence<'a> {
    /// That the culprit is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    culprit: Option<f64>,
    left: u64,
    sizes_known: bool,
    rate: f64,
    rate_low: f64,
    rate_high: f64,
    other_factor: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    retest: Vec<WireRetest<'a>>,
}

#[derive(Serialize)]
struct WireRetest<'a> {
    test: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    runs: u64,
    bits: f64,
    if_same: f64,
    if_other: f64,
}

/// A step of making the configuration smaller; each has some of the fields.
#[derive(Default, Serialize)]
struct WireMinimisation<'a> {
    step: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    configs: Vec<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<'a>>,
}

fn texts<'a>(list: &[&'a [u8]]) -> Vec<Text<'a>> {
    list.iter().copied().map(Text).collect()
}

fn places<'a>(list: &[(usize, &'a [u8])]) -> Vec<Place<'a>> {
    list.iter().map(|(offset, text)| Place { offset: *offset, text: Text(text) }).collect()
}

impl<'a> Wire<'a> {
    fn new(bisection: &'a Bisection<'_>) -> Wire<'a> {
        let confidence = bisection.confidence();
        let releases = bisection.releases.as_ref();
        let others = bisection.other_titles();
        Wire {
            kind: bisection.kind.map(BisectionKind::as_str),
            outcome: bisection.outcome().map(Outcome::as_str),
            title: bisection.title().map(Text),
            host: bisection.begun.map(|(host, _)| Text(host)),
            begun: bisection.begun.map(|(_, time)| Text(time)),
            start: bisection.start,
            syzkaller: bisection.syzkaller,
            minimisation: bisection.minimisation.iter().map(minimisation).collect(),
            releases: releases.map(|(picked, of)| Releases { picked: texts(picked), of: *of }),
            range: bisection.range.as_deref().map(texts).unwrap_or_default(),
            terms: bisection.terms.map(|(bad, good)| Terms { bad: Text(bad), good: Text(good) }),
            tests: tests(bisection, confidence.as_ref()),
            steps: bisection.steps.iter().map(step).collect(),
            culprit: bisection.culprit.as_ref().map(commit),
            candidates: bisection.candidates.iter().map(named).collect(),
            ending: bisection.ending.map(|(_, words)| Text(words)),
            ended_at: bisection.ended_at.map(Text),
            error: bisection.error.map(Text),
            to: texts(&bisection.to),
            cc: texts(&bisection.cc),
            totals: bisection.totals.map(|totals| Totals {
                tested: totals.tested,
                total: totals.total.as_ref().map(Duration::as_secs_f64),
                build: totals.build.as_ref().map(Duration::as_secs_f64),
                test: totals.test.as_ref().map(Duration::as_secs_f64),
            }),
            accumulated_error: bisection.accumulated_error,
            repro_chance: bisection.repro_chance,
            flaky: bisection.flaky,
            culprit_signature: bisection.culprit_signature.map(Text),
            parent_signature: bisection.parent_signature.map(Text),
            crash: bisection.crash.as_ref().map(|crash| WireCrash {
                title: Text(crash.title),
                start: crash.report.start,
                end: crash.report.end,
            }),
            other_titles: others
                .into_iter()
                .map(|(title, runs)| Title { title: Text(title), runs })
                .collect(),
            confidence: confidence.map(|found| self::confidence(bisection, found)),
            mail: bisection.mail.iter().map(|(key, value)| Trailer { key, value: Text(value) }).collect(),
            notes: places(&bisection.notes),
            unknown: places(&bisection.unknown),
        }
    }
}

fn tests<'a>(bisection: &'a Bisection<'_>, confidence: Option<&Confidence>) -> Vec<WireTest<'a>> {
    let mut weighed = confidence.map_or(&[][..], |confidence| &confidence.tests).iter().peekable();
    let tests = bisection.tests.iter().enumerate();
    tests.map(|(at, of)| test(bisection, of, weighed.next_if(|weighed| weighed.test == at))).collect()
}

fn test<'a>(bisection: &'a Bisection<'_>, test: &'a Test<'_>, weighed: Option<&Weighed>) -> WireTest<'a> {
    let Counts { same, other, ok, lost, assumed, .. } = bisection.counts(test);
    let run = |run: &crate::bisect::Run<'a>| WireRun {
        run: run.index,
        result: run.result.as_str(),
        message: run.result.message().map(Text),
        same: run.same,
    };
    WireTest {
        offset: test.offset,
        commit: test.commit,
        subject: test.subject.map(Text),
        release: test.release.map(Text),
        stage: Stage::as_str(test.stage),
        compiler: test.compiler.map(Text),
        compiler_version: test.compiler_version.map(Text),
        signature: test.signature.map(Text),
        previous_signature: test.previous_signature.map(Text),
        counts: WireCounts { same, other, ok, lost, assumed },
        runs: test.runs.iter().map(run).collect(),
        failure: test.failure.map(Text),
        representative: test
            .representative
            .as_ref()
            .map(|(title, types)| Representative { title: Text(title), types: texts(types) }),
        false_negative: test.false_negative,
        undetermined: test.undetermined.map(|why| Undetermined {
            good: why.good,
            wanted_good: why.wanted_good,
            bad: why.bad,
            wanted_bad: why.wanted_bad,
        }),
        mark: test.mark.map(Mark::as_str),
        crashes: bisection.crashes(test),
        left: test.left,
        wrong: weighed.map(|weighed| weighed.wrong),
        passes: weighed.and_then(|weighed| weighed.passes),
        ruled_out: weighed.map(|weighed| weighed.ruled_out),
    }
}

fn step<'a>(step: &Step<'a>) -> WireStep<'a> {
    WireStep {
        offset: step.offset,
        mark: step.mark.as_str(),
        commit: Text(step.commit),
        subject: step.subject.map(Text),
        left: step.left,
        test: step.test,
    }
}

fn named<'a>(named: &Named<'a>) -> WireNamed<'a> {
    WireNamed { hash: named.hash, subject: named.subject.map(Text) }
}

fn commit<'a>(commit: &'a Commit<'_>) -> WireCommit<'a> {
    let message = &commit.message;
    WireCommit {
        hash: commit.hash,
        subject: commit.subject.map(Text),
        parents: texts(&commit.parents),
        author: commit.author.map(Text),
        date: commit.date.map(Text),
        message: (!message.is_empty())
            .then(|| String::from_utf8_lossy(&message.join(&b"\n"[..])).into_owned()),
        trailers: commit
            .trailers
            .iter()
            .map(|tag| Trailer { key: tag.key, value: Text(tag.value) })
            .collect(),
        fixes: commit
            .fixes()
            .map(|fixes| WireNamed { hash: fixes.hash, subject: fixes.subject.map(Text) })
            .collect(),
        files: texts(&commit.files),
    }
}

fn confidence<'a>(bisection: &'a Bisection<'_>, confidence: Confidence) -> WireConfidence<'a> {
    let retest = |retest: Retest| WireRetest {
        test: retest.test,
        commit: bisection.tests.get(retest.test).map(|test| test.commit),
        runs: retest.runs,
        bits: retest.gain,
        if_same: retest.if_same,
        if_other: retest.if_other,
    };
    WireConfidence {
        culprit: confidence.culprit,
        left: confidence.left,
        sizes_known: confidence.sizes_known,
        rate: confidence.rate,
        rate_low: confidence.rate_interval.0,
        rate_high: confidence.rate_interval.1,
        other_factor: confidence.other_factor,
        retest: confidence.retest.into_iter().map(retest).collect(),
    }
}

fn minimisation<'a>(of: &'a Minimisation<'_>) -> WireMinimisation<'a> {
    let plain = |step| WireMinimisation { step, ..WireMinimisation::default() };
    let counted = |step, numbers: &[u64]| WireMinimisation { numbers: numbers.to_vec(), ..plain(step) };
    let listed = |step, configs: &[&'a [u8]]| WireMinimisation { configs: texts(configs), ..plain(step) };
    let said = |step, message: &'a [u8]| WireMinimisation { message: Some(Text(message)), ..plain(step) };
    match of {
        Minimisation::Already => plain("already-minimised"),
        Minimisation::CheckInstrumentation => plain("check-instrumentation"),
        Minimisation::Disabled(configs) => listed("disabled", configs),
        Minimisation::NothingToDisable => plain("nothing-to-disable"),
        Minimisation::Reproduces => plain("reproduces"),
        Minimisation::Sizes { base, full, diff } => counted("sizes", &[*base, *full, *diff]),
        Minimisation::Chunks { needed, sizes } => {
            WireMinimisation { needed: Some(*needed), ..counted("chunks", sizes) }
        }
        Minimisation::Split { chunk, length, parts } => counted("split", &[*chunk, *length, *parts]),
        Minimisation::CannotSplit => plain("cannot-split"),
        Minimisation::Without { chunk, of } => counted("without", &[*chunk, *of]),
        Minimisation::Dropped => plain("dropped"),
        Minimisation::Needed => plain("needed"),
        Minimisation::Limit(runs) => counted("limit", &[*runs]),
        Minimisation::Minimised { configs, suspects } => {
            WireMinimisation { numbers: vec![*configs], ..listed("minimised", suspects) }
        }
        Minimisation::Failed(message) => said("failed", message),
        Minimisation::Original => plain("original-config"),
        Minimisation::BaselineFailed(message) => said("baseline-failed", message),
        Minimisation::BaselineReproduces => plain("baseline-reproduces"),
        Minimisation::NotReproduced => plain("not-reproduced"),
        Minimisation::NoBaseline => plain("no-baseline"),
    }
}
