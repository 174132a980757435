//! What a driver says of its device's fault: which device, what, and for whom it worked.

use crate::text;

/// A fault of a device, of its link or of a memory module, as its driver reports it.
///
/// ```text
/// NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python3, GPU has fallen off the bus.
/// amdgpu 0000:c5:00.0: amdgpu: ring sdma0 timeout, signaled seq=7021, emitted seq=7023
/// amdgpu 0000:c5:00.0: amdgpu:  Process render pid 10486 thread render:cs0 pid 10487
/// i915 0000:00:02.0: [drm] GPU HANG: ecode 12:1:8ed9fff2, in Xorg [2345]
/// demo 0000:05:00.0: PCIe Bus Error: severity=Uncorrected (Fatal), type=Transaction Layer, (Receiver ID)
/// nvme nvme0: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0x10
/// EDAC MC0: 1 UE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0 (channel:1 slot:0 page:0x77a1b …)
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceFault<'a> {
    /// The driver, where the line begins with it.
    pub driver: Option<&'a str>,
    /// Address on the bus: `0000:c5:00.0`, of NVIDIA's driver without the function.
    pub address: Option<&'a str>,
    /// Name of the device where that is no address: `nvme0`, the label of a memory module.
    pub name: Option<&'a [u8]>,
    /// Number of the fault: NVIDIA's Xid or SXid.
    pub code: Option<u32>,
    /// The ring or engine that hung: `gfx_0.0.0`, `rcs0`.
    pub ring: Option<&'a str>,
    /// `Fatal` or `Non-Fatal`, of PCIe.
    pub severity: Option<&'a str>,
    /// Name and process ID of the program whose work it was.
    pub task: Option<(&'a [u8], u32)>,
    /// What the driver says in its own words.
    pub detail: Option<&'a [u8]>,
}

impl<'a> DeviceFault<'a> {
    /// Reads the lines of a report; of two facts of a kind the first one counts. The address of a device goes before that
    /// of the port that tells of it.
    pub fn read(bodies: impl IntoIterator<Item = &'a [u8]>) -> DeviceFault<'a> {
        let mut all = DeviceFault::default();
        let mut port = None;
        for body in bodies {
            let line = body.trim_ascii();
            let found =
                xid(line).or_else(|| edac(line)).or_else(|| nvme(line)).unwrap_or_else(|| other(line));
            if text::contains(line, "AER: ") && found.severity.is_some() {
                port = port.or(found.address);
            } else {
                all.address = all.address.or(found.address);
                all.driver = all.driver.or(found.driver);
            }
            all.name = all.name.or(found.name);
            all.code = all.code.or(found.code);
            all.ring = all.ring.or(found.ring);
            all.severity = all.severity.or(found.severity);
            all.task = all.task.or(found.task);
            all.detail = all.detail.or(found.detail);
        }
        DeviceFault { address: all.address.or(port), ..all }
    }
}

/// `NVRM: Xid (PCI:0000:3b:00 GPU-I:05): 79, pid=1234, name=python3, GPU has fallen off the bus.`
fn xid(line: &[u8]) -> Option<DeviceFault<'_>> {
    let rest = text::after(line, "NVRM: Xid (").or_else(|| text::after(line, ": SXid ("))?;
    let rest = rest.strip_prefix(b"PCI:").unwrap_or(rest);
    let (address, rest) = text::take(rest, |b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
    let rest = text::after(rest, "): ")?;
    let (rest, code) = text::dec_u32(rest).ok()?;
    let mut rest = rest.strip_prefix(b", ").unwrap_or(rest);
    let (mut pid, mut comm) = (None, None);
    if let Some(value) = rest.strip_prefix(b"pid=") {
        let (value, after) = text::take(value, |b| b != b',');
        pid = text::number(value, 10).and_then(|pid| u32::try_from(pid).ok());
        rest = after.strip_prefix(b", ").unwrap_or(after);
    }
    if let Some(value) = rest.strip_prefix(b"name=") {
        let (value, after) = text::take(value, |b| b != b',');
        comm = Some(value).filter(|name| *name != b"<unknown>");
        rest = after.strip_prefix(b", ").unwrap_or(after);
    }
    Some(DeviceFault {
        address: text::ascii(address),
        code: Some(code),
        task: pid.map(|pid| (comm.unwrap_or_default(), pid)),
        detail: Some(rest).filter(|rest| !rest.is_empty()),
        ..DeviceFault::default()
    })
}

/// `EDAC MC1: 1 UE memory scrubbing error on CPU_SrcID#1_Ha#0_Chan#2_DIMM#1 (channel:2 slot:1 …)`.
fn edac(line: &[u8]) -> Option<DeviceFault<'_>> {
    let detail = text::after(line.strip_prefix(b"EDAC MC")?, ": ")?;
    let at = text::find(detail, " on ")?;
    let label = detail.get(at + " on ".len()..)?;
    let end = text::find(label, " (").unwrap_or(label.len());
    Some(DeviceFault { name: label.get(..end), detail: Some(detail), ..DeviceFault::default() })
}

