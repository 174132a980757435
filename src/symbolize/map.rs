//! `System.map` and `/proc/kallsyms`: functions without files and lines.

/// The symbols of a kernel as text.
///
/// ```text
/// ffffffff81000000 T _stext
/// ffffffffc0001000 t raw_store [crashme]
/// ```
#[derive(Clone, Debug)]
pub struct SymbolMap<'d> {
    /// In the order of their addresses.
    symbols: Vec<(u64, &'d str, Option<&'d str>)>,
}

impl<'d> SymbolMap<'d> {
    /// Reads a map; `None` if no line is a symbol's, or every address is 0: `/proc/kallsyms` as others than root
    /// see it.
    pub fn parse(text: &'d [u8]) -> Option<SymbolMap<'d>> {
        let mut symbols: Vec<_> = text.split(|&byte| byte == b'\n').filter_map(symbol).collect();
        symbols.sort_by_key(|&(address, ..)| address);
        symbols.last().filter(|(last, ..)| *last > 0)?;
        Some(SymbolMap { symbols })
    }

    /// Symbol, offset, size and module of an address. The size is the distance to the next symbol.
    pub fn at(&self, address: u64) -> Option<MapSymbol<'d>> {
        let after = self.symbols.partition_point(|&(start, ..)| start <= address);
        let &(start, name, module) = self.symbols.get(after.checked_sub(1)?)?;
        let &(next, ..) = self.symbols.get(after)?;
        Some(MapSymbol { name, module, offset: address - start, size: next - start })
    }

    /// Addresses of the symbols of a name.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = (u64, Option<&'d str>)> {
        let of_name = move |(_, symbol, _): &&(u64, &'d str, Option<&'d str>)| *symbol == name;
        self.symbols.iter().filter(of_name).map(|&(address, _, module)| (address, module))
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

fn symbol(line: &[u8]) -> Option<(u64, &str, Option<&str>)> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let address = u64::from_str_radix(words.next()?, 16).ok()?;
    words.next().filter(|kind| kind.len() == 1)?;
    let name = words.next()?;
    let module = words.next().and_then(|word| word.strip_prefix('[')?.strip_suffix(']'));
    Some((address, name, module))
}
