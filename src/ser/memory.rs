//! The `memory` object: what sanitizers, the slab allocator and page faults say.

use serde::Serialize;

use super::{Hex, Named, Text, WireFrame, frame, hexadecimal};
use crate::facts::memory::{
    Access, Corruption, DumpRow, Kasan, Kcsan, KcsanAccess, Kfence, KfenceError, KfenceObject, Kmsan, Leak,
    Memory, Object, Page, PageFault, Place, Range, ShadowRow, Side, Slab, SlabTrack, StackObject, StackOwner,
    Ubsan,
};

#[derive(Serialize)]
pub(super) struct WireMemory<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    kasan: Option<WireKasan<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kfence: Option<WireKfence<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kmsan: Option<WireKmsan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kcsan: Option<WireKcsan<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ubsan: Option<WireUbsan<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slab: Option<WireSlab<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<WireFault<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<WirePage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    leaks: Vec<WireLeak<'a>>,
}

#[derive(Serialize)]
struct WireKasan<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comm: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<WireRange<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<WireObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<WirePlace<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<WireFrame<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<WireStack<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stack_objects: Vec<WireStackObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping: Option<WireMapping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer_tag: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_tag: Option<Hex>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shadow: Vec<WireShadow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow_column: Option<usize>,
}

#[derive(Serialize)]
struct WireRange<'a> {
    kind: Text<'a>,
    start: Hex,
    end: Hex,
}

#[derive(Serialize)]
struct WireObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Hex>,
}

#[derive(Serialize)]
struct WirePlace<'a> {
    distance: Hex,
    side: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Hex>,
}

#[derive(Serialize)]
struct WireStack<'a> {
    comm: Text<'a>,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<WireFrame<'a>>,
}

/// A variable of a stack's frame: offsets of its first byte and of the first one behind it.
#[derive(Serialize)]
struct WireStackObject<'a> {
    name: Text<'a>,
    start: Hex,
    end: Hex,
}

#[derive(Serialize)]
struct WireMapping {
    start: Hex,
    end: Hex,
}

#[derive(Serialize)]
struct WireShadow {
    address: Hex,
    bytes: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    marked: bool,
}

#[derive(Serialize)]
struct WireKfence<'a> {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corrupted: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<WireFenced<'a>>,
}

#[derive(Serialize)]
struct WireFenced<'a> {
    index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache: Option<Text<'a>>,
}

#[derive(Serialize)]
struct WireKmsan {
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_address: Option<Hex>,
}

#[derive(Serialize)]
struct WireKcsan<'a> {
    accesses: Vec<WireRace<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Hex>,
}

#[derive(Serialize)]
struct WireRace<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<&'static str>,
    description: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Hex>,
    size: Hex,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unknown_origin: bool,
}

#[derive(Serialize)]
struct WireUbsan<'a> {
    kind: Text<'a>,
    file: Text<'a>,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    explanation: Vec<Text<'a>>,
}

#[derive(Serialize)]
struct WireSlab<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cache: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overwritten: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corruption: Option<WireCorruption>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocated: Option<WireTrack<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    freed: Option<WireTrack<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slab: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<WireRow<'a>>,
}

#[derive(Serialize)]
struct WireCorruption {
    start: Hex,
    end: Hex,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Hex>,
}

#[derive(Serialize)]
struct WireTrack<'a> {
    at: WireFrame<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u64>,
}

#[derive(Serialize)]
struct WireRow<'a> {
    label: &'a str,
    address: Hex,
    bytes: String,
}

#[derive(Serialize)]
struct WireFault<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    privilege: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Named::is_empty")]
    tables: Named<'a, Hex>,
}

#[derive(Serialize)]
struct WirePage<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refcount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapcount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pfn: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flag_names: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Text<'a>>,
}

#[derive(Serialize)]
struct WireLeak<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Hex>,
    size: Hex,
    #[serde(skip_serializing_if = "Option::is_none")]
    comm: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jiffies: Option<u64>,
}

