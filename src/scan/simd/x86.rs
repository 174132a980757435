//! The filter on x86-64: the only `unsafe` code of the crate.
//!
//! All three work alike. The bytes of a block are looked up as the first of a window; those at the same places but
//! one byte on as its second, and so on.

#![allow(unsafe_code, reason = "vector instructions; each use says why it is sound")]

use std::arch::x86_64::*;
use std::ops::Range;

use super::tables::Tables;

/// Stamps out the walk over a text for one set of instructions.
///
/// The inner loop calls nothing: a call between would have the tables read from memory for every block, for no vector
/// register outlives one. So the second look is part of it.
macro_rules! walk {
    ($name:ident, $walk:ident, $edge:ident, $stop:ident, $feature:literal, $vector:ty, $tables:ident, $step:ident) => {
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
            // A vector that is part of two lines of the cache is loaded slowly; a short text has few.
            let head = if text.len() < 2 * BYTES { 0 } else { text.as_ptr().addr().wrapping_neg() % BYTES };
            if let Some(found) = $edge(tables, text, 0..head, accept) {
                return Some(found);
            }
            let mut next = head;
            loop {
                let (block, mask) = $stop(tables, text, next);
                if mask == 0 {
                    return $edge(tables, text, block..text.len(), accept);
                }
                if let Some(found) = places(block, mask).find(|&at| accept(at)) {
                    return Some(found);
                }
                next = block + BYTES;
            }
        }

        /// The same for the places in a range shorter than two blocks, behind which the text may end.
        #[target_feature(enable = $feature)]
        fn $edge(
            tables: &Tables,
            text: &[u8],
            range: Range<usize>,
            accept: &mut dyn FnMut(usize) -> bool,
        ) -> Option<usize> {
            const BYTES: usize = size_of::<$vector>();
            // Behind the end is nothing, which a short needle allows.
            let mut copy = [0; 3 * BYTES];
            let rest = text.get(range.start..)?;
            let length = rest.len().min(copy.len());
            copy.get_mut(..length)?.copy_from_slice(rest.get(..length)?);
            let last = range.len().checked_sub(1)? / BYTES;
            (0..=last).find_map(|block| {
                let (block, mask) = $stop(tables, copy.get(..(block + 2) * BYTES)?, block * BYTES);
                places(range.start + block, mask).find(|&at| at < range.end && accept(at))
            })
        }

        /// The first block from `from` on that may hold a window, and where in it. If none does, nowhere in the first
        /// one that is not followed by another.
        #[target_feature(enable = $feature)]
        #[inline(never)]
        fn $stop(tables: &Tables, text: &[u8], from: usize) -> (usize, u64) {
            const BYTES: usize = size_of::<$vector>();
            let vectors = $tables(tables);
            let mut at = from;
            while let Some(bytes) = text.get(at..).and_then(|rest| rest.first_chunk()) {
                let mut mask = u64::from($step(&vectors, bytes));
                if mask != 0 {
                    mask = tables.words.those(bytes, mask);
                    if mask != 0 {
                        return (at, mask);
                    }
                }
                at += BYTES;
            }
            (at, 0)
        }
    };
}

walk!(
    vbmi,
    vbmi_walk,
    vbmi_edge,
    vbmi_stop,
    "avx512f,avx512bw,avx512vbmi,avx512vbmi2",
    __m512i,
    vbmi_tables,
    vbmi_step
);
walk!(avx2, avx2_walk, avx2_edge, avx2_stop, "avx2", __m256i, avx2_tables, avx2_step);
walk!(ssse3, ssse3_walk, ssse3_edge, ssse3_stop, "ssse3", __m128i, ssse3_tables, ssse3_step);

/// The places of a block that a mask names.
fn places(block: usize, mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = (mask != 0).then(|| block + mask.trailing_zeros() as usize)?;
        mask &= mask - 1;
        Some(at)
    })
}

