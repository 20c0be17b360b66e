/* SPDX-License-Identifier: MIT */
/*
 * machine_files.c - the small text files of /proc and /sys.
 *
 * They come from a kernel of any version, or from a container that hides or
 * fakes them: nothing is taken for granted, and nothing absent is an error.
 */
#include "machine_parts.h"

#include "common/io.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROCESSORS_MOST = 8192 };

__attribute__((format(printf, 4, 0))) static bool
read_path(const char *root, char *text, size_t size, const char *path,
          va_list arguments)
{
    char whole[PATH_MAX];
    int n = snprintf(whole, sizeof whole, "%s", root), fd;
    ssize_t got = -1;

    text[0] = '\0';
    if (n < 0 || (size_t)n >= sizeof whole)
        return false;
    vsnprintf(whole + n, sizeof whole - (size_t)n, path, arguments);
    /* A FIFO in its place must not hold us up. */
    fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) {
        got = read_full(fd, text, size - 1);
        close(fd);
    }
    n = got > 0 ? (int)got : 0;
    for (int i = 0; i < n; i++)
        if (iscntrl((unsigned char)text[i]) && !isspace((unsigned char)text[i]))
            text[i] = '?';
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    text[n] = '\0';
    return n > 0;
}

bool card_file(const char *root, char *text, size_t size, const char *path, ...)
{
    va_list arguments;
    bool there;

    va_start(arguments, path);
    there = read_path(root, text, size, path, arguments);
    va_end(arguments);
    return there;
}

bool card_line(const char *root, char *text, size_t size, const char *path, ...)
{
    char whole[512];
    va_list arguments;
    bool there;

    va_start(arguments, path);
    there = read_path(root, whole, sizeof whole, path, arguments);
    va_end(arguments);
    if (there)
        card_copy(text, size, whole);
    return there;
}

bool card_number(const char *root, uint64_t *number, const char *path, ...)
{
    char text[64], *end;
    va_list arguments;
    bool there;

    va_start(arguments, path);
    there = read_path(root, text, sizeof text, path, arguments);
    va_end(arguments);
    if (!there || !isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0;
}

const char *card_key(const char *text, const char *key)
{
    size_t n = strlen(key);

    for (const char *line = text; line && *line;) {
        const char *at = line + n;

        if (strncmp(line, key, n) == 0) {
            at += strspn(at, " \t");
            if (*at == ':')
                return at + 1 + strspn(at + 1, " \t");
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return NULL;
}

void card_copy(char *text, size_t size, const char *line)
{
    if (line)
        snprintf(text, size, "%.*s", (int)strcspn(line, "\n"), line);
}

unsigned card_list(const char *list, void (*f)(void *, unsigned),
                   void *argument)
{
    unsigned count = 0;

    while (isdigit((unsigned char)*list)) {
        char *end;
        unsigned long first = strtoul(list, &end, 10), last = first;

        if (*end == '-' && isdigit((unsigned char)end[1]))
            last = strtoul(end + 1, &end, 10);
        for (unsigned long i = first; i <= last && i < PROCESSORS_MOST; i++) {
            count++;
            if (f)
                f(argument, (unsigned)i);
        }
        list = *end == ',' ? end + 1 : end;
        if (list == end)
            break;
    }
    return count;
}
