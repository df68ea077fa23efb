/*
 * page.c: the timeline as a web page, served by this program. The page is one file; what happens
 * comes to it as a stream of events (Server-Sent Events), each of which has the whole timeline as
 * JSON, whenever that has changed.
 */
#include "catbot.h"

#include <bide/http_layer.h>

#include <errno.h>
#include <string.h>

enum { FRAME_MS = 100 };

static const char html[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><meta charset=\"utf-8\"><title>catbot</title>\n"
    "<style>\n"
    "body { font: 15px system-ui, sans-serif; margin: 2em; background: #fcfcfa; color: #222 }\n"
    "h1 { font-size: 20px; margin: 0 0 4px } p { margin: 0 0 14px; color: #666 }\n"
    ".row { display: flex; align-items: center; height: 26px }\n"
    ".who { width: 90px } .took { width: 64px; text-align: right; color: #666 }\n"
    ".note { width: 330px; padding-left: 14px; white-space: nowrap; overflow: hidden; "
    "text-overflow: ellipsis }\n"
    ".lane { position: relative; flex: 1; height: 18px; background: #efefea }\n"
    ".bar { position: absolute; top: 0; height: 18px; min-width: 2px; border-radius: 2px }\n"
    ".fetch { background: #4a7dc9 } .lookup { background: #e0a92e } .reply { background: #4f9d55 "
    "}\n"
    ".failed .bar { background: #c9503f }\n"
    ".axis { margin-left: 90px; margin-right: 408px; position: relative; height: 20px; color: "
    "#888; font-size: 12px }\n"
    ".axis span { position: absolute; border-left: 1px solid #ccc; padding-left: 3px }\n"
    ".key b { display: inline-block; width: 14px; height: 12px; margin: 0 5px 0 16px; "
    "border-radius: 2px }\n"
    "</style>\n"
    "<h1>catbot</h1>\n"
    "<p>Each line is a user who waits. All of them are served by one thread.\n"
    "<span class=\"key\"><b class=\"fetch\"></b>fetch a picture<b class=\"lookup\"></b>look up "
    "the nickname<b class=\"reply\"></b>reply</span></p>\n"
    "<div class=\"axis\" id=\"axis\"></div><div id=\"rows\"></div>\n"
    "<script>\n"
    "function draw(t) {\n"
    "  const rows = t.rows, first = rows.length ? rows[0].begin : t.now;\n"
    "  let last = first + 2000;\n"
    "  for (const r of rows) last = Math.max(last, r.end || t.now);\n"
    "  const x = ms => (ms - first) / (last - first) * 100, axis = "
    "document.getElementById('axis');\n"
    "  axis.textContent = '';\n"
    "  for (let s = 0; s * 1000 <= last - first; s += last - first > 20000 ? 5 : 1) {\n"
    "    const e = document.createElement('span');\n"
    "    e.style.left = x(first + s * 1000) + '%'; e.textContent = s + ' s'; axis.append(e);\n"
    "  }\n"
    "  const list = document.getElementById('rows');\n"
    "  list.textContent = '';\n"
    "  for (const r of rows) {\n"
    "    const row = document.createElement('div'), end = r.end || t.now;\n"
    "    row.className = 'row' + (r.failed ? ' failed' : '');\n"
    "    const add = (name, text) => { const e = document.createElement('div'); e.className = "
    "name;\n"
    "      e.textContent = text; row.append(e); return e };\n"
    "    add('who', r.who);\n"
    "    const lane = add('lane', '');\n"
    "    for (const p of ['fetch', 'lookup', 'reply']) if (r[p][0]) {\n"
    "      const bar = document.createElement('div'), to = r[p][1] || t.now;\n"
    "      bar.className = 'bar ' + p; bar.style.left = x(r[p][0]) + '%';\n"
    "      bar.style.width = x(to) - x(r[p][0]) + '%'; lane.append(bar);\n"
    "    }\n"
    "    add('took', ((end - r.begin) / 1000).toFixed(2) + ' s'); add('note', r.note);\n"
    "    list.append(row);\n"
    "  }\n"
    "}\n"
    "new EventSource('events').onmessage = e => draw(JSON.parse(e.data));\n"
    "</script>\n";

static bide_http_server *server;
static bide_shutdown stop;
static struct timeline *shown;

static int64_t ms(int64_t ns)
{
    return ns / 1000000;
}

static int put_row(bide_json_writer *w, const struct row *row)
{
    return bide_json_writer_pack(
        w, "{s:s, s:I, s:I, s:[II], s:[II], s:[II], s:s, s:b}", "who", row->who, "begin",
        ms(row->begin_ns), "end", ms(row->end_ns), "fetch", ms(row->phase_begin_ns[FETCH]),
        ms(row->phase_end_ns[FETCH]), "lookup", ms(row->phase_begin_ns[LOOKUP]),
        ms(row->phase_end_ns[LOOKUP]), "reply", ms(row->phase_begin_ns[REPLY]),
        ms(row->phase_end_ns[REPLY]), "note", row->note, "failed", row->failed);
}

/* The whole timeline. *ended counts the rows that are finished. */
static int put_timeline(bide_json_writer *w, int *ended)
{
    *ended = 0;
    int n = bide_json_writer_begin_object(w);
    if (n == 0)
        n = bide_json_writer_key(w, "now");
    if (n == 0)
        n = bide_json_writer_i64(w, ms(now_ns()));
    if (n == 0)
        n = bide_json_writer_key(w, "rows");
    if (n == 0)
        n = bide_json_writer_begin_array(w);
    for (const struct row *row = shown->first; n == 0 && row != NULL; row = row->next) {
        n = put_row(w, row);
        *ended += row->end_ns != 0;
    }
    if (n == 0)
        n = bide_json_writer_end(w);
    if (n == 0)
        n = bide_json_writer_end(w);
    return n == 0 ? bide_json_writer_finish(w) : n;
}

/* Sends the timeline as long as the browser is there, and as often as it has changed. */
static async int send_events(bide_http_exchange *x)
{
    bide_http_events *events;
    bide_json_writer *w = NULL;
    int told = -1, rows = -1, ended = 0, n = bide_json_writer_new(NULL, &w);
    if (n < 0)
        return n;
    defer {
        bide_json_writer_free(w);
    }
    n = await bide_http_events_begin(x, NULL, &events);
    while (n == 0) {
        bide_json_writer_reset(w);
        n = put_timeline(w, &ended);
        bool changes = ended < shown->row_count || ended != told || rows != shown->row_count;
        if (n == 0 && changes)
            n = await bide_http_events_send(
                events, &(bide_http_event){.data = bide_json_writer_data(w, NULL)});
        told = ended;
        rows = shown->row_count;
        if (n == 0)
            await bide_select(bide_sleep(BIDE_MS(FRAME_MS)), n = bide_http_events_idle(events));
    }
    return n == -ESHUTDOWN ? 0 : n;
}

static async int serve(bide_http_exchange *x)
{
    const char *path = bide_http_path(x);
    if (strcmp(path, "/events") == 0)
        return await send_events(x);
    if (strcmp(path, "/") == 0)
        return bide_http_reply_borrowed(x, 200, "text/html; charset=utf-8", html, sizeof html - 1);
    return -ENOENT;
}

int page_start(struct timeline *timeline, uint16_t port)
{
    shown = timeline;
    int n = bide_http_server_new(bide_ref(serve), NULL, &server);
    if (n == 0)
        n = bide_http_server_listen(server, "127.0.0.1", port);
    if (n < 0)
        return n;
    bide_spawn(bide_http_server_run(server, &stop));
    return bide_http_server_port(server);
}

void page_stop(void)
{
    bide_shutdown_begin(&stop);
}
