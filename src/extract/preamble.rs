//! The lines before a banner that belong to it: from `cut here` on, a line of `=`, or registers.

use crate::facts::registers;
use crate::formats::noise;
use crate::line::{Line, Prefix};
use crate::text;

use super::banner::Banner;
use super::lane::Lane;
use super::limits::PREAMBLE_LINES;
use super::shape::Shape;
use super::window::Window;

/// The lines before the next one to be settled, a banner of a lane, that belong to it.
pub(super) fn preamble<'a>(window: &mut Window<'a>, banner: &Banner<'a>, lane: Lane) -> Vec<Line<'a>> {
    let dumped = noise::AFTER_REGISTERS.iter().any(|start| text::contains(banner.line.body, start));
    // Before most banners nothing is said.
    if !dumped && !window.has_prelude(&banner.line) {
        return Vec::new();
    }
    let mut found: Vec<Line<'a>> = Vec::new();
    // Lines without a prefix, of which the one above tells whether they are the rest of its record; the nearest first.
    let mut bare: Vec<Line<'a>> = Vec::new();
    // How many lines are found where `cut here` is.
    let mut cut = None;
    for nth in 0.. {
        let full = found.len() >= cut.unwrap_or(0) + PREAMBLE_LINES;
        let Some(entry) = window.before(nth).filter(|_| !full) else { break };
        let line = entry.line;
        if entry.lane != lane {
            match line.prefix == Prefix::default() {
                true => bare.push(line),
                false => bare.clear(),
            }
            continue;
        }
        if entry.family.is_some_and(|family| !family.family.again) || entry.shape() == Shape::End {
            break;
        }
        if dumped && !is_dump(line.body) || cut.is_some() && !is_before_cut(line.body) {
            break;
        }
        found.extend(rest(&line, bare.drain(..)));
        found.push(line);
        if text::contains(line.body, noise::CUT_HERE) {
            cut = Some(found.len());
        }
        let ruled = line.body.starts_with(noise::RULE.as_bytes()) && line.body.iter().all(|&b| b == b'=');
        if found.len() == 1 && ruled {
            found.splice(..0, before_rule(window, nth + 1, lane));
            return found;
        }
        if found.len() == 1 && is_preface(line.body) {
            return found;
        }
    }
    if !dumped && cut.is_none() {
        return Vec::new();
    }
    found.reverse();
    found
}

/// The lines below one that go on with its record, the last one first.
fn rest<'a>(line: &Line<'a>, below: impl DoubleEndedIterator<Item = Line<'a>>) -> Vec<Line<'a>> {
    let mut last = *line;
    let goes_on = below.rev().map_while(|next| {
        last = last.goes_on(next.offset, next.raw)?;
        Some(last)
    });
    let mut rest: Vec<Line<'a>> = goes_on.collect();
    rest.reverse();
    rest
}

/// What stands before the rule, the `nth` line back, and belongs to it.
fn before_rule<'a>(window: &mut Window<'a>, nth: usize, lane: Lane) -> Option<Line<'a>> {
    let entry = window.before(nth).filter(|entry| entry.lane == lane && entry.family.is_none())?;
    let line = entry.line;
    (line.body.starts_with(b"[") && text::contains(line.body, noise::BEFORE_RULE)).then_some(line)
}

/// Whether a line stands right before a fault's banner and belongs to it.
fn is_preface(body: &[u8]) -> bool {
    noise::PREFACES.iter().any(|start| body.starts_with(start.as_bytes()))
}

/// Whether a line is of a register dump that stands before its banner.
fn is_dump(body: &[u8]) -> bool {
    registers::is_register_line(body)
        || registers::is_pc_line(body)
        || noise::BEFORE_REGISTERS.iter().any(|start| body.starts_with(start.as_bytes()))
}

/// Whether a line belongs to the check that fails after it, although `cut here` stands between.
fn is_before_cut(body: &[u8]) -> bool {
    let starts = noise::PAGE_DUMP.iter().chain(noise::BUG_MESSAGES);
    starts.copied().any(|start| body.starts_with(start.as_bytes()))
}
