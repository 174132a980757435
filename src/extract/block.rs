//! How far a CPU has come in printing one crash, and which line may come next.

use crate::formats::Part;
use crate::line::Line;
use crate::text;

use super::Banner;
use super::piece::{Piece, ROWS_ARM64, ROWS_X86};

/// What was printed last, in the order in which kernels print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Cut,
    Banner,
    Fault,
    Modules,
    Header,
    Hardware,
    Work,
    Status,
    Counter,
    Code,
    Rows,
    Head,
    Stack,
    Closed,
    Inside,
    CodeAfter,
    ModulesAfter,
    FaultAfter,
    End,
    CounterAgain,
    CodeAgain,
    RowsAgain,
    Done,
}

/// What a line says about who printed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// It names this CPU or task, or this crash's address or place.
    For,
    None,
    /// It names others.
    Against,
}

/// The lines that one CPU prints of one crash, as far as they have come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    pub(super) phase: Phase,
    /// The row of registers that comes next.
    row: u8,
    /// The same of registers inside the stack: those of the system call.
    inner: Option<u8>,
    /// How many rows a whole dump has.
    rows: u8,
    /// The stack's part of the task has begun.
    in_task: bool,
    pub(super) banner: Option<Banner<'a>>,
    pub(super) cpu: Option<u32>,
    pub(super) pid: Option<u32>,
    /// Base of the CPU's own data, as printed.
    pub(super) gs: Option<&'a [u8]>,
    pub(super) time: Option<u64>,
    /// The address of a page fault, as printed: it is also in CR2.
    fault: Option<&'a [u8]>,
    /// Where a check failed, as the banner says: `multi_oops_thread+0x66/0x90`.
    place: Option<&'a [u8]>,
    /// Whether it goes through `die()`, which numbers crashes: `[#1]`.
    dies: bool,
    /// Whether it has its number, or needs none.
    numbered: bool,
    /// Whether the crash is an instruction made for that: of a failed check.
    trap: bool,
    /// The last row.
    last: &'a [u8],
}

