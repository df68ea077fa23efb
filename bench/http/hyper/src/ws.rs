// WebSockets over hyper's upgrade. Debian has no crate for them, so the frames are read and written
// here: whole messages of less than 126 bytes, and nothing else.

use hyper::header::{HeaderValue, CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Body, Request, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

// How many bytes a message has that begins at data[0], if all are there.
fn whole(data: &[u8]) -> Option<usize> {
    let size = 6 + (*data.get(1)? & 0x7f) as usize;
    (data.len() >= size).then_some(size)
}

async fn echo(mut stream: Upgraded) -> std::io::Result<()> {
    let (mut data, mut out) = (Vec::with_capacity(4096), Vec::with_capacity(4096));
    while stream.read_buf(&mut data).await? > 0 {
        let mut done = 0;
        while let Some(size) = whole(&data[done..]) {
            let frame = &data[done..done + size];
            out.extend_from_slice(&[frame[0], frame[1] & 0x7f]);
            out.extend(frame[6..].iter().enumerate().map(|(i, byte)| byte ^ frame[2 + i % 4]));
            done += size;
        }
        data.drain(..done);
        stream.write_all(&out).await?;
        out.clear();
    }
    Ok(())
}

pub fn upgrade(mut request: Request<Body>) -> Option<Response<Body>> {
    let mut key = request.headers().get(SEC_WEBSOCKET_KEY)?.as_bytes().to_vec();
    key.extend_from_slice(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = openssl::base64::encode_block(&openssl::sha::sha1(&key));
    tokio::spawn(async move {
        if let Ok(stream) = hyper::upgrade::on(&mut request).await {
            let _ = echo(stream).await;
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::from_str(&accept).ok()?);
    Some(response)
}
