/* SPDX-License-Identifier: MIT */
/* test_manager_killed.c - what is left of a server of our own, and what is not,
 * when it was killed, or its parent, or the fork server. */
#include "manager/test_proxies.h"

#include "start/forkserver.h"

#include <poll.h>
#include <sys/syscall.h>

static void expect_gone(const char *name)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (access(name, F_OK) == 0 && clock_now() < deadline)
        test_sleep_ms(1);
    assert_int_equal(access(name, F_OK), -1);
}

static void a_killed_server_leaves_its_address_to_the_next(void **state)
{
    struct manager_options options = {.address = test_kept_name()};
    struct manager m;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(manager_start(&m, START_FORK, &options), 0);
        kill(m.process.pid, SIGKILL);
        assert_int_equal(process_join(&m.process, TEST_BOUND), 0);
        assert_int_equal(manager_dummy(&m), -ECONNREFUSED);
        manager_close(&m);
        assert_int_equal(access(test_kept_name(), F_OK), -1);
    }
    assert_int_equal(manager_start(&m, START_FORK, NULL), 0);
    kill(m.process.pid, SIGKILL);
    manager_close(&m);
    assert_int_equal(access(m.place.address, F_OK), -1);
    *strrchr(m.place.address, '/') = '\0';
    assert_int_equal(access(m.place.address, F_OK), -1);
}

/* Whoever found it dead may have another there before it is closed. */
static void a_killed_servers_close_leaves_the_next_its_address(void **state)
{
    struct manager_options options = {.address = test_kept_name()};
    struct manager m, next;

    (void)state;
    assert_int_equal(manager_start(&m, START_FORK, &options), 0);
    kill(m.process.pid, SIGKILL);
    assert_int_equal(process_join(&m.process, TEST_BOUND), 0);
    assert_int_equal(unlink(test_kept_name()), 0);
    assert_int_equal(manager_start(&next, START_FORK, &options), 0);
    manager_close(&m);
    assert_int_equal(manager_dummy(&next), 0);
    manager_close(&next);
    assert_int_equal(access(test_kept_name(), F_OK), -1);

    /* Nor is what is no socket a server's. */
    assert_int_equal(manager_start(&m, START_FORK, &options), 0);
    kill(m.process.pid, SIGKILL);
    assert_int_equal(process_join(&m.process, TEST_BOUND), 0);
    assert_int_equal(unlink(test_kept_name()), 0);
    assert_int_equal(mkfifo(test_kept_name(), 0600), 0);
    manager_close(&m);
    assert_int_equal(unlink(test_kept_name()), 0);
}

/* Then nobody can say that it lives, and it does. */
static void a_server_ends_though_its_fork_server_was_killed(void **state)
{
    struct pollfd end = {.events = POLLIN};
    struct manager m;

    (void)state;
    assert_int_equal(manager_start(&m, START_FORKSERVER, NULL), 0);
    end.fd = (int)syscall(SYS_pidfd_open, m.process.pid, 0);
    assert_true(end.fd >= 0);
    assert_int_equal(kill(forkserver_pid(), SIGKILL), 0);
    assert_int_equal(process_join(&m.process, TEST_BOUND), 0);
    assert_int_equal(manager_dummy(&m), 0);
    manager_close(&m);
    assert_int_equal(poll(&end, 1, (int)(TEST_BOUND / 1000000)), 1);
    close(end.fd);
    expect_gone(m.place.address);
}

/* Start a server, say where it is, and be killed. */
static int start_and_tell(struct parcel *parcel)
{
    struct manager m;
    uint64_t method;
    int fd;

    if (parcel_take_fd(parcel, &fd) || parcel_take_u64(parcel, &method) ||
        manager_start(&m, (enum start_method)method, NULL) ||
        write_full(fd, m.place.address, strlen(m.place.address) + 1))
        return test_line(__LINE__);
    close(fd);
    process_parent_join(NO_TIMEOUT);
    return 0;
}
TARGET(start_and_tell)

static void a_server_ends_with_its_killed_parent(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_METHODS; i++) {
        char name[MANAGER_ADDRESS] = "";
        struct parcel parcel;
        struct process p;
        ssize_t got;
        int fd;

        parcel_init(&parcel);
        fd = test_give_writer(&parcel);
        assert_int_equal(parcel_put_u64(&parcel, test_methods[i]), 0);
        test_start(&p, START_FORK, "start_and_tell", &parcel);
        parcel_free(&parcel);
        got = read_some(fd, name, sizeof name - 1);
        close(fd);
        assert_true(got > 1);
        assert_int_equal(access(name, F_OK), 0);
        assert_int_equal(process_kill(&p), 0);
        assert_int_equal(test_finish(&p), -SIGKILL);
        expect_gone(name);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_killed_server_leaves_its_address_to_the_next, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            a_killed_servers_close_leaves_the_next_its_address, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            a_server_ends_though_its_fork_server_was_killed, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_server_ends_with_its_killed_parent,
                                        census_begin, children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
