/*
 * bide/address.h: addresses of sockets: IPv4, IPv6 and Unix.
 *
 * An address is a plain value, which may be copied and needs no end. All functions may be called by
 * any thread; none of them waits or allocates.
 */
#ifndef BIDE_ADDRESS_H
#define BIDE_ADDRESS_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A struct sockaddr_in, sockaddr_in6 or sockaddr_un in `bytes`, of which `size` are used, as the
 * system calls count them; 0: there is no address. This header declares none of these, since a
 * program may have functions called connect or send. To make a system call, pass
 * `(struct sockaddr *)address.bytes` and `address.size`.
 */
typedef struct bide_address {
    uint32_t size;
    unsigned char bytes[112] __attribute__((aligned(4)));
} bide_address;

#define BIDE_ADDRESS_INIT \
    {                     \
        0                 \
    }

/* Room for the longest address as text, with its zero byte: a Unix name. An internet address needs
 * at most 80. */
enum { BIDE_ADDRESS_MAX = 128 };

/*
 * Reads "1.2.3.4:80", "[::1]:80" or "[fe80::1%eth0]:80". Names are not looked up.
 * Behind "%" stands the name or the number of an interface.
 * Errors: -EINVAL (it has none of these forms, the address is not numeric, the port is not a number
 * up to 65535), -ENODEV (there is no such interface), -EMFILE and others of socket(2) (its name
 * cannot be looked up); then address->size is 0.
 */
bide_must_use int bide_address_parse(const char *text, bide_address *address);

/* Makes the address of a Unix socket: a path of at most 107 bytes, or "@NAME" for an abstract name;
 * "./@name" is a path. Errors: -EINVAL (""), -ENAMETOOLONG; then address->size is 0. */
bide_must_use int bide_address_of_path(const char *path, bide_address *address);

/*
 * Writes an address to `text`: "1.2.3.4:80", "[::1]:80" and "[fe80::1%eth0]:80" (an interface
 * without a name is a number), a Unix path as it is, an abstract name as "@NAME", each of its bytes
 * that cannot be printed as "?". A Unix socket without a name, and size 0, give "".
 * Errors: -EAFNOSUPPORT (an address of another family), -ENOSPC (`size` is too small).
 */
bide_must_use int bide_address_text(const bide_address *address, char *text, size_t size);

/* The port of an internet address, in host byte order, 0 to 65535, or -EAFNOSUPPORT. */
int bide_address_port(const bide_address *address);

/* Changes it. 0 or -EAFNOSUPPORT. */
int bide_address_set_port(bide_address *address, uint16_t port);

/* Whether two addresses name the same place: family, host, port and interface, or the Unix name.
 * Sockets without a name are not the same. */
bool bide_address_is_same(const bide_address *a, const bide_address *b);

/*
 * Splits "HOST:PORT", "[ADDRESS]:PORT" or ":PORT"; for the last form, host is "". Returns 0;
 * -EINVAL if the text has none of these forms or the port is not a number up to 65535; or -ENOSPC
 * if host has too little room.
 */
bide_must_use int bide_address_split(const char *text, char *host, size_t host_size,
                                     uint16_t *port);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
