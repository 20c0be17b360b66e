/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - did the hazard happen?  Judged from what the kernel shows.
 *
 * A scenario says through its witness what should be found.  A verdict is
 * PROVEN only when we have found it ourselves: the thread in that call, with
 * that address or descriptor, the owner where it is said to be, and every
 * thread of the tree asleep without end in two looks, so that what looks like
 * a deadlock is no slowness.
 *
 * What does not hang has stages: before and after something the scenario waits
 * at a gate (witness_show) until we have looked, and what is counted between
 * is what happened between.
 *
 * What can be asked for in struct hazard's `evidence`:
 *     "futex private"  HANGS: a thread of the victim waits for the mutex,
 *                      whose owner is no thread of the victim
 *     "read pipe"      HANGS: the victim waits in read(2) on the descriptor, a
 *                      pipe whose write end the holder alone still has
 *     "torn message"   HANGS, after a stage. 1: the child is a zombie, and the
 *                      pipe that the victim's descriptor reads ends within a
 *                      message; then as "read pipe", at that pipe
 *     "another pipe"   HANGS, after stages.  1: the child, spawned by the
 *                      victim, has sent into the pipe of its descriptor,
 *                      which is not the one of the victim's; 2: the child is a
 *                      zombie of status 0; then as "read pipe", the victim
 *                      being the holder itself
 *     "futex of a server"  HANGS: as "futex private", and the holder came by
 *                      exec, has several threads, of which another one than
 *                      the first is the owner, and forked the victim
 *     "dead owner"     HANGS, after a stage.  1: the victim's word, in shared
 *                      memory, holds the id of a thread of the holder, which
 *                      lives; then the victim waits for that word, which
 *                      still holds the id, and there is no such thread
 *     "dead reader"    HANGS, after a stage: as "dead owner", and at 1 the
 *                      owner sleeps in read(2), at the pipe of the victim's
 *                      descriptor, in which there is something then; the same
 *                      holds of a second lock, the child's word, if there is
 *                      one: the holder had it, and the child waits for it
 *     "dead writer"    HANGS, after stages: as "dead reader", in write(2);
 *                      2: what the victim has is counted; then the pipe is
 *                      empty, and the victim has grown by 15/16 of `count`
 *                      bytes
 *     "no feeder"      HANGS, after a stage.  1: the holder has several
 *                      threads; then the victim, a fork of it, has one, which
 *                      waits in a private futex, and the word, a count, is not
 *                      0 in its memory, and 0 in the holder's; which waits in
 *                      read(2) on the descriptor, a pipe that is empty
 *     "answer of the dead"  HANGS, after a stage.  1: the child sleeps at its
 *                      word; then it is a zombie, and the victim waits for
 *                      its own word, which is 0, while the holder waits for
 *                      one that has the id of the victim's thread in it
 *     "cycle N"        HANGS: in the graph of `ipclab waits` the victim is in
 *                      a cycle of N threads, each of which only processes
 *                      of the cycle could wake
 *     "sentinel pipe"  HANGS: the victim waits in poll(2) on the descriptor
 *                      alone, a pipe whose write end the holder alone still
 *                      has, and the child, whose end it waits for, is a zombie
 *     "place without item"  HANGS, after a stage.  1: the semaphore in the
 *                      victim's memory is 0, the number in the child's word
 *                      is 1, an item, and the pipe of the descriptor is empty;
 *                      then the victim waits for the semaphore, still 0; the
 *                      number is 0, and the pipe empty: no item has the place;
 *                      all other threads of the tree are the victim's, idle
 *     "signal BUS"     CRASHES, after a stage.  1: at the victim's word it has
 *                      mapped the file of its descriptor, which is as long;
 *                      then the kernel's SIGBUS, and nobody's kill(2), ended
 *                      it, for an address of that mapping at which the file
 *                      had bytes, and has none
 *     "lock of a dead client"  HANGS, after stages, in which we ask the server
 *                      for the object.  1: it is a lock that is free; 2: it is
 *                      taken; the holder has run, and the victim has not; 3:
 *                      SIGKILL ended the holder, and it is taken; then the
 *                      victim waits in read(2) on its connection to the server
 *     "signal PIPE"    CRASHES: SIGPIPE ended the victim, in a write to the
 *                      descriptor, a pipe whose read end nobody has
 *     "signal NAME"    CRASHES: SIGNAME ended the victim
 * and in stages
 *     "generations"    1: the victim has `count` children, each of those too,
 *                      and so on, through two generations at least: all of
 *                      one program, and come by exec
 *     "first value"    1: the victim's memory holds a number; 2: it holds
 *                      another, and in the child's, which it has spawned, the
 *                      same variable of the program is as at 1
 *     "server killed"  1: the holder, spawned by the victim, has forked the
 *                      child; 2: SIGKILL ended the holder; the child lives,
 *                      and its number is another; the pipe of the victim's
 *                      descriptor is empty, and without a writer; 3: the child
 *                      has ended, and the victim has another number than it
 *     "descriptors cut off"  1: the victim has no number for a descriptor
 *                      left, and its descriptor is a socket in which a message
 *                      waits with `count` pipes; 2: the message is gone, and
 *                      the victim has none of these pipes
 *     "sent by both"   1: a thread of the victim, and one of its fork, the
 *                      holder, sleep in write(2) on the descriptor, one pipe,
 *                      with the same number; 2: the pipe holds it twice
 *     "second owner"   1: the victim's word, in shared memory, holds the id of
 *                      a thread of the victim, which sleeps; 2: it has not
 *                      run since, and the word holds the id of one of the
 *                      holder's
 *     "not yet sent"   of two queues, of each of which the victim's memory has
 *                      four numbers: where the writers' lock is, what qsize()
 *                      and empty() said, and how many a get at once gave.
 *                      1: these are above 0, 1 and 0; a thread of the victim
 *                      waits for that lock, which somebody has, and the pipe
 *                      of the descriptor is empty; only the victim could write
 *                      into it, which has one thread more than two; 2: the lock
 *                      is free, and the pipe is not empty
 *     "never sent"     of two queues: 1: the child's memory says how many items
 *                      it has put, of `count` bytes each, the pipe holds
 *                      fewer, and a thread of the child waits for room in it;
 *                      2: the child is a zombie of status 0, the pipe holds
 *                      what it held, and only the victim, which has one
 *                      thread, could write into it
 *     "buffer grows"   1: the pipe of the victim's descriptor is empty; 2: the
 *                      victim's own pages grew by 7/8 of `count` bytes, and a
 *                      thread of it waits for room in that pipe, which only
 *                      the victim could read, with one thread more
 *     "updates lost"   of the victim and the holder, whose word is a number in
 *                      memory that they share, and whose child's word is
 *                      (struct witness_turn) what each says of itself.  1: both
 *                      sleep, and have read what the number is; 2: both have
 *                      run since, and written one more, and the number is one
 *                      more, not two; 3, 4: how many both have added to the
 *                      word since, when they liked, and what it is: told, and
 *                      no proof
 *     "old and new"    1: the victim sleeps, and two words in memory that it
 *                      shares with the holder are the same; 2: the holder
 *                      sleeps, one of them is another, and the victim has run
 *                      since, and has both, as they are, at the child's word;
 *                      3: both are as the new one
 *     "name outlives"  LEAKS: 1: /dev/shm has no such name; 2: it is the file
 *                      of the victim's descriptor; 3: SIGKILL ended the victim,
 *                      nobody has the file open or mapped, and it has the name;
 *                      and still has it when all of the tree have ended
 *     "name taken away"  1: the name in /dev/shm is the file of the victim's
 *                      descriptor; the holder uses it too, and has started the
 *                      child by exec, which reads a pipe that only the holder
 *                      could write into; 2: the holder is a zombie, the name is
 *                      there, and the child, in write(2), cannot go on: we make
 *                      room for it; then it has ended, nobody else of the tree
 *                      has run, and the name has gone, while the victim has the
 *                      file
 *     "zombies"        1: `count` children of the victim, which lives, are in
 *                      state Z
 *     "listener outlives"  1: the victim alone holds the socket that listens
 *                      at the port; 2: it has ended, the holder alone has that
 *                      socket, and bind(2) to the port is EADDRINUSE
 *     "delivered twice"  1: the pipe that the victim's descriptor reads is
 *                      empty, without a writer, and the victim has no child;
 *                      2: it has one, the holder, and in the memory of both
 *                      stands the same number, another than at 1
 *     "message within message"  1: the pipe that the victim's descriptor reads
 *                      holds a message in whose payload another one lies,
 *                      and the bytes after it are in no message
 *     "same number"    1: the victim's memory holds a number, 2: in each of its
 *                      `count` children there stands another, the same in all
 *     "private pages"  1, 2: between them the victim's own pages grew by 15/16
 *                      of `count` bytes, with a fault a page, and what it has
 *                      in memory did not grow
 *     "stdio lock"     ENDS: 1: the victim has several threads, and its memory
 *                      holds a FILE's lock word that is locked; 2: in its
 *                      child, the holder, it is free.  And the work is done.
 *                      malloc's locks have no address that a program knows:
 *                      they are not looked at, but each child calls malloc,
 *                      and its work is not done if it hangs there
 *     "text twice"     1: `count` bytes are in the victim's memory, and the
 *                      file is empty; 2: it holds them twice, and no more
 *     "answers crossed"  1: the victim's descriptor, a connection to the
 *                      server, and the holder's are one open file, and neither
 *                      has an answer (struct witness_answer) at the child's
 *                      word; 2: unread, the socket holds what the holder asked
 *                      for, then what the victim did; 3: each has the other's
 *     "copy changed"   1: the server is asked for the object; 2: the number at
 *                      the child's word, in the victim's memory, is another,
 *                      and the server, asked again, says the same
 *     "updates lost in a server"
 *                      1, 2: as "updates lost", of a number in a dict of the
 *                      server, which is asked for it
 *     "manager killed"
 *                      1: the server, asked, has the object, and the child
 *                      waits in read(2) for an answer of it; 2: SIGKILL ended
 *                      it, and who connects to its name is refused; 3: two
 *                      numbers in the victim's memory, and one in the child's,
 *                      say that its calls failed
 *     "obeys a stranger"  1: the victim's descriptor listens; we connect, and
 *                      send a number; it becomes that in the victim's memory,
 *                      and we are asked for nothing
 *     "shared offset"  1: the victim sleeps; 2: it has not run since, and the
 *                      offset of its descriptor has moved; a child of its
 *                      has the same open file
 */
