//! What a line is in the block that a CPU prints of one crash: `__show_regs`, `show_trace_log_lvl` and `oops_end` of x86,
//! the same of other CPUs.

use std::sync::LazyLock;

use crate::facts::registers;
use crate::facts::task::Task;
use crate::formats::dumps::{self, Dump};
use crate::text::{self, Starts};

use super::super::shape::{self, Shape};

/// A line's place in the order of such a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// `------------[ cut here ]------------`
    Cut,
    /// `#PF: supervisor read access in kernel mode`, `PGD 0 P4D 0`, `Oops: 0000 [#1] SMP`
    Fault,
    /// `Modules linked in: crashme(O)`
    Modules,
    /// `CPU: 3 PID: 112 Comm: cm_oops/3`
    Header(Option<u32>, u32),
    /// `Tainted: [O]=OOT_MODULE, [E]=UNSIGNED_MODULE`, since 6.13
    Taint,
    /// `Hardware name: QEMU Standard PC`
    Hardware,
    /// `Workqueue: events work_fn`
    Work,
    /// `pstate: 60000005 (nZCv daif -PAN -UAO)`: it stands before the program counter.
    Status,
    /// `RIP: 0010:oops_leaf+0x5/0x30`; whether of the kernel.
    Counter(bool),
    /// `Code: 00 00 <8b> 07`
    Code,
    /// A row of registers, and where it stands among them, if that is known.
    Row(Option<Row>),
    /// `Call Trace:`
    Head,
    /// `Allocated by task 7:`: a stack of another time follows at once.
    Aside,
    /// ` <TASK>`, ` <IRQ>`; whether it is the task's.
    Open(bool),
    Frame,
    /// ` </TASK>`
    Close(bool),
    /// `==================`: sanitizers end their reports so.
    Rule,
    /// Anything else that reports have: `irq event stamp: 25`.
    Inside,
    /// `CR2: 0000000000000048`, alone: oops_end prints it after the stack.
    FaultAfter,
    /// `---[ end trace 0000000000000000 ]---`
    End,
    /// `note: cm_oops/0[109] exited with irqs disabled`
    Note,
    Blank,
    Foreign,
}

/// Where a row of registers stands among those of its CPU, and which comes next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) of: &'static Dump,
    pub(super) from: u8,
    pub(super) to: u8,
}

impl PartialEq for Row {
    fn eq(&self, other: &Row) -> bool {
        std::ptr::eq(self.of, other.of) && (self.from, self.to) == (other.from, other.to)
    }
}

impl Eq for Row {}

static STARTS: LazyLock<Starts<Piece>> = LazyLock::new(|| {
    Starts::new([
        ("#PF: ", Piece::Fault),
        ("PGD ", Piece::Fault),
        ("Oops: ", Piece::Fault),
        // die, arch/riscv/kernel/traps.c; die, arch/loongarch/kernel/traps.c
        ("Oops [#", Piece::Fault),
        ("Oops[#", Piece::Fault),
        ("Kernel BUG [#", Piece::Fault),
        ("KASAN: ", Piece::Fault),
        ("Mem abort info:", Piece::Fault),
        ("Data abort info:", Piece::Fault),
        ("Modules linked in:", Piece::Modules),
        ("Hardware name:", Piece::Hardware),
        ("Tainted: ", Piece::Taint),
        ("Workqueue:", Piece::Work),
        // __show_regs of x86 up to Linux 4.14, of arm, arm64 and ppc: "task: ffff880036d28000 ti: ffff880036d60000"
        ("task: ", Piece::Work),
        ("TASK = ", Piece::Work),
        ("pstate: ", Piece::Status),
        ("Code: ", Piece::Code),
        ("Call Trace:", Piece::Head),
        ("Call trace:", Piece::Head),
        // print_track, mm/kasan/report.c; print_tracking, mm/slub.c; __dump_page_owner, mm/page_owner.c
        ("Allocated by task ", Piece::Aside),
        ("Freed by task ", Piece::Aside),
        ("Last potentially related work creation:", Piece::Aside),
        ("Second to last potentially related work creation:", Piece::Aside),
        ("Allocated in ", Piece::Aside),
        ("Freed in ", Piece::Aside),
        ("INFO: Allocated in ", Piece::Aside),
        ("INFO: Freed in ", Piece::Aside),
        ("page last allocated via ", Piece::Aside),
        ("page last free ", Piece::Aside),
        // kmsan_report, mm/kmsan/report.c; print_report, kernel/kcsan/report.c; kfence_report_error, mm/kfence/report.c
        ("Uninit was ", Piece::Aside),
        ("read to 0x", Piece::Aside),
        ("write to 0x", Piece::Aside),
        ("allocated by task ", Piece::Aside),
        ("freed by task ", Piece::Aside),
        ("Out-of-bounds ", Piece::Aside),
        ("Use-after-free ", Piece::Aside),
        ("Corrupted memory at 0x", Piece::Aside),
        ("Invalid free of 0x", Piece::Aside),
        ("Invalid read at 0x", Piece::Aside),
        ("Invalid write at 0x", Piece::Aside),
        // print_chain_entry, kernel/locking/lockdep.c; print_unreferenced, mm/kmemleak.c
        ("-> #", Piece::Aside),
        ("Preemption disabled at:", Piece::Aside),
        ("backtrace (crc ", Piece::Aside),
        ("backtrace:", Piece::Aside),
        ("<TASK>", Piece::Open(true)),
        ("<IRQ>", Piece::Open(false)),
        ("<NMI>", Piece::Open(false)),
        ("<#", Piece::Open(false)),
        ("</TASK>", Piece::Close(true)),
        ("</IRQ>", Piece::Close(false)),
        ("</NMI>", Piece::Close(false)),
        ("</#", Piece::Close(false)),
        ("note: ", Piece::Note),
    ])
});

