/*
 * bide/target.h: what the compiler must know about the target, stated by the target's own
 * preprocessor.
 *
 * Not for users. `bide cc` finds the string below in the preprocessed text and reads the facts from
 * it; for the C compiler it declares an array that nobody defines. It uses nothing newer than C89
 * and no word that is a macro of a C library in any dialect. Without these facts `bide cc` refuses
 * the file.
 */
#ifndef BIDE_TARGET_H
#define BIDE_TARGET_H

#define BIDE__FACT(x)  BIDE__FACT_(x)
#define BIDE__FACT_(x) #x
#ifdef __CHAR_UNSIGNED__
#define BIDE__CHAR "unsigned"
#else
#define BIDE__CHAR "signed"
#endif
#ifdef __ELF__
#define BIDE__ELF "1"
#else
#define BIDE__ELF "0"
#endif
#if __GNUC__ >= 9 || __clang_major__ >= 11
#define BIDE__INLINE "1"
#else
#define BIDE__INLINE "0"
#endif
#ifdef __STRICT_ANSI__
#define BIDE__ASM "0"
#else
#define BIDE__ASM "1"
#endif
#if !defined(__STRICT_ANSI__) || \
    (__STDC_VERSION__ > 201710L && (__GNUC__ >= 13 || __clang_major__ >= 16))
#define BIDE__TYPEOF "1"
#else
#define BIDE__TYPEOF "0"
#endif
#if __STDC_VERSION__ >= 199901L
#define BIDE__C99 "1"
#else
#define BIDE__C99 "0"
#endif
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define BIDE__BIG "1"
#else
#define BIDE__BIG "0"
#endif
#ifdef __clang__
#define BIDE__CLANG "1"
#else
#define BIDE__CLANG "0"
#endif

/* clang-format off */
extern const char bide__target[sizeof("bide target:"
                  "short=" BIDE__FACT(__SIZEOF_SHORT__)
                  ";int=" BIDE__FACT(__SIZEOF_INT__)
                  ";long=" BIDE__FACT(__SIZEOF_LONG__)
                  ";llong=" BIDE__FACT(__SIZEOF_LONG_LONG__)
                  ";pointer=" BIDE__FACT(__SIZEOF_POINTER__)
                  ";size=" BIDE__FACT(__SIZE_TYPE__)
                  ";ptrdiff=" BIDE__FACT(__PTRDIFF_TYPE__)
                  ";wchar=" BIDE__FACT(__WCHAR_TYPE__)
                  ";char16=" BIDE__FACT(__CHAR16_TYPE__)
                  ";char32=" BIDE__FACT(__CHAR32_TYPE__)
                  ";asm=" BIDE__ASM ";typeof=" BIDE__TYPEOF ";c99=" BIDE__C99
                  ";clang=" BIDE__CLANG ";elf=" BIDE__ELF ";big=" BIDE__BIG
                  ";inline=" BIDE__INLINE ";char=" BIDE__CHAR ";")];
/* clang-format on */

#undef BIDE__ASM
#undef BIDE__TYPEOF
#undef BIDE__C99
#undef BIDE__ELF
#undef BIDE__BIG
#undef BIDE__INLINE
#undef BIDE__CHAR
#undef BIDE__CLANG
#undef BIDE__FACT_
#undef BIDE__FACT

#endif
