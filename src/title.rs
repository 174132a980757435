//! The title that syzbot would give: which frame is to blame, what is missing, how it is spelled.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::LazyLock;

use crate::blame::{self, Asked, Blamed, Candidate};
use crate::facts::frame;
use crate::formats::skip::Format;
use crate::formats::spelling::{self, Replacement};
use crate::formats::{Pick, kinds, noise, skip, stall};
use crate::kind::Kind;
use crate::line::Line;
use crate::rules::{self, CompiledFamily, CompiledRule, CompiledStep, Pattern};
use crate::text::{self, Log, Starts};

mod innermost;
mod missing;
mod subject;
mod texts;

use innermost::Counter;
pub(crate) use missing::spoilt_trace;
use missing::{headless, missing_trace};
pub(crate) use subject::Subject;
use texts::DISCONNECTED;
pub(crate) use texts::{EXECUTOR, LOCK_WANTED, LOCKS_HELD, PANIC, SUPPRESSED, Text};

/// What makes a report incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Corruption {
    /// No frame that could be to blame was found.
    NoFrames,
    /// The banner is of a known report, and the lines that should follow are not there.
    NoReport,
    /// The banner itself is cut, or of a kind that only damaged reports begin with.
    BrokenBanner,
    /// Another line's timestamp stands in the title.
    TimeInTitle,
    /// The log ends where a stack trace begins.
    CutTrace,
    /// A stack trace has a heading and no frames.
    EmptyTrace,
    /// There is no stack trace at all.
    NoTrace,
    /// The console was cut off in the middle: `serialport: VM disconnected.`
    Disconnected,
}

impl Corruption {
    /// The reason in syzkaller's words.
    pub fn as_str(self) -> &'static str {
        match self {
            Corruption::NoFrames => "extracted no frames",
            Corruption::NoReport => "matched title but not report regexp",
            Corruption::BrokenBanner => "report format is marked as corrupted",
            Corruption::TimeInTitle => "title matches corrupted regexp",
            Corruption::CutTrace => "call trace is missed",
            Corruption::EmptyTrace => "no frames in a stack trace",
            Corruption::NoTrace => "no stack trace in report",
            Corruption::Disconnected => "console disconnected",
        }
    }
}

/// What a report is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Title {
    pub(crate) text: String,
    pub(crate) alternatives: Vec<String>,
    pub(crate) kind: Kind,
    /// The function in the title.
    pub(crate) frame: Option<String>,
    /// The function to blame: mostly the same.
    pub(crate) blamed: Option<String>,
    pub(crate) corruption: Option<Corruption>,
}

/// The lines of a report, in the readings that the convention makes of them.
struct Reading<'a, F: FnOnce() -> Vec<Line<'a>>> {
    log: Log<'a>,
    lines: &'a [Line<'a>],
    /// All lines, the banner first.
    all: &'a [Text<'a>],
    /// Those without the frames that the unwinder does not vouch for.
    vouched: Vec<Text<'a>>,
    /// Whether the log names each line's caller.
    tagged: bool,
    beyond: Beyond<'a, F>,
    counter: OnceCell<Counter>,
}

