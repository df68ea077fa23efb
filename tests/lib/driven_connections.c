/* The tests of lib/connections over the simulated driver. */
#include "sim_tests.h"

#define IDLE_CONNECTIONS 50
#define CANCELLED_READS  5000

#include "connections.c"
