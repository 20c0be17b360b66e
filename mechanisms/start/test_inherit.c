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

static int do_nothing(struct parcel *arguments)
{
    (void)arguments;
    return 0;
}
TARGET(do_nothing)

static int stay(struct parcel *arguments)
{
    (void)arguments;
    process_parent_join(NO_TIMEOUT);
    return 77;
}
TARGET(stay)

static unsigned count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    unsigned count = 0;

    while (dir && (entry = readdir(dir)))
        count += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

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

/* Does stdin read as /dev/null does, through stdio too? */
static int reads_nothing(struct parcel *arguments)
{
    struct stat is;

    (void)arguments;
    if (fstat(STDIN_FILENO, &is) < 0 || is.st_rdev != makedev(1, 3))
        return test_line(__LINE__);
    return getchar() == EOF ? 0 : test_line(__LINE__);
}
TARGET(reads_nothing)

static int prints(struct parcel *arguments)
{
    (void)arguments;
    printf("child ");
    fprintf(stderr, "child ");
    return 0;
}
TARGET(prints)

static int closes_its_output(struct parcel *arguments)
{
    (void)arguments;
    printf("lost");
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    return 0;
}
TARGET(closes_its_output)

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

/* ---- stdio: in a process of its own, whose streams may be spoilt --------- */

static int run_child(const char *target, enum start_method method)
{
    struct process p;
    int code = 1;

    process_init(&p, target, NULL);
    p.method = method;
    if (process_start(&p) || process_join(&p, NO_TIMEOUT) ||
        process_exitcode(&p, &code) || process_close(&p))
        return test_line(__LINE__);
    return code;
}

static int share_stdin(void *method)
{
    int file = memfd_create("stdin", 0);

    if (write_full(file, "one\ntwo\n", 8) || lseek(file, 0, SEEK_SET) != 0 ||
        dup2(file, STDIN_FILENO) != STDIN_FILENO)
        return test_line(__LINE__);
    if (getchar() != 'o') /* and the rest is in stdio's buffer */
        return test_line(__LINE__);
    if (run_child("reads_nothing", *(enum start_method *)method) != 0)
        return test_line(__LINE__);
    return getchar() == 'n' && getchar() == 'e' ? 0 : test_line(__LINE__);
}

/* A line that waits in a buffer must be printed once, not by the child too. */
static int print_around(void *method)
{
    int out = memfd_create("stdout", 0), other = memfd_create("other", 0);
    FILE *stream = fdopen(dup(other), "w");
    char text[100] = "";

    if (!stream || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        return test_line(__LINE__);
    fputs("elsewhere", stream);
    printf("parent ");
    if (run_child("prints", *(enum start_method *)method) != 0)
        return test_line(__LINE__);
    printf("parent again");
    fflush(stdout);
    fclose(stream);
    if (pread(out, text, sizeof text - 1, 0) < 0 ||
        strcmp(text, "parent child child parent again") != 0)
        return test_line(__LINE__);
    memset(text, 0, sizeof text);
    if (pread(other, text, sizeof text - 1, 0) < 0 ||
        strcmp(text, "elsewhere") != 0)
        return test_line(__LINE__);
    return 0;
}

static int start_with_closed_output(void *method)
{
    printf("lost");
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    return run_child("prints", *(enum start_method *)method);
}

static int start_who_closes_its_output(void *method)
{
    return run_child("closes_its_output", *(enum start_method *)method);
}

static int start_with_closed_input(void *method)
{
    close(STDIN_FILENO);
    return run_child("reads_nothing", *(enum start_method *)method);
}

static void expect_for_every_method(int (*f)(void *))
{
    for (size_t m = 0; m < TEST_METHODS; m++) {
        enum start_method method = test_methods[m];

        test_expect_in_fork(f, &method);
    }
}

static void a_childs_stdin_is_empty_and_its_parents_untouched(void **state)
{
    (void)state;
    expect_for_every_method(share_stdin);
    expect_for_every_method(start_with_closed_input);
}

static void what_is_buffered_is_written_once(void **state)
{
    (void)state;
    expect_for_every_method(print_around);
}

static void closed_output_breaks_neither_start_nor_exit(void **state)
{
    (void)state;
    expect_for_every_method(start_with_closed_output);
    expect_for_every_method(start_who_closes_its_output);
}

/* ---- the limit on descriptors -------------------------------------------- */

/* Allow `spare` descriptors beyond what is open, which has no gap below. */
static int start_with_spare(struct process *p, unsigned spare)
{
    struct rlimit limit, tight;
    int next = fd_duplicate(STDERR_FILENO), error;

    close(next);
    getrlimit(RLIMIT_NOFILE, &limit);
    tight = (struct rlimit){(rlim_t)next + spare, limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &tight);
    error = process_start(p);
    setrlimit(RLIMIT_NOFILE, &limit);
    return error;
}

/* Returns how many starts failed before one did not; more than 100: wrong. */
static int start_at_the_limit(void *as)
{
    const struct process *kind = as;
    unsigned before = count_descriptors(), spare = 0;
    struct process p;
    int error, code;

    for (;; spare++) {
        process_init(&p, "do_nothing", NULL);
        p.method = kind->method;
        p.sentinel_kind = kind->sentinel_kind;
        error = start_with_spare(&p, spare);
        if (!error || spare > 100)
            break;
        if (error != -EMFILE || p.pid || process_is_alive(&p) != 0)
            return 101;
        if (count_descriptors() != before || waitpid(-1, NULL, WNOHANG) != -1)
            return 102;
        if (process_close(&p))
            return 103;
    }
    /* No descriptor is left for join either. */
    if (process_join(&p, 600 * SECOND) || process_exitcode(&p, &code) || code)
        return 104;
    if (process_close(&p) || count_descriptors() != before)
        return 105;
    return (int)spare;
}

static void a_start_that_fails_for_want_of_descriptors_leaves_nothing(void **s)
{
    (void)s;
    for (size_t i = 0; i < TEST_METHODS * 2; i++) {
        struct process as = {.method = test_methods[i / 2],
                             .sentinel_kind =
                                 i % 2 ? SENTINEL_PIDFD : SENTINEL_PIPE};
        int status = test_in_fork(start_at_the_limit, &as);

        assert_true(WIFEXITED(status));
        assert_in_range(WEXITSTATUS(status), 1, 100);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            live_siblings_have_equally_many_descriptors, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            only_a_forked_child_has_descriptors_it_was_not_handed, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(a_childs_children_carry_its_name,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_main_process_has_no_parent_to_watch,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_child_sees_its_parents_end,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_pidfd_sentinel_is_not_fooled_by_a_grandchild, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            a_timed_join_of_a_child_that_execs_keeps_its_time, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            a_childs_stdin_is_empty_and_its_parents_untouched, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(what_is_buffered_is_written_once,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            closed_output_breaks_neither_start_nor_exit, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            a_start_that_fails_for_want_of_descriptors_leaves_nothing,
            census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
