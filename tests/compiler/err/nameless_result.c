/* The result slot is declared again, so its type needs a name. */
#include <bide/bide.h>

async struct { int x, y; } place(void);
typedef struct { int x, y; } point;
async point other_place(void);
async union { int x; } *pointer(void);
