/* SPDX-License-Identifier: MIT */
/*
 * hazards_cut.c - a segment is cut, and who reads it is killed.
 *
 * A mapping is no copy.  Whoever may write to the file may also make it
 * shorter, and then there are pages in others' mappings of which the file has
 * nothing: a read of one is SIGBUS, in whoever happens to read.
 */
#include "shm/hazards.h"

#include "shm/arena.h"

#include <setjmp.h>
#include <signal.h>

enum { CURE_ARRAY = 1, CURE_READ, CURE_HANDLER };
enum { WORD = 4711, SIZE = 4096, QUESTIONS = 2 };

static struct shared_memory segment;
static struct array sealed;

/* region: sigbus */
/* What it was when it was mapped it need not be when it is read. */
static int64_t read_mapped(void)
{
    return *(volatile int64_t *)segment.buf;
}
/* end: sigbus */

/* region: sigbus-cures */
/* A system call says what a load cannot: there is less. */
static int64_t read_by_call(void)
{
    int64_t word = 0;
    ssize_t n = pread(segment.fd, &word, sizeof word, 0);

    return n == sizeof word ? word : -ENODATA;
}

static sigjmp_buf instead;

static void on_bus(int signal)
{
    siglongjmp(instead, signal);
}

/* The signal is for this load alone: it becomes an answer. */
static int64_t read_with_handler(void)
{
    struct sigaction handle = {.sa_handler = on_bus}, before;
    volatile int64_t word = -ENODATA;

    sigaction(SIGBUS, &handle, &before);
    if (sigsetjmp(instead, 1) == 0)
        word = read_mapped();
    sigaction(SIGBUS, &before, NULL);
    return word;
}
/* end: sigbus-cures */

static int64_t read_sealed(void)
{
    int64_t word = 0;
    int error = array_get(&sealed, 0, &word);

    return error ? error : word;
}

/* One question, and what it is that is there: was it answered rightly?  "There
 * is none" is right when it was cut. */
static bool answer(int cure, bool was_cut)
{
    int64_t word = cure == CURE_ARRAY     ? read_sealed()
                   : cure == CURE_READ    ? read_by_call()
                   : cure == CURE_HANDLER ? read_with_handler()
                                          : read_mapped();

    return word == (was_cut ? -ENODATA : WORD);
}

/* --- who cuts it --- */

/* Another process, which may write to it: its exit status is errno. */
static _Noreturn void cut(const char *name, int cure)
{
    struct shared_memory m;
    int fd, error;

    if (cure == CURE_ARRAY) {
        fd = sealed.typed.block.arena->region.fd;
    } else {
        error = shared_memory_attach(&m, name);
        if (error)
            _exit(-error);
        fd = m.fd;
    }
    _exit(ftruncate(fd, 0) < 0 ? errno : 0);
}

static int cut_in_another(const char *name, int cure)
{
    pid_t child = fork();

    if (child == 0)
        cut(name, cure);
    return child < 0 ? -errno : wait_for(child);
}

/* --- the scenario --- */

static int open_both(const char *name)
{
    const int64_t word = WORD;
    int error = shared_memory_create(&segment, name, SIZE);

    if (error)
        return error;
    *(int64_t *)segment.buf = WORD;
    error = array_open(&sealed, 'q', 1);
    return error ? error : array_set(&sealed, 0, &word);
}

static int close_both(void)
{
    int error = shared_memory_unlink(&segment);

    shared_memory_close(&segment);
    array_close(&sealed);
    return error ? error : leave_nobody();
}

int sigbus(struct witness *w, int cure)
{
    int64_t answered = 0;
    char name[sizeof w->name];
    int error, refused;

    witness_expect(w, QUESTIONS);
    witness_segment(w, "cut");
    signal(SIGBUS, SIG_DFL); /* whatever who runs us does with it */
    memcpy(name, w->name, sizeof name);
    error = open_both(name);
    if (error)
        return error;
    witness_victim(w, getpid());
    witness_memory(w, name, segment.buf);
    witness_fd(w, name, segment.fd);
    answered += answer(cure, false);
    witness_show(w, 1); /* all of it is there */

    refused = cut_in_another(name, cure);
    answered += answer(cure, refused == 0);
    error = close_both();
    if (refused != (cure == CURE_ARRAY ? EPERM : 0))
        return -EPROTO;
    if (error)
        return error;
    witness_got(w, answered);
    return 0;
}