/// Lines after a report, read when they are first needed.
enum Beyond<'a, F: FnOnce() -> Vec<Line<'a>>> {
    Unread(F),
    Read(Vec<Text<'a>>),
}

impl<'a, F: FnOnce() -> Vec<Line<'a>>> Reading<'a, F> {
    /// The lines and those after them.
    fn with_beyond(&mut self) -> Vec<Text<'a>> {
        let lines = match std::mem::replace(&mut self.beyond, Beyond::Read(Vec::new())) {
            Beyond::Unread(read) => vouched(&Text::of(self.log, &read())),
            Beyond::Read(lines) => lines,
        };
        let all = self.vouched.iter().chain(&lines).copied().collect();
        self.beyond = Beyond::Read(lines);
        all
    }

    /// The frames that are asked for by a rule, and whether each of its stacks has one.
    fn blame(&mut self, rule: &CompiledRule, asked: Asked) -> (Vec<Blamed>, bool) {
        let found = blame(rule, asked, &self.vouched);
        if found.1 {
            return found;
        }
        if self.tagged {
            let beyond = blame(rule, asked, &self.with_beyond());
            if beyond.1 {
                return beyond;
            }
        }
        let found =
            headless(&self.vouched).map_or(found, |texts| walk(rule, asked, &[CompiledStep::Trace], texts));
        // Of a stall the stack is asked once more for what was interrupted.
        if found.1 || rule.rule.pick == Pick::Stall && asked == Asked::Title {
            return found;
        }
        otherwise(rule, &self.vouched).map_or(found, |blamed| (vec![blamed], true))
    }

    /// Where the program counter stands.
    fn counter(&self) -> Counter {
        *self.counter.get_or_init(|| innermost::counter(self.all.iter().map(|text| text.body)))
    }

    /// The innermost function that may be to blame, where the convention names another one or none.
    fn innermost(&self, rule: Option<&CompiledRule>) -> Option<String> {
        let first = || otherwise(&rules::ANY, self.all.get(..1).unwrap_or_default());
        innermost::innermost(rule, self.lines, self.counter()).or_else(|| Some(first()?.name))
    }

    /// Whether a stack is missing, here and in the lines beyond.
    fn lacks_trace(&mut self) -> Option<Corruption> {
        let missing = missing_trace(&self.vouched)?;
        // A kernel without an unwinder vouches for no frame: print_trace_address, arch/x86, up to 4.9.
        if missing != Corruption::EmptyTrace || !self.vouched.iter().any(Text::is_frame) {
            missing_trace(self.all)?;
        }
        missing_trace(&self.with_beyond())
    }
}

/// Names the report whose lines begin with the banner.
///
/// `beyond` gives later lines of the same caller. By the convention a report whose stack is printed after the
/// next crash has begun does not lack it; and where callers are `tagged`, its frames are taken from there.
pub(crate) fn of<'a>(
    family: &CompiledFamily,
    log: Log<'a>,
    lines: &'a [Line<'a>],
    all: &'a [Text<'a>],
    tagged: bool,
    beyond: impl FnOnce() -> Vec<Line<'a>>,
) -> Title {
    let mut title = match lines.first().and_then(|banner| Subject::of(banner.body)) {
        None => named(family, log, lines, all, tagged, beyond),
        Some(mut subject) => {
            let own = lines.iter().copied().zip(all.iter().copied()).filter(|(line, _)| subject.takes(line));
            let (lines, texts): (Vec<_>, Vec<_>) = own.unzip();
            named(family, log, &lines, &texts, tagged, || subject.lines(&beyond()))
        }
    };
    if all.iter().any(|text| text.words & DISCONNECTED != 0) {
        title.corruption = title.corruption.or(Some(Corruption::Disconnected));
    }
    if all.first().is_some_and(|banner| is_null(&title.text, banner.body)) {
        title.kind = Kind::NullPointerDereference;
    }
    title
}

/// Whether a banner names an address in the first page, of those titles that leave it open.
fn is_null(title: &str, banner: &[u8]) -> bool {
    kinds::NULL_IN_FIRST_PAGE.iter().filter(|(start, _)| title.starts_with(start)).any(|(_, words)| {
        let address = text::after(banner, words).and_then(|rest| text::hex_digits(rest).ok());
        address.is_some_and(|(_, address)| address < FIRST_PAGE)
    })
}

/// Size of a page, the smallest of all CPUs.
const FIRST_PAGE: u64 = 4096;

