/* A macro with more braces in it than the line has, before a line that begins with a macro.
 * flags: -Wall
 * exit: 0 */
#include <bide/bide.h>

#define WHEN(c, then) do { if (c) { then; } } while (0)
#define PAIR          struct pair

async int fetch(int n);
async int no_result(int n) { WHEN(n, await fetch(n)); }
PAIR { union { int a; } b; };

