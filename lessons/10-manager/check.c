/* SPDX-License-Identifier: MIT */
/*
 * check.c - lesson 10: what desk.h promises.
 *
 * A server hosts the desk, and the tests are clients of it: this process, and
 * children of it that take pieces, wait for one, hand one on, and are killed.
 */
#include "office.h"

#include "common/hooks.h"

// points: 10  what was put is taken in its order, whole, and is done
static void what_was_put_is_taken_in_its_order(void **state)
{
    enum { PIECES = 20 };
    struct proxy tasks[PIECES];

    (void)state;
    put_many(PIECES);
    expect(ask_number(&desk, "left") == PIECES, "how many are left");
    for (int64_t i = 1; i <= PIECES; i++) {
        take(&tasks[i - 1], i, "which piece is taken first");
        expect(ask_number(&tasks[i - 1], "item") == i * i,
               "whose the item of a Task is");
    }
    expect(ask_number(&desk, "left") == PIECES, "how many are left, some out");
    for (int64_t i = PIECES; i > 0; i--) {
        finish(&tasks[i - 1]);
        expect(ask_number(&desk, "left") == i - 1, "how many are left");
    }
    none_lies_there("what is done, and lies there again");
}

// points: 10  who finds nothing waits for a piece, as long as he said
static void who_finds_nothing_waits(void **state)
{
    static const char hint[] = "who waits, and what he looks for when woken";
    pid_t first, second;

    (void)state;
    none_lies_there("a desk that is empty");
    first = begin_taking(1);
    second = begin_taking(1);
    let_wait(2);
    for (int i = 1; i <= 2; i++) {
        expect(put(i) == i, "the number of a piece");
        await(&told->have, i);
        expect(atomic_load(&told->taken[i]) == 1, hint);
    }
    end_child(first);
    end_child(second);
}

// points: 10  done is said once, and is for good
static void done_is_said_once(void **state)
{
    struct proxy task;
    struct datum result;

    (void)state;
    put_many(2);
    take(&task, 1, "which piece is taken first");
    result = ask(&task, "done");
    datum_drop(&result);
    expect(ask_number(&desk, "left") == 1, "how many are left");
    refuses(&task, "done", "ValueError");
    expect(ask_number(&desk, "left") == 1, "what a second done() takes away");
    proxy_close(&task);
    take(&task, 2, "what is done, and lies there again");
    none_lies_there("what is done, and lies there again");
    finish(&task);
    expect(ask_number(&desk, "left") == 0, "how many are left");
}

// points: 10  who lets go of a Task has laid the piece back, in its place
static void who_lets_go_has_laid_it_back(void **state)
{
    static const char hint[] = "a Task that nobody has, and that is not done";
    struct proxy tasks[3], task;
    pid_t child;

    (void)state;
    put_many(4);
    for (int i = 0; i < 3; i++)
        take(&tasks[i], i + 1, "which piece is taken first");
    proxy_close(&tasks[1]);
    proxy_close(&tasks[0]);
    take(&task, 1, hint);
    proxy_close(&task);
    for (int i = 0; i < 2; i++)
        take(&tasks[i], i + 1, "where a piece lies that came back");
    take(&task, 4, "which piece is taken first");
    child = begin_taking(1);
    let_wait(1);
    proxy_close(&tasks[2]);
    await(&told->have, 1);
    expect(atomic_load(&told->taken[3]) == 1, "who waits while one comes back");
    expect(ask_number(&desk, "left") == 4, "how many are left, some out");
    end_child(child);
}

/* One has all n pieces and is killed while n wait: then each has one. */
static void kill_while_others_wait(int n)
{
    int begun = atomic_load(&told->begun), have = atomic_load(&told->have);
    pid_t child = begin_taking(n), others[2];

    await(&told->have, have + n);
    for (int i = 0; i < n; i++)
        others[i] = begin_taking(1);
    let_wait(begun + 1 + n);
    end_child(child);
    await(&told->have, have + 2 * n);
    for (int i = 0; i < n; i++)
        end_child(others[i]);
}

// points: 10  what one has who is killed comes back, and wakes who waits
static void what_the_dead_had_comes_back(void **state)
{
    enum { ROUNDS = 10 };
    struct proxy task;

    (void)state;
    for (int i = 1; i <= 2; i++) {
        expect(put(i) == i, "the number of a piece");
        for (int round = 0; round < ROUNDS; round++)
            kill_while_others_wait(i);
        expect(atomic_load(&told->taken[i]) >= 2 * ROUNDS,
               "who was killed with a Task: who is told of it");
    }
    for (int i = 0; i < 2; i++) {
        expect(try_to_take(&task, 5) == 0, "where a piece is that came back");
        finish(&task);
    }
    expect(ask_number(&desk, "left") == 0, "how many are left");
}

