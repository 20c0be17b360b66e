/* SPDX-License-Identifier: MIT */
/*
 * authenticate.c - the handshake over a Connection, bounded in time and bytes.
 *
 * The other side is a stranger until it ends.  So its messages are read past
 * the Connection: no byte more than each says it has, AUTH_MESSAGE at most, and
 * nothing is read ahead; what follows the handshake is still in the socket.  No
 * call blocks but the wait for the next byte, which ends at the one deadline,
 * however many bytes come before it, one by one.
 */
#include "pipe/listener.h"
#include "pipe/until.h"

#include "common/auth.h"
#include "common/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct handshake {
    int fd;
    int64_t deadline;
};

/* The other side closed it, with or without something unread. */
static int gone(int error)
{
    return error == -ECONNRESET ? -EPIPE : error;
}

/* Wait for what the failed call wants: 0, and it is to be made again. */
static int again(const struct handshake *h, short events)
{
    if (errno == EINTR)
        return 0;
    return errno == EAGAIN ? wait_until(h->fd, events, h->deadline)
                           : gone(-errno);
}

static int take(const struct handshake *h, void *bytes, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = recv(h->fd, (char *)bytes + done, n - done, MSG_DONTWAIT);
        int error = got > 0 ? 0 : got == 0 ? -EPIPE : again(h, POLLIN);

        if (error)
            return error;
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static int give(const struct handshake *h, const void *bytes, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t put = send(h->fd, (const char *)bytes + done, n - done,
                           MSG_DONTWAIT | MSG_NOSIGNAL);
        int error = put >= 0 ? 0 : again(h, POLLOUT);

        if (error)
            return error;
        done += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

static int send_message(void *argument, const void *message, size_t n)
{
    unsigned char frame[HEADER + AUTH_MESSAGE];

    if (n > AUTH_MESSAGE)
        return -EMSGSIZE;
    frame_put_header(frame, n);
    memcpy(frame + HEADER, message, n);
    return give(argument, frame, HEADER + n);
}

static ssize_t receive_message(void *argument, void *message, size_t size)
{
    unsigned char header[HEADER];
    uint64_t n;
    int error = take(argument, header, sizeof header);

    if (error)
        return error;
    if (frame_header(header, sizeof header, &n) != HEADER || n > size)
        return -EBADMSG;
    error = take(argument, message, (size_t)n);
    return error ? error : (ssize_t)n;
}

/* Whom we do not know nobody shall talk to by mistake. */
static int admit(struct connection *c, int error)
{
    if (error)
        c->readable = c->writable = false;
    return error;
}

static int check(const struct connection *c)
{
    if (!c->readable || !c->writable)
        return -EBADF;
    return connection_is_ahead(c) ? -EBUSY : 0;
}

int authenticate_client(struct connection *c, const void *key, size_t n,
                        int64_t timeout)
{
    struct handshake h = {c->fd, clock_deadline(timeout)};
    const struct auth_wire wire = {send_message, receive_message, &h};
    int error = check(c);

    if (!error)
        error = auth_deliver(&wire, key, n);
    if (!error)
        error = auth_answer(&wire, key, n);
    return admit(c, error);
}

int authenticate_server(struct connection *c, const void *key, size_t n,
                        int64_t timeout)
{
    struct handshake h = {c->fd, clock_deadline(timeout)};
    const struct auth_wire wire = {send_message, receive_message, &h};
    int error = check(c);

    if (!error)
        error = auth_answer(&wire, key, n);
    if (!error)
        error = auth_deliver(&wire, key, n);
    return admit(c, error);
}
