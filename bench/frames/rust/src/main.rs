// The programs of docs/frames.md, in Rust. ../programs.c has the same, function by function.
//
// Prints for each: name, size_of_val of the future plus the heap memory that it holds when it
// waits, and the bytes of the whole parked Tokio task, as a counting allocator sees them.
//
// Timers are Tokio's own with the feature `tokio-timers`; otherwise a stand-in of 112 bytes, the
// size of tokio::time::Sleep in versions that no longer pad it to cache lines.

#![recursion_limit = "512"]

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::Future;
use std::mem::size_of_val;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Context;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc::Receiver;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Relaxed);
        System.alloc(layout)
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        System.dealloc(at, layout)
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// ---- timers ----

#[cfg(feature = "tokio-timers")]
mod timers {
    use std::{future::Future, time::Duration};

    pub fn sleep(seconds: u64) -> tokio::time::Sleep {
        tokio::time::sleep(Duration::from_secs(seconds))
    }

    pub fn timeout<F: Future>(seconds: u64, value: F) -> tokio::time::Timeout<F> {
        tokio::time::timeout(Duration::from_secs(seconds), value)
    }
}

#[cfg(not(feature = "tokio-timers"))]
mod timers {
    use std::{future::Future, pin::Pin, task::Context, task::Poll};

    pub struct Sleep([u64; 14]);

    impl Future for Sleep {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            if self.0[0] == 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }
    }

    pub fn sleep(seconds: u64) -> Sleep {
        Sleep([seconds; 14])
    }

    pub struct Timeout<F> {
        value: F,
        delay: Sleep,
    }

    impl<F: Future> Future for Timeout<F> {
        type Output = Result<F::Output, ()>;
        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            let this = unsafe { self.get_unchecked_mut() };
            if let Poll::Ready(value) = unsafe { Pin::new_unchecked(&mut this.value) }.poll(cx) {
                return Poll::Ready(Ok(value));
            }
            Pin::new(&mut this.delay).poll(cx).map(|()| Err(()))
        }
    }

    pub fn timeout<F: Future>(seconds: u64, value: F) -> Timeout<F> {
        Timeout {
            value,
            delay: sleep(seconds),
        }
    }
}

use timers::{sleep, timeout};

// ---- helpers ----

#[inline(never)]
fn sum(p: &[u8]) -> i32 {
    p.iter().map(|&b| b as i32).sum()
}

#[inline(never)]
fn fill(p: &mut [u8], seed: u8) {
    p.fill(seed);
}

// ---- calls ----

async fn one_sleep() -> i32 {
    sleep(1000).await;
    0
}

// Each call passes its arguments on and needs them afterwards.
async fn call_0(text: &[u8], n: i32) -> i32 {
    sleep(1000).await;
    sum(text) + n
}

macro_rules! calls {
    ($from:ident) => {};
    ($from:ident $to:ident $($rest:ident)*) => {
        async fn $to(text: &[u8], n: i32) -> i32 {
            let below = $from(text, n).await;
            below + sum(text) + n
        }
        calls!($to $($rest)*);
    };
}

calls!(call_0 c1 c2 c3 c4 c5 c6 c7 c8 c9 c10 c11 c12 c13 c14 c15 c16 c17 c18 c19 c20 c21 c22 c23 c24
       c25 c26 c27 c28 c29 c30 c31 c32 c33 c34 c35 c36 c37 c38 c39 c40 c41 c42 c43 c44 c45 c46 c47
       c48 c49 c50 c51 c52 c53 c54 c55 c56 c57 c58 c59 c60 c61 c62 c63 c64 c65 c66 c67 c68 c69 c70
       c71 c72 c73 c74 c75 c76 c77 c78 c79 c80 c81 c82 c83 c84 c85 c86 c87 c88 c89 c90 c91 c92 c93
       c94 c95 c96 c97 c98 c99 c100);

async fn chain_1() -> i32 {
    c1(b"one", 1).await
}

