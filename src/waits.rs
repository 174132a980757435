//! Who waits for which lock, and who holds it: what the reports of one hang say together.

use std::collections::BTreeMap;

use crate::facts::frame::{Frame, Trust};
use crate::facts::task::LockKind;
use crate::facts::trace::TraceKind;
use crate::report::Report;
use crate::rules;
use crate::text;

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Who {
    /// Its name; bytes that are no UTF-8 are replaced.
    pub comm: String,
    /// Thread ID.
    pub pid: u32,
}

impl Who {
    fn new(comm: &[u8], pid: u32) -> Who {
        Who { comm: text::lossy(comm).into_owned(), pid }
    }
}

/// What a task waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockWait {
    /// The task that waits.
    pub task: Who,
    /// Class of the lock, `cm_hang_inner`, or its kind where only that is known: `mutex`.
    pub lock: String,
    /// The tasks that hold it; none if it is not known.
    pub holders: Vec<Who>,
}

/// Who waits for which lock held by whom: gathered from the reports of hung tasks that follow each other.
///
/// From Linux 6.16 on the kernel says it (`debug_show_blocker` in `kernel/hung_task.c`). Before, it follows from the
/// lists of held locks (`debug_show_all_locks`), which name a lock from the moment that a task asks for it, with the
/// return address of the call: a task in whose stack that call is still open waits for the lock, all others on whose
/// lists it is hold it.
///
/// ```
/// let log = b"\
/// [    9.0] INFO: task a:7 blocked for more than 6 seconds.
/// [    9.0] task:a               state:D stack:13256 pid:7     ppid:2      flags:0x00004000
/// [    9.0] Call Trace:
/// [    9.0]  __mutex_lock+0x34b/0x6a0
/// [    9.0]  take+0x1c/0x40
/// [    9.0] Showing all locks held in the system:
/// [    9.0] 1 lock held by a/7:
/// [    9.0]  #0: ffffffffc0407120 (demo_mutex){+.+.}-{4:4}, at: take+0x1c/0x40
/// [    9.0] 1 lock held by b/8:
/// [    9.0]  #0: ffffffffc0407120 (demo_mutex){+.+.}-{4:4}, at: other+0x12/0x40
/// ";
/// let mut waits = crashparse::Waits::default();
/// crashparse::reports(log).for_each(|report| waits.add(&report));
/// let found = waits.locks();
/// assert_eq!((found[0].task.comm.as_str(), found[0].lock.as_str()), ("a", "demo_mutex"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Waits {
    /// What is known of each task, by its thread ID.
    tasks: BTreeMap<u32, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    who: Who,
    /// Where the calls return to that the task is in, if its stack was printed.
    calls: Option<Vec<Place>>,
    /// The function that it waits in, of those that may be to blame.
    function: Option<String>,
    hung: bool,
    locks: Vec<Lock>,
    /// What the kernel says.
    blocked: Option<(LockKind, Option<Who>)>,
}

#[derive(Clone, Debug)]
struct Lock {
    address: Option<u64>,
    class: String,
    at: Option<Place>,
}

/// A symbol and an offset.
type Place = (String, u64);

fn place(frame: &Frame<'_>) -> Option<Place> {
    Some((frame.symbol?.to_string(), frame.offset?))
}

impl Waits {
    /// Adds what a report says; a report that is of no hung task says nothing.
    pub fn add(&mut self, report: &Report<'_>) {
        let Some(hung) = report.hung_task() else { return };
        self.known(hung.comm, hung.pid).hung = true;
        for trace in report.traces() {
            let (comm, pid) = match trace.kind {
                TraceKind::Crash => (hung.comm, hung.pid),
                TraceKind::Task => match trace.comm.zip(trace.pid) {
                    Some(task) => task,
                    None => continue,
                },
                _ => continue,
            };
            let reliable = || trace.frames.iter().filter(|frame| frame.trust == Trust::Return);
            let waits = |name: &str| rules::NEVER_TO_BLAME.has(name) || rules::WAITING.has(name);
            let known = self.known(comm, pid);
            known.calls = Some(reliable().filter_map(place).collect());
            known.function =
                reliable().filter_map(Frame::function).find(|name| !waits(name)).map(str::to_string);
        }
        for list in report.held_locks() {
            let locks = list.locks.iter().filter(|lock| !lock.released).map(|lock| Lock {
                address: lock.address,
                class: text::lossy(lock.class).into_owned(),
                at: lock.at.as_ref().and_then(place),
            });
            self.known(list.comm, list.pid).locks = locks.collect();
        }
        for blocker in report.blockers() {
            let owner = blocker.owner.map(|(comm, pid)| Who::new(comm, pid));
            self.known(blocker.comm, blocker.pid).blocked = Some((blocker.lock, owner));
        }
    }

