//! The worst logs: shapes of them, each of any size and the same in every run.
//!
//! A shape says which lines come, from how many callers and in which order; a log of it goes on until it is as large
//! as wanted. What is slow in one of these shapes is slow because of the shape, not of what is in the lines.

mod banners;
mod crashes;
mod odd;
mod table;

use std::io::Write;

pub(crate) use banners::BANNERS;

/// What is before each line.
#[derive(Clone, Copy)]
pub(crate) struct Dress {
    name: &'static str,
    stamp: bool,
    tag: bool,
}

/// `[   12.345678][   T57] `, with CONFIG_PRINTK_CALLER.
const TAGS: Dress = Dress { name: "tags", stamp: true, tag: true };
/// `[   12.345678] `
const STAMPS: Dress = Dress { name: "stamps", stamp: true, tag: false };
/// `[   T57] `, with printk.time=0.
const ONLY_TAGS: Dress = Dress { name: "only tags", stamp: false, tag: true };
/// Nothing: the kernel's text alone.
const BARE: Dress = Dress { name: "bare", stamp: false, tag: false };

/// Whose lines they are.
#[derive(Clone, Copy)]
enum By {
    /// Each caller is a task.
    Tasks,
    /// Each caller is a CPU in an interrupt.
    Cpus,
    /// One task speaks of all of them: khungtaskd, sysrq's.
    One,
}

/// The order in which callers print their rows.
#[derive(Clone, Copy)]
enum Order {
    /// All rows of one, then all of the next.
    After,
    /// The first row of all, then the second of all: as CPUs do that print at once.
    Mixed,
}

/// Rows that callers print, again and again. `{k}` in a row is the caller's number.
#[derive(Clone, Copy)]
pub(crate) struct Rows {
    name: &'static str,
    /// Printed by the first caller before all others.
    head: &'static [&'static str],
    rows: &'static [&'static str],
    callers: u32,
    by: By,
    order: Order,
    /// How many lines of other tasks come after each row.
    between: u32,
}

impl Rows {
    const fn of(name: &'static str, rows: &'static [&'static str]) -> Rows {
        Rows { name, head: &[], rows, callers: 1, by: By::Tasks, order: Order::After, between: 0 }
    }

    const fn from(self, callers: u32) -> Rows {
        Rows { callers, ..self }
    }

    const fn by(self, by: By) -> Rows {
        Rows { by, ..self }
    }

    const fn head(self, head: &'static [&'static str]) -> Rows {
        Rows { head, ..self }
    }

    const fn mixed(self) -> Rows {
        Rows { order: Order::Mixed, ..self }
    }

    const fn between(self, between: u32) -> Rows {
        Rows { between, ..self }
    }

    /// Prints everything once, or as much as is wanted.
    fn print(&self, out: &mut Printer) {
        for row in self.head {
            self.row(row, 0, out);
        }
        match self.order {
            Order::After => {
                for k in 0..self.callers {
                    self.rows.iter().for_each(|row| self.row(row, k, out));
                }
            }
            Order::Mixed => {
                for row in self.rows {
                    (0..self.callers).for_each(|k| self.row(row, k, out));
                }
            }
        }
    }

    fn row(&self, row: &str, k: u32, out: &mut Printer) {
        let caller = match self.by {
            By::Tasks => Caller::Task(FIRST_TASK + k),
            By::Cpus => Caller::Cpu(k),
            By::One => Caller::Task(FIRST_TASK),
        };
        out.line(caller, row, k);
        for _ in 0..self.between {
            let other = out.lines % 61;
            out.line(Caller::Task(FIRST_OTHER + other), "eth{k}: Link is Up - 1Gbps/Full", other);
        }
    }
}

const FIRST_TASK: u32 = 100;
const FIRST_OTHER: u32 = 100_000;

enum Caller {
    Task(u32),
    Cpu(u32),
}

/// Writes lines as printk does.
struct Printer {
    log: Vec<u8>,
    size: usize,
    dress: Dress,
    lines: u32,
    micros: u64,
}

