//! The JSON of schema 1.
//!
//! Every field but `title` and `kind` may be absent. Addresses, offsets and sizes are `"0x…"` strings, for
//! JSON's numbers hold no 64 bits. Offsets and sizes have no number beside that: who reads addresses reads these as
//! well, and the reports of `testdata/` would be longer by a tenth. Text that is not UTF-8 is given with replacement
//! characters. Fields are added, never renamed.

mod bisect;
mod fault;
mod frame;
mod hung;
mod memory;
mod named;
mod places;
mod scenario;
mod value;

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use crate::facts::frame::Calls;
use crate::facts::locks::{HeldLock, HeldLocks, LockAttempt};
use crate::facts::modules::Module;
use crate::facts::registers::Registers;
use crate::facts::trace::{StackTrace, TraceKind};
use crate::report::Report;
use crate::text;

use self::frame::{WireFrame, WireFrames, frame, place};
use self::named::Named;
use self::value::{Hex, Sources, Text, Words, hexadecimal};

pub use bisect::JsonBisection;

/// Number of the schema.
pub const SCHEMA: u32 = 1;

/// JSON Schema (draft 2020-12) of what the example `crashparse` prints with `--format json`, a document, and of a
/// line of `--format jsonl`: what [`JsonReport`] writes, or a log's path and what [`JsonBisection`] writes. Units and
/// meanings stand with the fields.
///
/// Fields that it does not know pass: a later version may have added them.
///
/// ```
/// let schema: serde_json::Value = serde_json::from_str(crashparse::ser::JSON_SCHEMA)?;
/// let time = &schema["$defs"]["report"]["properties"]["time"];
/// assert_eq!(time["description"], "Time of the banner in seconds since boot.");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub const JSON_SCHEMA: &str = include_str!("ser/schema.json");

/// A report to be written as JSON, with what only the reader of its log knows.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct JsonReport<'r, 'a> {
    report: &'r Report<'a>,
    path: Option<&'r str>,
    line: Option<u64>,
    sources: Option<&'r dyn Calls>,
    guilty_file: Option<&'r str>,
    disassembly: bool,
}

impl<'r, 'a> JsonReport<'r, 'a> {
    /// A report of a log without a name.
    pub fn new(report: &'r Report<'a>) -> JsonReport<'r, 'a> {
        JsonReport { report, path: None, line: None, sources: None, guilty_file: None, disassembly: false }
    }

    /// Adds the log's path: one report a line needs it.
    pub fn path(self, path: &'r str) -> JsonReport<'r, 'a> {
        JsonReport { path: Some(path), ..self }
    }

    /// Adds the number of the banner's line, from 1.
    pub fn line(self, line: u64) -> JsonReport<'r, 'a> {
        JsonReport { line: Some(line), ..self }
    }

    /// Adds files, lines and inlined calls to the frames.
    pub fn sources(self, sources: &'r dyn Calls) -> JsonReport<'r, 'a> {
        JsonReport { sources: Some(sources), ..self }
    }

    /// Adds the instructions of the code round the program counter: with the feature `disasm`, and where there is code.
    pub fn disassembly(self, disassembly: bool) -> JsonReport<'r, 'a> {
        JsonReport { disassembly, ..self }
    }

    /// Gives the guilty file, which only a symbolized report tells: see [`guilty_file`](crate::guilty_file).
    pub fn guilty_file(self, file: &'r str) -> JsonReport<'r, 'a> {
        JsonReport { guilty_file: Some(file), ..self }
    }
}

impl Serialize for JsonReport<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire::new(self).serialize(serializer)
    }
}

#[derive(Serialize)]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    title: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    alt_titles: &'a [String],
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blamed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guilty_file: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corrupted: Option<&'static str>,
    signature: String,
    suppressed: bool,
    panicked: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    crash_kernel: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    says: Vec<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<places::WireCheck<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stuck: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oops: Option<places::WireOops<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeats: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    idle_cpus: Vec<places::WireIdle<'a>>,
    #[serde(skip_serializing_if = "Named::is_empty")]
    details: Named<'a, Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    panic_message: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    executor: Option<Executor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<usize>,
    start: usize,
    end: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boot: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tainted: Option<Words<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<places::WireBuild<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hardware: Option<Words<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workqueue: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<WireTask<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hung: Option<hung::Hung<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    traces: Vec<WireTrace<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registers: Option<WireRegisters<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_registers: Vec<WireRegisters<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<WireCode>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locks: Vec<WireHolder<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    syscall: Option<scenario::WireSyscall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_attempt: Option<WireAttempt<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lock_scenario: Vec<scenario::WireStep<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<memory::WireMemory<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    places: Vec<places::WirePlace<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel_offset: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rust_panic: Option<fault::WireRust<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oom: Option<fault::WireOom<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<fault::WireDevice<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    modules: Vec<WireModule<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_unloaded: Option<WireModule<'a>>,
    /// Offsets of the lines that may belong to it or to another CPU's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    doubtful: Vec<usize>,
    text: String,
}

