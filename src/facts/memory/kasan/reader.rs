//! The grammar: one line after the other, with what the line before announced.

use super::{Kasan, Object, Place, Range, ShadowRow, Side, StackObject, StackOwner};
use crate::facts::memory::{Access, address, address_after, hex_bytes, symbol};
use crate::facts::task::comm_and_pid;
use crate::text;

/// Which line is still to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expect {
    #[default]
    Nothing,
    Page,
    Variable,
    StackFrame,
    StackObjects,
    Mapping,
    Shadow,
}

#[derive(Default)]
pub(in crate::facts::memory) struct Reader<'a> {
    pub(in crate::facts::memory) facts: Kasan<'a>,
    expect: Expect,
    /// Column of the first byte of the marked row.
    column: Option<usize>,
}

impl<'a> Reader<'a> {
    /// Whether the next line may be a place that is no frame of a stack.
    pub(in crate::facts::memory) fn waits(&self) -> bool {
        matches!(self.expect, Expect::Variable | Expect::StackFrame)
    }

    pub(in crate::facts::memory) fn take(&mut self, body: &'a [u8]) -> bool {
        // Frames, mostly.
        let may_begin = || matches!(text::skip_blanks(body).first(), Some(b'A'..=b'Z' | b'a' | b'w'));
        if self.expect == Expect::Nothing && self.facts.place.is_none() && !may_begin() {
            return false;
        }
        self.expected(body)
            || self.banner(body)
            || self.access(body)
            || self.described(body)
            || self.old(body)
    }

    /// The lines that mean something only after another one.
    fn expected(&mut self, body: &'a [u8]) -> bool {
        let facts = &mut self.facts;
        let found = match self.expect {
            Expect::Nothing => return false,
            Expect::Shadow => return self.shadow(body),
            Expect::StackObjects => {
                let object = stack_object(body);
                facts.stack_objects.extend(object);
                return object.is_some();
            }
            Expect::Page => {
                let page = body.starts_with(b"page:").then_some(body);
                facts.page = facts.page.or(page);
                page.is_some()
            }
            Expect::Variable => {
                facts.variable = symbol(body);
                facts.variable.is_some()
            }
            Expect::StackFrame => {
                let frame = symbol(body);
                if let Some(stack) = &mut facts.stack {
                    stack.frame = frame;
                }
                frame.is_some()
            }
            Expect::Mapping => {
                facts.mapping = bounds(body);
                facts.mapping.is_some()
            }
        };
        if found {
            self.expect = Expect::Nothing;
        }
        found
    }

    fn shadow(&mut self, body: &'a [u8]) -> bool {
        if let Some((row, column)) = shadow_row(body) {
            self.column = if row.marked { Some(column) } else { self.column };
            self.facts.shadow.push(row);
            return true;
        }
        let (blanks, rest) = text::take(body, |b| b == b' ');
        if let (Some(first), b"^") = (self.column, rest.trim_ascii_end()) {
            self.facts.shadow_column = blanks.len().checked_sub(first).map(|n| n / 3);
            return true;
        }
        false
    }

    fn banner(&mut self, body: &'a [u8]) -> bool {
        let body = text::skip_blanks(body);
        if let Some(rest) = body.strip_prefix(b"KASAN: ") {
            self.facts.range = self.facts.range.or_else(|| fault_range(rest));
            return true;
        }
        let Some(rest) = body.strip_prefix(b"BUG: KASAN: ") else {
            return false;
        };
        if self.facts.kind.is_none() {
            let end = text::find(rest, " in ").unwrap_or(rest.len());
            self.facts.kind = rest.get(..end);
            self.facts.address = address_after(rest, " at addr ");
        }
        true
    }