fn named<'a>(
    family: &CompiledFamily,
    log: Log<'a>,
    lines: &'a [Line<'a>],
    all: &'a [Text<'a>],
    tagged: bool,
    beyond: impl FnOnce() -> Vec<Line<'a>>,
) -> Title {
    let vouched = vouched(all);
    let beyond = Beyond::Unread(beyond);
    let mut reading = Reading { log, lines, all, vouched, tagged, beyond, counter: OnceCell::new() };
    let mut cut_off = false;
    for rule in &family.rules {
        let Some(mut args) = rule.title_args(reading.vouched.iter().map(|text| text.body)) else { continue };
        if !rule.rule.report.is_empty() {
            match rule.report_args(reading.vouched.iter().map(|text| text.body)) {
                Some(found) => args = found,
                None => {
                    cut_off = true;
                    continue;
                }
            }
        }
        return by_rule(rule, &args, &mut reading);
    }
    let banner = all.first().map_or(&b""[..], |text| text.body);
    let mut title = raw(family, banner, cut_off);
    title.blamed = title.frame.clone().or_else(|| reading.innermost(None));
    title
}

/// The lines without the frames that the unwinder does not vouch for.
fn vouched<'a>(texts: &[Text<'a>]) -> Vec<Text<'a>> {
    texts.iter().copied().filter(|text| is_vouched_for(text.body)).collect()
}

/// Whether the unwinder vouches for a frame's line; every other line counts.
fn is_vouched_for(body: &[u8]) -> bool {
    !frame::is_questionable(body) || text::contains(body, "<EOI>")
}

fn by_rule<'a, F: FnOnce() -> Vec<Line<'a>>>(
    rule: &CompiledRule,
    args: &[&[u8]],
    reading: &mut Reading<'a, F>,
) -> Title {
    let (mut frames, mut complete) = reading.blame(rule, Asked::Title);
    if !complete && rule.rule.pick == Pick::Stall {
        // What was interrupted is a better title than none.
        (frames, complete) = reading.blame(rule, Asked::Interrupted);
    }
    // The convention does not know hard lockups.
    if rule.rule.format == Format::HardLockup
        && let Some(name) = reading.innermost(Some(rule))
    {
        (frames, complete) = (vec![Blamed { raw: name.clone(), name, guilty: true }], true);
    }
    let names: Vec<&str> = frames.iter().map(|f| f.name.as_str()).collect();
    let wording = fill(rule.rule.title, args, &names);
    let text = if rule.rule.coded { printable(wording.as_bytes().to_vec()) } else { sanitize(&wording) };
    let corruption = if rule.rule.broken {
        Some(Corruption::BrokenBanner)
    } else if !complete {
        Some(Corruption::NoFrames)
    } else if TIME_IN_TITLE.is_match(text.as_bytes()) {
        Some(Corruption::TimeInTitle)
    } else if rule.rule.traceless {
        None
    } else {
        reading.lacks_trace()
    };
    let mut wordings = Vec::new();
    for names in variants(&names, &frames) {
        let templates = std::iter::once(&rule.rule.title).chain(rule.rule.alt);
        wordings.extend(templates.map(|template| fill(template, args, &names)));
    }
    // Most are the same, and to spell one costs more than to compare them all.
    wordings.sort_unstable();
    wordings.dedup();
    wordings.retain(|other| *other != wording);
    let mut alternatives: Vec<String> = wordings.iter().map(|wording| sanitize(wording)).collect();
    alternatives.retain(|alternative| *alternative != text);
    alternatives.sort_unstable();
    alternatives.dedup();
    let frame = frame_in(&text);
    let blamed = culprit(rule, &frames, complete, frame.as_deref(), reading);
    Title { kind: kind(&text), frame, blamed, corruption, alternatives, text }
}

/// The function to blame, where the title's is `frame`.
fn culprit<'a, F: FnOnce() -> Vec<Line<'a>>>(
    rule: &CompiledRule,
    frames: &[Blamed],
    complete: bool,
    frame: Option<&str>,
    reading: &mut Reading<'a, F>,
) -> Option<String> {
    if rule.rule.blameless {
        return None;
    }
    let sure = complete && rule.rule.pick != Pick::Stall && rule.rule.said_by.is_empty();
    if sure
        && reading.counter() == Counter::Leaf
        && let Some(caller) = reading.innermost(Some(rule))
    {
        return Some(caller);
    }
    let named = frame.filter(|_| sure && reading.counter() != Counter::Astray);
    if named.is_some() && frames.first().is_some_and(|frame| !frame.guilty) {
        let (found, _) = reading.blame(rule, Asked::Culprit);
        if let Some(found) = found.into_iter().next() {
            return Some(found.name);
        }
    }
    let waits = |name: &str| rule.rule.pick == Pick::Hung && innermost::WORKERS.contains(&name);
    let acts = |name: &&str| !rules::ANY.skip.has(name) && !waits(name);
    named.filter(acts).map(str::to_string).or_else(|| reading.innermost(Some(rule)))
}

