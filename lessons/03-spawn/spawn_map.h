/* SPDX-License-Identifier: MIT */
/*
 * spawn_map.h - a map over spawned processes: a named job for every task, and
 * no more of them at once than you say.
 *
 *     static int64_t square(int64_t n) { return n * n; }
 *     const struct job jobs[] = {{"square", square}, {NULL, NULL}};
 *
 *     int64_t tasks[] = {1, 2, 3};
 *     struct answer answers[3];
 *     spawn_map("square", tasks, answers, 3, 2);   // 1, 4, 9, two at a time
 *
 * It is the map of lesson 01 in processes that have nothing of this one.  In
 * Python it is multiprocessing.get_context("spawn").Pool(2).map(square, tasks),
 * where a child that dies is never noticed (gh-66587).
 */
#ifndef IPCLAB_SPAWN_MAP_H
#define IPCLAB_SPAWN_MAP_H

#include <stddef.h>
#include <stdint.h>

/* What a child may be asked to do.  The program's, in every image of it: ended
 * by a name that is NULL. */
struct job {
    const char *name;
    int64_t (*run)(int64_t task);
};

extern const struct job jobs[];

struct answer {
    int64_t value; /* what the job returned; 0 where it gave no answer */
    int code;      /* 0: value is the answer.  -N: signal N ended the child.
                      Else it left by itself and gave none: its exit code,
                      or -EPROTO where that is 0 */
};

/*
 * Run the job of that name once for each of n tasks, each in a spawned child of
 * its own, and wait for all; at most `most` children (one or more) run at once,
 * and where one ends the next begins, whichever it was.  answers[i] belongs to
 * tasks[i].
 *
 * 0, even where children died.  -ENOENT: there is no such job, and no child was
 * started.  -errno: a child could not be started; those that ran were killed,
 * and the answers mean nothing.  In each case no child, zombie or descriptor
 * of spawn_map's is left (the resource tracker stays), and a process that a job
 * has left behind is not waited for.
 */
int spawn_map(const char *job, const int64_t *tasks, struct answer *answers,
              size_t n, size_t most);

#endif
