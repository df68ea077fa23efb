/* An async main is for the linker. */
#include <bide/bide.h>

static async int main(void)
{
    return 0;
}
