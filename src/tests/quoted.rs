//! Banners in people's words are no reports, and no line of a console is taken for one.

use super::split::check_however_read as check;

#[test]
fn sentences_and_headings() {
    for line in [
        "We hit a general protection fault in our driver.",
        "general protection fault on boot with 6.1",
        "Since 5.10 I see BUG: unable to handle kernel NULL pointer dereference",
        "the log has Kernel panic - not syncing: Attempted to kill init",
        "lockdep says WARNING: possible recursive locking detected",
        "Bug 12345 - BUG: soft lockup - CPU#1 stuck for 22s! [swapper:0]",
        "Subject: [PATCH] fix kernel BUG at mm/slub.c:542!",
        "## BUG: kernel NULL pointer dereference, address: 0000000000000008",
        "unregister_netdevice: waiting for eth0 to become free",
    ] {
        check(&format!("{line}\n"), 0);
    }
}

/// What a console or a program has put before a line is no sentence, whatever words are in it.
#[test]
fn words_before_a_banner_may_be_a_prefix() {
    for line in [
        "hit any key to continue: BUG: soft lockup - CPU#0 stuck for 22s! [demo:1]",
        "INIT: Switching to runlevel: 6 BUG: soft lockup - CPU#0 stuck for 22s! [demo:1]",
        // A day in Finnish, an hour in Spanish, a host.
        "[to helmi  11 19:02:33 2024] unregister_netdevice: waiting for lo to become free. Usage count = 1",
        "11/2/2024 10:02:03 a. m. unregister_netdevice: waiting for lo to become free. Usage count = 1",
        "my-board| unregister_netdevice: waiting for lo to become free. Usage count = 1",
        "a.out invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0",
        "nvme nvme0: I/O 12 QID 3 timeout, reset controller",
    ] {
        check(&format!("{line}\n"), 1);
    }
    // Neighbours have it.
    let log = "to helmi 11 19:02:33 host | usb 1-1: reset
to helmi 11 19:02:34 host | WARNING: possible recursive locking detected
to helmi 11 19:02:34 host | 6.1.0 #1 Not tainted
";
    check(log, 1);
}

/// What counts lines in hexadecimal and the name of a container look like the hash of a commit.
#[test]
fn numbers_before_a_banner_may_be_a_prefix() {
    let stall = "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:";
    check(&format!("0001a3e3 usb 1-1: reset\n0001a3f6 {stall}\n"), 1);
    let lines: String =
        (0..20).map(|cpu| format!("0001a4{cpu:02x} rcu: \t{cpu}-...!: (1 GPs behind)\n")).collect();
    check(&format!("0001a3f6 {stall}\n{lines}0001a500 Call Trace:\n0001a501  demo_spin+0x10/0x20\n"), 1);
    let host = "a1b2c3d4e5f6";
    check(
        &format!("{host} eth0: link up\n{host} watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [demo:1]\n"),
        1,
    );
    check(
        "5e6f708192a3 demo: avoid WARNING: possible recursive locking detected
8192a35e6f70 demo: fix kernel BUG at mm/slub.c:542!
",
        0,
    );
}

/// `printk.time` is the command line's: one boot's lines may have no time, and the next one's may.
#[test]
fn a_boot_without_times_above_one_that_has_them() {
    let bare = "Linux version 5.10.0 (user@host) (gcc 10.2) #1 SMP
Kernel command line: console=ttyS0 printk.time=0 quiet
Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)
";
    let stamped = "[    0.000000] Linux version 5.10.0 (user@host) (gcc 10.2) #1 SMP
[    1.200000] Run /init as init process
[    1.300000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100
[    1.300002] ---[ end Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100 ]---
";
    check(&[bare, "\nU-Boot 2022.04\n", stamped].concat(), 2);
    // A person's words.
    let words =
        "Hello,\nit dies with\nKernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\n\n";
    check(&[words, stamped].concat(), 1);
}

