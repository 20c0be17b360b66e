/* SPDX-License-Identifier: MIT */
/* test_segment_starts.c - SharedMemory between a parent and its child, under
 * every start method. */
#include "shm/test_segments.h"

#include <sys/prctl.h>

enum { SIZE = 10000 };

/* From both ends: what one side left, and what the other leaves. */
static int answer(const struct shared_memory *m, const char *expected,
                  const char *left)
{
    char *text = m->buf, *last = text + m->size - 16;

    if (m->size != SIZE || strcmp(text, expected) != 0 ||
        strcmp(last, expected) != 0)
        return test_line(__LINE__);
    strcpy(text, left);
    strcpy(last, left);
    return 0;
}

static void open_and_tell(struct shared_memory *m, const char *what)
{
    assert_int_equal(shared_memory_create(m, test_name(what), SIZE), 0);
    strcpy(m->buf, "to child");
    strcpy((char *)m->buf + SIZE - 16, "to child");
}

static int run_child(enum start_method method, const char *target,
                     const struct shared_memory *m, const char *text)
{
    struct parcel arguments;
    struct process p;
    int code;

    parcel_init(&arguments);
    if (m)
        assert_int_equal(shared_memory_pack(m, &arguments), 0);
    if (text)
        assert_int_equal(parcel_put_text(&arguments, text), 0);
    test_start(&p, method, target, &arguments);
    code = test_finish(&p);
    parcel_free(&arguments);
    return code;
}

/* --- by its name --- */

static int attach_and_answer(struct parcel *arguments)
{
    struct shared_memory m;
    const char *name;
    int line;

    if (parcel_take_text(arguments, &name) || shared_memory_attach(&m, name))
        return test_line(__LINE__);
    line = answer(&m, "to child", "to parent");
    shared_memory_close(&m);
    return line;
}
TARGET(attach_and_answer)

/* Attached to and left by a child, it is there still. */
static void a_child_attaches_by_the_name(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct shared_memory s;

        listen_to_tracker();
        open_and_tell(&s, "named");
        assert_int_equal(
            run_child(test_methods[m], "attach_and_answer", NULL, s.name), 0);
        assert_int_equal(answer(&s, "to parent", ""), 0);
        forkserver_stop(5 * SECOND);
        assert_true(segment_exists(s.name));
        shared_memory_close(&s);
        assert_int_equal(shared_memory_unlink(&s), 0);
        expect_said("");
    }
}

/* --- by a parcel --- */

static int unpack_and_answer(struct parcel *arguments)
{
    struct shared_memory m;
    const char *name;
    int line;

    if (shared_memory_unpack(&m, arguments) ||
        parcel_take_text(arguments, &name) || strcmp(name, m.name) != 0)
        return test_line(__LINE__);
    line = answer(&m, "to child", "to parent");
    shared_memory_close(&m);
    shared_memory_close(&m);
    return line;
}
TARGET(unpack_and_answer)

/* Whether the segment has its name still, or another has it. */
static void a_child_is_handed_the_segment_itself(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++)
        for (int unlinked = 0; unlinked < 3; unlinked++) {
            struct shared_memory s, another;

            open_and_tell(&s, "handed");
            if (unlinked)
                assert_int_equal(shared_memory_unlink(&s), 0);
            if (unlinked == 2)
                assert_int_equal(shared_memory_create(&another, s.name, 8), 0);
            assert_int_equal(
                run_child(test_methods[m], "unpack_and_answer", &s, s.name), 0);
            assert_int_equal(answer(&s, "to parent", ""), 0);
            shared_memory_close(&s);
            if (unlinked == 2)
                shared_memory_close(&another);
            assert_int_equal(
                shared_memory_unlink(unlinked == 2 ? &another : &s),
                unlinked == 1 ? -ENOENT : 0);
        }
}

static int unlink_it(struct parcel *arguments)
{
    struct shared_memory m;

    if (shared_memory_unpack(&m, arguments))
        return test_line(__LINE__);
    shared_memory_close(&m);
    return shared_memory_unlink(&m) ? test_line(__LINE__) : 0;
}
TARGET(unlink_it)

