//! Frames, and addresses that are in no stack.

use serde::{Serialize, Serializer};

use super::value::{Hex, Sources};
use crate::facts::frame::{Frame, Trust};

/// The frames of a stack, with the calls inlined there: most of a document, so they are written as they come.
pub(super) struct WireFrames<'a> {
    pub(super) frames: Vec<Frame<'a>>,
    pub(super) sources: Sources<'a>,
}

impl Serialize for WireFrames<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let frames = self.frames.iter().copied();
        match self.sources {
            Some(_) => serializer.collect_seq(frames.flat_map(|at| at.calls(self.sources)).map(frame)),
            None => serializer.collect_seq(frames.map(frame)),
        }
    }
}

#[derive(Serialize)]
pub(super) struct WireFrame<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_id: Option<&'a str>,
    trust: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ends_before: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    inlined: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discriminator: Option<u32>,
    /// Of an address that is in no stack: the calls inlined there, innermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inlines: Vec<WireFrame<'a>>,
}

pub(super) fn frame(frame: Frame<'_>) -> WireFrame<'_> {
    let trust = match frame.trust {
        Trust::Pc => "pc",
        Trust::Return => "return",
        Trust::Link => "link",
        Trust::Unreliable => "unreliable",
        Trust::Inlined => "inlined",
    };
    WireFrame {
        function: frame.symbol,
        offset: frame.offset.map(Hex),
        size: frame.size.map(Hex),
        address: frame.address.map(Hex),
        module: frame.module,
        build_id: frame.build_id,
        trust,
        ends_before: frame.ends_function_before(),
        inlined: frame.trust == Trust::Inlined,
        file: frame.source.map(|source| source.file),
        line: frame.source.map(|source| source.line),
        column: frame.source.and_then(|source| source.column),
        discriminator: frame.source.and_then(|source| source.discriminator),
        inlines: Vec::new(),
    }
}

/// An address that is in no stack, with the calls inlined there.
pub(super) fn place<'a>(frame: Frame<'a>, sources: Sources<'a>) -> WireFrame<'a> {
    let mut calls = frame.calls(sources);
    let own = calls.pop().unwrap_or(frame);
    WireFrame { inlines: calls.into_iter().map(self::frame).collect(), ..self::frame(own) }
}
