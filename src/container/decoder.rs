//! The decoder of a stream.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use super::recognise::{Kind, Verdict, begin, recognise};
use super::sink::{LineMap, Sink};
use super::unpack::{HEAD, MAX_RECORD, Unpack};
use super::watch::Watch;

/// Reads a stream as [`decode`](super::decode) decodes a log, in bounded memory, whatever the sizes of the reads.
///
/// A stream that no container holds goes straight through, once its first 64 KiB were looked at.
///
/// ```
/// use std::io::Read;
///
/// let log = &br#"{"dmesg": [{"pri": 4, "time": 12.345678, "msg": "BUG: \"x\""}]}"#[..];
/// let mut text = String::new();
/// crashparse::Decoder::new(log).read_to_string(&mut text)?;
/// assert_eq!(text, "<4>[   12.345678] BUG: \"x\"\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Decoder<R> {
    inner: R,
    state: State,
    /// What was read and is not decoded yet.
    input: Vec<u8>,
    ended: bool,
    /// The input pauses, which is said once what was held back is handed on.
    pauses: Option<io::Error>,
    /// Less input than this was not whole and need not be looked at again.
    wanted: usize,
    /// Where the stream is read to.
    chunk: Vec<u8>,
    sink: Sink,
    /// How much of the sink's bytes was handed on.
    taken: usize,
}

/// What is known of the stream.
#[derive(Debug)]
enum State {
    /// Whether the whole is a container is not known yet.
    Start,
    /// The whole is none; one may still begin within the head.
    Watch(Box<Watch>),
    Inside(Box<dyn Unpack>),
    /// No container.
    Plain,
}

/// How much is read at a time.
const CHUNK: usize = 64 << 10;

impl<R: Read> Decoder<R> {
    /// Decodes what `inner` reads.
    pub fn new(inner: R) -> Decoder<R> {
        Decoder {
            inner,
            state: State::Start,
            input: Vec::new(),
            ended: false,
            pauses: None,
            wanted: 0,
            chunk: Vec::new(),
            sink: Sink::default(),
            taken: 0,
        }
    }

    /// The lines of the stream that the decoded lines are from, as far as it was read. To be asked for before the
    /// first read; who reads on and on calls [`LineMap::forget_before`] from time to time.
    pub fn line_map(&mut self) -> Arc<Mutex<LineMap>> {
        self.sink.map()
    }

    /// Bytes that are held in memory.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.input.capacity() + self.sink.bytes.capacity()
    }

    /// Reads some more, and decodes what is whole.
    fn fill(&mut self) -> io::Result<()> {
        self.chunk.resize(CHUNK, 0);
        let read = match self.inner.read(&mut self.chunk) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.hand_on();
                self.pauses = Some(error);
                return Ok(());
            }
            read => read?,
        };
        self.ended = read == 0;
        let news = self.chunk.get(..read).unwrap_or_default();
        self.input.extend_from_slice(news);
        let whole = memchr::memchr(b'\n', news).is_some() && self.input.len() >= self.wanted;
        let most = if matches!(self.state, State::Inside(_)) { MAX_RECORD } else { HEAD };
        if whole || self.ended || self.input.len() >= most {
            self.decode();
        }
        Ok(())
    }

    /// Hands on what waits for more, since none comes for a while: but for a record that is cut, which would be lost.
    fn hand_on(&mut self) {
        if matches!(self.state, State::Start)
            && let Verdict::Is(kind) = recognise(&self.input, true)
        {
            // As far as it goes it is such a container.
            self.enter(kind);
        }
        self.decode();
        let lines = memchr::memrchr(b'\n', &self.input).map_or(0, |feed| feed + 1);
        match &mut self.state {
            State::Watch(watch) => {
                // Also the line that is not whole yet.
                watch.give_up(self.input.len());
                self.sink.raw(&self.input);
                self.input.clear();
            }
            State::Inside(unpacker) => unpacker.pause(&mut self.sink),
            // It is still open what the log is: what follows tells. The last line may be an object's beginning.
            State::Start => {
                self.sink.raw(self.input.get(..lines).unwrap_or_default());
                self.input.drain(..lines);
            }
            State::Plain => {}
        }
    }

    /// The log is in a container from its start.
    fn enter(&mut self, kind: Kind) {
        let before = self.input.len() - begin(&self.input).len();
        self.sink.advance(self.input.get(..before).unwrap_or_default());
        self.input.drain(..before);
        self.state = State::Inside(kind.unpacker());
    }

    fn decode(&mut self) {
        loop {
            let taken = match &mut self.state {
                State::Inside(unpacker) => unpacker.unpack(&self.input, self.ended, &mut self.sink),
                State::Plain => {
                    self.sink.raw(&self.input);
                    self.input.len()
                }
                State::Start | State::Watch(_) => {
                    if !self.recognise() {
                        return;
                    }
                    continue;
                }
            };
            self.input.drain(..taken.min(self.input.len()));
            let again = self.input.len() > CHUNK && taken == 0;
            // A long record is not read again and again while it comes in.
            self.wanted = if again { self.input.len() + self.input.len() / 4 } else { 0 };
            if !(self.ended && taken > 0) {
                return;
            }
        }
    }

    /// Goes from one state to the next; false if more must be read for that.
    fn recognise(&mut self) -> bool {
        let watched = match &self.state {
            State::Watch(watch) => watch.passed(),
            _ => 0,
        };
        let room = HEAD.saturating_sub(watched);
        let head = self.input.get(..room).unwrap_or(&self.input);
        let full = head.len() == room;
        let next = match &mut self.state {
            State::Start => match recognise(head, full || self.ended) {
                Verdict::Is(kind) => {
                    self.enter(kind);
                    return true;
                }
                Verdict::Plain => State::Watch(Box::default()),
                Verdict::More => return false,
            },
            State::Watch(watch) => {
                let passed = watch.look(head, self.ended && head.len() == self.input.len());
                let next = match watch.found() {
                    Some((_, kind)) => Some(State::Inside(kind.unpacker())),
                    None => (full || self.ended).then_some(State::Plain),
                };
                self.sink.raw(self.input.get(..passed).unwrap_or_default());
                self.input.drain(..passed.min(self.input.len()));
                match next {
                    Some(next) => next,
                    None => return false,
                }
            }
            State::Inside(_) | State::Plain => return false,
        };
        self.state = next;
        true
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let mut ready = self.sink.bytes.get(self.taken..).unwrap_or_default();
            if !ready.is_empty() {
                let read = ready.read(buf)?;
                self.taken += read;
                return Ok(read);
            }
            self.sink.bytes.clear();
            self.taken = 0;
            if let Some(pause) = self.pauses.take() {
                return Err(pause);
            }
            if self.ended {
                return Ok(0);
            }
            if matches!(self.state, State::Plain) {
                (self.input, self.chunk) = (Vec::new(), Vec::new());
                return self.inner.read(buf);
            }
            self.fill()?;
        }
    }
}
