//! Held and wanted locks: `print_lock` in `kernel/locking/lockdep.c`.

use crate::facts::frame::Frame;
use crate::facts::task::comm_and_pid;
use crate::text;

mod scenario;

pub use scenario::{LockAction, LockStep};

/// One lock of a list, or one that lockdep names in a report.
///
/// ```text
///  #0: ffffffffc0016508 (cm_hang_outer){+.+.}-{3:3}, at: hang_owner+0xe/0x30 [crashme]
///  #1:  (&ldata->atomic_read_lock){+.+.+.}, at: [<ffffffff82b6ed0b>] n_tty_read+0x1fb/0x17a0
/// ffffffffc0146dc8 (cm_lock_a){+.+.}-{3:3}, at: abba+0x2f/0x50 [crashme]
///  #0: <RELEASED>
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldLock<'a> {
    /// Place in the list, the first lock taken is 0; `None` for a lock outside a list.
    pub depth: Option<u32>,
    /// Address of the lock; `None` before Linux 4.15 and if it is not printed.
    pub address: Option<u64>,
    /// Class with what follows its name: `&p->lock#2`, `slock-AF_INET/1`, `(wq_completion)"events"`.
    /// Empty for a released lock.
    pub class: &'a [u8],
    /// In which contexts the class was taken, `get_usage_chars`: `+.+.`; six characters before Linux 4.15.
    pub usage: &'a [u8],
    /// Kind of waiting outside and inside, `enum lockdep_wait_type`: `3:3`; `None` before Linux 5.7.
    pub wait_type: Option<&'a [u8]>,
    /// Where the lock was taken; `None` if the line is cut.
    pub at: Option<Frame<'a>>,
    /// Whether the lock was released while the list was printed.
    pub released: bool,
}

impl<'a> HeldLock<'a> {
    /// Reads the line of a lock, with or without its place in a list; `None` if the line is something else.
    pub fn parse(body: &'a [u8]) -> Option<HeldLock<'a>> {
        let body = text::skip_blanks(body);
        let (body, depth) = match body.strip_prefix(b"#") {
            Some(rest) => {
                let (rest, depth) = text::dec_u32(rest).ok()?;
                (text::skip_blanks(rest.strip_prefix(b":")?), Some(depth))
            }
            None => (body, None),
        };
        if depth.is_some() && body.starts_with(b"<RELEASED>") {
            let (class, usage) = (&b""[..], &b""[..]);
            return Some(HeldLock {
                depth,
                address: None,
                class,
                usage,
                wait_type: None,
                at: None,
                released: true,
            });
        }
        let (digits, rest) = text::take(body, |b| b.is_ascii_hexdigit());
        let rest = rest.strip_prefix(b"(____ptrval____)").unwrap_or(rest);
        let name = text::skip_blanks(rest).strip_prefix(b"(")?;
        let (class, rest) = class(name)?;
        let (usage, rest) = text::take(rest, |b| b != b'}');
        let rest = rest.strip_prefix(b"}")?;
        let (wait_type, rest) = match rest.strip_prefix(b"-{") {
            Some(inner) => {
                let (kind, rest) = text::take(inner, |b| b.is_ascii_digit() || b == b':');
                (Some(kind), rest.strip_prefix(b"}").unwrap_or(rest))
            }
            None => (None, rest),
        };
        let at = rest.strip_prefix(b", at: ");
        if depth.is_none() && at.is_none() {
            // `-> #1 (&x){+.+.}-{3:3}:` and the like name a class, not a lock.
            return None;
        }
        let (address, at) = (text::number(digits, 16), at.and_then(taken_at));
        Some(HeldLock { depth, address, class, usage, wait_type, at, released: false })
    }

    /// Whether `other` is the same lock, printed again by a symbolizer for an inlined function.
    fn is(&self, other: &HeldLock<'_>) -> bool {
        self.depth == other.depth && self.address == other.address && self.class == other.class
    }
}

/// Splits `(wq_completion)"events"){+.+.}-…` into the class and what follows its `){`.
/// A class may hold any brackets, but no mark of usage.
fn class(input: &[u8]) -> Option<(&[u8], &[u8])> {
    memchr::memmem::find_iter(input, b"){").find_map(|at| {
        let rest = input.get(at + 2..)?;
        let (usage, close) = text::take(rest, |b| b"+-.?".contains(&b));
        let whole = !usage.is_empty() && close.starts_with(b"}");
        whole.then_some((input.get(..at)?, rest))
    })
}

/// The name in `(&x->lock){+.+.}-{3:3}`, with which a line begins.
pub(crate) fn class_name(body: &[u8]) -> Option<&[u8]> {
    class(body.strip_prefix(b"(")?).map(|(name, _)| name)
}

/// Reads what follows `at:`: a symbol, an inlined function of a symbolized log, or a bare address.
fn taken_at(input: &[u8]) -> Option<Frame<'_>> {
    match Frame::parse_symbol(input) {
        Ok((_, frame)) => Some(frame),
        Err(_) => Frame::parse(input),
    }
}

