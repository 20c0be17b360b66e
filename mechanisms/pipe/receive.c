/* SPDX-License-Identifier: MIT */
/*
 * receive.c - messages out of the byte stream.
 *
 * The state of a reader is how far it got in the next message: nothing of it
 * read ahead (start == end, !known), some bytes of it, or its header (known).
 * Whatever fails, what was read stays in that state and is not lost.
 */
#include "pipe/frame.h"

#include "common/hooks.h"
#include "common/io.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A forked child has its parent's read-ahead, and must not deliver it too. */
static void drop_inherited(struct connection *c)
{
    if (c->generation == fork_generation())
        return;
    c->start = c->end = 0;
    c->known = false;
    c->generation = fork_generation();
}

/* What arrived can no longer be told apart into messages. */
static ssize_t stop_reading(struct connection *c, int error)
{
    c->readable = false;
    c->known = false;
    c->start = c->end = 0;
    if (!c->writable)
        connection_close(c);
    return error;
}

/*
 * A socket whose peer closed it with something unread says so once, before its
 * end of file; to a reader it is the same.
 */
static bool is_end(ssize_t got)
{
    return got == 0 || got == -ECONNRESET;
}

/*
 * After a large message the next header is read alone: what follows it will
 * probably be large too, and go straight into the caller's buffer.  A guess
 * that fails costs one read(2), once.
 */
static bool reads_ahead(const struct connection *c)
{
    return c->read_ahead && c->pending <= SMALL;
}

/* Have a buffer of at least n bytes, keeping what is in it.  0 or -ENOMEM. */
static int reserve(struct connection *c, size_t n)
{
    unsigned char *larger;

    if (n < LONG_HEADER)
        n = LONG_HEADER;
    if (c->buffer && c->capacity >= n)
        return 0;
    larger = realloc(c->buffer, n);
    if (!larger)
        return -ENOMEM;
    c->buffer = larger;
    c->capacity = n;
    return 0;
}

/*
 * Have at least n bytes of the message in the buffer, which is large enough,
 * by as few reads as the kernel allows.  Without read-ahead exactly n are
 * read.  0, -EPIPE at the end of the file, or -errno.
 */
static int fill(struct connection *c, size_t n)
{
    int error = reserve(c, c->read_ahead);

    if (error)
        return error;
    if (c->start == c->end)
        c->start = c->end = 0;
    if (c->start + n > c->capacity) {
        memmove(c->buffer, c->buffer + c->start, ahead(c));
        c->end -= c->start;
        c->start = 0;
    }
    /* region: read-ahead */
    while (ahead(c) < n) {
        size_t want = n - ahead(c);
        ssize_t got;

        if (reads_ahead(c) && c->read_ahead > n)
            want = c->read_ahead - ahead(c);
        if (want > c->capacity - c->end)
            want = c->capacity - c->end;
        got = read_some(c->fd, c->buffer + c->end, want);
        if (got <= 0)
            return is_end(got) ? -EPIPE : (int)got;
        c->end += (size_t)got;
    }
    /* end: read-ahead */
    return 0;
}

/* Know the length of the next message: 0, -EPIPE, -EBADMSG or -errno. */
static ssize_t know(struct connection *c)
{
    int header = 0;

    if (!c->readable)
        return -EBADF;
    drop_inherited(c);
    if (c->known)
        return 0;
    for (size_t want = HEADER; !header; want = LONG_HEADER) {
        int error = fill(c, want);

        if (error == -EPIPE && ahead(c))
            return stop_reading(c, -EBADMSG);
        if (error)
            return error;
        header = frame_header(c->buffer + c->start, want, &c->pending);
    }
    if (header < 0)
        return stop_reading(c, header);
    c->start += (size_t)header;
    c->known = true;
    return 0;
}

/* Receive the message that is known into buffer, which can hold it. */
static ssize_t take(struct connection *c, unsigned char *buffer)
{
    size_t size = (size_t)c->pending;
    size_t have = ahead(c) < size ? ahead(c) : size;
    ssize_t got = 0;

    if (have)
        memcpy(buffer, c->buffer + c->start, have);
    c->start += have;
    c->known = false;
    if (have < size)
        got = read_full(c->fd, buffer + have, size - have);
    if (got < 0 && !is_end(got))
        return stop_reading(c, (int)got);
    if (got < 0 || (size_t)got < size - have)
        return stop_reading(c, -EBADMSG);
    return (ssize_t)size;
}

/*
 * After a message of middling size, guess that the next is as long: read its
 * header and its payload, straight into the caller's buffer, by one readv(2).
 * Returns the length of a message that was as guessed, or 0: what was read is
 * then read-ahead like any other.  -errno.
 */
static ssize_t guess(struct connection *c, unsigned char *buffer)
{
    size_t size = (size_t)c->pending, whole;
    uint32_t header;
    struct iovec pieces[2] = {{&header, HEADER}, {buffer, size}};
    ssize_t got;

    if (reserve(c, HEADER + size) < 0)
        return 0;
    do
        got = readv(c->fd, pieces, 2);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return got < 0 ? -errno : 0;
    whole = (size_t)got;
    if (whole >= HEADER && be32toh(header) == size) {
        got = read_full(c->fd, buffer + whole - HEADER, size + HEADER - whole);
        if ((size_t)got == size + HEADER - whole)
            return (ssize_t)size;
        return stop_reading(c, got < 0 && !is_end(got) ? (int)got : -EBADMSG);
    }
    memcpy(c->buffer, &header, whole < HEADER ? whole : HEADER);
    if (whole > HEADER)
        memcpy(c->buffer + HEADER, buffer, whole - HEADER);
    c->start = 0;
    c->end = whole;
    return 0;
}

static bool may_guess(const struct connection *c, size_t size)
{
    return c->readable && c->read_ahead && c->pending > SMALL &&
           c->pending <= MIDDLE && c->pending <= size &&
           !connection_is_ahead(c) && c->generation == fork_generation();
}

ssize_t connection_recv(struct connection *c, void *buffer, size_t size)
{
    ssize_t error = may_guess(c, size) ? guess(c, buffer) : 0;

    if (error > 0)
        return error;
    if (error == 0)
        error = know(c);
    if (error == -ECONNRESET)
        error = -EPIPE;
    if (error)
        return error;
    if (c->pending > size)
        return -EMSGSIZE;
    return take(c, buffer);
}

ssize_t connection_recv_new(struct connection *c, void **message,
                            size_t maximum)
{
    ssize_t error = know(c), got;

    *message = NULL;
    if (error)
        return error;
    if (c->pending > maximum)
        return stop_reading(c, -EMSGSIZE);
    if (c->pending > SSIZE_MAX ||
        !(*message = malloc(c->pending ? (size_t)c->pending : 1)))
        return -ENOMEM;
    got = take(c, *message);
    if (got < 0) {
        free(*message);
        *message = NULL;
    }
    return got;
}

ssize_t connection_pending(const struct connection *c)
{
    if (!c->known || c->generation != fork_generation())
        return -ENOMSG;
    return c->pending > SSIZE_MAX ? SSIZE_MAX : (ssize_t)c->pending;
}
