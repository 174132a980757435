//! Lines about making the configuration smaller.

use super::list::{between, number, split, words};

/// A step of making the kernel's configuration smaller before the bisection, by `pkg/bisect/minimize` of syzkaller.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Minimisation<'a> {
    /// `# configuration already minimized`
    Already,
    /// `check whether we can drop unnecessary instrumentation`
    CheckInstrumentation,
    /// `disabling configs for [UBSAN BUG], they are not needed`
    Disabled(Vec<&'a [u8]>),
    /// `there was nothing we could disable; skip`
    NothingToDisable,
    /// `the bug reproduces without the instrumentation`
    Reproduces,
    /// `kconfig minimization: base=3812 full=7520 leaves diff=1843`
    Sizes {
        /// Options of the base configuration.
        base: u64,
        /// Options of the whole one.
        full: u64,
        /// Options that differ.
        diff: u64,
    },
    /// `split chunks (needed=false): <921>, <922>`
    Chunks {
        /// Whether all are needed.
        needed: bool,
        /// Their lengths.
        sizes: Vec<u64>,
    },
    /// `split chunk #0 of len 921 into 3 parts`
    Split {
        /// Its number, from 0.
        chunk: u64,
        /// Its length.
        length: u64,
        /// How many parts it is split into.
        parts: u64,
    },
    /// `no way to further split the chunk`
    CannotSplit,
    /// `testing without sub-chunk 1/3`
    Without {
        /// Its number, from 1.
        chunk: u64,
        /// Of so many.
        of: u64,
    },
    /// `the chunk can be dropped`
    Dropped,
    /// `no need to test this chunk, it's definitely needed`
    Needed,
    /// `we have reached the limit on predicate runs (8); pretend it returns false`
    Limit(u64),
    /// `minimized to 12 configs; suspects: [USB WLAN]`
    Minimised {
        /// Options that are left.
        configs: u64,
        /// Their names.
        suspects: Vec<&'a [u8]>,
    },
    /// `config minimization failed due to bad Kconfig …`, `minimizing config failed: …`
    Failed(&'a [u8]),
    /// `proceeding with the original config`, `Minimizing config failed, using original config`
    Original,
    /// `testing baseline config failed: …`
    BaselineFailed(&'a [u8]),
    /// `crash reproduces with baseline config`
    BaselineReproduces,
    /// `testing with generated minimized config doesn't reproduce the crash`
    NotReproduced,
    /// `unable to test using baseline config, keep original config`
    NoBaseline,
}

/// Whole lines.
const WHOLE: &[(&str, Minimisation<'static>)] = &[
    ("# configuration already minimized", Minimisation::Already),
    ("check whether we can drop unnecessary instrumentation", Minimisation::CheckInstrumentation),
    ("there was nothing we could disable; skip", Minimisation::NothingToDisable),
    ("the bug reproduces without the instrumentation", Minimisation::Reproduces),
    ("no way to further split the chunk", Minimisation::CannotSplit),
    ("the chunk can be dropped", Minimisation::Dropped),
    ("no need to test this chunk, it's definitely needed", Minimisation::Needed),
    ("proceeding with the original config", Minimisation::Original),
    ("Minimizing config failed, using original config", Minimisation::Original),
    ("testing baseline config failed", Minimisation::BaselineFailed(b"")),
    ("crash reproduces with baseline config", Minimisation::BaselineReproduces),
    ("testing with generated minimized config doesn't reproduce the crash", Minimisation::NotReproduced),
    ("unable to test using baseline config, keep original config", Minimisation::NoBaseline),
];

/// A step with a message.
type Messaged = for<'m> fn(&'m [u8]) -> Minimisation<'m>;

/// Beginnings of lines that end in a message.
const MESSAGES: &[(&str, Messaged)] = &[
    ("config minimization failed due to bad Kconfig", |message| Minimisation::Failed(message)),
    ("minimizing config failed: ", |message| Minimisation::Failed(message)),
    ("testing baseline config failed: ", |message| Minimisation::BaselineFailed(message)),
];

impl<'a> Minimisation<'a> {
    /// The step that a line tells of.
    pub(super) fn parse(line: &'a [u8]) -> Option<Minimisation<'a>> {
        if let Some((_, step)) = WHOLE.iter().find(|(whole, _)| line == whole.as_bytes()) {
            return Some(step.clone());
        }
        for (start, of) in MESSAGES {
            if let Some(message) = line.strip_prefix(start.as_bytes()) {
                let message = message.strip_prefix(b":").unwrap_or(message);
                return Some(of(message.trim_ascii_start()));
            }
        }
        if let Some(names) = between(line, "disabling configs for ", ", they are not needed") {
            return Some(Minimisation::Disabled(words(names)?));
        }
        Self::sizes(line).or_else(|| Self::chunks(line)).or_else(|| Self::end(line))
    }

    fn sizes(line: &[u8]) -> Option<Minimisation<'a>> {
        let (base, rest) = split(line.strip_prefix(b"kconfig minimization: base=")?, " full=")?;
        let (full, diff) = split(rest, " leaves diff=")?;
        Some(Minimisation::Sizes { base: number(base)?, full: number(full)?, diff: number(diff)? })
    }

    fn chunks(line: &[u8]) -> Option<Minimisation<'a>> {
        if let Some(rest) = line.strip_prefix(b"split chunks (needed=") {
            let (needed, chunks) = split(rest, "): ")?;
            let size = |chunk: &[u8]| number(chunk.trim_ascii().strip_prefix(b"<")?.strip_suffix(b">")?);
            let sizes = chunks.split(|byte| *byte == b',').filter_map(size).collect();
            return Some(Minimisation::Chunks { needed: needed == b"true", sizes });
        }
        if let Some(rest) = line.strip_prefix(b"split chunk #") {
            let (chunk, rest) = split(rest, " of len ")?;
            let (length, parts) = split(rest, " into ")?;
            let parts = number(parts.strip_suffix(b" parts")?)?;
            return Some(Minimisation::Split { chunk: number(chunk)?, length: number(length)?, parts });
        }
        let (chunk, of) = split(line.strip_prefix(b"testing without sub-chunk ")?, "/")?;
        Some(Minimisation::Without { chunk: number(chunk)?, of: number(of)? })
    }

    fn end(line: &'a [u8]) -> Option<Minimisation<'a>> {
        if let Some(runs) =
            between(line, "we have reached the limit on predicate runs (", "); pretend it returns false")
        {
            return Some(Minimisation::Limit(number(runs)?));
        }
        let (configs, suspects) = split(line.strip_prefix(b"minimized to ")?, " configs; suspects: ")?;
        Some(Minimisation::Minimised { configs: number(configs)?, suspects: words(suspects)? })
    }
}