/// `nvme nvme0: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0x10`.
fn nvme(line: &[u8]) -> Option<DeviceFault<'_>> {
    let rest = line.strip_prefix(b"nvme ")?;
    let (name, rest) = text::take(rest, |b| b != b' ');
    let name = name.strip_suffix(b":")?;
    let address = text::ascii(name).filter(|name| is_bus_address(name));
    let name = Some(name).filter(|_| address.is_none());
    let detail = Some(text::skip_blanks(rest));
    Some(DeviceFault { driver: Some("nvme"), address, name, detail, ..DeviceFault::default() })
}

/// Any other driver's line: `DRIVER 0000:c5:00.0: …`, and what the drivers of GPUs and AER say.
fn other(line: &[u8]) -> DeviceFault<'_> {
    let (driver, address, said) = device(line).unwrap_or((None, None, line));
    let ring = text::after(said, "ring ").filter(|rest| text::contains(rest, " timeout"));
    let ring = ring.or_else(|| text::after(said, "hang on ").filter(|_| text::contains(said, "GPU HANG")));
    let ring = ring.map(|ring| text::take(ring, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')).0);
    let severity = ["(Fatal)", "(Non-Fatal)"].into_iter().find(|word| text::contains(said, word));
    let job = text::contains(said, "GPU HANG: ") || text::contains(said, "Timedout job: ");
    let told = job
        || ring.is_some()
        || severity.is_some()
        || TELLING.iter().any(|words| text::contains(said, words));
    DeviceFault {
        driver,
        address,
        ring: ring.and_then(text::ascii).filter(|ring| !ring.is_empty()),
        severity: severity.map(|word| word.trim_matches(['(', ')'])),
        task: process(said).or_else(|| on_channel(said)).or_else(|| if job { in_task(said) } else { None }),
        detail: told.then_some(said),
        ..DeviceFault::default()
    }
}

/// Words of the lines that tell what is wrong.
const TELLING: &[&str] = &[
    "GPU reset begin!",
    "page fault (src_id:",
    "GPU fault detected: ",
    ": fault ",
    "read fault at ",
    "write fault at ",
    "SCHED_ERROR ",
    "recover hung GPU",
    "GPU lockup",
    "gpu lockup",
    "Hangcheck timer elapsed",
    "gpu sched timeout",
    "Resetting GPU for hang",
    "as wedged",
    "DPC: containment event",
];

/// Driver and bus address of `amdgpu 0000:c5:00.0: amdgpu: …`, or the driver alone of `panfrost ff9a0000.gpu: …`, and what is
/// said of it.
fn device(line: &[u8]) -> Option<(Option<&str>, Option<&str>, &[u8])> {
    let (driver, rest) = text::take(line, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let (place, rest) = text::take(rest.strip_prefix(b" ")?, |b| b != b' ');
    let place = text::ascii(place.strip_suffix(b":")?)?;
    // `ff9a0000.gpu`: of a device tree.
    let of_tree = place.starts_with(|c: char| c.is_ascii_hexdigit()) && place.contains('.');
    let on_bus = is_bus_address(place);
    (on_bus || of_tree).then_some((
        text::ascii(driver),
        Some(place).filter(|_| on_bus),
        text::skip_blanks(rest),
    ))
}

/// Whether it is `0000:c5:00.0`.
fn is_bus_address(place: &str) -> bool {
    let shape = place.bytes().map(|b| if b.is_ascii_hexdigit() { b'0' } else { b });
    shape.eq(*b"0000:00:00.0")
}

/// What amdgpu puts before whose work it was.
const OWNERS: &[&str] = &["Process information: process ", "Process ", "for process ", "in process "];

/// `Process information: process render pid 10486 thread …`, ` Process render pid 10486 thread …` of amdgpu.
fn process(said: &[u8]) -> Option<(&[u8], u32)> {
    let rest = OWNERS.iter().find_map(|words| text::after(said, words))?;
    let at = text::find(rest, " pid ")?;
    let (after, pid) = text::dec_u32(rest.get(at + " pid ".len()..)?).ok()?;
    let comm = rest.get(..at)?.trim_ascii();
    (after.starts_with(b" thread ") && !comm.is_empty()).then_some((comm, pid))
}

/// `… on channel 6 [007f3d4000 Xorg[1022]]` of nouveau.
fn on_channel(said: &[u8]) -> Option<(&[u8], u32)> {
    let rest = text::after(said, " on channel ")?;
    let (_, rest) = text::take(rest, |b| b != b'[');
    let (_, rest) = text::take(rest.strip_prefix(b"[")?, |b| b.is_ascii_hexdigit());
    let name = rest.strip_prefix(b" ")?.strip_suffix(b"]]")?;
    let at = memchr::memrchr(b'[', name)?;
    let pid = text::number(name.get(at + 1..)?, 10).and_then(|pid| u32::try_from(pid).ok())?;
    Some((name.get(..at)?, pid))
}

/// `…, in Xorg [2345], …` of i915, `… in Xorg [2345]` of xe.
fn in_task(said: &[u8]) -> Option<(&[u8], u32)> {
    let rest = said.get(text::find(said, " in ")? + " in ".len()..)?;
    let at = text::find(rest, " [")?;
    let (after, pid) = text::dec_u32(rest.get(at + " [".len()..)?).ok()?;
    after.starts_with(b"]").then_some((rest.get(..at)?, pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(log: &str) -> DeviceFault<'_> {
        DeviceFault::read(log.lines().map(str::as_bytes))
    }

    type Row<'a> = (Option<&'a str>, Option<&'a str>, Option<u32>, Option<&'a str>, Option<(&'a str, u32)>);

    /// Driver, address, code, ring, name of the task and its number.
    fn is(log: &str, want: Row<'_>) {
        let found = read(log);
        let task = found.task.map(|(comm, pid)| (text::ascii(comm).unwrap(), pid));
        assert_eq!((found.driver, found.address, found.code, found.ring, task), want, "{log}");
    }

    #[test]
    fn nvidia() {
        let fell = "NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python3, GPU has fallen off the bus.";
        is(fell, (None, Some("0000:3b:00"), Some(79), None, Some(("python3", 1234))));
        assert_eq!(read(fell).detail, Some(&b"GPU has fallen off the bus."[..]));
        let unknown =
            "NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.";
        is(unknown, (None, Some("0000:3b:00"), Some(79), None, None));
        let partition =
            "NVRM: Xid (PCI:0000:c1:00 GPU-I:05): 94, pid=7194, Contained: CE User Channel (0x9).";
        is(partition, (None, Some("0000:c1:00"), Some(94), None, Some(("", 7194))));
        is("NVRM: Xid (0000:01:00): 13, 0001 00000000", (None, Some("0000:01:00"), Some(13), None, None));
        let switch =
            "nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): 12028, Non-fatal, Link 32 egress error (First)";
        is(switch, (None, Some("0000:c1:00.0"), Some(12028), None, None));
    }

    #[test]
    fn gpus() {
        is(
            "[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx_0.0.0 timeout, signaled seq=1, emitted seq=3\n\
             [drm:amdgpu_job_timedout [amdgpu]] *ERROR* Process information: process a b pid 905 thread a:cs0 pid 907\n\
             amdgpu 0000:03:00.0: amdgpu: GPU reset begin!",
            (Some("amdgpu"), Some("0000:03:00.0"), None, Some("gfx_0.0.0"), Some(("a b", 905))),
        );
        is(
            "[drm:amdgpu_job_timedout [amdgpu]] *ERROR* Process information: process  pid 0 thread  pid 0",
            (None, None, None, None, None),
        );
        is(
            "[drm] GPU HANG: ecode 9:0:0x85dffffb, in Xorg [2345], reason: hang on rcs0, action: reset",
            (None, None, None, Some("rcs0"), Some(("Xorg", 2345))),
        );
        is(
            "xe 0000:03:00.0: [drm] GT0: Timedout job: seqno=1, lrc_seqno=1, guc_id=2, flags=0x0 in a in b [7]",
            (Some("xe"), Some("0000:03:00.0"), None, None, Some(("a in b", 7))),
        );
        is(
            "amdgpu 0000:03:00.0: amdgpu: [gfxhub] page fault (src_id:0 ring:24 vmid:3 pasid:32779)\n\
             amdgpu 0000:03:00.0: amdgpu:  in process demo pid 5120 thread demo:cs0 pid 5133",
            (Some("amdgpu"), Some("0000:03:00.0"), None, None, Some(("demo", 5120))),
        );
        is(
            "nouveau 0000:01:00.0: fifo: fault 00 [READ] at 0000000000c8a000 engine 00 [GR] client 0f [GPC0/PROP_0] \
             reason 02 [PTE] on channel 6 [007f3d4000 a b[2001]]",
            (Some("nouveau"), Some("0000:01:00.0"), None, None, Some(("a b", 2001))),
        );
        is("panfrost ff9a0000.gpu: gpu sched timeout, js=1", (Some("panfrost"), None, None, None, None));
    }

    #[test]
    fn links_disks_and_memory() {
        // aer_print_port_info, aer_print_error: the device's address, not the port's.
        let aer = "pcieport 0000:00:1c.4: AER: Uncorrected (Fatal) error message received from 0000:05:00.0\n\
                   demo 0000:05:00.0: PCIe Bus Error: severity=Uncorrected (Fatal), type=Transaction Layer, (Receiver ID)";
        is(aer, (Some("demo"), Some("0000:05:00.0"), None, None, None));
        assert_eq!(read(aer).severity, Some("Fatal"));
        is("pcieport 0000:00:1c.4: AER: Uncorrected (Non-Fatal) error received: 0000:05:00.0", {
            (None, Some("0000:00:1c.4"), None, None, None)
        });
        let down = "nvme nvme0: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0x10";
        assert_eq!(read(down).name, Some(&b"nvme0"[..]));
        let module = "EDAC MC1: 1 UE memory scrubbing error on CPU#1_DIMM#1 (channel:2 slot:1 page:0x77a1b)";
        assert_eq!(read(module).name, Some(&b"CPU#1_DIMM#1"[..]));
        assert_eq!(read("demo: all is well\n"), DeviceFault::default());
    }
}
