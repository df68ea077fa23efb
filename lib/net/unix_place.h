/*
 * lib/net/unix_place.h: the file of a Unix socket.
 */
#ifndef BIDE_LIB_NET_UNIX_PLACE_H
#define BIDE_LIB_NET_UNIX_PLACE_H

#include <bide/unix.h>

/* A file that is to be removed when its socket is closed. */
struct bide__unix_place;

/*
 * Binds a socket to a name. *place is NULL if there is nothing to remove later. 0, or an error of
 * bide_unix_listen, and then there is no new file.
 */
int bide__unix_bind(int fd, const char *name, const bide_unix_options *options,
                    struct bide__unix_place **place);

/* Removes the file, if it is still that of this socket, and frees `place`. NULL is ignored. */
void bide__unix_remove(struct bide__unix_place *place);

#endif
