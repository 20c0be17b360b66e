/* SPDX-License-Identifier: MIT */
/*
 * journal.h - a journal that a fork cannot spoil.
 *
 * A program has one journal.  An entry has a beginning and an end; between
 * them its thread holds the journal's lock:
 *
 *     journal_open(PTHREAD_MUTEX_RECURSIVE);
 *     journal_begin();
 *     ...                      // nobody else is in the journal
 *     journal_end();
 *
 * Every call returns 0 or -errno, and passes on what the lock says: -EDEADLK
 * where an errorcheck lock is taken twice by one thread.  Only the thread that
 * is in an entry ends it.
 *
 * Fork, from any thread at any time (from within an entry only where the lock
 * is not a normal one, which its own thread must not take again):
 * - In the child nobody holds the lock, which is still of its kind, whoever
 *   held it in the parent.  Every call of the child does what it promises, and
 *   it can fork again.
 * - The child's journal has no half of an entry that another thread of the
 *   parent was in: fork() waits for its end.
 * - In the parent nothing has changed: a thread in the middle of an entry, the
 *   one that forks too, holds the lock as often as before.
 */
#ifndef IPCLAB_JOURNAL_H
#define IPCLAB_JOURNAL_H

/*
 * Begin an empty journal with a lock of this kind: PTHREAD_MUTEX_NORMAL,
 * PTHREAD_MUTEX_RECURSIVE or PTHREAD_MUTEX_ERRORCHECK.  Called once.
 */
int journal_open(int kind);

/* Take the lock, and begin an entry; with a recursive lock, also within one. */
int journal_begin(void);

/* End the entry, and release the lock. */
int journal_end(void);

/* How many entries were begun and ended.  Takes the lock and releases it. */
int journal_count(unsigned *begun, unsigned *ended);

#endif
