/* SPDX-License-Identifier: MIT */
/* test_verdict_futex.c - who waits for a lock that nobody here holds, and who
 * only looks so. */
#include "test_verdict.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>

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

static int exits_and_claims_a_mutex(struct witness *w, int cure)
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
    static const struct impostor impostors[] = {
        {sleeps, "not where it was said to be"},
        {pauses, "not where it was said to be"},
        {is_busy, "not where it was said to be"},
        {waits_on_another, "not where it was said to be"},
        {waits_with_a_timeout, "not where it was said to be"},
        {nobody_holds_it, "nobody holds the mutex"},
        {a_thread_of_its_own_holds_it, "lives in process"},
        {child_exits, "there is no process"},
        {exits_and_claims_a_mutex, "it ended with exit status 0"},
        {never_ready, "its stage was set"},
        {wrong_holder, "as was said"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(HANGS, "futex private", impostors);
}

static void a_lock_is_not_proven_while_anybody_still_works(void **state)
{
    (void)state;
    refused(HANGS, "futex private",
            &(struct impostor){a_sibling_is_busy, "slow, not stuck"});
    refused(HANGS, "futex private",
            &(struct impostor){a_sibling_naps, "which may end"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(impostors_of_a_held_lock_are_not_proven),
        PROMISE(a_lock_is_not_proven_while_anybody_still_works),
    };

    return RUN_PROMISES(tests);
}
