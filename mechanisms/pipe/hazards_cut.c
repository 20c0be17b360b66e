/* SPDX-License-Identifier: MIT */
/*
 * hazards_cut.c - a message arrives without its descriptors.
 *
 * A receiver that has no room for a descriptor is given the message all the
 * same.  The kernel drops what does not fit, and says so in a flag (man 7 unix,
 * MSG_CTRUNC).  fds_receive looks at it, so the one that does not is written
 * here.
 */
#include "pipe/hazards.h"

#include "common/fds.h"
#include "common/io.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CURE_LOOK = 1, CURE_LIMIT };

/* Three pipes, with one result in each. */
enum { PIPES = 3, AGAIN = 'a', THANKS = 't' };

/* Where the receiver and the sender meet. */
static int ours, theirs;

/* What the receiver takes for the three. */
static volatile int received[PIPES];

/* --- the sender --- */

/* Three pipes that hold a result; their read ends. */
static int make_results(int *readers)
{
    for (int k = 0; k < PIPES; k++) {
        int ends[2], error = fd_pipe(ends);

        if (!error)
            error = write_full(ends[1], "r", 1);
        if (error)
            return error;
        fd_close(&ends[1]);
        readers[k] = ends[0];
    }
    return 0;
}

/* Send them, and again as long as that is asked for. */
static _Noreturn void send_results(void)
{
    char answer = AGAIN;
    int readers[PIPES], error;

    fd_close(&ours);
    error = make_results(readers);
    while (!error && answer == AGAIN) {
        error = fds_send_handles(theirs, readers, PIPES);
        if (!error && read_some(theirs, &answer, 1) != 1)
            error = -EPIPE;
    }
    _exit(error ? 1 : 0);
}

/* --- the receiver --- */

/* region: fds-truncated */
/* A byte says how many came.  Nobody looks at what recvmsg says of them. */
static int receive_naively(int socket)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(PIPES * sizeof(int))];
    } control = {0};
    unsigned char count;
    struct iovec piece = {&count, 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};

    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1 || count != PIPES)
        return -EIO;
    memcpy((void *)received, CMSG_DATA(&control.align), sizeof received);
    return 0;
}
/* end: fds-truncated */

/* region: fds-truncated-cures */
/* -EMFILE: they are lost.  Who sent them still has them. */
static int receive_carefully(int socket, int *spare)
{
    int fds[PIPES], error = fds_receive_handles(socket, fds, PIPES);

    if (error == -EMFILE) {
        for (int k = 0; k < PIPES; k++) /* make room, and ask again */
            fd_close(&spare[k]);
        if (write_full(socket, &(char){AGAIN}, 1) < 0)
            return -EIO;
        error = fds_receive_handles(socket, fds, PIPES);
    }
    for (int k = 0; !error && k < PIPES; k++)
        received[k] = fds[k];
    return error;
}

/* More may be open, up to the hard limit. */
static int raise_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return -errno;
    files.rlim_cur = files.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &files) < 0 ? -errno : 0;
}
/* end: fds-truncated-cures */

/* As in a program that has much open: three descriptors, and then no number is
 * left below the limit. */
static int fill_table(int *spare)
{
    struct rlimit files;
    int next;

    for (int k = 0; k < PIPES; k++) {
        spare[k] = fd_duplicate(ours);
        if (spare[k] < 0)
            return spare[k];
    }
    next = fd_duplicate(ours);
    if (next < 0 || getrlimit(RLIMIT_NOFILE, &files) < 0)
        return -EMFILE;
    close(next);
    files.rlim_cur = (rlim_t)next; /* the lowest number that is free */
    return setrlimit(RLIMIT_NOFILE, &files) < 0 ? -errno : 0;
}

/* One result of each, as far as there is one. */
static int read_results(void)
{
    int count = 0;
    char result;

    for (int k = 0; k < PIPES; k++)
        count += read_some(received[k], &result, 1) == 1;
    return count;
}

static int receive(struct witness *w, int cure)
{
    struct pollfd arrived = {ours, POLLIN, 0};
    int spare[PIPES], error = fill_table(spare);

    while (!error && poll(&arrived, 1, -1) < 0)
        error = errno == EINTR ? 0 : -errno;
    witness_victim(w, getpid());
    witness_fd(w, "socket", ours);
    witness_count(w, PIPES);
    witness_show(w, 1); /* the message is there, and nobody has taken it */
    if (!error && cure == CURE_LIMIT)
        error = raise_limit();
    if (!error)
        error = cure == CURE_LOOK ? receive_carefully(ours, spare)
                                  : receive_naively(ours);
    witness_memory(w, "received", received);
    witness_show(w, 2);
    return error;
}

int fds_truncated(struct witness *w, int cure)
{
    int ends[2], error = fd_socket_pair(ends), status;
    pid_t sender;

    witness_expect(w, PIPES);
    if (error)
        return error;
    ours = ends[0];
    theirs = ends[1];
    sender = fork();
    if (sender == 0)
        send_results();
    fd_close(&theirs);
    error = sender < 0 ? -errno : receive(w, cure);
    if (error)
        return error;
    witness_got(w, read_results());
    write_full(ours, &(char){THANKS}, 1);
    fd_close(&ours);
    return waitpid(sender, &status, 0) == sender && status == 0 ? 0 : -ECHILD;
}
