/*
 * lib/net/unix_place.c: see unix_place.h: binding a Unix socket to a path, and the end of the path.
 *
 * The file is known by its device and inode: another may have taken its path, or the process
 * changed its folder. A child of fork has a copy of all this, and removes nothing.
 */
#include "runtime/leaf.h"

#include "lib/net/address.h"
#include "lib/net/listen.h"
#include "lib/net/unix_place.h"

struct bide__unix_place {
    dev_t device;
    ino_t inode;
    unsigned forks;
    size_t size; /* of all this */
    char path[];
};

static struct bide__unix_place *new_place(const char *path)
{
    size_t length = strlen(path) + 1;
    struct bide__unix_place *p = bide__alloc(sizeof *p + length);
    if (p == NULL)
        return NULL;
    *p = (struct bide__unix_place){.size = sizeof *p + length, .forks = bide__forks};
    memcpy(p->path, path, length);
    return p;
}

/*
 * Whether a path is a socket that nobody has open. To ask, it is connected to as if it were for
 * datagrams: a listener there refuses the type, and notices nothing.
 */
static bool is_stale(const char *path, const bide_address *address)
{
    struct stat status;
    if (bide__door.lstat(path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    int probe = bide__door.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return false;
    int r = bide__door.connect(probe, &bide__to_of(address)->any, address->size);
    bide__door.close(probe);
    return r == -ECONNREFUSED;
}

/*
 * The new file takes the mode of the socket, less the umask, so that there is no moment at which
 * more is allowed; the second call makes up for the umask.
 */
static int bind_file(int fd, const char *path, const bide_address *address,
                     const bide_unix_options *options)
{
    int r = options->mode != 0 ? bide__door.fchmod(fd, options->mode) : 0;
    if (r < 0)
        return r;
    r = bide__door.bind(fd, &bide__to_of(address)->any, address->size);
    if (r == -EADDRINUSE && options->replace_stale && is_stale(path, address)) {
        r = bide__door.unlink(path);
        if (r == 0 || r == -ENOENT)
            r = bide__door.bind(fd, &bide__to_of(address)->any, address->size);
    }
    if (r < 0 || options->mode == 0)
        return r;
    r = bide__door.chmod(path, options->mode);
    if (r < 0)
        bide__door.unlink(path);
    return r;
}

static int note_inode(struct bide__unix_place *p)
{
    struct stat status;
    int r = bide__door.lstat(p->path, &status);
    if (r < 0) {
        bide__door.unlink(p->path);
        return r;
    }
    p->device = status.st_dev;
    p->inode = status.st_ino;
    return 0;
}

int bide__unix_bind(int fd, const char *name, const bide_unix_options *options,
                    struct bide__unix_place **place)
{
    static const bide_unix_options defaults;
    bide_address address;

    *place = NULL;
    if (options == NULL)
        options = &defaults;
    int r = bide_address_of_path(name, &address);
    if (r < 0)
        return r;
    if (name[0] == '@')
        return bide__listener_bind(fd, &address);
    struct bide__unix_place *p = options->keep ? NULL : new_place(name);
    if (p == NULL && !options->keep)
        return -ENOMEM;
    r = bind_file(fd, name, &address, options);
    if (r == 0 && p != NULL)
        r = note_inode(p);
    if (r == 0)
        *place = p;
    else if (p != NULL)
        bide__free(p, p->size);
    return r;
}

void bide__unix_remove(struct bide__unix_place *p)
{
    struct stat status;
    if (p == NULL)
        return;
    if (p->forks == bide__forks && bide__door.lstat(p->path, &status) == 0 &&
        status.st_dev == p->device && status.st_ino == p->inode)
        bide__door.unlink(p->path);
    bide__free(p, p->size);
}
