/* SPDX-License-Identifier: MIT */
// wrap: malloc calloc realloc
/*
 * test_proxy_memory.c - each allocation of a client fails once: it says so, and
 * leaves no connection, and no object but one whose name it could not read, or
 * could not say, which a server of ours has until the process ends.
 */
#include "manager/test_proxies.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *old, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *old, size_t n);

static int allowed = -1; /* allocations until one fails; below 0: none will */

static bool fails(void)
{
    return allowed >= 0 && allowed-- == 0;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *old, size_t n)
{
    return fails() ? NULL : __real_realloc(old, n);
}

/* Make a dict, iterate, hand it over and take it, and put it within itself. */
static int use_all(struct manager *m, struct proxy p[3])
{
    struct datum result = {0};
    struct parcel parcel;
    int error = manager_create(m, &p[0], "dict", "");

    if (!error)
        error = proxy_call(&p[0], &result, "setdefault", "ss", "k", "v");
    datum_drop(&result);
    if (!error)
        error = proxy_call(&p[0], &result, "__iter__", "");
    if (!error)
        error = proxy_from(&p[1], &p[0], &result);
    datum_drop(&result);
    parcel_init(&parcel);
    if (!error)
        error = proxy_pack(&p[0], &parcel);
    if (!error)
        error = proxy_unpack(&p[2], &parcel);
    parcel_free(&parcel);
    if (!error)
        error = proxy_call(&p[2], &result, "get", "O", proxy_datum(&p[1]));
    datum_drop(&result);
    return error;
}

static void every_allocation_fails_once(void **state)
{
    struct manager m;
    unsigned before;
    bool failed = true;
    int64_t lost = 0;

    (void)state;
    assert_int_equal(manager_start(&m, START_FORK, NULL), 0);
    before = count_descriptors();
    for (int i = 0; failed; i++) {
        struct proxy p[3];
        int64_t n = -1;
        int error;

        memset(p, 0, sizeof p);
        allowed = i;
        error = use_all(&m, p);
        failed = allowed < 0;
        allowed = -1;
        /* A reference that could not be given back is no error. */
        assert_true(error == 0 || (failed && error == -ENOMEM));
        for (size_t k = 0; k < 3; k++)
            proxy_close(&p[k]);
        assert_int_equal(count_descriptors(), before);
        assert_int_equal(manager_number_of_objects(&m, &n), 0);
        assert_in_range(n, lost, lost + (failed ? 1 : 0));
        lost = n;
    }
    manager_close(&m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_allocation_fails_once,
                                        census_begin, children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
