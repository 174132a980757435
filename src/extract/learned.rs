//! Prefixes that no table knows, learned from the lines round a banner.
//!
//! What is learned holds for a part of the log that is cut off by offsets, so that it does not depend on where reading began:
//! the first banner of such a part that needs it decides for all of its banners, and lines are read so as far as one of
//! them is near.

use std::sync::Arc;

use crate::formats::said;
use crate::line::{Line, Origin, Shape};
use crate::rules::CompiledFamily;
use crate::text::{self, Log};

use super::limits::{LEARNED_BYTES, LOOK_BACK_BYTES};

/// Lines before the banner, and from it on, that the prefix is learned from.
const LINES_BEFORE: usize = 12;
const LINES_BEHIND: usize = 48;
/// They lie so near.
const NEAR_BYTES: usize = 8 << 10;

/// The prefix that lines have here.
#[derive(Clone, Debug, Default)]
pub(super) struct Learned {
    /// The part of the log for which it was last learned, and what; where lines have a known prefix before the unknown one,
    /// by themselves.
    parts: [Option<(usize, Option<Arc<Shape>>)>; 2],
    /// What the last banner had, and where that holds.
    shape: Option<Arc<Shape>>,
    until: usize,
    changes: u64,
    /// The log has ended among the lines that it was learned from.
    pub(super) unsure: bool,
}

impl Learned {
    /// How often another prefix has come to hold.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    fn hold(&mut self, shape: Option<Arc<Shape>>) {
        let same = match (&self.shape, &shape) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        self.changes += u64::from(!same);
        self.shape = shape;
    }

    /// A line that is no banner.
    pub(super) fn line<'a>(&self, line: Line<'a>) -> Line<'a> {
        match &self.shape {
            Some(shape) if line.offset < self.until && may_have(&line) => shape.parse(line.offset, line.raw),
            _ => line,
        }
    }

    /// A banner: where something unknown stands before its words, that is learned.
    pub(super) fn banner<'a>(&mut self, log: Log<'a>, line: Line<'a>, family: &CompiledFamily) -> Line<'a> {
        let banner = family.family.banner;
        let begins = |start: &&str| text::begins(line.body, start);
        let needs = may_have(&line) && !said::OPENERS.iter().chain(&[banner]).any(begins);
        if !needs {
            self.hold(None);
            return line;
        }
        let part = line.offset / LEARNED_BYTES;
        let [bare, behind] = &self.parts;
        let is_bare = line.prefix.origin == Origin::Unknown;
        let shape = match if is_bare { bare } else { behind } {
            Some((known, shape)) if *known == part => shape.clone(),
            _ => {
                let shape = self.learn(log, line.offset).map(Arc::new);
                let [bare, behind] = &mut self.parts;
                *(if is_bare { bare } else { behind }) = Some((part, shape.clone()));
                shape
            }
        };
        self.hold(shape);
        self.until = line.offset + LOOK_BACK_BYTES;
        self.line(line)
    }

    /// What stands before the kernel's words on the lines round an offset.
    fn learn(&mut self, log: Log<'_>, offset: usize) -> Option<Shape> {
        let before = log.get(log.before(offset, NEAR_BYTES)..offset);
        let behind = log.get(offset..offset + NEAR_BYTES);
        // The first line may be cut.
        let lines = |text| memchr::memchr_iter(b'\n', text);
        let start = lines(before).rev().nth(LINES_BEFORE).map_or(0, |newline| newline + 1);
        let end = lines(behind).nth(LINES_BEHIND - 1);
        self.unsure |= end.is_none() && offset + NEAR_BYTES > log.end();
        let text = [before.get(start..), behind.get(..end.unwrap_or(behind.len()))];
        let lines: Vec<&[u8]> =
            text.into_iter().flatten().flat_map(|text| text.split(|&b| b == b'\n')).collect();
        Shape::learn(&lines)
    }
}

/// Whether something unknown may stand before a line's words: alone, or behind the kernel's stamp, where vendors put the CPU
/// and the task.
fn may_have(line: &Line<'_>) -> bool {
    matches!(line.prefix.origin, Origin::Unknown | Origin::Kernel)
}
