/*
 * What RFC 9113 demands of a server: the table of h2_musts.h, row by row, each on a connection of
 * its own. Once as whole writes, and once byte by byte.
 *
 *   ROW=TEXT tests/http/h2_musts   only the rows whose names contain TEXT
 */
#include <bide/testing.h>

#include "h2_server.h"

#include "h2_musts.h"

/* What the client has seen. */
struct seen {
    bool ended, pinged, gone;
    uint32_t gone_code, acks;
    uint32_t reset_id, reset_code;
    uint32_t done[8]; /* streams that were answered or reset */
    uint32_t good[8]; /* streams that were answered with 200 */
    unsigned done_count, good_count;
};

static bool is_in(const uint32_t *list, unsigned count, uint32_t id)
{
    for (unsigned i = 0; i < count; i++)
        if (list[i] == id)
            return true;
    return false;
}

static void note(struct wire *w, const struct wire_frame *f, struct seen *seen)
{
    if (f->type == W_HEADERS && wire_decode(w, f, NULL, 0) == 200 && seen->good_count < 8)
        seen->good[seen->good_count++] = f->id;
    if (f->type == W_RST_STREAM) {
        seen->reset_id = f->id;
        seen->reset_code = wire_code(f);
    }
    if ((f->type == W_RST_STREAM ||
         ((f->type == W_HEADERS || f->type == W_DATA) && f->flags & W_END_STREAM)) &&
        seen->done_count < 8)
        seen->done[seen->done_count++] = f->id;
    if (f->type == W_GOAWAY) {
        seen->gone = true;
        seen->gone_code = wire_code(f);
    }
    if (f->type == W_PING && f->flags & W_ACK && memcmp(f->data, "the end!", 8) == 0)
        seen->pinged = true;
    if (f->type == W_SETTINGS && f->flags & W_ACK)
        seen->acks++;
}

/* Reads until the stream is done, unless it is 0, and the PING has come back, or to the end. */
static async void read_until(struct wire *w, struct seen *seen, uint32_t id, bool ping)
{
    struct wire_frame f;
    while (!seen->ended &&
           ((ping && !seen->pinged) || (id != 0 && !is_in(seen->done, seen->done_count, id)))) {
        int r = await wire_next(w, &f);
        if (r > 0)
            note(w, &f, seen);
        else
            seen->ended = true;
    }
}

static async int flush(struct wire *w, bool bytewise)
{
    int r = 0;
    for (size_t i = 0; bytewise && r == 0 && i < w->size; i++)
        r = await bide_stream_write_all(w->stream, w->out + i, 1, NULL);
    if (!bytewise)
        return await wire_flush(w);
    w->size = 0;
    return r;
}

static async void do_step(struct wire *w, const struct step *s, struct seen *seen, bool bytewise)
{
    switch (s->kind) {
    case S_FRAME: wire_frame(w, s->type, s->flags, s->id, s->data, s->size); break;
    case S_FIELDS: wire_fields_as(w, s->type, s->flags, s->id, s->data); break;
    case S_HEAD: wire_head(w, s->type, s->flags, s->id, s->size); break;
    case S_RAW: wire_raw(w, s->data, s->size); break;
    case S_DONE:
        await flush(w, bytewise);
        await read_until(w, seen, s->id, false);
        break;
    case S_ACKED:
        wire_frame(w, W_PING, 0, 0, "the end!", 8);
        await flush(w, bytewise);
        await read_until(w, seen, 0, true);
        seen->pinged = false;
        break;
    default: break;
    }
}

static async void speak(bide_stream *stream, const struct must *must, bool bytewise,
                        struct seen *seen)
{
    struct wire w;
    wire_begin(&w, stream);
    if (must->steps[0].kind != S_PREFACE)
        wire_preface(&w);
    for (const struct step *s = must->steps; s < must->steps + 10 && s->kind != S_END; s++)
        await do_step(&w, s, seen, bytewise);
    wire_frame(&w, W_PING, 0, 0, "the end!", 8);
    /* The server may be gone already, or not read on. */
    await bide_join((void)flush(&w, bytewise),
                    read_until(&w, seen,
                               must->want == WANT_FINE || must->want == WANT_STREAM ? must->id : 0,
                               must->want != WANT_CONN && must->want != WANT_END));
    if (must->want == WANT_CONN || must->want == WANT_END)
        await read_until(&w, seen, UINT32_MAX, true);
    wire_end(&w);
}

static bool is_right(const struct must *must, const struct seen *seen)
{
    switch (must->want) {
    case WANT_FINE:
        return seen->pinged && !seen->gone &&
               (must->id == 0 || is_in(seen->good, seen->good_count, must->id));
    case WANT_STREAM:
        return seen->pinged && !seen->gone && seen->reset_id == must->id &&
               seen->reset_code == must->code;
    case WANT_CONN:
        return seen->gone && seen->ended && seen->gone_code == must->code && !seen->pinged;
    default: return seen->ended && !seen->pinged;
    }
}

static async int run(const struct must *must, bool bytewise, struct seen *seen)
{
    bide_stream *here, *there;
    CHECK_EQ(bide_stream_pair(100 * 1000, &here, &there), 0);
    await bide_join(speak(here, must, bytewise, seen), (void)h2_serve(there, NULL));
    return 0;
}

/* The rows whose names begin with the digit. */
static void run_all(char chapter, bool bytewise)
{
    const char *only = getenv("ROW");
    unsigned wrong = 0, count = 0;
    bide_test_time_virtual();
    for (size_t i = 0; i < sizeof musts / sizeof *musts; i++) {
        struct seen seen = {0};
        if (musts[i].name[0] != chapter || (only != NULL && strstr(musts[i].name, only) == NULL))
            continue;
        count++;
        bide_block_on(run(&musts[i], bytewise, &seen));
        if (is_right(&musts[i], &seen))
            continue;
        wrong++;
        printf("%s: the end %d, ping %d, GOAWAY %d %u, RST_STREAM %u %u, %u answered\n",
               musts[i].name, seen.ended, seen.pinged, seen.gone, seen.gone_code, seen.reset_id,
               seen.reset_code, seen.good_count);
    }
    CHECK_EQ(wrong, 0);
    CHECK(count > 0 || only != NULL);
}

TEST(of_section_3)
{
    run_all('3', false);
    run_all('3', true);
}

TEST(of_section_4)
{
    run_all('4', false);
    run_all('4', true);
}

TEST(of_section_5)
{
    run_all('5', false);
    run_all('5', true);
}

TEST(of_section_6)
{
    run_all('6', false);
    run_all('6', true);
}

TEST(of_section_8)
{
    run_all('8', false);
    run_all('8', true);
}

TEST(the_table_is_long_enough)
{
    CHECK(sizeof musts / sizeof *musts >= 90);
}
