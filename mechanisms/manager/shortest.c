/* SPDX-License-Identifier: MIT */
/*
 * shortest.c - a float as text: the shortest that reads back as the same float,
 * and of those the one that is nearest to it.
 *
 * The C library's printf rounds correctly to any number of digits, so the least
 * that read back are found by trying.  17 always do.
 */
#include "manager/repr.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DIGITS = 17, EXPONENT_FROM = 16, EXPONENT_BELOW = -4 };

/* One more in the last digit of "1.2345e+67"; 9s are not carried beyond the
 * first digit: who has only 9s would have been found with one digit. */
static bool step_up(char *text)
{
    char *at = strchr(text, 'e');

    while (at && at > text) {
        at--;
        if (*at >= '0' && *at <= '8') {
            ++*at;
            return true;
        }
        if (*at == '9')
            *at = '0';
    }
    return false;
}

/*
 * As "1.2345e+67".  Below a power of 2 floats are denser than above it, so that
 * the nearest of n digits may read back as another float where the next above
 * does not.
 */
static void find_shortest(double real, char text[32])
{
    /* What 15 digits can say they say, but for the subnormals. */
    int digits = isnormal(real) ? DBL_DIG : 1;

    for (; digits <= MOST_DIGITS; digits++) {
        snprintf(text, 32, "%.*e", digits - 1, real);
        if (strtod(text, NULL) == real)
            return;
        if (step_up(text) && strtod(text, NULL) == real)
            return;
    }
}

/* The digits of "1.2300e+67" without the zeros at their end, and how many; the
 * point is whatever the locale has. */
static int take_digits(const char *text, char digits[MOST_DIGITS + 1])
{
    int n = 0;

    for (; *text != 'e'; text++)
        if (*text >= '0' && *text <= '9')
            digits[n++] = *text;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    digits[n] = '\0';
    return n;
}

/* What is finite and not negative. */
static void put_finite(struct printer *p, double real)
{
    static const char zeros[] = "0000000000000000";
    char found[32], text[48], digits[MOST_DIGITS + 1];
    int exponent, n;

    find_shortest(real, found);
    n = take_digits(found, digits);
    exponent = atoi(strchr(found, 'e') + 1);
    if (exponent >= EXPONENT_FROM || exponent < EXPONENT_BELOW)
        snprintf(text, sizeof text, "%c%s%se%+03d", *digits, n > 1 ? "." : "",
                 digits + 1, exponent);
    else if (exponent < 0)
        snprintf(text, sizeof text, "0.%.*s%s", -exponent - 1, zeros, digits);
    else if (n > exponent + 1)
        snprintf(text, sizeof text, "%.*s.%s", exponent + 1, digits,
                 digits + exponent + 1);
    else
        snprintf(text, sizeof text, "%s%.*s.0", digits, exponent + 1 - n,
                 zeros);
    printer_text(p, text);
}

void printer_float(struct printer *p, double real)
{
    if (isnan(real)) {
        printer_text(p, "nan");
        return;
    }
    if (signbit(real))
        printer_text(p, "-");
    if (isinf(real))
        printer_text(p, "inf");
    else
        put_finite(p, fabs(real));
}
