//! What the registers tell of a stack.

use std::collections::HashMap;

use super::{StackTrace, registers_of};
use crate::arch::entries;
use crate::facts::frame::{Frame, Trust};
use crate::facts::registers::Registers;
use crate::line::{Caller, Line};

impl<'a> StackTrace<'a> {
    /// Gives each register dump to the stack of its caller that is printed when it comes; those that are left.
    ///
    /// Where a report of the caller has ended since, x86 prints the registers of the boot's first oops once more, which are
    /// no stack's.
    pub(super) fn share_out(lines: &[Line<'a>], traces: &mut [StackTrace<'a>]) -> Vec<Registers<'a>> {
        let mut dumps = registers_of(lines).into_iter().peekable();
        if traces.is_empty() || dumps.peek().is_none() {
            return dumps.map(|(_, _, dump)| dump).collect();
        }
        let mut strays: Vec<Registers<'_>> = Vec::new();
        let mut starts: Vec<(usize, usize)> =
            traces.iter().enumerate().map(|(index, trace)| (trace.line, index)).collect();
        starts.sort_unstable();
        let mut starts = starts.into_iter().peekable();
        // All three are in the order of the lines: each is gone through once, however many there are.
        let mut printed: HashMap<Option<Caller>, usize> = HashMap::new();
        // Registers before the caller's first stack, where no header is between: before Linux 3.10.
        let mut before: HashMap<Option<Caller>, Vec<Registers<'_>>> = HashMap::new();
        let mut ended = false;
        for (at, line) in lines.iter().enumerate() {
            let by = line.prefix.caller;
            while let Some((_, index)) = starts.next_if(|(start, _)| *start == at) {
                printed.insert(by, index);
                if let Some((own, trace)) = before.remove(&by).zip(traces.get_mut(index)) {
                    trace.registers.extend(own);
                }
            }
            while let Some((.., dump)) = dumps.next_if(|(first, ..)| *first == at) {
                match printed.get(&by).and_then(|index| traces.get_mut(*index)) {
                    Some(trace) => trace.registers.push(dump),
                    None if !ended => before.entry(by).or_default().push(dump),
                    None => strays.push(dump),
                }
            }
            if line.body.starts_with(b"---[ end trace") {
                printed.remove(&by);
                ended = true;
            }
        }
        strays.extend(before.into_values().flatten());
        strays.sort_by_key(|dump| dump.line);
        strays
    }

    /// Marks what an exception interrupted, which is no return address: see [`entries::is_entry`].
    fn interrupted(&mut self) {
        let mut entered = false;
        for frame in &mut self.frames {
            if std::mem::take(&mut entered) && frame.trust == Trust::Return {
                frame.trust = Trust::Pc;
            }
            entered = frame.trust == Trust::Return && frame.symbol.is_some_and(entries::is_entry);
        }
    }

    /// Joins the registers to the frames. A frame that repeats their program counter is no return address, as the
    /// first frame of arm64 (`(P)`), riscv, s390 and loongarch, and that behind the frames of who printed a trap; an
    /// interrupted program counter stands in the midst of a stack; and a return address register may be of a caller
    /// without a frame.
    pub(super) fn join(&mut self) {
        self.interrupted();
        let dumps = std::mem::take(&mut self.registers);
        let start = dumps.iter().position(|dump| !dump.user && dump.line < self.first);
        // Behind the stack x86 says once more where it was.
        let last = self.at.last().copied().unwrap_or(self.first);
        for (index, dump) in dumps.iter().enumerate() {
            let inside = (self.first + 1..last).contains(&dump.line);
            if let Some(pc) = dump.pc.filter(|_| !dump.user && (inside || start == Some(index))) {
                let next = self.place(&pc, dump.line);
                self.link(dump.link, &pc, next, dump.line);
            }
        }
        self.registers = dumps;
    }

    /// Finds the frame that a program counter is, or makes it one in the midst of the stack. The next frame's index.
    fn place(&mut self, pc: &Frame<'a>, line: usize) -> usize {
        let place = self.at.partition_point(|at| *at < line);
        let is_named =
            |frame: &Frame<'_>| frame.offset.is_none() && frame.symbol.is_some() && frame.symbol == pc.symbol;
        let is_at = |index: &usize| {
            self.frames
                .get(*index)
                .is_some_and(|frame| frame.is_at(pc) || (*index == place && is_named(frame)))
        };
        let above = place.checked_sub(1).filter(is_at);
        let Some(found) = above.or_else(|| (place..self.frames.len()).find(is_at)) else {
            if place > 0 {
                self.insert(place, *pc, line);
                return place + 1;
            }
            return place;
        };
        // 32-bit ARM names the innermost function without where in it.
        self.frames.get_mut(found).into_iter().for_each(|frame| match frame.offset {
            Some(_) => frame.trust = pc.trust,
            None => *frame = *pc,
        });
        found + 1
    }

    /// Adds the caller that a return address register tells, unless it is the function itself, which has called somebody
    /// since, or the stack's next frame.
    fn link(&mut self, link: Option<Frame<'a>>, pc: &Frame<'a>, next: usize, line: usize) {
        let other = |link: &Frame<'a>| link.symbol.is_some() && link.function() != pc.function();
        let Some(link) = link.filter(other) else { return };
        let link = Frame { trust: Trust::Link, ..link };
        match self.frames.get_mut(next).filter(|frame| frame.is_at(&link)) {
            Some(frame) if frame.trust == Trust::Unreliable => frame.trust = Trust::Link,
            Some(_) => {}
            None => self.insert(next, link, line),
        }
    }

    fn insert(&mut self, index: usize, frame: Frame<'a>, line: usize) {
        self.frames.insert(index, frame);
        self.at.insert(index, line);
    }
}
