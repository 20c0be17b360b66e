/* SPDX-License-Identifier: MIT */
/*
 * test_waits.c - what real processes wait for, and who of them is stuck.
 *
 * Each stage is a process of its own, which builds what it is about, closes
 * nothing of its parent's that matters, and hangs.  The graph is read until it
 * shows what it should: a stage needs a moment to set itself up.
 */
#include "waits.h"
#include "waits_find.h"

#include "common/clock.h"
#include "common/test_census.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { PATIENCE = 400 }; /* looks, of 0.11 s at the least */

static pid_t stage;
static struct graph graph;

static _Noreturn void stay(void)
{
    for (;;)
        pause();
}

static void begin_stage(void (*set)(void))
{
    fflush(stdout);
    stage = fork();
    if (stage == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(60);
        set();
        _exit(1);
    }
    assert_true(stage > 0);
}

/* End the stage and all its processes, whoever has adopted them. */
static void end_stage(void)
{
    struct pids below = {0};

    graph_free(&graph);
    kill(stage, SIGKILL);
    waitpid(stage, NULL, 0);
    while (descendants(getpid(), &below, SIZE_MAX) == 0 && below.count) {
        for (size_t i = 0; i < below.count; i++)
            kill(below.pid[i], SIGKILL);
        waitpid(below.pid[0], NULL, 0);
    }
    pids_free(&below);
}

static const struct waiter *find(enum wait_kind kind, const char *what)
{
    for (size_t i = 0; i < graph.waiters; i++)
        if (graph.waiter[i].kind == kind && strstr(graph.waiter[i].what, what))
            return &graph.waiter[i];
    return NULL;
}

/* Look until a thread waits so, and as many of the tree are stuck. */
static const struct waiter *shows(enum wait_kind kind, const char *what,
                                  unsigned stuck)
{
    const struct waiter *w = NULL;

    for (int i = 0; i < PATIENCE; i++) {
        graph_free(&graph);
        assert_int_equal(graph_read(&graph, stage), 0);
        w = find(kind, what);
        if (w && graph.stuck == stuck)
            return w;
    }
    graph_print(&graph, stderr, 80);
    fail_msg("nobody %s, or %u are stuck and not %u", what, graph.stuck, stuck);
    return NULL;
}

static pid_t fork_to(void (*f)(void))
{
    pid_t child = fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        f();
        _exit(1);
    }
    return child;
}

/* --- pipes --- */

static int one[2], two[2];

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

static char much[1 << 20];

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

static void fill(void)
{
    close(one[0]);
    (void)!write(one[1], much, sizeof much);
}

static void join_before_drain(void)
{
    pid_t child;

    (void)!pipe(one);
    child = fork_to(fill);
    close(one[1]);
    waitpid(child, NULL, 0);
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
    sleep(60);
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

/* --- locks --- */

static pthread_mutex_t mutex_a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t mutex_b = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;

static void *a_then_b(void *unused)
{
    pthread_mutex_lock(&mutex_a);
    pthread_barrier_wait(&both);
    pthread_mutex_lock(&mutex_b);
    return unused;
}

static void lock_crosswise(void)
{
    pthread_t thread;

    pthread_barrier_init(&both, NULL, 2);
    pthread_create(&thread, NULL, a_then_b, NULL);
    pthread_mutex_lock(&mutex_b);
    pthread_barrier_wait(&both);
    pthread_mutex_lock(&mutex_a);
}

static void two_mutexes_taken_crosswise_are_a_cycle_of_owners(void **state)
{
    struct cycle cycles[4];
    char advice[256];

    (void)state;
    begin_stage(lock_crosswise);
    shows(WAIT_FUTEX, "waits for the mutex that thread", 2);
    assert_int_equal(graph_cycles(&graph, cycles, 4), 1);
    cycle_advice(&graph, &cycles[0], advice, sizeof advice);
    assert_non_null(strstr(advice, "same order"));
    end_stage();
}

static void *hold_a(void *unused)
{
    pthread_mutex_lock(&mutex_a);
    pthread_barrier_wait(&both);
    stay();
    return unused;
}

static void lock_a(void)
{
    pthread_mutex_lock(&mutex_a);
}

static void fork_while_it_is_held(void)
{
    pthread_t thread;

    pthread_barrier_init(&both, NULL, 2);
    pthread_create(&thread, NULL, hold_a, NULL);
    pthread_barrier_wait(&both);
    waitpid(fork_to(lock_a), NULL, 0);
}

static void an_owner_that_was_not_forked_along_is_named(void **state)
{
    const struct waiter *w;

    (void)state;
    begin_stage(fork_while_it_is_held);
    w = shows(WAIT_FUTEX, "waits for the mutex that thread", 2);
    assert_non_null(strstr(w->want[0].note, "when that one forked"));
    assert_int_equal(w->want[0].wakers, 0);
    end_stage();
}

static sem_t *semaphore;

static void take(void)
{
    sem_wait(semaphore);
}

static void take_in_two(void)
{
    semaphore = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sem_init(semaphore, 1, 0);
    fork_to(take);
    take();
}

static void a_shared_semaphore_has_all_who_map_it(void **state)
{
    const struct waiter *w;

    (void)state;
    begin_stage(take_in_two);
    w = shows(WAIT_FUTEX, "in shared memory", 2);
    assert_int_equal(w->want[0].wakers, 2);
    assert_non_null(strstr(w->want[0].note, "value 0"));
    end_stage();
}

static void *take_alone(void *unused)
{
    sem_t own;

    sem_init(&own, 0, 0);
    sem_wait(&own);
    return unused;
}

static void join_thread(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, take_alone, NULL);
    pthread_join(thread, NULL);
}

