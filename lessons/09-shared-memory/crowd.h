/* SPDX-License-Identifier: MIT */
/* crowd.h - many who write and read at once. */
#ifndef IPCLAB_CROWD_H
#define IPCLAB_CROWD_H

#include "wall.h"

#include <time.h>

/* --- who write, and are given numbers --- */

enum { WRITERS = 4, EACH = 5000 };

/* How many were given; how often each, and to which notice. */
struct given {
    _Atomic uint64_t count;
    _Atomic unsigned char times[WRITERS * EACH + 1];
    uint64_t first[WRITERS * EACH + 1];
};

static inline struct given *map_given(void)
{
    return map_shared(-1, sizeof(struct given), PROT_READ | PROT_WRITE);
}

/* n notices that begin with another word each, or as many as there is time for:
 * 0, or something is wrong. */
static inline int write_many(struct given *given, uint64_t first, int n)
{
    struct places turns = begin_places(n, 2);
    uint64_t before = 0;

    while (next_place(&turns) >= 0) {
        uint64_t number = 0;

        if (try_on(board, ++first, &number) != 0 || number <= before ||
            number > (uint64_t)WRITERS * EACH)
            return 1;
        before = number;
        atomic_fetch_add(&given->count, 1);
        atomic_fetch_add(&given->times[number], 1);
        given->first[number] = first;
    }
    return 0;
}

/* It has ended, or waits; or is slow, and then less is seen of the meeting. */
static inline void let_run(pid_t child)
{
    const struct timespec moment = {0, 1000000};

    for (int looks = 0; looks < 20; looks++) {
        siginfo_t ended = {.si_pid = 0};

        waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT);
        if (ended.si_pid == child)
            return;
        nanosleep(&moment, NULL);
    }
}

/* The number that was given, where it is one. */
static inline uint64_t the_one(const struct given *given)
{
    uint64_t number = 0;

    while (number < (uint64_t)WRITERS * EACH &&
           !atomic_load(&given->times[number]))
        number++;
    return number;
}

/* It goes on with its write; and what is read is whole, all the time. */
static inline void go_on_slowly(pid_t child)
{
    while (step(child, 1)) {
        uint64_t number, notice[NOTICE_WORDS];

        expect(board_read(view, notice, &number) == 0 && is_whole(notice),
               "one who goes on where another has been since");
    }
    go_on(child);
}

/* One is stopped in a write, another writes if he can, and the first goes on.
 */
static inline void meet(struct given *given)
{
    static const char hint[] = "two who write at once";
    struct places places = begin_places(count_writing(1), 2);

    for (long at; (at = next_place(&places)) >= 0;) {
        pid_t first, second;

        begin_board(1);
        memset(given, 0, sizeof *given);
        first = begin_writing(100, at);
        second = begin_child();
        if (second == 0)
            _exit(write_many(given, 200, 1));
        let_run(second);
        go_on_slowly(first);
        expect(end_of(second) == 0, hint);
        expect(told->error == 0 && told->given + the_one(given) == 2 + 3 &&
                   told->given != the_one(given),
               hint);
        reads();
        expect(told->error == 0 && is_whole(told->seen) && told->number == 3 &&
                   told->seen[0] == (told->given == 3 ? 100 : 201),
               "which of two is up in the end");
    }
}

/* --- who read, while others write --- */

/* Until it is enough: 0, or what is wrong. */
static inline int read_on(void)
{
    uint64_t before = 0, first = 0;

    only_looks();
    while (!atomic_load(&told->enough)) {
        uint64_t number, notice[NOTICE_WORDS];

        if (board_read(view, notice, &number) != 0 || !is_whole(notice))
            return 1;
        if (number < before)
            return 2;
        if (number == before && before && notice[0] != first)
            return 3;
        before = number;
        first = notice[0];
    }
    return 0;
}

/* Until it is enough: 0, or something is wrong. */
static inline int write_on(uint64_t who)
{
    uint64_t number;
    int error = 0;

    for (uint64_t i = 1; !error && !atomic_load(&told->enough); i++)
        error = try_on(board, who << 32 | i, &number);
    return error ? 1 : 0;
}

static inline pid_t begin_writer(uint64_t who)
{
    pid_t child = begin_child();

    if (child == 0)
        _exit(write_on(who));
    return child;
}

/* Who reads has nothing to complain of. */
static inline void is_content(pid_t child)
{
    int end = end_of(child);

    expect(end != 1, "what became of a place while it was read");
    expect(end != 2, "a notice that is older than the one before");
    expect(end != 3, "two notices of one number");
    expect(end == 0, "what a read needs to write to");
}

#endif
