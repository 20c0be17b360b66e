/* SPDX-License-Identifier: MIT */
/*
 * verdict_parts.h - the judges, one for each kind of evidence, and what all of
 * them use.  Private to verdict_*.c; verdict.h says what each kind proves.
 *
 * A hang is found by looking twice at the whole tree.  Everything else has
 * stages: the scenario shows one and waits at its gate (witness_show), so that
 * what is counted before and after lies exactly there.
 */
#ifndef IPCLAB_VERDICT_PARTS_H
#define IPCLAB_VERDICT_PARTS_H

#include "asked.h"
#include "verdict.h"

/* --- the judges --- */

/* A hang: does this look show it?  If not, the reason. */
bool find_private_futex(const struct inspection *i, const struct tasks *look,
                        pid_t root);
bool find_pipe_read(const struct inspection *i, const struct tasks *look,
                    pid_t root);

bool find_sentinel(const struct inspection *i, const struct tasks *look,
                   pid_t root);
bool find_cycle(const struct inspection *i, const struct tasks *look,
                pid_t root);
bool find_torn(const struct inspection *i, const struct tasks *look,
               pid_t root);

bool find_another_pipe(const struct inspection *i, const struct tasks *look,
                       pid_t root);
bool find_no_place(const struct inspection *i, const struct tasks *look,
                   pid_t root);
bool find_server_futex(const struct inspection *i, const struct tasks *look,
                       pid_t root);

bool find_dead_owner(const struct inspection *i, const struct tasks *look,
                     pid_t root);
bool find_dead_reader(const struct inspection *i, const struct tasks *look,
                      pid_t root);
bool find_dead_writer(const struct inspection *i, const struct tasks *look,
                      pid_t root);
bool find_no_feeder(const struct inspection *i, const struct tasks *look,
                    pid_t root);
bool find_no_answer(const struct inspection *i, const struct tasks *look,
                    pid_t root);
bool find_held(const struct inspection *i, const struct tasks *look,
               pid_t root);

/* Did it die in a write to a pipe that nobody can read any more? */
bool writes_to_nobody(const struct inspection *i, const struct task *t,
                      pid_t root);

/* Did that signal end it for an access to the victim's file, which has been cut
 * since? */
bool is_cut_off(const struct inspection *i, pid_t program,
                const siginfo_t *signal);

/* A stage: is it as it should be?  NOT_YET keeps the gate closed, and the
 * judge is asked again; like REFUSED, it gives its reason. */
enum sight { REFUSED, SEEN, NOT_YET };

enum sight look_torn(struct inspection *i, int stage, pid_t root);
enum sight look_delivery(struct inspection *i, int stage, pid_t root);
enum sight look_inner(struct inspection *i, int stage, pid_t root);
enum sight look_zombies(struct inspection *i, int stage, pid_t root);
enum sight look_listener(struct inspection *i, int stage, pid_t root);
enum sight look_numbers(struct inspection *i, int stage, pid_t root);
enum sight look_pages(struct inspection *i, int stage, pid_t root);
enum sight look_stdio_lock(struct inspection *i, int stage, pid_t root);
enum sight look_text(struct inspection *i, int stage, pid_t root);
enum sight look_offset(struct inspection *i, int stage, pid_t root);
enum sight look_generations(struct inspection *i, int stage, pid_t root);
enum sight look_first_value(struct inspection *i, int stage, pid_t root);
enum sight look_another_pipe(struct inspection *i, int stage, pid_t root);
enum sight look_killed_server(struct inspection *i, int stage, pid_t root);
enum sight look_cut_off(struct inspection *i, int stage, pid_t root);
enum sight look_poison(struct inspection *i, int stage, pid_t root);
enum sight look_held_back(struct inspection *i, int stage, pid_t root);
enum sight look_never_sent(struct inspection *i, int stage, pid_t root);
enum sight look_growth(struct inspection *i, int stage, pid_t root);
enum sight look_owner(struct inspection *i, int stage, pid_t root);
enum sight look_reader(struct inspection *i, int stage, pid_t root);
enum sight look_writer(struct inspection *i, int stage, pid_t root);
enum sight look_threads(struct inspection *i, int stage, pid_t root);
enum sight look_both_sent(struct inspection *i, int stage, pid_t root);
enum sight look_second_owner(struct inspection *i, int stage, pid_t root);
enum sight look_waiter(struct inspection *i, int stage, pid_t root);
enum sight look_updates(struct inspection *i, int stage, pid_t root);
enum sight look_words(struct inspection *i, int stage, pid_t root);
enum sight look_name(struct inspection *i, int stage, pid_t root);
enum sight look_taken_away(struct inspection *i, int stage, pid_t root);
enum sight look_whole(struct inspection *i, int stage, pid_t root);
enum sight look_answers(struct inspection *i, int stage, pid_t root);
enum sight look_copy(struct inspection *i, int stage, pid_t root);
enum sight look_modified(struct inspection *i, int stage, pid_t root);
enum sight look_killed_manager(struct inspection *i, int stage, pid_t root);
enum sight look_stranger(struct inspection *i, int stage, pid_t root);
enum sight look_held(struct inspection *i, int stage, pid_t root);

/* --- what they say --- */

