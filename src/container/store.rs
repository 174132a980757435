//! Records of the stores that logs are sent to, as they export them: which member or column is the line, and who wrote it.
//!
//! ```text
//! {"log":"[   12.345678] BUG: …\n","stream":"stderr","time":"2024-03-05T10:22:31.000000001Z"}
//! {"preview":false,"result":{"_raw":"Mar  5 10:22:31 host kernel: BUG: …"}}
//! {"version":"1.1","host":"h","short_message":"BUG: …","full_message":"BUG: …","_application_name":"kernel"}
//! ```
//!
//! Names are those that the stores document: Docker's json-file, Fluentd and Fluent Bit, Elastic's Common Schema, Splunk,
//! Graylog (GELF), CloudWatch, Google's `LogEntry`, Loki, Datadog, Azure, OpenTelemetry, and the journal's own.

use super::journal::{Entry, Field};
use super::json::{self, Fault, Value};
use super::sink::Sink;
use crate::line::{Line, Origin};
use crate::text;

/// Names of the text in any case, the members of objects behind a dot. Of several the first counts: those of the line
/// as it came are before those of what was made of it.
const TEXTS: &[&str] = &[
    "_raw",
    "full_message",
    "short_message",
    "textPayload",
    "log",
    "message",
    "@message",
    "line",
    "SyslogMessage",
    "body",
    "body.stringValue",
    "msg",
    "event.original",
    "event.message",
    "event",
    "content",
    "text",
];

/// Members in which the record itself is: Elasticsearch, Splunk, Google, Datadog.
const ENVELOPES: &[&str] = &["_source", "fields", "result", "jsonPayload", "content"];

/// Names of the program that wrote the text, besides the journal's.
const PROGRAMS: &[&str] = &[
    "ident",
    "identifier",
    "syslog_identifier",
    "syslog.identifier",
    "program",
    "programname",
    "appname",
    "app-name",
    "app_name",
    "application_name",
    "_application_name",
    "log.syslog.appname",
    "process.name",
    "ProcessName",
];

/// Members that tell the kernel's lines, and of others nothing.
const MARKS: &[&str] =
    &["facility", "facility_label", "log.syslog.facility.name", "systemd.transport", "tag", "syslogtag"];
const KERNEL: &[&[u8]] = &[b"kern", b"kernel", b"kernel:"];

/// Objects are looked into so deep: `_source.log.syslog.appname`.
const DEPTH: usize = 3;

fn place(names: &[&str], name: &[u8]) -> Option<usize> {
    names.iter().position(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// Whether a column or member of that name holds the line.
pub(super) fn is_text(name: &[u8]) -> bool {
    place(TEXTS, name).is_some()
}

/// Whether the kernel's own prefix, or that of who carried it, is before a text.
pub(super) fn is_kernels(text: &[u8]) -> bool {
    Line::parse(0, text.trim_ascii_end()).prefix.origin == Origin::Kernel
}

/// Lines of the kernel's that no program prints, where no prefix tells it: show_trace_log_lvl, print_modules,
/// dump_stack_print_info, __warn.
const WORDS: &[&str] =
    &["Call Trace:", "Call trace:", "Modules linked in:", "Hardware name: ", "------------[ cut here ]"];

/// What a store says of a line.
#[derive(Debug, Default)]
pub(super) struct Record {
    entry: Entry,
    /// The text, and the place of its name.
    text: Option<(usize, Vec<u8>)>,
}

impl Record {
    /// Reads the object that `b` begins with as far as it goes. Returns what is behind it.
    pub(super) fn read<'b>(&mut self, b: &'b [u8]) -> Result<&'b [u8], Fault> {
        let rest = json::object(b, |name, value| self.member(name, value, 0));
        // A program may have written objects itself.
        let mut inner = Record::default();
        if let Some((_, text)) = &self.text
            && json::object(text, |name, value| inner.member(name, value, 0)).is_ok()
            && inner.has_text()
        {
            self.text = inner.text;
            if self.entry.is_kernels().is_none() {
                self.entry = inner.entry;
            }
        }
        rest
    }

    fn member(&mut self, path: &[u8], value: Value<'_>, depth: usize) {
        let known = [TEXTS, PROGRAMS, MARKS].iter().any(|names| place(names, path).is_some());
        match value {
            Value::Object(object) if depth < DEPTH => {
                let within =
                    if place(ENVELOPES, path).is_some() { Vec::new() } else { [path, b"."].concat() };
                let _ = json::object(object, |name, value| {
                    self.member(&[&within, name].concat(), value, depth + 1);
                });
            }
            value if known || Field::named(path).is_some() => {
                if let Some(text) = json::bytes(value) {
                    self.set(path, &text);
                }
            }
            _ => {}
        }
    }

    /// Takes what the store has under a name.
    pub(super) fn set(&mut self, name: &[u8], value: &[u8]) {
        if let Some(place) = place(TEXTS, name) {
            if self.text.as_ref().is_none_or(|(known, _)| place < *known) {
                self.text = Some((place, value.to_vec()));
            }
        } else if place(MARKS, name).is_some() {
            if KERNEL.contains(&value) {
                self.entry.set(Field::Transport, b"kernel");
            }
        } else if place(PROGRAMS, name).is_some() {
            if value != b"-" {
                self.entry.set(Field::Identifier, value);
            }
        } else if let Some(field) = Field::named(name) {
            self.entry.set(field, value);
        }
    }

    pub(super) fn has_text(&self) -> bool {
        self.text.is_some()
    }

    /// Whether its text is a line of the kernel's: what the store says of it counts more than how it looks.
    pub(super) fn is_kernels(&self) -> bool {
        let text = self.text.as_ref();
        let looks = |text: &[u8]| is_kernels(text) || WORDS.iter().any(|words| text::begins(text, words));
        text.is_some_and(|(_, text)| self.entry.is_kernels().unwrap_or_else(|| looks(text)))
    }

    pub(super) fn write(mut self, source: u64, sink: &mut Sink) {
        if let Some((_, text)) = self.text.take() {
            self.entry.set(Field::Message, &text);
            self.entry.write(source, sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode;

    #[test]
    fn words_of_the_kernel_tell_a_line_without_a_stamp() {
        let table =
            "time,host,message\n\"3 Feb, 10:11\",h,\"Call Trace:\"\n\"3 Feb, 10:11\",h,\" f+0x1/0x2\"\n";
        assert_eq!(
            String::from_utf8_lossy(&decode(table.as_bytes())),
            "time,host,message\nCall Trace:\n f+0x1/0x2\n"
        );
    }

    #[test]
    fn events_of_a_server_are_records() {
        let events = "data: {\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"Call Trace:\"}\n\n\
            data: {\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\" f+0x1/0x2\"}\n\n";
        assert_eq!(String::from_utf8_lossy(&decode(events.as_bytes())), "Call Trace:\n f+0x1/0x2\n");
    }
}
