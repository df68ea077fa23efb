/*
 * What tests of bide/trace.h share: a sink that writes what it is told into a text, each record as
 * a line:
 *
 *     > outer.inner            a span begins
 *     outer.inner: text a=1    an event in it
 *     < outer.inner            the span ends
 */
#ifndef BIDE_TESTS_TRACE_LOG_H
#define BIDE_TESTS_TRACE_LOG_H

#include <bide/trace.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static char log_text[16384];
static size_t log_size;
static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static bide_trace_output *log_output;

__attribute__((format(printf, 1, 2))) static inline void log_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(log_text + log_size, sizeof log_text - log_size, format, arguments);
    va_end(arguments);
    log_size += (size_t)n;
    CHECK(log_size < sizeof log_text);
}

static inline void log_path(const bide_trace_span *span)
{
    if (bide_trace_span_parent(span) != NULL) {
        log_path(bide_trace_span_parent(span));
        log_print(".");
    }
    log_print("%s", bide_trace_span_name(span));
}

static inline void log_told(void *argument, const bide_trace_record *r)
{
    (void)argument;
    pthread_mutex_lock(&log_mutex);
    if (r->what != BIDE_TRACE_EVENT)
        log_print(r->what == BIDE_TRACE_SPAN_BEGIN ? "> " : "< ");
    if (r->span != NULL)
        log_path(r->span);
    if (r->what == BIDE_TRACE_EVENT)
        log_print("%s%s", r->span != NULL ? ": " : "", r->name);
    for (const bide_field *f = r->fields; r->what != BIDE_TRACE_SPAN_END && f->kind; f++) {
        if (f->kind == BIDE_FIELD_TEXT)
            log_print(" %s=%.*s", f->name, (int)f->size, f->value.text);
        else
            log_print(" %s=%lld", f->name, (long long)f->value.i);
    }
    log_print("\n");
    pthread_mutex_unlock(&log_mutex);
}

static inline void log_begin(const char *filter)
{
    log_size = 0;
    log_text[0] = '\0';
    CHECK_EQ(
        bide_trace_sink_new(log_told, NULL, &(bide_trace_options){.filter = filter}, &log_output),
        0);
}

/* What was told; the log is empty afterwards. */
static inline void log_is(const char *expected)
{
    CHECK_STR(log_text, expected);
    log_size = 0;
    log_text[0] = '\0';
}

static inline void log_end(void)
{
    bide_trace_output_free(log_output);
    log_output = NULL;
}

#endif
