//! The source file to blame for a crash, from the places that a symbolized report names.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::facts::frame;
use crate::formats::guilty;
use crate::line::Line;
use crate::rules::Pattern;
use crate::text;

/// The source file that the convention holds guilty of the crash in a symbolized report.
///
/// It is the first file named with a line number (`net/llc/llc_sap.c:36`) whose code may be to blame at all:
/// no header, library, allocator, lock or trap handler, nor the place of a held lock. A file named later
/// takes its place where it lies in a folder below the first one's. Where nothing but such files are
/// named it is the first of them.
///
/// `title` is the report's; `report` is its text, with or without printk's stamps. A text without source
/// positions, such as a report that nobody symbolized, may name none. The path is as the report has it,
/// without `./` and with `..` resolved; it is copied only for the latter.
///
/// ```
/// let report = b"BUG: KASAN: use-after-free in skb_clone+0x3a2/0x420 net/core/skbuff.c:1029
/// Call Trace:
///  __dump_stack lib/dump_stack.c:15 [inline]
///  skb_clone+0x3a2/0x420 net/core/skbuff.c:1029
///  dccp_v6_request_recv_sock+0x6d2/0xf70 net/dccp/ipv6.c:493
/// ";
/// let file = crashparse::guilty_file("KASAN: use-after-free Read in dccp_v6_request_recv_sock", report);
/// assert_eq!(file.as_deref(), Some("net/dccp/ipv6.c"));
/// ```
pub fn guilty_file<'a>(title: &str, report: &'a [u8]) -> Option<Cow<'a, str>> {
    let bodies = report.split(|&byte| byte == b'\n').map(|raw| Line::parse(0, raw).body);
    of_lines(title, bodies)
}

/// The guilty file of the report with this title, from its lines without their prefixes.
pub(crate) fn of_lines<'a>(
    title: &str,
    bodies: impl Iterator<Item = &'a [u8]> + Clone,
) -> Option<Cow<'a, str>> {
    if title.starts_with(guilty::STALL) {
        for mark in guilty::INTERRUPTED {
            let interrupted = bodies.clone().skip_while(|body| !text::contains(body, mark));
            if let Some(file) = choose(interrupted) {
                return Some(file);
            }
        }
    }
    choose(bodies)
}

fn choose<'a>(bodies: impl Iterator<Item = &'a [u8]>) -> Option<Cow<'a, str>> {
    let mut places = bodies.filter_map(|body| {
        let file = clean(source_file(body)?);
        let ignored = is_never_to_blame(&file) || names_no_culprit(body);
        (!frame::is_questionable(body)).then_some((file, ignored))
    });
    let (first, ignored) = places.next()?;
    let mut guilty = if ignored {
        match places.by_ref().find(|(_, ignored)| !ignored) {
            Some((file, _)) => file,
            None => return Some(first),
        }
    } else {
        first
    };
    for (file, ignored) in places {
        if !ignored && is_deeper(&file, &guilty) {
            guilty = file;
        }
    }
    Some(guilty)
}

/// The first path with a line number: `mm/util.c` of `kvmalloc_node+0xc3/0xd0 mm/util.c:403`.
fn source_file(body: &[u8]) -> Option<&str> {
    memchr::memchr_iter(b':', body).find_map(|colon| {
        if !body.get(colon + 1)?.is_ascii_digit() {
            return None;
        }
        let head = body.get(..colon)?;
        let start = head.iter().rposition(|&b| !is_path_byte(b)).map_or(0, |at| at + 1);
        let path = text::ascii(head.get(start..)?)?;
        let (stem, extension) = path.rsplit_once('.')?;
        let named = stem.len() > 1 && !stem.ends_with(['.', '/']);
        (named && guilty::EXTENSIONS.contains(&extension)).then_some(path)
    })
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/')
}

/// The path without `.` and `..`: compilers put together what makefiles say, such as `amdgpu/../display`.
fn clean(path: &str) -> Cow<'_, str> {
    let path = path.trim_start_matches("./");
    let plain = |(at, part)| !matches!((at, part), (1.., "") | (_, "." | ".."));
    if path.split('/').enumerate().all(plain) {
        return Cow::Borrowed(path);
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if !root.is_empty() => {}
            _ => parts.push(part),
        }
    }
    Cow::Owned(format!("{root}{}", parts.join("/")))
}

/// Whether `file` lies in a folder below the one of `guilty`.
fn is_deeper(file: &str, guilty: &str) -> bool {
    let Some((folder, _)) = guilty.rsplit_once('/') else { return false };
    let below = file.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    below.is_some_and(|rest| rest.contains('/'))
}

fn is_never_to_blame(file: &str) -> bool {
    guilty::NEVER_TO_BLAME.iter().any(|pattern| text::fits(pattern, file))
}

