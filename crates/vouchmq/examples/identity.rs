//! What identity costs in a whole server: `identity VOUCHMQ [DEVICES]`, where VOUCHMQ is the binary. Starts it,
//! enters devices over HTTP, and prints figures; docs/benchmarks.md has them under "Identity".
//!
//! With `identity VOUCHMQ start DATABASE` only: how long a server with this database takes to start, and its memory.
#![expect(clippy::print_stdout, reason = "and tells what it found")]
#![expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
#![expect(clippy::unwrap_used, reason = "a measurement fails loudly")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use vouchmq_client::Rest;

#[path = "identity/server.rs"]
mod server;

use server::{Server, TOKEN};

/// Who asks at once.
const CALLERS: usize = 64;
const ROUNDS: usize = 5;
const REVOCATIONS: usize = 200;

type Login = (String, String);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let binary = arguments.first().unwrap();
    if arguments.get(1).is_some_and(|word| word == "start") {
        return start(binary, arguments.get(2).unwrap());
    }
    let devices = arguments.get(1).map_or(10_000, |count| count.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = Server::start(binary, &["--allow-anonymous"]);
    let rest = Rest::new(&server.management, Some(TOKEN)).unwrap();
    let logins = runtime.block_on(enter(&rest, devices));
    runtime.block_on(register(&server, &rest, devices));
    connects(&server, &logins);
    revocations(&server, &runtime, &rest, &logins);
}

/// Devices with secrets, each durable and applied when it is answered.
async fn enter(rest: &Rest, count: usize) -> Vec<Login> {
    let new = json!({"key": "sensor", "name": "Sensor", "reg_strategy": "auto"});
    let product: Value = rest.post("/v1/products", &new).await.unwrap();
    let product = product["id"].as_str().unwrap().to_owned();
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (rest, product) = (rest.clone(), product.clone());
        callers.spawn(async move {
            let mut logins = Vec::new();
            for number in (caller..count).step_by(CALLERS) {
                let id = format!("device-{number:06}");
                let new = json!({"product_id": product, "id": id, "issue_secret": true});
                let device: Value = rest.post("/v1/devices", &new).await.unwrap();
                logins.push((id, device["secret"].as_str().unwrap().to_owned()));
            }
            logins
        });
    }
    let logins: Vec<Login> = callers.join_all().await.into_iter().flatten().collect();
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    println!("POST /v1/devices with a secret, {CALLERS} at once: {rate:.0}/s, {count} in all");
    logins
}

/// Devices that register by themselves with one claim token, each durable and applied when it is answered.
async fn register(server: &Server, rest: &Rest, count: usize) {
    let products: Value = rest.get("/v1/products").await.unwrap();
    let wish = json!({"product_id": products["items"][0]["id"], "max_uses": count});
    let token: Value = rest.post("/v1/claim-tokens", &wish).await.unwrap();
    let claim = token["token"].as_str().unwrap().to_owned();
    let registration = Rest::new(&server.registration, None).unwrap();
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (registration, claim) = (registration.clone(), claim.clone());
        callers.spawn(async move {
            for number in (caller..count).step_by(CALLERS) {
                let wish = json!({"product": "sensor", "hw_id": format!("hw-{number}"), "claim": claim});
                let _: Value = registration.post("/v1/register", &wish).await.unwrap();
            }
        });
    }
    callers.join_all().await;
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    println!("POST /v1/register, {CALLERS} at once: {rate:.0}/s, {count} in all");
}

/// CPU of the server for each CONNECT, of devices and of anonymous clients in turn.
fn connects(server: &Server, logins: &[Login]) {
    let first = cpu_of_round(server, logins, true);
    println!("first use of each secret, durable before CONNACK: {first:.1} µs of CPU");
    let (mut devices, mut anonymous) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        anonymous.push(cpu_of_round(server, logins, false));
        devices.push(cpu_of_round(server, logins, true));
    }
    let (device, nobody) = (median(&mut devices), median(&mut anonymous));
    println!("CONNECT of a device: {device:.1} µs of CPU, {devices:.1?}");
    println!("CONNECT without a name: {nobody:.1} µs of CPU, {anonymous:.1?}");
    println!("ratio {:.3}", device / nobody);
}

fn cpu_of_round(server: &Server, logins: &[Login], with_name: bool) -> f64 {
    let before = server.cpu();
    for login in logins {
        drop(connect(&server.mqtt, &login.0, with_name.then_some(login)));
    }
    let used = server.cpu() - before;
    used.as_secs_f64() * 1e6 / logins.len() as f64
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// From the request to the end of the socket.
fn revocations(server: &Server, runtime: &tokio::runtime::Runtime, rest: &Rest, logins: &[Login]) {
    let mut times = Vec::new();
    for login in logins.iter().take(REVOCATIONS) {
        let path = format!("/v1/devices/{}/credentials", login.0);
        let list: Value = runtime.block_on(rest.get(&path)).unwrap();
        let path = format!("/v1/credentials/{}:revoke", list["items"][0]["id"].as_str().unwrap());
        let mut stream = connect(&server.mqtt, &login.0, Some(login));
        let (rest, begun) = (rest.clone(), Instant::now());
        let asked = runtime.spawn(async move { rest.post::<Value>(&path, &json!({})).await.map(drop) });
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        times.push(begun.elapsed());
        assert_eq!(said.first(), Some(&0xE0), "DISCONNECT");
        runtime.block_on(asked).unwrap().unwrap();
    }
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    println!(
        "revoke to closed socket, {REVOCATIONS} times: p50 {:.2?}, p99 {:.2?}, longest {:.2?}",
        at(50),
        at(99),
        at(100)
    );
}

/// An accepted connection of MQTT 5.0.
fn connect(address: &str, client_id: &str, login: Option<&Login>) -> TcpStream {
    let mut body =
        [&[0, 4], b"MQTT".as_slice(), &[5, if login.is_some() { 0xC2 } else { 2 }, 0, 60, 0]].concat();
    let texts = [Some(client_id), login.map(|(id, _)| &**id), login.map(|(_, secret)| &**secret)];
    for text in texts.into_iter().flatten() {
        body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        body.extend(text.as_bytes());
    }
    let len = u8::try_from(body.len()).unwrap();
    let head = if len < 0x80 { vec![0x10, len] } else { vec![0x10, len, 1] };
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(&[head, body].concat()).unwrap();
    let mut connack = [0; 2];
    stream.read_exact(&mut connack).unwrap();
    let mut rest = vec![0; usize::from(connack[1])];
    stream.read_exact(&mut rest).unwrap();
    assert_eq!((connack[0], rest[1]), (0x20, 0), "CONNACK {login:?}");
    stream
}

fn start(binary: &str, database: &str) {
    let begun = Instant::now();
    let server = Server::start(binary, &["--database", database]);
    println!("start {:.2?}, RSS {} MiB", begun.elapsed(), server.resident_kib() / 1024);
}
