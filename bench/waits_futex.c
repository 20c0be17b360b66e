/* SPDX-License-Identifier: MIT */
/*
 * waits_futex.c - who could wake a thread that sleeps on a futex word.
 *
 * The kernel knows no owner of a futex.  The word often tells one all the
 * same, since the C library writes it there: a thread that is joined has its
 * id in the word, and a pthread mutex has its owner's id beside it.  So do the
 * locks of sync/ (waits_lock.c).  All else (semaphores, conditions, Python's
 * locks) has none: then whoever has that memory could wake it.
 */
#include "waits_find.h"

#include "proc.h"

#include <inttypes.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Does the process map that byte of the same object? */
static bool maps_object(pid_t process, const struct mapping *m, uint64_t byte)
{
    char *maps = proc_read_all("/proc/%d/maps", process), key[64];
    struct mapping other;
    bool found = false;

    snprintf(key, sizeof key, " %02x:%02x %" PRIu64 " ", major(m->device),
             minor(m->device), (uint64_t)m->file);
    for (const char *line = maps ? strstr(maps, key) : NULL; line && !found;
         line = strstr(line + 1, key)) {
        const char *start = line;

        while (start > maps && start[-1] != '\n')
            start--;
        found = parse_mapping(start, &other) && other.offset <= byte &&
                byte < other.offset + (other.end - other.begin);
    }
    free(maps);
    return found;
}

/* --- who --- */

/* Somebody who waits for the same word, and was asked before. */
static const struct want *find_same(const struct graph *g,
                                    const struct waiter *w,
                                    const struct want *want)
{
    for (const struct waiter *other = g->waiter; other < w; other++)
        for (size_t i = 0; i < other->wants; i++)
            if (memcmp(other->want[i].word, want->word, sizeof want->word) == 0)
                return &other->want[i];
    return NULL;
}

/* Every process that has this word.  One that waits is listed with the rest:
 * its other threads could wake it.  Many wait for one word, and to read the
 * maps of all processes for each would take seconds. */
static void add_mappers(struct graph *g, struct waiter *w, struct want *want,
                        const struct mapping *m)
{
    uint64_t byte = w->task.arguments[0] - m->begin + m->offset;
    const struct want *same;
    DIR *folder;
    long pid;

    want->word[0] = m->device;
    want->word[1] = m->file;
    want->word[2] = byte;
    same = find_same(g, w, want);
    for (size_t i = 0; same && i < same->wakers; i++)
        waker_add(g, want, same->waker[i].process, 0, -1);
    if (same && same->wakers)
        return;
    folder = opendir("/proc");
    while (folder && (pid = proc_next(folder)) > 0)
        if (maps_object((pid_t)pid, m, byte))
            waker_add(g, want, (pid_t)pid, 0, -1);
    if (folder)
        closedir(folder);
}

/* The other threads of a process: how many, and one of them. */
static size_t other_threads(pid_t process, pid_t self, pid_t *other)
{
    struct tasks all = {0};
    size_t count = 0;

    tasks_of(process, &all);
    for (size_t i = 0; i < all.count; i++)
        if (all.task[i].id != self) {
            *other = all.task[i].id;
            count++;
        }
    tasks_free(&all);
    return count;
}

/* Is this the word of a pthread mutex?  Then who owns it; else 0. */
static pid_t mutex_owner(const struct task *t)
{
    uint32_t value = (uint32_t)t->arguments[2];
    pthread_mutex_t m;
    pid_t owner;

    if (process_memory(t->process, t->arguments[0], &m, sizeof m) < 0)
        return 0;
    owner = m.__data.__owner;
    if (owner <= 0 || m.__data.__nusers == 0 || m.__data.__nusers > 65536 ||
        (m.__data.__kind & ~0x1ff) != 0)
        return 0;
    if (value == 2) /* an ordinary one: locked, and somebody waits */
        return (uint32_t)m.__data.__lock == value ? owner : 0;
    return value & FUTEX_WAITERS && (pid_t)(value & FUTEX_TID_MASK) == owner
               ? owner
               : 0;
}

/* FUTEX_LOCK_PI: the kernel's own convention, the owner in the word. */
static pid_t pi_owner(const struct task *t)
{
    uint32_t word;

    if (process_memory(t->process, t->arguments[0], &word, sizeof word) < 0)
        return 0;
    return (pid_t)(word & FUTEX_TID_MASK);
}

/* The process of the tree, or a mapper of the word, that has this thread. */
static pid_t home_of(const struct graph *g, const struct want *want, pid_t id)
{
    for (size_t i = 0; i < want->wakers; i++)
        if (process_has_task(want->waker[i].process, id))
            return want->waker[i].process;
    for (size_t i = 0; i < g->members; i++)
        if (process_has_task(g->member[i].pid, id))
            return g->member[i].pid;
    return 0;
}

/* --- what is said of it --- */

