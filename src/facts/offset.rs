//! Where the kernel was put: `dump_kernel_offset`, which a panic calls.

use crate::text;

/// How far a kernel stands from where it was linked to, by the line that a panic ends with; 0 where its addresses
/// are not random.
///
/// `dump_kernel_offset` in `arch/x86/kernel/setup.c`, and the like of arm64, powerpc and riscv;
/// `show_kernel_relocation` in `arch/mips/kernel/relocate.c`, and the like of loongarch.
///
/// ```text
/// Kernel Offset: 0x17e00000 from 0xffffffff81000000 (relocation range: 0xffffffff80000000-0xffffffffbfffffff)
/// Kernel Offset: disabled
/// Kernel relocated by 0x1c00000
/// ```
pub fn kernel_offset(body: &[u8]) -> Option<u64> {
    let body = text::skip_blanks(body);
    if let Some(rest) = body.strip_prefix(b"Kernel relocated by ") {
        return Some(text::hex(rest).ok()?.1);
    }
    let rest = body.strip_prefix(b"Kernel Offset: ")?;
    if rest.starts_with(b"disabled") {
        return Some(0);
    }
    let (rest, offset) = text::hex(rest).ok()?;
    // A cut number is none.
    rest.starts_with(b" from ").then_some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets() {
        let rows: &[(&str, Option<u64>)] = &[
            (
                "Kernel Offset: 0x17e00000 from 0xffffffff81000000 (relocation range: 0xffffffff80000000-0xffffffffbfffffff)",
                Some(0x17e0_0000),
            ),
            ("Kernel Offset: 0x2c1d40c00000 from 0xffff800008000000", Some(0x2c1d_40c0_0000)),
            ("Kernel Offset: disabled", Some(0)),
            (" Kernel relocated by 0x1c00000", Some(0x01c0_0000)),
            ("Kernel Offset: 0x17e0", None),
            ("Kernel Offset: ", None),
            ("kaslr: Kernel Offset: disabled", None),
        ];
        for &(line, offset) in rows {
            assert_eq!(kernel_offset(line.as_bytes()), offset, "{line}");
        }
    }
}