/// Lists of changes, bugs and crashes.
#[test]
fn lists() {
    for log in [
        "* kernel BUG at fs/ext4/inode.c:1914! (LP: #1991211)\n",
        "  * INFO: rcu_sched self-detected stall on CPU (Closes: #991234)\n",
        " - INFO: task kworker/u8:1:62 blocked for more than 120 seconds. (bsc#1191234)\n - fix kernel BUG at mm/usercopy.c:101! (bsc#1191235)\n",
        // A frame in the list is another item's.
        "  * demo: avoid a crash
    - demo: Fix BUG: sleeping function called from invalid context at kernel/locking/mutex.c:282
  * WARNING: CPU: 0 PID: 1 at drivers/demo.c:12 demo_read+0x12/0x34
",
        "216123\tIO\tNEW\t---\tBUG: kernel NULL pointer dereference, address: 0000000000000018\t2022-06-14
216301\tMemory\tNEW\t---\tkernel BUG at mm/usercopy.c:101!\t2022-08-01
",
        "Topics | Replies | Last post
[SOLVED] BUG: unable to handle page fault for address: ffffb0d5c0e3f000 | 11 | Today 10:11:22
Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0) | 7 | Yesterday
",
        " #1211  OPEN    BUG: kernel NULL pointer dereference, address: 0000000000000010    2 days ago
 #1177  OPEN    INFO: task txg_sync:1234 blocked for more than 120 seconds.        11 days ago
",
        "     12 WARNING: CPU: 1 PID: 18 at kernel/sched/core.c:9701 demo_read+0x1b0/0x1d8
      1 INFO: task fio:211 blocked for more than 120 seconds.
",
        "<1>  20563   Yes   KASAN: out-of-bounds Read in demo_read
<6>  2       No    BUG: sleeping function called from invalid context in demo_read
",
        "<alice> got INFO: task kworker/u8:1:62 blocked for more than 120 seconds. again
<bob> on the nas?
",
    ] {
        check(log, 0);
    }
}

/// Commits, advisories, answers to patches.
#[test]
fn texts() {
    for log in [
        "    as the timer is not stopped. Before, this could end in

        Kernel panic - not syncing: Fatal exception in interrupt

    Fixes: 0123456789ab (\"net: demo: add timer\")
",
        "CVE-2024-26123

When the device is removed, the following appears:

  kernel BUG at net/core/skbuff.c:2211!

and the machine stops. Fix this by stopping the queue first.
",
        "Subject: Re: [PATCH v3 2/4] mm: demo

> The fix below gets rid of
>   BUG: Bad page state in process kcompactd0  pfn:3c1a2
> which several people see. While at it, avoid the
>   WARNING: CPU: 1 PID: 12 at mm/page_alloc.c:4417 demo_alloc+0x1c0/0x230
> too.

It also fixes the other one that I have seen.
",
    ] {
        check(log, 0);
    }
}

/// What looks like an item of a list may be a console's: a program has begun the line, or another one numbers the lines.
#[test]
fn items_may_be_a_consoles() {
    for log in [
        " * Mounting local filesystems ... kernel BUG at fs/ext4/inode.c:1914!\n * Starting udev\nCPU: 0 PID: 1 Comm: demo Not tainted 6.1.0 #1\n",
        "     11 demo: link up\n     12 kernel BUG at fs/ext4/inode.c:1914!\n     13 demo: link down\n",
        "The system is going down for reboot.\nkernel BUG at fs/ext4/inode.c:1914!\nPlease stand by while the system is rebooted.\n",
        "2024-02-03\thost\tkernel BUG at fs/ext4/inode.c:1914!\n2024-02-03\thost\tdemo: link down\n",
        " * Mounting local filesystems ... kernel BUG at fs/ext4/inode.c:1914!\n * Starting udev\n",
        "10:00:01 | kernel BUG at fs/ext4/inode.c:1914! | host\n10:00:02 | demo: link down | host\n",
        "<info> demo: link up\n<err> kernel BUG at fs/ext4/inode.c:1914!\n",
        "- BUG: kernel NULL pointer dereference, address: 0000000000000018\n- CPU: 0 PID: 1 Comm: demo Not tainted 6.1.0 #1\n",
    ] {
        check(log, 1);
    }
    // What `grep -i bug` finds in a log.
    let log = "kernel BUG at fs/ext4/inode.c:1914!
BUG: Bad page state in process demo  pfn:3c1a2
";
    check(log, 2);
}

/// What stands on all lines is no item of a list, whatever it looks like.
#[test]
fn prefixes_that_look_like_items() {
    let error = "EXT4-fs error (device sda1): ext4_lookup:1700: inode #2: comm ls: deleted inode referenced";
    for prefix in ["#12 13.345 ", "<vm-one> ", "2024-05-04 10:00:00\thost\tkernel\t", "# "] {
        check(&format!("{prefix}usb 1-1: reset\n{prefix}{error}: 12\n{prefix}{error}: 13\n"), 2);
    }
    let words = "usb 1-1: device not accepting address 5\nata1: link is slow to respond, please be patient\n";
    check(&format!("commit {}\n{words}{error}: 12\n{words}", "0123456789".repeat(4)), 1);
}
