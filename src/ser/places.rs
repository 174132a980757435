//! Places in the code that are of no stack.

use serde::Serialize;

use super::{Sources, Text, WireFrame, place};
use crate::facts::place::Check;
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
    what: Text<'a>,
    at: WireFrame<'a>,
}

pub(super) fn check<'a>(check: Check<'a>, sources: Sources<'a>) -> WireCheck<'a> {
    let at = check.at.map(|at| place(at, sources));
    WireCheck { file: check.source.file, line: check.source.line, condition: check.condition.map(Text), at }
}

pub(super) fn places<'a>(report: &Report<'a>, sources: Sources<'a>) -> Vec<WirePlace<'a>> {
    let places = report.places().into_iter();
    places.map(|found| WirePlace { what: Text(found.what), at: place(found.at, sources) }).collect()
}
