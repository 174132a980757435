//! Who was running, in kernels whose oopses have no header for it, or none with all of it: `show_registers` and `show_regs`
//! of each CPU before Linux 3.10.

use crate::text;

use super::{Task, release, taint};

/// What a line says of who was running.
///
/// ```text
/// CPU 7                                                              x86-64
/// Process pewterd (pid: 3107, threadinfo ffff880136b4e000, task ffff88013a1c2040)
///
/// EIP:    0060:[<c01a2093>]    Tainted: P      VLI                   i386, to 2.6.24
/// EFLAGS: 00010202   (2.6.22-14-generic #1)
/// EIP: 0060:[<c01a2093>] EFLAGS: 00010202 CPU: 1                     i386, from 2.6.25 on
///
/// CPU: 0    Not tainted  (2.6.36.3 #1)                               ARM
/// CPU: 1 Not tainted 2.6.32.3 #1                                     s390
/// Cpu 0                                                              MIPS
///
/// REGS: c0000003f0b97a70 TRAP: 0300   Tainted: G        W  (2.6.32-5-powerpc64)
/// TASK = c0000003f0b11520[2341] 'modprobe' THREAD: c0000003f0b94000 CPU: 1
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mention<'a> {
    task: Option<(&'a [u8], u32)>,
    cpu: Option<u32>,
    tainted: Option<&'a str>,
    kernel: Option<&'a str>,
}

impl<'a> Mention<'a> {
    /// Reads a line; `None` if it says nothing of it.
    fn parse(body: &'a [u8]) -> Option<Mention<'a>> {
        let line = text::skip_blanks(body);
        let nothing = Mention::default();
        if let Some(task) = numbered(line) {
            return Some(Mention { task: Some(task), ..nothing });
        }
        let found = match line.first()? {
            b'P' => Mention { task: Some(process(line).or_else(|| sh_task(line))?), ..nothing },
            b'C' => cpu_line(line)?,
            b'E' => {
                let cpu = text::after(line, "] EFLAGS: ").and_then(|rest| text::u32_after(rest, " CPU: "));
                let flags = line.strip_prefix(b"EFLAGS: ").map(|flags| text::take(flags, |b| b != b'(').1);
                let marked = line.starts_with(b"EIP: ").then(|| marks(line)).flatten();
                Mention {
                    cpu,
                    tainted: marked.and_then(|tail| taint(tail).0),
                    kernel: flags.filter(|rest| rest.starts_with(b"(")).and_then(release),
                    ..nothing
                }
            }
            b'R' if text::contains(line, " TRAP: ") => {
                let (tainted, rest) = taint(marks(line)?);
                Mention { tainted, kernel: release(rest), ..nothing }
            }
            b'T' if line.starts_with(b"TASK") => powerpc_task(line)?,
            // MIPS has them on a line of their own, between `epc` and `ra`.
            b'T' => Mention { tainted: taint(line).0, ..nothing },
            _ => return None,
        };
        (found != nothing).then_some(found)
    }

    /// Fills in what is not known of a task by what the lines of its oops mention; the first to say a thing counts.
    pub(crate) fn complete(
        task: Option<Task<'a>>,
        bodies: impl Iterator<Item = &'a [u8]>,
    ) -> Option<Task<'a>> {
        let whole = |task: &Task<'_>| task.cpu.is_some() && task.kernel.is_some();
        if task.as_ref().is_some_and(whole) {
            return task;
        }
        let mut all = Mention::default();
        for found in bodies.filter_map(Mention::parse) {
            all = Mention {
                task: all.task.or(found.task),
                cpu: all.cpu.or(found.cpu),
                tainted: all.tainted.or(found.tainted),
                kernel: all.kernel.or(found.kernel),
            };
        }
        let task = task.or_else(|| all.task.map(|(comm, pid)| Task::named(comm, pid)))?;
        Some(Task {
            cpu: task.cpu.or(all.cpu),
            tainted: task.tainted.or(all.tainted.filter(|_| task.kernel.is_none())),
            kernel: task.kernel.or(all.kernel),
            ..task
        })
    }
}

/// Name and number of `Process camd (pid: 611, stack limit = 0xc7b64270)`.
fn process(line: &[u8]) -> Option<(&[u8], u32)> {
    let rest = line.strip_prefix(b"Process ")?;
    let at = memchr::memmem::rfind(rest, b" (pid: ")?;
    let (after, pid) = text::dec_u32(rest.get(at + " (pid: ".len()..)?).ok()?;
    after.starts_with(b", ").then_some((rest.get(..at)?, pid))
}

/// `cat(905): Oops [#1]`, `die_if_kernel` of sparc.
fn numbered(line: &[u8]) -> Option<(&[u8], u32)> {
    let head = line.get(..text::find(line, " [#")?).filter(|_| line.ends_with(b"]"))?;
    let at = text::find(head, "): ")?;
    let task = head.get(..at)?;
    let (comm, pid) = task.split_at_checked(memchr::memrchr(b'(', task)?)?;
    let pid = pid.get(1..)?;
    Some((comm, text::dec_u32(pid).ok().filter(|(rest, _)| rest.is_empty())?.1))
}

/// `Pid : 905, Comm: \t\t  cat`, `show_regs` of sh, up to Linux 2.6.38.
fn sh_task(line: &[u8]) -> Option<(&[u8], u32)> {
    let (rest, pid) = text::dec_u32(line.strip_prefix(b"Pid : ")?).ok()?;
    let comm = rest.strip_prefix(b", Comm:")?.trim_ascii();
    (!comm.is_empty()).then_some((comm, pid))
}

