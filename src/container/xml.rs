//! JUnit's XML, of which the log is text of some elements, and web pages that show one in `<pre>`.

use super::json::{Fault, blanks};
use super::sink::Sink;
use super::unpack::{MAX_RECORD, Unpack};
use crate::text;

/// JUnit's elements whose text is output.
const OUTPUT: &[&[u8]] = &[
    b"system-out",
    b"system-err",
    b"failure",
    b"error",
    b"rerunFailure",
    b"rerunError",
    b"flakyFailure",
    b"flakyError",
];

/// HTML's, in small letters.
const SHOWN: &[&[u8]] = &[b"pre", b"textarea"];

/// Tags that may stand in a shown text. Any other is text that was not escaped: `<TASK>`.
const INLINE: &[&[u8]] = &[
    b"a", b"b", b"br", b"code", b"del", b"div", b"em", b"font", b"i", b"ins", b"mark", b"p", b"s", b"samp",
    b"small", b"span", b"strong", b"tt", b"u", b"wbr",
];

/// Those that end a line.
const BREAKS: &[&[u8]] = &[b"br", b"div", b"p"];

/// Entities with a name.
const ENTITIES: &[(&[u8], char)] =
    &[(b"lt", '<'), (b"gt", '>'), (b"amp", '&'), (b"quot", '"'), (b"apos", '\''), (b"nbsp", ' ')];

/// Longest tag or comment in a text.
const TAG: usize = 512;

/// Longest entity: `&#x10ffff;`.
const ENTITY: usize = 12;

/// Longest start of a tag that may stand in a text: `</flakyFailure`.
const NAME: usize = 24;

const CDATA: &[u8] = b"<![CDATA[";

#[derive(Debug)]
pub(super) struct Xml {
    html: bool,
    place: Place,
    /// The element whose text is read; empty if it is not shown.
    element: Vec<u8>,
    /// The outermost element, and how many of its name are open.
    root: Option<(Vec<u8>, usize)>,
}

/// Where in the document the input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between tags.
    Markup,
    /// In the text of an element.
    Text,
    /// The same, not escaped.
    Data,
    /// Behind the outermost element.
    Tail,
    /// What is behind it is no XML.
    Other,
}

