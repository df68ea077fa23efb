/*
 * bide trace view FILE: draws a timeline, as an HTML page that needs nothing else.
 *
 * The file has the format of Chrome's trace viewer: what bide_trace_timeline_new writes, or any
 * other with complete events ("X"). It is read by trace_read.c. Each span is a bar from its begin
 * to its end; below it are the spans in it, and spans that overlap are in rows of their own. The
 * dark part of a bar is the time in which the span was polled. A click on a bar shows its time
 * alone.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { ROW = 20, ROWS_MAX = 2000 };

static void put(struct buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct buffer *out, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    buffer_add(out, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
}

static void put_text(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&': put(out, "&amp;"); break;
        case '<': put(out, "&lt;"); break;
        case '>': put(out, "&gt;"); break;
        case '"': put(out, "&quot;"); break;
        default: buffer_add(out, text, 1);
        }
    }
}

static void put_time(struct buffer *out, int64_t ns)
{
    double t = (double)ns;
    if (ns < 1000)
        put(out, "%lld ns", (long long)ns);
    else if (ns < 1000000)
        put(out, "%.3g us", t / 1e3);
    else if (ns < 1000000000)
        put(out, "%.3g ms", t / 1e6);
    else
        put(out, "%.4g s", t / 1e9);
}

/* ---- rows ---- */

static int by_begin(const void *a, const void *b)
{
    const struct trace_span *s = *(struct trace_span *const *)a,
                            *t = *(struct trace_span *const *)b;
    if (s->begin_ns != t->begin_ns)
        return s->begin_ns < t->begin_ns ? -1 : 1;
    return s->number < t->number ? -1 : 1;
}

/* The row of a span: the first free one below its parent's; and of one without a parent, the first
 * below which all are free, so that what is below it is its own. */
static unsigned row_of(const struct trace_span *s, const int64_t *ends, unsigned rows)
{
    unsigned row = s->parent != NULL ? s->parent->row + 1 : rows;

    if (s->parent == NULL)
        while (row > 0 && ends[row - 1] <= s->begin_ns)
            row--;
    while (row < ROWS_MAX - 1 && ends[row] > s->begin_ns)
        row++;
    return row < ROWS_MAX ? row : ROWS_MAX - 1;
}

/* Returns how many rows there are. */
static unsigned place(struct trace *trace)
{
    static int64_t ends[ROWS_MAX];
    unsigned rows = 0;

    for (size_t i = 0; i < ROWS_MAX; i++)
        ends[i] = INT64_MIN;
    qsort(trace->spans.item, trace->spans.count, sizeof(void *), by_begin);
    for (size_t i = 0; i < trace->spans.count; i++) {
        struct trace_span *s = trace->spans.item[i];
        unsigned row = row_of(s, ends, rows);
        ends[row] = s->end_ns;
        s->row = row;
        if (row >= rows)
            rows = row + 1;
    }
    return rows;
}

/* ---- the page ---- */

static const char head[] =
    "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>bide trace</title>\n<style>\n"
    "body{font:13px sans-serif;margin:12px;background:#fff;color:#222}\n"
    "svg{width:100%;border:1px solid #ccc;cursor:pointer}\n"
    "text{font:11px monospace;pointer-events:none}\n"
    ".e{fill:#333}.bad{fill:#c00}.busy{fill:#000;fill-opacity:.25;pointer-events:none}\n"
    "rect:hover{stroke:#000}\n#what{white-space:pre-wrap;font-family:monospace;min-height:6em}\n"
    "</style></head><body>\n";

static const char script[] =
    "<p id=\"what\"></p>\n<script>\n"
    "const svg=document.querySelector('svg'),what=document.getElementById('what');\n"
    "function show(from,to){\n"
    "  const width=svg.clientWidth||1000;\n"
    "  for(const g of svg.querySelectorAll('g')){\n"
    "    const b=+g.dataset.b,l=+g.dataset.l,x=(b-from)/(to-from)*width,w=l/(to-from)*width;\n"
    "    g.style.display=x+Math.max(w,1)<0||x>width?'none':'';\n"
    "    g.setAttribute('transform','translate('+x+' 0)');\n"
    "    const r=g.querySelectorAll('rect');\n"
    "    if(r[0])r[0].setAttribute('width',Math.max(w,1));\n"
    "    if(r[1])r[1].setAttribute('width',w*(+g.dataset.p));\n"
    "    const t=g.querySelector('text');\n"
    "    if(t){const n=Math.floor((Math.min(w,width-x)-Math.max(0,-x)-4)/6.7);\n"
    "      t.setAttribute('x',Math.max(3,3-x));\n"
    "      t.textContent=n<2?'':g.dataset.n.length<=n?g.dataset.n:\n"
    "        g.dataset.n.slice(0,n-1)+'\\u2026';}\n"
    "  }\n}\n"
    "const all=+svg.dataset.l;let now=[0,all];\n"
    "svg.addEventListener('click',e=>{const g=e.target.closest('g');\n"
    "  now=g&&+g.dataset.l>0?[+g.dataset.b,+g.dataset.b+ +g.dataset.l]:[0,all];show(...now);});\n"
    "svg.addEventListener('mousemove',e=>{const g=e.target.closest('g');\n"
    "  if(g)what.textContent=g.querySelector('title').textContent;});\n"
    "addEventListener('resize',()=>show(...now));show(...now);\n"
    "</script>\n</body></html>\n";

