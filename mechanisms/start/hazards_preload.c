/* SPDX-License-Identifier: MIT */
/*
 * hazards_preload.c - a child of the fork server is a fork of it: what fork
 * does to threads and locks it does here too, if the server has any.
 */
#include "start/hazards.h"

#include "common/hooks.h"
#include "start/forkserver.h"

#include <pthread.h>

enum { CURE_NO_THREAD = 1, CURE_HOOK };

/* A log that a thread writes. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static int entries;
static int started[2];

/* region: preload-with-threads */
/* The thread: has the lock for as long as it lives. */
static void *write_log(void *unused)
{
    pthread_mutex_lock(&log_lock);
    write_full(started[1], "", 1);
    for (;;)
        pause();
    return unused;
}

/* Run by the server, before it forks anybody. */
static void start_logger(void)
{
    pthread_t thread;
    char byte;

    if (fd_pipe(started) == 0 &&
        pthread_create(&thread, NULL, write_log, NULL) == 0)
        read_some(started[0], &byte, 1); /* until it has the lock */
}
PRELOAD(start_logger)

/* The child: logs one entry, if it ever gets the lock. */
static int log_entry(struct parcel *arguments)
{
    struct witness *w = witness_unpack(arguments);

    if (!w)
        return -EIO;
    witness_mutex(w, "log", &log_lock);
    witness_victim(w, getpid());
    witness_holder(w, getppid());
    witness_ready(w);
    pthread_mutex_lock(&log_lock);
    entries++;
    pthread_mutex_unlock(&log_lock);
    return entries;
}
TARGET(log_entry)
/* end: preload-with-threads */

/* region: preload-with-threads-cures */
/* What is slow to load and is no thread may be preloaded. */
static void load_tables(void)
{
}
PRELOAD(load_tables)

/* The thread is its child's own, and lets go of the lock. */
static void *write_and_end(void *unused)
{
    pthread_mutex_lock(&log_lock);
    pthread_mutex_unlock(&log_lock);
    return unused;
}

static int log_with_a_thread(struct parcel *arguments)
{
    pthread_t thread;
    int error = -pthread_create(&thread, NULL, write_and_end, NULL);

    if (error)
        return error;
    pthread_join(thread, NULL);
    return log_entry(arguments);
}
TARGET(log_with_a_thread)

static void renew_log(void *unused)
{
    (void)unused;
    pthread_mutex_init(&log_lock, NULL);
}

/* Whoever preloads a lock says what becomes of it in a child. */
static void start_logger_with_hook(void)
{
    static struct after_fork hook = {.run = renew_log};

    after_fork_register(&hook);
    start_logger();
}
PRELOAD(start_logger_with_hook)
/* end: preload-with-threads-cures */

int preload_with_threads(struct witness *w, int cure)
{
    const char *names[] = {cure == CURE_NO_THREAD ? "load_tables"
                           : cure == CURE_HOOK    ? "start_logger_with_hook"
                                                  : "start_logger",
                           NULL};
    int error = forkserver_set_preload(names), logged = 0;
    struct parcel arguments;

    witness_expect(w, 1);
    parcel_init(&arguments);
    if (!error)
        error = witness_pack(w, &arguments);
    if (!error)
        logged = run_target(cure == CURE_NO_THREAD ? "log_with_a_thread"
                                                   : "log_entry",
                            &arguments, START_FORKSERVER);
    parcel_free(&arguments);
    if (!error)
        error = leave_nobody();
    if (error || logged < 0)
        return error ? error : logged;
    witness_got(w, logged);
    return 0;
}
