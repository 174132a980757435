//! Hardware errors, interrupts nobody handles, transmit queues that hang, and faults that a device's driver reports: GPUs,
//! NVMe, PCIe. A fleet's operators live by them; the kernel itself says of none that it is its bug.
//!
//! ```text
//! mce: [Hardware Error]: CPU 2: Machine Check Exception: 5 Bank 4: b200000000070f0f
//! irq 16: nobody cared (try booting with the "irqpoll" option)
//! NETDEV WATCHDOG: eth0 (e1000e): transmit queue 0 timed out
//! NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python3, GPU has fallen off the bus.
//! amdgpu 0000:c5:00.0: amdgpu: ring sdma0 timeout, signaled seq=7021, emitted seq=7023
//! amdgpu 0000:c5:00.0: amdgpu: [gfxhub] page fault (src_id:0 ring:24 vmid:3 pasid:32779)
//! ```

use super::skip::Format;
use super::{Family, Part, Rule, Step, TRACE};

/// The first driver that was asked and did not care: `[<00000000f1a2b3c4>] usb_hcd_irq`.
const HANDLER: &[Step] = &[Step::Line("^handlers:"), Step::Line("^\\[<[0-9a-f]+>\\] ([a-zA-Z0-9_]+)")];

const NETDEV_WATCHDOG: Rule = Rule {
    line: "NETDEV WATCHDOG: .*timed out",
    title: "NETDEV WATCHDOG: transmit queue timed out",
    traceless: true,
    ..Rule::NEW
};

