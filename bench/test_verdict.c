/* SPDX-License-Identifier: MIT */
/*
 * test_verdict.c - hazards are proven, and impostors are not.
 *
 * An impostor says through its witness that it is stuck as a hazard would be,
 * and is not: it sleeps, waits elsewhere, or was never there.  For each the
 * verdict must be NOT PROVEN, and for the right reason: it is run with more
 * time until that reason is given, so that a slow machine decides nothing.
 */
#include "common/test_census.h"

#include "common/clock.h"
#include "common/io.h"
#include "scenario.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define PROMISE(name)                                                          \
    cmocka_unit_test_setup_teardown(name, census_begin, census_end)

extern const struct hazard start_hazards[], pipe_hazards[];

/* --- judging --- */

static struct observation observe(const struct hazard *h, int cure,
                                  int64_t time)
{
    struct limits limits = scenario_limits;
    struct observation o;

    limits.time = time;
    assert_int_equal(scenario_observe(h, cure, &limits, &o), 0);
    close(o.output);
    assert_int_not_equal(o.ended.how, INTERRUPTED);
    assert_false(o.ended.stuck);
    return o;
}

static void refused(enum outcome expect, const char *evidence,
                    int (*run)(struct witness *, int), const char *reason)
{
    struct hazard h = {
        .name = "impostor", .expect = expect, .evidence = evidence, .run = run};
    struct observation o;
    int64_t time = SECOND * 3 / 10;

    do {
        o = observe(&h, 0, time);
        assert_int_equal(o.verdict.ruling, NOT_PROVEN);
        time *= 2;
    } while (!strstr(o.verdict.reason, reason) && time < 8 * SECOND);
    if (!strstr(o.verdict.reason, reason))
        fail_msg("refused because \"%s\"", o.verdict.reason);
}

static void all_proven_and_cured(const struct hazard *h)
{
    for (; h->name; h++) {
        struct observation o = observe(h, 0, 10 * SECOND);
        int64_t expected = o.witness.expected;
        char reason[160];

        if (o.verdict.ruling == NOT_SHOWN)
            skip();
        if (o.verdict.ruling != PROVEN)
            fail_msg("%s: %s", h->name, o.verdict.reason);
        assert_true(o.verdict.count > 0);
        for (int cure = 1; h->cures && h->cures[cure - 1]; cure++) {
            const char *fault;

            o = observe(h, cure, 10 * SECOND);
            fault = cure_fault(&o.witness, &o.ended, expected, reason,
                               sizeof reason);
            if (fault)
                fail_msg("%s, cure %d: %s, %s", h->name, cure, fault, reason);
        }
    }
}

static void the_hazards_of_start_are_proven_and_cured(void **state)
{
    (void)state;
    if (scenario_sanitizer())
        skip();
    all_proven_and_cured(start_hazards);
}

static void the_hazards_of_pipe_are_proven_and_cured(void **state)
{
    (void)state;
    if (scenario_sanitizer())
        skip();
    all_proven_and_cured(pipe_hazards);
}

/* --- what impostors do --- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
static int go[2]; /* a thread that has its lock writes a byte */

static void *hold(void *lock)
{
    pthread_mutex_lock(lock);
    write_full(go[1], "", 1);
    for (;;)
        pause();
    return NULL;
}

/* A thread of this process holds the lock. */
static void held_by_thread(pthread_mutex_t *lock)
{
    pthread_t thread;
    char byte;

    if (fd_pipe(go) < 0 || pthread_create(&thread, NULL, hold, lock) != 0 ||
        read_some(go[0], &byte, 1) != 1)
        _exit(1);
}

static _Noreturn void pause_for_ever(void)
{
    for (;;)
        pause();
}

static void claim_mutex(struct witness *w, pid_t victim, pid_t holder)
{
    witness_mutex(w, "journal", &mutex);
    witness_victim(w, victim);
    witness_holder(w, holder);
    witness_ready(w);
}

/* Fork a child that does `wrong`, and say that it waits for our mutex. */
static int accuse(struct witness *w, void (*wrong)(void))
{
    pid_t child = fork();

    if (child == 0) {
        wrong();
        _exit(0);
    }
    claim_mutex(w, child, getpid());
    waitpid(child, NULL, 0);
    pause_for_ever();
}