// points: 10  who is killed while he waits takes nothing with him
static void who_is_killed_while_he_waits(void **state)
{
    static const char hint[] = "who is killed while he waits";
    struct proxy task;

    (void)state;
    for (int i = 1; i <= 20; i++) {
        pid_t first = begin_taking(1), second = begin_taking(1);

        let_wait(2 * i);
        kill(first, SIGKILL);
        if (i % 2) /* or it is put while that is found out */
            expect(end_of(first) == -SIGKILL, hint);
        expect(put(i) == i, "the number of a piece");
        await(&told->have, i);
        if (i % 2 == 0)
            expect(end_of(first) == -SIGKILL, hint);
        end_child(second);
        take(&task, i, hint);
        finish(&task);
    }
    none_lies_there(hint);
}

/* It has the Task of its parent, and says so by a call of its own. */
static int have(struct proxy *task)
{
    struct datum item;

    if (proxy_call(task, &item, "item", ""))
        return 1;
    atomic_fetch_add(&told->have, 1);
    while (pause())
        ;
    return 0;
}

// points: 10  a Task that two have is out until the last lets go
static void a_task_that_two_have(void **state)
{
    struct proxy task, other;
    pid_t child;

    (void)state;
    put_many(2);
    take(&task, 1, "which piece is taken first");
    child = begin_child();
    if (child == 0)
        _exit(have(&task));
    await(&told->have, 1);
    proxy_close(&task);
    take(&other, 2, "a Task that another process has, too");
    none_lies_there("a Task that another process has, too");
    end_child(child);
    take(&task, 1, "who was killed with a Task: who is told of it");
    finish(&task);
    finish(&other);
    expect(ask_number(&desk, "left") == 0, "how many are left");
}

/* A hosted list on the desk, and then in nobody's hands but the desk's. */
static void put_hosted(void)
{
    struct proxy list;
    struct datum n;

    expect(manager_create(&manager, &list, "list", "") == 0, has_ended);
    expect(proxy_call(&desk, &n, "put", "O", proxy_datum(&list)) == 0,
           "an item that is a proxy");
    datum_drop(&n);
    proxy_close(&list);
}

// points: 10  the desk is there as long as a Task, and then nothing is left
static void the_desk_is_there_as_long_as_a_task(void **state)
{
    static const char hint[] = "who has what of which nobody has a proxy";
    struct proxy tasks[3];

    (void)state;
    for (int i = 0; i < 5; i++)
        put_hosted();
    for (int i = 0; i < 3; i++)
        take(&tasks[i], i + 1, "which piece is taken first");
    proxy_close(&desk);
    finish(&tasks[0]);
    proxy_close(&tasks[1]);
    expect(manager_dummy(&manager) == 0, has_ended);
    expect(has_any(), hint);
    expect(ask_number(&tasks[2], "number") == 3, hint);
    finish(&tasks[2]);
    expect(has_none(), hint);
    expect(manager_dummy(&manager) == 0, has_ended);
}

// points: 10  when many work and some are killed, each piece is done, by one
static void when_some_are_killed_each_is_done(void **state)
{
    enum { WORKERS = 10, EACH = 4, KILLED = MOST / EACH };
    pid_t workers[WORKERS];
    int unsaid = 0;

    (void)state;
    for (int i = 0; i < WORKERS; i++)
        workers[i] = begin_worker(i % 2);
    for (int i = 0; i < KILLED; i++) {
        for (int n = i * EACH + 1; n <= (i + 1) * EACH; n++)
            expect(put(n) == n, "the number of a piece");
        while (ask_number(&desk, "left") > EACH)
            sched_yield();
        end_child(workers[i % WORKERS]);
        workers[i % WORKERS] = begin_worker(i % WORKERS % 2);
    }
    while (ask_number(&desk, "left") > 0)
        sched_yield();
    for (int i = 0; i < WORKERS; i++)
        end_child(workers[i]);
    for (int i = 1; i <= MOST; i++) {
        expect(atomic_load(&told->taken[i]) > 0, "a piece nobody was given");
        expect(atomic_load(&told->done[i]) <= 1, "a piece that two have done");
        unsaid += atomic_load(&told->done[i]) == 0;
    }
    /* It was killed between the server's taking note and its own. */
    expect(unsaid <= KILLED + WORKERS, "what is left, and what is done");
    none_lies_there("what is done, and lies there again");
}

#define CHECK_DESK(test)                                                       \
    cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CHECK_DESK(what_was_put_is_taken_in_its_order),
        CHECK_DESK(who_finds_nothing_waits),
        CHECK_DESK(done_is_said_once),
        CHECK_DESK(who_lets_go_has_laid_it_back),
        CHECK_DESK(what_the_dead_had_comes_back),
        CHECK_DESK(who_is_killed_while_he_waits),
        CHECK_DESK(a_task_that_two_have),
        CHECK_DESK(the_desk_is_there_as_long_as_a_task),
        CHECK_DESK(when_some_are_killed_each_is_done),
    };

    mechanisms_init(argc, argv); /* the tracker's process goes no further */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
