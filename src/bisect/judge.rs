//! Judging the console logs of a revision's test runs, for `git bisect run`.

use std::fmt::{self, Display, Formatter};
use std::io::{self, Read};

use super::list::WHOLE_HASH;
use crate::line::{self, Origin};
use crate::reader::ReportReader;
use crate::report::{Report, reports};
use crate::scan::LINE_BYTES;
use crate::text;

/// The bug that is looked for.
///
/// ```
/// use crashparse::{Ruling, Wanted};
///
/// let wanted = Wanted::titled("kernel BUG in corrupted");
/// let runs = [wanted.judge(b"[    1.5] kernel BUG at mm/slub.c:1!\n"), wanted.judge(b"[    1.5] all is well\n")];
/// assert_eq!(Ruling::of(&runs), Ruling::Same);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    title: String,
    alternatives: Vec<String>,
    signature: Option<u64>,
}

/// By what a crash is known to be the bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Match {
    /// Its title.
    Title,
    /// One of its titles is one of the bug's: see [`Report::alternative_titles`].
    AlternativeTitle,
    /// Kind and functions: see [`Report::signature`].
    Signature,
}

impl Match {
    /// `title`, `alternative title` or `signature`.
    pub fn as_str(self) -> &'static str {
        match self {
            Match::Title => "title",
            Match::AlternativeTitle => "alternative title",
            Match::Signature => "signature",
        }
    }
}

/// What a run came to, by its console log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Judged {
    /// No crash.
    Ok,
    /// A crash.
    Crashed {
        /// Its title.
        title: String,
        /// Whether it is the bug, and by what.
        same: Option<Match>,
    },
    /// The kernel began to boot and came to no init, here is why.
    BootFailed(String),
    /// There is no log, or nothing of a kernel in it.
    Lost(&'static str),
}

/// What the runs of a revision say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ruling {
    /// At least one run met the bug.
    Same,
    /// None did, and at least half of them ended well.
    Absent,
    /// Neither: only other crashes, kernels that do not boot, lost runs.
    Undecided,
}

impl Ruling {
    /// The ruling of so many runs.
    pub fn of(runs: &[Judged]) -> Ruling {
        let same = |run: &&Judged| matches!(run, Judged::Crashed { same: Some(_), .. });
        let ok = runs.iter().filter(|run| **run == Judged::Ok).count();
        match ok {
            _ if runs.iter().any(|run| same(&run)) => Ruling::Same,
            1.. if 2 * ok >= runs.len() => Ruling::Absent,
            _ => Ruling::Undecided,
        }
    }

    /// What `git bisect run` wants for it: 1 is bad, 0 good, 125 to be skipped.
    pub fn status(self) -> u8 {
        match self {
            Ruling::Same => 1,
            Ruling::Absent => 0,
            Ruling::Undecided => 125,
        }
    }
}

/// Words of a kernel that begins to boot.
const BOOTS: &str = "Linux version ";
/// Words that tell that it has come to init: `free_initmem`, `run_init_process`, then programs.
const BOOTED: &[&str] = &["Freeing unused kernel ", " as init process", "systemd[1]: ", "login: "];

impl Wanted {
    /// A bug of which only the title is known.
    pub fn titled(title: &str) -> Wanted {
        Wanted { title: title.trim().to_string(), alternatives: Vec::new(), signature: None }
    }

    /// The bug of a report: its titles, and its signature unless the report is damaged.
    pub fn like(report: &Report<'_>) -> Wanted {
        let signature = report.corruption().is_none().then(|| report.signature());
        Wanted {
            title: report.title().to_string(),
            alternatives: report.alternative_titles().to_vec(),
            signature,
        }
    }

    /// Its title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Judges a run by its console log. What comes in a container must be decoded before.
    pub fn judge(&self, log: &[u8]) -> Judged {
        let mut seen = Seen::default();
        reports(log).for_each(|report| seen.add(self, &report));
        seen.hear(log);
        seen.judged()
    }

    /// The same of a log that is read as it comes: memory is bounded, however long it is. Of a line of more than 64 KiB words
    /// may be missed where a piece of it ends.
    ///
    /// # Errors
    ///
    /// Those of the input.
    pub fn judge_stream(&self, log: impl Read) -> io::Result<Judged> {
        let mut reader = ReportReader::new(Heard { input: log, seen: Seen::default(), line: Vec::new() });
        let mut seen = Seen::default();
        while let Some(report) = reader.next_report()? {
            seen.add(self, &report);
        }
        let heard = reader.get_ref();
        Ok(Seen { best: seen.best, other: seen.other, ..heard.seen.clone() }.judged())
    }

