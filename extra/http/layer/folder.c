/*
 * folder.c: a folder whose files are served. What a request names is checked here as a text; that
 * it does not leave the folder is the system's work (open.c).
 */
#include "lib/async.h"

#include "extra/http/layer/file.h"
#include "extra/http/message/text.h"
#include "extra/http/route/route.h"

#include <fcntl.h>
#include <limits.h>

struct bide_http_folder {
    int fd;
    bide_http_folder_options options;
};

int bide_http_folder_new(const char *path, const bide_http_folder_options *options,
                         bide_http_folder **folder)
{
    bide_http_folder *f = bide__alloc(sizeof *f);
    int fd;

    *folder = NULL;
    if (f == NULL)
        return -ENOMEM;
    do
        fd = bide__door.openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    while (fd == -EINTR);
    if (fd < 0) {
        bide__free(f, sizeof *f);
        return fd;
    }
    *f = (bide_http_folder){.fd = fd};
    if (options != NULL)
        f->options = *options;
    f->options.file.type = f->options.file.attachment = NULL;
    if (f->options.index == NULL)
        f->options.index = "index.html";
    *folder = f;
    return 0;
}

void bide_http_folder_free(bide_http_folder *folder)
{
    if (folder == NULL)
        return;
    bide__door.close(folder->fd);
    bide__free(folder, sizeof *folder);
}

/* ---- the path ---- */

static bool is_good_segment(const bide_http_folder *f, const char *s, size_t size)
{
    if (size == 0 || size > NAME_MAX || memchr(s, '\\', size) != NULL)
        return false;
    if (s[0] == '.' && (!f->options.hidden || size == 1 || (size == 2 && s[1] == '.')))
        return false;
    return true;
}

/* All segments are good; the last one may be empty. */
static bool is_good(const bide_http_folder *f, const char *path)
{
    for (;;) {
        size_t size = strcspn(path, "/");
        if (path[size] == '\0')
            return size == 0 || is_good_segment(f, path, size);
        if (!is_good_segment(f, path, size))
            return false;
        path += size + 1;
    }
}

/* The path below the folder, with the index if it ends with a slash; NULL: there can be none.
 * -ENOENT or -ENOMEM in *error. */
static const char *read_path(bide_http_exchange *x, const bide_http_folder *f, int *error)
{
    const struct bide__http_match *m = x->route;
    size_t index_size = strlen(f->options.index);

    *error = -ENOENT;
    if (m == NULL || m->value_count == 0)
        return NULL;
    struct tree_span rest = m->values[m->value_count - 1];
    if (rest.size >= PATH_MAX)
        return NULL;
    char *path = bide_http_alloc(x, rest.size + index_size + 2);
    *error = path == NULL ? -ENOMEM : -ENOENT;
    if (path == NULL)
        return NULL;
    ssize_t n = bide__http_percent_decode(path, m->path + rest.at, rest.size,
                                          BIDE__HTTP_NO_NUL | BIDE__HTTP_NO_SLASH);
    if (n < 0)
        return NULL;
    path[n] = '\0';
    if (!is_good(f, path))
        return NULL;
    if (n == 0 || path[n - 1] == '/') {
        if (index_size == 0)
            return NULL;
        memcpy(path + n, f->options.index, index_size + 1);
    }
    return path;
}

/* ---- the handler ---- */

/* To the same path with a slash, which makes relative links in the index right. No segment of the
 * path is empty, so it cannot be read as the name of another host. */
static int redirect(bide_http_exchange *x)
{
    const char *path = bide_http_path(x), *query = bide_http_query(x);
    size_t n = strlen(path), more = strlen(query);
    char *to = bide_http_alloc(x, n + more + 3);

    if (to == NULL)
        return -ENOMEM;
    memcpy(to, path, n);
    to[n++] = '/';
    if (more > 0)
        to[n++] = '?';
    memcpy(to + n, query, more + 1);
    if (to[0] == '/' && to[1] == '/')
        return -ENOENT;
    return bide_http_reply_redirect(x, 308, to);
}

static bool is_of_program(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strchr(slash != NULL ? slash : path, '.') == NULL;
}

static bide_async int serve(bide_http_exchange *x, const bide_http_folder *f, const char *path)
{
    struct file_place place = {f->fd, path};
    int r = bide_await bide__http_file_reply(x, &place, &f->options.file);
    if (r > 0)
        return f->options.index[0] != '\0' ? redirect(x) : -ENOENT;
    if (r != -ENOENT || f->options.fallback == NULL || !is_of_program(path))
        return r;
    place.path = f->options.fallback;
    r = bide_await bide__http_file_reply(x, &place, &f->options.file);
    return r > 0 ? -ENOENT : r;
}

bide_async int bide_http_serve_folder(bide_http_exchange *x)
{
    const bide_http_folder *f = bide_http_layer_data(x);
    int error;
    if (f == NULL)
        return bide__http_misused(x, "bide_http_serve_folder has no data: a folder is needed");
    if (x->request.method != BIDE__METHOD_GET && x->request.method != BIDE__METHOD_HEAD) {
        int r = bide_http_header_set(x, "Allow", "GET, HEAD");
        return r < 0 ? r : bide_http_fail(x, 405, NULL);
    }
    const char *path = read_path(x, f, &error);
    return path != NULL ? bide_await serve(x, f, path) : error;
}
