/* SPDX-License-Identifier: MIT */
/* test_hooks.c - what runs after a fork and at a process's end, in order. */
#include "common/test_census.h"

#include "common/hooks.h"
#include "common/io.h"

#include <pthread.h>
#include <stdatomic.h>

/* What ran, a letter each. */
static char ran[32];

static void note(void *letter)
{
    size_t n = strlen(ran);

    if (n < sizeof ran - 1)
        ran[n] = *(const char *)letter;
}

static int begin(void **state)
{
    memset(ran, 0, sizeof ran);
    return census_begin(state);
}

static int end(void **state)
{
    finalizers_clear();
    return census_end(state);
}

/* In a child: 0 when exactly these ran. */
static int ran_is(void *letters)
{
    return strcmp(ran, letters) == 0 ? 0 : test_line(__LINE__);
}

static void a_bare_fork_runs_the_hooks_in_their_order(void **state)
{
    struct after_fork a = {.run = note, .argument = "a"};
    struct after_fork b = {.run = note, .argument = "b"};
    struct after_fork c = {.run = note, .argument = "c"};

    (void)state;
    after_fork_register(&a);
    after_fork_register(&b);
    after_fork_register(&c);
    after_fork_register(&a); /* again: it keeps its place, and runs once */
    test_expect_in_fork(ran_is, "abc");
    assert_string_equal(ran, "");
    after_fork_cancel(&b);
    after_fork_cancel(&b);
    test_expect_in_fork(ran_is, "ac");
    after_fork_cancel(&a);
    after_fork_cancel(&c);
    test_expect_in_fork(ran_is, "");
}

static void cancel_itself(void *hook)
{
    note("x");
    after_fork_cancel(hook);
}

static int fork_again(void *letters)
{
    return ran_is(letters) ? test_line(__LINE__)
                           : WEXITSTATUS(test_in_fork(ran_is, "xyy"));
}

/* The registry's own lock is new in the child, so a hook may use it. */
static void a_hook_may_cancel_itself(void **state)
{
    struct after_fork x = {.run = cancel_itself};
    struct after_fork y = {.run = note, .argument = "y"};

    (void)state;
    x.argument = &x;
    after_fork_register(&x);
    after_fork_register(&y);
    test_expect_in_fork(fork_again, "xy");
    after_fork_cancel(&x);
    after_fork_cancel(&y);
}

static int generation_is(void *expected)
{
    unsigned *number = expected;

    if (fork_generation() != *number)
        return test_line(__LINE__);
    if (++*number % 3 == 0)
        return 0;
    return WEXITSTATUS(test_in_fork(generation_is, number));
}

static void each_fork_counts_one_generation(void **state)
{
    unsigned here = fork_generation(), next = here + 1;

    (void)state;
    test_expect_in_fork(generation_is, &next);
    assert_int_equal(fork_generation(), here);
}

static atomic_bool stop;

static void *edit_the_lists(void *unused)
{
    struct after_fork hook = {.run = note, .argument = "-"};
    struct finalizer f = {.run = note, .argument = "-"};

    (void)unused;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        after_fork_register(&hook);
        finalizer_register(&f);
        after_fork_cancel(&hook);
        finalizer_cancel(&f);
    }
    return NULL;
}

static int use_both_lists(void *unused)
{
    struct after_fork hook = {.run = note, .argument = "-"};
    struct finalizer f = {.run = note, .argument = "f"};

    (void)unused;
    after_fork_register(&hook);
    after_fork_cancel(&hook);
    memset(ran, 0, sizeof ran);
    finalizer_register(&f);
    finalizer_call(&f);
    return ran_is("f");
}

static void a_fork_while_a_thread_edits_leaves_the_child_whole_lists(void **s)
{
    pthread_t thread;

    (void)s;
    atomic_store(&stop, false);
    assert_int_equal(pthread_create(&thread, NULL, edit_the_lists, NULL), 0);
    for (int i = 0; i < 50; i++)
        test_expect_in_fork(use_both_lists, NULL);
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
}

