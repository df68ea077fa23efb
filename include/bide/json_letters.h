/*
 * bide/json_letters.h: the types of the arguments of bide_json_pack and its like, as letters; for
 * bide/json.h alone.
 *
 * bide__json_letters(format, ...) is a string with a letter for the format and for each of its
 * arguments, at most 60:
 *
 *   i u   int, unsigned and what becomes one of them    l L   64 bits, with and without a sign
 *   f     a double, or a float                          s     a text
 *   O     a tree                                        0     void *: NULL
 *   ?     anything else
 */
#ifndef BIDE_JSON_LETTERS_H
#define BIDE_JSON_LETTERS_H

struct bide_json; /* bide/json.h */

#ifndef __cplusplus
#define bide__json_letter(x) \
    _Generic((x),                                    \
        _Bool: 'i',                                  \
        char: 'i',                                   \
        signed char: 'i',                            \
        unsigned char: 'i',                          \
        short: 'i',                                  \
        unsigned short: 'i',                         \
        int: 'i',                                    \
        unsigned: 'u',                               \
        long: sizeof(long) == 8 ? 'l' : 'i',         \
        unsigned long: sizeof(long) == 8 ? 'L' : 'u', \
        long long: 'l',                              \
        unsigned long long: 'L',                     \
        float: 'f',                                  \
        double: 'f',                                 \
        char *: 's',                                 \
        const char *: 's',                           \
        bide_json *: 'O',                            \
        const bide_json *: 'O',                      \
        void *: '0',                                 \
        default: '?')

#define bide__json_letters(...) \
    ((const char[]){bide__json_pick(__VA_ARGS__, BIDE__JSON_NAMES)(__VA_ARGS__), 0})

/* The macro for as many arguments as there are: the one that they push to the last place. */
#define bide__json_pick(...) bide__json_n(__VA_ARGS__)
#define bide__json_n(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, \
                     a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32,  \
                     a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43, a44, a45, a46, a47,  \
                     a48, a49, a50, a51, a52, a53, a54, a55, a56, a57, a58, a59, a60, a61, name, \
                     ...)                                                                        \
    name
#define BIDE__JSON_NAMES                                                                          \
    bide__json_l61, bide__json_l60, bide__json_l59, bide__json_l58, bide__json_l57,               \
        bide__json_l56, bide__json_l55, bide__json_l54, bide__json_l53, bide__json_l52,           \
        bide__json_l51, bide__json_l50, bide__json_l49, bide__json_l48, bide__json_l47,           \
        bide__json_l46, bide__json_l45, bide__json_l44, bide__json_l43, bide__json_l42,           \
        bide__json_l41, bide__json_l40, bide__json_l39, bide__json_l38, bide__json_l37,           \
        bide__json_l36, bide__json_l35, bide__json_l34, bide__json_l33, bide__json_l32,           \
        bide__json_l31, bide__json_l30, bide__json_l29, bide__json_l28, bide__json_l27,           \
        bide__json_l26, bide__json_l25, bide__json_l24, bide__json_l23, bide__json_l22,           \
        bide__json_l21, bide__json_l20, bide__json_l19, bide__json_l18, bide__json_l17,           \
        bide__json_l16, bide__json_l15, bide__json_l14, bide__json_l13, bide__json_l12,           \
        bide__json_l11, bide__json_l10, bide__json_l9, bide__json_l8, bide__json_l7,              \
        bide__json_l6, bide__json_l5, bide__json_l4, bide__json_l3, bide__json_l2, bide__json_l1, \
        0

