/// Bounds on topic names and topic filters, narrower than the standard's 65,535 bytes.
///
/// For a shared subscription the filter behind `$share/{name}/` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicLimits {
    /// Most bytes of UTF-8.
    pub length_max: u16,
    /// Most levels; `a/b` has two, `/` has two empty ones.
    pub levels_max: u32,
}

impl TopicLimits {
    /// What the standard allows and no less: 65,535 bytes, any number of levels (`MQTT5-4.7.3-3`).
    pub const STANDARD: Self = Self { length_max: u16::MAX, levels_max: u32::MAX };
}

impl Default for TopicLimits {
    /// 1,024 bytes and 32 levels.
    fn default() -> Self {
        Self { length_max: 1024, levels_max: 32 }
    }
}
