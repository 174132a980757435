//! How far a CPU has come in printing one crash, and which line may come next.

use crate::facts::frame;
use crate::formats::Part;
use crate::formats::dumps::{self, Dump};
use crate::line::Line;
use crate::text;

use super::super::banner::Banner;
use super::mentions::{FAULTS, address, gs_base, is_bug, named, panics, task};
use super::piece::{Piece, Row};

/// Behind the end of a crash its registers may come once more, in so many microseconds.
pub(super) const QUIET_MICROS: u64 = 500_000;

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

/// The lines that one CPU prints of one crash, as far as they have come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    pub(super) phase: Phase,
    /// The row of registers that comes next.
    pub(super) row: u8,
    /// The same of registers inside the stack: those of the system call.
    pub(super) inner: Option<u8>,
    /// The kind of its registers, if that is known.
    pub(super) dump: Option<&'static Dump>,
    /// The stack's part of the task has begun.
    pub(super) in_task: bool,
    /// The last frame.
    pub(super) frame: &'a [u8],
    /// The stack at hand is of another time, and has a heading of its own.
    pub(super) aside: bool,
    pub(super) banner: Option<Banner<'a>>,
    pub(super) cpu: Option<u32>,
    pub(super) pid: Option<u32>,
    /// Base of the CPU's own data, as printed.
    pub(super) gs: Option<&'a [u8]>,
    pub(super) time: Option<u64>,
    /// The address of a fault: it is also among the registers.
    pub(super) fault: Option<u64>,
    /// Where a check failed, as the banner says: `multi_oops_thread+0x66/0x90`.
    pub(super) place: Option<&'a [u8]>,
    /// Whether it goes through `die()`, which numbers crashes: `[#1]`.
    pub(super) dies: bool,
    /// Whether it has its number, or needs none.
    pub(super) numbered: bool,
    /// Whether the crash is an instruction made for that: of a failed check.
    pub(super) trap: bool,
    /// The last row.
    pub(super) last: &'a [u8],
}

impl<'a> Block<'a> {
    /// A block that nothing is known of.
    pub(super) fn new(time: Option<u64>) -> Block<'a> {
        Block {
            phase: Phase::Cut,
            row: 0,
            inner: None,
            dump: None,
            in_task: false,
            frame: b"",
            aside: false,
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
        let warns = named(body);
        if let Some((cpu, pid)) = warns {
            (self.cpu, self.pid) = (cpu, pid);
        } else if banner.part() == Part::OfAny {
            // A dump, of any CPU or task.
            (self.cpu, self.pid) = (None, None);
        } else if let Some(cpu) = body.strip_prefix(b"CPU ").and_then(|rest| text::dec_u32(rest).ok()) {
            // do_page_fault, arch/loongarch/mm/fault.c: "CPU 1 Unable to handle kernel paging request at …"
            self.cpu = Some(cpu.1);
        } else if let Some((cpu, pid)) = task(body) {
            (self.cpu, self.pid) = (cpu, Some(pid));
        }
        let warns = warns.is_some();
        let place =
            || body.split(|byte| matches!(byte, b' ' | b',')).rfind(|word| text::contains(word, "+0x"));
        self.place = if warns { place() } else { None };
        self.fault = self.fault.or_else(|| FAULTS.iter().find_map(|mark| address(body, mark)));
        // The address is in the next line on s390.
        let faults = self.fault.is_some() || text::contains(body, "Unable to handle kernel ");
        self.dies |= text::contains(body, "[#") || faults;
        self.numbered = text::contains(body, "[#") || !(is_bug(body) || faults);
        let fails = [&b"invalid opcode:"[..], b"CFI failure at "].iter().any(|start| body.starts_with(start));
        self.trap |= warns || is_bug(body) || fails;
        (self.phase, self.row, self.inner) = (Phase::Banner, 0, None);
        (self.in_task, self.frame, self.aside) = (false, b"", false);
        (self.banner, self.time) = (Some(*banner), banner.line.prefix.time);
    }

