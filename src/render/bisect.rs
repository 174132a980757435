//! A bisection as text for people: a table of its tests, then what it names and how far to trust that.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::Plain;
use crate::bisect::{
    Bisection, Commit, Confidence, Counts, MOST_TESTS, Outcome, RunResult, Stage, Test, Weighed,
};

/// Columns of a line; longer subjects and messages are cut.
const COLUMNS: usize = 110;
/// Digits of a hash.
const HASH: usize = 12;
/// Most other results that are listed below a test.
const RESULTS: usize = 4;

/// A bisection to be written as text, with what only the reader of its log knows.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TextBisection<'b, 'a> {
    bisection: &'b Bisection<'a>,
    path: Option<&'b str>,
}

impl<'b, 'a> TextBisection<'b, 'a> {
    /// A bisection whose log has no name.
    pub fn new(bisection: &'b Bisection<'a>) -> TextBisection<'b, 'a> {
        TextBisection { bisection, path: None }
    }

    /// Adds the log's path.
    pub fn at(self, path: &'b str) -> TextBisection<'b, 'a> {
        TextBisection { path: Some(path), ..self }
    }
}

impl Display for TextBisection<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bisection = self.bisection;
        let confidence = bisection.confidence();
        let what = if bisection.seeks_fix() { "fix" } else { "cause" };
        match bisection.title() {
            Some(title) => writeln!(f, "Bisection of the {what} of: {}", Plain(title))?,
            None => writeln!(f, "Bisection of a {what}")?,
        }
        self.head(f)?;
        if !bisection.tests.is_empty() {
            table(f, bisection, confidence.as_ref())?;
        } else if !bisection.steps.is_empty() {
            steps(f, bisection)?;
        }
        self.result(f)?;
        match &confidence {
            Some(confidence) => trust(f, bisection, confidence),
            None if bisection.tests.len() > MOST_TESTS => {
                writeln!(f, "  confidence: not reckoned for more than {MOST_TESTS} tests")
            }
            None => {
                writeln!(f, "  confidence: the log does not say how often the runs of its revisions crashed")
            }
        }
    }
}

impl TextBisection<'_, '_> {
    /// Where from, with what, how long.
    fn head(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bisection = self.bisection;
        if let Some(path) = self.path {
            writeln!(f, "  {}", Plain(path.as_bytes()))?;
        }
        let mut facts = Vec::new();
        facts.extend(bisection.start.map(|start| format!("from {}", short(start))));
        facts.extend(bisection.syzkaller.map(|commit| format!("syzkaller {}", short(commit))));
        let first = bisection.tests.first();
        let compiler = first.and_then(|test| test.compiler_version.or(test.compiler));
        facts.extend(compiler.map(|compiler| Plain(compiler).to_string()));
        if let Some((host, time)) = bisection.begun {
            facts.push(format!("on {} since {}", Plain(host), Plain(time.get(..19).unwrap_or(time))));
        }
        if let Some(totals) = bisection.totals {
            let plural = if totals.tested == 1 { "" } else { "s" };
            let mut text = format!("{} revision{plural} tested", totals.tested);
            let times = [(" in ", totals.total), (", building ", totals.build), (", testing ", totals.test)];
            for (word, time) in times {
                text.extend(time.map(|time| format!("{word}{}", Time(time))));
            }
            facts.push(text);
        }
        let count = bisection.tests.iter().filter(|test| test.stage == Stage::Minimisation).count();
        if count > 0 {
            facts.push(format!("configuration minimised in {count} tests, which do not count below"));
        }
        let mut line = String::new();
        for fact in facts {
            if !line.is_empty() && line.chars().count() + 4 + fact.chars().count() > COLUMNS {
                writeln!(f, "  {line}")?;
                line.clear();
            }
            if !line.is_empty() {
                line.push_str(", ");
            }
            line.push_str(&cut(&fact, COLUMNS - 2));
        }
        if line.is_empty() { Ok(()) } else { writeln!(f, "  {line}") }
    }

