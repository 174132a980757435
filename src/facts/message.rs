//! What the one who called `WARN()` or `panic()` has to say.

use crate::facts::frame::Frame;
use crate::text;

/// Longest message, in lines.
const LINES: usize = 8;
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
    fn panics() {
        let reason = |line: &'static str| of_panic(line.as_bytes()).and_then(text::ascii);
        assert_eq!(reason("Kernel panic - not syncing: Fatal exception \r"), Some("Fatal exception"));
        assert_eq!(reason("Kernel panic - not syncing: "), None);
        assert_eq!(reason("---[ end Kernel panic - not syncing: Fatal exception ]---"), None);
    }
}
