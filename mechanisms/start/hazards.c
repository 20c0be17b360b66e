/* SPDX-License-Identifier: MIT */
/*
 * hazards.c - how starting a process by fork goes wrong, and the cures.
 *
 * A fork copies memory and descriptors, and no thread but the one that called
 * it.  A lock that another thread held is copied locked, without its owner;
 * an end of a pipe is copied open, without anybody who would close it.
 *
 * Every run has a process of its own, so what stands at file scope here is
 * new each time, and its story after a fork is the hazard itself.
 */
#include "mechanism.h"

#include "common/io.h"
#include "witness.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

extern const struct hazard start_hazards[];

/* The exit status of a child, or -errno; -ECANCELED: a signal ended it. */
static int wait_for(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -ECANCELED;
}

/* --- fork-held-lock --- */

/* A journal that one thread at a time may write in. */
static pthread_mutex_t journal = PTHREAD_MUTEX_INITIALIZER;
static int entries;

/* How the thread and main take their turns: two pipes, no luck. */
static int locked[2], finish[2];

enum { CURE_ATFORK = 1, CURE_REINIT };

static void lock_journal(void)
{
    pthread_mutex_lock(&journal);
}

static void unlock_journal(void)
{
    pthread_mutex_unlock(&journal);
}

static void renew_journal(void)
{
    pthread_mutex_init(&journal, NULL);
}

/* region: fork-held-lock */
/* The thread: in the middle of an entry until it is told to finish. */
static void *write_slowly(void *unused)
{
    char byte;

    lock_journal();
    write_full(locked[1], "", 1);
    read_some(finish[0], &byte, 1);
    entries++;
    unlock_journal();
    return unused;
}

/* The child: writes an entry too, if it ever gets the lock. */
static _Noreturn void write_in_child(void)
{
    int before = entries;

    lock_journal();
    entries++;
    unlock_journal();
    _exit(entries - before);
}
/* end: fork-held-lock */

/* Protect the fork, in one of two ways, or not at all. */
static int protect(int cure)
{
    /* region: fork-held-lock-cures */
    if (cure == CURE_ATFORK) /* fork() itself waits until we have the lock */
        return -pthread_atfork(lock_journal, unlock_journal, unlock_journal);
    if (cure == CURE_REINIT) /* the child gets a lock that nobody has */
        return -pthread_atfork(NULL, NULL, renew_journal);
    /* end: fork-held-lock-cures */
    return 0;
}

/* Start the thread; return when it holds the lock. */
static int start_thread(pthread_t *thread)
{
    int error = fd_pipe(locked);
    char byte;

    if (!error)
        error = fd_pipe(finish);
    if (!error)
        error = -pthread_create(thread, NULL, write_slowly, NULL);
    if (!error && read_some(locked[0], &byte, 1) != 1)
        error = -EIO;
    return error;
}

static int fork_held_lock(struct witness *w, int cure)
{
    int error = protect(cure), in_child;
    pthread_t thread;
    pid_t child;

    witness_expect(w, 2);
    if (!error)
        error = start_thread(&thread);
    if (error)
        return error;
    if (cure == CURE_ATFORK) /* or the fork would wait for ever */
        write_full(finish[1], "", 1);

    child = fork(); /* and the thread holds the lock */
    if (child == 0)
        write_in_child();
    if (child < 0)
        return -errno;
    witness_mutex(w, "journal", &journal);
    witness_victim(w, child);
    witness_holder(w, getpid());
    witness_ready(w);

    in_child = wait_for(child);
    write_full(finish[1], "", 1);
    pthread_join(thread, NULL);
    if (in_child < 0)
        return in_child;
    witness_got(w, entries + in_child);
    return 0;
}

/* --- inherited-write-end --- */

enum { RESULTS = 3, CURE_CLOSE = 1, CURE_GIVE };

/* What worker A writes into, and what worker B waits for. */
static int results[2], tasks[2];

/* Worker A: three results, and home. */
static _Noreturn void produce(void)
{
    for (int i = 0; i < RESULTS; i++)
        write_full(results[1], "r", 1);
    _exit(0);
}

/* region: inherited-write-end */
/* Worker B: has nothing to do with the results.  It only inherited them. */
static _Noreturn void wait_for_tasks(int cure)
{
    char task;

    fd_close(&tasks[1]);
    if (cure == CURE_CLOSE)
        fd_close(&results[1]);
    while (read_some(tasks[0], &task, 1) > 0)
        ; /* nothing comes before the results are in */
    _exit(0);
}

/* The parent: every result there is, until nobody can write any more. */
static int64_t collect(void)
{
    int64_t count = 0;
    char result;

    while (read_some(results[0], &result, 1) > 0)
        count++;
    return count;
}
/* end: inherited-write-end */

static int inherited_write_end(struct witness *w, int cure)
{
    int error = fd_pipe(results);
    pid_t a, b;

    witness_expect(w, RESULTS);
    if (!error)
        error = fd_pipe(tasks);
    if (error)
        return error;
    /* region: inherited-write-end-fork */
    a = fork();
    if (a == 0)
        produce();
    if (cure == CURE_GIVE) /* A has its end now: let nobody else inherit it */
        fd_close(&results[1]);
    b = fork();
    if (b == 0)
        wait_for_tasks(cure);
    fd_close(&results[1]);
    /* end: inherited-write-end-fork */
    if (a < 0 || b < 0 || wait_for(a) != 0)
        return -ECHILD;
    witness_fd(w, "results", results[0]);
    witness_victim(w, getpid());
    witness_holder(w, b);
    witness_ready(w);

    witness_got(w, collect());
    fd_close(&tasks[1]); /* B may go */
    return wait_for(b);
}

/* -------------------------------------------------------------------------- */

const struct hazard start_hazards[] = {
    {.name = "fork-held-lock",
     .summary = "the child inherits a locked lock, and not the thread that "
                "would unlock it",
     .lesson = "02",
     .question = "A thread holds a lock, and main forks.  The child locks it "
                 "too.\nWhat will the child do: a) finish b) hang c) crash?",
     .victim = "the child",
     .expect = HANGS,
     .evidence = "futex private",
     .cures =
         (const char *const[]){"pthread_atfork: hold the lock across fork",
                               "re-initialise the lock in the child", NULL},
     .run = fork_held_lock},
    {.name = "inherited-write-end",
     .summary = "a sibling inherits the write end of a pipe, so its reader "
                "never sees the end",
     .lesson = "05",
     .question = "Worker A has written its results and ended; the parent has "
                 "closed its write\nend.  Worker B, which never writes, still "
                 "waits for work.  The parent reads to the\nend of the pipe.  "
                 "What will it do: a) finish b) hang c) crash?",
     .victim = "the reader",
     .expect = HANGS,
     .evidence = "read pipe",
     .cures =
         (const char *const[]){"B closes the end that it does not use",
                               "only A gets the end: closed before B is forked",
                               NULL},
     .run = inherited_write_end},
    {.name = NULL},
};
