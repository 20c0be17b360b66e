/* SPDX-License-Identifier: MIT */
/*
 * human.h - numbers as people write and read them.
 *
 * Writers fill text, which holds size bytes, and return it.  Readers print
 * nothing: what is wrong comes back as one line without its option's name.
 *
 *     human_bytes(4096, text, size)          "4 KiB"
 *     human_time(7214, true, text, size)     "7.21 µs"
 *     human_rate(2.6e6, "/s", text, size)    "2.60 M/s"
 */
#ifndef IPCLAB_HUMAN_H
#define IPCLAB_HUMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Can the locale print "µ", "×" and "–"?  setlocale(3) is the program's. */
bool human_utf8(void);

/* Columns that the text takes: its characters, not its bytes. */
size_t human_width(const char *text);

/* Columns of the terminal behind a descriptor; 80 where there is none. */
unsigned human_columns(int fd);

/*
 * Print text where `indent` columns are already used, and a newline.  It goes
 * on below, indented as far, rather than beyond `columns`; every line that is
 * not the last ends with `more`.  A word too long for a line is not broken.
 */
void human_wrap(FILE *out, const char *text, size_t indent, size_t columns,
                const char *more);

/* Exactly: "64 B", "65532 B", "64 KiB". */
const char *human_bytes(uint64_t bytes, char *text, size_t size);

/* To three digits: "3.64 GiB". */
const char *human_memory(double bytes, char *text, size_t size);

/* As the command line takes it, exactly: "64", "64K". */
const char *human_size_argument(uint64_t bytes, char *text, size_t size);

/* The unit that a duration is told in, and how many ns that is. */
const char *human_time_unit(double ns, bool utf8, double *in_ns);

/* Three digits that mean something: "7.21", "11.1", "109", "1234". */
const char *human_figures(double number, char *text, size_t size);

/* The two together: "7.21 µs", without utf8 "7.21 us"; "-" for NAN. */
const char *human_time(double ns, bool utf8, char *text, size_t size);

/* A rate of units such as "B/s" or "/s": "1.30 GB/s"; "-" for NAN. */
const char *human_rate(double rate, const char *unit, char *text, size_t size);

/*
 * Read "64,1K..1M": payload sizes, 1 to 256M, at most `most` of them.  K, M
 * and G (also KiB ...) are powers of 1024.  A range goes up in steps of 4 x
 * and always holds its end.  A size that is there already is not taken twice.
 * How many, or -EINVAL and why.
 */
int human_sizes(const char *list, size_t *sizes, size_t most, char *why,
                size_t why_size);

/* The same for the values of a setting: 0 to 1T. */
int human_counts(const char *list, size_t *values, size_t most, char *why,
                 size_t why_size);

/*
 * The name that differs from word by the fewest letters, for "did you mean";
 * the first of equals.  names is NULL-ended; NULL when it is empty.
 */
const char *nearest_name(const char *word, const char *const *names);

#endif
