// Sets of 1,000 and of 100,000 children, each of which suspends once.

use crate::Run;
use tokio::task::{spawn, yield_now, JoinSet};

async fn child(x: i64) -> i64 {
    yield_now().await;
    x + 1
}

// n children, `size` at a time.
async fn task_sets(n: i64, size: i64) -> i64 {
    let mut ended = 0;
    while ended < n {
        let mut set = JoinSet::new();
        for _ in 0..size.min(n - ended) {
            set.spawn(child(0));
        }
        while let Some(value) = set.join_next().await {
            ended += value.unwrap();
        }
    }
    ended
}

fn measure(run: &mut Run, size: i64) {
    let n = run.n;
    run.begin();
    let ended = run.rt.block_on(async move { spawn(task_sets(n, size)).await.unwrap() });
    run.end();
    assert_eq!(ended, n);
}

fn task_set_1000(run: &mut Run) {
    measure(run, 1000);
}

fn task_set_100000(run: &mut Run) {
    measure(run, 100000);
}

pub const ROWS: &[crate::Row] = &[
    ("task_set_1000", task_set_1000, false),
    ("task_set_100000", task_set_100000, false),
    ("future_set_1000", task_set_1000, false),
    ("future_set_100000", task_set_100000, false),
];
