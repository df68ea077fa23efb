/* pragmas.c includes this: only pragmas and macros. */
#pragma GCC diagnostic ignored "-Wbide-leak-on-cancel"
#define DO_PRAGMA(text) _Pragma(#text)
#define LEAK(what)      DO_PRAGMA(GCC diagnostic what "-Wbide-leak-on-cancel")
#define LEAK_OFF        DO_PRAGMA(GCC diagnostic push) LEAK(ignored)
#define LEAK_ON         DO_PRAGMA(GCC diagnostic pop)
