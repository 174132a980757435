//! Puts the lines of a bisection log together.

use std::collections::HashMap;

use super::commit::Commit;
use super::counts;
use super::line::{self, Shape};
use super::list::{hash_and_rest, quoted_words, split};
use super::test::{Mark, Run, Stage, Test};
use super::{Bisection, Crash, Named, Step};

/// Reads the lines of a log one after the other.
pub(super) fn read(log: &[u8]) -> Bisection<'_> {
    let mut builder = Builder { bisection: Bisection { log, ..Bisection::default() }, ..Builder::default() };
    let mut offset = 0;
    while offset < log.len() {
        let end = memchr::memchr(b'\n', log.get(offset..).unwrap_or_default())
            .map_or(log.len(), |at| offset + at + 1);
        let line = log.get(offset..end).unwrap_or_default();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if builder.line(offset, end, line) {
            break;
        }
        offset = end;
    }
    builder.finish()
}

/// What a line that fits no shape belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Nothing,
    /// The failure of the last test, from that offset.
    Failure(usize),
    /// The error at the end, from that offset.
    Error(usize),
    /// The culprit as git shows it.
    Commit,
    /// A list of candidates.
    Candidates,
}

#[derive(Debug, Default)]
struct Builder<'a> {
    bisection: Bisection<'a>,
    open: Open,
    /// Why the next revision is tested.
    stage: Stage,
    release: Option<&'a [u8]>,
    /// What git has said of the revision that comes next.
    left: Option<u64>,
    revision: Option<(&'a str, &'a [u8])>,
    /// Number of the last test and step of a revision.
    tests: HashMap<&'a [u8], usize>,
    steps: HashMap<&'a [u8], usize>,
    candidates: HashMap<&'a str, usize>,
}

impl<'a> Builder<'a> {
    /// Takes a line; `true` if the rest of the log is the crash's report.
    fn line(&mut self, offset: usize, end: usize, raw: &'a [u8]) -> bool {
        let line = line::text(raw);
        if self.open == Open::Commit
            && let Some(commit) = &mut self.bisection.culprit
            && commit.take(line, raw)
        {
            commit.span.end = end;
            return false;
        }
        let Some(line) = line else { return false };
        if self.open == Open::Candidates
            && let Some(named) = line::candidate(line)
        {
            self.candidate(named);
            return false;
        }
        match line::parse(line) {
            Some(Shape::Crash(title)) => {
                self.bisection.crash = Some(Crash { title, report: end..self.bisection.log.len() });
                return true;
            }
            Some(shape) => {
                self.open = Open::Nothing;
                self.shape(offset, line, shape);
            }
            None => self.other(offset, raw, line),
        }
        false
    }

    /// A line that fits no shape.
    fn other(&mut self, offset: usize, raw: &'a [u8], line: &'a [u8]) {
        // A message does not end in blank lines, and it is not looked for where it does.
        if line.trim_ascii().is_empty() {
            return;
        }
        let message =
            |from: usize| self.bisection.log.get(from..offset + raw.len()).map(<[u8]>::trim_ascii_end);
        match self.open {
            Open::Failure(from) => {
                let message = message(from);
                if let Some(test) = self.bisection.tests.last_mut() {
                    test.failure = message;
                }
            }
            Open::Error(from) => self.bisection.error = message(from),
            _ => {
                self.open = Open::Nothing;
                self.bisection.unknown.push((offset, line));
            }
        }
    }

    fn shape(&mut self, offset: usize, line: &'a [u8], shape: Shape<'a>) {
        let bisection = &mut self.bisection;
        match shape {
            Shape::Begun(host, time) => bisection.begun = Some((host, time)),
            Shape::Kind(kind, start) => {
                (bisection.kind, bisection.start) = (Some(kind), start.or(bisection.start))
            }
            Shape::Mail(key, value) => {
                if key == "start commit" {
                    bisection.start = bisection.start.or(hash_and_rest(value).map(|(hash, _)| hash));
                }
                bisection.mail.push((key, value));
            }
            Shape::Syzkaller(commit) => bisection.syzkaller = commit,
            Shape::Minimisation(step) => {
                self.stage = Stage::Minimisation;
                bisection.minimisation.push(step);
            }
            Shape::Picked(releases, of) => bisection.releases = Some((releases, of)),
            Shape::Release(release) => (self.stage, self.release) = (Stage::Release, Some(release)),
            Shape::Head => self.stage = Stage::Head,
            Shape::MergeBase => {
                self.stage = Stage::MergeBase;
                bisection.notes.push((offset, line));
            }
            Shape::Start(range) => self.start(range),
            Shape::Left(left) => (self.left, self.stage) = (Some(left), Stage::Step),
            Shape::Revision(commit, subject) => self.revision = Some((commit, subject)),
            Shape::Testing(commit, compiler) => self.test(offset, commit, compiler),
            Shape::Mark(word, commit) => match self.meaning(word) {
                Some(mark) => self.mark(offset, mark, commit),
                None => self.bisection.notes.push((offset, line)),
            },
            Shape::Subject(named) => self.revision = named.subject.map(|subject| (named.hash, subject)),
            Shape::First(hash) => self.culprit(Named { hash, subject: None }),
            Shape::Culprit(named) => self.culprit(named),
            Shape::Commit(hash) => {
                // Git shows the commit that it has named in the line before.
                match &bisection.culprit {
                    Some(culprit) if culprit.hash != hash => bisection.unknown.push((offset, line)),
                    _ => {
                        self.culprit(Named { hash, subject: None });
                        if let Some(culprit) = &mut self.bisection.culprit {
                            culprit.span = offset..offset + line.len();
                        }
                        self.open = Open::Commit;
                    }
                }
            }
            Shape::AnyOf => self.open = Open::Candidates,
            Shape::Candidate(named) => self.candidate(named),
            Shape::Note => {
                bisection.notes.push((offset, line));
            }
            shape => self.of_test_or_end(offset, line, shape),
        }
    }

