/*
 * charset.c: which character set a page is in: by its mark, by the header, by a <meta> in its
 * first bytes, which are searched as the HTML standard says; otherwise a guess.
 *
 * Only names of this table count, with the meaning that the Encoding standard gives them: what
 * calls itself latin1 or ASCII is windows-1252, and so on. UTF-7 and the like are not here on
 * purpose: with them a page could hide its tags from those who check it.
 */
#include "internal.h"

struct label {
    const char *label, *name, *iconv;
};

#define UTF_8 "utf-8", NULL
#define LATIN "windows-1252", "CP1252"

static const struct label labels[] = {
    {"utf-8", UTF_8},
    {"utf8", UTF_8},
    {"unicode-1-1-utf-8", UTF_8},
    {"x-unicode20utf8", UTF_8},
    {"ascii", LATIN},
    {"us-ascii", LATIN},
    {"ansi_x3.4-1968", LATIN},
    {"cp1252", LATIN},
    {"cp819", LATIN},
    {"ibm819", LATIN},
    {"iso-8859-1", LATIN},
    {"iso8859-1", LATIN},
    {"iso88591", LATIN},
    {"iso_8859-1", LATIN},
    {"iso-ir-100", LATIN},
    {"csisolatin1", LATIN},
    {"l1", LATIN},
    {"latin1", LATIN},
    {"windows-1252", LATIN},
    {"x-cp1252", LATIN},
    {"iso-8859-2", "iso-8859-2", "ISO-8859-2"},
    {"iso8859-2", "iso-8859-2", "ISO-8859-2"},
    {"latin2", "iso-8859-2", "ISO-8859-2"},
    {"l2", "iso-8859-2", "ISO-8859-2"},
    {"iso-8859-3", "iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "iso-8859-5", "ISO-8859-5"},
    {"cyrillic", "iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "iso-8859-6", "ISO-8859-6"},
    {"arabic", "iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "iso-8859-7", "ISO-8859-7"},
    {"greek", "iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "iso-8859-8", "ISO-8859-8"},
    {"hebrew", "iso-8859-8", "ISO-8859-8"},
    {"iso-8859-8-i", "iso-8859-8-i", "ISO-8859-8"},
    {"logical", "iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-9", "windows-1254", "CP1254"},
    {"latin5", "windows-1254", "CP1254"},
    {"iso-8859-10", "iso-8859-10", "ISO-8859-10"},
    {"iso-8859-13", "iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "iso-8859-15", "ISO-8859-15"},
    {"latin9", "iso-8859-15", "ISO-8859-15"},
    {"l9", "iso-8859-15", "ISO-8859-15"},
    {"iso-8859-16", "iso-8859-16", "ISO-8859-16"},
    {"windows-874", "windows-874", "CP874"},
    {"tis-620", "windows-874", "CP874"},
    {"iso-8859-11", "windows-874", "CP874"},
    {"windows-1250", "windows-1250", "CP1250"},
    {"cp1250", "windows-1250", "CP1250"},
    {"windows-1251", "windows-1251", "CP1251"},
    {"cp1251", "windows-1251", "CP1251"},
    {"windows-1253", "windows-1253", "CP1253"},
    {"cp1253", "windows-1253", "CP1253"},
    {"windows-1254", "windows-1254", "CP1254"},
    {"cp1254", "windows-1254", "CP1254"},
    {"windows-1255", "windows-1255", "CP1255"},
    {"cp1255", "windows-1255", "CP1255"},
    {"windows-1256", "windows-1256", "CP1256"},
    {"cp1256", "windows-1256", "CP1256"},
    {"windows-1257", "windows-1257", "CP1257"},
    {"cp1257", "windows-1257", "CP1257"},
    {"windows-1258", "windows-1258", "CP1258"},
    {"cp1258", "windows-1258", "CP1258"},
    {"koi8-r", "koi8-r", "KOI8-R"},
    {"koi8", "koi8-r", "KOI8-R"},
    {"koi8-u", "koi8-u", "KOI8-U"},
    {"ibm866", "ibm866", "IBM866"},
    {"cp866", "ibm866", "IBM866"},
    {"macintosh", "macintosh", "MACINTOSH"},
    {"gb2312", "gbk", "GB18030"},
    {"gbk", "gbk", "GB18030"},
    {"x-gbk", "gbk", "GB18030"},
    {"chinese", "gbk", "GB18030"},
    {"gb_2312-80", "gbk", "GB18030"},
    {"gb18030", "gb18030", "GB18030"},
    {"big5", "big5", "BIG5-HKSCS"},
    {"big5-hkscs", "big5", "BIG5-HKSCS"},
    {"x-x-big5", "big5", "BIG5-HKSCS"},
    {"euc-jp", "euc-jp", "EUC-JP-MS"},
    {"x-euc-jp", "euc-jp", "EUC-JP-MS"},
    {"iso-2022-jp", "iso-2022-jp", "ISO-2022-JP"},
    {"shift_jis", "shift_jis", "CP932"},
    {"shift-jis", "shift_jis", "CP932"},
    {"sjis", "shift_jis", "CP932"},
    {"x-sjis", "shift_jis", "CP932"},
    {"ms_kanji", "shift_jis", "CP932"},
    {"windows-31j", "shift_jis", "CP932"},
    {"euc-kr", "euc-kr", "CP949"},
    {"korean", "euc-kr", "CP949"},
    {"ks_c_5601-1987", "euc-kr", "CP949"},
    {"windows-949", "euc-kr", "CP949"},
    {"utf-16", "utf-16le", "UTF-16LE"},
    {"utf-16le", "utf-16le", "UTF-16LE"},
    {"utf-16be", "utf-16be", "UTF-16BE"},
};

enum { LABELS = sizeof labels / sizeof *labels, META_WITHIN = 1024 };

static const struct label *find(const char *text, size_t size)
{
    while (size > 0 && bide__html_blank(*text))
        text++, size--;
    while (size > 0 && bide__html_blank(text[size - 1]))
        size--;
    for (size_t i = 0; i < LABELS; i++)
        if (strlen(labels[i].label) == size && bide__html_same(labels[i].label, text, size))
            return &labels[i];
    return NULL;
}

/* ---- charset=... ---- */

/* What a content type says: the name behind "charset" and "=", with or without quotes. */
static const struct label *find_in_type(const char *text, size_t size)
{
    static const char word[] = "charset";
    size_t at = 0, end;
    for (;;) {
        while (at + 7 <= size && !bide__html_same(text + at, word, 7))
            at++;
        if (at + 7 > size)
            return NULL;
        at += 7;
        while (at < size && bide__html_blank(text[at]))
            at++;
        if (at < size && text[at] == '=')
            break;
    }
    at++;
    while (at < size && bide__html_blank(text[at]))
        at++;
    if (at < size && (text[at] == '"' || text[at] == '\'')) {
        const char *close = memchr(text + at + 1, text[at], size - at - 1);
        return close == NULL ? NULL : find(text + at + 1, (size_t)(close - text) - at - 1);
    }
    for (end = at; end < size && !bide__html_blank(text[end]) && text[end] != ';';)
        end++;
    return find(text + at, end - at);
}

/* ---- <meta> ---- */

struct scan {
    const char *at, *end;
};

struct piece {
    const char *text;
    size_t size;
};

static bool is(struct piece p, const char *word)
{
    return p.size == strlen(word) && bide__html_same(p.text, word, p.size);
}

static void skip_blank(struct scan *s, bool slash)
{
    while (s->at < s->end && (bide__html_blank(*s->at) || (slash && *s->at == '/')))
        s->at++;
}

static struct piece take_value(struct scan *s)
{
    struct piece value = {s->at, 0};
    if (s->at < s->end && (*s->at == '"' || *s->at == '\'')) {
        const char *close = memchr(s->at + 1, *s->at, (size_t)(s->end - s->at) - 1);
        const char *to = close == NULL ? s->end : close;
        value = (struct piece){s->at + 1, (size_t)(to - s->at) - 1};
        s->at = close == NULL ? s->end : close + 1;
        return value;
    }
    while (s->at < s->end && !bide__html_blank(*s->at) && *s->at != '>')
        s->at++;
    value.size = (size_t)(s->at - value.text);
    return value;
}

/* The next attribute of a tag. False: there is none. */
static bool take_attribute(struct scan *s, struct piece *name, struct piece *value)
{
    skip_blank(s, true);
    if (s->at == s->end || *s->at == '>')
        return false;
    *name = (struct piece){s->at, 0};
    while (s->at < s->end && !bide__html_blank(*s->at) && *s->at != '/' && *s->at != '>' &&
           (*s->at != '=' || s->at == name->text))
        s->at++;
    name->size = (size_t)(s->at - name->text);
    *value = (struct piece){s->at, 0};
    skip_blank(s, false);
    if (s->at < s->end && *s->at == '=') {
        s->at++;
        skip_blank(s, false);
        *value = take_value(s);
    }
    return true;
}

/* Of the attributes behind "<meta". */
static const struct label *read_meta(struct scan *s)
{
    struct piece name, value;
    bool is_pragma = false;
    const struct label *by_charset = NULL, *by_content = NULL;
    while (take_attribute(s, &name, &value)) {
        if (is(name, "http-equiv"))
            is_pragma |= is(value, "content-type");
        else if (is(name, "content") && by_content == NULL)
            by_content = find_in_type(value.text, value.size);
        else if (is(name, "charset") && by_charset == NULL)
            by_charset = find(value.text, value.size);
    }
    return by_charset != NULL ? by_charset : is_pragma ? by_content : NULL;
}

static bool begins(const struct scan *s, const char *word)
{
    size_t size = strlen(word);
    return (size_t)(s->end - s->at) >= size && bide__html_same(s->at, word, size);
}

static bool is_letter(char c)
{
    return bide__html_lower(c) >= 'a' && bide__html_lower(c) <= 'z';
}

static void skip_past(struct scan *s, const char *word)
{
    while (s->at < s->end && !begins(s, word))
        s->at++;
    s->at = (size_t)(s->end - s->at) < strlen(word) ? s->end : s->at + strlen(word);
}

static void skip_tag(struct scan *s)
{
    struct piece name, value;
    while (s->at < s->end && !bide__html_blank(*s->at) && *s->at != '>')
        s->at++;
    while (take_attribute(s, &name, &value))
        continue;
}

static const struct label *search_meta(const char *data, size_t size)
{
    struct scan s = {data, data + (size < META_WITHIN ? size : META_WITHIN)};
    while (s.at < s.end) {
        const struct label *l = NULL;
        if (*s.at != '<') {
            s.at++;
        } else if (begins(&s, "<!--")) {
            s.at += 2; /* since <!--> is a comment */
            skip_past(&s, "-->");
        } else if (begins(&s, "<meta") && s.end - s.at > 5 &&
                   (bide__html_blank(s.at[5]) || s.at[5] == '/')) {
            s.at += 5;
            l = read_meta(&s);
        } else if (s.end - s.at > 2 &&
                   (is_letter(s.at[1]) || (s.at[1] == '/' && is_letter(s.at[2])))) {
            s.at += 2;
            skip_tag(&s);
        } else if (begins(&s, "<!") || begins(&s, "</") || begins(&s, "<?")) {
            skip_past(&s, ">");
        } else {
            s.at++;
        }
        if (l != NULL)
            return l;
    }
    return NULL;
}

/* ---- all of it ---- */

static struct bide__html_charset of_label(const struct label *l, bide_html_source source)
{
    return (struct bide__html_charset){l->name, l->iconv, source, 0};
}

struct bide__html_charset bide__html_charset_of(const char *data, size_t size, const char *told)
{
    const struct label *l = NULL;
    if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
        return (struct bide__html_charset){UTF_8, BIDE_HTML_BY_MARK, 3};
    if (size >= 2 && memcmp(data, "\xFF\xFE", 2) == 0)
        return (struct bide__html_charset){"utf-16le", "UTF-16LE", BIDE_HTML_BY_MARK, 2};
    if (size >= 2 && memcmp(data, "\xFE\xFF", 2) == 0)
        return (struct bide__html_charset){"utf-16be", "UTF-16BE", BIDE_HTML_BY_MARK, 2};
    if (told != NULL) {
        l = find_in_type(told, strlen(told));
        if (l == NULL)
            l = find(told, strlen(told));
        if (l != NULL)
            return of_label(l, BIDE_HTML_BY_OPTIONS);
    }
    l = search_meta(data, size);
    if (l != NULL && strncmp(l->name, "utf-16", 6) == 0) /* it was read as ASCII */
        l = &labels[0];
    if (l != NULL)
        return of_label(l, BIDE_HTML_BY_META);
    if (bide__html_is_utf8(data, size))
        return (struct bide__html_charset){UTF_8, BIDE_HTML_BY_GUESS, 0};
    return (struct bide__html_charset){LATIN, BIDE_HTML_BY_GUESS, 0};
}
