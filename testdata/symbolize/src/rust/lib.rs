//! A module in Rust: methods inside types, generics, closures.
#![no_std]

pub struct Ring {
    slots: [u32; 8],
    at: usize,
}

trait Sum {
    fn sum(&self, from: u32) -> u32;
}

impl Sum for Ring {
    #[inline(never)]
    fn sum(&self, from: u32) -> u32 {
        self.slots.iter().fold(from, |sum, slot| sum.wrapping_mul(3) ^ slot)
    }
}

impl Ring {
    #[inline(never)]
    pub fn push(&mut self, value: u32) -> u32 {
        self.at = self.next();
        if let Some(slot) = self.slots.get_mut(self.at) {
            *slot = value;
        }
        self.sum(value)
    }

    #[inline(always)]
    fn next(&self) -> usize {
        (self.at + 1) % 8
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn rust_fixture_push(ring: &mut Ring, value: u32) -> u32 {
    ring.push(value) + 1
}
