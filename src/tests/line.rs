//! Prefix forms, one row each; what merely looks like one; and any bytes at all.

use super::Caller::{Cpu, Task};
use super::Origin::{Kernel, Program, Unknown};
use super::{Caller, Line, Origin, Prefix};

type Row = (&'static str, Option<u8>, Option<u64>, Option<Caller>, Origin, &'static str);

const T: Option<u64> = Some(12_345_678);

#[rustfmt::skip]
const KERNELS: &[Row] = &[
    ("[   12.345678] BUG: KASAN", None, T, None, Kernel, "BUG: KASAN"),
    ("[    0.000000] Linux version 6.1", None, Some(0), None, Kernel, "Linux version 6.1"),
    ("[76523.209096] x", None, Some(76_523_209_096), None, Kernel, "x"),
    ("[1234567890.000001] x", None, Some(1_234_567_890_000_001), None, Kernel, "x"),
    ("[   12.3] x", None, Some(12_300_000), None, Kernel, "x"),
    ("[   12.345678901] x", None, T, None, Kernel, "x"),
    ("[   12.345678]", None, T, None, Kernel, ""),
    ("[   12.345678] ", None, T, None, Kernel, ""),
    ("[   12.345678]  fn+0x1/0x2", None, T, None, Kernel, " fn+0x1/0x2"),
    ("[   12.345678]  <TASK>", None, T, None, Kernel, " <TASK>"),
    ("[   12.345678] <TASK>", None, T, None, Kernel, "<TASK>"),
    ("[   12.345678] \tfn+0x1/0x2", None, T, None, Kernel, "\tfn+0x1/0x2"),
    ("[   12.345678]  #0: ffff (x){+.+.}", None, T, None, Kernel, " #0: ffff (x){+.+.}"),
    ("[   12.345678][ T1234] x", None, T, Some(Task(1234)), Kernel, "x"),
    ("[   12.345678][    C0] x", None, T, Some(Cpu(0)), Kernel, "x"),
    ("[   12.345678][T123456]  fn+0x1/0x2", None, T, Some(Task(123_456)), Kernel, " fn+0x1/0x2"),
    ("[   12.345678][C1023] x", None, T, Some(Cpu(1023)), Kernel, "x"),
    ("[   12.345678][ T9268]", None, T, Some(Task(9268)), Kernel, ""),
    ("[   12.345678] [  T1234]   x", None, T, Some(Task(1234)), Kernel, "  x"),
    ("[   12.345678][T1@C0] x", None, T, Some(Task(1)), Kernel, "x"),
    ("[   12.345678][T12:C3] x", None, T, Some(Task(12)), Kernel, "x"),
    ("[    T1] Linux version", None, None, Some(Task(1)), Kernel, "Linux version"),
    ("[    C1]  <IRQ>", None, None, Some(Cpu(1)), Kernel, " <IRQ>"),
    ("<4>[   12.345678] x", Some(4), T, None, Kernel, "x"),
    ("<12>[   12.345678] x", Some(4), T, None, Kernel, "x"),
    ("<3>[   12.345678][    T1] BUG: KCSAN", Some(3), T, Some(Task(1)), Kernel, "BUG: KCSAN"),
    ("<4>msg", Some(4), None, None, Kernel, "msg"),
    ("<4> fn+0x1/0x2", Some(4), None, None, Kernel, " fn+0x1/0x2"),
    ("<4>[<ffffffff81000000>] fn+0x1/0x2", Some(4), None, None, Kernel, "[<ffffffff81000000>] fn+0x1/0x2"),
    ("[   12.345678] <7>Command line", Some(7), T, None, Kernel, "Command line"),
    ("[    1.000000] [   12.345678] x", None, T, None, Kernel, "x"),
    ("<6>[   12.345678] .(0)[1:swapper/0]ASID allocator", Some(6), T, Some(Task(1)), Kernel, "ASID allocator"),
    ("[   12.345678].(0)[1:swapper/0]ASID", None, T, Some(Task(1)), Kernel, "ASID"),
    ("[   12.345678] -(0)[5:kworker/u16:0]x", None, T, Some(Task(5)), Kernel, "x"),
    ("[   12.345678] (0)[0:swapper/0]x", None, T, Some(Task(0)), Kernel, "x"),
    ("[   12.345678]  (7)[0:swapper/7] x", None, T, Some(Task(0)), Kernel, " x"),
    ("[   12.345678]*(2)[97:kworker/2:1][drm] x", None, T, Some(Task(97)), Kernel, "[drm] x"),
    ("[   12.345678] I[0:      swapper/0:    0] msg", None, T, Some(Task(0)), Kernel, "msg"),
    ("[   12.345678]  [3:  kworker/u16:2:  123]  msg", None, T, Some(Task(123)), Kernel, " msg"),
    ("** 143 printk messages dropped ** [   12.345678]  x", None, T, None, Kernel, " x"),
    ("** 143 printk messages dropped ** x", None, None, None, Kernel, "x"),
    ("CCCC** 1196 printk messages dropped ** [   12.345678] x", None, T, None, Kernel, "x"),
    ("debian login: [   12.345678] BUG:", None, T, None, Kernel, "BUG:"),
    ("(none) login: [   12.345678][ T3615] x", None, T, Some(Task(3615)), Kernel, "x"),
    ("syzkaller login: ------------[ cut here ]------------", None, None, None, Unknown, "------------[ cut here ]------------"),
    ("    [   12.345678]  x", None, T, None, Kernel, " x"),
    ("[   12.345678][  T600] -(0)[5:kworker/u16:0]x", None, T, Some(Task(600)), Kernel, "x"),
    ("[    1.948709] c1    659 BUG: x", None, Some(1_948_709), Some(Task(659)), Kernel, "BUG: x"),
    ("[    1.948709] c0      0  fn+0x1/0x2", None, Some(1_948_709), Some(Task(0)), Kernel, " fn+0x1/0x2"),
    ("<6>[    1.948709] c15 123456 x", Some(6), Some(1_948_709), Some(Task(123_456)), Kernel, "x"),
    ("[   12.345678][ T1251] C5 x", None, T, Some(Task(1251)), Kernel, "x"),
    ("[   12.345678][  T1251] C5  fn+0x1/0x2", None, T, Some(Task(1251)), Kernel, " fn+0x1/0x2"),
    ("[   12.345678] C5 x", None, T, None, Kernel, "C5 x"),
    ("[   12.345678@1] x", None, T, None, Kernel, "x"),
    ("[   12.345678@0]  fn+0x1/0x2", None, T, None, Kernel, " fn+0x1/0x2"),
    ("[   12.345678 / 11-22 06:12:01.123] x", None, T, None, Kernel, "x"),
    ("[   12.345678s][pid:12,cpu1,kworker/u16:0]x", None, T, Some(Task(12)), Kernel, "x"),
    ("[   12.345678s][pid:1,cpu0,swapper/0,in irq] fn+0x1/0x2", None, T, Some(Task(1)), Kernel, "fn+0x1/0x2"),
    ("[   12,345678] x", None, T, None, Kernel, "x"),
    ("[   12.345678] x\u{240d}\u{240a}", None, T, None, Kernel, "x"),
    ("[   12.345678] x\u{240d}\r", None, T, None, Kernel, "x"),
    ("[   12.345678] x^M", None, T, None, Kernel, "x"),
];

