/*
 * sim_tests.h: the tests of the file that is included next run with the simulated driver, which
 * decides at random (sim.h), once for each of three seeds.
 */
#ifndef BIDE_TESTS_SIM_TESTS_H
#define BIDE_TESTS_SIM_TESTS_H

#include "sim.h"

#define SIM_TEST(name_, seed_, seconds_)                                        \
    static void __attribute__((constructor)) register_##name_##_##seed_(void)   \
    {                                                                           \
        static struct check_test test = {#name_ "_" #seed_, __FILE__, seconds_, \
                                         sim_##name_##_##seed_, 0};             \
        check_register(&test);                                                  \
    }

#define SIM_RUN(name_, seed_)                                  \
    static void sim_##name_##_##seed_(void)                    \
    {                                                          \
        sim_begin(UINT64_C(0x9E3779B97F4A7C15) * (1 + seed_)); \
        test_##name_();                                        \
        sim_end();                                             \
    }

#undef TEST_LIMIT
#define TEST_LIMIT(name_, seconds_) \
    static void test_##name_(void); \
    SIM_RUN(name_, 1)               \
    SIM_RUN(name_, 2)               \
    SIM_RUN(name_, 3)               \
    SIM_TEST(name_, 1, seconds_)    \
    SIM_TEST(name_, 2, seconds_)    \
    SIM_TEST(name_, 3, seconds_)    \
    static void test_##name_(void)

#endif