/// The locks that one task holds: `lockdep_print_held_locks` in `kernel/locking/lockdep.c`.
///
/// ```text
/// 2 locks held by cm_waiter/0/42:
///  #0: ffffffffc0016390 (cm_hang_sem){++++}-{3:3}, at: hang_waiter+0xc/0x40 [crashme]
/// no locks held by init/40.
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldLocks<'a> {
    /// Index of the heading among the lines given to [`HeldLocks::read`].
    pub line: usize,
    /// Name of the task; it may hold slashes.
    pub comm: &'a [u8],
    /// Thread ID.
    pub pid: u32,
    /// How many locks the heading counts.
    pub count: u32,
    /// The locks, the first one taken first. Fewer than `count` if lines are lost, and none at all for a task that
    /// runs on another CPU.
    pub locks: Vec<HeldLock<'a>>,
}

impl<'a> HeldLocks<'a> {
    /// All lists of held locks in the lines of a report. Lines of others may stand between those of a list.
    pub fn read(bodies: impl IntoIterator<Item = &'a [u8]>) -> Vec<HeldLocks<'a>> {
        let mut lists: Vec<HeldLocks<'a>> = Vec::new();
        for (line, body) in bodies.into_iter().enumerate() {
            let body = text::skip_blanks(body);
            if body.starts_with(b"#") {
                if let (Some(list), Some(lock)) = (lists.last_mut(), HeldLock::parse(body)) {
                    list.push(lock);
                }
            } else if let Some((count, comm, pid)) = heading(body) {
                lists.push(HeldLocks { line, comm, pid, count, locks: Vec::new() });
            }
        }
        lists
    }

    fn push(&mut self, lock: HeldLock<'a>) {
        match self.locks.last_mut() {
            Some(last) if last.is(&lock) => last.at = lock.at.or(last.at),
            Some(last) if last.depth >= lock.depth => {}
            _ if lock.depth < Some(self.count) => self.locks.push(lock),
            _ => {}
        }
    }
}

/// Reads `2 locks held by cm_waiter/0/42:`, `1 lock held by …:`, `no locks held by init/40.`
fn heading(body: &[u8]) -> Option<(u32, &[u8], u32)> {
    let (count, rest) = match body.strip_prefix(b"no") {
        Some(rest) => (0, rest),
        None => text::dec_u32(body).map(|(rest, n)| (n, rest)).ok()?,
    };
    let rest =
        [&b" locks held by "[..], b" lock held by "].iter().find_map(|words| rest.strip_prefix(*words))?;
    let task = rest.trim_ascii_end();
    let (comm, pid) =
        comm_and_pid(task.strip_suffix(b":").or(task.strip_suffix(b".")).unwrap_or(task), b'/')?;
    Some((count, comm, pid))
}

/// What a task was about to do when lockdep stopped it: `print_circular_bug_header`, `print_deadlock_bug`,
/// `print_bad_irq_dependency`, `print_usage_bug`, `print_irq_inversion_bug` and `print_unlock_imbalance_bug` in `kernel/locking/lockdep.c`.
///
/// ```text
/// init/40 is trying to acquire lock:
/// ffffffffc0146dc8 (cm_lock_a){+.+.}-{3:3}, at: abba+0x2f/0x50 [crashme]
///
/// but task is already holding lock:
/// ffffffffc0146d20 (cm_lock_b){+.+.}-{3:3}, at: abba+0x26/0x50 [crashme]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockAttempt<'a> {
    /// Name of the task.
    pub comm: &'a [u8],
    /// Thread ID.
    pub pid: u32,
    /// The lock that it wants, or wants to release; `None` if its line is lost.
    pub wanted: Option<HeldLock<'a>>,
    /// The lock that it holds already; `None` in reports about one lock.
    pub held: Option<HeldLock<'a>>,
    /// Whether it wants to release the lock: `init/40 is trying to release lock (cm_lock_a) at:`.
    pub releases: bool,
}