/* And the tracker, which is the same, knows. */
static void a_child_may_unlink_what_it_was_handed(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct shared_memory s;

        listen_to_tracker();
        open_and_tell(&s, "unlinked");
        assert_int_equal(run_child(test_methods[m], "unlink_it", &s, NULL), 0);
        assert_false(segment_exists(s.name));
        assert_int_equal(answer(&s, "to child", ""), 0); /* mapped still */
        assert_int_equal(shared_memory_unlink(&s), -ENOENT);
        shared_memory_close(&s);
        forkserver_stop(5 * SECOND);
        expect_struck_out(&s);
    }
}

/* --- a child's own --- */

static int create_and_leave(struct parcel *arguments)
{
    struct shared_memory m;
    const char *name;

    if (parcel_take_text(arguments, &name) ||
        shared_memory_create(&m, name, SIZE))
        return test_line(__LINE__);
    strcpy(m.buf, "to parent");
    strcpy((char *)m.buf + SIZE - 16, "to parent");
    shared_memory_close(&m);
    return 0;
}
TARGET(create_and_leave)

/* It outlives the child, since others of the program may have it; who attached
 * unlinks it, and then nothing has leaked. */
static void what_a_child_made_is_there_when_it_has_ended(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        const char *name = test_name("childs");
        struct shared_memory s;

        listen_to_tracker();
        assert_true(tracker_ensure_running() >= 0);
        assert_int_equal(
            run_child(test_methods[m], "create_and_leave", NULL, name), 0);
        forkserver_stop(5 * SECOND);
        assert_int_equal(shared_memory_attach(&s, name), 0);
        assert_int_equal(answer(&s, "to parent", ""), 0);
        shared_memory_close(&s);
        assert_int_equal(shared_memory_unlink(&s), 0);
        expect_said("");
    }
}

/* --- a name that is made again --- */

static int find_none(struct parcel *arguments)
{
    struct shared_memory m;
    const char *name;

    if (parcel_take_text(arguments, &name))
        return test_line(__LINE__);
    return shared_memory_attach(&m, name) == -ENOENT ? 0 : test_line(__LINE__);
}
TARGET(find_none)

static int find_it_taken(struct parcel *arguments)
{
    struct shared_memory m;
    const char *name;

    if (parcel_take_text(arguments, &name))
        return test_line(__LINE__);
    return shared_memory_create(&m, name, 8) == -EEXIST ? 0
                                                        : test_line(__LINE__);
}
TARGET(find_it_taken)

static void a_name_is_free_again_when_it_was_unlinked(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        const char *name = test_name("again");
        struct shared_memory s;

        for (int turn = 0; turn < 2; turn++) {
            assert_int_equal(
                run_child(test_methods[m], "find_none", NULL, name), 0);
            open_and_tell(&s, "again");
            assert_int_equal(
                run_child(test_methods[m], "find_it_taken", NULL, name), 0);
            assert_int_equal(
                run_child(test_methods[m], "attach_and_answer", NULL, name), 0);
            shared_memory_close(&s);
            assert_int_equal(shared_memory_unlink(&s), 0);
        }
    }
}

/* --- parcels that are damaged --- */

static void a_parcel_of_no_segment_is_refused(void **state)
{
    struct shared_memory s, again;
    size_t length = 1;

    (void)state;
    open_and_tell(&s, "cut");
    for (size_t cut = 1; cut <= length; cut++) {
        struct parcel parcel;

        parcel_init(&parcel);
        assert_int_equal(shared_memory_pack(&s, &parcel), 0);
        length = parcel.length;
        parcel.length -= cut;
        assert_true(shared_memory_unpack(&again, &parcel) < 0);
        assert_null(again.buf);
        assert_int_equal(again.fd, -1);
        shared_memory_close(&again);
        parcel_free(&parcel);
    }
    shared_memory_close(&s);
    {
        struct parcel parcel;

        parcel_init(&parcel);
        assert_int_equal(shared_memory_pack(&s, &parcel), -EBADF);
        parcel_free(&parcel);
    }
    assert_int_equal(shared_memory_unlink(&s), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_child_attaches_by_the_name),
        TEST(a_child_is_handed_the_segment_itself),
        TEST(a_child_may_unlink_what_it_was_handed),
        TEST(what_a_child_made_is_there_when_it_has_ended),
        TEST(a_name_is_free_again_when_it_was_unlinked),
        TEST(a_parcel_of_no_segment_is_refused),
    };

    mechanisms_init(argc, argv);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
