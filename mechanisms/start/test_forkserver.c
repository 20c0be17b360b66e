/* SPDX-License-Identifier: MIT */
/* test_forkserver.c - the server: its life, and its clients. */
#include "start/test_children.h"

#include <sys/prctl.h>

/* ---- targets ----------------------------------------------------------- */

/* Say who the parent is, and then end as told. */
static int tell_server(struct parcel *arguments)
{
    pid_t server = getppid();
    uint64_t code = 0;
    char byte;
    int writer, reader;

    if (parcel_take_u64(arguments, &code) || parcel_take_fd(arguments, &writer))
        return 1;
    write_full(writer, &server, sizeof server);
    close(writer);
    if (parcel_take_fd(arguments, &reader) == 0)
        read_full(reader, &byte, 1);
    return (int)code;
}
TARGET(tell_server)

/* A child of its own, whose parent is told. */
static int pass_on(struct parcel *arguments)
{
    struct parcel more;
    struct process p;
    pid_t mine = getppid();
    int writer, code = -1;

    parcel_init(&more);
    if (parcel_take_fd(arguments, &writer) ||
        write_full(writer, &mine, sizeof mine) || parcel_put_u64(&more, 5) ||
        parcel_give_fd(&more, &writer))
        return 1;
    process_init(&p, "tell_server", &more);
    p.method = START_FORKSERVER;
    if (process_start(&p) || process_join(&p, NO_TIMEOUT) ||
        process_exitcode(&p, &code) || process_close(&p))
        return 2;
    parcel_free(&more);
    return code;
}
TARGET(pass_on)

/* ---- starting one ---------------------------------------------------------
 */

/* A started child, and the server that it says is its parent. */
static pid_t start_telling(struct process *p, uint64_t code, int *control)
{
    struct parcel arguments;
    pid_t server = 0;
    int reader;

    parcel_init(&arguments);
    assert_int_equal(parcel_put_u64(&arguments, code), 0);
    reader = test_give_writer(&arguments);
    if (control)
        *control = test_give_reader(&arguments);
    test_start(p, START_FORKSERVER, "tell_server", &arguments);
    assert_int_equal(read_full(reader, &server, sizeof server), sizeof server);
    close(reader);
    parcel_free(&arguments);
    return server;
}

static void let_end(int *control)
{
    assert_int_equal(write_full(*control, "", 1), 0);
    fd_close(control);
}

/* ---- its life -------------------------------------------------------------
 */

