/*
 * start.c: main of every program of models.
 */
#include "explore.h"

extern char __data_start[], _end[];

int explore_main(int count, char **arguments, const struct explore_model *models, char *begin,
                 char *end);

int main(int count, char **arguments)
{
    return explore_main(count, arguments, explore_models, __data_start, _end);
}
