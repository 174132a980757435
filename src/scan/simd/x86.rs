//! The filter on x86-64: the only `unsafe` code of the crate.
//!
//! All three work alike. A block is loaded once, from an aligned address; the bytes that follow each of its bytes are
//! shifted in from the block after it, which is the next one to be looked at.

#![allow(unsafe_code, reason = "vector instructions; each use says why it is sound")]

use std::arch::x86_64::*;

use super::scalar;
use super::tables::Tables;

/// Stamps out the walk over a text for one set of instructions.
///
/// The inner loop calls nothing: a call between would have the tables read from memory for every block, for no vector
/// register outlives one.
macro_rules! walk {
    ($name:ident, $walk:ident, $stop:ident, $feature:literal, $vector:ty, $tables:ident, $step:ident) => {
        /// See [`Filter::candidates`](super::Filter::candidates). The machine must have the instructions.
        pub(super) fn $name(
            tables: &Tables,
            text: &[u8],
            accept: &mut dyn FnMut(usize) -> bool,
        ) -> Option<usize> {
            // SAFETY: `Filter` is made only for a level that `Level::all` detected.
            unsafe { $walk(tables, text, accept) }
        }

        #[target_feature(enable = $feature)]
        fn $walk(tables: &Tables, text: &[u8], accept: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
            const BYTES: usize = size_of::<$vector>();
            // SAFETY: any bytes are a vector.
            let (head, blocks, _) = unsafe { text.align_to::<$vector>() };
            let head = head.len();
            if let Some(found) = scalar(tables, text, 0..head, accept) {
                return Some(found);
            }
            let mut next = 0;
            while let Some((index, mut mask)) = $stop(tables, blocks, next) {
                while mask != 0 {
                    let at = head + index * BYTES + mask.trailing_zeros() as usize;
                    if accept(at) {
                        return Some(at);
                    }
                    mask &= mask - 1;
                }
                next = index + 1;
            }
            // What the last block begins ends behind it.
            scalar(tables, text, head + blocks.len().saturating_sub(1) * BYTES..text.len(), accept)
        }

        /// The first block from `from` on that may hold a window, and where in it; never the last.
        #[target_feature(enable = $feature)]
        #[inline(never)]
        fn $stop(tables: &Tables, blocks: &[$vector], from: usize) -> Option<(usize, u64)> {
            let tables = $tables(tables);
            let (first, others) = blocks.get(from..)?.split_first()?;
            let mut block = *first;
            for (index, next) in others.iter().enumerate() {
                let mask = $step(&tables, block, *next);
                if mask != 0 {
                    return Some((from + index, mask.into()));
                }
                block = *next;
            }
            None
        }
    };
}

walk!(vbmi, vbmi_walk, vbmi_stop, "avx512f,avx512bw,avx512vbmi", __m512i, vbmi_tables, vbmi_step);
walk!(avx2, avx2_walk, avx2_stop, "avx2", __m256i, avx2_tables, avx2_step);
walk!(ssse3, ssse3_walk, ssse3_stop, "ssse3", __m128i, ssse3_tables, ssse3_step);

/// For each place of a window the 128 masks.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn vbmi_tables(tables: &Tables) -> [(__m512i, __m512i); 4] {
    tables.exact.each_ref().map(|table| {
        let (low, high) = table.split_at(64);
        // SAFETY: both halves have 64 bytes, and the load needs no alignment.
        unsafe { (_mm512_loadu_si512(low.as_ptr().cast()), _mm512_loadu_si512(high.as_ptr().cast())) }
    })
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn vbmi_step(tables: &[(__m512i, __m512i); 4], block: __m512i, next: __m512i) -> u64 {
    let ahead = _mm512_alignr_epi64(next, block, 2);
    let [first, second, third, fourth] = tables;
    // The instruction looks at the low seven bits of a byte alone.
    let first = _mm512_permutex2var_epi8(first.0, block, first.1);
    let second = _mm512_permutex2var_epi8(second.0, _mm512_alignr_epi8(ahead, block, 1), second.1);
    let third = _mm512_permutex2var_epi8(third.0, _mm512_alignr_epi8(ahead, block, 2), third.1);
    let fourth = _mm512_permutex2var_epi8(fourth.0, _mm512_alignr_epi8(ahead, block, 3), fourth.1);
    let three = _mm512_ternarylogic_epi64(first, second, third, 0x80);
    _mm512_test_epi8_mask(three, fourth)
}

