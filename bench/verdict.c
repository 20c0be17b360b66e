/* SPDX-License-Identifier: MIT */
/*
 * verdict.c - did the hazard happen?  Judged from what the kernel shows: here
 * when we look, and at what; each kind of evidence has a judge of its own.
 */
#include "verdict_parts.h"

#include "common/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Between the two looks at the least; a slow thread runs within that. */
#define STILL (110 * SECOND / 1000)

/* It hangs, and is found in two looks, or it has stages; or both: then it must
 * be as it should at its stages, and hang after them. */
static const struct kind {
    const char *evidence;
    bool (*find)(const struct inspection *, const struct tasks *, pid_t root);
    int stages;
    enum sight (*look)(struct inspection *, int stage, pid_t root);
    bool at_end; /* its end must show it too */
} kinds[] = {
    {.evidence = "futex private", .find = find_private_futex},
    {.evidence = "read pipe", .find = find_pipe_read},
    {.evidence = "sentinel pipe", .find = find_sentinel},
    {.evidence = "futex of a server", .find = find_server_futex},
    {.evidence = "another pipe",
     .find = find_another_pipe,
     .stages = 2,
     .look = look_another_pipe},
    {.evidence = "cycle ", .find = find_cycle}, /* of any length */
    {.evidence = "torn message",
     .find = find_torn,
     .stages = 1,
     .look = look_torn},
    {.evidence = "delivered twice", .stages = 2, .look = look_delivery},
    {.evidence = "message within message", .stages = 1, .look = look_inner},
    {.evidence = "zombies", .stages = 1, .look = look_zombies},
    {.evidence = "listener outlives", .stages = 2, .look = look_listener},
    {.evidence = "same number", .stages = 2, .look = look_numbers},
    {.evidence = "private pages", .stages = 2, .look = look_pages},
    {.evidence = "stdio lock", .stages = 2, .look = look_stdio_lock},
    {.evidence = "text twice", .stages = 2, .look = look_text},
    {.evidence = "shared offset", .stages = 2, .look = look_offset},
    {.evidence = "generations", .stages = 1, .look = look_generations},
    {.evidence = "first value", .stages = 2, .look = look_first_value},
    {.evidence = "server killed", .stages = 3, .look = look_killed_server},
    {.evidence = "descriptors cut off", .stages = 2, .look = look_cut_off},
    {.evidence = "dead owner",
     .find = find_dead_owner,
     .stages = 1,
     .look = look_owner},
    {.evidence = "dead reader",
     .find = find_dead_reader,
     .stages = 1,
     .look = look_reader},
    {.evidence = "dead writer",
     .find = find_dead_writer,
     .stages = 2,
     .look = look_writer},
    {.evidence = "no feeder",
     .find = find_no_feeder,
     .stages = 1,
     .look = look_threads},
    {.evidence = "sent by both", .stages = 2, .look = look_both_sent},
    {.evidence = "answer of the dead",
     .find = find_no_answer,
     .stages = 1,
     .look = look_waiter},
    {.evidence = "place without item",
     .find = find_no_place,
     .stages = 1,
     .look = look_poison},
    {.evidence = "not yet sent", .stages = 2, .look = look_held_back},
    {.evidence = "never sent", .stages = 2, .look = look_never_sent},
    {.evidence = "buffer grows", .stages = 2, .look = look_growth},
    {.evidence = "second owner", .stages = 2, .look = look_second_owner},
    {.evidence = "updates lost", .stages = 4, .look = look_updates},
    {.evidence = "old and new", .stages = 3, .look = look_words},
    {.evidence = "name outlives",
     .stages = 3,
     .look = look_name,
     .at_end = true},
    {.evidence = "name taken away", .stages = 2, .look = look_taken_away},
    {.evidence = "answers crossed", .stages = 3, .look = look_answers},
    {.evidence = "copy changed", .stages = 2, .look = look_copy},
    {.evidence = "updates lost in a server",
     .stages = 2,
     .look = look_modified},
    {.evidence = "manager killed", .stages = 3, .look = look_killed_manager},
    {.evidence = "obeys a stranger", .stages = 1, .look = look_stranger},
    {.evidence = "lock of a dead client",
     .find = find_held,
     .stages = 3,
     .look = look_held},
    {.evidence = "signal BUS", .stages = 1, .look = look_whole, .at_end = true},
};

/* The kind's name, and a number after it? */
static bool is_numbered(const char *evidence, const char *name, size_t n)
{
    return strncmp(name, evidence, n) == 0 && evidence[n] &&
           strspn(evidence + n, "0123456789") == strlen(evidence + n);
}

static const struct kind *kind_of(const struct hazard *h)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const char *name = kinds[k].evidence;
        size_t n = strlen(name);

        if (name[n - 1] == ' ' ? is_numbered(h->evidence, name, n)
                               : strcmp(name, h->evidence) == 0)
            return &kinds[k];
    }
    return NULL;
}

