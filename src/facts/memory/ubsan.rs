//! UBSAN: `lib/ubsan.c`.

use crate::text;

/// What UBSAN says about undefined behaviour: `ubsan_prologue` and the handler of each kind.
///
/// ```text
/// UBSAN: array-index-out-of-bounds in /src/lab/cm1/misc.c:241:23
/// index 8 is out of range for type 'int [8]'
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ubsan<'a> {
    /// Kind: `array-index-out-of-bounds`, before Linux 5.7 always `Undefined behaviour`.
    pub kind: &'a [u8],
    /// The file as given to the compiler.
    pub file: &'a [u8],
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; `None` if the line is cut.
    pub column: Option<u32>,
    /// The lines that explain it, at most two: the second tells the type or the operands.
    pub explanation: Vec<&'a [u8]>,
}

#[derive(Default)]
pub(super) struct Reader<'a> {
    pub(super) facts: Option<Ubsan<'a>>,
    /// Whether more of the explanation may follow.
    open: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, body: &'a [u8]) -> bool {
        let Some(facts) = &mut self.facts else {
            self.facts = banner(text::skip_blanks(body));
            self.open = self.facts.is_some();
            return self.open;
        };
        if !self.open {
            return false;
        }
        let body = text::skip_blanks(body).trim_ascii_end();
        let explains = match facts.explanation.as_slice() {
            [] => !(body.is_empty() || body.starts_with(b"CPU: ") || body.starts_with(b"===")),
            [first] => {
                first.ends_with(b":")
                    || body.starts_with(b"which requires ")
                    || body.starts_with(b"for an object ")
            }
            _ => false,
        };
        self.open = explains;
        if explains && !body.is_empty() {
            facts.explanation.push(body);
        }
        explains
    }
}

/// Reads `UBSAN: array-index-out-of-bounds in /src/lab/cm1/misc.c:241:23`.
fn banner(body: &[u8]) -> Option<Ubsan<'_>> {
    let rest = body.strip_prefix(b"UBSAN: ")?.trim_ascii_end();
    let at = text::find(rest, " in ")?;
    let (kind, place) = (rest.get(..at)?, rest.get(at + " in ".len()..)?);
    let (place, last) = number_behind(place)?;
    let (file, line, column) = match number_behind(place) {
        Some((file, line)) => (file, line, Some(last)),
        None => (place, last, None),
    };
    Some(Ubsan { kind, file, line, column, explanation: Vec::new() })
}

/// Splits `misc.c:241` at its last colon.
fn number_behind(place: &[u8]) -> Option<(&[u8], u32)> {
    crate::facts::task::comm_and_pid(place, b':')
}
