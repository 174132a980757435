//! What a report says in the kernel's own short words.

use super::Report;
use crate::demangle::demangle;
use crate::facts::detail::Detail;
use crate::facts::message;
use crate::facts::oops::Oops;
use crate::facts::place::Place;
use crate::facts::task::{IdleCpu, Task};
use crate::formats::says::{Banner, SAYS, Says};
use crate::formats::{fault, noise, warning};
use crate::line::Line;
use crate::text;

/// Whether a row of the table is about a report with this banner.
fn fits(row: &Says, banner: &[u8]) -> bool {
    match row.banner {
        Banner::Begins(words) => text::begins(banner, words),
        Banner::Has(words) => text::contains(banner, words),
    }
}

/// The first line that has the words, and so many in all.
fn told<'a>(lines: impl Iterator<Item = &'a [u8]>, words: &str, many: usize) -> Option<Vec<&'a [u8]>> {
    let has = |body: &&[u8]| match words {
        "" => !body.trim_ascii().is_empty() && !body.starts_with(b"CPU: ") && !body.starts_with(b"Call "),
        words => text::contains(body, words),
    };
    let mut lines = lines.skip_while(|body| !has(body)).map(bare);
    let first = lines.next()?;
    // Up to Linux 6.2 the region has a line of its own.
    let more = if first.ends_with(b" of") { 1 } else { many - 1 };
    Some(std::iter::once(first).chain(lines.take(more)).collect())
}

/// A line without what frames it: `[ BUG: Invalid wait context ]`, `rcu: \t(t=1500 jiffies …`.
fn bare(body: &[u8]) -> &[u8] {
    let body = body.trim_ascii();
    let body = body.strip_prefix(b"rcu:").map_or(body, <[u8]>::trim_ascii);
    let inner = body.strip_prefix(b"[ ").and_then(|inner| inner.strip_suffix(b" ]"));
    let end = || body.strip_prefix(b"---[ end ")?.strip_suffix(b" ]---");
    inner.or_else(end).unwrap_or(body)
}

/// The function that a warning's message names as what did wrong, where who warns has only called it.
pub(super) fn culprit(preamble: &[Line<'_>], lines: &[Line<'_>]) -> Option<String> {
    lines.first().filter(|banner| banner.body.starts_with(b"WARNING: "))?;
    let message = message::of_warning(lines.iter().map(|line| line.body));
    preamble.iter().map(|line| line.body).chain(message).find_map(|body| {
        let named = |(before, behind): &(&str, &str)| {
            let (rest, name) = text::symbol(text::after(body, before)?).ok()?;
            text::contains(rest, behind).then(|| demangle(name).into_owned())
        };
        warning::CULPRITS.iter().find_map(named)
    })
}

