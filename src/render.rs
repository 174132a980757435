//! A report as text for people: what broke, where, who; then the crash's stack, and what else says something.
//!
//! Nothing of the log reaches the output unchecked: control characters are shown as `\x1b`, and what is not seen but
//! turns text round, breaks lines or hides in it as `\u{202e}`.

use std::fmt::{self, Debug, Display, Formatter};

use crate::facts::frame::{Calls, Frame, Trust};
use crate::facts::place::Check;
use crate::facts::registers::Registers;
use crate::facts::trace::{StackTrace, TraceKind};
#[cfg(feature = "disasm")]
use crate::kind::Kind;
use crate::report::{Report, Syscall};
use crate::text;

mod bisect;
#[cfg(feature = "disasm")]
mod code;
mod facts;
mod faults;
mod scenario;
mod stack;
mod style;
mod waits;

pub use bisect::TextBisection;

#[cfg(feature = "disasm")]
pub(crate) use code::CodeText;
use facts::LockText;
use stack::FrameText;
use style::{Role, Styles};

/// Width of what a row is about.
const LABEL_COLUMNS: usize = 9;
/// Lines before and after one of an excerpt.
const EXCERPT_LINES: u32 = 2;

/// Lines of source files, for excerpts.
pub trait Excerpts: Debug {
    /// A line of a file, by the file's name as frames give it and the line's number, from 1.
    fn line(&self, file: &str, line: u32) -> Option<String>;
}

/// A report to be written as text, with what only the reader of its log knows.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TextReport<'r, 'a> {
    report: &'r Report<'a>,
    place: Option<(&'r str, u64)>,
    excerpts: Option<&'r dyn Excerpts>,
    view: View<'r>,
}

/// How everything is to be shown.
#[derive(Clone, Copy, Debug)]
struct View<'r> {
    sources: Option<&'r dyn Calls>,
    full: bool,
    styles: Styles,
}

impl View<'_> {
    /// `  memory   read of 8 bytes …`
    fn row(&self, f: &mut Formatter<'_>, label: &str, text: impl Display) -> fmt::Result {
        let blanks = LABEL_COLUMNS.saturating_sub(label.len());
        writeln!(f, "  {}{:blanks$}{text}", self.styles.paint(Role::Label, label), "")
    }
}

impl<'r, 'a> TextReport<'r, 'a> {
    /// A report of a log without a name.
    pub fn new(report: &'r Report<'a>) -> TextReport<'r, 'a> {
        let view = View { sources: None, full: false, styles: Styles(false) };
        TextReport { report, place: None, excerpts: None, view }
    }

    /// Adds the log's path and the number of the banner's line, from 1.
    pub fn at(self, path: &'r str, line: u64) -> TextReport<'r, 'a> {
        TextReport { place: Some((path, line)), ..self }
    }

    /// Adds files, lines and inlined calls to the frames.
    pub fn sources(self, sources: &'r dyn Calls) -> TextReport<'r, 'a> {
        TextReport { view: View { sources: Some(sources), ..self.view }, ..self }
    }

    /// Adds the line of the function to blame, and two before and after it.
    pub fn excerpts(self, excerpts: &'r dyn Excerpts) -> TextReport<'r, 'a> {
        TextReport { excerpts: Some(excerpts), ..self }
    }

    /// Shows all stacks, locks, modules and registers whole. By default the stacks beside the crash's own are folded to
    /// the frames that may be to blame, and what says little is counted.
    pub fn full(self, full: bool) -> TextReport<'r, 'a> {
        TextReport { view: View { full, ..self.view }, ..self }
    }

    /// Sets parts off by a terminal's colours.
    pub fn colors(self, colors: bool) -> TextReport<'r, 'a> {
        TextReport { view: View { styles: Styles(colors), ..self.view }, ..self }
    }
}