#[rustfmt::skip]
const DMESG: &[Row] = &[
    ("[Mon Nov 22 06:12:01 2026] msg", None, None, None, Kernel, "msg"),
    ("[Tue Nov  2 06:12:01 2026]  fn+0x1/0x2", None, None, None, Kernel, " fn+0x1/0x2"),
    ("[Mon Nov 22 06:12:01 CET 2026] msg", None, None, None, Kernel, "msg"),
    ("[Пн ноя 22 06:12:01 2026] msg", None, None, None, Kernel, "msg"),
    ("[一 11月 22 06:12:01 2026] msg", None, None, None, Kernel, "msg"),
    ("[Mon Nov 22 06:12:01 2026 <    0.000012>] msg", None, None, None, Kernel, "msg"),
    ("[Mon Nov 22 06:12:01 2026] [    T1] msg", None, None, Some(Task(1)), Kernel, "msg"),
    ("2026-11-22T06:12:01,123456+00:00 msg", None, None, None, Kernel, "msg"),
    ("2026-11-22T06:12:01,123456+00:00  fn+0x1/0x2", None, None, None, Kernel, " fn+0x1/0x2"),
    ("2026-11-22T06:12:01,123456+00:00 [    C3] msg", None, None, Some(Cpu(3)), Kernel, "msg"),
    ("[Nov22 06:12] msg", None, None, None, Kernel, "msg"),
    ("[Nov 2 06:12] msg", None, None, None, Kernel, "msg"),
    ("[  +0.000012]  fn+0x1/0x2", None, None, None, Kernel, " fn+0x1/0x2"),
    ("[<    0.000012>] msg", None, None, None, Kernel, "msg"),
    ("[   12.345678 <    0.000012>] msg", None, T, None, Kernel, "msg"),
    ("kern  :warn  : [   12.345678]  x", Some(4), T, None, Kernel, " x"),
    ("kern  :emerg : call_irq_handler: 0.56 No irq", Some(0), None, None, Kernel, "call_irq_handler: 0.56 No irq"),
    ("daemon:info  : [   12.345678] systemd[1]: x", Some(6), T, None, Kernel, "systemd[1]: x"),
    ("user  :notice: x", Some(5), None, None, Unknown, "x"),
    ("authpriv:debug : x", Some(7), None, None, Unknown, "x"),
    ("kern  :err   : [Mon Nov 22 06:12:01 2026] x", Some(3), None, None, Kernel, "x"),
    ("\x1b[32m[   12.345678] \x1b[0m\x1b[33mACPI: \x1b[0mx", None, T, None, Kernel, "ACPI: \x1b[0mx"),
    ("\x1b[32m[   12.345678] \x1b[0m[    T1] \x1b[31mBUG: x\x1b[0m", None, T, Some(Task(1)), Kernel, "BUG: x"),
    ("4,1234,5678,-;msg", Some(4), Some(5678), None, Kernel, "msg"),
    ("4,1234,5678,-,caller=T12; msg", Some(4), Some(5678), Some(Task(12)), Kernel, " msg"),
    ("30,1,5678,c,caller=C3;msg", Some(6), Some(5678), Some(Cpu(3)), Kernel, "msg"),
    ("7,160,424069;pci_root PNP0A03:00", Some(7), Some(424_069), None, Kernel, "pci_root PNP0A03:00"),
    ("6.13.0-04048-g4f56,13,468,514729715,-,ncfrag=0/1135;msg", Some(5), Some(514_729_715), None, Kernel, "msg"),
    ("6,1,2,-;[   12.345678] x", Some(6), T, None, Kernel, "x"),
    ("2026-11-22T06:12:01,123+00:00 BUG: x", None, None, None, Unknown, "BUG: x"),
    ("[  +0,000012]  fn+0x1/0x2", None, None, None, Kernel, " fn+0x1/0x2"),
    ("[  -0.000012] msg", None, None, None, Kernel, "msg"),
    ("[<    0,000012>] msg", None, None, None, Kernel, "msg"),
    ("[<   -0.000012>] msg", None, None, None, Kernel, "msg"),
    ("[   12.345678 <   -0.000012>] msg", None, T, None, Kernel, "msg"),
    ("[   12.345678 <    0,000012>] msg", None, T, None, Kernel, "msg"),
    ("[Mon Nov 22 06:12:01 2026 <   -0.000012>] msg", None, None, None, Kernel, "msg"),
    ("[22. Nov 06:12] msg", None, None, None, Kernel, "msg"),
    ("[ 2. listopadu 06:12] msg", None, None, None, Kernel, "msg"),
    ("[22 nov. 06:12] msg", None, None, None, Kernel, "msg"),
    ("[11月22 06:12] msg", None, None, None, Kernel, "msg"),
    ("kern: warning: [2026-11-22T06:12:01.123456789Z]: msg", Some(4), None, None, Kernel, "msg"),
    ("kern:    info: [2026-11-22T06:12:01.123456789Z]:  fn+0x1/0x2", Some(6), None, None, Kernel, " fn+0x1/0x2"),
    ("user: warning: [2026-11-22T06:12:01Z]: [talos] x", Some(4), None, None, Unknown, "[talos] x"),
    ("    2026-11-22T06:12:01.123456  kern  :alert : msg", Some(1), None, None, Kernel, "msg"),
    ("    2026-11-22T06:12:01.123456  <1>[   12.345678]  x", Some(1), T, None, Kernel, " x"),
    ("    kern  :warn  : [   12.345678]  x", Some(4), T, None, Kernel, " x"),
];

