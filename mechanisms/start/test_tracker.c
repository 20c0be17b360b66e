/* SPDX-License-Identifier: MIT */
/* test_tracker.c - names that outlive whoever made them, and who removes them.
 */
#include "start/test_children.h"

#include <fcntl.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* ---- what is named --------------------------------------------------------
 */

/* A segment of shared memory that is this test's: its name. */
static const char *make_segment(unsigned number)
{
    static char names[2][64];
    char *name = names[number % 2];
    int fd;

    snprintf(name, sizeof names[0], "/ipclab-test-%d-%u", getpid(), number);
    fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (fd < 0)
        return "/none";
    close(fd);
    return name;
}

static bool segment_exists(const char *name)
{
    int fd = shm_open(name, O_RDONLY, 0);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* What the tracker, and nobody else here, wrote to stderr. */
static int said;

static bool tracker_said(const char *text)
{
    static char all[8192];
    ssize_t n = pread(said, all, sizeof all - 1, 0);

    all[n > 0 ? n : 0] = '\0';
    return *text ? strstr(all, text) != NULL : n == 0;
}

/* Run f in a process of its own, whose stderr, and its tracker's, is kept. */
static void expect_apart(int (*f)(void *), void *argument)
{
    int before = dup(STDERR_FILENO);

    said = memfd_create("stderr", MFD_CLOEXEC);
    dup2(said, STDERR_FILENO);
    test_expect_in_fork(f, argument);
    dup2(before, STDERR_FILENO);
    close(before);
}

/* Every process that was left has ended: ours, by being a subreaper. */
static void wait_for_all(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

static void forget_said(void)
{
    close(said);
}

/* ---- lines --------------------------------------------------------------- */

static int register_and_forget(void *unused)
{
    const char *name = make_segment(0);

    (void)unused;
    if (tracker_register("shared_memory", name) ||
        tracker_register("shared_memory", name) || shm_unlink(name) ||
        tracker_unregister("shared_memory", name) || tracker_stop(5 * SECOND))
        return test_line(__LINE__);
    return 0;
}

/* Twice is once; and who removes his own has leaked nothing. */
static void what_is_removed_and_said_so_is_no_leak(void **state)
{
    (void)state;
    expect_apart(register_and_forget, NULL);
    assert_true(tracker_said(""));
    forget_said();
}

static int leave_two(void *unused)
{
    const char *one = make_segment(0), *two = make_segment(1);
    char sem[64];

    (void)unused;
    snprintf(sem, sizeof sem, "/ipclab-test-%d-sem", getpid());
    if (sem_open(sem, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED ||
        tracker_register("semaphore", sem) ||
        tracker_register("shared_memory", one) ||
        tracker_register("shared_memory", two) ||
        tracker_register("noop", "nothing") || tracker_stop(5 * SECOND))
        return test_line(__LINE__);
    return segment_exists(one) || segment_exists(two) ? test_line(__LINE__) : 0;
}

/* By the census no name is left. */
static void what_is_left_is_counted_said_and_removed(void **state)
{
    (void)state;
    expect_apart(leave_two, NULL);
    assert_true(tracker_said("There appear to be 2 leaked shared_memory "
                             "objects to clean up at shutdown"));
    assert_true(tracker_said("There appear to be 1 leaked semaphore objects"));
    assert_false(tracker_said("noop"));
    forget_said();
}

static int misuse(void *unused)
{
    char name[TRACKER_LINE];

    (void)unused;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    if (tracker_register("noop", name) != -EMSGSIZE ||
        tracker_register("noop", "two\nlines") != -EINVAL ||
        tracker_register("a:b", "name") != -EINVAL)
        return test_line(__LINE__);
    /* "REGISTER::noop\n" is 15 bytes: the longest that fits, and one more. */
    name[TRACKER_LINE - 15] = '\0';
    if (tracker_register("noop", name))
        return test_line(__LINE__);
    name[TRACKER_LINE - 15] = 'n';
    name[TRACKER_LINE - 14] = '\0';
    if (tracker_register("noop", name) != -EMSGSIZE ||
        tracker_register("no such type", "x") ||
        tracker_unregister("shared_memory", "/never:registered") ||
        tracker_stop(5 * SECOND))
        return test_line(__LINE__);
    return 0;
}

static void a_line_that_it_cannot_obey_is_told(void **state)
{
    (void)state;
    expect_apart(misuse, NULL);
    assert_true(tracker_said("REGISTER:x:no such type: no such type"));
    assert_true(tracker_said("UNREGISTER:/never:registered:shared_memory: it "
                             "was not registered"));
    assert_false(tracker_said("nnnn"));
    forget_said();
}

/* ---- lives and deaths ---------------------------------------------------- */

static int be_killed(void *unused)
{
    (void)unused;
    if (tracker_register("shared_memory", make_segment(0)) ||
        tracker_register("shared_memory", make_segment(1)))
        return test_line(__LINE__);
    raise(SIGKILL);
    return 0;
}

static void the_names_of_a_killed_owner_are_removed(void **state)
{
    int before = dup(STDERR_FILENO), status;

    (void)state;
    said = memfd_create("stderr", MFD_CLOEXEC);
    dup2(said, STDERR_FILENO);
    status = test_in_fork(be_killed, NULL);
    dup2(before, STDERR_FILENO);
    close(before);
    assert_true(WIFSIGNALED(status));
    wait_for_all(); /* for the tracker: a subreaper's child now */
    assert_true(tracker_said("There appear to be 2 leaked shared_memory"));
    forget_said();
}

static int signal_it(void *argument)
{
    int number = *(int *)argument;
    const char *name = make_segment(0);
    pid_t first;

    if (tracker_register("shared_memory", name))
        return test_line(__LINE__);
    first = tracker_pid();
    kill(first, number);
    if (number == SIGKILL)
        waitid(P_PID, (id_t)first, &(siginfo_t){0}, WEXITED | WNOWAIT);
    if (tracker_register("noop", "another") ||
        (tracker_pid() != first) != (number == SIGKILL) ||
        tracker_deaths() != (number == SIGKILL))
        return test_line(__LINE__);
    if (tracker_stop(5 * SECOND))
        return test_line(__LINE__);
    /* A killed one remembers nothing. */
    if (segment_exists(name) != (number == SIGKILL))
        return test_line(__LINE__);
    shm_unlink(name);
    return 0;
}

static void it_survives_what_a_user_sends_and_is_replaced_when_killed(void **s)
{
    int numbers[] = {SIGINT, SIGTERM, SIGKILL};

    (void)s;
    for (size_t i = 0; i < 3; i++) {
        expect_apart(signal_it, &numbers[i]);
        assert_int_equal(tracker_said("leaked shared_memory"),
                         numbers[i] != SIGKILL);
        forget_said();
    }
}

/* ---- one for a tree -------------------------------------------------------
 */

/* The pipe by which the tracker is told, as its inode's name. */
static const char *tracker_pipe(void)
{
    static char target[64];
    char path[64];
    ssize_t n;

    snprintf(path, sizeof path, "/proc/self/fd/%d", tracker_ensure_running());
    n = readlink(path, target, sizeof target - 1);
    target[n > 0 ? n : 0] = '\0';
    return target;
}

/* It, and a child of its own by the same method. */
static int tell_tracker(struct parcel *arguments)
{
    struct parcel more;
    struct process p;
    uint64_t depth;
    int writer, code = 0;

    if (parcel_take_fd(arguments, &writer) ||
        parcel_take_u64(arguments, &depth))
        return 1;
    dprintf(writer, "%s ", tracker_pipe());
    if (tracker_pid() || depth == 0)
        return tracker_pid() != 0;
    parcel_init(&more);
    if (parcel_put_fd(&more, writer) || parcel_put_u64(&more, depth - 1))
        return 2;
    process_init(&p, "tell_tracker", &more);
    if (process_start(&p) || process_join(&p, NO_TIMEOUT) ||
        process_exitcode(&p, &code))
        return 3;
    return code;
}
TARGET(tell_tracker)

static void a_tree_of_processes_has_one(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct parcel arguments;
        struct process p;
        char expected[256];
        int reader;

        snprintf(expected, sizeof expected, "%s %s ", tracker_pipe(),
                 tracker_pipe());
        assert_true(tracker_pid() > 0);
        parcel_init(&arguments);
        reader = test_give_writer(&arguments);
        parcel_put_u64(&arguments, 1);
        test_start(&p, test_methods[m], "tell_tracker", &arguments);
        assert_string_equal(test_read_all(reader), expected);
        assert_int_equal(test_finish(&p), 0);
        parcel_free(&arguments);
    }
}

/* What a child registered outlives the child: others may have it. */
static int name_and_end(struct parcel *arguments)
{
    const char *name;

    return parcel_take_text(arguments, &name) ||
           tracker_register("shared_memory", name);
}
TARGET(name_and_end)

static int child_names(void *argument)
{
    enum start_method method = *(enum start_method *)argument;
    const char *name = make_segment(0);
    struct parcel arguments;
    struct process p;
    int code = 1;

    parcel_init(&arguments);
    if (tracker_ensure_running() < 0 || parcel_put_text(&arguments, name))
        return test_line(__LINE__);
    process_init(&p, "name_and_end", &arguments);
    p.method = method;
    if (process_start(&p) || process_join(&p, NO_TIMEOUT) ||
        process_exitcode(&p, &code) || code || process_close(&p))
        return test_line(__LINE__);
    parcel_free(&arguments);
    if (!segment_exists(name))
        return test_line(__LINE__);
    if (forkserver_stop(5 * SECOND) || tracker_stop(5 * SECOND) ||
        segment_exists(name))
        return test_line(__LINE__);
    return 0;
}

static void what_a_child_named_lives_as_long_as_the_program(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        enum start_method method = test_methods[m];

        expect_apart(child_names, &method);
        assert_true(tracker_said("1 leaked shared_memory"));
        forget_said();
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_removed_and_said_so_is_no_leak,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            what_is_left_is_counted_said_and_removed, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_line_that_it_cannot_obey_is_told,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(the_names_of_a_killed_owner_are_removed,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            it_survives_what_a_user_sends_and_is_replaced_when_killed,
            census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_tree_of_processes_has_one,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            what_a_child_named_lives_as_long_as_the_program, census_begin,
            children_end),
    };

    mechanisms_init(argc, argv);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
