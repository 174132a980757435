//! kmemleak: `mm/kmemleak.c`.

use super::address;
use crate::facts::frame;
use crate::text;

/// An object that nothing points to: `print_unreferenced`.
///
/// ```text
/// unreferenced object 0xffff88007c996480 (size 96):
///   comm "syz-executor1", pid 4094, jiffies 4294767514 (age 15.374s)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leak<'a> {
    /// Its address; `None` if the kernel hides it.
    pub address: Option<u64>,
    /// Its size in bytes.
    pub size: u64,
    /// Name of the task that allocated it; `None` if the line is lost.
    pub comm: Option<&'a [u8]>,
    /// Thread ID of that task.
    pub pid: Option<u32>,
    /// When it was allocated, in jiffies.
    pub jiffies: Option<u64>,
}

#[derive(Default)]
pub(super) struct Reader<'a> {
    pub(super) facts: Vec<Leak<'a>>,
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, body: &'a [u8]) -> bool {
        let body = frame::behind_kmemleak(body);
        if let Some(rest) = body.strip_prefix(b"unreferenced object ") {
            let leak = object(rest);
            self.facts.extend(leak);
            return leak.is_some();
        }
        let (Some(leak), Some(rest)) =
            (self.facts.last_mut(), text::skip_blanks(body).strip_prefix(b"comm \""))
        else {
            return false;
        };
        // A name may hold quotes.
        let Some(at) = memchr::memmem::rfind(rest, b"\", pid ") else {
            return false;
        };
        let (comm, rest) = rest.split_at(at);
        if leak.comm.is_none() {
            leak.comm = Some(comm);
            leak.pid = text::u32_after(rest, ", pid ");
            leak.jiffies = text::number_after(rest, ", jiffies ");
        }
        true
    }
}

/// Reads `0xffff88007c996480 (size 96):`, for a per-CPU object `(percpu) 0x607f… (size 8):`.
fn object<'a>(rest: &[u8]) -> Option<Leak<'a>> {
    let rest = rest.strip_prefix(b"(percpu) ").unwrap_or(rest);
    let (rest, address) = address(rest)?;
    let (_, size) = text::dec(text::skip_blanks(rest).strip_prefix(b"(size ")?).ok()?;
    Some(Leak { address, size, comm: None, pid: None, jiffies: None })
}
