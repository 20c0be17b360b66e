/* SPDX-License-Identifier: MIT */
/* test_list_kept.c - what a hosted list keeps, when a sort fails, and what it
 * gives back, when it is emptied. */
#include "manager/test_hosted_object.h"

enum { MANY = 300 };

/* Pairs whose first item decides, but for that at `odd`, which is like the
 * tenth's and cannot be compared with it beyond that. */
static struct datum pairs(int64_t odd)
{
    struct datum list = datum_list();

    for (int64_t i = 0; i < MANY; i++)
        datum_append(&list, i == odd ? datum_tuple("is", INT64_C(70), "odd")
                                     : datum_tuple("ii", i * 7 % MANY, i));
    return list;
}

/* Wherever the comparison is that raises, each item is there once. */
static void what_cannot_be_sorted_is_all_there(void **state)
{
    (void)state;
    for (int64_t odd = 11; odd < MANY; odd += 7) {
        struct datum arguments = datum_tuple("O", pairs(odd));
        struct datum none = datum_tuple(""), result;
        struct object *o = hosted_open(&list_type, &arguments, NULL, &result);
        bool seen[MANY] = {false};

        assert_non_null(o);
        assert_int_equal(hosted_call(o, "sort", &none, NULL, &result), RAISED);
        datum_drop(&result);
        result = hosted_value(o);
        if (!result.sequence)
            abort(); /* an assert does not end a path for the analyzer */
        for (size_t i = 0; i < MANY; i++) {
            const struct sequence *pair = result.sequence->items[i].sequence;
            const struct datum *name = &pair->items[1];
            int64_t n = name->kind == DATUM_STR ? odd : name->integer;

            assert_false(seen[n]);
            seen[n] = true;
        }
        datum_drop(&result);
        hosted_close(o);
        datum_drop(&arguments);
        datum_drop(&none);
    }
}

/* slice(None, None, step) */
static struct datum whole(struct datum step)
{
    struct datum fields[] = {datum_none(), datum_none(), step};

    return datum_record(DATUM_SLICE, fields, 3);
}

/* However what was in it is taken out. */
static void a_list_that_was_long_gives_memory_back(void **state)
{
    struct {
        const char *method;
        struct datum arguments;
    } ways[] = {
        {"__setitem__", datum_tuple("OO", whole(datum_none()), datum_list())},
        {"__delitem__", datum_tuple("O", whole(datum_none()))},
        {"__delitem__", datum_tuple("O", whole(datum_int(-1)))},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct datum arguments = datum_tuple("O", pairs(-1)), result;
        struct object *o = hosted_open(&list_type, &arguments, NULL, &result);
        const struct datum *list;

        if (!o)
            abort(); /* an assert does not end a path for the analyzer */
        list = (void *)o->state;
        assert_int_equal(list->sequence->length, MANY);
        assert_int_equal(list->cell->depth, 2);
        assert_int_equal(
            hosted_call(o, ways[i].method, &ways[i].arguments, NULL, &result),
            0);
        datum_drop(&result);
        assert_int_equal(list->sequence->length, 0);
        assert_in_range(list->sequence->capacity, 0, 64);
        assert_int_equal(list->cell->depth, 1);
        hosted_close(o);
        datum_drop(&arguments);
        datum_drop(&ways[i].arguments);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_cannot_be_sorted_is_all_there,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_list_that_was_long_gives_memory_back,
                                        census_begin, census_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