static void one_server_is_the_parent_of_all(void **state)
{
    struct process p[3];

    (void)state;
    assert_int_equal(forkserver_pid(), 0);
    assert_int_equal(forkserver_ensure_running(), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(start_telling(&p[i], 10 + i, NULL), forkserver_pid());
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(test_finish(&p[i]), 10 + i);
    assert_int_equal(forkserver_ensure_running(), 0);
}

static void it_survives_a_ctrl_c(void **state)
{
    struct process p;
    pid_t server;

    (void)state;
    assert_int_equal(forkserver_ensure_running(), 0);
    server = forkserver_pid();
    assert_int_equal(kill(server, SIGINT), 0);
    assert_int_equal(start_telling(&p, 3, NULL), server);
    assert_int_equal(test_finish(&p), 3);
}

/* A child of it does not: what SIGINT does was left as it was. */
static void its_children_do_not(void **state)
{
    struct process p;
    int control;

    (void)state;
    start_telling(&p, 3, &control);
    assert_int_equal(kill(p.pid, SIGINT), 0);
    assert_int_equal(test_finish(&p), -SIGINT);
    close(control);
}

static void wait_until_dead(pid_t server)
{
    siginfo_t info;

    assert_int_equal(waitid(P_PID, (id_t)server, &info, WEXITED | WNOWAIT), 0);
}

/* The child lives on, and how it ends is lost; the next start has another. */
static void a_killed_server_is_replaced_and_its_children_are_lost(void **state)
{
    struct process before, after;
    int control;
    pid_t server = start_telling(&before, 4, &control);

    (void)state;
    kill(server, SIGKILL);
    wait_until_dead(server);
    assert_int_not_equal(start_telling(&after, 6, NULL), server);
    assert_int_equal(test_finish(&after), 6);
    assert_int_equal(kill(before.pid, 0), 0); /* it runs */
    assert_int_equal(process_join(&before, 600 * SECOND), 0);
    assert_int_equal(process_kill(&before), 0); /* and hits nobody */
    assert_int_equal(kill(before.pid, 0), 0);
    assert_int_equal(test_finish(&before), 255);
    let_end(&control);
    while (waitpid(-1, NULL, 0) > 0) /* ours by being a subreaper */
        if (kill(before.pid, 0) < 0)
            break;
}

/* It ends with its last client, and every child of it is one. */
static void it_lives_as_long_as_its_last_client(void **state)
{
    struct process p;
    int control;

    (void)state;
    start_telling(&p, 7, &control);
    assert_int_equal(forkserver_stop(SECOND / 20), -ETIMEDOUT);
    let_end(&control);
    assert_int_equal(test_finish(&p), 7);
    assert_int_equal(forkserver_stop(5 * SECOND), 0);
    assert_int_equal(forkserver_pid(), 0);
}

/* ---- its clients -----------------------------------------------------------
 */

static void a_child_of_it_asks_the_same_server(void **state)
{
    struct parcel arguments;
    struct process p;
    pid_t servers[2] = {0, 0};
    int reader;

    (void)state;
    parcel_init(&arguments);
    reader = test_give_writer(&arguments);
    test_start(&p, START_FORKSERVER, "pass_on", &arguments);
    assert_int_equal(read_full(reader, servers, sizeof servers),
                     sizeof servers);
    assert_int_equal(servers[0], forkserver_pid());
    assert_int_equal(servers[1], forkserver_pid());
    close(reader);
    assert_int_equal(test_finish(&p), 5);
    parcel_free(&arguments);
}

/* A forked child asks it over a connection of its own, at the same time. */
static int ask_in_fork(void *argument)
{
    pid_t server = *(pid_t *)argument;

    for (int i = 0; i < 20; i++) {
        struct process p;
        int code = -1;

        process_init(&p, "do_nothing", NULL);
        p.method = START_FORKSERVER;
        if (process_start(&p) || process_join(&p, NO_TIMEOUT) ||
            process_exitcode(&p, &code) || code || process_close(&p))
            return test_line(__LINE__);
    }
    return forkserver_pid() == 0 && kill(server, 0) == 0 ? 0
                                                         : test_line(__LINE__);
}

static void forked_clients_have_connections_of_their_own(void **state)
{
    pid_t server, forked[4];
    int status;

    (void)state;
    assert_int_equal(forkserver_ensure_running(), 0);
    server = forkserver_pid();
    for (int i = 0; i < 4; i++) {
        forked[i] = fork();
        if (forked[i] == 0) {
            alarm(CENSUS_SECONDS);
            _exit(ask_in_fork(&server));
        }
    }
    for (int i = 0; i < 20; i++) {
        struct process p;

        test_start(&p, START_FORKSERVER, "do_nothing", NULL);
        assert_int_equal(test_finish(&p), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(waitpid(forked[i], &status, 0), forked[i]);
        assert_int_equal(status, 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_server_is_the_parent_of_all,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(it_survives_a_ctrl_c, census_begin,
                                        children_end),
        cmocka_unit_test_setup_teardown(its_children_do_not, census_begin,
                                        children_end),
        cmocka_unit_test_setup_teardown(
            a_killed_server_is_replaced_and_its_children_are_lost, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(it_lives_as_long_as_its_last_client,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_child_of_it_asks_the_same_server,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            forked_clients_have_connections_of_their_own, census_begin,
            children_end),
    };

    mechanisms_init(argc, argv);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