    /// How it ended, and what it names.
    fn result(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bisection = self.bisection;
        match bisection.outcome() {
            Some(Outcome::Found) => {}
            Some(Outcome::Inconclusive) => {
                writeln!(f, "  inconclusive: it could be any of {}", bisection.candidates.len())?;
                for candidate in &bisection.candidates {
                    let subject = Plain(candidate.subject.unwrap_or_default()).to_string();
                    let line = format!("    {} {subject}", short(candidate.hash));
                    writeln!(f, "{}", cut(line.trim_end(), COLUMNS))?;
                }
            }
            None => writeln!(f, "  the log ends before the bisection does")?,
            Some(_) => {
                let words = bisection.error.or(bisection.ending.map(|(_, words)| words)).unwrap_or_default();
                writeln!(
                    f,
                    "  ended without a result: {}",
                    Plain(words).to_string().replace("\\x0a", "\n    ")
                )?;
                if let Some(subject) = bisection.ended_at {
                    writeln!(f, "    at: {}", Plain(subject))?;
                }
            }
        }
        if let Some(culprit) = &bisection.culprit {
            self::culprit(f, bisection, culprit)?;
        }
        if !bisection.mail.is_empty() {
            writeln!(f, "  the mail says:")?;
        }
        for (key, value) in &bisection.mail {
            writeln!(f, "    {key}: {}", Plain(value))?;
        }
        Ok(())
    }
}

fn culprit(f: &mut Formatter<'_>, bisection: &Bisection<'_>, culprit: &Commit<'_>) -> fmt::Result {
    let what = if bisection.seeks_fix() { "fixed by" } else { "culprit" };
    writeln!(f, "  {what}: {} {}", short(culprit.hash), Plain(culprit.subject.unwrap_or_default()))?;
    if let Some(author) = culprit.author {
        write!(f, "    author: {}", Plain(author))?;
        if let Some(date) = culprit.date {
            write!(f, ", {}", Plain(date))?;
        }
        writeln!(f)?;
    }
    for key in ["Fixes", "Reported-by", "Closes"] {
        for value in culprit.tagged(key) {
            writeln!(f, "    {}: {}", key.to_lowercase(), Plain(value))?;
        }
    }
    for (name, list) in [("to", &bisection.to), ("cc", &bisection.cc)] {
        let mut line = format!("    {name}:");
        let indent = line.len();
        for address in list {
            let address = Plain(address).to_string();
            if line.len() + 1 + address.len() > COLUMNS && line.len() > indent {
                writeln!(f, "{line}")?;
                line = " ".repeat(indent);
            }
            line = format!("{line} {address}");
        }
        if !list.is_empty() {
            writeln!(f, "{line}")?;
        }
    }
    let same = |a: Option<&[u8]>, b: Option<&[u8]>| a.is_some() && a == b;
    if same(bisection.culprit_signature, bisection.parent_signature) {
        writeln!(f, "    its kernel is the same as its parent's: it cannot be the culprit")?;
    }
    Ok(())
}

/// The tests, one a line.
fn table(f: &mut Formatter<'_>, bisection: &Bisection<'_>, confidence: Option<&Confidence>) -> fmt::Result {
    writeln!(f, "\n  revision      crashed  verdict    wrong   left  what")?;
    let mut weighed = confidence.map_or(&[][..], |confidence| &confidence.tests).iter().peekable();
    let mut assumed = None;
    for (number, test) in bisection.tests.iter().enumerate() {
        let weighed = weighed.next_if(|weighed| weighed.test == number);
        if test.stage == Stage::Minimisation {
            continue;
        }
        let counts = bisection.counts(test);
        if counts.assumed {
            assumed = assumed.or(Some(counts.runs()));
        }
        row(f, bisection, test, &counts, weighed)?;
        results(f, bisection, test)?;
    }
    if let Some(runs) = assumed {
        writeln!(
            f,
            "  `all runs:` is of a number that the log does not give: taken for {runs}, as elsewhere"
        )?;
    }
    writeln!(f)
}