/// Bytes of the log or a file's name, safe for a terminal, a page and a mail: all that is seen is there, and nothing else.
///
/// Control characters are shown as `\x1b`; as `\u{202e}` what turns the direction of text, breaks lines, has no width,
/// or is a tag (UAX #9, UTS #55).
///
/// ```
/// assert_eq!(crashparse::Plain(b"\x1b[31mred\xff").to_string(), "\\x1b[31mred\u{fffd}");
/// assert_eq!(crashparse::Plain("a\u{202e}b".as_bytes()).to_string(), "a\\u{202e}b");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a>(pub &'a [u8]);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for char in String::from_utf8_lossy(self.0).chars() {
            if char == '\t' {
                f.write_str(" ")?;
            } else if char.is_control() {
                write!(f, "\\x{:02x}", u32::from(char))?;
            } else if text::is_unseen(char) {
                write!(f, "\\u{{{:x}}}", u32::from(char))?;
            } else {
                write!(f, "{char}")?;
            }
        }
        Ok(())
    }
}

impl Display for TextReport<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let TextReport { report, view, .. } = self;
        writeln!(f, "{}", view.styles.paint(Role::Title, Plain(report.title().as_bytes())))?;
        let (traces, strays) = report.traces_and_strays();
        let (own, others): (Vec<_>, Vec<_>) = traces.iter().partition(|trace| trace.kind == TraceKind::Crash);
        let steps = report.lock_scenario_in(&traces);
        let own_calls: Vec<Frame<'_>> =
            own.iter().take(1).flat_map(|trace| stack::calls(trace, view.sources)).collect();
        self.summary(f, &own_calls, report.syscall_in(&traces), steps.is_empty())?;
        scenario::scenario(f, view, &steps)?;
        for dump in &strays {
            stack::counter(f, view, dump)?;
        }
        if !own_calls.is_empty() {
            writeln!(f, "  {}", view.styles.paint(Role::Label, "stack"))?;
            stack::own(f, view, &own_calls, report.blamed())?;
        }
        // The chain's last link is the crash's own stack again.
        let again = |trace: &StackTrace<'_>| {
            trace.kind == TraceKind::LockDependency(0) && !steps.is_empty() && !own_calls.is_empty()
        };
        let others: Vec<&StackTrace<'_>> =
            own.iter().skip(1).chain(&others).copied().filter(|trace| view.full || !again(trace)).collect();
        stack::others(f, view, &others)?;
        facts::locks(f, view, &report.held_locks(), report.task().map(|task| task.pid), !traces.is_empty())?;
        if let Some(kasan) = report.memory().filter(|_| view.full).and_then(|memory| memory.kasan) {
            facts::shadow(f, view, &kasan)?;
        }
        if let Some(dump) = report.registers_in(&traces) {
            self.registers(f, &dump, own.first().is_none_or(|trace| dump.line < trace.first))?;
        }
        if let Some(modules) = report.modules_linked_in() {
            let frames = traces.iter().flat_map(|trace| &trace.frames);
            let named: Vec<&str> = frames.filter_map(|frame| frame.module).collect();
            facts::modules(f, view, &modules, &named)?;
        }
        Ok(())
    }
}

impl TextReport<'_, '_> {
    /// The registers, and the code where the crash `begins` with them: those inside a stack are of an interrupted program,
    /// and no instruction of it trapped.
    fn registers(&self, f: &mut Formatter<'_>, dump: &Registers<'_>, begins: bool) -> fmt::Result {
        let View { full, styles, .. } = self.view;
        if full {
            facts::registers(f, &self.view, dump)?;
        }
        #[cfg(feature = "disasm")]
        if full || begins {
            let head = styles.paint(Role::Label, "code");
            let kind = self.report.kind();
            let trapped = begins && kind.is_bug() && !matches!(kind, Kind::Hang | Kind::HardLockup);
            write!(f, "{}", CodeText { registers: dump, full, trapped, head: &head })?;
        }
        #[cfg(not(feature = "disasm"))]
        let _ = (begins, styles);
        Ok(())
    }

