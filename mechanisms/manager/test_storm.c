/* SPDX-License-Identifier: MIT */
/*
 * test_storm.c - clients of a manager are killed, one after the other, at
 * random moments: while they make objects, nest them, call them, put, get,
 * lock, and come and go.
 *
 * The server must go on.  In the end no lock is taken, and the server has the
 * objects, descriptors and threads that it had at first.  No item of the queue
 * may arrive twice; what was put and did not arrive must have been in the hands
 * of one that was killed, got and not yet noted.
 *
 *     IPCLAB_STORM_KILLS=1000 IPCLAB_TEST_SEED=1 build/.../manager/test_storm
 */
#include "manager/test_proxies.h"

#include <dirent.h>
#include <fcntl.h>

enum { USERS = 4, ITEMS = 1 << 20 };

/* What of an item is known. */
enum { BEGUN = 1, PUT = 2, ARRIVED = 4, TWICE = 8 };

struct ledger {
    _Atomic bool stop;
    _Atomic int line; /* where somebody found something wrong */
    _Atomic uint32_t next, steps;
    _Atomic unsigned char items[ITEMS];
};

struct storm {
    struct ledger *ledger;
    struct manager manager;
    struct proxy queue, lock, list;
    pid_t users[USERS];
    uint64_t seed;
};

/* --- those that are shot at --- */

static int put(struct storm *s)
{
    uint32_t n = atomic_fetch_add(&s->ledger->next, 1);
    int error;

    if (n >= ITEMS)
        return 0;
    atomic_fetch_or(&s->ledger->items[n], BEGUN);
    error = proxy_do(&s->queue, "put", "i", (int64_t)n);
    if (!error)
        atomic_fetch_or(&s->ledger->items[n], PUT);
    return error;
}

static void note(struct ledger *l, const struct datum *item)
{
    int64_t n = -1;

    if (datum_to_int(item, &n) || n < 0 || n >= ITEMS)
        atomic_store(&l->line, __LINE__);
    else if (atomic_fetch_or(&l->items[n], ARRIVED) & ARRIVED)
        atomic_fetch_or(&l->items[n], TWICE);
}

/* Empty is no error. */
static int get(struct storm *s)
{
    struct datum item;
    int error = proxy_call(&s->queue, &item, "get", "bd", true, 0.01);

    if (!error)
        note(s->ledger, &item);
    datum_drop(&item);
    return error == -EREMOTEIO ? 0 : error;
}

/* Nobody else has it meanwhile, be it that the dead are still seen to. */
static int lock(struct storm *s)
{
    int error = proxy_do(&s->lock, "acquire", "");

    if (!error)
        error = proxy_do(&s->list, "append", "i", (int64_t)getpid());
    if (!error)
        error = proxy_do(&s->list, "pop", "");
    return error ? error : proxy_do(&s->lock, "release", "");
}

/* Two objects, one within the other and within what all have. */
static int nest(struct storm *s)
{
    struct proxy outer, inner;
    int error = manager_create(&s->manager, &outer, "list", "");

    if (error)
        return error;
    error = manager_create(&s->manager, &inner, "dict", "");
    if (!error) {
        error = proxy_do(&outer, "append", "O", proxy_datum(&inner));
        if (!error)
            error = proxy_do(&inner, "__setitem__", "sO", "x",
                             proxy_datum(&s->queue));
        proxy_close(&inner);
    }
    if (!error)
        error = proxy_do(&outer, "__len__", "");
    proxy_close(&outer);
    return error;
}

/* Whoever is killed, the others go on: no call fails. */
static int be_a_user(void *argument)
{
    struct storm *s = argument;
    int error = 0;

    s->seed ^= (uint64_t)getpid() << 32;
    while (!atomic_load(&s->ledger->stop) && !error) {
        switch (test_mix(&s->seed) % 4) {
        case 0:
            error = put(s);
            break;
        case 1:
            error = get(s);
            break;
        case 2:
            error = lock(s);
            break;
        default:
            error = nest(s);
        }
        atomic_fetch_add(&s->ledger->steps, 1);
    }
    if (error)
        atomic_store(&s->ledger->line, __LINE__);
    exit_sequence();
    return error ? test_line(__LINE__) : 0;
}

/* --- the one who shoots --- */

static unsigned wanted_kills(void)
{
    const char *given = getenv("IPCLAB_STORM_KILLS");

    return given ? (unsigned)strtoul(given, NULL, 10) : 150;
}

/* Up to 8 ms, so that it comes at any point of some calls. */
static void wait_a_moment(void)
{
    int64_t until = clock_now() + (int64_t)(test_mix(&test_seed) % 8000000);

    while (clock_now() < until)
        sched_yield();
}

