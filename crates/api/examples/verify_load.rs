//! What the authentication service does in a second on one machine: `verify_load SECONDS CONNECTIONS`.
//!
//! A service on a thread of its own, with ten thousand devices, and a client beside it that keeps connections
//! open: single verifications as NanoMQ writes them and as JSON, signed ones, and batches of 64. Prints
//! verifications per second and percentiles of latency; server and client share the processors.

#![expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
#![expect(clippy::print_stdout, reason = "and tells what it found")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use vouchmq_api::authentication_service::{
    AuthenticationService, AuthenticationServiceOptions, CallerOptions, ConfirmNone,
};
use vouchmq_api::http::{Listener, ListenerOptions};
use vouchmq_identity::resident::Resident;
use vouchmq_identity::signature::{RequestParts, SigningKey, sign_request};

#[path = "../../identity/examples/shared/fleet.rs"]
mod fleet;

use fleet::{Failure, Fleet, NOW, Standing};

const DEVICES: usize = 10_000;
const KEY: &str = "0123456789abcdef0123456789abcdef";

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().as_deref().unwrap_or("3").parse()?;
    let connections: usize = arguments.next().as_deref().unwrap_or("16").parse()?;
    let (resident, logins) = filled()?;
    let address = serve(resident)?;
    let duration = Duration::from_secs(seconds);
    let form = |(id, secret): &(String, String)| {
        let body = format!("clientid={id}&username={id}&password={secret}");
        Ok(post("/mqtt/auth", "application/x-www-form-urlencoded", "", &body))
    };
    let json = |login: &(String, String)| Ok(post("/v1/auth/verify", "application/json", "", &item(login)));
    measure("NanoMQ form", address, duration, connections, 1, &logins, form)?;
    measure("native JSON", address, duration, connections, 1, &logins, json)?;
    let batch = |login: &(String, String)| {
        let from = logins.iter().position(|known| known == login).unwrap_or(0);
        let items: Vec<String> = logins.iter().cycle().skip(from).take(64).map(item).collect();
        let body = format!("{{\"items\":[{}]}}", items.join(","));
        Ok(post("/v1/auth/verify:batch", "application/json", "", &body))
    };
    measure("native batch of 64", address, duration, connections, 64, &logins[..256], batch)?;
    // Each nonce is good once: there are as many requests as can be prepared.
    let key = SigningKey::new("load", KEY.as_bytes())?;
    let numbered: Vec<_> = (0..100_000).zip(logins.iter().cycle()).collect();
    let signed = |(number, login): &(usize, &(String, String))| Ok(signed(&key, *number, &item(login)));
    measure("native JSON, signed", address, duration, connections, 1, &numbered, signed)
}

fn filled() -> Result<(Resident, Vec<(String, String)>), Failure> {
    let mut fleet = Fleet::try_new()?;
    let mut logins = Vec::with_capacity(DEVICES);
    for _ in 0..DEVICES {
        let (device, secret) = fleet.device()?;
        logins.push((device.id.to_string(), secret.expose().to_owned()));
        fleet.resident.load([device]);
    }
    Ok((fleet.resident, logins))
}

fn serve(resident: Resident) -> Result<SocketAddr, Failure> {
    let caller = CallerOptions {
        name: "load".to_owned(),
        key: Some(SecretString::from(KEY)),
        certificate: None,
        networks: Vec::new(),
    };
    let options = AuthenticationServiceOptions {
        trust_loopback: true,
        callers: vec![caller],
        verifications_per_second: 0,
        ..AuthenticationServiceOptions::default()
    };
    let service = AuthenticationService::try_new(
        &options,
        Arc::new(resident),
        Arc::new(ConfirmNone),
        Arc::new(Standing),
    )?;
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let options = ListenerOptions::new("authentication", ([127, 0, 0, 1], 0).into());
            let listener = Listener::bind(options).await?;
            tell.send(listener.tcp_address().ok_or("no address of TCP")?)?;
            listener.serve(service.build().router, std::future::pending()).await;
            Ok(())
        })
    });
    Ok(told.recv()?)
}

fn item((id, secret): &(String, String)) -> String {
    format!(r#"{{"clientid":"{id}","username":"{id}","password":"{secret}"}}"#)
}

fn post(path: &str, kind: &str, more: &str, body: &str) -> Vec<u8> {
    let len = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{more}");
    format!("{head}Content-Length: {len}\r\n\r\n{body}").into_bytes()
}

fn signed(key: &SigningKey, number: usize, body: &str) -> Vec<u8> {
    let parts = RequestParts {
        method: "POST",
        authority: "localhost",
        path: "/v1/auth/verify",
        query: None,
        content_type: Some("application/json"),
        content_digest: None,
        body: body.as_bytes(),
    };
    let fields = sign_request(key, &parts, &format!("nonce-{number:08}"), NOW, Duration::from_secs(30));
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    post(parts.path, "application/json", &fields, body)
}

/// Sends to every connection, then reads from every connection, and so on: one thread, many in flight.
fn measure<T>(
    name: &str,
    address: SocketAddr,
    duration: Duration,
    connections: usize,
    weight: usize,
    from: &[T],
    request_of: impl Fn(&T) -> Result<Vec<u8>, Failure>,
) -> Result<(), Failure> {
    let requests: Vec<_> = from.iter().map(request_of).collect::<Result<_, _>>()?;
    let mut streams = (0..connections)
        .map(|_| {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            Ok((stream, Vec::new()))
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    // Signed requests are not sent twice.
    let count = if name.contains("signed") { requests.len() } else { usize::MAX };
    let mut requests = requests.iter().cycle().take(count);
    let (mut micros, start) = (Vec::new(), Instant::now());
    'all: while start.elapsed() < duration {
        let mut sent = Vec::with_capacity(connections);
        for (stream, _) in &mut streams {
            let Some(request) = requests.next() else { break 'all };
            sent.push(Instant::now());
            stream.write_all(request)?;
        }
        for ((stream, buffer), sent) in streams.iter_mut().zip(sent) {
            receive(stream, buffer)?;
            micros.push(sent.elapsed().as_micros());
        }
    }
    let rate = micros.len() as u128 * weight as u128 * 1_000_000 / start.elapsed().as_micros().max(1);
    micros.sort_unstable();
    let at = |percent: usize| micros.get(micros.len() * percent / 100).copied().unwrap_or_default();
    println!("{name}: {rate} verifications/s, p50 {} us, p99 {} us", at(50), at(99));
    Ok(())
}

fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), Failure> {
    let mut chunk = [0; 65_536];
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = std::str::from_utf8(buffer.get(..end).unwrap_or_default())?.to_ascii_lowercase();
            if !head.starts_with("http/1.1 200") {
                return Err(head.into());
            }
            let len = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            let whole = end + 4 + len.map_or(Ok(0), str::parse::<usize>)?;
            if buffer.len() >= whole {
                let body = buffer.get(end + 4..whole).unwrap_or_default();
                if !body.is_empty() && !body.windows(7).any(|window| window == b"\"allow\"") {
                    return Err("a right secret was refused".into());
                }
                buffer.drain(..whole);
                return Ok(());
            }
        }
        match stream.read(&mut chunk)? {
            0 => return Err("the service hung up".into()),
            len => buffer.extend_from_slice(chunk.get(..len).unwrap_or_default()),
        }
    }
}