fn row(
    f: &mut Formatter<'_>,
    bisection: &Bisection<'_>,
    test: &Test<'_>,
    counts: &Counts,
    weighed: Option<&Weighed>,
) -> fmt::Result {
    let crashed = match counts.runs() {
        0 => "-".to_string(),
        runs => format!("{}/{runs}", counts.same),
    };
    let verdict = match bisection.crashes(test) {
        Some(true) => "crash",
        Some(false) => "ok",
        None => "skip",
    };
    let wrong = weighed.map_or(String::new(), |weighed| Percent(weighed.wrong).to_string());
    let left = test.left.map_or(String::new(), |left| left.to_string());
    let name = |name: &[u8]| Plain(name).to_string();
    let what = match test.stage {
        Stage::Original => "the crash was found here".to_string(),
        Stage::Release => format!("release {}", name(test.release.unwrap_or_default())),
        Stage::Head => "HEAD".to_string(),
        Stage::MergeBase => "merge base".to_string(),
        Stage::Ancestor => "does the next one contain the guilty commit?".to_string(),
        _ => name(test.subject.unwrap_or_default()),
    };
    let hash = short(test.commit);
    let line = format!("  {hash:<12}  {crashed:>7}  {verdict:<7}  {wrong:>7}  {left:>5}  {what}");
    writeln!(f, "{}", cut(line.trim_end(), COLUMNS))
}

/// What else a test's runs came to.
fn results(f: &mut Formatter<'_>, bisection: &Bisection<'_>, test: &Test<'_>) -> fmt::Result {
    let mut found: Vec<(String, u64)> = Vec::new();
    let all = bisection.counts(test).runs();
    let mut more = 0;
    for run in &test.runs {
        let what = match run.result {
            RunResult::Ok => continue,
            RunResult::Crashed(title) if Some(title) == bisection.title() => continue,
            RunResult::Crashed(title) if run.same => format!("the same bug as: {}", Plain(title)),
            RunResult::Crashed(title) => format!("another title: {}", Plain(title)),
            result => format!("{}: {}", result.as_str(), Plain(result.message().unwrap_or_default())),
        };
        let runs = if run.index.is_some() { 1 } else { all };
        match found.iter().position(|(known, _)| *known == what) {
            Some(at) => found.iter_mut().skip(at).take(1).for_each(|(_, count)| *count += runs),
            None if found.len() < RESULTS => found.push((what, runs)),
            None => more += runs,
        }
    }
    if more > 0 {
        found.push(("other results".into(), more));
    }
    if let Some(failure) = test.failure {
        let first = failure.split(|byte| *byte == b'\n').next().unwrap_or_default();
        writeln!(f, "{:16}{}", "", cut(&format!("not tested: {}", Plain(first)), COLUMNS - 16))?;
    }
    if let Some(why) = test.undetermined {
        let (good, wanted_good, bad, wanted_bad) = (why.good, why.wanted_good, why.bad, why.wanted_bad);
        writeln!(f, "{:16}no verdict: {good} OK of {wanted_good} wanted, {bad} crashed of {wanted_bad}", "")?;
    }
    found
        .iter()
        .try_for_each(|(what, runs)| writeln!(f, "{}", cut(&format!("{:16}{runs:>2} x {what}", ""), COLUMNS)))
}

/// The answers of a log without tests.
fn steps(f: &mut Formatter<'_>, bisection: &Bisection<'_>) -> fmt::Result {
    writeln!(f)?;
    for step in &bisection.steps {
        let (revision, subject) = (Plain(step.commit).to_string(), step.subject.unwrap_or_default());
        let line = format!("  {:<12}  {:<6}  {}", short(&revision), step.mark.as_str(), Plain(subject));
        writeln!(f, "{}", cut(line.trim_end(), COLUMNS))?;
    }
    writeln!(f)
}

