/* SPDX-License-Identifier: MIT */
/*
 * test_waits.c - what real processes wait for, and who of them is stuck.
 *
 * Each stage is a process of its own, which builds what it is about, closes
 * nothing of its parent's that matters, and hangs.  The graph is read until it
 * shows what it should: a stage needs a moment to set itself up.
 */
#include "test_waits.h"

static int two[2]; /* another pipe of the stage */

/* --- pipes --- */

static void read_own_pipe(void)
{
    char byte;

    (void)!pipe(one);
    (void)!read(one[0], &byte, 1);
}

static void who_holds_both_ends_of_its_pipe_is_stuck(void **state)
{
    const struct waiter *w;

    (void)state;
    begin_stage(read_own_pipe);
    w = shows(WAIT_DATA, "waits for data in pipe", 1);
    assert_int_equal(w->wants, 1);
    assert_int_equal(w->want[0].wakers, 1);
    assert_int_equal(w->want[0].waker[0].process, stage);
    assert_string_equal(w->how, "read(3)");
    end_stage();
}

static void read_a_pipe_of_ours(void)
{
    char byte;

    close(one[1]);
    (void)!read(one[0], &byte, 1);
}

static void who_can_be_woken_from_outside_is_not_stuck(void **state)
{
    const struct waiter *w;

    (void)state;
    assert_int_equal(pipe(one), 0);
    begin_stage(read_a_pipe_of_ours);
    w = shows(WAIT_DATA, "waits for data in pipe", 0);
    assert_int_equal(w->want[0].wakers, 1);
    assert_int_equal(w->want[0].waker[0].process, getpid());
    assert_int_equal(w->want[0].waker[0].fd, one[1]);
    assert_non_null(graph_member(&graph, getpid()));
    assert_false(graph_member(&graph, getpid())->asked);
    end_stage();
    close(one[0]);
    close(one[1]);
}

static void send_first(void)
{
    close(one[0]);
    close(two[1]);
    (void)!write(one[1], much, sizeof much);
}

static void both_send(void)
{
    (void)!pipe(one);
    (void)!pipe(two);
    fork_to(send_first);
    close(one[1]);
    close(two[0]);
    (void)!write(two[1], much, sizeof much);
}

static void two_that_send_first_are_a_cycle(void **state)
{
    struct cycle cycles[4];
    char advice[256];

    (void)state;
    begin_stage(both_send);
    shows(WAIT_ROOM, "waits for room in pipe", 2);
    assert_int_equal(graph_cycles(&graph, cycles, 4), 1);
    assert_int_equal(cycles[0].count, 2);
    assert_int_equal(graph.waiter[cycles[0].waiter[0]].task.id, stage);
    assert_string_equal(graph.waiter[cycles[0].waiter[0]].how,
                        "write of 1 048 576 bytes, not done");
    cycle_advice(&graph, &cycles[0], advice, sizeof advice);
    assert_non_null(strstr(advice, "receive first"));
    end_stage();
}

static void who_joins_before_it_drains_is_told_to_drain(void **state)
{
    struct cycle cycles[4];
    char advice[256];

    (void)state;
    begin_stage(join_before_drain);
    shows(WAIT_PROCESS, "waits for child", 2);
    assert_int_equal(graph_cycles(&graph, cycles, 4), 1);
    cycle_advice(&graph, &cycles[0], advice, sizeof advice);
    assert_non_null(strstr(advice, "before joining"));
    end_stage();
}

/* --- what ends by itself --- */

static void poll_for_a_minute(void)
{
    struct pollfd set = {.events = POLLIN};

    (void)!pipe(one);
    set.fd = one[0];
    poll(&set, 1, 60000);
}

static void sleep_for_a_minute(void)
{
    sleep(60); /* it is the subject: a wait that ends by itself */
}

static void stop_itself(void)
{
    raise(SIGSTOP);
}

static void what_ends_by_itself_is_not_stuck(void **state)
{
    (void)state;
    begin_stage(poll_for_a_minute);
    assert_true(shows(WAIT_SEVERAL, "waits for data in pipe", 0)->timed);
    end_stage();
    begin_stage(sleep_for_a_minute);
    shows(WAIT_TIME, "wakes by itself", 0);
    end_stage();
    begin_stage(stay);
    shows(WAIT_SIGNAL, "waits for a signal", 0);
    end_stage();
    begin_stage(stop_itself);
    shows(WAIT_STOPPED, "is stopped", 0);
    end_stage();
}

static void spin(void)
{
    for (;;)
        getppid();
}

static void who_runs_is_not_stuck(void **state)
{
    (void)state;
    begin_stage(spin);
    shows(WAIT_NOT, "runs", 0);
    end_stage();
}

/* --- several descriptors --- */

static void poll_own_pipes(void)
{
    struct pollfd set[3] = {
        {.fd = -1, .events = POLLIN}, {.events = POLLIN}, {.events = POLLIN}};

    (void)!pipe(one);
    (void)!pipe(two);
    set[1].fd = one[0];
    set[2].fd = two[0];
    poll(set, 3, -1);
}

static void select_own_pipes(void)
{
    fd_set set;

    (void)!pipe(one);
    (void)!pipe(two);
    FD_ZERO(&set);
    FD_SET(one[0], &set);
    FD_SET(two[0], &set);
    select(two[0] + 1, &set, NULL, NULL, NULL);
}

