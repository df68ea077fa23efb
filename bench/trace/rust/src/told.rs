// A subscriber that tells its sink what bide's is told: of an event its time and the span that it
// is in; of a span its begin and its end, with its fields and the times in which it was entered and
// was not. So it keeps data of each span, in two pieces of memory and one for each text, and the
// current spans of the thread. It reads the clock when a span is made, entered, left and closed,
// and for an event, as the formatting layer of tracing-subscriber does. The id of a span is the
// address of its data.

use crate::{clock_ns, got_number, got_record, got_text, Filter, Sink, MONOTONIC, REALTIME};
use std::cell::RefCell;
use std::hint::black_box;
use std::sync::atomic::{fence, AtomicI64, AtomicUsize, Ordering::*};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

pub struct Told {
    filter: Filter,
    offset_ns: i64, // from the clock to the time since 1970
}

impl Told {
    pub fn new(filter: Filter) -> Told {
        Told { filter, offset_ns: clock_ns(REALTIME) - clock_ns(MONOTONIC) }
    }

    fn tell(&self, span: &Span, now_ns: i64) {
        let busy_ns = span.busy_ns.load(Relaxed);
        black_box(&Entry {
            metadata: span.metadata,
            time_ns: now_ns + self.offset_ns,
            span: Some(span),
            busy_ns,
            idle_ns: now_ns - span.begin_ns - busy_ns,
        });
        got_record();
        for (_, value) in &span.fields {
            match value {
                Value::Number(n) => got_number(*n),
                Value::Text(text) => got_text(text),
            }
        }
    }
}

enum Value {
    Number(i64),
    Text(Box<str>),
}

struct Span {
    references: AtomicUsize,
    metadata: &'static Metadata<'static>,
    parent: Option<Id>,
    fields: Vec<(&'static str, Value)>,
    begin_ns: i64,
    entered_ns: AtomicI64,
    busy_ns: AtomicI64,
}

// Of the fields the sink gets those of an event by itself.
#[allow(dead_code)]
struct Entry<'a> {
    metadata: &'static Metadata<'static>,
    time_ns: i64,
    span: Option<&'a Span>,
    busy_ns: i64,
    idle_ns: i64,
}

struct Keep(Vec<(&'static str, Value)>);

impl Visit for Keep {
    fn record_i64(&mut self, field: &Field, n: i64) {
        self.0.push((field.name(), Value::Number(n)));
    }
    fn record_str(&mut self, field: &Field, text: &str) {
        self.0.push((field.name(), Value::Text(text.into())));
    }
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

thread_local! {
    static ENTERED: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

fn current() -> Option<Id> {
    ENTERED.with(|stack| stack.borrow().last().cloned())
}

fn span_of(id: &Id) -> &Span {
    unsafe { &*(id.into_u64() as *const Span) }
}

impl Subscriber for Told {
    fn enabled(&self, what: &Metadata<'_>) -> bool {
        self.filter.wants(what)
    }
    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(Level::INFO.into())
    }
    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let parent = match attributes.is_contextual() {
            true => current(),
            false => attributes.parent().cloned(),
        };
        let mut keep = Keep(Vec::with_capacity(attributes.metadata().fields().len()));
        attributes.record(&mut keep);
        let now_ns = clock_ns(MONOTONIC);
        let span = Box::new(Span {
            references: AtomicUsize::new(1),
            metadata: attributes.metadata(),
            parent: parent.map(|id| self.clone_span(&id)),
            fields: keep.0,
            begin_ns: now_ns,
            entered_ns: AtomicI64::new(0),
            busy_ns: AtomicI64::new(0),
        });
        self.tell(&span, now_ns);
        Id::from_u64(Box::into_raw(span) as u64)
    }
    // No row adds fields to a span, or says what it follows.
    fn record(&self, _: &Id, _: &Record<'_>) {
        std::process::abort();
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {
        std::process::abort();
    }
    fn event(&self, event: &Event<'_>) {
        let span = match event.is_contextual() {
            true => current(),
            false => event.parent().cloned(),
        };
        black_box(&Entry {
            metadata: event.metadata(),
            time_ns: clock_ns(MONOTONIC) + self.offset_ns,
            span: span.as_ref().map(span_of),
            busy_ns: 0,
            idle_ns: 0,
        });
        got_record();
        event.record(&mut Sink);
    }
    fn enter(&self, id: &Id) {
        ENTERED.with(|stack| stack.borrow_mut().push(id.clone()));
        span_of(id).entered_ns.store(clock_ns(MONOTONIC), Relaxed);
    }
    fn exit(&self, id: &Id) {
        let span = span_of(id);
        let entered_ns = span.entered_ns.load(Relaxed);
        span.busy_ns.fetch_add(clock_ns(MONOTONIC) - entered_ns, Relaxed);
        ENTERED.with(|stack| {
            let mut stack = stack.borrow_mut();
            if let Some(at) = stack.iter().rposition(|one| one == id) {
                stack.remove(at);
            }
        });
    }
    fn clone_span(&self, id: &Id) -> Id {
        span_of(id).references.fetch_add(1, Relaxed);
        id.clone()
    }
    fn try_close(&self, id: Id) -> bool {
        if span_of(&id).references.fetch_sub(1, Release) > 1 {
            return false;
        }
        fence(Acquire);
        let mut span = unsafe { Box::from_raw(id.into_u64() as *mut Span) };
        self.tell(&span, clock_ns(MONOTONIC));
        if let Some(parent) = span.parent.take() {
            self.try_close(parent);
        }
        true
    }
}
