/* SPDX-License-Identifier: MIT */
/* reserve.h - memory that is surely there; private to shm/. */
#ifndef IPCLAB_RESERVE_H
#define IPCLAB_RESERVE_H

#include <stddef.h>

/*
 * Have the kernel allocate the bytes from `from` to `to` of a file in memory.
 * Without that they come when they are touched, and where none are left the
 * toucher is killed by SIGBUS.  0; -ENOSPC: the file system is full; -ENOMEM:
 * the machine has not as much.
 */
int reserve(int fd, size_t from, size_t to);

#endif
