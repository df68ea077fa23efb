/*
 * lib/runtime.h: the faces of the runtime that lib/ and extra/ use.
 */
#ifndef BIDE_LIB_RUNTIME_H
#define BIDE_LIB_RUNTIME_H

#include "runtime/leaf.h"

#include "runtime/blocking/blocking.h"
#include "runtime/blocking/detached.h"
#include "runtime/entry.h"
#include "runtime/io/io.h"
#include "runtime/memory/memory.h"
#include "runtime/schedule/others.h"
#include "runtime/time/time.h"

#endif
