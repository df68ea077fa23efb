// Tasks that take turns and that answer each other.

use crate::{crowd_begin, crowd_leave, Run};
use std::future::Future;
use std::pin::Pin;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{spawn, yield_now};

const MOST: i64 = 1000;

// ---- turns ----

async fn yields(n: i64) -> i64 {
    for _ in 0..n {
        yield_now().await;
    }
    n
}

fn turns(run: &mut Run, tasks: i64) {
    run.begin();
    let n = run.n;
    let sum = run.rt.block_on(async move {
        let tasks: Vec<_> =
            (0..tasks).map(|i| spawn(yields(n / tasks + (i < n % tasks) as i64))).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    run.end();
    assert_eq!(sum, run.n);
}

fn yield_1(run: &mut Run) {
    turns(run, 1);
}

fn yield_many(run: &mut Run) {
    turns(run, 200);
}

fn yield_1000(run: &mut Run) {
    turns(run, 1000);
}

// A recursive call has to be boxed here.
fn deep(depth: i64, n: i64) -> Pin<Box<dyn Future<Output = i64> + Send>> {
    Box::pin(async move {
        if depth > 1 {
            return deep(depth - 1, n).await;
        }
        yields(n).await
    })
}

fn yield_100_deep(run: &mut Run) {
    run.begin();
    let n = run.n;
    let x = run.rt.block_on(async move { spawn(deep(100, n)).await.unwrap() });
    run.end();
    assert_eq!(x, run.n);
}

// ---- ping and pong ----

async fn ping() {
    let (to, from) = oneshot::channel::<()>();
    let (answer, back) = oneshot::channel::<()>();
    spawn(async move {
        from.await.unwrap();
        answer.send(()).unwrap();
    });
    to.send(()).unwrap();
    back.await.unwrap();
    crowd_leave();
}

fn ping_pong(run: &mut Run) {
    run.begin();
    let n = run.n;
    run.rt.block_on(async move {
        let mut left = n;
        while left > 0 {
            let count = left.min(MOST);
            let gone = crowd_begin(count);
            spawn(async move {
                for _ in 0..count {
                    spawn(ping());
                }
            });
            gone.await.unwrap();
            left -= MOST;
        }
    });
    run.end();
}

// ---- requests ----

async fn server(mut requests: mpsc::Receiver<oneshot::Sender<i64>>) {
    let mut count = 0;
    while let Some(reply) = requests.recv().await {
        count += 1;
        reply.send(count).unwrap();
    }
}

async fn client(requests: mpsc::Sender<oneshot::Sender<i64>>, n: i64) -> i64 {
    let mut last = 0;
    for _ in 0..n {
        let (reply, answer) = oneshot::channel();
        requests.send(reply).await.unwrap();
        last = answer.await.unwrap();
    }
    last
}

fn request_reply(run: &mut Run) {
    run.begin();
    let (n, spawned) = (run.n, run.workers > 1);
    let last = run.rt.block_on(async move {
        let (to, from) = mpsc::channel(10);
        let serving = spawn(server(from));
        let last = if spawned {
            spawn(client(to, n)).await.unwrap()
        } else {
            client(to, n).await
        };
        serving.await.unwrap();
        last
    });
    run.end();
    assert_eq!(last, run.n);
}

pub const ROWS: &[crate::Row] = &[
    ("yield_1", yield_1, false),
    ("yield_many", yield_many, false),
    ("yield_1000", yield_1000, false),
    ("yield_100_deep", yield_100_deep, false),
    ("ping_pong", ping_pong, false),
    ("request_reply", request_reply, false),
];
