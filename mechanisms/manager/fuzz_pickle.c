/* SPDX-License-Identifier: MIT */
/*
 * fuzz_pickle.c - a target for libFuzzer: whatever bytes are given, pickle_load
 * refuses them or makes a value, and a value is the same when it is written and
 * read again.
 *
 * It is no part of the lab: `make fuzz` builds and runs it (scripts/fuzz).
 */
#include "manager/pickle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What is shared unfolds when it is written: more than this is not. */
enum { MOST = 1 << 20 };

/* Its text, or false: there is none to compare, as it is too long or has an
 * address in it. */
static bool text_of(const struct datum *value, struct buffer *text)
{
    text->limit = MOST;
    return datum_repr(text, value) == 0 &&
           !memmem(text->bytes, text->length, " at 0x", 6);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct buffer out = {.limit = MOST}, first = {0}, second = {0};
    struct pickle_fault fault;
    struct datum value, again = {.kind = DATUM_NOTHING};
    int error = pickle_load(bytes, n, NULL, &value, &fault);

    if (error) {
        if (!*fault.text || fault.at > n || value.kind != DATUM_NOTHING)
            abort();
        return 0;
    }
    error = pickle_dump(&out, &value);
    if (error && error != -E2BIG)
        abort();
    if (!error && pickle_load(out.bytes, out.length, NULL, &again, &fault))
        abort();
    if (!error && text_of(&value, &first) &&
        (!text_of(&again, &second) || first.length != second.length ||
         memcmp(first.bytes, second.bytes, first.length) != 0))
        abort();
    buffer_free(&out);
    buffer_free(&first);
    buffer_free(&second);
    datum_drop(&value);
    datum_drop(&again);
    return 0;
}
