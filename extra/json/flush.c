/*
 * flush.c: a writer's text goes to a bide_writer.
 */
#include "internal.h"

bide_async int bide_json_writer_flush(bide_json_writer *writer, bide_writer *to)
{
    size_t done = 0;
    bide_defer {
        bide_json_writer_consume(writer, done);
    }
    if (writer->size > 0) {
        int rc = bide_await bide_writer_write(to, writer->data, writer->size, &done);
        if (rc < 0)
            return rc;
    }
    return writer->error;
}