    /// Whether a report is of the bug, and by what.
    pub fn is(&self, report: &Report<'_>) -> Option<Match> {
        if report.title() == self.title {
            return Some(Match::Title);
        }
        let own = || std::iter::once(&self.title).chain(&self.alternatives);
        let mut titles =
            std::iter::once(report.title()).chain(report.alternative_titles().iter().map(String::as_str));
        if titles.any(|title| own().any(|own| own == title)) {
            return Some(Match::AlternativeTitle);
        }
        let signature = self.signature.filter(|_| report.corruption().is_none())?;
        (report.signature() == signature).then_some(Match::Signature)
    }
}

/// What a run's log has told so far.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// The bug, by the best match.
    best: Option<(Match, String)>,
    /// The first other bug.
    other: Option<String>,
    /// Whether there was anything, a kernel that began, one that came to init, a line of a kernel's.
    any: bool,
    begun: bool,
    booted: bool,
    kernel: bool,
}

impl Seen {
    fn add(&mut self, wanted: &Wanted, report: &Report<'_>) {
        if let Some(same) = wanted.is(report) {
            if self.best.as_ref().is_none_or(|(known, _)| same < *known) {
                self.best = Some((same, report.title().to_string()));
            }
        } else if self.other.is_none() && report.kind().is_bug() && !report.suppressed() {
            self.other = Some(report.title().to_string());
        }
    }

    /// What lines of the log say, none of them cut.
    fn hear(&mut self, log: &[u8]) {
        self.any = self.any || !log.trim_ascii().is_empty();
        self.begun = self.begun || text::contains(log, BOOTS);
        self.booted = self.booted || BOOTED.iter().any(|words| text::contains(log, words));
        let needed = !self.kernel && !self.booted && self.best.is_none() && self.other.is_none();
        self.kernel = self.kernel || needed && lines(log).any(|line| line.prefix.origin == Origin::Kernel);
    }

    fn judged(self) -> Judged {
        match (self.best, self.other) {
            _ if !self.any => Judged::Lost("the log is empty"),
            (Some((same, title)), _) => Judged::Crashed { title, same: Some(same) },
            (None, other) if self.begun && !self.booted => {
                Judged::BootFailed(other.unwrap_or_else(|| "the kernel came to no init".to_string()))
            }
            (None, Some(title)) => Judged::Crashed { title, same: None },
            // What started no kernel has tested none: `Could not access KVM kernel module`.
            (None, None) if !self.booted && !self.kernel => Judged::Lost("no line of the log is a kernel's"),
            (None, None) => Judged::Ok,
        }
    }
}

/// A log that is heard while it is read.
struct Heard<R> {
    input: R,
    seen: Seen,
    /// The last line, as long as it has no end.
    line: Vec<u8>,
}

impl<R: Read> Read for Heard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.input.read(buffer)?;
        let new = buffer.get(..bytes).unwrap_or_default();
        let end = memchr::memrchr(b'\n', new).map_or(0, |at| at + 1);
        let (lines, rest) = new.split_at(end);
        // A line that is too long is heard in pieces.
        if end > 0 || bytes == 0 || self.line.len() + bytes > LINE_BYTES {
            self.line.extend_from_slice(lines);
            self.seen.hear(&std::mem::take(&mut self.line));
        }
        self.line.extend_from_slice(rest);
        Ok(bytes)
    }
}

/// The lines of a log, as far as a line may be the kernel's.
fn lines(log: &[u8]) -> impl Iterator<Item = line::Line<'_>> {
    log.split(|byte| *byte == b'\n').map(|text| line::Line::parse(0, text.get(..LINE_BYTES).unwrap_or(text)))
}

/// What was judged, in the shape of a bisection log: printed for each revision it leaves a log that
/// [`bisection`](crate::bisection) reads.
///
/// ```text
/// looking for crash: KASAN: use-after-free Read in demo_read
/// testing commit 1e000990ab75f1a0c1f2e3d4c5b6a79888776655
/// run #0: crashed: KASAN: use-after-free Read in demo_read
/// run #1: OK
/// same bug: #0 by title
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Record<'r> {
    wanted: &'r Wanted,
    runs: &'r [Judged],
    commit: Option<&'r str>,
}

impl<'r> Record<'r> {
    /// The record of a revision's runs.
    pub fn new(wanted: &'r Wanted, runs: &'r [Judged]) -> Record<'r> {
        Record { wanted, runs, commit: None }
    }

    /// Names the revision by its whole hash; anything else is left out.
    pub fn commit(self, hash: &'r str) -> Record<'r> {
        let whole = super::list::hash(hash.as_bytes()).filter(|hash| hash.len() >= WHOLE_HASH);
        Record { commit: whole, ..self }
    }
}

