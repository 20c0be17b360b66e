/* SPDX-License-Identifier: MIT */
/*
 * verdict_message.c - messages that come twice, one within another, or in half.
 */
#include "verdict_parts.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What we look at of a pipe. */
enum { MOST_BYTES = 65536 };

/* tee(2) into a pipe of our own, by a descriptor of our own. */
ssize_t verdict_peek(pid_t process, int fd, void *bytes, size_t size)
{
    char path[64];
    int copy[2];
    ssize_t n, got = -EMFILE;
    int end;

    snprintf(path, sizeof path, "/proc/%d/fd/%d", process, fd);
    end = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (end < 0)
        return -errno;
    if (pipe2(copy, O_CLOEXEC | O_NONBLOCK) == 0) {
        n = tee(end, copy[1], size, SPLICE_F_NONBLOCK);
        if (n > 0)
            got = read(copy[0], bytes, size);
        else
            got = n < 0 && errno != EAGAIN ? -errno : 0; /* it is empty */
        close(copy[0]);
        close(copy[1]);
    }
    close(end);
    return got;
}

static uint32_t header_at(const unsigned char *bytes)
{
    uint32_t header;

    memcpy(&header, bytes, sizeof header);
    return be32toh(header);
}

/* Where the last message begins that is not whole; n: all are whole, and follow
 * each other.  *whole becomes the number of those before it. */
static size_t walk(const unsigned char *bytes, size_t n, size_t *whole)
{
    size_t at = 0;

    for (*whole = 0; n - at >= 4 && header_at(bytes + at) <= n - at - 4;
         ++*whole)
        at += 4 + (size_t)header_at(bytes + at);
    return at;
}

/* --- "delivered twice" --- */

/* Before the fork: nothing will ever come out of the pipe again, and there is
 * no child.  What is delivered from now on was in memory. */
static enum sight pipe_is_dry(struct inspection *i, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct process_stat child;
    struct pids tree = {0};
    struct descriptor end, writer;
    unsigned char byte;
    ssize_t n;

    if (process_descriptor(w->victim, w->fd, &end) < 0 || !end.pipe)
        return verdict_refuse(v, "descriptor %d is no pipe", w->fd);
    n = verdict_peek(w->victim, w->fd, &byte, 1);
    if (n < 0)
        return verdict_cannot_show(v, "its pipe", (int)n);
    if (n > 0)
        return verdict_refuse(v, "pipe %" PRIu64 " is not empty", end.pipe);
    n = descendants(root, &tree, SIZE_MAX) < 0
            ? 1
            : (ssize_t)pipe_holders(&tree, end.pipe, true, &writer, 1);
    pids_free(&tree);
    if (n > 0)
        return verdict_refuse(v, "somebody can still write into pipe %" PRIu64,
                              end.pipe);
    if (children_of(w->victim, &child, 1) != 0)
        return verdict_refuse(v, "process %d has forked before", w->victim);
    i->noted[1] = (uint64_t)w->victim;
    verdict_say(v, "pipe %" PRIu64 " is empty, and nobody can write into it",
                end.pipe);
    return SEEN;
}

/* 1: before the fork, the pipe is dry.  2: the victim and its child were both
 * given a number since, the same one. */
enum sight look_delivery(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct process_stat child;
    uint64_t ours = 0, theirs = 0;
    int error = process_memory(w->victim, w->word, &ours, sizeof ours);

    if (!error && stage == 2)
        error = process_memory(w->holder, w->word, &theirs, sizeof theirs);
    if (error)
        return verdict_cannot_show(v, "its memory", error);
    if (stage == 1) {
        i->noted[0] = ours;
        return pipe_is_dry(i, root);
    }
    if ((uint64_t)w->victim != i->noted[1] ||
        process_stat(w->holder, &child) < 0 || child.parent != w->victim)
        return verdict_refuse(v, "process %d is no child of process %d",
                              w->holder, (int)i->noted[1]);
    if (ours == i->noted[0] || theirs == i->noted[0])
        return verdict_refuse(v, "one of them was given nothing");
    if (ours != theirs)
        return verdict_refuse(v, "%d has %" PRIu64 ", and %d has %" PRIu64,
                              w->victim, ours, w->holder, theirs);
    verdict_say(v,
                "then process %d forked, and \"%s\" went from %" PRIu64
                " to %" PRIu64,
                w->victim, w->name, i->noted[0], ours);
    verdict_say(v, "in its child %d it is %" PRIu64 " too", w->holder, theirs);
    verdict_say(v, "both had it from memory: read ahead, and copied by fork");
    return SEEN;
}

/* --- "message within message" --- */

