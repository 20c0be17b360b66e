/* SPDX-License-Identifier: MIT */
/*
 * test_fan.c - of every kind of queue a fan has each item exactly once, and
 * says so when it has not.
 *
 * All participants are here, one after another: what they put in a window fits
 * into a pipe.
 */
#include "queue/test_queues.h"

#include "queue/workload.h"

enum { PRODUCERS = 2, CONSUMERS = 2, ALL = PRODUCERS + CONSUMERS, ITEMS = 21 };

extern const struct mechanism queue_mechanism, queue_plain_mechanism,
    simple_queue_mechanism, joinable_queue_mechanism;
static const struct mechanism *const kinds[] = {
    &queue_mechanism, &queue_plain_mechanism, &simple_queue_mechanism,
    &joinable_queue_mechanism, NULL};

static const struct setting settings[] = {
    {.name = "producers", .value = PRODUCERS},
    {.name = "consumers", .value = CONSUMERS},
    {.name = NULL}};

/* A fan of one kind; somebody beside its participants plays one of them. */
struct fans {
    const struct workload *w;
    struct trial trials[ALL + 1];
    unsigned descriptors;
};

static const struct workload *fan_of(const struct mechanism *m)
{
    for (const struct workload *w = m->workloads; w->name; w++)
        if (strcmp(w->name, "fan") == 0)
            return w;
    fail_msg("%s has no fan", m->name);
    return NULL;
}

/* Participant i, and as whom. */
static void join(struct fans *f, int i, int number)
{
    struct trial *t = &f->trials[i];
    struct parcel parcel;

    *t = (struct trial){.line = 64,
                        .number = number,
                        .participants = ALL,
                        .settings = settings};
    if (i == 0) {
        assert_int_equal(f->w->open(t), 0);
        return;
    }
    parcel_init(&parcel);
    assert_int_equal(f->w->pack(&f->trials[0], number - 1, &parcel), 0);
    assert_int_equal(f->w->join(t, number - 1, &parcel), 0);
    parcel_free(&parcel);
}

static void begin(struct fans *f, const struct mechanism *m, int double_of)
{
    f->w = fan_of(m);
    f->descriptors = count_descriptors();
    for (int i = 0; i < ALL; i++)
        join(f, i, i);
    join(f, ALL, double_of);
}

static int op(struct fans *f, int i, unsigned n)
{
    return f->w->op(&f->trials[i], n);
}

static void end(struct fans *f)
{
    for (int i = ALL; i >= 0; i--)
        f->w->close(&f->trials[i]);
    test_reap_freed(f->descriptors);
}

static void all_get_what_all_put(void **state)
{
    (void)state;
    for (const struct mechanism *const *m = kinds; *m; m++) {
        struct fans f;

        begin(&f, *m, 0);
        for (unsigned window = 1; window <= 3; window++) {
            for (int i = 0; i < ALL; i++)
                assert_int_equal(op(&f, i, ITEMS), 0);
            assert_int_equal(f.w->check(&f.trials[0], window * ITEMS), 0);
        }
        assert_int_equal(f.w->check(&f.trials[0], 3 * ITEMS + 1), -EILSEQ);
        assert_int_equal(f.w->check(&f.trials[0], 3 * ITEMS - 1), -EILSEQ);
        end(&f);
    }
}

/* Producer 0 and its double begin with the same number. */
static void an_item_that_comes_twice_is_noticed(void **state)
{
    (void)state;
    for (const struct mechanism *const *m = kinds; *m; m++) {
        struct fans f;

        begin(&f, *m, 0);
        assert_int_equal(op(&f, 0, 1), 0);
        assert_int_equal(op(&f, ALL, 1), 0);
        assert_int_equal(op(&f, PRODUCERS, 1), 0);
        assert_int_equal(op(&f, PRODUCERS, 1), -EILSEQ);
        end(&f);
    }
}

/* Two consumers have one of them each: neither can know, all together can. */
static void an_item_that_comes_to_two_is_noticed(void **state)
{
    (void)state;
    for (const struct mechanism *const *m = kinds; *m; m++) {
        struct fans f;

        begin(&f, *m, 0);
        assert_int_equal(op(&f, 0, 1), 0);
        assert_int_equal(op(&f, ALL, 1), 0);
        assert_int_equal(op(&f, PRODUCERS, 2), 0);
        assert_int_equal(op(&f, PRODUCERS + 1, 2), 0);
        assert_int_equal(f.w->check(&f.trials[0], 2), -EILSEQ);
        end(&f);
    }
}

static void there_are_as_many_as_it_can_count(void **state)
{
    static const int64_t some[][2] = {{0, 1}, {1, 0}, {9, 1}};

    (void)state;
    for (const struct mechanism *const *m = kinds; *m; m++)
        for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
            const struct setting who[] = {
                {.name = "producers", .value = some[i][0]},
                {.name = "consumers", .value = some[i][1]},
                {.name = NULL}};
            const struct workload *w = fan_of(*m);
            struct trial t = {.line = 64, .settings = who};

            assert_int_equal(w->open(&t), -EINVAL);
            w->close(&t);
        }
}

static void a_kind_that_is_none_is_refused(void **state)
{
    struct trial t = {.line = 64, .settings = settings};
    struct parcel parcel;

    (void)state;
    parcel_init(&parcel);
    assert_int_equal(parcel_put_u64(&parcel, KIND_RING + 1), 0);
    assert_int_equal(fan_join(&t, 0, &parcel), -EBADMSG);
    fan_close(&t);
    parcel_free(&parcel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_get_what_all_put),
        TEST(an_item_that_comes_twice_is_noticed),
        TEST(an_item_that_comes_to_two_is_noticed),
        TEST(there_are_as_many_as_it_can_count),
        TEST(a_kind_that_is_none_is_refused),
    };

    return cmocka_run_group_tests_name("fans", tests, NULL, NULL);
}
