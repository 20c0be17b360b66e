/* SPDX-License-Identifier: MIT */
/*
 * list.h - every mechanism, in the order of the lessons.
 *
 * A line is MECHANISM(folder, name); the folder's workload.c defines
 * `const struct mechanism name_mechanism`.  Included twice by bench/registry.c:
 * once to declare, once to tabulate.
 */
MECHANISM(start, fork)
MECHANISM(start, spawn)
MECHANISM(start, forkserver)
MECHANISM(pipe, pipe)
MECHANISM(sync, lock)
MECHANISM(sync, semaphore)
MECHANISM(sync, condition)
MECHANISM(sync, event)
MECHANISM(sync, barrier)
MECHANISM(queue, queue)
MECHANISM(queue, queue_plain)
MECHANISM(queue, simple_queue)
MECHANISM(queue, joinable_queue)
MECHANISM(ring, ring)
MECHANISM(shm, value)
MECHANISM(shm, array)
MECHANISM(manager, manager)
