// Timers that are armed and dropped, and timers that really fire.

use crate::group::{add, add_later};
use crate::{crowd_begin, crowd_leave, Run};
use std::time::Duration;
use tokio::task::spawn;
use tokio::time::{sleep, timeout};

const MOST: i64 = 1000;

fn sleep_drop(run: &mut Run) {
    run.begin();
    let n = run.n;
    let x = run.rt.block_on(async move {
        let mut x = 0;
        for _ in 0..n {
            x = tokio::select! {
                biased;
                _ = sleep(Duration::from_secs(1)) => panic!("a sleep of 1 s has ended"),
                x = add(x) => x,
            };
        }
        x
    });
    run.end();
    assert_eq!(x, run.n);
}

async fn timeouts(n: i64) -> i64 {
    let mut x = 0;
    for _ in 0..n {
        x = timeout(Duration::from_secs(1), add_later(x)).await.unwrap();
    }
    x
}

fn timeout_drop(run: &mut Run) {
    run.begin();
    let n = run.n;
    let x = run.rt.block_on(timeouts(n));
    run.end();
    assert_eq!(x, run.n);
}

fn timeout_drop_1000(run: &mut Run) {
    run.begin();
    let n = run.n;
    let x = run.rt.block_on(async move {
        let tasks: Vec<_> =
            (0..MOST).map(|i| spawn(timeouts(n / MOST + (i < n % MOST) as i64))).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    run.end();
    assert_eq!(x, run.n);
}

fn timers_fire(run: &mut Run) {
    run.begin();
    let n = run.n;
    run.rt.block_on(async move {
        let mut seed: u32 = 1;
        let gone = crowd_begin(n);
        for _ in 0..n {
            seed = seed.wrapping_mul(747796405).wrapping_add(2891336453);
            let ms = 1 + (seed >> 8) % 1000;
            spawn(async move {
                sleep(Duration::from_millis(ms.into())).await;
                crowd_leave();
            });
        }
        gone.await.unwrap();
    });
    run.end();
}

pub const ROWS: &[crate::Row] = &[
    ("sleep_drop", sleep_drop, false),
    ("timeout_drop", timeout_drop, false),
    ("timeout_drop_1000", timeout_drop_1000, false),
    ("timers_fire", timers_fire, true),
];