impl<'a> Report<'a> {
    /// What the failed check says in its own words, line by line: the text given to `WARN()`.
    ///
    /// Where the CPU traps for a warning it stands between `cut here` and the banner (`__warn_printk` in
    /// `kernel/panic.c`), else after the banner (`__warn`). A check that is announced with a line of its own
    /// (`list_del corruption, ffff888005d8b180->next is LIST_POISON1 (dead000000000100)`) has that line.
    pub fn message(&self) -> Vec<&'a [u8]> {
        let preamble = self.preamble().iter().map(|line| line.body);
        let cut = preamble.skip_while(|body| !text::contains(body, noise::CUT_HERE)).skip(1);
        let before: Vec<&[u8]> = cut.filter_map(message::line).collect();
        // Behind a `cut here` whose check was lost stand lines of anybody.
        let checks = self.incident.banner.line.body.starts_with(b"WARNING: ");
        if checks && !before.is_empty() && before.len() <= message::LINES {
            return before;
        }
        let is_reason =
            |body: &&[u8]| noise::BUG_MESSAGES.iter().any(|start| body.starts_with(start.as_bytes()));
        if let Some(reason) = self.preamble().iter().map(|line| line.body).find(is_reason) {
            return message::line(reason).into_iter().collect();
        }
        // What a failed check is announced with may be a report of its own: `refcount_t: underflow; use-after-free.`
        let other = |body: &&[u8]| text::contains(body, noise::CUT_HERE) || text::contains(body, " [inline]");
        let announced = self.bodies().take(self.incident.headline.0).filter(|body| !other(body));
        let announced: Vec<&[u8]> = announced.filter_map(message::line).collect();
        if !announced.is_empty() {
            return announced;
        }
        let warning = message::of_warning(self.bodies());
        if warning.is_empty() { message::of_assertion(self.bodies()) } else { warning }
    }

    /// The lines in which the kernel says what is wrong: of a check its message ([`Report::message`]), of code in Rust that
    /// panicked what it says, of some reports a line below the banner (`The buggy address is located 56 bytes inside of`,
    /// and the region; `lock.c:188 suspicious rcu_dereference_check() usage!`; `Out of memory: Killed process 96 (tail) …`),
    /// else the banner's text.
    pub fn says(&self) -> Vec<&'a [u8]> {
        self.says_beside(self.message())
    }

    /// The same, given the message.
    pub(crate) fn says_beside(&self, message: Vec<&'a [u8]>) -> Vec<&'a [u8]> {
        if !message.is_empty() {
            return message;
        }
        if let Some(message) = self.rust_panic().and_then(|panic| panic.message) {
            return vec![message];
        }
        let headline = self.incident.headline.0;
        let Some(banner) = self.bodies().nth(headline).or_else(|| self.bodies().next()) else {
            return Vec::new();
        };
        let found = SAYS.iter().filter(|row| fits(row, banner)).find_map(|row| {
            // Since Linux 7.0 SLUB says it before its banner.
            let before = self.preamble().iter().map(|line| line.body);
            let lines = before.chain(self.bodies().skip(headline + 1).take(row.within));
            row.lines.iter().find_map(|(words, many)| Some((row, told(lines.clone(), words, *many)?)))
        });
        match found {
            Some((row, said)) if row.with_banner => [&[bare(banner)], said.as_slice()].concat(),
            Some((_, said)) => said,
            None => vec![bare(banner)],
        }
    }

    /// Lines that name a place in the code and are of no stack:
    /// `hardirqs last disabled at (31856): [<ffffffffb0241867>] common_interrupt+0x17/0xf0`
    pub fn places(&self) -> Vec<Place<'a>> {
        self.bodies().filter_map(Place::parse).collect()
    }

    /// What `die()` says: `Internal error: synchronous external abort: 0000000096000010 [#1]  SMP`
    pub fn oops(&self) -> Option<Oops<'a>> {
        self.bodies().find_map(Oops::parse)
    }

    /// What the kernel says in a name and a value, in the order of the log: the fault registers of arm64 in
    /// `ESR = 0x0000000096000021`, the stacks of an overflow, `TEID` of s390, how long a stall has lasted, which pages
    /// were asked for. Of two values of a name the first counts.
    pub fn details(&self) -> Vec<Detail<'a>> {
        let preamble = self.preamble().iter().map(|line| line.body);
        Detail::read(preamble.chain(self.bodies()))
    }

    /// The header that names the kernel: the crashed task's, else any in the report. A dump that somebody asked for has
    /// only those of the CPUs.
    pub fn kernel_header(&self) -> Option<Task<'a>> {
        self.kernel_header_of(self.task())
    }

    /// The same, given the crashed task.
    pub(crate) fn kernel_header_of(&self, task: Option<Task<'a>>) -> Option<Task<'a>> {
        let any = || self.bodies().filter_map(Task::parse).find(|task| task.kernel.is_some());
        task.filter(|task| task.kernel.is_some()).or_else(any)
    }

    /// Whether a crash kernel took over where the crash would have stopped the machine (`crash_kexec` in
    /// `kernel/crash_core.c`): the header says that one is loaded, since Linux 4.16, and right behind the panic, or an oops
    /// that has not come to its end, a kernel begins. Such an oops was fatal although no `Kernel panic` says so.
    ///
    /// ```text
    /// CPU: 0 UID: 0 PID: 114 Comm: hostname Kdump: loaded Not tainted 7.2.13+deb14-amd64 #1 PREEMPT(lazy)
    /// CR2: 0000000000000000
    /// [    0.000000] Linux version 7.2.13+deb14-amd64 …
    /// ```
    pub fn crash_kernel(&self) -> bool {
        let over = |body: &[u8]| body.starts_with(b"---[ end ") || body.starts_with(b"Rebooting in ");
        let dies = || self.panicked() || self.oops().is_some();
        self.incident.booted
            && self.bodies().filter_map(Task::parse).any(|task| task.kdump)
            && dies()
            && !self.lines().last().is_some_and(|line| over(line.body))
            && (self.panicked() || !self.bodies().any(over))
    }

    /// CPUs that were asked for their stacks and idled: `NMI backtrace for cpu 1 skipped: idling at default_idle+0x9/0x20`
    pub fn idle_cpus(&self) -> Vec<IdleCpu<'a>> {
        self.bodies().filter_map(IdleCpu::parse).collect()
    }

    /// How often printing the fault has faulted again: powerpc prints the head of a report on the stack that it faults on,
    /// and where that is overrun nothing but heads, for ever (`bad_page_fault` in `arch/powerpc/mm/fault.c`).
    ///
    /// ```text
    /// BUG: Kernel NULL pointer dereference on read at 0x00000000
    /// Faulting instruction address: 0xc000000000148df8
    /// BUG: Kernel NULL pointer dereference on read at 0x00000000
    /// Faulting instruction address: 0xc000000000148df8
    /// ```
    pub fn repeats(&self) -> usize {
        let is_head = |body: &&[u8]| fault::FAULTS_AGAIN.iter().any(|start| text::begins(body, start));
        self.bodies().filter(is_head).count().saturating_sub(1)
    }
}
