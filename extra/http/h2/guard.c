/*
 * guard.c: what comes, frame by frame, before nghttp2 sees it.
 *
 * nghttp2 1.52 is generous where RFC 9113 is not, and counts little. So the head of each frame is
 * read here first, and a connection is ended
 *  - for DATA and HEADERS on a stream that the client has ended, or has passed over (5.1, 5.1.1).
 *    nghttp2 ignores them, since it does not know why it has forgotten a stream. We remember the
 *    last ones: on those that we have reset they are on their way still, and are ignored;
 *  - for DATA and HEADERS that are too small for the length of their padding (4.2), which nghttp2
 *    takes for a protocol error;
 *  - for PRIORITY on stream 0, which nghttp2 does not read if priorities are not used (6.3);
 *  - for SETTINGS that make a window of a stream too large, which nghttp2 takes for the stream's
 *    error (6.9.2);
 *  - for too many frames that bring nothing: PING, SETTINGS, PRIORITY, RST_STREAM, WINDOW_UPDATE,
 *    GOAWAY, unknown ones, and DATA without data; for too many CONTINUATIONs; and for too many
 *    streams that end before their response, whoever has reset them. Each has a bucket of so many
 *    at once and so many a second. A client that works gets more: see bide__h2_guard_worked.
 *
 * The head of a frame is given to nghttp2 as a whole, however it has come: nghttp2 counts each
 * piece of a CONTINUATION's head as a frame.
 */
#include "extra/http/h2/inside.h"

enum { FRAME_HEAD = 9, FRAMES_PER_REQUEST = 16, EMPTY_MAX = 256 };

enum recent { NEVER = 0, ENDED = 1, RESET = 2, OPEN = 3 };

/* ---- how often ---- */

static void bucket_begin(struct bide__h2_bucket *b, uint32_t max, uint32_t per_s)
{
    *b = (struct bide__h2_bucket){.left = max, .max = max, .per_s = per_s};
    if (max == UINT32_MAX)
        b->max = -1;
    b->filled_ns = bide__clock_ns();
}

/* One more. False: it is too many. The clock is read only when none is left. */
static bool bucket_spend(struct bide__h2_bucket *b)
{
    if (b->max < 0)
        return true;
    if (b->left <= 0) {
        int64_t now = bide__clock_ns(), ns = now - b->filled_ns, hour = BIDE_S(3600).ns;
        int64_t gain = (ns < hour ? ns : hour) / (1000 * 1000) * b->per_s / 1000;
        if (gain <= 0)
            return false;
        b->left = gain < b->max ? gain : b->max;
        b->filled_ns = now;
    }
    b->left--;
    return true;
}

static void bucket_add(struct bide__h2_bucket *b, unsigned n)
{
    b->left = b->left + n < b->max ? b->left + n : b->max;
}

void bide__h2_guard_begin(struct bide__h2 *c)
{
    const bide_http_server_options *o = &c->settings->o;

    c->guard = (struct bide__h2_guard){.preface_left = BIDE__H2_PREFACE_SIZE};
    bucket_begin(&c->guard.frames, o->h2_frames_max, o->h2_frames_per_s);
    bucket_begin(&c->guard.resets, o->h2_resets_max, o->h2_resets_per_s);
}

void bide__h2_guard_worked(struct bide__h2 *c, unsigned frames)
{
    bucket_add(&c->guard.frames, frames);
}

void bide__h2_guard_served(struct bide__h2 *c)
{
    bucket_add(&c->guard.resets, 1);
    bucket_add(&c->guard.frames, FRAMES_PER_REQUEST);
}

void bide__h2_guard_reset(struct bide__h2 *c)
{
    if (bucket_spend(&c->guard.resets))
        return;
    bide__http_refused(c->of->home, BIDE__HTTP_REFUSED_H2_RESETS);
    bide__h2_session_fail(c, NGHTTP2_ENHANCE_YOUR_CALM, "too many streams were reset");
}

/* A frame that brings nothing. */
static void idle_frame(struct bide__h2 *c)
{
    if (bucket_spend(&c->guard.frames))
        return;
    bide__http_refused(c->of->home, BIDE__HTTP_REFUSED_H2_FRAMES);
    bide__h2_session_fail(c, NGHTTP2_ENHANCE_YOUR_CALM, "too many frames that bring nothing");
}

/* ---- streams that have ended ---- */

