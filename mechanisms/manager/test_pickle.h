/* SPDX-License-Identifier: MIT */
/* test_pickle.h - what the tests of pickles share. */
#ifndef IPCLAB_TEST_PICKLE_H
#define IPCLAB_TEST_PICKLE_H

#include "common/test_census.h"

#include "common/hooks.h"
#include "manager/pickle.h"
#include "manager/test_pickle_samples.h"

/* The value that bytes hold, which must be one; dropped by the caller. */
static inline struct datum test_load(const char *bytes, size_t n)
{
    struct pickle_fault fault;
    struct datum value;
    int error = pickle_load(bytes, n, NULL, &value, &fault);

    if (error)
        fail_msg("%d at %zu: %s", error, fault.at, fault.text);
    return value;
}

/* Does it hold what Python prints so? */
static inline void test_loads(const char *bytes, size_t n, const char *repr)
{
    struct datum value = test_load(bytes, n);
    struct buffer text = {0};

    assert_int_equal(datum_repr(&text, &value), 0);
    assert_int_equal(buffer_put(&text, "", 1), 0);
    assert_string_equal((const char *)text.bytes, repr);
    buffer_free(&text);
    datum_drop(&value);
}

/* Is it refused, with that error and that in its text? */
static inline void test_refuses(const char *bytes, size_t n, int error,
                                const char *text)
{
    struct pickle_fault fault;
    struct datum value;

    assert_int_equal(pickle_load(bytes, n, NULL, &value, &fault), error);
    assert_int_equal(value.kind, DATUM_NOTHING);
    assert_in_range(fault.at, 0, n);
    if (!*fault.text || !strstr(fault.text, text))
        fail_msg("\"%s\" is not \"%s\"", fault.text, text);
    assert_int_equal(pickle_load(bytes, n, NULL, &value, NULL), error);
}

/* A pickle that is put together of parts. */
static inline void test_repeat(struct buffer *b, const char *part, size_t n,
                               size_t times)
{
    while (times-- > 0)
        assert_int_equal(buffer_put(b, part, n), 0);
}

#endif