#define bide__json_l1(a)       bide__json_letter(a)
#define bide__json_l2(a, ...)  bide__json_letter(a), bide__json_l1(__VA_ARGS__)
#define bide__json_l3(a, ...)  bide__json_letter(a), bide__json_l2(__VA_ARGS__)
#define bide__json_l4(a, ...)  bide__json_letter(a), bide__json_l3(__VA_ARGS__)
#define bide__json_l5(a, ...)  bide__json_letter(a), bide__json_l4(__VA_ARGS__)
#define bide__json_l6(a, ...)  bide__json_letter(a), bide__json_l5(__VA_ARGS__)
#define bide__json_l7(a, ...)  bide__json_letter(a), bide__json_l6(__VA_ARGS__)
#define bide__json_l8(a, ...)  bide__json_letter(a), bide__json_l7(__VA_ARGS__)
#define bide__json_l9(a, ...)  bide__json_letter(a), bide__json_l8(__VA_ARGS__)
#define bide__json_l10(a, ...) bide__json_letter(a), bide__json_l9(__VA_ARGS__)
#define bide__json_l11(a, ...) bide__json_letter(a), bide__json_l10(__VA_ARGS__)
#define bide__json_l12(a, ...) bide__json_letter(a), bide__json_l11(__VA_ARGS__)
#define bide__json_l13(a, ...) bide__json_letter(a), bide__json_l12(__VA_ARGS__)
#define bide__json_l14(a, ...) bide__json_letter(a), bide__json_l13(__VA_ARGS__)
#define bide__json_l15(a, ...) bide__json_letter(a), bide__json_l14(__VA_ARGS__)
#define bide__json_l16(a, ...) bide__json_letter(a), bide__json_l15(__VA_ARGS__)
#define bide__json_l17(a, ...) bide__json_letter(a), bide__json_l16(__VA_ARGS__)
#define bide__json_l18(a, ...) bide__json_letter(a), bide__json_l17(__VA_ARGS__)
#define bide__json_l19(a, ...) bide__json_letter(a), bide__json_l18(__VA_ARGS__)
#define bide__json_l20(a, ...) bide__json_letter(a), bide__json_l19(__VA_ARGS__)
#define bide__json_l21(a, ...) bide__json_letter(a), bide__json_l20(__VA_ARGS__)
#define bide__json_l22(a, ...) bide__json_letter(a), bide__json_l21(__VA_ARGS__)
#define bide__json_l23(a, ...) bide__json_letter(a), bide__json_l22(__VA_ARGS__)
#define bide__json_l24(a, ...) bide__json_letter(a), bide__json_l23(__VA_ARGS__)
#define bide__json_l25(a, ...) bide__json_letter(a), bide__json_l24(__VA_ARGS__)
#define bide__json_l26(a, ...) bide__json_letter(a), bide__json_l25(__VA_ARGS__)
#define bide__json_l27(a, ...) bide__json_letter(a), bide__json_l26(__VA_ARGS__)
#define bide__json_l28(a, ...) bide__json_letter(a), bide__json_l27(__VA_ARGS__)
#define bide__json_l29(a, ...) bide__json_letter(a), bide__json_l28(__VA_ARGS__)
#define bide__json_l30(a, ...) bide__json_letter(a), bide__json_l29(__VA_ARGS__)
#define bide__json_l31(a, ...) bide__json_letter(a), bide__json_l30(__VA_ARGS__)
#define bide__json_l32(a, ...) bide__json_letter(a), bide__json_l31(__VA_ARGS__)
#define bide__json_l33(a, ...) bide__json_letter(a), bide__json_l32(__VA_ARGS__)
#define bide__json_l34(a, ...) bide__json_letter(a), bide__json_l33(__VA_ARGS__)
#define bide__json_l35(a, ...) bide__json_letter(a), bide__json_l34(__VA_ARGS__)
#define bide__json_l36(a, ...) bide__json_letter(a), bide__json_l35(__VA_ARGS__)
#define bide__json_l37(a, ...) bide__json_letter(a), bide__json_l36(__VA_ARGS__)
#define bide__json_l38(a, ...) bide__json_letter(a), bide__json_l37(__VA_ARGS__)
#define bide__json_l39(a, ...) bide__json_letter(a), bide__json_l38(__VA_ARGS__)
#define bide__json_l40(a, ...) bide__json_letter(a), bide__json_l39(__VA_ARGS__)
#define bide__json_l41(a, ...) bide__json_letter(a), bide__json_l40(__VA_ARGS__)
#define bide__json_l42(a, ...) bide__json_letter(a), bide__json_l41(__VA_ARGS__)
#define bide__json_l43(a, ...) bide__json_letter(a), bide__json_l42(__VA_ARGS__)
#define bide__json_l44(a, ...) bide__json_letter(a), bide__json_l43(__VA_ARGS__)
#define bide__json_l45(a, ...) bide__json_letter(a), bide__json_l44(__VA_ARGS__)
#define bide__json_l46(a, ...) bide__json_letter(a), bide__json_l45(__VA_ARGS__)
#define bide__json_l47(a, ...) bide__json_letter(a), bide__json_l46(__VA_ARGS__)
#define bide__json_l48(a, ...) bide__json_letter(a), bide__json_l47(__VA_ARGS__)
#define bide__json_l49(a, ...) bide__json_letter(a), bide__json_l48(__VA_ARGS__)
#define bide__json_l50(a, ...) bide__json_letter(a), bide__json_l49(__VA_ARGS__)
#define bide__json_l51(a, ...) bide__json_letter(a), bide__json_l50(__VA_ARGS__)
#define bide__json_l52(a, ...) bide__json_letter(a), bide__json_l51(__VA_ARGS__)
#define bide__json_l53(a, ...) bide__json_letter(a), bide__json_l52(__VA_ARGS__)
#define bide__json_l54(a, ...) bide__json_letter(a), bide__json_l53(__VA_ARGS__)
#define bide__json_l55(a, ...) bide__json_letter(a), bide__json_l54(__VA_ARGS__)
#define bide__json_l56(a, ...) bide__json_letter(a), bide__json_l55(__VA_ARGS__)
#define bide__json_l57(a, ...) bide__json_letter(a), bide__json_l56(__VA_ARGS__)
#define bide__json_l58(a, ...) bide__json_letter(a), bide__json_l57(__VA_ARGS__)
#define bide__json_l59(a, ...) bide__json_letter(a), bide__json_l58(__VA_ARGS__)
#define bide__json_l60(a, ...) bide__json_letter(a), bide__json_l59(__VA_ARGS__)
#define bide__json_l61(a, ...) bide__json_letter(a), bide__json_l60(__VA_ARGS__)
#endif

#endif