/* Add a line of proof. */
void verdict_say(struct verdict *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* There is no proof, for this reason: false, which is REFUSED. */
bool verdict_refuse(struct verdict *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* It could not be read.  Where the kernel does not let us look that is not
 * proven, and not disproven; of who has gone it is not proven.  False. */
bool verdict_cannot_show(struct verdict *v, const char *what, int error);

/* Where calls are not shown the address is the witness's word, and we say so.
 */
void verdict_say_fallback(struct verdict *v, const struct task *t);

/* --- what they find in a look --- */

/* The first thread of a process, or NULL. */
const struct task *verdict_task(const struct tasks *look, pid_t process);

unsigned verdict_threads(const struct tasks *look, pid_t process);

/* The process that has the thread id, or 0. */
pid_t verdict_home(const struct tasks *look, pid_t id);

/* The victim's thread that waits as `waits` says and, where calls are shown,
 * with this first argument.  NULL, and the reason. */
const struct task *verdict_waiter(const struct inspection *i,
                                  const struct tasks *look,
                                  bool (*waits)(const struct task *),
                                  uint64_t argument);

/* The same of another process. */
const struct task *verdict_waiter_in(const struct inspection *i,
                                     const struct tasks *look, pid_t process,
                                     bool (*waits)(const struct task *),
                                     uint64_t argument);

/* The victim's descriptor is a pipe, whose write end the holder alone has: both
 * ends; or false, and the reason. */
bool verdict_held_pipe(const struct inspection *i, const struct tasks *look,
                       struct descriptor *end, struct descriptor *other);

/* Has this child of the process ended, without being asked how? */
bool verdict_zombie(const struct inspection *i, pid_t child, pid_t parent);

/* Is it a child of that process which came by exec, an image of the same
 * program? */
bool verdict_spawned(const struct inspection *i, pid_t child, pid_t parent);

/* What is in the pipe of that descriptor, of either end, without taking it out:
 * bytes, or -errno. */
ssize_t verdict_peek(pid_t process, int fd, void *bytes, size_t size);

/* How many bytes a pipe of the victim's holds, and its number; or false, and
 * the reason. */
bool verdict_pipe_bytes(const struct inspection *i, int fd, uint64_t *pipe,
                        size_t *bytes);

/* A thread of the process sleeps in a write to that pipe: its number; NOT_YET,
 * and the reason. */
enum sight verdict_writer(const struct inspection *i, pid_t process,
                          uint64_t pipe, pid_t *writer);

/* Of those in the tree the victim alone has that end of the pipe, if anybody
 * has, and it has that many threads; or false, and the reason. */
bool verdict_alone(const struct inspection *i, uint64_t pipe, bool writes,
                   size_t threads, pid_t root);

/* 8 bytes at an address of that process; or false, and the reason. */
bool verdict_number(const struct inspection *i, pid_t process, uint64_t address,
                    int64_t *number);

/* Do both have the same memory at that address, and is it shared?  Or false,
 * and the reason. */
bool verdict_shares(const struct inspection *i, pid_t one, pid_t other,
                    uint64_t address);

/* Does every thread of the process sleep for as long as nobody wakes it?  Then
 * *switches is how often they were switched, which is another number once one
 * of them has run.  NOT_YET, and the reason. */
enum sight verdict_sleeper(const struct inspection *i, pid_t process,
                           uint64_t *switches);

/* What has the witness's name in /dev/shm: 0 or -errno. */
int verdict_named(const struct inspection *i, struct stat *file);

bool same_file(const struct stat *one, const struct stat *other);

/* Who took the lock, as the word at that address of the process says; 0, and
 * the reason: nobody, or it cannot be read. */
pid_t verdict_owner(const struct inspection *i, pid_t process, uint64_t word);

/* The same, as it is now, a thread of that process; or false, and the reason.
 */
bool verdict_living_owner(const struct inspection *i, pid_t process,
                          uint64_t word, struct task *owner);

/* The client's connection to the witness's server, which is another process; or
 * false, and the reason. */
bool verdict_link(const struct inspection *i, pid_t client, struct link *link);

/* repr() of the witness's object, as its server says when we ask it, over the
 * victim's connection, at which the victim must not be waiting; or false, and
 * the reason. */
bool verdict_ask(const struct inspection *i, char *text, size_t size);

/* --- two that add to a number (verdict_turns.c) --- */

enum { ADDERS = 2 }; /* the victim and the holder */

/* The number: how it is read, or false, and the reason; and in words, "\"v\"
 * is" so much, and what both have read. */
struct counted {
    bool (*read)(const struct inspection *i, int64_t *number);
    char is[64], what[64];
};

/* The number, and what both say of their turns; or false, and the reason. */
bool verdict_turns(const struct inspection *i, const struct counted *c,
                   int64_t *number, struct witness_turn turns[ADDERS]);

/* At the first stage: both have read it, and nobody has written. */
enum sight verdict_both_have_read(struct inspection *i,
                                  const struct counted *c);

/* At the second: each has written one more than that, and it is no more. */
enum sight verdict_one_is_lost(struct inspection *i, const struct counted *c,
                               int64_t *number);

/* --- what they are called --- */

/* "child" or "process": the word for one that has its parent in the tree. */
const char *verdict_noun(pid_t process, pid_t root);

/* "parent", if that is what it is of the other, or "process". */
const char *verdict_relation(pid_t process, pid_t of);

#endif
