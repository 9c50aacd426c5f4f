use super::*;
use crate::workspace::{Environment, Package, Target};

fn workspace() -> Workspace {
    let target = |name: &str, kind: &str, file: &str| Target {
        name: name.into(),
        kind: vec![kind.into()],
        src_path: format!("/r/crates/mqtt/{file}").into(),
    };
    let package = Package {
        name: "vouchmq-mqtt".into(),
        manifest_path: "/r/crates/mqtt/Cargo.toml".into(),
        dependencies: Vec::new(),
        targets: vec![
            target("vouchmq_mqtt", "lib", "src/lib.rs"),
            target("it", "test", "tests/it/main.rs"),
            target("smoke", "test", "tests/smoke.rs"),
        ],
    };
    let environment = Environment { ci: false, cargo: "cargo".into(), path: Vec::new() };
    Workspace { root: "/r".into(), target: "/r/target".into(), packages: vec![package], environment }
}

fn found(path: &str, text: &str) -> Claims {
    claims(&workspace(), &Tree::of(&[(path, text)]))
}

fn claimed(claims: &Claims) -> Vec<String> {
    claims.claims.iter().map(|claim| format!("{} {}", claim.id, claim.test)).collect()
}

#[test]
fn ids_above_a_test_are_claims() {
    let text = "
/// Cites MQTT5-1.5.4-1.
pub fn read() {}
#[cfg(test)]
mod tests {
    mod deep {
        /// MQTT5-3.1.2-24 MQTT3-3.1.2-24
        /// and prose.
        #[tokio::test(
            flavor = \"current_thread\",
        )]
        #[expect(clippy::x, reason = \"y\")]
        async fn first() { let x = 1; }
    }
    fn other() {}

    #[test]
    /// MQTT5-1.5.4-2
    fn second() {}
}";
    let found = found("crates/mqtt/src/codec/frame.rs", text);
    let module = "vouchmq-mqtt::codec::frame::tests";
    let expected = [
        format!("MQTT5-3.1.2-24 {module}::deep::first"),
        format!("MQTT3-3.1.2-24 {module}::deep::first"),
        format!("MQTT5-1.5.4-2 {module}::second"),
    ];
    assert_eq!(claimed(&found), expected);
    assert_eq!(found.problems, Vec::<String>::new());
    assert_eq!(found.cited.len(), 4);
    assert_eq!(found.cited[0], ("MQTT5-1.5.4-1".to_owned(), "crates/mqtt/src/codec/frame.rs:2".to_owned()));
}

#[test]
fn functions_of_a_versions_list_are_tests() {
    let text = "
versions! { V311, V5 => connect_is_first, takeover_closes }
/// MQTT5-3.1.0-1
fn connect_is_first(v: Version) {}
/// MQTT5-3.1.0-2
fn helper() {}
versions! {
    /// MQTT5-3.1.4-3
    fn inside(v: Version) {}
}";
    let found = found("crates/mqtt/tests/it/connect.rs", text);
    let expected = [
        "MQTT5-3.1.0-1 vouchmq-mqtt::it::connect::connect_is_first",
        "MQTT5-3.1.4-3 vouchmq-mqtt::it::connect::inside",
    ];
    assert_eq!(claimed(&found), expected);
    assert_eq!(
        found.problems,
        ["crates/mqtt/tests/it/connect.rs:5: MQTT5-3.1.0-2 stands above nothing that is a test"]
    );
}

#[test]
fn tests_are_named_after_their_target() {
    let text = "/// MQTT5-3.1.0-1\n#[test]\nfn a() {}";
    assert_eq!(claimed(&found("crates/mqtt/tests/it/main.rs", text)), ["MQTT5-3.1.0-1 vouchmq-mqtt::it::a"]);
    assert_eq!(claimed(&found("crates/mqtt/tests/smoke.rs", text)), ["MQTT5-3.1.0-1 vouchmq-mqtt::smoke::a"]);
    assert_eq!(claimed(&found("crates/mqtt/src/lib.rs", text)), ["MQTT5-3.1.0-1 vouchmq-mqtt::a"]);
    assert!(claimed(&found("xtask/src/lib.rs", text)).is_empty());
}

#[test]
fn what_is_no_test_proves_nothing() {
    let found = found(
        "crates/mqtt/tests/it/main.rs",
        "/// MQTT5-3.1.0-1\nconst A: u8 = 1;\n#[test]\nfn a() {}\n// MQTT5-9.9.9-9",
    );
    assert_eq!((found.claims.len(), found.problems.len(), found.cited.len()), (0, 1, 2));
}
