/* SPDX-License-Identifier: MIT */
// wrap: recv send
/*
 * fuzz_frames.c - a target for libFuzzer: what a stranger sends to a server
 * before and within the handshake, and behind it.
 *
 * A socket pair is the connection; what the stranger sends is put in as soon as
 * the server wants to read and nothing is there, so one thread is both sides.
 * Bytes are a list of what is sent: raw bytes, a frame, or what a client that
 * has the key would say at that place, whole or cut, so that it comes through.
 * Without the key it must not (the right answer is drawn from the challenge
 * that was sent, and its last byte changed).  `make fuzz` builds and runs it.
 */
#include "pipe/listener.h"

#include "common/auth.h"
#include "common/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
ssize_t __real_recv(int fd, void *buffer, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *buffer, size_t n, int flags);
ssize_t __real_send(int fd, const void *buffer, size_t n, int flags);
ssize_t __wrap_send(int fd, const void *buffer, size_t n, int flags);

static const char key[] = "a key";

enum { RAW, FRAMED, ANSWER, WRONG_ANSWER, CHALLENGE, WELCOME, ACTIONS };

static struct {
    const uint8_t *at, *end;
    int far;                          /* the stranger's end */
    unsigned char said[AUTH_MESSAGE]; /* the server's last message */
    size_t said_length;
    bool honest; /* it has answered as only who has the key can */
} stranger;

static unsigned take(void)
{
    return stranger.at < stranger.end ? *stranger.at++ : 0;
}

static void put(const void *bytes, size_t n)
{
    if (n &&
        __real_send(stranger.far, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        stranger.at = stranger.end;
}

static void put_frame(const void *bytes, size_t n)
{
    unsigned char frame[HEADER + AUTH_MESSAGE];

    frame_put_header(frame, n);
    memcpy(frame + HEADER, bytes, n);
    put(frame, HEADER + n);
}

static void put_answer(bool right)
{
    static const size_t prefix = sizeof "#CHALLENGE#" - 1;
    unsigned char answer[AUTH_MESSAGE];
    ssize_t n = -1;

    if (stranger.said_length > prefix)
        n = auth_respond(key, sizeof key, stranger.said + prefix,
                         stranger.said_length - prefix, answer);
    if (n <= 0)
        return;
    if (!right)
        answer[n - 1] ^= 1;
    stranger.honest = stranger.honest || right;
    put_frame(answer, (size_t)n);
}

/* What comes next: false, it has gone. */
static bool go_on(void)
{
    static const char challenge[] =
        "#CHALLENGE#{sha256}0123456789012345678901234567890123456789";
    unsigned action;
    size_t n;

    if (stranger.at == stranger.end)
        return false;
    action = take() % ACTIONS;
    if (action == ANSWER || action == WRONG_ANSWER) {
        put_answer(action == ANSWER);
    } else if (action == CHALLENGE) {
        put_frame(challenge, sizeof challenge - 1 - take() % 60);
    } else if (action == WELCOME) {
        put_frame("#WELCOME#", 9);
    } else {
        n = take();
        if (n > (size_t)(stranger.end - stranger.at))
            n = (size_t)(stranger.end - stranger.at);
        stranger.at += n;
        if (action == RAW)
            put(stranger.at - n, n);
        else
            put_frame(stranger.at - n, n);
    }
    return true;
}

/* Have something to be read, or the end. */
static void feed(int fd)
{
    int waiting = 0;

    while (ioctl(fd, FIONREAD, &waiting) == 0 && waiting == 0 && go_on())
        ;
    if (waiting == 0 && stranger.at == stranger.end)
        shutdown(stranger.far, SHUT_WR);
}

ssize_t __wrap_recv(int fd, void *buffer, size_t n, int flags)
{
    feed(fd);
    return __real_recv(fd, buffer, n, flags);
}

ssize_t __wrap_send(int fd, const void *buffer, size_t n, int flags)
{
    stranger.said_length = n > HEADER ? n - HEADER : 0;
    if (stranger.said_length > sizeof stranger.said)
        abort(); /* no message of the handshake is longer */
    memcpy(stranger.said, (const char *)buffer + HEADER, stranger.said_length);
    return __real_send(fd, buffer, n, flags);
}

/* Messages behind the handshake, as a session reads them. */
static void read_messages(struct connection *c)
{
    unsigned char bytes[64];
    ssize_t got;

    while (go_on())
        ;
    shutdown(stranger.far, SHUT_WR);
    while ((got = connection_recv(c, bytes, sizeof bytes)) >= 0)
        ;
    if (got == -EMSGSIZE) {
        if (connection_pending(c) <= (ssize_t)sizeof bytes)
            abort();
    } else if (got != -EPIPE && got != -EBADMSG) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct connection c;
    int ends[2], error;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ||
        connection_from_fd(&c, ends[0]) < 0)
        abort();
    stranger.at = bytes;
    stranger.end = bytes + n;
    stranger.far = ends[1];
    stranger.said_length = 0;
    stranger.honest = false;
    error = authenticate_client(&c, key, sizeof key, 10 * SECOND);
    if (!error && !stranger.honest)
        abort();
    if (error && error != -EACCES && error != -EBADMSG && error != -EPIPE)
        abort();
    if (!error)
        read_messages(&c);
    connection_close(&c);
    close(ends[1]);
    return 0;
}
