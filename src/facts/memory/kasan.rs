//! KASAN: `mm/kasan/report.c` and `mm/kasan/report_generic.c`.

mod reader;

pub(super) use reader::Reader;

use super::Access;
use crate::facts::frame::Frame;

/// What KASAN says about a bad access. Sizes and offsets are in bytes.
///
/// ```text
/// BUG: KASAN: use-after-free in do_step+0x8d/0xa0 [crashme]
/// Read of size 8 at addr ffff888000815db8 by task init/40
/// The buggy address belongs to the object at ffff888000815d80
///  which belongs to the cache kmalloc-64 of size 64
/// The buggy address is located 56 bytes inside of
///  64-byte region [ffff888000815d80, ffff888000815dc0)
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kasan<'a> {
    /// Kind of the bug as the banner has it: `use-after-free`.
    pub kind: Option<&'a [u8]>,
    /// What was done; `None` if KASAN only explains another fault.
    pub access: Option<Access>,
    /// Size of the access; `None` for a free and from tag-based KASAN.
    pub size: Option<u64>,
    /// Address of the access.
    pub address: Option<u64>,
    /// Name of the task that did it.
    pub comm: Option<&'a [u8]>,
    /// Thread ID of the task that did it.
    pub pid: Option<u32>,
    /// The addresses that a fault in the shadow memory stands for.
    pub range: Option<Range<'a>>,
    /// Tag of the pointer, in tag-based KASAN.
    pub pointer_tag: Option<u8>,
    /// Tag of the memory, in tag-based KASAN.
    pub memory_tag: Option<u8>,
    /// The slab object that the address is in, or next to.
    pub object: Option<Object<'a>>,
    /// Where the address is in relation to the object.
    pub place: Option<Place<'a>>,
    /// The global variable that the address is in.
    pub variable: Option<Frame<'a>>,
    /// The stack that the address is in.
    pub stack: Option<StackOwner<'a>>,
    /// The variables of the stack's frame.
    pub stack_objects: Vec<StackObject<'a>>,
    /// First and last+1 address of the vmalloc mapping that the address is in.
    pub mapping: Option<(u64, u64)>,
    /// The line about the page: `page:ffffea000729f1c0 refcount:1 mapcount:0 …`.
    pub page: Option<&'a [u8]>,
    /// `Memory state around the buggy address`, in the order printed.
    pub shadow: Vec<ShadowRow>,
    /// Which byte of the marked row the `^` stands under.
    pub shadow_column: Option<usize>,
}

/// A range of addresses: `kasan_non_canonical_hook`.
///
/// ```text
/// KASAN: null-ptr-deref in range [0x0000000000000028-0x000000000000002f]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Range<'a> {
    /// `null-ptr-deref`, `probably user-memory-access` or `maybe wild-memory-access`.
    pub kind: &'a [u8],
    /// First address.
    pub start: u64,
    /// Last address.
    pub end: u64,
}

/// A slab object: `describe_object_addr`.
///
/// ```text
/// The buggy address belongs to the object at ffff888000815d80
///  which belongs to the cache kmalloc-64 of size 64
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object<'a> {
    /// Address of the object.
    pub address: Option<u64>,
    /// Name of its slab cache; `None` if the line is lost.
    pub cache: Option<&'a [u8]>,
    /// Size of the objects of the cache.
    pub size: Option<u64>,
}

/// On which side of an object an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Side {
    /// `inside of`
    Inside,
    /// `to the left of`: before it.
    Left,
    /// `to the right of`: behind it.
    Right,
}

/// Where an address is in relation to an object: `describe_object_addr`.
///
/// ```text
/// The buggy address is located 16 bytes to the right of
///  allocated 64-byte region [ffff888000815d80, ffff888000815dc0)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place<'a> {
    /// Distance in bytes, from the object's start if inside.
    pub distance: u64,
    /// Which side.
    pub side: Side,
    /// `freed` or `allocated`; `None` before Linux 6.4.
    pub state: Option<&'a str>,
    /// Size of the region; this and the following are `None` if the second line is lost.
    pub size: Option<u64>,
    /// First address of the region.
    pub start: Option<u64>,
    /// First address behind the region.
    pub end: Option<u64>,
}

/// A stack: `print_address_stack_frame`.
///
/// ```text
/// The buggy address belongs to stack of task init/40
///  and is located at offset 34 in frame:
///  stack_oob+0x0/0xd0 [crashme]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackOwner<'a> {
    /// Name of the task.
    pub comm: &'a [u8],
    /// Thread ID of the task.
    pub pid: u32,
    /// Offset of the address in the frame.
    pub offset: Option<u64>,
    /// The function of the frame.
    pub frame: Option<Frame<'a>>,
}

/// A variable in the frame: `print_decoded_frame_descr`.
///
/// ```text
/// This frame has 1 object:
///  [32, 34) 'buf'
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackObject<'a> {
    /// Offset of its first byte in the frame.
    pub start: u64,
    /// Offset of the first byte behind it.
    pub end: u64,
    /// Its name.
    pub name: &'a [u8],
}

/// A row of the shadow memory: `print_memory_metadata`.
///
/// ```text
/// >ffff888000815d80: 00 00 00 00 00 00 00 04 fc fc fc fc fc fc fc fc
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShadowRow {
    /// Address of the first memory that the row is about.
    pub address: u64,
    /// The shadow bytes: one for 8 bytes of memory, in tag-based KASAN for 16.
    pub bytes: Vec<u8>,
    /// Whether this row (`>`) has the bad address.
    pub marked: bool,
}
