//! What tasks do: how they come to wait for each other's locks, and their system calls.

use serde::Serialize;

use super::{Sources, Text, WireFrame, place};
use crate::facts::locks::LockStep;
use crate::report::Syscall;

/// A step.
#[derive(Serialize)]
pub(super) struct WireStep<'a> {
    cpu: u32,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<WireFrame<'a>>,
}

pub(super) fn step<'a>(step: LockStep<'a>, sources: Sources<'a>) -> WireStep<'a> {
    WireStep {
        cpu: step.cpu,
        action: step.action.as_str(),
        lock: Some(Text(step.class)).filter(|_| !step.class.is_empty()),
        at: step.at.map(|at| place(at, sources)),
    }
}

/// A system call.
#[derive(Serialize)]
pub(super) struct WireSyscall {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    name: &'static str,
}

pub(super) fn syscall(syscall: Syscall) -> WireSyscall {
    WireSyscall { number: syscall.number, name: syscall.name }
}