    fn of_test_or_end(&mut self, offset: usize, line: &'a [u8], shape: Shape<'a>) {
        let bisection = &mut self.bisection;
        // Where a message begins: it may go on in the next line.
        let from =
            |message: &[u8]| (message.as_ptr() as usize).saturating_sub(bisection.log.as_ptr() as usize);
        match shape {
            Shape::Error(message) => {
                self.open = Open::Error(from(message));
                bisection.error = Some(message);
                return;
            }
            Shape::Accumulated(chance) => return bisection.accumulated_error = Some(chance),
            Shape::ReproChance(chance) => {
                return (bisection.repro_chance, bisection.flaky) = (Some(chance), true);
            }
            Shape::Flaky => return bisection.flaky = true,
            Shape::CulpritSignature(signature) => return bisection.culprit_signature = Some(signature),
            Shape::ParentSignature(signature) => return bisection.parent_signature = Some(signature),
            Shape::Totals(totals) => return bisection.totals = Some(totals),
            Shape::Ending(outcome, words) => return bisection.ending = Some((outcome, words)),
            Shape::EndedAt(subject) => return bisection.ended_at = Some(subject),
            Shape::To(list) => return bisection.to = list,
            Shape::Cc(list) => return bisection.cc = list,
            Shape::Wanted(title) => {
                bisection.wanted = bisection.wanted.or(Some(title));
                return;
            }
            _ => {}
        }
        let failed = if let Shape::Failure(message) = &shape { Some(from(message)) } else { None };
        // The beginning of the log may be lost, and with it the line that a test begins with.
        let Some(test) = bisection.tests.last_mut() else {
            bisection.unknown.push((offset, line));
            return;
        };
        match shape {
            Shape::CompilerVersion(version) => test.compiler_version = Some(version),
            Shape::Signature(signature) => test.signature = Some(signature),
            Shape::PreviousSignature(signature) => test.previous_signature = Some(signature),
            Shape::Failure(message) => test.failure = Some(message),
            Shape::All(result) => test.runs.push(Run { offset, index: None, result, same: false }),
            Shape::Run(index, result) => {
                test.runs.push(Run { offset, index: Some(index), result, same: false })
            }
            Shape::Same(numbers) => same(test, numbers),
            Shape::Representative(title, types) => test.representative = Some((title, types)),
            Shape::FalseNegative(chance) => test.false_negative = Some(chance),
            Shape::Undetermined(why) => test.undetermined = Some(why),
            _ => bisection.notes.push((offset, line)),
        }
        self.open = failed.map_or(Open::Nothing, Open::Failure);
    }

    /// `BAD GOOD`, perhaps quoted and with options.
    fn start(&mut self, range: &'a [u8]) {
        self.stage = Stage::Step;
        let (mut revisions, mut new, mut old, mut value) = (Vec::new(), None, None, None);
        for word in quoted_words(range) {
            if let Some(term) = value.take() {
                *if term { &mut new } else { &mut old } = Some(word);
                continue;
            }
            match split(word, "=").unwrap_or((word, b"")) {
                (b"--term-new" | b"--term-bad", b"") => value = Some(true),
                (b"--term-old" | b"--term-good", b"") => value = Some(false),
                (b"--term-new" | b"--term-bad", term) => new = Some(term),
                (b"--term-old" | b"--term-good", term) => old = Some(term),
                (b"--", _) => break,
                (option, _) if option.starts_with(b"--") => {}
                _ => revisions.push(word),
            }
        }
        if new.is_some() || old.is_some() {
            self.bisection.terms = Some((new.unwrap_or(b"bad"), old.unwrap_or(b"good")));
        }
        if new.is_some_and(|term| term == b"fixed")
            || old.is_some_and(|term| [&b"broken"[..], b"unfixed"].contains(&term))
        {
            self.bisection.kind = self.bisection.kind.or(Some(super::BisectionKind::Fix));
        }
        if !revisions.is_empty() || self.bisection.range.is_none() {
            self.bisection.range = Some(revisions);
        }
    }

