/* SPDX-License-Identifier: MIT */
/* test_inherit.h - rows of the table by their keys, and what they say. */
#ifndef IPCLAB_TEST_INHERIT_H
#define IPCLAB_TEST_INHERIT_H

#include "inherit.h"

#include "scenario.h"
#include "start/test_children.h"

static inline const struct inherit_row *row_of(const char *key)
{
    const struct inherit_row *row = inherit_rows;

    while (row->name && strcmp(row->key, key) != 0)
        row++;
    if (!row->name)
        fail_msg("no row '%s'", key);
    return row;
}

static inline const char *word(const struct inheritance *i, const char *key,
                               enum start_method method)
{
    static struct inherit_cell cells[8];
    static unsigned n;
    struct inherit_cell *cell = &cells[n++ % 8];

    *cell = inherit_compare(i, row_of(key), method);
    return cell->text;
}

#endif