pub(crate) const FAMILIES: &[Family] = &[
    // print_mce (arch/x86/kernel/cpu/mce/core.c), __ghes_print_estatus (drivers/acpi/apei/ghes.c), EDAC
    Family {
        banner: "[Hardware Error]: ",
        rules: &[
            Rule {
                line: "\\[Hardware Error\\]: .*Machine [Cc]heck",
                title: "Hardware Error: machine check",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "\\[Hardware Error\\]: Hardware error from APEI Generic Hardware Error Source",
                title: "Hardware Error: APEI generic hardware error",
                traceless: true,
                ..Rule::NEW
            },
            Rule {
                line: "\\[Hardware Error\\]: (Corrected|Deferred|Uncorrected|Fatal)",
                title: "Hardware Error: {1} error",
                traceless: true,
                ..Rule::NEW
            },
            Rule { line: "\\[Hardware Error\\]: ", title: "Hardware Error", traceless: true, ..Rule::NEW },
        ],
        leads_to: &["[Hardware Error]: ", "Kernel panic"],
        uncorrected: UNCORRECTED,
        one_line: true,
        ..Family::NEW
    },
    // edac_ue_error, drivers/edac/edac_mc.c; what edac_ce_error says was corrected
    Family {
        banner: "EDAC MC",
        rules: &[Rule {
            line: "EDAC MC[0-9]+: [0-9]+ UE ",
            title: "Hardware Error: uncorrected memory error",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &["[Hardware Error]: "],
        part: Part::OfAny,
        ..Family::NEW
    },
    // __report_bad_irq, kernel/irq/spurious.c
    Family {
        banner: ": nobody cared",
        rules: &[Rule {
            line: "irq [0-9]+: nobody cared",
            title: "irq: nobody cared in {frame}",
            stacks: &[HANDLER, TRACE],
            format: Format::SpuriousIrq,
            traceless: true,
            ..Rule::NEW
        }],
        ..Family::NEW
    },
    // dev_watchdog, net/sched/sch_generic.c, since Linux 6.8: netdev_crit, one line with the device before it
    Family {
        banner: ": NETDEV WATCHDOG: CPU: ",
        rules: &[NETDEV_WATCHDOG],
        part: Part::Aside,
        ..Family::NEW
    },
    // The same before: the message of a WARN_ONCE
    Family {
        banner: "NETDEV WATCHDOG: ",
        rules: &[NETDEV_WATCHDOG],
        leads_to: &["WARNING:"],
        prelude: true,
        warns: true,
        ..Family::NEW
    },
    // nvErrorLog of NVIDIA's driver (nvidia.ko, open and closed). Since 418 with the bus, "(PCI:0000:3b:00)", before
    // "(0000:3b:00)"; since 440 with `pid=`, since 470 with `name=`; partitions are "(PCI:0000:c1:00 GPU-I:05)".
    // Several Xids in a row are one fault: the channels that it takes down (45), what is to be done (154).
    Family {
        banner: "NVRM: Xid (",
        rules: &[Rule {
            line: "NVRM: Xid \\([^)]*\\): ([0-9]+), ",
            title: "NVRM: Xid {1}",
            traceless: true,
            coded: true,
            ..Rule::NEW
        }],
        leads_to: &["NVRM: Xid ("],
        event: true,
        ..Family::NEW
    },
    // NVSWITCH_PRINT_SXID of nvidia.ko: "nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): 12028, Non-fatal, Link 32 …"
    Family {
        banner: ": SXid (",
        rules: &[Rule {
            line: "nvidia-nvswitch[0-9]*: SXid \\([^)]*\\): ([0-9]+), (?:Non-fatal|Fatal)",
            title: "NVSwitch: SXid {1}",
            traceless: true,
            coded: true,
            ..Rule::NEW
        }],
        leads_to: &[": SXid ("],
        event: true,
        ..Family::NEW
    },
    // amdgpu_job_timedout, drivers/gpu/drm/amd/amdgpu/amdgpu_job.c: since Linux 6.10 by dev_err, before by DRM_ERROR, and up to
    // 4.20 with "last signaled seq=". A part of the ring's name is its number: gfx_0.0.0, sdma1, vcn_dec_0
    Family {
        banner: "signaled seq=",
        rules: &[RING_TIMEOUT],
        leads_to: &["signaled seq="],
        event: true,
        ..Family::NEW
    },
    Family { banner: " timeout, but soft recovered", rules: &[RING_TIMEOUT], event: true, ..Family::NEW },
    // amdgpu_device_gpu_recover, drivers/gpu/drm/amd/amdgpu/amdgpu_device.c: by a timeout, an error of its memory, or a person
    Family {
        banner: "GPU reset begin!",
        rules: &[Rule {
            line: "amdgpu [0-9a-f:.]+: (?:amdgpu: )?GPU reset begin!",
            title: "amdgpu: GPU reset",
            traceless: true,
            ..Rule::NEW
        }],
        part: Part::OfAny,
        event: true,
        ..Family::NEW
    },
    // gmc_v9_0_process_interrupt and gmc_v10_0_process_interrupt, drivers/gpu/drm/amd/amdgpu: "[gfxhub] page fault (src_id:0 ring:24
    // vmid:3 pasid:32779)", "[gfxhub0] no-retry page fault (…"; up to Linux 5.x the process is in the same line
    Family {
        banner: " page fault (src_id:",
        rules: &[Rule {
            line: "\\[(gfxhub|mmhub)[0-9.]*\\] (?:(?:no-)?retry |VMC )?page fault \\(src_id:",
            title: "amdgpu: page fault, {1}",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &[" page fault (src_id:"],
        event: true,
        ..Family::NEW
    },
    // gmc_v8_0_process_interrupt and its likes; cik_irq_process and evergreen_irq_process, drivers/gpu/drm/radeon
    Family {
        banner: ": GPU fault detected: ",
        rules: &[Rule {
            line: "^(amdgpu|radeon) [0-9a-f:.]+: (?:amdgpu: )?GPU fault detected: [0-9]+ 0x",
            title: "{1}: page fault",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &[": GPU fault detected: "],
        event: true,
        ..Family::NEW
    },
    // gk104_fifo_intr_fault and gf100_fifo_intr_fault, drivers/gpu/drm/nouveau/nvkm/engine/fifo: "fifo: fault 00 [READ] at
    // 0000000000c8a000 engine 00 [GR] client 0f [GPC0/PROP_0] reason 02 [PTE] on channel 6 [007f3d4000 Xorg[1022]]"; up to Linux 4.20
    // "fifo: read fault at 0000c8a000 engine …"
    Family {
        banner: ": fifo: fault ",
        rules: &[NOUVEAU_FAULT],
        leads_to: NOUVEAU_FAULTS,
        event: true,
        ..Family::NEW
    },
    Family {
        banner: ": fifo: read fault at ",
        rules: &[NOUVEAU_FAULT],
        leads_to: NOUVEAU_FAULTS,
        event: true,
        ..Family::NEW
    },
    Family {
        banner: ": fifo: write fault at ",
        rules: &[NOUVEAU_FAULT],
        leads_to: NOUVEAU_FAULTS,
        event: true,
        ..Family::NEW
    },
    // gk104_fifo_intr_sched and gf100_fifo_intr_sched of the same place: "fifo: SCHED_ERROR 0a [CTXSW_TIMEOUT]"
    Family {
        banner: ": fifo: SCHED_ERROR ",
        rules: &[Rule {
            line: "^nouveau [0-9a-f:.]+: fifo: SCHED_ERROR [0-9a-f]{2} \\[([A-Z_]*)\\]",
            title: "nouveau: SCHED_ERROR {1}",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &[": fifo: SCHED_ERROR "],
        event: true,
        ..Family::NEW
    },
    // i915_gpu_error.c, drivers/gpu/drm/i915: "i915 0000:00:02.0: [drm] GPU HANG: ecode 12:1:8ed9fff2, in Xorg [2345]"; up to
    // Linux 5.6 "[drm] GPU HANG: ecode 9:0:0x85dffffb, in Xorg [2345], reason: hang on rcs0, action: reset"
    Family {
        banner: "GPU HANG: ecode ",
        rules: &[Rule {
            line: "\\[drm\\] GPU HANG: ecode ",
            title: "i915: GPU HANG",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &["GPU HANG: ecode "],
        event: true,
        ..Family::NEW
    },
    // i915_hangcheck_elapsed, drivers/gpu/drm/i915/i915_irq.c, up to Linux 3.14
    Family {
        banner: "Hangcheck timer elapsed...",
        rules: &[Rule {
            line: "\\[drm:i915_hangcheck_[a-z]+(?: \\[i915\\])?\\] \\*ERROR\\* Hangcheck timer elapsed",
            title: "i915: GPU HANG",
            traceless: true,
            ..Rule::NEW
        }],
        event: true,
        ..Family::NEW
    },
    // guc_exec_queue_timedout_job, drivers/gpu/drm/xe/xe_guc_submit.c: "xe 0000:03:00.0: [drm] GT0: Timedout job: seqno=4294967169,
    // lrc_seqno=4294967169, guc_id=2, flags=0x0 in Xorg [2345]"
    Family {
        banner: "Timedout job: seqno=",
        rules: &[Rule {
            line: "xe [0-9a-f:.]+: \\[drm\\] .*Timedout job: seqno=",
            title: "xe: job timeout",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &["Timedout job: seqno="],
        event: true,
        ..Family::NEW
    },
    // xe_device_declare_wedged, drivers/gpu/drm/xe/xe_device.c: "CRITICAL: Xe has declared device 0000:03:00.0 as wedged."
    Family {
        banner: "Xe has declared device ",
        rules: &[Rule {
            line: "CRITICAL: Xe has declared device [0-9a-f:.]+ as wedged",
            title: "xe: device wedged",
            traceless: true,
            ..Rule::NEW
        }],
        part: Part::OfAny,
        event: true,
        ..Family::NEW
    },
    // radeon_fence_check_lockup, drivers/gpu/drm/radeon/radeon_fence.c: "radeon 0000:01:00.0: GPU lockup (current fence id
    // 0x0000000000000123 last fence id 0x0000000000000125 on ring 0)"
    Family {
        banner: "GPU lockup (",
        rules: &[Rule {
            line: "radeon [0-9a-f:.]+: GPU lockup \\(",
            title: "radeon: GPU lockup",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &["GPU lockup ("],
        event: true,
        ..Family::NEW
    },
    // etnaviv_sched_timedout_job and, of Adreno, hangcheck_handler (drivers/gpu/drm/msm/msm_gpu.c)
    Family {
        banner: "hangcheck detected gpu lockup",
        rules: &[Rule {
            line: "^(etnaviv|msm)[a-z_-]* .*hangcheck detected gpu lockup",
            title: "{1}: GPU lockup",
            traceless: true,
            ..Rule::NEW
        }],
        event: true,
        ..Family::NEW
    },
    // panfrost_job_timedout, drivers/gpu/drm/panfrost/panfrost_job.c: "panfrost ff9a0000.gpu: gpu sched timeout, js=1, config=0x7300"
    Family {
        banner: "gpu sched timeout, ",
        rules: &[Rule {
            line: "panfrost .*: gpu sched timeout, ",
            title: "panfrost: job timeout",
            traceless: true,
            ..Rule::NEW
        }],
        event: true,
        ..Family::NEW
    },
    // v3d_gpu_reset_for_timeout, drivers/gpu/drm/v3d/v3d_sched.c
    Family {
        banner: "Resetting GPU for hang.",
        rules: &[Rule {
            line: "v3d .*Resetting GPU for hang\\.",
            title: "v3d: GPU hang",
            traceless: true,
            ..Rule::NEW
        }],
        event: true,
        ..Family::NEW
    },
    // nvme_warn_reset, drivers/nvme/host/pci.c, since Linux 4.12: "nvme nvme0: controller is down; will reset: CSTS=0xffffffff,
    // PCI_STATUS=0x10"
    Family {
        banner: ": controller is down; will reset: CSTS=",
        rules: &[Rule {
            line: "nvme [^ ]+: controller is down; will reset: CSTS=",
            title: "nvme: controller is down",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &[NOT_READY],
        event: true,
        ..Family::NEW
    },
    // nvme_timeout of the same file: "nvme nvme0: I/O 448 QID 4 timeout, reset controller"
    Family {
        banner: " timeout, reset controller",
        rules: &[Rule {
            line: "nvme [^ ]+: I/O .*timeout, reset controller",
            title: "nvme: timeout, reset controller",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &[" timeout, reset controller", ": controller is down; will reset: CSTS=", NOT_READY],
        event: true,
        ..Family::NEW
    },
    // nvme_wait_ready, drivers/nvme/host/core.c: "nvme nvme0: Device not ready; aborting reset, CSTS=0x1", the number since Linux 5.14
    Family {
        banner: NOT_READY,
        rules: &[Rule {
            line: "nvme [^ ]+: Device not ready; aborting (?:reset|initialisation|shutdown)",
            title: "nvme: device not ready",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &[NOT_READY],
        event: true,
        ..Family::NEW
    },
    // etnaviv_gpu_recover_hang, drivers/gpu/drm/etnaviv/etnaviv_gpu.c: "etnaviv-gpu 130000.gpu: recover hung GPU!"
    Family {
        banner: ": recover hung GPU!",
        rules: &[Rule {
            line: "^etnaviv[a-z_-]* .*: recover hung GPU!",
            title: "etnaviv: GPU hang",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: &[": recover hung GPU!"],
        event: true,
        ..Family::NEW
    },
    // aer_print_port_info, then aer_print_error for each device: drivers/pci/pcie/aer.c. "AER: Uncorrected (Fatal) error message
    // received from 0000:05:00.0"; "error received: 0000:05:00.0" up to Linux 6.8, "id=00e0" up to 4.16; "Uncorrectable" since 6.9.
    // What was corrected is no report.
    Family { banner: "AER: Uncorrect", rules: AER, leads_to: BUS_ERROR, event: true, ..Family::NEW },
    Family { banner: "AER: Multiple Uncorrect", rules: AER, leads_to: BUS_ERROR, event: true, ..Family::NEW },
    Family {
        banner: "PCIe Bus Error: severity=Uncorrect",
        rules: &[Rule {
            line: "PCIe Bus Error: severity=Uncorrect[a-z]+ \\((Fatal|Non-Fatal)\\), type=([A-Za-z ]+)",
            title: "PCIe Bus Error: uncorrected ({1}), {2}",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: BUS_ERROR,
        event: true,
        ..Family::NEW
    },
    // dpc_process_error, drivers/pci/pcie/dpc.c: "pcieport 0000:00:1b.0: DPC: containment event, status:0x1f01 source:0x0000"
    Family {
        banner: "DPC: containment event, ",
        rules: &[Rule {
            line: "pcieport [0-9a-f:.]+: (?:pcie [^:]*: )?DPC: containment event, ",
            title: "PCIe: DPC containment event",
            traceless: true,
            ..Rule::NEW
        }],
        leads_to: BUS_ERROR,
        event: true,
        ..Family::NEW
    },
];

/// What says of a hardware error that it was not corrected: print_mce, whose status has a bit for it ("Bank 4: b200000000070f0f",
/// of the first digit the second), and mce_panic; amd_decode_mce, drivers/edac/mce_amd.c ("MC4_STATUS[Over|UE|…"); cper_estatus_print,
/// drivers/firmware/efi/cper.c; a panic.
const UNCORRECTED: &str = "Machine [Cc]heck(?: Exception|.*Bank [0-9]+: [2367abef][0-9a-f]{15}|: [A-Z])|_STATUS\\[[^]|]*\\|UE|Uncorrected|Deferred error|Fatal error|severity: (?:[0-9]+, )?(?:recoverable|fatal)|EDAC MC[0-9]+: [0-9]+ UE|Kernel panic";

const NOT_READY: &str = ": Device not ready; aborting ";

const RING_TIMEOUT: Rule = Rule {
    line: "ring ([a-z]+(?:_[a-z]+)*)_?[0-9.]* timeout, (?:(?:last )?signaled seq=|but soft recovered)",
    title: "amdgpu: ring {1} timeout",
    traceless: true,
    ..Rule::NEW
};

const NOUVEAU_FAULT: Rule = Rule {
    line: "^nouveau [0-9a-f:.]+: fifo: (?:fault [0-9a-f]{2} \\[[A-Z_]*\\]|read fault|write fault) at [0-9a-f]+ engine ",
    title: "nouveau: page fault",
    traceless: true,
    ..Rule::NEW
};

const NOUVEAU_FAULTS: &[&str] = &[": fifo: fault ", ": fifo: read fault at ", ": fifo: write fault at "];

/// The devices' own words say more than the port's.
const AER: &[Rule] = &[
    Rule {
        line: "AER: (?:Multiple )?Uncorrect",
        then: &["PCIe Bus Error: severity=Uncorrect[a-z]+ \\((Fatal|Non-Fatal)\\), type=([A-Za-z ]+)"],
        title: "PCIe Bus Error: uncorrected ({1}), {2}",
        traceless: true,
        ..Rule::NEW
    },
    Rule {
        line: "AER: (?:Multiple )?Uncorrect[a-z]+ \\((Fatal|Non-Fatal)\\) error ",
        title: "PCIe Bus Error: uncorrected ({1})",
        traceless: true,
        ..Rule::NEW
    },
];

const BUS_ERROR: &[&str] =
    &["PCIe Bus Error: severity=Uncorrect", "AER: Uncorrect", "AER: Multiple Uncorrect"];
