/* SPDX-License-Identifier: MIT */
/*
 * office.h - where the check's desk stands: a manager whose server hosts it,
 * what is asked of it, and those who work there and are killed.
 */
#ifndef IPCLAB_OFFICE_H
#define IPCLAB_OFFICE_H

#include "../check.h"
#include "../steps.h"
#include "desk.h"

#include "manager/manager.h"

#include <sched.h>
#include <time.h>

enum { MOST = 120 };

/* What the processes of a test tell each other. */
struct told {
    _Atomic int begun;           /* so many are about to take */
    _Atomic int have;            /* so many have taken */
    _Atomic int taken[MOST + 1]; /* how often each piece was */
    _Atomic int done[MOST + 1];
};

static struct manager manager;
static struct proxy desk;
static struct told *told;

static const char has_ended[] =
    "what a server does that ends it: whose memory a Task uses";

static inline int open_office(void **state)
{
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return told == MAP_FAILED || manager_register(&desk_type) ||
           manager_register(&task_type) ||
           manager_start(&manager, START_FORK, NULL) ||
           manager_create(&manager, &desk, "Desk", "") || check_begin(state);
}

static inline int close_office(void **state)
{
    alarm(CHECK_SECONDS);
    proxy_close(&desk);
    manager_close(&manager);
    munmap(told, sizeof *told);
    return check_end(state);
}

/* --- calls --- */

/* An exception of that class? */
static inline bool is_raised(const struct datum *d, const char *class)
{
    return d->kind == DATUM_EXCEPTION &&
           datum_is_str(&d->record->fields[0], class);
}

/* -ENOSYS of a method came as OSError: [Errno 38] ... */
static inline bool is_not_begun(const struct datum *result)
{
    struct buffer text = {0};
    bool found;

    if (!is_raised(result, "OSError") || datum_print(&text, result) ||
        buffer_format(&text, "%c", 0))
        return false;
    found = strstr((const char *)text.bytes, strerror(ENOSYS)) != NULL;
    buffer_free(&text);
    return found;
}

/* It returns, and what. */
static inline struct datum ask(struct proxy *p, const char *method)
{
    struct datum result;
    int error = proxy_call(p, &result, method, "");

    expect_begun(error == -EREMOTEIO && is_not_begun(&result) ? -ENOSYS : 0);
    expect(error != -EPIPE && error != -ECONNREFUSED, has_ended);
    expect(error == 0, method);
    return result;
}

static inline int64_t ask_number(struct proxy *p, const char *method)
{
    struct datum result = ask(p, method);
    int64_t n = -1;

    expect(datum_to_int(&result, &n) == 0, method);
    return n;
}

/* It raises that. */
static inline void refuses(struct proxy *p, const char *method,
                           const char *class)
{
    struct datum result;
    int error = proxy_call(p, &result, method, "");

    expect(error == -EREMOTEIO && is_raised(&result, class), class);
    datum_drop(&result);
}

static inline int64_t put(int64_t item)
{
    struct datum result;
    int64_t n = -1;
    int error = proxy_call(&desk, &result, "put", "i", item);

    expect_begun(error == -EREMOTEIO && is_not_begun(&result) ? -ENOSYS : 0);
    expect(error != -EPIPE && error != -ECONNREFUSED, has_ended);
    expect(error == 0 && datum_to_int(&result, &n) == 0, "what put returns");
    return n;
}

static inline void put_many(int64_t n)
{
    for (int64_t i = 1; i <= n; i++)
        expect(put(i * i) == i, "the number of a piece");
}

/* For a child, too, which must not fail as a test does: 0, or what is wrong. */
static inline int try_to_take(struct proxy *task, double seconds)
{
    struct datum result;
    int error = proxy_call(&desk, &result, "take", "d", seconds);

    if (!error)
        error = proxy_from(task, &desk, &result);
    datum_drop(&result);
    return error;
}

static inline int try_number(struct proxy *task, int64_t *number)
{
    struct datum result;
    int error = proxy_call(task, &result, "number", "");

    if (!error)
        error = datum_to_int(&result, number);
    datum_drop(&result);
    return error;
}

/* One lies there, or soon will: it is this one. */
static inline void take(struct proxy *task, int64_t number, const char *hint)
{
    int64_t n = -1;

    expect(try_to_take(task, 5) == 0, hint);
    expect(try_number(task, &n) == 0 && n == number, hint);
}

static inline void none_lies_there(const char *hint)
{
    struct proxy task;

    expect(try_to_take(&task, 0.02) == -EREMOTEIO, hint);
}

static inline void finish(struct proxy *task)
{
    struct datum result = ask(task, "done");

    datum_drop(&result);
    proxy_close(task);
}

/* --- those who work there --- */

static inline void await(const _Atomic int *count, int n)
{
    while (atomic_load(count) < n)
        sched_yield();
}

/* It waits in its call by then; or is slow, and then less is seen. */
static inline void let_wait(int begun)
{
    await(&told->begun, begun);
    nanosleep(&(struct timespec){0, 20000000}, NULL);
}

/* One who takes n pieces, and has them until he is killed. */
static inline int take_and_stay(int n)
{
    struct proxy tasks[2];
    int64_t number;

    atomic_fetch_add(&told->begun, 1);
    for (int i = 0; i < n; i++) {
        if (try_to_take(&tasks[i], 8) || try_number(&tasks[i], &number) ||
            number < 1 || number > MOST)
            return 1;
        atomic_fetch_add(&told->taken[number], 1);
        atomic_fetch_add(&told->have, 1);
    }
    while (pause())
        ;
    return 0;
}

static inline pid_t begin_taking(int n)
{
    pid_t child = begin_child();

    if (child == 0)
        _exit(take_and_stay(n));
    return child;
}

static inline void end_child(pid_t child)
{
    kill(child, SIGKILL);
    expect(end_of(child) == -SIGKILL, "what take returns to who waits");
}

/* One who works: takes, and says it is done.  Who has no patience looks again
 * and again, and so comes before those who wait and are woken. */
static inline int work(double patience)
{
    struct proxy task;
    struct datum result;
    int64_t number;
    int error;

    for (;;) {
        error = try_to_take(&task, patience);
        if (error == -EREMOTEIO && patience == 0)
            continue;
        if (error || try_number(&task, &number) || number < 1 || number > MOST)
            return 1;
        atomic_fetch_add(&told->taken[number], 1);
        error = proxy_call(&task, &result, "done", "");
        datum_drop(&result);
        if (error)
            return 2;
        atomic_fetch_add(&told->done[number], 1);
        proxy_close(&task);
    }
}

static inline pid_t begin_worker(bool patient)
{
    pid_t child = begin_child();

    if (child == 0)
        _exit(work(patient ? 8 : 0));
    return child;
}

/* --- what the server has --- */

/* Is there any object, be it without a client? */
static inline bool has_any(void)
{
    struct datum text;
    bool found;

    expect(manager_debug_info(&manager, &text) == 0, has_ended);
    found = strstr((const char *)text.text->bytes, "refcount=") != NULL;
    datum_drop(&text);
    return found;
}

/* None, now or soon: the end of a connection comes when it comes. */
static inline bool has_none(void)
{
    int looks = 0;

    while (has_any() && looks++ < 300)
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    return looks < 300;
}

#endif