async fn chain_10() -> i32 {
    c10(b"ten", 1).await
}

async fn chain_100() -> i32 {
    c100(b"hundred", 1).await
}

async fn later(n: i32) -> i32 {
    sleep(1000).await;
    n
}

// ---- buffers ----

async fn buffer_live() -> i32 {
    let mut buffer = [0u8; 4096];
    fill(&mut buffer, 1);
    sleep(1000).await;
    sum(&buffer)
}

async fn buffer_dead() -> i32 {
    let n;
    {
        let mut buffer = [0u8; 4096];
        fill(&mut buffer, 1);
        n = sum(&buffer);
    }
    sleep(1000).await;
    n
}

async fn three_scopes() -> i32 {
    let mut n = 0;
    {
        let mut a = [0u8; 1024];
        fill(&mut a, 1);
        sleep(1000).await;
        n += sum(&a);
    }
    {
        let mut b = [0u8; 1024];
        fill(&mut b, 2);
        sleep(1000).await;
        n += sum(&b);
    }
    {
        let mut c = [0u8; 1024];
        fill(&mut c, 3);
        sleep(1000).await;
        n += sum(&c);
    }
    n
}

// ---- arguments ----

#[derive(Clone, Copy)]
struct Big {
    text: [u8; 256],
}

async fn by_value_3(b: Big) -> i32 {
    let n = sum(&b.text);
    sleep(1000).await;
    n
}

async fn by_value_2(b: Big) -> i32 {
    by_value_3(b).await
}

async fn by_value_1(b: Big) -> i32 {
    by_value_2(b).await
}

async fn by_value() -> i32 {
    by_value_1(Big { text: [1; 256] }).await
}

// ---- several at once ----

async fn join_2() -> i32 {
    let (a, b) = tokio::join!(later(1), later(2));
    a + b
}

async fn join_8() -> i32 {
    let (a, b, c, d, e, f, g, h) = tokio::join!(
        later(1),
        later(2),
        later(3),
        later(4),
        later(5),
        later(6),
        later(7),
        later(8)
    );
    a + b + c + d + e + f + g + h
}

async fn select_loop(receiver: &mut Receiver<i32>) -> i32 {
    let mut total = 0;
    loop {
        tokio::select! {
            _ = sleep(1000) => return total,
            item = receiver.recv() => match item {
                None => return -1,
                Some(item) => total += item,
            }
        }
    }
}

async fn timeout_call() -> i32 {
    match timeout(1000, later(7)).await {
        Ok(n) => n,
        Err(_) => -110,
    }
}

// ---- the shapes of servers and clients ----

// A handler owns its connection.
async fn echo(mut stream: UnixStream) -> i32 {
    let mut buffer = [0u8; 1024];
    loop {
        let n = match stream.read(&mut buffer).await {
            Err(_) => return -1,
            Ok(0) => return 0,
            Ok(n) => n,
        };
        if stream.write_all(&buffer[..n]).await.is_err() {
            return -1;
        }
    }
}

async fn handshake_2(keys: &mut [u8]) -> i32 {
    let mut certificate = [0u8; 2048];
    fill(&mut certificate, 3);
    tokio::task::yield_now().await;
    fill(&mut keys[..32], sum(&certificate) as u8);
    0
}

async fn handshake_1(keys: &mut [u8]) -> i32 {
    let mut hello = [0u8; 512];
    fill(&mut hello, 3);
    let err = handshake_2(keys).await;
    if err < 0 {
        return err;
    }
    sum(&hello)
}

async fn handshake(mut stream: UnixStream) -> i32 {
    let mut keys = [0u8; 32];
    let err = handshake_1(&mut keys).await;
    if err < 0 {
        return err;
    }
    loop {
        let mut byte = [0u8; 1];
        match stream.read(&mut byte).await {
            Err(_) => return -1,
            Ok(0) => return 0,
            Ok(_) => keys[0] ^= byte[0],
        }
    }
}

