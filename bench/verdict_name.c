/* SPDX-License-Identifier: MIT */
/* verdict_name.c - names in /dev/shm: one that outlives who made it, and one
 * that goes while its owner lives. */
#include "verdict_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_NUMBER, MAKER, TRACKER, STRANGER, FREED }; /* what is noted */

/* What the victim's descriptor is has that name; or false, and the reason. */
static bool has_its_name(const struct inspection *i, struct stat *file)
{
    const struct witness *w = i->witness;
    struct stat named;
    int error = process_file(w->victim, w->fd, file);

    if (error)
        return verdict_cannot_show(i->verdict, "its descriptor", error);
    error = verdict_named(i, &named);
    if (error)
        return verdict_refuse(i->verdict, "/dev/shm/%s: %s", w->name,
                              strerror(-error));
    return same_file(file, &named) ||
           verdict_refuse(i->verdict, "/dev/shm/%s is another file", w->name);
}

/* --- "name outlives" --- */

/* 2: it is made, and its maker lives. */
static enum sight it_is_made(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct stat file;

    if (!has_its_name(i, &file))
        return REFUSED;
    i->noted[FILE_NUMBER] = file.st_ino;
    i->noted[MAKER] = (uint64_t)w->victim;
    verdict_say(i->verdict,
                "process %d has made /dev/shm/%s; it was not there before",
                w->victim, w->name);
    return SEEN;
}

/* 3: the maker was killed, and nobody has it. */
static enum sight it_is_still_there(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    int status = process_exit_status((pid_t)i->noted[MAKER]);
    struct stat named;
    int error = verdict_named(i, &named);

    if (status == -EBUSY)
        return verdict_refuse(v, "process %d has not ended",
                              (pid_t)i->noted[MAKER]);
    if (status < 0)
        return verdict_cannot_show(v, "its exit status", status);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        return verdict_refuse(v, "process %d was not killed",
                              (pid_t)i->noted[MAKER]);
    if (error)
        return verdict_refuse(v, "/dev/shm/%s: %s", w->name, strerror(-error));
    if (named.st_ino != i->noted[FILE_NUMBER])
        return verdict_refuse(v, "/dev/shm/%s is another file now", w->name);
    if (file_is_used(&named))
        return verdict_refuse(v, "somebody has it still");
    verdict_say(v, "signal 9, SIGKILL, ended that process: it removed nothing");
    verdict_say(
        v,
        "the name is there, with %jd KiB, and no process has it open or "
        "mapped",
        (intmax_t)named.st_blocks / 2);
    return SEEN;
}

/* 1: there is no such name. */
enum sight look_name(struct inspection *i, int stage, pid_t root)
{
    struct stat file;
    int error;

    (void)root;
    if (stage == 2)
        return it_is_made(i);
    if (stage == 3)
        return it_is_still_there(i);
    error = verdict_named(i, &file);
    return error == -ENOENT ||
           verdict_refuse(i->verdict, "/dev/shm/%s was there before",
                          i->witness->name);
}

/* --- "name taken away" --- */

/* The tracker waits for lines, which the stranger alone could write. */
static enum sight is_its_own(struct inspection *i, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct descriptor end, writers[2];
    struct pids tree = {0};
    struct tasks all = {0};
    size_t count;
    int fd = -1;

    if (!verdict_spawned(i, w->child, w->holder))
        return REFUSED;
    tasks_of(w->child, &all);
    if (all.count == 1 && all.task->call == CALL_UNKNOWN)
        return verdict_cannot_show(v, "its calls", -EACCES);
    if (all.count == 1 && task_waits_in_read(all.task))
        fd = (int)all.task->arguments[0];
    tasks_free(&all);
    if (fd < 0) {
        verdict_refuse(v, "process %d does not wait in read(2)", w->child);
        return NOT_YET;
    }
    if (process_descriptor(w->child, fd, &end) < 0 || !end.pipe ||
        descendants(root, &tree, SIZE_MAX) < 0)
        return verdict_refuse(v, "process %d reads no pipe", w->child);
    count = pipe_holders(&tree, end.pipe, true, writers, 2);
    pids_free(&tree);
    if (count != 1 || writers->process != w->holder)
        return verdict_refuse(v, "not process %d alone tells process %d",
                              w->holder, w->child);
    return SEEN;
}

/* 1: the owner has it by its name, and a stranger too, with a tracker of its
 * own. */
