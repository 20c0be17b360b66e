/* SPDX-License-Identifier: MIT */
/*
 * test_waits_queue.c - our own Queue hangs as Python's does, and is seen to.
 */
#include "test_waits.h"

#include "common/hooks.h"
#include "queue/queue.h"

static unsigned way;
static struct queue queue;

/* What a child that has put does at its end. */
static void put_and_leave(void)
{
    queue_put(&queue, much, sizeof much, NO_TIMEOUT);
    exit_sequence();
}

static void join_before_get(void)
{
    pid_t child;

    queue_open_as(&queue, 0, way);
    child = fork_to(put_and_leave);
    waitpid(child, NULL, 0);
}

/* The child's main thread must be seen to wait for ever, as it does: a wait
 * that may end by itself is in no cycle. */
static void who_joins_before_it_gets_is_in_a_cycle_of_three(void **state)
{
    struct cycle cycles[4];
    char advice[256];

    (void)state;
    for (way = QUEUE_PLAIN; way <= QUEUE_ROBUST; way++) {
        begin_stage(join_before_get);
        shows(WAIT_ROOM, "waits for room in pipe", 3);
        assert_int_equal(graph_cycles(&graph, cycles, 4), 1);
        assert_int_equal(cycles[0].count, 3);
        assert_int_equal(graph.waiter[cycles[0].waiter[0]].task.id, stage);
        cycle_advice(&graph, &cycles[0], advice, sizeof advice);
        assert_non_null(strstr(advice, "Drain the queue"));
        end_stage();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_joins_before_it_gets_is_in_a_cycle_of_three),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