    /// Reads `Read of size 8 at addr ffff888000815db8 by task init/40`.
    fn access(&mut self, body: &'a [u8]) -> bool {
        let (access, rest) = match body {
            [b'R', b'e', b'a', b'd', rest @ ..] => (Access::Read, rest),
            [b'W', b'r', b'i', b't', b'e', rest @ ..] => (Access::Write, rest),
            [b'F', b'r', b'e', b'e', rest @ ..] => (Access::Free, rest),
            _ => return false,
        };
        let Some(at) = text::find(rest, " by task ") else {
            return false;
        };
        let (what, task) = rest.split_at(at);
        let known =
            [" of size ", " at addr ", " of addr "].iter().any(|words| what.starts_with(words.as_bytes()));
        if !known {
            return false;
        }
        let facts = &mut self.facts;
        if facts.access.is_none() {
            facts.access = Some(access);
            facts.size = text::number_after(what, " of size ");
            facts.address = address_after(what, " addr ").or(facts.address);
            let task = text::after(task, " by task ").unwrap_or_default();
            let task = comm_and_pid(task.trim_ascii_end(), b'/');
            (facts.comm, facts.pid) = (task.map(|t| t.0), task.map(|t| t.1));
        }
        true
    }

    /// The lines that begin with `The buggy address`, and what follows each of them.
    fn described(&mut self, body: &'a [u8]) -> bool {
        let Some(rest) = body.strip_prefix(b"The buggy address ") else {
            return self.continued(body);
        };
        let facts = &mut self.facts;
        if let Some(rest) = rest.strip_prefix(b"belongs to the object at ") {
            let object = facts.object.get_or_insert_default();
            object.address = object.address.or_else(|| address(rest)?.1);
        } else if let Some(rest) = rest.strip_prefix(b"is located ") {
            facts.place = facts.place.or_else(|| place(rest));
        } else if let Some(rest) = rest.strip_prefix(b"belongs to stack of task ") {
            let task = comm_and_pid(rest.trim_ascii_end(), b'/');
            let owner = task.map(|(comm, pid)| StackOwner { comm, pid, offset: None, frame: None });
            facts.stack = facts.stack.or(owner);
        } else if rest.starts_with(b"belongs to the variable:") {
            self.expect = Expect::Variable;
        } else if rest.starts_with(b"belongs to the virtual mapping at") {
            self.expect = Expect::Mapping;
        } else if rest.starts_with(b"belongs to the page:")
            || rest.starts_with(b"belongs to the physical page:")
        {
            self.expect = Expect::Page;
        }
        true
    }

    fn continued(&mut self, body: &'a [u8]) -> bool {
        let facts = &mut self.facts;
        if let Some(rest) = body.strip_prefix(b" which belongs to the cache ") {
            let object = facts.object.get_or_insert_default();
            if object.cache.is_none() {
                (object.cache, object.size) = cache(rest, " of size ");
            }
        } else if let Some(place) = &mut facts.place
            && text::contains(body, "-byte region [")
        {
            place.region(body);
        } else if let Some(rest) = body.strip_prefix(b" and is located at offset ") {
            if let Some(stack) = &mut facts.stack {
                stack.offset = text::dec(rest).ok().map(|(_, offset)| offset);
            }
            self.expect = Expect::StackFrame;
        } else if body.starts_with(b"This frame has ") {
            self.expect = Expect::StackObjects;
        } else if body.starts_with(b"Memory state around the buggy address:") && facts.shadow.is_empty() {
            self.expect = Expect::Shadow;
        } else if let Some(rest) = body.strip_prefix(b"Pointer tag: [") {
            facts.pointer_tag = facts.pointer_tag.or(tag(rest));
            facts.memory_tag = facts.memory_tag.or_else(|| tag(text::after(rest, "memory tag: [")?));
        } else {
            return false;
        }
        true
    }

    /// Reads `Object at ffff8801cbeda480, in cache skbuff_head_cache size: 248`, before Linux 4.12.
    fn old(&mut self, body: &'a [u8]) -> bool {
        let Some(rest) = body.strip_prefix(b"Object at ") else {
            return false;
        };
        let Some(at) = text::find(rest, ", in cache ") else {
            return false;
        };
        let (first, second) = rest.split_at(at);
        let address = address(first).and_then(|(_, address)| address);
        let (cache, size) = cache(text::after(second, ", in cache ").unwrap_or_default(), " size: ");
        self.facts.object.get_or_insert(Object { address, cache, size });
        true
    }
}