/// A piece of markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag<'a> {
    Open(&'a [u8]),
    /// `<br/>`
    Empty(&'a [u8]),
    Close(&'a [u8]),
    Data,
    /// A comment, an instruction, a declaration.
    Other,
}

impl Xml {
    pub(super) fn junit() -> Xml {
        Xml { html: false, place: Place::Markup, element: Vec::new(), root: None }
    }

    pub(super) fn html() -> Xml {
        Xml { html: true, ..Xml::junit() }
    }
}

impl Unpack for Xml {
    fn unpack(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> usize {
        let mut rest = input;
        while !rest.is_empty() {
            let taken = match self.place {
                Place::Markup => self.markup(rest, end, sink),
                Place::Text => self.text(rest, end, sink),
                Place::Data => self.data(rest, end, sink),
                Place::Tail => self.tail(rest),
                Place::Other => {
                    sink.write(sink.source(), rest);
                    Some(rest.len())
                }
            };
            let Some(taken) = taken else { break };
            let (part, after) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
            sink.advance(part);
            rest = after;
        }
        input.len() - rest.len()
    }
}

impl Xml {
    fn markup(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> Option<usize> {
        let Some(open) = memchr::memchr(b'<', input) else { return Some(input.len()) };
        if open > 0 {
            return Some(open);
        }
        let (tag, length) = match whole_tag(input, end, MAX_RECORD)? {
            Ok(found) => found,
            Err(NoTag::Text) => return Some(1),
            Err(NoTag::Cut(length)) => return Some(length),
        };
        match tag {
            Tag::Open(name) => {
                self.enter(name);
                if self.has_text(name) {
                    self.place = Place::Text;
                    self.element = name.to_vec();
                }
            }
            Tag::Close(name) => self.leave(name, sink),
            // Text of no element is not shown.
            Tag::Data => self.place = Place::Data,
            Tag::Empty(_) | Tag::Other => {}
        }
        Some(length)
    }

    fn has_text(&self, name: &[u8]) -> bool {
        let names = if self.html { SHOWN } else { OUTPUT };
        names.iter().any(|known| if self.html { name.eq_ignore_ascii_case(known) } else { name == *known })
    }

    fn enter(&mut self, name: &[u8]) {
        match &mut self.root {
            None => self.root = Some((name.to_vec(), 1)),
            Some((root, open)) if root.as_slice() == name => *open += 1,
            Some(_) => {}
        }
    }

    fn leave(&mut self, name: &[u8], sink: &mut Sink) {
        if let Some((root, open)) = &mut self.root
            && root.as_slice() == name
        {
            *open -= 1;
            if *open == 0 {
                self.root = None;
                self.place = Place::Tail;
                sink.end_line();
            }
        }
    }

    /// Text up to the next special character, or that character.
    fn text(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> Option<usize> {
        let source = sink.source();
        let plain = memchr::memchr2(b'<', b'&', input).unwrap_or(input.len());
        if plain > 0 {
            sink.write(source, input.get(..plain).unwrap_or_default());
            return Some(plain);
        }
        if input.starts_with(b"&") {
            let (char, length) = entity(input, end)?;
            sink.write(source, char.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(length);
        }
        if !self.may_be_tag(input, end)? {
            sink.write(source, b"<");
            return Some(1);
        }
        // Another tag ends one that is none: that keeps a text of nothing but `<b '` linear.
        let next = memchr::memchr(b'<', input.get(2..TAG).or(input.get(2..)).unwrap_or_default());
        let next = next.filter(|_| !matches!(input, [b'<', b'!' | b'?', ..]));
        let within = next.and_then(|next| input.get(..next + 2)).unwrap_or(input);
        let (tag, length) = whole_tag(within, end || next.is_some(), TAG)?.unwrap_or((Tag::Other, 0));
        match tag {
            Tag::Close(close) if close.eq_ignore_ascii_case(&self.element) => {
                sink.end_line();
                self.element.clear();
                self.place = Place::Markup;
            }
            Tag::Data => self.place = Place::Data,
            Tag::Other if length > 0 => {}
            Tag::Open(inner) | Tag::Empty(inner) | Tag::Close(inner) if self.html && is_inline(inner) => {
                if BREAKS.iter().any(|known| inner.eq_ignore_ascii_case(known)) {
                    sink.end_line();
                }
            }
            _ => {
                sink.write(source, b"<");
                return Some(1);
            }
        }
        Some(length)
    }

    /// Whether a tag that may stand in a text begins here; `None` if more must be seen. Cheaper than to read it: a
    /// text may be full of what looks like tags.
    fn may_be_tag(&self, b: &[u8], end: bool) -> Option<bool> {
        let inside = b.get(1..NAME).or(b.get(1..)).unwrap_or_default();
        let (close, inside) = match inside {
            [b'!' | b'?', ..] => return Some(true),
            [b'/', inside @ ..] => (true, inside),
            inside => (false, inside),
        };
        let (name, rest) = text::take(inside, is_name_byte);
        if rest.is_empty() && b.len() < NAME && !end {
            return None;
        }
        let own = close && name.eq_ignore_ascii_case(&self.element);
        Some(own || (self.html && is_inline(name)))
    }

    /// What stands before `]]>`.
    fn data(&mut self, input: &[u8], end: bool, sink: &mut Sink) -> Option<usize> {
        let close = memchr::memmem::find(input, b"]]>");
        // The end may be cut.
        let size = match close {
            Some(at) => at,
            None if end => input.len(),
            None => input.len().saturating_sub(2),
        };
        if !self.element.is_empty() {
            sink.write(sink.source(), input.get(..size).unwrap_or_default());
        }
        match close {
            Some(at) => {
                self.place = if self.element.is_empty() { Place::Markup } else { Place::Text };
                Some(at + 3)
            }
            None => (size > 0).then_some(size),
        }
    }

    /// Another document may follow.
    fn tail(&mut self, input: &[u8]) -> Option<usize> {
        let rest = blanks(input);
        if let Some(first) = rest.first() {
            self.place = if *first == b'<' { Place::Markup } else { Place::Other };
        }
        Some(input.len() - rest.len()).filter(|skipped| *skipped > 0 || !rest.is_empty())
    }
}

fn is_name_byte(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b":_-.".contains(&c)
}

fn is_inline(name: &[u8]) -> bool {
    INLINE.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Why there is no markup.
enum NoTag {
    Text,
    /// It is cut, or longer than any, and takes so much.
    Cut(usize),
}

/// The markup of at `most` so many bytes that `b` begins with, and its length. `None` if more must be seen.
fn whole_tag(b: &[u8], end: bool, most: usize) -> Option<Result<(Tag<'_>, usize), NoTag>> {
    let within = b.get(..most).unwrap_or(b);
    match tag(within) {
        Ok((tag, rest)) => Some(Ok((tag, within.len() - rest.len()))),
        Err(Fault::Bad) => Some(Err(NoTag::Text)),
        Err(Fault::More) if end || within.len() == most => Some(Err(NoTag::Cut(within.len()))),
        Err(Fault::More) => None,
    }
}

fn tag(b: &[u8]) -> Result<(Tag<'_>, &[u8]), Fault> {
    const OTHERS: &[(&[u8], &[u8])] = &[(b"<!--", b"-->"), (b"<?", b"?>")];
    if let Some(rest) = b.strip_prefix(CDATA) {
        return Ok((Tag::Data, rest));
    }
    for (start, end) in OTHERS {
        if b.starts_with(start) {
            let at = memchr::memmem::find(b, end).ok_or(Fault::More)?;
            return Ok((Tag::Other, b.get(at + end.len()..).unwrap_or_default()));
        }
    }
    if CDATA.starts_with(b) || b"<!--".starts_with(b) {
        return Err(Fault::More);
    }
    let inside = b.strip_prefix(b"<").ok_or(Fault::Bad)?;
    let close = inside.starts_with(b"/");
    let declaration = inside.starts_with(b"!");
    let inside = if close || declaration { inside.get(1..).unwrap_or_default() } else { inside };
    let (name, rest) = text::take(inside, is_name_byte);
    match (name.first(), rest.first()) {
        (None, None) => return Err(Fault::More),
        (Some(first), _) if first.is_ascii_alphabetic() => {}
        _ => return Err(Fault::Bad),
    }
    let (attributes, rest) = attributes(rest)?;
    let tag = match attributes.last() {
        _ if declaration => Tag::Other,
        _ if close => Tag::Close(name),
        Some(b'/') => Tag::Empty(name),
        _ => Tag::Open(name),
    };
    Ok((tag, rest))
}

/// What stands before the `>` that is in no quotes, and what is behind it.
fn attributes(b: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let mut at = 0;
    loop {
        let rest = b.get(at..).unwrap_or_default();
        at += memchr::memchr3(b'>', b'"', b'\'', rest).ok_or(Fault::More)?;
        let (before, rest) = b.split_at_checked(at).ok_or(Fault::More)?;
        match rest {
            [b'>', rest @ ..] => return Ok((before, rest)),
            [quote, rest @ ..] => at += 2 + memchr::memchr(*quote, rest).ok_or(Fault::More)?,
            [] => return Err(Fault::More),
        }
    }
}

/// The character that `b` begins with as an entity, and its length; a `&` that begins none is itself. `None` if more
/// must be seen.
pub(super) fn entity(b: &[u8], end: bool) -> Option<(char, usize)> {
    let within = b.get(..ENTITY).unwrap_or(b);
    let Some(close) = memchr::memchr(b';', within) else {
        return (end || within.len() == ENTITY).then_some(('&', 1));
    };
    let name = within.get(1..close).unwrap_or_default();
    let named = ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, char)| *char);
    let coded = || {
        let digits = name.strip_prefix(b"#")?;
        let code = match digits {
            [b'x' | b'X', digits @ ..] => text::number(digits, 16),
            digits => text::number(digits, 10),
        };
        char::from_u32(u32::try_from(code?).ok()?)
    };
    Some(named.or_else(coded).map_or(('&', 1), |char| (char, close + 1)))
}

/// The name of a document's outermost element.
pub(super) fn root(b: &[u8]) -> Result<&[u8], Fault> {
    let mut rest = blanks(b);
    loop {
        match tag(rest) {
            Ok((Tag::Open(name), _)) => return Ok(name),
            Ok((Tag::Other, after)) => rest = blanks(after),
            Err(Fault::More) => return Err(Fault::More),
            _ if rest.is_empty() => return Err(Fault::More),
            _ => return Err(Fault::Bad),
        }
    }
}
