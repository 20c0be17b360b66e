/* SPDX-License-Identifier: MIT */
/*
 * read_ahead.c - out of the pipe, into a buffer that all readers share.
 *
 * One read(2) brings what the pipe has.  Whole items are copied from there to
 * who gets them; long ones go straight to their reader, but for what was read
 * of them already.
 */
#include "queue/fast.h"

#include <sys/uio.h>

static unsigned char *ahead_at(const struct fast *f)
{
    return f->ahead + peek(&f->readers->start);
}

static void set_ahead(struct fast *f, size_t start, size_t end)
{
    poke(&f->readers->start, start);
    poke(&f->readers->end, end);
}

/* The rest of an item, straight to who gets it, and what lies behind it. */
static ssize_t finish(struct queue_side *s, unsigned char *to, size_t rest)
{
    struct fast *f = s->own;
    bool more = s->steps & QUEUE_READ_AHEAD;

    set_ahead(f, 0, 0);
    while (rest) {
        struct iovec pieces[2] = {{to, rest}, {f->ahead, more ? f->size : 0}};
        ssize_t got = fast_io(SYS_readv, s->reader.fd, pieces, 2);

        if (got <= 0)
            return got ? got : -EBADMSG;
        if ((size_t)got > rest) {
            set_ahead(f, 0, (size_t)got - rest);
            return 0;
        }
        to += got;
        rest -= (size_t)got;
    }
    return 0;
}

/* An item whose header is there: take it out.  Its length, or -errno. */
static ssize_t take(struct queue_side *s, struct into *into, size_t header,
                    size_t size)
{
    struct fast *f = s->own;
    size_t have = ahead_of(f) - header;
    ssize_t error = into_fit(into, size);

    if (error)
        return error;
    memcpy(into->buffer, ahead_at(f) + header, have < size ? have : size);
    if (have < size)
        error = finish(s, (unsigned char *)into->buffer + have, size - have);
    else
        poke(&f->readers->start, peek(&f->readers->start) + header + size);
    f->readers->last = size;
    return error ? error : (ssize_t)size;
}

/*
 * After an item of middling size, guess that the next is as long, and read its
 * header, itself and what is behind it to where they belong.  1: it was as
 * guessed; 0: all lies ahead, in order.  -errno; -EPIPE: the end.
 */
static ssize_t guess(struct queue_side *s, struct into *into)
{
    struct fast *f = s->own;
    size_t size = f->readers->last, got, behind;
    struct iovec pieces[3] = {{f->ahead, HEADER},
                              {into->buffer, size},
                              {f->ahead + HEADER, s->steps & QUEUE_READ_AHEAD
                                                      ? f->size - HEADER - size
                                                      : 0}};
    ssize_t n = fast_io(SYS_readv, s->reader.fd, pieces, 3);
    uint64_t real = 0;

    if (n <= 0)
        return n ? n : -EPIPE;
    got = (size_t)n;
    behind = got > HEADER + size ? got - HEADER - size : 0;
    if (frame_header(f->ahead, got, &real) == HEADER && real == size) {
        set_ahead(f, HEADER, HEADER + behind);
        if (got >= HEADER + size)
            return 1;
        n = finish(s, (unsigned char *)into->buffer + got - HEADER,
                   size + HEADER - got);
        return n ? n : 1;
    }
    memmove(f->ahead + HEADER + size, f->ahead + HEADER, behind);
    if (got > HEADER)
        memcpy(f->ahead + HEADER, into->buffer, got - HEADER - behind);
    set_ahead(f, 0, got);
    return 0;
}

static bool may_guess(const struct fast *f, const struct into *into)
{
    uint64_t last = f->readers->last;

    return ahead_of(f) == 0 && last > SMALL && last <= f->size - HEADER &&
           !into->grow && last <= into->size;
}

/* Read more behind what is there; without read-ahead just what is missing. */
static ssize_t read_more(struct queue_side *s, size_t missing)
{
    struct fast *f = s->own;
    size_t have = ahead_of(f);
    ssize_t got;

    if (have)
        memmove(f->ahead, ahead_at(f), have);
    set_ahead(f, 0, have);
    got = fast_io(SYS_read, s->reader.fd, f->ahead + have,
                  s->steps & QUEUE_READ_AHEAD ? f->size - have : missing);
    if (got > 0)
        set_ahead(f, 0, have + (size_t)got);
    return got ? got : have ? -EBADMSG : -EPIPE;
}

/* The next item, from the buffer if it is there. */
ssize_t read_ahead_next(struct queue_side *s, struct into *into,
                        int64_t timeout)
{
    struct fast *f = s->own;

    for (;;) {
        size_t have = ahead_of(f), missing;
        uint64_t size = 0;
        int header = frame_header(ahead_at(f), have, &size);
        ssize_t got;

        if (header < 0)
            return header;
        if (header && (have - (size_t)header >= size || size > SMALL))
            return take(s, into, (size_t)header, size);
        if (timeout != NO_TIMEOUT && have == 0) {
            got = connection_poll(&s->reader, timeout);
            if (got <= 0)
                return got ? got : -ETIMEDOUT;
        }
        missing = header ? (size_t)header + (size_t)size - have
                         : (have < HEADER ? HEADER : LONG_HEADER) - have;
        if (!may_guess(f, into))
            got = read_more(s, missing);
        else if ((got = guess(s, into)) == 1)
            return (ssize_t)f->readers->last;
        if (got < 0)
            return got;
    }
}
