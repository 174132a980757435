//! What the one who called `WARN()` or `panic()` has to say.

use crate::facts::frame::{Frame, Source};
use crate::text;

/// Longest message, in lines.
pub(crate) const LINES: usize = 8;
/// What `__warn` prints after the message: the panic of `panic_on_warn`, `print_modules`, or without modules the header
/// of `dump_stack`.
const HEADERS: &[&str] = &["Modules linked in:", "CPU: ", "Kernel panic - "];
/// What stands between a banner and the message: up to Linux 3.9 the machine, and a banner that a symbolizer repeats
/// for an inlined function.
const BETWEEN: &[&str] = &["Hardware name:", "WARNING: "];

/// The lines between a warning's banner and its header: `__warn` in `kernel/panic.c`, where the CPU has no trap for
/// warnings, and in Linux 4.x.
///
/// ```text
/// WARNING: CPU: 0 PID: 905 at net/demo.c:77 demo_check+0x2a/0x40 [demo]
/// demo0: 3 references left
/// Modules linked in: demo(O)
/// ```
pub(crate) fn of_warning<'a>(bodies: impl IntoIterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
    let mut bodies = bodies.into_iter();
    let is_warning = |banner: &[u8]| banner.starts_with(b"WARNING: ") && text::contains(banner, " at ");
    let mut message = Vec::new();
    if !bodies.next().is_some_and(is_warning) {
        return message;
    }
    for body in bodies {
        if begins_with(body, HEADERS) {
            return message;
        }
        if message.len() == LINES || Frame::parse(body).is_some() {
            break;
        }
        message.extend(line(body));
    }
    Vec::new()
}

/// A line of a message; none if it is blank, or of another CPU's report.
pub(crate) fn line(body: &[u8]) -> Option<&[u8]> {
    let line = body.trim_ascii_end();
    let other = begins_with(body, HEADERS) || begins_with(body, BETWEEN) || Frame::parse(body).is_some();
    (!line.is_empty() && !other).then_some(line)
}

fn begins_with(body: &[u8], starts: &[&str]) -> bool {
    starts.iter().any(|start| body.starts_with(start.as_bytes()))
}

/// What an assertion says that is neither `BUG()` nor `WARN()`: of OpenZFS' SPL (`spl_panic`, `vcmn_err`), with the line that
/// says where, and of Lustre's libcfs (`lbug_with_loc`), whose lines have that in front.
///
/// ```text
/// VERIFY3(hdr->b_refcnt < limit) failed (4294967295 < 1024)
/// PANIC at arc.c:2210:arc_hdr_settle()
/// LustreError: 2345:0:(osc_object.c:417:osc_object_init()) ASSERTION( obj != NULL ) failed: no object
/// ```
pub(crate) fn of_assertion<'a>(bodies: impl IntoIterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
    let mut bodies = bodies.into_iter();
    let Some(banner) = bodies.next().map(<[u8]>::trim_ascii) else { return Vec::new() };
    if banner.starts_with(b"VERIFY") {
        let place = bodies.next().filter(|body| body.starts_with(b"PANIC at ")).map(<[u8]>::trim_ascii_end);
        return std::iter::once(banner).chain(place).collect();
    }
    if banner.starts_with(b"PANIC at ") || banner.starts_with(b"PANIC: ") {
        return vec![banner];
    }
    let logged = banner.starts_with(b"LustreError: ") || banner.starts_with(b"SPLError: ");
    let at = banner.iter().position(|&b| b == b'(').filter(|_| logged);
    at.and_then(|at| banner.get(at..)).into_iter().collect()
}

/// A panic of code in Rust: the handler in `rust/kernel/lib.rs`.
///
/// ```text
/// rust_kernel: panicked at drivers/gpu/demo/fw.rs:25:9:
/// called `Option::unwrap()` on a `None` value
/// rust_kernel: panicked at 'attempt to add with overflow', drivers/gpu/demo/fw.rs:25:9
/// ```
///
/// The second form is of compilers before Rust 1.73.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RustPanic<'a> {
    /// What the code says; `None` where the line is lost.
    pub message: Option<&'a [u8]>,
    /// Where: file, line and column.
    pub at: Source<'a>,
}

