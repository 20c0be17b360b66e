/* SPDX-License-Identifier: MIT */
/*
 * hosted_wait.c - a line: those who wait for the same, in the order of their
 * coming.
 *
 * Each sleeps by itself, in a queue of one, so that who calls it knows whom it
 * has called.  A wake for nothing, or none at all, changes nobody's place.
 */
#include "manager/hosted_wait.h"

#include <errno.h>

void line_join(struct line *line, struct turn *turn)
{
    turn->next = NULL;
    turn->line = line;
    turn->number = line->arrivals++;
    if (line->last)
        line->last->next = turn;
    else
        line->first = turn;
    line->last = turn;
    line->length++;
}

/* (A search: a server has no more connections than it lets stand there.) */
void line_leave(struct turn *turn)
{
    struct line *line = turn->line;
    struct turn *before = NULL;

    for (struct turn *t = line->first; t != turn; t = t->next)
        before = t;
    if (before)
        before->next = turn->next;
    else
        line->first = turn->next;
    if (line->last == turn)
        line->last = before;
    line->length--;
    turn->line = NULL;
}

struct turn *line_call(struct line *line)
{
    struct turn *turn = line->first;

    if (!turn)
        return NULL;
    line_leave(turn);
    turn->came = true;
    call_wake(&turn->sleeper, 1);
    return turn;
}

int turn_wait(struct call *call, struct turn *turn, struct line *line,
              int64_t deadline)
{
    int error = 0;

    while (!error && turn->line == line)
        error = call_wait(call, &turn->sleeper, deadline);
    if (error == -ETIMEDOUT && turn->line != line)
        return 0;
    if (error && turn->line)
        line_leave(turn);
    return error;
}
