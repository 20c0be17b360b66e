/* SPDX-License-Identifier: MIT */
// wrap: malloc
/* test_fork_threads.c - a fork while other threads of the process put and get,
 * whatever they are at. */
#include "queue/test_queues.h"

#include "scenario.h"

#include <pthread.h>
#include <semaphore.h>

enum { EACH = 10, CHILDREN = 20, ODD_SIZE = 4711 };

/* --- forks at any moment of a stream --- */

/* Numbers from here on are the stream's. */
enum { STREAM = CHILDREN * EACH };

static struct queue streamed;
static atomic_bool enough;

static void *keeps_putting(void *line)
{
    uint64_t number = STREAM;

    while (!enough)
        if (queue_qsize(&streamed) < 1000 &&
            test_put_some(&streamed, number++, 1))
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
    int line = test_put_some(&streamed, *(uint64_t *)first, EACH);

    return line ? line : test_finish_queue(&streamed);
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

/* --- a fork while another thread adds to the buffer --- */

static sem_t moving, forked;
static _Atomic size_t stops_at; /* the next malloc of so many bytes does */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

/* For one who puts, and has not yet told the buffer of its new batch; or gets,
 * and has not yet anywhere to put it. */
void *__wrap_malloc(size_t size)
{
    void *block = __real_malloc(size);
    size_t least = stops_at;

    if (least && size >= least &&
        atomic_compare_exchange_strong(&stops_at, &least, 0)) {
        sem_post(&moving);
        while (sem_wait(&forked) < 0)
            ;
    }
    return block;
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
                                          : test_finish_queue(&streamed);
}

/* The child has a copy of a buffer that was being added to. */
static void a_fork_while_the_buffer_grows_does_no_harm(void **state)
{
    pthread_t thread;
    int line = 0;
    pid_t pid;

    test_open_queue(&streamed, 0, way_in(state));
    sem_init(&moving, 0, 0);
    sem_init(&forked, 0, 0);
    assert_int_equal(lock_acquire(&streamed.side->writing, TEST_BOUND), 0);
    stops_at = LARGEST;
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
    stops_at = ODD_SIZE;
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAYS(a_fork_in_mid_stream_neither_loses_nor_repeats),
        TEST_WAYS(a_fork_while_the_buffer_grows_does_no_harm),
        TEST_WAYS(a_child_knows_nothing_of_an_item_that_another_gets),
    };

    mechanisms_init(argc, argv);
    if (scenario_sanitizer()) {
        puts("a sanitizer's malloc is held by the thread that a fork leaves");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
