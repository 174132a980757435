use super::*;

type Row<'a> = (&'a str, Option<u32>, Option<u64>, &'a str, &'a str, Option<&'a str>, Option<&'a str>);

const ROWS: &[Row<'_>] = &[
    (
        " #0: ffffffffc0016508 (cm_hang_outer){+.+.}-{3:3}, at: hang_owner+0xe/0x30 [crashme]",
        Some(0),
        Some(0xffff_ffff_c001_6508),
        "cm_hang_outer",
        "+.+.",
        Some("3:3"),
        Some("hang_owner"),
    ),
    (
        " #1:  (&ldata->atomic_read_lock){+.+.+.}, at: [<ffffffff82b6ed0b>] n_tty_read+0x1fb/0x17a0",
        Some(1),
        None,
        "&ldata->atomic_read_lock",
        "+.+.+.",
        None,
        Some("n_tty_read"),
    ),
    (
        " #0: 0000000097f06d5d (rtnl_mutex){+.+.}, at: rtnl_lock+0x17/0x20",
        Some(0),
        Some(0x97f0_6d5d),
        "rtnl_mutex",
        "+.+.",
        None,
        Some("rtnl_lock"),
    ),
    (" #0: (____ptrval____) (&x){....}, at: fn+0x1/0x2", Some(0), None, "&x", "....", None, Some("fn")),
    (
        " #0: ffff888006800138 ((wq_completion)\"events\"){+.+.}-{0:0}, at: process_one_work+0x1/0x2",
        Some(0),
        Some(0xffff_8880_0680_0138),
        "(wq_completion)\"events\"",
        "+.+.",
        Some("0:0"),
        Some("process_one_work"),
    ),
    (
        " #1: ffffc900 ((work_completion)(&(&dev->link_speed_work)->work)){+.+.}, at: a+0x1/0x2",
        Some(1),
        Some(0xffff_c900),
        "(work_completion)(&(&dev->link_speed_work)->work)",
        "+.+.",
        None,
        Some("a"),
    ),
    (
        " #10: ffffc900 (sk_lock-AF_INET6/1){?.-.}-{2:2}, at: a+0x1/0x2",
        Some(10),
        Some(0xffff_c900),
        "sk_lock-AF_INET6/1",
        "?.-.",
        Some("2:2"),
        Some("a"),
    ),
    (
        " #2: ffffc900 (&type->i_mutex_dir_key[3]#2 x){-...-.}, at: a+0x1/0x2",
        Some(2),
        Some(0xffff_c900),
        "&type->i_mutex_dir_key[3]#2 x",
        "-...-.",
        None,
        Some("a"),
    ),
    (
        "ffffffffc0146dc8 (cm_lock_a){+.+.}-{3:3}, at: abba+0x2f/0x50 [crashme]",
        None,
        Some(0xffff_ffff_c014_6dc8),
        "cm_lock_a",
        "+.+.",
        Some("3:3"),
        Some("abba"),
    ),
    (" (&x){+.+.+.}, at: [<ffffffff82b6ed0b>] fn+0x1fb/0x17a0", None, None, "&x", "+.+.+.", None, Some("fn")),
    // Cut lines.
    (
        " #0: ffffc900 (&x){+.+.}-{3:3}, at: rtnl_l",
        Some(0),
        Some(0xffff_c900),
        "&x",
        "+.+.",
        Some("3:3"),
        None,
    ),
    (" #0: ffffc900 (&x){+.+.}-{3", Some(0), Some(0xffff_c900), "&x", "+.+.", Some("3"), None),
];

#[test]
fn locks() {
    for &(line, depth, address, class, usage, wait, at) in ROWS {
        let lock = HeldLock::parse(line.as_bytes()).expect(line);
        assert_eq!((lock.depth, lock.address), (depth, address), "{line}");
        assert_eq!((lock.class, lock.usage), (class.as_bytes(), usage.as_bytes()), "{line}");
        assert_eq!((lock.wait_type, lock.released), (wait.map(str::as_bytes), false), "{line}");
        assert_eq!(lock.at.and_then(|at| at.symbol), at, "{line}");
    }
    let symbolized =
        " #0: ffffc900 (&x){+.+.}, at: debug_show_all_locks+0x5b/0x27e kernel/locking/lockdep.c:5257";
    let at = HeldLock::parse(symbolized.as_bytes()).and_then(|lock| lock.at?.source);
    assert_eq!(at.map(|s| (s.file, s.line)), Some(("kernel/locking/lockdep.c", 5257)));
    let released = HeldLock::parse(b" #3: <RELEASED>").expect("released");
    assert_eq!((released.depth, released.released), (Some(3), true));
}

