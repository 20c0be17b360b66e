/* SPDX-License-Identifier: MIT */
/*
 * post.h - the pipe, the lock and the outbox of a test, and what is seen of the
 * feeder from outside.
 *
 * The linker sends pthread_mutex_unlock here (`// wrap:` in check.c), so that a
 * test can fork while the feeder has a mutex.
 */
#ifndef IPCLAB_POST_H
#define IPCLAB_POST_H

#include "../check.h"
#include "outbox.h"

#include "common/clock.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>

enum { LARGE = 1 << 16 };

static struct connection reader, writer;
static struct lock writing;
static struct outbox *box;
static unsigned char text[1 << 20], got[1 << 20];

/* --- a fork while the feeder has a mutex --- */

enum { NOBODY, WANTED, INSIDE, FORKED };

static _Atomic int moment;
static pid_t graded;

int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);

/* Waits for the fork, but not for ever: a fork may be what waits for it. */
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    int wanted = WANTED;

    if (gettid() != getpid() && getpid() == graded &&
        atomic_compare_exchange_strong(&moment, &wanted, INSIDE)) {
        int64_t deadline = clock_deadline(SECOND / 2);

        while (atomic_load(&moment) != FORKED && clock_now() < deadline)
            sched_yield();
    }
    return __real_pthread_mutex_unlock(mutex);
}

/* --- a test --- */

static inline int post_begin(void **state)
{
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (unsigned char)(i * 7 + (i >> 8) * 13);
    graded = getpid();
    atomic_store(&moment, NOBODY);
    assert_int_equal(pipe_open(&reader, &writer), 0);
    assert_int_equal(lock_open(&writing, LOCK_PLAIN), 0);
    return check_begin(state);
}

static inline void open_box(void)
{
    int error = outbox_open(&box, &writer, &writing);

    expect_begun(error);
    expect(error == 0, "what an outbox needs to be opened");
}

static inline void put(const void *message, size_t size, bool urgent)
{
    expect(outbox_put(box, message, size, urgent) == 0,
           "what can fail in a put");
}

/* A message of one letter and a number. */
static inline void put_numbered(char kind, int number)
{
    char name[16];

    put(name, (size_t)snprintf(name, sizeof name, "%c%d", kind, number),
        kind == 'u');
}

static inline void gets_text(const char *wanted, const char *hint)
{
    ssize_t n = connection_recv(&reader, got, sizeof got);

    expect(n == (ssize_t)strlen(wanted) && memcmp(got, wanted, (size_t)n) == 0,
           hint);
}

static inline void gets_large(int number, const char *hint)
{
    ssize_t n = connection_recv(&reader, got, sizeof got);

    expect(n == LARGE && memcmp(got, text + number, LARGE) == 0, hint);
}

static inline void end_box(void)
{
    outbox_close(box);
    outbox_join(box);
    outbox_free(box);
    box = NULL;
}

static inline void gets_the_end(void)
{
    expect(connection_recv(&reader, got, sizeof got) == -EPIPE,
           "who closes the writer, and when; and what was never put");
}

static inline void wait_until_begun(void)
{
    int bytes = 0;

    while (ioctl(reader.fd, FIONREAD, &bytes) == 0 && bytes == 0)
        sched_yield();
}

/* The caller has the lock. */
static inline void wait_until_wanted(void)
{
    print_message("(the lock is held, and the feeder must wait for it)\n");
    while (!lock_is_wanted(&writing))
        sched_yield();
    expect(connection_poll(&reader, 0) == 0, "who may write, and when");
}

/* --- threads --- */

/* The thread that is not the first one, or 0; -1: there are more. */
static inline pid_t feeder(void)
{
    DIR *dir = opendir("/proc/self/task");
    const struct dirent *entry;
    pid_t found = 0;

    while (dir && (entry = readdir(dir))) {
        pid_t id = (pid_t)atoi(entry->d_name);

        if (id != 0 && id != getpid())
            found = found ? -1 : id;
    }
    if (dir)
        closedir(dir);
    return found;
}

/* It was joined; the kernel may still be at its end for a moment. */
static inline bool feeder_is_gone(void)
{
    int64_t deadline = clock_deadline(CHECK_SECONDS / 2 * SECOND);

    while (feeder() != 0 && clock_now() < deadline)
        sched_yield();
    return feeder() == 0;
}

/* A number of /proc/self/task/ID/status, or all bits set. */
static inline unsigned long long status_of(pid_t thread, const char *name,
                                           int base)
{
    char path[64], line[128];
    unsigned long long value = ULLONG_MAX;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtoull(line + strlen(name), NULL, base);
    if (file)
        fclose(file);
    return value;
}

/* Until it slept all the time that we looked. */
static inline void wait_until_asleep(pid_t thread)
{
    const struct timespec rest = {0, 2000000};
    unsigned long long before = ULLONG_MAX;

    for (int looks = 0; looks < 10; looks++) {
        unsigned long long now =
            status_of(thread, "voluntary_ctxt_switches:", 10);

        if (now != before)
            looks = 0;
        before = now;
        nanosleep(&rest, NULL);
    }
}

#endif
