/*
 * What the warnings know about functions and declarations: tables of library functions, and the
 * words (bide_may_block...) and attributes of declarations. Also small questions about expressions.
 *
 * The names are from POSIX (IEEE Std 1003.1), GNU's C library and a few others. A name counts only
 * if a system header declares it, so a user's function with such a name is unknown.
 */
#include "inside.h"

#include <stdlib.h>
#include <string.h>

#define QUIET (FN_OWNS_NOTHING | FN_KEEPS_ERRNO)

static const struct known table[] = {
    /* allocators */
    {"malloc", 0, "free"},
    {"calloc", 0, "free"},
    {"realloc", 0, "free"},
    {"reallocarray", 0, "free"},
    {"aligned_alloc", 0, "free"},
    {"memalign", 0, "free"},
    {"strdup", FN_OWNS_NOTHING, "free"},
    {"strndup", FN_OWNS_NOTHING, "free"},
    {"realpath", FN_OWNS_NOTHING, "free"},
    {"open", FN_OWNS_NOTHING, "close"},
    {"open64", FN_OWNS_NOTHING, "close"},
    {"openat", FN_OWNS_NOTHING, "close"},
    {"openat64", FN_OWNS_NOTHING, "close"},
    {"creat", FN_OWNS_NOTHING, "close"},
    {"socket", FN_OWNS_NOTHING, "close"},
    {"accept", FN_OWNS_NOTHING, "close"},
    {"accept4", FN_OWNS_NOTHING, "close"},
    {"dup", FN_OWNS_NOTHING, "close"},
    {"dup2", FN_OWNS_NOTHING, NULL},
    {"dup3", FN_OWNS_NOTHING, NULL},
    {"eventfd", FN_OWNS_NOTHING, "close"},
    {"epoll_create", FN_OWNS_NOTHING, "close"},
    {"epoll_create1", FN_OWNS_NOTHING, "close"},
    {"timerfd_create", FN_OWNS_NOTHING, "close"},
    {"signalfd", FN_OWNS_NOTHING, "close"},
    {"inotify_init", FN_OWNS_NOTHING, "close"},
    {"inotify_init1", FN_OWNS_NOTHING, "close"},
    {"memfd_create", FN_OWNS_NOTHING, "close"},
    {"shm_open", FN_OWNS_NOTHING, "close"},
    {"mkstemp", FN_OWNS_NOTHING, "close"},
    {"mkostemp", FN_OWNS_NOTHING, "close"},
    {"posix_openpt", FN_OWNS_NOTHING, "close"},
    {"fopen", FN_OWNS_NOTHING, "fclose"},
    {"fopen64", FN_OWNS_NOTHING, "fclose"},
    {"fdopen", 0, "fclose"},
    {"tmpfile", 0, "fclose"},
    {"fmemopen", 0, "fclose"},
    {"open_memstream", FN_OWNS_NOTHING, "fclose"},
    {"open_wmemstream", FN_OWNS_NOTHING, "fclose"},
    {"opendir", FN_OWNS_NOTHING, "closedir"},
    {"fdopendir", 0, "closedir"},
    {"popen", FN_OWNS_NOTHING, "pclose"},
    {"dlopen", FN_OWNS_NOTHING, "dlclose"},
    {"curl_easy_init", 0, "curl_easy_cleanup"},
    /* memory and strings */
    {"memcpy", QUIET, NULL},
    {"memmove", QUIET, NULL},
    {"memset", QUIET, NULL},
    {"memcmp", QUIET, NULL},
    {"memchr", QUIET, NULL},
    {"strlen", QUIET, NULL},
    {"strnlen", QUIET, NULL},
    {"strcmp", QUIET, NULL},
    {"strncmp", QUIET, NULL},
    {"strcasecmp", QUIET, NULL},
    {"strncasecmp", QUIET, NULL},
    {"strchr", QUIET, NULL},
    {"strrchr", QUIET, NULL},
    {"strstr", QUIET, NULL},
    {"strspn", QUIET, NULL},
    {"strcspn", QUIET, NULL},
    {"strcpy", QUIET, NULL},
    {"strncpy", QUIET, NULL},
    {"strcat", QUIET, NULL},
    {"strncat", QUIET, NULL},
    {"free", FN_KEEPS_ERRNO, NULL},
    {"__ctype_b_loc", FN_KEEPS_ERRNO, NULL},
    {"__errno_location", FN_KEEPS_ERRNO | FN_ERRNO, NULL},
    {"__error", FN_KEEPS_ERRNO | FN_ERRNO, NULL},
    {"ntohs", QUIET, NULL},
    {"htons", QUIET, NULL},
    {"ntohl", QUIET, NULL},
    {"htonl", QUIET, NULL},
    /* they only look at, or fill, what they are given */
    {"read", FN_OWNS_NOTHING, NULL},
    {"write", FN_OWNS_NOTHING, NULL},
    {"pread", FN_OWNS_NOTHING, NULL},
    {"pwrite", FN_OWNS_NOTHING, NULL},
    {"readv", FN_OWNS_NOTHING, NULL},
    {"writev", FN_OWNS_NOTHING, NULL},
    {"recv", FN_OWNS_NOTHING, NULL},
    {"send", FN_OWNS_NOTHING, NULL},
    {"recvfrom", FN_OWNS_NOTHING, NULL},
    {"sendto", FN_OWNS_NOTHING, NULL},
    {"lseek", FN_OWNS_NOTHING, NULL},
    {"fstat", FN_OWNS_NOTHING, NULL},
    {"ftruncate", FN_OWNS_NOTHING, NULL},
    {"fsync", FN_OWNS_NOTHING, NULL},
    {"fdatasync", FN_OWNS_NOTHING, NULL},
    {"fcntl", FN_OWNS_NOTHING, NULL},
    {"isatty", FN_OWNS_NOTHING, NULL},
    {"bind", FN_OWNS_NOTHING, NULL},
    {"listen", FN_OWNS_NOTHING, NULL},
    {"connect", FN_OWNS_NOTHING, NULL},
    {"shutdown", FN_OWNS_NOTHING, NULL},
    {"setsockopt", FN_OWNS_NOTHING, NULL},
    {"getsockopt", FN_OWNS_NOTHING, NULL},
    {"getsockname", FN_OWNS_NOTHING, NULL},
    {"getpeername", FN_OWNS_NOTHING, NULL},
    {"printf", FN_OWNS_NOTHING, NULL},
    {"fprintf", FN_OWNS_NOTHING, NULL},
    {"dprintf", FN_OWNS_NOTHING, NULL},
    {"sprintf", FN_OWNS_NOTHING, NULL},
    {"snprintf", FN_OWNS_NOTHING, NULL},
    {"sscanf", FN_OWNS_NOTHING, NULL},
    {"fscanf", FN_OWNS_NOTHING, NULL},
    {"puts", FN_OWNS_NOTHING, NULL},
    {"fputs", FN_OWNS_NOTHING, NULL},
    {"fputc", FN_OWNS_NOTHING, NULL},
    {"putc", FN_OWNS_NOTHING, NULL},
    {"fgets", FN_OWNS_NOTHING, NULL},
    {"fgetc", FN_OWNS_NOTHING, NULL},
    {"getc", FN_OWNS_NOTHING, NULL},
    {"fread", FN_OWNS_NOTHING, NULL},
    {"fwrite", FN_OWNS_NOTHING, NULL},
    {"fflush", FN_OWNS_NOTHING, NULL},
    {"fseek", FN_OWNS_NOTHING, NULL},
    {"ftell", FN_OWNS_NOTHING, NULL},
    {"rewind", FN_OWNS_NOTHING, NULL},
    {"feof", FN_OWNS_NOTHING, NULL},
    {"ferror", FN_OWNS_NOTHING, NULL},
    {"fileno", FN_OWNS_NOTHING, NULL},
    {"readdir", FN_OWNS_NOTHING, NULL},
    {"atoi", QUIET, NULL},
    {"atol", QUIET, NULL},
    {"strtol", FN_OWNS_NOTHING, NULL},
    {"strtoul", FN_OWNS_NOTHING, NULL},
    {"qsort", FN_OWNS_NOTHING, NULL},
    /* results in memory of the thread, or that the next call overwrites */
    {"strerror", FN_STATIC, NULL},
    {"strerror_l", FN_STATIC, NULL},
    {"strsignal", FN_STATIC, NULL},
    {"localeconv", FN_STATIC, NULL},
    {"nl_langinfo", FN_STATIC, NULL},
    {"setlocale", FN_STATIC, NULL},
    {"getenv", FN_STATIC, NULL},
    {"secure_getenv", FN_STATIC, NULL},
    {"asctime", FN_STATIC, NULL},
    {"ctime", FN_STATIC, NULL},
    {"gmtime", FN_STATIC, NULL},
    {"localtime", FN_STATIC, NULL},
    {"inet_ntoa", FN_STATIC, NULL},
    {"gethostbyname", FN_STATIC, NULL},
    {"gethostbyaddr", FN_STATIC, NULL},
    {"getservbyname", FN_STATIC, NULL},
    {"getprotobyname", FN_STATIC, NULL},
    {"getpwnam", FN_STATIC, NULL},
    {"getpwuid", FN_STATIC, NULL},
    {"getgrnam", FN_STATIC, NULL},
    {"getgrgid", FN_STATIC, NULL},
    {"getlogin", FN_STATIC, NULL},
    {"ttyname", FN_STATIC, NULL},
    {"ptsname", FN_STATIC, NULL},
    {"dlerror", FN_STATIC | FN_DL_ERROR, NULL},
    /* what they return depends on the calls before */
    {"perror", FN_OWNS_NOTHING | FN_ERRNO, NULL},
    {"err", FN_ERRNO, NULL},
    {"warn", FN_ERRNO, NULL},
    {"ERR_get_error", FN_SSL_ERROR, NULL},
    {"ERR_peek_error", FN_SSL_ERROR, NULL},
    {"ERR_peek_last_error", FN_SSL_ERROR, NULL},
    {"ERR_get_error_all", FN_SSL_ERROR, NULL},
    {"ERR_peek_error_all", FN_SSL_ERROR, NULL},
    {"ERR_peek_last_error_all", FN_SSL_ERROR, NULL},
    {"ERR_get_error_line", FN_SSL_ERROR, NULL},
    {"ERR_get_error_line_data", FN_SSL_ERROR, NULL},
    {"ERR_print_errors", FN_SSL_ERROR, NULL},
    {"ERR_print_errors_fp", FN_SSL_ERROR, NULL},
    {"ERR_print_errors_cb", FN_SSL_ERROR, NULL},
    {"SSL_get_error", FN_SSL_ERROR, NULL},
    /* the end */
    {"exit", FN_ENDS, NULL},
    {"_exit", FN_ENDS, NULL},
    {"_Exit", FN_ENDS, NULL},
    {"quick_exit", FN_ENDS, NULL},
    {"abort", FN_ENDS, NULL},
    {"longjmp", FN_ENDS, NULL},
    {"pthread_exit", FN_ENDS, NULL},
    {"__assert_fail", FN_ENDS, NULL},
};

