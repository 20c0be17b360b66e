/* SPDX-License-Identifier: MIT */
/*
 * exercise.c - lesson 10: a desk whose work comes back.
 *
 * desk.h says what is promised, manager/hosted.h how a type is hosted: see
 * there what `returns` does, who calls `close`, and what call_wait tells.
 */
#include "desk.h"

struct desk {
    struct waiters takers;
};

struct task {
    int unused;
};

static int desk_put(struct call *call, void *state)
{
    (void)call;
    (void)state;
    return -ENOSYS;
}

static int desk_take(struct call *call, void *state)
{
    (void)call;
    (void)state;
    /*
     * It leaves in call->result what task_open gets as its one argument.  How
     * does a Task come by its desk, and who says that the desk stays?
     */
    return -ENOSYS;
}

static int desk_left(struct call *call, void *state)
{
    (void)call;
    (void)state;
    return -ENOSYS;
}

static int task_number(struct call *call, void *state)
{
    (void)call;
    (void)state;
    return -ENOSYS;
}

static int task_item(struct call *call, void *state)
{
    (void)call;
    (void)state;
    return -ENOSYS;
}

static int task_done(struct call *call, void *state)
{
    (void)call;
    (void)state;
    /* This has the Task's lock.  Whose is what it changes? */
    return -ENOSYS;
}

static int task_open(struct call *call, void *state)
{
    (void)call;
    (void)state;
    return -ENOSYS;
}

/* Nobody has it any more: not by his own choice, perhaps. */
static void task_close(void *state)
{
    (void)state;
}

static const struct method desk_methods[] = {{"put", desk_put, NULL},
                                             {"take", desk_take, "Task"},
                                             {"left", desk_left, NULL},
                                             {0}};

const struct hosted_type desk_type = {
    .name = "Desk", .size = sizeof(struct desk), .methods = desk_methods};

static const struct method task_methods[] = {{"number", task_number, NULL},
                                             {"item", task_item, NULL},
                                             {"done", task_done, NULL},
                                             {0}};

const struct hosted_type task_type = {.name = "Task",
                                      .size = sizeof(struct task),
                                      .open = task_open,
                                      .close = task_close,
                                      .methods = task_methods,
                                      .unmade = true};
