/* SPDX-License-Identifier: MIT */
/*
 * hazards_stdio.c - what fork does to a FILE: its buffer is copied, text and
 * all, and written twice; its lock, unlike yours, is made new.
 */
#include "start/hazards.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The supervisor's file as a FILE of our own.  0 or -errno. */
static int open_log(const struct witness *w, FILE **log)
{
    int fd = fd_duplicate(w->file);

    if (fd < 0)
        return fd;
    *log = fdopen(fd, "w");
    if (!*log)
        return -ENOMEM;
    fcntl(fd, F_SETFL, O_APPEND); /* several write at once */
    return 0;
}

/* --- fork-buffered-stdio --- */

enum { CURE_FLUSH = 1, CURE_EXIT };

static const char text[] = "once, I hope ";

/* How many times the text stands in the file. */
static int64_t times_written(const struct witness *w)
{
    struct stat status;

    if (fstat(w->file, &status) < 0)
        return -errno;
    return status.st_size / (int64_t)strlen(text);
}

/* region: fork-buffered-stdio */
/* Print, and fork a child that prints nothing. */
static int print_and_fork(struct witness *w, FILE *log, int cure)
{
    pid_t child;

    fputs(text, log); /* no newline, and room in the buffer: not written yet */
    if (cure == CURE_FLUSH)
        fflush(log);
    witness_show(w, 1);
    child = fork();
    if (child == 0 && cure == CURE_EXIT)
        _exit(0); /* leaves what is buffered to the parent */
    if (child == 0)
        exit(0); /* writes out every FILE, also what the parent printed */
    return child < 0 ? -errno : wait_for(child);
}
/* end: fork-buffered-stdio */

int fork_buffered_stdio(struct witness *w, int cure)
{
    static char buffer[4096];
    FILE *log = NULL;
    int error = open_log(w, &log);

    if (error)
        return error;
    setvbuf(log, buffer, _IOFBF, sizeof buffer);
    witness_expect(w, 1);
    witness_count(w, (int64_t)strlen(text));
    witness_victim(w, getpid());
    witness_memory(w, "buffer", buffer);
    error = print_and_fork(w, log, cure);
    if (error)
        return error < 0 ? error : -ECHILD;
    fflush(log);
    witness_show(w, 2);
    witness_got(w, times_written(w));
    fclose(log);
    return 0;
}

/* --- fork-stdio-myth --- */

enum { CHILDREN = 50, ALLOCATORS = 3, BEYOND_CACHES = 5000 };

static FILE *shared_log;
static int locked[2], unlock[2];
static _Atomic bool enough;

/* A block that no cache of a thread serves, so that the arena's lock is taken.
 */
static void use_malloc(void)
{
    char *volatile block = malloc(BEYOND_CACHES);

    if (block)
        *block = 'x';
    free(block);
}

/* A thread that holds the lock of the log until it is told to let go. */
static void *hold_log(void *unused)
{
    char byte;

    flockfile(shared_log);
    write_full(locked[1], "", 1);
    read_some(unlock[0], &byte, 1);
    funlockfile(shared_log);
    return unused;
}

/* A thread that is in malloc or free most of the time, and shares its arena
 * with all. */
static void *allocate(void *unused)
{
    write_full(locked[1], "", 1);
    while (!enough)
        use_malloc();
    return unused;
}

static int start_threads(pthread_t *threads)
{
    int error = fd_pipe(locked);
    char bytes[1 + ALLOCATORS];

    if (!error)
        error = fd_pipe(unlock);
    mallopt(M_ARENA_MAX, 1);
    for (int k = 0; !error && k < 1 + ALLOCATORS; k++)
        error =
            -pthread_create(&threads[k], NULL, k ? allocate : hold_log, NULL);
    if (!error && read_full(locked[0], bytes, sizeof bytes) != sizeof bytes)
        error = -EIO;
    return error;
}

/* region: fork-stdio-myth */
/* The child: does what the textbooks forbid. */
static _Noreturn void print_in_child(struct witness *w, int number)
{
    use_malloc();
    if (number == 0) {
        witness_holder(w, getpid());
        witness_show(w, 2);
    }
    fprintf(shared_log, "child %d\n", number);
    fflush(shared_log);
    _exit(0);
}
/* end: fork-stdio-myth */

/* All of them, while the threads do what they do. */
static int fork_them(struct witness *w)
{
    pid_t children[CHILDREN];
    int error = 0;

    for (int k = 0; k < CHILDREN; k++) {
        children[k] = fork();
        if (children[k] == 0)
            print_in_child(w, k);
    }
    for (int k = 0; k < CHILDREN; k++)
        if (children[k] < 0 || wait_for(children[k]) != 0)
            error = -ECHILD;
    return error;
}

/* How many lines the children wrote. */
static int64_t count_lines(const struct witness *w)
{
    char bytes[CHILDREN * 16];
    ssize_t n = pread(w->file, bytes, sizeof bytes, 0);
    int64_t lines = 0;

    for (ssize_t k = 0; k < n; k++)
        lines += bytes[k] == '\n';
    return lines;
}

int fork_stdio_myth(struct witness *w, int cure)
{
    pthread_t threads[1 + ALLOCATORS];
    int error = open_log(w, &shared_log);

    (void)cure;
    if (!error)
        error = start_threads(threads);
    if (error)
        return error;
    witness_expect(w, CHILDREN);
    witness_victim(w, getpid());
    /* glibc's: a lock word, a depth and an owner. */
    witness_memory(w, "log", shared_log->_lock);
    witness_show(w, 1);
    error = fork_them(w);
    enough = true;
    write_full(unlock[1], "", 1);
    for (int k = 0; k < 1 + ALLOCATORS; k++)
        pthread_join(threads[k], NULL);
    witness_got(w, count_lines(w));
    return error;
}
