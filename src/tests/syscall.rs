//! Guards what is said of the system call that a crashed task was in.

use crate::reports;

/// Number and name, by a stack's frame and what stands behind the stack.
fn syscall(frame: &str, behind: &[&str]) -> Option<(Option<u32>, &'static str)> {
    let head = [
        "BUG: kernel NULL pointer dereference, address: 0000000000000000",
        "CPU: 0 PID: 7 Comm: demo Not tainted 6.1.0 #1",
        "RIP: 0010:demo_leaf+0x1/0x10 [demo]",
        "Call Trace:",
        " vfs_write+0x1/0x20",
    ];
    let lines = head.iter().copied().chain([frame, " entry+0x4b/0xb5"]).chain(behind.iter().copied());
    let log: String = lines.map(|line| format!("[    1.000000] {line}\n")).collect();
    let report = reports(log.as_bytes()).next().unwrap();
    report.syscall().map(|call| (call.number, call.name))
}

#[test]
fn registers_of_the_user_have_the_number() {
    let of = |pc: &str, orig: &str| {
        let behind = [
            &format!("RIP: {pc}:0x47b7a0"),
            &*format!("RSP: 002b:00007fff594a6188 EFLAGS: 00000202 ORIG_RAX: {orig}"),
            "RAX: ffffffffffffffda RBX: 0000000000000001 RCX: 000000000047b7a0",
        ];
        syscall(" ksys_write+0x1/0x20", &behind)
    };
    assert_eq!(of("0033", "0000000000000001"), Some((Some(1), "write")));
    assert_eq!(of("0033", "0000000000000139"), Some((Some(313), "finit_module")));
    // A fault, an interrupt, no call that is known, and one of i386.
    for (pc, orig) in [
        ("0033", "ffffffffffffffff"),
        ("0033", "ffffffffffffff13"),
        ("0033", "0000000000001000"),
        ("0023", "0000000000000001"),
    ] {
        assert_eq!(of(pc, orig), None, "{pc} {orig}");
    }
}

#[test]
fn functions_of_entries_have_the_name() {
    let rows = [
        (" __x64_sys_write+0x1/0x20", Some((Some(1), "write"))),
        (" __arm64_sys_write+0x1/0x20", Some((Some(64), "write"))),
        (" __riscv_sys_newfstat+0x1/0x20", Some((Some(80), "fstat"))),
        (" __do_sys_finit_module+0x1/0x20", Some((None, "finit_module"))),
        (" SyS_write+0x1/0x20", Some((None, "write"))),
        (" sys_imageblit+0x1/0x20", None),
        (" sys_write+0x1/0x20 [demo]", None),
        (" ? __x64_sys_write+0x1/0x20", None),
    ];
    for (frame, want) in rows {
        assert_eq!(syscall(frame, &[]), want, "{frame}");
    }
}