/* Where within the first message a whole other one begins, of letters that are
 * all the same and not the first one's; 0: nowhere. */
static size_t find_inner(const unsigned char *bytes, size_t n)
{
    size_t first = header_at(bytes);

    for (size_t at = 5; at + 4 < n && at < 4 + first; at++) {
        size_t inner = header_at(bytes + at), same = 0;

        if (inner == 0 || inner > n - at - 4 || bytes[at + 4] == bytes[4])
            continue;
        while (same < inner && bytes[at + 4 + same] == bytes[at + 4])
            same++;
        if (same == inner)
            return at;
    }
    return 0;
}

/* 1: both have written, and nobody has read: what does the pipe hold?  Bytes
 * that only look like a message are no proof: what comes after must be out of
 * step. */
enum sight look_inner(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    unsigned char bytes[MOST_BYTES] = {0};
    ssize_t n = verdict_peek(w->victim, w->fd, bytes, sizeof bytes);
    size_t at, whole;

    (void)stage;
    (void)root;
    if (n < 0)
        return verdict_cannot_show(v, "its pipe", (int)n);
    if (n < 5 || header_at(bytes) > (size_t)n)
        return verdict_refuse(v, "the pipe holds no message");
    at = find_inner(bytes, (size_t)n);
    if (!at)
        return verdict_refuse(v, "the first message is in one piece");
    if (walk(bytes, (size_t)n, &whole) == (size_t)n)
        return verdict_refuse(v,
                              "whole messages follow each other: %zu of %zd "
                              "bytes",
                              whole, n);
    verdict_say(
        v, "the pipe holds %zd bytes; the first 4 say: %" PRIu32 " of payload",
        n, header_at(bytes));
    verdict_say(v, "they begin with %zu times '%c'", at - 4, bytes[4]);
    verdict_say(v, "then comes a header, %" PRIu32 ", and so many times '%c':",
                header_at(bytes + at), bytes[at + 4]);
    verdict_say(v, "a message of another writer, within this one's payload");
    verdict_say(v, "so the bytes after that payload are in no message");
    return SEEN;
}

/* --- "torn message" --- */

/* 1: the sender has ended, and nobody has read: the pipe ends in a message. */
enum sight look_torn(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    unsigned char bytes[MOST_BYTES] = {0};
    struct descriptor end;
    size_t at, whole;
    ssize_t n;

    (void)stage;
    (void)root;
    if (!verdict_zombie(i, w->child, w->victim))
        return REFUSED;
    n = verdict_peek(w->victim, w->fd, bytes, sizeof bytes);
    if (n < 0 || process_descriptor(w->victim, w->fd, &end) < 0)
        return verdict_cannot_show(v, "its pipe", n < 0 ? (int)n : -EBADF);
    at = walk(bytes, (size_t)n, &whole);
    if ((size_t)n - at < 4)
        return verdict_refuse(v, "the pipe holds no half of a message");
    i->noted[0] = header_at(bytes + at);
    i->noted[1] = (size_t)n - at - 4;
    i->noted[2] = end.pipe;
    i->noted[3] = (uint64_t)w->child;
    return SEEN;
}

/* Then: the reader has taken all that there was, and waits for more. */
bool find_torn(const struct inspection *i, const struct tasks *look, pid_t root)
{
    const struct witness *w = i->witness;
    const struct task *t =
        verdict_waiter(i, look, task_waits_in_read, (uint64_t)w->fd);
    struct verdict *v = i->verdict;
    struct descriptor end, other = {.fd = -1};
    char text[80];

    if (!t || !verdict_held_pipe(i, look, &end, &other) ||
        !verdict_zombie(i, (pid_t)i->noted[3], w->victim))
        return false;
    if (end.pipe != i->noted[2])
        return verdict_refuse(v, "it waits at another pipe");
    verdict_say(v, "the sender, child %d, has ended: state Z",
                (pid_t)i->noted[3]);
    verdict_say(v,
                "its last message is of %" PRIu64 " bytes; %" PRIu64
                " were in pipe %" PRIu64,
                i->noted[0], i->noted[1], end.pipe);
    verdict_say(v, "%s %d has taken them, and waits in read(%d) for the rest",
                verdict_noun(w->victim, root), w->victim, w->fd);
    verdict_say_fallback(v, t);
    verdict_say(v, "%s %d still holds the write end: descriptor %d",
                verdict_noun(w->holder, root), w->holder, other.fd);
    verdict_say(
        v, "and waits in %s itself: neither the rest nor the end comes",
        task_describe(verdict_task(look, w->holder), text, sizeof text));
    return true;
}
