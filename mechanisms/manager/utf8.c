/* SPDX-License-Identifier: MIT */
/* utf8.c - characters as the bytes of a str, lone surrogates among them. */
#include "manager/utf8.h"

#include <string.h>

size_t utf8_size(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2)
        return 0;
    if (first < 0xe0)
        return 2;
    if (first < 0xf0)
        return 3;
    return first < 0xf5 ? 4 : 0;
}

/* Is it a character of that many bytes?  (Its first byte fits.) */
static bool utf8_is_character(const unsigned char *s, size_t size)
{
    for (size_t i = 1; i < size; i++)
        if ((s[i] & 0xc0) != 0x80)
            return false;
    /* Not one that has a shorter form, nor above U+10FFFF. */
    return !((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) ||
             (s[0] == 0xf4 && s[1] >= 0x90));
}

bool utf8_is_valid(const unsigned char *bytes, size_t n)
{
    const uint64_t high = 0x8080808080808080u;
    size_t size;

    for (size_t i = 0; i < n; i += size) {
        uint64_t eight;

        size = 8;
        if (n - i >= size) {
            memcpy(&eight, bytes + i, size);
            if (!(eight & high))
                continue;
        }
        size = utf8_size(bytes[i]);
        if (size == 0 || size > n - i || !utf8_is_character(bytes + i, size))
            return false;
    }
    return true;
}

uint32_t utf8_read(const unsigned char *bytes, size_t size)
{
    uint32_t character = size == 1 ? *bytes : *bytes & (0x7fu >> size);

    for (size_t i = 1; i < size; i++)
        character = character << 6 | (bytes[i] & 0x3fu);
    return character;
}

size_t utf8_write(unsigned char *to, uint32_t c)
{
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};

    if (!to)
        return size;
    for (size_t i = size; i-- > 1; c >>= 6)
        to[i] = (unsigned char)(0x80 | (c & 0x3f));
    to[0] = (unsigned char)(first[size] | c);
    return size;
}
