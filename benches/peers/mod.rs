//! What the benches compare with: the sum of the bytes, the banners that other searchers look for, the machine.

/// Banners for searchers that take a list: the most common of the crate's own, which looks for twice as many, and as
/// many as a packed searcher is quick with. None is a part of another, none is shorter than four bytes: peers with
/// the crate's whole list are slower.
pub(crate) const BANNERS: &[&str] = &[
    "BUG:",
    "BUG ",
    "WARNING:",
    "INFO:",
    "UBSAN:",
    "Kernel panic",
    "kernel BUG",
    "Kernel BUG",
    "Internal error:",
    "Unable to handle kernel",
    "Unhandled fault:",
    "general protection fault",
    "stack segment: ",
    "invalid opcode:",
    "divide error:",
    "int3:",
    "PANIC: double fault",
    "fatal error:",
    "suspicious RCU usage",
    "possible recursive locking detected",
    "possible circular locking dependency detected",
    "possible irq lock inversion dependency detected",
    "inconsistent lock state",
    "-unsafe lock order detected",
    "still has locks held!",
    "ard LOCKUP",
    "invoked oom-killer:",
    ": page allocation failure: order:",
    ": nobody cared",
    "unregister_netdevice: waiting for",
    "NETDEV WATCHDOG: ",
    "EXT4-fs error (device ",
];

/// Sum of the words of some bytes: what reading them costs at least. In several lanes, so that additions do not wait
/// for each other.
pub(crate) fn sum(bytes: &[u8]) -> u64 {
    const LANES: usize = 32;
    let mut lanes = [0_u64; LANES];
    let blocks = bytes.chunks_exact(LANES * 8);
    let rest = blocks.remainder();
    for block in blocks {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks().0) {
            *lane = lane.wrapping_add(u64::from_le_bytes(*word));
        }
    }
    let rest = rest.iter().map(|&byte| u64::from(byte));
    lanes.into_iter().chain(rest).fold(0, u64::wrapping_add)
}

/// The machine in a line: its CPU, the instructions that matter to a scan, its last cache.
pub(crate) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or(std::env::consts::ARCH, |(_, model)| model);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cache = read("/sys/devices/system/cpu/cpu0/cache/index3/size");
    let cache = match cache.trim().trim_end_matches('K').parse::<u32>() {
        Ok(kib) => format!("L3 of {} MiB", kib >> 10),
        Err(_) => "L3 unknown".into(),
    };
    format!("{model}, {threads} threads, {}, {cache}", instructions())
}

#[cfg(target_arch = "x86_64")]
fn instructions() -> &'static str {
    match () {
        () if is_x86_feature_detected!("avx512vbmi") => "AVX-512 VBMI",
        () if is_x86_feature_detected!("avx512bw") => "AVX-512 BW",
        () if is_x86_feature_detected!("avx2") => "AVX2",
        () => "SSE2",
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn instructions() -> &'static str {
    "instructions unknown"
}
