/* SPDX-License-Identifier: MIT */
// wrap: malloc calloc realloc free
/* test_table.c - dicts and sets: an order, a hash, and what holds between. */
#include "manager/test_memory.h"

#include "manager/cell.h"

#include <math.h>

/* --- what always holds --- */

/* Every entry is found, every slot is of an entry, and none wanders far: with
 * half of the slots free the mean is half a step. */
static void expect_sound(const struct table *t)
{
    size_t filled = 0, holes = 0, steps = 0;
    uint64_t weight = 1;

    for (size_t i = 0; i < t->slot_count; i++) {
        const struct entry *entry;

        if (!t->slots[i])
            continue;
        filled++;
        assert_true(t->slots[i] <= t->length);
        entry = &t->entries[t->slots[i] - 1];
        assert_int_not_equal(entry->key.kind, DATUM_NOTHING);
        steps += (i - (size_t)entry->hash) & (t->slot_count - 1);
    }
    for (size_t i = 0; i < t->length; i++) {
        const struct entry *entry = &t->entries[i];

        holes += entry->key.kind == DATUM_NOTHING;
        if (entry->key.kind == DATUM_NOTHING)
            continue;
        weight += datum_weight(&entry->key) + datum_weight(&entry->value);
        assert_int_equal(table_find_hashed(t, &entry->key, entry->hash), i);
    }
    assert_int_equal(filled, t->used);
    assert_int_equal(t->length - holes, t->used);
    assert_int_equal(weight, t->cell.weight);
    assert_true(t->length <= t->capacity);
    assert_true(t->capacity <= t->slot_count / 2);
    assert_true(steps <= 3 * t->used + 64);
}

static int set(struct table *t, int64_t key, int64_t value)
{
    return table_set(t, datum_int(key), datum_int(value));
}

static int64_t find(const struct table *t, int64_t key)
{
    struct datum d = datum_int(key);

    return table_find(t, &d);
}

/* --- against a plain array --- */

enum { KEYS = 300, TURNS = 100000 };

struct model {
    size_t n;
    int64_t keys[KEYS], values[KEYS];
};

static size_t model_find(const struct model *m, int64_t key)
{
    size_t i = 0;

    while (i < m->n && m->keys[i] != key)
        i++;
    return i;
}

static void model_set(struct model *m, int64_t key, int64_t value)
{
    size_t i = model_find(m, key);

    m->n += i == m->n;
    m->keys[i] = key;
    m->values[i] = value;
}

static void model_delete(struct model *m, size_t i)
{
    m->n--;
    memmove(m->keys + i, m->keys + i + 1, (m->n - i) * sizeof *m->keys);
    memmove(m->values + i, m->values + i + 1, (m->n - i) * sizeof *m->values);
}

static void expect_equal(const struct table *t, const struct model *m)
{
    int64_t at = table_next(t, 0);

    assert_int_equal(t->used, m->n);
    for (size_t i = 0; i < m->n; i++, at = table_next(t, at + 1)) {
        assert_true(at >= 0);
        assert_true(t->entries[at].key.integer == m->keys[i]);
        assert_true(t->entries[at].value.integer == m->values[i]);
    }
    assert_int_equal(at, TABLE_NONE);
    expect_sound(t);
}

/* The first, the last, or any: what popitem, pop and del take. */
static void delete_one(struct table *t, struct model *m, uint32_t choice)
{
    size_t i = choice % 4 == 0   ? 0
               : choice % 4 == 1 ? m->n - 1
                                 : choice / 4 % m->n;

    table_delete(t, find(t, m->keys[i]));
    assert_int_equal(find(t, m->keys[i]), TABLE_NONE);
    model_delete(m, i);
}

static void a_table_is_what_an_array_would_be(void **state)
{
    static struct model m;
    struct datum dict = datum_dict();
    struct table *t = dict.table;
    uint64_t seed = 3;

    (void)state;
    m.n = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        /* It grows for a while, and then it shrinks. */
        bool grows = turn / 1000 % 2 == 0;
        int64_t key = memory_random(&seed) % KEYS * (INT64_C(1) << 32);
        size_t i = model_find(&m, key);
        int64_t at = find(t, key);

        assert_int_equal(at == TABLE_NONE, i == m.n);
        if (at >= 0)
            assert_true(t->entries[at].value.integer == m.values[i]);
        if (m.n == 0 || memory_random(&seed) % 4 < (grows ? 3 : 1)) {
            assert_int_equal(set(t, key, turn), 0);
            model_set(&m, key, turn);
        } else {
            delete_one(t, &m, memory_random(&seed));
        }
        assert_int_equal(t->used, m.n);
        if (turn % 100 == 0)
            expect_equal(t, &m);
        if (turn % 20011 == 0) {
            table_clear(t);
            m.n = 0;
        }
    }
    expect_equal(t, &m);
    datum_drop(&dict);
}

