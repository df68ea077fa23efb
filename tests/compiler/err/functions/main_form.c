/* What an async main is: its result is the exit status. */
#include <bide/bide.h>

async void main(void)
{
}
