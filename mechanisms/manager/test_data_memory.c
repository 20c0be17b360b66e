/* SPDX-License-Identifier: MIT */
// wrap: malloc calloc realloc free
/*
 * test_data_memory.c - hosted types without memory: a method that finds none
 * says -ENOMEM, keeps nothing, and its object is whole.
 */
#include "manager/test_memory.h"

#include "manager/serving.h"

/* What is being tried: an object made with `open`, and a method of it. */
static struct {
    const struct hosted_type *type;
    struct datum open, arguments;
    const char *method;
} trying;

/* An object without an allocation of the test's own. */
static union {
    struct object object;
    max_align_t room[64];
} place;

static int run_method(struct object *o)
{
    struct call call = {.object = o,
                        .name = trying.method,
                        .arguments = trying.arguments.sequence->items,
                        .count = trying.arguments.sequence->length,
                        .result = datum_none()};
    const struct method *m = o->type->methods;
    int error;

    while (m->name && strcmp(m->name, trying.method) != 0)
        m++;
    assert_non_null(m->name);
    error = m->run(&call, o->state);
    datum_drop(&call.result);
    return error == RAISED ? 0 : error;
}

/* Whatever has happened, it can be seen and closed. */
static void look(struct object *o)
{
    const long left = memory_left;
    struct call call = {.object = o};
    struct buffer text = {0};

    memory_left = 0;
    assert_int_equal(object_text(&call, false, &text), 0);
    buffer_free(&text);
    o->type->close(o->state);
    memory_left = left;
}

static int try(void)
{
    struct object *o = &place.object;
    struct call call = {.object = o,
                        .name = trying.type->name,
                        .arguments = trying.open.sequence->items,
                        .count = trying.open.sequence->length,
                        .result = datum_none()};
    int error;

    memset(&place, 0, sizeof place);
    o->type = trying.type;
    o->lock = &o->own;
    o->pins = 1;
    pthread_mutex_init(&o->own, NULL);
    error = o->type->open(&call, o->state);
    datum_drop(&call.result);
    if (error)
        return error == RAISED ? 0 : error;
    if (trying.method) {
        struct datum sent;

        /* Somebody is being sent it, so it is copied before it changes. */
        call.result = datum_none();
        error = o->type->value ? o->type->value(&call, o->state) : 0;
        sent = call.result;
        if (!error)
            error = run_method(o);
        datum_drop(&sent);
    }
    look(o);
    return error;
}

/* --- arguments --- */

static struct datum a_list(void)
{
    struct datum list = datum_list();

    for (int64_t i = 0; i < 5; i++)
        datum_append(&list, datum_tuple("is", 5 - i, "text"));
    return list;
}

static struct datum numbers(void)
{
    struct datum list = datum_list();

    for (int64_t i = 0; i < 5; i++)
        datum_append(&list, datum_int(i));
    return list;
}

static struct datum a_dict(void)
{
    struct datum dict = datum_dict();

    for (int64_t i = 0; i < 12; i++)
        assert_int_equal(table_set(dict.table, datum_int(i), datum_str("a")),
                         0);
    return dict;
}

static struct datum a_set(void)
{
    struct datum set = datum_set();

    for (int64_t i = 2; i < 14; i++)
        assert_int_equal(table_set(set.table, datum_int(i), datum_none()), 0);
    return set;
}

static struct datum a_slice(int64_t step)
{
    struct datum fields[3] = {datum_none(), datum_none(), datum_int(step)};

    return datum_record(DATUM_SLICE, fields, 3);
}

static void attempt(const char *method, struct datum arguments)
{
    trying.method = method;
    trying.arguments = arguments;
    assert_int_not_equal(arguments.kind, DATUM_NOTHING);
    memory_runs_out(try, 1);
    datum_drop(&trying.arguments);
}

/* Every method of the type, with arguments that fit some and not others. */
static void attempt_all(const struct hosted_type *type, struct datum open,
                        struct datum (*other)(void))
{
    trying.type = type;
    trying.open = open;
    for (const struct method *m = type->methods; m->name; m++) {
        attempt(m->name, datum_tuple(""));
        attempt(m->name, datum_tuple("O", other()));
        attempt(m->name, datum_tuple("O", a_list()));
        attempt(m->name, datum_tuple("O", a_slice(2)));
        attempt(m->name, datum_tuple("i", INT64_C(2)));
        attempt(m->name, datum_tuple("i", INT64_C(77)));
        attempt(m->name, datum_tuple("s", "none"));
        attempt(m->name, datum_tuple("ii", INT64_C(2), INT64_C(3)));
        attempt(m->name, datum_tuple("ss", "x", "y"));
        attempt(m->name, datum_tuple("OO", a_slice(1), other()));
        attempt(m->name, datum_tuple("OO", a_slice(-1), a_list()));
    }
    datum_drop(&trying.open);
}

static void a_list_without_memory(void **state)
{
    (void)state;
    attempt_all(&list_type, datum_tuple("O", a_list()), a_set);
}

/* (Sorting needs some of its own only where there is much.) */
static void a_long_list_is_sorted_without_memory(void **state)
{
    struct datum list = datum_list();

    (void)state;
    for (int64_t i = 0; i < 200; i++)
        datum_append(&list, datum_int(i * 7 % 200));
    trying.type = &list_type;
    trying.open = datum_tuple("O", list);
    attempt("sort", datum_tuple(""));
    datum_drop(&trying.open);
}

static void a_dict_without_memory(void **state)
{
    struct object *o = &place.object;

    (void)state;
    o->pins = 1;
    attempt_all(&dict_type, datum_tuple("O", a_dict()), a_dict);
}

static void a_set_without_memory(void **state)
{
    (void)state;
    attempt_all(&set_type, datum_tuple("O", numbers()), a_set);
}

static struct datum an_array(void)
{
    struct datum fields[2] = {datum_str("i"),
                              datum_text(DATUM_BYTES, "\1\0\0\0\2\0\0\0", 8)};

    return datum_record(DATUM_ARRAY, fields, 2);
}

static void an_array_without_memory(void **state)
{
    (void)state;
    attempt_all(&array_type, datum_tuple("sO", "i", numbers()), an_array);
}

static void a_value_without_memory(void **state)
{
    (void)state;
    attempt_all(&value_type, datum_tuple("sO", "i", numbers()), a_dict);
}

static void a_namespace_without_memory(void **state)
{
    (void)state;
    attempt_all(&namespace_type, datum_tuple(""), a_dict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_without_memory),
        TEST(a_long_list_is_sorted_without_memory),
        TEST(a_dict_without_memory),
        TEST(a_set_without_memory),
        TEST(an_array_without_memory),
        TEST(a_value_without_memory),
        TEST(a_namespace_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
