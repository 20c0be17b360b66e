/* SPDX-License-Identifier: MIT */
/* asked.c - what a manager's server has, asked by us. */
#include "asked.h"

#include "evidence.h"
#include "proc.h"
#include "sockets.h"

#include "common/clock.h"
#include "manager/pickle.h"

#include <ctype.h>
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long an answer may take, and be. */
#define PATIENCE (2 * SECOND)
enum { LONGEST = 4096 };

/* --- the connection --- */

/* Is that descriptor an end of a connection to the server? */
static int link_look(struct link *l)
{
    const struct pids one = {.pid = &l->server, .count = 1};
    struct socket_facts facts, other;
    struct descriptor d;
    int error;

    if (process_descriptor(l->client, l->fd, &d) < 0 ||
        sscanf(d.link, "socket:[%" SCNu64 "]", &l->socket) != 1)
        return -ENOTCONN;
    error = socket_look(l->client, l->socket, &facts);
    if (error && error != -ENOENT)
        return error;
    if (error || facts.state != SOCKET_CONNECTED || !facts.peer ||
        socket_holders(&one, facts.peer, &d, 1) == 0)
        return -ENOTCONN;
    l->other_end = facts.peer;
    l->server_fd = d.fd;
    l->name[0] = 0;
    if (socket_look(l->server, l->other_end, &other) == 0)
        snprintf(l->name, sizeof l->name, "%s", other.text);
    return 0;
}

int link_find(pid_t client, pid_t server, struct link *l)
{
    char path[64];
    DIR *folder;
    long fd;
    int error = -ENOTCONN;

    *l = (struct link){.client = client, .server = server, .fd = -1};
    snprintf(path, sizeof path, "/proc/%d/fd", client);
    folder = opendir(path);
    if (!folder)
        return -errno;
    while (error == -ENOTCONN && (fd = proc_next(folder)) >= 0) {
        l->fd = (int)fd;
        error = link_look(l);
    }
    closedir(folder);
    return error;
}

/* --- the question --- */

/* (ident, '__repr__', (), {}), in a message as Connection has them. */
static int send_question(int fd, const char *ident)
{
    struct datum request =
        datum_tuple("ssOO", ident, "__repr__", datum_tuple(""), datum_dict());
    struct buffer out = {0};
    uint32_t header = 0;
    int error = buffer_put(&out, &header, sizeof header);
    ssize_t n;

    if (!error)
        error = pickle_dump(&out, &request);
    datum_drop(&request);
    if (!error) {
        header = htobe32((uint32_t)(out.length - sizeof header));
        memcpy(out.bytes, &header, sizeof header);
        n = send(fd, out.bytes, out.length, MSG_NOSIGNAL | MSG_DONTWAIT);
        error = n < 0 ? -errno : (size_t)n < out.length ? -EPIPE : 0;
    }
    buffer_free(&out);
    return error;
}

/* --- the answer --- */

/* n bytes, before the deadline: 0 or -errno. */
static int receive(int fd, void *bytes, size_t n, int64_t deadline)
{
    struct pollfd ready = {fd, POLLIN, 0};
    char *at = bytes;

    while (n > 0) {
        int64_t left = (deadline - clock_now()) / (SECOND / 1000);
        ssize_t got;

        if (left <= 0 || poll(&ready, 1, (int)left) == 0)
            return -ETIMEDOUT;
        got = recv(fd, at, n, MSG_DONTWAIT);
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        if (got == 0)
            return -EPIPE;
        if (got > 0) {
            at += got;
            n -= (size_t)got;
        }
    }
    return 0;
}

/* What is no letter of ASCII is not printed: a stranger wrote it. */
static void copy_plain(char *text, size_t size, const struct text *from)
{
    size_t n = from->length < size ? from->length : size - 1;

    for (size_t i = 0; i < n; i++)
        text[i] = isprint(from->bytes[i]) ? (char)from->bytes[i] : '?';
    text[n] = 0;
}

static int understand(const void *bytes, size_t n, char *text, size_t size)
{
    struct datum reply = {0};
    const struct datum *items;
    int error = pickle_load(bytes, n, NULL, &reply, NULL);

    if (error)
        return error == -ENOMEM ? error : -EBADMSG;
    items = reply.kind == DATUM_TUPLE && reply.sequence->length == 2
                ? reply.sequence->items
                : NULL;
    if (items && !datum_is_str(&items[0], "#RETURN"))
        error = -EREMOTEIO;
    else if (!items || items[1].kind != DATUM_STR)
        error = -EBADMSG;
    else
        copy_plain(text, size, items[1].text);
    datum_drop(&reply);
    return error;
}

static int read_answer(int fd, char *text, size_t size)
{
    int64_t deadline = clock_deadline(PATIENCE);
    char bytes[LONGEST];
    uint32_t header;
    int error = receive(fd, &header, sizeof header, deadline);

    if (error)
        return error;
    header = be32toh(header);
    if (header > sizeof bytes)
        return -EBADMSG;
    error = receive(fd, bytes, header, deadline);
    return error ? error : understand(bytes, header, text, size);
}

int link_ask(const struct link *l, const char *ident, char *text, size_t size)
{
    int fd = process_descriptor_copy(l->client, l->fd), error;

    if (fd < 0)
        return fd;
    error = send_question(fd, ident);
    if (!error)
        error = read_answer(fd, text, size);
    close(fd);
    return error;
}
