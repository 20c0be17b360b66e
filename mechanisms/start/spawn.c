/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - the spawn start method: a fresh image of the program, which is told
 * over a pipe what to run (CPython popen_spawn_posix.py, spawn.py).
 *
 * The child has nothing of the parent's memory.  It gets a name and finds the
 * function of that name in its own image; an address would mean nothing there.
 * Of the parent's descriptors only those in the parcel survive.
 */
#include "start/image.h"

#include "common/io.h"
#include "common/tracker.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a child may take until it has read what does not fit the pipe. */
static const int64_t patience = 60 * SECOND;

/* What every pipe holds, however small it was made (man 7 pipe). */
enum { ALWAYS_FITS = 4096 };

/*
 * Write all of it, and wait for room no longer than that.  The child's end is
 * not ours any more, so one that has died is EPIPE and no wait for ever.
 */
static int write_patiently(int fd, const char *bytes, size_t n)
{
    int64_t deadline = clock_deadline(patience);
    struct pollfd room = {fd, POLLOUT, 0};
    struct timespec left;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (n) {
        ssize_t put = write(fd, bytes, n);

        if (put >= 0) {
            bytes += put;
            n -= (size_t)put;
        } else if (errno == EAGAIN) {
            int ready = ppoll(&room, 1, clock_left(deadline, &left), NULL);

            if (ready == 0)
                return -ETIMEDOUT;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* Head and parcel, at once if they are sure to fit. */
static int hand_over(int fd, const struct preparation_head *head, size_t n,
                     const struct parcel *parcel)
{
    size_t more = parcel ? parcel->length : 0;
    int error;

    if (n + more <= ALWAYS_FITS)
        return write_pair(fd, false, head, n, more ? parcel->bytes : NULL,
                          more);
    error = write_patiently(fd, (const char *)head, n);
    return error || !more
               ? error
               : write_patiently(fd, (const char *)parcel->bytes, more);
}

static int run(const struct process *p, struct child *c, int reader, int writer)
{
    int keep[PARCEL_FDS + 3], tracker = tracker_ensure_running();
    char pipe[24], with[24], what[] = IMAGE_CHILD;
    char *argv[] = {program_invocation_name, what, pipe, with, NULL};
    size_t n = 0;

    if (tracker < 0)
        return tracker;
    image_argument(pipe, sizeof pipe, "pipe", reader);
    image_argument(with, sizeof with, "tracker", tracker);
    keep[n++] = reader;
    keep[n++] = tracker;
    if (writer >= 0)
        keep[n++] = writer;
    for (size_t i = 0; p->arguments && i < p->arguments->fd_count; i++)
        keep[n++] = p->arguments->fds[i].fd;
    return image_run(image_path(), argv, keep, n, &c->pid,
                     writer < 0 ? &c->sentinel : NULL);
}

int spawn_start(struct process *p, struct child *c)
{
    int ended[2] = {-1, -1}, told[2] = {-1, -1}, error = 0;
    struct preparation_head head;
    ssize_t n = preparation_pack(&head, p, NULL, true);

    if (n < 0)
        return (int)n;
    if (p->sentinel_kind == SENTINEL_PIPE)
        error = fd_pipe(ended);
    if (!error)
        error = fd_pipe(told);
    flush_standard_streams();
    /* region: spawn */
    if (!error)
        error = run(p, c, told[0], ended[1]);
    /* The child's ends go before anything is written that it might not read. */
    fd_close(&told[0]);
    fd_close(&ended[1]);
    if (!error)
        error = hand_over(told[1], &head, (size_t)n, p->arguments);
    fd_close(&told[1]);
    /* end: spawn */
    if (ended[0] >= 0)
        c->sentinel = ended[0];
    return error == -EPIPE ? 0 : error; /* it has ended: its code says how */
}

/* The rest of a message that did not come at once, or did not fit. */
static char *read_rest(int fd, const char *have, size_t n, size_t total)
{
    char *all = malloc(total);

    if (!all)
        return NULL;
    memcpy(all, have, n);
    return read_full(fd, all + n, total - n) == (ssize_t)(total - n) ? all
                                                                     : NULL;
}

/* In the new image, first thing: read what to be, and be it. */
_Noreturn void spawn_main(char **argv)
{
    static union {
        struct preparation fixed;
        char bytes[ALWAYS_FITS];
    } first;
    int fd = (int)image_option(argv, "pipe"), fds[PARCEL_FDS];
    ssize_t got = read_some(fd, &first, sizeof first);
    char *more = first.bytes + sizeof first.fixed;
    size_t n = got > 0 ? (size_t)got : 0, total;
    const struct target *target;
    const char *name;

    if (n < sizeof first.fixed || first.fixed.size != sizeof first.fixed)
        _exit(n ? CHILD_UNKNOWN : 1); /* another build; or the parent died */
    total = sizeof first.fixed + preparation_more(&first.fixed);
    if (first.fixed.fd_count > PARCEL_FDS)
        _exit(CHILD_UNKNOWN);
    if (n < total) {
        more = read_rest(fd, first.bytes, n, total);
        if (!more)
            _exit(1);
        more += sizeof first.fixed;
    }
    /* region: spawned-child */
    close(fd);
    name = preparation_target(&first.fixed, more);
    target = name ? target_find(name) : NULL;
    if (!target)
        _exit(CHILD_UNKNOWN);
    tracker_adopt((int)image_option(argv, "tracker"));
    image_keep_from_exec();
    memcpy(fds, more, first.fixed.fd_count * sizeof *fds);
    preparation_become(&first.fixed, target, more, NULL, fds,
                       first.fixed.fd_count);
    /* end: spawned-child */
}
