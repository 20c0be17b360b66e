/* SPDX-License-Identifier: MIT */
/* verdict_memory.c - what stands in the memory of a process and of what it
 * forked, and what that memory costs. */
#include "verdict_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { MOST = 64 };

/* --- "same number" --- */

/* 1: the number before the fork.  2: every child has drawn one. */
enum sight look_numbers(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct process_stat children[MOST];
    int64_t number, first = 0;
    int count;

    (void)root;
    if (stage == 1) {
        if (!verdict_number(i, w->victim, w->word, &number))
            return REFUSED;
        i->noted[0] = (uint64_t)number;
        verdict_say(v, "before the fork \"%s\" is %" PRId64 " in process %d",
                    w->name, number, w->victim);
        return SEEN;
    }
    count = children_of(w->victim, children, MOST);
    if (count < 2 || count != w->count)
        return verdict_refuse(v, "process %d has %d children, not %" PRId64,
                              w->victim, count, w->count);
    for (int k = 0; k < count; k++) {
        if (!verdict_number(i, children[k].pid, w->word, &number))
            return REFUSED;
        if (number == (int64_t)i->noted[0])
            return verdict_refuse(v, "process %d has drawn nothing",
                                  children[k].pid);
        if (k > 0 && number != first)
            return verdict_refuse(v, "%d drew %" PRId64 ", %d %" PRId64,
                                  children[0].pid, first, children[k].pid,
                                  number);
        first = number;
    }
    verdict_say(v, "after it, in each of its %d children, it is %" PRId64,
                count, first);
    verdict_say(v, "each inherited the state from which that follows");
    return SEEN;
}

/* --- "private pages" --- */

/* Too little to be told from what any process writes. */
#define PAGES_LEAST (UINT64_C(16) << 20)

static enum sight compare_pages(struct inspection *i, const struct pages *now)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    uint64_t size = (uint64_t)w->count;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t faults = now->faults - i->noted[2];

    if (size < PAGES_LEAST)
        return verdict_refuse(v, "%" PRIu64 " bytes are too few to see", size);
    if (now->own < i->noted[1] + size - size / 16)
        return verdict_refuse(v, "its own pages grew by %" PRId64 " KiB only",
                              (int64_t)(now->own - i->noted[1]) / 1024);
    if (now->resident > i->noted[0] + size / 4)
        return verdict_refuse(v, "those pages are new, and no copies");
    if (faults < size / page)
        return verdict_refuse(v, "it had %" PRIu64 " page faults only", faults);
    verdict_say(v, "then it had %" PRIu64 " faults: at least one for each page",
                faults);
    verdict_say(v, "now %" PRIu64 " MiB are its own: the kernel copied them",
                now->own >> 20);
    return SEEN;
}

/* 1: before the child writes.  2: after. */
enum sight look_pages(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct pages now;
    int error = process_pages(w->victim, &now);

    if (error)
        return verdict_cannot_show(i->verdict, "its pages", error);
    if (stage == 2)
        return compare_pages(i, &now);
    i->noted[0] = now.resident;
    i->noted[1] = now.own;
    i->noted[2] = now.faults;
    verdict_say(i->verdict,
                "%s %d shares \"%s\", %" PRId64 " MiB; %" PRIu64
                " KiB are its own",
                verdict_noun(w->victim, root), w->victim, w->name,
                w->count >> 20, now.own >> 10);
    return SEEN;
}

/* --- "stdio lock" --- */

/* The lock word of a FILE, glibc's, is an int: 0, nobody has it. */
static enum sight read_lock(const struct inspection *i, pid_t process,
                            int *lock)
{
    int error = process_memory(process, i->witness->word, lock, sizeof *lock);

    return error ? verdict_cannot_show(i->verdict, "its memory", error) : SEEN;
}

static enum sight held_before(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct tasks look = {0};
    size_t threads;
    int lock;

    if (!read_lock(i, w->victim, &lock))
        return REFUSED;
    if (lock == 0)
        return verdict_refuse(i->verdict, "nobody holds the lock of \"%s\"",
                              w->name);
    tasks_of(w->victim, &look);
    threads = look.count;
    tasks_free(&look);
    if (threads < 2)
        return verdict_refuse(i->verdict, "process %d has one thread",
                              w->victim);
    verdict_say(i->verdict,
                "process %d has %zu threads; one holds the lock of \"%s\"",
                w->victim, threads, w->name);
    return SEEN;
}

/* 1: before the fork somebody holds it.  2: in the child nobody does. */
enum sight look_stdio_lock(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct process_stat child;
    int lock;

    (void)root;
    if (stage == 1)
        return held_before(i);
    if (process_stat(w->holder, &child) < 0 || child.parent != w->victim)
        return verdict_refuse(v, "process %d is no child of process %d",
                              w->holder, w->victim);
    if (!read_lock(i, w->victim, &lock))
        return REFUSED;
    if (lock == 0)
        return verdict_refuse(v, "the lock of \"%s\" was let go", w->name);
    if (!read_lock(i, w->holder, &lock))
        return REFUSED;
    if (lock != 0)
        return verdict_refuse(v, "the lock of \"%s\" is held in the child too",
                              w->name);
    verdict_say(v,
                "its child %d has one, and there the lock is free:", w->holder);
    verdict_say(v, "fork(3) of this C library made it new");
    return SEEN;
}
