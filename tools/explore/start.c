/*
 * start.c: main of every program of models.
 */
#include "explore.h"

#include <sys/single_threaded.h>

extern char __data_start[], _end[];

int explore_main(int count, char **arguments, const struct explore_model *models, char *begin,
                 char *end);

int main(int count, char **arguments)
{
    __libc_single_threaded = 0; /* the models have threads, though the system knows of none */
    return explore_main(count, arguments, explore_models, __data_start, _end);
}
