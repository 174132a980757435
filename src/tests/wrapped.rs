//! Logs that mail programs have broken: what is joined, and what stays apart.

use proptest::prelude::*;

use super::super::{decode, decode_lines};

/// The lines of `log` decoded, without the blanks at their ends.
fn joined(log: &str) -> Vec<String> {
    let text = String::from_utf8(decode(log.as_bytes()).into_owned()).unwrap();
    text.lines().map(|line| line.trim_end().to_string()).collect()
}

/// Two lines that are broken for sure, so that the log is known for what it is.
const HEAD: &str = "\
[   12.500000] RAX: ffff9cc0c274b1b8 RBX: ffff81299f84b897 RCX:
ffff928cf6ea8fe8
[   12.500001] RDX: 000000000000a5fa RSI: ffff9f4462b8d4a9 RDI:
ffff96303089a1cf
";

/// What `broken` becomes in a broken log, with `quote` before each line.
fn in_a_mail(broken: &str, quote: &str) -> Vec<String> {
    let log: String = format!("{HEAD}{broken}").lines().map(|line| format!("{quote}{line}\n")).collect();
    let lines = joined(&log);
    assert!(lines[0].ends_with("RCX: ffff928cf6ea8fe8"), "{lines:?}");
    assert!(lines[1].ends_with("RDI: ffff96303089a1cf"), "{lines:?}");
    lines[2..]
        .iter()
        .map(|line| line.strip_prefix(quote.trim_end()).unwrap_or(line).trim_start().to_string())
        .collect()
}

#[test]
fn what_the_grammar_is_in_the_middle_of_goes_on() {
    for (broken, whole) in [
        // without a stamp
        ("RAX: 0000000000000000 RBX: 0000000000000001 RCX: 0000000000000000 RDX:\n0000000000000000", 1),
        ("Unable to handle kernel pointer dereference in virtual kernel\naddress space", 1),
        ("CPU: 1 UID: 0 PID: 81 Comm: modprobe Not tainted 6.10.0-12691-\ng52e8c345c9f0 #106", 1),
        ("Hardware name: Demonstration Systems Limited Model Number\nLX-400/B12, BIOS 2.3.1", 1),
        ("Krnl PSW : 0704d00180000000 000003fee0011ea0\n(demo_seed_all+0xfd/0x170 [demonstration])", 1),
        ("           R:0 T:1 IO:1 EX:1 Key:0 M:1 W:0 P:0 AS:3 CC:1 PM:000\nRI:0 EA:3", 1),
        ("Krnl GPRS: 000003ff857f2ac7 000003ff9cfb5b10 000003ffa038c3df\n000003ffad913c63", 1),
        ("FS:  00007f377791321e(0000) GS:ffff866059fe522c(0000)\nknlGS:0000000000000000", 1),
        (
            "Code: 48 89 e5 41 54 53 48 8b 47 18 48 85 c0 74 0c 48 8b 7f 20 e8 11 22\n33 00 <48> 8b 40 18 48 89 43 08 31 c0 5b 41 5c 5d c3 66 0f 1f 44 00 00\n0f 1f",
            1,
        ),
        ("Code: e59f300c e5933000 e3530000 0a000003 e5932000 e1a00004\n(e5823000)", 1),
        (
            "Modules linked in: demo drm_kms_helper(O) snd_hda_codec_hdmi\nmac80211_hwsim cfg80211 [last unloaded: other]",
            1,
        ),
        (" demonstration_of_a_long_name_of_a_function+0x128/0x300\n[demonstration]", 1),
        ("WARNING: CPU: 3 PID: 112 at\ndrivers/demonstration/core/demonstration.c:12 demo_read+0x1/0x2", 1),
        ("[   12.500002] Unable to handle kernel NULL pointer dereference at\nvirtual address 00000140", 1),
        ("r7 : c03c2df3  r6 : c01255ae  r5 : 00000000  r3 : 00000000  r4 :\need5694c", 1),
        // with one
        ("[   12.500002] Hardware name: Demonstration Systems, BIOS 2.3.1\n04/12/2021", 1),
        ("[   12.500002] BUG: KASAN: slab-use-after-free in\ndemonstration_of_a_read+0x86/0xa0 [demo]", 1),
        ("[   12.500002]\n==================================================================", 1),
        ("[   12.500002] Comm: demo Tainted: G        W   5.10.0-8-demo-\namd64-unsigned #1", 1),
    ] {
        for quote in ["", "> ", "> > "] {
            let lines = in_a_mail(broken, quote);
            assert_eq!(lines.len(), whole, "{lines:?}");
            let bare = |text: &str| text.replace([' ', '\n'], "");
            assert_eq!(bare(&lines[0]), bare(broken));
        }
    }
}

#[test]
fn at_a_hyphen_nothing_is_put_between() {
    let lines = in_a_mail(
        "[   12.500002] CPU: 0 PID: 911 Comm: demo Not tainted 5.10.0-8-\ndemonstration-amd64 #1",
        "",
    );
    assert!(lines[0].ends_with("Not tainted 5.10.0-8-demonstration-amd64 #1"), "{lines:?}");
}