static unsigned hue_of(const char *text)
{
    unsigned hash = 5381;
    for (; *text; text++)
        hash = hash * 33 + (unsigned char)*text;
    return hash % 360;
}

static void put_span(struct buffer *out, const struct trace *trace, const struct trace_span *s)
{
    int64_t length_ns = s->end_ns - s->begin_ns;
    double polled = s->busy_ns >= 0 && length_ns > 0 ? (double)s->busy_ns / (double)length_ns : 0;

    put(out, "<g data-b=\"%lld\" data-l=\"%lld\" data-p=\"%.4f\" data-n=\"",
        (long long)(s->begin_ns - trace->begin_ns), (long long)length_ns, polled < 1 ? polled : 1);
    put_text(out, s->name);
    put(out, "\"><title>");
    put_text(out, s->name);
    put(out, "  (");
    put_text(out, s->target);
    put(out, ")\n");
    put_time(out, length_ns);
    if (s->busy_ns >= 0) {
        put(out, ", polled ");
        put_time(out, s->busy_ns);
    }
    if (!s->has_ended)
        put(out, ", not ended");
    put(out, "\nat ");
    put_time(out, s->begin_ns - trace->begin_ns);
    put_text(out, s->fields);
    put(out, "</title><rect y=\"%u\" height=\"%d\" fill=\"hsl(%u 60%% 75%%)\"/>", s->row * ROW,
        ROW - 2, hue_of(s->target));
    put(out, "<rect class=\"busy\" y=\"%u\" height=\"4\"/><text y=\"%u\"></text></g>\n",
        s->row * ROW + ROW - 6, s->row * ROW + 12);
}

static void put_event(struct buffer *out, const struct trace *trace, const struct trace_event *e)
{
    unsigned y = (e->span != NULL ? e->span->row : 0) * ROW;

    put(out, "<g data-b=\"%lld\" data-l=\"0\"><title>", (long long)(e->at_ns - trace->begin_ns));
    put_text(out, e->name);
    put(out, "\nat ");
    put_time(out, e->at_ns - trace->begin_ns);
    put_text(out, e->fields);
    put(out, "</title><path class=\"%s\" d=\"M-3 %u h6 l-3 5z\"/></g>\n", e->is_error ? "bad" : "e",
        y);
}

static void draw(struct buffer *out, struct trace *trace)
{
    unsigned rows = place(trace);
    int64_t length_ns = trace->end_ns - trace->begin_ns;

    put(out, "%s<p>%u spans, %u events, ", head, trace->spans.count, trace->events.count);
    put_time(out, length_ns);
    put(out, ". A click on a span shows its time alone; a click beside it shows all.</p>\n");
    put(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" height=\"%u\" data-l=\"%lld\">\n",
        rows * ROW + ROW, (long long)(length_ns > 0 ? length_ns : 1));
    for (size_t i = 0; i < trace->spans.count; i++)
        put_span(out, trace, trace->spans.item[i]);
    for (size_t i = 0; i < trace->events.count; i++)
        put_event(out, trace, trace->events.item[i]);
    put(out, "</svg>\n");
    buffer_add(out, script, sizeof script - 1);
}

/* ---- the command ---- */

static int view(struct arena *arena, const char *from, const char *to)
{
    struct buffer text = {0}, out = {0};
    struct trace trace = {0};
    int status = 1;

    if (buffer_read_file(&text, from)) {
        diag_plain(SEV_ERROR, "cannot read '%s'", from);
    } else if (!trace_read(arena, &trace, text.data, text.length)) {
        diag_plain(SEV_ERROR, "'%s' has no spans: it is no timeline, or an empty one", from);
    } else {
        draw(&out, &trace);
        bool ok = strcmp(to, "-") == 0 ? fwrite(out.data, 1, out.length, stdout) == out.length
                                       : file_write(to, out.data, out.length);
        if (!ok)
            diag_plain(SEV_ERROR, "cannot write '%s': %s", to, strerror(errno));
        status = !ok;
    }
    buffer_free(&text);
    buffer_free(&out);
    return status;
}

int driver_trace(int argc, char **argv)
{
    const char *from = NULL, *to = NULL;
    bool ok = argc > 1 && strcmp(argv[0], "view") == 0;

    for (int i = 1; i < argc && ok; i++) {
        if (strcmp(argv[i], "-o") == 0 && i + 1 < argc && to == NULL)
            to = argv[++i];
        else if (argv[i][0] != '-' && from == NULL)
            from = argv[i];
        else
            ok = false;
    }
    if (!ok || from == NULL) {
        diag_plain(SEV_ERROR,
                   "'bide trace view' takes a timeline, as in: bide trace view out.json");
        return 1;
    }
    struct arena *arena = arena_new();
    int status = view(arena, from, to != NULL ? to : with_suffix(arena, from, ".html"));
    arena_free(arena);
    return status;
}