static void a_joined_thread_is_named(void **state)
{
    const struct waiter *w;

    (void)state;
    begin_stage(join_thread);
    w = shows(WAIT_THREAD, "to end", 2);
    assert_int_not_equal(w->want[0].waker[0].thread, stage);
    end_stage();
}

static void alone(void)
{
    take_alone(NULL);
}

static void a_lock_that_no_other_thread_could_give_back_is_said_so(void **state)
{
    const struct waiter *w;

    (void)state;
    begin_stage(alone);
    w = shows(WAIT_FUTEX, "waits for a lock or a semaphore", 1);
    assert_non_null(strstr(w->want[0].note, "and there are none"));
    end_stage();
}

static int locked_file;

static void lock_file(void)
{
    char path[40];

    snprintf(path, sizeof path, "/proc/self/fd/%d", locked_file);
    flock(open(path, O_RDWR), LOCK_EX); /* a description of its own */
}

static void hold_file(void)
{
    locked_file = memfd_create("ipclab-locked", 0);
    flock(locked_file, LOCK_EX);
    waitpid(fork_to(lock_file), NULL, 0);
}

static void the_holder_of_a_files_lock_is_named(void **state)
{
    const struct waiter *w;

    (void)state;
    begin_stage(hold_file);
    w = shows(WAIT_FILE, "ipclab-locked", 2);
    assert_int_equal(w->want[0].waker[0].process, stage);
    end_stage();
}

/* --- the rest --- */

static int begin_to_number(void *unused)
{
    (void)unused;
    return unshare(CLONE_NEWPID) < 0 &&
           unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0;
}

/* Numbers of its own: the child is 2 to its parent, and not to us. */
static void have_own_numbers(void)
{
    begin_to_number(NULL);
    waitpid(fork_to(join_before_drain), NULL, 0);
}

static void a_process_in_a_container_is_called_by_our_number(void **state)
{
    struct cycle cycles[4];

    (void)state;
    if (test_in_fork(begin_to_number, NULL) != 0) {
        print_message("skipped: no namespace may be made here\n");
        skip();
    }
    begin_stage(have_own_numbers);
    shows(WAIT_ROOM, "waits for room in pipe", 3);
    assert_int_equal(graph_cycles(&graph, cycles, 4), 1);
    assert_int_equal(cycles[0].count, 2);
    end_stage();
}

static void *outlive_main(void *unused)
{
    sleep(60);
    return unused;
}

static void end_main_alone(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, outlive_main, NULL);
    pthread_exit(NULL);
}

static void a_process_whose_main_thread_has_ended_is_no_zombie(void **state)
{
    (void)state;
    begin_stage(end_main_alone);
    shows(WAIT_TIME, "wakes by itself", 0);
    for (int i = 0; i < PATIENCE && graph.member[0].threads == 2; i++)
        shows(WAIT_TIME, "wakes by itself", 0);
    assert_int_equal(graph.member[0].threads, 1);
    assert_false(graph.member[0].zombie);
    end_stage();
}

static _Noreturn void end_at_once(void)
{
    _exit(0);
}

static void leave_a_zombie(void)
{
    fork_to(end_at_once);
    stay();
}

static void a_zombie_is_shown_as_one(void **state)
{
    (void)state;
    begin_stage(leave_a_zombie);
    for (int i = 0; i < PATIENCE; i++) {
        graph_free(&graph);
        assert_int_equal(graph_read(&graph, stage), 0);
        if (graph.members == 2 && graph.member[1].zombie)
            break;
    }
    assert_int_equal(graph.members, 2);
    assert_true(graph.member[1].zombie);
    assert_int_equal(graph.member[1].parent, stage);
    end_stage();
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, patient, census_end)

static int patient(void **state)
{
    int error = census_begin(state);

    alarm(120);
    return error;
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
        TEST(two_mutexes_taken_crosswise_are_a_cycle_of_owners),
        TEST(an_owner_that_was_not_forked_along_is_named),
        TEST(a_shared_semaphore_has_all_who_map_it),
        TEST(a_joined_thread_is_named),
        TEST(a_lock_that_no_other_thread_could_give_back_is_said_so),
        TEST(the_holder_of_a_files_lock_is_named),
        TEST(a_process_in_a_container_is_called_by_our_number),
        TEST(a_process_whose_main_thread_has_ended_is_no_zombie),
        TEST(a_zombie_is_shown_as_one),
        TEST(without_calls_it_says_what_can_be_known),
        TEST(a_process_that_is_not_there_is_esrch),
    };

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests_name("waits", tests, NULL, NULL);
}
