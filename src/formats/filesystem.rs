//! File systems that find themselves damaged.
//!
//! ```text
//! EXT4-fs error (device sda1): ext4_lookup:1785: inode #2: comm ls: deleted inode referenced: 131
//! XFS (dm-0): Metadata corruption detected at xfs_agf_read_verify+0xb6/0x110 [xfs], xfs_agf block 0x1
//! BTRFS critical (device sda1): corrupt leaf: root=5 block=30408704 slot=12
//! ```

use super::{Family, Part, Rule};

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
        ..Family::NEW
    },
    // xfs_buf_corruption_error, xfs_verifier_error: fs/xfs/xfs_error.c
    Family {
        banner: "XFS (",
        rules: &[
            Rule {
                line: "XFS \\([^)]*\\): (?:Metadata corruption|Metadata CRC error|Corruption) detected at (?:{{PC}} +)?{{FUNC}}",
                title: "XFS: metadata corruption in {1}",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "XFS \\([^)]*\\): Corruption of in-memory data",
                title: "XFS: corruption of in-memory data",
                traceless: true,
                ..Rule::NEW
            },
        ],
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
];