/// For each place of a window the masks of the low and of the high bits, and those of any byte.
#[target_feature(enable = "avx2")]
fn avx2_tables(tables: &Tables) -> [(__m256i, __m256i, __m256i); 4] {
    // SAFETY: a table has 16 bytes, and the load needs no alignment.
    let load =
        |table: &[u8; 16]| unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast())) };
    let [a, b, c, d] = &tables.low;
    let [e, f, g, h] = &tables.high;
    let [i, j, k, l] = tables.any.map(|any| _mm256_set1_epi8(any as i8));
    [(load(a), load(e), i), (load(b), load(f), j), (load(c), load(g), k), (load(d), load(h), l)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn avx2_step(tables: &[(__m256i, __m256i, __m256i); 4], block: __m256i, next: __m256i) -> u32 {
    let [first, second, third, fourth] = tables;
    let ahead = _mm256_permute2x128_si256(block, next, 0x21);
    let look = |table: &(__m256i, __m256i, __m256i), bytes: __m256i| {
        // A byte above 127 gives 0 in the first look: no needle has one, but after a short one it may stand.
        let high = _mm256_and_si256(_mm256_srli_epi16(bytes, 3), _mm256_set1_epi8(15));
        let both = _mm256_and_si256(_mm256_shuffle_epi8(table.0, bytes), _mm256_shuffle_epi8(table.1, high));
        _mm256_or_si256(both, table.2)
    };
    let first = look(first, block);
    let second = look(second, _mm256_alignr_epi8(ahead, block, 1));
    let third = look(third, _mm256_alignr_epi8(ahead, block, 2));
    let fourth = look(fourth, _mm256_alignr_epi8(ahead, block, 3));
    let all = _mm256_and_si256(_mm256_and_si256(first, second), _mm256_and_si256(third, fourth));
    !_mm256_movemask_epi8(_mm256_cmpeq_epi8(all, _mm256_setzero_si256())) as u32
}

/// For each place of a window the masks of the low and of the high bits, and those of any byte.
#[target_feature(enable = "ssse3")]
fn ssse3_tables(tables: &Tables) -> [(__m128i, __m128i, __m128i); 4] {
    // SAFETY: a table has 16 bytes, and the load needs no alignment.
    let load = |table: &[u8; 16]| unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
    let [a, b, c, d] = &tables.low;
    let [e, f, g, h] = &tables.high;
    let [i, j, k, l] = tables.any.map(|any| _mm_set1_epi8(any as i8));
    [(load(a), load(e), i), (load(b), load(f), j), (load(c), load(g), k), (load(d), load(h), l)]
}

#[inline]
#[target_feature(enable = "ssse3")]
fn ssse3_step(tables: &[(__m128i, __m128i, __m128i); 4], block: __m128i, next: __m128i) -> u32 {
    let [first, second, third, fourth] = tables;
    let look = |table: &(__m128i, __m128i, __m128i), bytes: __m128i| {
        let high = _mm_and_si128(_mm_srli_epi16(bytes, 3), _mm_set1_epi8(15));
        let both = _mm_and_si128(_mm_shuffle_epi8(table.0, bytes), _mm_shuffle_epi8(table.1, high));
        _mm_or_si128(both, table.2)
    };
    let first = look(first, block);
    let second = look(second, _mm_alignr_epi8(next, block, 1));
    let third = look(third, _mm_alignr_epi8(next, block, 2));
    let fourth = look(fourth, _mm_alignr_epi8(next, block, 3));
    let all = _mm_and_si128(_mm_and_si128(first, second), _mm_and_si128(third, fourth));
    !_mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_setzero_si128())) as u32 & 0xffff
}
