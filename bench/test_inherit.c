/* SPDX-License-Identifier: MIT */
/*
 * test_inherit.c - the decisive facts of each start method, and that a state
 * that is not what it should be is told as different.
 */
#include "test_inherit.h"

#include "images.h"

#include <sys/resource.h>
#include <sys/stat.h>

/* Made once, by the first test; those after it look at it. */
static struct inheritance whole_run;

/* One row: what fork, spawn and the fork server say. */
static void expect(const struct inheritance *i, const char *key,
                   const char *fork, const char *spawn, const char *server)
{
    const char *const expected[METHODS] = {fork, spawn, server};

    for (int method = 0; method < METHODS; method++) {
        const char *got = word(i, key, (enum start_method)method);

        if (strcmp(got, expected[method]) != 0)
            fail_msg("%s, %s: '%s', not '%s'", key, start_method_names[method],
                     got, expected[method]);
    }
}

/* The same in all three. */
static void expect_each(const struct inheritance *i, const char *key,
                        const char *all)
{
    expect(i, key, all, all, all);
}

/* The parent changed it: who asks the kernel has it, who asks the server has
 * what that had; unless this machine has no two values of it. */
static void expect_older(const char *key)
{
    if (inherit_compare(&whole_run, row_of(key), START_FORK).why)
        print_message("%s: cannot be changed here\n", key);
    else
        expect(&whole_run, key, "the parent's", "the parent's", "the server's");
}

/* --- what a run finds --- */

static void a_run_leaves_its_caller_as_it_was(void **state)
{
    static struct facts before, after;

    (void)state;
    facts_measure(&before);
    assert_int_equal(inherit_run(&whole_run), 0);
    facts_measure(&after);
    assert_int_equal(whole_run.left, 0);
    /* It has grown by the memory of the test. */
    after.resident = before.resident;
    assert_memory_equal(&after, &before, sizeof after);
    assert_int_equal(process_active_children(NULL, 0), 0);
    assert_int_equal(forkserver_pid(), 0);
    assert_int_equal(tracker_pid(), 0);
    for (int method = 0; method < METHODS; method++) {
        assert_int_equal(whole_run.child[method].begun, 0);
        assert_int_equal(whole_run.child[method].told, 1);
        assert_int_equal(whole_run.child[method].code, 0);
    }
}

static void memory_is_copied_by_fork_alone(void **state)
{
    (void)state;
    expect(&whole_run, "global", "copied", "as linked", "the server's");
    expect(&whole_run, "heap", "copied", "none", "the server's");
    if (!scenario_sanitizer()) /* which has memory and a thread of its own */
        expect(&whole_run, "resident", "as much", "under a tenth",
               "under a tenth");
}

static void threads_are_not_copied_but_their_locks_are(void **state)
{
    (void)state;
    expect(&whole_run, "lock", "taken", "free", "free");
    if (!scenario_sanitizer())
        expect(&whole_run, "threads", "1 of 4", "1, its own", "1, server's");
}

static void descriptors_are_inherited_by_fork_alone(void **state)
{
    (void)state;
    expect(&whole_run, "probes", "12 of 12", "none", "none");
    /* The tracker's pipe and the sentinel; the server's two ways; a pidfd. */
    expect(&whole_run, "more", "4", "2", "4");
    expect(&whole_run, "offset", "shared", "not there", "not there");
    expect_each(&whole_run, "handed", "shared");
    expect_each(&whole_run, "stdin", "nothing");
}

static void a_port_is_kept_by_a_forked_child(void **state)
{
    (void)state;
    if (whole_run.no_listener) {
        print_message("no TCP here: %s\n", strerror(-whole_run.no_listener));
        skip();
    }
    expect(&whole_run, "accepts", "yes", "no", "no");
    expect(&whole_run, "keeps", "yes", "no", "no");
}

