//! Damaged lines, for every grammar of the facts.

use super::{KASAN, SLUB};
use crate::facts::code::Code;
use crate::facts::locks::{HeldLock, HeldLocks, LockAttempt};
use crate::facts::memory::Memory;
use crate::facts::modules::Modules;
use crate::facts::registers::{Registers, is_pc_line, is_register_line};
use crate::facts::task::{Blocker, HungTask, SoftLockup, Task, TaskState, Workqueue, hardware_name};

/// Lines of every grammar of the facts, as seeds.
const SEEDS: &str = "\
RIP: 0010:[<ffffffff8144ee81>]  [<ffffffff8144ee81>] __free_pages+0x21/0x80
RIP: 0033:0x47b7a0
RSP: 0018:ffffc90000143e28 EFLAGS: 00010246 ORIG_RAX: 0000000000000001
FS:  00000000004a2858(0000) GS:ffff88803ed00000(0000) knlGS:0000000000000000
pc : [<ffffffc000d394c4>] lr : [<ffffffc000d394c0>] pstate: 200001c5
Code: 5b 5d c3 <0f> 0b 48 (d4210000)
2 locks held by cm_waiter/0/42:
 #0: ffffffffc0016390 (cm_hang_sem){++++}-{3:3}, at: hang_waiter+0xc/0x40 [crashme]
init/41 [HC0[0]:SC0[0]:HE0:SE1] is trying to acquire:
but task is already holding lock:
CPU: 1 UID: 0 PID: 905 Comm: a b Kdump: loaded Tainted: G        W          6.12.0 #1
Workqueue: writeback wb_workfn [mod] (flush-8:0)
Hardware name: QEMU Standard PC (i440FX + PIIX, 1996)
task:cm_owner        state:D stack:0     pid:41    tgid:41  ppid:2      flags:0x00004000
jbd2/sda-8      D22600  3563      2 0x80000000
INFO: task cm waiter:1:43 blocked for more than 143 seconds.
INFO: task c:7 <writer> blocked on an rw-semaphore likely owned by task d:9 <reader>
watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [kworker/0:2:18]
Modules linked in: crashme(OE+) crash_helper(OE) [last unloaded: crashme(OE)]
Unloaded tainted modules: x(E):1
Out-of-bounds read at 0xffff8c2aae231fff (1B left of kfence-#24):
kfence-#83: 0xffff88801f2a6fd8-0xffff88801f2a6fff, size=40, cache=kmalloc-64
write to 0xffffffffc03c33d0 of 8 bytes by task 42 on cpu 0:
UBSAN: array-index-out-of-bounds in /src/lab/cm1/misc.c:241:23
unreferenced object 0xffff88007c996480 (size 96):
  comm \"a\", pid 4094, jiffies 4294767514 (age 15.374s)
#PF: error_code(0x0000) - not-present page
PGD 2d1b067 P4D 2d1b067 PUD 2d1c067 PMD 0
BUG: kernel NULL pointer dereference, address: 0000000000000028
";

fn read_all(bodies: &[&[u8]]) {
    let lines = || bodies.iter().copied();
    let _ = (Memory::read(lines()), Registers::read(lines()), HeldLocks::read(lines()));
    let _ = (LockAttempt::read(lines()), Modules::read(lines()));
    for body in bodies {
        let _ = (Code::parse(body), HeldLock::parse(body), is_pc_line(body), is_register_line(body));
        let _ = (Task::parse(body), TaskState::parse(body), Workqueue::parse(body), hardware_name(body));
        let _ = (HungTask::parse(body), Blocker::parse(body), SoftLockup::parse(body));
    }
}

/// Cut, flipped, doubled and swapped bytes: every grammar answers, none panics.
#[test]
fn damage_is_no_panic() {
    let log = format!("{SEEDS}{KASAN}{SLUB}");
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).expect("31 bits") % below.max(1)
    };
    for line in log.lines() {
        for cut in 0..=line.len() {
            read_all(&[&line.as_bytes()[..cut], &line.as_bytes()[cut..]]);
        }
    }
    for _ in 0..3000 {
        let mut bytes = log.clone().into_bytes();
        for _ in 0..random(40) {
            let (at, other) = (random(bytes.len()), random(bytes.len()));
            match random(4) {
                0 => bytes[at] = b" :/()[]<>{}#0f\0\xff-+."[random(19)],
                1 => bytes.swap(at, other),
                2 => drop(bytes.drain(at..(at + random(30)).min(bytes.len()))),
                _ => bytes.truncate(bytes.len() - random(20)),
            }
        }
        let bodies: Vec<_> = bytes.split(|&b| b == b'\n').collect();
        read_all(&bodies);
    }
}