/* --- taken from an end, again and again --- */

/* As a queue: the entries that were are not kept. */
static void a_queue_of_keys_stays_small(void **state)
{
    struct datum dict = datum_dict();
    struct table *t = dict.table;

    (void)state;
    for (int64_t i = 0; i < TURNS; i++) {
        assert_int_equal(set(t, i, i), 0);
        if (i < 10)
            continue;
        assert_true(t->entries[table_next(t, 0)].key.integer == i - 10);
        table_delete(t, table_next(t, 0));
    }
    assert_int_equal(t->used, 10);
    assert_true(t->capacity <= 64);
    expect_sound(t);
    datum_drop(&dict);
}

/* (If each walked over the holes of those before it, that would be 10 to the
 * 10th steps; the alarm ends it.) */
static void many_are_taken_from_either_end(void **state)
{
    struct datum dict = datum_dict();
    struct table *t = dict.table;

    (void)state;
    for (int from_end = 0; from_end < 2; from_end++) {
        for (int64_t i = 0; i < 3 * TURNS; i++)
            assert_int_equal(set(t, i, i), 0);
        expect_sound(t);
        while (t->used)
            table_delete(t,
                         from_end ? (int64_t)t->length - 1 : table_next(t, 0));
        expect_sound(t);
        assert_int_equal(t->capacity, 0);
    }
    datum_drop(&dict);
}

/* Indices stay: who walks over the entries may take out what it comes by. */
static void all_but_some_are_taken_on_the_way(void **state)
{
    struct datum dict = datum_dict();
    struct table *t = dict.table;
    int64_t next = 0;

    (void)state;
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(set(t, i, i), 0);
    for (int64_t i = table_next(t, 0); i >= 0; i = table_next(t, i + 1))
        if (t->entries[i].key.integer % 7)
            table_delete(t, i);
    expect_sound(t);
    for (int64_t i = table_next(t, 0); i >= 0; i = table_next(t, i + 1)) {
        assert_true(t->entries[i].key.integer == next);
        next += 7;
    }
    assert_int_equal(next, 1001);
    datum_drop(&dict);
}

/* --- keys --- */

static void an_old_key_stays_and_a_deleted_one_is_new(void **state)
{
    struct datum dict = datum_dict();
    struct table *t = dict.table;
    struct datum truth = datum_bool(true);

    (void)state;
    assert_int_equal(set(t, 1, 10), 0);
    assert_int_equal(table_set(t, datum_str("a"), datum_str("b")), 0);
    assert_int_equal(table_set(t, datum_bool(true), datum_float(0.5)), 0);
    assert_int_equal(table_set(t, datum_float(1), datum_str("last")), 0);
    assert_int_equal(t->used, 2);
    assert_int_equal(t->entries[0].key.kind, DATUM_INT);
    assert_true(datum_is_str(&t->entries[0].value, "last"));
    table_delete(t, table_find(t, &truth));
    assert_int_equal(table_set(t, truth, datum_none()), 0);
    assert_int_equal(table_next(t, 0), 1);
    assert_int_equal(t->entries[table_next(t, 2)].key.kind, DATUM_BOOL);
    assert_true(datum_is_str(table_get(t, "a"), "b"));
    assert_null(table_get(t, "b"));
    table_clear(t);
    assert_null(table_get(t, "a"));
    assert_int_equal(find(t, 1), TABLE_NONE);
    expect_sound(t);
    datum_drop(&dict);
}

/* What can be within nothing. */
static struct datum deepest(void)
{
    struct datum d = datum_none();

    for (int i = 0; i < DATUM_DEPTH; i++)
        d = datum_sequence(DATUM_TUPLE, &d, 1);
    return d;
}