#[test]
fn other_lines() {
    for line in [
        "",
        " #2: ",
        "#PF: supervisor read access in kernel mode",
        "-> #1 (&x){+.+.}-{3:3}:",
        " (&x){+.+.}-{3:3}:",
        " ... which became HARDIRQ-irq-unsafe at:",
        " #0: ffffc900 (&x){abcd}, at: fn+0x1/0x2",
        "  lock(&x);",
    ] {
        assert_eq!(HeldLock::parse(line.as_bytes()), None, "{line}");
    }
}

#[test]
fn lists() {
    let lists = HeldLocks::read(
        "\
no locks held by init/40.
2 locks held by cm_waiter/0/42:
 #0: ffffffffc0016390 (cm_hang_sem){++++}-{3:3}, at: hang_waiter+0xc/0x40 [crashme]
hub 1-0:1.0: USB hub found
 #1: ffffffffc0016448 (cm_hang_inner){+.+.}-{3:3}, at: inlined include/linux/x.h:331 [inline]
 #1: ffffffffc0016448 (cm_hang_inner){+.+.}-{3:3}, at: hang_waiter+0x1a/0x40 kernel/x.c:1
1 lock held by a b/c/7:
 #0: ffffffff8289f520 (rcu_read_lock){....}-{1:2}, at: debug_show_all_locks+0x6d/0x2a5
 #1: ffffffff8289f520 (rcu_read_lock){....}-{1:2}, at: debug_show_all_locks+0x6d/0x2a5
3 locks held by x/8:
"
        .lines()
        .map(str::as_bytes),
    );
    let heads: Vec<_> = lists.iter().map(|l| (l.line, l.comm, l.pid, l.count, l.locks.len())).collect();
    let want: [(usize, &[u8], u32, u32, usize); 4] =
        [(0, b"init", 40, 0, 0), (1, b"cm_waiter/0", 42, 2, 2), (6, b"a b/c", 7, 1, 1), (9, b"x", 8, 3, 0)];
    assert_eq!(heads, want);
    assert_eq!(lists[1].locks[1].at.and_then(|at| at.offset), Some(0x1a));
}

#[test]
fn headings() {
    for line in [
        "2 locks held by cm_waiter:",
        "2 locks held by",
        "Showing all locks held in the system:",
        "12 locksmiths held by a/1:",
        "now locks held by a/1.",
    ] {
        assert_eq!(heading(line.as_bytes()), None, "{line}");
    }
}

#[test]
fn attempts() {
    let log = "\
init/40 [HC0[0]:SC0[0]:HE0:SE1] is trying to acquire:
ffffffffc0146dc8 (cm_lock_a){+.+.}-{3:3}, at: abba+0x2f/0x50 [crashme]

but task is already holding lock:
ffffffffc0146d20 (cm_lock_b){+.+.}-{3:3}, at: abba+0x26/0x50 [crashme]
which lock already depends on the new lock.
2 locks held by init/40:
 #0: ffffffffc0146d20 (cm_lock_b){+.+.}-{3:3}, at: abba+0x26/0x50 [crashme]
";
    let attempt = LockAttempt::read(log.lines().map(str::as_bytes)).expect("attempt");
    assert_eq!((attempt.comm, attempt.pid), (&b"init"[..], 40));
    assert_eq!(attempt.wanted.map(|l| l.class), Some(&b"cm_lock_a"[..]));
    assert_eq!(attempt.held.map(|l| l.class), Some(&b"cm_lock_b"[..]));
    assert_eq!(LockAttempt::read([&b"x is trying to understand"[..]]), None);
    let release =
        [&b"demo/7 is trying to release lock (&x->lock) at:"[..], b"[<ffffffff8138d924>] demo_up+0x1/0x2"];
    let attempt = LockAttempt::read(release).expect("release");
    assert_eq!((attempt.pid, attempt.wanted.map(|l| l.class)), (7, Some(&b"&x->lock"[..])));
    assert_eq!(attempt.wanted.and_then(|l| l.at?.symbol), Some("demo_up"));
    for (how, class) in [
        ("swapper/0/0 [HC1[1]:SC0[0]:HE0:SE1] takes:", "demo_lock"),
        ("swapper/0/0 just changed the state of lock:", "demo_lock"),
    ] {
        let log =
            [how.as_bytes(), b"ffffffffc0007120 (demo_lock){?.+.}-{2:2}, at: demo_irq+0x1f/0x60 [demo]"];
        let attempt = LockAttempt::read(log).expect(how);
        assert_eq!((attempt.comm, attempt.pid), (&b"swapper/0"[..], 0), "{how}");
        assert_eq!(attempt.wanted.map(|l| l.class), Some(class.as_bytes()), "{how}");
    }
}
