/* The mark bide_cancel_returns is only for async functions. */
#include <bide/bide.h>

bide_cancel_returns int plain(int n);
static bide_cancel_returns int variable;
async bide_cancel_returns int right(int n);
int async bide_cancel_returns right(int n);

async int main(void)
{
    bide_cancel_returns int local = 0;
    return local + variable + plain(1) + await right(1);
}