static TIME_IN_TITLE: Pattern = Pattern::new(r"\[ *[0-9]+\.[0-9]+\]");

/// All ways to write the frames: as in the title, as in the log, and with fewer prefixes cut.
fn variants<'f>(names: &[&'f str], frames: &'f [Blamed]) -> Vec<Vec<&'f str>> {
    let mut all = vec![names.to_vec()];
    for (at, blamed) in frames.iter().enumerate() {
        let spellings = blame::stripped(&blamed.raw).chain([blamed.raw.as_str()]);
        for spelling in spellings.filter(|spelling| *spelling != blamed.name) {
            let mut variant = names.to_vec();
            variant.get_mut(at).into_iter().for_each(|slot| *slot = spelling);
            all.push(variant);
        }
    }
    all
}

/// A banner that no rule explains is its own title.
fn raw(family: &CompiledFamily, banner: &[u8], cut_off: bool) -> Title {
    let from = rules::raw_banner(banner).or_else(|| text::find(banner, family.family.banner)).unwrap_or(0);
    let text = sanitize(&String::from_utf8_lossy(banner.get(from..).unwrap_or_default()));
    let corruption = cut_off.then_some(Corruption::NoReport);
    let (frame, alternatives) = (None, Vec::new());
    Title { kind: kind(&text), frame, blamed: None, corruption, alternatives, text }
}

fn kind(title: &str) -> Kind {
    static KINDS: LazyLock<Starts<Kind>> = LazyLock::new(|| Starts::new(kinds::BY_TITLE.iter().copied()));
    KINDS.find(title.as_bytes()).unwrap_or(Kind::Unknown)
}

/// The function at the end of a title: what follows its last ` in `.
fn frame_in(title: &str) -> Option<String> {
    let name = title.get(title.rfind(" in ")? + 4..)?;
    if name.starts_with('<') {
        return Some(name.to_string());
    }
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    let name = name.get(..end.unwrap_or(name.len()))?;
    (!name.is_empty()).then(|| name.to_string())
}

/// Puts captures in the place of `{1}`, and frames in that of `{frame}` and `{frame2}`.
fn fill(template: &str, args: &[&[u8]], frames: &[&str]) -> String {
    let mut title = String::with_capacity(TITLE_BYTES);
    let mut rest = template;
    while let Some((before, (slot, after))) =
        rest.split_once('{').and_then(|(before, slot)| Some((before, slot.split_once('}')?)))
    {
        title.push_str(before);
        let frame = |i: usize| Cow::Borrowed(frames.get(i).copied().unwrap_or("corrupted"));
        let value = match slot {
            "frame" => Some(frame(0)),
            "frame2" => Some(frame(1)),
            number => {
                number.parse::<usize>().ok().and_then(|n| args.get(n.checked_sub(1)?)).map(|a| text::lossy(a))
            }
        };
        match value {
            Some(value) => title.push_str(&value),
            None => title.extend(["{", slot, "}"]),
        }
        rest = after;
    }
    title.push_str(rest);
    title
}

