//! What kernels print, as data: one file per oops family, no code.
//!
//! Adding a crash format is one entry in its family's file and one case in `testdata/`.
//!
//! Patterns are regular expressions over the text of one line (bytes, no Unicode), with these macros:
//!
//! | macro | stands for |
//! | --- | --- |
//! | `{{FUNC}}` | a function's name before its `+`, its first `.` or `{{DECODED}}`; captured |
//! | `{{BEHIND}}` | what stands behind the name there |
//! | `{{DECODED}}` | what `scripts/decode_stacktrace.sh` has put there for the offset: ` (fs/open.c:34 ` |
//! | `{{PLACE}}` | `{{FUNC}}` with what old kernels put before it: its address, its module between colons |
//! | `{{KERNEL}}` | the selector of a code segment of the kernel: `0010:`, `0060:`, `e030:` of a Xen guest; the two low bits of a program's are 3 |
//! | `{{PC}}` | an address in brackets |
//! | `{{SRC}}` | `path/file.c:12`; captured |
//! | `{{TRACE}}` | the heading of a stack trace |
//! | `{{RIP}}` | a line that names the program counter, on any CPU; its function is captured |

pub(crate) mod bug;
pub(crate) mod device;
pub(crate) mod dump;
pub(crate) mod dumps;
pub(crate) mod fault;
pub(crate) mod filesystem;
pub(crate) mod guilty;
pub(crate) mod kinds;
pub(crate) mod lockdep;
pub(crate) mod mm;
pub(crate) mod noise;
pub(crate) mod panic;
pub(crate) mod said;
pub(crate) mod sanitizer;
pub(crate) mod says;
pub(crate) mod skip;
pub(crate) mod spelling;
pub(crate) mod stall;
pub(crate) mod syscalls;
pub(crate) mod user;
pub(crate) mod warning;

use self::skip::Format;

/// The reports that one banner can begin.
#[derive(Debug)]
pub(crate) struct Family {
    /// Literal that the scan looks for.
    pub(crate) banner: &'static str,
    /// Pieces of lines that hold the literal without being the banner.
    pub(crate) unless: &'static [&'static str],
    /// Tried in order.
    pub(crate) rules: &'static [Rule],
    /// A line that no rule knows is its own title, if it begins with the literal and is surely the kernel's:
    /// firmware, drivers and scripts use the same words.
    pub(crate) raw: bool,
    /// How the banner relates to one shortly before it.
    pub(crate) part: Part,
    /// What is reported is no crash in itself: a panic after it is a report of its own.
    pub(crate) event: bool,
    /// An event of which every line says so: what else is printed behind it is another's.
    pub(crate) one_line: bool,
    /// What is printed behind it is its own, even in the midst of a crash and in a log without callers.
    pub(crate) ends_others: bool,
    /// The crash lasts, and is noticed again or by others after a while: a lockup, a stall.
    pub(crate) lasts: bool,
    /// A report is one only where one of its lines is like this: else the hardware has corrected the error.
    pub(crate) uncorrected: &'static str,
    /// The line means something only where a kernel has spoken before: without, it is the first boot's.
    pub(crate) again: bool,
    /// What is printed before a check fails: where the failed check follows, the title is its.
    pub(crate) prelude: bool,
    /// In older kernels it is the message of a WARN, behind that one's banner.
    pub(crate) warns: bool,
    /// The file of the check that fails for the sake of its stack: it ends the report.
    pub(crate) ends_in: &'static str,
    /// Banners that, right after this one, are the same crash: the check that this one fails.
    pub(crate) leads_to: &'static [&'static str],
}

/// How a banner relates to an earlier one of the same caller whose report has not ended yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It opens a report of its own.
    Opens,
    /// It opens a report of its own, of one line, and does not end the report that it stands in; or it is the end of what
    /// leads to it, and may lead to a panic itself.
    Aside,
    /// It belongs to any report: a dump that a crash asks for.
    OfAny,
    /// It belongs to the report of a crash, not to that of a mere event: the panic that the crash leads to.
    OfCrash,
    /// The oops that a fault, a BUG or a failed check ends in: it belongs to a report that has none yet.
    OfFault,
}

