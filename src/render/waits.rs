//! Who waits for whom, in sentences.

use std::fmt::{self, Display, Formatter, Write};

use crate::waits::{LockWait, Told, Waits, Who};

use super::Plain;

/// Holders of one lock, and tasks of one circle, that are named.
const HOLDERS: usize = 8;
const CIRCLE: usize = 16;

struct Named<'w>(&'w Who);

impl Display for Named<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", Plain(self.0.comm.as_bytes()), self.0.pid)
    }
}

/// `cm_waiter/0 (pid 42) waits for cm_hang_inner, held by cm_owner (pid 41)`: a line for each task, then the circles, and
/// the tasks to look at.
impl Display for Waits {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        lines(self, f, |_| true)
    }
}

impl Waits {
    /// The lines of its text that have not been given before: of the waits of a thousand tasks, each of whose reports adds
    /// one, each is told once, and once more where its holder becomes known.
    pub fn news(&mut self) -> String {
        let (mut text, mut new) = (String::new(), Vec::new());
        let known = &*self;
        // A text takes all that is written.
        let _ = lines(known, &mut text, |what| {
            let is_new = !known.was_told(&what);
            new.extend(is_new.then_some(what));
            is_new
        });
        self.tell(new);
        text
    }
}

/// The lines that are about something wanted.
fn lines(waits: &Waits, out: &mut impl Write, mut wanted: impl FnMut(Told) -> bool) -> fmt::Result {
    let locks = waits.locks();
    for wait in &locks {
        let holder = wait.holders.first().map(|who| who.pid);
        if wanted(Told::Wait(wait.task.pid, wait.lock.clone(), holder)) {
            lock(wait, out)?;
        }
    }
    let ends = waits.ends_of(&locks);
    let is_end = |who: &Who| ends.iter().any(|(end, ..)| end.pid == who.pid);
    for (who, function) in waits.others_than(&locks).into_iter().filter(|(who, _)| !is_end(who)) {
        if wanted(Told::Other(who.pid, function.clone())) {
            write!(out, "{} waits for no lock", Named(&who))?;
            match function {
                Some(function) => writeln!(out, ", in {}", Plain(function.as_bytes()))?,
                None => writeln!(out, " that is known")?,
            }
        }
    }
    for cycle in waits.cycles_of(&locks) {
        let Some(first) = cycle.first().filter(|first| wanted(Told::Cycle(first.pid, cycle.len()))) else {
            continue;
        };
        let name = |who: &Who| Plain(who.comm.as_bytes()).to_string();
        let mut names: Vec<String> = cycle.iter().take(CIRCLE).map(name).collect();
        if cycle.len() > CIRCLE {
            names.push(format!("{} more", cycle.len() - CIRCLE));
        }
        names.push(name(first));
        writeln!(out, "deadlock: {}", names.join(" -> "))?;
    }
    for (who, function, waiting) in &ends {
        if wanted(Told::End(who.pid, function.clone())) {
            let tasks = if *waiting == 1 { "1 task waits".into() } else { format!("{waiting} tasks wait") };
            write!(out, "look at {}: {tasks} for it, ", Named(who))?;
            match function {
                Some(function) => writeln!(out, "and it for no lock, in {}", Plain(function.as_bytes()))?,
                None => writeln!(out, "and what it does is not known")?,
            }
        }
    }
    Ok(())
}

fn lock(wait: &LockWait, out: &mut impl Write) -> fmt::Result {
    write!(out, "{} waits for {}", Named(&wait.task), Plain(wait.lock.as_bytes()))?;
    let mut holders: Vec<String> =
        wait.holders.iter().take(HOLDERS).map(|who| Named(who).to_string()).collect();
    if wait.holders.len() > HOLDERS {
        holders.push(format!("{} more", wait.holders.len() - HOLDERS));
    }
    match holders.is_empty() {
        true => writeln!(out, ", whose holder is not known"),
        false => writeln!(out, ", held by {}", holders.join(", ")),
    }
}
