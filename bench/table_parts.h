/* SPDX-License-Identifier: MIT */
/* table_parts.h - what the parts of table.h share.  Private to them. */
#ifndef IPCLAB_TABLE_PARTS_H
#define IPCLAB_TABLE_PARTS_H

#include "table.h"

enum { BLOCK_COLUMNS = 8, BLOCK_ROWS = 512, CELL = 64 };

/* A block: one row a result, one column a kind of figure, as texts. */
struct block {
    char title[96];
    const char *headings[BLOCK_COLUMNS];
    unsigned columns;
    const struct result *results[BLOCK_ROWS];
    char cells[BLOCK_ROWS][BLOCK_COLUMNS][CELL];
    unsigned rows;
};

/* Fill headings and cells from block->results; the title is there. */
void block_fill(struct block *block, const struct look *look);

/* The name and size of a row: "64 KiB", "64 MiB huge", or "". */
void row_name(const struct result *r, char *text, size_t size);
void row_size(const struct result *r, char *text, size_t size);

/* How its peers were started, or NULL: by fork, as all are unless asked. */
const char *row_start(const struct result *r);

/* Print it, with what failed and what is to be said of its rows beneath. */
void block_print(FILE *out, const struct block *block, const struct look *look);

/* "! text", in colour where that is wanted, indented. */
void print_warning(FILE *out, const char *text, unsigned indent,
                   const struct look *look);

#endif