#[derive(Serialize)]
struct Executor {
    proc: u32,
    id: u32,
}

#[derive(Serialize)]
struct WireTask<'a> {
    comm: Text<'a>,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
}

#[derive(Serialize)]
struct WireTrace<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TraceTask<'a>>,
    frames: WireFrames<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    registers: Vec<WireRegisters<'a>>,
}

#[derive(Serialize)]
struct TraceTask<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    comm: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
}

#[derive(Serialize)]
struct WireRegisters<'a> {
    arch: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pc: Option<WireFrame<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<WireFrame<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<WireFrame<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    user: bool,
    values: Named<'a, Hex>,
}

#[derive(Serialize)]
struct WireCode {
    bytes: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trap: Option<usize>,
    #[cfg(feature = "disasm")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    disassembly: Vec<WireInstruction>,
}

/// An instruction, so many bytes from the trapping one.
#[cfg(feature = "disasm")]
#[derive(Serialize)]
struct WireInstruction {
    at: i64,
    bytes: String,
    text: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    trap: bool,
}

#[derive(Serialize)]
struct WireHolder<'a> {
    task: Text<'a>,
    pid: u32,
    locks: Vec<WireLock<'a>>,
}

#[derive(Serialize)]
struct WireLock<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Hex>,
    class: Text<'a>,
    usage: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_type: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<WireFrame<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    released: bool,
}

/// The lock that a task wanted when lockdep stopped it, and the one that it held.
#[derive(Serialize)]
struct WireAttempt<'a> {
    task: WireTask<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted: Option<WireLock<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<WireLock<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    releases: bool,
}

#[derive(Serialize)]
struct WireModule<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    taints: &'a str,
}

impl<'a> Wire<'a> {
    fn new(json: &JsonReport<'a, '_>) -> Wire<'a> {
        let (report, sources) = (json.report, json.sources);
        let task = report.task();
        let header = report.kernel_header_of(task);
        let (traces, mut elsewhere) = report.traces_and_strays();
        let message = report.message();
        let syscall = report.syscall_in(&traces).map(scenario::syscall);
        let steps = report.lock_scenario_in(&traces).into_iter();
        let lock_scenario = steps.map(|step| scenario::step(step, sources)).collect();
        let own = report.registers_in(&traces);
        elsewhere.retain(|dump| own.as_ref() != Some(dump));
        let span = report.span();
        let linked_in = report.modules_linked_in();
        let last_unloaded = linked_in.as_ref().and_then(|m| m.last_unloaded).map(module);
        let code = own.as_ref().and_then(|own| code(own, json.disassembly));
        Wire {
            path: json.path,
            title: report.title(),
            alt_titles: report.alternative_titles(),
            kind: report.kind().as_str(),
            frame: report.frame(),
            blamed: report.blamed(),
            guilty_file: json.guilty_file.map(Cow::Borrowed).or_else(|| report.guilty_file()),
            corrupted: report.corruption().map(|corruption| corruption.as_str()),
            suppressed: report.suppressed(),
            cut: report.is_cut(),
            panicked: report.panicked(),
            crash_kernel: report.crash_kernel(),
            signature: format!("{:016x}", report.signature_in(&traces)),
            message: joined(&message),
            says: report.says_beside(message).into_iter().map(Text).collect(),
            check: report.check().map(|found| places::check(found, sources)),
            stuck: report.soft_lockup().map(|lockup| lockup.seconds),
            oops: report.oops().map(places::oops),
            repeats: Some(report.repeats()).filter(|repeats| *repeats > 0),
            idle_cpus: report.idle_cpus().into_iter().map(|idle| places::idle(idle, sources)).collect(),
            details: Named(
                report.details().into_iter().map(|detail| (detail.name, Text(detail.value))).collect(),
            ),
            panic_message: report.panic_message().map(Text),
            executor: report.executor().map(|e| Executor { proc: e.proc, id: e.id }),
            follows: report.follows(),
            start: span.start,
            end: span.end,
            line: json.line,
            boot: report.boot(),
            time: report.time().map(|micros| micros as f64 / 1e6),
            cpu: report.cpu_of(task),
            kernel: header.and_then(|header| header.kernel),
            tainted: header.and_then(|header| header.tainted).map(|of| Words(of.as_bytes())),
            build: header.and_then(|header| places::build(&header)),
            hardware: report.hardware().map(Words),
            workqueue: report.workqueue().map(|queue| Text(queue.name)),
            task: task.map(|task| WireTask { comm: Text(task.comm), pid: task.pid, uid: task.uid }),
            hung: hung::hung(report),
            traces: traces.into_iter().map(|trace| self::trace(trace, sources)).collect(),
            registers: own.map(|own| registers(own, sources)),
            other_registers: elsewhere.into_iter().map(|dump| registers(dump, sources)).collect(),
            code,
            locks: report.held_locks().into_iter().map(|held| holder(held, sources)).collect(),
            syscall,
            lock_attempt: report.lock_attempt().map(|found| attempt(found, sources)),
            lock_scenario,
            memory: report.memory().map(memory::memory),
            places: places::places(report, sources),
            kernel_offset: report.kernel_offset().map(Hex),
            rust_panic: report.rust_panic().map(fault::rust),
            oom: report.oom().map(fault::oom),
            device: report.device_fault().map(fault::device),
            modules: linked_in.into_iter().flat_map(|m| m.loaded).map(module).collect(),
            last_unloaded,
            doubtful: report.doubtful_lines().iter().map(|line| line.offset).collect(),
            text: text(report),
        }
    }
}