static void epoll_own_pipes(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int set = epoll_create1(0);

    (void)!pipe(one);
    (void)!pipe(two);
    epoll_ctl(set, EPOLL_CTL_ADD, one[0], &event);
    epoll_ctl(set, EPOLL_CTL_ADD, two[0], &event);
    epoll_wait(set, &event, 1, -1);
}

static void a_set_of_descriptors_is_looked_into(void **state)
{
    void (*const sets[])(void) = {poll_own_pipes, select_own_pipes,
                                  epoll_own_pipes};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct waiter *w;

        begin_stage(sets[i]);
        w = shows(WAIT_SEVERAL, "waits for one of 2 descriptors", 1);
        assert_int_equal(w->wants, 2);
        assert_int_equal(w->want[0].kind, WAIT_DATA);
        end_stage();
    }
}

static void poll_a_child(void)
{
    struct pollfd set = {.events = POLLIN};
    pid_t child = fork_to(read_own_pipe);

    set.fd = (int)syscall(SYS_pidfd_open, child, 0);
    poll(&set, 1, -1);
}

static void a_pidfd_is_its_process(void **state)
{
    const struct waiter *w;

    (void)state;
    begin_stage(poll_a_child);
    w = shows(WAIT_SEVERAL, "to exit", 2);
    assert_int_equal(w->want[0].kind, WAIT_PROCESS);
    assert_int_not_equal(w->want[0].waker[0].process, stage);
    end_stage();
}

/* --- sockets --- */

static void read_back(void)
{
    char byte;

    close(one[0]);
    (void)!read(one[1], &byte, 1);
}

static void both_receive(void)
{
    char byte;

    (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, one);
    fork_to(read_back);
    close(one[1]);
    (void)!recv(one[0], &byte, 1, 0);
}

static void a_unix_socket_has_its_other_end(void **state)
{
    struct cycle cycles[4];

    (void)state;
    begin_stage(both_receive);
    shows(WAIT_DATA, "waits for data in socket", 2);
    assert_int_equal(graph_cycles(&graph, cycles, 4), 1);
    assert_int_equal(cycles[0].count, 2);
    end_stage();
}

/* A server and a client on loopback, each of which waits for the other. */
static int listener;

static void be_client(void)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char byte;

    getsockname(listener, (struct sockaddr *)&address, &size);
    close(listener);
    if (connect(fd, (struct sockaddr *)&address, size) == 0)
        (void)!read(fd, &byte, 1);
}

static void be_server(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char byte;
    int fd;

    listener = socket(AF_INET, SOCK_STREAM, 0);
    (void)!bind(listener, (struct sockaddr *)&address, sizeof address);
    listen(listener, 1);
    fork_to(be_client);
    fd = accept(listener, NULL, NULL);
    (void)!read(fd, &byte, 1);
}

static void a_tcp_socket_on_this_machine_has_its_other_end(void **state)
{
    const struct waiter *w;

    (void)state;
    begin_stage(be_server);
    w = shows(WAIT_DATA, "waits for data in socket", 2);
    assert_non_null(strstr(w->want[0].note, "tcp 127.0.0.1:"));
    end_stage();
}

static void wait_for_clients(void)
{
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)!bind(listener,
                (struct sockaddr *)&(struct sockaddr){.sa_family = AF_UNIX},
                sizeof(sa_family_t));
    listen(listener, 1);
    accept(listener, NULL, NULL);
}

static void who_waits_for_clients_is_not_stuck(void **state)
{
    (void)state;
    begin_stage(wait_for_clients);
    shows(WAIT_CLIENT, "waits for a client of unix @", 0);
    end_stage();
}

/* --- the rest --- */

/* Where the kernel shows no calls wchan and the descriptors must do, and
 * nobody is called stuck. */
static void without_calls_it_says_what_can_be_known(void **state)
{
    struct waiter w = {.task = {.state = 'S', .call = CALL_UNKNOWN}};

    (void)state;
    begin_stage(read_own_pipe);
    shows(WAIT_DATA, "waits for data in pipe", 1);
    w.task.process = w.task.id = stage;
    strcpy(w.task.wchan, "anon_pipe_read");
    waiter_understand(&graph, &w);
    assert_int_equal(w.kind, WAIT_HIDDEN);
    assert_string_equal(w.what, "waits for data in a pipe");
    assert_int_equal(w.wants, 1);
    assert_int_equal(w.want[0].waker[0].process, stage);
    assert_true(w.want[0].outside);
    free(w.want[0].waker);
    free(w.want);
    end_stage();
}

static void a_process_that_is_not_there_is_esrch(void **state)
{
    pid_t gone = fork();

    (void)state;
    if (gone == 0)
        _exit(0);
    waitpid(gone, NULL, 0);
    assert_int_equal(graph_read(&graph, gone), -ESRCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_holds_both_ends_of_its_pipe_is_stuck),
        TEST(who_can_be_woken_from_outside_is_not_stuck),
        TEST(two_that_send_first_are_a_cycle),
        TEST(who_joins_before_it_drains_is_told_to_drain),
        TEST(what_ends_by_itself_is_not_stuck),
        TEST(who_runs_is_not_stuck),
        TEST(a_set_of_descriptors_is_looked_into),
        TEST(a_pidfd_is_its_process),
        TEST(a_unix_socket_has_its_other_end),
        TEST(a_tcp_socket_on_this_machine_has_its_other_end),
        TEST(who_waits_for_clients_is_not_stuck),
        TEST(without_calls_it_says_what_can_be_known),
        TEST(a_process_that_is_not_there_is_esrch),
    };

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests_name("waits", tests, NULL, NULL);
}