pub(super) fn memory(memory: Memory<'_>) -> WireMemory<'_> {
    WireMemory {
        kasan: memory.kasan.map(kasan),
        kfence: memory.kfence.map(kfence),
        kmsan: memory.kmsan.map(kmsan),
        kcsan: memory.kcsan.map(kcsan),
        ubsan: memory.ubsan.map(ubsan),
        slab: memory.slab.map(slab),
        fault: memory.fault.map(fault),
        page: memory.page.map(page),
        leaks: memory.leaks.into_iter().map(leak).collect(),
    }
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
        Access::ReadWrite => "read-write",
        Access::Free => "free",
        Access::Execute => "execute",
    }
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Inside => "inside",
        Side::Left => "left",
        Side::Right => "right",
    }
}

fn kasan(kasan: Kasan<'_>) -> WireKasan<'_> {
    WireKasan {
        kind: kasan.kind.map(Text),
        access: kasan.access.map(access),
        size: kasan.size.map(Hex),
        address: kasan.address.map(Hex),
        comm: kasan.comm.map(Text),
        pid: kasan.pid,
        range: kasan.range.map(range),
        object: kasan.object.map(object),
        place: kasan.place.map(place),
        variable: kasan.variable.map(frame),
        stack: kasan.stack.map(stack),
        stack_objects: kasan.stack_objects.into_iter().map(stack_object).collect(),
        mapping: kasan.mapping.map(|(start, end)| WireMapping { start: Hex(start), end: Hex(end) }),
        pointer_tag: kasan.pointer_tag.map(|tag| Hex(tag.into())),
        memory_tag: kasan.memory_tag.map(|tag| Hex(tag.into())),
        shadow: kasan.shadow.into_iter().map(shadow).collect(),
        shadow_column: kasan.shadow_column,
    }
}

fn range(range: Range<'_>) -> WireRange<'_> {
    WireRange { kind: Text(range.kind), start: Hex(range.start), end: Hex(range.end) }
}

fn object(object: Object<'_>) -> WireObject<'_> {
    let Object { address, cache, size } = object;
    WireObject { address: address.map(Hex), cache: cache.map(Text), size: size.map(Hex) }
}

fn place(place: Place<'_>) -> WirePlace<'_> {
    WirePlace {
        distance: Hex(place.distance),
        side: side(place.side),
        state: place.state,
        start: place.start.map(Hex),
        end: place.end.map(Hex),
    }
}

fn stack(stack: StackOwner<'_>) -> WireStack<'_> {
    let (offset, frame) = (stack.offset.map(Hex), stack.frame.map(frame));
    WireStack { comm: Text(stack.comm), pid: stack.pid, offset, frame }
}

fn stack_object(object: StackObject<'_>) -> WireStackObject<'_> {
    WireStackObject { name: Text(object.name), start: Hex(object.start), end: Hex(object.end) }
}

fn shadow(row: ShadowRow) -> WireShadow {
    let bytes = hexadecimal(&row.bytes);
    WireShadow { address: Hex(row.address), bytes, marked: row.marked }
}

fn kfence(kfence: Kfence<'_>) -> WireKfence<'_> {
    let error = match kfence.error {
        KfenceError::OutOfBounds => "out-of-bounds",
        KfenceError::UseAfterFree => "use-after-free",
        KfenceError::Corruption => "corruption",
        KfenceError::InvalidAccess => "invalid-access",
        KfenceError::InvalidFree => "invalid-free",
    };
    WireKfence {
        error,
        access: kfence.access.map(access),
        address: kfence.address.map(Hex),
        distance: kfence.distance.map(|(distance, _)| Hex(distance)),
        side: kfence.distance.map(|(_, of)| side(of)),
        corrupted: kfence.corrupted.map(Text),
        index: kfence.index,
        object: kfence.object.map(fenced),
    }
}

fn fenced(object: KfenceObject<'_>) -> WireFenced<'_> {
    WireFenced {
        index: object.index,
        start: object.start.map(Hex),
        end: object.end.map(Hex),
        size: object.size.map(Hex),
        cache: object.cache.map(Text),
    }
}

fn kmsan(kmsan: Kmsan) -> WireKmsan {
    WireKmsan {
        first: kmsan.bytes.map(|(first, _)| first),
        last: kmsan.bytes.map(|(_, last)| last),
        size: kmsan.size.map(Hex),
        address: kmsan.address.map(Hex),
        user_address: kmsan.user_address.map(Hex),
    }
}

fn kcsan(kcsan: Kcsan<'_>) -> WireKcsan<'_> {
    WireKcsan {
        accesses: kcsan.accesses.into_iter().map(race).collect(),
        old: kcsan.value.map(|(old, _)| Hex(old)),
        new: kcsan.value.map(|(_, new)| Hex(new)),
    }
}

fn race(race: KcsanAccess<'_>) -> WireRace<'_> {
    WireRace {
        access: race.access.map(access),
        description: Text(race.description),
        address: race.address.map(Hex),
        size: Hex(race.size),
        pid: race.pid,
        cpu: race.cpu,
        unknown_origin: race.unknown_origin,
    }
}

fn ubsan(ubsan: Ubsan<'_>) -> WireUbsan<'_> {
    WireUbsan {
        kind: Text(ubsan.kind),
        file: Text(ubsan.file),
        line: ubsan.line,
        column: ubsan.column,
        explanation: ubsan.explanation.into_iter().map(Text).collect(),
    }
}

fn slab(slab: Slab<'_>) -> WireSlab<'_> {
    WireSlab {
        cache: slab.cache.map(Text),
        problem: slab.problem.map(Text),
        overwritten: slab.overwritten.map(Text),
        corruption: slab.corruption.map(corruption),
        allocated: slab.allocated.map(track),
        freed: slab.freed.map(track),
        slab: slab.slab.map(Hex),
        objects: slab.objects,
        used: slab.used,
        object: slab.object.map(Hex),
        offset: slab.offset,
        rows: slab.rows.into_iter().map(row).collect(),
    }
}

fn corruption(corruption: Corruption) -> WireCorruption {
    WireCorruption {
        start: Hex(corruption.start),
        end: Hex(corruption.end),
        found: corruption.found.map(|byte| Hex(byte.into())),
        expected: corruption.expected.map(|byte| Hex(byte.into())),
    }
}

fn track(track: SlabTrack<'_>) -> WireTrack<'_> {
    WireTrack { at: frame(track.at), age: track.age, cpu: track.cpu, pid: track.pid }
}

fn row(row: DumpRow<'_>) -> WireRow<'_> {
    WireRow { label: row.label, address: Hex(row.address), bytes: hexadecimal(&row.bytes) }
}

fn fault(fault: PageFault<'_>) -> WireFault<'_> {
    WireFault {
        address: fault.address.map(Hex),
        access: fault.access.map(access),
        privilege: fault.privilege,
        mode: fault.mode,
        error_code: fault.error_code.map(Hex),
        reason: fault.reason.map(Text),
        tables: Named::of(fault.tables, Hex),
    }
}

fn page(page: Page<'_>) -> WirePage<'_> {
    WirePage {
        address: page.address.map(Hex),
        refcount: page.refcount,
        mapcount: page.mapcount,
        mapping: page.mapping.map(Hex),
        index: page.index.map(Hex),
        pfn: page.pfn.map(Hex),
        order: page.order,
        flags: page.flags.map(Hex),
        flag_names: page.flag_names.map(Text),
        reason: page.reason.map(Text),
    }
}

fn leak(leak: Leak<'_>) -> WireLeak<'_> {
    WireLeak {
        address: leak.address.map(Hex),
        size: Hex(leak.size),
        comm: leak.comm.map(Text),
        pid: leak.pid,
        jiffies: leak.jiffies,
    }
}
