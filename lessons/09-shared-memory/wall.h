/* SPDX-License-Identifier: MIT */
/*
 * wall.h - where the check's board hangs: in memory with a descriptor, mapped
 * twice, to write and to look at; what is put up there; and a process that is
 * left in the middle of it.
 */
#ifndef IPCLAB_WALL_H
#define IPCLAB_WALL_H

#include "../check.h"
#include "../steps.h"
#include "board.h"

#include "common/clock.h"
#include "common/region.h"

#include <sched.h>

/* What the processes of a test tell each other. */
struct told {
    uint64_t notice[NOTICE_WORDS], given; /* to be put up; and its number */
    uint64_t seen[NOTICE_WORDS], number;  /* what was read */
    int error;                            /* of either call */
    _Atomic int enough;
};

struct boards {
    struct board one, other;
};

static struct region wall;
static struct board *board, *other; /* to write */
static const struct board *view;    /* the first one, to read */
static struct told *told;

/* A write to what was mapped to be read: say what it is about. */
static inline void check_fault(int number)
{
    static const char hint[] =
        "think about what is written to here, and who may\n";

    (void)!write(STDOUT_FILENO, hint, sizeof hint - 1);
    signal(number, SIG_DFL);
    raise(number);
}

static inline void *map_shared(int fd, size_t size, int rights)
{
    void *at = mmap(NULL, size, rights,
                    MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

    assert_true(at != MAP_FAILED);
    return at;
}

static inline int hang_up(void **state)
{
    const int both = PROT_READ | PROT_WRITE;

    assert_int_equal(region_open(&wall, sizeof(struct boards)), 0);
    board = &((struct boards *)wall.base)->one;
    other = &((struct boards *)wall.base)->other;
    view = map_shared(wall.fd, sizeof *view, PROT_READ);
    told = map_shared(-1, sizeof *told, both);
    signal(SIGSEGV, check_fault);
    return check_begin(state);
}

/* --- notices --- */

/* The words of a notice follow from its first one. */
static inline void make_notice(uint64_t first, uint64_t notice[NOTICE_WORDS])
{
    for (uint64_t i = 0; i < NOTICE_WORDS; i++)
        notice[i] = first * (2 * i + 1);
}

static inline bool is_whole(const uint64_t notice[NOTICE_WORDS])
{
    uint64_t should[NOTICE_WORDS];

    make_notice(notice[0], should);
    return memcmp(notice, should, sizeof should) == 0;
}

/* For a child, too, which must not fail as a test does. */
static inline int try_on(struct board *b, uint64_t first, uint64_t *number)
{
    uint64_t notice[NOTICE_WORDS];

    make_notice(first, notice);
    return board_write(b, notice, number);
}

static inline uint64_t put_on(struct board *b, uint64_t first)
{
    uint64_t number = 0;
    int error = try_on(b, first, &number);

    expect_begun(error);
    expect(error == 0, "what can fail in a write");
    return number;
}

/* Here and below the first word is the number, where one process writes. */
static inline void put_up(uint64_t number)
{
    expect(put_on(board, number) == number, "the number of a notice");
}

/* What is up: its number. */
static inline uint64_t look(const char *hint)
{
    uint64_t number = UINT64_MAX, notice[NOTICE_WORDS] = {0};
    int error = board_read(view, notice, &number);

    expect_begun(error);
    expect(error == 0, "what can fail in a read");
    expect(is_whole(notice) && notice[0] == number, hint);
    return number;
}

/* New boards; of the first one so many notices were put up. */
static inline void begin_board(uint64_t notices)
{
    memset(wall.base, 0, sizeof(struct boards));
    assert_int_equal(board_init(board), 0);
    assert_int_equal(board_init(other), 0);
    for (uint64_t i = 1; i <= notices; i++)
        put_up(i);
}

/* --- a process in the middle of a call --- */

/* It has called the same before: what is slow the first time is done. */
static inline void has_written(void)
{
    uint64_t number;

    try_on(other, 1, &number);
}

static inline void only_looks(void)
{
    uint64_t number, notice[NOTICE_WORDS];

    munmap(wall.base, wall.size);
    board_read(view, notice, &number);
}

static inline void writes(void)
{
    told->error = board_write(board, told->notice, &told->given);
}

static inline void reads(void)
{
    told->error = board_read(view, told->seen, &told->number);
}

/* A process that is so far in putting up this one. */
static inline pid_t begin_writing(uint64_t first, long at)
{
    pid_t child;

    make_notice(first, told->notice);
    child = begin_steps(has_written, writes);
    step(child, (int)at);
    return child;
}

static inline pid_t begin_reading(long at)
{
    pid_t child;

    told->error = -1;
    child = begin_steps(only_looks, reads);
    step(child, (int)at);
    return child;
}

/* It ends: what was read is a notice, and its number. */
static inline void ends_reading(pid_t child)
{
    go_on(child);
    expect(told->error == 0 && is_whole(told->seen),
           "what became of a place while it was read");
    expect(told->number == told->seen[0], "which number goes with a notice");
}

/* --- at as many places as there is time for --- */

/* On a busy machine a step takes long: less is tried then, and nothing fails.
 */
struct places {
    long n, stride, tried;
    int64_t until;
};

static inline long common_divisor(long a, long b)
{
    return b ? common_divisor(b, a % b) : a;
}

/* n places, for one of so many parts of a test: the first, and then those that
 * are far from all before. */
static inline struct places begin_places(long n, int parts)
{
    const int64_t whole = CHECK_SECONDS * SECOND / 2;
    long stride = n * 5 / 8 + 1;

    alarm(CHECK_SECONDS);
    while (common_divisor(stride, n) != 1)
        stride++;
    return (struct places){
        .n = n, .stride = stride, .until = clock_now() + whole / parts};
}

/* The next one, or -1. */
static inline long next_place(struct places *p)
{
    if (p->tried == p->n || (p->tried && clock_now() >= p->until))
        return -1;
    return p->tried++ * p->stride % p->n;
}

/* How many instructions they are, on a board on which so many were put up. */
static inline int count_writing(uint64_t notices)
{
    begin_board(notices);
    make_notice(notices + 1, told->notice);
    return count_steps(has_written, writes);
}

static inline int count_reading(uint64_t notices)
{
    begin_board(notices);
    return count_steps(only_looks, reads);
}

#endif
