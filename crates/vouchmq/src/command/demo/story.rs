//! What happens, and how long each step takes.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use vouchmq_broker::Monotonic;
use vouchmq_client::dto::applied::Applied;
use vouchmq_client::dto::claim_token::CreatedClaimToken;
use vouchmq_client::dto::credential::IssuedCredential;
use vouchmq_client::dto::product::Product;
use vouchmq_client::dto::registration::RegisteredDevice;
use vouchmq_client::{Rest, RestFault};
use vouchmq_mqtt::ReasonCode;

use super::device::Device;
use super::server::Server;
use crate::exit::Failure;
use crate::output;

/// How soon a change is followed, at the latest.
const SOON: Duration = Duration::from_secs(1);

/// Tells what was done and how long it took.
struct Teller {
    clock: Monotonic,
    number: usize,
    begun: u64,
}

/// Everybody who takes part.
struct Cast<'a> {
    server: &'a Server,
    operator: Rest,
    teller: Teller,
}

/// Tells the whole story.
pub(super) async fn tell(server: &Server) -> Result<(), Failure> {
    let operator =
        Rest::new(&server.management, Some(server.token.expose_secret())).map_err(Failure::unusable)?;
    let mut cast = Cast { server, operator, teller: Teller::new() };
    cast.teller.say(
        server.took,
        &format!(
            "a broker is started: mqtt://{}, registration {}, management {}",
            server.mqtt, server.registration, server.management
        ),
    )?;
    let claim = cast.prepare().await?;
    let registered = cast.register(&claim).await?;
    let device = cast.speak(&registered).await?;
    let (device, credential) = cast.rotate(&registered, device).await?;
    cast.revoke(&registered, device, &credential).await?;
    cast.look_back().await
}

impl Cast<'_> {
    /// A product, and a token that lets one device in.
    async fn prepare(&mut self) -> Result<CreatedClaimToken, Failure> {
        self.teller.begin();
        let new = json!({"key": "sensor", "name": "Sensor", "reg_strategy": "auto"});
        let product: Product = self.operator.post("/v1/products", &new).await.map_err(failed)?;
        self.teller
            .done(&format!("the operator makes the product '{}', which takes in devices", product.key))?;
        self.teller.begin();
        let new = json!({"product_id": product.id, "max_uses": 1});
        let claim: CreatedClaimToken = self.operator.post("/v1/claim-tokens", &new).await.map_err(failed)?;
        self.teller.done(&format!("… and a claim token for one device: {}", opening(&claim.token)))?;
        Ok(claim)
    }

    async fn register(&mut self, claim: &CreatedClaimToken) -> Result<RegisteredDevice, Failure> {
        let device = Rest::new(&self.server.registration, None).map_err(Failure::unusable)?;
        let ask = |hw_id: &str| json!({"product": "sensor", "hw_id": hw_id, "claim": claim.token});
        self.teller.begin();
        let registered: RegisteredDevice = device.post("/v1/register", &ask("hw-1")).await.map_err(failed)?;
        self.teller.done(&format!(
            "a device registers over HTTP: its id is {}, its secret {}, shown once",
            registered.device_id,
            opening(&registered.secret)
        ))?;
        self.teller.begin();
        match device.post::<Value>("/v1/register", &ask("hw-2")).await {
            Err(RestFault::Problem(problem)) if problem.status == 403 => {}
            other => return Err(unexpected("a second device with the same claim token", &other)),
        }
        self.teller.done("a second device with the same claim token is refused (403)")?;
        Ok(registered)
    }

    async fn speak(&mut self, registered: &RegisteredDevice) -> Result<Device, Failure> {
        let RegisteredDevice { username, secret, .. } = registered;
        self.teller.begin();
        let mut device = Device::connect(&self.server.mqtt, username, secret).await?;
        self.teller
            .done("the device connects over MQTT; that it has its secret is on disk before the CONNACK")?;
        let topic = format!("dev/{username}/temperature");
        expect("SUBACK", device.subscribe(&format!("dev/{username}/#")).await?, ReasonCode::GRANTED_QOS_1)?;
        self.teller.begin();
        expect("PUBACK", device.publish(&topic, b"21.5").await?, ReasonCode::SUCCESS)?;
        let payload = device.message().await?;
        self.teller.done(&format!(
            "… publishes, and receives its own message: {}",
            String::from_utf8_lossy(&payload)
        ))?;
        self.teller.begin();
        expect("PUBACK", device.publish("dev/another/temperature", b"0").await?, ReasonCode::NOT_AUTHORIZED)?;
        self.teller.done("… may not publish as another device (PUBACK 0x87)")?;
        self.teller.begin();
        self.is_refused(username, "vmq1_guess").await?;
        self.teller.done("somebody who guesses its secret is refused (CONNACK 0x86)")?;
        Ok(device)
    }

    async fn rotate(
        &mut self,
        registered: &RegisteredDevice,
        device: Device,
    ) -> Result<(Device, IssuedCredential), Failure> {
        let RegisteredDevice { username, secret: old, .. } = registered;
        self.teller.begin();
        let path = format!("/v1/devices/{username}/credentials:rotate");
        let rotated: IssuedCredential =
            self.operator.post(&path, &json!({"grace": "24h", "kick": "none"})).await.map_err(failed)?;
        let new = rotated.secret.clone().unwrap_or_default();
        self.teller
            .done(&format!("its secret is rotated: {}; the old one stays good for now", opening(&new)))?;
        self.teller.begin();
        let again = Device::connect(&self.server.mqtt, username, old).await?;
        expect("DISCONNECT", device.end().await?, ReasonCode::SESSION_TAKEN_OVER)?;
        self.teller.done("… it can still connect with the old one")?;
        self.teller.begin();
        let device = Device::connect(&self.server.mqtt, username, &new).await?;
        drop(again);
        // That it is over is on disk; what verifies follows within milliseconds. It is asked and not tried: who is
        // let in takes the place of the device.
        let deadline = self.teller.clock.now().after(SOON);
        while self.would_let_in(username, old).await? && self.teller.clock.now() < deadline {}
        self.is_refused(username, old).await?;
        self.teller.done("… with the new one it connects, and the old one is over from then on")?;
        Ok((device, rotated))
    }

    async fn revoke(
        &mut self,
        registered: &RegisteredDevice,
        device: Device,
        rotated: &IssuedCredential,
    ) -> Result<(), Failure> {
        self.teller.begin();
        let path = format!("/v1/credentials/{}:revoke?wait=applied&timeout=2s", rotated.credential.id);
        let why = json!({"reason": "demonstration"});
        let (applied, ended) = tokio::join!(self.operator.post::<Applied>(&path, &why), device.end());
        let applied = applied.map_err(failed)?;
        expect("DISCONNECT", ended?, ReasonCode::NOT_AUTHORIZED)?;
        self.teller.done(&format!(
            "its secret is revoked: {} connection closed (DISCONNECT 0x87), {} of {} nodes in {:.1} ms",
            applied.sessions_closed, applied.nodes.acked, applied.nodes.total, applied.elapsed_ms
        ))?;
        self.teller.begin();
        let secret = rotated.secret.clone().unwrap_or_default();
        self.is_refused(&registered.username, &secret).await?;
        self.teller.done("… and it does not get in again (CONNACK 0x86)")
    }

    async fn look_back(&mut self) -> Result<(), Failure> {
        self.teller.begin();
        let verified: Value = self.operator.post("/v1/audit:verify", &json!({})).await.map_err(failed)?;
        let entries = verified.get("entries").and_then(Value::as_u64).unwrap_or_default();
        if verified.get("ok") != Some(&Value::Bool(true)) {
            return Err(Failure::failed(format_args!("the audit log is not whole: {verified}")));
        }
        self.teller.done(&format!(
            "who changed what stands in the audit log: {entries} entries, each chained to the last"
        ))?;
        self.teller.end()
    }

    async fn would_let_in(&self, username: &str, secret: &str) -> Result<bool, Failure> {
        let asked = json!({"clientid": username, "username": username, "password": secret});
        let found: Value = self.operator.post("/v1/auth:explain", &asked).await.map_err(failed)?;
        Ok(found.get("decision").and_then(Value::as_str) == Some("allow"))
    }

    async fn is_refused(&self, username: &str, secret: &str) -> Result<(), Failure> {
        match Device::connect(&self.server.mqtt, username, secret).await {
            Err(failure) if failure.says(&ReasonCode::BAD_USER_NAME_OR_PASSWORD.to_string()) => Ok(()),
            Err(failure) => Err(failure),
            Ok(_) => Err(Failure::failed("a device was let in that should not be: this is a bug, report it")),
        }
    }
}