/// Whether a line's place is not where the crash came by.
fn names_no_culprit(body: &[u8]) -> bool {
    static LINES: LazyLock<Vec<Pattern>> =
        LazyLock::new(|| guilty::LINES.iter().map(|source| Pattern::new(source)).collect());
    LINES.iter().any(|pattern| pattern.is_match(body))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(report: &str) -> Option<Cow<'_, str>> {
        guilty_file("WARNING in do_step", report.as_bytes())
    }

    #[test]
    fn a_place_is_a_path_with_a_line() {
        let file = |body: &'static str| source_file(body.as_bytes());
        assert_eq!(
            file("WARNING: CPU: 1 PID: 7 at fs/attr.c:12 setattr+0x1/0x2 fs/attr.c:11"),
            Some("fs/attr.c")
        );
        assert_eq!(file("kernel BUG at ./include/linux/skbuff.h:2389!"), Some("./include/linux/skbuff.h"));
        assert_eq!(file(" drop (drivers/block/rnull.rs:33:5)"), Some("drivers/block/rnull.rs"));
        assert_eq!(file("ab.c:1"), Some("ab.c"));
        for none in
            ["a.c:1", "fs/.c:1", "fs/attr.c:", "fs/attr.c 12", "fs/attr.d:12", "at 10:20", ":1", "c:1", ""]
        {
            assert_eq!(file(none), None, "{none}");
        }
    }

    #[test]
    fn paths_are_cleaned() {
        assert_eq!(clean("./include/linux/fs.h"), "include/linux/fs.h");
        assert_eq!(clean("drivers/gpu/amdgpu/../display/dc.c"), "drivers/gpu/display/dc.c");
        assert_eq!(clean("a//b/./c.c"), "a/b/c.c");
        assert_eq!(clean("../../x.c"), "../../x.c");
        assert_eq!(clean("/../x.c"), "/x.c");
        assert_eq!(clean("/build/fs/x.c"), "/build/fs/x.c");
        assert!(matches!(clean("./fs/x.c"), Cow::Borrowed("fs/x.c")));
    }

    #[test]
    fn every_line_pattern_compiles() {
        assert!(guilty::LINES.iter().all(|source| crate::rules::compile(source).is_some()));
    }

    #[test]
    fn code_that_all_share_is_not_to_blame() {
        let report =
            " dump_stack+0x1/0x2 lib/dump_stack.c:5\n kfree+0x1/0x2 mm/slub.c:7\n put+0x1/0x2 net/x.c:9\n";
        assert_eq!(of(report).as_deref(), Some("net/x.c"));
    }

    #[test]
    fn the_first_file_counts_where_no_other_does() {
        assert_eq!(of(" f lib/a.c:5\n g mm/slub.c:7\n").as_deref(), Some("lib/a.c"));
        assert_eq!(of("Call Trace:\n f+0x1/0x2\n"), None);
    }

    #[test]
    fn places_of_locks_and_switches_say_nothing() {
        let report = "hardirqs last  enabled at (7): [<ffff80000bfb8138>] f+0x1/0x2 net/a.c:84
 (&lock){+.+.}-{2:2}, at: f+0x1/0x2 net/b.c:84
 #0: ffffffff8e53c398 (fs_lock){+.+.}-{3:3}, f net/c.c:2
Register r0 information: f net/d.c:2
 ? stale+0x1/0x2 net/e.c:3
 g+0x1/0x2 fs/g.c:3
";
        assert_eq!(of(report).as_deref(), Some("fs/g.c"));
    }

    #[test]
    fn a_file_in_a_folder_below_takes_the_place() {
        let report =
            " f fs/inode.c:5\n g fs2/ext4/a.c:7\n h fs/ext4/inode.c:9\n i fs/jfs/b.c:1\n j fs/ext4/x/b.c:1\n";
        assert_eq!(of(report).as_deref(), Some("fs/ext4/x/b.c"));
        assert_eq!(of(" f fs/inode.c:5\n g fs/attr.c:7\n").as_deref(), Some("fs/inode.c"));
        assert_eq!(of(" f fs/inode.c:5\n g fs/proc/generic.c:7\n").as_deref(), Some("fs/inode.c"));
        assert_eq!(of(" f main.c:5\n g fs/attr.c:7\n").as_deref(), Some("main.c"));
    }

    #[test]
    fn a_stall_is_what_was_interrupted() {
        let report = " nmi arch/x86/kernel/cpu/a.c:5\n apic_timer_interrupt+0x1/0x2 arch/x86/entry/e.S:8\n h net/x.c:9\n";
        let file = |title: &str| guilty_file(title, report.as_bytes());
        assert_eq!(file("INFO: rcu detected stall in h").as_deref(), Some("net/x.c"));
        assert_eq!(file("BUG: soft lockup in h").as_deref(), Some("arch/x86/kernel/cpu/a.c"));
        let elsewhere = guilty_file("INFO: rcu detected stall in f", b" f fs/attr.c:5\n");
        assert_eq!(elsewhere.as_deref(), Some("fs/attr.c"));
    }

    #[test]
    fn stamps_are_taken_off() {
        let report = "[    1.500000][   T12]  #0: ffffffff8e53c398 (l){+.+.}, f net/c.c:2\r\n[    1.500000][   T12]  g fs/g.c:3\r\n";
        assert_eq!(of(report).as_deref(), Some("fs/g.c"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = guilty_file("INFO: rcu detected stall in f", &bytes);
        }

        #[test]
        fn no_path_panics(report in "([a-c./:\n*?0-1 ]|\\.c:1\n){0,80}") {
            if let Some(file) = guilty_file("", report.as_bytes()) {
                let extension = file.rsplit('.').next().unwrap_or_default();
                prop_assert!(guilty::EXTENSIONS.contains(&extension));
            }
        }
    }
}