impl<'a> Block<'a> {
    /// A block that nothing is known of.
    pub(super) fn new(time: Option<u64>) -> Block<'a> {
        Block {
            phase: Phase::Cut,
            row: 0,
            inner: None,
            rows: 0,
            in_task: false,
            banner: None,
            cpu: None,
            pid: None,
            gs: None,
            time,
            fault: None,
            place: None,
            dies: false,
            numbered: true,
            trap: false,
            last: b"",
        }
    }

    /// The block that a banner opens.
    pub(super) fn of(banner: &Banner<'a>) -> Block<'a> {
        let mut block = Block::new(None);
        block.meet(banner);
        block
    }

    /// A banner that opens the block, or goes on with it.
    pub(super) fn meet(&mut self, banner: &Banner<'a>) {
        let body = banner.line.body;
        let warns = text::contains(body, "WARNING: CPU: ");
        if warns {
            (self.cpu, self.pid) = named(body);
        } else if banner.family.family.part == Part::OfAny {
            // A dump, of any CPU or task.
            (self.cpu, self.pid) = (None, None);
        }
        let place = || body.split(|byte| *byte == b' ').rfind(|word| text::contains(word, "+0x"));
        self.place = if warns { place() } else { None };
        let address = text::after(body, "address: ");
        self.fault = self.fault.or(address.map(|digits| text::take(digits, |b| b.is_ascii_hexdigit()).0));
        self.dies |= text::contains(body, "[#") || self.fault.is_some();
        self.numbered = text::contains(body, "[#") || !(is_bug(body) || self.fault.is_some());
        self.trap |= warns || is_bug(body) || body.starts_with(b"invalid opcode:");
        (self.phase, self.row, self.inner, self.in_task) = (Phase::Banner, 0, None, false);
        (self.banner, self.time) = (Some(*banner), banner.line.prefix.time);
    }

    /// Whether registers come after the header.
    pub(super) fn has_registers(&self) -> bool {
        self.dies || self.place.is_some()
    }

    /// What the line after this one may be: what was printed then, and how many lines must be lost before; `None`
    /// where it cannot follow.
    pub(super) fn follow(&self, piece: Piece, body: &[u8]) -> Option<(Phase, u8)> {
        use Phase::*;
        let (at, opened) = (self.phase, self.banner.is_some());
        let before_stack = opened && at < Header;
        let cost = |lost: u8| if lost < 4 { Some(lost) } else { None };
        Some(match piece {
            Piece::Cut | Piece::Blank | Piece::Foreign => return None,
            Piece::Fault if opened && at <= Fault => (Fault, u8::from(!self.dies)),
            Piece::Modules if opened && self.numbered && at < Modules => (Modules, 0),
            Piece::Modules if (Head..ModulesAfter).contains(&at) && opened => {
                (ModulesAfter, if self.dies { u8::from(at == Head) } else { 2 })
            }
            // A fault and a failed check are numbered before.
            Piece::Header(..) if at < Header => (Header, if self.numbered { 0 } else { 2 }),
            Piece::Hardware if at == Header => (Hardware, 0),
            Piece::Hardware if before_stack => (Hardware, 1),
            Piece::Work if at == Hardware => (Work, 0),
            Piece::Work if at == Header => (Work, 1),
            Piece::Status if (Header..Status).contains(&at) => (Status, u8::from(at == Header)),
            Piece::Status if before_stack => (Status, 2),
            Piece::Counter(_) => return self.follow_counter(piece == Piece::Counter(true)),
            Piece::Code => return self.follow_code(body),
            Piece::Row(row) => return self.follow_row(row, body),
            Piece::Head if at < Head => (Head, cost(self.lost_before_stack())?),
            Piece::Head if opened && (Stack..=Inside).contains(&at) => (Head, 1),
            Piece::Open(task) if (Head..Closed).contains(&at) && !(task && self.in_task) => (Stack, 0),
            Piece::Frame if (Head..Closed).contains(&at) => (Stack, 0),
            Piece::Frame if opened && at < Head => (Stack, 3),
            Piece::Close(task) if at == Stack => (if task { Closed } else { Stack }, 0),
            Piece::Rule if opened => (if at < Header { at } else { Done }, 0),
            Piece::Inside if opened && at <= Fault => (at, 0),
            Piece::Inside if opened && (Stack..=Inside).contains(&at) => (Inside, 0),
            Piece::FaultAfter if opened && (Stack..FaultAfter).contains(&at) => {
                (FaultAfter, if self.dies { 0 } else { 2 })
            }
            Piece::End if opened && (Head..End).contains(&at) => {
                let early = if self.dies {
                    at <= Inside && self.rows != ROWS_ARM64
                } else {
                    at == Head || at == Stack && self.in_task
                };
                (if self.dies { End } else { Done }, u8::from(early))
            }
            Piece::Note if self.dies && at >= End && at < Done => (Done, 0),
            _ => return None,
        })
    }

    /// Whether the header has come, and the registers have not.
    pub(super) fn waits_for_registers(&self) -> bool {
        self.has_registers() && (Phase::Header..Phase::Counter).contains(&self.phase)
    }

    /// How many lines are lost if the stack begins now.
    fn lost_before_stack(&self) -> u8 {
        match self.phase {
            Phase::Hardware | Phase::Work | Phase::Status => u8::from(self.has_registers()),
            Phase::Header => 1 + u8::from(self.has_registers()),
            Phase::Counter | Phase::Code => 1,
            Phase::Rows => u8::from(self.row < self.rows),
            _ if self.banner.is_none() || !self.numbered || self.has_registers() => 4,
            // Tasks that hang have headers of their own.
            _ => u8::from(!self.is_event()),
        }
    }

    fn follow_counter(&self, kernel: bool) -> Option<(Phase, u8)> {
        let opened = self.banner.is_some();
        let lone = if opened { 0 } else { 2 };
        Some(match self.phase {
            Phase::Hardware | Phase::Work | Phase::Status => (Phase::Counter, lone),
            Phase::Header => (Phase::Counter, 1 + lone),
            at if opened && at < Phase::Header => (Phase::Counter, 2),
            // Where an interrupt or a system call came.
            at @ Phase::Stack => (at, u8::from(kernel)),
            Phase::End => (Phase::CounterAgain, 0),
            _ => return None,
        })
    }

    fn follow_code(&self, body: &[u8]) -> Option<(Phase, u8)> {
        Some(match self.phase {
            at @ Phase::Stack if self.inner == Some(0) => (at, 0),
            Phase::Counter => (Phase::Code, 0),
            Phase::CounterAgain => (Phase::CodeAgain, 0),
            // arm64 prints it after the stack, with the instruction that crashed in round brackets.
            Phase::Stack | Phase::Inside if text::contains(body, "(") && self.dies => (Phase::CodeAfter, 0),
            at if self.banner.is_some() && at >= Phase::Header && at < Phase::Counter => (Phase::Code, 2),
            _ => return None,
        })
    }

    fn follow_row(&self, row: Option<(u8, u8)>, body: &[u8]) -> Option<(Phase, u8)> {
        let (phase, next) = match self.phase {
            Phase::Counter | Phase::Code => (Phase::Rows, 0),
            Phase::Rows => (Phase::Rows, self.row),
            Phase::CounterAgain | Phase::CodeAgain => (Phase::RowsAgain, 0),
            Phase::RowsAgain => (Phase::RowsAgain, self.row),
            Phase::Stack => (Phase::Stack, self.inner?),
            _ => return None,
        };
        let Some((from, _)) = row else { return Some((phase, 0)) };
        if from < next {
            // Printed again by a console that was taken over.
            return (body == self.last).then_some((phase, 1));
        }
        // Of x86 the code comes before.
        let code = u8::from(!is_arm64(body) && matches!(self.phase, Phase::Counter | Phase::CounterAgain));
        let lost =
            if is_arm64(body) { from.min(ROWS_ARM64) } else { from.min(ROWS_X86) }.saturating_sub(next);
        Some((phase, (code + lost).min(3)))
    }

    /// Takes a line that follows.
    pub(super) fn take(&mut self, piece: Piece, phase: Phase, line: &Line<'a>) {
        let body = line.body;
        match piece {
            Piece::Header(cpu, pid) => (self.cpu, self.pid) = (cpu, Some(pid)),
            Piece::Counter(_) => (self.row, self.inner) = (0, (phase == Phase::Stack).then_some(0)),
            Piece::Head => self.inner = None,
            Piece::Row(row) => {
                if let Some((_, to)) = row {
                    self.row = to;
                    self.inner = self.inner.map(|_| to);
                }
                self.rows = if is_arm64(body) {
                    ROWS_ARM64
                } else if row.is_some() {
                    ROWS_X86
                } else {
                    0
                };
                self.gs = gs_base(body).or(self.gs);
                self.last = body;
            }
            Piece::Open(task) => self.in_task |= task,
            Piece::Fault if text::contains(body, "[#") => (self.dies, self.numbered) = (true, true),
            _ => {}
        }
        self.time = line.prefix.time;
        self.phase = phase;
        // Of a stack that no banner has announced nothing more comes.
        if self.banner.is_none() && phase == Phase::Closed {
            self.phase = Phase::Done;
        }
    }

    /// What a line says about being of this block, `phase` being what it would be.
    pub(super) fn evidence(&self, piece: Piece, phase: Phase, body: &[u8]) -> Evidence {
        let judge = |known: Option<bool>| match known {
            None => Evidence::None,
            Some(true) => Evidence::For,
            Some(false) => Evidence::Against,
        };
        match piece {
            Piece::Header(cpu, pid) => {
                judge(self.pid.map(|own| own == pid && (cpu.is_none() || cpu == self.cpu)))
            }
            Piece::Note => judge(self.pid.map(|pid| text::contains(body, &format!("[{pid}]")))),
            Piece::Counter(_) if phase == Phase::Counter => {
                let place = self.place.and_then(text::ascii);
                judge(place.map(|place| text::contains(body, place)))
            }
            // ud2
            Piece::Code if phase == Phase::Code && text::contains(body, "<0f> 0b") => judge(Some(self.trap)),
            Piece::Row(_) => match (gs_base(body), text::after(body, "CR2: ")) {
                (Some(gs), _) => judge(self.gs.map(|own| own == gs)),
                (None, Some(value)) if phase == Phase::Rows => {
                    judge(self.fault.map(|own| value.starts_with(own)))
                }
                _ => Evidence::None,
            },
            _ => Evidence::None,
        }
    }

    /// Whether a line is surely another CPU's: lines lost or printed again would not do.
    pub(super) fn contradicts(&self, piece: Piece, body: &[u8]) -> bool {
        use Phase::*;
        let at = self.phase;
        let amid = (Header..Head).contains(&at);
        match piece {
            Piece::Header(cpu, pid) => {
                let other = self.pid.is_some_and(|own| own != pid) && cpu.is_some() && self.cpu.is_some();
                let waits = self.has_registers() && (Head..End).contains(&at);
                other && (amid || waits || at < Header && self.place.is_some() || at == Stack && self.in_task)
            }
            Piece::Hardware => at == Rows && self.rows != 0,
            // Old kernels print it again, with the stack pointer, after the stack.
            Piece::Counter(true) if body.starts_with(b"RIP: 0010:") => {
                at == Rows || (matches!(at, Counter | Code) && self.last != body)
            }
            Piece::Counter(true) => at == Rows && self.rows == ROWS_ARM64 && self.row > 2,
            Piece::Row(Some((from, _))) => {
                let amid = matches!(at, Rows | RowsAgain);
                amid && from < self.row && from > 0 && body != self.last
            }
            // The end of a stack that has not begun.
            Piece::Close(true) => amid && self.has_registers(),
            Piece::End => at == Rows && self.rows != 0 || at == Done && self.place.is_some(),
            _ => false,
        }
    }

    /// Whether a banner that opens another report is surely another CPU's.
    pub(super) fn is_amid(&self) -> bool {
        // The end marker follows the modules at once.
        let ends = self.dies && matches!(self.phase, Phase::ModulesAfter | Phase::FaultAfter);
        self.banner.is_some() && (ends || (Phase::Header..=Phase::Head).contains(&self.phase))
    }

    /// Whether the crash is a failed check, which `cut here` stands before.
    pub(super) fn is_check(&self) -> bool {
        self.trap
    }

    /// Whether nothing crashed.
    pub(super) fn is_event(&self) -> bool {
        self.banner.is_some_and(|banner| banner.family.family.event)
    }

    /// Whether a banner belongs to the report of this one's.
    pub(super) fn goes_on_with(&self, banner: &Banner<'_>) -> bool {
        match banner.family.family.part {
            Part::Opens => self.banner.is_some_and(|own| own.leads_to(banner)),
            Part::Aside | Part::OfAny | Part::OfCrash => true,
            Part::OfFault => self.phase <= Phase::Fault,
        }
    }

    /// The same as far as it has come, of a crash that is known.
    pub(super) fn as_of(&self, known: &Block<'a>) -> Block<'a> {
        let Block { phase, row, inner, rows, in_task, time, last, .. } = *self;
        Block { phase, row, inner, rows, in_task, time, last, gs: self.gs.or(known.gs), ..*known }
    }

    /// Takes a line that does not follow: what was before it is lost. `false` if it has no place of its own.
    pub(super) fn force(&mut self, piece: Piece, line: &Line<'a>) -> bool {
        let phase = match piece {
            Piece::Header(..) => Phase::Header,
            Piece::Hardware => Phase::Hardware,
            Piece::Counter(true) => Phase::Counter,
            Piece::Code => Phase::Code,
            Piece::Row(_) => Phase::Rows,
            Piece::Head => Phase::Head,
            Piece::Open(_) | Piece::Frame => Phase::Stack,
            _ => return false,
        };
        self.take(piece, phase, line);
        true
    }
}

/// The CPU and the task that a failed check names: `WARNING: CPU: 3 PID: 112 at …`.
fn named(body: &[u8]) -> (Option<u32>, Option<u32>) {
    let number =
        |mark| text::after(body, mark).and_then(|rest| text::dec_u32(rest).ok()).map(|(_, number)| number);
    (number("CPU: "), number("PID: "))
}

/// `kernel BUG at mm/slub.c:1!`
fn is_bug(body: &[u8]) -> bool {
    text::contains(body, "kernel BUG at ")
}

fn is_arm64(body: &[u8]) -> bool {
    matches!(body.first(), Some(b'x' | b'l' | b's'))
}

/// `GS:ffff88801f400000(0000)`
fn gs_base(body: &[u8]) -> Option<&[u8]> {
    let base = text::after(body, " GS:")?;
    Some(text::take(base, |byte| byte.is_ascii_hexdigit()).0).filter(|digits| digits.len() == 16)
}