impl Teller {
    fn new() -> Self {
        Self { clock: Monotonic::start(), number: 0, begun: 0 }
    }

    fn begin(&mut self) {
        self.begun = self.clock.now().micros();
    }

    fn done(&mut self, what: &str) -> Result<(), Failure> {
        let took = self.clock.now().micros().saturating_sub(self.begun);
        self.say(Duration::from_micros(took), what)
    }

    fn say(&mut self, took: Duration, what: &str) -> Result<(), Failure> {
        self.number += 1;
        let millis = took.as_secs_f64() * 1000.0;
        output::line(&format!("{:>2}. {millis:>8.2} ms  {what}", self.number))
    }

    fn end(&self) -> Result<(), Failure> {
        let took = Duration::from_micros(self.clock.now().micros());
        output::line(&format!(
            "\nAll of it in {:.2} s. Begin with your own devices: vouchmq serve",
            took.as_secs_f64()
        ))
    }
}

/// Enough of a secret to recognise it.
fn opening(secret: &str) -> String {
    secret.chars().take(14).chain(['…']).collect()
}

fn expect(packet: &str, got: ReasonCode, wanted: ReasonCode) -> Result<(), Failure> {
    if got == wanted {
        return Ok(());
    }
    Err(Failure::failed(format_args!(
        "{packet} says {got}, and should say {wanted}: this is a bug, report it"
    )))
}

fn unexpected(what: &str, got: &Result<Value, RestFault>) -> Failure {
    let got = match got {
        Ok(_) => "accepted".to_owned(),
        Err(fault) => fault.to_string(),
    };
    Failure::failed(format_args!("{what}: {got}: this is a bug, report it"))
}

fn failed(fault: RestFault) -> Failure {
    Failure::failed(fault)
}
