//! What is known of an address.

use std::sync::Arc;

/// One call at an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SourceFrame {
    /// The function: of an inlined call as it stands in the source, else with what the compiler appended
    /// (`.cold`, `.isra.0`). Rust's names are demangled.
    pub function: Arc<str>,
    /// The file, from the top of the kernel's tree: `kernel/fork.c`.
    pub file: Option<Arc<str>>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
    /// Which of several blocks of code of the line.
    pub discriminator: Option<u32>,
    /// Whether the call was inlined in the next frame's function.
    pub inlined: bool,
}

impl SourceFrame {
    /// A function of which no more is known.
    pub(super) fn bare(function: Arc<str>) -> SourceFrame {
        SourceFrame { function, file: None, line: None, column: None, discriminator: None, inlined: false }
    }
}

/// Where an address is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolved {
    /// The symbol that holds it, as the file has it.
    pub symbol: Arc<str>,
    /// The module, as the log or the map has it; `None` in vmlinux.
    pub module: Option<Arc<str>>,
    /// Its distance from the symbol's start.
    pub offset: u64,
    /// The address: as vmlinux was linked, in a module from the start of its section.
    pub address: u64,
    /// The module's section: `.init.text`.
    pub section: Option<Arc<str>>,
    /// The calls there, the innermost first. The last one is the function that the symbol names.
    pub frames: Vec<SourceFrame>,
}