static void shoot(struct storm *s, unsigned kills)
{
    for (size_t i = 0; i < USERS; i++)
        s->users[i] = test_fork(be_a_user, s);
    for (; kills > 0; kills--) {
        size_t i = test_mix(&test_seed) % USERS;

        alarm(CENSUS_SECONDS);
        wait_a_moment();
        test_kill(s->users[i]);
        assert_int_equal(atomic_load(&s->ledger->line), 0);
        s->seed = test_mix(&test_seed);
        s->users[i] = test_fork(be_a_user, s);
    }
    atomic_store(&s->ledger->stop, true);
    for (size_t i = 0; i < USERS; i++)
        test_expect(s->users[i]);
}

struct counts {
    unsigned descriptors, threads;
};

static struct counts count(const struct manager *m)
{
    char path[64];
    struct counts c;

    snprintf(path, sizeof path, "/proc/%d/fd", m->process.pid);
    c.descriptors = count_entries(path);
    snprintf(path, sizeof path, "/proc/%d/task", m->process.pid);
    c.threads = count_entries(path);
    return c;
}

static void expect_counts(const struct manager *m, struct counts expected)
{
    int64_t deadline = clock_deadline(TEST_BOUND);
    struct counts now = count(m);

    while ((now.descriptors != expected.descriptors ||
            now.threads != expected.threads) &&
           clock_now() < deadline) {
        test_sleep_ms(1);
        now = count(m);
    }
    assert_int_equal(now.descriptors, expected.descriptors);
    assert_int_equal(now.threads, expected.threads);
}

/* Has the server both descriptors by which it watches for our end: as that of
 * its parent, and of a client? */
static bool watches_us(const struct manager *m)
{
    char path[64], line[80];
    unsigned found = 0;
    DIR *folder;

    snprintf(path, sizeof path, "/proc/%d/fdinfo", m->process.pid);
    folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
        int fd = openat(dirfd(folder), e->d_name, O_RDONLY | O_CLOEXEC);
        FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
        int pid;

        while (file && fgets(line, sizeof line, file))
            found += sscanf(line, "Pid: %d", &pid) == 1 && pid == getpid();
        if (file)
            fclose(file);
    }
    closedir(folder);
    return found == 2;
}

/* What it has when one client is connected, and those connections have ended by
 * which that made its objects: its own thread, and the client's. */
static struct counts at_rest(const struct manager *m)
{
    enum { THREADS = 2 };
    int64_t deadline = clock_deadline(TEST_BOUND);

    while ((count(m).threads != THREADS || !watches_us(m)) &&
           clock_now() < deadline)
        test_sleep_ms(1);
    assert_int_equal(count(m).threads, THREADS);
    assert_true(watches_us(m));
    return count(m);
}

/* All that is left is got, and what was not is counted. */
static void settle(struct storm *s, unsigned kills)
{
    struct datum item;
    unsigned put = 0, arrived = 0, twice = 0, lost = 0;
    int error;

    while ((error = proxy_call(&s->queue, &item, "get_nowait", "")) == 0)
        note(s->ledger, &item);
    assert_int_equal(error, -EREMOTEIO);
    datum_drop(&item);
    for (size_t i = 0; i < ITEMS; i++) {
        unsigned char known = s->ledger->items[i];

        put += (known & PUT) != 0;
        arrived += (known & ARRIVED) != 0;
        twice += (known & TWICE) != 0;
        lost += (known & (PUT | ARRIVED)) == PUT;
    }
    print_message("%u kills, %u steps: %u put, %u arrived, %u in the hands of "
                  "the killed\n",
                  kills, (unsigned)s->ledger->steps, put, arrived, lost);
    assert_int_equal(s->ledger->line, 0);
    assert_int_equal(twice, 0);
    assert_in_range(lost, 0, kills);
}

static void the_killed_leave_nothing(void **state)
{
    const struct manager_options options = {.release = true};
    const unsigned kills = wanted_kills();
    struct storm s = {.ledger = test_memory(sizeof *s.ledger)};
    struct counts before;

    (void)state;
    assert_int_equal(manager_start(&s.manager, START_FORK, &options), 0);
    s.queue = test_create(&s.manager, "Queue");
    s.lock = test_create(&s.manager, "Lock");
    s.list = test_create(&s.manager, "list");
    assert_int_equal(proxy_do(&s.list, "__len__", ""), 0);
    before = at_rest(&s.manager);
    s.seed = test_mix(&test_seed);
    shoot(&s, kills);
    test_expect_objects(&s.manager, 0, 3);
    expect_counts(&s.manager, before);
    assert_string_equal(test_call(&s.lock, "acquire", "bi", true, INT64_C(5)),
                        "True");
    settle(&s, kills);
    proxy_close(&s.queue);
    proxy_close(&s.lock);
    proxy_close(&s.list);
    assert_int_equal(test_objects(&s.manager, 0), 0);
    manager_close(&s.manager);
    munmap(s.ledger, sizeof *s.ledger);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_killed_leave_nothing, census_begin,
                                        children_end),
    };

    mechanisms_init(argc, argv);
    test_take_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
