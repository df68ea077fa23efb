// What it costs to make a task, to run it and to wait for its end.

use crate::{crowd_begin, crowd_leave, opaque, Run};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::task::{spawn, spawn_blocking, JoinHandle};

const JOINED: i64 = 1000;
const COUNTED: i64 = 10000;
const DEPTH: i64 = 1000;

async fn add(x: i64) -> i64 {
    opaque(x) + 1
}

fn spawn_join(run: &mut Run) {
    run.begin();
    let n = run.n;
    let sum = run.rt.block_on(async move {
        let mut x = 0;
        for _ in 0..n {
            x = spawn(add(x)).await.unwrap();
        }
        x
    });
    run.end();
    assert_eq!(sum, run.n);
}

fn spawn_join_1000(run: &mut Run) {
    run.begin();
    let n = run.n;
    let sum = run.rt.block_on(async move {
        let mut tasks = Vec::with_capacity(JOINED as usize);
        let mut sum = 0;
        let mut left = n;
        while left > 0 {
            for _ in 0..left.min(JOINED) {
                tasks.push(spawn(add(0)));
            }
            for task in tasks.drain(..) {
                sum += task.await.unwrap();
            }
            left -= JOINED;
        }
        sum
    });
    run.end();
    assert_eq!(sum, run.n);
}

fn spawn_many_local(run: &mut Run) {
    if run.workers == 0 {
        return spawn_join_1000(run);
    }
    run.begin();
    let n = run.n;
    run.rt.block_on(async move {
        let mut left = n;
        while left > 0 {
            let count = left.min(COUNTED);
            let gone = crowd_begin(count);
            for _ in 0..count {
                spawn(async { crowd_leave() });
            }
            gone.await.unwrap();
            left -= COUNTED;
        }
    });
    run.end();
}

fn link_of_chain(depth: i64) {
    if depth == 0 {
        crowd_leave();
    } else {
        spawn(async move { link_of_chain(depth - 1) });
    }
}

fn chained_spawn(run: &mut Run) {
    run.begin();
    let n = run.n;
    run.rt.block_on(async move {
        let mut left = n;
        while left > 0 {
            let gone = crowd_begin(1);
            let depth = left.min(DEPTH) - 1;
            spawn(async move { link_of_chain(depth) });
            gone.await.unwrap();
            left -= DEPTH;
        }
    });
    run.end();
}

fn block_on_ready(run: &mut Run) {
    let mut x = 0;
    run.begin();
    for _ in 0..run.n {
        x = run.rt.block_on(add(x));
    }
    run.end();
    assert_eq!(x, run.n);
}

// ---- from a thread outside ----

fn remote(run: &mut Run, at_once: i64) {
    let mut tasks: Vec<JoinHandle<i64>> = Vec::with_capacity(at_once as usize);
    let mut sum = 0;
    run.begin();
    let mut left = run.n;
    while left > 0 {
        for _ in 0..left.min(at_once) {
            tasks.push(run.rt.spawn(add(0)));
        }
        sum += run.rt.block_on(async {
            let mut sum = 0;
            for task in tasks.drain(..) {
                sum += task.await.unwrap();
            }
            sum
        });
        left -= at_once;
    }
    run.end();
    assert_eq!(sum, run.n);
}

fn spawn_many_remote_idle(run: &mut Run) {
    remote(run, if run.workers == 0 { JOINED } else { COUNTED });
}

static BUSY: AtomicBool = AtomicBool::new(false);

fn stall() {
    let now = Instant::now();
    while now.elapsed() < Duration::from_micros(10) {
        std::thread::yield_now();
    }
}

fn busy_chain(stalls: bool) {
    if BUSY.load(Relaxed) {
        spawn(async move {
            if stalls {
                stall();
            }
            busy_chain(stalls)
        });
    }
}

fn spawn_many_remote_busy(run: &mut Run) {
    BUSY.store(true, Relaxed);
    if run.workers == 0 {
        run.rt.spawn(async { busy_chain(false) });
        remote(run, JOINED);
    } else {
        for _ in 0..2 * run.workers {
            run.rt.spawn(async {
                while BUSY.load(Relaxed) {
                    tokio::task::yield_now().await;
                    stall();
                }
            });
        }
        remote(run, COUNTED);
    }
    BUSY.store(false, Relaxed);
}

fn spawn_many_remote_busy2(run: &mut Run) {
    BUSY.store(true, Relaxed);
    for _ in 0..run.workers {
        run.rt.spawn(async { busy_chain(true) });
    }
    remote(run, JOINED);
    BUSY.store(false, Relaxed);
}

// ---- the blocking pool ----

const BATCH: i64 = 16;
const TASKS: i64 = 2;

fn blocking_round_trip(run: &mut Run) {
    run.begin();
    let n = run.n;
    let x = run.rt.block_on(async move {
        let mut x = 0;
        for _ in 0..n {
            x = spawn_blocking(move || x + 1).await.unwrap();
        }
        x
    });
    run.end();
    assert_eq!(x, run.n);
}

async fn batches(n: i64) -> i64 {
    let mut sum = 0;
    let mut left = n;
    while left > 0 {
        // Tokio's own benchmark uses JoinSet::spawn_blocking, which came after version 1.24.
        let jobs: Vec<_> = (0..left.min(BATCH)).map(|_| spawn_blocking(|| 1)).collect();
        for job in jobs {
            sum += job.await.unwrap();
        }
        left -= BATCH;
    }
    sum
}

fn spawn_blocking_row(run: &mut Run) {
    run.n = (run.n - run.n % TASKS).max(TASKS);
    run.begin();
    let n = run.n;
    let sum = run.rt.block_on(async move {
        let tasks: Vec<_> = (0..TASKS).map(|_| spawn(batches(n / TASKS))).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    run.end();
    assert_eq!(sum, run.n);
}

pub const ROWS: &[crate::Row] = &[
    ("spawn_join", spawn_join, false),
    ("spawn_join_1000", spawn_join_1000, false),
    ("spawn_many_local", spawn_many_local, false),
    ("spawn_many_remote_idle", spawn_many_remote_idle, false),
    ("spawn_many_remote_busy", spawn_many_remote_busy, false),
    ("spawn_many_remote_busy2", spawn_many_remote_busy2, false),
    ("chained_spawn", chained_spawn, false),
    ("block_on_ready", block_on_ready, false),
    ("blocking_round_trip", blocking_round_trip, false),
    ("spawn_blocking", spawn_blocking_row, false),
];
