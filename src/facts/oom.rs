//! What the OOM killer says: why memory was short, who was killed, and its tables. `mm/oom_kill.c`.

use crate::text;

mod tables;

pub use tables::{OomTask, Zone};

/// The report of an OOM killing, or of a panic in its place.
///
/// ```text
/// demo invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
/// memory: usage 102400kB, limit 102400kB, failcnt 34
/// [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
/// [    905]     0   905    26214    25398   249856        0             0 demo
/// oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/demo.slice,task_memcg=/demo.slice,task=demo,pid=905,uid=0
/// Memory cgroup out of memory: Killed process 905 (demo) total-vm:104856kB, anon-rss:101592kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:244kB oom_score_adj:0
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Oom<'a> {
    /// The allocation that failed; `None` where only the killing is left.
    pub request: Option<Request<'a>>,
    /// Whether somebody asked for the killing (sysrq-f: `moom_callback` in `drivers/tty/sysrq.c`), and memory may not have
    /// been short. `order=-1` says so, since Linux 4.2; before that the worker does.
    pub by_sysrq: bool,
    /// `CONSTRAINT_NONE`, `CONSTRAINT_CPUSET`, `CONSTRAINT_MEMORY_POLICY`, `CONSTRAINT_MEMCG`; since Linux 5.0.
    pub constraint: Option<&'a str>,
    /// Whether the whole machine was short of memory, not a control group.
    pub global: Option<bool>,
    /// The control group whose limit was hit.
    pub memcg: Option<&'a [u8]>,
    /// The control group of the victim.
    pub task_memcg: Option<&'a [u8]>,
    /// What the control group used and was allowed.
    pub usage: Vec<Usage<'a>>,
    /// Who was killed: mostly one; none where the kernel panics instead.
    pub victims: Vec<Victim<'a>>,
    /// The tasks that could have been killed.
    pub tasks: Vec<OomTask<'a>>,
    /// Numbers of pages by their use, of the machine: `active_anon:506 inactive_anon:48178` below `Mem-Info:`.
    pub memory: Vec<(&'a str, i64)>,
    /// Nodes and zones of the machine's memory.
    pub zones: Vec<Zone<'a>>,
}

/// The allocation that memory was short for: `dump_header`.
///
/// ```text
/// tail invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), order=0, oom_score_adj=0
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request<'a> {
    /// Name of the task that allocated.
    pub comm: &'a [u8],
    /// `GFP_*` flags by their names; by their number before Linux 4.6.
    pub gfp_mask: &'a [u8],
    /// The allocation was of 2 to the power of this many pages; -1 where a person asked for a killing (sysrq-f).
    pub order: Option<i64>,
    /// Adjustment of the task's own badness.
    pub oom_score_adj: Option<i64>,
}

/// What a control group used: `mem_cgroup_print_oom_meminfo` in `mm/memcontrol.c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage<'a> {
    /// `memory`, `swap`, `memory+swap` or `kmem`.
    pub what: &'a str,
    /// Used, in kB.
    pub usage: u64,
    /// Allowed, in kB; `None` where the line is cut.
    pub limit: Option<u64>,
    /// How often the limit was hit.
    pub failcnt: Option<u64>,
}

/// A killed process: `__oom_kill_process`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Victim<'a> {
    /// Name of the task.
    pub comm: &'a [u8],
    /// Process ID.
    pub pid: u32,
    /// User ID; since Linux 5.0.
    pub uid: Option<u64>,
    /// Address space in kB.
    pub total_vm: Option<u64>,
    /// Resident anonymous memory in kB.
    pub anon_rss: Option<u64>,
    /// Resident memory of files in kB.
    pub file_rss: Option<u64>,
    /// Resident shared memory in kB; since Linux 4.5.
    pub shmem_rss: Option<u64>,
    /// Page tables in kB; since Linux 5.4.
    pub pgtables: Option<u64>,
    /// Adjustment of its badness; since Linux 5.4.
    pub oom_score_adj: Option<i64>,
    /// Its badness, of 1000; up to Linux 4.20.
    pub score: Option<u64>,
}

