/* SPDX-License-Identifier: MIT */
/*
 * verdict_stranger.c - "obeys a stranger": a server does what anybody says.
 *
 * The stranger is we: we know no key, and the number that we send is random, so
 * that nobody but who obeyed us can have it.
 */
#include "verdict_parts.h"

#include "sockets.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SERVER, SAID, WAS }; /* what is noted */

/* Where the victim listens: the size of the address, or 0 and the reason. */
static socklen_t find_listener(const struct inspection *i,
                               struct sockaddr_un *at,
                               struct socket_facts *facts)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct descriptor d;
    uint64_t inode;
    const char *name;
    int error;

    if (process_descriptor(w->victim, w->fd, &d) < 0 ||
        sscanf(d.link, "socket:[%" SCNu64 "]", &inode) != 1)
        return verdict_refuse(v, "descriptor %d is no socket", w->fd);
    error = socket_look(w->victim, inode, facts);
    if (error)
        return verdict_cannot_show(v, "its socket", error);
    name = facts->text + strlen("unix ");
    if (facts->state != SOCKET_LISTENS ||
        strncmp(facts->text, "unix ", 5) != 0 || !*name ||
        strlen(name) >= sizeof at->sun_path)
        return verdict_refuse(v, "nobody listens at descriptor %d", w->fd);
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(at->sun_path, name, strlen(name));
    if (*name == '@')
        at->sun_path[0] = 0; /* abstract */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) +
                       (*name != '@'));
}

/* One message with the number, as Connection sends it; and does the other side
 * want something of us first?  0 or -errno. */
static int give_order(const struct sockaddr_un *at, socklen_t size,
                      int64_t number, bool *was_asked)
{
    struct {
        uint32_t length;
        unsigned char number[sizeof(int64_t)];
    } message = {.length = htobe32(sizeof number)};
    const struct timeval patience = {.tv_sec = 1}; /* with connect(2), too */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0;
    char byte;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    memcpy(message.number, &number, sizeof number);
    if (connect(fd, (const struct sockaddr *)at, size) < 0 ||
        send(fd, &message, sizeof message, MSG_NOSIGNAL) < 0)
        error = -errno;
    else /* until it hangs up, or has something to say */
        *was_asked = recv(fd, &byte, 1, 0) == 1;
    close(fd);
    return error;
}

static enum sight order(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct socket_facts facts;
    struct sockaddr_un at;
    bool was_asked = false;
    uint32_t random;
    int64_t was;
    socklen_t size;
    int error;

    size = find_listener(i, &at, &facts);
    if (!size || !verdict_number(i, w->victim, w->word, &was))
        return REFUSED;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        return verdict_refuse(v, "there is no random number");
    i->noted[SERVER] = (uint64_t)w->victim;
    i->noted[SAID] = (uint64_t)random | UINT64_C(1) << 32;
    i->noted[WAS] = (uint64_t)was;
    error = give_order(&at, size, (int64_t)i->noted[SAID], &was_asked);
    if (error)
        return verdict_refuse(v, "we cannot give it an order: %s",
                              strerror(-error));
    if (was_asked)
        return verdict_refuse(v, "it wants to hear the key first");
    snprintf(i->text, sizeof i->text, "%.100s", facts.text);
    return NOT_YET;
}

/* 1: give the order, once, and see what becomes of it. */
enum sight look_stranger(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    enum sight sight = i->noted[SAID] ? NOT_YET : order(i);
    int64_t number;

    (void)stage;
    (void)root;
    if (sight == REFUSED)
        return REFUSED;
    if (!verdict_number(i, (pid_t)i->noted[SERVER], w->word, &number))
        return REFUSED;
    if (number != (int64_t)i->noted[SAID]) {
        verdict_refuse(v, "its \"%s\" is %" PRId64 ": it has not obeyed us",
                       w->name, number);
        return NOT_YET;
    }
    verdict_say(v, "process %d listens at %s", (pid_t)i->noted[SERVER],
                i->text);
    verdict_say(v, "its \"%s\", in its memory, was %" PRId64, w->name,
                (int64_t)i->noted[WAS]);
    verdict_say(v, "we have no key; we connected, and said %" PRId64 ":",
                (int64_t)i->noted[SAID]);
    verdict_say(v, "it asked for nothing, and \"%s\" is %" PRId64 " now",
                w->name, number);
    return SEEN;
}
