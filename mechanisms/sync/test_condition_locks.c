/* SPDX-License-Identifier: MIT */
/* test_condition_locks.c - a Condition and its lock: its own or a given one,
 * taken often, robust, handed to children. */
#include "start/test_children.h"
#include "sync/test_sharing.h"

enum { TURNS = 2000 };

/* --- a lock that was taken more than once --- */

struct shared {
    struct condition condition;
    struct lock lock;
    int expected;
};

static int notifies(void *argument)
{
    struct shared *s = argument;

    if (condition_acquire(&s->condition, TEST_BOUND))
        return test_line(__LINE__);
    if (condition_notify(&s->condition, 1))
        return test_line(__LINE__);
    return condition_release(&s->condition) ? test_line(__LINE__) : 0;
}

static void a_wait_gives_it_up_and_takes_it_as_often_again(void **state)
{
    struct shared *s = test_memory(sizeof *s);
    struct condition *c = &s->condition;
    pid_t pid;

    (void)state;
    assert_int_equal(condition_open(c, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(condition_acquire(c, 0), 0);
    pid = test_fork(notifies, s);
    assert_int_equal(condition_wait(c, TEST_BOUND), 0);
    assert_int_equal(condition_wait(c, 0), -ETIMEDOUT);
    for (int i = 0; i < 3; i++) {
        assert_true(lock_is_mine(&c->own));
        assert_int_equal(condition_release(c), 0);
    }
    assert_int_equal(condition_release(c), -EPERM);
    test_expect(pid);
    condition_close(c);
    munmap(s, sizeof *s);
}

/* --- a given lock --- */

static int waits_once(void *argument)
{
    struct shared *s = argument;

    if (condition_acquire(&s->condition, TEST_BOUND) ||
        condition_wait(&s->condition, TEST_BOUND) != s->expected ||
        !lock_is_mine(&s->lock))
        return test_line(__LINE__);
    return condition_release(&s->condition) ? test_line(__LINE__) : 0;
}

static void a_given_lock_is_the_one_that_is_held(void **state)
{
    const int kinds[] = {LOCK_PLAIN, LOCK_RECURSIVE, LOCK_ROBUST,
                         LOCK_RECURSIVE | LOCK_ROBUST};

    (void)state;
    for (size_t k = 0; k < 4; k++) {
        struct shared *s = test_memory(sizeof *s);
        pid_t pid;

        assert_int_equal(lock_open(&s->lock, (enum lock_kind)kinds[k]), 0);
        assert_int_equal(condition_open(&s->condition, &s->lock), 0);
        assert_int_equal(condition_notify(&s->condition, 1), -EPERM);
        assert_int_equal(condition_wait(&s->condition, 0), -EPERM);
        pid = test_fork(waits_once, s);
        assert_true(test_sleeps(pid, &s->condition.state->sequence));
        assert_int_equal(lock_acquire(&s->lock, TEST_BOUND), 0);
        assert_int_equal(condition_notify(&s->condition, 1), 0);
        assert_int_equal(lock_release(&s->lock), 0);
        test_expect(pid);
        condition_close(&s->condition);
        assert_int_equal(lock_acquire(&s->lock, 0), 0); /* not closed with it */
        assert_int_equal(lock_release(&s->lock), 0);
        lock_close(&s->lock);
        munmap(s, sizeof *s);
    }
}

static int notifies_and_dies(void *argument)
{
    struct shared *s = argument;

    if (condition_acquire(&s->condition, TEST_BOUND) ||
        condition_notify(&s->condition, 1))
        return test_line(__LINE__);
    raise(SIGKILL);
    return test_line(__LINE__);
}

static void a_waiter_is_told_of_a_dead_owner_and_has_the_lock(void **state)
{
    struct shared *s = test_memory(sizeof *s);
    pid_t pid;

    (void)state;
    s->expected = -EOWNERDEAD;
    assert_int_equal(lock_open(&s->lock, LOCK_ROBUST), 0);
    assert_int_equal(condition_open(&s->condition, &s->lock), 0);
    pid = test_fork(waits_once, s);
    assert_true(test_sleeps(pid, &s->condition.state->sequence));
    assert_int_equal(test_reap(test_fork(notifies_and_dies, s)), SIGKILL);
    test_expect(pid);
    assert_int_equal(lock_acquire(&s->lock, 0), 0);
    assert_int_equal(lock_release(&s->lock), 0);
    condition_close(&s->condition);
    lock_close(&s->lock);
    munmap(s, sizeof *s);
}

/* --- handed on --- */

static void hand_on(const struct condition *from, struct condition *to)
{
    struct parcel parcel;

    parcel_init(&parcel);
    assert_int_equal(condition_pack(from, &parcel), 0);
    assert_int_equal(condition_unpack(to, &parcel), 0);
    parcel_free(&parcel);
}

/* A child that was handed one with a given lock hands it on with that lock. */
static void it_is_handed_on_with_its_given_lock_as_often_as_wanted(void **state)
{
    struct condition first, second, third;
    struct lock l;

    (void)state;
    assert_int_equal(lock_open(&l, LOCK_PLAIN), 0);
    assert_int_equal(condition_open(&first, &l), 0);
    hand_on(&first, &second);
    hand_on(&second, &third);
    assert_int_equal(lock_acquire(&l, 0), 0);
    assert_int_equal(condition_acquire(&second, 0), -ETIMEDOUT);
    assert_int_equal(condition_acquire(&third, 0), -ETIMEDOUT);
    assert_int_equal(condition_release(&third), 0); /* anybody may */
    assert_int_equal(lock_release(&l), -EOVERFLOW);
    condition_close(&third);
    condition_close(&second);
    condition_close(&first);
    lock_close(&l);
}

/* A token goes to and fro: no wake may be lost, whenever it comes. */
struct token {
    volatile uint64_t at; /* whose turn it is */
};

static bool is_ours(void *argument)
{
    const struct token *t = *(struct token **)argument;

    return t->at % 2 == 1;
}

static bool is_our_parents(void *argument)
{
    return !is_ours(argument);
}

static int pass_on(struct condition *c, struct token *t,
                   bool (*ours)(void *argument))
{
    for (int i = 0; i < TURNS; i++) {
        if (condition_acquire(c, TEST_BOUND) ||
            condition_wait_for(c, ours, &t, TEST_BOUND))
            return test_line(__LINE__);
        t->at++;
        if (condition_notify(c, 1) || condition_release(c))
            return test_line(__LINE__);
    }
    return 0;
}

static int pass_the_token(struct parcel *arguments)
{
    struct condition c;
    struct region token;
    int line;

    if (condition_unpack(&c, arguments) || region_unpack(&token, arguments))
        return test_line(__LINE__);
    line = pass_on(&c, token.base, is_ours);
    condition_close(&c);
    region_close(&token);
    return line;
}
TARGET(pass_the_token)

static void pass_with_child(enum start_method method, struct condition *c)
{
    struct region token;
    struct parcel parcel;
    struct process p;

    assert_int_equal(region_open(&token, sizeof(struct token)), 0);
    parcel_init(&parcel);
    assert_int_equal(condition_pack(c, &parcel), 0);
    assert_int_equal(region_pack(&token, &parcel), 0);
    test_start(&p, method, "pass_the_token", &parcel);
    assert_int_equal(pass_on(c, token.base, is_our_parents), 0);
    assert_int_equal(test_finish(&p), 0);
    assert_int_equal(((struct token *)token.base)->at, 2 * TURNS);
    assert_int_equal(c->state->waiters, 0);
    parcel_free(&parcel);
    region_close(&token);
}

static void a_token_goes_to_and_fro_under_every_method(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct condition c;
        struct lock l;

        assert_int_equal(condition_open(&c, NULL), 0);
        pass_with_child(test_methods[m], &c);
        condition_close(&c);
        assert_int_equal(lock_open(&l, LOCK_PLAIN), 0);
        assert_int_equal(condition_open(&c, &l), 0);
        pass_with_child(test_methods[m], &c);
        condition_close(&c);
        lock_close(&l);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, children_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wait_gives_it_up_and_takes_it_as_often_again),
        TEST(a_given_lock_is_the_one_that_is_held),
        TEST(a_waiter_is_told_of_a_dead_owner_and_has_the_lock),
        TEST(it_is_handed_on_with_its_given_lock_as_often_as_wanted),
        TEST(a_token_goes_to_and_fro_under_every_method),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