/* A mutex with an owner: that thread alone can wake it, if it has the word. */
static void say_owner(struct graph *g, struct waiter *w, struct want *want,
                      pid_t owner, bool shared)
{
    pid_t home = home_of(g, want, owner), self = w->task.process;

    say_what(w, "waits for the mutex that thread %d holds", owner);
    want->owner = true;
    want->wakers = 0;
    if (home == self || (home && shared)) {
        waker_add(g, want, home, owner, -1);
    } else if (home) {
        snprintf(want->note, sizeof want->note,
                 "thread %d is not of this process but of %d: it held the "
                 "mutex when that one forked",
                 owner, home);
    } else {
        snprintf(want->note, sizeof want->note,
                 "there is no thread %d any more: it ended with the mutex "
                 "locked%s",
                 owner, shared ? "" : ", or held it when its process forked");
    }
}

/* Was it forked from a process that has threads, and has executed nothing
 * since?  Then a lock may have come with it, and not who held it. */
static bool comes_from_threads(pid_t process, pid_t *parent)
{
    char path[64], ours[256], theirs[256];
    struct process_stat stat;
    ssize_t n, m;
    pid_t other;

    if (process_stat(process, &stat) < 0)
        return false;
    *parent = stat.parent;
    snprintf(path, sizeof path, "/proc/%d/exe", process);
    n = readlink(path, ours, sizeof ours);
    snprintf(path, sizeof path, "/proc/%d/exe", stat.parent);
    m = readlink(path, theirs, sizeof theirs);
    return n > 0 && n == m && memcmp(ours, theirs, (size_t)n) == 0 &&
           other_threads(stat.parent, stat.parent, &other) > 0;
}

static void say_nobody(pid_t process, struct want *want)
{
    pid_t parent;
    size_t n = (size_t)snprintf(want->note, sizeof want->note,
                                "only a thread of this process could wake it, "
                                "and there are none");

    if (comes_from_threads(process, &parent))
        snprintf(want->note + n, sizeof want->note - n,
                 "; it was forked from %d, and a lock that another thread of "
                 "%d held then stays locked here",
                 parent, parent);
}

static void say_private(struct waiter *w, struct want *want)
{
    pid_t other = 0;
    size_t count = other_threads(w->task.process, w->task.id, &other);

    if (count == 1) {
        want->owner = true;
        want->waker[0].thread = other;
        if (other == w->task.process)
            say_what(w, "waits for its main thread");
        else
            say_what(w, "waits for its thread %d", other);
        return;
    }
    say_what(w, "waits for a lock or a semaphore");
    if (count == 0)
        say_nobody(w->task.process, want);
    else
        snprintf(want->note, sizeof want->note,
                 "only a thread of this process could wake it: one of %zu "
                 "others",
                 count);
}

static void say_shared(struct waiter *w, struct want *want,
                       const struct mapping *m)
{
    uint32_t word = 1;
    bool semaphore = strstr(m->name, "/sem.") != NULL;

    say_what(w, "waits for a %s in shared memory",
             semaphore ? "semaphore" : "lock or semaphore");
    snprintf(want->who, sizeof want->who, "who has it");
    if (process_memory(w->task.process, w->task.arguments[0], &word,
                       sizeof word) < 0)
        snprintf(want->note, sizeof want->note, "%s", m->name);
    else
        snprintf(want->note, sizeof want->note, "%s, value %" PRIu32 "%s",
                 m->name, word,
                 semaphore && word == 0
                     ? ": taken, and it keeps no owner; one that was killed "
                       "never gives it back"
                     : "");
}

static void say_joined(struct waiter *w, struct want *want, pid_t thread)
{
    w->kind = want->kind = WAIT_THREAD;
    want->owner = true;
    want->waker[0].thread = thread;
    say_what(w, "waits for its thread %d to end", thread);
}

/* Does the word hold the id of a thread, whose end will clear it? */
static pid_t joined_thread(const struct task *t)
{
    pid_t value = (pid_t)t->arguments[2], word = 0, thread;

    if (value <= 0 ||
        process_memory(t->process, t->arguments[0], &word, sizeof word) < 0 ||
        word != value)
        return 0;
    thread = number_here(t->process, value);
    return thread != t->id && process_has_task(t->process, thread) ? thread : 0;
}

void want_futex(struct graph *g, struct waiter *w)
{
    const struct task *t = &w->task;
    struct want *want = want_add(g, w, WAIT_FUTEX, -1);
    int command = (int)t->arguments[1] & FUTEX_CMD_MASK;
    struct mapping m;
    bool shared = !(t->arguments[1] & FUTEX_PRIVATE_FLAG) &&
                  process_mapping(t->process, t->arguments[0], &m) == 0 &&
                  m.shared;
    pid_t owner, here, joined;

    w->kind = WAIT_FUTEX;
    say_how(w, "futex 0x%" PRIx64 " %s", t->arguments[0],
            shared ? "shared" : "private");
    if (!want)
        return;
    snprintf(want->what, sizeof want->what, "futex 0x%" PRIx64,
             t->arguments[0]);
    if (shared)
        add_mappers(g, w, want, &m);
    else
        waker_add(g, want, t->process, 0, -1);
    owner = command == FUTEX_LOCK_PI ? pi_owner(t) : mutex_owner(t);
    here = owner ? number_here(t->process, owner) : 0;
    joined = shared ? 0 : joined_thread(t);
    if (owner)
        say_owner(g, w, want, here ? here : owner, shared);
    else if (joined)
        say_joined(w, want, joined);
    else if (shared && !want_lock(g, w, want))
        say_shared(w, want, &m);
    else if (!shared)
        say_private(w, want);
}
