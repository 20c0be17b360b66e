/* SPDX-License-Identifier: MIT */
/*
 * demo.c - lesson 09: the notes' program, for a forked child and a spawned one.
 * `demo heap` shows where the heap puts what is asked of it.
 */
#include "common/hooks.h"
#include "shm/shm.h"
#include "start/start.h"

#include <stdio.h>

static int global; /* each process has its own */

/* The number of the file that is mapped at an address. */
static unsigned long file_at(const void *address)
{
    unsigned long at = (unsigned long)address, end, number = 0;
    FILE *maps = fopen("/proc/self/maps", "re");

    while (maps &&
           fscanf(maps, "%*x-%lx %*s %*s %*s %lu%*[^\n]", &end, &number) == 2 &&
           at >= end)
        ;
    if (maps)
        fclose(maps);
    return number;
}

static void show(const char *who, struct value *num, struct array *arr)
{
    const void *at = value_get_obj(num);
    int items[10];
    double number;

    value_get(num, &number);
    array_read(arr, 0, 10, items);
    printf("%-13s%-10.8g", who, number);
    for (int i = 0; i < 10; i++)
        printf("%3d", items[i]);
    printf("  %-8d%-16p%lu\n", global, at, file_at(at));
}

static int f(struct parcel *arguments)
{
    struct value n;
    struct array a;
    int item;

    if (value_unpack(&n, arguments) || array_unpack(&a, arguments))
        return 1;
    value_set(&n, &(double){3.1415927}); // n.value = 3.1415927
    for (int i = 0; i < (int)array_length(&a); i++) {
        array_get(&a, i, &item); // a[i] = -a[i]
        array_set(&a, i, &(int){-item});
    }
    global++;
    show(process_current_name(), &n, &a);
    return 0;
}
TARGET(f)

/* p = Process(target=f, args=(num, arr)); p.start(); p.join() */
static int run(enum start_method method, struct value *num, struct array *arr)
{
    struct parcel arguments;
    struct process p;
    int failed;

    parcel_init(&arguments);
    process_init(&p, "f", &arguments);
    p.method = method;
    failed = value_pack(num, &arguments) || array_pack(arr, &arguments) ||
             process_start(&p) || process_join(&p, NO_TIMEOUT);
    process_close(&p);
    parcel_free(&arguments);
    show("parent", num, arr);
    return failed;
}

static int open_raw(struct value *v, char type)
{
    return value_open_with(v, type, NULL);
}

static int show_heap(void)
{
    int (*const ways[])(struct value *, char) = {
        open_raw,         open_raw, value_open, value_open,
        value_open_apart, open_raw, open_raw,   open_raw};
    struct value v[8];

    for (int i = 0; i < 8; i++) {
        if (i == 6)
            value_close(&v[1]);
        if (ways[i](&v[i], 'q') < 0)
            return 1;
        printf("%td%c",
               (char *)value_get_obj(&v[i]) - (char *)value_get_obj(&v[0]),
               i < 7 ? ' ' : '\n');
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct value num;
    struct array arr;

    mechanisms_init(argc, argv);
    if (argc > 1)
        return show_heap();
    if (value_open(&num, 'd') < 0 || array_open(&arr, 'i', 10) < 0)
        return 1;
    for (int i = 0; i < 10; i++)
        array_set(&arr, i, &i);
    printf("%23s%30s  %-8s%-16s%s\n", "num       ", "arr            ", "global",
           "num is at", "of file");
    show("parent", &num, &arr);
    return run(START_FORK, &num, &arr) || run(START_SPAWN, &num, &arr);
}