/// One title and how to find it.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Pattern of the banner's line.
    pub(crate) line: &'static str,
    /// Patterns of later lines, in order; without them the rule does not apply. Captures are appended.
    pub(crate) then: &'static [&'static str],
    /// Pattern of the very next line; without it the rule does not apply. Captures are appended.
    pub(crate) next: &'static str,
    /// Patterns of lines from the banner on, in order; without them the report is corrupted.
    /// Their captures replace those of `line`.
    pub(crate) report: &'static [&'static str],
    /// Title with `{1}` for captures and `{frame}`, `{frame2}` for frames.
    pub(crate) title: &'static str,
    /// Other titles under which the same crash may be known.
    pub(crate) alt: &'static [&'static str],
    /// Where frames are; the second is tried when the first has none.
    pub(crate) stacks: &'static [&'static [Step]],
    /// Where no stack has a frame that may be to blame: a line that names one.
    pub(crate) otherwise: &'static str,
    /// The kind of crash, whose own lists of `skip` hold here.
    pub(crate) format: Format,
    /// Which frame is to blame.
    pub(crate) pick: Pick,
    /// The report needs no stack trace to be whole.
    pub(crate) traceless: bool,
    /// A banner of this shape is always a damaged one.
    pub(crate) broken: bool,
    /// The function that prints the banner, and nobody else does: it is to blame whatever the stack has.
    pub(crate) said_by: &'static str,
    /// Who finds the damage is mostly not to blame, but who had the memory: its tracks are asked first.
    pub(crate) tracked: bool,
    /// Who came by is in the stack, and nobody who is to blame.
    pub(crate) blameless: bool,
    /// A number in the title is a code that tells faults apart, and stays.
    pub(crate) coded: bool,
    /// The line is a banner only where it is surely the kernel's: others use the same words.
    pub(crate) sure: bool,
}

/// One step on the way to a stack.
#[derive(Debug)]
pub(crate) enum Step {
    /// The next line that matches; a capture is a frame.
    Line(&'static str),
    /// The next frame of those by which an interrupt enters the kernel (`skip::Holds::Entry`).
    Entry,
    /// The frames that follow, to the next trace or the next step's line.
    Trace,
}

/// Which frame of a stack is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// The first that is not skipped.
    First,
    /// The first, whatever it is.
    AsIs,
    /// The one called by the first that dispatches work (`skip::Holds::Anchor`).
    Stall,
    /// The first that does not merely wait (`skip::Format::Hung`).
    Hung,
}

impl Rule {
    /// A rule with nothing but defaults.
    pub(crate) const NEW: Rule = Rule {
        line: "",
        then: &[],
        next: "",
        report: &[],
        title: "",
        alt: &[],
        stacks: &[],
        otherwise: "",
        format: Format::Plain,
        pick: Pick::First,
        traceless: false,
        broken: false,
        said_by: "",
        tracked: false,
        blameless: false,
        coded: false,
        sure: false,
    };
}

impl Family {
    /// A family with nothing but defaults.
    pub(crate) const NEW: Family = Family {
        banner: "",
        unless: &[],
        rules: &[],
        raw: false,
        part: Part::Opens,
        event: false,
        one_line: false,
        ends_others: false,
        lasts: false,
        uncorrected: "",
        again: false,
        prelude: false,
        warns: false,
        ends_in: "",
        leads_to: &[],
    };
}

/// The program counter, then the trace.
pub(crate) const RIP_THEN_TRACE: &[Step] = &[Step::Line("{{RIP}}"), Step::Line("{{TRACE}}"), Step::Trace];
/// Who called where nothing can run, by the link register of powerpc, then the trace.
pub(crate) const LINK_THEN_TRACE: &[Step] =
    &[Step::Line("^LR (?:{{PC}} )?{{FUNC}}"), Step::Line("{{TRACE}}"), Step::Trace];
/// The first call trace.
pub(crate) const TRACE: &[Step] = &[Step::Line("{{TRACE}}"), Step::Trace];

/// Any crash: the program counter, or the stack.
pub(crate) static ANY: Rule = Rule {
    stacks: &[RIP_THEN_TRACE, TRACE],
    // A WARNING without a stack: its banner names the function, which the convention's title does not believe.
    otherwise: "^WARNING: (?:.* )?at (?:{{SRC}} )?{{FUNC}}",
    format: Format::Spinning,
    ..Rule::NEW
};

/// All families; on a line with several banners the first one here counts.
pub(crate) static FAMILIES: &[&[Family]] = &[
    sanitizer::FAMILIES,
    stall::FAMILIES,
    mm::FAMILIES,
    lockdep::FAMILIES,
    bug::FAMILIES,
    warning::FAMILIES,
    fault::FAMILIES,
    panic::FAMILIES,
    user::FAMILIES,
    device::FAMILIES,
    filesystem::FAMILIES,
    dump::FAMILIES,
];
