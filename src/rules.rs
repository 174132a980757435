//! The format tables, compiled: which banner a line is, and how a rule reads the lines after it.

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Captures, Regex, RegexBuilder};

use crate::formats::skip::{self, Format, Holds};
use crate::formats::{self, FAMILIES, Family, Rule, Step, noise};
use crate::line::{Line, Origin};
use crate::text;

/// A pattern of the tables, compiled when it is first needed.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: Cow<'static, str>,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A pattern to compile later.
    pub(crate) const fn new(source: &'static str) -> Pattern {
        Pattern { source: Cow::Borrowed(source), compiled: OnceLock::new() }
    }

    /// A pattern that matches what any of the others does.
    pub(crate) fn any_of(patterns: &[&'static str]) -> Pattern {
        let source = format!("(?:{})", patterns.join(")|(?:"));
        Pattern { source: Cow::Owned(source), compiled: OnceLock::new() }
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile(&self.source)).as_ref()
    }

    /// Whether the pattern matches somewhere in `body`.
    pub(crate) fn is_match(&self, body: &[u8]) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(body))
    }

    /// Where the pattern matches in `body`, at `from` or later.
    fn find_from(&self, body: &[u8], from: usize) -> Option<usize> {
        self.regex()?.find_at(body, from.min(body.len())).map(|found| found.start())
    }

    /// What the pattern's groups match in `body`.
    pub(crate) fn captures<'h>(&self, body: &'h [u8]) -> Option<Captures<'h>> {
        self.regex()?.captures(body)
    }
}

impl Pattern {
    /// Replaces every match, again and again until none is left.
    pub(crate) fn replace_all(&self, mut bytes: Vec<u8>, by: &[u8]) -> Vec<u8> {
        let Some(regex) = self.regex() else { return bytes };
        for _ in 0..REPLACE_ROUNDS {
            match regex.replace_all(&bytes, by) {
                Cow::Borrowed(_) => break,
                Cow::Owned(replaced) if replaced == bytes => break,
                Cow::Owned(replaced) => bytes = replaced,
            }
        }
        bytes
    }
}

/// Matches that share a byte need another round; a title is too short for more.
const REPLACE_ROUNDS: usize = 64;

/// Compiles a pattern of the tables; a test compiles them all.
pub(crate) fn compile(source: &str) -> Option<Regex> {
    let expanded = source
        .replace("{{RIP}}", r"(?:{{COUNTER}} {{WHERE}}|{{ELSEWHERE}})")
        // x86, powerpc, arm and arm64; m68k
        .replace("{{COUNTER}}", r"(?:IP is at|IP|NIP|pc |PC is at|^PC):?")
        .replace(
            "{{WHERE}}",
            r"(?:(?:[0-9a-f]+:)?{{PLACE}}|(?:[0-9a-f]+:)?0x[0-9a-f]+|(?:[0-9a-f]+:)?{{PC}} +\[< *\(null\)>\] +\(null\)|[0-9a-f]+: +\(null\))",
        )
        // riscv, mips, loongarch; s390; sparc; parisc
        .replace(
            "{{ELSEWHERE}}",
            r"(?:(?:epc|ERA) *: *(?:[0-9a-f]{8,16} +)?{{FUNC}}|PSW *: .*\({{FUNC}}|T?PC: <{{FUNC}}|IAOQ\[0\]: {{FUNC}})",
        )
        .replace("{{TRACE}}", "(?:Call [Tt]race|Backtrace):")
        .replace("{{PLACE}}", r"(?:{{PC}} +){0,2}(?:\.|:[a-zA-Z0-9_]+:)?{{FUNC}}")
        .replace("{{KERNEL}}", r"[0-9a-f]{3}[0-24-689ac-e]:")
        .replace("{{FUNC}}", r"([a-zA-Z0-9_]+){{BEHIND}}")
        .replace("{{BEHIND}}", r"(?:\.|\+|{{DECODED}})")
        .replace("{{DECODED}}", r" +\((?:[^ ():]+\.[a-zA-Z]+|\?\?):[0-9?]+[ )]")
        .replace("{{PC}}", r"\[<?(?:0x)?[0-9a-f]+>?\]")
        .replace("{{SRC}}", r"([a-zA-Z0-9_/.-]+\.[a-z]+:[0-9]+)");
    RegexBuilder::new(&expanded).unicode(false).build().ok()
}