impl Display for Record<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "looking for crash: {}", Line(&self.wanted.title))?;
        if let Some(commit) = self.commit {
            writeln!(f, "testing commit {commit}")?;
        }
        for (number, run) in self.runs.iter().enumerate() {
            write!(f, "run #{number}: ")?;
            match run {
                Judged::Ok => writeln!(f, "OK")?,
                Judged::Crashed { title, .. } => writeln!(f, "crashed: {}", Line(title))?,
                Judged::BootFailed(why) => writeln!(f, "boot failed: {}", Line(why))?,
                Judged::Lost(why) => writeln!(f, "infra problem: {why}")?,
            }
        }
        let same = self.runs.iter().enumerate().filter_map(|(number, run)| match run {
            Judged::Crashed { same: Some(same), .. } => Some(format!("#{number} by {}", same.as_str())),
            _ => None,
        });
        let same: Vec<String> = same.collect();
        if same.is_empty() { Ok(()) } else { writeln!(f, "same bug: {}", same.join(", ")) }
    }
}

/// A text in one line, safe for a terminal.
struct Line<'t>(&'t str);

impl Display for Line<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| {
            if char.is_control() || text::is_unseen(char) { f.write_str(" ") } else { write!(f, "{char}") }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUG: &[u8] = b"[    1.5] kernel BUG at mm/slub.c:1!\n";
    const WARNING: &[u8] = b"[    1.5] WARNING: CPU: 0 PID: 1 at mm/demo.c:7 demo_check+0x1/0x2\n";

    #[test]
    fn runs_are_judged_by_their_logs() {
        let wanted = Wanted::titled("kernel BUG in corrupted");
        let same = Judged::Crashed { title: "kernel BUG in corrupted".into(), same: Some(Match::Title) };
        assert_eq!(wanted.judge(BUG), same);
        // The bug counts wherever it is, and after another crash.
        assert_eq!(wanted.judge(&[b"[    0.0] Linux version 6.1\n", WARNING, BUG].concat()), same);
        assert!(matches!(wanted.judge(WARNING), Judged::Crashed { same: None, .. }));
        assert_eq!(wanted.judge(b"[    1.5] all is well\n"), Judged::Ok);
        assert!(matches!(wanted.judge(b"[    0.0] Linux version 6.1\n[    0.1] x\n"), Judged::BootFailed(_)));
        let nothing = b"qemu-system-x86_64: Could not access KVM kernel module\nSeaBIOS (version 1.16.2)\n";
        assert!(matches!(wanted.judge(nothing), Judged::Lost(_)));
        assert_eq!(
            wanted.judge(b"[    0.0] Linux version 6.1\n[    1.0] Run /init as init process\n"),
            Judged::Ok
        );
        assert!(matches!(wanted.judge(b" \r\n"), Judged::Lost(_)));
    }

    #[test]
    fn rulings_are_those_that_git_wants() {
        let other = Judged::Crashed { title: "WARNING in demo_check".into(), same: None };
        let same = Judged::Crashed { title: "x".into(), same: Some(Match::Signature) };
        let lost = Judged::Lost("no log");
        assert_eq!(Ruling::of(&[Judged::Ok, same, other.clone()]), Ruling::Same);
        assert_eq!(Ruling::of(&[Judged::Ok, other.clone()]), Ruling::Absent);
        assert_eq!(Ruling::of(&[Judged::Ok, other.clone(), lost.clone()]), Ruling::Undecided);
        assert_eq!(Ruling::of(&[other, lost]), Ruling::Undecided);
        assert_eq!(Ruling::of(&[]), Ruling::Undecided);
        assert_eq!([Ruling::Same, Ruling::Absent, Ruling::Undecided].map(Ruling::status), [1, 0, 125]);
    }

    #[test]
    fn a_record_is_read_back() {
        let wanted = Wanted::titled("A\x1b[31m");
        let runs = [
            Judged::Crashed { title: "B".into(), same: Some(Match::Signature) },
            Judged::Ok,
            Judged::BootFailed("C\nrun #9: OK".into()),
        ];
        let record =
            Record::new(&wanted, &runs).commit("1e000990ab75f1a0c1f2e3d4c5b6a79888776655").to_string();
        assert!(!record.contains('\x1b'));
        let bisection = crate::bisection(record.as_bytes()).unwrap();
        let counts = bisection.counts(&bisection.tests[0]);
        assert_eq!((counts.same, counts.ok, counts.lost), (1, 1, 1));
        assert!(bisection.unknown.is_empty());
    }
}
