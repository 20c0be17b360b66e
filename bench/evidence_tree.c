/* SPDX-License-Identifier: MIT */
/* evidence_tree.c - who descends from whom. */
#include "evidence.h"

#include "proc.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* --- lists --- */

void pids_free(struct pids *list)
{
    free(list->pid);
    *list = (struct pids){NULL, 0, 0};
}

/* Where pid stands, or would stand. */
static size_t place_of(const struct pids *list, pid_t pid)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (list->pid[middle] < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool pids_have(const struct pids *list, pid_t pid)
{
    size_t at = place_of(list, pid);

    return at < list->count && list->pid[at] == pid;
}

static int pids_insert(struct pids *list, pid_t pid)
{
    size_t at = place_of(list, pid);

    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        pid_t *larger = reallocarray(list->pid, room, sizeof *larger);

        if (!larger)
            return -ENOMEM;
        list->pid = larger;
        list->room = room;
    }
    memmove(list->pid + at + 1, list->pid + at,
            (list->count - at) * sizeof *list->pid);
    list->pid[at] = pid;
    list->count++;
    return 0;
}

/* --- who descends from whom --- */

struct search {
    pid_t root;
    int number;  /* the signal that each is sent, or 0 */
    size_t most; /* enough is enough */
    const struct pids *spare;
};

/* One pass over /proc: how many were added, or -errno. */
static int add_descendants(const struct search *s, struct pids *list)
{
    DIR *folder = opendir("/proc");
    struct process_stat stat;
    int added = 0;
    long pid;

    if (!folder)
        return -errno;
    while (added >= 0 && list->count < s->most &&
           (pid = proc_next(folder)) > 0) {
        if (pids_have(list, (pid_t)pid) || process_stat((pid_t)pid, &stat) < 0)
            continue;
        if (stat.parent != s->root && !pids_have(list, stat.parent))
            continue;
        if (pids_have(s->spare, (pid_t)pid))
            continue;
        if (s->number)
            kill((pid_t)pid, s->number);
        added = pids_insert(list, (pid_t)pid) < 0 ? -ENOMEM : added + 1;
    }
    closedir(folder);
    return added;
}

static int search(const struct search *s, struct pids *list)
{
    int added;

    list->count = 0;
    /* Again: pids wrap around, so that a child's may be below its parent's. */
    do
        added = add_descendants(s, list);
    while (added > 0);
    return added;
}

int descendants(pid_t root, struct pids *list, size_t most)
{
    static const struct pids nobody;

    return search(&(struct search){root, 0, most, &nobody}, list);
}

int descendants_signal(pid_t root, struct pids *list, int number,
                       const struct pids *spare)
{
    return search(&(struct search){root, number, SIZE_MAX, spare}, list);
}
