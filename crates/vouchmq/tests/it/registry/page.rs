//! `docs/management.md`: what stands there is run.

use std::path::Path;
use std::process::{Command, Stdio};

use super::broker::{ADMINISTRATOR, Broker};

const PAGE: &str = include_str!("../../../../../docs/management.md");

#[test]
fn every_example_of_the_page_does_what_it_says() {
    let broker = Broker::start();
    broker.run(&["product", "create", "--key", "p", "--name", "P"]).code(0);
    let made = broker.json(&["device", "create", "--product", "p", "--id", "d1", "--secret"]);
    let mut device = broker.subscribe("d1", made["secret"].as_str().unwrap());
    let binary = std::env::var_os("VOUCHMQ_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_vouchmq").into());
    let folder = Path::new(&binary).parent().unwrap().display().to_string();
    let blocks: Vec<&str> =
        PAGE.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 8);
    // What is written down first is known to all that follows.
    let script = blocks.join("\necho; echo == && ");
    let ran = Command::new("sh")
        .args(["-euc", &script])
        .env_clear()
        .env("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin"))
        .env("HOME", broker.folder.path())
        .env("API", &broker.management)
        .env("TOKEN", ADMINISTRATOR)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    device.wait_for("administrative action (0x98)");
    let told: Vec<&str> = said.split("==\n").collect();
    assert_eq!(told.len(), 8, "{said}");
    for (block, part) in [
        (1, r#""clientid":"d1","connected":true"#),
        (1, r#""topic":"dev/d1/#""#),
        (2, r#"{"disconnected":true}"#),
        (3, r#"{"matched":false}"#),
        (3, r#"{"results":[{"matched":false},{"matched":false}]}"#),
        (4, r#""payload":"on""#),
        (4, r#"{"deleted":0,"has_more":false}"#),
        (5, r#""transport":"tcp""#),
        (5, r#""name":"queued_messages""#),
        (6, "1 deleted"),
        (7, "a token"),
    ] {
        assert!(told[block].contains(part), "{part} in {}", told[block]);
    }
}
