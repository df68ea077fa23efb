/*
 * In builds with AddressSanitizer, the tool does not look for leaks at its end: that takes longer
 * than all else that it does for a small file, and thousands of calls are made in tests. Tests of
 * what lives long in it set ASAN_OPTIONS=detect_leaks=1.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
