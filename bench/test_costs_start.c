/* SPDX-License-Identifier: MIT */
/*
 * test_costs_start.c - what a start may cost, in counts and not in time: of all
 * processes that have a part in it together.
 */
#include "test_costs.h"

#include "common/tracker.h"
#include "start/forkserver.h"

#include <sys/resource.h>

/* The images that a trial's children are of: static, and the same everywhere.
 */
static char worker[PATH_MAX], server[PATH_MAX];

/* Beside ipclab, one folder above this program. */
static bool find_images(void)
{
    int folder = (int)(strrchr(self, '/') - self);

    return snprintf(worker, sizeof worker, "%.*s/../worker", folder, self) <
               PATH_MAX &&
           snprintf(server, sizeof server, "%.*s/../forkserver", folder, self) <
               PATH_MAX;
}

/* "start-fork"; what runs is in a worker, too. */
static int starts(const char *name, unsigned n)
{
    enum start_method method = START_FORK;

    while (strcmp(start_method_names[method], name + 6) != 0)
        method++;
    if (process_set_executable(worker) || forkserver_set_executable(server))
        return 1;
    for (; n; n--) {
        struct process p;
        int code = -1;

        process_init(&p, "return_at_once", NULL);
        p.method = method;
        if (process_start(&p) || process_join(&p, NO_TIMEOUT) ||
            process_exitcode(&p, &code) || process_close(&p) || code)
            return 1;
    }
    return 0;
}

static int perform(const char *name, unsigned n)
{
    return find_images() ? starts(name, n) : 1;
}

static void a_fork_is_one_clone(void **state)
{
    (void)state;
    costs("start-fork", "clone", STARTS);
    costs("start-fork", "pipe2", STARTS);
    /* Parent: the write end, the sentinel; child: the read end, stdin. */
    costs("start-fork", "close", 4 * STARTS);
    costs("start-fork", "openat", STARTS);
}

static void a_spawn_is_one_clone_and_one_exec(void **state)
{
    (void)state;
    costs("start-spawn", "clone", STARTS);
    costs("start-spawn", "execve", STARTS);
    costs("start-spawn", "pipe2", 2 * STARTS); /* sentinel, what it is told */
    costs("start-spawn", "writev", STARTS);    /* all of that at once */
    costs("start-spawn", "read", STARTS);
    /* Before the exec and after it, however many descriptors there are. */
    costs("start-spawn", "close_range", 2 * STARTS);
    costs("start-spawn", "wait4", STARTS);
    /* A static image's own set-up is 15 of them; a dynamic one's 60. */
    costs_at_most("start-spawn", 48 * STARTS);
}

/* The client, the server and the child together. */
static void a_served_start_is_one_message_and_one_fork(void **state)
{
    (void)state;
    costs("start-forkserver", "clone", STARTS);
    costs("start-forkserver", "execve", 0);
    costs("start-forkserver", "connect", 0); /* the connection stays */
    costs("start-forkserver", "sendmsg", STARTS);
    costs("start-forkserver", "recvmsg", STARTS);
    costs("start-forkserver", "pipe2", STARTS);
    costs("start-forkserver", "write", 2 * STARTS); /* pid, exit code */
    /* Those, and that of the server that a child has ended. */
    costs("start-forkserver", "read", 3 * STARTS);
    costs("start-forkserver", "wait4", STARTS);
    costs_at_most("start-forkserver", 42 * STARTS);
}

/*
 * After a fork every page that the parent writes is copied, one fault each.
 * What copies nothing faults nothing.
 */
static void only_fork_makes_its_parent_fault(void **state)
{
    static struct findings f;

    (void)state;
    count("fork", "joined", &f);
    assert_false(is_within(f.timed.minor_faults, f.operations, 100));
    count("spawn", "joined", &f);
    assert_true(is_within(f.timed.minor_faults, f.operations, 10));
    count("forkserver", "joined", &f);
    assert_true(is_within(f.timed.minor_faults, f.operations, 10));
}

/* Faults of all children that this process waited for, by start. */
static int faults_of_children(void *name)
{
    enum { STARTED = 20 };
    struct rusage usage;

    if (perform(name, STARTED) || getrusage(RUSAGE_CHILDREN, &usage) < 0)
        return 255;
    if (tracker_stop(10 * SECOND)) /* it would be left to the test */
        return 255;
    return usage.ru_minflt / STARTED < 254 ? (int)(usage.ru_minflt / STARTED)
                                           : 254;
}

/* The image is small: each page that it touches is a fault. */
static void a_spawned_child_faults_a_bounded_number_of_times(void **state)
{
    char name[] = "start-spawn";
    int status = test_in_fork(faults_of_children, name);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_in_range(WEXITSTATUS(status), 1, 50);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fork_is_one_clone),
        TEST(a_spawn_is_one_clone_and_one_exec),
        TEST(a_served_start_is_one_message_and_one_fork),
        TEST(only_fork_makes_its_parent_fault),
        TEST(a_spawned_child_faults_a_bounded_number_of_times),
    };

    return cmocka_run_group_tests_name("costs of starts", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return costs_main(argc, argv, perform, run_all);
}
