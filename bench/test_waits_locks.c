/* SPDX-License-Identifier: MIT */
/* test_waits_locks.c - who could give back what a thread waits for. */
#include "test_waits.h"

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
    sleep(60); /* what this thread waits for is known, and ends nobody */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_mutexes_taken_crosswise_are_a_cycle_of_owners),
        TEST(an_owner_that_was_not_forked_along_is_named),
        TEST(a_shared_semaphore_has_all_who_map_it),
        TEST(a_joined_thread_is_named),
        TEST(a_lock_that_no_other_thread_could_give_back_is_said_so),
        TEST(the_holder_of_a_files_lock_is_named),
        TEST(a_process_in_a_container_is_called_by_our_number),
        TEST(a_process_whose_main_thread_has_ended_is_no_zombie),
        TEST(a_zombie_is_shown_as_one),
    };

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests_name("waits", tests, NULL, NULL);
}