fn down(n: i32) -> Pin<Box<dyn Future<Output = i32>>> {
    Box::pin(async move {
        if n == 0 {
            sleep(1000).await;
            return 0;
        }
        down(n - 1).await + n
    })
}

async fn recursion_10() -> i32 {
    down(9).await
}

async fn reply(stream: &mut BufReader<UnixStream>, text: &[u8]) -> i32 {
    match stream.write_all(text).await {
        Err(_) => -1,
        Ok(()) => 0,
    }
}

async fn line_session(stream: UnixStream) -> i32 {
    let mut stream = BufReader::with_capacity(256, stream);
    let mut lines = 0;
    let mut line = Vec::new();
    let mut err = reply(&mut stream, b"hello\r\n").await;
    while err >= 0 {
        line.clear();
        match stream.read_until(b'\n', &mut line).await {
            Err(_) => return -1,
            Ok(0) => break,
            Ok(_) => {}
        }
        if line.starts_with(b"QUIT") {
            return reply(&mut stream, b"bye\r\n").await;
        }
        if line.starts_with(b"ECHO") {
            err = reply(&mut stream, &line).await;
        } else {
            err = reply(&mut stream, b"what?\r\n").await;
        }
        lines += 1;
    }
    if err < 0 {
        err
    } else {
        lines
    }
}

async fn fetch(stream: &mut UnixStream, part: i32, to: &mut [u8]) -> i32 {
    if stream.write_all(b"GET\r\n").await.is_err() {
        return -1;
    }
    match stream.read(to).await {
        Err(_) => -1,
        Ok(_) => part,
    }
}

async fn fetch_retry(mut stream: UnixStream) -> i32 {
    let mut answer = [0u8; 512];
    let mut err = 0;
    for tries in 0..5 {
        match timeout(100, fetch(&mut stream, tries, &mut answer)).await {
            Ok(n) if n >= 0 => return sum(&answer),
            Ok(_) => {}
            Err(_) => err = -110,
        }
        sleep(1 << tries).await;
    }
    err
}

// ---- measuring ----

fn poll_some<F: Future>(mut future: Pin<&mut F>) {
    let mut cx = Context::from_waker(std::task::Waker::noop());
    for _ in 0..10 {
        assert!(future.as_mut().poll(&mut cx).is_pending());
    }
}

// The near end of a connection on which nothing ever arrives.
fn connection() -> UnixStream {
    let (near_end, far_end) = UnixStream::pair().unwrap();
    std::mem::forget(far_end);
    near_end
}

fn receiver() -> &'static mut Receiver<i32> {
    let (sender, receiver) = tokio::sync::mpsc::channel(8);
    std::mem::forget(sender);
    Box::leak(Box::new(receiver))
}

// Heap memory is counted after the future was made: arguments do not belong to it.
macro_rules! run {
    ($($name:ident ( $($argument:expr),* ))*) => {$({
        let future = $name($($argument),*);
        let before = LIVE.load(Relaxed);
        let mut future = std::pin::pin!(future);
        poll_some(future.as_mut());
        let held = size_of_val(&*future) + LIVE.load(Relaxed) - before;

        let future = $name($($argument),*);
        let before = LIVE.load(Relaxed);
        let _task = tokio::task::spawn_local(future);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        println!("{}\t{}\t{}", stringify!($name), held, LIVE.load(Relaxed) - before);
    })*};
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        // What the runtime allocates for its first task does not belong to that task.
        for _ in 0..2 {
            drop(tokio::task::spawn_local(one_sleep()));
            tokio::task::yield_now().await;
        }
        run!(one_sleep() chain_1() chain_10() chain_100() buffer_live() buffer_dead()
             three_scopes() by_value() join_2() join_8() select_loop(receiver()) timeout_call()
             echo(connection()) handshake(connection()) recursion_10()
             line_session(connection()) fetch_retry(connection()));
    });
}
