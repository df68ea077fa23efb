/* Generated code repeats the types of the result and the parameters, so they need names. */
#include <bide/bide.h>

async struct { int x, y; } place(void);
typedef struct { int x, y; } point;
async point other_place(void);
async union { int x; } *pointer(void);
async int taker(int n, struct { int x; } value);
async int number(enum { ONE, TWO } value);
