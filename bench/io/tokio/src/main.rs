// The peer of `./x bench io` on Tokio, with its TLS by OpenSSL (tokio-openssl).
//
//   io tls|tls_bulk|file|relay|lines    a server; prints its port
//   io run WHAT WIDTH N FOLDER          prints two figures (bench/io/run.h)

mod run;
mod serve;

use tokio::runtime::Builder;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let rt = Builder::new_current_thread().enable_all().build().unwrap();
    match args[..] {
        ["run", what, width, n, data] => {
            rt.block_on(tokio::task::LocalSet::new().run_until(run::run(
                what,
                width.parse().unwrap(),
                n.parse().unwrap(),
                data.into(),
            )))
        }
        [what] => rt.block_on(serve::serve(what)),
        _ => std::process::exit(2),
    }
}