/// For each place of a window the 128 masks.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2")]
fn vbmi_tables(tables: &Tables) -> [(__m512i, __m512i); 5] {
    tables.exact.each_ref().map(|table| {
        let (low, high) = table.split_at(64);
        // SAFETY: both halves have 64 bytes, and the load needs no alignment.
        unsafe { (_mm512_loadu_si512(low.as_ptr().cast()), _mm512_loadu_si512(high.as_ptr().cast())) }
    })
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2")]
fn vbmi_step(tables: &[(__m512i, __m512i); 5], bytes: &[u8; 128]) -> u64 {
    // SAFETY: the array has 64 bytes from both of these on, and the load needs no alignment.
    let [a, next] = [0, 64].map(|at| unsafe { _mm512_loadu_si512(bytes.as_ptr().add(at).cast()) });
    // Shifts run beside the looks; what moves bytes between lanes would wait for them.
    let ahead = _mm512_alignr_epi64(next, a, 1);
    let b = _mm512_shrdi_epi64(a, ahead, 8);
    let c = _mm512_shrdi_epi64(a, ahead, 16);
    let d = _mm512_shrdi_epi64(a, ahead, 24);
    let e = _mm512_shrdi_epi64(a, ahead, 32);
    let [first, second, third, fourth, fifth] = tables;
    // The instruction looks at the low seven bits of a byte alone.
    let first = _mm512_permutex2var_epi8(first.0, a, first.1);
    let second = _mm512_permutex2var_epi8(second.0, b, second.1);
    let third = _mm512_permutex2var_epi8(third.0, c, third.1);
    let fourth = _mm512_permutex2var_epi8(fourth.0, d, fourth.1);
    let fifth = _mm512_permutex2var_epi8(fifth.0, e, fifth.1);
    let three = _mm512_ternarylogic_epi64(first, second, third, 0x80);
    _mm512_test_epi8_mask(three, _mm512_and_si512(fourth, fifth))
}

/// For each place of a window the masks of the low and of the high bits; and the buckets of short needles.
#[target_feature(enable = "avx2")]
fn avx2_tables(tables: &Tables) -> ([(__m256i, __m256i); 4], __m256i) {
    // SAFETY: a table has 16 bytes, and the load needs no alignment.
    let load =
        |table: &[u8; 16]| unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast())) };
    let [a, b, c, d] = &tables.low;
    let [e, f, g, h] = &tables.high;
    let places = [(load(a), load(e)), (load(b), load(f)), (load(c), load(g)), (load(d), load(h))];
    (places, _mm256_set1_epi8(tables.short as i8))
}

#[inline]
#[target_feature(enable = "avx2")]
fn avx2_step(tables: &([(__m256i, __m256i); 4], __m256i), bytes: &[u8; 64]) -> u32 {
    let ([first, second, third, fourth], short) = tables;
    let look = |table: &(__m256i, __m256i), at: usize| {
        // SAFETY: the array has 32 bytes from each of these on, and the load needs no alignment.
        let bytes = unsafe { _mm256_loadu_si256(bytes.as_ptr().add(at).cast()) };
        // A byte above 127 gives 0 in the first look: no needle has one, but after a short one it may stand.
        let high = _mm256_and_si256(_mm256_srli_epi16(bytes, 3), _mm256_set1_epi8(15));
        _mm256_and_si256(_mm256_shuffle_epi8(table.0, bytes), _mm256_shuffle_epi8(table.1, high))
    };
    let begin = _mm256_and_si256(look(first, 0), look(second, 1));
    let end = _mm256_or_si256(_mm256_and_si256(look(third, 2), look(fourth, 3)), *short);
    let all = _mm256_and_si256(begin, end);
    !_mm256_movemask_epi8(_mm256_cmpeq_epi8(all, _mm256_setzero_si256())) as u32
}

/// For each place of a window the masks of the low and of the high bits; and the buckets of short needles.
#[target_feature(enable = "ssse3")]
fn ssse3_tables(tables: &Tables) -> ([(__m128i, __m128i); 4], __m128i) {
    // SAFETY: a table has 16 bytes, and the load needs no alignment.
    let load = |table: &[u8; 16]| unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
    let [a, b, c, d] = &tables.low;
    let [e, f, g, h] = &tables.high;
    let places = [(load(a), load(e)), (load(b), load(f)), (load(c), load(g)), (load(d), load(h))];
    (places, _mm_set1_epi8(tables.short as i8))
}

#[inline]
#[target_feature(enable = "ssse3")]
fn ssse3_step(tables: &([(__m128i, __m128i); 4], __m128i), bytes: &[u8; 32]) -> u32 {
    let ([first, second, third, fourth], short) = tables;
    let look = |table: &(__m128i, __m128i), at: usize| {
        // SAFETY: the array has 16 bytes from each of these on, and the load needs no alignment.
        let bytes = unsafe { _mm_loadu_si128(bytes.as_ptr().add(at).cast()) };
        let high = _mm_and_si128(_mm_srli_epi16(bytes, 3), _mm_set1_epi8(15));
        _mm_and_si128(_mm_shuffle_epi8(table.0, bytes), _mm_shuffle_epi8(table.1, high))
    };
    let begin = _mm_and_si128(look(first, 0), look(second, 1));
    let end = _mm_or_si128(_mm_and_si128(look(third, 2), look(fourth, 3)), *short);
    let all = _mm_and_si128(begin, end);
    !_mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_setzero_si128())) as u32 & 0xffff
}
