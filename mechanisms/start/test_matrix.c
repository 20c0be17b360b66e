/* SPDX-License-Identifier: MIT */
/*
 * test_matrix.c - every shareable thing under every start method.
 *
 * Each is handed to a child, and by that to a child of its own, under each pair
 * of methods; the last one uses it, and the first parent sees that it did.
 */
#include "start/test_matrix.h"

#include "common/test_matrix_common.h"
#include "manager/test_matrix_manager.h"
#include "pipe/test_matrix_pipe.h"
#include "queue/test_matrix_queue.h"
#include "ring/test_matrix_ring.h"
#include "shm/test_matrix_shm.h"
#include "sync/test_matrix_sync.h"

/* A mechanism joins by a header above and a line here. */
static const struct shareable *const things[] = {
    &matrix_bytes,  &matrix_fd,     &matrix_fd_twice, &matrix_region,
    &matrix_writer, &matrix_reader, &matrix_duplex,   MATRIX_SYNC,
    MATRIX_QUEUES,  MATRIX_RINGS,   MATRIX_SHM,       MATRIX_MANAGER,
    NULL,
};

/* Pack a thing for a child that hands it on by `next`, or uses it. */
static int start_with(struct process *p, uint64_t which, void *thing,
                      enum start_method method, uint64_t next)
{
    struct parcel arguments;
    int error;

    parcel_init(&arguments);
    error = parcel_put_u64(&arguments, which);
    if (!error)
        error = parcel_put_u64(&arguments, next);
    if (!error)
        error = things[which]->pack(thing, &arguments);
    process_init(p, "use_or_hand_on", &arguments);
    p->method = method;
    if (!error)
        error = process_start(p);
    parcel_free(&arguments);
    return error;
}

static int hand_on(uint64_t which, void *thing, enum start_method method)
{
    struct process p;
    int code = -1;

    if (start_with(&p, which, thing, method, TEST_METHODS) ||
        process_join(&p, NO_TIMEOUT) || process_exitcode(&p, &code) ||
        process_close(&p))
        return test_line(__LINE__);
    return code;
}

static int use_or_hand_on(struct parcel *arguments)
{
    _Alignas(16) char thing[SHAREABLE_SIZE];
    uint64_t which, next;
    int line;

    if (parcel_take_u64(arguments, &which) ||
        parcel_take_u64(arguments, &next) ||
        things[which]->unpack(thing, arguments))
        return test_line(__LINE__);
    line = next < TEST_METHODS ? hand_on(which, thing, (enum start_method)next)
                               : things[which]->use(thing);
    things[which]->close(thing);
    return line;
}
TARGET(use_or_hand_on)

/* next is TEST_METHODS for a child that keeps it. */
static void try_one(uint64_t which, enum start_method method, uint64_t next)
{
    _Alignas(16) char thing[SHAREABLE_SIZE], kept[SHAREABLE_SIZE];
    const struct shareable *s = things[which];
    struct process p;
    int code, line;

    assert_int_equal(s->make(thing, kept), 0);
    assert_int_equal(start_with(&p, which, thing, method, next), 0);
    code = test_finish(&p);
    line = code ? 0 : s->check(thing, kept);
    if (code || line)
        fail_msg("%s, %s then %s: a child ended with %d, the check with %d",
                 s->name, start_method_names[method],
                 next < TEST_METHODS ? start_method_names[next] : "used", code,
                 line);
    s->close(thing);
    if (s->close_kept)
        s->close_kept(kept);
}

static void every_thing_works_under_every_method(void **state)
{
    (void)state;
    for (uint64_t which = 0; things[which]; which++)
        for (size_t m = 0; m < TEST_METHODS; m++)
            try_one(which, test_methods[m], TEST_METHODS);
}

static void every_thing_can_be_handed_on_by_every_pair_of_methods(void **state)
{
    (void)state;
    for (uint64_t which = 0; things[which]; which++)
        for (size_t m = 0; m < TEST_METHODS; m++)
            for (size_t n = 0; n < TEST_METHODS; n++)
                try_one(which, test_methods[m], test_methods[n]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_thing_works_under_every_method,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            every_thing_can_be_handed_on_by_every_pair_of_methods, census_begin,
            children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
