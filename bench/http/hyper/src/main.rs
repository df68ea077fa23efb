// The same servers on hyper, over Tokio and OpenSSL.
//
//   http-bench plain|bodies|file|tls|h2|h2tls|ws

mod ws;

use hyper::body::Bytes;
use hyper::header::{HeaderValue, CONTENT_TYPE, SERVER};
use hyper::server::conn::Http;
use hyper::service::service_fn;
use hyper::{Body, Method, Request, Response, StatusCode};
use openssl::ssl::{select_next_proto, AlpnError, Ssl, SslAcceptor, SslFiletype, SslMethod};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_openssl::SslStream;

static LARGE: [u8; 1048576] = [b'x'; 1048576];
static CHUNK: [u8; 1024] = [b'x'; 1024];

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

#[derive(Deserialize)]
struct Person {
    name: String,
    age: i64,
    tags: Vec<String>,
}

fn reply(kind: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(SERVER, HeaderValue::from_static("hyper"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn params(path: &str) -> Option<Response<Body>> {
    let (user, post) = path.strip_prefix("/users/")?.split_once("/posts/")?;
    Some(reply("text/plain", format!("{user} {post}")))
}

fn refuse(status: StatusCode) -> Response<Body> {
    let mut response = reply("text/plain", "");
    *response.status_mut() = status;
    response
}

async fn receive(request: Request<Body>) -> Option<Response<Body>> {
    let body = hyper::body::to_bytes(request.into_body()).await.ok()?;
    let person: Person = serde_json::from_slice(&body).ok()?;
    if person.tags.len() > 100 {
        return None;
    }
    Some(reply("text/plain", format!("{} {}", person.name, person.age)))
}

async fn echo(request: Request<Body>) -> Option<Response<Body>> {
    let body = hyper::body::to_bytes(request.into_body()).await.ok()?;
    Some(reply("text/plain", body))
}

fn chunks() -> Response<Body> {
    let (mut sender, body) = Body::channel();
    tokio::spawn(async move {
        for _ in 0..100 {
            if sender.send_data(Bytes::from_static(&CHUNK)).await.is_err() {
                return;
            }
        }
    });
    reply("text/plain", body)
}

async fn serve(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let bad = || refuse(StatusCode::BAD_REQUEST);
    Ok(match (request.method(), request.uri().path()) {
        (&Method::GET, "/plaintext") => reply("text/plain", "Hello, World!"),
        (&Method::GET, "/json") => {
            let message = Message { message: "Hello, World!" };
            reply("application/json", serde_json::to_vec(&message).unwrap())
        }
        (&Method::POST, "/receive") => receive(request).await.unwrap_or_else(bad),
        (&Method::POST, "/echo") => echo(request).await.unwrap_or_else(bad),
        (&Method::GET, "/large") => reply("application/octet-stream", &LARGE[..]),
        (&Method::GET, "/chunks") => chunks(),
        (&Method::GET, "/ws") => ws::upgrade(request).unwrap_or_else(bad),
        (&Method::GET, path) => params(path).unwrap_or_else(|| refuse(StatusCode::NOT_FOUND)),
        _ => refuse(StatusCode::METHOD_NOT_ALLOWED),
    })
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, h2: bool) {
    let mut http = Http::new();
    http.pipeline_flush(true).http2_only(h2);
    let _ = http.serve_connection(stream, service_fn(serve)).await;
}

async fn upgradable(stream: TcpStream) {
    let _ = Http::new().serve_connection(stream, service_fn(serve)).with_upgrades().await;
}

async fn tls_connection(stream: TcpStream, acceptor: Arc<SslAcceptor>) {
    let mut stream = SslStream::new(Ssl::new(acceptor.context()).unwrap(), stream).unwrap();
    if Pin::new(&mut stream).accept().await.is_ok() {
        let h2 = stream.ssl().selected_alpn_protocol() == Some(b"h2");
        connection(stream, h2).await;
    }
}

fn acceptor() -> SslAcceptor {
    let data = std::env::var("HTTP_DATA").unwrap_or(".".into());
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    builder.set_certificate_chain_file(format!("{data}/cert.pem")).unwrap();
    builder.set_private_key_file(format!("{data}/key.pem"), SslFiletype::PEM).unwrap();
    builder.set_session_id_context(b"http").unwrap();
    builder.set_alpn_select_callback(|_, offered| {
        select_next_proto(b"\x02h2\x08http/1.1", offered).ok_or(AlpnError::NOACK)
    });
    builder.build()
}

async fn listen(what: String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let acceptor = what.contains("tls").then(|| Arc::new(acceptor()));
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        match &acceptor {
            Some(acceptor) => tokio::spawn(tls_connection(stream, acceptor.clone())),
            None if what == "ws" => tokio::spawn(upgradable(stream)),
            None => tokio::spawn(connection(stream, what == "h2")),
        };
    }
}

fn main() {
    let what = std::env::args().nth(1).unwrap();
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    rt.block_on(listen(what));
}
