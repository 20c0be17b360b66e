/* SPDX-License-Identifier: MIT */
/* hazards.c - how locks go wrong, and the cures: the list.  The scenarios are
 * in hazards_*.c, by cause. */
#include "sync/hazards.h"

extern const struct hazard sync_hazards[];

const struct hazard sync_hazards[] = {
    {.name = "killed-lock-holder",
     .summary = "who had the lock was killed, and the word in shared memory "
                "says for ever that it is taken",
     .lesson = "07",
     .question = "A process has a lock, and is killed.  Its parent has joined "
                 "it.  Another\n"
                 "process acquires the lock.  What will that one do: a) finish "
                 "b) hang c) crash?",
     .victim = "the next one",
     .expect = HANGS,
     .evidence = "dead owner",
     .cures =
         (const char *const[]){
             "a robust lock: -EOWNERDEAD, and it is repaired",
             "its parent releases it, before it reaps the dead",
             "ask it to end, and it finishes; do not kill", NULL},
     .run = killed_lock_holder},
    {.name = "killed-condition-waiter",
     .summary = "a waiter was killed, and who notifies waits for its answer, "
                "with the lock in hand",
     .lesson = "07",
     .question = "Two processes wait for a condition, and one of them is "
                 "killed.  The parent\nnotifies all.  What will the parent do: "
                 "a) finish b) hang c) crash?",
     .victim = "who notifies",
     .expect = HANGS,
     .evidence = "answer of the dead",
     .cures =
         (const char *const[]){
             "our Condition: the kernel says whom it woke",
             "an Event: a word, and nobody is counted",
             "CPython's, with a bound to the wait for an answer", NULL},
     .run = killed_condition_waiter},
    {.name = "anyone-releases",
     .summary = "a process that never had the lock releases it, and a second "
                "one enters",
     .lesson = "07",
     .question = "One process has a Lock, and reads a counter that it will "
                 "increment.  Another,\n"
                 "which never had the Lock, releases it.  A third acquires it, "
                 "to do the same.\n"
                 "What will they do: a) finish, with 2 b) hang c) crash d) "
                 "finish, with less?",
     .victim = "the section",
     .expect = CORRUPTS,
     .evidence = "second owner",
     .cures =
         (const char *const[]){
             "an RLock: -EPERM, its owner alone may release it",
             "a robust lock: -EPERM, for the same reason",
             "look before: lock_is_mine", NULL},
     .run = anyone_releases},
    {.name = NULL},
};