static enum sight two_have_it(struct inspection *i, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    enum sight sight = is_its_own(i, root);
    struct stat file;

    if (sight != SEEN)
        return sight;
    if (!has_its_name(i, &file))
        return REFUSED;
    if (w->holder == w->victim || !process_uses(w->holder, &file))
        return verdict_refuse(v, "process %d has not attached to it",
                              w->holder);
    i->noted[FILE_NUMBER] = file.st_ino;
    i->noted[MAKER] = (uint64_t)w->victim;
    i->noted[STRANGER] = (uint64_t)w->holder;
    i->noted[TRACKER] = (uint64_t)w->child;
    verdict_say(v, "process %d has /dev/shm/%s; %d has attached to it",
                w->victim, w->name, w->holder);
    verdict_say(v, "that one alone tells tracker %d, which it has started",
                w->child);
    return SEEN;
}

/* What the tracker wants to say first: take what is in the pipe that is in its
 * way.  The bytes were put there for that. */
static bool let_it_speak(const struct inspection *i, int fd)
{
    char path[64], bytes[4096];
    int end;

    snprintf(path, sizeof path, "/proc/%d/fd/%d", (pid_t)i->noted[TRACKER], fd);
    end = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (end < 0)
        return verdict_cannot_show(i->verdict, "its pipe", -errno);
    while (read(end, bytes, sizeof bytes) > 0)
        ;
    close(end);
    return true;
}

/* The stranger has ended; its tracker is about to say so, and cannot yet; all
 * others sleep; and the name is there.  Then the tracker can. */
static enum sight before_it_goes(struct inspection *i, pid_t root)
{
    struct verdict *v = i->verdict;
    pid_t tracker = (pid_t)i->noted[TRACKER];
    const struct task *blocked = NULL;
    struct stat file;

    if (!verdict_zombie(i, (pid_t)i->noted[STRANGER], (pid_t)i->noted[MAKER]))
        return REFUSED;
    if (tasks_below(root, &i->first) < 0)
        return verdict_refuse(v, "there is no tree");
    for (size_t k = 0; k < i->first.count; k++) {
        const struct task *t = &i->first.task[k];

        if (t->process == tracker)
            blocked = t;
        if (t->state != 'S') {
            verdict_refuse(v, "thread %d does not sleep", t->id);
            return NOT_YET;
        }
    }
    if (!blocked)
        return verdict_refuse(v, "tracker %d had nothing to do", tracker);
    if (!has_its_name(i, &file))
        return REFUSED;
    if (!task_is_a_write(blocked)) {
        verdict_refuse(v, "tracker %d has not noticed", tracker);
        return NOT_YET;
    }
    if (!let_it_speak(i, (int)blocked->arguments[0]))
        return REFUSED;
    i->noted[FREED] = 1;
    verdict_refuse(v, "tracker %d has not ended", tracker);
    return NOT_YET;
}

/* Has nobody run since but the tracker? */
static bool nobody_else_ran(struct inspection *i, pid_t root)
{
    struct verdict *v = i->verdict;

    if (tasks_below(root, &i->second) < 0)
        return verdict_refuse(v, "there is no tree");
    for (size_t k = 0; k < i->second.count; k++) {
        const struct task *t = &i->second.task[k], *before = NULL;

        if (t->process == (pid_t)i->noted[TRACKER])
            continue;
        for (size_t n = 0; n < i->first.count; n++)
            if (i->first.task[n].id == t->id)
                before = &i->first.task[n];
        if (!before || before->switches != t->switches)
            return verdict_refuse(v, "process %d has run meanwhile",
                                  t->process);
    }
    return true;
}

/* Is the name gone, and nobody else can have removed it? */
static enum sight after_it_went(struct inspection *i, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    pid_t tracker = (pid_t)i->noted[TRACKER];
    struct stat file, named;
    int error;

    if (thread_lives(tracker)) {
        verdict_refuse(v, "tracker %d has not ended", tracker);
        return NOT_YET;
    }
    if (!nobody_else_ran(i, root))
        return REFUSED;
    error = verdict_named(i, &named);
    if (error != -ENOENT)
        return verdict_refuse(v, "/dev/shm/%s is still there", w->name);
    if (process_file((pid_t)i->noted[MAKER], w->fd, &file) < 0 ||
        file.st_ino != i->noted[FILE_NUMBER] || file.st_nlink != 0)
        return verdict_refuse(v, "process %d has it no more",
                              (pid_t)i->noted[MAKER]);
    verdict_say(v, "process %d ended, and the name was there",
                (pid_t)i->noted[STRANGER]);
    verdict_say(v, "then its tracker ended, all others slept, and the name is "
                   "gone: ENOENT");
    verdict_say(v, "its owner lives, and has it: inode %" PRIu64 ", 0 links",
                i->noted[FILE_NUMBER]);
    return SEEN;
}

/* 2: the owner sleeps until all is over; we look often. */
enum sight look_taken_away(struct inspection *i, int stage, pid_t root)
{
    if (stage == 1)
        return two_have_it(i, root);
    return i->noted[FREED] ? after_it_went(i, root) : before_it_goes(i, root);
}