static void recent_set(struct bide__h2_guard *g, uint32_t id, enum recent state)
{
    uint32_t n = (id >> 1) % BIDE__H2_RECENT, shift = n % 4 * 2;
    g->recent[n / 4] = (uint8_t)((g->recent[n / 4] & ~(3u << shift)) | (unsigned)state << shift);
}

static enum recent recent_get(const struct bide__h2_guard *g, uint32_t id)
{
    uint32_t n = (id >> 1) % BIDE__H2_RECENT;
    if ((g->last_id - id) >> 1 >= BIDE__H2_RECENT)
        return ENDED;
    return (enum recent)(g->recent[n / 4] >> n % 4 * 2 & 3);
}

void bide__h2_guard_opened(struct bide__h2 *c, uint32_t id)
{
    struct bide__h2_guard *g = &c->guard;
    uint32_t next = g->last_id == 0 ? 1 : g->last_id + 2;

    if (id - next > 2 * BIDE__H2_RECENT)
        next = id - 2 * BIDE__H2_RECENT;
    for (; next < id; next += 2)
        recent_set(g, next, NEVER);
    recent_set(g, id, OPEN);
    g->last_id = id;
}

void bide__h2_guard_closed(struct bide__h2 *c, uint32_t id, bool ours)
{
    struct bide__h2_guard *g = &c->guard;

    if (id <= g->last_id && (g->last_id - id) >> 1 < BIDE__H2_RECENT)
        recent_set(g, id, ours ? RESET : ENDED);
}

/* DATA or HEADERS on a stream that the client has used, or passed over. */
static void check_state(struct bide__h2 *c, bool begins)
{
    struct bide__h2_guard *g = &c->guard;

    if (g->id == 0 || g->id % 2 == 0 || g->id > g->last_id)
        return;
    enum recent state = recent_get(g, g->id);
    if (state == NEVER && begins)
        bide__h2_session_fail(c, NGHTTP2_PROTOCOL_ERROR, "a stream that was passed over");
    else if (state == NEVER || state == ENDED)
        bide__h2_session_fail(c, NGHTTP2_STREAM_CLOSED, "a stream that was closed");
}

/* ---- settings ---- */

static void check_windows(struct bide__h2 *c, uint32_t size)
{
    int64_t base =
        nghttp2_session_get_remote_settings(c->session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);

    if (size > INT32_MAX)
        return; /* nghttp2 refuses it */
    for (struct bide__h2_stream *s = c->streams; s != NULL; s = s->next) {
        if (s->id == 0)
            continue;
        int64_t window = nghttp2_session_get_stream_remote_window_size(c->session, s->id);
        if (window + size - base > INT32_MAX)
            bide__h2_session_fail(c, NGHTTP2_FLOW_CONTROL_ERROR,
                                  "settings that make a window too large");
    }
}

/* Bytes of SETTINGS, before nghttp2 acts on them. */
static void read_settings(struct bide__h2 *c, const unsigned char *data, size_t size)
{
    struct bide__h2_guard *g = &c->guard;

    for (size_t i = 0; i < size; i++) {
        g->setting[g->setting_size++] = data[i];
        if (g->setting_size < sizeof g->setting)
            continue;
        g->setting_size = 0;
        if (g->setting[0] == 0 && g->setting[1] == NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)
            check_windows(c, (uint32_t)g->setting[2] << 24 | (uint32_t)g->setting[3] << 16 |
                                 (uint32_t)g->setting[4] << 8 | g->setting[5]);
    }
}

/* ---- frames ---- */

/* Too small for the length of its padding (RFC 9113, 4.2), which is another error to nghttp2. */
static bool is_too_small(const struct bide__h2_guard *g)
{
    return (g->type == NGHTTP2_DATA || g->type == NGHTTP2_HEADERS) && g->payload_left == 0 &&
           g->flags & NGHTTP2_FLAG_PADDED;
}

