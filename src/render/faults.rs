//! What a report says that is neither of memory nor of stacks: OOM killings, devices, panics of Rust.

use std::fmt::{self, Formatter, Write};

use crate::facts::detail::Detail;
use crate::facts::oom::{Oom, Victim};
use crate::report::Report;

use super::{Plain, View};

/// Rows of the OOM killer's tables that are shown unless all are wanted: the largest.
const FOLDED_TASKS: usize = 4;

/// What `die()` says, and what the kernel says in a name and a value; values of nought only if all are wanted.
pub(super) fn details(f: &mut Formatter<'_>, view: &View<'_>, report: &Report<'_>) -> fmt::Result {
    if let Some(oops) = report.oops() {
        // Of which address, the rows of the memory say.
        let words = oops.what.and_then(|what| what.split(|&b| b == b',').next());
        let mut parts: Vec<String> = words.map(|words| Plain(words).to_string()).into_iter().collect();
        parts.extend(oops.code.map(|code| format!("code {code:#x}")));
        parts.extend(oops.signal.map(|signal| format!("signal {signal}")));
        // `Oops [#1]` of riscv says nothing more.
        let words = if parts == ["Oops"] { String::new() } else { format!(": {}", parts.join(", ")) };
        view.row(f, "oops", format_args!("#{}{words}", oops.number))?;
    }
    match report.repeats() {
        0 => {}
        1 => view.row(f, "repeats", "printing it has faulted once more")?,
        times => view.row(f, "repeats", format_args!("printing it has faulted {times} times more"))?,
    }
    let is_nought = |detail: &Detail<'_>| {
        let digits = detail.value.strip_prefix(b"0x").unwrap_or(detail.value);
        digits.iter().all(|&b| b == b'0')
    };
    let details = report.details();
    // The sentence of a stall has them.
    let sentence = report.says();
    let told = |detail: &Detail<'_>| {
        let word = [detail.name.as_bytes(), b"=", detail.value].concat();
        sentence.iter().any(|line| memchr::memmem::find(line, &word).is_some())
    };
    let shown = details.iter().filter(|detail| view.full || !is_nought(detail) && !told(detail));
    let parts: Vec<String> =
        shown.map(|detail| format!("{} {}", Plain(detail.name.as_bytes()), Plain(detail.value))).collect();
    if parts.is_empty() { Ok(()) } else { view.row(f, "details", parts.join(", ")) }
}

/// Where code in Rust panicked.
pub(super) fn rust(f: &mut Formatter<'_>, view: &View<'_>, report: &Report<'_>) -> fmt::Result {
    let Some(panic) = report.rust_panic() else { return Ok(()) };
    let mut place = format!("{}:{}", Plain(panic.at.file.as_bytes()), panic.at.line);
    panic.at.column.map_or(Ok(()), |column| write!(place, ":{column}"))?;
    view.row(f, "place", place)
}

/// Whom the OOM killer killed, and why.
pub(super) fn oom(f: &mut Formatter<'_>, view: &View<'_>, report: &Report<'_>) -> fmt::Result {
    let Some(oom) = report.oom() else { return Ok(()) };
    if oom.victims.is_empty() {
        view.row(f, "killed", "nothing")?;
    }
    for victim in &oom.victims {
        view.row(f, "killed", self::victim(victim))?;
    }
    if let Some(why) = why(&oom) {
        view.row(f, "why", why)?;
    }
    if let Some(memcg) = oom.task_memcg.filter(|memcg| Some(*memcg) != oom.memcg) {
        view.row(f, "of group", Plain(memcg))?;
    }
    let rss =
        |values: &[(&str, i64)]| values.iter().find(|(name, _)| *name == "rss").map(|(_, pages)| *pages);
    let mut largest: Vec<_> = oom.tasks.iter().filter_map(|task| Some((rss(&task.values)?, task))).collect();
    largest.sort_by_key(|(pages, _)| std::cmp::Reverse(*pages));
    let shown = if view.full { largest.len() } else { FOLDED_TASKS };
    for (pages, task) in largest.into_iter().take(shown) {
        view.row(f, "rss", format_args!("{} (pid {}): {pages} pages", Plain(task.comm), task.pid))?;
    }
    Ok(())
}

fn victim(victim: &Victim<'_>) -> String {
    let mut text = format!("{} (pid {})", Plain(victim.comm), victim.pid);
    if let Some(uid) = victim.uid {
        text += &format!(", uid {uid}");
    }
    let sizes = [
        ("anon-rss", victim.anon_rss),
        ("file-rss", victim.file_rss),
        ("shmem-rss", victim.shmem_rss),
        ("total-vm", victim.total_vm),
    ];
    for (name, kilobytes) in sizes.into_iter().filter_map(|(name, size)| Some((name, size?))) {
        text += &format!(", {name} {kilobytes} kB");
    }
    if let Some(adjusted) = victim.oom_score_adj.filter(|adjusted| *adjusted != 0) {
        text += &format!(", oom_score_adj {adjusted}");
    }
    text
}

/// What was short, and who asked.
fn why(oom: &Oom<'_>) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(oom.by_sysrq.then(|| "asked for by sysrq-f".to_string()));
    parts.extend(oom.constraint.map(|constraint| Plain(constraint.as_bytes()).to_string()));
    if let Some(memcg) = oom.memcg {
        parts.push(format!("limit of {}", Plain(memcg)));
    }
    for usage in oom.usage.iter().filter(|usage| usage.what == "memory") {
        let limit = usage.limit.map_or(String::new(), |limit| format!(" of {limit}"));
        parts.push(format!("{}{limit} kB used", usage.usage));
    }
    if let Some(request) = oom.request {
        let order = request.order.map_or(String::new(), |order| format!(", order {order}"));
        parts.push(format!("{} asked with {}{order}", Plain(request.comm), Plain(request.gfp_mask)));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Which device, and what its driver says.
pub(super) fn device(f: &mut Formatter<'_>, view: &View<'_>, report: &Report<'_>) -> fmt::Result {
    let Some(fault) = report.device_fault() else { return Ok(()) };
    let mut parts: Vec<String> = Vec::new();
    parts.extend(fault.driver.map(|driver| Plain(driver.as_bytes()).to_string()));
    parts.extend(fault.address.map(|address| Plain(address.as_bytes()).to_string()));
    parts.extend(fault.name.map(|name| Plain(name).to_string()));
    parts.extend(fault.ring.map(|ring| format!("ring {}", Plain(ring.as_bytes()))));
    if !parts.is_empty() {
        view.row(f, "device", parts.join(" "))?;
    }
    fault.detail.map_or(Ok(()), |detail| view.row(f, "fault", Plain(detail)))
}
