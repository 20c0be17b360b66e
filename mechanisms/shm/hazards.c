/* SPDX-License-Identifier: MIT */
/* hazards.c - how shared memory goes wrong, and the cures: the list.  The
 * scenarios are in hazards_*.c, by cause. */
#include "shm/hazards.h"

extern const struct hazard shm_hazards[];

const struct hazard shm_hazards[] = {
    {.name = "lost-update",
     .summary = "v.value += 1 reads, adds and writes; two have read before one "
                "has written, and one count is lost",
     .lesson = "09",
     .question = "Two processes do v.value += 1, once each, with a raw Value "
                 "that is 0.  Both read it\n"
                 "before one of them writes.  What will they do: a) finish, "
                 "with 2 b) hang c) crash\n"
                 "d) finish, with less?",
     .victim = "the value",
     .expect = LOSES,
     .evidence = "updates lost",
     .cures = (const char *const[]){"its lock, around the read and the write",
                                    "value_add: both in one turn of the lock",
                                    "value_atomic_add: one instruction", NULL},
     .run = lost_update},
    {.name = "lost-update-despite-lock",
     .summary = "the lock of a Value guards the read, and then the write, and "
                "between them it is free",
     .lesson = "09",
     .question = "The same with a Value that has its lock, which each read "
                 "and each write takes and\n"
                 "gives back.  What will they do: a) finish, with 2 b) hang "
                 "c) crash\n"
                 "d) finish, with less?",
     .victim = "the value",
     .expect = LOSES,
     .evidence = "updates lost",
     .cures =
         (const char *const[]){"value_get_lock, around the read and the write",
                               "value_add: both in one turn of the lock",
                               "value_atomic_add: one instruction", NULL},
     .run = lost_update_despite_lock},
    {.name = "torn-read",
     .summary = "a reader comes between two writes that belong together, and "
                "has half of the old and half of the new",
     .lesson = "09",
     .question = "Two items of an Array, which has its lock, are always to be "
                 "the same: 1 and 1.  A\n"
                 "process makes both 2, one by one.  Another reads both.  What "
                 "will it do:\n"
                 "a) finish, with the same twice b) hang c) crash d) finish, "
                 "with 2 and 1?",
     .victim = "the reader",
     .expect = CORRUPTS,
     .evidence = "old and new",
     .cures =
         (const char *const[]){"the lock around both, on both sides",
                               "a version: read again until it is even, and "
                               "the same",
                               "a slice: both items in one turn", NULL},
     .run = torn_read},
    {.name = "leaked-segment",
     .summary = "who made a segment was killed: its name, and its memory, stay "
                "in /dev/shm",
     .lesson = "09",
     .question = "A process makes a segment by shm_open, and is killed.  The "
                 "others that had it\n"
                 "mapped end too.  What becomes of it: a) it is gone, all is "
                 "well b) somebody hangs\n"
                 "c) somebody crashes d) it is left?",
     .victim = "its maker",
     .expect = LEAKS,
     .evidence = "name outlives",
     .cures =
         (const char *const[]){
             "shared_memory_create: the tracker removes the name",
             "an Array: its memory has no name",
             "unlink when all have attached: it goes with the last", NULL},
     .run = leaked_segment},
    {.name = "tracker-unlinks-anothers",
     .summary = "who only attached had told its tracker, which removed the "
                "name when that program ended",
     .lesson = "09",
     .question = "A program has a segment.  Another attaches to it by its "
                 "name, as Python 3.12 does,\n"
                 "and ends.  Then a third one attaches.  What will they do: a) "
                 "finish b) hang\n"
                 "c) crash d) finish, and the third finds nothing?",
     .victim = "the owner",
     .expect = LOSES,
     .evidence = "name taken away",
     .cures =
         (const char *const[]){"who only attaches tells no tracker",
                               "what the tracker was told is taken back",
                               "a descriptor is handed over: no name is needed",
                               NULL},
     .run = tracker_unlinks_anothers},
    {.name = "sigbus",
     .summary = "a segment was cut under who had it mapped, and its next read "
                "is of a page that there is not",
     .lesson = "09",
     .question = "A process has mapped a segment, and reads from it.  Another "
                 "makes it shorter, by\n"
                 "ftruncate.  The first one reads again.  What will it do: a) "
                 "finish b) hang c) crash?",
     .victim = "the reader",
     .expect = CRASHES,
     .evidence = "signal BUS",
     .cures =
         (const char *const[]){"an Array: it is sealed, and to cut it is EPERM",
                               "pread(2): it returns less, and no signal",
                               "a handler: SIGBUS is that read's answer", NULL},
     .run = sigbus},
    {.name = NULL},
};
