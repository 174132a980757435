//! Places in the code that are of no stack: where a check failed, and what lines say that a function did.

use crate::facts::frame::{Frame, Source};
use crate::text;

/// The check that failed: `__warn` in `kernel/panic.c`, `report_bug` in `lib/bug.c`.
///
/// ```text
/// WARNING: CPU: 1 PID: 54 at net/demo.c:334 demo_check+0x72/0xa0 [demo]
/// WARNING: mm/slub.c:1239 at object_err+0x24c/0x274, CPU#1: init/117
/// WARNING: [!list_empty(&x->head)] net/demo.c:334 at demo_check+0x72/0xa0 [demo], CPU#1: init/117
/// kernel BUG at mm/usercopy.c:102!
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check<'a> {
    /// Where it stands in the source.
    pub source: Source<'a>,
    /// Its condition, where the kernel keeps it (`CONFIG_DEBUG_BUGVERBOSE_DETAILED`).
    pub condition: Option<&'a [u8]>,
    /// The address that trapped; `None` for `BUG()`.
    pub at: Option<Frame<'a>>,
}

/// Most brackets in a condition.
const BRACKETS: usize = 16;

impl<'a> Check<'a> {
    /// Reads a banner; `None` if it is of no check.
    pub fn parse(body: &'a [u8]) -> Option<Check<'a>> {
        if let Some(rest) = text::after(body, "kernel BUG at ") {
            let (_, source) = place(rest)?;
            return Some(Check { source, condition: None, at: None });
        }
        let rest = text::after(body, "WARNING: ")?;
        if let Some(rest) = text::after(rest, "CPU: ").and_then(|rest| text::after(rest, " at ")) {
            let (rest, source) = place(rest)?;
            let at = Frame::parse_symbol(text::skip_blanks(rest)).ok().map(|(_, frame)| frame);
            return Some(Check { source, condition: None, at });
        }
        let (condition, (rest, source)) = match rest.strip_prefix(b"[") {
            // A condition may hold brackets itself: it ends where a place follows.
            Some(inner) => memchr::memmem::find_iter(inner, b"] ")
                .take(BRACKETS)
                .find_map(|end| Some((inner.get(..end), place(inner.get(end + 2..)?)?)))?,
            None => (None, place(rest)?),
        };
        let at = Frame::parse_symbol(rest.strip_prefix(b" at ")?).ok().map(|(_, frame)| frame);
        Some(Check { source, condition, at })
    }
}

/// `net/demo.c:334` and what follows.
fn place(input: &[u8]) -> Option<(&[u8], Source<'_>)> {
    let (file, rest) = text::take(input, |b| b.is_ascii_graphic() && b != b':');
    let (rest, line) = text::dec_u32(rest.strip_prefix(b":")?).ok()?;
    let file = text::ascii(file).filter(|file| file.contains('.'))?;
    Some((rest, Source::new(file, line)))
}

/// A line that tells where something was done: by whom memory was allocated that a register points into, where interrupts
/// were last disabled, where another CPU idles.
///
/// ```text
/// Register r0 information: 1-page vmalloc region starting at 0xbf000000 allocated at load_module+0x8f0/0x1e8c
/// hardirqs last disabled at (31856): [<ffffffffb0241867>] common_interrupt+0x17/0xf0
/// NMI backtrace for cpu 1 skipped: idling at default_idle+0x9/0x20
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place<'a> {
    /// What stands before it on the line.
    pub what: &'a [u8],
    /// Where.
    pub at: Frame<'a>,
}

/// How the lines begin, and what stands before the place: `mem_dump_obj` in `mm/util.c`, `print_irqtrace_events` in
/// `kernel/locking/lockdep.c`, `nmi_cpu_backtrace` in `lib/nmi_backtrace.c`, `copy_from_kernel_nofault` in
/// `arch/loongarch/mm/maccess.c`.
const LINES: &[(&str, &str)] = &[
    ("Register ", " allocated at "),
    ("The buggy address belongs to a ", " allocated at "),
    ("hardirqs last ", "): "),
    ("softirqs last ", "): "),
    ("NMI backtrace for cpu ", " idling at "),
    ("copy_from_kernel_nofault: ", " the caller is "),
];

impl<'a> Place<'a> {
    /// Reads a line; `None` if it is something else.
    pub fn parse(body: &'a [u8]) -> Option<Place<'a>> {
        let body = text::skip_blanks(body);
        let (_, before) = LINES.iter().find(|(start, _)| text::begins(body, start))?;
        let end = text::find(body, before)?;
        let (_, at) = Frame::parse_symbol(body.get(end + before.len()..)?).ok()?;
        Some(Place { what: body.get(..end + before.len())?.trim_ascii_end(), at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `file:line [condition] function`
    fn check(body: &str) -> Option<String> {
        let Check { source, condition, at } = Check::parse(body.as_bytes())?;
        let condition = condition.map(text::lossy).unwrap_or_default();
        let at = at.and_then(|at| at.symbol).unwrap_or_default();
        Some(format!("{}:{} [{condition}] {at}", source.file, source.line))
    }

    #[test]
    fn checks_of_every_version() {
        for (body, wanted) in [
            (
                "WARNING: CPU: 1 PID: 54 at net/demo.c:334 demo_check+0x72/0xa0 [demo]",
                "net/demo.c:334 [] demo_check",
            ),
            (
                "WARNING: mm/slub.c:1239 at object_err+0x24c/0x274, CPU#1: init/117",
                "mm/slub.c:1239 [] object_err",
            ),
            (
                "WARNING: [a[1] > 2] net/demo.c:334 at demo_check+0x72/0xa0 [demo], CPU#1: init/117",
                "net/demo.c:334 [a[1] > 2] demo_check",
            ),
            ("kernel BUG at mm/usercopy.c:102!", "mm/usercopy.c:102 [] "),
            ("WARNING: net/demo.c:3 at 0xffffffffc0001234, CPU#1: init/117", "net/demo.c:3 [] "),
        ] {
            assert_eq!(check(body).as_deref(), Some(wanted), "{body}");
        }
        for none in
            ["WARNING: possible recursive locking detected", "WARNING: ", "kernel BUG at ", "BUG: x.c:1"]
        {
            assert_eq!(check(none), None, "{none}");
        }
    }

    #[test]
    fn places_of_lines() {
        let place = |body: &'static str| {
            Place::parse(body.as_bytes())
                .map(|place| (text::lossy(place.what), place.at.symbol.unwrap_or_default()))
        };
        assert_eq!(
            place("hardirqs last disabled at (31856): [<ffffffffb0241867>] common_interrupt+0x17/0xf0"),
            Some(("hardirqs last disabled at (31856):".into(), "common_interrupt"))
        );
        assert_eq!(
            place("NMI backtrace for cpu 1 skipped: idling at default_idle+0x9/0x20"),
            Some(("NMI backtrace for cpu 1 skipped: idling at".into(), "default_idle"))
        );
        assert_eq!(place("NMI backtrace for cpu 1"), None);
        assert_eq!(place("hardirqs last disabled at (0): [<0000000000000000>] 0x0"), None);
    }
}