/// How far to trust it, and what to test again.
fn trust(f: &mut Formatter<'_>, bisection: &Bisection<'_>, confidence: &Confidence) -> fmt::Result {
    let named = match (&bisection.culprit, confidence.left) {
        (Some(culprit), 1) => format!("is {}", short(culprit.hash)),
        (_, 1) => "is the last revision left".to_string(),
        (_, left) => format!("is among the {left} left"),
    };
    let sought = if bisection.seeks_fix() { "fix" } else { "culprit" };
    if let Some(right) = confidence.culprit {
        write!(f, "  confidence: {} that the {sought} {named}", Percent(right))?;
        let unknown =
            if confidence.sizes_known { "" } else { " (revisions left: estimated, the log does not say)" };
        writeln!(f, ", by the runs alone{unknown}")?;
    } else {
        writeln!(f, "  confidence: no revision between was tested")?;
    }
    let (from, to) = confidence.rate_interval;
    let rate = Percent(confidence.rate);
    write!(f, "    crash rate where the bug is: {rate} of the runs ({} to {})", Percent(from), Percent(to))?;
    let missed =
        confidence.tests.iter().rev().find_map(|test| Some((bisection.tests.get(test.test)?, test.passes?)));
    if let Some((test, passes)) = missed {
        write!(f, "; {} runs miss it with {}", bisection.counts(test).ok, Percent(passes))?;
    }
    writeln!(f)?;
    let own = [
        ("accumulated error", bisection.accumulated_error),
        ("repro chance", bisection.repro_chance),
        (
            "false negative chance at most",
            bisection.tests.iter().filter_map(|test| test.false_negative).reduce(f64::max),
        ),
    ];
    let own: Vec<String> =
        own.iter().filter_map(|(name, chance)| Some(format!("{name} {}", Percent((*chance)?)))).collect();
    if !own.is_empty() {
        writeln!(f, "    syzkaller's own: {}", own.join(", "))?;
    }
    let others = bisection.other_titles();
    if !others.is_empty() {
        let factor = confidence.other_factor;
        writeln!(
            f,
            "    crashes with other titles, each {factor:.1} times as likely with the bug as without:"
        )?;
    }
    others.iter().take(RESULTS).try_for_each(|(title, runs)| {
        writeln!(f, "{}", cut(&format!("      {runs} x {}", Plain(title)), COLUMNS))
    })?;
    if !confidence.retest.is_empty() {
        writeln!(f, "  test again, the one that tells most first (confidence afterwards):")?;
    }
    for retest in &confidence.retest {
        let Some(test) = bisection.tests.get(retest.test) else { continue };
        let (hash, runs, gain) = (short(test.commit), retest.runs, retest.gain);
        let crashes = confidence.tests.iter().any(|weighed| weighed.test == retest.test && weighed.crashes);
        let (same, other) = (Percent(retest.if_same), Percent(retest.if_other));
        let (ok, crash) = if crashes { (other, same) } else { (same, other) };
        writeln!(f, "    {hash}  {runs} runs: all OK {ok}, a crash {crash}  ({gain:.2} bits)")?;
    }
    Ok(())
}

/// The beginning of a hash.
fn short(hash: &str) -> &str {
    hash.get(..HASH).unwrap_or(hash)
}

/// A text of at most so many characters.
fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_string();
    }
    let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    kept + "\u{2026}"
}

/// A chance in percent, with as many digits as tell something.
struct Percent(f64);

impl Display for Percent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let percent = self.0 * 100.0;
        let text = match percent {
            0.0 => "0 %".to_string(),
            _ if percent < 0.1 => "<0.1 %".to_string(),
            _ if percent < 9.95 => format!("{percent:.1} %"),
            _ if percent < 98.95 => format!("{percent:.0} %"),
            _ if percent <= 99.9 => format!("{percent:.1} %"),
            _ => ">99.9 %".to_string(),
        };
        f.pad(&text)
    }
}

/// A duration as people read it: `4h25m55s`.
struct Time(Duration);

impl Display for Time {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        write!(f, "{minutes}m{seconds:02}s")
    }
}
