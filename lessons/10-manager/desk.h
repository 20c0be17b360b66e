/* SPDX-License-Identifier: MIT */
/*
 * desk.h - a desk with work on it: who takes a piece and dies has not done it,
 * and somebody else gets it.
 *
 * Two types that a manager hosts.  To a client they look like this:
 *
 *     desk = m.Desk()
 *     n = desk.put(item)      # the piece's number: 1, 2, 3, ...
 *     task = desk.take()      # a proxy of a Task: the piece is out
 *     task.number(), task.item()
 *     task.done()             # it is done, and gone
 *     desk.left()             # how many are not done: on the desk, and out
 *
 * A Task is an object of the server, and lives as long as any process has a
 * proxy of it.  When the last one lets go of it, in whatever way, the piece is
 * done, or it lies on the desk again.
 */
#ifndef IPCLAB_DESK_H
#define IPCLAB_DESK_H

#include "manager/hosted.h"

/*
 * "Desk", made without arguments.
 *
 * put(item)            puts a piece on it, and returns its number: the first is
 *                      1, and each is one more than the one before.
 *
 * take(timeout=None)   takes the one of those that lie there that has the
 *                      smallest number, and returns a proxy of a Task.  While
 *                      none lies there it waits for one; after `timeout`
 *                      seconds it raises TimeoutError.  A piece is out once at
 *                      a time.  Who is killed while he waits takes nothing.
 *
 * left()               how many pieces were put and are not done.
 *
 * Whoever waits in take is woken by what lies there again as by what is put.
 */
extern const struct hosted_type desk_type;

/*
 * "Task", which comes from take alone.
 *
 * number(), item()     what was put.
 *
 * done()               The piece is done: it never lies on the desk again.  Who
 *                      says so a second time gets a ValueError.
 *
 * When nobody has the Task any more, and it is not done, the piece lies on the
 * desk again, with its number.  A desk that no client has a proxy of is there
 * as long as a Task of it; then nothing is left of either, nor of what was on
 * it.
 */
extern const struct hosted_type task_type;

#endif
