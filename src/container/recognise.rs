//! Which container a log is, told from how it begins.

use super::json::{self, Fault, Value};
use super::unpack::{Fit, Unpack, trim};
use super::{
    colour, dmesg, edge, escaped, export, journal, kmsg, lava, logcat, logcat_long, mail, objects, page,
    pstore, returns, strings, table, tagged, verbose, wrapped, xml,
};

/// The containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `journalctl -o export`.
    Export,
    /// `journalctl -o json`, also `json-pretty`, `json-sse` and `json-seq`.
    Journal,
    /// `dmesg -J`.
    Dmesg,
    /// `/dev/kmsg`, and what netconsole sends in its extended form.
    Kmsg,
    Lava,
    /// `journalctl -o verbose`.
    Verbose,
    /// Android's logcat.
    Logcat,
    /// `logcat -v long`.
    LogcatLong,
    /// JUnit.
    Xml,
    /// A web page with a log in it.
    Html,
    /// A mail, or the mere text of one.
    Mail {
        /// Whether it begins with the text.
        text: bool,
    },
    Pstore,
    /// Lines with colours inside their text.
    Colour {
        /// How their sequences begin.
        intro: &'static str,
    },
    /// Lines that all have the same end.
    Edged(edge::Edge),
    /// Strings with a log in them.
    Strings,
    /// Lines with line feeds that rsyslog has written out.
    Escaped,
    /// Records in JSON behind the kernel's tag.
    Tagged,
    /// A log that a mail program or a screen has broken.
    Wrapped(wrapped::How),
    /// A log copied from a web page.
    Page,
    /// Objects in JSON that a store of logs exports.
    Objects {
        /// Whether they are in an array, which begins behind other things.
        array: bool,
    },
    /// The same in CSV.
    Table,
    /// Lines that end with carriage returns alone.
    Returns,
}

impl Kind {
    pub(super) fn unpacker(self) -> Box<dyn Unpack> {
        match self {
            Kind::Export => Box::new(export::Export::default()),
            Kind::Journal => Box::new(journal::Json),
            Kind::Dmesg => Box::new(dmesg::Dmesg),
            Kind::Kmsg => Box::new(kmsg::Kmsg::default()),
            Kind::Lava => Box::new(lava::Lava),
            Kind::Verbose => Box::new(verbose::Verbose::default()),
            Kind::LogcatLong => Box::new(logcat_long::Long::default()),
            Kind::Logcat => Box::new(logcat::Logcat),
            Kind::Xml => Box::new(xml::Xml::junit()),
            Kind::Html => Box::new(xml::Xml::html()),
            Kind::Mail { text } => Box::new(mail::Mail::new(text)),
            Kind::Pstore => Box::new(pstore::Pstore::default()),
            Kind::Colour { intro } => Box::new(colour::Colour::new(intro)),
            Kind::Edged(edge) => Box::new(edge::Edged::new(edge)),
            Kind::Strings => Box::new(strings::Strings),
            Kind::Escaped => Box::new(escaped::Escaped),
            Kind::Tagged => Box::new(tagged::Tagged),
            Kind::Wrapped(how) => Box::new(wrapped::Wrapped::new(how)),
            Kind::Page => Box::new(page::Page),
            Kind::Objects { array } => Box::new(objects::Objects::new(array)),
            Kind::Table => Box::new(table::Table::default()),
            Kind::Returns => Box::new(returns::Returns),
        }
    }
}

/// What is known of a log by its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Is(Kind),
    /// None of those that hold a log as a whole.
    Plain,
    /// Undecided before more is seen.
    More,
}

impl Verdict {
    /// What another finds where this is no container.
    fn or(self, other: impl FnOnce() -> Verdict) -> Verdict {
        match self {
            Verdict::Plain => other(),
            verdict => verdict,
        }
    }
}

/// Tells what a log is from its first bytes, of which there are no more to see if `end`. A verdict stays the same
/// however much follows.
pub(super) fn recognise(head: &[u8], end: bool) -> Verdict {
    match returns::is_such(head, end) {
        Some(true) => return Verdict::Is(Kind::Returns),
        Some(false) => {}
        None => return Verdict::More,
    }
    let begin = begin(head);
    let verbose = || by_lines(begin, end, Kind::Verbose, verbose::fits);
    let long = || match logcat_long::starts(begin) {
        true => by_lines(begin, end, Kind::LogcatLong, logcat_long::fits),
        false => Verdict::Plain,
    };
    let logcat = || by_lines(begin, end, Kind::Logcat, logcat::fits);
    let verdict = match begin.first() {
        // A byte order mark or blanks, and nothing behind them yet.
        None | Some(0xef) if begin.len() < 3 => Verdict::More,
        Some(b'{' | 0x1e | b'd') => {
            journal_json(begin).or(|| by_lines(begin, end, Kind::Lava, lava::fits)).or(|| objects(begin, end))
        }
        Some(b'_') => export(begin),
        Some(b'<') => markup(begin),
        Some(b'0'..=b'9' | b' ') => by_lines(begin, end, Kind::Kmsg, kmsg::fits).or(logcat),
        Some(b'-') => by_lines(begin, end, Kind::Lava, lava::fits).or(logcat).or(verbose).or(long),
        Some(b'A'..=b'Z') => logcat().or(verbose),
        Some(b'[') => long().or(|| objects(begin, end)),
        _ => Verdict::Plain,
    };
    match verdict.or(|| table(begin, end)) {
        Verdict::More if end => Verdict::Plain,
        verdict => verdict,
    }
}

