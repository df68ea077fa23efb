/* errors: 2 */
#include <bide/bide.h>
#include <stdio.h>

async int fetch(int id);
int fetch(int id);
async int fetch(int id, ...);

async int main(void)
{
    await fetch(1);
    return 0;
}