/* All that cannot be a key or a value, and what was given is dropped. */
static void what_is_refused_is_dropped(void **state)
{
    struct datum dict = datum_dict(), list = datum_list();
    struct datum tuple = datum_tuple("iO", INT64_C(1), datum_list());
    struct table *t = dict.table;

    (void)state;
    assert_int_equal(table_find(t, &tuple), -EINVAL);
    assert_int_equal(table_set(t, tuple, datum_share(&list)), -EINVAL);
    assert_int_equal(table_set(t, datum_nothing(-E2BIG), datum_share(&list)),
                     -E2BIG);
    assert_int_equal(table_set(t, datum_str("k"), datum_nothing(0)), -ENOMEM);
    assert_int_equal(table_set(t, datum_str("k"), deepest()), -E2BIG);
    assert_int_equal(t->used, 0);
    expect_sound(t);
    assert_int_equal(set(t, 1, 1), 0);
    assert_int_equal(table_set(t, datum_int(1), deepest()), -E2BIG);
    assert_int_equal(table_set(t, datum_int(1), datum_nothing(0)), -ENOMEM);
    assert_true(t->entries[0].value.integer == 1);
    assert_int_equal(list.cell->references, 1);
    expect_sound(t);
    datum_drop(&dict);
    datum_drop(&list);
}

/* (As it is, a str and bytes have one hash, if their bytes are the same.) */
static void one_hash_is_not_one_key(void **state)
{
    struct datum set = datum_set();
    struct datum str = datum_str("a"), bytes = datum_text(DATUM_BYTES, "a", 1);

    (void)state;
    assert_int_equal(table_set(set.table, str, datum_none()), 0);
    assert_int_equal(table_set(set.table, bytes, datum_none()), 0);
    assert_int_equal(set.table->entries[0].hash, set.table->entries[1].hash);
    assert_int_equal(table_find(set.table, &str), 0);
    assert_int_equal(table_find(set.table, &bytes), 1);
    table_delete(set.table, 0);
    assert_null(table_get(set.table, "a"));
    assert_int_equal(table_find(set.table, &bytes), 1);
    expect_sound(set.table);
    datum_drop(&set);
}

static void every_nan_is_a_key_of_its_own(void **state)
{
    struct datum set = datum_set(), nan = datum_float(NAN);

    (void)state;
    for (int i = 0; i < TURNS; i++)
        assert_int_equal(table_set(set.table, nan, datum_none()), 0);
    assert_int_equal(set.table->used, TURNS);
    assert_int_equal(table_find(set.table, &nan), TABLE_NONE);
    datum_drop(&set);
}

/* --- copies --- */

static void a_copy_shares_what_is_within(void **state)
{
    struct datum dict = datum_dict(), list = datum_list(), copy, keys, none;

    (void)state;
    for (int64_t i = 0; i < 100; i++)
        assert_int_equal(
            table_set(dict.table, datum_int(i), datum_share(&list)), 0);
    for (int64_t i = 0; i < 99; i++)
        table_delete(dict.table, i);
    copy = table_copy(dict.table, DATUM_DICT);
    keys = table_copy(dict.table, DATUM_FROZENSET);
    assert_int_equal(copy.kind, DATUM_DICT);
    assert_int_equal(keys.kind, DATUM_FROZENSET);
    assert_int_equal(list.cell->references, 3);
    assert_ptr_equal(copy.table->entries[0].value.cell, list.cell);
    assert_int_equal(keys.table->entries[0].value.kind, DATUM_NONE);
    assert_true(keys.table->capacity <= 8);
    expect_sound(copy.table);
    expect_sound(keys.table);
    table_clear(dict.table);
    none = table_copy(dict.table, DATUM_SET);
    assert_int_equal(none.table->used, 0);
    datum_drop(&none);
    datum_drop(&dict);
    datum_drop(&copy);
    datum_drop(&keys);
    assert_int_equal(list.cell->references, 1);
    datum_drop(&list);
}

static int fill_and_copy(void)
{
    struct datum dict = datum_dict(), copy;
    int error = datum_error(&dict);

    for (int64_t i = 0; i < 40 && !error; i++)
        error = table_set(dict.table, datum_tuple("is", i, "key"),
                          datum_str("value"));
    if (!error) {
        copy = table_copy(dict.table, DATUM_DICT);
        error = datum_error(&copy);
        datum_drop(&copy);
    }
    datum_drop(&dict);
    return error;
}

static void without_memory_nothing_is_kept(void **state)
{
    (void)state;
    memory_runs_out(fill_and_copy, 40 * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_table_is_what_an_array_would_be),
        TEST(a_queue_of_keys_stays_small),
        TEST(many_are_taken_from_either_end),
        TEST(all_but_some_are_taken_on_the_way),
        TEST(an_old_key_stays_and_a_deleted_one_is_new),
        TEST(what_is_refused_is_dropped),
        TEST(one_hash_is_not_one_key),
        TEST(every_nan_is_a_key_of_its_own),
        TEST(a_copy_shares_what_is_within),
        TEST(without_memory_nothing_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