/// A log without byte order mark and empty lines: they are no container's.
pub(super) fn begin(head: &[u8]) -> &[u8] {
    let mut rest = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
    while let [b'\n' | b'\r', after @ ..] = rest {
        rest = after;
    }
    rest
}

/// So many of the first lines must fit.
const LINES: usize = 3;

fn by_lines(begin: &[u8], end: bool, kind: Kind, fits: fn(&[u8]) -> Fit) -> Verdict {
    let (mut rest, mut sure) = (begin, 0);
    while sure < LINES {
        let (line, after) = match memchr::memchr(b'\n', rest).and_then(|feed| rest.split_at_checked(feed + 1))
        {
            Some(parts) => parts,
            None if !end => return Verdict::More,
            None => (rest, &[][..]),
        };
        match fits(trim(line)) {
            Fit::Yes => sure += 1,
            Fit::Maybe => {}
            // The last line may be cut in its middle.
            Fit::No if end && !line.ends_with(b"\n") && sure > 0 => {}
            Fit::No if trim(line).is_empty() => {}
            Fit::No => return Verdict::Plain,
        }
        if after.is_empty() {
            return match sure {
                _ if !end => Verdict::More,
                0 => Verdict::Plain,
                _ => Verdict::Is(kind),
            };
        }
        rest = after;
    }
    Verdict::Is(kind)
}

/// Objects of which some are the kernel's lines.
fn objects(begin: &[u8], end: bool) -> Verdict {
    match objects::start(begin, end) {
        Ok((first, array)) => {
            by_records(first, end, Kind::Objects { array }, |b| objects::fits(dmesg::between(b)))
        }
        Err(Fault::More) => Verdict::More,
        Err(Fault::Bad) => Verdict::Plain,
    }
}

/// Rows of which some are the kernel's lines.
fn table(begin: &[u8], end: bool) -> Verdict {
    match table::start(begin) {
        Ok((columns, rows)) => by_records(rows, end, Kind::Table, |b| columns.fits(b, end)),
        Err(Fault::More) => Verdict::More,
        Err(Fault::Bad) => Verdict::Plain,
    }
}

/// What records tell that are no lines; `fits` reads one.
fn by_records(
    first: &[u8],
    end: bool,
    kind: Kind,
    fits: impl for<'b> Fn(&'b [u8]) -> Result<(bool, &'b [u8]), Fault>,
) -> Verdict {
    let (mut rest, mut sure) = (begin(first), 0);
    while sure < LINES {
        let more = match fits(rest) {
            _ if rest.is_empty() => true,
            Ok((kernels, after)) => {
                sure += usize::from(kernels);
                rest = begin(after);
                false
            }
            Err(Fault::More) => true,
            Err(Fault::Bad) => return Verdict::Plain,
        };
        if more {
            return match sure {
                _ if !end => Verdict::More,
                0 => Verdict::Plain,
                _ => Verdict::Is(kind),
            };
        }
    }
    Verdict::Is(kind)
}

/// `{"dmesg": [`, or an object of which a name is one that the journal gives every entry.
fn journal_json(begin: &[u8]) -> Verdict {
    const STARTS: &[&[u8]] = &[b"data: {", b"\x1e{", b"{"];
    let Some(start) = STARTS.iter().find(|start| begin.starts_with(start)) else {
        let cut = STARTS.iter().any(|start| start.starts_with(begin));
        return if cut { Verdict::More } else { Verdict::Plain };
    };
    match dmesg::head(begin) {
        Ok(_) => return Verdict::Is(Kind::Dmesg),
        Err(Fault::More) => return Verdict::More,
        Err(Fault::Bad) => {}
    }
    let object = begin.get(start.len() - 1..).unwrap_or_default();
    let (mut known, mut strange) = (false, false);
    let end = json::object(object, |name, value| {
        strange |= !(known || journal::is_name(name));
        known |= !strange && journal::ALWAYS.contains(&name) && matches!(value, Value::Text(_));
    });
    match end {
        _ if strange => Verdict::Plain,
        _ if known => Verdict::Is(Kind::Journal),
        Err(Fault::More) => Verdict::More,
        _ => Verdict::Plain,
    }
}

/// `__CURSOR=…` and a second line of the same kind.
fn export(begin: &[u8]) -> Verdict {
    const FIRST: &[&[u8]] = &[b"__CURSOR=", b"__REALTIME_TIMESTAMP="];
    let Some(feed) = memchr::memchr(b'\n', begin) else { return Verdict::More };
    let (first, second) = begin.split_at_checked(feed + 1).unwrap_or_default();
    match second {
        _ if !FIRST.iter().any(|name| first.starts_with(name)) => Verdict::Plain,
        [b'_', b'_', ..] => Verdict::Is(Kind::Export),
        [] | [b'_'] => Verdict::More,
        _ => Verdict::Plain,
    }
}

/// `<?xml …?><testsuite`, or a web page that shows a text.
fn markup(begin: &[u8]) -> Verdict {
    match xml::root(begin) {
        Err(Fault::More) => Verdict::More,
        Err(Fault::Bad) => Verdict::Plain,
        Ok(name) if name.eq_ignore_ascii_case(b"html") => {
            let pre = memchr::memmem::find(begin, b"<pre").or_else(|| memchr::memmem::find(begin, b"<PRE"));
            if pre.is_some() { Verdict::Is(Kind::Html) } else { Verdict::More }
        }
        Ok(b"testsuites" | b"testsuite") => Verdict::Is(Kind::Xml),
        Ok(_) => Verdict::Plain,
    }
}
