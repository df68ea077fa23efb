/*
 * write.c: a text goes to a stream.
 */
#include "internal.h"

bide_async int bide_metrics_write(bide_metrics *metrics, bide_stream *stream)
{
    bide_metrics_text *text;
    int rc = bide_metrics_text_new(metrics, &text);
    if (rc < 0)
        return rc;
    bide_defer {
        bide_metrics_text_free(text);
    }
    size_t size;
    const char *data = bide_metrics_text_data(text, &size);
    return bide_await bide_stream_write_all(stream, data, size, NULL);
}
