/* SPDX-License-Identifier: MIT */
/* test_verdict_memory.c - whose memory is as it says, and whose is not. */
#include "test_verdict.h"

#include <sys/mman.h>

/* --- "same number" --- */

enum { DRAWERS = 3 };

static int64_t drawn = -1;

/* Children, each of which has drawn what is in `numbers`. */
static int draw(struct witness *w, const int64_t *numbers, int count,
                int claimed, bool before)
{
    int done[2];
    char bytes[DRAWERS];

    if (fd_pipe(done) < 0)
        return -EMFILE;
    witness_victim(w, getpid());
    witness_memory(w, "drawn", &drawn);
    witness_count(w, claimed);
    if (before)
        witness_show(w, 1);
    for (int k = 0; k < count; k++)
        if (fork() == 0) {
            drawn = numbers[k];
            write_full(done[1], "", 1);
            pause_for_ever();
        }
    if (read_full(done[0], bytes, (size_t)count) != count)
        return -EIO;
    witness_show(w, 2);
    return 0;
}

static int they_draw_others(struct witness *w, int cure)
{
    (void)cure;
    return draw(w, (const int64_t[]){5, 5, 6}, DRAWERS, DRAWERS, true);
}

static int they_draw_nothing(struct witness *w, int cure)
{
    (void)cure;
    return draw(w, (const int64_t[]){-1, -1, -1}, DRAWERS, DRAWERS, true);
}

static int one_draws_alone(struct witness *w, int cure)
{
    (void)cure;
    return draw(w, (const int64_t[]){5}, 1, 1, true);
}

static int one_is_missing(struct witness *w, int cure)
{
    (void)cure;
    return draw(w, (const int64_t[]){5, 5}, 2, DRAWERS, true);
}

static int nothing_was_seen_before(struct witness *w, int cure)
{
    (void)cure;
    return draw(w, (const int64_t[]){5, 5, 5}, DRAWERS, DRAWERS, false);
}

static void impostors_of_a_copied_generator_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {they_draw_others, "drew 5"},
        {they_draw_nothing, "has drawn nothing"},
        {one_draws_alone, "has 1 children"},
        {one_is_missing, "has 2 children, not 3"},
        {nothing_was_seen_before, "stage 2 came after stage 0"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(CORRUPTS, "same number", impostors);
}

/* --- "private pages" --- */

enum { MEMORY = 32 << 20 };

static unsigned char *map(int kind)
{
    unsigned char *memory =
        mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        _exit(9);
    madvise(memory, MEMORY, MADV_NOHUGEPAGE);
    return memory;
}

static void touch(unsigned char *memory, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    for (size_t at = 0; at < bytes; at += page)
        memory[at]++;
}

/* A child that writes to the first bytes of what its parent had, or to memory
 * of its own. */
static int write_pages(struct witness *w, int kind, size_t bytes, bool own,
                       int64_t claimed)
{
    unsigned char *memory = map(kind);
    pid_t child;

    touch(memory, MEMORY);
    witness_count(w, claimed);
    child = fork();
    if (child == 0) {
        witness_victim(w, getpid());
        witness_show(w, 1);
        touch(own ? map(kind) : memory, bytes);
        witness_show(w, 2);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    return 0;
}

static int it_writes_nothing(struct witness *w, int cure)
{
    (void)cure;
    return write_pages(w, MAP_PRIVATE, 0, false, MEMORY);
}

static int it_writes_to_half(struct witness *w, int cure)
{
    (void)cure;
    return write_pages(w, MAP_PRIVATE, MEMORY / 2, false, MEMORY);
}

static int it_writes_to_shared_pages(struct witness *w, int cure)
{
    (void)cure;
    return write_pages(w, MAP_SHARED, MEMORY, false, MEMORY);
}

static int it_writes_to_new_pages(struct witness *w, int cure)
{
    (void)cure;
    return write_pages(w, MAP_PRIVATE, MEMORY, true, MEMORY);
}

static int it_claims_next_to_nothing(struct witness *w, int cure)
{
    (void)cure;
    return write_pages(w, MAP_PRIVATE, MEMORY, false, 4096);
}

static void impostors_of_copied_pages_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {it_writes_nothing, "grew by"},
        {it_writes_to_half, "grew by"},
        {it_writes_to_shared_pages, "grew by"},
        {it_writes_to_new_pages, "those pages are new"},
        {it_claims_next_to_nothing, "too few to see"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(COSTS, "private pages", impostors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(impostors_of_a_copied_generator_are_not_proven),
        PROMISE(impostors_of_copied_pages_are_not_proven),
    };

    return RUN_PROMISES(tests);
}
