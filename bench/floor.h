/* SPDX-License-Identifier: MIT */
/* floor.h - what the floors that run a program of ours share. */
#ifndef IPCLAB_FLOOR_H
#define IPCLAB_FLOOR_H

#include <stddef.h>

/* The path of a program beside this one: 0, or -errno if it cannot be run. */
int floor_program(const char *name, char *path, size_t size);

/* CPython: the system's where it has one, else the first that PATH leads to. */
const char *floor_python(void);

#endif
