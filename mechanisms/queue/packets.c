/* SPDX-License-Identifier: MIT */
/*
 * packets.c - the items of a robust queue, through a pipe that keeps packets
 * apart.
 */
#include "queue/robust.h"

#include "common/io.h"

#include <unistd.h>

/* --- into the pipe --- */

/* With the writers' lock in hand: whole or not at all. */
static int write_packet(struct queue_side *s, const struct packet *p)
{
    ssize_t put;

    do
        put = write(s->writer.fd, p, p->bytes);
    while (put < 0 && errno == EINTR);
    return put < 0 ? -errno : 0;
}

/* Fill a packet with the items from `at` on; where they end. */
static size_t fill(struct own *own, const struct batch *b, size_t at)
{
    struct packet *p = &own->packet.head;
    size_t end = at;

    *p = (struct packet){.slot = own->number, .first = own->sent};
    while (end < b->used) {
        const unsigned char *item;
        size_t size, next = batch_item(b, end, &item, &size);

        if (sizeof *p + next - at > PIPE_BUF)
            break;
        end = next;
        p->items++;
    }
    p->bytes = (uint32_t)(sizeof *p + end - at);
    memcpy(p + 1, b->bytes + at, end - at);
    return end;
}

/* An item in parts, one behind the other. */
static int write_parts(struct queue_side *s, const unsigned char *item,
                       size_t size)
{
    struct own *own = s->own;
    struct packet *p = &own->packet.head;
    int error = 0;

    *p = (struct packet){.slot = own->number, .first = own->sent, .size = size};
    for (; p->offset < size && !error; p->offset += PIPE_BUF - sizeof *p) {
        size_t left = size - (size_t)p->offset;

        if (left > PIPE_BUF - sizeof *p)
            left = PIPE_BUF - sizeof *p;
        p->bytes = (uint32_t)(sizeof *p + left);
        memcpy(p + 1, item + p->offset, left);
        error = write_packet(s, p);
    }
    return error;
}

int packets_send(struct queue_side *s, const struct batch *b, size_t *at)
{
    struct robust *shared = s->region.base;
    struct own *own = s->own;
    int error = 0;

    while (*at < b->used && !error) {
        size_t end = fill(own, b, *at), size;
        uint32_t items = own->packet.head.items;
        const unsigned char *item;
        bool wanted;

        if (items == 0)
            end = batch_item(b, *at, &item, &size);
        error = robust_take(&s->writing, NO_TIMEOUT);
        if (error)
            break;
        error = items ? write_packet(s, &own->packet.head)
                      : write_parts(s, item, size);
        atomic_fetch_add_explicit(&shared->written, 1, memory_order_relaxed);
        wanted = lock_is_wanted(&s->writing);
        lock_release(&s->writing);
        if (error)
            break;
        own->sent += items ? items : 1;
        *at = end;
        if (wanted && *at < b->used)
            queue_side_give_way(s, &shared->written);
    }
    return error;
}

/* --- out of the pipe, with the readers' lock in hand --- */

/* One packet, into the region.  0; -EAGAIN: there is none; or -errno. */
static int read_packet(struct queue_side *s)
{
    struct robust *shared = s->region.base;
    struct packet *p = &shared->packet.head;
    ssize_t got;

    p->bytes = 0;
    shared->packet.bytes[PIPE_BUF - 1] = 0; /* no fault within the read */
    atomic_signal_fence(memory_order_seq_cst);
    got = read_some(s->reader.fd, p, PIPE_BUF);
    if (got <= 0)
        return got ? (int)got : -EPIPE;
    if ((size_t)got < sizeof *p || p->bytes != (size_t)got ||
        p->slot >= SLOTS) {
        p->bytes = 0;
        return -EBADMSG;
    }
    return 0;
}

/* Where in the packet the item of that index is: where the last one ended, if
 * whoever took it came so far as to say so. */