impl<'a> LockAttempt<'a> {
    /// The first such pair in the lines of a report.
    pub fn read(bodies: impl IntoIterator<Item = &'a [u8]>) -> Option<LockAttempt<'a>> {
        let mut attempt: Option<LockAttempt<'a>> = None;
        let mut holding = false;
        for body in bodies {
            match &mut attempt {
                None => attempt = attempting(body),
                Some(_) if is_holding(body) => holding = true,
                Some(LockAttempt { wanted: Some(lock), .. })
                    if lock.usage.is_empty() && lock.at.is_none() =>
                {
                    lock.at = Frame::parse(body);
                }
                Some(attempt) => {
                    let Some(lock) = HeldLock::parse(body).filter(|lock| lock.depth.is_none()) else {
                        continue;
                    };
                    let place = if holding { &mut attempt.held } else { &mut attempt.wanted };
                    match place {
                        Some(old) if !old.is(&lock) => break,
                        Some(old) => old.at = lock.at.or(old.at),
                        None => *place = Some(lock),
                    }
                }
            }
        }
        attempt
    }
}

/// Reads `init/40 is trying to acquire lock:`, `init/41 [HC0[0]:SC0[0]:HE0:SE1] is trying to acquire:`,
/// `swapper/0/0 [HC1[1]:SC0[0]:HE0:SE1] takes:`, `demo/7 just changed the state of lock:`.
fn attempting(body: &[u8]) -> Option<LockAttempt<'_>> {
    let changes = [&b" takes:"[..], b" just changed the state of lock:"];
    let end = changes.iter().find_map(|change| body.trim_ascii_end().strip_suffix(*change));
    let at = end.map(<[u8]>::len).or_else(|| text::find(body, " is trying to "))?;
    let task = text::skip_blanks(body.get(..at)?);
    let task = match memchr::memmem::rfind(task, b" [HC") {
        Some(at) => task.get(..at)?,
        None => task,
    };
    let (comm, pid) = comm_and_pid(task, b'/')?;
    let releases = text::contains(body, " is trying to release");
    Some(LockAttempt { comm, pid, wanted: named(body), held: None, releases })
}

/// The lock that the line itself names: `demo/7 is trying to release lock (&x->lock) at:`. The next line says where.
fn named(body: &[u8]) -> Option<HeldLock<'_>> {
    let rest = text::after(body, " lock (")?;
    let class = rest.get(..text::find(rest, ") at:")?)?;
    let usage = &b""[..];
    Some(HeldLock { depth: None, address: None, class, usage, wait_type: None, at: None, released: false })
}

fn is_holding(body: &[u8]) -> bool {
    text::contains(body, "task is already holding")
}

#[cfg(test)]
mod tests;
