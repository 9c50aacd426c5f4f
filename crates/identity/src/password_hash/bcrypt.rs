use zeroize::Zeroizing;

/// The logarithm of how often bcrypt sets up its key: 4 to 14.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BcryptCost(u32);

/// All that bcrypt looks at, in bytes, the closing NUL included.
const KEY_LEN_MAX: usize = 72;

impl BcryptCost {
    /// `None` beyond 4 to 14: 4 is bcrypt's least, 14 takes a second and a half.
    pub(super) const fn new(cost: u32) -> Option<Self> {
        if 4 <= cost && cost <= 14 { Some(Self(cost)) } else { None }
    }

    pub(super) const fn log_rounds(self) -> u32 {
        self.0
    }

    /// Nanoseconds, roughly.
    pub(super) const fn work(self) -> u64 {
        70_000 << self.0
    }

    /// The key is the password and a closing NUL, cut to 72 bytes. Systems that cut differently, at 255 bytes
    /// (old `$2a$`) or at the first NUL, agree on all passwords that can match here.
    pub(super) fn compute(self, password: &[u8], salt: &[u8], hash: &mut [u8]) {
        let mut key = Zeroizing::new([0; KEY_LEN_MAX]);
        let key_len = password.len().saturating_add(1).min(KEY_LEN_MAX);
        for (byte, from) in key.iter_mut().zip(password) {
            *byte = *from;
        }
        let mut fixed_salt = [0; 16];
        for (byte, from) in fixed_salt.iter_mut().zip(salt) {
            *byte = *from;
        }
        let key = key.get(..key_len).unwrap_or(&*key);
        // Of 24 bytes the first 23 are kept: so it is since the first bcrypt.
        for (byte, from) in hash.iter_mut().zip(bcrypt::bcrypt(self.0, fixed_salt, key)) {
            *byte = from;
        }
    }
}
