//! The prefix that the lines of a log share: forms that no table has, and what is no prefix.

use proptest::prelude::*;

use super::super::{Line, Origin};
use super::Shape;

/// An oops as x86 prints it, without any prefix.
const OOPS: &str = "\
BUG: kernel NULL pointer dereference, address: 0000000000000018
#PF: supervisor read access in kernel mode
PGD 0 P4D 0 
Oops: 0000 [#1] PREEMPT SMP NOPTI
CPU: 3 PID: 511 Comm: demo:1 Not tainted 6.8.12 #1
Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2 04/01/2014
RIP: 0010:demo_read+0x86/0xa0 [demo]
Code: 48 89 e5 41 54 53 <48> 8b 40 18
RSP: 0018:ffffb2c065e42ad8 EFLAGS: 00010246
RAX: 0000000000000000 RBX: ffff81299f84b897 RCX: 0000000000000000
RDX: 000000000000a5fa RSI: ffff9f4462b8d4a9 RDI: ffff96303089a1cf
FS:  00007f377791321e(0000) GS:ffff866059fe522c(0000) knlGS:0000000000000000
CR2: 0000000000000018 CR3: 00000001f9b08713 CR4: 0000000000750ee0
Call Trace:
 <TASK>
 ? __die+0x1f/0x70
 demo_read+0x86/0xa0 [demo]
 vfs_read+0xac/0x320

 </TASK>
Modules linked in: demo tun
---[ end trace 0000000000000000 ]---";

/// A soft lockup: its banner has kernel text of its own before the words that tell it.
const LOCKUP: &str = "\
watchdog: BUG: soft lockup - CPU#6 stuck for 22s! [demo:2911]
Modules linked in: demo loop
CPU: 6 PID: 2911 Comm: demo Not tainted 5.10.0 #1
Hardware name: QEMU Standard PC
RIP: 0010:demo_spin+0x10f/0x490 [demo]
Call Trace:
 demo_thread+0xb0/0x370 [demo]
 kthread+0xdf/0x420
rcu: INFO: rcu_sched self-detected stall on CPU
rcu: \t6-....: (5250 ticks this GP) idle=d36
rcu: \t(t=5250 jiffies g=12345 q=12)";

/// An alert of arm64.
const ABORT: &str = "\
Unable to handle kernel NULL pointer dereference at virtual address 0000000000000020
Mem abort info:
  ESR = 0x0000000096000004
  EC = 0x25: DABT (current EL), IL = 32 bits
Internal error: Oops: 0000000096000004 [#1] PREEMPT SMP
Modules linked in: demo
CPU: 0 PID: 143 Comm: demo Not tainted 4.19.94 #1
pstate: 60400005 (nZCv daif +PAN -UAO -TCO -DIT -SSBS BTYPE=--)
pc : demo_read+0x5f/0x320 [demo]
x29: ffff0001fa69d686 x28: ffff007c1bb3fff3 x27: ffff006b5809e218
x2 : ffff009ad368ca7e x1 : 0000000000000000 x0 : ffff003438740c64
Call trace:
 demo_read+0x5f/0x320 [demo]
 el0_svc+0x69/0x2b0
Code: f9400800 d65f03c0 a9be7bfd 910003fd (f9401000) ";

/// What stands before line number `n` in forms that no table has.
type Form = fn(usize) -> String;

#[rustfmt::skip]
const FORMS: &[(&str, Form)] = &[
    ("a viewer that cuts the date", |_| "larkbox kernel: ".into()),
    ("a date cut in its middle", |n| format!("{n:02}:01 larkbox kernel: ")),
    ("grep -n", |n| format!("{}{}", 98 + n, if n == 0 { ':' } else { '-' })),
    ("grep -nH", |n| format!("kern.log.1{0}{1}{0}", if n == 0 { ':' } else { '-' }, 9 + n)),
    ("cat -n", |n| format!("{:6}\t", 95 + n)),
    ("a container's log", |_| "guest_1  | ".into()),
    ("SSCOM", |n| format!("[13:43:52.{:03}]收←◆", 334 + n)),
    ("MobaXterm", |n| format!("[2021-07-05 13:{:02}.52] ", n + 1)),
    ("ticks in hexadecimal", |n| format!("{:08x} ", 127_906 + 3 * n)),
    ("a date without marks", |n| format!("20210705-13:43:{:02} ", n + 1)),
    ("levels in words", |n| format!("<{}> 2021-07-05_13:43:52 ", ["info", "warning", "alert"][n % 3])),
    ("columns", |n| format!("{:8}| {:>7} | ", n * 77, ["info", "warning", "alert"][n % 3])),
    ("a thread's name", |n| format!("({}) 13:43:{:02}> ", ["main", "rx", "io_worker"][n % 3], n)),
    ("an indent", |_| "      ".into()),
    ("a comment", |_| "## ".into()),
    ("colours", |n| format!("\u{1b}[32m{n}\u{1b}[0m ")),
];

fn lines(text: &str, form: Form) -> Vec<String> {
    text.lines().enumerate().map(|(n, line)| format!("{}{line}", form(n))).collect()
}

fn raw(lines: &[String]) -> Vec<&[u8]> {
    lines.iter().map(String::as_bytes).collect()
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Every line is read to the text that was there before.
fn check(name: &str, text: &str, form: Form) {
    let lines = lines(text, form);
    let shape = Shape::learn(&raw(&lines)).unwrap_or_else(|| panic!("{name}: {:?}", lines[0]));
    for (line, text) in lines.iter().zip(text.lines()) {
        let read = shape.parse(7, line.as_bytes());
        assert_eq!((read.offset, shown(read.body)), (7, shown(text.as_bytes())), "{name}: {line:?}");
        assert_eq!((read.raw, read.prefix.origin), (line.as_bytes(), Origin::Kernel), "{name}");
    }
}

#[test]
fn forms_that_no_table_has() {
    for (name, form) in FORMS {
        for text in [OOPS, LOCKUP, ABORT] {
            check(name, text, *form);
        }
    }
}

#[test]
fn the_text_keeps_its_blanks_where_lines_lost_theirs_at_the_end() {
    let lines: Vec<String> =
        lines(OOPS, |_| "larkbox kernel: ".into()).iter().map(|line| line.trim_end().into()).collect();
    let shape = Shape::learn(&raw(&lines)).unwrap();
    assert_eq!(shape.parse(0, b"larkbox kernel:").body, b"");
    assert_eq!(shape.parse(0, b"larkbox kernel:  fn+0x1/0x2").body, b" fn+0x1/0x2");
}

#[test]
fn known_prefixes_before_and_behind_it_are_read() {
    let stamped = lines(OOPS, |n| format!("> dut0 | <4>[   12.{n:06}][  T511] "));
    let shape = Shape::learn(&raw(&stamped));
    // The stamp is found without help.
    assert_eq!(shape, None);
    let tagged = lines(OOPS, |_| "dut0 | kernel: ".into());
    let line = Shape::learn(&raw(&tagged)).unwrap().parse(0, b"dut0 | kernel:  fn+0x1/0x2");
    assert_eq!(line.body, b" fn+0x1/0x2");
    let behind = lines(OOPS, |n| format!("[   12.{n:06}] {{demo}} "));
    let line = Shape::learn(&raw(&behind)).unwrap().parse(0, b"[   12.000009] {demo}  fn+0x1/0x2");
    assert_eq!((line.prefix.time, line.body), (Some(12_000_009), &b" fn+0x1/0x2"[..]));
}

#[test]
fn a_clock_as_printk_has_it_is_the_time() {
    for (form, time) in [
        ((|n| format!("<694.{:06}> ", n * 7)) as Form, Some(694_000_021)),
        (|n| format!("dut0 694.{:06}: ", n * 7), Some(694_000_021)),
        (|n| format!("info: 694,{:06} - ", n * 7), Some(694_000_021)),
        // Seconds since 1970, of a day, between two lines; and what goes back.
        (|n| format!("<1791049802.{:06}> ", n * 7), None),
        (|n| format!("<13:43:52.{:06}> ", n * 7), None),
        (|n| format!("< +0.{:06}> ", n * 7), None),
        (|n| format!("<694.{:06}> ", 900 - n * 7), None),
        (|n| format!("<694.{:03}> ", n * 7), None),
    ] {
        check("time", OOPS, form);
        let lines = lines(OOPS, form);
        let line = Shape::learn(&raw(&lines)).unwrap().parse(0, lines[3].as_bytes());
        assert_eq!(line.prefix.time, time, "{}", lines[3]);
    }
}

#[test]
fn levels_in_words_are_levels() {
    let lines = lines(OOPS, |n| format!("{}/{n}: ", if n % 2 == 0 { "ALERT" } else { "warning" }));
    let shape = Shape::learn(&raw(&lines)).unwrap();
    assert_eq!(shape.parse(0, lines[1].as_bytes()).prefix.level, Some(4));
    assert_eq!(shape.parse(0, b"emerg/99: x").prefix.level, Some(0));
    assert_eq!(shape.parse(0, b"demo/99: x").body, b"demo/99: x");
}

#[test]
fn lines_of_others_stay_as_they_are() {
    let lines = lines(OOPS, |_| "larkbox kernel: ".into());
    let shape = Shape::learn(&raw(&lines)).unwrap();
    for other in
        ["larkbox sshd[12]: x", "otherbox kernel: x", "", " fn+0x1/0x2", "[   12.345678] x", "larkbox"]
    {
        assert_eq!(shape.parse(3, other.as_bytes()), Line::parse(3, other.as_bytes()), "{other:?}");
    }
}

#[test]
fn known_forms_need_no_help() {
    for form in [
        (|_| "".into()) as Form,
        |n| format!("[   12.{n:06}] "),
        |n| format!("<4>[   12.{n:06}][  T511] "),
        |n| format!("[   12.{n:06}] c1    659 "),
        |n| format!("Nov 22 06:12:{n:02} host kernel: "),
        |n| format!("[06:12:{n:02}] "),
        |n| format!("2026-11-22T06:12:{n:02}Z "),
        |_| "> ".into(),
    ] {
        for text in [OOPS, LOCKUP, ABORT] {
            let lines = lines(text, form);
            assert_eq!(Shape::learn(&raw(&lines)), None, "{}", lines[0]);
        }
    }
}

/// Text of the kernel that stands before its words, on some lines or on many.
#[test]
fn text_of_the_kernel_is_no_prefix() {
    for text in [
        "rcu: INFO: rcu_sched stall\nrcu: \tx\nrcu: \ty\nrcu: \tz\nrcu: w",
        "watchdog: BUG: soft lockup\nCPU: 1 PID: 1\nRIP: 0010:x\nCode: 48\nRSP: 0018",
        "WARNING: CPU: 1 PID: 1 at x.c:1 f+0x1/0x2\nWARNING: CPU: 1 PID: 1 at x.c:1 f+0x1/0x2\nModules linked in: x\nCPU: 1 PID: 1\nHardware name: x\nRIP: 0010:f",
        "demo 0000:03:00.0: BUG: x\ndemo 0000:03:00.0: y\ndemo 0000:03:00.0: z\n f+0x1/0x2\nCall Trace:\n g+0x1/0x2\n h+0x1/0x2",
        "x\ny\nz",
        "",
    ] {
        let lines: Vec<String> = text.lines().map(String::from).collect();
        assert_eq!(Shape::learn(&raw(&lines)), None, "{text}");
    }
}

/// A document and a program that name the kernel's words.
#[test]
fn tables_and_programs_are_no_log() {
    for text in [
        "| Message | Meaning |\n| --- | --- |\n| BUG: x | a |\n| Oops: 0000 | b |\n| INFO: task x | c |\n| Call Trace: | d |",
        "    (r\"BUG: .*\", 1),\n    (r\"INFO: .*\", 2),\n    (r\"Oops: .*\", 3),\n    (r\"RIP: .*\", 4),",
        " BUG: x\n RIP: 0010:f+0x1/0x2\n Call Trace:\n f+0x1/0x2\n g+0x1/0x2",
    ] {
        let lines: Vec<String> = text.lines().map(String::from).collect();
        assert_eq!(Shape::learn(&raw(&lines)), None, "{text}");
    }
}

#[test]
fn a_few_lines_are_not_enough() {
    let lines = lines(OOPS, |_| "larkbox kernel: ".into());
    assert_eq!(Shape::learn(&raw(&lines[..3])), None);
    let mut few = lines[..6].to_vec();
    few.extend((0..8).map(|n| format!("another program's line {n}")));
    assert_eq!(Shape::learn(&raw(&few)), None);
}

/// Marks, words and numbers in any order, with a mark or a blank before the text.
fn forms() -> impl Strategy<Value = Vec<String>> {
    let part = prop_oneof![
        2 => "[a-z]{2,8}".prop_map(|word| word),
        3 => Just("#".to_string()),
        2 => r"[\[\](){}|/.:;,=_@+-]",
        1 => Just(" ".to_string()),
    ];
    (prop::collection::vec(part, 0..10), r"[|:;\])}>=] ?|[a-z#] ").prop_map(|(mut parts, end)| {
        parts.push(end);
        parts
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever shape a prefix has, it is learned and each line's text found, where no known prefix is in the way.
    #[test]
    fn any_shape_is_learned(parts in forms(), first in 0usize..5000, which in 0usize..3) {
        let text = [OOPS, LOCKUP, ABORT][which];
        let prefix = |n: usize| parts.concat().replace('#', &(first + n * 3).to_string());
        let lines: Vec<String> = text.lines().enumerate().map(|(n, line)| format!("{}{line}", prefix(n))).collect();
        let known = lines.iter().any(|line| Line::parse(0, line.as_bytes()).body.len() < line.len());
        let shape = Shape::learn(&raw(&lines));
        prop_assert!(known || shape.is_some(), "{}", lines[0]);
        for (line, text) in lines.iter().zip(text.lines()).filter(|_| !known) {
            let body = shape.as_ref().map(|shape| shape.parse(0, line.as_bytes()).body);
            prop_assert_eq!(body.map(shown), Some(shown(text.as_bytes())), "{:?}", line);
        }
    }

    /// Any bytes may be learned from and read.
    #[test]
    fn any_bytes(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..12), cuts in 0usize..300) {
        let mut text = lines;
        text.extend(lines_of(OOPS, cuts));
        let all: Vec<&[u8]> = text.iter().map(Vec::as_slice).collect();
        if let Some(shape) = Shape::learn(&all) {
            for line in all {
                let read = shape.parse(0, line);
                prop_assert!(read.raw.ends_with(read.body) || read.body.is_empty() || line.contains(&0x1b));
            }
        }
    }
}

/// The lines behind a prefix, each cut somewhere.
fn lines_of(text: &str, cut: usize) -> impl Iterator<Item = Vec<u8>> {
    lines(text, |n| format!("{n}; ")).into_iter().enumerate().map(move |(n, line)| {
        let end = if n % 3 == 0 { cut % (line.len() + 1) } else { line.len() };
        line.as_bytes()[..end].to_vec()
    })
}