    fn test(&mut self, offset: usize, commit: &'a str, compiler: &'a [u8]) {
        // Whether git's revision has the guilty commit may be found out by a test of another one.
        let other = self.revision.is_some_and(|(hash, _)| hash != commit);
        let stage = match self.left {
            Some(_) if other => Stage::Ancestor,
            Some(_) => Stage::Step,
            // Only syzkaller says what it begins with.
            None if self.stage == Stage::Original && self.bisection.kind.is_none() => Stage::Step,
            None => self.stage,
        };
        let subject = self.revision.filter(|(hash, _)| *hash == commit).map(|(_, subject)| subject);
        let release = (stage == Stage::Release).then_some(self.release).flatten();
        let compiler = (!compiler.is_empty()).then_some(compiler);
        self.tests.insert(commit.as_bytes(), self.bisection.tests.len());
        self.bisection.tests.push(Test {
            offset,
            commit,
            subject,
            release,
            stage,
            compiler,
            left: self.left.filter(|_| !other),
            ..Test::default()
        });
        // `git bisect run` tells of its marks nowhere: the next revision is not this one.
        self.left = self.left.filter(|_| other);
    }

    /// What a word for a revision means, by the terms that were chosen or by itself.
    fn meaning(&self, word: &[u8]) -> Option<Mark> {
        match self.bisection.terms {
            Some((new, _)) if word == new => Some(Mark::Bad),
            Some((_, old)) if word == old => Some(Mark::Good),
            _ => line::mark(word),
        }
    }

    fn mark(&mut self, offset: usize, mark: Mark, commit: &'a [u8]) {
        let commit = quoted_words(commit).next().unwrap_or(commit);
        let test = self.tests.get(commit).copied();
        let subject =
            self.revision.take().filter(|(hash, _)| hash.as_bytes() == commit).map(|(_, subject)| subject);
        let mut left = self.left.take();
        if let Some(test) = test.and_then(|test| self.bisection.tests.get_mut(test)) {
            test.mark = Some(mark);
            test.subject = test.subject.or(subject);
            left = left.or(test.left);
        }
        // `git bisect log` says again what was said at each step.
        if let Some(step) = self.steps.get(commit).and_then(|step| self.bisection.steps.get_mut(*step))
            && step.mark == mark
        {
            step.subject = step.subject.or(subject);
            return;
        }
        let subject = subject.or_else(|| test.and_then(|test| self.bisection.tests.get(test)?.subject));
        self.steps.insert(commit, self.bisection.steps.len());
        self.bisection.steps.push(Step { offset, mark, commit, subject, left, test });
    }

    fn culprit(&mut self, named: Named<'a>) {
        match &mut self.bisection.culprit {
            Some(culprit) if culprit.hash == named.hash => {
                culprit.subject = culprit.subject.or(named.subject)
            }
            culprit => *culprit = Some(Commit::named(named.hash, named.subject)),
        }
    }

    /// Git lists the candidates, and syzkaller does again.
    fn candidate(&mut self, named: Named<'a>) {
        let at = *self.candidates.entry(named.hash).or_insert(self.bisection.candidates.len());
        match self.bisection.candidates.get_mut(at) {
            Some(known) => known.subject = known.subject.or(named.subject),
            None => self.bisection.candidates.push(named),
        }
    }

    fn finish(self) -> Bisection<'a> {
        let mut bisection = self.bisection;
        if let Some(culprit) = &mut bisection.culprit {
            culprit.finish();
        }
        counts::fill(&mut bisection);
        bisection
    }
}

/// `#0 by title, #3 by signature`: runs of a record whose crash is the bug.
fn same(test: &mut Test<'_>, numbers: &[u8]) {
    for number in numbers.split(|byte| *byte == b',') {
        let number = number
            .trim_ascii()
            .strip_prefix(b"#")
            .map(|rest| crate::text::take(rest, |b| b.is_ascii_digit()).0);
        let Some(number) = number.and_then(super::list::number) else { continue };
        let all = test.runs.first().is_some_and(|run| run.index.is_none());
        // Numbers go up, and so do the runs.
        let at = test.runs.partition_point(|run| run.index.is_some_and(|index| index < number));
        if let Some(run) =
            test.runs.get_mut(if all { 0 } else { at }).filter(|run| all || run.index == Some(number))
        {
            run.same = true;
        }
    }
}
