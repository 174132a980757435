//! Who waits for whom, in sentences.

use std::fmt::{self, Display, Formatter};

use crate::waits::{Waits, Who};

use super::Plain;

/// Holders of one lock that are named.
const HOLDERS: usize = 8;

struct Named<'w>(&'w Who);

impl Display for Named<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", Plain(self.0.comm.as_bytes()), self.0.pid)
    }
}

/// `cm_waiter/0 (pid 42) waits for cm_hang_inner, held by cm_owner (pid 41)`: a line for each task, then the circles.
impl Display for Waits {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for wait in self.locks() {
            write!(f, "{} waits for {}", Named(&wait.task), Plain(wait.lock.as_bytes()))?;
            let mut holders: Vec<String> =
                wait.holders.iter().take(HOLDERS).map(|who| Named(who).to_string()).collect();
            if wait.holders.len() > HOLDERS {
                holders.push(format!("{} more", wait.holders.len() - HOLDERS));
            }
            match holders.is_empty() {
                true => writeln!(f, ", whose holder is not known")?,
                false => writeln!(f, ", held by {}", holders.join(", "))?,
            }
        }
        for (who, function) in self.others() {
            write!(f, "{} waits for no lock", Named(&who))?;
            match function {
                Some(function) => writeln!(f, ", in {}", Plain(function.as_bytes()))?,
                None => writeln!(f, " that is known")?,
            }
        }
        for cycle in self.cycles() {
            let names: Vec<String> =
                cycle.iter().chain(cycle.first()).map(|who| Plain(who.comm.as_bytes()).to_string()).collect();
            writeln!(f, "deadlock: {}", names.join(" -> "))?;
        }
        Ok(())
    }
}
