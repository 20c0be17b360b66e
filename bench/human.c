/* SPDX-License-Identifier: MIT */
/* human.c - numbers as people write and read them. */
#include "human.h"

#include <inttypes.h>
#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

enum { KIB_SHIFT = 10 };

static const char prefixes[] = {'\0', 'K', 'M', 'G', 'T', 'P'};

bool human_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

size_t human_width(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80; /* not the rest of one */
    return n;
}

unsigned human_columns(int fd)
{
    struct winsize w;

    if (ioctl(fd, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
        return 80;
    return w.ws_col;
}

void human_wrap(FILE *out, const char *text, size_t indent, size_t columns,
                const char *more)
{
    size_t at = indent;

    while (*text) {
        char word[512];
        size_t n = strcspn(text, " "), width;

        n = n < sizeof word ? n : sizeof word - 1;
        memcpy(word, text, n);
        word[n] = '\0';
        text += n;
        text += strspn(text, " ");
        width = human_width(word) + (*text ? human_width(more) : 0);
        if (at > indent && at + 1 + width > columns) {
            fprintf(out, "%s\n%*s", more, (int)indent, "");
            at = indent;
        }
        fprintf(out, "%s%s", at > indent ? " " : "", word);
        at += human_width(word) + (at > indent);
    }
    fprintf(out, "\n");
}

/* The largest power of 1024 that divides it. */
static size_t exact_prefix(uint64_t bytes)
{
    size_t i = 0;

    while (bytes && bytes % 1024 == 0 && i + 1 < sizeof prefixes) {
        bytes >>= KIB_SHIFT;
        i++;
    }
    return i;
}

const char *human_bytes(uint64_t bytes, char *text, size_t size)
{
    size_t i = exact_prefix(bytes);

    if (i == 0)
        snprintf(text, size, "%" PRIu64 " B", bytes);
    else
        snprintf(text, size, "%" PRIu64 " %ciB", bytes >> (KIB_SHIFT * i),
                 prefixes[i]);
    return text;
}

const char *human_size_argument(uint64_t bytes, char *text, size_t size)
{
    size_t i = exact_prefix(bytes);

    if (i == 0)
        snprintf(text, size, "%" PRIu64, bytes);
    else
        snprintf(text, size, "%" PRIu64 "%c", bytes >> (KIB_SHIFT * i),
                 prefixes[i]);
    return text;
}

/* Rounded to three digits it would be written with four. */
static bool reaches(double number, double limit)
{
    return fabs(number) >= limit * 0.9995;
}

const char *human_figures(double number, char *text, size_t size)
{
    int decimals = reaches(number, 100) || number == 0 ? 0
                   : reaches(number, 10)               ? 1
                   : reaches(number, 1)                ? 2
                                                       : 3;

    if (isfinite(number))
        snprintf(text, size, "%.*f", decimals, number);
    else
        snprintf(text, size, "-");
    return text;
}

const char *human_memory(double bytes, char *text, size_t size)
{
    char number[32];
    size_t i = 0;

    while (reaches(bytes, 1000) && i + 1 < sizeof prefixes) {
        bytes /= 1024;
        i++;
    }
    if (i == 0)
        return human_bytes((uint64_t)bytes, text, size);
    snprintf(text, size, "%s %ciB", human_figures(bytes, number, sizeof number),
             prefixes[i]);
    return text;
}

const char *human_time_unit(double ns, bool utf8, double *in_ns)
{
    *in_ns = reaches(ns, 1e9)   ? 1e9
             : reaches(ns, 1e6) ? 1e6
             : reaches(ns, 1e3) ? 1e3
                                : 1;
    return *in_ns >= 1e9   ? "s"
           : *in_ns >= 1e6 ? "ms"
           : *in_ns < 1e3  ? "ns"
           : utf8          ? "µs"
                           : "us";
}

const char *human_time(double ns, bool utf8, char *text, size_t size)
{
    char number[32];
    double in_ns;
    const char *unit = human_time_unit(ns, utf8, &in_ns);

    human_figures(ns / in_ns, number, sizeof number);
    if (isfinite(ns))
        snprintf(text, size, "%s %s", number, unit);
    else
        snprintf(text, size, "-");
    return text;
}

const char *human_rate(double rate, const char *unit, char *text, size_t size)
{
    static const char *const names[] = {"", "k", "M", "G", "T"};
    char number[32];
    size_t i = 0;

    while (isfinite(rate) && reaches(rate, 1000) && i < 4) {
        rate /= 1000;
        i++;
    }
    if (isfinite(rate))
        snprintf(text, size, "%s %s%s",
                 human_figures(rate, number, sizeof number), names[i], unit);
    else
        snprintf(text, size, "-");
    return text;
}
