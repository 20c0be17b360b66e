/* SPDX-License-Identifier: MIT */
/*
 * parts.h - the two sides of an exchange, and the parts that the other plays.
 *
 * A part is run by a process of its own, a child of the one that is graded,
 * and is 0 when all that it saw was as it should be.
 */
#ifndef IPCLAB_PARTS_H
#define IPCLAB_PARTS_H

#include "exchange.h"
#include "watch.h"

#include "common/io.h"

#include <limits.h>
#include <sys/socket.h>

enum { LARGE = 1 << 20, NEXT = 10 };
enum { PIPES, SMALL_PIPES, SOCKET, SMALL_SOCKET, KINDS };

/* What a side has to read from and to write to; alike where it is a socket. */
struct side {
    int in, out;
};

static unsigned char ours[LARGE], theirs[LARGE + NEXT], got[LARGE + 1];
static struct side here, there;
static size_t n, m; /* what this side sends, and receives */
static pid_t peer;

/* --- the two sides --- */

static inline void close_side(struct side *s)
{
    if (s->in == s->out)
        s->in = -1;
    fd_close(&s->in);
    fd_close(&s->out);
}

/* Ends of this kind; the small ones hold as little as the kernel allows. */
static inline void open_sides(int kind)
{
    int one[2], other[2], least = 1;
    bool socket = kind >= SOCKET;

    assert_int_equal(socket ? fd_socket_pair(one) : fd_pipe(one), 0);
    if (!socket)
        assert_int_equal(fd_pipe(other), 0);
    here = (struct side){one[0], socket ? one[0] : other[1]};
    there = (struct side){socket ? one[1] : other[0], one[1]};
    for (int i = 0; i < 2; i++) {
        int out = i ? there.out : here.out;

        if (kind == SMALL_PIPES)
            assert_true(fcntl(out, F_SETPIPE_SZ, least) > 0);
        if (kind == SMALL_SOCKET)
            assert_int_equal(
                setsockopt(out, SOL_SOCKET, SO_SNDBUF, &least, sizeof least),
                0);
    }
}

/* The other side begins: a process that plays this part. */
static inline void begin(int kind, int (*part)(void))
{
    open_sides(kind);
    peer = __real_fork();
    if (peer == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(CHECK_SECONDS);
        close_side(&here);
        _exit(part());
    }
    assert_true(peer > 0);
    close_side(&there);
}

static inline void end(const char *hint)
{
    int status = -1;

    close_side(&here);
    assert_int_equal(waitpid(peer, &status, 0), peer);
    peer = 0;
    expect(status == 0, hint);
}

/* --- the parts --- */

static inline int write_all(void)
{
    return write_full(there.out, theirs, m) != 0;
}

static inline int read_from(size_t at)
{
    return read_full(there.in, got, n - at) != (ssize_t)(n - at) ||
           memcmp(got, ours + at, n - at) != 0;
}

static inline int exchanges(void)
{
    return exchange(there.in, there.out, theirs, m, got, n) != 0 ||
           memcmp(got, ours, n) != 0;
}

static inline int writes_then_reads(void)
{
    return write_all() || read_from(0);
}

static inline int reads_then_writes(void)
{
    return read_from(0) || write_all();
}

/* Makes room for one piece, and no more before all of its own is gone. */
static inline int makes_a_little_room(void)
{
    unsigned char piece[PIPE_BUF];

    wait_until_asleep();
    if (read_full(there.in, piece, sizeof piece) != sizeof piece)
        return 1;
    wait_until_asleep();
    return write_all() || read_from(sizeof piece);
}

static inline int sits_then_writes_then_reads(void)
{
    wait_until_asleep();
    return writes_then_reads();
}

/* Has sent all and says so, and is in no hurry to read. */
static inline int ends_its_writing(void)
{
    int error = write_all();

    if (there.in == there.out)
        shutdown(there.out, SHUT_WR);
    else
        fd_close(&there.out);
    wait_until_asleep();
    return error || read_from(0);
}

/* Has received all and says so, and is in no hurry to write. */
static inline int ends_its_reading(void)
{
    int error = read_from(0);

    if (there.in == there.out)
        shutdown(there.in, SHUT_RD);
    else
        fd_close(&there.in);
    wait_until_asleep();
    return error || write_all();
}

/* Sends a half, closes, and stays, without reading, until we have closed. */
static inline int breaks_off_its_writing(void)
{
    m /= 2;
    if (write_all())
        return 1;
    fd_close(&there.out);
    wait_until_closed(there.in);
    return 0;
}

static inline int breaks_off_its_reading(void)
{
    n /= 2;
    if (read_from(0))
        return 1;
    fd_close(&there.in);
    wait_until_closed(there.out);
    return 0;
}

/* Ends with bytes unread, which a socket tells in a way of its own. */
static inline int ends_in_the_middle(void)
{
    wait_until_asleep();
    m /= 2;
    return write_all();
}

/* The next message is on its way before this one has been taken. */
static inline int writes_the_next_too(void)
{
    m += NEXT;
    if (write_all())
        return 1;
    wait_until_asleep();
    return read_from(0);
}

#endif
