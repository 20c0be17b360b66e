/* SPDX-License-Identifier: MIT */
/* hazards.c - how a queue goes wrong, and the cures: the list.  The scenarios
 * are in hazards_*.c, by cause. */
#include "queue/hazards.h"

extern const struct hazard queue_hazards[];

const struct hazard queue_hazards[] = {
    {.name = "join-before-drain",
     .summary =
         "a child has put more than the pipe holds, and its parent waits "
         "for its end before it gets",
     .lesson = "08",
     .question = "A child puts 1 MiB into a queue, which says 0 at once, and "
                 "returns.  Its parent\n"
                 "joins it, and then gets.  What will the parent do: a) finish "
                 "b) hang c) crash?",
     .victim = "the parent",
     .expect = HANGS,
     .evidence = "cycle 3",
     .cures =
         (const char *const[]){
             "get, then join", "a thread gets while the parent joins",
             "the result in a region: what is put is small", NULL},
     .run = join_before_drain},
    {.name = "killed-idle-reader",
     .summary = "an idle reader was killed: it had the readers' lock, and what "
                "is put is never got",
     .lesson = "08",
     .question = "Two processes get from a queue, which is empty.  The first "
                 "is killed, and\n"
                 "joined.  Then three items are put.  What will the second do: "
                 "a) finish b) hang\n"
                 "c) crash?",
     .victim = "the next reader",
     .expect = HANGS,
     .evidence = "dead reader",
     .cures =
         (const char *const[]){"a robust lock: it had read nothing: go on",
                               "a pipe for each reader: no lock is shared",
                               "a robust queue: its lock is the next reader's",
                               NULL},
     .run = killed_idle_reader},
    {.name = "killed-feeder",
     .summary = "a feeder was killed while it sent: it had the writers' lock, "
                "and nobody else can send",
     .lesson = "08",
     .question = "A process puts more than the pipe holds, and is killed while "
                 "its feeder waits\n"
                 "for room.  Another puts 1024 items: put says 0.  The parent "
                 "gets all that comes.\n"
                 "What will the other's feeder do: a) finish b) hang c) crash?",
     .victim = "the other's feeder",
     .expect = HANGS,
     .evidence = "dead writer",
     .cures = (const char *const[]){"a robust lock, and items of one write",
                                    "a pipe for each writer: no lock is shared",
                                    "a robust queue: packets, and robust locks",
                                    NULL},
     .run = killed_feeder},
    {.name = "lost-on-exit",
     .summary = "a process leaves by _exit: what its feeder had not sent is "
                "lost, and nobody is told",
     .lesson = "08",
     .question = "A child puts 40 pages into a queue, each put says 0, and "
                 "leaves by _exit(0).\n"
                 "The parent gets what comes.  What will it do: a) finish, "
                 "with 40 b) hang\n"
                 "c) crash d) finish, with fewer?",
     .victim = "the parent",
     .expect = LOSES,
     .evidence = "never sent",
     .cures =
         (const char *const[]){"close and join_thread, then _exit",
                               "the exit sequence, which does that",
                               "a SimpleQueue: put returns when it is sent",
                               NULL},
     .run = lost_on_exit},
    {.name = "empty-lies",
     .summary =
         "a consumer stops because the queue is empty, and an item is on "
         "its way",
     .lesson = "08",
     .question = "An item was put, and its feeder waits for its turn.  A "
                 "consumer does\n"
                 "`while not q.empty(): q.get()`, and stops.  What will it do: "
                 "a) finish, with\n"
                 "the item b) hang c) crash d) finish, without it?",
     .victim = "the consumer",
     .expect = LOSES,
     .evidence = "not yet sent",
     .cures = (const char *const[]){"a last item that says so",
                                    "both know how many there are", NULL},
     .run = empty_lies},
    {.name = "unbounded-buffer",
     .summary = "nobody gets, and put never waits: the producer's memory grows",
     .lesson = "08",
     .question = "A process puts 1024 items of 64 KiB into a queue without a "
                 "maxsize, and nobody\n"
                 "gets.  What will the puts do: a) fail b) hang c) crash d) "
                 "succeed, and take\n"
                 "64 MiB?",
     .victim = "the producer",
     .expect = COSTS,
     .evidence = "buffer grows",
     .cures =
         (const char *const[]){"a maxsize: put waits for a place",
                               "a maxsize and a timeout: put says so", NULL},
     .run = unbounded_buffer},
    {.name = "poison-item",
     .summary = "an item cannot be encoded, and its place is never given back",
     .lesson = "08",
     .question = "A naive queue has one place.  An item is put that its feeder "
                 "cannot encode, and\n"
                 "then a good one.  What will the second put do: a) finish b) "
                 "hang c) crash?",
     .victim = "the producer",
     .expect = HANGS,
     .evidence = "place without item",
     .cures =
         (const char *const[]){"our Queue: a dropped item gives its place back",
                               "the naive one, which does so as well",
                               "encode first, and then take a place", NULL},
     .run = poison_item},
    {.name = "fork-dead-feeder",
     .summary = "a forked child believes that it has a feeder, which fork did "
                "not copy",
     .lesson = "08",
     .question = "A process has put an item into a naive queue, whose feeder "
                 "has sent it.  It\n"
                 "forks.  The child puts an item, and waits until it is sent; "
                 "the parent gets.\n"
                 "What will the child do: a) finish b) hang c) crash?",
     .victim = "the child",
     .expect = HANGS,
     .evidence = "no feeder",
     .cures =
         (const char *const[]){"our Queue: a child has no feeder, and no items",
                               "the naive one, with an after-fork hook",
                               "a SimpleQueue: put sends it itself", NULL},
     .run = fork_dead_feeder},
    {.name = "fork-duplicate-items",
     .summary = "a forked child sends what was in its parent's buffer, and so "
                "does the parent",
     .lesson = "08",
     .question = "An item waits in the buffer of a naive queue, since its pipe "
                 "is full; the\n"
                 "process forks.  The child starts a feeder of its own, to put "
                 "one item too.\n"
                 "What will come out of the queue: a) two items b) nothing: it "
                 "hangs c) it\n"
                 "crashes d) three items?",
     .victim = "the fork",
     .expect = CORRUPTS,
     .evidence = "sent by both",
     .cures =
         (const char *const[]){"our Queue: a child has no feeder, and no items",
                               "an after-fork hook empties the buffer too",
                               "fork when the buffer is empty", NULL},
     .run = fork_duplicate_items},
    {.name = "spawn-rebuilt-queue",
     .summary =
         "a queue that is a global is made once more in a spawned child: "
         "another one",
     .lesson = "08",
     .question = "A program has a global queue.  A spawned child puts "
                 "helloworld into it, ends\n"
                 "with 0, and is joined.  The parent gets.  What will the "
                 "parent do: a) finish\n"
                 "b) hang c) crash?",
     .victim = "the parent",
     .expect = HANGS,
     .evidence = "another pipe",
     .cures = (const char *const[]){"handed over as an argument, to spawn",
                                    "the same, to the fork server", NULL},
     .run = spawn_rebuilt_queue},
    {.name = NULL},
};
