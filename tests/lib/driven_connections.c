/* The tests of lib/connections over the simulated driver. */
#include "sim_tests.h"

#define IDLE_CONNECTIONS 50

#include "connections.c"
