//! What a report lacks of its stacks.

use std::sync::LazyLock;

use crate::facts::frame;
use crate::formats::{noise, spelling};
use crate::line::Line;
use crate::rules::Pattern;
use crate::text::{self, Log};

use super::{Corruption, Text};

/// Lines that begin a stack trace, each kind on its own.
pub(super) static TRACE_HEADS: LazyLock<Vec<Pattern>> =
    LazyLock::new(|| spelling::TRACE_HEADS.iter().map(|head| Pattern::new(head.pattern)).collect());

/// The lines of a stack that nothing introduces, and what follows; `None` where another stack has a heading.
pub(super) fn headless<'t, 'a>(texts: &'t [Text<'a>]) -> Option<&'t [Text<'a>]> {
    let at = texts.iter().position(|text| frame::is_headless(text.body));
    let at = at.or_else(|| texts.iter().position(Text::is_status).map(|status| status + 1))?;
    let headed = texts.iter().any(|text| text.is_trace_head() && !text.is_status());
    texts.get(at..).filter(|_| !headed)
}

/// Whether the traces that a report begins have frames.
pub(super) fn missing_trace(texts: &[Text<'_>]) -> Option<Corruption> {
    let is_head = |text: &&Text<'_>| text.is_trace_head() && !text::contains(text.body, "+0x");
    let heads = texts.iter().enumerate().filter(|(_, text)| is_head(text));
    let heads: Vec<(usize, &Text<'_>)> = heads.collect();
    let mut any = false;
    for (kind, head) in spelling::TRACE_HEADS.iter().enumerate() {
        let Some((at, _)) = heads.iter().find(|(_, text)| text.is_head_of(kind)) else { continue };
        let after = texts.get(at + 1..).unwrap_or_default();
        if after.len() < 2 {
            return Some(Corruption::CutTrace);
        }
        let next = heads.iter().map(|(head, _)| *head).find(|head| head > at).unwrap_or(texts.len());
        let framed = after.iter().take((next - at - 1).min(15)).any(|text| {
            frame::functions_of_line(text.body).iter().any(Option::is_some)
                || text::contains(text.body, "(stack is not available)")
        });
        any |= framed;
        if !framed && !head.may_be_empty {
            return Some(Corruption::EmptyTrace);
        }
    }
    (!any && headless(texts).is_none() && !is_bare_panic(texts)).then_some(Corruption::NoTrace)
}

/// Whether a report is of a panic that prints neither header nor stack, and has come to its last words: on a machine that
/// has had an oops, however long ago, `panic` in `kernel/panic.c` leaves them out.
fn is_bare_panic(texts: &[Text<'_>]) -> bool {
    let panics = texts.first().is_some_and(|first| text::contains(first.body, "Kernel panic - not syncing"));
    let is = |text: &Text<'_>, start: &str| text::skip_blanks(text.body).starts_with(start.as_bytes());
    let over = |text: &Text<'_>| noise::PANIC_ENDS.iter().any(|start| is(text, start));
    panics && texts.iter().any(over) && !texts.iter().any(|text| is(text, "CPU: ") || is(text, "Pid: "))
}

/// What is wrong with the traces that a report begins, other CPUs' lines between its own included: the convention looks
/// at what stands behind a heading, whoever printed it.
pub(crate) fn spoilt_trace(log: Log<'_>, lines: &[Line<'_>]) -> Option<Corruption> {
    missing_trace(&Text::of(log, lines)).filter(|corruption| *corruption == Corruption::EmptyTrace)
}
