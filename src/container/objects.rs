//! JSON from a store of logs: objects a line, or in an array, which may be in an object itself (`{"hits":{"hits":[{`).

use super::dmesg::records;
use super::json::{self, Fault};
use super::sink::Sink;
use super::store::Record;
use super::unpack::Unpack;

#[derive(Debug)]
pub(super) struct Objects {
    /// The array begins in what comes.
    array: bool,
}

impl Objects {
    pub(super) fn new(array: bool) -> Objects {
        Objects { array }
    }
}

impl Unpack for Objects {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        let mut rest = input;
        if std::mem::take(&mut self.array) {
            rest = array(input).unwrap_or(input);
            sink.advance(input.get(..input.len() - rest.len()).unwrap_or_default());
        }
        let taken = records(rest, end, sink, |b, end, sink| {
            let mut record = Record::default();
            let rest = record.read(b);
            if rest.is_ok() || (end && rest == Err(Fault::More)) {
                record.write(sink.source(), sink);
            }
            rest
        });
        input.len() - rest.len() + taken
    }
}

/// Where the objects of a log begin, and whether that is in an array.
pub(super) fn start(begin: &[u8], end: bool) -> Result<(&[u8], bool), Fault> {
    // Events that a server sends have an object each.
    let begin = begin.strip_prefix(b"data: ").unwrap_or(begin);
    if !begin.starts_with(b"[") {
        let mut record = Record::default();
        match record.read(begin) {
            Ok(_) if record.has_text() => return Ok((begin, false)),
            Err(Fault::More) if !end => return Err(Fault::More),
            Err(Fault::Bad) => return Err(Fault::Bad),
            // It may have an array of objects, or is the only one of its sort.
            _ => {}
        }
    } else if !matches!(json::blanks(begin.get(1..).unwrap_or_default()), [] | [b'{', ..]) {
        return Err(Fault::Bad);
    }
    match array(begin) {
        Ok(first) => Ok((first, true)),
        Err(Fault::Bad) if begin.starts_with(b"{") => Ok((begin, false)),
        Err(fault) => Err(fault),
    }
}

/// The first object of the first array of objects.
fn array(b: &[u8]) -> Result<&[u8], Fault> {
    let mut rest = b;
    loop {
        rest = match json::blanks(rest) {
            [] => return Err(Fault::More),
            [b'[', after @ ..] => match json::blanks(after) {
                [] => return Err(Fault::More),
                first @ [b'{', ..] => return Ok(first),
                after => after,
            },
            [b'"', after @ ..] => json::string(after)?.1,
            // A line of its own is another object.
            [b'}', b'\n', b'{', ..] => return Err(Fault::Bad),
            [b'{' | b'}' | b']' | b',' | b':' | b'+' | b'-' | b'.', after @ ..] => after,
            [word, after @ ..] if word.is_ascii_alphanumeric() => after,
            _ => return Err(Fault::Bad),
        };
    }
}

/// Whether the object that `b` begins with is a line of the kernel's, and what is behind it.
pub(super) fn fits(b: &[u8]) -> Result<(bool, &[u8]), Fault> {
    let mut record = Record::default();
    let rest = record.read(b)?;
    Ok((record.is_kernels(), rest))
}
