/* SPDX-License-Identifier: MIT */
/*
 * verdict_message.c - messages that come twice, or one within another.
 */
#include "verdict_parts.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- "delivered twice" --- */

/* 1: the victim and the holder were both given the same number. */
enum sight look_delivery(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    uint64_t ours = 0, theirs = 0;
    int error = process_memory(w->victim, w->word, &ours, sizeof ours);

    (void)stage;
    if (!error)
        error = process_memory(w->holder, w->word, &theirs, sizeof theirs);
    if (error)
        return verdict_cannot_show(v, "its memory", error);
    if (ours == 0 || theirs == 0)
        return verdict_refuse(v, "one of them was given nothing");
    if (w->victim == w->holder || ours != theirs)
        return verdict_refuse(v, "%d has %" PRIu64 ", and %d has %" PRIu64,
                              w->victim, ours, w->holder, theirs);
    verdict_say(v, "\"%s\" is %" PRIu64 " in %s %d", w->name, ours,
                verdict_noun(w->victim, root), w->victim);
    verdict_say(v, "\"%s\" is %" PRIu64 " in %s %d", w->name, theirs,
                verdict_noun(w->holder, root), w->holder);
    verdict_say(v, "it was sent once: read ahead, copied by fork, read twice");
    return SEEN;
}

/* --- "message within message" --- */

/* What is in a pipe, without taking it out: tee(2) into a pipe of our own, by
 * a descriptor of our own.  Bytes, or -errno. */
static ssize_t peek(pid_t process, int fd, unsigned char *bytes, size_t size)
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

/* 1: both have written, and nobody has read: what does the pipe hold? */
enum sight look_inner(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    unsigned char bytes[65536] = {0};
    ssize_t n = peek(w->victim, w->fd, bytes, sizeof bytes);
    size_t at;

    (void)stage;
    (void)root;
    if (n < 0)
        return verdict_cannot_show(v, "its pipe", (int)n);
    if (n < 5 || header_at(bytes) > (size_t)n)
        return verdict_refuse(v, "the pipe holds no message");
    at = find_inner(bytes, (size_t)n);
    if (!at)
        return verdict_refuse(v, "the first message is in one piece");
    verdict_say(
        v, "the pipe holds %zd bytes; the first 4 say: %" PRIu32 " of payload",
        n, header_at(bytes));
    verdict_say(v, "they begin with %zu times '%c'", at - 4, bytes[4]);
    verdict_say(v, "then comes a header, %" PRIu32 ", and so many times '%c':",
                header_at(bytes + at), bytes[at + 4]);
    verdict_say(v, "a message of another writer, within this one's payload");
    return SEEN;
}
