//! Records of `/dev/kmsg`, as `cat` reads them and netconsole sends them: `4,1234,5678,-,caller=T12;text`, what is no
//! printable character as `\x0a`, and a dictionary behind it: ` SUBSYSTEM=pci`.

use super::netconsole::{Item, Queue};
use super::sink::Sink;
use super::unpack::{Fit, Unpack, lines, trim};
use crate::line::kmsg;
use crate::text;

/// Facility and level of a record are below this.
const PRIORITIES: u64 = 1024;

/// Whether `line` is a record or of its dictionary.
pub(super) fn fits(line: &[u8]) -> Fit {
    match kmsg(line) {
        Some(record) if record.priority < PRIORITIES => Fit::Yes,
        None if is_dictionary(line) => Fit::Maybe,
        _ => Fit::No,
    }
}

/// ` DEVICE=+pci:0000:00:01.0` (`msg_add_dict_text`), netconsole's ` cpu=3` (`sysdata_append_cpu_nr`).
fn is_dictionary(line: &[u8]) -> bool {
    let name = line.strip_prefix(b" ").map(|line| text::take(line, |c| c.is_ascii_graphic() && c != b'='));
    name.is_some_and(|(name, rest)| !name.is_empty() && rest.starts_with(b"="))
}

#[derive(Debug, Default)]
pub(super) struct Kmsg {
    queue: Queue,
    /// The line before was of a record.
    record: bool,
    writer: Writer,
}

impl Unpack for Kmsg {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        let taken = lines(input, end, sink, |line, sink| self.line(line, sink));
        if end {
            self.pause(sink);
        }
        taken
    }

    fn pause(&mut self, sink: &mut Sink) {
        self.queue.drain(0, |item| self.writer.write(item, sink));
        sink.end_line();
    }
}

impl Kmsg {
    fn line(&mut self, line: &[u8], sink: &mut Sink) {
        let source = sink.source();
        let mut rest = trim(line);
        if self.record && is_dictionary(rest) {
            match self.queue.go_on(rest) {
                Some(glued) => rest = glued,
                None => return self.flush(sink),
            }
        }
        self.queue.close();
        self.record = false;
        while let Some(record) = kmsg(rest).filter(|record| record.priority < PRIORITIES) {
            self.record = true;
            if record.fragment.is_some() {
                match self.queue.piece(source, rest, &record) {
                    Some(glued) => {
                        rest = glued;
                        continue;
                    }
                    None => return self.flush(sink),
                }
            }
            self.queue.push(Item::of(source, &record, record.rest));
            return self.flush(sink);
        }
        self.queue.push(Item { source, head: None, text: line.to_vec() });
        self.flush(sink);
    }

    fn flush(&mut self, sink: &mut Sink) {
        self.queue.drain_ready(|item| self.writer.write(item, sink));
    }
}

/// Writes records in their order.
#[derive(Debug, Default)]
struct Writer {
    /// The record before is not the whole line.
    open: bool,
}

impl Writer {
    fn write(&mut self, item: Item, sink: &mut Sink) {
        let Some((head, flag)) = item.head else {
            if std::mem::take(&mut self.open) {
                sink.end_line();
            }
            return sink.write(item.source, &item.text);
        };
        let text = unescaped(&item.text);
        if self.open && flag == b'+' {
            sink.write(item.source, &text);
        } else {
            sink.text(item.source, &head, &text);
        }
        self.open = flag != b'-';
        if !self.open {
            sink.end_line();
        }
    }
}

/// Replaces `\x0a` (`msg_add_ext_text`).
fn unescaped(b: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(b.len());
    let mut rest = b;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let code = escape.get(2..4).filter(|_| escape.starts_with(b"\\x"));
        match code.and_then(|code| text::number(code, 16)) {
            Some(code) => {
                out.push(code as u8);
                rest = escape.get(4..).unwrap_or_default();
            }
            None => {
                out.push(b'\\');
                rest = escape.get(1..).unwrap_or_default();
            }
        }
    }
    out.extend_from_slice(rest);
    out
}
