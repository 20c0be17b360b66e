/* SPDX-License-Identifier: MIT */
/* verdict_parts.c - what every kind of evidence is judged with. */
#include "verdict_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void verdict_say(struct verdict *v, const char *format, ...)
{
    va_list arguments;

    if (v->count == VERDICT_LINES)
        return;
    va_start(arguments, format);
    vsnprintf(v->line[v->count++], sizeof *v->line, format, arguments);
    va_end(arguments);
}

bool verdict_refuse(struct verdict *v, const char *format, ...)
{
    va_list arguments;

    v->count = 0;
    va_start(arguments, format);
    vsnprintf(v->reason, sizeof v->reason, format, arguments);
    va_end(arguments);
    return false;
}

bool verdict_cannot_show(struct verdict *v, const char *what, int error)
{
    /* Only these are the machine's: all else is that there is nothing, or
     * nobody any more, to be read. */
    if (error == -EACCES || error == -EPERM || error == -ENOSYS)
        v->ruling = NOT_SHOWN;
    return verdict_refuse(v, "%s cannot be read here: %s", what,
                          strerror(-error));
}

/* --- finding things in a look --- */

const struct task *verdict_task(const struct tasks *look, pid_t process)
{
    for (size_t i = 0; i < look->count; i++)
        if (look->task[i].process == process)
            return &look->task[i];
    return NULL;
}

unsigned verdict_threads(const struct tasks *look, pid_t process)
{
    unsigned count = 0;

    for (size_t i = 0; i < look->count; i++)
        count += look->task[i].process == process;
    return count;
}

pid_t verdict_home(const struct tasks *look, pid_t id)
{
    for (size_t i = 0; i < look->count; i++)
        if (look->task[i].id == id)
            return look->task[i].process;
    return 0;
}

const struct task *verdict_waiter_in(const struct inspection *i,
                                     const struct tasks *look, pid_t process,
                                     bool (*waits)(const struct task *),
                                     uint64_t argument)
{
    const struct task *any = verdict_task(look, process);
    char text[80];

    if (!any) {
        verdict_refuse(i->verdict, "there is no process %d in the tree",
                       process);
        return NULL;
    }
    for (size_t k = 0; k < look->count; k++) {
        const struct task *t = &look->task[k];

        if (t->process != process || !waits(t))
            continue;
        if (t->call == CALL_UNKNOWN || t->arguments[0] == argument)
            return t;
        any = t;
    }
    verdict_refuse(i->verdict,
                   "thread %d is in %s, and not where it was said to be",
                   any->id, task_describe(any, text, sizeof text));
    return NULL;
}

const struct task *verdict_waiter(const struct inspection *i,
                                  const struct tasks *look,
                                  bool (*waits)(const struct task *),
                                  uint64_t argument)
{
    return verdict_waiter_in(i, look, i->witness->victim, waits, argument);
}

bool verdict_number(const struct inspection *i, pid_t process, uint64_t address,
                    int64_t *number)
{
    int error = process_memory(process, address, number, sizeof *number);

    return !error || verdict_cannot_show(i->verdict, "its memory", error);
}

bool verdict_shares(const struct inspection *i, pid_t one, pid_t other,
                    uint64_t address)
{
    const char *name = i->witness->name;
    struct mapping a, b;
    int error = process_mapping(one, address, &a);

    if (!error)
        error = process_mapping(other, address, &b);
    if (error)
        return verdict_cannot_show(i->verdict, "its map", error);
    if (!a.shared || !b.shared)
        return verdict_refuse(i->verdict, "\"%s\" is in memory of its own",
                              name);
    return (a.file == b.file && a.device == b.device &&
            a.begin - a.offset == b.begin - b.offset) ||
           verdict_refuse(i->verdict, "each has another \"%s\"", name);
}

enum sight verdict_sleeper(const struct inspection *i, pid_t process,
                           uint64_t *switches)
{
    struct tasks all = {0};
    enum sight sight = SEEN;

    if (tasks_of(process, &all) < 0 || all.count == 0)
        sight = verdict_refuse(i->verdict, "there is no process %d", process);
    *switches = 0;
    for (size_t k = 0; k < all.count && sight == SEEN; k++) {
        const struct task *t = &all.task[k];

        *switches += (uint64_t)t->switches;
        if (!task_waits_without_end(t)) {
            verdict_refuse(i->verdict, "thread %d does not sleep", t->id);
            sight = NOT_YET;
        }
    }
    tasks_free(&all);
    return sight;
}

int verdict_named(const struct inspection *i, struct stat *file)
{
    const char *name = i->witness->name;
    char path[64];

    if (!*name || strchr(name, '/'))
        return -EINVAL;
    snprintf(path, sizeof path, "/dev/shm/%s", name);
    return lstat(path, file) < 0 ? -errno : 0;
}

bool same_file(const struct stat *one, const struct stat *other)
{
    return one->st_ino == other->st_ino && one->st_dev == other->st_dev;
}

bool verdict_alone(const struct inspection *i, uint64_t pipe, bool writes,
                   size_t threads, pid_t root)
{
    pid_t victim = i->witness->victim;
    struct descriptor ends[2] = {{.fd = -1}};
    struct pids tree = {0};
    struct tasks all = {0};
    size_t holders, has;

    tasks_of(victim, &all);
    has = all.count;
    tasks_free(&all);
    if (has != threads)
        return verdict_refuse(i->verdict, "process %d has %zu threads", victim,
                              has);
    if (descendants(root, &tree, SIZE_MAX) < 0)
        return verdict_refuse(i->verdict, "there is no tree");
    holders = pipe_holders(&tree, pipe, writes, ends, 2);
    pids_free(&tree);
    if (holders == 0 || (holders == 1 && ends->process == victim))
        return true;
    return verdict_refuse(i->verdict, "process %d could %s pipe %" PRIu64,
                          ends[ends->process == victim].process,
                          writes ? "write into" : "read from", pipe);
}

const char *verdict_noun(pid_t process, pid_t root)
{
    struct process_stat stat;

    return process_stat(process, &stat) == 0 && stat.parent != root ? "child"
                                                                    : "process";
}

const char *verdict_relation(pid_t process, pid_t of)
{
    struct process_stat stat;

    return process_stat(of, &stat) == 0 && stat.parent == process ? "parent"
                                                                  : "process";
}

void verdict_say_fallback(struct verdict *v, const struct task *t)
{
    if (t->call == CALL_UNKNOWN)
        verdict_say(
            v, "(this kernel shows no system calls: decided by %s, by silence)",
            t->wchan[0] ? t->wchan : "its sleep");
}
