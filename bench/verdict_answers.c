/* SPDX-License-Identifier: MIT */
/*
 * verdict_answers.c - "answers crossed": two processes have one connection to a
 * server, and each has read the answer that was the other's.
 *
 * Whose socket it is the kernel says, and in which order the answers lie in it.
 * What each asked for, and has got, stands in memory of its own.
 */
#include "verdict_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIR = 2, SOCKET = 0, PIDS }; /* what is noted */

static pid_t side(const struct inspection *i, int k)
{
    return k == 0 ? i->witness->victim : i->witness->holder;
}

/* They are the same two, and have the same socket, whose other end is the
 * server's. */
static bool have_one_socket(const struct inspection *i, uint64_t *socket)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct link link;
    int same;

    if (w->victim == w->holder || w->holder == w->server)
        return verdict_refuse(v, "process %d is alone", w->victim);
    if (!verdict_link(i, w->victim, &link))
        return false;
    if (link.fd != w->fd)
        return verdict_refuse(v, "descriptor %d is no connection to process %d",
                              w->fd, w->server);
    same = same_open_file(w->victim, w->fd, w->holder, w->fd);
    if (same < 0 && same != -EBADF)
        return verdict_cannot_show(v, "what they have open", same);
    *socket = link.socket;
    return same == 1 ||
           verdict_refuse(v, "process %d has another connection", w->holder);
}

static bool read_both(const struct inspection *i, struct witness_answer *both)
{
    for (int k = 0; k < PAIR; k++) {
        int error = process_memory(side(i, k), i->witness->child_word, &both[k],
                                   sizeof both[k]);

        if (error)
            return verdict_cannot_show(i->verdict, "its memory", error);
        both[k].asked[sizeof both[k].asked - 1] = 0;
        both[k].got[sizeof both[k].got - 1] = 0;
    }
    if (both[0].asked[0] && strcmp(both[0].asked, both[1].asked) != 0)
        return true;
    return verdict_refuse(i->verdict, "both ask for the same");
}

/* 1: nobody has asked. */
static enum sight before_they_ask(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct witness_answer both[PAIR] = {{.asked = ""}};
    enum sight sight;
    uint64_t slept;

    if (!have_one_socket(i, &i->noted[SOCKET]))
        return REFUSED;
    sight = verdict_sleeper(i, w->holder, &slept); /* until it is told */
    if (sight != SEEN)
        return sight;
    if (!read_both(i, both))
        return REFUSED;
    for (int k = 0; k < PAIR; k++) {
        if (both[k].got[0])
            return verdict_refuse(i->verdict, "process %d has an answer",
                                  side(i, k));
        i->noted[PIDS + k] = (uint64_t)side(i, k);
    }
    verdict_say(i->verdict,
                "processes %d and %d have one socket, %" PRIu64
                ", as descriptor %d; its",
                w->victim, w->holder, i->noted[SOCKET], w->fd);
    verdict_say(i->verdict, "other end is that of server %d", w->server);
    return SEEN;
}

/* Is it the same still, with the same two? */
static bool is_unchanged(const struct inspection *i)
{
    uint64_t socket = 0;

    for (int k = 0; k < PAIR; k++)
        if ((uint64_t)side(i, k) != i->noted[PIDS + k])
            return verdict_refuse(i->verdict, "process %d is another one",
                                  side(i, k));
    if (!have_one_socket(i, &socket))
        return false;
    return socket == i->noted[SOCKET] ||
           verdict_refuse(i->verdict, "they have another socket now");
}

/* What waits in the socket; it stays. */
static ssize_t peek(const struct inspection *i, char *bytes, size_t size)
{
    int copy = process_descriptor_copy(i->witness->victim, i->witness->fd);
    ssize_t n =
        copy < 0 ? copy : recv(copy, bytes, size, MSG_PEEK | MSG_DONTWAIT);
    int error = copy < 0 ? copy : n < 0 && errno != EAGAIN ? -errno : 0;

    if (copy >= 0)
        close(copy);
    if (error)
        verdict_cannot_show(i->verdict, "its socket", error);
    return error ? error : n < 0 ? 0 : n;
}

/* 2: the answers are there, the holder's first. */
static enum sight when_answers_are_there(struct inspection *i)
{
    struct witness_answer both[PAIR] = {{.asked = ""}};
    char bytes[1024] = "";
    const char *first, *second;
    ssize_t n;

    if (!is_unchanged(i) || !read_both(i, both))
        return REFUSED;
    n = peek(i, bytes, sizeof bytes);
    if (n < 0)
        return REFUSED;
    second = memmem(bytes, (size_t)n, both[0].asked, strlen(both[0].asked));
    first = memmem(bytes, (size_t)n, both[1].asked, strlen(both[1].asked));
    if (!first || !second) {
        verdict_refuse(i->verdict, "its socket does not hold both answers");
        return NOT_YET;
    }
    if (second < first)
        return verdict_refuse(i->verdict, "the answer to process %d is first",
                              side(i, 0));
    verdict_say(i->verdict,
                "both have asked for their names; the socket holds, unread, "
                "first");
    verdict_say(i->verdict, "the answer \"%s\", then \"%s\"", both[1].asked,
                both[0].asked);
    return SEEN;
}

/* 3: each has read one. */
static enum sight when_both_have_read(struct inspection *i)
{
    struct witness_answer both[PAIR] = {{.asked = ""}};
    char byte = 0;
    ssize_t n;

    if (!is_unchanged(i) || !read_both(i, both))
        return REFUSED;
    n = peek(i, &byte, 1);
    if (n != 0)
        return n < 0 ? REFUSED
                     : verdict_refuse(i->verdict, "an answer is unread");
    for (int k = 0; k < PAIR; k++)
        if (strcmp(both[k].got, both[1 - k].asked) != 0)
            return verdict_refuse(i->verdict, "process %d has got \"%s\"",
                                  side(i, k), both[k].got);
    for (int k = 0; k < PAIR; k++)
        verdict_say(i->verdict,
                    "%d asked for \"%s\", and has \"%s\" in its memory",
                    side(i, k), both[k].asked, both[k].got);
    return SEEN;
}

enum sight look_answers(struct inspection *i, int stage, pid_t root)
{
    (void)root;
    return stage == 1   ? before_they_ask(i)
           : stage == 2 ? when_answers_are_there(i)
                        : when_both_have_read(i);
}
