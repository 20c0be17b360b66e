/* SPDX-License-Identifier: MIT */
/* test_fork.c - a queue and the processes that come from this one: what was put
 * is sent by whoever put it, once. */
#include "queue/test_queues.h"

#include "scenario.h"

enum { EACH = 10 };

/* n numbers, each once. */
static void get_all(struct queue *q, uint64_t n)
{
    struct tally t;

    tally_open(&t, n);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t number;

        assert_int_equal(queue_get(q, &number, sizeof number, TEST_BOUND),
                         sizeof number);
        tally_add(&t, number);
    }
    tally_close(&t);
    assert_int_equal(queue_get(q, &n, sizeof n, 0), -ETIMEDOUT);
    assert_int_equal(queue_qsize(q), 0);
}

/* --- unsent items --- */

/* In a bare fork, with what it has inherited. */
static int child_puts(void *queue)
{
    int line = test_put_some(queue, EACH, EACH);

    return line ? line : test_finish_queue(queue);
}

/* Nothing is sent before the fork: the writers' lock is ours. */
static void what_was_not_sent_at_a_fork_comes_once(void **state)
{
    struct queue q;
    pid_t pid;

    test_open_queue(&q, 0, way_in(state));
    assert_int_equal(lock_acquire(&q.side->writing, TEST_BOUND), 0);
    assert_int_equal(test_put_some(&q, 0, EACH), 0);
    pid = test_fork(child_puts, &q);
    assert_int_equal(lock_release(&q.side->writing), 0);
    get_all(&q, 2 * EACH);
    test_expect(pid);
    test_end_queue(&q);
}

/* In a child of one that has freed a queue which its feeder still has. */
static int opens_and_frees(void *way)
{
    for (int i = 0; i < 3; i++) {
        struct queue q;

        if (queue_open_as(&q, 0, *(unsigned *)way) || test_put_some(&q, 0, 1))
            return test_line(__LINE__);
        queue_free(&q); /* and what else was freed */
    }
    return 0;
}

static void what_its_parent_has_freed_is_not_a_childs_to_send(void **state)
{
    unsigned way = way_in(state), before = count_descriptors();
    struct queue q, other;
    struct parcel parcel;

    test_open_queue(&q, 0, way);
    parcel_init(&parcel);
    assert_int_equal(queue_pack(&q, &parcel), 0);
    assert_int_equal(queue_unpack(&other, &parcel), 0);
    parcel_free(&parcel);
    assert_int_equal(lock_acquire(&other.side->writing, TEST_BOUND), 0);
    assert_int_equal(test_put_some(&q, 0, EACH), 0);
    queue_free(&q);
    test_expect(test_fork(opens_and_frees, &way));
    assert_int_equal(lock_release(&other.side->writing), 0);
    get_all(&other, EACH);
    test_end_queue(&other);
    test_reap_freed(before);
}

/* --- the notes' program: a queue that is global, and inherited --- */

static struct queue global;

static int put_hello(struct parcel *arguments)
{
    (void)arguments;
    return queue_put(&global, "helloworld", 10, NO_TIMEOUT)
               ? test_line(__LINE__)
               : 0;
}
TARGET(put_hello)

static void a_forked_child_uses_the_global_queue_that_it_has(void **state)
{
    struct process p;
    char text[16];

    test_open_queue(&global, 0, way_in(state));
    for (int before = 0; before < 2; before++) {
        test_start(&p, START_FORK, "put_hello", NULL);
        assert_int_equal(queue_get(&global, text, sizeof text, NO_TIMEOUT), 10);
        assert_memory_equal(text, "helloworld", 10);
        assert_int_equal(test_finish(&p), 0);
        /* and again, with a feeder of ours that the child has not */
        assert_int_equal(queue_put(&global, "x", 1, 0), 0);
        assert_int_equal(queue_get(&global, text, 1, TEST_BOUND), 1);
    }
    test_end_queue(&global);
}

static int grandchild_puts_first(void *queue)
{
    pid_t pid = fork();
    int status = -1;

    if (pid == 0)
        _exit(child_puts(queue));
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
        return test_line(__LINE__);
    status = test_put_some(queue, 0, EACH);
    return status ? status : test_finish_queue(queue);
}

static void a_grandchild_puts_as_well(void **state)
{
    struct queue q;

    test_open_queue(&q, 0, way_in(state));
    test_expect(test_fork(grandchild_puts_first, &q));
    get_all(&q, 2 * EACH);
    test_end_queue(&q);
}

/* --- under every method --- */

static int put_ten(struct parcel *arguments)
{
    struct queue q;
    uint64_t first;
    int line;

    if (queue_unpack(&q, arguments) || parcel_take_u64(arguments, &first))
        return test_line(__LINE__);
    line = test_put_some(&q, first, EACH);
    queue_free(&q); /* its end waits for its feeder */
    return line;
}
TARGET(put_ten)

static void children_of_every_method_put_and_the_parent_too(void **state)
{
    struct process children[TEST_METHODS];
    struct queue q;

    test_open_queue(&q, 0, way_in(state));
    assert_int_equal(lock_acquire(&q.side->writing, TEST_BOUND), 0);
    assert_int_equal(test_put_some(&q, 0, EACH), 0);
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct parcel parcel;

        parcel_init(&parcel);
        assert_int_equal(queue_pack(&q, &parcel), 0);
        parcel_put_u64(&parcel, (m + 1) * EACH);
        test_start(&children[m], test_methods[m], "put_ten", &parcel);
        parcel_free(&parcel);
    }
    assert_int_equal(lock_release(&q.side->writing), 0);
    get_all(&q, (TEST_METHODS + 1) * EACH);
    for (size_t m = 0; m < TEST_METHODS; m++)
        assert_int_equal(test_finish(&children[m]), 0);
    test_end_queue(&q);
}

/* --- what the parent had closed --- */

static int is_closed(void *queue)
{
    return queue_put(queue, "x", 1, 0) == -EBADF ? 0 : test_line(__LINE__);
}

static void a_child_of_one_that_is_done_with_it_cannot_put(void **state)
{
    struct queue q;
    char item;

    test_open_queue(&q, 0, way_in(state));
    queue_put(&q, "x", 1, 0);
    assert_int_equal(queue_get(&q, &item, 1, TEST_BOUND), 1);
    queue_close(&q);
    assert_int_equal(queue_join_thread(&q, TEST_BOUND), 0);
    test_expect(test_fork(is_closed, &q));
    queue_free(&q);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAYS(what_was_not_sent_at_a_fork_comes_once),
        TEST_WAYS(what_its_parent_has_freed_is_not_a_childs_to_send),
        TEST_WAYS(a_forked_child_uses_the_global_queue_that_it_has),
        TEST_WAYS(a_grandchild_puts_as_well),
        TEST_WAYS(children_of_every_method_put_and_the_parent_too),
        TEST_WAYS(a_child_of_one_that_is_done_with_it_cannot_put),
    };

    mechanisms_init(argc, argv);
    if (scenario_sanitizer()) {
        puts("a sanitizer's malloc is held by the thread that a fork leaves");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
