//! Who waits for which lock, and who holds it: what the reports of one hang say together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::blame;
use crate::facts::frame::{Frame, Trust};
use crate::facts::task::LockKind;
use crate::facts::trace::TraceKind;
use crate::report::Report;
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
    /// What was told already.
    told: HashSet<Told>,
}

/// What a line of the text is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    /// That a task waits for a lock, and the first who holds it: of readers there are ever more.
    Wait(u32, String, Option<u32>),
    /// That a task waits for no lock, and in which function.
    Other(u32, Option<String>),
    /// That a wait ends with a task, and in which function that is.
    End(u32, Option<String>),
    /// A deadlock, by its first thread ID and how many tasks it has.
    Cycle(u32, usize),
}

/// Tasks that are kept, and calls of each: a log may be made to have ever more.
const TASKS: usize = 1024;
/// What was told of them is remembered as often as this.
const TOLD: usize = 16 * TASKS;
const CALLS: usize = 256;
/// Locks that lockdep knows of a task: `MAX_LOCK_DEPTH` in `include/linux/sched.h`.
const LOCKS: usize = 48;

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
        if let Some(known) = self.known(hung.comm, hung.pid) {
            known.hung = true;
        }
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
            let acts = |frame: &&Frame<'_>| !blame::is_never_to_blame(frame) && !blame::only_waits(frame);
            let Some(known) = self.known(comm, pid) else { continue };
            known.calls = Some(reliable().filter_map(place).take(CALLS).collect());
            known.function = reliable().filter(acts).find_map(Frame::function).map(str::to_string);
        }
        for list in report.held_locks() {
            let locks = list.locks.iter().filter(|lock| !lock.released).map(|lock| Lock {
                address: lock.address,
                class: text::lossy(lock.class).into_owned(),
                at: lock.at.as_ref().and_then(place),
            });
            if let Some(known) = self.known(list.comm, list.pid) {
                known.locks = locks.take(LOCKS).collect();
            }
        }
        for blocker in report.blockers() {
            let owner = blocker.owner.map(|(comm, pid)| Who::new(comm, pid));
            if let Some(known) = self.known(blocker.comm, blocker.pid) {
                known.blocked = Some((blocker.lock, owner));
            }
        }
    }

    fn known(&mut self, comm: &[u8], pid: u32) -> Option<&mut Known> {
        if self.tasks.len() >= TASKS && !self.tasks.contains_key(&pid) {
            return None;
        }
        let new = || Known {
            who: Who::new(comm, pid),
            calls: None,
            function: None,
            hung: false,
            locks: Vec::new(),
            blocked: None,
        };
        Some(self.tasks.entry(pid).or_insert_with(new))
    }

    /// Adds what the reports of another part of the log say.
    pub fn merge(&mut self, other: Waits) {
        for (pid, new) in other.tasks {
            let Some(known) = self.tasks.get_mut(&pid) else {
                if self.tasks.len() < TASKS {
                    self.tasks.insert(pid, new);
                }
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

    pub(crate) fn was_told(&self, what: &Told) -> bool {
        self.told.contains(what)
    }

    pub(crate) fn tell(&mut self, what: impl IntoIterator<Item = Told>) {
        // A hang that goes on and on is told anew at times.
        if self.told.len() > TOLD {
            self.told.clear();
        }
        self.told.extend(what);
    }

    /// Whether anything was said of locks: by lists of them, or by the kernel's own words.
    pub fn tells_of_locks(&self) -> bool {
        self.tasks.values().any(|task| !task.locks.is_empty() || task.blocked.is_some())
    }

    /// The waits for locks, in the order of the thread IDs.
    pub fn locks(&self) -> Vec<LockWait> {
        // Who surely holds each lock.
        let mut holders: HashMap<u64, Vec<&Who>> = HashMap::new();
        for task in self.tasks.values() {
            for address in task.held() {
                holders.entry(address).or_default().push(&task.who);
            }
        }
        self.tasks.values().filter_map(|task| task.wait(&holders)).collect()
    }

    /// The hung tasks that wait for no lock, and the holders of locks that do, each with the function that it waits in.
    pub fn others(&self) -> Vec<(Who, Option<String>)> {
        self.others_than(&self.locks())
    }

    pub(crate) fn others_than(&self, waits: &[LockWait]) -> Vec<(Who, Option<String>)> {
        let waiting: HashSet<u32> = waits.iter().map(|wait| wait.task.pid).collect();
        let holding: HashSet<u32> = waits.iter().flat_map(|wait| &wait.holders).map(|who| who.pid).collect();
        let others = self.tasks.values().filter(|task| !waiting.contains(&task.who.pid));
        let matter = others.filter(|task| task.hung || holding.contains(&task.who.pid));
        matter.map(|task| (task.who.clone(), task.function.clone())).collect()
    }

    /// The tasks to look at: what others wait for ends with them, for they wait for no lock. Each with the function that it
    /// waits in, if its stack is known, and how many tasks wait for it, at once or one behind the other. Of several holders
    /// of a lock the first counts.
    pub fn ends(&self) -> Vec<(Who, Option<String>, usize)> {
        self.ends_of(&self.locks())
    }

    pub(crate) fn ends_of(&self, waits: &[LockWait]) -> Vec<(Who, Option<String>, usize)> {
        let next: HashMap<u32, u32> =
            waits.iter().filter_map(|wait| Some((wait.task.pid, wait.holders.first()?.pid))).collect();
        // Where each task's wait ends, of those that were followed; nowhere in a circle.
        let mut end: HashMap<u32, Option<u32>> = HashMap::new();
        for &task in next.keys() {
            let (mut way, mut at) = (HashSet::new(), task);
            let found = loop {
                match (end.get(&at), next.get(&at)) {
                    (Some(end), _) => break *end,
                    (None, None) => break Some(at),
                    (None, Some(_)) if !way.insert(at) => break None,
                    (None, Some(holder)) => at = *holder,
                }
            };
            end.extend(way.into_iter().map(|task| (task, found)));
        }
        let waiting = |pid: u32| end.values().filter(|end| **end == Some(pid)).count();
        let others = self.others_than(waits).into_iter();
        let ends = others.map(|(who, function)| {
            let waiting = waiting(who.pid);
            (who, function, waiting)
        });
        ends.filter(|(_, _, waiting)| *waiting > 0).collect()
    }

    /// Tasks that wait for each other in a circle: a deadlock. Each circle begins with the least thread ID in it.
    pub fn cycles(&self) -> Vec<Vec<Who>> {
        self.cycles_of(&self.locks())
    }

    pub(crate) fn cycles_of(&self, waits: &[LockWait]) -> Vec<Vec<Who>> {
        let of: HashMap<u32, &LockWait> = waits.iter().map(|wait| (wait.task.pid, wait)).collect();
        let mut done: HashSet<u32> = HashSet::new();
        let mut cycles = Vec::new();
        for wait in waits {
            // The tasks on the way, and how many of its holders each has been followed to.
            let mut path: Vec<(&LockWait, usize)> =
                done.insert(wait.task.pid).then_some((wait, 0)).into_iter().collect();
            while let Some((last, followed)) = path.last_mut() {
                let Some(holder) = last.holders.get(*followed) else {
                    path.pop();
                    continue;
                };
                *followed += 1;
                let Some(next) = of.get(&holder.pid) else { continue };
                if let Some(at) = path.iter().position(|(wait, _)| wait.task.pid == holder.pid) {
                    cycles.push(path.iter().skip(at).map(|(wait, _)| wait.task.clone()).collect());
                } else if done.insert(holder.pid) {
                    path.push((next, 0));
                }
            }
        }
        for cycle in &mut cycles {
            let cycle: &mut Vec<Who> = cycle;
            let least = cycle.iter().enumerate().min_by_key(|(_, who)| who.pid).map_or(0, |(at, _)| at);
            cycle.rotate_left(least);
        }
        cycles
    }
}

impl Known {
    /// The lock of the task's list whose call has not returned.
    fn wanted(&self) -> Option<&Lock> {
        let calls = self.calls.as_ref()?;
        self.locks.iter().rev().find(|lock| lock.at.as_ref().is_some_and(|at| calls.contains(at)))
    }

    /// Addresses of the locks that the task surely holds: those on its list but for the one that it waits for. Of a task
    /// whose stack is not known, those before the last one.
    fn held(&self) -> impl Iterator<Item = u64> {
        let wanted = match &self.calls {
            Some(_) => self.wanted(),
            None => self.locks.last(),
        };
        let wanted = wanted.and_then(|lock| lock.address);
        let addresses: BTreeSet<u64> = self.locks.iter().filter_map(|lock| lock.address).collect();
        addresses.into_iter().filter(move |address| Some(*address) != wanted)
    }

    /// What the task waits for, given who holds each lock.
    fn wait(&self, holders: &HashMap<u64, Vec<&Who>>) -> Option<LockWait> {
        let listed = self.wanted();
        let said = self.blocked.as_ref().map(|(kind, owner)| (kind_name(*kind), owner.clone()));
        let lock = match (listed, &said) {
            (Some(lock), _) => lock.class.clone(),
            (None, Some((kind, _))) => kind.to_string(),
            (None, None) => return None,
        };
        let of_lock = listed.and_then(|lock| holders.get(&lock.address?));
        let mut holders: Vec<Who> = of_lock.into_iter().flatten().map(|who| (*who).clone()).collect();
        if holders.is_empty() {
            holders.extend(said.and_then(|(_, owner)| owner));
        }
        Some(LockWait { task: self.who.clone(), lock, holders })
    }
}

fn kind_name(kind: LockKind) -> &'static str {
    match kind {
        LockKind::Mutex => "mutex",
        LockKind::Semaphore => "semaphore",
        LockKind::RwSemaphore => "rw-semaphore",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_takes_bounded_memory() {
        let mut waits = Waits::default();
        for pid in 0..100_000 {
            waits.tell([Told::Other(pid, None)]);
            assert!(waits.was_told(&Told::Other(pid, None)));
        }
        assert!(waits.told.len() <= TOLD + 1, "{}", waits.told.len());
    }
}