/// The report's lines as they stand in the log, without those of others between them.
fn text(report: &Report<'_>) -> String {
    let lines = || report.preamble().iter().chain(report.lines());
    let mut text = Vec::with_capacity(lines().map(|line| line.raw.len() + 1).sum());
    for line in lines() {
        text.extend_from_slice(line.raw);
        text.push(b'\n');
    }
    String::from_utf8(text).unwrap_or_else(|error| text::lossy(error.as_bytes()).into_owned())
}

/// The lines of a message, if there are any.
fn joined(lines: &[&[u8]]) -> Option<String> {
    (!lines.is_empty()).then(|| String::from_utf8_lossy(&lines.join(&b"\n"[..])).into_owned())
}

fn trace<'a>(trace: StackTrace<'a>, sources: Sources<'a>) -> WireTrace<'a> {
    let link = match trace.kind {
        TraceKind::LockDependency(link) => Some(link),
        _ => None,
    };
    let named = trace.comm.is_some() || trace.pid.is_some();
    WireTrace {
        kind: trace.kind.as_str(),
        link,
        lock: trace.lock.map(Text),
        usage: trace.usage.map(Text),
        cpu: trace.cpu,
        task: named.then(|| TraceTask { comm: trace.comm.map(Text), pid: trace.pid }),
        frames: WireFrames { frames: trace.frames, sources },
        registers: trace.registers.into_iter().map(|dump| registers(dump, sources)).collect(),
    }
}

fn registers<'a>(registers: Registers<'a>, sources: Sources<'a>) -> WireRegisters<'a> {
    WireRegisters {
        arch: registers.arch.name,
        pc: registers.pc.map(|pc| place(pc, sources)),
        link: registers.link.map(|link| place(link, sources)),
        branch: registers.branch.map(|branch| place(branch, sources)),
        user: registers.user,
        values: Named::of(registers.values, Hex),
    }
}

fn code(registers: &Registers<'_>, disassembled: bool) -> Option<WireCode> {
    #[cfg(not(feature = "disasm"))]
    let _ = disassembled;
    let code = registers.code.as_ref().filter(|code| !code.bytes.is_empty())?;
    Some(WireCode {
        bytes: hexadecimal(&code.bytes),
        trap: code.trap,
        #[cfg(feature = "disasm")]
        disassembly: if disassembled { disassembly(registers) } else { Vec::new() },
    })
}

#[cfg(feature = "disasm")]
fn disassembly(registers: &Registers<'_>) -> Vec<WireInstruction> {
    let found = crate::disasm::of_kernel(registers);
    let instructions = found.into_iter().flat_map(|found| found.instructions);
    let wire = |i: crate::disasm::Instruction<'_>| WireInstruction {
        at: i.at,
        bytes: hexadecimal(i.bytes),
        text: i.text,
        trap: i.trap,
    };
    instructions.map(wire).collect()
}

fn holder<'a>(holder: HeldLocks<'a>, sources: Sources<'a>) -> WireHolder<'a> {
    let locks = holder.locks.into_iter().map(|lock| self::lock(lock, sources)).collect();
    WireHolder { task: Text(holder.comm), pid: holder.pid, locks }
}

fn lock<'a>(lock: HeldLock<'a>, sources: Sources<'a>) -> WireLock<'a> {
    WireLock {
        depth: lock.depth,
        address: lock.address.map(Hex),
        class: Text(lock.class),
        usage: Text(lock.usage),
        wait_type: lock.wait_type.map(Text),
        at: lock.at.map(|at| place(at, sources)),
        released: lock.released,
    }
}

fn attempt<'a>(attempt: LockAttempt<'a>, sources: Sources<'a>) -> WireAttempt<'a> {
    WireAttempt {
        task: WireTask { comm: Text(attempt.comm), pid: attempt.pid, uid: None },
        wanted: attempt.wanted.map(|found| lock(found, sources)),
        held: attempt.held.map(|found| lock(found, sources)),
        releases: attempt.releases,
    }
}

fn module(module: Module<'_>) -> WireModule<'_> {
    WireModule { name: module.name, taints: module.taints }
}
