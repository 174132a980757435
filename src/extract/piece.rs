//! What a line is in the block that a CPU prints of one crash: `__show_regs`, `show_trace_log_lvl` and `oops_end` of x86,
//! the same of arm64.

use std::sync::LazyLock;

use crate::facts::registers;
use crate::facts::task::Task;
use crate::text::{self, Starts};

use super::course::{Shape, shape};

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
    /// A row of registers: where it stands among them, and which comes next.
    Row(Option<(u8, u8)>),
    /// `Call Trace:`
    Head,
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

/// Rows of x86 in their order, and the first that is not always printed: `DR0:`.
const ROWS: &[&str] = &[
    "RSP: ", "RAX: ", "RDX: ", "RBP: ", "R10: ", "R13: ", "FS: ", "CS: ", "CR2: ", "DR0: ", "DR3: ", "PKRU: ",
];
/// After so many rows a dump of x86 is whole.
pub(super) const ROWS_X86: u8 = 9;
/// The same of arm64, whose rows are counted by registers: `lr`, `sp`, `x29` to `x0`.
pub(super) const ROWS_ARM64: u8 = 32;

static STARTS: LazyLock<Starts<Piece>> = LazyLock::new(|| {
    let rows = ROWS.iter().zip(0..).map(|(start, at)| (*start, Piece::Row(Some((at, at + 1)))));
    Starts::new(rows.chain([
        ("#PF: ", Piece::Fault),
        ("PGD ", Piece::Fault),
        ("Oops: ", Piece::Fault),
        ("KASAN: ", Piece::Fault),
        ("Mem abort info:", Piece::Fault),
        ("Data abort info:", Piece::Fault),
        ("Modules linked in:", Piece::Modules),
        ("Hardware name:", Piece::Hardware),
        ("Workqueue:", Piece::Work),
        ("pstate: ", Piece::Status),
        ("Code: ", Piece::Code),
        ("lr : ", Piece::Row(Some((0, 1)))),
        ("sp : ", Piece::Row(Some((1, 2)))),
        ("Call Trace:", Piece::Head),
        ("Call trace:", Piece::Head),
        ("<TASK>", Piece::Open(true)),
        ("<IRQ>", Piece::Open(false)),
        ("<NMI>", Piece::Open(false)),
        ("</TASK>", Piece::Close(true)),
        ("</IRQ>", Piece::Close(false)),
        ("</NMI>", Piece::Close(false)),
        ("note: ", Piece::Note),
    ]))
});

impl Piece {
    /// Whether the line is one of those that a crash is known by: counters, registers, frames.
    pub(super) fn tells(self) -> bool {
        matches!(
            self,
            Piece::Counter(_) | Piece::Code | Piece::Row(_) | Piece::Head | Piece::Open(_) | Piece::Frame
        )
    }

    pub(super) fn of(body: &[u8]) -> Piece {
        let text = text::skip_blanks(body);
        match STARTS.find(text) {
            Some(Piece::Row(Some((8, _)))) if !text::contains(text, "CR3: ") => return Piece::FaultAfter,
            // ` do_step+0x1/0x2` is the common line; nothing that begins so is another one.
            Some(piece) => return piece,
            None => {}
        }
        if let Some(row) = row_of_arm64(text) {
            return row;
        }
        if let Some(task) = Task::parse(text) {
            return Piece::Header(task.cpu, task.pid);
        }
        if registers::is_pc_line(text) {
            return Piece::Counter(!text.starts_with(b"RIP: 0033:"));
        }
        match shape(body) {
            Shape::End => Piece::End,
            Shape::Cut => Piece::Cut,
            Shape::Inside if is_frame(body) => Piece::Frame,
            Shape::Rule => Piece::Rule,
            Shape::Inside => Piece::Inside,
            Shape::Blank => Piece::Blank,
            Shape::Tail if registers::is_register_line(body) => Piece::Row(None),
            Shape::Tail => Piece::Inside,
            Shape::Foreign => Piece::Foreign,
        }
    }
}

/// ` do_step+0x1/0x2`, ` ? do_step+0x1/0x2`
fn is_frame(body: &[u8]) -> bool {
    // ` #0: ffff88800092c430 (sb_writers#3){.+.+}-{0:0}, at: ksys_write+0xfb/0x1d0` is a lock.
    matches!(body.first(), Some(b' ' | b'['))
        && text::skip_blanks(body).first() != Some(&b'#')
        && text::contains(body, "+0x")
}

/// `x29: ffff80000a3abc00 x28: ffff00000304ab80 x27: 0000000000000000`
fn row_of_arm64(text: &[u8]) -> Option<Piece> {
    let number = |word: &[u8]| {
        let digits = word.strip_prefix(b"x")?.strip_suffix(b":")?;
        let number = text::number(digits, 10).filter(|number| *number < 30)?;
        Some(ROWS_ARM64 - 1 - number as u8)
    };
    if text.first() != Some(&b'x') {
        return None;
    }
    let words = text.split(|byte| *byte == b' ').filter(|word| word.ends_with(b":"));
    let mut places = words.filter_map(number);
    let first = places.next()?;
    Some(Piece::Row(Some((first, places.next_back().unwrap_or(first) + 1))))
}
