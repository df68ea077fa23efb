/*
 * parts.c: forms with files, as they are put together. parts_send.c sends them.
 *
 * Each part is one piece of memory: the struct, its head as it is sent, and after that the text or
 * the path, which is copied.
 */
#include "parts.h"

#include <stdio.h>

/* How long a string is in quotes, with what would end them coded as browsers do. */
static size_t quoted_size(const char *s)
{
    size_t size = 0;
    for (; *s != '\0'; s++)
        size += *s == '"' || *s == '\r' || *s == '\n' ? 3 : 1;
    return size;
}

static char *add_quoted(char *to, const char *s)
{
    for (; *s != '\0'; s++) {
        const char *coded = *s == '"' ? "%22" : *s == '\r' ? "%0D" : *s == '\n' ? "%0A" : NULL;
        size_t size = coded != NULL ? 3 : 1;
        memcpy(to, coded != NULL ? coded : s, size);
        to += size;
    }
    return to;
}

static char *add(char *to, const char *s)
{
    size_t size = strlen(s);
    memcpy(to, s, size);
    return to + size;
}

int bide_http_parts_new(bide_http_parts **parts)
{
    unsigned char random[16];
    *parts = NULL;
    ssize_t n = bide__door.getrandom(random, sizeof random, 0);
    if (n < 0)
        return (int)n;
    bide_http_parts *p = bide__alloc(sizeof *p);
    if (p == NULL)
        return -ENOMEM;
    *p = (bide_http_parts){0};
    p->end = &p->first;
    memcpy(p->boundary, "bide-", 5);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(p->boundary + 5 + 2 * i, 3, "%02x", random[i]);
    *parts = p;
    return 0;
}

void bide_http_parts_free(bide_http_parts *parts)
{
    if (parts == NULL)
        return;
    while (parts->first != NULL) {
        struct part *part = parts->first;
        parts->first = part->next;
        bide__free(part, part->room);
    }
    bide__free(parts, sizeof *parts);
}

static char *write_head(char *to, const bide_http_parts *parts, const char *name,
                        const char *filename, const char *type)
{
    to = add(add(add(to, "--"), parts->boundary), "\r\n");
    to = add(to, "Content-Disposition: form-data; name=\"");
    to = add(add_quoted(to, name), "\"");
    if (filename != NULL)
        to = add(add_quoted(add(to, "; filename=\""), filename), "\"");
    to = add(to, "\r\n");
    if (type != NULL)
        to = add(add(add(to, "Content-Type: "), type), "\r\n");
    return add(to, "\r\n");
}

/* Makes a part with its head, and a copy of `own` (NULL: none) after it. */
static int add_part(bide_http_parts *parts, const char *name, const char *filename,
                    const char *type, const char *own, struct part **made)
{
    static const char fixed[] = "--\r\nContent-Disposition: form-data; name=\"\"; filename=\"\"\r\n"
                                "Content-Type: \r\n\r\n";
    if (name == NULL || (type != NULL && bide__http_has_controls(type)))
        return -EINVAL;
    size_t own_size = own != NULL ? strlen(own) + 1 : 0;
    size_t room = sizeof(struct part) + sizeof fixed + strlen(parts->boundary) + quoted_size(name) +
                  (filename != NULL ? quoted_size(filename) : 0) +
                  (type != NULL ? strlen(type) : 0) + own_size;
    struct part *part = bide__alloc(room);
    if (part == NULL)
        return -ENOMEM;
    *part = (struct part){.room = room};
    char *end = write_head(part->head, parts, name, filename, type);
    part->head_size = (size_t)(end - part->head);
    if (own != NULL)
        part->data = memcpy(end, own, own_size);
    *parts->end = part;
    parts->end = &part->next;
    *made = part;
    return 0;
}

int bide_http_parts_add_text(bide_http_parts *parts, const char *name, const char *text)
{
    struct part *part;
    if (text == NULL)
        return -EINVAL;
    int n = add_part(parts, name, NULL, NULL, text, &part);
    if (n == 0)
        part->size = (int64_t)strlen(text);
    return n;
}

int bide_http_parts_add_bytes(bide_http_parts *parts, const char *name, const void *data,
                              size_t size, const char *filename, const char *type)
{
    struct part *part;
    if ((data == NULL && size > 0) || size > PTRDIFF_MAX)
        return -EINVAL;
    int n = add_part(parts, name, filename, type, NULL, &part);
    if (n == 0) {
        part->data = data;
        part->size = (int64_t)size;
    }
    return n;
}

int bide_http_parts_add_file(bide_http_parts *parts, const char *name, const char *path,
                             const char *filename, const char *type)
{
    struct part *part;
    if (path == NULL)
        return -EINVAL;
    if (filename == NULL) {
        const char *slash = strrchr(path, '/');
        filename = slash != NULL ? slash + 1 : path;
    }
    if (type == NULL)
        type = "application/octet-stream";
    int n = add_part(parts, name, filename, type, path, &part);
    if (n == 0)
        part->is_file = true;
    return n;
}

int bide_http_parts_add_stream(bide_http_parts *parts, const char *name, bide_stream *stream,
                               int64_t size, const char *filename, const char *type)
{
    struct part *part;
    if (stream == NULL)
        return -EINVAL;
    if (type == NULL)
        type = "application/octet-stream";
    int n = add_part(parts, name, filename, type, NULL, &part);
    if (n == 0) {
        part->stream = stream;
        part->size = size < 0 ? -1 : size;
    }
    return n;
}
