// The same server on Tokio: a task for each connection.
//
//   net echo|lean|bulk|udp|stuck

use std::cell::RefCell;
use std::io::ErrorKind::WouldBlock;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::Builder;

async fn echo<const SIZE: usize>(mut stream: TcpStream, stuck: bool) {
    let mut buffer = [0; SIZE];
    loop {
        let n = match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => n,
            _ => return,
        };
        if stuck && buffer[0] == b'S' {
            let from = Instant::now();
            while from.elapsed() < Duration::from_secs(1) {}
        }
        if stream.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}

async fn bulk(mut stream: TcpStream) {
    let mut buffer = vec![0; 65536];
    loop {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 && stream.write_all(&buffer[..n]).await.is_ok() => (),
            _ => return,
        }
    }
}

thread_local! {
    static SHARED: RefCell<[u8; 65536]> = const { RefCell::new([0; 65536]) };
}

// Reads into a buffer that all connections share, and sends at once. Returns what did not go, or
// None at the end.
fn echo_now(stream: &TcpStream) -> Option<Vec<u8>> {
    SHARED.with(|shared| {
        let buffer = &mut *shared.borrow_mut();
        let n = match stream.try_read(buffer) {
            Ok(0) => return None,
            Ok(n) => n,
            Err(e) if e.kind() == WouldBlock => return Some(Vec::new()),
            Err(_) => return None,
        };
        match stream.try_write(&buffer[..n]) {
            Ok(sent) => Some(buffer[sent..n].to_vec()),
            Err(e) if e.kind() == WouldBlock => Some(buffer[..n].to_vec()),
            Err(_) => None,
        }
    })
}

async fn lean(mut stream: TcpStream) {
    while stream.readable().await.is_ok() {
        match echo_now(&stream) {
            None => return,
            Some(rest) if rest.is_empty() => (),
            Some(rest) => {
                if stream.write_all(&rest).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn serve_datagrams() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    println!("{}", socket.local_addr().unwrap().port());
    let mut buffer = [0; 2048];
    loop {
        if let Ok((n, from)) = socket.recv_from(&mut buffer).await {
            let _ = socket.send_to(&buffer[..n], from).await;
        }
    }
}

async fn serve(what: String) {
    if what == "udp" {
        return serve_datagrams().await;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => continue,
        };
        match what.as_str() {
            "lean" => tokio::spawn(lean(stream)),
            "bulk" => tokio::spawn(bulk(stream)),
            _ => tokio::spawn(echo::<1024>(stream, what == "stuck")),
        };
    }
}

fn main() {
    let what = std::env::args().nth(1).unwrap();
    let rt = match what.as_str() {
        "stuck" => Builder::new_multi_thread().worker_threads(2).enable_all().build(),
        _ => Builder::new_current_thread().enable_all().build(),
    };
    let rt = rt.unwrap();
    match what.as_str() {
        "stuck" => rt.block_on(async { rt.spawn(serve(what)).await.unwrap() }),
        _ => rt.block_on(serve(what)),
    }
}
