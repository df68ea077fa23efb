/*
 * awaitsmith -p FOLDER [-s SEED] [-n CASES] [-k CASE] [-f]: writes a program to standard output.
 *
 * -p  where the preludes are
 * -k  only that case of the program
 * -f  cases of the other forms (defer, join, select, cancellation ...), which check themselves,
 *     instead of those that erasure gives an oracle for
 */
#include "smith.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
    fputs("awaitsmith -p FOLDER [-s SEED] [-n CASES] [-k CASE] [-f]\n", stderr);
    return 2;
}

static bool copy_file(const char *path)
{
    FILE *f = fopen(path, "r");
    char chunk[4096];
    size_t n;
    if (f == NULL) {
        perror(path);
        return false;
    }
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        fwrite(chunk, 1, n, stdout);
    fclose(f);
    putchar('\n');
    return true;
}

/* A few functions; returns the call of the last, in which main's arguments are constants. */
static void make_case(int number)
{
    int count = 1 + rng(4);
    put_push();
    function_count = 0;
    memset(functions, 0, sizeof functions);
    for (int i = 0; i < count; i++) {
        const char *name = text("case%d_f%d", number, i);
        if (i + 1 < count && functions[i].partner == NULL && percent(20))
            plan_partners(name, text("case%d_f%d", number, i + 1));
        make_function(name, 4 + rng(i == count - 1 ? 24 : 10));
    }
    char *functions_text = put_pop();

    put_push();
    struct function *f = &functions[function_count - 1];
    put("static async void case%d(void)\n{\n", number);
    indent++;
    char *args = text("%s", "");
    for (int i = 0; i < f->param_count; i++) {
        const char *name = text("a%d", i);
        enum kind k = f->param[i];
        if (k == K_PTR)
            put("int %s[4] = {%d, 2};\n", name, rng(100));
        else if (is_aggregate(k))
            put("%s %s = {%s%d%s};\n", kinds[k].name, name, k == K_P ? "{" : "", rng(100),
                k == K_P ? "}" : "");
        else
            put("%s %s = %d;\n", kinds[k].name, name, k == K_BOOL ? rng(2) : rng(100));
        args = text("%s%s%s", args, i ? ", " : "", i == 0 && f->recursive ? "3" : name);
        if (i == 0 && f->recursive)
            put("(void)a0;\n");
    }
    enum kind r = f->result;
    if (r == K_VOID)
        put("await %s(%s);\n", f->name, args);
    else
        put("%s r = await %s(%s);\n", kinds[r].name, f->name, args);
    for (int i = 0; i < f->param_count; i++)
        if (f->param[i] == K_PTR)
            put("tally(15, a%d[0] + a%d[1] * 3LL + a%d[2] * 5LL + a%d[3] * 7LL);\n", i, i, i, i);
    put("tally(16, g_i + g_a[0] + g_a[1] + g_a[2] + g_a[3] + (long long)g_u);\n");
    put("tally_S(17, g_S);\n");
    if (r == K_S || r == K_P || r == K_K || r == K_B)
        put("tally_%s(18, %sr);\n", kinds[r].name + 7, r == K_B ? "&" : "");
    else if (r == K_DOUBLE)
        put("tally_d(18, r);\n");
    put("end_case(%d, %s);\n", number,
        r == K_VOID || r == K_S || r == K_P || r == K_K || r == K_B || r == K_DOUBLE ? "0"
        : r == K_U                                                                   ? "r.u"
        : r == K_C                                                                   ? "r.k"
                   : "(long long)r");
    indent--;
    put("}\n\n");
    char *entry = put_pop();
    put("/* ---- case %d ---- */\n\n%s%s", number, functions_text, entry);
}

static void make_main(int first, int last)
{
    put("async int main(int argc, char **argv)\n{\n    begin(argc, argv);\n");
    for (int k = first; k <= last; k++)
        put("    if (wanted(%d)) {\n        (void)await soil();\n        await case%d();\n    }\n",
            k, k);
    put("    return 0;\n}\n");
}

int main(int argc, char **argv)
{
    const char *folder = NULL;
    uint64_t seed = 1;
    int cases = 50, only = -1, option;
    bool forms = false;
    while ((option = getopt(argc, argv, "p:s:n:k:f")) != -1) {
        switch (option) {
        case 'p': folder = optarg; break;
        case 's': seed = strtoull(optarg, NULL, 10); break;
        case 'n': cases = atoi(optarg); break;
        case 'k': only = atoi(optarg); break;
        case 'f': forms = true; break;
        default: return usage();
        }
    }
    if (folder == NULL || optind != argc || cases < 1)
        return usage();
    printf("/* awaitsmith -s %" PRIu64 " -n %d%s */\n", seed, cases, forms ? " -f" : "");
    if (forms)
        puts("#define SMITH_FORMS");
    if (!copy_file(text("%s/prelude.h", folder)) ||
        !copy_file(text("%s/prelude_%s.h", folder, forms ? "forms" : "plain")))
        return 1;
    int first = only >= 0 ? only : 0, last = only >= 0 ? only : cases - 1;
    for (int k = first; k <= last; k++) {
        rng_seed(seed, (uint64_t)k);
        if (!forms)
            make_case(k);
        else if (k % 2)
            make_unwind_case(k);
        else
            make_forms_case(k);
        text_reset();
    }
    make_main(first, last);
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