/* The functions that give something through a parameter. */
static const struct giver givers[] = {
    {"pipe", 0, 2, "close", FAILS_NEGATIVE},
    {"pipe2", 0, 2, "close", FAILS_NEGATIVE},
    {"socketpair", 3, 2, "close", FAILS_NEGATIVE},
    {"openpty", 0, 0, "close", FAILS_NEGATIVE},
    {"openpty", 1, 0, "close", FAILS_NEGATIVE},
    {"asprintf", 0, 0, "free", FAILS_NEGATIVE},
    {"vasprintf", 0, 0, "free", FAILS_NEGATIVE},
    {"__asprintf_chk", 0, 0, "free", FAILS_NEGATIVE}, /* with _FORTIFY_SOURCE */
    {"__vasprintf_chk", 0, 0, "free", FAILS_NEGATIVE},
    {"scandir", 1, 0, "free", FAILS_NEGATIVE},
    {"scandir64", 1, 0, "free", FAILS_NEGATIVE},
    {"scandirat", 2, 0, "free", FAILS_NEGATIVE},
    {"getifaddrs", 0, 0, "freeifaddrs", FAILS_NEGATIVE},
    {"open_memstream", 0, 0, "free", FAILS_ZERO},
    {"open_wmemstream", 0, 0, "free", FAILS_ZERO},
    {"posix_memalign", 0, 0, "free", FAILS_NOT_ZERO},
    {"getaddrinfo", 3, 0, "freeaddrinfo", FAILS_NOT_ZERO},
    {"sqlite3_open", 1, 0, "sqlite3_close", FAILS_NOT_ZERO},
    {"sqlite3_open_v2", 1, 0, "sqlite3_close", FAILS_NOT_ZERO},
    {"sqlite3_prepare_v2", 3, 0, "sqlite3_finalize", FAILS_NOT_ZERO},
    {"sqlite3_prepare_v3", 4, 0, "sqlite3_finalize", FAILS_NOT_ZERO},
    /* the buffer is there even if nothing was read */
    {"getline", 0, 0, "free", FAILS_NEVER},
    {"getdelim", 0, 0, "free", FAILS_NEVER},
    {"__getdelim", 0, 0, "free", FAILS_NEVER},
};