impl<'a> RustPanic<'a> {
    /// Reads the lines of a report from its banner on; `None` if it is another crash's.
    pub(crate) fn read(bodies: impl IntoIterator<Item = &'a [u8]>) -> Option<RustPanic<'a>> {
        let mut bodies = bodies.into_iter();
        let place = text::after(bodies.next()?, "rust_kernel: panicked at ")?.trim_ascii_end();
        let (message, place) = match place.strip_prefix(b"'") {
            Some(rest) => {
                let end = memchr::memmem::rfind(rest, b"', ")?;
                (rest.get(..end), rest.get(end + 3..)?)
            }
            None => (bodies.next().map(<[u8]>::trim_ascii).filter(|line| is_said(line)), place),
        };
        Some(RustPanic { message, at: Source::with_column(place)? })
    }
}

/// Whether the line behind a Rust panic's banner is its message.
fn is_said(line: &[u8]) -> bool {
    !line.is_empty()
        && !line.starts_with(b"---")
        && !begins_with(line, HEADERS)
        && Frame::parse(line).is_none()
}

/// Why the kernel stops: the text of `Kernel panic - not syncing: Fatal exception`, printed by `panic` in
/// `kernel/panic.c`.
pub(crate) fn of_panic(body: &[u8]) -> Option<&[u8]> {
    let reason = body.strip_prefix(b"Kernel panic - not syncing: ")?.trim_ascii();
    (!reason.is_empty()).then_some(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(log: &str) -> Vec<&str> {
        of_warning(log.lines().map(str::as_bytes)).into_iter().filter_map(text::ascii).collect()
    }

    #[test]
    fn warnings() {
        // __warn, kernel/panic.c, 6.1.
        let banner = "WARNING: CPU: 0 PID: 905 at net/demo.c:77 demo_check+0x2a/0x40 [demo]\n";
        let said = format!("{banner}demo0: 3 references left\n\n of 4\nModules linked in: demo(O)\n");
        assert_eq!(warning(&said), ["demo0: 3 references left", " of 4"]);
        let panics =
            format!("{banner}demo0: hint: fn+0x0/0x1\nKernel panic - not syncing: panic_on_warn set ...\n");
        assert_eq!(warning(&panics), ["demo0: hint: fn+0x0/0x1"]);
        // warn_slowpath_common, kernel/panic.c, 3.9.
        let old = "WARNING: at net/demo.c:77 demo_check+0x2a/0x40()\nHardware name: Bochs\nold\nModules linked in:\n";
        assert_eq!(warning(old), ["old"]);
        assert!(warning(&format!("{banner}CPU: 0 PID: 905 Comm: tee Not tainted 6.1.0 #1\n")).is_empty());
        assert!(warning(&format!("{banner}cut\n")).is_empty());
        assert!(warning(&format!("{banner}Call Trace:\n fn+0x1/0x2\nModules linked in:\n")).is_empty());
        assert!(
            warning("WARNING: possible circular locking dependency detected\n6.1.0 #1\nCPU: 0\n").is_empty()
        );
    }

    #[test]
    fn assertions() {
        let said = |log: &'static str| -> Vec<&str> {
            of_assertion(log.lines().map(str::as_bytes)).into_iter().filter_map(text::ascii).collect()
        };
        let verify = "VERIFY3(a < b) failed (2 < 1)\nPANIC at arc.c:2210:arc_hdr_settle()\nShowing stack for process 7\n";
        assert_eq!(said(verify), ["VERIFY3(a < b) failed (2 < 1)", "PANIC at arc.c:2210:arc_hdr_settle()"]);
        assert_eq!(said("VERIFY(a) failed\nother\n"), ["VERIFY(a) failed"]);
        let lustre =
            "LustreError: 2345:0:(osc_object.c:417:osc_object_init()) ASSERTION( a ) failed: no object\n";
        assert_eq!(said(lustre), ["(osc_object.c:417:osc_object_init()) ASSERTION( a ) failed: no object"]);
        assert!(said("kernel BUG at mm/slub.c:1!\n").is_empty());
    }

    #[test]
    fn rust() {
        let read = |log: &'static str| {
            let panic = RustPanic::read(log.lines().map(str::as_bytes))?;
            let at = panic.at;
            Some((panic.message.and_then(text::ascii), at.file, at.line, at.column))
        };
        let new =
            "rust_kernel: panicked at /src/demo.rs:25:9:\n               attempt to add with overflow\n";
        assert_eq!(read(new), Some((Some("attempt to add with overflow"), "/src/demo.rs", 25, Some(9))));
        let old = "rust_kernel: panicked at 'it's so', drivers/demo.rs:25:9\n---\n";
        assert_eq!(read(old), Some((Some("it's so"), "drivers/demo.rs", 25, Some(9))));
        let lost = "rust_kernel: panicked at a.rs:25:9:\n------------[ cut here ]------------\n";
        assert_eq!(read(lost), Some((None, "a.rs", 25, Some(9))));
        assert_eq!(read("rust_kernel: panicked\n"), None);
    }

    #[test]
    fn panics() {
        let reason = |line: &'static str| of_panic(line.as_bytes()).and_then(text::ascii);
        assert_eq!(reason("Kernel panic - not syncing: Fatal exception \r"), Some("Fatal exception"));
        assert_eq!(reason("Kernel panic - not syncing: "), None);
        assert_eq!(reason("---[ end Kernel panic - not syncing: Fatal exception ]---"), None);
    }
}