/* --- a hang --- */

static bool find(const struct inspection *i, const struct tasks *look,
                 pid_t root)
{
    const struct kind *kind = kind_of(i->hazard);

    i->verdict->count = 0;
    i->verdict->ruling = NOT_PROVEN;
    if (!kind)
        return verdict_refuse(i->verdict, "nobody knows how to find '%s'",
                              i->hazard->evidence);
    return kind->find(i, look, root);
}

/* Is every thread of the tree asleep, as it was at the first look, and for as
 * long as nobody wakes it? */
static bool all_are_stuck(const struct inspection *i)
{
    const struct tasks *first = &i->first, *second = &i->second;
    char text[80];

    if (first->count != second->count)
        return verdict_refuse(i->verdict, "processes still come and go");
    for (size_t k = 0; k < second->count; k++) {
        const struct task *t = &second->task[k];

        if (!task_is_still(&first->task[k], t))
            return verdict_refuse(i->verdict, "thread %d is slow, not stuck",
                                  t->id);
        if (!task_waits_without_end(t))
            return verdict_refuse(i->verdict,
                                  "thread %d is in %s, which may end", t->id,
                                  task_describe(t, text, sizeof text));
    }
    return true;
}

static bool inspect_hang(struct inspection *i, pid_t root)
{
    if (!atomic_load_explicit(&i->witness->ready, memory_order_acquire))
        return verdict_refuse(i->verdict,
                              "it never said that its stage was set");
    if (i->first.count == 0) {
        if (i->first_at == 0)
            verdict_refuse(i->verdict, "there was no time for a second look");
        i->first_at = clock_now();
        if (tasks_below(root, &i->first) < 0 || !find(i, &i->first, root))
            i->first.count = 0;
        return false;
    }
    if (clock_now() - i->first_at < STILL)
        return false;
    if (tasks_below(root, &i->second) == 0 && find(i, &i->second, root) &&
        all_are_stuck(i)) {
        i->verdict->ruling = PROVEN;
        return true;
    }
    i->first.count = 0; /* begin again */
    return false;
}

/* --- stages --- */

static enum sight look_at(struct inspection *i, const struct kind *kind,
                          int stage, pid_t root)
{
    if (stage == i->stage + 1 && stage <= kind->stages)
        return kind->look(i, stage, root);
    verdict_refuse(i->verdict, "stage %d came after stage %d", stage, i->stage);
    return REFUSED;
}

/* Whatever the judge says of a stage, its gate opens then: the scenario goes
 * on to its end, as it would without us. */
static bool inspect_stage(struct inspection *i, const struct kind *kind,
                          pid_t root)
{
    struct verdict *v = i->verdict;
    int stage = atomic_load_explicit(&i->witness->shown, memory_order_acquire);
    enum sight sight;

    if (stage == i->stage)
        return false;
    v->count = i->lines; /* of several looks at a stage the last is told */
    sight = v->refused ? REFUSED : look_at(i, kind, stage, root);
    if (sight == NOT_YET)
        return false;
    i->stage = stage;
    i->lines = v->count;
    v->refused |= sight == REFUSED;
    if (!v->refused && stage == kind->stages && !kind->find)
        v->ruling = PROVEN;
    witness_open(i->witness, stage);
    return v->ruling == PROVEN && i->hazard->expect != ENDS && !kind->at_end;
}

bool inspect(struct inspection *i, pid_t root)
{
    const struct kind *kind = kind_of(i->hazard);

    if (kind && kind->look && (!kind->find || i->stage < kind->stages))
        return inspect_stage(i, kind, root);
    return i->hazard->expect == HANGS && !i->verdict->refused &&
           inspect_hang(i, root);
}

/* --- the last act --- */

static void inspect_last_call(struct inspection *i, pid_t program)
{
    struct tasks look = {0};
    const struct task *t;

    tasks_of(program, &look);
    t = verdict_task(&look, program);
    if (t && t->call != CALL_UNKNOWN)
        i->verdict->last_act =
            writes_to_nobody(i, t, getpid()) ? AS_IT_SHOULD : NOT_AS_IT_SHOULD;
    tasks_free(&look);
}

void inspect_dying(struct inspection *i, pid_t program, const siginfo_t *signal)
{
    if (i->verdict->refused)
        return; /* the reason is there */
    if (strcmp(i->hazard->evidence, "signal PIPE") == 0)
        inspect_last_call(i, program);
    if (strcmp(i->hazard->evidence, "signal BUS") == 0)
        i->verdict->last_act =
            is_cut_off(i, program, signal) ? AS_IT_SHOULD : NOT_AS_IT_SHOULD;
}
