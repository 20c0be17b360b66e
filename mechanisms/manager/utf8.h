/* SPDX-License-Identifier: MIT */
/* utf8.h - what the bytes of a str are; private to manager/. */
#ifndef IPCLAB_MANAGER_UTF8_H
#define IPCLAB_MANAGER_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is it UTF-8, lone surrogates allowed? */
bool utf8_is_valid(const unsigned char *bytes, size_t n);

enum { UTF8_LAST = 0x10ffff };

/* How many bytes a character has that begins with this one; 0: none does. */
size_t utf8_size(unsigned char first);

/* The character that these are, which utf8_size said. */
uint32_t utf8_read(const unsigned char *bytes, size_t size);

/* Write a character: how many bytes it has; `to` may be NULL. */
size_t utf8_write(unsigned char *to, uint32_t character);

#endif
