//! Reports that a log has twice: one where all of it is printed again, two where they are two crashes, or where the second
//! says more.

use crate::reports;

use super::split::check_however_read as check;

const BOOT: &str = "[    0.000000] Linux version 6.1.0 (user@host) (gcc 12.2) #1 SMP
[    0.000000] Command line: console=ttyS0 panic=5
[    5.120000] usb 1-1: new high-speed USB device number 2
";
const OOPS: &str = "[   12.000001] BUG: kernel NULL pointer dereference, address: 0000000000000028
[   12.000002] #PF: supervisor read access in kernel mode
[   12.000003] Oops: 0000 [#1] SMP PTI
[   12.000004] CPU: 2 PID: 5511 Comm: demod Not tainted 6.1.0 #1
[   12.000005] RIP: 0010:demo_walk+0xd0/0x147 [demo]
[   12.000006] Call Trace:
[   12.000007]  demo_poll+0x2df/0x48e [demo]
";
const END: &str = "[   12.000008] ---[ end trace 0000000000000000 ]---\n";
/// What x86's `oops_end` prints behind the end.
const AGAIN: &str = "[   12.000009] RIP: 0010:demo_walk+0xd0/0x147 [demo]\n";
const FATAL: &str = "[   12.000010] Kernel panic - not syncing: Fatal exception\n";
const PANIC: &str = "[   13.000001] Kernel panic - not syncing: sysrq triggered crash
[   13.000002] CPU: 0 PID: 1 Comm: sh Not tainted 6.1.0 #1
[   13.000003] Call Trace:
[   13.000004]  panic+0x10/0x20
[   13.000005]  sysrq_handle_crash+0x10/0x20
";
const PANIC_END: &str = "[   13.000006] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---\n";

/// An error whose last line says that it was not corrected.
#[test]
fn what_is_no_crash_may_become_one() {
    let error = "[   12.000001] mce: [Hardware Error]: CPU 3: Machine Check: 0 Bank 5: 8c00004000010090
[   12.000002] mce: [Hardware Error]: TSC 0 ADDR 12345 MISC 0
[   12.000003] mce: [Hardware Error]: PROCESSOR 0:306e4 TIME 1700000000 SOCKET 0 APIC 6 microcode 42e
";
    check(error, 0);
    check(
        &[error, "[   12.000004] mce: [Hardware Error]: Machine check: Processor context corrupt\n"].concat(),
        1,
    );
}

/// As rsyslog writes it.
fn syslog(log: &str, time: &str) -> String {
    log.lines().map(|line| format!("{time} host kernel: {line}\n")).collect()
}

fn dmesg_x(log: &str) -> String {
    log.lines().map(|line| format!("kern  :alert : {line}\n")).collect()
}

#[test]
fn a_panic_prints_the_log_once_more() {
    let crash = [BOOT, OOPS, END, PANIC].concat();
    // `panic_console_replay=1`, or bit 5 of panic_print; the log's start may have been overwritten.
    for asked in ["panic_console_replay=1", "panic_console_replay", "panic_print=0x20", "panic_print=32"] {
        let asked = crash.replace("panic=5", asked);
        check(&[&asked, &asked, PANIC_END].concat(), 2);
    }
    check(&[&crash, OOPS, END, PANIC, PANIC_END].concat(), 2);
    // Not asked for: another boot does the same in the same microsecond, as virtual machines do that count instructions.
    check(&[&crash[..], &crash[..]].concat(), 4);
    check(&[&crash, PANIC_END, &crash, PANIC_END].concat(), 4);
    let not_asked = crash.replace("panic=5", "panic_console_replay=0");
    check(&[not_asked.as_str(), &not_asked].concat(), 4);
    // The same file twice.
    check(&[&crash, PANIC_END, OOPS, END].concat(), 3);
    check(&[OOPS, END, OOPS, END].concat(), 2);
}

/// With `quiet` a console has the first line only.
#[test]
fn what_says_more_is_not_lost() {
    let banner = OOPS.split_inclusive('\n').next().unwrap();
    check(&[BOOT, banner, PANIC, OOPS, END, PANIC, PANIC_END].concat(), 3);
    // A person has copied it.
    check(&[banner, "\n[   11.900000] usb 1-1: disconnect\n", OOPS, END].concat(), 1);
    check(&[BOOT, banner, "$ dmesg -x\n", &dmesg_x(OOPS), &dmesg_x(END)].concat(), 2);
}

#[test]
fn records_of_pstore_hold_the_same_lines() {
    let record = |log: &str| log.lines().map(|line| format!("<4>{line}\n")).collect::<String>();
    let oops = record(&[OOPS, END].concat());
    let panic = record(&[OOPS, END, AGAIN, PANIC].concat());
    check(&["Oops#1 Part1\n", &oops, "Panic#2 Part1\n", &panic].concat(), 2);
    // The oops is fatal, which the first record does not know.
    let fatal = record(&[OOPS, END, AGAIN, FATAL].concat());
    check(&["Oops#1 Part1\n", &oops, "Panic#2 Part1\n", &fatal].concat(), 2);
    // A partition of the boot loader is no record.
    let crash = [BOOT, OOPS, END].concat();
    check(&[&crash, "mmc0: Part1 ok\nBoot from Part1\n", &crash].concat(), 2);
}

#[test]
fn lines_that_are_dressed_otherwise() {
    let crash = [OOPS, END].concat();
    check(&[&crash, "$ dmesg -x\n", &dmesg_x(&crash)].concat(), 1);
    check(&[syslog(&crash, "Nov 29 10:00:01"), "\n".into(), crash.clone()].concat(), 1);
    // Two boots that do the same, on another day.
    let [one, two] =
        ["Nov 29 10:00:01", "Dec  1 10:00:01"].map(|time| syslog(&[BOOT, &crash].concat(), time));
    check(&[one, two].concat(), 2);
    // Another caller.
    let other = dmesg_x(&crash.replace("demo_poll", "demo_irq"));
    check(&[&crash, "$ dmesg -x\n", &other].concat(), 2);
}

/// Of two bare ones one stays.
#[test]
fn a_banner_above_the_same_in_another_dress() {
    let banner = OOPS.split_inclusive('\n').next().unwrap();
    check(
        &[banner, "$ dmesg -x\n", &dmesg_x("[   11.900000] usb 1-1: disconnect\n"), &dmesg_x(banner)]
            .concat(),
        1,
    );
}

/// A corrected hardware error, a file system's failure and a WARN take no later crash of something else with them.
#[test]
fn what_comes_later_is_of_something_else() {
    let corrected = "[    5.000000] mce: [Hardware Error]: Machine check events logged\n";
    check(
        &[
            corrected,
            "[    5.100000] invalid opcode: 0000 [#1] SMP\n",
            "[    5.100001] RIP: 0010:demo+0x1/0x2\n",
        ]
        .concat(),
        1,
    );
    let error = "[   12.000000] EXT4-fs error (device sda1): ext4_lookup:1785: inode #2: comm ls: deleted inode referenced: 131\n";
    for (panic, reports) in [
        ("[   12.000100] Kernel panic - not syncing: EXT4-fs (device sda1): panic forced after error\n", 1),
        ("[   12.000100] Kernel panic - not syncing: EXT4-fs (device sdb1): panic forced after error\n", 2),
        ("[   12.000100] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000007\n", 2),
    ] {
        check(&[error, panic].concat(), reports);
    }
    let warning = "[   10.000000] WARNING: CPU: 0 PID: 1 at drivers/usb/core/urb.c:494 usb_submit_urb+0xd5/0x5a0\n[   10.000001] Call Trace:\n[   10.000002]  demo+0x1/0x2\n";
    check(&[warning, "[   60.500000] BTRFS: error (device sda1) in btrfs_commit_transaction:2418: errno=-5 IO failure\n"].concat(), 2);
}

/// Where a range begins does not matter: also of a report that is not its own it is known how many lines it has.
#[test]
fn what_is_more_than_a_banner_is_not_above() {
    let warning = "[   80.201706] WARNING:\n";
    let older = "[    5.400000] demo: loading out-of-tree module taints kernel.\n";
    let cut = "[   80.200483] ----[ cut here ]------------\n";
    check(&[warning, older, cut, warning].concat(), 2);
}

/// What follows from a copy of a copy follows from the first.
#[test]
fn what_is_printed_twice_again_is_no_cause() {
    let boot = BOOT.replace("panic=5", "panic_console_replay=1");
    let asked = "[   11.900000] sysrq: Show Blocked State\n";
    let log =
        [asked, PANIC, &boot, asked, PANIC, asked, PANIC, "[   13.000007]  write_sysrq_trigger+0x1/0x20\n"]
            .concat();
    let starts: Vec<_> = reports(log.as_bytes()).map(|report| report.span().start).collect();
    let follows: Vec<_> = reports(log.as_bytes()).filter_map(|report| report.follows()).collect();
    assert!(follows.iter().all(|cause| starts.contains(cause)), "{follows:?} of {starts:?}");
    assert!(!follows.is_empty(), "{starts:?}");
}

/// A report that another takes over is no cause: what follows, follows from that one.
#[test]
fn what_is_taken_over_is_no_cause() {
    let null = |time| format!("[   80.{time}] BUG: Kernel NULL pointer dereference at 0x00000000\n");
    let bug = "[   80.201130] BUG: zz\n";
    let panic = "[   80.200000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\n";
    let frame = "[   80.202898]  [<ffffffffa0012345>] ? demo_hold+0x45/0x90\n";
    let (first, second) = (null("200452"), null("200791"));
    let log = [&first, &second, &second, bug, panic, &second, bug, frame].concat();
    let starts: Vec<_> = reports(log.as_bytes()).map(|report| report.span().start).collect();
    for report in reports(log.as_bytes()) {
        assert!(report.follows().is_none_or(|cause| starts.contains(&cause)), "{:?}", report.span());
    }
}

/// What stood above the log is no report, and nothing follows from it.
#[test]
fn nothing_follows_from_a_banner_above() {
    let banner = "[  364.100113][  T907] UBSAN: zz\n";
    let older = "[   80.203638] usb 1-1: disconnect\n[   80.204861] usb 1-2: disconnect\n";
    let log = [banner, older, banner].concat();
    let follows: Vec<_> = reports(log.as_bytes()).map(|report| report.follows()).collect();
    assert_eq!(follows, [None]);
    // Nor does what was taken for a part of a cascade before the log showed that.
    let crash = "[  364.050000][  T907] UBSAN: other\n";
    let open = "[  364.000000][  T100] kernel BUG at demo.c:1!\n";
    let log = [open, banner, crash, older, banner].concat();
    let starts: Vec<_> = reports(log.as_bytes()).map(|report| report.span().start).collect();
    for report in reports(log.as_bytes()) {
        assert!(report.follows().is_none_or(|cause| starts.contains(&cause)), "{:?}", report.span());
    }
}