impl<'a> Oom<'a> {
    /// Reads the lines of a report.
    pub fn read(bodies: impl IntoIterator<Item = &'a [u8]>) -> Oom<'a> {
        let mut oom = Oom::default();
        let mut tables = tables::Reader::default();
        for body in bodies {
            let line = text::skip_blanks(body).trim_ascii_end();
            oom.by_sysrq |= text::contains(line, "moom_callback");
            let _ = tables.take(line, &mut oom) || oom.kill(line) || oom.why(line) || oom.usage(line);
        }
        oom.by_sysrq |= oom.request.is_some_and(|request| request.order == Some(-1));
        oom
    }

    /// `Out of memory: Killed process 905 (demo) total-vm:…`, `Killed process 905 (demo) total-vm:…`,
    /// `Out of memory: Kill process 905 (demo) score 912 or sacrifice child`.
    fn kill(&mut self, line: &'a [u8]) -> bool {
        let Some(at) = text::find(line, "process ").filter(|_| !line.starts_with(b"oom_reaper")) else {
            return false;
        };
        let Some((before, rest)) = line.split_at_checked(at) else { return false };
        let global = match before {
            b"Out of memory: Killed " | b"Out of memory: Kill " | b"Out of Memory: Kill " => Some(true),
            b"Memory cgroup out of memory: Killed " | b"Memory cgroup out of memory: Kill " => Some(false),
            b"Killed " => None,
            _ => return false,
        };
        let Some(victim) = victim(rest) else { return false };
        self.global = self.global.or(global);
        match self.victims.iter_mut().find(|known| known.pid == victim.pid) {
            // What `oom-kill:` or the line with the score says of the same one.
            Some(known) => {
                *known =
                    Victim { uid: victim.uid.or(known.uid), score: victim.score.or(known.score), ..victim }
            }
            None => self.victims.push(victim),
        }
        true
    }

    /// Why: the allocation, and since Linux 5.0 a line for programs, `oom-kill:constraint=CONSTRAINT_MEMCG,…`.
    fn why(&mut self, line: &'a [u8]) -> bool {
        if let Some(rest) = line.strip_prefix(b"oom-kill:") {
            self.summary(rest);
            return true;
        }
        if let Some(rest) = line.strip_prefix(b"Task in ") {
            // mem_cgroup_print_oom_info, up to Linux 4.20: "Task in /a/b killed as a result of limit of /a"
            const MIDDLE: &str = " killed as a result of limit of ";
            let Some(at) = text::find(rest, MIDDLE) else { return false };
            self.task_memcg = rest.get(..at);
            self.memcg = rest.get(at + MIDDLE.len()..);
            self.global = Some(false);
            return true;
        }
        let Some(at) = text::find(line, " invoked oom-killer: ").filter(|_| self.request.is_none()) else {
            return false;
        };
        let mask = text::after(line, "gfp_mask=").unwrap_or_default();
        let (number, names) = text::take(mask, |b| !matches!(b, b',' | b'('));
        let names = names.strip_prefix(b"(").map(|names| text::take(names, |b| b != b')').0);
        self.request = Some(Request {
            comm: line.get(..at).unwrap_or_default(),
            gfp_mask: names.unwrap_or(number),
            order: signed_after(line, " order="),
            oom_score_adj: signed_after(line, "oom_score_adj="),
        });
        true
    }

    /// Of a list of pairs; the names of control groups may hold anything but what comes next in it.
    fn summary(&mut self, rest: &'a [u8]) {
        let value = |name: &str, next: &[&str]| {
            let value = text::after(rest, name)?;
            let end = next.iter().filter_map(|next| text::find(value, next)).min().unwrap_or(value.len());
            value.get(..end)
        };
        self.constraint = value("constraint=", &[","]).and_then(text::ascii);
        self.global = Some(text::contains(rest, ",global_oom,"));
        self.memcg = value(",oom_memcg=", &[",task_memcg=", ",task="]);
        self.task_memcg = value(",task_memcg=", &[",task="]);
        let pid = value(",pid=", &[","])
            .and_then(|pid| text::number(pid, 10))
            .and_then(|pid| u32::try_from(pid).ok());
        let comm = value(",task=", &[",pid="]);
        if let Some((comm, pid)) = comm.zip(pid) {
            let uid = value(",uid=", &[","]).and_then(|uid| text::number(uid, 10));
            self.victims.push(Victim { comm, pid, uid, ..Victim::default() });
        }
    }

    /// `memory: usage 102400kB, limit 102400kB, failcnt 34`.
    fn usage(&mut self, line: &'a [u8]) -> bool {
        let what = ["memory", "memory+swap", "swap", "kmem"].into_iter().find_map(|what| {
            let rest = line.strip_prefix(what.as_bytes())?.strip_prefix(b": usage ")?;
            Some((what, text::dec(rest).ok()?.1))
        });
        let Some((what, usage)) = what else { return false };
        let number = |name| text::number_after(line, name);
        self.usage.push(Usage { what, usage, limit: number(" limit "), failcnt: number(" failcnt ") });
        true
    }
}

/// Reads `process 905 (demo) total-vm:104856kB, anon-rss:101592kB, …`; a name may hold brackets.
fn victim(rest: &[u8]) -> Option<Victim<'_>> {
    let (rest, pid) = text::dec_u32(rest.strip_prefix(b"process ")?).ok()?;
    // With the user between, up to Linux 4.20 in some: "Killed process 905, UID 1000, (demo) total-vm:…"
    let (rest, uid) = match rest.strip_prefix(b", UID ") {
        Some(uid) => {
            text::dec(uid).map(|(rest, uid)| (rest.strip_prefix(b",").unwrap_or(rest), Some(uid))).ok()?
        }
        None => (rest, None),
    };
    let inner = rest.strip_prefix(b" (")?;
    let ends = [") total-vm:", ") vsz:", ") score ", "), "];
    let end = ends.iter().find_map(|end| text::find(inner, end)).or_else(|| memchr::memrchr(b')', inner))?;
    let (comm, facts) = inner.split_at_checked(end)?;
    let number = |name| text::number_after(facts, name);
    Some(Victim {
        comm,
        pid,
        uid: uid.or_else(|| number("UID:")),
        total_vm: number("total-vm:").or_else(|| number("vsz:")),
        anon_rss: number("anon-rss:"),
        file_rss: number("file-rss:"),
        shmem_rss: number("shmem-rss:"),
        pgtables: number("pgtables:"),
        oom_score_adj: signed_after(facts, "oom_score_adj:"),
        score: number(") score "),
    })
}

/// The decimal number that follows `name`.
fn signed_after(line: &[u8], name: &str) -> Option<i64> {
    signed(text::after(line, name)?).map(|(_, number)| number)
}

/// A decimal number, and what follows.
fn signed(input: &[u8]) -> Option<(&[u8], i64)> {
    let digits = input.strip_prefix(b"-").unwrap_or(input);
    let (rest, number) = text::dec(digits).ok()?;
    let number = i64::try_from(number).ok()?;
    Some((rest, if digits.len() < input.len() { -number } else { number }))
}

#[cfg(test)]
mod tests;
