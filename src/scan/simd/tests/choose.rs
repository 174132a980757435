//! Makes the table of `chosen.rs`.

use std::collections::HashMap;

use super::super::chosen::CHOSEN;
use super::super::tables::{BUCKETS, HALVES, Tables};
use super::super::words::{WINDOW, Window};
use super::logs_below;
use crate::scan::needles;
use crate::tests::support::Random;

/// More of them find little more.
const TRIES: u32 = 1_000_000;

/// All strings of a window's length in the logs, sorted, and how often each is there.
struct Counts {
    all: Vec<([u8; WINDOW], f64)>,
    /// Those that begin with the same two bytes: most are of no bucket already by these.
    groups: Vec<std::ops::Range<usize>>,
}

impl Counts {
    fn of(logs: &[Vec<u8>]) -> Counts {
        let mut counts = HashMap::<[u8; WINDOW], u32>::new();
        for log in logs {
            log.windows(WINDOW)
                .for_each(|window| *counts.entry(window.try_into().unwrap()).or_default() += 1);
        }
        let ascii = counts.into_iter().filter(|(text, _)| text.is_ascii());
        let mut all: Vec<_> = ascii.map(|(text, count)| (text, f64::from(count))).collect();
        all.sort_unstable_by_key(|(text, _)| *text);
        let mut groups = Vec::new();
        let mut start = 0;
        for group in all.chunk_by(|(a, _), (b, _)| a[..2] == b[..2]) {
            groups.push(start..start + group.len());
            start += group.len();
        }
        Counts { all, groups }
    }

    /// What a choice costs: mostly the places that the second look leaves, then those where the exact tables stop, and
    /// least those where only the tables of half bytes do.
    fn cost(&self, choice: &[(Window, usize)]) -> f64 {
        let tables = Tables::of(choice);
        let exact = |place: usize, byte: u8| tables.exact[place][usize::from(byte)];
        let halves = |place: usize, byte: u8| {
            tables.low[place][usize::from(byte & 15)] & tables.high[place][usize::from(byte >> 3)]
        };
        let mut cost = 0.0;
        for group in &self.groups {
            let [a, b, ..] = self.all[group.start].0;
            let begin = halves(0, a) & halves(1, b);
            if begin == 0 {
                continue;
            }
            for (text, count) in &self.all[group.clone()] {
                if (2..HALVES).fold(begin, |buckets, place| buckets & halves(place, text[place])) != 0 {
                    let stops =
                        (0..WINDOW).fold(0xff, |buckets, place| buckets & exact(place, text[place])) != 0;
                    let passes = tables.words.may_be(text);
                    cost += count * (0.5 + f64::from(u8::from(stops)) + 1.5 * f64::from(u8::from(passes)));
                }
            }
        }
        cost
    }
}

/// Chooses windows and buckets for the needles and prints the table for `chosen.rs`.
///
/// ```text
/// CRASHPARSE_LOGS=DIR cargo test --release choose -- --ignored --nocapture
/// ```
///
/// It reads all logs below the directory, each file `*.log`, and looks for the choice that stops at the fewest places
/// by simulated annealing: it changes one needle, or swaps the buckets of two, and keeps what is better, and while it
/// is hot, now and then, what is worse.
#[test]
#[ignore = "makes a table; needs a directory of logs"]
fn choose() {
    let directory = std::env::var_os("CRASHPARSE_LOGS").unwrap();
    let counts = Counts::of(&logs_below(directory.into(), ".log"));
    let needles = needles();
    let windows: Vec<Vec<Window>> =
        needles.iter().enumerate().map(|(at, needle)| Window::all(at, needle.as_bytes()).collect()).collect();
    let mut random = Random::new(1);
    let mut choice: Vec<(Window, usize)> =
        windows.iter().enumerate().map(|(at, all)| (all[random.below(all.len())], at % BUCKETS)).collect();
    let mut cost = counts.cost(&choice);
    let mut best = (cost, choice.clone());
    let total: f64 = counts.all.iter().map(|(_, count)| count).sum();
    for at in 0..TRIES {
        // From one place of ten thousand bytes to one of a million.
        let heat = total * 1e-4 * 0.01_f64.powf(f64::from(at) / f64::from(TRIES));
        let old = (random.below(choice.len()), random.below(choice.len()));
        let kept = (choice[old.0], choice[old.1]);
        let way = random.below(4);
        if way == 0 {
            (choice[old.0].1, choice[old.1].1) = (kept.1.1, kept.0.1);
        }
        if way & 1 == 1 {
            choice[old.0].1 = random.below(BUCKETS);
        }
        if way & 2 == 2 {
            choice[old.0].0 = windows[old.0][random.below(windows[old.0].len())];
        }
        let new = counts.cost(&choice);
        if new <= cost || (random.below(1 << 30) as f64 / f64::from(1 << 30)) < ((cost - new) / heat).exp() {
            cost = new;
        } else {
            (choice[old.0], choice[old.1]) = kept;
        }
        if cost < best.0 {
            best = (cost, choice.clone());
        }
        if at % 20_000 == 0 {
            println!("// {at}: {:.2e}, best {:.2e}", cost / total, best.0 / total);
        }
    }
    for (window, bucket) in best.1 {
        println!("    ({:?}, {}, {bucket}),", needles[window.needle], window.offset);
    }
}

/// Chooses for the needles that are not in `chosen.rs` alone, one after the other, and prints their rows.
///
/// ```text
/// CRASHPARSE_LOGS=DIR cargo test --lib choose_new -- --ignored --nocapture
/// ```
#[test]
#[ignore = "makes rows of a table; needs a directory of logs"]
fn choose_new() {
    let directory = std::env::var_os("CRASHPARSE_LOGS").unwrap();
    let counts = Counts::of(&logs_below(directory.into(), ".log"));
    let needles = needles();
    let row = |needle: &str| CHOSEN.iter().find(|(known, ..)| *known == needle);
    let mut choice: Vec<(Window, usize)> = Vec::new();
    for (at, needle) in needles.iter().enumerate() {
        if let Some(&(_, offset, bucket)) = row(needle) {
            choice.push((Window::of(at, needle.as_bytes(), offset), bucket));
        }
    }
    for (at, needle) in needles.iter().enumerate().filter(|(_, needle)| row(needle).is_none()) {
        let windows = Window::all(at, needle.as_bytes());
        let rows = windows.flat_map(|window| (0..BUCKETS).map(move |bucket| (window, bucket)));
        let cost = |row: &(Window, usize)| counts.cost(&[choice.as_slice(), &[*row]].concat());
        let (cost, best) = rows.map(|row| (cost(&row), row)).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        println!("    ({needle:?}, {}, {}), // {cost}", best.0.offset, best.1);
        choice.push(best);
    }
}