    /// What, where, who in which system call, when; and which `locks` are wanted, unless that is told in the scenario.
    fn summary(
        &self,
        f: &mut Formatter<'_>,
        own: &[Frame<'_>],
        syscall: Option<Syscall>,
        locks: bool,
    ) -> fmt::Result {
        let TextReport { report, view, .. } = self;
        let mut sentence = Vec::new();
        for line in report.says().into_iter().filter(|line| *line != report.title().as_bytes()) {
            sentence.extend_from_slice(line);
            // It goes on in the next line.
            if line.ends_with(b" of") || line.ends_with(b" variable:") {
                sentence.push(b' ');
            } else {
                view.row(f, "says", Plain(&std::mem::take(&mut sentence)))?;
            }
        }
        if !sentence.is_empty() {
            view.row(f, "says", Plain(sentence.trim_ascii()))?;
        }
        self.blamed(f, own)?;
        if let Some(Check { source, condition, .. }) = report.check() {
            let place = format!("{}:{}", Plain(source.file.as_bytes()), source.line);
            // The banner, where it is the sentence, has the place already.
            let told =
                report.says().iter().any(|line| memchr::memmem::find(line, place.as_bytes()).is_some());
            if condition.is_some() || !told || view.full {
                let condition =
                    condition.map_or(String::new(), |condition| format!(": {}", Plain(condition)));
                view.row(f, "check", format_args!("{place}{condition}"))?;
            }
        }
        if let Some(memory) = report.memory() {
            facts::memory(f, view, &memory)?;
        }
        faults::details(f, view, report)?;
        faults::rust(f, view, report)?;
        faults::oom(f, view, report)?;
        faults::device(f, view, report)?;
        if let Some(attempt) = report.lock_attempt().filter(|_| locks || view.full) {
            let wants = if attempt.releases { "releases" } else { "wants" };
            for (verb, lock) in [(wants, attempt.wanted), ("holds", attempt.held)] {
                lock.map_or(Ok(()), |lock| view.row(f, verb, LockText(&lock, view.sources)))?;
            }
        }
        for (comm, pid) in report.blockers().iter().filter_map(|blocker| blocker.owner) {
            view.row(f, "waits", format_args!("for {} (pid {pid})", Plain(comm)))?;
        }
        if let Some(task) = report.task() {
            let mut text = match task.comm {
                b"" => format!("pid {}", task.pid),
                comm => format!("{} (pid {})", Plain(comm), task.pid),
            };
            if let Some(cpu) = task.cpu {
                text += &format!(" on CPU {cpu}");
            }
            if let Some(hung) = report.hung_task() {
                text += &format!(", for more than {} seconds", hung.seconds);
            }
            if let Some(lockup) = report.soft_lockup() {
                text += &format!(", stuck for {} seconds", lockup.seconds);
            }
            if let Some(workqueue) = report.workqueue() {
                text += &format!(", workqueue {}", Plain(workqueue.name));
                if let Some(function) = workqueue.function {
                    text += &format!(" running {}", Plain(function.as_bytes()));
                }
            }
            if let Some(syscall) = syscall {
                text += &format!(", in {}(2)", syscall.name);
            }
            view.row(f, "task", text)?;
        } else if let Some(cpu) = report.cpu() {
            view.row(f, "cpu", cpu)?;
        }
        facts::kernel(f, view, report)?;
        if let Some(hardware) = report.hardware().filter(|_| view.full) {
            view.row(f, "hardware", Plain(hardware))?;
        }
        if let Some(reason) = report.panic_message() {
            view.row(f, "panic", Plain(reason))?;
        }
        self.place(f)
    }

    /// Where the function to blame is in the crash's own stack, and its source.
    fn blamed(&self, f: &mut Formatter<'_>, own: &[Frame<'_>]) -> fmt::Result {
        let blamed = self.report.blamed();
        let fits = |frame: &&Frame<'_>| {
            frame.function().map(crate::demangle::demangle).as_deref() == blamed && blamed.is_some()
        };
        // Who called where nothing can run may be in no stack: the last branch of s390.
        let dump = if own.iter().any(|frame| fits(&frame)) { None } else { self.report.registers() };
        let branch: Vec<Frame<'_>> =
            dump.iter().flat_map(|dump| [dump.branch, dump.link]).flatten().collect();
        let branch: Vec<Frame<'_>> = branch.iter().flat_map(|frame| frame.calls(self.view.sources)).collect();
        let Some(frame) = own.iter().find(fits).or_else(|| branch.iter().find(fits)) else { return Ok(()) };
        let painted = self.view.styles.paint(Role::Blamed, FrameText(frame));
        let caller =
            if self.names_a_caller(own, frame) { " (the title names a caller, by convention)" } else { "" };
        self.view.row(f, "where", format_args!("{painted}{caller}"))?;
        let Some((excerpts, source)) = self.excerpts.zip(frame.source) else { return Ok(()) };
        let lines = source.line.saturating_sub(EXCERPT_LINES).max(1)..=source.line + EXCERPT_LINES;
        for number in lines {
            let Some(line) = excerpts.line(source.file, number) else { continue };
            let line = format!("{number:>7} {}", Plain(line.replace('\t', "    ").as_bytes()));
            if number == source.line {
                writeln!(f, "  >{}", self.view.styles.paint(Role::Blamed, line.trim_end()))?;
            } else {
                writeln!(f, "   {}", line.trim_end())?;
            }
        }
        Ok(())
    }

    /// Whether the function in the title is one that has called the one to blame: of stalls and of overflows the convention
    /// names what a run of the same test has in common.
    fn names_a_caller(&self, own: &[Frame<'_>], blamed: &Frame<'_>) -> bool {
        let Some((_, named)) = self.report.title().rsplit_once(" in ") else { return false };
        let vouched = |frame: &&Frame<'_>| frame.trust != Trust::Unreliable;
        let is_named = |frame: &Frame<'_>| {
            frame.function().map(crate::demangle::demangle).is_some_and(|function| function == named)
        };
        let mut callers = own.iter().skip_while(|frame| !frame.is_at(blamed)).skip(1).filter(vouched);
        !is_named(blamed) && callers.any(is_named)
    }

    /// Where in the log it is, when it was, of which kind, and what is the matter with the report.
    fn place(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let TextReport { report, view, .. } = self;
        if let Some((path, line)) = self.place {
            let mut text = format!("{}:{line}", Plain(path.as_bytes()));
            if let Some(boot) = report.boot().filter(|boot| *boot > 1) {
                text += &format!(", boot {boot}");
            }
            if let Some(time) = report.time() {
                text += &format!(", at {}.{:06} s", time / 1_000_000, time % 1_000_000);
            }
            view.row(f, "log", text)?;
        }
        let words = Some(report.kind().words()).filter(|words| !words.is_empty());
        let mut marks = vec![report.kind().as_str().to_string()];
        marks.extend(words.map(str::to_string));
        let said = [
            (report.panicked(), "panicked"),
            (report.crash_kernel(), "fatal: a crash kernel took over"),
            (report.suppressed(), "suppressed"),
            (report.is_cut(), "cut: longer than a report may be"),
        ];
        marks.extend(said.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark.to_string()));
        marks.extend(report.corruption().map(|corruption| format!("corrupted: {}", corruption.as_str())));
        view.row(f, "kind", marks.join(", "))?;
        match report.doubtful_lines().len() {
            0 => Ok(()),
            1 => view.row(f, "doubt", "1 line may be of this report or of another CPU's"),
            lines => {
                view.row(f, "doubt", format_args!("{lines} lines may be of this report or of another CPU's"))
            }
        }
    }
}
