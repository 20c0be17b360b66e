/* SPDX-License-Identifier: MIT */
/*
 * exercise.c - lesson 09: a board that nobody waits to read.
 *
 * board.h says what is promised.
 */
#include "board.h"

#include "sync/sync.h"

#include <errno.h>
#include <stdatomic.h>

/* What lies in a board. */
struct inside {
    _Atomic uint64_t number;
    _Atomic uint64_t words[NOTICE_WORDS];
};

_Static_assert(sizeof(struct inside) <= BOARD_BYTES, "as much as there is");

int board_init(struct board *b)
{
    (void)b;
    return 0;
}

int board_write(struct board *b, const uint64_t notice[NOTICE_WORDS],
                uint64_t *number)
{
    (void)b;
    (void)notice;
    (void)number;
    /*
     * Where can the new one be written while the old one is read?  Which store
     * is it that puts it up?  Who comes after one who was killed before that?
     */
    return -ENOSYS;
}

int board_read(const struct board *b, uint64_t notice[NOTICE_WORDS],
               uint64_t *number)
{
    (void)b;
    (void)notice;
    (void)number;
    /* How do you know, having read it all, that it was one notice? */
    return -ENOSYS;
}