/* The frame's head has come. */
static void inspect(struct bide__h2 *c)
{
    struct bide__h2_guard *g = &c->guard;

    g->reads_settings = false;
    if (g->block_id != 0 && (g->type != NGHTTP2_CONTINUATION || g->id != g->block_id))
        return; /* nghttp2 refuses it */
    if (is_too_small(g))
        bide__h2_session_fail(c, NGHTTP2_FRAME_SIZE_ERROR, "no room for the length of padding");
    switch (g->type) {
    case NGHTTP2_DATA:
        check_state(c, false);
        if (!(g->flags & NGHTTP2_FLAG_END_STREAM) &&
            (g->payload_left == 0 ||
             (g->flags & NGHTTP2_FLAG_PADDED && g->payload_left <= EMPTY_MAX)))
            idle_frame(c);
        return;
    case NGHTTP2_HEADERS:
        check_state(c, true);
        g->continuations = 0;
        return;
    case NGHTTP2_CONTINUATION:
        if (++g->continuations > BIDE__H2_CONTINUATIONS_MAX)
            bide__h2_session_fail(c, NGHTTP2_ENHANCE_YOUR_CALM, "too many CONTINUATIONs");
        return;
    case NGHTTP2_PRIORITY:
        if (g->id == 0)
            bide__h2_session_fail(c, NGHTTP2_PROTOCOL_ERROR, "PRIORITY on stream 0");
        break;
    case NGHTTP2_SETTINGS:
        g->reads_settings = !(g->flags & NGHTTP2_FLAG_ACK);
        g->setting_size = 0;
        break;
    default: break;
    }
    idle_frame(c);
}

/* The frame is whole, with its payload. */
static void whole(struct bide__h2_guard *g)
{
    if (g->type != NGHTTP2_HEADERS && g->type != NGHTTP2_CONTINUATION)
        return;
    g->block_id = g->flags & NGHTTP2_FLAG_END_HEADERS ? 0 : g->id;
}

/* The rest of a frame's head. Returns how many bytes were taken. */
static size_t take_head(struct bide__h2 *c, const unsigned char *data, size_t size)
{
    struct bide__h2_guard *g = &c->guard;
    size_t n = FRAME_HEAD - g->head_size;
    const unsigned char *head = g->head;

    if (n > size)
        n = size;
    memcpy(g->head + g->head_size, data, n);
    g->head_size = (uint8_t)(g->head_size + n);
    if (g->head_size < FRAME_HEAD)
        return n;
    g->payload_left = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
    g->type = head[3];
    g->flags = head[4];
    g->id = ((uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8]) &
            INT32_MAX;
    g->frames_seen++;
    inspect(c);
    return n;
}

/* A part of a frame's payload, or of the preface, may follow. */
static int pass(struct bide__h2 *c, const unsigned char *data, size_t head, size_t payload)
{
    struct bide__h2_guard *g = &c->guard;

    if (g->reads_settings)
        read_settings(c, data + head, payload);
    if (c->ends)
        return 0;
    g->payload_left -= (uint32_t)payload;
    int rc = bide__h2_session_receive(c, data, head + payload);
    if (g->payload_left == 0)
        whole(g);
    return rc;
}

/* As much of `data` as belongs to one frame. Returns how much that was, or an error. */
static ssize_t feed_some(struct bide__h2 *c, const unsigned char *data, size_t size)
{
    struct bide__h2_guard *g = &c->guard;
    size_t n = g->preface_left, head = 0;
    int rc;

    if (n > 0) {
        n = n < size ? n : size;
        g->preface_left = (uint8_t)(g->preface_left - n);
        rc = bide__h2_session_receive(c, data, n);
        return rc < 0 ? rc : (ssize_t)n;
    }
    if (g->payload_left == 0) {
        bool is_split = g->head_size > 0 || size < FRAME_HEAD;
        head = take_head(c, data, size);
        if (g->head_size < FRAME_HEAD || c->ends)
            return (ssize_t)head;
        g->head_size = 0;
        if (is_split) {
            rc = pass(c, g->head, FRAME_HEAD, 0);
            return rc < 0 ? rc : (ssize_t)head;
        }
    }
    n = size - head < g->payload_left ? size - head : g->payload_left;
    rc = pass(c, data, head, n);
    return rc < 0 ? rc : (ssize_t)(head + n);
}

int bide__h2_guard_feed(struct bide__h2 *c, const void *data, size_t size)
{
    const unsigned char *at = data;

    while (size > 0 && !c->ends) {
        ssize_t n = feed_some(c, at, size);
        if (n < 0)
            return (int)n;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

bool bide__h2_guard_is_amid(const struct bide__h2 *c)
{
    const struct bide__h2_guard *g = &c->guard;

    return g->head_size > 0 || g->block_id != 0 || (g->payload_left > 0 && g->type != NGHTTP2_DATA);
}
