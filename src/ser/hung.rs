//! `hung` of a report: what a hung task waits for, and who waits for whom.

use serde::Serialize;

use super::{Text, WireTask};
use crate::facts::task::{Blocker, LockKind, Wait};
use crate::report::Report;
use crate::waits::{LockWait, Waits, Who};

/// A hung task's seconds and whom it waits for.
#[derive(Serialize)]
pub(super) struct Hung<'a> {
    seconds: u64,
    wait: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blockers: Vec<WireBlocker<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waits: Vec<WireWait>,
}

#[derive(Serialize)]
struct WireBlocker<'a> {
    comm: Text<'a>,
    pid: u32,
    lock: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<WireTask<'a>>,
}

/// What a task waits for, as this report alone tells it.
#[derive(Serialize)]
struct WireWait {
    task: WireWho,
    lock: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holders: Vec<WireWho>,
}

#[derive(Serialize)]
struct WireWho {
    comm: String,
    pid: u32,
}

pub(super) fn hung<'a>(report: &Report<'a>) -> Option<Hung<'a>> {
    let hung = report.hung_task()?;
    let wait = match hung.wait {
        Wait::Blocked => "blocked",
        Wait::Io => "io",
        Wait::CannotDie => "can't die",
    };
    let mut waits = Waits::default();
    waits.add(report);
    Some(Hung {
        seconds: hung.seconds,
        wait,
        blockers: report.blockers().into_iter().map(blocker).collect(),
        waits: waits.locks().into_iter().map(self::wait).collect(),
    })
}

fn blocker(blocker: Blocker<'_>) -> WireBlocker<'_> {
    let owner = blocker.owner.map(|(comm, pid)| WireTask { comm: Text(comm), pid, uid: None });
    let lock = match blocker.lock {
        LockKind::Mutex => "mutex",
        LockKind::Semaphore => "semaphore",
        LockKind::RwSemaphore => "rw-semaphore",
    };
    WireBlocker { comm: Text(blocker.comm), pid: blocker.pid, lock, owner }
}

fn wait(wait: LockWait) -> WireWait {
    let holders = wait.holders.into_iter().map(who).collect();
    WireWait { task: who(wait.task), lock: wait.lock, holders }
}

fn who(who: Who) -> WireWho {
    WireWho { comm: who.comm, pid: who.pid }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ser::JsonReport;

    fn waits(log: &str) -> Option<serde_json::Value> {
        let report = crate::reports(log.as_bytes()).next().unwrap();
        serde_json::to_value(JsonReport::new(&report)).unwrap()["hung"].get("waits").cloned()
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let stack = "\
[    9.0] INFO: task a:7 blocked for more than 6 seconds.
[    9.0] task:a               state:D stack:13256 pid:7     ppid:2      flags:0x00004000
[    9.0] Call Trace:
[    9.0]  __mutex_lock+0x34b/0x6a0
[    9.0]  take+0x1c/0x40
";
        assert_eq!(waits(stack), None);
        let list = "\
[    9.0] Showing all locks held in the system:
[    9.0] 1 lock held by a/7:
[    9.0]  #0: ffffffffc0407120 (demo_mutex){+.+.}-{4:4}, at: take+0x1c/0x40
";
        let wait = json!([{"task": {"comm": "a", "pid": 7}, "lock": "demo_mutex"}]);
        assert_eq!(waits(&format!("{stack}{list}")), Some(wait));
    }
}