/// Which functions of `formats::skip` a list has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum List {
    /// Those that are never to blame.
    Everywhere,
    /// Those of them that headers define.
    Inline,
    /// Those of them that call nothing.
    Leaves,
    /// Those that are not to blame for crashes of a kind.
    In(Format),
    /// Those that a title of a kind names and that are not to blame.
    ToBlame(Format),
    /// Those whose callee is to blame for a stall.
    Anchors,
    /// The same where a stack has none of them.
    LateAnchors,
    /// Those by which an interrupt enters the kernel.
    Entries,
}

impl List {
    /// Whether a group is of the list.
    fn has(self, holds: Holds) -> bool {
        match (self, holds) {
            (List::Everywhere, Holds::Everywhere | Holds::Inline | Holds::Leaf)
            | (List::Inline, Holds::Inline | Holds::Leaf)
            | (List::Leaves, Holds::Leaf)
            | (List::Anchors, Holds::Anchor)
            | (List::LateAnchors, Holds::LateAnchor)
            | (List::Entries, Holds::Entry) => true,
            (List::In(format), Holds::In(formats)) | (List::ToBlame(format), Holds::ToBlame(formats)) => {
                formats.contains(&format)
            }
            _ => false,
        }
    }

    /// The patterns of the list.
    pub(crate) fn patterns(self) -> impl Iterator<Item = &'static str> {
        skip::GROUPS.iter().filter(move |group| self.has(group.holds)).flat_map(|group| group.names).copied()
    }
}

/// A list of function names, searched for all at once.
#[derive(Debug)]
pub(crate) struct Names {
    list: List,
    compiled: OnceLock<Pieces>,
}

