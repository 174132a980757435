//! What lines say that are of no stack: places in the code, and the kernel's own short words.

use serde::Serialize;

use super::{Hex, Sources, Text, WireFrame, Words, place};
use crate::facts::oops::Oops;
use crate::facts::place::Check;
use crate::facts::task::{IdleCpu, Task};
use crate::report::Report;

/// The check that failed.
#[derive(Serialize)]
pub(super) struct WireCheck<'a> {
    file: &'a str,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<WireFrame<'a>>,
}

/// A place that is of no stack.
#[derive(Serialize)]
pub(super) struct WirePlace<'a> {
    what: Words<'a>,
    at: WireFrame<'a>,
}

pub(super) fn check<'a>(check: Check<'a>, sources: Sources<'a>) -> WireCheck<'a> {
    let at = check.at.map(|at| place(at, sources));
    WireCheck { file: check.source.file, line: check.source.line, condition: check.condition.map(Text), at }
}

pub(super) fn places<'a>(report: &Report<'a>, sources: Sources<'a>) -> Vec<WirePlace<'a>> {
    let places = report.places().into_iter();
    places.map(|found| WirePlace { what: Words(found.what), at: place(found.at, sources) }).collect()
}

/// What `die()` says.
#[derive(Serialize)]
pub(super) struct WireOops<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ilc: Option<u32>,
    number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<Text<'a>>,
}

pub(super) fn oops(oops: Oops<'_>) -> WireOops<'_> {
    let Oops { what, code, signal, ilc, number, build } = oops;
    let build = Some(Text(build)).filter(|_| !build.is_empty());
    WireOops { what: what.map(Text), code: code.map(Hex), signal, ilc, number, build }
}

/// A CPU that idled.
#[derive(Serialize)]
pub(super) struct WireIdle<'a> {
    cpu: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<WireFrame<'a>>,
}

pub(super) fn idle<'a>(idle: IdleCpu<'a>, sources: Sources<'a>) -> WireIdle<'a> {
    WireIdle { cpu: idle.cpu, at: idle.at.map(|at| place(at, sources)) }
}

/// The build of the kernel.
#[derive(Serialize)]
pub(super) struct WireBuild<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preemption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<&'a str>,
}

/// The build, where more is known than its number.
pub(super) fn build<'a>(task: &Task<'a>) -> Option<WireBuild<'a>> {
    let (number, preemption, package) = (task.build_number(), task.preemption(), task.package());
    let known = preemption.is_some() || package.is_some();
    known.then_some(WireBuild { number, preemption, package })
}
