//! OOM killings, faults of devices and panics of Rust in JSON.

use serde::Serialize;

use crate::facts::device::DeviceFault;
use crate::facts::message::RustPanic;
use crate::facts::oom::{Oom, OomTask, Request, Usage, Victim, Zone};

use super::{Named, Text, WireTask};

#[derive(Serialize)]
pub(super) struct WireRust<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<'a>>,
    file: &'a str,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

pub(super) fn rust(panic: RustPanic<'_>) -> WireRust<'_> {
    let RustPanic { message, at } = panic;
    WireRust { message: message.map(Text), file: at.file, line: at.line, column: at.column }
}

#[derive(Serialize)]
pub(super) struct WireDevice<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    driver: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ring: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<WireTask<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Text<'a>>,
}

pub(super) fn device(fault: DeviceFault<'_>) -> WireDevice<'_> {
    WireDevice {
        driver: fault.driver,
        address: fault.address,
        name: fault.name.map(Text),
        code: fault.code,
        ring: fault.ring,
        severity: fault.severity,
        task: fault.task.map(|(comm, pid)| WireTask { comm: Text(comm), pid, uid: None }),
        detail: fault.detail.map(Text),
    }
}

#[derive(Serialize)]
pub(super) struct WireOom<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<WireRequest<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    by_sysrq: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    constraint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memcg: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_memcg: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    usage: Vec<WireUsage<'a>>,
    victims: Vec<WireVictim<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<WireOomTask<'a>>,
    #[serde(skip_serializing_if = "Named::is_empty")]
    memory: Named<'a, i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    zones: Vec<WireZone<'a>>,
}

#[derive(Serialize)]
struct WireRequest<'a> {
    comm: Text<'a>,
    gfp_mask: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oom_score_adj: Option<i64>,
}

#[derive(Serialize)]
struct WireUsage<'a> {
    what: &'a str,
    usage: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failcnt: Option<u64>,
}

#[derive(Serialize)]
struct WireVictim<'a> {
    comm: Text<'a>,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_vm: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anon_rss: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_rss: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shmem_rss: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pgtables: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oom_score_adj: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u64>,
}

#[derive(Serialize)]
struct WireOomTask<'a> {
    comm: Text<'a>,
    pid: u32,
    values: Named<'a, i64>,
}

#[derive(Serialize)]
struct WireZone<'a> {
    name: Text<'a>,
    values: Named<'a, i64>,
}

pub(super) fn oom(oom: Oom<'_>) -> WireOom<'_> {
    WireOom {
        request: oom.request.map(request),
        by_sysrq: oom.by_sysrq,
        constraint: oom.constraint,
        global: oom.global,
        memcg: oom.memcg.map(Text),
        task_memcg: oom.task_memcg.map(Text),
        usage: oom.usage.into_iter().map(usage).collect(),
        victims: oom.victims.into_iter().map(victim).collect(),
        tasks: oom.tasks.into_iter().map(task).collect(),
        memory: Named(oom.memory),
        zones: oom.zones.into_iter().map(zone).collect(),
    }
}

fn request(request: Request<'_>) -> WireRequest<'_> {
    let Request { comm, gfp_mask, order, oom_score_adj } = request;
    WireRequest { comm: Text(comm), gfp_mask: Text(gfp_mask), order, oom_score_adj }
}

fn usage(usage: Usage<'_>) -> WireUsage<'_> {
    let Usage { what, usage, limit, failcnt } = usage;
    WireUsage { what, usage, limit, failcnt }
}

fn victim(victim: Victim<'_>) -> WireVictim<'_> {
    WireVictim {
        comm: Text(victim.comm),
        pid: victim.pid,
        uid: victim.uid,
        total_vm: victim.total_vm,
        anon_rss: victim.anon_rss,
        file_rss: victim.file_rss,
        shmem_rss: victim.shmem_rss,
        pgtables: victim.pgtables,
        oom_score_adj: victim.oom_score_adj,
        score: victim.score,
    }
}

fn task(task: OomTask<'_>) -> WireOomTask<'_> {
    WireOomTask { comm: Text(task.comm), pid: task.pid, values: Named(task.values) }
}

fn zone(zone: Zone<'_>) -> WireZone<'_> {
    WireZone { name: Text(zone.name), values: Named(zone.values) }
}