/// The blamed frames of a rule's stacks, and whether each stack had one.
fn blame(rule: &CompiledRule, asked: Asked, texts: &[Text<'_>]) -> (Vec<Blamed>, bool) {
    let mut found = (Vec::new(), true);
    let stacks = if asked == Asked::Innermost { &rules::ANY.stacks } else { &rule.stacks };
    for steps in stacks {
        found = walk(rule, asked, steps, texts);
        if found.1 {
            break;
        }
    }
    found
}

/// The function of the line that names one where no stack does.
fn otherwise(rule: &CompiledRule, texts: &[Text<'_>]) -> Option<Blamed> {
    let pattern = rule.otherwise.as_ref()?;
    let (text, captures) = texts.iter().find_map(|text| Some((text, pattern.captures(text.body)?)))?;
    let name = *rules::groups(&captures).last()?;
    let candidate = blame::candidate(rule, Asked::Title, text.body, name)?;
    blame::pick(rule, Asked::Innermost, &[candidate])
}

/// Goes down the lines by a stack's steps.
fn walk(
    rule: &CompiledRule,
    asked: Asked,
    steps: &[CompiledStep],
    texts: &[Text<'_>],
) -> (Vec<Blamed>, bool) {
    let mut lines = texts.iter();
    let keep = |frames: &mut Vec<Candidate>, body: &[u8], name: &[u8]| {
        let first = matches!(rule.rule.pick, Pick::First | Pick::AsIs);
        // The convention knows tests by words of their names.
        if asked == Asked::Culprit
            && frames.is_empty()
            && skip::RUNS_TESTS.iter().any(|runs| runs.as_bytes() == name)
        {
            frames.extend(called_in(texts, body).and_then(blame::test));
        }
        if frames.is_empty() || !first {
            frames.extend(blame::candidate(rule, asked, body, name));
        }
    };
    let mut stacks: Vec<Vec<Candidate>> = Vec::new();
    let mut open: Vec<Candidate> = Vec::new();
    let mut traces = 0;
    let mut counted = false;
    let mut complete = true;
    // Where the program counter is, as text, and the frames before those of the stack at hand.
    let (mut counter, mut before) = (None, 0);
    let mut steps = steps.iter().peekable();
    while let Some(step) = steps.next() {
        match step {
            CompiledStep::Line(pattern) => {
                if let Some((text, captures)) =
                    lines.find_map(|text| Some((text, pattern.captures(text.body)?)))
                {
                    rules::groups(&captures).iter().for_each(|name| keep(&mut open, text.body, name));
                    counter = frame::place_of_line(text.body).or(counter);
                }
                before = open.len();
            }
            CompiledStep::Entry => {
                let mut asked = false;
                let found = lines.find_map(|text| {
                    let mut names = frame::functions_of_line(text.body).into_iter().flatten();
                    let enters = |name: &str| {
                        asked |= stall::FINDERS.contains(&name);
                        asked && rules::ENTRIES.has(name)
                    };
                    names.any(enters).then_some((text.body, names))
                });
                // 32-bit ARM names the caller on the same line.
                if let Some((body, names)) = found {
                    names.for_each(|name| keep(&mut open, body, name.as_bytes()));
                }
            }
            CompiledStep::Trace => {
                if traces > 0 {
                    stacks.push(std::mem::take(&mut open));
                }
                traces += 1;
                let next = match steps.peek() {
                    Some(CompiledStep::Line(pattern)) => Some(pattern),
                    _ => None,
                };
                for text in lines.by_ref() {
                    let body = text.body;
                    if is_fault_injection(body) {
                        complete = false;
                        break;
                    }
                    if let Some(captures) = next.and_then(|pattern| pattern.captures(body)) {
                        rules::groups(&captures).iter().for_each(|name| keep(&mut open, body, name));
                        steps.next();
                        break;
                    }
                    if text.is_trace_head() {
                        break;
                    }
                    if counter.is_some_and(|place| frame::is_frame_at(body, place)) {
                        // What the kernel called to print the stack.
                        open.truncate(before);
                    }
                    if matches!(rule.rule.pick, Pick::First | Pick::AsIs) && !open.is_empty() {
                        continue;
                    }
                    for name in frame::functions_of_line(body).into_iter().flatten() {
                        keep(&mut open, body, name.as_bytes());
                    }
                    let stalled = rule.rule.pick == Pick::Stall;
                    if let Some(captures) = stalled.then(|| KERNEL_COUNTER.captures(body)).flatten() {
                        // What ran before the counter's function is the interrupt that found the stall.
                        if !std::mem::replace(&mut counted, true) && rule.rule.format == Format::RcuStall {
                            open.clear();
                        }
                        rules::groups(&captures).iter().for_each(|name| keep(&mut open, body, name));
                    }
                }
            }
        }
    }
    stacks.push(open);
    let blamed: Vec<Blamed> = stacks.iter().filter_map(|stack| blame::pick(rule, asked, stack)).collect();
    complete &= blamed.len() == stacks.len();
    (blamed, complete)
}

/// The function of the frame before a line.
fn called_in<'a>(texts: &[Text<'a>], body: &[u8]) -> Option<&'a str> {
    let before = texts.iter().take_while(|text| !std::ptr::eq(text.body, body));
    before.flat_map(|text| frame::functions_of_line(text.body).into_iter().flatten()).last()
}

