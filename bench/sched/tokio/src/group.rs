// Joins and selects of two branches that are ready at once, and of two that suspend once.

use crate::{opaque, Run};
use std::future::Future;
use tokio::task::{spawn, yield_now};

// Ready at once, but the compiler does not know that.
pub async fn add(x: i64) -> i64 {
    if opaque(x) < 0 {
        yield_now().await;
    }
    x + 1
}

pub async fn add_later(x: i64) -> i64 {
    yield_now().await;
    x + 1
}

async fn ready_joins(n: i64) -> i64 {
    let (mut a, mut b) = (0, 0);
    for _ in 0..n {
        (a, b) = tokio::join!(add(a), add(b));
    }
    a + b
}

async fn pending_joins(n: i64) -> i64 {
    let (mut a, mut b) = (0, 0);
    for _ in 0..n {
        (a, b) = tokio::join!(add_later(a), add_later(b));
    }
    a + b
}

async fn ready_selects(n: i64) -> i64 {
    let mut won = 0;
    for _ in 0..n {
        won += tokio::select! { a = add(0) => a, b = add(0) => b };
    }
    won
}

async fn pending_selects(n: i64) -> i64 {
    let mut won = 0;
    for _ in 0..n {
        won += tokio::select! { a = add_later(0) => a, b = add_later(0) => b };
    }
    won
}

fn measure<F>(run: &mut Run, what: F, each: i64)
where
    F: Future<Output = i64> + Send + 'static,
{
    run.begin();
    let sum = run.rt.block_on(async move { spawn(what).await.unwrap() });
    run.end();
    assert_eq!(sum, each * run.n);
}

fn join_ready(run: &mut Run) {
    measure(run, ready_joins(run.n), 2);
}

fn join_pending(run: &mut Run) {
    measure(run, pending_joins(run.n), 2);
}

fn select_ready(run: &mut Run) {
    measure(run, ready_selects(run.n), 1);
}

fn select_pending(run: &mut Run) {
    measure(run, pending_selects(run.n), 1);
}

pub const ROWS: &[crate::Row] = &[
    ("join_ready", join_ready, false),
    ("join_pending", join_pending, false),
    ("select_ready", select_ready, false),
    ("select_pending", select_pending, false),
];
