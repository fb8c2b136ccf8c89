//! A small HTTP/1.1 server on the loopback interface, one request per connection, that can misbehave
//! in the ways real servers and networks do. Written on sockets so that nothing is done by the same
//! library that is tested.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// hf-hub asks for the first byte to learn about a file.
    pub(crate) fn is_probe(&self) -> bool {
        self.header("range") == Some("bytes=0-0")
    }
}

/// What happens in the middle of a body.
type Interlude = Arc<dyn Fn() + Send + Sync>;

/// One answer.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Send only so much of the body, then close.
    pub(crate) cut: Option<usize>,
    /// Send only so much of the body, then nothing more until the client goes away.
    pub(crate) stall: Option<usize>,
    /// Send nothing at all until the client goes away.
    pub(crate) silent: bool,
    /// Do something after so much of the body.
    pub(crate) interlude: Option<(usize, Interlude)>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            cut: None,
            stall: None,
            silent: false,
            interlude: None,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Serves `content` as a file server does: ranges, `If-Range`, 416.
    pub(crate) fn file(request: &Request, content: &[u8], etag: &str) -> Self {
        let size = content.len();
        let start = request.header("range").and_then(|range| range.strip_prefix("bytes="));
        let fresh = request.header("if-range").is_none_or(|tag| tag == etag);
        let reply = match start.filter(|_| fresh).and_then(|range| range.split_once('-')) {
            None => Self::new(200, content),
            Some((start, end)) => {
                let start: usize = start.parse().unwrap();
                if start >= size {
                    return Self::new(416, "").with("Content-Range", format!("bytes */{size}"));
                }
                let end = end.parse().map_or(size, |end: usize| (end + 1).min(size));
                let range = format!("bytes {start}-{}/{size}", end - 1);
                Self::new(206, &content[start..end]).with("Content-Range", range)
            }
        };
        reply.with("ETag", etag).with("Accept-Ranges", "bytes")
    }
}

/// A running server. Ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers with `handler`, which also gets how often the same path was asked for before.
    pub(crate) async fn start(handler: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), log: Arc::default() };
        let (log, handler) = (Arc::clone(&server.log), Arc::new(handler));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, handler) = (Arc::clone(&log), Arc::clone(&handler));
                tokio::spawn(async move {
                    let _ = serve(stream, &log, &*handler).await;
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().clone()
    }

    /// Requests for content, hf-hub's questions about a file left out.
    pub(crate) fn downloads(&self) -> Vec<Request> {
        self.requests().into_iter().filter(|request| !request.is_probe()).collect()
    }
}

/// An address nobody listens at.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    handler: &(dyn Fn(&Request, usize) -> Reply + Send + Sync),
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let request = Request { path, headers };
    let before = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        let same = |other: &&Request| other.path == request.path && other.is_probe() == request.is_probe();
        log.iter().filter(same).count() - 1
    };
    let reply = handler(&request, before);
    if reply.silent {
        let _ = stream.read_u8().await;
        return Ok(());
    }
    let mut text = format!("HTTP/1.1 {} Answer\r\nConnection: close\r\n", reply.status);
    if !reply.headers.iter().any(|(name, _)| name == "Transfer-Encoding") {
        text.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    }
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes()).await?;
    let end = reply.cut.or(reply.stall).unwrap_or(reply.body.len()).min(reply.body.len());
    match &reply.interlude {
        Some((at, interlude)) => {
            stream.write_all(&reply.body[..*at]).await?;
            stream.flush().await?;
            let interlude = Arc::clone(interlude);
            tokio::task::spawn_blocking(move || interlude()).await.unwrap();
            stream.write_all(&reply.body[*at..end]).await?;
        }
        None => stream.write_all(&reply.body[..end]).await?,
    }
    stream.flush().await?;
    if reply.stall.is_some() {
        let _ = stream.read_u8().await;
    }
    Ok(())
}