static size_t find(struct robust *shared, uint32_t index)
{
    const struct packet *p = &shared->packet.head;
    size_t at = (uint32_t)shared->cursor;

    if (shared->cursor >> 32 == index && index)
        return at;
    at = sizeof *p;
    for (uint32_t i = 0; i < index && at < p->bytes; i++) {
        uint64_t size = 0;
        int header =
            frame_header(shared->packet.bytes + at, p->bytes - at, &size);

        at += header > 0 ? (size_t)header + (size_t)size : p->bytes;
    }
    return at;
}

/* The next whole item of the packet: its length, or -errno. */
static ssize_t take_whole(struct robust *shared, struct slot *slot,
                          struct into *into)
{
    const struct packet *p = &shared->packet.head;
    uint32_t position = slot_position(slot), index = position - p->first;
    size_t at = find(shared, index);
    uint64_t size = 0;
    int header = at < p->bytes ? frame_header(shared->packet.bytes + at,
                                              p->bytes - at, &size)
                               : 0;
    int error;

    if (header <= 0 || size > p->bytes - at - (size_t)header)
        return -EBADMSG;
    error = into_fit(into, size);
    if (error)
        return error;
    at += (size_t)header;
    memcpy(into->buffer, shared->packet.bytes + at, (size_t)size);
    shared->cursor = (uint64_t)(index + 1) << 32 | (at + (size_t)size);
    robust_moves(shared, slot, position + 1, true);
    return (ssize_t)size;
}

/* The next part of an item: 0; -EAGAIN: it will never come.  A writer that
 * lives is waited for, one that died is not. */
static int next_part(struct queue_side *s, const struct packet *of,
                     uint64_t offset)
{
    struct robust *shared = s->region.base;
    const struct packet *p = &shared->packet.head;
    int error;

    while ((error = read_packet(s)) == -EAGAIN) {
        bool dead = slot_limit(&shared->slots[of->slot]) - of->first - 1 <
                    UINT32_MAX / 2;

        if (dead && pipe_is_empty(s))
            return -EAGAIN;
        connection_poll(&s->reader, LOOKS_EVERY);
    }
    if (!error && (p->slot != of->slot || p->first != of->first || p->items ||
                   p->offset != offset))
        error = -EAGAIN;
    return error;
}

/* An item in parts, of which the first is there: its length, or -errno.
 * -EAGAIN: it was lost. */
static ssize_t take_parts(struct queue_side *s, struct slot *slot,
                          struct into *into)
{
    struct robust *shared = s->region.base;
    const struct packet *p = &shared->packet.head;
    const struct packet first = *p;
    uint64_t done = 0;
    int error = into_fit(into, first.size);

    if (error)
        return error;
    for (;;) {
        size_t n = p->bytes - sizeof *p;

        if (n > first.size - done)
            return -EBADMSG;
        memcpy((unsigned char *)into->buffer + done, p + 1, n);
        done += n;
        if (done == first.size)
            break;
        error = next_part(s, &first, done);
        if (error)
            break;
    }
    robust_moves(shared, slot, first.first + 1, !error);
    return error ? error : (ssize_t)first.size;
}

ssize_t packets_next(struct queue_side *s, struct into *into)
{
    struct robust *shared = s->region.base;
    struct packet *p = &shared->packet.head;

    for (;;) {
        ssize_t got = p->bytes ? 0 : read_packet(s);
        struct slot *slot;
        uint32_t past;

        if (got)
            return got;
        slot = &shared->slots[p->slot];
        if ((int32_t)(slot_position(slot) - p->first) < 0)
            robust_moves(shared, slot, p->first,
                         false); /* those between are lost */
        past = slot_position(slot) - p->first;
        if (past < p->items)
            return take_whole(shared, slot, into);
        if (past == 0 && p->items == 0 && p->offset == 0) {
            got = take_parts(s, slot, into);
            if (got != -EAGAIN)
                return got;
            into_forget(into);
            continue;
        }
        /* Used up; or a part whose beginning went with its reader. */
        if (past == 0 && p->offset + (p->bytes - sizeof *p) == p->size)
            robust_moves(shared, slot, p->first + 1, false);
        p->bytes = 0;
    }
}
