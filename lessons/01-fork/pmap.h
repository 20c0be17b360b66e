/* SPDX-License-Identifier: MIT */
/*
 * pmap.h - a map over processes: every task in a child of its own.
 *
 *     static int64_t square(int64_t n) { return n * n; }
 *
 *     int64_t tasks[] = {1, 2, 3};
 *     struct answer answers[3];
 *     pmap(square, tasks, answers, 3);      // 1, 4, 9, in this order
 *
 * Python has it as concurrent.futures.ProcessPoolExecutor.map.  There a child
 * that dies breaks the whole pool; here the answer of that task alone is lost,
 * and says how.
 */
#ifndef IPCLAB_PMAP_H
#define IPCLAB_PMAP_H

#include <stddef.h>
#include <stdint.h>

struct answer {
    int64_t value; /* what the task returned; 0 where it gave no answer */
    int code;      /* 0: value is the answer.  -N: signal N ended the child.
                      Else it left by itself and gave none: its exit code,
                      or -EPROTO where that is 0 */
};

/*
 * Call f(tasks[i]) for each of n tasks in a forked child, all at the same
 * time, and wait for all.  answers[i] belongs to tasks[i].
 *
 * 0, even where children died.  -errno: not every child could be started; the
 * answers mean nothing.  Either way no child, zombie or descriptor of pmap's is
 * left, and a process that a task has left behind is not waited for.
 */
int pmap(int64_t (*f)(int64_t), const int64_t *tasks, struct answer *answers,
         size_t n);

#endif