    fn known(&mut self, comm: &[u8], pid: u32) -> &mut Known {
        self.tasks.entry(pid).or_insert_with(|| Known {
            who: Who::new(comm, pid),
            calls: None,
            function: None,
            hung: false,
            locks: Vec::new(),
            blocked: None,
        })
    }

    /// Adds what the reports of another part of the log say.
    pub fn merge(&mut self, other: Waits) {
        for (pid, new) in other.tasks {
            let Some(known) = self.tasks.get_mut(&pid) else {
                self.tasks.insert(pid, new);
                continue;
            };
            known.hung |= new.hung;
            known.calls = new.calls.or(known.calls.take());
            known.function = new.function.or(known.function.take());
            known.blocked = new.blocked.or(known.blocked.take());
            if !new.locks.is_empty() {
                known.locks = new.locks;
            }
        }
    }

    /// Whether anything was said of locks: by lists of them, or by the kernel's own words.
    pub fn tells_of_locks(&self) -> bool {
        self.tasks.values().any(|task| !task.locks.is_empty() || task.blocked.is_some())
    }

    /// The waits for locks, in the order of the thread IDs.
    pub fn locks(&self) -> Vec<LockWait> {
        self.tasks.values().filter_map(|task| self.wait_of(task)).collect()
    }

    fn wait_of(&self, task: &Known) -> Option<LockWait> {
        let listed = task.wanted();
        let holders = listed.map_or(Vec::new(), |lock| self.holders(task, lock));
        let said = task.blocked.as_ref().map(|(kind, owner)| (kind_name(*kind), owner.clone()));
        let lock = match (listed, &said) {
            (Some(lock), _) => lock.class.clone(),
            (None, Some((kind, _))) => kind.to_string(),
            (None, None) => return None,
        };
        let owner = said.and_then(|(_, owner)| owner).filter(|_| holders.is_empty());
        Some(LockWait { task: task.who.clone(), lock, holders: holders.into_iter().chain(owner).collect() })
    }

    fn holders(&self, waiter: &Known, lock: &Lock) -> Vec<Who> {
        let others = self.tasks.values().filter(|task| task.who != waiter.who);
        others.filter(|task| task.holds(lock)).map(|task| task.who.clone()).collect()
    }

    /// The hung tasks that wait for no lock, each with the function that it waits in: others may wait for them.
    pub fn others(&self) -> Vec<(Who, Option<String>)> {
        let without = self.tasks.values().filter(|task| self.wait_of(task).is_none());
        let holds = |task: &Known| self.locks().iter().any(|wait| wait.holders.contains(&task.who));
        without
            .filter(|task| task.hung || holds(task))
            .map(|task| (task.who.clone(), task.function.clone()))
            .collect()
    }

    /// Tasks that wait for each other in a circle: a deadlock. Each circle begins with the least thread ID in it.
    pub fn cycles(&self) -> Vec<Vec<Who>> {
        let waits = self.locks();
        let mut cycles: Vec<Vec<Who>> = Vec::new();
        for wait in &waits {
            let mut path = vec![wait.task.clone()];
            // One way on from each task is enough: every circle is found from one of its tasks.
            while let Some(next) = path.last().and_then(|last| next_of(&waits, last, &wait.task)) {
                if next == wait.task {
                    let is_least = path.iter().all(|who| who.pid >= wait.task.pid);
                    cycles.extend(is_least.then_some(path));
                    break;
                }
                if path.contains(&next) {
                    break;
                }
                path.push(next);
            }
        }
        cycles
    }
}

/// Whom a task waits for that waits itself; the first task of the path where it is among them.
fn next_of(waits: &[LockWait], task: &Who, first: &Who) -> Option<Who> {
    let wait = waits.iter().find(|wait| wait.task == *task)?;
    let waits_too = |who: &&Who| waits.iter().any(|wait| wait.task == **who);
    wait.holders.iter().find(|who| *who == first).or_else(|| wait.holders.iter().find(waits_too)).cloned()
}

impl Known {
    /// The lock of the task's list whose call has not returned.
    fn wanted(&self) -> Option<&Lock> {
        let calls = self.calls.as_ref()?;
        self.locks.iter().rev().find(|lock| lock.at.as_ref().is_some_and(|at| calls.contains(at)))
    }

    /// Whether the task surely holds a lock: it is on its list, and the task does not wait for it. Of a task whose stack is
    /// not known, only the locks before the last one.
    fn holds(&self, lock: &Lock) -> bool {
        let is = |own: &Lock| lock.address.is_some() && own.address == lock.address;
        let Some(at) = self.locks.iter().position(is) else { return false };
        match &self.calls {
            Some(_) => !self.wanted().is_some_and(is),
            None => at + 1 < self.locks.len(),
        }
    }
}

fn kind_name(kind: LockKind) -> &'static str {
    match kind {
        LockKind::Mutex => "a mutex",
        LockKind::Semaphore => "a semaphore",
        LockKind::RwSemaphore => "an rw-semaphore",
    }
}