static void what_the_server_took_it_keeps(void **state)
{
    (void)state;
    expect_each(&whole_run, "early", "the same");
    expect_older("late");
    expect_older("nice");
    expect_older("limit");
    expect_older("umask");
    expect_older("affinity");
    expect_older("group");
    expect_older("session");
    expect(&whole_run, "handler", "handled", "default", "default");
    expect(&whole_run, "ignored", "ignored", "ignored", "default");
}

static void what_is_sent_along_is_the_parents(void **state)
{
    (void)state;
    expect_each(&whole_run, "directory", "the parent's");
    expect_each(&whole_run, "mask", "the parent's");
    expect_each(&whole_run, "authkey", "the same");
    expect_each(&whole_run, "parent", "the parent");
    expect(&whole_run, "getppid", "the parent", "the parent", "the server");
    expect(&whole_run, "name", "Process-1", "Process-2", "Process-3");
}

/* The programs beside build/ipclab, which is what the verb uses. */
static void the_small_images_find_the_same(void **state)
{
    static struct inheritance small;
    static char worker[PATH_MAX], server[PATH_MAX];
    char self[PATH_MAX] = "";
    char *end;

    (void)state;
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    for (int i = 0; i < 2 && (end = strrchr(self, '/')); i++)
        *end = '\0';
    snprintf(worker, sizeof worker, "%.4000s/worker", self);
    snprintf(server, sizeof server, "%.4000s/forkserver", self);
    if (process_set_executable(worker) < 0 ||
        forkserver_set_executable(server) < 0) {
        print_message("%s is not built\n", worker);
        images_use_own();
        skip();
    }
    assert_int_equal(inherit_run(&small), 0);
    images_use_own();
    for (const struct inherit_row *row = inherit_rows; row->name; row++) {
        if (scenario_sanitizer() && (strcmp(row->key, "resident") == 0 ||
                                     strcmp(row->key, "threads") == 0))
            continue;
        expect(&small, row->key, word(&whole_run, row->key, START_FORK),
               word(&whole_run, row->key, START_SPAWN),
               word(&whole_run, row->key, START_FORKSERVER));
    }
}

/* --- what is compared can be told apart --- */

/* A parent that is changed without a server and children. */
static int change(void *argument)
{
    struct facts *facts = argument;

    if (inherit_prepare())
        return test_line(__LINE__);
    facts_measure(&facts[0]);
    if (inherit_change())
        return test_line(__LINE__);
    facts_measure(&facts[1]);
    _exit(0);
}

static void everything_compared_is_changed(void **state)
{
    static struct inheritance changed;
    struct region shared;
    const struct facts *facts;

    (void)state;
    assert_int_equal(region_open(&shared, 2 * sizeof *facts), 0);
    facts = shared.base;
    test_expect_in_fork(change, shared.base);
    changed.before = facts[0];
    changed.now = facts[1];
    region_close(&shared);
    changed.child[START_SPAWN].told = 1;
    changed.child[START_SPAWN].facts = changed.before;
    for (const struct inherit_row *row = inherit_rows; row->name; row++) {
        struct inherit_cell cell = inherit_compare(&changed, row, START_SPAWN);

        if (row->compare || (cell.why && (strcmp(row->key, "nice") == 0 ||
                                          strcmp(row->key, "affinity") == 0)))
            continue;
        if (strcmp(cell.text, "an older one") != 0)
            fail_msg("%s was not changed: '%s'", row->key, cell.text);
    }
    assert_int_equal(changed.before.lock_taken, 0);
    assert_int_equal(changed.now.lock_taken, 1);
    assert_int_equal(changed.now.global, BY_PARENT);
    assert_int_equal(changed.before.handler, IS_DEFAULT);
    assert_int_equal(changed.now.handler, IS_HANDLED);
    assert_int_equal(changed.before.ignored, IS_DEFAULT);
    assert_int_equal(changed.now.ignored, IS_IGNORED);
}

