//! File systems that find themselves damaged.
//!
//! ```text
//! EXT4-fs error (device sda1): ext4_lookup:1785: inode #2: comm ls: deleted inode referenced: 131
//! XFS (dm-0): Metadata corruption detected at xfs_agf_read_verify+0xb6/0x110 [xfs], xfs_agf block 0x1
//! BTRFS critical (device sda1): corrupt leaf: root=5 block=30408704 slot=12
//! VERIFY3(hdr->b_refcnt < limit) failed (4294967295 < 1024)
//! LustreError: 2345:0:(osc_object.c:417:osc_object_init()) ASSERTION( obj != NULL ) failed:
//! ```

use super::skip::Format;
use super::{Family, Part, Pick, Rule, TRACE};

pub(crate) const FAMILIES: &[Family] = &[
    // __ext4_error, fs/ext4/super.c
    Family {
        banner: "EXT4-fs error (device ",
        // __ext4_std_error: "EXT4-fs error (device sda1) in ext4_reserve_inode_write:5764: Corrupt filesystem"
        rules: &[Rule {
            line: "EXT4-fs error \\(device [^)]*\\)(?::| in) ([a-zA-Z0-9_]+):[0-9]+: ",
            title: "EXT4-fs error in {1}",
            traceless: true,
            ..Rule::NEW
        }],
        part: Part::Aside,
        // ext4_handle_error, where it is mounted with errors=panic
        leads_to: &["Kernel panic"],
        ..Family::NEW
    },
    // xfs_error_report, fs/xfs/xfs_error.c: its stack follows
    Family {
        banner: "): Internal error ",
        rules: &[Rule {
            line: "XFS \\([^)]*\\): Internal error .* at line [0-9]+ of file .*Caller (?:{{PC}} +)?{{FUNC}}",
            title: "XFS: internal error in {1}",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: SHUTDOWNS,
        ..Family::NEW
    },
    // xfs_do_force_shutdown, fs/xfs/xfs_fsops.c; xlog_force_shutdown, fs/xfs/xfs_log.c
    Family { banner: SHUTTING_DOWN, rules: SHUTDOWN, part: Part::Aside, ..Family::NEW },
    Family { banner: SHUT_DOWN, rules: &[LOG_ERROR], part: Part::Aside, ..Family::NEW },
    // xfs_buf_corruption_error, xfs_verifier_error: fs/xfs/xfs_error.c
    Family {
        banner: "XFS (",
        rules: &[Rule {
            line: "XFS \\([^)]*\\): (?:Metadata corruption|Metadata CRC error|Corruption) detected at (?:{{PC}} +)?{{FUNC}}",
            title: "XFS: metadata corruption in {1}",
            traceless: true,
            ..Rule::NEW
        }],
        part: Part::Aside,
        ..Family::NEW
    },
    // btrfs_printk, fs/btrfs/super.c
    Family {
        banner: "BTRFS critical (device ",
        rules: &[Rule {
            line: "BTRFS critical \\(device [^)]*\\): (corrupt [a-z]+)",
            title: "BTRFS: {1}",
            traceless: true,
            ..Rule::NEW
        }],
        part: Part::Aside,
        ..Family::NEW
    },
    // __btrfs_handle_fs_error, fs/btrfs/super.c: "BTRFS: error (device sda1) in btrfs_run_delayed_refs:2149: errno=-5 IO failure"
    Family {
        banner: "BTRFS: error (device ",
        rules: &[Rule {
            line: "BTRFS: error \\(device [^)]*\\) in ([a-zA-Z0-9_]+):[0-9]+: errno=",
            title: "BTRFS: error in {1}",
            traceless: true,
            ..Rule::NEW
        }],
        part: Part::Aside,
        ..Family::NEW
    },
    // spl_panic, module/os/linux/spl/spl-err.c of OpenZFS 0.6.4 and later, by VERIFY, VERIFY3U, VERIFY0 and their kin:
    // "VERIFY3(a < b) failed (2 < 1)", then "PANIC at arc.c:2210:arc_hdr_settle()", the stack, and the thread sleeps for ever
    Family {
        banner: "VERIFY",
        unless: &["SPLError: "],
        rules: &[Rule {
            line: "^VERIFY[0-9A-Z]{0,3}\\(.*\\) failed",
            report: &["^VERIFY", SPL_PANIC],
            title: "ZFS: VERIFY failed in {1}",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &["PANIC at ", "SPLError: "],
        ..Family::NEW
    },
    Family {
        banner: "PANIC at ",
        rules: &[Rule { line: SPL_PANIC, title: "ZFS: PANIC in {1}", traceless: true, ..Rule::NEW }],
        ..Family::NEW
    },
    // vcmn_err(CE_PANIC, …) of the same file, by zfs_panic_recover and others
    Family {
        banner: "PANIC: ",
        unless: &["PANIC: double fault", "INIT: PANIC: "],
        rules: &[Rule {
            line: "^PANIC: (?:zfs: |blkptr |[a-z_]+: )",
            next: "^Showing stack for process [0-9]+$",
            title: "ZFS: PANIC in {frame}",
            stacks: &[TRACE],
            format: Format::Zfs,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // spl_debug_msg, module/spl/spl-debug.c of SPL up to 0.6.3: each line has task, CPU, file, line and function in front.
    // "SPLError: 2181:0:(range_tree.c:172:range_tree_add()) VERIFY3(a < b) failed (2 < 1)", "… SPL PANIC"
    Family {
        banner: "SPLError: ",
        rules: &[Rule {
            line: "SPLError: [0-9]+:[0-9]+:\\([^:]+:[0-9]+:([a-zA-Z0-9_]+)\\(\\)\\) (?:VERIFY[0-9A-Z]{0,3}\\(.*failed|ASSERTION ?\\(.*failed|SPL PANIC|PANIC)",
            title: "ZFS: PANIC in {1}",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &["SPLError: "],
        ..Family::NEW
    },
    // lbug_with_loc by LASSERT, LASSERTF and LBUG, libcfs of Lustre: the stack follows, and where `libcfs_panic_on_lbug` is
    // set, which it is, a panic
    Family {
        banner: "LustreError: ",
        rules: &[
            Rule {
                line: "LustreError: [0-9]+:[0-9]+:\\([^:]+:[0-9]+:([a-zA-Z0-9_]+)\\(\\)\\) ASSERTION\\(.*\\) failed",
                title: "LustreError: ASSERTION failed in {1}",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "LustreError: [0-9]+:[0-9]+:\\([^:]+:[0-9]+:([a-zA-Z0-9_]+)\\(\\)\\) LBUG",
                title: "LustreError: LBUG in {1}",
                traceless: true,
                ..Rule::NEW
            },
        ],
        leads_to: &["LustreError: "],
        ..Family::NEW
    },
    // lcw_dump_stack, libcfs of Lustre 1.8 to 2.12, with "LNet: " or "Lustre: " in front; ptlrpc_watchdog_fire since 2.13
    Family {
        banner: "The thread might be hung, or it might only be slow",
        rules: &[Rule {
            line: "(?:LNet|Lustre|LustreError): .*[Ss]ervice thread pid [0-9]+ was inactive for [0-9.]+ ?s",
            title: "Lustre: thread inactive in {frame}",
            stacks: &[TRACE],
            format: Format::Hung,
            pick: Pick::Hung,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
];

const SHUTTING_DOWN: &str = "Shutting down filesystem";
const SHUT_DOWN: &str = "Filesystem has been shut down due to log error";
const SHUTDOWNS: &[&str] = &[SHUTTING_DOWN, SHUT_DOWN];

/// "XFS (dm-3): Corruption of in-memory data detected.  Shutting down filesystem"; up to Linux 2.6.38 with `Filesystem "dm-3": `
/// in front, since 5.16 "… (0x8) detected at xfs_trans_cancel+0x153/0x170 [xfs] (fs/xfs/xfs_trans.c:1097).  Shutting …"
const SHUTDOWN: &[Rule] = &[
    Rule {
        line: "^(?:XFS \\(|Filesystem \").*: Corruption of (in-memory data|on-disk metadata)",
        title: "XFS: corruption of {1}",
        traceless: true,
        ..Rule::NEW
    },
    LOG_ERROR,
    Rule {
        line: "^(?:XFS \\(|Filesystem \").*: (?:Metadata )?I/O Error",
        title: "XFS: metadata I/O error",
        traceless: true,
        ..Rule::NEW
    },
    Rule {
        line: "^(?:XFS \\(|Filesystem \").*: (?:All device paths lost|Block device removal)",
        title: "XFS: block device removal",
        traceless: true,
        ..Rule::NEW
    },
];

const LOG_ERROR: Rule = Rule {
    line: "^(?:XFS \\(|Filesystem \").*(?:: Log I/O Error| due to log error)",
    title: "XFS: log I/O error",
    traceless: true,
    ..Rule::NEW
};

/// Who is to blame is in the line itself, whatever the compiler inlined.
const SPL_PANIC: &str = "^(?:PANIC at |SPLError: [0-9]+:[0-9]+:\\()[^:]+:[0-9]+:([a-zA-Z0-9_]+)\\(\\)";