static void nap(void)
{
    test_sleep_ms(100000);
}

static void spin(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

static void do_nothing(void)
{
}

static void lock_mutex(void)
{
    pthread_mutex_lock(&mutex);
}

static void lock_other(void)
{
    pthread_mutex_lock(&other);
}

static void lock_with_a_timeout(void)
{
    struct timespec far;

    clock_gettime(CLOCK_REALTIME, &far);
    far.tv_sec += 1000;
    pthread_mutex_timedlock(&mutex, &far);
}

static void hold_and_lock(void)
{
    pthread_mutex_init(&mutex, NULL);
    held_by_thread(&mutex);
    pthread_mutex_lock(&mutex);
}

static void wait_on_a_word_that_nobody_holds(void)
{
    syscall(SYS_futex, &mutex.__data.__lock, FUTEX_WAIT_PRIVATE, 0, NULL, NULL,
            0);
}

/* --- "futex private" -------------------------------------------------------
 */

static int sleeps(struct witness *w, int cure)
{
    (void)cure;
    held_by_thread(&mutex);
    return accuse(w, nap);
}

static int pauses(struct witness *w, int cure)
{
    (void)cure;
    held_by_thread(&mutex);
    return accuse(w, pause_for_ever);
}

static int is_busy(struct witness *w, int cure)
{
    (void)cure;
    held_by_thread(&mutex);
    return accuse(w, spin);
}

static int waits_on_another(struct witness *w, int cure)
{
    (void)cure;
    held_by_thread(&mutex);
    held_by_thread(&other);
    return accuse(w, lock_other);
}

static int waits_with_a_timeout(struct witness *w, int cure)
{
    (void)cure;
    held_by_thread(&mutex);
    return accuse(w, lock_with_a_timeout);
}

static int nobody_holds_it(struct witness *w, int cure)
{
    (void)cure;
    return accuse(w, wait_on_a_word_that_nobody_holds);
}

static int a_thread_of_its_own_holds_it(struct witness *w, int cure)
{
    (void)cure;
    return accuse(w, hold_and_lock);
}

static int child_exits(struct witness *w, int cure)
{
    (void)cure;
    held_by_thread(&mutex);
    return accuse(w, do_nothing);
}

static int exits_at_once(struct witness *w, int cure)
{
    (void)cure;
    claim_mutex(w, getpid(), getppid());
    return 0;
}

/* Stuck indeed, but it never says that the stage is set. */
static int never_ready(struct witness *w, int cure)
{
    (void)w;
    (void)cure;
    held_by_thread(&mutex);
    if (fork() == 0)
        lock_mutex();
    pause_for_ever();
}

/* Stuck, but the owner is not where it is said to be. */
static int wrong_holder(struct witness *w, int cure)
{
    pid_t child;

    (void)cure;
    held_by_thread(&mutex);
    child = fork();
    if (child == 0)
        lock_mutex();
    claim_mutex(w, child, child);
    pause_for_ever();
}

/* Stuck, but somebody else in the tree still works. */
static int a_sibling_is_busy(struct witness *w, int cure)
{
    (void)cure;
    held_by_thread(&mutex);
    if (fork() == 0)
        spin();
    return accuse(w, lock_mutex);
}

static int a_sibling_naps(struct witness *w, int cure)
{
    (void)cure;
    held_by_thread(&mutex);
    if (fork() == 0)
        nap();
    return accuse(w, lock_mutex);
}

static void impostors_of_a_held_lock_are_not_proven(void **state)
{
    static const struct {
        int (*run)(struct witness *, int);
        const char *reason;
    } impostors[] = {
        {sleeps, "not where it was said to be"},
        {pauses, "not where it was said to be"},
        {is_busy, "not where it was said to be"},
        {waits_on_another, "not where it was said to be"},
        {waits_with_a_timeout, "not where it was said to be"},
        {nobody_holds_it, "nobody holds the mutex"},
        {a_thread_of_its_own_holds_it, "lives in process"},
        {child_exits, "there is no process"},
        {exits_at_once, "it ended with exit status 0"},
        {never_ready, "its stage was set"},
        {wrong_holder, "as was said"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof impostors / sizeof *impostors; i++)
        refused(HANGS, "futex private", impostors[i].run, impostors[i].reason);
}

static void a_lock_is_not_proven_while_anybody_still_works(void **state)
{
    (void)state;
    refused(HANGS, "futex private", a_sibling_is_busy, "slow, not stuck");
    refused(HANGS, "futex private", a_sibling_naps, "which may end");
}

/* --- "read pipe" ------------------------------------------------------------
 */

/* A child that keeps the write end and does `what`; we read. */
static int read_beside(struct witness *w, void (*what)(void), bool keep_ours)
{
    int ends[2];
    pid_t child;
    char byte;

    if (fd_pipe(ends) < 0)
        return -EMFILE;
    child = fork();
    if (child == 0) {
        what();
        _exit(0);
    }
    if (!keep_ours)
        fd_close(&ends[1]);
    witness_fd(w, "results", ends[0]);
    witness_victim(w, getpid());
    witness_holder(w, child);
    witness_ready(w);
    read_some(ends[0], &byte, 1);
    return 0;
}

static int holder_is_busy(struct witness *w, int cure)
{
    (void)cure;
    return read_beside(w, spin, false);
}

static int holder_naps(struct witness *w, int cure)
{
    (void)cure;
    return read_beside(w, nap, false);
}

static int holder_has_gone(struct witness *w, int cure)
{
    (void)cure;
    return read_beside(w, do_nothing, false);
}

static int reader_holds_it_too(struct witness *w, int cure)
{
    (void)cure;
    return read_beside(w, pause_for_ever, true);
}

static int reads_a_pipe_that_nobody_writes(struct witness *w, int cure)
{
    int ends[2];
    char byte;

    (void)cure;
    if (fd_pipe(ends) < 0)
        return -EMFILE;
    fd_close(&ends[1]);
    witness_fd(w, "results", ends[0]);
    witness_victim(w, getpid());
    witness_holder(w, getpid());
    witness_ready(w);
    return (int)read_some(ends[0], &byte, 1);
}

/* Waits in read(2), of another pipe than it says. */
static int reads_another(struct witness *w, int cure)
{
    int ends[2], others[2];
    char byte;

    (void)cure;
    if (fd_pipe(ends) < 0 || fd_pipe(others) < 0)
        return -EMFILE;
    witness_fd(w, "results", ends[0]);
    witness_victim(w, getpid());
    witness_holder(w, getpid());
    witness_ready(w);
    return (int)read_some(others[0], &byte, 1);
}

static int reads_a_socket(struct witness *w, int cure)
{
    int ends[2];
    char byte;

    (void)cure;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return -errno;
    witness_fd(w, "results", ends[0]);
    witness_victim(w, getpid());
    witness_holder(w, getpid());
    witness_ready(w);
    return (int)read_some(ends[0], &byte, 1);
}

static int only_pauses(struct witness *w, int cure)
{
    (void)cure;
    witness_fd(w, "results", 0);
    witness_victim(w, getpid());
    witness_ready(w);
    pause_for_ever();
}

static void impostors_of_an_inherited_end_are_not_proven(void **state)
{
    static const struct {
        int (*run)(struct witness *, int);
        const char *reason;
    } impostors[] = {
        {holder_is_busy, "slow, not stuck"},
        {holder_naps, "which may end"},
        {holder_has_gone, "it ended with exit status 0"},
        {reader_holds_it_too, "holds the write end"},
        {reads_a_pipe_that_nobody_writes, "it ended with exit status 0"},
        {reads_another, "not where it was said to be"},
        {reads_a_socket, "and no pipe"},
        {only_pauses, "not where it was said to be"},
        {exits_at_once, "it ended with exit status 0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof impostors / sizeof *impostors; i++)
        refused(HANGS, "read pipe", impostors[i].run, impostors[i].reason);
}

/* --- "signal PIPE" -----------------------------------------------------------
 */

static int dies_of_another_signal(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    raise(SIGTERM);
    return 0;
}

/* Its child dies as it should itself. */
static int another_dies(struct witness *w, int cure)
{
    pid_t child = fork();

    (void)cure;
    if (child == 0) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    witness_victim(w, child);
    waitpid(child, NULL, 0);
    return 0;
}

static int exits_with_the_signals_status(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    return 128 + SIGPIPE;
}

static int only_pauses_until_killed(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    pause_for_ever();
}

/* The right signal, which nobody's pipe sent. */
static int raises_it(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    witness_fd(w, "writer", STDOUT_FILENO);
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
    return 0;
}

static void impostors_of_a_death_by_signal_are_not_proven(void **state)
{
    static const struct {
        int (*run)(struct witness *, int);
        const char *reason;
    } impostors[] = {
        {dies_of_another_signal, "signal 15"},
        {another_dies, "it ended with exit status 0"},
        {exits_with_the_signals_status, "it ended with exit status 141"},
        {only_pauses_until_killed, "its time was over"},
        {raises_it, "in no write to descriptor"},
        {exits_at_once, "it ended with exit status 0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof impostors / sizeof *impostors; i++)
        refused(CRASHES, "signal PIPE", impostors[i].run, impostors[i].reason);
}

static void evidence_of_an_unknown_kind_proves_nothing(void **state)
{
    (void)state;
    refused(HANGS, "cycle 99", pauses, "nobody knows how to find");
}

/* --- cures that are none --- */

enum {
    RIGHT,
    WRONG_RESULT,
    LESS_WORK,
    NO_RESULT,
    FAILS,
    HANGS_STILL,
    LEAVES,
    LITTERS
};

static int cure(struct witness *w, int kind)
{
    char path[128];

    witness_expect(w, kind == LESS_WORK ? 1 : 2);
    if (kind == HANGS_STILL)
        pause_for_ever();
    if (kind == LEAVES && fork() == 0)
        pause_for_ever();
    snprintf(path, sizeof path, "%s/litter", getenv("TMPDIR"));
    if (kind == LITTERS)
        close(open(path, O_CREAT | O_WRONLY, 0600));
    if (kind != NO_RESULT)
        witness_got(w, kind == LESS_WORK || kind == WRONG_RESULT ? 1 : 2);
    return kind == FAILS ? -EPIPE : 0;
}

static void only_a_cure_that_does_the_work_is_one(void **state)
{
    static const struct hazard h = {.name = "cure", .run = cure};
    static const char *const faults[] = {
        [WRONG_RESULT] = "WRONG", [LESS_WORK] = "WRONG",
        [NO_RESULT] = "WRONG",    [FAILS] = "FAILS",
        [HANGS_STILL] = "HANGS",  [LEAVES] = "LEAVES",
        [LITTERS] = "LEAVES"};

    (void)state;
    for (int kind = RIGHT; kind <= LITTERS; kind++) {
        /* scenario 0 would be judged as the hazard: RIGHT is run as 8. */
        struct observation o =
            observe(&h, kind == RIGHT ? 8 : kind,
                    kind == HANGS_STILL ? SECOND / 5 : 10 * SECOND);
        char reason[160];
        const char *fault =
            cure_fault(&o.witness, &o.ended, 2, reason, sizeof reason);

        if (kind == RIGHT)
            assert_null(fault);
        else
            assert_string_equal(fault ? fault : "none", faults[kind]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(the_hazards_of_start_are_proven_and_cured),
        PROMISE(the_hazards_of_pipe_are_proven_and_cured),
        PROMISE(impostors_of_a_held_lock_are_not_proven),
        PROMISE(a_lock_is_not_proven_while_anybody_still_works),
        PROMISE(impostors_of_an_inherited_end_are_not_proven),
        PROMISE(impostors_of_a_death_by_signal_are_not_proven),
        PROMISE(evidence_of_an_unknown_kind_proves_nothing),
        PROMISE(only_a_cure_that_does_the_work_is_one),
    };

    if (scenario_sanitizer() && strcmp(scenario_sanitizer(), "thread") == 0) {
        puts("ThreadSanitizer allows no threads after a fork");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