    /// The block of a crash that `die()` numbers, of which it is not known yet who announced it.
    pub(super) fn numbered(banner: &Banner<'a>) -> Block<'a> {
        Block { fault: None, dies: true, numbered: true, ..Block::of(banner) }
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
            Piece::Modules if at == Rows && self.dump.is_some_and(|dump| dump.at_once) => (Rows, 0),
            Piece::Modules if (Head..ModulesAfter).contains(&at) && opened => {
                (ModulesAfter, if self.dies { u8::from(at == Head) } else { 2 })
            }
            // A fault and a failed check are numbered before.
            Piece::Header(..) if at < Header => (Header, if self.numbered { 0 } else { 2 }),
            // dump_stack, behind the registers of a failed check.
            Piece::Header(_, pid) if at == Rows && self.is_loose() && self.pid == Some(pid) => (Rows, 0),
            Piece::Taint | Piece::Hardware if at == Rows && self.is_loose() => (Rows, 0),
            Piece::Taint if at == Header => (Header, 0),
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
            Piece::Aside if opened && at < End => (at, u8::from(self.is_before_bottom())),
            Piece::Frame if self.aside => (at, 0),
            Piece::Frame if (Head..Closed).contains(&at) => (Stack, 0),
            Piece::Frame if at == Inside && !self.is_at_bottom() => (Stack, 1),
            Piece::Frame if self.is_headless() => (Stack, 0),
            Piece::Frame if opened && at < Head => (Stack, 3),
            Piece::Close(task) if at == Stack => (if task { Closed } else { Stack }, 0),
            Piece::Rule if opened => (if at < Header { at } else { Done }, 0),
            Piece::Inside if opened && at <= Fault => (at, 0),
            Piece::Inside if (Counter..Head).contains(&at) && self.is_loose() => (at, 0),
            // What the stack holds, in raw words, as kernels up to 4.8 and 4.11 print it between the two.
            Piece::Inside if at == Rows && self.is_whole() => (at, 0),
            Piece::Inside if opened && (Stack..=Inside).contains(&at) => (Inside, 0),
            Piece::FaultAfter if opened && (Stack..FaultAfter).contains(&at) => {
                (FaultAfter, if self.dies { 0 } else { 2 })
            }
            Piece::End if opened && ((Head..End).contains(&at) || self.is_headless()) => {
                let early = if self.dies {
                    at <= Inside && self.dump.is_none_or(|dump| dump.code_first)
                } else {
                    at == Head || at == Stack && self.in_task
                };
                (if self.dies { End } else { Done }, u8::from(early))
            }
            Piece::Note if self.dies && at >= End && at < Done => (Done, 0),
            _ => return None,
        })
    }

    /// Whether the header of the task that the banner names has not come.
    pub(super) fn waits_for_header(&self) -> bool {
        self.banner.is_some() && self.pid.is_some() && !self.trap && self.phase < Phase::Header
    }

    /// Whether the header has come, and the registers have not.
    pub(super) fn waits_for_registers(&self) -> bool {
        self.has_registers() && (Phase::Header..Phase::Counter).contains(&self.phase)
    }

    pub(super) fn is_strict(&self) -> bool {
        self.dump.is_some_and(|dump| dump.strict)
    }

    /// Whether other lines may be printed between its registers.
    pub(super) fn is_loose(&self) -> bool {
        self.dump.is_some_and(|dump| !dump.strict)
    }

    pub(super) fn is_code_first(&self) -> bool {
        self.dump.is_some_and(|dump| dump.code_first)
    }

    /// Whether the stack comes next, without a heading; or none does, where the counter is astray.
    fn is_headless(&self) -> bool {
        self.phase == Phase::Rows && self.is_whole() && self.dump.is_some_and(|dump| !dump.heading)
    }

    /// Whether all rows of registers have come.
    pub(super) fn is_whole(&self) -> bool {
        self.dump.is_none_or(|dump| self.row >= dump.whole)
    }

    /// How many lines are lost if the stack begins now.
    fn lost_before_stack(&self) -> u8 {
        match self.phase {
            Phase::Hardware | Phase::Work | Phase::Status => u8::from(self.has_registers()),
            Phase::Header => 1 + u8::from(self.has_registers()),
            Phase::Counter | Phase::Code => 1,
            Phase::Rows => u8::from(!self.is_whole()),
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
            // Most print it after the stack; arm64 with the instruction that crashed in round brackets.
            Phase::Stack | Phase::Inside
                if self.dies
                    && (text::contains(body, "(") || self.dump.is_some() && !self.is_code_first()) =>
            {
                (Phase::CodeAfter, 0)
            }
            Phase::Rows if self.dies && self.is_headless() && !self.is_code_first() => (Phase::CodeAfter, 0),
            at if self.banner.is_some() && at >= Phase::Header && at < Phase::Counter => (Phase::Code, 2),
            _ => return None,
        })
    }

    fn follow_row(&self, row: Option<Row>, body: &[u8]) -> Option<(Phase, u8)> {
        let (phase, next) = match self.phase {
            Phase::Counter | Phase::Code => (Phase::Rows, 0),
            Phase::Rows => (Phase::Rows, self.row),
            Phase::CounterAgain | Phase::CodeAgain => (Phase::RowsAgain, 0),
            Phase::RowsAgain => (Phase::RowsAgain, self.row),
            Phase::Stack => (Phase::Stack, self.inner?),
            Phase::Hardware | Phase::Work if row.is_some_and(|row| row.of.at_once) => (Phase::Rows, 0),
            Phase::Header if row.is_some_and(|row| row.of.at_once) => (Phase::Rows, 1),
            _ => return None,
        };
        let Some(Row { of, from, .. }) = row else { return Some((phase, 0)) };
        if self.dump.is_some_and(|dump| !std::ptr::eq(dump, of)) && phase == Phase::Rows {
            return None;
        }
        if from + u8::from(!of.strict) < next {
            // Printed again by a console that was taken over.
            return (body == self.last).then_some((phase, 1));
        }
        let code = u8::from(of.code_first && matches!(self.phase, Phase::Counter | Phase::CounterAgain));
        let lost = from.min(of.whole).saturating_sub(next);
        Some((phase, (code + lost).min(3)))
    }

    /// Takes a line that follows.
    pub(super) fn take(&mut self, piece: Piece, phase: Phase, line: &Line<'a>) {
        let body = line.body;
        match piece {
            Piece::Header(cpu, pid) => (self.cpu, self.pid, self.numbered) = (cpu, Some(pid), true),
            Piece::Counter(_) => (self.row, self.inner) = (0, (phase == Phase::Stack).then_some(0)),
            Piece::Head => (self.inner, self.frame) = (None, b""),
            Piece::Frame if !self.aside => self.frame = body,
            Piece::Row(row) => {
                if let Some(Row { of, to, .. }) = row {
                    self.row = to;
                    self.inner = self.inner.map(|_| to);
                    self.dump = Some(of);
                }
                self.gs = gs_base(body).or(self.gs);
                self.last = body;
            }
            Piece::Open(task) => self.in_task |= task,
            Piece::Fault if text::contains(body, "[#") => (self.dies, self.numbered) = (true, true),
            _ => {}
        }
        self.aside = piece == Piece::Aside || self.aside && piece == Piece::Frame;
        self.time = line.prefix.time;
        self.phase = phase;
        // Of a stack that no banner has announced nothing more comes.
        if self.banner.is_none() && phase == Phase::Closed {
            self.phase = Phase::Done;
        }
    }

    /// Whether its header has been printed, and its stack has not come to its end.
    pub(super) fn is_amid_crash(&self) -> bool {
        (Phase::Header..=Phase::Head).contains(&self.phase) || self.is_amid_stack()
    }

    /// Whether its stack has been printed, and what follows it has begun.
    pub(super) fn is_past_stack(&self) -> bool {
        self.phase > Phase::Stack && self.phase != Phase::Inside
    }

    /// Whether a banner that opens another report is surely another CPU's.
    pub(super) fn is_amid(&self) -> bool {
        // The end marker follows the modules at once.
        let ends = self.dies && matches!(self.phase, Phase::ModulesAfter | Phase::FaultAfter);
        self.banner.is_some() && (ends || (Phase::Header..=Phase::Head).contains(&self.phase))
    }

    /// Whether the crash has its number, or needs none.
    pub(super) fn is_numbered(&self) -> bool {
        self.numbered
    }

    /// Whether `die()` is printing it: the next crash that is numbered waits.
    pub(super) fn is_held(&self) -> bool {
        self.dies && self.numbered && (Phase::Modules..Phase::End).contains(&self.phase)
    }

    /// Whether the crash has been announced, and its registers and stack have not come.
    pub(super) fn is_announced(&self) -> bool {
        self.dies && self.phase < Phase::Head && !self.banner.is_some_and(|banner| panics(&banner))
    }

    /// Whether the crash ends with a marker that has not come.
    pub(super) fn is_open(&self) -> bool {
        self.is_amid() || self.dies && self.phase < Phase::End
    }

    /// Whether the crash is a failed check, which `cut here` stands before.
    pub(super) fn is_check(&self) -> bool {
        self.trap
    }

    /// Whether the last frame is where a task enters the kernel, so that of its stack nothing is to come:
    /// ` ret_from_fork+0x22/0x30`, `el0_svc_naked+0x24/0x28`.
    pub(super) fn is_at_bottom(&self) -> bool {
        let is_bottom = |name: &str| dumps::BOTTOMS.iter().any(|start| name.starts_with(start));
        frame::functions_of_line(self.frame).into_iter().flatten().any(is_bottom)
    }

    /// Whether frames of its stack are still to come.
    pub(super) fn is_before_bottom(&self) -> bool {
        self.phase == Phase::Stack && !self.is_at_bottom()
    }

    /// Whether the task's part of the stack has begun, and its end is still to come.
    pub(super) fn is_amid_stack(&self) -> bool {
        self.phase == Phase::Stack && self.in_task || !self.is_event() && self.is_before_bottom()
    }

    /// Whether nothing crashed.
    pub(super) fn is_event(&self) -> bool {
        self.banner.is_some_and(|banner| banner.family.family.event)
    }

    /// Whether a banner belongs to the report of this one's.
    pub(super) fn goes_on_with(&self, banner: &Banner<'_>) -> bool {
        match banner.family.family.part {
            // The message of an old WARN: before a header, and behind the machine's name.
            Part::Opens if self.banner.is_some_and(|own| own.is_warning_of(banner)) => {
                self.phase <= Phase::Fault || self.phase == Phase::Hardware && self.pid.is_none()
            }
            Part::Opens => self.banner.is_some_and(|own| own.leads_to(banner)),
            Part::Aside | Part::OfAny | Part::OfCrash => true,
            Part::OfFault => self.phase <= Phase::Fault,
        }
    }

    /// The same as far as it has come, of a crash that is known.
    pub(super) fn as_of(&self, known: &Block<'a>) -> Block<'a> {
        let Block { phase, row, inner, dump, in_task, frame, aside, time, last, .. } = *self;
        let (cpu, pid, gs) = (known.cpu.or(self.cpu), known.pid.or(self.pid), self.gs.or(known.gs));
        let numbered = self.numbered || known.numbered;
        Block { phase, row, inner, dump, in_task, frame, aside, time, last, cpu, pid, gs, numbered, ..*known }
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
