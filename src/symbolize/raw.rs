//! What is read one by one out of millions: symbols and relocations of an ELF file, numbers of DWARF.

/// How the numbers of a file are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw {
    pub(super) little: bool,
    /// Whether addresses have 64 bits.
    pub(super) wide: bool,
    /// `e_machine`.
    pub(super) machine: u16,
}

/// A record of the table of symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    /// Offset of its name in the table of strings.
    pub(super) name: usize,
    pub(super) value: u64,
    pub(super) size: u64,
    /// Number of its section; those above `SHN_LORESERVE` are none.
    pub(super) section: usize,
    /// `STT_FUNC` and so on.
    pub(super) kind: u8,
}

/// Sections from this number on are none: absolute and common symbols.
pub(super) const LORESERVE: usize = 0xff00;

impl Raw {
    /// From the header of an ELF file.
    pub(super) fn of(data: &[u8]) -> Option<Raw> {
        let raw = Raw { wide: data.get(4)? == &2, little: data.get(5)? == &1, machine: 0 };
        Some(Raw { machine: raw.number(data, 18, 2)? as u16, ..raw })
    }

    /// Size of an address.
    pub(super) fn word(self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    /// The number of `size` bytes at an offset.
    #[inline]
    pub(super) fn number(self, data: &[u8], at: usize, size: usize) -> Option<u64> {
        let bytes = data.get(at..at.checked_add(size)?)?;
        let mut eight = [0; 8];
        if self.little {
            eight.get_mut(..size)?.copy_from_slice(bytes);
            Some(u64::from_le_bytes(eight))
        } else {
            eight.get_mut(8 - size..)?.copy_from_slice(bytes);
            Some(u64::from_be_bytes(eight))
        }
    }

    /// The address at an offset.
    #[inline]
    pub(super) fn address(self, data: &[u8], at: usize) -> Option<u64> {
        let (bytes, little) = (data.get(at..)?, self.little);
        if self.wide {
            let eight = *bytes.first_chunk()?;
            return Some(if little { u64::from_le_bytes(eight) } else { u64::from_be_bytes(eight) });
        }
        let four = *bytes.first_chunk()?;
        Some(if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) }.into())
    }

    /// Where the section headers begin: beyond the end of most files that were cut.
    pub(super) fn section_headers(self, data: &[u8]) -> Option<u64> {
        self.address(data, if self.wide { 0x28 } else { 0x20 })
    }

    /// Size of a record of the table of symbols.
    pub(super) fn symbol_size(self) -> usize {
        if self.wide { 24 } else { 16 }
    }

    /// Where the name of a symbol's record is.
    #[inline]
    pub(super) fn symbol_name(self, record: &[u8]) -> Option<usize> {
        let bytes = *record.first_chunk()?;
        Some(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) } as usize)
    }

    /// The record of a number.
    #[inline]
    pub(super) fn symbol(self, table: &[u8], index: usize) -> Option<Symbol> {
        let size = self.symbol_size();
        let at = index.checked_mul(size)?;
        let record = table.get(at..at.checked_add(size)?)?;
        let number = |at, size| self.number(record, at, size);
        Some(if self.wide {
            Symbol {
                name: number(0, 4)? as usize,
                kind: number(4, 1)? as u8 & 15,
                section: number(6, 2)? as usize,
                value: number(8, 8)?,
                size: number(16, 8)?,
            }
        } else {
            Symbol {
                name: number(0, 4)? as usize,
                value: number(4, 4)?,
                size: number(8, 4)?,
                kind: number(12, 1)? as u8 & 15,
                section: number(14, 2)? as usize,
            }
        })
    }
}

/// Reads an unsigned LEB128 number at `*at` and steps behind it; `None` at the end of the bytes.
#[inline]
pub(super) fn uleb128(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let first = *bytes.get(*at)?;
    *at += 1;
    if first < 0x80 {
        return Some(u64::from(first));
    }
    let (mut value, mut shift) = (u64::from(first & 0x7f), 7);
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        // What does not fit is left out: no number here has more than 64 bits.
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift = (shift + 7).min(u64::BITS);
        if byte < 0x80 {
            return Some(value);
        }
    }
}

/// Reads a signed LEB128 number at `*at` and steps behind it; `None` at the end of the bytes.
#[inline]
pub(super) fn sleb128(bytes: &[u8], at: &mut usize) -> Option<i64> {
    let start = *at;
    let value = uleb128(bytes, at)?;
    let last = *bytes.get(*at - 1)?;
    let bits = 7 * (*at - start) as u32;
    // The sign is the highest bit that was written.
    let negative = last & 0x40 != 0 && bits < u64::BITS;
    Some(if negative { (value | u64::MAX << bits) as i64 } else { value as i64 })
}

#[cfg(test)]
mod tests {
    use super::{sleb128, uleb128};

    #[test]
    fn numbers_of_dwarf() {
        for value in [0, 1, 63, 64, 127, 128, 8191, 300_000, u64::from(u32::MAX), u64::MAX >> 1, u64::MAX] {
            for signed in [value as i64, (value as i64).wrapping_neg()] {
                let mut bytes = Vec::new();
                let mut left = signed;
                loop {
                    let byte = (left & 0x7f) as u8;
                    left >>= 7;
                    let done = left == if byte & 0x40 == 0 { 0 } else { -1 };
                    bytes.push(byte | if done { 0 } else { 0x80 });
                    if done {
                        break;
                    }
                }
                let mut at = 0;
                assert_eq!(sleb128(&bytes, &mut at), Some(signed));
                assert_eq!(at, bytes.len());
            }
            let mut bytes = Vec::new();
            let mut left = value;
            while left >= 0x80 {
                bytes.push(left as u8 | 0x80);
                left >>= 7;
            }
            bytes.push(left as u8);
            let mut at = 0;
            assert_eq!(uleb128(&bytes, &mut at), Some(value));
            assert_eq!(uleb128(&bytes[..bytes.len() - 1], &mut 0), None);
        }
        assert_eq!(uleb128(&[0x80; 100], &mut 0), None);
    }
}
