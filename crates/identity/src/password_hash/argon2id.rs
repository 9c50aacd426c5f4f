use argon2::{Algorithm, Argon2, Params, Version};

use super::OutOfMemory;

/// What computing an Argon2id hash takes, within bounds: a file cannot ask for all memory or for hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HashCost {
    pub(super) memory_kib: u32,
    pub(super) pass_count: u32,
    pub(super) lane_count: u32,
}

impl HashCost {
    /// What one hash may take: memory in KiB, at least 8 for each lane and at most 262,144 (256 MiB);
    /// passes over it, 1 to 16; lanes, 1 to 16. `None` beyond.
    pub const fn new(memory_kib: u32, pass_count: u32, lane_count: u32) -> Option<Self> {
        let lanes = 1 <= lane_count && lane_count <= 16;
        let passes = 1 <= pass_count && pass_count <= 16;
        if lanes && passes && 8 * lane_count <= memory_kib && memory_kib <= 256 * 1024 {
            return Some(Self { memory_kib, pass_count, lane_count });
        }
        None
    }

    /// Memory that one verification holds while it runs, in KiB.
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Nanoseconds, roughly.
    pub(super) const fn work(self) -> u64 {
        500 * self.memory_kib as u64 * self.pass_count as u64
    }

    pub(super) fn compute(self, password: &[u8], salt: &[u8], hash: &mut [u8]) -> Result<(), OutOfMemory> {
        // Everything but memory was checked when this value was made.
        let params = Params::new(self.memory_kib, self.pass_count, self.lane_count, Some(hash.len()));
        let params = params.map_err(|_| OutOfMemory)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(password, salt, hash).map_err(|_| OutOfMemory)
    }
}

impl Default for HashCost {
    /// 19 MiB, two passes, one lane: what OWASP recommends at least; about 20 ms.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, pass_count: 2, lane_count: 1 }
    }
}