/// `CPU 7 `, `Cpu 0`, `CPU:    0`, and with what taints and the release.
fn cpu_line(line: &[u8]) -> Option<Mention<'_>> {
    let number = line.strip_prefix(b"CPU").or_else(|| line.strip_prefix(b"Cpu"))?;
    let number = [&b":"[..], b" : "].iter().find_map(|colon| number.strip_prefix(*colon)).unwrap_or(number);
    let number = text::skip_blanks(number);
    let (rest, cpu) = text::dec_u32(number).ok()?;
    let tail = text::skip_blanks(rest).trim_ascii_end();
    let said = tail.starts_with(b"Not tainted") || tail.starts_with(b"Tainted: ");
    if !(tail.is_empty() || said) {
        return None;
    }
    let (tainted, rest) = taint(tail);
    Some(Mention { task: None, cpu: Some(cpu), tainted, kernel: release(rest) })
}

/// `TASK = c0000003f0b11520[2341] 'modprobe' THREAD: c0000003f0b94000 CPU: 1`, `show_regs` of powerpc.
fn powerpc_task(line: &[u8]) -> Option<Mention<'_>> {
    let (rest, pid) = text::dec_u32(text::after(line, "[")?).ok()?;
    let rest = rest.strip_prefix(b"] '")?;
    let end = text::find(rest, "' THREAD: ")?;
    let (comm, thread) = rest.split_at_checked(end)?;
    let cpu = text::u32_after(thread, " CPU: ");
    Some(Mention { task: Some((comm, pid)), cpu, ..Mention::default() })
}

/// The end of a line from what taints on.
fn marks(line: &[u8]) -> Option<&[u8]> {
    let at = [" Tainted: ", " Not tainted"].iter().filter_map(|mark| text::find(line, mark)).min()?;
    line.get(at..)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (String, u32, Option<u32>, Option<String>, Option<String>);

    fn of(log: &str) -> Option<Row> {
        let task = Mention::complete(None, log.lines().map(str::as_bytes))?;
        let owned = |s: Option<&str>| s.map(str::to_string);
        Some((text::lossy(task.comm).into(), task.pid, task.cpu, owned(task.tainted), owned(task.kernel)))
    }

    /// What a log says: name, number, CPU, taints, release.
    fn is(log: &str, comm: &str, pid: u32, cpu: u32, tainted: Option<&str>, kernel: Option<&str>) {
        let owned = |s: Option<&str>| s.map(str::to_string);
        assert_eq!(of(log), Some((comm.into(), pid, Some(cpu), owned(tainted), owned(kernel))), "{log}");
    }

    #[test]
    fn each_cpu_has_its_own_way() {
        // show_registers, arch/i386/kernel/traps.c, 2.6.22.
        is(
            "CPU:    1\nEIP:    0060:[<c01a2093>]    Tainted: P      VLI\nEFLAGS: 00010202   (2.6.22-14-generic #1) \n\
             Process a (b) (pid: 4125, ti=cfe12000 task=cd945a60 task.ti=cfe12000)",
            "a (b)",
            4125,
            1,
            Some("P      VLI"),
            Some("2.6.22-14-generic"),
        );
        // __show_regs, arch/arm/kernel/process.c; __die, arch/arm/kernel/traps.c, 2.6.36.
        is(
            "CPU: 3    Tainted: G        W   (2.6.36.3-perf #1)\nProcess demo (pid: 905, stack limit = 0xc7b64270)",
            "demo",
            905,
            3,
            Some("G        W"),
            Some("2.6.36.3-perf"),
        );
        // show_registers, arch/s390/kernel/traps.c, 2.6.32.
        is(
            "CPU: 1 Not tainted 2.6.32.3 #1\nProcess demo (pid: 905, task: 000000001f5a4038, ksp: 000000001f5a7b40)",
            "demo",
            905,
            1,
            None,
            Some("2.6.32.3"),
        );
        // show_registers, arch/mips/kernel/traps.c, 2.6.37.
        is(
            "Cpu 0\n    Tainted: P           \nProcess demo (pid: 905, threadinfo=8799e000, task=87955c8c, tls=00000000)",
            "demo",
            905,
            0,
            Some("P"),
            None,
        );
        // show_regs, arch/powerpc/kernel/process.c, 2.6.32.
        is(
            "REGS: c0000003f0b97a70 TRAP: 0300   Not tainted  (2.6.32-5-powerpc64)\n\
             TASK = c0000003f0b11520[2341] 'mod probe' THREAD: c0000003f0b94000 CPU: 1",
            "mod probe",
            2341,
            1,
            None,
            Some("2.6.32-5-powerpc64"),
        );
    }

    #[test]
    fn other_lines_say_nothing() {
        for line in [
            "CPU 0 Unable to handle kernel paging request at virtual address 00000070",
            "CPU: 1 PID: 905 Comm: demo Not tainted 6.1.0 #1",
            "CPU features: 0x0002,00000000",
            "Process accounting resumed",
            "Process demo (pid: 905)",
            "TASK_SIZE",
            "EIP: [<c01a2093>] demo+0x1/0x2 SS:ESP 0068:c750049d",
            "RSP: 0018:ffffc9000023fc40 EFLAGS: 00010246",
        ] {
            assert_eq!(Mention::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_header_goes_before() {
        let header = Task::parse(b"Pid: 905, comm: demo Not tainted 2.6.31 #1");
        let lines = ["CPU 1 ", "Process other (pid: 7, threadinfo 0, task 0)"].map(str::as_bytes);
        let task = Mention::complete(header, lines.into_iter());
        assert_eq!(task.map(|task| (task.comm, task.cpu)), Some((&b"demo"[..], Some(1))));
    }
}
