// What is not the time of an operation: memory, the CPU time of idle workers, and how soon a task
// runs that was woken.

use crate::{crowd_begin, crowd_leave, quantile, Run};
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, Notify};
use tokio::task::{spawn, yield_now};
use tokio::time::sleep;

// ---- memory ----

fn resident_bytes() -> f64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<f64>().unwrap() * 4096.0
}

fn parked_sleep(run: &mut Run) {
    run.rt.block_on(yield_now());
    let before = resident_bytes();
    let n = run.n;
    run.rt.block_on(async move {
        for _ in 0..n {
            spawn(sleep(Duration::from_secs(1000)));
        }
        sleep(Duration::from_millis(100)).await;
    });
    run.value = (resident_bytes() - before) / run.n as f64;
}

fn parked_oneshot(run: &mut Run) {
    let mut senders: Vec<Option<oneshot::Sender<i64>>> = Vec::new();
    senders.resize_with(run.n as usize, || None);
    for sender in senders.iter_mut() {
        unsafe { std::ptr::write_volatile(sender, None) } // so that its page is there before
    }
    run.rt.block_on(yield_now());
    let before = resident_bytes();
    run.rt.block_on(async {
        for place in senders.iter_mut() {
            let (sender, receiver) = oneshot::channel();
            *place = Some(sender);
            spawn(async move { receiver.await.unwrap() });
        }
        sleep(Duration::from_millis(100)).await;
    });
    run.value = (resident_bytes() - before) / run.n as f64;
    std::mem::forget(senders);
}

async fn come_and_go_all(n: i64) {
    let gone = crowd_begin(n);
    for _ in 0..n {
        spawn(async {
            yield_now().await;
            crowd_leave();
        });
    }
    gone.await.unwrap();
    sleep(Duration::from_millis(100)).await;
}

fn rss_after(run: &mut Run) {
    run.rt.block_on(come_and_go_all(run.n.min(1000)));
    let before = resident_bytes();
    run.rt.block_on(come_and_go_all(run.n));
    run.value = ((resident_bytes() - before) / 1048576.0).max(0.01);
}

// ---- idle workers ----

fn threads_ns() -> f64 {
    let mut sum = 0.0;
    for task in fs::read_dir("/proc/self/task").unwrap() {
        // A thread may have ended meanwhile.
        if let Ok(text) = fs::read_to_string(task.unwrap().path().join("schedstat")) {
            sum += text.split(' ').next().unwrap().parse::<f64>().unwrap();
        }
    }
    sum
}

fn idle_cpu(run: &mut Run) {
    run.rt.block_on(come_and_go_all(1000));
    let from = Instant::now();
    let used = threads_ns();
    run.rt.block_on(sleep_of(run.n));
    run.value = 100.0 * (threads_ns() - used) / from.elapsed().as_nanos() as f64;
}

async fn sleep_of(ms: i64) {
    sleep(Duration::from_millis(ms as u64)).await
}

// ---- from the wake to the run ----

fn wake_latency(run: &mut Run, part: f64) {
    let n = run.n;
    let base = Instant::now();
    let woken = Arc::new(Notify::new());
    let waiting = Arc::new(AtomicI64::new(0));
    let woke_ns = Arc::new(AtomicI64::new(0));
    let waker = {
        let (woken, waiting, woke_ns) = (woken.clone(), waiting.clone(), woke_ns.clone());
        thread::spawn(move || {
            for i in 0..n {
                while waiting.load(SeqCst) <= i {
                    thread::yield_now();
                }
                thread::sleep(Duration::from_micros(50));
                woke_ns.store(base.elapsed().as_nanos() as i64, SeqCst);
                woken.notify_one();
            }
        })
    };
    let mut latency = run.rt.block_on(async move {
        let task = spawn(async move {
            let mut latency = vec![0; n as usize];
            for (i, one) in latency.iter_mut().enumerate() {
                waiting.store(i as i64 + 1, SeqCst);
                woken.notified().await;
                *one = base.elapsed().as_nanos() as i64 - woke_ns.load(SeqCst);
            }
            latency
        });
        task.await.unwrap()
    });
    waker.join().unwrap();
    run.value = quantile(&mut latency, part);
}

fn wake_p50(run: &mut Run) {
    wake_latency(run, 0.5);
}

fn wake_p99(run: &mut Run) {
    wake_latency(run, 0.99);
}

// ---- a task that blocks its thread ----

struct Semaphore {
    posted: Mutex<bool>,
    changed: Condvar,
}

async fn try_once() -> i64 {
    let woken = Arc::new(Notify::new());
    let waits = Arc::new(AtomicBool::new(false));
    let began = Arc::new(Semaphore { posted: Mutex::new(false), changed: Condvar::new() });
    let b = {
        let (woken, waits, began) = (woken.clone(), waits.clone(), began.clone());
        spawn(async move {
            waits.store(true, SeqCst);
            woken.notified().await;
            let now = Instant::now();
            *began.posted.lock().unwrap() = true;
            began.changed.notify_one();
            now
        })
    };
    while !waits.load(SeqCst) {
        yield_now().await;
    }
    sleep(Duration::from_millis(5)).await;
    let a = spawn(async move {
        let now = Instant::now();
        woken.notify_one();
        let posted = began.posted.lock().unwrap();
        drop(began.changed.wait_timeout_while(posted, Duration::from_secs(1), |posted| !*posted));
        now
    });
    let from = a.await.unwrap();
    let to = b.await.unwrap();
    (to - from).as_nanos() as i64
}

fn blocked_wake(run: &mut Run) {
    let mut ns: Vec<i64> = (0..run.n).map(|_| run.rt.block_on(try_once())).collect();
    run.value = quantile(&mut ns, 0.5) / 1e6;
}

pub const ROWS: &[crate::Row] = &[
    ("parked_sleep", parked_sleep, true),
    ("parked_oneshot", parked_oneshot, true),
    ("rss_after", rss_after, true),
    ("idle_cpu", idle_cpu, true),
    ("wake_p50", wake_p50, true),
    ("wake_p99", wake_p99, true),
    ("blocked_wake", blocked_wake, true),
];
