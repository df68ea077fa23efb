// Locks, free and contended.

use crate::{crowd_begin, crowd_leave, Run};
use std::future::Future;
use std::sync::Arc;
use tokio::sync::{Mutex, Notify, RwLock, Semaphore};
use tokio::task::{spawn, yield_now};

const TASKS: i64 = 8;
const PERMITS: usize = 5;

// ---- what one turn of a task is ----

async fn mutex_turns(mutex: Arc<Mutex<i64>>, n: i64, busy: bool) -> i64 {
    for _ in 0..n {
        let mut counter = mutex.lock().await;
        *counter += 1;
        if busy {
            yield_now().await;
        }
    }
    n
}

async fn read_turns(lock: Arc<RwLock<i64>>, n: i64, busy: bool) -> i64 {
    for _ in 0..n {
        let _value = lock.read().await;
        if busy {
            yield_now().await;
        }
    }
    n
}

async fn rwlock_turns(lock: Arc<RwLock<i64>>, n: i64, busy: bool) -> i64 {
    for i in 0..n {
        if i % 8 != 0 {
            let _value = lock.read().await;
            if busy {
                yield_now().await;
            }
            continue;
        }
        let _value = lock.write().await;
        if busy {
            yield_now().await;
        }
    }
    n
}

async fn semaphore_turns(semaphore: Arc<Semaphore>, n: i64, busy: bool) -> i64 {
    for _ in 0..n {
        let _permit = semaphore.acquire().await.unwrap();
        if busy {
            yield_now().await;
        }
    }
    n
}

// ---- who takes the turns ----

fn run_turns<L, T, F>(run: &mut Run, lock: L, turns: T, busy: bool)
where
    L: Send + Sync + 'static,
    T: Fn(Arc<L>, i64, bool) -> F,
    F: Future<Output = i64> + Send + 'static,
{
    let lock = Arc::new(lock);
    let n = run.n;
    run.begin();
    let done = run.rt.block_on(async {
        if !busy {
            return spawn(turns(lock.clone(), n, false)).await.unwrap();
        }
        let tasks: Vec<_> = (0..TASKS)
            .map(|i| spawn(turns(lock.clone(), n / TASKS + (i < n % TASKS) as i64, true)))
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    run.end();
    assert_eq!(done, run.n);
}

fn mutex_free(run: &mut Run) {
    run_turns(run, Mutex::new(0), mutex_turns, false);
}

fn mutex_busy(run: &mut Run) {
    run_turns(run, Mutex::new(0), mutex_turns, true);
}

fn rwlock_free(run: &mut Run) {
    run_turns(run, RwLock::new(0), read_turns, false);
}

fn rwlock_busy(run: &mut Run) {
    run_turns(run, RwLock::new(0), rwlock_turns, true);
}

fn semaphore_free(run: &mut Run) {
    run_turns(run, Semaphore::new(PERMITS), semaphore_turns, false);
}

fn semaphore_busy(run: &mut Run) {
    run_turns(run, Semaphore::new(PERMITS), semaphore_turns, true);
}

// ---- notifications ----

fn notify_pair(run: &mut Run) {
    let n = run.n;
    run.begin();
    run.rt.block_on(async {
        let pair = Arc::new((Notify::new(), Notify::new()));
        let (one, other) = (pair.clone(), pair);
        let answering = spawn(async move {
            for _ in 0..n {
                one.0.notified().await;
                one.1.notify_one();
            }
        });
        let asking = spawn(async move {
            for _ in 0..n {
                other.0.notify_one();
                other.1.notified().await;
            }
        });
        asking.await.unwrap();
        answering.await.unwrap();
    });
    run.end();
}

const LISTENERS: i64 = 100;

fn notify_all(run: &mut Run) {
    let rounds = (run.n + LISTENERS - 1) / LISTENERS;
    run.begin();
    run.rt.block_on(async {
        let to = Arc::new(Notify::new());
        let mut gone = crowd_begin(LISTENERS);
        let tasks: Vec<_> = (0..LISTENERS)
            .map(|_| {
                let to = to.clone();
                spawn(async move {
                    for _ in 0..rounds {
                        let next = to.notified();
                        crowd_leave();
                        next.await;
                    }
                })
            })
            .collect();
        for _ in 0..rounds {
            gone.await.unwrap();
            gone = crowd_begin(LISTENERS);
            to.notify_waiters();
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
    run.end();
}

pub const ROWS: &[crate::Row] = &[
    ("mutex_free", mutex_free, false),
    ("mutex_busy", mutex_busy, false),
    ("rwlock_free", rwlock_free, false),
    ("rwlock_busy", rwlock_busy, false),
    ("semaphore_free", semaphore_free, false),
    ("semaphore_busy", semaphore_busy, false),
    ("notify_pair", notify_pair, false),
    ("notify_all", notify_all, false),
];