/// The pieces of names that patterns are, by the hash of what they begin with: quick to build, for the first title must
/// not wait for it.
#[derive(Debug)]
struct Pieces {
    /// In the order of their hashes.
    pieces: Vec<(&'static [u8], Edges)>,
    /// Where those of each hash begin, and at last where all end.
    starts: Vec<usize>,
}

/// Bytes that a piece is found by.
pub(crate) const HEAD: usize = 3;
const HASHES: usize = 1 << 11;

impl Pieces {
    fn new(patterns: impl Iterator<Item = &'static str>) -> Pieces {
        let of_hash = |pattern| {
            let (edges, piece): (Edges, &'static str) = edges(pattern);
            (hash(piece.as_bytes()), (piece.as_bytes(), edges))
        };
        let mut all: Vec<(usize, (&'static [u8], Edges))> = patterns.map(of_hash).collect();
        all.sort_unstable_by_key(|(hash, _)| *hash);
        let mut starts = Vec::with_capacity(HASHES + 1);
        for (at, (hash, _)) in all.iter().enumerate() {
            starts.resize(starts.len().max(hash + 1), at);
        }
        starts.resize(HASHES + 1, all.len());
        Pieces { pieces: all.into_iter().map(|(_, piece)| piece).collect(), starts }
    }

    /// The pieces that `name` has at an offset.
    fn at<'n>(
        &self,
        name: &'n [u8],
        at: usize,
    ) -> impl Iterator<Item = &(&'static [u8], Edges)> + use<'_, 'n> {
        let rest = name.get(at..).unwrap_or_default();
        let hash = hash(rest);
        let of_hash = match self.starts.get(hash..hash + 2) {
            Some(&[start, end]) => self.pieces.get(start..end).unwrap_or_default(),
            _ => &[],
        };
        of_hash.iter().filter(|(piece, _)| rest.starts_with(piece))
    }
}

/// The hash of what a piece begins with; a test knows that none is shorter.
fn hash(piece: &[u8]) -> usize {
    let head = piece.first_chunk::<HEAD>().map_or(0, |[a, b, c]| u32::from_le_bytes([*a, *b, *c, 0]));
    (head.wrapping_mul(0x9e37_79b1) >> (32 - HASHES.ilog2())) as usize
}

/// Where a pattern is bound to the name's ends or to a word's.
#[derive(Clone, Copy, Debug)]
struct Edges {
    start: bool,
    end: bool,
    word_start: bool,
    word_end: bool,
}

/// Functions that are never to blame.
pub(crate) static NEVER_TO_BLAME: Names = Names::new(List::Everywhere);
/// Those of them that headers define: modules have copies.
pub(crate) static INLINE: Names = Names::new(List::Inline);
/// Those of them that call nothing.
pub(crate) static LEAVES: Names = Names::new(List::Leaves);
/// Functions whose callee is to blame for a stall.
pub(crate) static ANCHORS: Names = Names::new(List::Anchors);
/// The same where a stack has none of them.
pub(crate) static LATE_ANCHORS: Names = Names::new(List::LateAnchors);
/// Functions that an interrupt enters the kernel by.
pub(crate) static ENTRIES: Names = Names::new(List::Entries);
/// Functions whose caller is to blame for a hang.
pub(crate) static WAITING: Names = Names::new(List::In(Format::Hung));

impl Names {
    pub(crate) const fn new(list: List) -> Names {
        Names { list, compiled: OnceLock::new() }
    }

    /// Whether a pattern of the list fits the function's name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.matches(name).next().is_some()
    }

    /// Whether a pattern of the list is the function's whole name.
    pub(crate) fn is_whole(&self, name: &str) -> bool {
        self.matches(name).any(|piece| piece.len() == name.len())
    }

    /// The pieces of the name that patterns of the list fit.
    fn matches(&self, name: &str) -> impl Iterator<Item = &'static [u8]> {
        let pieces = self.compiled.get_or_init(|| Pieces::new(self.list.patterns()));
        (0..name.len()).flat_map(move |at| {
            let fits = move |(piece, edges): &&(&'static [u8], Edges)| edges.fit(name, at, at + piece.len());
            pieces.at(name.as_bytes(), at).filter(fits).map(|(piece, _)| *piece)
        })
    }
}

/// The ends that a pattern is bound to, and its piece of a name.
fn edges(pattern: &'static str) -> (Edges, &'static str) {
    let strip = |piece: &mut &'static str, shorter: Option<&'static str>| {
        *piece = shorter.unwrap_or(piece);
        shorter.is_some()
    };
    let mut piece = pattern;
    let shorter = piece.strip_prefix('^');
    let start = strip(&mut piece, shorter);
    let shorter = piece.strip_prefix('<');
    let word_start = strip(&mut piece, shorter);
    let shorter = piece.strip_suffix('$');
    let end = strip(&mut piece, shorter);
    let shorter = piece.strip_suffix('>');
    let word_end = strip(&mut piece, shorter);
    (Edges { start, end, word_start, word_end }, piece)
}

impl Edges {
    /// Whether a piece found from `from` to `to` stands where the pattern wants it.
    fn fit(self, name: &str, from: usize, to: usize) -> bool {
        let bytes = name.as_bytes();
        let inside_word =
            |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        (!self.start || from == 0)
            && (!self.end || to == bytes.len())
            && (!self.word_start || !inside_word(from.checked_sub(1)))
            && (!self.word_end || !inside_word(Some(to)))
    }
}

/// A rule with its patterns.
#[derive(Debug)]
pub(crate) struct CompiledRule {
    pub(crate) rule: &'static Rule,
    line: Pattern,
    then: Vec<Pattern>,
    next: Option<Pattern>,
    pub(crate) otherwise: Option<Pattern>,
    report: Vec<Pattern>,
    pub(crate) stacks: Vec<Vec<CompiledStep>>,
    /// Functions that the title cannot name.
    pub(crate) skip: Names,
    /// Functions that the title may name and that are not to blame.
    pub(crate) to_blame: Names,
}

/// A step of a stack with its pattern.
#[derive(Debug)]
pub(crate) enum CompiledStep {
    Line(Pattern),
    Entry,
    Trace,
}

/// A family with its rules.
#[derive(Debug)]
pub(crate) struct CompiledFamily {
    pub(crate) family: &'static Family,
    pub(crate) rules: Vec<CompiledRule>,
    uncorrected: Option<Pattern>,
}

/// All families in the order of the tables.
pub(crate) static ALL: LazyLock<Vec<CompiledFamily>> =
    LazyLock::new(|| FAMILIES.iter().copied().flatten().map(CompiledFamily::new).collect());

/// Any line of `noise::SUPPRESSED`.
pub(crate) static SUPPRESSED: LazyLock<Pattern> = LazyLock::new(|| Pattern::any_of(noise::SUPPRESSED));

/// The rule for a crash of which nothing but its stack is known.
pub(crate) static ANY: LazyLock<CompiledRule> = LazyLock::new(|| CompiledRule::new(&formats::ANY));

impl CompiledFamily {
    fn new(family: &'static Family) -> CompiledFamily {
        let uncorrected = (!family.uncorrected.is_empty()).then(|| Pattern::new(family.uncorrected));
        CompiledFamily { family, rules: family.rules.iter().map(CompiledRule::new).collect(), uncorrected }
    }
}

impl CompiledRule {
    fn new(rule: &'static Rule) -> CompiledRule {
        let patterns = |list: &[&'static str]| list.iter().map(|s| Pattern::new(s)).collect();
        let steps = |stack: &&'static [Step]| {
            stack
                .iter()
                .map(|step| match step {
                    Step::Line(source) => CompiledStep::Line(Pattern::new(source)),
                    Step::Entry => CompiledStep::Entry,
                    Step::Trace => CompiledStep::Trace,
                })
                .collect()
        };
        let some = |source: &'static str| (!source.is_empty()).then(|| Pattern::new(source));
        CompiledRule {
            rule,
            line: Pattern::new(rule.line),
            then: patterns(rule.then),
            next: some(rule.next),
            otherwise: some(rule.otherwise),
            report: patterns(rule.report),
            stacks: rule.stacks.iter().map(steps).collect(),
            skip: Names::new(List::In(rule.format)),
            to_blame: Names::new(List::ToBlame(rule.format)),
        }
    }

