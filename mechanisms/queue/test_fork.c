/* SPDX-License-Identifier: MIT */
// wrap: realloc malloc
/* test_fork.c - a queue and the processes that come from this one: what was put
 * is sent by whoever put it, once. */
#include "queue/test_queues.h"

#include <pthread.h>
#include <semaphore.h>

enum { EACH = 10, CHILDREN = 20, ODD_SIZE = 4711 };

/* Numbers first to first + n - 1. */
static int put_some(struct queue *q, uint64_t first, uint64_t n)
{
    for (uint64_t i = first; i < first + n; i++)
        if (queue_put(q, &i, sizeof i, 0))
            return test_line(__LINE__);
    return 0;
}

/* What a process that leaves by _exit does before. */
static int finish(struct queue *q)
{
    queue_close(q);
    return queue_join_thread(q, TEST_BOUND) ? test_line(__LINE__) : 0;
}

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
    int line = put_some(queue, EACH, EACH);

    return line ? line : finish(queue);
}

/* Nothing is sent before the fork: the writers' lock is ours. */
static void what_was_not_sent_at_a_fork_comes_once(void **state)
{
    struct queue q;
    pid_t pid;

    test_open_queue(&q, 0, way_in(state));
    assert_int_equal(lock_acquire(&q.side->writing, TEST_BOUND), 0);
    assert_int_equal(put_some(&q, 0, EACH), 0);
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

        if (queue_open_as(&q, 0, *(unsigned *)way) || put_some(&q, 0, 1))
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
    assert_int_equal(put_some(&q, 0, EACH), 0);
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
    status = put_some(queue, 0, EACH);
    return status ? status : finish(queue);
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
    line = put_some(&q, first, EACH);
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
    assert_int_equal(put_some(&q, 0, EACH), 0);
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

/* --- forks at any moment of a stream --- */

/* Numbers from here on are the stream's. */
enum { STREAM = CHILDREN * EACH };

static struct queue streamed;
static atomic_bool enough;

static void *keeps_putting(void *line)
{
    uint64_t number = STREAM;

    while (!enough)
        if (queue_qsize(&streamed) < 1000 && put_some(&streamed, number++, 1))
            *(int *)line = test_line(__LINE__);
    return NULL;
}

/* A child's number is counted, the stream's must be the next one. */
static void get_one(struct tally *t, uint64_t *next)
{
    uint64_t number;

    assert_int_equal(queue_get(&streamed, &number, sizeof number, TEST_BOUND),
                     sizeof number);
    if (number < STREAM)
        tally_add(t, number);
    else
        assert_int_equal(number, (*next)++);
}

static int puts_its_share(void *first)
{
    int line = put_some(&streamed, *(uint64_t *)first, EACH);

    return line ? line : finish(&streamed);
}

/* Whatever the thread that puts and the feeder are at when the child is made.
 */
static void a_fork_in_mid_stream_neither_loses_nor_repeats(void **state)
{
    uint64_t next = STREAM;
    pthread_t thread;
    struct tally t;
    int line = 0;

    test_open_queue(&streamed, 0, way_in(state));
    tally_open(&t, STREAM);
    enough = false;
    assert_int_equal(pthread_create(&thread, NULL, keeps_putting, &line), 0);
    for (uint64_t first = 0; first < STREAM; first += EACH) {
        pid_t pid = test_fork(puts_its_share, &first);

        while (t.count < first + EACH)
            get_one(&t, &next);
        test_expect(pid);
    }
    enough = true;
    pthread_join(thread, NULL);
    assert_int_equal(line, 0);
    while (queue_qsize(&streamed) > 0)
        get_one(&t, &next);
    tally_close(&t);
    test_end_queue(&streamed);
}

/* --- a fork while another thread moves the buffer --- */

static sem_t moving, forked;
static atomic_bool stops; /* the next realloc of a large block does */

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

/* The old block is gone, and its owner does not yet know of the new one. */
void *__wrap_realloc(void *block, size_t size)
{
    void *moved = __real_realloc(block, size);

    if (block && size > LARGEST && atomic_exchange(&stops, false)) {
        sem_post(&moving);
        while (sem_wait(&forked) < 0)
            ;
    }
    return moved;
}

static void *puts_large_ones(void *line)
{
    static unsigned char item[LARGEST];

    for (uint64_t i = 0; i < 4; i++) {
        test_fill(item, LARGEST, i);
        if (queue_put(&streamed, item, LARGEST, 0))
            *(int *)line = test_line(__LINE__);
    }
    return NULL;
}

static int puts_one(void *unused)
{
    (void)unused;
    return test_put(&streamed, 9, 100, 0) ? test_line(__LINE__)
                                          : finish(&streamed);
}

/* The child has a copy of a buffer that is nowhere. */
static void a_fork_while_the_buffer_grows_does_no_harm(void **state)
{
    pthread_t thread;
    int line = 0;
    pid_t pid;

    test_open_queue(&streamed, 0, way_in(state));
    sem_init(&moving, 0, 0);
    sem_init(&forked, 0, 0);
    assert_int_equal(lock_acquire(&streamed.side->writing, TEST_BOUND), 0);
    stops = true;
    assert_int_equal(pthread_create(&thread, NULL, puts_large_ones, &line), 0);
    while (sem_wait(&moving) < 0)
        ;
    pid = test_fork(puts_one, NULL);
    sem_post(&forked);
    pthread_join(thread, NULL);
    assert_int_equal(line, 0);
    /* Who has the lock is not whose turn it is: the child's is alone. */
    assert_int_equal(lock_release(&streamed.side->writing), 0);
    for (uint64_t i = 0, its = 0; i < 4 + 1; i++) {
        void *item;
        ssize_t got = queue_get_new(&streamed, &item, TEST_BOUND);

        if (got == 100)
            assert_int_equal(test_got(item, got, 9, 100), 0);
        else
            assert_int_equal(test_got(item, got, its++, LARGEST), 0);
        free(item);
    }
    test_expect(pid);
    test_end_queue(&streamed);
    sem_destroy(&moving);
    sem_destroy(&forked);
}

/* --- a fork while another thread is within an item --- */

static atomic_bool stops_in_get;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

/* The reader knows how long the item is, and makes room for it. */
void *__wrap_malloc(size_t size)
{
    if (size == ODD_SIZE && atomic_exchange(&stops_in_get, false)) {
        sem_post(&moving);
        while (sem_wait(&forked) < 0)
            ;
    }
    return __real_malloc(size);
}

static void *gets_one(void *line)
{
    *(int *)line = test_get(&streamed, 4, ODD_SIZE);
    return NULL;
}

static int told[2];

/* Told that the item is gone, it finds none. */
static int finds_nothing(void *unused)
{
    char byte;

    (void)unused;
    if (read_full(told[0], &byte, 1) != 1)
        return test_line(__LINE__);
    if (queue_empty(&streamed) != 1 ||
        queue_get(&streamed, &byte, 1, SECOND / 100) != -ETIMEDOUT)
        return test_line(__LINE__);
    return 0;
}

static void a_child_knows_nothing_of_an_item_that_another_gets(void **state)
{
    pthread_t thread;
    int line = 0;
    pid_t pid;

    test_open_queue(&streamed, 0, way_in(state));
    assert_int_equal(fd_pipe(told), 0);
    sem_init(&moving, 0, 0);
    sem_init(&forked, 0, 0);
    assert_int_equal(test_put(&streamed, 4, ODD_SIZE, 0), 0);
    stops_in_get = true;
    assert_int_equal(pthread_create(&thread, NULL, gets_one, &line), 0);
    while (sem_wait(&moving) < 0)
        ;
    pid = test_fork(finds_nothing, NULL);
    sem_post(&forked);
    pthread_join(thread, NULL);
    assert_int_equal(line, 0);
    assert_int_equal(write_full(told[1], "", 1), 0);
    test_expect(pid);
    sem_destroy(&moving);
    sem_destroy(&forked);
    close(told[0]);
    close(told[1]);
    test_end_queue(&streamed);
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
        TEST_WAYS(a_fork_in_mid_stream_neither_loses_nor_repeats),
        TEST_WAYS(a_fork_while_the_buffer_grows_does_no_harm),
        TEST_WAYS(a_child_knows_nothing_of_an_item_that_another_gets),
        TEST_WAYS(a_child_of_one_that_is_done_with_it_cannot_put),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
