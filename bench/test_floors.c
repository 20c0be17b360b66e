/* SPDX-License-Identifier: MIT */
// wrap: syscall
/*
 * test_floors.c - what a sum over many operations cannot tell of a floor.
 *
 * A page that was faulted in by its mapping costs one fault, too, but not in
 * the time that is taken; a sleep that was disturbed hides behind rounds that
 * need none.  So here the operations are called one by one, and the futex's
 * calls are held until the schedule is the worst.
 */
#include "common/test_census.h"
#include "mechanism.h"
#include "registry.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { OPERATIONS = 100 };

static void drop_sample(struct trial *t, int64_t ns)
{
    (void)t;
    (void)ns;
}

static long faults(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_minflt;
}

static void a_page_is_faulted_in_when_it_is_touched(void **state)
{
    const struct workload *w = workload_find("floor", "page-fault");
    struct trial t = {.line = 64, .sample = drop_sample};
    long before, during;
    int error;

    (void)state;
    faults(); /* its own first call may fault in a page of libc */
    assert_int_equal(w->open(&t), 0);
    before = faults();
    error = w->op(&t, OPERATIONS);
    during = faults() - before;
    w->close(&t);
    assert_int_equal(error, 0);
    assert_true(during >= OPERATIONS); /* a sanitizer adds its own */
}

/* --- a wake that comes late ------------------------------------------------
 */

/*
 * The timed side has stored its first message, but its wake is held until the
 * peer has seen the message without it, answered, and sleeps for the next.
 */
static struct {
    struct trial timed, peer;
    pthread_t thread;
    _Atomic bool started;
    _Atomic pid_t sleeper; /* the peer's thread, once it is about to sleep */
    long woken;            /* by the wake that was held; -1: none was */
    int error;
} late;

static _Thread_local bool is_timed, is_peer;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

static void *serve(void *nothing)
{
    (void)nothing;
    is_peer = true;
    late.error =
        workload_find("floor", "futex-pingpong")->serve(&late.peer, 0, 2);
    return NULL;
}

static char state_of(pid_t thread)
{
    char path[64], line[256] = "", *end;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    file = fopen(path, "r");
    if (!file)
        return 'X';
    if (!fgets(line, sizeof line, file))
        line[0] = '\0';
    fclose(file);
    end = strrchr(line, ')');
    return end && end[1] ? end[2] : 'X';
}

/* The peer runs now; back when it is asleep in its futex. */
static void let_the_peer_sleep(void)
{
    late.started = pthread_create(&late.thread, NULL, serve, NULL) == 0;
    while (late.started && (!late.sleeper || state_of(late.sleeper) != 'S'))
        sched_yield();
}

long __wrap_syscall(long number, ...)
{
    long argument[6], result;
    bool held;
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(list, long);
    va_end(list);
    held = number == SYS_futex && is_timed && !late.started &&
           (int)argument[1] == FUTEX_WAKE;
    if (held)
        let_the_peer_sleep();
    if (number == SYS_futex && is_peer && (int)argument[1] == FUTEX_WAIT)
        late.sleeper = (pid_t)__real_syscall(SYS_gettid);
    result = __real_syscall(number, argument[0], argument[1], argument[2],
                            argument[3], argument[4], argument[5]);
    if (held)
        late.woken = result;
    return result;
}

static void a_late_wake_disturbs_no_later_sleep(void **state)
{
    const struct workload *w = workload_find("floor", "futex-pingpong");
    int error;

    (void)state;
    late.woken = -1;
    late.timed.line = late.peer.line = 64;
    assert_int_equal(w->open(&late.timed), 0);
    late.peer.state = late.timed.state; /* one process: the same mapping */
    is_timed = true;
    error = w->op(&late.timed, 2);
    is_timed = false;
    if (late.started)
        pthread_join(late.thread, NULL);
    w->close(&late.timed);
    assert_true(late.started);
    assert_int_equal(error, 0);
    assert_int_equal(late.error, 0);
    assert_int_equal(late.woken, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_page_is_faulted_in_when_it_is_touched,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_late_wake_disturbs_no_later_sleep,
                                        census_begin, census_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
