/* SPDX-License-Identifier: MIT */
// wrap: malloc fallocate
/* test_forks.c - a forked child begins with an empty heap, whatever the threads
 * of its parent are at, and frees nothing that is not its own. */
#include "shm/test_memory.h"

#include "scenario.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>

enum { CHILDREN = 60, LIVE = 8 };

/* --- what a child does with a heap --- */

/* Some blocks of it, that are one after the other and zeroes: 0 or a line. */
static int uses_heap(struct heap *h)
{
    struct block blocks[LIVE];
    struct heap_sum sum;

    for (int i = 0; i < LIVE; i++) {
        if (heap_malloc(h, (size_t)100 << i, 8, &blocks[i]) ||
            !block_is(&blocks[i], 0))
            return test_line(__LINE__);
        memset(blocks[i].base, i + 1, blocks[i].size);
    }
    for (int i = 0; i < LIVE; i++)
        if (!block_is(&blocks[i], (unsigned char)(i + 1)) ||
            heap_free(h, &blocks[i]))
            return test_line(__LINE__);
    if (heap_look(h, &sum) || sum.used)
        return test_line(__LINE__);
    heap_trim(h);
    return h->arenas ? test_line(__LINE__) : 0;
}

/* --- a parent's block --- */

struct family {
    struct heap heap;
    struct block block;
};

static int uses_its_parents_block(void *argument)
{
    struct family *f = argument;
    struct block copy = f->block;
    struct heap_sum sum;

    if (f->heap.arenas || heap_look(&f->heap, &sum) || sum.arenas)
        return test_line(__LINE__);
    if (!block_is(&f->block, 7))
        return test_line(__LINE__);
    memset(f->block.base, 8, f->block.size);
    if (heap_free(&f->heap, &copy) != -EPERM || copy.base != f->block.base)
        return test_line(__LINE__);
    block_release(&copy);
    block_release(&copy);
    if (copy.base || !block_is(&f->block, 8)) /* it is mapped still */
        return test_line(__LINE__);
    heap_trim(&f->heap);
    heap_trim(heap_shared());
    return block_is(&f->block, 8) ? uses_heap(&f->heap) : test_line(__LINE__);
}

static void a_child_uses_its_parents_block_and_frees_none(void **state)
{
    struct heap_sum before, after;
    struct family f;

    (void)state;
    heap_open(&f.heap);
    f.block = block_new(&f.heap, 1000, 8, 7);
    before = heap_expect_good(&f.heap);
    test_expect(test_fork(uses_its_parents_block, &f));
    assert_true(block_is(&f.block, 8));
    after = heap_expect_good(&f.heap);
    assert_memory_equal(&after, &before, sizeof after);
    block_end(&f.heap, &f.block);
    heap_close(&f.heap);
}

/* A grandchild has it too, and its parent's as well. */
static int makes_one_and_forks(void *argument)
{
    struct family *f = argument;
    int status;

    if (heap_malloc(&f->heap, 50, 8, &f->block))
        return test_line(__LINE__);
    memset(f->block.base, 7, f->block.size);
    status = test_in_fork(uses_its_parents_block, f);
    if (status)
        return WIFEXITED(status) ? WEXITSTATUS(status) : test_line(__LINE__);
    if (!block_is(&f->block, 8) || heap_free(&f->heap, &f->block))
        return test_line(__LINE__);
    return 0;
}

static void a_grandchild_frees_none_of_its_parents(void **state)
{
    struct family f;

    (void)state;
    heap_open(&f.heap);
    f.block = block_new(&f.heap, 100, 8, 3);
    test_expect(test_fork(makes_one_and_forks, &f));
    assert_true(block_is(&f.block, 3));
    block_end(&f.heap, &f.block);
    heap_close(&f.heap);
}

/* What was unpacked before the fork is the parent's to let go of, too. */
static int lets_go_of_what_was_unpacked(void *argument)
{
    struct block *b = argument, copy = *b;

    block_release(&copy);
    return !copy.base && block_is(b, 9) ? 0 : test_line(__LINE__);
}

static void a_child_unmaps_nothing_that_its_parent_unpacked(void **state)
{
    struct block b = block_new(heap_shared(), 100, 8, 9), again;
    struct parcel parcel;

    (void)state;
    parcel_init(&parcel);
    assert_int_equal(block_pack(&b, &parcel), 0);
    assert_int_equal(block_unpack(&again, &parcel), 0);
    parcel_free(&parcel);
    test_expect(test_fork(lets_go_of_what_was_unpacked, &again));
    block_release(&b);
    heap_trim(heap_shared());
    test_expect(test_fork(lets_go_of_what_was_unpacked, &again)); /* the last */
    assert_true(block_is(&again, 9)); /* which kept its arena */
    block_release(&again);
}