#ifndef IPCLAB_VERDICT_H
#define IPCLAB_VERDICT_H

#include "evidence.h"
#include "mechanism.h"
#include "supervisor.h"
#include "witness.h"

enum ruling { NOT_PROVEN, PROVEN, NOT_SHOWN };

/* What the victim of a signal was doing, if that could be seen. */
enum last_act { NOT_SEEN, AS_IT_SHOULD, NOT_AS_IT_SHOULD };

enum { VERDICT_LINES = 6, NOTED = 8 };

/* Lies in memory that the guard and its caller share. */
struct verdict {
    enum ruling ruling;
    enum last_act last_act;
    bool refused; /* at a stage: the reason stands, however it ends */
    unsigned count;
    char line[VERDICT_LINES][160]; /* the proof, for a student to read */
    char reason[160];              /* or why there is none */
};

/* What the guard remembers between two looks. */
struct inspection {
    const struct hazard *hazard;
    struct witness *witness; /* read, but for its gate */
    struct verdict *verdict;
    int file; /* a file of ours that the scenario has too */
    struct tasks first, second;
    int64_t first_at;
    int stage;             /* the last that was looked at; 0: none */
    unsigned lines;        /* of proof, when that had been seen */
    char text[128];        /* what stood in a buffer at the first */
    uint64_t noted[NOTED]; /* what a judge counted at an earlier stage */
};

/* Look: true once it is proven.  What neither hangs nor has stages is judged
 * by its end alone, and what should end by that too. */
bool inspect(struct inspection *i, pid_t root);

/* The program is about to end: in which call, by which signal, and about what?
 */
void inspect_dying(struct inspection *i, pid_t program,
                   const siginfo_t *signal);

/* After the end: the last word. */
void verdict_at_end(const struct hazard *hazard, const struct witness *witness,
                    const struct ended *ended, struct verdict *verdict);

/*
 * Did a cure do its work?  Its end, its result, and `expected` (what the run
 * that went wrong was to yield; -1: not known).  NULL, or what is wrong, as one
 * word; reason then says more.
 */
const char *cure_fault(const struct witness *witness, const struct ended *ended,
                       int64_t expected, char *reason, size_t size);

/* "it ended with exit status 3", "signal 15, SIGTERM, ended it". */
const char *ended_describe(const struct ended *ended, char *text, size_t size);

#endif
