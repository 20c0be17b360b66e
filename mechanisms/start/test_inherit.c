/* SPDX-License-Identifier: MIT */
/* test_inherit.c - what a child gets from its parent, and what it does not. */
#include "start/test_children.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* ---- targets ----------------------------------------------------------- */

/* Say how many descriptors it has, and live on as its siblings start. */
static int count_and_stay(struct parcel *arguments)
{
    unsigned count;
    int writer;

    if (parcel_take_fd(arguments, &writer))
        return 1;
    count = count_descriptors();
    write_full(writer, &count, sizeof count);
    close(writer);
    process_parent_join(NO_TIMEOUT);
    return 0;
}
TARGET(count_and_stay)

static int has_descriptor(struct parcel *arguments)
{
    uint64_t fd;

    if (parcel_take_u64(arguments, &fd))
        return 2;
    return fcntl((int)fd, F_GETFD) >= 0;
}
TARGET(has_descriptor)

static int name_a_child(struct parcel *arguments)
{
    struct process p;
    int writer;

    if (parcel_take_fd(arguments, &writer))
        return 1;
    for (int i = 0; i < 2; i++) {
        process_init(&p, "do_nothing", NULL);
        dprintf(writer, "%s ", p.name);
    }
    return 0;
}
TARGET(name_a_child)

/* Its own child tells whether this one lives, when it does not any more too. */
static int watch_parent(struct parcel *arguments)
{
    int writer;

    if (parcel_take_fd(arguments, &writer))
        return 1;
    /* Once this is written it may be killed at any time. */
    if (process_parent_join(0) != -ETIMEDOUT)
        return 2;
    dprintf(writer, "%d %d ", process_parent(), process_parent_is_alive());
    process_parent_join(NO_TIMEOUT);
    dprintf(writer, "%d %d", process_parent_join(0), process_parent_is_alive());
    return 0;
}
TARGET(watch_parent)

static int start_a_watcher(struct parcel *arguments)
{
    struct parcel p;
    struct process child;
    uint64_t method;
    int writer;

    if (parcel_take_fd(arguments, &writer) ||
        parcel_take_u64(arguments, &method))
        return 1;
    parcel_init(&p);
    if (parcel_give_fd(&p, &writer))
        return 2;
    process_init(&child, "watch_parent", &p);
    child.method = (enum start_method)method;
    if (process_start(&child))
        return 3;
    process_parent_join(NO_TIMEOUT);
    return 4;
}
TARGET(start_a_watcher)

/* Leave a process behind that holds whatever this one held, until told. */
static int leave_a_grandchild(struct parcel *arguments)
{
    char byte;
    int reader;

    if (parcel_take_fd(arguments, &reader))
        return 1;
    if (fork() == 0) {
        read_full(reader, &byte, 1);
        _exit(0);
    }
    return 3;
}
TARGET(leave_a_grandchild)

static int become_sleep(struct parcel *arguments)
{
    (void)arguments;
    execl("/bin/sleep", "sleep", "30", (char *)NULL);
    return 1;
}
TARGET(become_sleep)

/* ---- tests -------------------------------------------------------------- */

static void live_siblings_have_equally_many_descriptors(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p[5];
        unsigned counts[5];

        for (size_t i = 0; i < 5; i++) {
            struct parcel arguments;
            int reader;

            parcel_init(&arguments);
            reader = test_give_writer(&arguments);
            test_start(&p[i], test_methods[m], "count_and_stay", &arguments);
            assert_int_equal(read_full(reader, &counts[i], sizeof counts[i]),
                             sizeof counts[i]);
            close(reader);
            parcel_free(&arguments);
            assert_int_equal(counts[i], counts[0]);
        }
        for (size_t i = 0; i < 5; i++) {
            process_kill(&p[i]);
            assert_int_equal(test_finish(&p[i]), -SIGKILL);
        }
    }
}

static void only_a_forked_child_has_descriptors_it_was_not_handed(void **state)
{
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 50);

    (void)state;
    assert_true(fd >= 50);
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;
        struct parcel arguments;

        parcel_init(&arguments);
        parcel_put_u64(&arguments, (uint64_t)fd);
        test_start(&p, test_methods[m], "has_descriptor", &arguments);
        assert_int_equal(test_finish(&p), test_methods[m] == START_FORK);
        parcel_free(&arguments);
    }
    close(fd);
}

