//! Records that netconsole sent in several packets (`send_ext_msg_udp` in `drivers/net/netconsole.c`), put together
//! by their number, in whatever order the packets came.
//!
//! ```text
//! 6.13.0-04048-g4f56,4,468,514729715,-,ncfrag=0/1135;first piece
//! 6.13.0-04048-g4f56,4,468,514729715,-,ncfrag=967/1135;second piece
//! ```
//!
//! A packet is no line: who writes down packets as they come has the next one behind a piece without a line feed.

use std::collections::VecDeque;

use super::sink::prefix;
use crate::line::{Record, kmsg};

/// Longest packet (`MAX_PRINT_CHUNK`).
const PACKET: usize = 1000;

/// So many records wait for a packet; then it is taken for lost.
const WAITING: usize = 32;

/// So many bytes of records wait, and what they take besides.
const WAITING_BYTES: usize = 256 << 10;
const BESIDES: usize = 64;

/// A record that is whole, its text as it is escaped; or a line that is none.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) source: u64,
    /// What a console writes before it, and the record's flag.
    pub(super) head: Option<(Vec<u8>, u8)>,
    pub(super) text: Vec<u8>,
}

impl Item {
    pub(super) fn of(source: u64, record: &Record<'_>, text: &[u8]) -> Item {
        let head = prefix(Some(record.priority), Some(record.time), record.caller);
        Item { source, head: Some((head, record.flag)), text: text.to_vec() }
    }
}

/// A record of which there are pieces.
#[derive(Debug)]
struct Pieces {
    sequence: u64,
    time: u64,
    length: usize,
    /// Offset and bytes of each, by offset.
    pieces: Vec<(usize, Vec<u8>)>,
}

impl Pieces {
    fn is_whole(&self) -> bool {
        let mut reach = 0;
        for (offset, piece) in &self.pieces {
            // A line feed at the end of a piece went with its line.
            if *offset > reach + 1 {
                return false;
            }
            reach = reach.max(offset + piece.len());
        }
        reach + 1 >= self.length
    }

    /// The text, as far as it is there. What was lost breaks a line.
    fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut reach = 0;
        for (offset, piece) in &self.pieces {
            match offset.checked_sub(reach) {
                None => out.extend_from_slice(piece.get(reach - offset..).unwrap_or_default()),
                Some(missing) => {
                    match missing {
                        0 => {}
                        1 if reach > 0 => out.push(b'\n'),
                        _ if reach > 0 => out.extend_from_slice(b"\\x0a"),
                        _ => {}
                    }
                    out.extend_from_slice(piece);
                }
            }
            reach = reach.max(offset + piece.len());
        }
        // The dictionary is behind the first line feed.
        if let Some(feed) = memchr::memchr(b'\n', &out) {
            out.truncate(feed);
        }
        out
    }
}

/// Records in the order in which they began to arrive.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: VecDeque<(Item, Option<Pieces>)>,
    bytes: usize,
    /// The piece that the line before ended with: which item's, its offset, and how long it may get.
    open: Option<(usize, usize, usize)>,
}

impl Queue {
    pub(super) fn push(&mut self, item: Item) {
        self.bytes += item.text.len() + BESIDES;
        self.items.push_back((item, None));
    }

    /// No line of a dictionary follows any more.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    /// Adds the piece that is `record`, which `packet` begins with. Returns what is behind it on the line, if that is
    /// another packet.
    pub(super) fn piece<'a>(
        &mut self,
        source: u64,
        packet: &'a [u8],
        record: &Record<'a>,
    ) -> Option<&'a [u8]> {
        let (offset, length) = record.fragment?;
        let body = record.rest;
        let header = packet.get(..packet.len() - body.len()).unwrap_or_default();
        let most = PACKET.saturating_sub(header.len()).min(length - offset);
        let cut = next_packet(header, body, most);
        let (piece, glued) = body.split_at_checked(cut.unwrap_or(body.len())).unwrap_or((body, &[]));
        let (sequence, time) = (record.sequence, record.time);
        let known = self.items.iter().position(|(_, pieces)| {
            pieces.as_ref().is_some_and(|pieces| pieces.sequence == sequence && pieces.time == time)
        });
        let at = known.unwrap_or(self.items.len());
        if known.is_none() {
            let pieces = Pieces { sequence, time, length, pieces: Vec::new() };
            self.items.push_back((Item::of(source, record, &[]), Some(pieces)));
        }
        if let Some((_, Some(of))) = self.items.get_mut(at) {
            match of.pieces.binary_search_by_key(&offset, |(offset, _)| *offset) {
                // Doubled on its way.
                Ok(_) => {}
                Err(place) => {
                    self.bytes += piece.len() + BESIDES;
                    of.pieces.insert(place, (offset, piece.to_vec()));
                }
            }
        }
        self.open = cut.is_none().then_some((at, offset, most));
        cut.map(|_| glued)
    }

    /// A line of a dictionary goes on with the piece before it, if there is one. Returns the packet that is behind it
    /// on the line.
    pub(super) fn go_on<'a>(&mut self, line: &'a [u8]) -> Option<&'a [u8]> {
        let (at, offset, most) = self.open?;
        let (_, Some(pieces)) = self.items.get_mut(at)? else { return None };
        let (_, piece) = pieces.pieces.iter_mut().find(|(known, _)| *known == offset)?;
        let room = most.saturating_sub(piece.len() + 1);
        let glued = line.get(room..).filter(|rest| kmsg(rest).is_some());
        let own = line.get(..if glued.is_some() { room } else { line.len() }).unwrap_or(line);
        piece.push(b'\n');
        piece.extend_from_slice(own);
        self.bytes += own.len() + 1;
        glued
    }

    /// Hands on what waits for nothing, or has waited for too long.
    pub(super) fn drain_ready(&mut self, mut each: impl FnMut(Item)) {
        while self.items.front().is_some_and(|(_, pieces)| pieces.as_ref().is_none_or(Pieces::is_whole)) {
            self.first(&mut each);
        }
        if self.bytes > WAITING_BYTES {
            self.drain(WAITING / 2, &mut each);
        }
        if self.bytes > WAITING_BYTES {
            self.drain(0, &mut each);
        }
        self.drain(WAITING, each);
    }

    /// Hands on all but the last `keep`.
    pub(super) fn drain(&mut self, keep: usize, mut each: impl FnMut(Item)) {
        while self.items.len() > keep {
            self.first(&mut each);
        }
    }

    fn first(&mut self, each: &mut impl FnMut(Item)) {
        let Some((mut item, pieces)) = self.items.pop_front() else { return };
        let held = match &pieces {
            Some(pieces) => pieces.pieces.iter().map(|(_, piece)| piece.len() + BESIDES).sum(),
            None => item.text.len() + BESIDES,
        };
        self.bytes = self.bytes.saturating_sub(held);
        if let Some(pieces) = pieces {
            item.text = pieces.text();
        }
        self.open = match self.open {
            Some((at, offset, most)) => at.checked_sub(1).map(|at| (at, offset, most)),
            None => None,
        };
        each(item);
    }
}

/// Where in the body of a packet the next packet begins: the same record's goes on, or the piece has its full length
/// and a header is behind it.
fn next_packet(header: &[u8], body: &[u8], most: usize) -> Option<usize> {
    let same = memchr::memmem::find(header, b"ncfrag=").and_then(|at| header.get(..at + "ncfrag=".len()));
    let same = same.and_then(|same| memchr::memmem::find(body, same));
    same.or_else(|| body.get(most..).and_then(kmsg).map(|_| most))
}