#[rustfmt::skip]
const SYSLOG: &[Row] = &[
    ("Nov 22 06:12:01 host kernel: [   12.345678] msg", None, T, None, Kernel, "msg"),
    ("Nov  2 06:12:01 host kernel: [   12.345678]  fn+0x1/0x2", None, T, None, Kernel, " fn+0x1/0x2"),
    ("Nov 22 06:12:01 host kernel: BUG: KASAN", None, None, None, Kernel, "BUG: KASAN"),
    ("Nov 22 06:12:01 host kernel:  fn+0x1/0x2", None, None, None, Kernel, " fn+0x1/0x2"),
    ("Nov 22 06:12:01 kernel: x", None, None, None, Kernel, "x"),
    ("Nov 22 06:12:01 fe80::1 kernel: x", None, None, None, Kernel, "x"),
    ("Nov 22 06:12:01 host kernel:[   12.345678] x", None, T, None, Kernel, "x"),
    ("Nov 22 06:12:01.123456 host kernel: x", None, None, None, Kernel, "x"),
    ("Nov 22 2026 06:12:01 host kernel: x", None, None, None, Kernel, "x"),
    ("июл 27 14:08:03 laptop kernel: x", None, None, None, Kernel, "x"),
    ("11月 22 06:12:01 laptop kernel: x", None, None, None, Kernel, "x"),
    ("nov. 22 06:12:01 laptop kernel: x", None, None, None, Kernel, "x"),
    ("Nov 22 06:12:01 host sshd[123]: WARNING: x", None, None, None, Program, "WARNING: x"),
    ("Nov 22 06:12:01 host systemd[1]: x", None, None, None, Program, "x"),
    ("Nov 22 06:12:01 host rsyslogd: x", None, None, None, Program, "x"),
    ("Nov 22 06:12:01 host postfix/smtpd[12]: x", None, None, None, Program, "x"),
    ("Nov 22 06:12:01 host (sd-executor)[12]: x", None, None, None, Program, "x"),
    ("Nov 22 06:12:01 host sshd[1]: [   12.345678] x", None, None, None, Program, "[   12.345678] x"),
    ("Dec  4 15:56:11 host kern.warn kernel: [   12.345678][   T62] x", Some(4), T, Some(Task(62)), Kernel, "x"),
    ("DEC  4 15:56:11 SYZKALLER KERN.ERR KERNEL: [   12.345678][    C2] X", Some(3), T, Some(Cpu(2)), Kernel, "X"),
    ("Dec  4 17:33:13 host daemon.err dhcpcd[5651]: x", Some(3), None, None, Program, "x"),
    ("Jan  1 00:00:07 (none) kern.info kernel: x", Some(6), None, None, Kernel, "x"),
    ("Mon Nov 22 06:12:01 2026 kern.warn kernel: [   12.345678] x", Some(4), T, None, Kernel, "x"),
    ("<4>Nov 22 06:12:01 host kernel: [   12.345678] x", Some(4), T, None, Kernel, "x"),
    ("<30>Nov 22 06:12:01 host systemd[1]: x", Some(6), None, None, Program, "x"),
    ("Nov 22 06:12:01 [   12.345678] x", None, T, None, Kernel, "x"),
    ("Nov 22 06:12:01 Internal error: Oops: 5 [#1]", None, None, None, Unknown, "Internal error: Oops: 5 [#1]"),
    ("Nov 22 06:12:01 BUG: unable to handle", None, None, None, Unknown, "BUG: unable to handle"),
    ("Nov 22 06:12:01 host kernel: <6>.(0)[1:swapper/0]x", Some(6), None, Some(Task(1)), Kernel, "x"),
    ("2026-11-22T06:12:01.123456+00:00 host kernel: [   12.345678]  x", None, T, None, Kernel, " x"),
    ("2026-11-22T06:12:01.123456+02:00 host cron[1]: x", None, None, None, Program, "x"),
    ("<6>1 2026-11-22T06:12:01.123456Z host kernel - - - [   12.345678]  x", Some(6), T, None, Kernel, " x"),
    ("<30>1 2026-11-22T06:12:01+01:00 host sshd 12 ID [a b=\"\\]\"][c] \u{feff}x", Some(6), None, None, Program, "x"),
    ("2026-11-22T06:12:01+0000 host kernel: x", None, None, None, Kernel, "x"),
    ("2026-11-22T06:12:01+0000 host systemd[1]: x", None, None, None, Program, "x"),
    ("Mon 2026-11-22 06:12:01 UTC host kernel: x", None, None, None, Kernel, "x"),
    ("Mon 2026-11-22 06:12:01.123456 CEST host dbus-daemon[412]: x", None, None, None, Program, "x"),
    ("[   12.345678] host kernel: BUG: x", None, T, None, Kernel, "BUG: x"),
    ("[   12.345678] host kernel:  fn+0x1/0x2", None, T, None, Kernel, " fn+0x1/0x2"),
    ("[   12.345678] host systemd[1]: x", None, T, None, Program, "x"),
    ("[   12.345678 <    0.000012 >] host kernel: x", None, T, None, Kernel, "x"),
    ("1732255921.123456 host kernel: x", None, None, None, Kernel, "x"),
    ("1732255921.123456 host sshd[12]: x", None, None, None, Program, "x"),
    ("kernel: [   12.345678] x", None, T, None, Kernel, "x"),
    (" kernel:NMI watchdog: BUG: x", None, None, None, Kernel, "NMI watchdog: BUG: x"),
    (" kernel:[   12.345678] watchdog: BUG: soft lockup", None, T, None, Kernel, "watchdog: BUG: soft lockup"),
    ("host kernel: [   12.345678] x", None, T, None, Kernel, "x"),
    ("Nov 22 06:12:01 host kernel: [   12.345678] foo bar[12]: x", None, T, None, Kernel, "foo bar[12]: x"),
    ("Nov 22 06:12:01 host [12]: x", None, None, None, Unknown, "host [12]: x"),
    ("2026-11-22T06:12:01Z host cron: x", None, None, None, Unknown, "host cron: x"),
    ("22. 11. 06:12:01 host kernel: x", None, None, None, Kernel, "x"),
    ("22. 11. 2026 06:12:01 host kernel:  fn+0x1/0x2", None, None, None, Kernel, " fn+0x1/0x2"),
    ("22 Nov 06:12:01 host kernel: x", None, None, None, Kernel, "x"),
    ("22 nov. 2026 06:12:01 host sshd[12]: x", None, None, None, Program, "x"),
    ("2. listopadu 06:12:01 host kernel: x", None, None, None, Kernel, "x"),
    ("v 22 06:12:01 host kernel: x", None, None, None, Kernel, "x"),
    ("22 06:12:01 host kernel:  fn+0x1/0x2", None, None, None, Kernel, " fn+0x1/0x2"),
    ("06:12:01 host kernel:  fn+0x1/0x2", None, None, None, Kernel, " fn+0x1/0x2"),
    ("Mon 2026-11-22 06:12:01 CEST host kernel[n/a]:  fn+0x1/0x2", None, None, None, Kernel, " fn+0x1/0x2"),
    ("Mon 2026-11-22 06:12:01 CEST host init.scope[1]: x", None, None, None, Program, "x"),
    ("Mon 2026-11-22 06:12:01 CEST host user@1000.service/app.slice[12]: x", None, None, None, Program, "x"),
    ("    Nov 22 06:12:01 host kernel:  fn+0x1/0x2", None, None, None, Kernel, " fn+0x1/0x2"),
];

