/*
 * bide/bide.h: the language with its short words, and the library.
 *
 * Defines async, await and defer, just as <stdbool.h> defines bool. BIDE_NO_KEYWORDS leaves them
 * out, for files that have identifiers of these names; such files write bide_async, bide_await and
 * bide_defer.
 */
#ifndef BIDE_BIDE_H
#define BIDE_BIDE_H

#include <bide/lang.h>

#ifndef BIDE_NO_KEYWORDS
#if defined(__BIDE__) && !defined(BIDE__PLAIN)
#define async bide_async
#define await bide_await
#define defer bide_defer
#else
#define async
#define await
#define defer bide_defer
#endif
#endif

#include <bide/address.h>
#include <bide/buffer.h>
#include <bide/channel.h>
#include <bide/codec.h>
#include <bide/console.h>
#include <bide/fs.h>
#include <bide/future.h>
#include <bide/io.h>
#include <bide/iter.h>
#include <bide/lock.h>
#include <bide/net.h>
#include <bide/process.h>
#include <bide/runtime.h>
#include <bide/service.h>
#include <bide/set.h>
#include <bide/shutdown.h>
#include <bide/signal.h>
#include <bide/sync.h>
#include <bide/task.h>
#include <bide/time.h>
#include <bide/token.h>
#include <bide/udp.h>
#include <bide/unix.h>

#endif
