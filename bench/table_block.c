/* SPDX-License-Identifier: MIT */
/* table_block.c - lay a block out in the columns that there are. */
#include "table_parts.h"

#include "human.h"

enum { INDENT = 2, NAME_LEAST = 4 };

/* How a block is laid out. */
struct layout {
    size_t width[BLOCK_COLUMNS], name, gap;
    unsigned columns; /* that are shown */
    bool title_above; /* the title has a line of its own */
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t name_width(const struct block *b)
{
    size_t width = NAME_LEAST;
    char name[96];

    for (unsigned i = 0; i < b->rows; i++) {
        row_name(b->results[i], name, sizeof name);
        width = larger(width, human_width(name));
    }
    return width + INDENT;
}

static void measure_columns(const struct block *b, struct layout *l)
{
    for (unsigned c = 0; c < b->columns; c++) {
        l->width[c] = human_width(b->headings[c]);
        for (unsigned i = 0; i < b->rows; i++)
            if (!b->results[i]->failed || c == 0)
                l->width[c] = larger(l->width[c], human_width(b->cells[i][c]));
    }
}

static size_t total(const struct layout *l, size_t name)
{
    size_t width = name;

    for (unsigned c = 0; c < l->columns; c++)
        width += l->gap + l->width[c];
    return width;
}

/*
 * The roomiest layout that fits: the title beside the headings or above them,
 * two blanks between columns or one, and only then fewer columns.
 */
static struct layout lay_out(const struct block *b, const struct look *look)
{
    struct layout l = {.gap = 2, .columns = b->columns};
    size_t names = name_width(b), title = human_width(b->title);

    measure_columns(b, &l);
    l.name = larger(names, title);
    if (total(&l, l.name) <= look->columns)
        return l;
    l.gap = 1;
    if (total(&l, l.name) <= look->columns)
        return l;
    l.name = names;
    l.title_above = title > names;
    l.gap = 2;
    if (total(&l, l.name) <= look->columns)
        return l;
    l.gap = 1;
    while (l.columns > 2 && total(&l, l.name) > look->columns)
        l.columns--;
    return l;
}

/* A text in a column of so many characters, however many bytes it takes. */
static void put_left(FILE *out, const char *text, size_t width)
{
    size_t n = human_width(text);

    fprintf(out, "%s%*s", text, n < width ? (int)(width - n) : 0, "");
}

static void put_right(FILE *out, const char *text, size_t width)
{
    size_t n = human_width(text);

    fprintf(out, "%*s%s", n < width ? (int)(width - n) : 0, "", text);
}

void print_warning(FILE *out, const char *text, unsigned indent,
                   const struct look *look)
{
    fprintf(out, "%*s%s!%s ", (int)indent, "", look->colour ? "\033[33m" : "",
            look->colour ? "\033[0m" : "");
    human_wrap(out, text, indent + 2, look->columns, "");
}

static void print_heading(FILE *out, const struct block *b,
                          const struct layout *l, const struct look *look)
{
    const char *bold = look->colour ? "\033[1m" : "";
    const char *plain = look->colour ? "\033[0m" : "";

    fprintf(out, "%s", bold);
    if (l->title_above) {
        human_wrap(out, b->title, 0, look->columns, "");
        put_left(out, "", l->name);
    } else {
        put_left(out, b->title, l->name);
    }
    for (unsigned c = 0; c < l->columns; c++)
        put_right(out, b->headings[c], l->width[c] + l->gap);
    fprintf(out, "%s\n", plain);
}

static void print_row(FILE *out, const struct block *b, unsigned row,
                      const struct layout *l, const struct look *look)
{
    const struct result *r = b->results[row];
    char name[96], reason[256];

    row_name(r, name, sizeof name);
    fprintf(out, "%*s", INDENT, "");
    put_left(out, name, l->name - INDENT);
    put_right(out, b->cells[row][0], l->width[0] + l->gap);
    if (r->failed) {
        snprintf(reason, sizeof reason, "failed: %s", r->failed);
        fprintf(out, "  ");
        human_wrap(out, reason, l->name + l->gap + l->width[0] + 2,
                   look->columns, "");
        return;
    }
    for (unsigned c = 1; c < l->columns; c++)
        put_right(out, b->cells[row][c], l->width[c] + l->gap);
    fprintf(out, "\n");
}

/* Settings that the size does not show, when they are not zero. */
static void print_settings(FILE *out, const struct result *r,
                           const struct look *look)
{
    char text[256] = "";
    size_t n = 0;

    for (const struct setting *s = r->settings; s->name; s++) {
        char value[32];

        if (s->value == 0 || strcmp(s->name, "resident") == 0 ||
            strcmp(s->name, "huge") == 0 || n + 64 > sizeof text ||
            (!r->sized && strcmp(s->name, "processes") == 0))
            continue;
        if (s->value < 0)
            snprintf(value, sizeof value, "%lld", (long long)s->value);
        else
            human_size_argument((uint64_t)s->value, value, sizeof value);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.30s=%s",
                              n ? " " : "", s->name, value);
    }
    if (!n)
        return;
    fprintf(out, "%*s", 2 * INDENT, "");
    human_wrap(out, text, 2 * INDENT, look->columns, "");
}

static void print_row_warnings(FILE *out, const struct block *b, unsigned row,
                               const struct look *look)
{
    const struct result *r = b->results[row];
    char name[96], text[320];

    row_name(r, name, sizeof name);
    for (unsigned i = 0; i < r->warning_count; i++) {
        snprintf(text, sizeof text, "%s%s%s: %s", name,
                 b->cells[row][0][0] ? " " : "", b->cells[row][0],
                 r->warnings[i]);
        print_warning(out, text, INDENT, look);
    }
}

static bool has_mark(const struct block *b)
{
    const char *end;

    for (unsigned i = 0; i < b->rows; i++)
        for (unsigned c = 1; c < b->columns; c++)
            if ((end = strrchr(b->cells[i][c], ' ')) && strcmp(end, " r") == 0)
                return true;
    return false;
}

void block_print(FILE *out, const struct block *b, const struct look *look)
{
    struct layout l = lay_out(b, look);

    fprintf(out, "\n");
    print_heading(out, b, &l, look);
    for (unsigned i = 0; i < b->rows; i++) {
        print_row(out, b, i, &l, look);
        print_settings(out, b->results[i], look);
    }
    if (has_mark(b) && l.columns > 2) {
        fprintf(out, "  ");
        human_wrap(out,
                   "r: least and greatest of fewer than 6 rounds, which is no "
                   "confidence interval",
                   INDENT, look->columns, "");
    }
    for (unsigned i = 0; i < b->rows; i++)
        print_row_warnings(out, b, i, look);
}