/// Reads `null-ptr-deref in range [0x0000000000000028-0x000000000000002f]`.
fn fault_range(rest: &[u8]) -> Option<Range<'_>> {
    let (kind, addresses) = rest.split_at_checked(text::find(rest, " in range [")?)?;
    let (addresses, start) = address(text::after(addresses, "[")?)?;
    let (_, end) = address(addresses.strip_prefix(b"-")?)?;
    Some(Range { kind, start: start?, end: end? })
}

fn tag(input: &[u8]) -> Option<u8> {
    u8::try_from(text::hex_digits(input).ok()?.1).ok()
}

/// Splits `kmalloc-64 of size 64`.
fn cache<'a>(rest: &'a [u8], size: &str) -> (Option<&'a [u8]>, Option<u64>) {
    match text::find(rest, size) {
        Some(at) => (rest.get(..at), text::number_after(rest, size)),
        None => (Some(rest), None),
    }
}

/// Reads `56 bytes inside of`.
fn place(rest: &[u8]) -> Option<Place<'_>> {
    let (rest, distance) = text::dec(rest).ok()?;
    let words = [
        (&b" bytes inside of"[..], Side::Inside),
        (b" bytes to the left of", Side::Left),
        (b" bytes to the right of", Side::Right),
    ];
    let side = words.into_iter().find_map(|(words, side)| rest.starts_with(words).then_some(side))?;
    Some(Place { distance, side, state: None, size: None, start: None, end: None })
}

impl<'a> Place<'a> {
    /// Reads ` freed 64-byte region [ffff888000815d80, ffff888000815dc0)`.
    fn region(&mut self, body: &'a [u8]) {
        if self.size.is_some() {
            return;
        }
        let body = text::skip_blanks(body);
        let (word, rest) = text::take(body, |b| b.is_ascii_lowercase());
        self.state = text::ascii(word).filter(|word| !word.is_empty());
        self.size = text::dec(text::skip_blanks(rest)).ok().map(|(_, size)| size);
        if let Some((start, end)) = text::find(rest, "[").and_then(|at| bounds(rest.get(at..)?)) {
            (self.start, self.end) = (Some(start), Some(end));
        }
    }
}

/// Reads `[ffff888000815d80, ffff888000815dc0)`.
fn bounds(body: &[u8]) -> Option<(u64, u64)> {
    let (rest, start) = address(text::skip_blanks(body).strip_prefix(b"[")?)?;
    let (rest, end) = address(rest.strip_prefix(b", ")?)?;
    rest.starts_with(b")").then_some((start?, end?))
}

/// Reads ` [32, 34) 'buf'` and ` [32, 34) 'buf' (line 12)`.
fn stack_object(body: &[u8]) -> Option<StackObject<'_>> {
    let (rest, start) = text::dec(text::skip_blanks(body).strip_prefix(b"[")?).ok()?;
    let (rest, end) = text::dec(rest.strip_prefix(b", ")?).ok()?;
    let rest = rest.strip_prefix(b") '")?;
    Some(StackObject { start, end, name: rest.get(..memchr::memrchr(b'\'', rest)?)? })
}

/// Reads a row of shadow memory, and the column of its first byte.
fn shadow_row(body: &[u8]) -> Option<(ShadowRow, usize)> {
    let (marked, rest) = match body {
        [b'>', rest @ ..] => (true, rest),
        [b' ', rest @ ..] => (false, rest),
        _ => return None,
    };
    let (digits, bytes) = text::take(rest, |b| b.is_ascii_hexdigit());
    if !matches!(digits.len(), 8 | 16) {
        return None;
    }
    let (bytes, _) = hex_bytes(bytes.strip_prefix(b": ")?, 16);
    let row = ShadowRow { address: text::number(digits, 16)?, bytes, marked };
    (!row.bytes.is_empty()).then_some((row, 1 + digits.len() + 2))
}
