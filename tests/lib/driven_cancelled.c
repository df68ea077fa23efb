/* The tests of lib/cancelled over the simulated driver. */
#include "sim_tests.h"

#include "cancelled.c"