/// One is enough to tell: nothing else is worded so.
#[test]
fn a_message_goes_on_in_the_kernels_words() {
    for (line, rest) in [
        ("BUG: KASAN: slab-use-after-free in", "demo_destroy_work+0x131b/0x1570 drivers/demo.c:9200"),
        ("BUG: KMSAN: uninit-value in", "demo_read+0x131b/0x1570"),
        ("Read of size 4 at addr ffff8880241c5a50 by task", "kworker/1:2/1211"),
        ("Write of size 4 at addr", "ffff8880241c5a50 by task kworker/1:2/1211"),
        ("INFO: task kworker/0:3:211 blocked for more than 122", "seconds."),
        ("INFO: task kworker/0:3:211 blocked for more", "than 122 seconds."),
        ("kernel BUG at", "drivers/usb/core/hub.c:1211!"),
        ("BUG: sleeping function called from invalid", "context at kernel/locking/mutex.c:580"),
        ("BUG: sleeping function called from invalid context at", "kernel/locking/mutex.c:580"),
        ("rcu: INFO: rcu_preempt self-detected stall", "on CPU"),
        ("rcu: INFO: rcu_preempt detected stalls on", "CPUs/tasks:"),
        ("BUG: kernel NULL pointer dereference,", "address: 0000000000000018"),
        ("BUG: unable to handle page fault for address:", "ffffb0d5c0e3f000"),
        ("BUG: unable to handle page fault for", "address: ffffb0d5c0e3f000"),
        ("Unable to handle kernel paging request at virtual", "address 0000000000000018"),
        ("watchdog: BUG: soft lockup - CPU#1 stuck for", "22s! [demo:1]"),
        ("WARNING: CPU: 3 PID: 112 at drivers/demo.c:12", "demo_read+0x1/0x2"),
        ("BUG: Bad page state in process", "demo  pfn:3c1a2"),
        ("UBSAN: array-index-out-of-bounds in", "drivers/demo.c:12:3"),
        ("WARNING: possible recursive locking", "detected"),
        ("Kernel panic - not syncing: Fatal exception in", "interrupt"),
        // A frame and its file
        (" demo_destroy_work+0x131b/0x1570", "drivers/demo.c:9200"),
        (" demo_commit_release", "drivers/demo.c:8700 [inline]"),
    ] {
        for (first, second) in
            [("", ""), ("> ", "> "), ("> > ", "> "), ("[   51.101001] ", ""), ("[   51.101001] ", "    ")]
        {
            let lines = joined(&format!("{first}{line}\n{second}{rest}\n{first}next\n"));
            assert_eq!(lines, [format!("{first}{line} {rest}"), format!("{first}next")]);
        }
    }
    for (line, rest) in [
        ("BUG: KASAN: slab-use-after-free in", "the driver that we have"),
        (
            "BUG: sleeping function called from invalid context at kernel/locking/mutex.c:580",
            "in_atomic(): 1",
        ),
        ("BUG: kernel NULL pointer dereference, address: 0000000000000018", "#PF: supervisor read access"),
        ("INFO: task kworker/0:3:211 blocked for more than 122 seconds.", "      Not tainted 6.5.0"),
        ("kernel BUG at drivers/usb/core/hub.c:1211!", "invalid opcode: 0000 [#1]"),
        (" demo_read+0x131b/0x1570 drivers/demo.c:9200", " demo_write drivers/demo.c:8700 [inline]"),
    ] {
        let log = format!("{line}\n{rest}\n");
        assert_eq!(decode(log.as_bytes()), log.as_bytes());
    }
}

/// What a screen of `width` columns shows of `log`, each line filled with blanks if it is `padded`.
fn on_a_screen(log: &str, width: usize, padded: bool) -> String {
    let mut screen = String::new();
    for line in log.lines() {
        for row in line.as_bytes().chunks(width) {
            let row = std::str::from_utf8(row).unwrap();
            screen += &if padded { format!("{row:width$}\n") } else { format!("{row}\n") };
        }
    }
    screen
}