impl Printer {
    fn is_full(&self) -> bool {
        self.log.len() >= self.size
    }

    /// Adds a line, unless the log is full; `k` is the number in it.
    fn line(&mut self, caller: Caller, text: &str, k: u32) {
        if self.is_full() {
            return;
        }
        self.lines = self.lines.wrapping_add(1);
        self.micros += 37;
        // Writing to memory does not fail.
        if self.dress.stamp {
            let (seconds, micros) = (self.micros / 1_000_000, self.micros % 1_000_000);
            let _ = write!(self.log, "[{seconds:5}.{micros:06}]");
        }
        if self.dress.tag {
            let (letter, number) = match caller {
                Caller::Task(number) => ('T', number),
                Caller::Cpu(number) => ('C', number),
            };
            let _ = write!(self.log, "[{:>6}]", format!("{letter}{number}"));
        }
        if self.dress.stamp || self.dress.tag {
            self.log.push(b' ');
        }
        let mut parts = text.split("{k}");
        self.log.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
        for part in parts {
            let _ = write!(self.log, "{k}{part}");
        }
        self.log.push(b'\n');
    }
}

enum Make {
    Rows(Rows),
    /// The banner of one family, from so many callers.
    Banner(&'static str, u32),
    /// All banners in turn, from so many callers.
    Banners(u32),
    /// Adds a little at least each time it is called, which is the number of.
    Bytes(fn(&mut Vec<u8>, u64)),
}

/// A shape of logs.
pub(crate) struct Shape {
    pub(crate) name: String,
    dress: Dress,
    make: Make,
}

impl Shape {
    /// A log of at least that many bytes.
    pub(crate) fn log(&self, size: usize) -> Vec<u8> {
        let log = Vec::with_capacity(size + (1 << 16));
        let mut out = Printer { log, size, dress: self.dress, lines: 0, micros: 12_000_000 };
        let mut round = 0;
        while !out.is_full() {
            match &self.make {
                Make::Rows(rows) => rows.print(&mut out),
                Make::Banner(banner, callers) => {
                    let k = (round % u64::from(*callers)) as u32;
                    out.line(Caller::Task(FIRST_TASK + k), banner, k);
                }
                Make::Banners(callers) => {
                    let k = (round % u64::from(*callers)) as u32;
                    let at = (round % BANNERS.len() as u64) as usize;
                    out.line(Caller::Task(FIRST_TASK + k), BANNERS.get(at).copied().unwrap_or_default(), k);
                }
                Make::Bytes(add) => add(&mut out.log, round),
            }
            round += 1;
        }
        out.log
    }
}

/// All shapes: those of whole dumps and of odd bytes first, then each family's banner alone.
pub(crate) fn shapes() -> Vec<Shape> {
    let mut all = Vec::new();
    for (rows, dresses) in table::ROWS {
        for &dress in *dresses {
            all.push(Shape {
                name: format!("{}, {}", rows.name, dress.name),
                dress,
                make: Make::Rows(*rows),
            });
        }
    }
    for &(name, add) in odd::ODD {
        all.push(Shape { name: name.into(), dress: BARE, make: Make::Bytes(add) });
    }
    for (callers, dress) in DRESSED {
        let name = format!("all banners in turn, {callers} callers, {}", dress.name);
        all.push(Shape { name, dress: *dress, make: Make::Banners(*callers) });
    }
    for banner in BANNERS {
        let short: String = banner.chars().take(40).collect();
        for (callers, dress) in DRESSED {
            let name = format!("banner \"{short}\", {callers} callers, {}", dress.name);
            all.push(Shape { name, dress: *dress, make: Make::Banner(banner, *callers) });
        }
    }
    all
}

/// Without tags all callers look alike.
const DRESSED: &[(u32, Dress)] =
    &[(1, TAGS), (64, TAGS), (5_000, TAGS), (5_000, ONLY_TAGS), (1, STAMPS), (1, BARE)];
