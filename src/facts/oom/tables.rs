//! The tables of an OOM report: tasks (`dump_tasks` in `mm/oom_kill.c`), memory and zones (`show_free_areas` in
//! `mm/show_mem.c`).

use crate::text;

use super::{Oom, signed};

/// A task that could have been killed: a row below the names of the columns.
///
/// ```text
/// [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
/// [    905]     0   905    26214    25398   249856        0             0 demo
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OomTask<'a> {
    /// Process ID.
    pub pid: u32,
    /// Name of the task.
    pub comm: &'a [u8],
    /// The other columns by their names; they differ between versions. `total_vm`, `rss` and `swapents` are in pages.
    pub values: Vec<(&'a str, i64)>,
}

/// A node's memory, or a zone's.
///
/// ```text
/// Node 0 DMA free:1956kB min:92kB low:112kB high:132kB active_anon:0kB present:15992kB managed:15360kB
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Zone<'a> {
    /// `Node 0`, `Node 0 DMA`; without a node on machines that have one only, in some versions.
    pub name: &'a [u8],
    /// Its numbers by their names, in kB.
    pub values: Vec<(&'a str, i64)>,
}

/// Which table the lines are of.
#[derive(Clone, Debug, Default)]
enum Table<'a> {
    #[default]
    None,
    Memory,
    /// With the names of the columns, but for the first and the last.
    Tasks(Vec<&'a str>),
}

/// Reads the tables line by line.
#[derive(Debug, Default)]
pub(super) struct Reader<'a> {
    table: Table<'a>,
}

impl<'a> Reader<'a> {
    /// Takes a line; `false` if it is of no table.
    pub(super) fn take(&mut self, line: &'a [u8], oom: &mut Oom<'a>) -> bool {
        if let Some(columns) = columns(line) {
            self.table = Table::Tasks(columns);
            return true;
        }
        if line.starts_with(b"Mem-Info:") {
            self.table = Table::Memory;
            return true;
        }
        if let Some(zone) = zone(line) {
            self.table = Table::None;
            oom.zones.push(zone);
            return true;
        }
        match &self.table {
            Table::Tasks(columns) => {
                let row = row(line, columns);
                let found = row.is_some();
                oom.tasks.extend(row);
                found
            }
            Table::Memory => {
                let (rest, values) = pairs(line, "");
                if values.is_empty() || !rest.is_empty() {
                    return false;
                }
                oom.memory.extend(values);
                true
            }
            Table::None => false,
        }
    }
}

/// The names of the columns of `[  pid  ]   uid  tgid total_vm … name`.
fn columns(line: &[u8]) -> Option<Vec<&str>> {
    let inner = text::skip_blanks(line.strip_prefix(b"[ ")?);
    let rest = text::skip_blanks(inner.strip_prefix(b"pid")?).strip_prefix(b"]")?;
    let mut names: Vec<&str> = text::ascii(rest)?.split_ascii_whitespace().collect();
    (names.pop() == Some("name")).then_some(names)
}

/// A task below those names.
fn row<'a>(line: &'a [u8], columns: &[&'a str]) -> Option<OomTask<'a>> {
    let (rest, pid) = text::dec_u32(text::skip_blanks(line.strip_prefix(b"[")?)).ok()?;
    let mut rest = rest.strip_prefix(b"]")?;
    let mut values = Vec::with_capacity(columns.len());
    for name in columns {
        let (after, value) = signed(text::skip_blanks(rest))?;
        values.push((*name, value));
        rest = after;
    }
    Some(OomTask { pid, comm: rest.strip_prefix(b" ")?, values })
}

/// A line of `show_free_areas`: words of a name, then numbers with `kB` behind them.
fn zone(line: &[u8]) -> Option<Zone<'_>> {
    let first = line.iter().position(|&b| b == b':')?;
    let end = memchr::memrchr(b' ', line.get(..first)?)?;
    let (name, rest) = line.split_at_checked(end)?;
    let known = name.starts_with(b"Node ")
        || ["DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"]
            .iter()
            .any(|zone| zone.as_bytes() == name);
    let (_, values) = pairs(rest, "kB");
    (known && !values.is_empty()).then_some(Zone { name, values })
}

/// Reads `active_anon:506 inactive_anon:48178`; what follows the last that has the unit.
fn pairs<'a>(mut rest: &'a [u8], unit: &str) -> (&'a [u8], Vec<(&'a str, i64)>) {
    let mut found = Vec::new();
    loop {
        let line = text::skip_blanks(rest);
        let (name, after) = text::take(line, |b| !matches!(b, b':' | b' '));
        let number = after.strip_prefix(b":").and_then(signed);
        let Some(((after, value), name)) = number.zip(text::ascii(name).filter(|name| !name.is_empty()))
        else {
            return (line, found);
        };
        // `reserved_highatomic:0KB` has it otherwise.
        let after = match after.get(..unit.len()) {
            Some(found) if found.eq_ignore_ascii_case(unit.as_bytes()) => {
                after.get(unit.len()..).unwrap_or_default()
            }
            _ => return (line, found),
        };
        if !after.is_empty() && !after.starts_with(b" ") {
            return (line, found);
        }
        found.push((name, value));
        rest = after;
    }
}