/// Rows of registers by what they begin with, and what they hold besides.
static ROWS: LazyLock<Starts<(&'static str, Row)>> = LazyLock::new(|| {
    let rows = dumps::DUMPS.iter().chain([&dumps::ARM64]).flat_map(|of| {
        let rows = of.rows.iter().zip(0..);
        rows.map(move |(row, from)| (row.start, (row.with, Row { of, from, to: from + 1 })))
    });
    Starts::new(rows)
});

impl Piece {
    /// Whether the line is one of those that a crash is known by: counters, registers, frames.
    pub(super) fn tells(self) -> bool {
        matches!(
            self,
            Piece::Counter(_) | Piece::Code | Piece::Row(_) | Piece::Head | Piece::Open(_) | Piece::Frame
        )
    }

    /// Of a line that means `shape` for its report.
    pub(super) fn of(shape: Shape, body: &[u8]) -> Piece {
        let text = text::skip_blanks(body);
        // ` do_step+0x1/0x2` is the common line; nothing that begins so is another one.
        if let Some(piece) = STARTS.find(text) {
            return piece;
        }
        let is_row = |(with, _): &(&str, Row)| with.is_empty() || text::contains(text, with);
        if let Some((_, row)) = ROWS.find_if(text, is_row) {
            return Piece::Row(Some(row));
        }
        if text.starts_with(b"CR2: ") {
            return Piece::FaultAfter;
        }
        if let Some(row) = row_of_arm64(text) {
            return Piece::Row(Some(row));
        }
        if let Some(task) = Task::parse(text) {
            return Piece::Header(task.cpu, task.pid);
        }
        // show_fault_oops, arch/sh/mm/fault.c: a part of what the fault says.
        if text.starts_with(b"PC: [") {
            return Piece::Inside;
        }
        // Up to Linux 4.13 arm64 prints the counter again, behind its function.
        if text.starts_with(b"pc : [<") && text::contains(text, " pstate: ") {
            return Piece::Row(None);
        }
        if registers::is_pc_line(text) {
            return Piece::Counter(!registers::is_of_program(text));
        }
        match shape {
            Shape::End => Piece::End,
            Shape::Cut => Piece::Cut,
            Shape::Inside if is_frame(body) => Piece::Frame,
            Shape::Rule => Piece::Rule,
            Shape::Inside => Piece::Inside,
            Shape::Blank => Piece::Blank,
            Shape::Tail if registers::is_register_line(body) => Piece::Row(None),
            Shape::Tail => Piece::Inside,
            Shape::Foreign | Shape::UserFault | Shape::Boot => Piece::Foreign,
        }
    }
}

/// ` do_step+0x1/0x2`, ` ? do_step+0x1/0x2`
fn is_frame(body: &[u8]) -> bool {
    // ` #0: ffff88800092c430 (sb_writers#3){.+.+}-{0:0}, at: ksys_write+0xfb/0x1d0` is a lock.
    matches!(body.first(), Some(b' ' | b'['))
        && text::skip_blanks(body).first() != Some(&b'#')
        && shape::is_frame(body)
}

/// `x29: ffff80000a3abc00 x28: ffff00000304ab80 x27: 0000000000000000`, `x1 : 0000000000bb78dd x0 : fffffffffff5b306`
fn row_of_arm64(text: &[u8]) -> Option<Row> {
    let last = dumps::ARM64.whole - 1;
    let number = |word: &[u8]| {
        let name = word.strip_prefix(b"x")?;
        let number =
            text::number(name.strip_suffix(b":").unwrap_or(name), 10).filter(|number| *number < 30)?;
        Some(last - number as u8)
    };
    if text.first() != Some(&b'x') {
        return None;
    }
    let mut places = text.split(|byte| *byte == b' ').filter_map(number);
    let from = places.next()?;
    Some(Row { of: &dumps::ARM64, from, to: places.next_back().unwrap_or(from) + 1 })
}