/// Where an interrupted kernel was.
static KERNEL_COUNTER: Pattern = Pattern::new(r"RIP: {{KERNEL}}{{PLACE}}");

/// Whether a line is a frame of injected faults in the middle of a stack: two stacks are mixed.
fn is_fault_injection(body: &[u8]) -> bool {
    static FAULT_INJECTION: Pattern = Pattern::new(r"^ *(?:\[<?[0-9a-f]+>?\] *)*should_fail(?:slab)?[+.]");
    matches!(text::skip_blanks(body).first(), Some(b's' | b'[')) && FAULT_INJECTION.is_match(body)
}

/// What a title must not hold.
static REPLACEMENTS: LazyLock<Vec<(Pattern, &Replacement)>> =
    LazyLock::new(|| spelling::REPLACEMENTS.iter().map(|r| (Pattern::new(r.pattern), r)).collect());

/// Longest title.
const TITLE_BYTES: usize = 120;

/// Spells a title so that the same crash has the same one: see `REPLACEMENTS`.
fn sanitize(title: &str) -> String {
    let mut bytes = title.as_bytes().to_vec();
    let numbered = bytes.iter().any(u8::is_ascii_digit);
    for (pattern, replacement) in REPLACEMENTS.iter().filter(|(_, r)| numbered || !r.numbered) {
        bytes = pattern.replace_all(bytes, replacement.by.as_bytes());
    }
    printable(bytes)
}

/// A title without bytes that no title has, and not too long.
fn printable(bytes: Vec<u8>) -> String {
    let mut text = Vec::with_capacity(bytes.len());
    for byte in bytes.into_iter().filter(|b| (0x20..0x7f).contains(b) || *b == b'\t') {
        let byte = if byte == b'\t' { b' ' } else { byte };
        if byte != b' ' || text.last() != Some(&b' ') {
            text.push(byte);
        }
    }
    text.truncate(TITLE_BYTES);
    text::lossy(text.trim_ascii()).into_owned()
}

/// Whether a line is a panic's banner.
pub(crate) fn is_panic(body: &[u8]) -> bool {
    noise::PANIC_WORDS.iter().any(|words| text::contains(body, words))
}

/// Whether a line says that no crash near it is to be believed: the machine was out of resources.
///
/// ```
/// assert!(crashparse::is_suppressed(b"INIT: PANIC: segmentation violation! sleeping for 30 seconds."));
/// ```
pub fn is_suppressed(body: &[u8]) -> bool {
    rules::SUPPRESSED.is_match(body)
}

/// Process and program of ` Comm: syz.4.2288 `.
pub(crate) fn executor(body: &[u8]) -> Option<(u32, u32)> {
    static COMM: Pattern = Pattern::new(r" Comm: syz\.([0-9]+)\.([0-9]+) ");
    let groups = rules::groups(&COMM.captures(body)?);
    let number = |i: usize| text::number(groups.get(i)?, 10).and_then(|n| u32::try_from(n).ok());
    Some((number(0)?, number(1)?))
}