const struct known *known_function(const struct unit *u, const struct symbol *s)
{
    if (s->kind != SYM_FUNCTION || !u->token[s->token].in_system_header)
        return NULL;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].name, s->name) == 0)
            return &table[i];
    return NULL;
}

/* ---- expressions ---- */

const char *call_name(const struct expr *call)
{
    const struct symbol *s = called_symbol(call);
    const struct expr *f = call->a;
    while (f->kind == EX_PAREN)
        f = f->a;
    return s ? s->name : f->kind == EX_IDENT && !f->symbol ? f->name : NULL;
}

static struct expr *inner_value(struct expr *e)
{
    for (;;) {
        if (e->kind == EX_PAREN || e->kind == EX_CAST ||
            (e->kind == EX_UNARY && e->op == OP_EXTENSION))
            e = e->a;
        else if (e->kind == EX_COMMA)
            e = e->b;
        else
            return e;
    }
}

struct expr *value_call(struct expr *e)
{
    e = inner_value(e);
    if (e->kind == EX_AWAIT)
        e = skip_parens(e->a);
    return e->kind == EX_CALL ? e : NULL;
}

struct symbol *value_variable(struct expr *e)
{
    e = inner_value(e);
    return e->kind == EX_IDENT && e->symbol &&
                   (e->symbol->kind == SYM_VAR || e->symbol->kind == SYM_PARAM)
               ? e->symbol
               : NULL;
}

