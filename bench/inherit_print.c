/* SPDX-License-Identifier: MIT */
/* inherit_print.c - what a child has, as a table. */
#include "inherit.h"

#include "human.h"

#include <string.h>

enum { COLUMNS = 80, NAME_WIDTH = 33, CELL_WIDTH = 16 };

static void print_cells(FILE *out, const char *const words[METHODS])
{
    for (int method = 0; method < METHODS - 1; method++)
        fprintf(out, "%-*.*s ", CELL_WIDTH - 1, CELL_WIDTH - 1, words[method]);
    fprintf(out, "%.*s\n", CELL_WIDTH - 1, words[METHODS - 1]);
}

static void print_row(FILE *out, const struct inheritance *i,
                      const struct inherit_row *row)
{
    struct inherit_cell cells[METHODS];
    const char *words[METHODS];

    if (row->head)
        fprintf(out, "%s\n", row->head);
    for (int method = 0; method < METHODS; method++) {
        cells[method] = inherit_compare(i, row, (enum start_method)method);
        words[method] = cells[method].text;
    }
    fprintf(out, "  %-*s", NAME_WIDTH - 2, row->name);
    print_cells(out, words);
}

/* Why a cell says so little: once a row, or once for a child. */
static void print_reasons(FILE *out, const struct inheritance *i)
{
    char text[160];

    for (const struct inherit_row *row = inherit_rows; row->name; row++) {
        const char *before = NULL;

        for (int method = 0; method < METHODS; method++) {
            struct inherit_cell cell =
                inherit_compare(i, row, (enum start_method)method);

            if (!cell.why || (before && strcmp(cell.why, before) == 0))
                continue;
            before = cell.why;
            snprintf(text, sizeof text, "%s: not measurable: %s", row->name,
                     cell.why);
            fprintf(out, "! ");
            human_wrap(out, text, 2, COLUMNS, "");
        }
    }
}

void inherit_print(FILE *out, const struct inheritance *i)
{
    fprintf(out, "%-*s", NAME_WIDTH, "what the child has");
    print_cells(out, start_method_names);
    for (const struct inherit_row *row = inherit_rows; row->name; row++)
        print_row(out, i, row);
    fprintf(out, "\n");
    print_reasons(out, i);
    human_wrap(out,
               "Each child looked at itself.  The fork server was started "
               "first; then the parent changed all that it can change of "
               "itself, and started the three: \"the parent's\" is what it has "
               "now, \"the server's\" what the fork server has, from the "
               "parent as that was before or from its preload.  What goes in "
               "the parcel, and name and authkey, arrives under every method; "
               "working directory and signal mask are sent along.",
               0, COLUMNS, "");
}
