/* SPDX-License-Identifier: MIT */
/*
 * hazards.c - how starting a process goes wrong, and the cures: the
 * list.  The scenarios are in hazards_*.c, by what goes wrong in them.  Of
 * fork: memory and threads (copied, pages, stdio), descriptors (inherited,
 * port), and the processes themselves (children).  Of spawn: where an image
 * begins (guard), and with what (spawn).  Of the fork server: its end (server),
 * and what was done in it before (preload).
 */
#include "start/hazards.h"

extern const struct hazard start_hazards[];

const struct hazard start_hazards[] = {
    {.name = "fork-held-lock",
     .summary = "the child inherits a locked lock, and not the thread that "
                "would unlock it",
     .lesson = "02",
     .question = "A thread holds a lock, and main forks.  The child locks it "
                 "too.\nWhat will the child do: a) finish b) hang c) crash?",
     .victim = "the child",
     .expect = HANGS,
     .evidence = "futex private",
     .cures =
         (const char *const[]){
             "pthread_atfork: hold the lock across fork",
             "re-initialise the lock in the child",
             "spawn: the child never had the lock",
             "forkserver: forked from a process without threads", NULL},
     .run = fork_held_lock},
    {.name = "fork-same-random",
     .summary = "every child draws the same random numbers: fork copied the "
                "generator",
     .lesson = "01",
     .question = "A program seeds random(3) and forks four workers, each of "
                 "which draws\n"
                 "one number.  What will they do: a) finish, with four "
                 "different numbers\n"
                 "b) hang c) crash d) finish, with four times the same?",
     .victim = "the fork",
     .expect = CORRUPTS,
     .evidence = "same number",
     .cures = (const char *const[]){"reseed in the child, from getrandom(2)",
                                    "an after-fork hook reseeds, whoever forks",
                                    NULL},
     .run = fork_same_random},
    {.name = "cow-is-not-free",
     .summary =
         "a child that counts references copies its parent's memory, page by "
         "page",
     .lesson = "01",
     .question =
         "The parent has 64 MiB of objects; the child only looks at each, but "
         "counts\n"
         "its references while it does.  What will it do: a) finish, and share "
         "them all\n"
         "b) hang c) crash d) finish, and have copied nearly all of them?",
     .victim = "the child",
     .expect = COSTS,
     .evidence = "private pages",
     .cures = (const char *const[]){"MAP_SHARED: both write to the same pages",
                                    "the counts apart from the data: few pages",
                                    NULL},
     .run = cow_is_not_free},
    {.name = "fork-buffered-stdio",
     .summary = "text that was buffered before the fork is written by both",
     .lesson = "01",
     .question = "A program prints a word without a newline into a file, and "
                 "forks.  The child\nprints nothing and calls exit(3); then "
                 "the parent closes the file.  What will\nthe two do: a) "
                 "finish, the word once b) hang c) crash\nd) finish, the word "
                 "twice?",
     .victim = "the child",
     .expect = CORRUPTS,
     .evidence = "text twice",
     .cures =
         (const char *const[]){"fflush before the fork, as start does",
                               "_exit in the child: it has nothing to write",
                               NULL},
     .run = fork_buffered_stdio},
    {.name = "fork-stdio-myth",
     .summary =
         "the textbook deadlock that is none here: glibc makes its own locks "
         "new in the child",
     .lesson = "02",
     .question = "One thread holds the lock of a FILE, others are inside "
                 "malloc, and main forks\n"
                 "50 children.  Each calls malloc, and prints to that FILE.\n"
                 "What will they do: a) finish b) hang c) crash?",
     .victim = "each child",
     .expect = ENDS,
     .evidence = "stdio lock",
     .run = fork_stdio_myth},
    {.name = "inherited-write-end",
     .summary = "a sibling inherits the write end of a pipe, so its reader "
                "never sees the end",
     .lesson = "05",
     .question = "Worker A has written its results and ended; the parent has "
                 "closed its write\nend.  Worker B, which never writes, still "
                 "waits for work.  The parent reads to\nthe end of the pipe.  "
                 "What will it do: a) finish b) hang c) crash?",
     .victim = "the reader",
     .expect = HANGS,
     .evidence = "read pipe",
     .cures =
         (const char *const[]){"B closes the end that it does not use",
                               "only A gets the end: closed before B is forked",
                               "spawn: B has what it was handed",
                               "forkserver: B has what it was handed", NULL},
     .run = inherited_write_end},
    {.name = "fork-shared-offset",
     .summary =
         "the child reads on in the file, and the parent misses those lines",
     .lesson = "01",
     .question = "The child reads three lines of a file that the parent "
                 "opened; then the parent\n"
                 "reads to the end.  What will the parent do: a) finish, with "
                 "all six lines\n"
                 "b) hang c) crash d) finish, without the first three?",
     .victim = "the parent",
     .expect = LOSES,
     .evidence = "shared offset",
     .cures =
         (const char *const[]){"open the file anew: an offset of its own",
                               "pread: says where, and moves nothing", NULL},
     .run = fork_shared_offset},
    {.name = "inherited-port",
     .summary = "a child keeps the port of a server that has died",
     .lesson = "01",
     .question = "A server listens on a port, forks a worker, and dies.  The "
                 "worker lives on, and\n"
                 "never used the port.  The server is started again.  What "
                 "will it do:\n"
                 "a) finish: the port was given back b) hang c) crash d) find "
                 "the port taken?",
     .victim = "the port",
     .expect = LEAKS,
     .evidence = "listener outlives",
     .cures =
         (const char *const[]){
             "the worker closes the socket that it does not use",
             "spawn: the worker never had the socket",
             "forkserver: the worker never had the socket", NULL},
     .run = inherited_port},
    {.name = "sentinel-held-by-grandchild",
     .summary =
         "a grandchild keeps the sentinel silent, and the parent waits for a "
         "zombie",
     .lesson = "01",
     .question = "A child forks a sleeper and ends.  The parent waits for the "
                 "child on its\n"
                 "sentinel, a pipe.  What will the parent do: a) finish b) "
                 "hang c) crash?",
     .victim = "the parent",
     .expect = HANGS,
     .evidence = "sentinel pipe",
     .cures =
         (const char *const[]){"a pidfd as the sentinel: that one process",
                               "the grandchild closes what it inherited", NULL},
     .run = sentinel_held_by_grandchild},
    {.name = "zombies",
     .summary = "children that ended and were never joined stay, as zombies",
     .lesson = "01",
     .question = "A program starts eight children that end at once, and never "
                 "joins them.\n"
                 "What is there of them while it runs on: a) nothing, they "
                 "have finished\n"
                 "b) they hang c) they crashed d) eight entries in the list of "
                 "processes?",
     .victim = "the parent",
     .expect = LEAKS,
     .evidence = "zombies",
     .cures =
         (const char *const[]){
             "join each", "ignore SIGCHLD: the kernel keeps no status",
             "active_children, or the next start: reaps them", NULL},
     .run = zombies},
    {.name = "spawn-without-guard",
     .summary = "a fresh image begins at the top of main, and there stands: "
                "start two children",
     .lesson = "03",
     .question = "A program starts two workers, fresh images of itself, and "
                 "looks only then\n"
                 "whether it is a worker.  What will it do: a) finish, with "
                 "two workers b) hang\n"
                 "c) crash d) finish, if somebody stops it, with many more?",
     .victim = "the start",
     .expect = COSTS,
     .evidence = "generations",
     .cures =
         (const char *const[]){
             "mechanisms_init looks first whether it is a child",
             "process_start without mechanisms_init says -ELOOP", NULL},
     .run = spawn_without_guard},
    {.name = "spawn-lost-globals",
     .summary = "a global that was set before start has its first value in the "
                "spawned child",
     .lesson = "03",
     .question = "A global is 1 where the program begins.  The parent sets it "
                 "to 7 and spawns a\n"
                 "child, which multiplies 6 by it.  What will the child do: a) "
                 "finish, with 42\n"
                 "b) hang c) crash d) finish, with another number?",
     .victim = "the child",
     .expect = CORRUPTS,
     .evidence = "first value",
     .cures =
         (const char *const[]){"handed over in the parcel",
                               "kept in a region that is handed over", NULL},
     .run = spawn_lost_globals},
    {.name = "spawn-rebuilt-pipe",
     .summary = "a global Pipe is made again in the spawned child, which sends "
                "into its own",
     .lesson = "03",
     .question = "A program makes a global Pipe, and spawns a child that sends "
                 "into it.  The child\n"
                 "has ended, with exit status 0; the parent receives.  What "
                 "will the parent do:\n"
                 "a) finish b) hang c) crash?",
     .victim = "the parent",
     .expect = HANGS,
     .evidence = "another pipe",
     .cures =
         (const char *const[]){
             "the Pipe is an argument of the child",
             "the same under forkserver: the Pipe is an argument", NULL},
     .run = spawn_rebuilt_pipe},
    {.name = "forkserver-killed",
     .summary = "the fork server is killed: its child runs on, and how it ends "
                "is lost",
     .lesson = "04",
     .question = "The fork server is killed while a child of it works.  The "
                 "child's exit code will\n"
                 "be its result, 7.  What will the child's starter do: a) "
                 "finish, with 7 b) hang\n"
                 "c) crash d) finish, with something else?",
     .victim = "the starter",
     .expect = LOSES,
     .evidence = "server killed",
     .cures =
         (const char *const[]){
             "the result comes in a pipe, and not as exit code",
             "255 is no result: done again, by a new server",
             "be a subreaper: the orphan becomes ours to wait for", NULL},
     .run = forkserver_killed},
    {.name = "preload-with-threads",
     .summary = "what was preloaded left a thread in the fork server, and a "
                "lock that it holds",
     .lesson = "04",
     .question = "A function that the fork server preloads starts a thread, "
                 "which holds the lock of\n"
                 "a log.  A child of the server logs an entry.\n"
                 "What will the child do: a) finish b) hang c) crash?",
     .victim = "the child",
     .expect = HANGS,
     .evidence = "futex of a server",
     .cures =
         (const char *const[]){"preload no thread: each child starts its own",
                               "an after-fork hook makes the lock new", NULL},
     .run = preload_with_threads},
    {.name = NULL},
};
