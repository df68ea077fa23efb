/*
 * The programs of docs/frames.md: X(name, parameters, arguments, title). What they wait for never
 * happens.
 */
#ifndef BENCH_FRAMES_PROGRAMS_H
#define BENCH_FRAMES_PROGRAMS_H

#include <bide/bide.h>
#include <bide/io.h>
#include <bide/sync.h>

#define PROGRAMS(X)                                                                           \
    X(one_sleep, (void), (), "one sleep")                                                     \
    X(chain_1, (void), (), "a chain of 1 call")                                               \
    X(chain_10, (void), (), "a chain of 10 calls")                                            \
    X(chain_100, (void), (), "a chain of 100 calls")                                          \
    X(buffer_live, (void), (), "4 KiB live over the await")                                   \
    X(buffer_dead, (void), (), "4 KiB dead before the await")                                 \
    X(three_scopes, (void), (), "three scopes of 1 KiB each")                                 \
    X(by_value, (void), (), "256 bytes by value down three calls")                            \
    X(join_2, (void), (), "join of 2")                                                        \
    X(join_8, (void), (), "join of 8")                                                        \
    X(select_loop, (bide_receiver(int)), (receiver), "select of sleep and receive in a loop") \
    X(timeout_call, (void), (), "a timeout round a call")                                     \
    X(echo, (bide_stream *), (connection()), "echo handler, 1 KiB buffer")                    \
    X(handshake, (bide_stream *), (connection()), "handler, deep once, then shallow")         \
    X(recursion_10, (void), (), "recursion 10 deep (boxed in Rust)")                          \
    X(line_session, (bide_stream *), (connection()), "line-protocol session")                 \
    X(fetch_retry, (bide_stream *), (connection()), "fetch with retry")

#define DECLARE(name, parameters, arguments, title) async int name parameters;
PROGRAMS(DECLARE)
#undef DECLARE

#endif
