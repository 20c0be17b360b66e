/* SPDX-License-Identifier: MIT */
/* verdict_file.c - what stands in a file, and where it will be read next. */
#include "verdict_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- "text twice" --- */

/* Bytes in our file: the scenario may have grown it, or cut it. */
static int64_t size_of(int file)
{
    struct stat status;

    return fstat(file, &status) < 0 ? -1 : status.st_size;
}

static enum sight text_is_buffered(struct inspection *i)
{
    const struct witness *w = i->witness;
    int error;

    if (size_of(i->file) != 0)
        return verdict_refuse(i->verdict, "the file was written before");
    if (w->count < 1 || w->count > (int64_t)sizeof i->text)
        return verdict_refuse(i->verdict, "a text of %" PRId64 " bytes",
                              w->count);
    i->noted[0] = (uint64_t)w->count;
    error = process_memory(w->victim, w->word, i->text, (size_t)w->count);
    if (error)
        return verdict_cannot_show(i->verdict, "its memory", error);
    verdict_say(i->verdict,
                "before the fork process %d has %" PRId64
                " bytes in \"%s\", the file none",
                w->victim, w->count, w->name);
    return SEEN;
}

/* 1: the text is in the buffer, and not in the file.  2: it is there twice. */
enum sight look_text(struct inspection *i, int stage, pid_t root)
{
    size_t n = (size_t)i->noted[0];
    char twice[2 * sizeof i->text];

    (void)root;
    if (stage == 1)
        return text_is_buffered(i);
    if (size_of(i->file) != 2 * (int64_t)n)
        return verdict_refuse(i->verdict, "the file has %" PRId64 " bytes",
                              size_of(i->file));
    if (pread(i->file, twice, 2 * n, 0) != (ssize_t)(2 * n) ||
        memcmp(twice, i->text, n) != 0 || memcmp(twice + n, i->text, n) != 0)
        return verdict_refuse(i->verdict, "the file has another text");
    verdict_say(i->verdict, "after it the file has %zu bytes: twice \"%.*s\"",
                2 * n, (int)n, i->text);
    verdict_say(i->verdict, "the child inherited the buffer, and exit(3) wrote "
                            "it too");
    return SEEN;
}

/* --- "shared offset" --- */

/* Do all threads of the process sleep, for as long as nobody wakes them?  Its
 * threads are then in `look`. */
static bool sleeps(pid_t process, struct tasks *look)
{
    look->count = 0;
    tasks_of(process, look);
    for (size_t k = 0; k < look->count; k++)
        if (!task_waits_without_end(&look->task[k]))
            return false;
    return look->count > 0;
}

/* Has no thread run between the two looks? */
static bool slept_on(const struct tasks *before, const struct tasks *after)
{
    if (before->count != after->count)
        return false;
    for (size_t k = 0; k < after->count; k++)
        if (!task_is_still(&before->task[k], &after->task[k]))
            return false;
    return true;
}

/* Which child of the victim has that very open file?  Where the kernel cannot
 * compare, we say so, and do not name one. */
static enum sight name_the_mover(const struct inspection *i)
{
    enum { MOST = 16 };
    const struct witness *w = i->witness;
    struct process_stat children[MOST];
    int count = children_of(w->victim, children, MOST);

    for (int k = 0; k < count && k < MOST; k++) {
        int same = same_open_file(w->victim, w->fd, children[k].pid, w->fd);

        if (same == -ENOSYS) {
            verdict_say(i->verdict,
                        "(this kernel does not tell who shares it)");
            return SEEN;
        }
        if (same == 1) {
            verdict_say(i->verdict,
                        "its child %d has the same open file, descriptor %d",
                        children[k].pid, w->fd);
            return SEEN;
        }
    }
    return verdict_refuse(i->verdict, "no child of process %d has that file",
                          w->victim);
}

/*
 * 1: the victim sleeps.  2: it has slept since, and so has moved nothing, yet
 * what it will read next is further on.
 */
enum sight look_offset(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    int64_t offset = process_offset(w->victim, w->fd);
    struct tasks *look = stage == 1 ? &i->first : &i->second;
    bool asleep = sleeps(w->victim, look);
    char text[80];

    (void)root;
    if (offset < 0)
        return verdict_cannot_show(v, "its offset", (int)offset);
    if (stage == 1 && !asleep) {
        verdict_refuse(v, "process %d does not sleep", w->victim);
        return NOT_YET;
    }
    if (stage == 1) {
        i->noted[0] = (uint64_t)offset;
        verdict_say(v,
                    "process %d waits in %s; the offset of \"%s\" is %" PRId64,
                    w->victim, task_describe(&look->task[0], text, sizeof text),
                    w->name, offset);
        return SEEN;
    }
    if (!asleep || !slept_on(&i->first, &i->second))
        return verdict_refuse(v, "process %d itself has run", w->victim);
    if (offset <= (int64_t)i->noted[0])
        return verdict_refuse(v, "its offset is %" PRId64 ", as before",
                              offset);
    verdict_say(v, "it has not run since, and the offset is %" PRId64, offset);
    return name_the_mover(i);
}
