// The workloads of `./x bench sched` on Tokio. bench/sched/*.c has the same ones, name by name, and
// bench/sched.c says what the arguments are and what is printed.

mod channel;
mod group;
mod lock;
mod set;
mod spawn;
mod talk;
mod time;
mod whole;

use std::sync::atomic::{AtomicI64, Ordering::AcqRel, Ordering::SeqCst};
use std::sync::Mutex;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

pub struct Run {
    pub n: i64,
    pub workers: usize,
    pub rt: Runtime,
    wall_from: Instant,
    cpu_from_ns: i64,
    wall_ns: f64,
    cpu_ns: f64,
    pub value: f64,
}

type Row = (&'static str, fn(&mut Run), bool);

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

impl Run {
    pub fn begin(&mut self) {
        self.cpu_from_ns = cpu_ns();
        self.wall_from = Instant::now();
    }

    pub fn end(&mut self) {
        self.wall_ns = self.wall_from.elapsed().as_nanos() as f64 / self.n as f64;
        self.cpu_ns = (cpu_ns() - self.cpu_from_ns) as f64 / self.n as f64;
    }
}

// x, of which the compiler knows nothing.
pub fn opaque(mut x: i64) -> i64 {
    unsafe { std::arch::asm!("/* {0} */", inout(reg) x, options(nomem, nostack)) };
    x
}

pub fn quantile(ns: &mut [i64], part: f64) -> f64 {
    ns.sort_unstable();
    ns[(part * (ns.len() - 1) as f64 + 0.5) as usize] as f64
}

// ---- the end of a crowd of detached tasks ----

static CROWD: AtomicI64 = AtomicI64::new(0);
static CROWD_GONE: Mutex<Option<oneshot::Sender<()>>> = Mutex::new(None);

pub fn crowd_begin(count: i64) -> oneshot::Receiver<()> {
    let (tx, rx) = oneshot::channel();
    *CROWD_GONE.lock().unwrap() = Some(tx);
    CROWD.store(count, SeqCst);
    rx
}

pub fn crowd_leave() {
    if CROWD.fetch_sub(1, AcqRel) == 1 {
        CROWD_GONE.lock().unwrap().take().unwrap().send(()).unwrap();
    }
}

// ---- running ----

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let rows: Vec<Row> = [
        spawn::ROWS, talk::ROWS, channel::ROWS, group::ROWS, set::ROWS, time::ROWS, lock::ROWS,
        whole::ROWS,
    ]
    .concat();
    if args.len() < 4 {
        eprintln!("sched ROW ct|mtN N [cold]");
        std::process::exit(2);
    }
    let (_, row, once) = match rows.iter().find(|r| r.0 == args[1]) {
        Some(row) => row,
        None => std::process::exit(77),
    };
    let workers: usize = if args[2] == "ct" { 0 } else { args[2][2..].parse().unwrap() };
    let mut builder = match workers {
        0 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    if workers > 0 {
        builder.worker_threads(workers);
    }
    let n: i64 = args[3].parse().unwrap();
    let mut run = Run {
        n,
        workers,
        rt: builder.enable_all().build().unwrap(),
        wall_from: Instant::now(),
        cpu_from_ns: 0,
        wall_ns: 0.0,
        cpu_ns: 0.0,
        value: 0.0,
    };
    if args.len() == 4 && !once && n >= 10 {
        run.n = n / 10;
        row(&mut run);
        run.n = n;
    }
    row(&mut run);
    if run.value != 0.0 {
        run.wall_ns = run.value;
        run.cpu_ns = run.value;
    }
    println!("{:.4} {:.4}", run.wall_ns, run.cpu_ns);
    std::process::exit(0); // tasks that are parked, as some rows leave them, need not be dropped
}
