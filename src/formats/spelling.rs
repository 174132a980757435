//! How titles are spelled, and what lines begin a stack trace.

/// A kind of lines that begin a stack trace.
pub(crate) struct TraceHead {
    pub(crate) pattern: &'static str,
    /// Of these every such line has one: most lines have none, and need no pattern.
    pub(crate) words: &'static [&'static str],
    /// RISC-V prints its status register and then, on some paths, the frames without a heading.
    pub(crate) may_be_empty: bool,
}

const fn head(pattern: &'static str, words: &'static [&'static str]) -> TraceHead {
    TraceHead { pattern, words, may_be_empty: false }
}

/// Lines that begin a stack trace, by kind: a report that has one has frames after it, or is corrupted.
pub(crate) const TRACE_HEADS: &[TraceHead] = &[
    head(r"Call [Tt]race", &["Call Trace", "Call trace"]),
    head(r"Allocated:", &["Allocated:"]),
    head(r"Allocated by task [0-9]+:", &["Allocated by task "]),
    head(r"Freed:", &["Freed:"]),
    head(r"Freed by task [0-9]+:", &["Freed by task "]),
    head(r"(?:^|[^k] )backtrace(?: \(crc [0-9a-f]*\))?:", &["backtrace"]),
    head(r"Backtrace:", &["Backtrace:"]),
    head(r"Uninit was stored to memory at", &["Uninit was stored to memory at"]),
    TraceHead {
        pattern: r"status: [0-9a-f]{16} badaddr: [0-9a-f]{16} cause: [0-9a-f]{16}",
        words: &["badaddr: "],
        may_be_empty: true,
    },
];

/// What a title must not hold, and what stands for it.
pub(crate) struct Replacement {
    pub(crate) pattern: &'static str,
    pub(crate) by: &'static str,
    /// Whether every match has a decimal digit: most titles have none at all.
    pub(crate) numbered: bool,
}

const fn number(pattern: &'static str, by: &'static str) -> Replacement {
    Replacement { pattern, by, numbered: true }
}

/// May be letters alone.
const fn address(pattern: &'static str, by: &'static str) -> Replacement {
    Replacement { pattern, by, numbered: false }
}

/// Addresses, numbers that change, executors' and CPUs' numbers. Applied in order, each until nothing is left to
/// replace.
pub(crate) const REPLACEMENTS: &[Replacement] = &[
    number(r"syz-executor\.?[0-9]+((?:/|:)[0-9]+)?", "syz-executor"),
    number(r"syzkaller[0-9]+((?:/|:)[0-9]+)?", "syzkaller"),
    address(r"([^a-zA-Z0-9])(?:0x)?[0-9a-f]{6,}([^a-zA-Z0-9]|$)", "${1}ADDR${2}"),
    address(r"^(?:0x)?[0-9a-f]{6,}([^a-zA-Z0-9]|$)", "ADDR${1}"),
    number(r"([^a-zA-Z0-9])[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}([^a-zA-Z0-9]|$)", "${1}IP${2}"),
    number(r"(\.[a-zA-Z]+):[0-9]+(?::[0-9]+)?", "${1}:LINE"),
    number(r"([a-zA-Z][a-zA-Z0-9_.]+)\+0x[0-9a-z]+/0x[0-9a-z]+", "${1}"),
    number(r"CPU#[0-9]+", "CPU"),
    number(r"([^a-zA-Z0-9_])[0-9]+([^a-zA-Z0-9_]|$)", "${1}NUM${2}"),
    number(r"[0-9]{7,}", "NUM"),
];
