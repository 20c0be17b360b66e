/* SPDX-License-Identifier: MIT */
/* human_read.c - what people write on a command line: sizes, and names. */
#include "human.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum { KIB_SHIFT = 10, RANGE_STEP = 4, WORD_MOST = 63 };

static const char prefixes[] = {'\0', 'K', 'M', 'G', 'T'};

/* What a list may hold, and how it is called when it does not. */
struct kind {
    const char *what;
    uint64_t least, most;
};

static const struct kind a_size = {"size", 1, UINT64_C(256) << 20};
static const struct kind a_value = {"value", 0, UINT64_C(1) << 40};

__attribute__((format(printf, 3, 4))) static int refuse(char *why, size_t size,
                                                        const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, size, format, arguments);
    va_end(arguments);
    return -EINVAL;
}

/* "", "B", "K", "KiB" ...: how far to shift; -1 for anything else. */
static int suffix_shift(const char *suffix)
{
    int shift = 0;

    for (size_t i = 1; i < sizeof prefixes && *suffix; i++)
        if (toupper((unsigned char)*suffix) == prefixes[i])
            shift = KIB_SHIFT * (int)i;
    if (shift == 0)
        return !*suffix || strcmp(suffix, "B") == 0 ? 0 : -1;
    return !suffix[1] || strcmp(suffix + 1, "iB") == 0 ? shift : -1;
}

/* One number with its suffix.  Too large is told from not a number at all. */
static int read_one(const char *word, const struct kind *kind, uint64_t *value,
                    char *why, size_t why_size)
{
    char largest[32], smallest[32];
    const char *at = word;
    uint64_t n = 0;
    int shift;

    for (; isdigit((unsigned char)*at); at++)
        n = n > UINT64_MAX / 100 ? n : n * 10 + (uint64_t)(*at - '0');
    shift = at == word ? -1 : suffix_shift(at);
    if (shift < 0)
        return refuse(why, why_size, "'%s' is not a %s such as 64, 4K or 1M",
                      word, kind->what);
    if (n > kind->most >> shift)
        return refuse(why, why_size, "the largest %s is %s", kind->what,
                      human_size_argument(kind->most, largest, sizeof largest));
    *value = n << shift;
    if (*value < kind->least)
        return refuse(
            why, why_size, "the smallest %s is %s", kind->what,
            human_size_argument(kind->least, smallest, sizeof smallest));
    return 0;
}

/* Append unless it is there; the new count, or -EINVAL. */
static int add(size_t *values, int count, size_t most, uint64_t value,
               char *why, size_t why_size)
{
    for (int i = 0; i < count; i++)
        if (values[i] == value)
            return count;
    if ((size_t)count == most)
        return refuse(why, why_size, "more than %zu of them", most);
    values[count] = (size_t)value;
    return count + 1;
}

/* One word of a list: a number, or a range of them; the new count. */
static int read_word(char *word, const struct kind *kind, size_t *values,
                     int count, size_t most, char *why, size_t why_size)
{
    char *dots = strstr(word, "..");
    uint64_t low = 0, high = 0;
    int error;

    if (dots)
        *dots = '\0';
    error = read_one(word, kind, &low, why, why_size);
    if (error)
        return error;
    if (!dots)
        return add(values, count, most, low, why, why_size);
    error = read_one(dots + 2, kind, &high, why, why_size);
    if (error)
        return error;
    if (low > high)
        return refuse(why, why_size, "the range %s..%s runs backwards", word,
                      dots + 2);
    if (low == 0)
        return refuse(why, why_size, "a range cannot begin with 0");
    for (; low < high && count >= 0; low *= RANGE_STEP)
        count = add(values, count, most, low, why, why_size);
    return count < 0 ? count : add(values, count, most, high, why, why_size);
}

static int read_list(const char *list, const struct kind *kind, size_t *values,
                     size_t most, char *why, size_t why_size)
{
    int count = 0;

    do {
        size_t n = strcspn(list, ",");
        char word[WORD_MOST + 1];

        if (n == 0)
            return refuse(why, why_size, "a %s is missing", kind->what);
        if (n > WORD_MOST)
            return refuse(why, why_size, "a word of %zu letters is no %s", n,
                          kind->what);
        memcpy(word, list, n);
        word[n] = '\0';
        count = read_word(word, kind, values, count, most, why, why_size);
        if (count < 0)
            return count;
        list += n;
    } while (*list++);
    return count;
}

int human_sizes(const char *list, size_t *sizes, size_t most, char *why,
                size_t why_size)
{
    return read_list(list, &a_size, sizes, most, why, why_size);
}

int human_counts(const char *list, size_t *values, size_t most, char *why,
                 size_t why_size)
{
    return read_list(list, &a_value, values, most, why, why_size);
}

/* Levenshtein: letters to insert, delete or replace; two swapped count 2. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MOST + 1], n = strnlen(b, WORD_MOST);

    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; i < WORD_MOST && a[i]; i++) {
        size_t diagonal = row[0]++;

        for (size_t j = 1; j <= n; j++) {
            size_t best = diagonal + (a[i] != b[j - 1]);

            diagonal = row[j];
            best = best < diagonal + 1 ? best : diagonal + 1;
            row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
        }
    }
    return row[n];
}

const char *nearest_name(const char *word, const char *const *names)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;

    for (; *names; names++) {
        size_t now = distance(word, *names);

        if (now < best) {
            best = now;
            nearest = *names;
        }
    }
    return nearest;
}
