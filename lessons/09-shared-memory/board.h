/* SPDX-License-Identifier: MIT */
/*
 * board.h - a notice board in shared memory: what is on it is read whole, and
 * nobody waits to read it.
 *
 * A notice is several words, and they are written one after the other.  A lock
 * on both sides keeps readers from seeing half of a new one.  But then who
 * reads must be able to write, at least to the lock; he waits for whoever
 * writes; and if that one is stopped, or killed, he waits for long.
 *
 *     uint64_t number, notice[NOTICE_WORDS];
 *
 *     board_write(b, notice, &number);   // whoever may
 *     board_read(b, notice, &number);    // everybody, without a lock
 *
 * A board lies in zeroed memory that processes share, each at an address of its
 * own, and refers to nothing outside it.  What is in it is yours to say.  Who
 * only reads has it mapped without the right to write: PROT_READ.
 */
#ifndef IPCLAB_BOARD_H
#define IPCLAB_BOARD_H

#include <stdint.h>

enum { NOTICE_WORDS = 8, BOARD_BYTES = 1024 };

struct board {
    _Alignas(64) unsigned char yours[BOARD_BYTES];
};

/*
 * Make it.  What is on it is number 0, and all zeroes.  Once, before anybody
 * else has it.  0 or -errno.
 */
int board_init(struct board *b);

/*
 * Put a notice up, in the place of the one before.  *number is its number: one
 * more than that one's, and nobody else's.
 *
 * Writers may wait for each other, but not for the dead: who is killed, at
 * whatever instruction, has put his notice up or has not, and the next goes on.
 * 0 or -errno.
 */
int board_write(struct board *b, const uint64_t notice[NOTICE_WORDS],
                uint64_t *number);

/*
 * Read a notice, whole, and its number: the one that was up when the call
 * began, or one that was put up since.
 *
 * It writes nothing to the board, and waits for nobody: who was killed or
 * stopped in a write, at whatever instruction, is as if he had not begun, or as
 * if he had ended.  It may begin again when a write ended meanwhile, and only
 * then.  However many did, the notice is whole.  0 or -errno.
 */
int board_read(const struct board *b, uint64_t notice[NOTICE_WORDS],
               uint64_t *number);

#endif
