// Channels: one task alone, one sender and one receiver, several senders, and messages that go to
// and fro. Tokio has no channel with several receivers of which each item goes to one.

use crate::Run;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::{spawn, yield_now};

const ROUND: i64 = 5000;
const WIDE: usize = 1000;
const NARROW: usize = 100;
const SENDERS: i64 = 4;
const MANY: usize = 1000;

// Receives what is there, up to MANY; as older versions of Tokio have it. 0 at the end.
async fn recv_many(rx: &mut mpsc::Receiver<i64>, items: &mut Vec<i64>) -> usize {
    items.clear();
    match rx.recv().await {
        None => return 0,
        Some(item) => items.push(item),
    }
    while items.len() < MANY {
        match rx.try_recv() {
            Ok(item) => items.push(item),
            Err(_) => break,
        }
    }
    items.len()
}

// ---- one task sends 5,000 and then receives them ----

fn run_alone(run: &mut Run, many: bool) {
    run.begin();
    let n = run.n;
    run.rt.block_on(async move {
        let (tx, mut rx) = mpsc::channel(2 * ROUND as usize);
        let mut items = Vec::with_capacity(MANY);
        let mut left = n;
        while left > 0 {
            let count = left.min(ROUND);
            for i in 0..count {
                tx.send(i).await.unwrap();
            }
            let mut i = 0;
            while i < count {
                if many {
                    i += recv_many(&mut rx, &mut items).await as i64;
                } else {
                    rx.recv().await.unwrap();
                    i += 1;
                }
            }
            left -= ROUND;
        }
    });
    run.end();
}

fn mpsc_alone(run: &mut Run) {
    run_alone(run, false);
}

fn mpsc_alone_many(run: &mut Run) {
    run_alone(run, true);
}

fn mpsc_alone_unbounded(run: &mut Run) {
    run.begin();
    let n = run.n;
    run.rt.block_on(async move {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let mut left = n;
        while left > 0 {
            let count = left.min(ROUND);
            for i in 0..count {
                tx.send(i).unwrap();
            }
            for _ in 0..count {
                rx.recv().await.unwrap();
            }
            left -= ROUND;
        }
    });
    run.end();
}

// ---- some tasks send and one receives ----

fn share(n: i64, senders: i64, i: i64) -> i64 {
    n / senders + (i < n % senders) as i64
}

fn run_talk(run: &mut Run, capacity: usize, senders: i64, many: bool) {
    run.begin();
    let n = run.n;
    let sum = run.rt.block_on(async move {
        let (tx, mut rx) = mpsc::channel(capacity);
        let task = spawn(async move {
            let mut count = 0;
            if many {
                let mut items = Vec::with_capacity(MANY);
                loop {
                    match recv_many(&mut rx, &mut items).await {
                        0 => break,
                        r => count += r as i64,
                    }
                }
            } else {
                while rx.recv().await.is_some() {
                    count += 1;
                }
            }
            count
        });
        for i in 0..senders {
            let tx = tx.clone();
            spawn(async move {
                for i in 0..share(n, senders, i) {
                    tx.send(i).await.unwrap();
                }
            });
        }
        drop(tx);
        task.await.unwrap()
    });
    run.end();
    assert_eq!(sum, run.n);
}

fn mpsc_1(run: &mut Run) {
    run_talk(run, WIDE, 1, false);
}

fn mpsc_4(run: &mut Run) {
    run_talk(run, WIDE, SENDERS, false);
}

fn mpsc_4_full(run: &mut Run) {
    run_talk(run, NARROW, SENDERS, false);
}

fn mpsc_4_many(run: &mut Run) {
    run_talk(run, WIDE, SENDERS, true);
}

fn mpsc_4_unbounded(run: &mut Run) {
    run.begin();
    let n = run.n;
    let sum = run.rt.block_on(async move {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let task = spawn(async move {
            let mut count = 0;
            while rx.recv().await.is_some() {
                count += 1;
            }
            count
        });
        for i in 0..SENDERS {
            let tx = tx.clone();
            spawn(async move {
                for i in 0..share(n, SENDERS, i) {
                    tx.send(i).unwrap();
                }
            });
        }
        drop(tx);
        task.await.unwrap()
    });
    run.end();
    assert_eq!(sum, run.n);
}

