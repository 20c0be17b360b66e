/* SPDX-License-Identifier: MIT */
// tsan: yes
/*
 * test_threads.c - many threads of one process put and get at once.
 *
 * One process, no fork: what a race detector can see.  What the items are about
 * is not atomic: whoever got one sees what was written before it was put.
 */
#include "ring/test_rings.h"

#include "sync/test_together.h"

enum { TURNS = 3000, SPIN_TURNS = 100, ITEMS = THREADS * TURNS };

static struct ring shared;
static unsigned turns;
static uint64_t written[ITEMS]; /* plain: before the item is put */
static uint64_t seen[ITEMS];    /* plain: by who got it, alone */

static void begin(size_t maxsize, void **state)
{
    memset(written, 0, sizeof written);
    memset(seen, 0, sizeof seen);
    turns = wait_in(state) == RING_SPIN ? SPIN_TURNS : TURNS;
    test_open_ring(&shared, maxsize, 0, wait_in(state));
}

/* All that those many threads have put was got once. */
static void end(unsigned putting)
{
    for (unsigned i = 0; i < putting; i++)
        for (unsigned turn = 0; turn < turns; turn++)
            assert_int_equal(seen[i * TURNS + turn], 1);
    expect_good(&shared);
    assert_int_equal(ring_killed(&shared, RING_PUT), 0);
    assert_int_equal(ring_killed(&shared, RING_GET), 0);
    ring_close(&shared);
}

static void put_one(uint64_t number)
{
    written[number] = ~number;
    note(put_number(&shared, number, TEST_BOUND) ? __LINE__ : 0);
}

static void get_any(void)
{
    uint64_t number = 0;
    ssize_t got = ring_get(&shared, &number, sizeof number, TEST_BOUND);

    if (got != sizeof number || number >= ITEMS || written[number] != ~number)
        note(__LINE__);
    else
        seen[number]++;
}

/* --- each puts some and gets as many, whosever they are --- */

static void *puts_and_gets(void *who)
{
    uint64_t first = (uint64_t)(intptr_t)who * TURNS;

    pthread_barrier_wait(&together);
    for (uint64_t i = first; i < first + turns; i++) {
        put_one(i);
        if (ring_qsize(&shared) > THREADS)
            note(__LINE__);
        get_any();
    }
    return NULL;
}

static void threads_put_and_get_at_once(void **state)
{
    begin(0, state);
    run_all(puts_and_gets);
    end(THREADS);
}

/* --- half of them put, half get --- */

static void *puts_or_gets(void *who)
{
    uint64_t first = (uint64_t)(intptr_t)who / 2 * TURNS;

    pthread_barrier_wait(&together);
    for (uint64_t i = first; i < first + turns; i++)
        if ((intptr_t)who % 2)
            get_any();
        else
            put_one(i);
    return NULL;
}

static void threads_that_put_wait_for_those_that_get(void **state)
{
    for (size_t maxsize = 1; maxsize < 4; maxsize++) {
        begin(maxsize, state);
        run_all(puts_or_gets);
        end(THREADS / 2);
    }
}

/* --- with claims: while one has it, the others wait --- */

static unsigned within[2]; /* plain: the claim's, by enum ring_end */

static void *claims_and_releases(void *who)
{
    enum ring_end mine = (intptr_t)who % 2 ? RING_GET : RING_PUT;
    uint64_t first = (uint64_t)(intptr_t)who / 2 * TURNS;

    pthread_barrier_wait(&together);
    for (uint64_t i = first; i < first + turns; i++) {
        bool claims = i % 3 == 0;

        if (claims) {
            note(ring_claim(&shared, mine, TEST_BOUND) ? __LINE__ : 0);
            note(within[mine]++ ? __LINE__ : 0);
        }
        if (mine == RING_GET)
            get_any();
        else
            put_one(i);
        if (claims) {
            within[mine]--;
            note(ring_release(&shared, mine) ? __LINE__ : 0);
        }
        note(ring_release(&shared, mine) == -EPERM ? 0 : __LINE__);
    }
    return NULL;
}

static void a_claim_is_of_one_thread(void **state)
{
    begin(2, state);
    run_all(claims_and_releases);
    end(THREADS / 2);
}

/* --- each with rings of its own --- */

static void *opens_and_closes(void *wait)
{
    for (uint64_t i = 0; i < 100; i++) {
        struct ring r;

        if (ring_open(&r, 0, 0, (enum ring_wait)(uintptr_t)wait))
            note(__LINE__);
        note(put_number(&r, i, 0) ? __LINE__ : 0);
        note(get_number(&r, i, 0) ? __LINE__ : 0);
        ring_close(&r);
    }
    return NULL;
}

static void threads_have_rings_of_their_own(void **state)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, opens_and_closes, *state), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAITS(threads_put_and_get_at_once),
        TEST_WAITS(threads_that_put_wait_for_those_that_get),
        TEST_WAITS(a_claim_is_of_one_thread),
        TEST_WAITS(threads_have_rings_of_their_own),
    };

    mechanisms_init(argc, argv);
    start_the_first_thread();
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
