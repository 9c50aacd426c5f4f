use std::process::Command;

use serde_json::Value;

use super::{Machine, TOKEN};
use crate::process::Running;
use crate::tool::tool;

/// What stands around the files of the page: they are parts of `http` and of `stream`.
const AROUND: &str = "\
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr notice;
{module}
events {}
{block} {
    {temporary}
    include {file};
}
";
const TEMPORARY: &str = "access_log off; client_body_temp_path {folder}/tmp/b; proxy_temp_path {folder}/tmp/p; \
                         fastcgi_temp_path {folder}/tmp/f; uwsgi_temp_path {folder}/tmp/u; \
                         scgi_temp_path {folder}/tmp/s;";

/// Starts nginx with a file of the page, and waits until it serves.
fn nginx(machine: &Machine, block: &str, file: &str) -> Running {
    let is_stream = block == "stream";
    let module = format!("load_module {};", tool("VOUCHMQ_INTEROP_NGINX_STREAM"));
    let text = AROUND
        .replace("{module}", if is_stream { &module } else { "" })
        .replace("{temporary}", if is_stream { "" } else { TEMPORARY })
        .replace("{block}", block)
        .replace("{file}", machine.write(file).to_str().unwrap())
        .replace("{folder}", machine.path("").to_str().unwrap());
    let path = machine.path("etc/nginx.conf");
    std::fs::write(&path, text).unwrap();
    let program = tool("VOUCHMQ_INTEROP_NGINX");
    let arguments = ["-e", "stderr", "-c", path.to_str().unwrap()];
    Running::spawn(Command::new(&program).args(["-t"]).args(arguments), b"").finish().code(0);
    let mut nginx = Running::spawn(Command::new(program).args(arguments), b"");
    nginx.wait_for("start worker process ");
    nginx
}

/// Makes a product as an operator who connects from `from` to a URL, with these further words.
fn make(machine: &Machine, from: &str, url: &str, key: &str, more: &str) {
    let authority = machine.path("etc/ca.crt");
    let commands = format!(
        "curl -sS --fail --interface {from} --cacert {} --resolve broker.example:{}:127.0.0.1 {more} \
         -H 'Authorization: Bearer {TOKEN}' -H 'Content-Type: application/json' \
         -d '{{\"key\":\"{key}\",\"name\":\"{key}\"}}' {url}/v1/products",
        authority.display(),
        machine.secure(),
    );
    machine.shell(&commands).code(0);
}

/// From which address the audit log says that the newest product was made.
fn made_from(machine: &Machine, url: &str, more: &str) -> String {
    let commands = format!(
        "curl -sS --fail --cacert {} --resolve broker.example:{}:127.0.0.1 {more} \
         -H 'Authorization: Bearer {TOKEN}' '{url}/v1/audit?limit=200'",
        machine.path("etc/ca.crt").display(),
        machine.secure(),
    );
    let audit: Value = serde_json::from_str(&machine.shell(&commands).code(0).stdout).unwrap();
    let entries = audit["items"].as_array().unwrap();
    let made =
        entries.iter().filter(|entry| entry["action"].as_str().unwrap_or_default().contains("product"));
    made.max_by_key(|entry| entry["at"].as_str().unwrap_or_default().to_owned()).unwrap()["address"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// An address of this machine that is not loopback: a proxy may bring nobody from there.
fn outer() -> String {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    // Nothing is sent: the system says from where it would be.
    socket.connect("203.0.113.1:9").unwrap();
    socket.local_addr().unwrap().ip().to_string()
}

/// What an operator at an address is answered.
fn status_from(machine: &Machine, from: &str, url: &str) -> String {
    let commands = format!(
        "curl -sS -o /dev/null -w '%{{http_code}}' --interface {from} --cacert {} \
         --resolve broker.example:{}:127.0.0.1 -H 'Authorization: Bearer {TOKEN}' {url}/v1/audit",
        machine.path("etc/ca.crt").display(),
        machine.secure(),
    );
    machine.shell(&commands).code(0).stdout
}

const CLAIMED: &str = "-H 'X-Forwarded-For: 6.6.6.6, 7.7.7.7'";

#[test]
fn behind_nginx_operators_are_known_by_their_own_address_and_not_by_what_they_claim() {
    let machine = Machine::new();
    let _server = machine.serve(Some("behind-nginx.conf"));
    let _nginx = nginx(&machine, "http", "nginx-http.conf");
    machine.run("nginx").code(0);
    let url = format!("https://broker.example:{}", machine.secure());
    let outer = outer();
    make(&machine, &outer, &url, "one", CLAIMED);
    assert_eq!(made_from(&machine, &url, &format!("--interface {outer}")), outer, "as nginx says it");
    assert_eq!(status_from(&machine, "127.0.0.9", &url), "400", "nobody is on this machine by a proxy");
    // Past nginx nobody is believed but from its address.
    let direct = format!("http://127.0.0.1:{}", machine.plain());
    make(&machine, "127.0.0.8", &direct, "two", CLAIMED);
    assert_eq!(made_from(&machine, &url, &format!("--interface {outer}")), "127.0.0.8");
    assert_eq!(status_from(&machine, "127.0.0.1", &direct), "400", "nginx names its client, always");
}

#[test]
fn behind_a_stream_of_nginx_the_proxy_protocol_says_who_connects() {
    let machine = Machine::new();
    let _server = machine.serve(Some("behind-stream.conf"));
    let _nginx = nginx(&machine, "stream", "nginx-stream.conf");
    machine.run("stream").code(0);
    let url = format!("https://broker.example:{}", machine.secure());
    let outer = outer();
    make(&machine, &outer, &url, "one", CLAIMED);
    assert_eq!(made_from(&machine, &url, &format!("--interface {outer}")), outer);
    assert_eq!(status_from(&machine, "127.0.0.9", &url), "400", "nobody is on this machine by a proxy");
}
