/*
 * squeeze.h: a stream that is compressed with gzip (RFC 1952) or brotli (RFC 7932), by zlib and
 * libbrotlienc, in the memory of the door.
 *
 * The caller gives pieces and takes what comes out. Nothing here waits.
 */
#ifndef BIDE_HTTP_SQUEEZE_H
#define BIDE_HTTP_SQUEEZE_H

#include "extra/http/layer/accept.h"

#include <stdbool.h>
#include <stddef.h>

struct bide__http_home;
struct squeeze;

/* What happens with what was put in and has not come out. */
enum squeeze_mode {
    SQUEEZE_KEEP,   /* it may stay until there is more */
    SQUEEZE_FLUSH,  /* the other side can read all of it */
    SQUEEZE_FINISH, /* the stream ends */
};

/*
 * Begins a stream. `level`: 1 (fast) to 9 for gzip and to 11 for brotli; 0: 6, or 4 for brotli. The
 * library's window is no larger than `size_hint` needs, if that is not 0. 0 or -ENOMEM.
 *
 * The memory is that of a stream which has ended before, in the same home (NULL: none is kept): it
 * keeps a few of them, with what they have used.
 */
int bide__http_squeeze_new(struct bide__http_home *home, enum http_coding coding, unsigned level,
                           size_t size_hint, struct squeeze **squeeze);
void bide__http_squeeze_free(struct squeeze *squeeze);

/* Memory for what comes out, as long as the stream is there. NULL: there is none. */
void *bide__http_squeeze_room(struct squeeze *squeeze, size_t size);

/*
 * Takes input, of which *data and *size are advanced, and puts out at most `room` bytes, which is
 * 16 or more. Returns
 * how many; less than `room` only if all input was taken and nothing is left that the mode wants
 * out. -ENOMEM: the stream is broken.
 */
long bide__http_squeeze_step(struct squeeze *squeeze, enum squeeze_mode mode, const void **data,
                             size_t *size, void *out, size_t room);

#endif
