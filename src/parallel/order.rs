//! Work of several threads, with the results in the order of the tasks.

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Tasks that a thread may be ahead of the one whose results are taken.
const TASKS_AHEAD: usize = 8;
/// Threads that are started at most: more of them wait for each other, and each has its memory.
const THREADS: usize = 256;
/// Results of a task that wait to be taken.
const RESULTS_AHEAD: usize = 64;

/// Tasks, and where each announces its results: both are done under one lock, so that the order is the same.
struct Turns<I, R> {
    tasks: I,
    turns: SyncSender<Receiver<R>>,
}

impl<I: Iterator, R> Turns<I, R> {
    fn take(&mut self) -> Option<(I::Item, SyncSender<R>)> {
        let task = self.tasks.next()?;
        let (results, turn) = sync_channel(RESULTS_AHEAD);
        // Fails where nobody takes results any more.
        self.turns.send(turn).ok()?;
        Some((task, results))
    }
}

/// Calls `work` for each task, in several threads, and `each` for each of their results, in the caller's.
///
/// Where no more threads can be started, those that were do it all, or the caller's does. Each thread has a state of its own. `work` hands its results on one after the other, and stops where that says `false`: for `each` has said so.
pub(super) fn in_order<S: Default, T, R: Send>(
    threads: NonZeroUsize,
    tasks: impl Iterator<Item = T> + Send,
    work: impl Fn(&mut S, T, &mut dyn FnMut(R) -> bool) + Sync,
    mut each: impl FnMut(R) -> bool,
) {
    if threads == NonZeroUsize::MIN {
        return one_by_one(tasks, work, each);
    }
    let threads = threads.get().min(THREADS);
    let (sender, turns) = sync_channel(TASKS_AHEAD * threads);
    let all = Mutex::new(Some(Turns { tasks, turns: sender }));
    let (shared, called, each_of) = (&all, &work, &mut each);
    let started = thread::scope(move |scope| {
        let start = |_: &usize| {
            let thread = move || {
                let mut state = S::default();
                loop {
                    let mut turns = shared.lock().unwrap_or_else(PoisonError::into_inner);
                    let Some((task, results)) = turns.as_mut().and_then(Turns::take) else {
                        // There is no more, so that whoever waits for the next turn ends as well.
                        *turns = None;
                        break;
                    };
                    drop(turns);
                    called(&mut state, task, &mut |result| results.send(result).is_ok());
                }
            };
            thread::Builder::new().spawn_scoped(scope, thread).is_ok()
        };
        let started = (0..threads).take_while(start).count();
        if started > 0 {
            turns.into_iter().flatten().all(each_of);
        }
        started
    });
    let left = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(Turns { tasks, .. }) = left.filter(|_| started == 0) {
        one_by_one(tasks, work, each);
    }
}

/// The same in the caller's thread.
fn one_by_one<S: Default, T, R>(
    mut tasks: impl Iterator<Item = T>,
    work: impl Fn(&mut S, T, &mut dyn FnMut(R) -> bool),
    mut each: impl FnMut(R) -> bool,
) {
    let (mut state, mut goes_on) = (S::default(), true);
    while let Some(task) = tasks.next().filter(|_| goes_on) {
        work(&mut state, task, &mut |result| {
            goes_on = goes_on && each(result);
            goes_on
        });
    }
}
