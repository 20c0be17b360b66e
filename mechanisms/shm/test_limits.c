/* SPDX-License-Identifier: MIT */
// wrap: malloc realloc fallocate
/*
 * test_limits.c - what a heap does when it cannot have what it needs: it says
 * so, and is as it was.
 */
#include "shm/test_memory.h"

#include <fcntl.h>
#include <sys/resource.h>

/* --- calls that fail --- */

static struct {
    int calls_left; /* to malloc and realloc, of which the last fails; or 0 */
    int reserves_left, error; /* to fallocate, likewise */
    int interrupts;           /* fallocate is interrupted so often */
} injected;

void *__real_malloc(size_t size);
void *__real_realloc(void *block, size_t size);
int __real_fallocate(int fd, int mode, off_t from, off_t n);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *block, size_t size);
int __wrap_fallocate(int fd, int mode, off_t from, off_t n);

static bool is_last(int *left)
{
    return *left && --*left == 0;
}

void *__wrap_malloc(size_t size)
{
    return is_last(&injected.calls_left) ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return is_last(&injected.calls_left) ? NULL : __real_realloc(block, size);
}

int __wrap_fallocate(int fd, int mode, off_t from, off_t n)
{
    errno = EINTR;
    if (injected.interrupts && injected.interrupts--)
        return -1;
    errno = injected.error;
    if (is_last(&injected.reserves_left))
        return -1;
    return __real_fallocate(fd, mode, from, n);
}

/* --- more than there can be --- */

/* Four times the memory of this machine. */
static size_t too_much(void)
{
    return 4 * (size_t)sysconf(_SC_PHYS_PAGES) * test_page();
}

static void expect_nothing_came_of(struct heap *h, size_t size, int error)
{
    struct heap_sum before = heap_expect_good(h), after;
    unsigned descriptors = count_descriptors(), mappings = count_mappings();
    size_t next = h->next_arena;
    struct block b;

    assert_int_equal(heap_malloc(h, size, HEAP_ALIGNMENT, &b), error);
    assert_null(b.base);
    assert_int_equal(heap_free(h, &b), 0);
    after = heap_expect_good(h);
    assert_memory_equal(&after, &before, sizeof after);
    assert_int_equal(count_descriptors(), descriptors);
    assert_int_equal(count_mappings(), mappings);
    assert_true(h->next_arena == next);
}

static void what_cannot_be_is_enomem_and_leaves_nothing(void **state)
{
    const size_t sizes[] = {SIZE_MAX,
                            SIZE_MAX - 6,
                            SIZE_MAX / 2 + 1,
                            PTRDIFF_MAX,
                            PTRDIFF_MAX - test_page(),
                            PTRDIFF_MAX / 2,
                            (size_t)1 << 46,
                            too_much()};
    struct block small;
    struct heap h;

    (void)state;
    heap_open(&h);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        expect_nothing_came_of(&h, sizes[i], -ENOMEM);
    small = block_new(&h, 8, 8, 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        expect_nothing_came_of(&h, sizes[i], -ENOMEM);
    block_end(&h, &small);
    heap_close(&h);
}

static int opens_at_the_limit(void *unused)
{
    struct rlimit tight = {3, 3};
    struct heap_sum sum;
    struct block b;
    struct heap h;

    (void)unused;
    heap_open(&h);
    if (setrlimit(RLIMIT_NOFILE, &tight) < 0)
        return test_line(__LINE__);
    if (heap_malloc(&h, 1, 8, &b) != -EMFILE || b.base)
        return test_line(__LINE__);
    return heap_look(&h, &sum) || sum.arenas ? test_line(__LINE__) : 0;
}

static void an_arena_needs_a_descriptor(void **state)
{
    (void)state;
    test_expect(test_fork(opens_at_the_limit, NULL));
}

/* --- what fails in the midst of it --- */

/* Free pieces before, behind and of the size: each way to take one is tried. */
static void heap_with_holes(struct heap *h, struct block blocks[8])
{
    heap_open(h);
    for (int i = 0; i < 8; i++)
        blocks[i] = block_new(h, 200 + (size_t)i * 40, 8, 1);
    for (int i = 0; i < 8; i += 2)
        block_end(h, &blocks[i]);
}

/* Every call of malloc and realloc fails in its turn: -ENOMEM, until there is
 * none left to fail. */
static void when_malloc_fails_the_heap_is_as_it_was(void **state)
{
    const size_t sizes[] = {8, 200, 208, test_page() * 2, (size_t)8 << 20};

    (void)state;
    for (size_t i = 0; i < 5; i++)
        for (size_t alignment = 8; alignment <= 512; alignment *= 4) {
            struct block blocks[8], b = {.base = NULL};
            struct heap h;
            int error = -ENOMEM;

            heap_with_holes(&h, blocks);
            for (int n = 1; n < 10 && error; n++) {
                struct heap_sum before = heap_expect_good(&h), after;

                injected.calls_left = n;
                error = heap_malloc(&h, sizes[i], alignment, &b);
                injected.calls_left = 0;
                after = heap_expect_good(&h);
                if (error)
                    assert_memory_equal(&after, &before, sizeof after);
                assert_true(error == 0 || error == -ENOMEM);
                assert_true((error == 0) == (b.base != NULL));
            }
            assert_int_equal(error, 0);
            assert_true(block_is(&b, 0));
            heap_close(&h);
        }
}

/* The kernel has no memory: in a new arena, and in one that is there. */
static void when_no_memory_is_to_be_had_the_heap_is_as_it_was(void **state)
{
    const int errors[] = {ENOMEM, ENOSPC};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct block b;
        struct heap h;

        heap_open(&h);
        injected.error = errors[i];
        injected.reserves_left = 1;
        expect_nothing_came_of(&h, 8, -ENOMEM);
        injected.reserves_left = 3; /* of many */
        expect_nothing_came_of(&h, (size_t)32 << 20, -ENOMEM);
        b = block_new(&h, 8, 8, 1);
        injected.reserves_left = 1;
        expect_nothing_came_of(&h, 8, -ENOMEM);
        injected.reserves_left = 2;
        expect_nothing_came_of(&h, (size_t)32 << 20, -ENOMEM);
        injected.reserves_left = 0;
        block_end(&h, &b);
        heap_close(&h);
    }
}

static void a_reserve_that_is_interrupted_goes_on(void **state)
{
    struct block b;
    struct heap h;

    (void)state;
    heap_open(&h);
    injected.interrupts = 5;
    b = block_new(&h, (size_t)20 << 20, 8, 1);
    assert_int_equal(injected.interrupts, 0);
    block_end(&h, &b);
    heap_close(&h);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(what_cannot_be_is_enomem_and_leaves_nothing),
        TEST(an_arena_needs_a_descriptor),
        TEST(when_malloc_fails_the_heap_is_as_it_was),
        TEST(when_no_memory_is_to_be_had_the_heap_is_as_it_was),
        TEST(a_reserve_that_is_interrupted_goes_on),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
