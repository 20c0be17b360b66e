/* SPDX-License-Identifier: MIT */
/* verdict.c - did the hazard happen?  Judged from what the kernel shows. */
#include "verdict.h"

#include "common/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Between the two looks at the least; a slow thread runs within that. */
#define STILL (110 * SECOND / 1000)

/* Add a line of proof. */
static void say(struct verdict *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct verdict *v, const char *format, ...)
{
    va_list arguments;

    if (v->count == VERDICT_LINES)
        return;
    va_start(arguments, format);
    vsnprintf(v->line[v->count++], sizeof *v->line, format, arguments);
    va_end(arguments);
}

/* There is no proof, for this reason: false. */
static bool refuse(struct verdict *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(struct verdict *v, const char *format, ...)
{
    va_list arguments;

    v->count = 0;
    va_start(arguments, format);
    vsnprintf(v->reason, sizeof v->reason, format, arguments);
    va_end(arguments);
    return false;
}

/* The kernel does not let us look: not proven, and not disproven. */
static bool cannot_show(struct verdict *v, const char *what, int error)
{
    v->ruling = NOT_SHOWN;
    return refuse(v, "%s cannot be read here: %s", what, strerror(-error));
}

/* --- finding things in a look --- */

static const struct task *task_of(const struct tasks *look, pid_t process)
{
    for (size_t i = 0; i < look->count; i++)
        if (look->task[i].process == process)
            return &look->task[i];
    return NULL;
}

static unsigned threads_of(const struct tasks *look, pid_t process)
{
    unsigned count = 0;

    for (size_t i = 0; i < look->count; i++)
        count += look->task[i].process == process;
    return count;
}

/* The process that has the thread id, or 0. */
static pid_t home_of(const struct tasks *look, pid_t id)
{
    for (size_t i = 0; i < look->count; i++)
        if (look->task[i].id == id)
            return look->task[i].process;
    return 0;
}

/* The victim's thread that waits as `waits` says and, where calls are shown,
 * with this first argument.  NULL, and the reason. */
static const struct task *find_waiter(const struct inspection *i,
                                      const struct tasks *look,
                                      bool (*waits)(const struct task *),
                                      uint64_t argument)
{
    pid_t victim = i->witness->victim;
    const struct task *any = task_of(look, victim);
    char text[80];

    if (!any) {
        refuse(i->verdict, "there is no process %d in the tree", victim);
        return NULL;
    }
    for (size_t k = 0; k < look->count; k++) {
        const struct task *t = &look->task[k];

        if (t->process != victim || !waits(t))
            continue;
        if (t->call == CALL_UNKNOWN || t->arguments[0] == argument)
            return t;
        any = t;
    }
    refuse(i->verdict, "thread %d is in %s, and not where it was said to be",
           any->id, task_describe(any, text, sizeof text));
    return NULL;
}

/* "child" or "process": the word for one that has its parent in the tree. */
static const char *noun(pid_t process, pid_t root)
{
    struct process_stat stat;

    return process_stat(process, &stat) == 0 && stat.parent != root ? "child"
                                                                    : "process";
}

static const char *relation(pid_t process, pid_t of)
{
    struct process_stat stat;

    return process_stat(of, &stat) == 0 && stat.parent == process ? "parent"
                                                                  : "process";
}

/* Where calls are not shown the address is the witness's word, and we say so.
 */
static void say_fallback(struct verdict *v, const struct task *t)
{
    if (t->call == CALL_UNKNOWN)
        say(v, "(this kernel shows no system calls: decided by %s, by silence)",
            t->wchan[0] ? t->wchan : "its sleep");
}

/* --- "futex private" --- */

/* The owner must be a thread of the holder, and no thread of the victim. */
static bool owner_is_elsewhere(const struct inspection *i,
                               const struct tasks *look, pid_t owner)
{
    const struct witness *w = i->witness;
    pid_t home = home_of(look, owner);

    if (owner == 0)
        return refuse(i->verdict, "nobody holds the mutex \"%s\"", w->name);
    if (home == w->victim || process_has_task(w->victim, owner))
        return refuse(i->verdict, "its owner, thread %d, lives in process %d",
                      owner, w->victim);
    if (home == 0 || home != w->holder)
        return refuse(i->verdict,
                      "its owner, thread %d, is not in process %d, as was said",
                      owner, w->holder);
    return true;
}

static bool find_private_futex(const struct inspection *i,
                               const struct tasks *look, pid_t root)
{
    const struct witness *w = i->witness;
    const struct task *t =
        find_waiter(i, look, task_waits_for_private_futex, w->word);
    struct verdict *v = i->verdict;
    const char *who = noun(w->victim, root);
    unsigned threads = threads_of(look, w->victim);
    char text[40];
    pid_t owner;

    if (!t)
        return false;
    owner = process_mutex_owner(w->victim, w->word);
    if (owner < 0)
        return cannot_show(v, "its memory", owner);
    if (!owner_is_elsewhere(i, look, owner))
        return false;
    say(v, "thread %d of %s %d waits in futex(0x%" PRIx64 ", private)", t->id,
        who, w->victim, w->word);
    say_fallback(v, t);
    say(v, "that word is the mutex \"%s\"; its owner is thread %d", w->name,
        owner);
    if (threads == 1)
        snprintf(text, sizeof text, "one thread, %d:", t->id);
    else
        snprintf(text, sizeof text, "%u threads;", threads);
    say(v, "%s %d has %s thread %d lives only in %s %d", who, w->victim, text,
        owner, relation(w->holder, w->victim), w->holder);
    say(v, "nobody in this process can ever unlock it");
    return true;
}

/* --- "read pipe" --- */

/* All who can still write must be the one who is said to. */
static bool holder_is_alone(const struct inspection *i,
                            const struct tasks *look, uint64_t pipe,
                            struct descriptor *found)
{
    enum { MOST = 16 };
    struct descriptor holders[MOST];
    size_t count = 0;
    pid_t last = 0;

    for (size_t k = 0; k < look->count; k++) {
        struct pids one = {.pid = &last, .count = 1};

        if (look->task[k].process == last)
            continue;
        last = look->task[k].process;
        count += pipe_holders(&one, pipe, true, holders + count, MOST - count);
        if (count > MOST)
            return refuse(i->verdict, "too many hold the write end");
    }
    for (size_t k = 0; k < count; k++)
        if (holders[k].process != i->witness->holder)
            return refuse(i->verdict,
                          "process %d holds the write end of pipe %" PRIu64
                          " too, descriptor %d",
                          holders[k].process, pipe, holders[k].fd);
    if (count == 0)
        return refuse(i->verdict, "nobody holds the write end of pipe %" PRIu64,
                      pipe);
    *found = holders[0];
    return true;
}

static bool find_pipe_read(const struct inspection *i, const struct tasks *look,
                           pid_t root)
{
    const struct witness *w = i->witness;
    const struct task *t =
        find_waiter(i, look, task_waits_in_read, (uint64_t)w->fd);
    struct verdict *v = i->verdict;
    struct descriptor end, other = {.fd = -1};
    char text[80];
    int error;

    if (!t)
        return false;
    error = process_descriptor(w->victim, w->fd, &end);
    if (error)
        return cannot_show(v, "its descriptors", error);
    if (!end.pipe)
        return refuse(v, "descriptor %d is %s, and no pipe", w->fd, end.link);
    if (!holder_is_alone(i, look, end.pipe, &other))
        return false;
    say(v, "%s %d waits in read(%d), for the end of \"%s\", pipe %" PRIu64,
        noun(w->victim, root), w->victim, w->fd, w->name, end.pipe);
    say_fallback(v, t);
    say(v, "%s %d still holds the write end: descriptor %d",
        noun(w->holder, root), w->holder, other.fd);
    say(v, "process %d will not write, nor close it: it waits in %s itself",
        w->holder, task_describe(task_of(look, w->holder), text, sizeof text));
    say(v, "so the end of the pipe never comes");
    return true;
}

/* --- looking --- */

static const struct {
    const char *evidence;
    bool (*find)(const struct inspection *, const struct tasks *, pid_t root);
} finders[] = {
    {"futex private", find_private_futex},
    {"read pipe", find_pipe_read},
};

static bool find(const struct inspection *i, const struct tasks *look,
                 pid_t root)
{
    i->verdict->count = 0;
    i->verdict->ruling = NOT_PROVEN;
    for (size_t k = 0; k < sizeof finders / sizeof *finders; k++)
        if (strcmp(finders[k].evidence, i->hazard->evidence) == 0)
            return finders[k].find(i, look, root);
    return refuse(i->verdict, "nobody knows how to find '%s'",
                  i->hazard->evidence);
}

/* Is every thread of the tree asleep, as it was at the first look, and for as
 * long as nobody wakes it? */
static bool all_are_stuck(const struct inspection *i)
{
    const struct tasks *first = &i->first, *second = &i->second;
    char text[80];

    if (first->count != second->count)
        return refuse(i->verdict, "processes still come and go");
    for (size_t k = 0; k < second->count; k++) {
        const struct task *t = &second->task[k];

        if (!task_is_still(&first->task[k], t))
            return refuse(i->verdict, "thread %d is slow, not stuck", t->id);
        if (!task_waits_without_end(t))
            return refuse(i->verdict, "thread %d is in %s, which may end",
                          t->id, task_describe(t, text, sizeof text));
    }
    return true;
}

bool inspect(struct inspection *i, pid_t root)
{
    if (i->hazard->expect != HANGS)
        return false;
    if (!atomic_load_explicit(&i->witness->ready, memory_order_acquire))
        return refuse(i->verdict, "it never said that its stage was set");
    if (i->first.count == 0) {
        if (i->first_at == 0)
            refuse(i->verdict, "there was no time for a second look");
        i->first_at = clock_now();
        if (tasks_below(root, &i->first) < 0 || !find(i, &i->first, root))
            i->first.count = 0;
        return false;
    }
    if (clock_now() - i->first_at < STILL)
        return false;
    if (tasks_below(root, &i->second) == 0 && find(i, &i->second, root) &&
        all_are_stuck(i)) {
        i->verdict->ruling = PROVEN;
        return true;
    }
    i->first.count = 0; /* begin again */
    return false;
}

/* --- the last act --- */

/* A write to the descriptor, a pipe that nobody can read any more? */
static bool writes_to_nobody(const struct inspection *i, const struct task *t,
                             pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct pids tree = {0};
    struct descriptor d, reader;
    char text[80];
    size_t readers;

    task_describe(t, text, sizeof text);
    if (!task_is_a_write(t) || (int)t->arguments[0] != w->fd)
        return refuse(v, "it died in %s, and in no write to descriptor %d",
                      text, w->fd);
    if (process_descriptor(t->process, w->fd, &d) < 0 || !d.pipe)
        return refuse(v, "descriptor %d is no pipe", w->fd);
    readers = descendants(root, &tree, SIZE_MAX) < 0
                  ? 1
                  : pipe_holders(&tree, d.pipe, false, &reader, 1);
    pids_free(&tree);
    if (readers)
        return refuse(v, "somebody can still read pipe %" PRIu64, d.pipe);
    say(v, "process %d died in %s, on the write end of pipe %" PRIu64,
        t->process, text, d.pipe);
    say(v, "no process holds the read end of that pipe");
    return true;
}

void inspect_dying(struct inspection *i, pid_t program)
{
    struct tasks look = {0};
    const struct task *t;

    if (strcmp(i->hazard->evidence, "signal PIPE") != 0)
        return;
    tasks_of(program, &look);
    t = task_of(&look, program);
    if (t && t->call != CALL_UNKNOWN)
        i->verdict->last_act =
            writes_to_nobody(i, t, getpid()) ? AS_IT_SHOULD : NOT_AS_IT_SHOULD;
    tasks_free(&look);
}
