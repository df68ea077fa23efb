// The workloads of `./x bench trace` on Rust's tracing. bench/trace.c has the same ones, name by
// name.
//
//   trace told|bare ROW N   does N operations of ROW, and prints nanoseconds of CPU time and by the
//                           clock, of each. The exit status is 77 if there is no such row.
//
// `told` and `bare` are the subscribers of told.rs and bare.rs.

mod bare;
mod told;

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use tracing::field::{Field, Visit};
use tracing::subscriber::set_global_default;
use tracing::{info, info_span, Level, Metadata};

// ---- what a subscriber wants ----

// Up to the level info, of this target or of any.
pub struct Filter {
    target: Option<&'static str>,
}

impl Filter {
    pub fn wants(&self, what: &Metadata<'_>) -> bool {
        *what.level() <= Level::INFO && self.target.map_or(true, |t| t == what.target())
    }
}

// ---- what the sink has got; one thread traces ----

static RECORDS: AtomicI64 = AtomicI64::new(0);
static NUMBERS: AtomicI64 = AtomicI64::new(0);
static TEXTS: AtomicI64 = AtomicI64::new(0);

fn add(to: &AtomicI64, n: i64) {
    to.store(to.load(Relaxed).wrapping_add(n), Relaxed);
}

pub fn got_record() {
    add(&RECORDS, 1);
}

pub fn got_number(n: i64) {
    add(&NUMBERS, n);
}

pub fn got_text(text: &str) {
    add(&TEXTS, text.len() as i64);
}

// Looks at each field. The text of an event comes as one that can be formatted, and is not.
pub struct Sink;

impl Visit for Sink {
    fn record_i64(&mut self, _: &Field, n: i64) {
        got_number(n);
    }
    fn record_str(&mut self, _: &Field, text: &str) {
        got_text(text);
    }
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

// ---- rows ----

fn events(n: i64) {
    for i in 0..n {
        info!(n = i, text = "abc", "an event");
    }
}

fn spans(n: i64) {
    for i in 0..n {
        let _span = info_span!("a span", n = i).entered();
    }
}

// The name, the work, and how many records and bytes of texts an operation is; of a span whose end
// is told there are two.
type Row = (&'static str, fn(i64), i64, i64);

const ROWS: [Row; 6] = [
    ("event_off", events, 0, 0),
    ("span_off", spans, 0, 0),
    ("event_other", events, 0, 0),
    ("span_other", spans, 0, 0),
    ("event_sink", events, 1, 3),
    ("span_sink", spans, 1, 0),
];

fn expect(what: &str, got: &AtomicI64, expected: i64) {
    if got.swap(0, Relaxed) != expected {
        eprintln!("trace: {what}: not {expected}");
        std::process::exit(1);
    }
}

fn run(row: &Row, n: i64, ends: bool) {
    let (name, work, records, text) = row;
    let records = if ends && name.starts_with("span") { 2 * records } else { *records };
    work(n);
    expect("records", &RECORDS, records * n);
    expect("numbers", &NUMBERS, records * (n * (n - 1) / 2));
    expect("texts", &TEXTS, text * n);
}

pub const REALTIME: i32 = 0;
pub const MONOTONIC: i32 = 1;
const PROCESS_CPUTIME: i32 = 2;

pub fn clock_ns(id: i32) -> i64 {
    #[repr(C)]
    struct Timespec {
        s: i64,
        ns: i64,
    }
    extern "C" {
        fn clock_gettime(id: i32, t: *mut Timespec) -> i32;
    }
    let mut t = Timespec { s: 0, ns: 0 };
    unsafe { clock_gettime(id, &mut t) };
    t.s * 1_000_000_000 + t.ns
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let n: i64 = args.get(3).and_then(|n| n.parse().ok()).unwrap_or(0);
    if n < 1 {
        eprintln!("trace told|bare ROW N");
        std::process::exit(2);
    }
    let Some(row) = ROWS.iter().find(|row| row.0 == args[2]) else { std::process::exit(77) };
    let target = if row.0.ends_with("_other") { Some("elsewhere") } else { None };
    let filter = Filter { target };
    let ends = args[1] == "told";
    if !row.0.ends_with("_off") {
        if ends {
            set_global_default(told::Told::new(filter)).unwrap();
        } else {
            set_global_default(bare::Bare::new(filter)).unwrap();
        }
    }
    run(row, n / 10 + 1, ends); // to warm up
    let (cpu_from_ns, from_ns) = (clock_ns(PROCESS_CPUTIME), clock_ns(MONOTONIC));
    run(row, n, ends);
    let wall_ns = (clock_ns(MONOTONIC) - from_ns) as f64 / n as f64;
    println!("{:.4} {wall_ns:.4}", (clock_ns(PROCESS_CPUTIME) - cpu_from_ns) as f64 / n as f64);
}
