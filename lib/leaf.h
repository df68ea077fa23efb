/*
 * lib/leaf.h: what the files of leaves need: the faces of the runtime that a leaf may use.
 * runtime/leaf.h says how a leaf is written.
 *
 * Include this header before all others: leaves define as plain functions what the public headers
 * declare async, so bide_async vanishes in their files, even for `bide cc`.
 */
#ifndef BIDE_LIB_LEAF_H
#define BIDE_LIB_LEAF_H

#define bide_async

#include "lib/runtime.h"

#include <bide/abi.h>

#endif