static void finalizers_run_by_priority_and_the_younger_first(void **state)
{
    struct finalizer f[] = {
        {.run = note, .argument = "a", .priority = 0},
        {.run = note, .argument = "b", .priority = 10},
        {.run = note, .argument = "c", .priority = 0},
        {.run = note, .argument = "d", .priority = -5},
        {.run = note, .argument = "e", .priority = 10},
        {.run = note, .argument = "f", .priority = INT_MIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof f / sizeof *f; i++)
        finalizer_register(&f[i]);
    finalizers_run(1);
    assert_string_equal(ran, "eb");
    finalizers_run(0);
    assert_string_equal(ran, "ebca");
    finalizers_run(0);
    assert_string_equal(ran, "ebca");
    finalizers_run(EVERY_PRIORITY);
    assert_string_equal(ran, "ebcadf");
    finalizers_run(EVERY_PRIORITY);
    assert_string_equal(ran, "ebcadf");
}

static void a_finalizer_runs_once(void **state)
{
    struct finalizer a = {.run = note, .argument = "a"};
    struct finalizer b = {.run = note, .argument = "b"};

    (void)state;
    finalizer_register(&a);
    finalizer_register(&b);
    finalizer_register(&a); /* again: it is the younger one now */
    finalizer_call(&b);
    finalizer_call(&b);
    assert_string_equal(ran, "b");
    finalizers_run(EVERY_PRIORITY);
    finalizer_call(&a);
    assert_string_equal(ran, "ba");
    finalizer_register(&a);
    finalizer_cancel(&a);
    finalizer_cancel(&a);
    finalizers_run(EVERY_PRIORITY);
    assert_string_equal(ran, "ba");
    finalizer_register(&a);
    finalizers_clear();
    finalizers_run(EVERY_PRIORITY);
    assert_string_equal(ran, "ba");
}

static void register_another(void *other)
{
    note("r");
    finalizer_register(other);
}

static void what_a_finalizer_registers_runs_too(void **state)
{
    struct finalizer late = {.run = note, .argument = "l", .priority = 3};
    struct finalizer low = {.run = note, .argument = "m", .priority = -1};
    struct finalizer first = {.run = register_another, .argument = &late};
    struct finalizer second = {.run = register_another, .argument = &low};

    (void)state;
    finalizer_register(&first);
    finalizer_register(&second);
    finalizers_run(0);
    assert_string_equal(ran, "rrl");
    finalizers_run(EVERY_PRIORITY);
    assert_string_equal(ran, "rrlm");
}

static int finalize_what_is_inherited(void *inherited)
{
    struct finalizer own = {.run = note, .argument = "o"};

    finalizer_call(inherited);
    finalizer_register(&own);
    finalizers_run(EVERY_PRIORITY);
    return ran_is("o");
}

static void a_forked_child_finalizes_only_its_own(void **state)
{
    struct finalizer a = {.run = note, .argument = "a"};
    struct finalizer b = {.run = note, .argument = "b"};

    (void)state;
    finalizer_register(&a);
    finalizer_register(&b);
    test_expect_in_fork(finalize_what_is_inherited, &a);
    finalizers_run(EVERY_PRIORITY);
    assert_string_equal(ran, "ba");
}

/* How a process ends, observed through a pipe that it leaves letters in. */
static int letters_out;

static void tell(void *letter)
{
    write_full(letters_out, letter, 1);
}

static void tell_children(void)
{
    tell("|");
}

static int end_by(void *how)
{
    static struct finalizer f[] = {
        {.run = tell, .argument = "a", .priority = -100},
        {.run = tell, .argument = "b", .priority = 0},
        {.run = tell, .argument = "c", .priority = 15},
        {.run = tell, .argument = "d", .priority = -5},
    };

    exit_sequence_children(tell_children);
    for (size_t i = 0; i < sizeof f / sizeof *f; i++)
        finalizer_register(&f[i]);
    if (strcmp(how, "exit") == 0)
        exit(0);
    if (strcmp(how, "init twice") == 0) {
        mechanisms_init(0, NULL);
        exit(0);
    }
    if (strcmp(how, "signal") == 0)
        raise(SIGKILL);
    return 0; /* and so _exit */
}

static void expect_letters(char *how, int status, const char *letters)
{
    char got[16] = "";
    int ends[2];

    assert_int_equal(fd_pipe(ends), 0);
    letters_out = ends[1];
    assert_int_equal(test_in_fork(end_by, how), status);
    close(ends[1]);
    assert_true(read_full(ends[0], got, sizeof got - 1) >= 0);
    assert_string_equal(got, letters);
    close(ends[0]);
}

static void exit_runs_the_sequence_around_the_children(void **state)
{
    (void)state;
    expect_letters("exit", 0, "cb|da");
    expect_letters("init twice", 0, "cb|da");
}

static void neither_exit_without_hooks_nor_a_signal_runs_it(void **state)
{
    (void)state;
    expect_letters("_exit", 0, "");
    expect_letters("signal", SIGKILL, "");
}

static void turn_off(int argc, char **argv)
{
    if (argc == 1 && strcmp(argv[0], "turn off") == 0)
        _exit(0);
}

static int is_turned_off(void *unused)
{
    char text[] = "turn off", *argv[] = {text, NULL};

    (void)unused;
    mechanisms_at_init(&(struct at_init){.run = turn_off});
    mechanisms_init(0, argv);
    mechanisms_init(1, argv);
    return test_line(__LINE__);
}

static void init_turns_off_where_it_is_told_to(void **state)
{
    struct sigaction now;

    (void)state;
    test_expect_in_fork(is_turned_off, NULL);
    assert_int_equal(sigaction(SIGPIPE, NULL, &now), 0);
    assert_true(now.sa_handler == SIG_IGN);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_bare_fork_runs_the_hooks_in_their_order, begin, end),
        cmocka_unit_test_setup_teardown(a_hook_may_cancel_itself, begin, end),
        cmocka_unit_test_setup_teardown(each_fork_counts_one_generation, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            a_fork_while_a_thread_edits_leaves_the_child_whole_lists, begin,
            end),
        cmocka_unit_test_setup_teardown(
            finalizers_run_by_priority_and_the_younger_first, begin, end),
        cmocka_unit_test_setup_teardown(a_finalizer_runs_once, begin, end),
        cmocka_unit_test_setup_teardown(what_a_finalizer_registers_runs_too,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_forked_child_finalizes_only_its_own,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            exit_runs_the_sequence_around_the_children, begin, end),
        cmocka_unit_test_setup_teardown(
            neither_exit_without_hooks_nor_a_signal_runs_it, begin, end),
        cmocka_unit_test_setup_teardown(init_turns_off_where_it_is_told_to,
                                        begin, end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
