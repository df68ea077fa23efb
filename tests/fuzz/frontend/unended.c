#include <bide/bide.h>
async struct s { int x[sizeof(struct s { int y; })]; } f(struct s, async int (*g)(void), ...)
{
    await await await; defer defer defer; bide_select(; bide_scope(s) bide_move(&*; _Generic(await
    "never ends