#[test]
fn a_screen_breaks_within_words() {
    let oops = "\
BUG: unable to handle page fault for address: ffffc9000f3b2010
#PF: supervisor read access in kernel mode
CPU: 5 PID: 2817 Comm: demo Tainted: G           OE      6.6.13-200.fc39.x86_64 #1
Hardware name: Demonstration Systems Co., Ltd. LX-400 AORUS ELITE/LX-400 AORUS ELITE, BIOS F36 11/16/2022
RIP: 0010:demo_map_queue+0x1b3/0x3d0
Code: 49 8b 84 d4 d0 00 00 00 44 89 f9 48 8b 14 c8 48 85 d2 74 3d 8b 42 10 39 c5 0f 46 e8 <4c> 8b 52 10 41 0f b7 86 f4 00 00 00
RAX: 0000000000000000 RBX: ffff9a8b4a0f1800 RCX: 0000000000000003
FS:  00007f2f8a5fd740(0000) GS:ffff9a9a2eb40000(0000) knlGS:0000000000000000
CR2: ffffc9000f3b2010 CR3: 000000010f4a8000 CR4: 0000000000750ee0
Call Trace:
 demo_update_queues+0x2a5/0x480
Modules linked in: nvme(E) nvme_core(E) vboxdrv(OE) snd_hda_intel amdgpu kvm_amd ccp demo_one demo_two demo_three
";
    for prefix in [
        "",
        "[ 1523.441200] ",
        "Feb 03 10:11:12 host kernel: ",
        "Feb 03 10:11:12 host kernel: [ 1523.441200] ",
    ] {
        let log: String = oops.lines().map(|line| format!("{prefix}{line}\n")).collect();
        for (width, padded) in
            [(60, false), (80, false), (80, true), (100, false), (120, false), (132, false)]
        {
            if width < prefix.len() + 60 && prefix.len() > 20 {
                continue;
            }
            let lines = joined(&on_a_screen(&log, width, padded));
            let whole: Vec<_> = log.lines().map(str::trim_end).collect();
            let lost =
                whole.iter().filter(|line| !lines.iter().any(|other| other == *line)).collect::<Vec<_>>();
            // One broken line alone may be a program's.
            let broken = whole.iter().filter(|line| line.len() > width).count();
            assert!(broken < 2 || lost.is_empty(), "{prefix:?} {width} {padded}: {lost:#?}");
        }
    }
}

#[test]
fn lines_of_their_own_stay_apart() {
    for apart in [
        "[   12.500002] x\n[   12.500003] y",
        "CPU: 1 PID: 81 Comm: demonstration Not tainted 6.10.0-12691-demo #1\nHardware name: QEMU",
        "Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2\nRIP: 0010:demo_read+0x1/0x2",
        "Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2\nCall Trace:",
        "Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2\n demo_read+0x1/0x2",
        "Modules linked in: demo drm_kms_helper(O) snd_hda_codec_hdmi other\nCPU: 1 PID: 81 Comm: demo",
        "Code: 48 89 e5 41 54 53 48 8b 47 18 48 85 c0 74 0c 48 8b 47 18 48 8b\nRSP: 0018:ffffb2c065e42ad8 EFLAGS: 00010246",
        "BUG: kernel NULL pointer dereference, address: 0000000000000018\n#PF: supervisor read access in kernel mode",
        "x29: ffff0001fa69d686 x28: ffff007c1bb3fff3 x27: ffff006b5809e218\nx26: 0000000000000000 x25: ffff00072ace2bd3",
        "[<8011218c>] (unwind_backtrace) from [<8010e300>] (show_stack+0x18/0x1c)\n[<8010e300>] (show_stack) from [<8018de80>]",
        "[<ffffffff8044aef3>] demonstration_of_a_namespace+0x187/0x2d0\n[<ffffffff801493b7>] kernel_init_freeable+0xec/0x410",
        "Unable to handle kernel paging request at virtual address d8c00004\npgd = c7a40000",
        "[2021/07/05, 13:43:52.565]  demonstration_of_a_function+0x407/0x4b0\n[2021/07/05, 13:43:52.572]  handle_irq_event+0x1a8/0x200",
        "The first bad commit could be any of:\n8f50f814215dd782bd479caa77caff081a5a10b5",
        "[   12.500002] x\nThat is all that there is.",
        "[   12.500002] Hardware name: Demonstration Systems, BIOS 2.3.1 of\n\nThanks",
    ] {
        for quote in ["", "> "] {
            let lines = in_a_mail(apart, quote);
            assert_eq!(
                lines,
                apart.lines().map(|line| line.trim().to_string()).collect::<Vec<_>>(),
                "{quote:?}"
            );
        }
    }
}

#[test]
fn a_log_with_whole_lines_is_none() {
    let long = "[   12.500002] CPU: 0 PID: 911 Comm: demo Not tainted 5.10.0-8-demonstration-amd64-unsigned #1 Debian 5.10.46\n";
    let one = HEAD.lines().take(2).map(|line| format!("{line}\n")).collect::<String>();
    let log = format!("{one}{long}{one}{long}");
    assert_eq!(decode(log.as_bytes()), log.as_bytes());
    assert_ne!(decode(format!("{one}{one}").as_bytes()), format!("{one}{one}").as_bytes());
}

#[test]
fn decoded_lines_know_where_they_are_from() {
    let log = format!("Hello,\n\n{HEAD}[   12.500002] x\n");
    let (text, map) = decode_lines(log.as_bytes());
    assert_eq!(text.iter().filter(|&&byte| byte == b'\n').count(), 5);
    assert_eq!([1, 3, 4, 5].map(|line| map.source(line)), [1, 3, 5, 7]);
}

proptest! {
    /// Joining takes nothing away but line feeds and marks of quotes.
    #[test]
    fn only_the_breaks_are_lost(lines in prop::collection::vec("(> )?(\\[   12.500002\\] )?[a-zA-Z0-9:_+ -]{0,70}", 0..12)) {
        let log = format!("{HEAD}{}", lines.join("\n"));
        let bare = |text: &str| text.replace([' ', '\n', '>'], "");
        prop_assert_eq!(bare(&joined(&log).concat()), bare(&log));
    }
}
