//! Work of several threads, with the results in the order of the tasks.

use std::mem;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};

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

/// What the threads share.
struct Shared<I, R, W> {
    turns: Mutex<Option<Turns<I, R>>>,
    work: W,
    /// Threads that were started, or could not be, and that may be.
    started: AtomicUsize,
    most: usize,
}

/// Calls `work` for each task, in several threads, and `each` for each of their results, in the caller's.
///
/// A thread that has a task starts the next one: there are no more than there is work for. Where no more can be started,
/// those that were do it all, or the caller's does. Each thread has a state of its own. `work` hands its results on one
/// after the other, and stops where that says `false`: for `each` has said so.
pub(super) fn in_order<S: Default, T, R: Send>(
    threads: NonZeroUsize,
    tasks: impl Iterator<Item = T> + Send,
    work: impl Fn(&mut S, T, &mut dyn FnMut(R) -> bool) + Sync,
    mut each: impl FnMut(R) -> bool,
) {
    if threads == NonZeroUsize::MIN {
        return one_by_one(tasks, work, each);
    }
    let most = threads.get().min(THREADS);
    let (sender, turns) = sync_channel(TASKS_AHEAD * most);
    let first = Mutex::new(Some(Turns { tasks, turns: sender }));
    let shared = Shared { turns: first, work, started: AtomicUsize::new(0), most };
    let (of_all, each_of) = (&shared, &mut each);
    let started = thread::scope(move |scope| {
        let started = start(scope, of_all);
        if started {
            turns.into_iter().flatten().all(each_of);
        }
        started
    });
    let left = shared.turns.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(Turns { tasks, .. }) = left.filter(|_| !started) {
        one_by_one(tasks, shared.work, each);
    }
}

/// Starts a thread; whether there is room for it.
fn start<'s, S, T, R, I, W>(scope: &'s Scope<'s, '_>, shared: &'s Shared<I, R, W>) -> bool
where
    S: Default,
    R: Send,
    I: Iterator<Item = T> + Send,
    W: Fn(&mut S, T, &mut dyn FnMut(R) -> bool) + Sync,
{
    if shared.started.fetch_add(1, Ordering::Relaxed) >= shared.most {
        return false;
    }
    let thread = move || {
        let mut state = S::default();
        let mut is_last = true;
        loop {
            let mut turns = shared.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let Some((task, results)) = turns.as_mut().and_then(Turns::take) else {
                // There is no more, so that whoever waits for the next turn ends as well.
                *turns = None;
                break;
            };
            drop(turns);
            if mem::take(&mut is_last) {
                start(scope, shared);
            }
            (shared.work)(&mut state, task, &mut |result| results.send(result).is_ok());
        }
    };
    thread::Builder::new().spawn_scoped(scope, thread).is_ok()
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