    /// Whether the rule is about this banner line.
    pub(crate) fn is_about(&self, banner: &[u8]) -> bool {
        self.line.is_match(banner)
    }

    /// The captures of the banner's line and of the lines that must follow it.
    pub(crate) fn title_args<'a>(&self, mut bodies: impl Iterator<Item = &'a [u8]>) -> Option<Vec<&'a [u8]>> {
        let mut args = groups(&self.line.captures(bodies.next()?)?);
        if let Some(next) = &self.next {
            args.extend(groups(&next.captures(bodies.next()?)?));
        }
        args.extend(in_order(&self.then, bodies)?);
        Some(args)
    }

    /// The captures of the lines that the title's arguments stand in, where they are not the banner's.
    pub(crate) fn report_args<'a>(&self, bodies: impl Iterator<Item = &'a [u8]>) -> Option<Vec<&'a [u8]>> {
        in_order(&self.report, bodies)
    }
}

/// Finds each pattern on a line after the one before it; all captures together.
fn in_order<'a>(patterns: &[Pattern], mut bodies: impl Iterator<Item = &'a [u8]>) -> Option<Vec<&'a [u8]>> {
    let mut args = Vec::new();
    for pattern in patterns {
        args.extend(bodies.find_map(|body| pattern.captures(body).map(|c| groups(&c)))?);
    }
    Some(args)
}

/// The groups of a match that took part in it.
pub(crate) fn groups<'h>(captures: &Captures<'h>) -> Vec<&'h [u8]> {
    captures.iter().skip(1).flatten().map(|group| group.as_bytes()).collect()
}

/// The banners of all families in order, and after them the marks of quoted crashes, the kernel's own first, then of
/// regular expressions.
static BANNERS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let banners = ALL.iter().map(|family| family.family.banner);
    let quotes = [noise::KERNELS_QUOTES, noise::QUOTES, noise::REGEXES].into_iter().flatten().copied();
    // It is quick to build: lines are short.
    let kind = Some(AhoCorasickKind::ContiguousNFA);
    AhoCorasick::builder().kind(kind).build(banners.chain(quotes)).ok()
});

