/* The form of an async main: its result is the exit status. */
#include <bide/bide.h>

async void main(void)
{
}
