/* SPDX-License-Identifier: MIT */
/* test_evidence_image.c - which program a process runs, how it came to it, how
 * it ended, and what it may have open. */
#include "common/test_census.h"

#include "common/hooks.h"
#include "common/io.h"
#include "common/tracker.h"
#include "evidence.h"
#include "start/start.h"

#include <fcntl.h>
#include <sys/resource.h>

static int variable;

/* The child: says where the variable is, and stays until its end. */
static int say_where(struct parcel *arguments)
{
    uint64_t address = (uint64_t)(uintptr_t)&variable;
    int said, stay;
    char byte;

    if (parcel_take_fd(arguments, &said) < 0 ||
        parcel_take_fd(arguments, &stay) < 0)
        return 1;
    write_full(said, &address, sizeof address);
    read_some(stay, &byte, 1);
    return 0;
}
TARGET(say_where)

/* A child by that method, and where it has the variable. */
struct child {
    struct process p;
    int stay[2];
    uint64_t address;
};

static void start(struct child *c, enum start_method method)
{
    struct parcel arguments;
    int said[2];

    assert_int_equal(fd_pipe(said), 0);
    assert_int_equal(fd_pipe(c->stay), 0);
    parcel_init(&arguments);
    parcel_put_fd(&arguments, said[1]);
    parcel_put_fd(&arguments, c->stay[0]);
    process_init(&c->p, "say_where", &arguments);
    c->p.method = method;
    assert_int_equal(process_start(&c->p), 0);
    parcel_free(&arguments);
    assert_int_equal(read_full(said[0], &c->address, sizeof c->address),
                     sizeof c->address);
    fd_close(&said[0]);
    fd_close(&said[1]);
}

static void end(struct child *c)
{
    process_kill(&c->p); /* a fork has the write end too */
    fd_close(&c->stay[0]);
    fd_close(&c->stay[1]);
    assert_int_equal(process_join(&c->p, NO_TIMEOUT), 0);
    process_close(&c->p);
    assert_int_equal(tracker_stop(10 * SECOND), 0);
}

static void a_fork_is_told_from_an_image_of_its_own(void **state)
{
    struct child c;

    (void)state;
    start(&c, START_FORK);
    assert_int_equal(process_is_fork(c.p.pid), 1);
    assert_int_equal(same_program(getpid(), c.p.pid), 1);
    end(&c);
    start(&c, START_SPAWN);
    assert_int_equal(process_is_fork(c.p.pid), 0);
    assert_int_equal(same_program(getpid(), c.p.pid), 1);
    end(&c);
    assert_int_equal(process_is_fork(-1), -ENOENT);
}

static void a_variable_has_the_same_place_in_each_image(void **state)
{
    int64_t place = process_place(getpid(), (uint64_t)(uintptr_t)&variable);
    struct child c;

    (void)state;
    assert_true(place > 0);
    start(&c, START_SPAWN);
    assert_int_equal(process_place(c.p.pid, c.address), place);
    assert_int_not_equal(process_place(c.p.pid, c.address + 8), place);
    end(&c);
    assert_int_equal(process_place(getpid(), 0), -EFAULT);
}

static void another_program_is_another(void **state)
{
    pid_t child;
    int ends[2];
    char byte;

    (void)state;
    assert_int_equal(fd_pipe(ends), 0);
    child = fork();
    if (child == 0) {
        execl("/bin/sleep", "sleep", "1000", NULL);
        _exit(127);
    }
    fd_close(&ends[1]);
    read_some(ends[0], &byte, 1); /* until the exec closed it */
    fd_close(&ends[0]);
    assert_int_equal(same_program(getpid(), child), 0);
    assert_int_equal(process_is_fork(child), 0);
    assert_int_equal(process_exit_status(child), -EBUSY);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* The status of a child that does it, as its zombie has it and as wait(2). */
static void same_status(int exit_code, int number)
{
    pid_t child = fork();
    siginfo_t ended;
    int seen, status;

    if (child == 0) {
        if (number)
            raise(number);
        _exit(exit_code);
    }
    waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT);
    seen = process_exit_status(child);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(seen, status);
}

static void a_zombie_tells_how_it_ended(void **state)
{
    (void)state;
    same_status(0, 0);
    same_status(7, 0);
    same_status(0, SIGKILL);
    assert_int_equal(process_exit_status(-1), -ENOENT);
}

static void a_limit_on_descriptors_is_read(void **state)
{
    struct rlimit files;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(process_descriptors_most(getpid()), files.rlim_cur);
    assert_true(process_descriptors_most(-1) < 0);
}

static void a_descriptor_is_copied_from_a_child(void **state)
{
    int ends[2], news[2], copy, none;
    char text[8];
    pid_t child;

    (void)state;
    assert_int_equal(fd_pipe(news), 0);
    child = fork();
    if (child == 0) {
        if (fd_pipe(ends) < 0 || write_full(ends[1], "hello", 5) < 0)
            _exit(1);
        write_full(news[1], &ends[0], sizeof ends[0]);
        pause();
        _exit(0);
    }
    fd_close(&news[1]);
    assert_int_equal(read_full(news[0], &ends[0], sizeof ends[0]),
                     sizeof ends[0]);
    fd_close(&news[0]);
    copy = process_descriptor_copy(child, ends[0]);
    none = process_descriptor_copy(child, 999);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    if (copy == -ENOSYS || copy == -EPERM)
        skip();
    assert_int_equal(none, -EBADF);
    assert_int_equal(read_some(copy, text, sizeof text), 5);
    fd_close(&copy);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fork_is_told_from_an_image_of_its_own,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_variable_has_the_same_place_in_each_image, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(another_program_is_another,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_zombie_tells_how_it_ended,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_limit_on_descriptors_is_read,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_descriptor_is_copied_from_a_child,
                                        census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
