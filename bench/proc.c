/* SPDX-License-Identifier: MIT */
/* proc.c - the files and folders of /proc, read. */
#include "proc.h"

#include "common/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((format(printf, 1, 0))) static int open_path(const char *format,
                                                           va_list arguments)
{
    char path[128];

    vsnprintf(path, sizeof path, format, arguments);
    return open(path, O_RDONLY | O_CLOEXEC);
}

int proc_read(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    ssize_t n;
    int fd, error;

    va_start(arguments, format);
    fd = open_path(format, arguments);
    va_end(arguments);
    if (fd < 0)
        return -errno;
    n = read(fd, text, size - 1);
    error = n < 0 ? -errno : 0;
    close(fd);
    text[n < 0 ? 0 : n] = 0;
    return error;
}

char *proc_read_all(const char *format, ...)
{
    size_t room = 4096, length = 0;
    va_list arguments;
    char *text, *larger;
    ssize_t n = 1;
    int fd;

    va_start(arguments, format);
    fd = open_path(format, arguments);
    va_end(arguments);
    if (fd < 0)
        return NULL;
    text = malloc(room);
    while (text && n > 0) {
        if (length + 1 == room) {
            larger = realloc(text, room *= 2);
            if (!larger)
                free(text);
            text = larger;
            continue;
        }
        n = read_some(fd, text + length, room - length - 1);
        length += n > 0 ? (size_t)n : 0;
    }
    if (text)
        text[length] = 0;
    close(fd);
    return text;
}

long proc_next(DIR *folder)
{
    struct dirent *entry;

    while ((entry = readdir(folder))) {
        char *end;
        long number = strtol(entry->d_name, &end, 10);

        if (*end == 0 && end != entry->d_name)
            return number;
    }
    return -1;
}

int64_t proc_labelled(const char *text, const char *label)
{
    const char *line = text;
    long long value;

    while (line && strncmp(line, label, strlen(label)) != 0) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    if (!line || sscanf(line + strlen(label), " %lld", &value) != 1)
        return -1;
    return value;
}
