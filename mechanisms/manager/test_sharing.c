/* SPDX-License-Identifier: MIT */
// tsan: yes
// wrap: malloc calloc realloc free
/*
 * test_sharing.c - one value, in the hands of many threads.
 *
 * One process, no fork: what a race detector can see.
 */
#include "manager/test_memory.h"

#include <pthread.h>

enum { THREADS = 4, TURNS = 5000 };

static _Atomic int unpinned;

static void unpin(void *pin)
{
    (void)pin;
    unpinned++;
}

static struct datum new_proxy(void)
{
    static int object;
    struct datum fields[] = {datum_str("ListProxy"), datum_none(),
                             datum_none()};
    struct datum proxy = datum_record(DATUM_PROXY, fields, 3);

    proxy.record->pin = &object;
    proxy.record->unpin = unpin;
    return proxy;
}

/* A dict with a key whose hash is not known yet, which is within a tuple; and a
 * set that has it, too. */
static struct datum new_value(void)
{
    struct datum dict = datum_dict(), key = datum_str("a key");
    struct datum tuple = datum_tuple("Oi", datum_share(&key), INT64_C(1));

    assert_int_equal(table_set(dict.table, datum_int(1), new_proxy()), 0);
    assert_int_equal(table_set(dict.table, datum_int(2), key), 0);
    return datum_tuple("OO", dict, tuple);
}

/* Each begins with a reference of its own.  NULL, or something is wrong. */
static void *look_and_drop(void *argument)
{
    struct datum own = *(struct datum *)argument, again, two = datum_int(2);
    const char *culprit;
    uint64_t hash = 0, first = 0;
    bool good = true;

    for (int i = 0; i < TURNS; i++) {
        const struct datum *items = own.sequence->items;
        const struct table *t = items[0].table;
        const struct datum *str = &t->entries[table_find(t, &two)].value;

        good = good && datum_is_str(str, "a key") &&
               datum_hash(&items[1], &hash, &culprit) == 0 &&
               (first == 0 || hash == first) && datum_equal(&own, &own);
        first = hash;
        again = datum_share(&own);
        datum_drop(&own);
        own = again;
    }
    datum_drop(&own);
    return good ? NULL : argument;
}

static void threads_share_and_the_last_frees(void **state)
{
    struct datum value = new_value();
    pthread_t threads[THREADS];
    void *failed;

    (void)state;
    unpinned = 0;
    for (int i = 0; i < THREADS; i++) {
        (void)datum_share(&value);
        assert_int_equal(
            pthread_create(&threads[i], NULL, look_and_drop, &value), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(unpinned, 0);
    assert_int_equal(value.cell->references, 1);
    datum_drop(&value);
    assert_int_equal(unpinned, 1);
}

/* Whoever is last: it has seen what the others did, and frees it once. */
static void *drop(void *argument)
{
    datum_drop(argument);
    return NULL;
}

static void any_of_them_may_be_the_last(void **state)
{
    (void)state;
    for (int turn = 0; turn < 200; turn++) {
        struct datum value = new_value(), own[THREADS];
        pthread_t threads[THREADS];

        unpinned = 0;
        for (int i = 0; i < THREADS; i++)
            own[i] = i ? datum_share(&value) : value;
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, drop, &own[i]),
                             0);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(unpinned, 1);
    }
}

static void *nothing(void *unused)
{
    return unused;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(threads_share_and_the_last_frees),
        TEST(any_of_them_may_be_the_last),
    };
    pthread_t first;

    /* With the first thread a race detector starts one of its own. */
    if (pthread_create(&first, NULL, nothing, NULL) == 0)
        pthread_join(first, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