bool branches_mention(const struct function *fn, const struct symbol *s)
{
    for (uint32_t i = 0; i < fn->branches.count; i++) {
        const struct function *branch = fn->branches.item[i];
        for (uint32_t k = 0; k < branch->idents.count; k++)
            if (((struct expr *)branch->idents.item[k])->symbol == s)
                return true;
        if (branches_mention(branch, s))
            return true;
    }
    return false;
}

int64_t index_after(const struct unit *u, uint32_t token)
{
    const struct token *t = &u->token[token];
    if (token + 3 >= u->token_count || t[1].punct != '[' || t[2].kind != TK_NUMBER ||
        t[3].punct != ']')
        return -1;
    return strtoll(t[2].start, NULL, 0);
}

static bool is_operand_end(const struct token *t)
{
    return t->punct == ')' || t->punct == ']' ||
           (t->kind == TK_IDENT && token_keyword(t) == KW_NONE) || t->kind == TK_NUMBER;
}

bool is_address_taken(const struct unit *u, const struct expr *ident)
{
    uint32_t t = ident->first - 1;
    while (u->token[t].punct == '(')
        t--;
    return u->token[t].punct == '&' && !is_operand_end(&u->token[t - 1]);
}

/* ---- the tokens of declarations ---- */

/* The tokens of the declaration of a name, up to its `;` or `{`. */
static void declaration_of(struct unit *u, uint32_t name, uint32_t *first, uint32_t *last)
{
    uint32_t depth = 0, i = name;
    while (i > 1 && !strchr(";{}", u->token[i - 1].punct < 128 && u->token[i - 1].punct
                                       ? (int)u->token[i - 1].punct
                                       : ','))
        i--;
    *first = i;
    for (i = name; i + 1 < u->token_count; i++) {
        unsigned punct = u->token[i].punct;
        depth += punct == '(' || punct == '[';
        depth -= (punct == ')' || punct == ']') && depth > 0;
        if (depth == 0 && (punct == ';' || punct == '{'))
            break;
    }
    *last = i;
}

