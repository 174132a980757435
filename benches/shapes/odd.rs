//! Bytes that are no log of a kernel, or hardly: what lines may be made of at worst.

use std::io::Write;

type Add = fn(&mut Vec<u8>, u64);

pub(super) const ODD: &[(&str, Add)] = &[
    ("long lines", |log, _| line(log, &b"a".repeat(60_000))),
    ("long lines of banners", |log, _| line(log, &b"BUG: x ".repeat(9_000))),
    ("long lines of warnings", |log, _| line(log, &b"WARNING: at kernel/a.c:1 f+0x1/0x2 ".repeat(1_800))),
    ("lines of 80 KB behind a banner", |log, n| {
        line(log, format!("[{n:5}.000000] BUG: x").as_bytes());
        line(log, &b"a".repeat(80_000));
    }),
    ("long modules", |log, _| {
        line(log, b"BUG: x");
        line(log, &[b"Modules linked in:", &b" demo(O)"[..]].concat().repeat(400));
    }),
    ("one line, no end", |log, _| log.extend_from_slice(b"some words ")),
    ("one line of banners, no end", |log, _| log.extend_from_slice(b"BUG: KASAN: ")),
    ("line feeds", |log, _| log.extend_from_slice(b"\n\n\n\n")),
    ("carriage returns", |log, _| log.extend_from_slice(b"\r\r\r\r")),
    ("carriage returns behind a banner", |log, _| {
        line(log, &[b"BUG: x", &b"\r".repeat(20_000)[..]].concat())
    }),
    ("zeros", |log, _| log.extend_from_slice(&[0; 64])),
    ("noise", |log, n| log.extend_from_slice(&mixed(n).to_le_bytes())),
    ("noise in lines of banners", |log, n| {
        line(log, &[b"BUG: ", &mixed(n).to_le_bytes()[..]].concat().repeat(3));
    }),
    ("colours", |log, _| line(log, b"\x1b[31mBUG: \x1b[0mx\x1b[32m\x1b[0m")),
    ("brackets", |log, _| line(log, &b"[".repeat(100))),
    ("stamps in stamps", |log, _| line(log, &[&b"[    1.000000] ".repeat(40)[..], b"BUG: x"].concat())),
    ("quoted stamps", |log, _| line(log, &[&b"> ".repeat(40)[..], b"[    1.000000] BUG: x"].concat())),
    ("levels", |log, _| line(log, &[&b"<4>".repeat(40)[..], b"BUG: x"].concat())),
    ("syslog", |log, n| {
        line(
            log,
            format!("Nov 22 22:{:02}:{:02} host kernel: [{n:5}.000000] BUG: x", n / 60 % 60, n % 60)
                .as_bytes(),
        );
    }),
    ("times that step back", |log, n| {
        let (seconds, cpu) = (9_000_000 - n % 9_000_000, n % 2);
        line(
            log,
            format!("[{seconds:5}.000000] BUG: kernel NULL pointer dereference, address: 8").as_bytes(),
        );
        line(
            log,
            format!("[{seconds:5}.000000] CPU: {cpu} PID: {cpu} Comm: demo Not tainted 6.1.0 #1").as_bytes(),
        );
    }),
    ("times that jump", |log, n| {
        let seconds = mixed(n) % 90_000;
        line(log, format!("[{seconds:5}.000000] WARNING: CPU: 1 PID: {n} at a.c:1 f+0x1/0x2").as_bytes());
        line(log, format!("[{seconds:5}.000000]  f+0x1/0x2").as_bytes());
    }),
    ("halves of lines", |log, n| {
        let oops = b"[    1.000000][   T57] BUG: KASAN: slab-use-after-free in demo_step+0x3a/0x60 [demo]\n";
        let at = (mixed(n) % oops.len() as u64) as usize;
        log.extend_from_slice(oops.get(..at).unwrap_or_default());
        log.extend_from_slice(oops.get(at / 2..).unwrap_or_default());
    }),
    ("callers that never return", |log, n| {
        let _ = writeln!(log, "[{:5}.{:06}][{:>6}] BUG: x", n / 1_000_000, n % 1_000_000, format!("T{n}"));
    }),
];

fn line(log: &mut Vec<u8>, text: &[u8]) {
    log.extend_from_slice(text);
    log.push(b'\n');
}

/// A number that looks like chance: the last step of SplitMix64.
fn mixed(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}
