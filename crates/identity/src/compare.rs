use subtle::ConstantTimeEq;

/// Whether two secrets are the same, in a time that depends on their lengths alone.
#[must_use]
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}
