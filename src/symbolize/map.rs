//! `System.map` and `/proc/kallsyms`: functions without files and lines.

use std::collections::HashMap;
use std::ops::Range;

/// The symbols of a kernel as text.
///
/// ```text
/// ffffffff81000000 T _stext
/// ffffffffc0001000 t raw_store [crashme]
/// ```
#[derive(Clone, Debug)]
pub struct SymbolMap<'d> {
    /// In the order of their addresses.
    symbols: Vec<Symbol<'d>>,
    /// Where the kernel's own code is; empty if the map does not say it.
    code: Vec<Range<u64>>,
}

#[derive(Clone, Copy, Debug)]
struct Symbol<'d> {
    address: u64,
    /// Whether it is code's.
    code: bool,
    name: &'d str,
    module: Option<&'d str>,
}

/// Symbols at which the kernel's code begins and ends.
const CODE: [(&[&str], &str); 3] = [
    (&["_text", "_stext"], "_etext"),
    (&["_sinittext"], "_einittext"),
    (&["__exittext_begin"], "__exittext_end"),
];

impl<'d> SymbolMap<'d> {
    /// Reads a map; `None` if no line is a symbol's, or every address is 0: `/proc/kallsyms` as others than root
    /// see it.
    pub fn parse(text: &'d [u8]) -> Option<SymbolMap<'d>> {
        let mut symbols: Vec<_> = text.split(|&byte| byte == b'\n').filter_map(symbol).collect();
        symbols.sort_by_key(|symbol| symbol.address);
        symbols.last().filter(|last| last.address > 0)?;
        let code = code(&symbols);
        Some(SymbolMap { symbols, code })
    }

    /// Symbol, offset, size and module of an address, if it is one of code. The size is the distance to the next
    /// symbol.
    pub fn at(&self, address: u64) -> Option<MapSymbol<'d>> {
        let after = self.symbols.partition_point(|symbol| symbol.address <= address);
        let before = self.symbols.get(..after)?;
        let start = before.last()?.address;
        let next = self.symbols.get(after)?.address;
        let mut same = before.iter().rev().take_while(|symbol| symbol.address == start);
        let &Symbol { name, module, .. } = same.find(|symbol| symbol.code)?;
        let inside = self.code.is_empty() || self.code.iter().any(|code| code.contains(&address));
        let symbol = MapSymbol { name, module, offset: address - start, size: next - start };
        (inside || module.is_some()).then_some(symbol)
    }

    /// Addresses of the symbols of a name.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = (u64, Option<&'d str>)> {
        let of_name = move |symbol: &&Symbol<'d>| symbol.name == name;
        self.symbols.iter().filter(of_name).map(|symbol| (symbol.address, symbol.module))
    }
}

/// A symbol that holds an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MapSymbol<'d> {
    /// Its name.
    pub name: &'d str,
    /// Its module.
    pub module: Option<&'d str>,
    /// The address's distance from its start.
    pub offset: u64,
    /// Its distance to the next symbol.
    pub size: u64,
}

/// Where the kernel's own code is.
fn code(symbols: &[Symbol<'_>]) -> Vec<Range<u64>> {
    let mut known: HashMap<&str, u64> = HashMap::new();
    for symbol in symbols.iter().filter(|symbol| symbol.module.is_none() && symbol.name.starts_with('_')) {
        known.entry(symbol.name).or_insert(symbol.address);
    }
    let range = |(starts, end): (&[&str], &str)| {
        let start = starts.iter().filter_map(|&start| known.get(start)).min()?;
        Some(*start..*known.get(end)?)
    };
    CODE.into_iter().filter_map(range).filter(|range| !range.is_empty()).collect()
}

fn symbol(line: &[u8]) -> Option<Symbol<'_>> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let address = u64::from_str_radix(words.next()?, 16).ok()?;
    let kind = words.next().filter(|kind| kind.len() == 1)?;
    let code = matches!(kind, "t" | "T" | "w" | "W");
    let name = words.next()?;
    let module = words.next().and_then(|word| word.strip_prefix('[')?.strip_suffix(']'));
    Some(Symbol { address, code, name, module })
}
