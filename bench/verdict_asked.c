/* SPDX-License-Identifier: MIT */
/*
 * verdict_asked.c - what a manager's server has, and what its clients have:
 * "copy changed" and "updates lost in a server".
 *
 * The server we ask ourselves (asked.h).  What a client has read, or changed,
 * stands in memory of its own.
 */
#include "verdict_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what they are asked with --- */

bool verdict_link(const struct inspection *i, pid_t client, struct link *link)
{
    pid_t server = i->witness->server;
    int error;

    if (server == client || server <= 0)
        return verdict_refuse(i->verdict, "process %d is its own server",
                              client);
    error = link_find(client, server, link);
    if (error == -ENOTCONN || error == -ENOENT || error == -ESRCH)
        return verdict_refuse(i->verdict,
                              "process %d has no connection to process %d",
                              client, server);
    return !error || verdict_cannot_show(i->verdict, "its sockets", error);
}

bool verdict_ask(const struct inspection *i, char *text, size_t size)
{
    const struct witness *w = i->witness;
    char ident[sizeof w->ident];
    struct link link;
    int error;

    if (!verdict_link(i, w->victim, &link))
        return false;
    snprintf(ident, sizeof ident, "%.*s", (int)sizeof ident - 1, w->ident);
    error = link_ask(&link, ident, text, size);
    if (error == -EACCES || error == -EPERM || error == -ENOSYS)
        return verdict_cannot_show(i->verdict, "its socket", error);
    return !error || verdict_refuse(i->verdict,
                                    "server %d, which we asked, says nothing "
                                    "of its object: %s",
                                    w->server, strerror(-error));
}

/* --- "copy changed" --- */

enum { CLIENT, SERVER, ITEMS }; /* what is noted */

/* 1: before the change. */
static enum sight look_at_copy(struct inspection *i)
{
    const struct witness *w = i->witness;
    int64_t items;

    if (!verdict_ask(i, i->text, sizeof i->text) ||
        !verdict_number(i, w->victim, w->child_word, &items))
        return REFUSED;
    i->noted[CLIENT] = (uint64_t)w->victim;
    i->noted[SERVER] = (uint64_t)w->server;
    i->noted[ITEMS] = (uint64_t)items;
    verdict_say(i->verdict,
                "server %d, which we asked over a socket of %d's, has %.60s",
                w->server, w->victim, i->text);
    return SEEN;
}

/* 2: the copy is another, and the server's is not. */
static enum sight look_after_change(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    char text[sizeof i->text];
    int64_t items;

    if ((uint64_t)w->victim != i->noted[CLIENT] ||
        (uint64_t)w->server != i->noted[SERVER])
        return verdict_refuse(v, "these are other processes");
    if (!verdict_ask(i, text, sizeof text) ||
        !verdict_number(i, w->victim, w->child_word, &items))
        return REFUSED;
    if (items == (int64_t)i->noted[ITEMS])
        return verdict_refuse(v, "process %d has changed nothing", w->victim);
    if (strcmp(text, i->text) != 0)
        return verdict_refuse(v, "the server has %.60s now: it was told", text);
    verdict_say(v,
                "the list in the memory of %d had %" PRIu64
                " items then, and has %" PRId64 " now",
                w->victim, i->noted[ITEMS], items);
    verdict_say(v, "the server, asked again, has %.60s", text);
    return SEEN;
}

enum sight look_copy(struct inspection *i, int stage, pid_t root)
{
    (void)root;
    return stage == 1 ? look_at_copy(i) : look_after_change(i);
}

/* --- "updates lost in a server" --- */

/* The number of a dict that has one alone: "{'n': 7}"; the holder is a client
 * too. */
static bool ask_number(const struct inspection *i, int64_t *number)
{
    char text[64], *end;
    const char *colon;
    struct link link;

    if (!verdict_ask(i, text, sizeof text))
        return false;
    colon = strchr(text, ':');
    *number = colon ? strtoll(colon + 1, &end, 10) : 0;
    if (!colon || end == colon + 1 || strcmp(end, "}") != 0)
        return verdict_refuse(i->verdict, "what the server has is %.60s", text);
    return verdict_link(i, i->witness->holder, &link);
}

/* 2: each has written one more than both have read. */
static enum sight both_have_written(struct inspection *i,
                                    const struct counted *c)
{
    int64_t number = 0;
    enum sight sight = verdict_one_is_lost(i, c, &number);

    if (sight != SEEN)
        return sight;
    verdict_say(i->verdict,
                "then each has written %" PRId64 ", by a call of its own, "
                "which was done whole",
                number);
    verdict_say(i->verdict,
                "%d were added; the server, asked again, has %" PRId64, ADDERS,
                number);
    return SEEN;
}

enum sight look_modified(struct inspection *i, int stage, pid_t root)
{
    struct counted c = {.read = ask_number, .is = "the server has"};

    (void)root;
    snprintf(c.what, sizeof c.what, "what server %d has, as it says",
             i->witness->server);
    return stage == 1 ? verdict_both_have_read(i, &c)
                      : both_have_written(i, &c);
}