#[rustfmt::skip]
const CARRIERS: &[Row] = &[
    ("11-22 06:12:01.123     0     0 E         : BUG: x", Some(3), None, None, Kernel, "BUG: x"),
    ("11-22 06:12:01.123     0     0 W binder  : 12:34", Some(4), None, None, Kernel, "binder  : 12:34"),
    ("11-22 06:12:01.123     0     0 E KERNEL  : [   12.345678]  x", Some(3), T, None, Kernel, " x"),
    ("11-22 06:12:01.123     0     0 E kernel  : BUG: x", Some(3), None, None, Kernel, "BUG: x"),
    ("11-22 06:12:01.123   512   534 I init    : x", Some(6), None, None, Program, "x"),
    ("2026-11-22 06:12:01.123     0     0 E         :  x", Some(3), None, None, Kernel, " x"),
    ("W/        (    0): BUG: x", Some(4), None, None, Kernel, "BUG: x"),
    (r#"- {"dt": "2026-11-22T06:12:01.123456", "lvl": "target", "msg": "[   12.345678]  x \"y\" z"}"#, None, T, None, Kernel, r#" x \"y\" z"#),
    (r#"- {"dt": "2026-11-22T06:12:01.123456", "lvl": "target", "msg": "<6>[   12.345678][ T1] cut"#, Some(6), T, Some(Task(1)), Kernel, "cut"),
    (r#"- {"dt": "2026", "lvl": "debug", "msg": "Sending line: 'x'"}"#, None, None, None, Unknown, "Sending line: 'x'"),
    ("2026-11-22T06:12:01.1234567Z [   12.345678]  x", None, T, None, Kernel, " x"),
    ("2026-11-22T06:12:01.1234567Z ##[group]x", None, None, None, Unknown, "##[group]x"),
    ("2026-11-22T06:12:01.1234567Z general protection fault: 0000", None, None, None, Unknown, "general protection fault: 0000"),
    ("2026-11-22T06:12:01.1234567Z Internal error: Oops", None, None, None, Unknown, "Internal error: Oops"),
    ("2026-11-22T06:12:01.1234567Z Nov 22 06:12:01 host kernel: [   12.345678] x", None, T, None, Kernel, "x"),
    ("2026-11-22T06:12:01.123456Z 00O [   12.345678] x", None, T, None, Kernel, "x"),
    ("[2026-11-22T06:12:01.123Z] [   12.345678][    C0] x", None, T, Some(Cpu(0)), Kernel, "x"),
    ("[2026-11-22 06:12:01] <4>[   12.345678] x", Some(4), T, None, Kernel, "x"),
    ("[06:12:01.123] [   12.345678] x", None, T, None, Kernel, "x"),
    ("[06:12:01] x", None, None, None, Unknown, "x"),
    ("06:12:01 [   12.345678] x", None, T, None, Kernel, "x"),
    ("06:12:01.123 x", None, None, None, Unknown, "x"),
    ("05/09/2024 11:14:18 R13: 0000", None, None, None, Unknown, "R13: 0000"),
    ("2018/01/09 14:28:48 BUG: memory leak", None, None, None, Unknown, "BUG: memory leak"),
    ("1732255921.123456 [   12.345678] x", None, T, None, Kernel, "x"),
    ("06:12:01 - {\"dt\": \"2026\", \"lvl\": \"target\", \"msg\": \"[   12.345678] x\"}", None, T, None, Kernel, "x"),
    ("2026-11-22T06:12:01.123Z - {\"dt\": \"2026\", \"lvl\": \"target\", \"msg\": \"kern  :warn  : [   12.345678] x\"}", Some(4), T, None, Kernel, "x"),
    ("> > [   12.345678]  fn+0x1/0x2", None, T, None, Kernel, " fn+0x1/0x2"),
    (">> [   12.345678] x", None, T, None, Kernel, "x"),
    (">[   12.345678] x", None, T, None, Kernel, "x"),
    ("> <4>[   12.345678][    T1] x", Some(4), T, Some(Task(1)), Kernel, "x"),
    (">  fn+0x1/0x2", None, None, None, Unknown, " fn+0x1/0x2"),
    ("> >ffff8801d2c8fa80: fc fc", None, None, None, Unknown, ">ffff8801d2c8fa80: fc fc"),
    ("> Nov 22 06:12:01 host kernel: [   12.345678] x", None, T, None, Kernel, "x"),
    (">", None, None, None, Unknown, ""),
    ("\x1b[0m\x1b[?2004h[   12.345678] x", None, T, None, Kernel, "x"),
    ("\x1b_bk;t=1732255921123\x07[   12.345678] x", None, T, None, Kernel, "x"),
    ("\x1b[36m06:12:01 \x1b[0m[   12.345678] x\x1b[K", None, T, None, Kernel, "x"),
    ("\r[   12.345678] x\r\r", None, T, None, Kernel, "x"),
    ("\0\0\0[   12.345678] x", None, T, None, Kernel, "x"),
    ("\u{feff}[   12.345678] x", None, T, None, Kernel, "x"),
    ("[12.000003 0.000001] [   12.345678] x", None, T, None, Kernel, "x"),
    ("[12.000003 0.000001] U-Boot", None, None, None, Unknown, "U-Boot"),
    (r#"- {"dt": "2026", "lvl": "target", "msg": "[   12.345678] x\r"}"#, None, T, None, Kernel, "x"),
    ("\0\0\tx", None, None, None, Unknown, "\tx"),
    ("Linux kernel: x", None, None, None, Unknown, "Linux kernel: x"),
    ("[1732255921][   12.345678] x", None, T, None, Kernel, "x"),
    ("[1732255921][   12.345678][    C3]  fn+0x1/0x2", None, T, Some(Cpu(3)), Kernel, " fn+0x1/0x2"),
    ("[06:12:01.123][   12.345678] x", None, T, None, Kernel, "x"),
    ("[2026/11/22, 06:12:01.123] x", None, None, None, Unknown, "x"),
    ("[2026/11/22, 06:12:01.123] [   12.345678] x", None, T, None, Kernel, "x"),
    ("[06:12:01:123] [   12.345678] x", None, T, None, Kernel, "x"),
    ("[22.11.2026 06:12:01] [   12.345678] x", None, T, None, Kernel, "x"),
    ("22.11.2026 06:12:01.123 [   12.345678] x", None, T, None, Kernel, "x"),
];

/// Text that stays text, alone and behind a stamp.
const TEXT: &[&str] = &[
    "",
    " ",
    "CPU: 0 PID: 1 Comm: swapper/0 Not tainted",
    "task:foo state:D stack:0",
    "[ffff888012345678] pgd=0000000000000000",
    "[<ffffffff81000000>] fn+0x1/0x2",
    "[<8011218c>] (unwind_backtrace) from [<8010e300>] (show_stack+0x18/0x1c)",
    "[80b0f484] *pgd=80a1141e(bad)",
    "[00000000] *pgd=85387003, *pmd=fe74e003",
    "[dead000000000100] address between user and kernel address ranges",
    "[c000000003f3fbd0] [c000000000a1b2c4] fn+0x10/0x20",
    "[C000000003F3FBD0] [C000000000A1B2C4] FN",
    "[  123]     0   123     1234      567    45056        0             0 bash",
    "[drm] Initialized",
    "[U] ",
    "[ INFO: possible circular locking dependency detected ]",
    "[  OK  ] Started Daily apt",
    "[FAILED] Failed to start",
    "[ TIME ] Timed out",
    "[....] Starting enhanced syslogd: rsyslogd",
    "[mem 0xcfffffff-0xfffbbfff] available for PCI devices",
    "[8086:1237] type 00",
    "[ 12.345678 x",
    "[12.",
    "[",
    "-> #1 (&x){+.+.}:",
    "- RIP: 0010:fn",
    "---[ end trace 1246d7b16c2c67d7 ]---",
    "8<--- cut here ---",
    "<TASK>",
    "<IRQ>",
    "<4 bytes",
    "<>",
    "(4)",
    "(0)[x]",
    "(&pipe->mutex/1){+.+.}, at: [<0000000040ee4d01>]",
    " ? fn+0x1/0x2",
    "  (&pipe->mutex/1){+.+.}",
    " (t=125000 jiffies g=95129 c=95128 q=2548)",
    " [<ffffffff814fb2c0>] ? do_sendfile+0xf40/0xf40",
    " [32, 56) 'c'",
    "#0: ffff (x){+.+.}, at: fn",
    "5.10.0, not tainted",
    "4.15.0-rc2+ #209 Not tainted",
    "5.10.136-syzkaller-19376-g6f46a5fe0124 #0 Not tainted",
    "1 lock held by syz-executor/15720:",
    "1d60: 00000000 85912347",
    "0000000000120018 ffff88003",
    "12:34 is no time",
    "2 locks held by x; y",
    ">ffff8801d2c8fa80: fc fc 00 00",
    "*** DEADLOCK ***",
    "** 143 printk messages dropped **",
    "** replaying previous printk message **",
    "R10: 0000000000000000 R11: 0000000000000000",
    "I/O error, dev sda, sector 0",
    "Internal error: Oops: 96000004 [#1] PREEMPT SMP",
    "Hardware name: QEMU Standard PC",
    "Call Trace:",
    "May 1st is a day",
    "kernel: page fault trap, code=0",
    "kernel BUG at mm/slab.c:4339!",
    "Kernel panic - not syncing: Fatal exception",
    "Kernel Offset: disabled",
    "audit: type=1400 audit(1515564630.515:5): avc: denied",
    "rtc_cmos 00:00: setting system clock to 2026-11-22 06:12:01 UTC (1732255921)",
    "mail: info: x",
    "watchdog: BUG: soft lockup - CPU#1 stuck for 134s! [syz-executor:123]",
    "traps: a.out[12] general protection fault ip:7feb",
    "a.out[12]: segfault at 0 ip 0 sp 0 error 4",
    "INFO: task syz-executor.4:15720 blocked for more than 143 seconds.",
    "{\"dt\": 1}",
    "{IN-HARDIRQ-W} state was registered at:",
    "======================================================",
    "Last login: Mon Nov 22 06:12:01 UTC 2026 on ttyS0",
    "syzkaller login: ",
    "root@syzkaller:~# ls",
    "\t(detected by 1, t=105002 jiffies, g=68757)",
    "Äußerst",
    "Nov 22",
    "Oops#1 Part1",
    "Panic#1 Part2",
    "====1732255921.123456-C",
    "[Errno 2] No such file",
    "[32mx",
    "Nov 22 06:12",
    "2026-11-22",
    "06:12:01",
    "[C0123456] fn",
    "user:info: x",
    "173225592112.5 x",
    "11-22 06:12:01 x",
    "c1 45 b4 00 12",
    "c1 12 is no task",
    "[1,0]<stdout>: x",
    "[12,5] x",
    "[1732255921] x",
    "[12.345678s] x",
    "[pid:12] x",
    "[pid:12,cpu1] x",
    "2 Nov is a day",
    "22. 11. is a day",
    " May be a month",
    "kern: warning: x",
];

/// Text that only a line without a stamp is too risky to read otherwise.
const STAMPED_TEXT: &[&str] = &[
    "06:12:01 x",
    "2018/01/09 14:28:48 BUG: memory leak",
    "Nov 22 06:12:01 host kernel: x",
    "> x",
    "kern  :warn  : x",
    "kernel: x",
    "debian login: x",
    "4,1234,5678,-;x",
    "systemd[1]: Started x",
    "Bluetooth: hci0[3]: x",
    "usb 1-1: new high-speed",
    "** 143 printk messages dropped ** x",
    "[Mon Nov 22 06:12:01 2026] x",
    "[06:12:01] x",
    "[1.5] x",
];

fn check(rows: &[Row]) {
    for &(raw, level, time, caller, origin, body) in rows {
        let line = Line::parse(7, raw.as_bytes());
        assert_eq!(line.prefix, Prefix { level, time, caller, origin }, "{raw:?}");
        assert_eq!(
            line.body.escape_ascii().to_string(),
            body.as_bytes().escape_ascii().to_string(),
            "{raw:?}"
        );
        assert_eq!(line.offset, 7);
    }
}

#[test]
fn kernel_forms() {
    check(KERNELS);
}

#[test]
fn dmesg_forms() {
    check(DMESG);
}

#[test]
fn syslog_forms() {
    check(SYSLOG);
}

#[test]
fn carriers_forms() {
    check(CARRIERS);
}

#[test]
fn text_stays() {
    for &text in TEXT {
        check(&[(text, None, None, None, Unknown, text)]);
    }
    for &text in TEXT.iter().chain(STAMPED_TEXT) {
        let stamped = format!("<4>[   12.345678][   T12] {text}");
        let line = Line::parse(0, stamped.as_bytes());
        assert_eq!(
            line.body.escape_ascii().to_string(),
            text.as_bytes().escape_ascii().to_string(),
            "{stamped:?}"
        );
        let expected = Prefix { level: Some(4), time: T, caller: Some(Task(12)), origin: Kernel };
        assert_eq!(line.prefix, expected, "{stamped:?}");
        let stamped = format!("[   12.345678] {text}");
        let line = Line::parse(0, stamped.as_bytes());
        assert_eq!(
            line.body.escape_ascii().to_string(),
            text.as_bytes().escape_ascii().to_string(),
            "{stamped:?}"
        );
    }
}

#[test]
fn raw_has_no_carriage_returns() {
    let line = Line::parse(0, b"a\rb\r\r");
    assert_eq!((line.raw, line.body), (&b"a\rb"[..], &b"a\rb"[..]));
    let line = Line::parse(0, "a\u{240d}\u{240a}\r^M\r".as_bytes());
    assert_eq!((line.raw, line.body), (&b"a"[..], &b"a"[..]));
    let line = Line::parse(0, "^\u{240d}b M".as_bytes());
    assert_eq!(line.raw, "^\u{240d}b M".as_bytes());
}

fn inside(raw: &[u8]) {
    let line = Line::parse(0, raw);
    let (outer, inner) = (raw.as_ptr_range(), line.body.as_ptr_range());
    let within = outer.start <= inner.start && inner.end <= outer.end;
    assert!(within, "{}", raw.escape_ascii());
}

/// Random bytes, and random cuts and splices of every row, since random bytes alone seldom get past the first layer.
#[test]
fn body_lies_inside_raw() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let alphabet = b"[]<>(){}*-+.,:;/\\\"'@# \t\r\0\x1b\x07TCIZmK019 kernlogi\xd0\xb8\xef\xbb\xbf";
    let rows: Vec<&[u8]> =
        [KERNELS, DMESG, SYSLOG, CARRIERS].concat().iter().map(|row| row.0.as_bytes()).collect();
    for _ in 0..200_000 {
        let random: Vec<u8> = (0..next(40)).map(|_| alphabet[next(alphabet.len())]).collect();
        inside(&random);
        let any: Vec<u8> = (0..next(20)).map(|_| next(256) as u8).collect();
        inside(&any);
        let (a, b) = (rows[next(rows.len())], rows[next(rows.len())]);
        let mut spliced = [&a[..next(a.len() + 1)], &b[next(b.len() + 1)..]].concat();
        inside(&spliced);
        if !spliced.is_empty() {
            let at = next(spliced.len());
            spliced[at] = alphabet[next(alphabet.len())];
        }
        inside(&spliced);
    }
    for row in rows {
        (0..=row.len()).for_each(|end| inside(&row[..end]));
    }
}

#[test]
fn the_kernels_line_begins_behind_what_a_program_left_unfinished() {
    for (raw, body) in [
        ("executing program 3:[   12.345678][   T12] BUG: x", "BUG: x"),
        ("progress 50%\rprogress 60%\r[   12.345678] BUG: x", "BUG: x"),
        ("[ OK ] Started foo.[   12.345678] BUG: x", "BUG: x"),
        ("(demo) began[   12.345678] BUG: x", "BUG: x"),
    ] {
        let line = Line::parse(0, raw.as_bytes());
        assert_eq!((line.prefix.time, line.body), (Some(12_345_678), body.as_bytes()), "{raw}");
    }
    for raw in [
        "syslog(2, \"<4>[   12.345678] BUG: x\", 99) = 8",
        "(XEN) [   12.345678] BUG: x",
        "(d1) [   12.345678] BUG: x",
        "see [12.345678] of the log",
        "array[    1.23456] = x",
    ] {
        assert_eq!(Line::parse(0, raw.as_bytes()).prefix.time, None, "{raw}");
    }
}
