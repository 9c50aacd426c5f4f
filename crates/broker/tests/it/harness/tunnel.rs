use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Message, WebSocketStream};
use vouchmq_tls::Client as Tls;

/// Bytes that a tunnel carries at once.
const BYTES: usize = 64 * 1024;

/// The way of a client through layers that other people's code makes: what is written at one end is MQTT, what leaves
/// the other is TLS, WebSocket or both.
#[derive(Clone, Default)]
pub(crate) struct Tunnel {
    /// Said first of all, as by a proxy.
    pub(crate) beginning: Vec<u8>,
    pub(crate) tls: Option<Tls>,
    /// The path of a WebSocket.
    pub(crate) websocket: Option<&'static str>,
}

/// Where a client puts its bytes in. The tunnel ends with it.
#[derive(Debug)]
pub(crate) struct Mouth {
    pub(crate) stream: UnixStream,
    _carrier: JoinHandle<()>,
}

/// What a tunnel runs on.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

impl Tunnel {
    /// Opens a tunnel to an address; what goes wrong on its way is told.
    pub(crate) fn open(&self, address: SocketAddr) -> Result<Mouth, String> {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        let (tell, told) = std::sync::mpsc::channel();
        let tunnel = self.clone();
        let carrier = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                theirs.set_nonblocking(true).expect("a socket");
                let near = tokio::net::UnixStream::from_std(theirs).expect("a runtime");
                match tunnel.dig(address).await {
                    Ok(far) => {
                        tell.send(Ok(())).expect("it is awaited");
                        far.carry(near).await;
                    }
                    Err(why) => tell.send(Err(why)).expect("it is awaited"),
                }
            });
        });
        told.recv_timeout(super::DEADLINE).expect("in time")?;
        Ok(Mouth { stream: ours, _carrier: carrier })
    }

    async fn dig(self, address: SocketAddr) -> Result<Far, String> {
        let mut tcp = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        tcp.set_nodelay(true).map_err(|error| error.to_string())?;
        tcp.write_all(&self.beginning).await.map_err(|error| error.to_string())?;
        let wire: Box<dyn Wire> = match &self.tls {
            None => Box::new(tcp),
            Some(tls) => {
                let connected = tls.connect("broker.example", tcp).await;
                Box::new(connected.map_err(|error| error.to_string())?)
            }
        };
        let Some(path) = self.websocket else { return Ok(Far::Bytes(wire)) };
        let builder = ClientBuilder::new()
            .uri(&format!("ws://broker.example{path}"))
            .map_err(|error| error.to_string())?
            .add_header("sec-websocket-protocol".parse().expect("a name"), "mqtt".parse().expect("a value"))
            .map_err(|error| error.to_string())?;
        let (socket, _) = builder.connect_on(wire).await.map_err(|error| error.to_string())?;
        Ok(Far::Messages(Box::new(socket)))
    }
}

/// The far end of a tunnel.
enum Far {
    Bytes(Box<dyn Wire>),
    Messages(Box<WebSocketStream<Box<dyn Wire>>>),
}

impl Far {
    /// Carries bytes both ways until one end closes.
    async fn carry(self, mut near: tokio::net::UnixStream) {
        match self {
            Self::Bytes(mut far) => {
                // However it ends: the client sees its end of it.
                let _ = tokio::io::copy_bidirectional_with_sizes(&mut near, &mut far, BYTES, BYTES).await;
            }
            Self::Messages(far) => {
                let ((mut out, mut back), (mut from_near, mut to_near)) = (far.split(), near.split());
                let there = async {
                    let mut buffer = vec![0; BYTES];
                    while let Ok(count @ 1..) = from_near.read(&mut buffer).await
                        && out.send(Message::binary(buffer[..count].to_vec())).await.is_ok()
                    {
                    }
                };
                let here = async {
                    while let Some(Ok(message)) = back.next().await
                        && (!message.is_binary() || to_near.write_all(message.as_payload()).await.is_ok())
                    {
                    }
                };
                tokio::select! {
                    () = there => {}
                    () = here => {}
                }
            }
        }
    }
}
