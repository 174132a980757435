//! Containers: a stream is decoded as the whole is, whatever the sizes of the reads, and does not grow without bound.
#![no_main]

use std::io::Read;

use checks::Choices;
use crashparse::{Decoder, LineMap, decode, decode_lines};
use libfuzzer_sys::fuzz_target;

/// A line feed in JSON takes two bytes, and becomes a line with a prefix of some 60: stamp, caller, host and tag.
const MOST: usize = 64;

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let (size, room) = (choices.size(), choices.size());
    let log = choices.0;
    let (whole, map) = decode_lines(log);
    assert_eq!(decode(log), whole);
    let (out, streamed) = stream(log, size, room.max(1 + whole.len() / 4096));
    assert!(out == *whole, "{size} bytes at a time:\n{}\n{}", escaped(&out), escaped(&whole));
    let count = whole.iter().filter(|byte| **byte == b'\n').count() as u64;
    for line in 1..=count {
        assert_eq!(streamed.source(line), map.source(line), "{size} bytes at a time: line {line}");
    }
    assert!(whole.len() <= MOST * log.len() + (4 << 10), "{} bytes become {}", log.len(), whole.len());
});

fn escaped(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(4096)].escape_ascii().to_string()
}

fn stream(log: &[u8], size: usize, room: usize) -> (Vec<u8>, LineMap) {
    let mut decoder = Decoder::new(Slow { log, size: size.max(1 + log.len() / 4096) });
    let map = decoder.line_map();
    let (mut out, mut buffer) = (Vec::new(), vec![0; room]);
    loop {
        match decoder.read(&mut buffer).unwrap() {
            0 => break,
            read => out.extend_from_slice(&buffer[..read]),
        }
    }
    let map = map.lock().unwrap().clone();
    (out, map)
}

struct Slow<'l> {
    log: &'l [u8],
    size: usize,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let size = self.size.min(buffer.len());
        self.log.read(&mut buffer[..size])
    }
}