static void a_childs_children_carry_its_name(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;
        struct parcel arguments;
        char expected[200];
        int reader;

        parcel_init(&arguments);
        reader = test_give_writer(&arguments);
        test_start(&p, test_methods[m], "name_a_child", &arguments);
        assert_int_equal(strncmp(p.name, "Process-", 8), 0);
        snprintf(expected, sizeof expected, "%s:1 %s:2 ", p.name, p.name);
        assert_string_equal(test_read_all(reader), expected);
        assert_int_equal(test_finish(&p), 0);
        parcel_free(&arguments);
    }
    assert_string_equal(process_current_name(), "MainProcess");
}

static void a_main_process_has_no_parent_to_watch(void **state)
{
    (void)state;
    assert_int_equal(process_parent(), 0);
    assert_int_equal(process_parent_is_alive(), -ESRCH);
    assert_int_equal(process_parent_join(0), -ESRCH);
    assert_int_equal(process_parent_join(NO_TIMEOUT), -ESRCH);
    assert_int_equal(process_parent_sentinel(), -ESRCH);
}

static void a_child_sees_its_parents_end(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p, sibling;
        struct parcel arguments;
        char expected[200], before[100] = "";
        int reader;

        parcel_init(&arguments);
        reader = test_give_writer(&arguments);
        parcel_put_u64(&arguments, test_methods[m]);
        test_start(&p, test_methods[m], "start_a_watcher", &arguments);
        test_start(&sibling, test_methods[m], "stay", NULL);
        snprintf(expected, sizeof expected, "%d 1 ", p.pid);
        assert_int_equal(read_full(reader, before, strlen(expected)),
                         strlen(expected));
        assert_string_equal(before, expected);
        assert_int_equal(process_kill(&p), 0);
        assert_int_equal(test_finish(&p), -SIGKILL);
        assert_string_equal(test_read_all(reader), "0 0");
        process_kill(&sibling);
        assert_int_equal(test_finish(&sibling), -SIGKILL);
        parcel_free(&arguments);
    }
}

/*
 * A grandchild holds the other end of the pipe, so that kind of sentinel stays
 * silent, as CPython's does, though join looks at the child itself in the end.
 */
static void a_pidfd_sentinel_is_not_fooled_by_a_grandchild(void **state)
{
    (void)state;
    for (int kind = SENTINEL_PIPE; kind <= SENTINEL_PIDFD; kind++) {
        struct process p;
        struct parcel arguments;
        struct pollfd watched = {-1, POLLIN, 0};
        siginfo_t info;
        int writer;

        parcel_init(&arguments);
        writer = test_give_reader(&arguments);
        process_init(&p, "leave_a_grandchild", &arguments);
        p.sentinel_kind = (enum sentinel_kind)kind;
        assert_int_equal(process_start(&p), 0);
        watched.fd = process_sentinel(&p);
        assert_int_equal(waitid(P_PID, (id_t)p.pid, &info, WEXITED | WNOWAIT),
                         0);
        assert_int_equal(poll(&watched, 1, 0), kind == SENTINEL_PIDFD);
        assert_int_equal(process_join(&p, SECOND / 50), 0);
        assert_int_equal(write(writer, "", 1), 1);
        assert_int_equal(test_finish(&p), 3);
        close(writer);
        parcel_free(&arguments);
    }
}

/* It closed its end of the sentinel, and sleeps for longer than the alarm. */
static void a_timed_join_of_a_child_that_execs_keeps_its_time(void **state)
{
    struct process p;
    struct pollfd watched = {-1, POLLIN, 0};
    int64_t before;

    (void)state;
    test_start(&p, START_FORK, "become_sleep", NULL);
    watched.fd = process_sentinel(&p);
    assert_int_equal(poll(&watched, 1, -1), 1);
    before = clock_now();
    assert_int_equal(process_join(&p, SECOND / 20), -ETIMEDOUT);
    assert_true(clock_now() - before >= SECOND / 20);
    assert_int_equal(process_is_alive(&p), 1);
    process_kill(&p);
    assert_int_equal(process_join(&p, 600 * SECOND), 0);
    assert_int_equal(test_finish(&p), -SIGKILL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            live_siblings_have_equally_many_descriptors, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            only_a_forked_child_has_descriptors_it_was_not_handed, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_childs_children_carry_its_name,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_main_process_has_no_parent_to_watch,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_child_sees_its_parents_end,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            a_pidfd_sentinel_is_not_fooled_by_a_grandchild, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            a_timed_join_of_a_child_that_execs_keeps_its_time, census_begin,
            children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