// ---- to and fro, over channels of one place ----

fn channel_ping_pong(run: &mut Run) {
    run.begin();
    let n = run.n;
    run.rt.block_on(async move {
        let (there, mut from) = mpsc::channel(1);
        let (to, mut back) = mpsc::channel(1);
        let echo = spawn(async move {
            while let Some(item) = from.recv().await {
                to.send(item).await.unwrap();
            }
        });
        spawn(async move {
            for i in 0..n {
                there.send(i).await.unwrap();
                assert_eq!(back.recv().await, Some(i));
            }
        })
        .await
        .unwrap();
        echo.await.unwrap();
    });
    run.end();
}

// ---- a oneshot that is there ----

fn oneshot_ready(run: &mut Run) {
    run.begin();
    let n = run.n;
    run.rt.block_on(async move {
        for i in 0..n {
            let (tx, rx) = oneshot::channel();
            tx.send(i).unwrap();
            assert_eq!(rx.await, Ok(i));
        }
    });
    run.end();
}

// ---- 10 tasks get each of 100 items, or see the latest of 100 values, again and again ----

const LISTENERS: i64 = 10;
const NEWS: i64 = 100;

async fn tell(n: i64) -> i64 {
    let (news, mut mine) = broadcast::channel(WIDE);
    let mut tasks = Vec::new();
    for _ in 0..LISTENERS {
        let mut next = news.subscribe();
        std::mem::swap(&mut next, &mut mine);
        tasks.push(spawn(async move {
            let mut sum = 0;
            while next.recv().await.is_ok() {
                sum += 1;
            }
            sum
        }));
    }
    drop(mine);
    for i in 0..n {
        news.send(i).unwrap();
    }
    drop(news);
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap();
    }
    sum
}

fn broadcast_all(run: &mut Run) {
    run.begin();
    let n = run.n;
    let sum: i64 = run.rt.block_on(async move {
        let all = spawn(async move {
            let (mut sum, mut left) = (0, n);
            while left > 0 {
                sum += tell(left.min(NEWS)).await;
                left -= NEWS;
            }
            sum
        });
        all.await.unwrap()
    });
    run.end();
    assert_eq!(sum, LISTENERS * run.n);
}

async fn change(n: i64) {
    let (tx, rx) = watch::channel(-1);
    let mut tasks = Vec::new();
    for _ in 0..LISTENERS {
        let mut mine = rx.clone();
        tasks.push(spawn(async move {
            let mut value = -1;
            while mine.changed().await.is_ok() {
                value = *mine.borrow_and_update();
            }
            value
        }));
    }
    drop(rx);
    for i in 0..n {
        tx.send(i).unwrap();
        yield_now().await;
    }
    drop(tx);
    for task in tasks {
        assert_eq!(task.await.unwrap(), n - 1);
    }
}

fn watch_all(run: &mut Run) {
    run.begin();
    let n = run.n;
    run.rt.block_on(async move {
        let all = spawn(async move {
            let mut left = n;
            while left > 0 {
                change(left.min(NEWS)).await;
                left -= NEWS;
            }
        });
        all.await.unwrap();
    });
    run.end();
}

pub const ROWS: &[crate::Row] = &[
    ("mpsc_alone", mpsc_alone, false),
    ("mpsc_alone_many", mpsc_alone_many, false),
    ("mpsc_alone_unbounded", mpsc_alone_unbounded, false),
    ("mpsc_1", mpsc_1, false),
    ("mpsc_4", mpsc_4, false),
    ("mpsc_4_full", mpsc_4_full, false),
    ("mpsc_4_many", mpsc_4_many, false),
    ("mpsc_4_unbounded", mpsc_4_unbounded, false),
    ("channel_ping_pong", channel_ping_pong, false),
    ("oneshot", oneshot_ready, false),
    ("broadcast", broadcast_all, false),
    ("watch", watch_all, false),
];
