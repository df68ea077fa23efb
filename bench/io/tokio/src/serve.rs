// The servers: a task for each connection.

use openssl::ssl::{Ssl, SslAcceptor, SslFiletype, SslMethod};
use std::pin::Pin;
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{
    copy, copy_bidirectional, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_openssl::SslStream;

fn data_path(name: &str) -> String {
    format!("{}/{}", std::env::var("IO_DATA").unwrap_or(".".into()), name)
}

fn acceptor() -> SslAcceptor {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    builder.set_certificate_chain_file(data_path("cert.pem")).unwrap();
    builder.set_private_key_file(data_path("key.pem"), SslFiletype::PEM).unwrap();
    builder.set_session_id_context(b"io").unwrap();
    builder.build()
}

async fn tls(stream: TcpStream, acceptor: Arc<SslAcceptor>, size: usize) {
    let mut stream = SslStream::new(Ssl::new(acceptor.context()).unwrap(), stream).unwrap();
    if Pin::new(&mut stream).accept().await.is_err() {
        return;
    }
    let mut buffer = vec![0; size];
    loop {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 && stream.write_all(&buffer[..n]).await.is_ok() => (),
            _ => break,
        }
    }
    let _ = stream.shutdown().await;
}

async fn file(mut stream: TcpStream) {
    let mut request = [0];
    if !matches!(stream.read(&mut request).await, Ok(1)) {
        return;
    }
    let mut file = File::open(data_path("send")).await.unwrap();
    let _ = copy(&mut file, &mut stream).await;
}

async fn relay(mut one: TcpStream, mut other: TcpStream) {
    let _ = copy_bidirectional(&mut one, &mut other).await;
}

async fn lines(stream: TcpStream) {
    let mut reader = BufReader::new(stream);
    let (mut line, mut count, mut bytes) = (String::new(), 0, 0);
    while matches!(reader.read_line(&mut line).await, Ok(n) if n > 0) {
        count += 1;
        bytes += line.len();
        line.clear();
    }
    assert!(bytes >= count);
    let _ = reader.get_mut().write_all(format!("{count}\n").as_bytes()).await;
}

pub async fn serve(what: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let acceptor = match what {
        "tls" | "tls_bulk" => Some(Arc::new(acceptor())),
        _ => None,
    };
    loop {
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => continue,
        };
        match what {
            "tls" => tokio::spawn(tls(stream, acceptor.clone().unwrap(), 1024)),
            "tls_bulk" => tokio::spawn(tls(stream, acceptor.clone().unwrap(), 65536)),
            "file" => tokio::spawn(file(stream)),
            "relay" => tokio::spawn(relay(stream, listener.accept().await.unwrap().0)),
            "lines" => tokio::spawn(lines(stream)),
            _ => std::process::exit(77),
        };
    }
}