/* A child that has what neither the parent has nor the server. */
static void spoil(struct inherited *c, const struct facts *parent)
{
    struct facts *f = &c->facts;

    f->global = f->thread = BY_LINKER;
    f->heap = BY_NOBODY;
    f->lock_taken = 0;
    f->resident = parent->resident / 2;
    f->umask = 0777;
    f->directory[1] = '?';
    f->mask = 1;
    f->handler = IS_DEFAULT;
    f->getppid = f->parent = 1;
    f->early[0] = f->name[0] = '\0';
    f->authkey[0] ^= 1;
    c->probes = 11;
    c->offset = c->handed = c->accepts = c->keeps = 0;
    c->input = 6;
}

static void a_wrong_state_is_told_as_different(void **state)
{
    static const char *const different[][2] = {
        {"global", "as linked"},  {"heap", "none"},
        {"lock", "free"},         {"umask", "its own"},
        {"directory", "its own"}, {"mask", "its own"},
        {"handler", "default"},   {"getppid", "another"},
        {"parent", "another"},    {"early", "none"},
        {"authkey", "another"},   {"name", "another"},
        {"probes", "11 of 12"},   {"offset", "its own"},
        {"handed", "its own"},    {"stdin", "the parent's"},
    };
    static struct inheritance wrong;
    struct inherited *c = &wrong.child[START_FORK];

    (void)state;
    wrong = whole_run;
    spoil(c, &whole_run.now);
    for (size_t n = 0; n < sizeof different / sizeof *different; n++)
        assert_string_equal(word(&wrong, different[n][0], START_FORK),
                            different[n][1]);
    assert_non_null(strstr(word(&wrong, "threads", START_FORK), ", its own"));
    assert_non_null(strstr(word(&wrong, "resident", START_FORK), " % of it"));
    c->facts.umask = wrong.before.umask;
    assert_string_equal(word(&wrong, "umask", START_FORK), "an older one");
}

static void expect_unknown(const struct inheritance *i, const char *key,
                           enum start_method method)
{
    struct inherit_cell cell = inherit_compare(i, row_of(key), method);

    assert_string_equal(cell.text, "not measurable");
    assert_non_null(cell.why);
}

static void what_cannot_be_measured_is_said_and_not_guessed(void **state)
{
    static struct inheritance poor;

    (void)state;
    poor = whole_run;
    poor.before.affinity = poor.now.affinity; /* one processor */
    poor.no_listener = -EADDRNOTAVAIL;
    poor.child[START_FORK].facts.threads = -1; /* no /proc */
    poor.child[START_FORK].facts.fds = -1;
    poor.child[START_FORK].input = -EBADF;
    expect_unknown(&poor, "affinity", START_FORKSERVER);
    expect_unknown(&poor, "accepts", START_FORK);
    expect_unknown(&poor, "keeps", START_SPAWN);
    expect_unknown(&poor, "threads", START_FORK);
    expect_unknown(&poor, "probes", START_FORK);
    expect_unknown(&poor, "more", START_FORK);
    expect_unknown(&poor, "stdin", START_FORK);
    poor.child[START_SPAWN].told = 0;
    poor.child[START_FORKSERVER].begun = -EAGAIN;
    for (const struct inherit_row *row = inherit_rows; row->name; row++) {
        expect_unknown(&poor, row->key, START_SPAWN);
        expect_unknown(&poor, row->key, START_FORKSERVER);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_leaves_its_caller_as_it_was,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(memory_is_copied_by_fork_alone,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            threads_are_not_copied_but_their_locks_are, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(descriptors_are_inherited_by_fork_alone,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_port_is_kept_by_a_forked_child,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(what_the_server_took_it_keeps,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(what_is_sent_along_is_the_parents,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(the_small_images_find_the_same,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(everything_compared_is_changed,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_wrong_state_is_told_as_different,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            what_cannot_be_measured_is_said_and_not_guessed, census_begin,
            children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
