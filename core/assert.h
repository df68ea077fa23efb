/*
 * core/assert.h: what must hold at each transition of a task, a chain or a future.
 *
 * BIDE__ASSERT names the transition and what is wrong with it ("task: suspend: it does not run"),
 * so that the message tells which step of which state machine is broken. Builds without
 * BIDE_CHECK_STATES (release) do not evaluate the condition.
 */
#ifndef BIDE_CORE_ASSERT_H
#define BIDE_CORE_ASSERT_H

/* Ends the program. The core's own version traps, since the core has no way to print; the runtime
 * overrides it with one that prints the text. */
void bide__broken(const char *transition) __attribute__((noreturn, cold));

#ifdef BIDE_CHECK_STATES
#define BIDE__ASSERT(condition, transition) ((condition) ? (void)0 : bide__broken(transition))
#else
#define BIDE__ASSERT(condition, transition) ((void)sizeof(!(condition)))
#endif

/* The same for mistakes that a program can make: kept in every build, since what follows one is a
 * corrupted task. */
#ifdef BIDE_CHECK_STATES
#define bide__must(condition, transition) BIDE__ASSERT(condition, transition)
#else
#define bide__must(condition, transition) ((condition) ? (void)0 : __builtin_trap())
#endif

#endif