/* --- forks at any moment --- */

static struct heap busy;
static atomic_bool enough;

static void *keeps_allocating(void *line)
{
    uint64_t state = test_seed + (uintptr_t)line;

    while (!enough) {
        struct block b;

        if (heap_malloc(&busy, test_mix(&state) % 20000, 8, &b) ||
            heap_free(&busy, &b))
            *(int *)line = test_line(__LINE__);
        if (test_mix(&state) % 4 == 0)
            heap_trim(&busy);
    }
    return NULL;
}

static int uses_both(void *block)
{
    int line = uses_heap(&busy);

    if (!line)
        line = uses_heap(heap_shared());
    return line || block_is(block, 5) ? line : test_line(__LINE__);
}

static void a_fork_amidst_threads_that_allocate_does_no_harm(void **state)
{
    pthread_t threads[2];
    int lines[2] = {0, 0};
    struct block b;

    (void)state;
    heap_open(&busy);
    b = block_new(&busy, 64, 8, 5);
    enough = false;
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, keeps_allocating, &lines[i]), 0);
    for (int i = 0; i < CHILDREN; i++)
        test_expect(test_fork(uses_both, &b));
    enough = true;
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(lines[i], 0);
    }
    block_end(&busy, &b);
    assert_true(heap_expect_good(&busy).used == 0);
    heap_trim(&busy);
    heap_expect_empty(&busy);
    heap_close(&busy);
}

/* --- a fork at a chosen moment of heap_malloc --- */

static sem_t arrived, forked;
static _Atomic size_t stops_at; /* the next malloc of so many bytes does */
static atomic_bool stops_reserving;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
int __real_fallocate(int fd, int mode, off_t from, off_t n);
int __wrap_fallocate(int fd, int mode, off_t from, off_t n);

static void stand_still(void)
{
    sem_post(&arrived);
    while (sem_wait(&forked) < 0)
        ;
}

void *__wrap_malloc(size_t size)
{
    void *block = __real_malloc(size);
    size_t here = size;

    if (size && atomic_compare_exchange_strong(&stops_at, &here, 0))
        stand_still();
    return block;
}

int __wrap_fallocate(int fd, int mode, off_t from, off_t n)
{
    bool here = true;

    if (atomic_compare_exchange_strong(&stops_reserving, &here, false))
        stand_still();
    return __real_fallocate(fd, mode, from, n);
}

static void *allocates_one(void *line)
{
    struct block b;

    if (heap_malloc(&busy, 5000, 1024, &b) || !block_is(&b, 0) ||
        heap_free(&busy, &b))
        *(int *)line = test_line(__LINE__);
    return NULL;
}

/* It holds the lock of the heap, and that of the arenas as the case may be;
 * its child must wait for neither. */
static void fork_while_it_stands_still(size_t in_malloc)
{
    pthread_t thread;
    struct block b;
    int line = 0;
    pid_t pid;

    heap_open(&busy);
    b = block_new(heap_shared(), 64, 8, 5);
    stops_at = in_malloc;
    stops_reserving = !in_malloc;
    sem_init(&arrived, 0, 0);
    sem_init(&forked, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, allocates_one, &line), 0);
    while (sem_wait(&arrived) < 0)
        ;
    pid = test_fork(uses_both, &b);
    test_expect(pid);
    sem_post(&forked);
    pthread_join(thread, NULL);
    assert_int_equal(line, 0);
    heap_trim(&busy);
    heap_expect_empty(&busy);
    block_release(&b);
    heap_close(&busy);
    sem_destroy(&arrived);
    sem_destroy(&forked);
}

static void a_fork_while_an_arena_is_made_does_no_harm(void **state)
{
    (void)state;
    fork_while_it_stands_still(sizeof(struct arena));
    fork_while_it_stands_still(sizeof(struct heap_node));
}

static void a_fork_while_memory_is_reserved_does_no_harm(void **state)
{
    (void)state;
    fork_while_it_stands_still(0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_child_uses_its_parents_block_and_frees_none),
        TEST(a_grandchild_frees_none_of_its_parents),
        TEST(a_child_unmaps_nothing_that_its_parent_unpacked),
        TEST(a_fork_amidst_threads_that_allocate_does_no_harm),
        TEST(a_fork_while_an_arena_is_made_does_no_harm),
        TEST(a_fork_while_memory_is_reserved_does_no_harm),
    };

    mechanisms_init(argc, argv);
    if (scenario_sanitizer()) {
        puts("a sanitizer's malloc is held by the thread that a fork leaves");
        return 77;
    }
    test_take_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
