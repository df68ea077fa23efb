// A line that is longer than the screen is cut to the text round the caret; the marked text,
// fix-its and columns are still right, also after tabs and wide characters.
#include <bide/bide.h>

#define ADD(n) ((n) + 1)

async int fetch(int n);
struct page {
    int length;
};
async struct page *get(int n);

async int marks(int n)
{
    int number_00 = n, number_01 = n, number_02 = n, number_03 = n, number_04 = n, number_05 = n, number_06 = n, number_07 = n, number_08 = n, number_09 = n, number_10 = n, number_11 = n, number_12 = n, number_13 = n, number_14 = n, number_15 = n, number_16 = n, number_17 = n, number_18 = n, number_19 = n, number_20 = n, number_21 = n, number_22 = n, number_23 = n, number_24 = n, number_25 = n, number_26 = n, number_27 = n, number_28 = n, number_29 = n;
    int a = n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + fetch(1) + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n;
	/*	漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字 é */	int b = /* 日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語 */ fetch(ADD(2)) + /* 表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表 */ n;
    int c = fetch(number_00 + number_01 + number_02 + number_03 + number_04 + number_05 + number_06 + number_07 + number_08 + number_09 + number_10 + number_11 + number_12 + number_13 + number_14 + number_15 + number_16 + number_17 + number_18 + number_19 + number_20 + number_21 + number_22 + number_23 + number_24 + number_25 + number_26 + number_27 + number_28 + number_29) + fetch(3);
    int d = n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + fetch(4);
    int e = n + await get(number_00 + number_01 + number_02 + number_03 + number_04 + number_05 + number_06 + number_07 + number_08 + number_09 + number_10 + number_11 + number_12 + number_13 + number_14 + number_15 + number_16 + number_17 + number_18 + number_19 + number_20 + number_21 + number_22 + number_23 + number_24 + number_25 + number_26 + number_27 + number_28 + number_29)->length;
    int f = fetch(5) + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + fetch(6); int g = n;
    return a + b + c + d + e + f + g;
}

int plain(int n)
{
    int number_00 = n, number_01 = n, number_02 = n, number_03 = n, number_04 = n, number_05 = n, number_06 = n, number_07 = n, number_08 = n, number_09 = n, number_10 = n, number_11 = n, number_12 = n, number_13 = n, number_14 = n, number_15 = n, number_16 = n, number_17 = n, number_18 = n, number_19 = n, number_20 = n, number_21 = n, number_22 = n, number_23 = n, number_24 = n, number_25 = n, number_26 = n, number_27 = n, number_28 = n, number_29 = n;
    return n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + fetch(number_00 + number_01 + number_02 + number_03 + number_04 + number_05 + number_06 + number_07 + number_08 + number_09 + number_10 + number_11 + number_12 + number_13 + number_14 + number_15 + number_16 + number_17 + number_18 + number_19 + number_20 + number_21 + number_22 + number_23 + number_24 + number_25 + number_26 + number_27 + number_28 + number_29) + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n + n;
}