static const struct mark *mark_between(struct unit *u, uint32_t first, uint32_t last,
                                       const char *word)
{
    for (uint32_t i = 0; i < u->marks.count; i++) {
        const struct mark *m = u->marks.item[i];
        if (m->token >= first && m->token <= last && !strcmp(m->word, word))
            return m;
    }
    return NULL;
}

/* The number of the parameter that contains the token, from 0; -1: no parameter does. `name` is the
 * token of the declared function. The token of a mark at the end of a parameter is the comma or
 * parenthesis after it. */
static int param_at(const struct unit *u, uint32_t name, uint32_t token)
{
    uint32_t depth = 0;
    int i = 0;
    for (uint32_t t = name + 1; t < token; t++) {
        unsigned punct = u->token[t].punct;
        depth += punct == '(' || punct == '[' || punct == '{';
        if (punct == ')' || punct == ']' || punct == '}')
            if (depth == 0 || --depth == 0)
                return -1;
        i += depth == 1 && punct == ',';
    }
    return depth > 0 ? i : -1;
}

static const struct mark *param_mark_at(struct unit *u, uint32_t name, int param, const char *word)
{
    uint32_t first, last;
    declaration_of(u, name, &first, &last);
    for (uint32_t i = 0; i < u->marks.count; i++) {
        const struct mark *m = u->marks.item[i];
        if (m->token > name && m->token <= last && !strcmp(m->word, word) &&
            param_at(u, name, m->token) == param)
            return m;
    }
    return NULL;
}

/* The mark at parameter i of a function. */
static const struct mark *param_mark(struct unit *u, const struct symbol *s, int i,
                                     const char *word)
{
    if (!u->marks.count || s->kind != SYM_FUNCTION)
        return NULL;
    const struct mark *m = param_mark_at(u, s->token, i, word);
    if (!m && s->function)
        for (uint32_t t = s->function->declarator_first; t <= s->function->declarator_last; t++)
            if (u->token[t].text == s->name)
                return param_mark_at(u, t, i, word);
    return m;
}

bool known_giver(struct unit *u, const struct symbol *s, int i, struct giver *giver)
{
    const struct mark *m = param_mark(u, s, i, "bide_gives");
    if (m && m->argument) {
        *giver = (struct giver){s->name, i, 0, m->argument, FAILS_NEGATIVE};
        if (s->type->base->kind == TY_BOOL)
            giver->failure = FAILS_ZERO;
        return true;
    }
    for (size_t k = 0; k < sizeof givers / sizeof givers[0]; k++) {
        *giver = givers[k];
        if (s->kind == SYM_FUNCTION && u->token[s->token].in_system_header && giver->param == i &&
            strcmp(giver->name, s->name) == 0)
            return true;
    }
    return false;
}

const struct mark *symbol_mark(struct unit *u, const struct symbol *s, const char *word)
{
    uint32_t first, last;
    if (!u->marks.count)
        return NULL;
    declaration_of(u, s->token, &first, &last);
    const struct mark *m = mark_between(u, first, last, word);
    if (!m && s->function && s->kind == SYM_FUNCTION)
        m = mark_between(u, s->function->first, s->function->body->first, word);
    return m;
}

const struct mark *tag_mark(struct unit *u, const struct tag *tag, const char *word)
{
    if (!u->marks.count || !tag->complete)
        return NULL;
    uint32_t first = tag->first + 1, brace = first;
    while (brace < tag->last && u->token[brace].punct != '{')
        brace++;
    const struct mark *m = mark_between(u, first, brace, word);
    return m ? m : mark_between(u, tag->last + 1, tag->last + 1, word);
}

bool tokens_mention(struct unit *u, uint32_t first, uint32_t last, const char *word)
{
    for (uint32_t i = first; i && i <= last; i++)
        if (u->token[i].text && strcmp(u->token[i].text, word) == 0)
            return true;
    return false;
}

bool symbol_has_word(struct unit *u, const struct symbol *s, const char *word)
{
    uint32_t first, last;
    declaration_of(u, s->token, &first, &last);
    if (tokens_mention(u, first, last, word) ||
        tokens_mention(u, s->attr_first, s->attr_last, word))
        return true;
    const struct function *f = s->kind == SYM_FUNCTION ? s->function : NULL;
    return f && tokens_mention(u, f->first, f->body->first, word);
}
