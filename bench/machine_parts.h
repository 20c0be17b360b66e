/* SPDX-License-Identifier: MIT */
/* machine_parts.h - what the parts of machine.h share.  Private to them. */
#ifndef IPCLAB_MACHINE_PARTS_H
#define IPCLAB_MACHINE_PARTS_H

#include "machine.h"

/*
 * The beginning of a file below root, as text without unprintable bytes and
 * without blanks at its end.  False, and "", when it cannot be read or holds
 * nothing.  The path is a format.
 */
__attribute__((format(printf, 4, 5))) bool
card_file(const char *root, char *text, size_t size, const char *path, ...);

/* The first line of it alone; text is left as it is when there is none. */
__attribute__((format(printf, 4, 5))) bool
card_line(const char *root, char *text, size_t size, const char *path, ...);

/* A whole number, or false. */
__attribute__((format(printf, 3, 4))) bool
card_number(const char *root, uint64_t *number, const char *path, ...);

/* What follows "key", blanks and a colon in a text of such lines, or NULL. */
const char *card_key(const char *text, const char *key);

/* Copy a line (to its end) into text; nothing happens for NULL. */
void card_copy(char *text, size_t size, const char *line);

/* "0-3,8": how many that is; each is handed to f, if there is one. */
unsigned card_list(const char *list, void (*f)(void *, unsigned), void *);

void card_read_cpu(struct card *card, const char *root);
void card_read_guest(struct card *card, const char *root);
void card_read_limits(struct card *card, const char *root);

#endif