/// The family whose banner a line is, by the order of the tables.
pub(crate) fn classify(line: &Line<'_>) -> Option<&'static CompiledFamily> {
    if line.prefix.origin == Origin::Program {
        return None;
    }
    let quotes = ALL.len();
    let kernels = quotes + noise::KERNELS_QUOTES.len();
    let known = if line.prefix.origin == Origin::Kernel { kernels } else { usize::MAX };
    let mut found: Vec<(usize, usize)> = BANNERS
        .as_ref()?
        .find_overlapping_iter(line.body)
        .map(|hit| (hit.pattern().as_usize(), hit.start()))
        .filter(|&(pattern, _)| pattern < known)
        .collect();
    found.sort_unstable();
    // A line may hold the same banner thousands of times.
    found.dedup_by_key(|(pattern, _)| *pattern);
    if found.last().is_some_and(|&(last, _)| last >= kernels + noise::QUOTES.len()) {
        return None;
    }
    let marks = found.split_off(found.partition_point(|&(pattern, _)| pattern < quotes));
    if let Some(quoted) = marks.iter().map(|&(_, at)| at).min() {
        found.retain(|&(_, at)| at < quoted);
    }
    let mut families: Vec<(&'static CompiledFamily, usize)> =
        found.into_iter().filter_map(|(pattern, at)| Some((ALL.get(pattern)?, at))).collect();
    by_record(line.body, &mut families);
    families.into_iter().map(|(family, _)| family).find(|family| family.is_banner(line))
}

/// Where a line lost its end to the next one, of the records that it holds the crash comes before the event, and the first
/// before the second: `zz: vmalloc: allocation failure: 100 bytes[   12.100000] BUG: unable to handle page fault for …`
fn by_record(body: &[u8], families: &mut [(&'static CompiledFamily, usize)]) {
    static STAMP: Pattern = Pattern::new(r"\[ {0,4}[0-9]+\.[0-9]{6}\]");
    if families.len() < 2 || memchr::memchr(b'[', body).is_none() {
        return;
    }
    let Some(stamp) = STAMP.find_from(body, 1) else { return };
    families.sort_by_key(|&(family, at)| (family.family.event, at > stamp));
}

/// Where the title of a line without a rule begins.
pub(crate) fn raw_banner(body: &[u8]) -> Option<usize> {
    let mut raw = ALL.iter().filter(|family| family.family.raw);
    raw.find_map(|family| text::find(body, family.family.banner))
}

/// Whether a quote stands open where a line is cut in two: right there, or before it and closed behind. A value
/// of JSON is no quote but a carrier of lines.
fn opens_quote(before: &[u8], after: &[u8], mark: u8) -> bool {
    let Some(last) = memchr::memrchr(mark, before) else { return false };
    let is_value = before.get(..last).is_some_and(|key| key.ends_with(b"\": ") || key.ends_with(b"\":"));
    if is_value {
        return false;
    }
    if last + 1 == before.len() {
        return true;
    }
    let apostrophe = |at: usize, text: &[u8]| {
        let letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphabetic);
        mark == b'\'' && letter(at.checked_sub(1)) && letter(at.checked_add(1))
    };
    let marks = |text: &[u8]| memchr::memchr_iter(mark, text).filter(|&at| !apostrophe(at, text)).count();
    marks(before) % 2 == 1 && marks(after) > 0
}

impl CompiledFamily {
    /// Whether the lines of a report tell a crash, and no error that was corrected.
    pub(crate) fn tells_crash(&self, lines: &[Line<'_>]) -> bool {
        self.uncorrected.as_ref().is_none_or(|words| lines.iter().any(|line| words.is_match(line.body)))
    }

    /// Whether `line`, which holds this family's literal, is its own title.
    fn is_raw(&self, line: &Line<'_>) -> bool {
        self.family.raw && self.is_sure(line)
    }

    /// Whether `line` begins with this family's literal and is surely the kernel's.
    fn is_sure(&self, line: &Line<'_>) -> bool {
        line.prefix.origin == Origin::Kernel && line.body.starts_with(self.family.banner.as_bytes())
    }

    /// Whether the literal is quoted by a program's line.
    fn is_quoted(&self, line: &Line<'_>) -> bool {
        if line.prefix.origin == Origin::Kernel {
            return false;
        }
        let halves = text::find(line.body, self.family.banner).and_then(|at| line.body.split_at_checked(at));
        halves.is_some_and(|(before, after)| b"\"'`".iter().any(|&mark| opens_quote(before, after, mark)))
    }

    /// Whether `line`, which holds this family's literal, is the banner that a rule is about.
    fn is_banner_of(&self, rule: &CompiledRule, line: &Line<'_>) -> bool {
        (!rule.rule.sure || self.is_sure(line)) && rule.is_about(line.body)
    }

    /// Whether `line`, which holds this family's literal, is its banner.
    fn is_banner(&self, line: &Line<'_>) -> bool {
        !self.family.unless.iter().any(|other| text::contains(line.body, other))
            && !self.is_quoted(line)
            && (self.is_raw(line) || self.rules.iter().any(|rule| self.is_banner_of(rule, line)))
    }
}
