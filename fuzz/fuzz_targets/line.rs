//! Lines, and the grammars of single ones: no bytes make them panic, and what they return lies in the line.
#![no_main]

use crashparse::facts::code::Code;
use crashparse::facts::frame::Frame;
use crashparse::facts::locks::{HeldLock, HeldLocks, LockAttempt};
use crashparse::facts::memory::Memory;
use crashparse::facts::modules::Modules;
use crashparse::facts::offset::kernel_offset;
use crashparse::facts::registers::{self, Registers};
use crashparse::facts::task::{self, Blocker, HungTask, SoftLockup, Task, Workqueue};
use crashparse::{Caller, Line, Plain, guilty_file, is_suppressed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // As one line with whatever is in it, and as the lines that it holds.
    check(0, data);
    let mut offset = 0;
    for raw in data.split(|&byte| byte == b'\n') {
        check(offset, raw);
        offset += raw.len() + 1;
    }
    several(data);
});

fn check(offset: usize, raw: &[u8]) {
    let line = Line::parse(offset, raw);
    assert_eq!(line.offset, offset);
    assert!(raw.starts_with(line.raw) && std::ptr::eq(raw.as_ptr(), line.raw.as_ptr()));
    // Carriage returns and line feeds, also drawn ones.
    let end = &raw[line.raw.len()..];
    assert!(
        end.iter().all(|byte| matches!(byte, b'\r' | b'^' | b'M' | 0xe2 | 0x90 | 0x8a | 0x8d)),
        "{end:?}"
    );
    assert!(checks::lies_in(line.raw, line.body), "{line:?}");
    assert!(line.prefix.level.is_none_or(|level| level <= 7), "{line:?}");
    assert!(!matches!(line.prefix.caller, Some(Caller::Task(u32::MAX))) || !line.raw.is_empty());
    assert_eq!(Line::parse(offset, line.raw), line);
    let plain = Plain(line.body).to_string();
    assert!(!plain.contains(char::is_control), "{plain:?}");
    facts(line.body);
}

/// Every grammar of one line.
fn facts(body: &[u8]) {
    let all = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        Frame::parse(body),
        Frame::parse_all(body).collect::<Vec<_>>(),
        Task::parse(body),
        HeldLock::parse(body),
        Workqueue::parse(body),
        HungTask::parse(body),
        Blocker::parse(body),
        SoftLockup::parse(body),
        task::hardware_name(body),
        kernel_offset(body),
    );
    assert!(!all.is_empty());
    let _ = (registers::is_register_line(body), registers::is_pc_line(body), is_suppressed(body));
    if let Some(frame) = Frame::parse(body) {
        let _ = frame.function();
    }
    if let Some(mut code) = Code::parse(body) {
        code.extend(body);
        assert!(!format!("{code:?}").is_empty());
    }
}

/// Grammars of several lines.
fn several(data: &[u8]) {
    let bodies = || data.split(|&byte| byte == b'\n');
    let all = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}",
        Registers::read(bodies()),
        HeldLocks::read(bodies()),
        LockAttempt::read(bodies()),
        Memory::read(bodies()),
        Modules::read(bodies()),
        guilty_file("KASAN: use-after-free Read in f", data),
    );
    assert!(!all.is_empty());
}
