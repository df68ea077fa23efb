// Files, folders and processes. Figures are those of bench/io/run.h.

use std::cell::Cell;
use std::future::Future;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::task::{spawn_blocking, spawn_local};

const SMALL_FILES: usize = 1000;
const LARGE_FILES: usize = 100;
const SMALL_SIZE: usize = 4096;
const LARGE_SIZE: usize = 1 << 20;
const PIECE_SIZE: usize = 65536;
const AT_SIZE: usize = 64 << 20;
const TREE_ENTRIES: usize = 100 + 100 * 100;
const OUTPUT_SIZE: usize = 1024;

static PIECE: [u8; PIECE_SIZE] = [0; PIECE_SIZE];

struct Data {
    folder: String,
    at: Arc<std::fs::File>,
}

async fn read_small(data: &Data, i: usize) {
    let bytes = fs::read(format!("{}/small/{}", data.folder, i % SMALL_FILES)).await.unwrap();
    assert_eq!(bytes.len(), SMALL_SIZE);
}

async fn write_small(data: &Data, i: usize) {
    let path = format!("{}/out/{}", data.folder, i % SMALL_FILES);
    fs::write(path, &PIECE[..SMALL_SIZE]).await.unwrap();
}

async fn read_large(data: &Data, i: usize) {
    let path = format!("{}/large/{}", data.folder, i % LARGE_FILES);
    let mut file = File::open(path).await.unwrap();
    let mut buffer = vec![0; PIECE_SIZE];
    let mut sum = 0;
    loop {
        match file.read(&mut buffer).await.unwrap() {
            0 => break,
            n => sum += n,
        }
    }
    assert_eq!(sum, LARGE_SIZE);
}

async fn write_large(data: &Data, i: usize) {
    let path = format!("{}/out/large{}", data.folder, i % LARGE_FILES);
    let mut file = File::create(path).await.unwrap();
    for _ in 0..LARGE_SIZE / PIECE_SIZE {
        file.write_all(&PIECE).await.unwrap();
    }
    file.flush().await.unwrap();
}

// Tokio has no read at an offset; this is what its users do.
async fn read_at(data: &Data, i: usize) {
    let offset = (i as u64).wrapping_mul(2654435761) % (AT_SIZE / SMALL_SIZE) as u64;
    let file = data.at.clone();
    let bytes = spawn_blocking(move || {
        let mut buffer = vec![0; SMALL_SIZE];
        file.read_exact_at(&mut buffer, offset * SMALL_SIZE as u64).map(|_| buffer)
    });
    assert_eq!(bytes.await.unwrap().unwrap().len(), SMALL_SIZE);
}

async fn walk(data: &Data, _: usize) {
    let mut entries = 0;
    let mut folders = vec![std::path::PathBuf::from(format!("{}/tree", data.folder))];
    while let Some(folder) = folders.pop() {
        let mut all = fs::read_dir(folder).await.unwrap();
        while let Some(entry) = all.next_entry().await.unwrap() {
            entries += 1;
            if entry.file_type().await.unwrap().is_dir() {
                folders.push(entry.path());
            }
        }
    }
    assert_eq!(entries, TREE_ENTRIES);
}

async fn spawn(data: &Data, _: usize) {
    let status = Command::new(format!("{}/child", data.folder)).status().await.unwrap();
    assert!(status.success());
}

async fn output(data: &Data, _: usize) {
    let output = Command::new(format!("{}/child", data.folder)).arg("x").output().await.unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout.len(), OUTPUT_SIZE);
}

async fn one(what: &str, data: &Data, i: usize) {
    match what {
        "read_small" => read_small(data, i).await,
        "write_small" => write_small(data, i).await,
        "read_large" => read_large(data, i).await,
        "write_large" => write_large(data, i).await,
        "read_at" => read_at(data, i).await,
        "walk" => walk(data, i).await,
        "spawn" => spawn(data, i).await,
        "output" => output(data, i).await,
        _ => std::process::exit(77),
    }
}

// The operations 0 to n - 1, width of them at once.
async fn operate<F: Future<Output = ()>>(width: usize, n: usize, f: impl Fn(usize) -> F + 'static)
where
    F: 'static,
{
    let next = Rc::new(Cell::new(0));
    let f = Rc::new(f);
    let tasks: Vec<_> = (0..width)
        .map(|_| {
            let (next, f) = (next.clone(), f.clone());
            spawn_local(async move {
                while next.get() < n {
                    let i = next.replace(next.get() + 1);
                    f(i).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

fn cpu_ns() -> i64 {
    #[repr(C)]
    struct Timespec {
        s: i64,
        ns: i64,
    }
    extern "C" {
        fn clock_gettime(id: i32, t: *mut Timespec) -> i32;
    }
    const CLOCK_PROCESS_CPUTIME_ID: i32 = 2;
    let mut t = Timespec { s: 0, ns: 0 };
    unsafe { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mut t) };
    t.s * 1_000_000_000 + t.ns
}

pub async fn run(what: &str, width: usize, n: usize, folder: String) {
    let at = Arc::new(std::fs::File::open(format!("{folder}/at0")).unwrap());
    let data = Rc::new(Data { folder, at });
    let what: Rc<str> = what.into();
    let f = move |i| {
        let (what, data) = (what.clone(), data.clone());
        async move { one(&what, &data, i).await }
    };
    operate(width, n / 10 + 1, f.clone()).await;
    let (from, cpu_from_ns) = (Instant::now(), cpu_ns());
    operate(width, n, f).await;
    let cpu_us = (cpu_ns() - cpu_from_ns) as f64 / 1e3;
    let wall_us = from.elapsed().as_nanos() as f64 / 1e3;
    println!("{:.4} {:.4}", cpu_us / n as f64, wall_us / n as f64);
}
