use serde::{Deserialize, Deserializer};

/// Reads a field that is there: `null` is a value like any other, and no value where `T` has none.
///
/// With `#[serde(default)]` a field that is missing is `None`.
pub(super) fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use crate::dto::device::DevicePatch;
    use crate::dto::product::ProductPatch;

    #[test]
    fn missing_and_null_are_two_things() {
        let read = |text: &str| serde_json::from_str::<DevicePatch>(text).unwrap().hw_id;
        assert_eq!(read("{}"), None);
        assert_eq!(read(r#"{"hw_id":null}"#), Some(None));
        assert_eq!(read(r#"{"hw_id":"x"}"#), Some(Some("x".into())));
        for text in ["{}", r#"{"hw_id":null}"#, r#"{"hw_id":"x"}"#] {
            let patch: DevicePatch = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&patch).unwrap(), text);
        }
    }

    #[test]
    fn what_cannot_be_empty_cannot_be_null() {
        assert!(serde_json::from_str::<ProductPatch>(r#"{"name":null}"#).is_err());
        assert!(serde_json::from_str::<ProductPatch>(r#"{"max_devices":null}"#).is_ok());
        assert!(serde_json::from_str::<ProductPatch>(r#"{"unknown":1}"#).is_err());
    }
}
