/* SPDX-License-Identifier: MIT */
/*
 * test_storm.c - somebody is killed at a random moment: a program that starts
 * processes by every method, its fork server, its tracker, or a child.
 *
 * One a trial.  Whoever was not killed must end in good order, and what the
 * killed one had named, started or opened must be gone a moment later.
 *
 *     IPCLAB_STORM_KILLS=500 IPCLAB_TEST_SEED=1 build/.../test_storm
 */
#include "start/test_children.h"

#include "common/region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum role { PARENT, SERVER, TRACKER, CHILD, ROLES };
static const char *const role_names[] = {"parent", "server", "tracker",
                                         "child"};

/* What a program shows of itself. */
struct shown {
    _Atomic pid_t pids[ROLES];
    _Atomic int line; /* where something was not as it must be */
};

static uint64_t seed;

/* splitmix64 */
static uint64_t draw(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* ---- the program that is shot at ------------------------------------------
 */

static char segment[64];

static void remove_segment(void *unused)
{
    (void)unused;
    if (shm_unlink(segment) == 0)
        tracker_unregister("shared_memory", segment);
}

static int name_something(void)
{
    static struct finalizer remove = {.run = remove_segment};
    int fd, error;

    snprintf(segment, sizeof segment, "/ipclab-storm-%d", getpid());
    error = tracker_register("shared_memory", segment);
    fd = error ? -1 : shm_open(segment, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (fd < 0)
        return -1;
    close(fd);
    finalizer_register(&remove);
    return 0;
}

/* Both of them, after each start: they may be new. */
static void show(struct shown *s, pid_t child)
{
    s->pids[TRACKER] = tracker_pid();
    s->pids[SERVER] = forkserver_pid();
    s->pids[CHILD] = child;
}

/* 0, or the line: an end that no killing explains. */
static int end_one(struct process *p, bool stays)
{
    int code = -1000;

    if (stays)
        process_terminate(p);
    if (process_join(p, 10 * SECOND) || process_exitcode(p, &code) ||
        process_close(p))
        return __LINE__;
    if (code == -SIGKILL || (code == 255 && p->method == START_FORKSERVER))
        return 0;
    return code == (stays ? -SIGTERM : 0) ? 0 : __LINE__;
}

/* Start one: 0, -1 when the server died of it, or the line. */
static int start_one(struct process *p, enum start_method method, bool stays)
{
    int error;

    process_init(p, stays ? "stay" : "do_nothing", NULL);
    p->method = method;
    error = process_start(p);
    if (error == -ECONNRESET && method == START_FORKSERVER)
        return -1;
    return error ? __LINE__ : 0;
}

/* A child that stays, and others that come and go meanwhile. */
static int some_starts(struct shown *s)
{
    struct process staying, p;
    int line = start_one(&staying, (enum start_method)(draw() % 3), true);
    bool stays = line == 0;

    for (int i = 0; i < 6 && line <= 0; i++) {
        if (stays)
            show(s, staying.pid);
        line = start_one(&p, (enum start_method)(draw() % 3), false);
        if (line)
            continue;
        show(s, p.pid);
        line = end_one(&p, false);
    }
    if (stays) {
        int last = end_one(&staying, true);

        line = line > 0 ? line : last;
    }
    return line > 0 ? line : 0;
}

static _Noreturn void program(struct shown *s)
{
    int line = 0;

    alarm(CENSUS_SECONDS);
    s->pids[PARENT] = getpid();
    if (name_something())
        line = __LINE__;
    for (int i = 0; i < 2 && !line; i++)
        line = some_starts(s);
    s->line = line;
    exit_sequence(); /* as exit(3) would, without this test's own */
    _exit(line != 0);
}

/* ---- the one who shoots ---------------------------------------------------
 */

struct tally {
    unsigned kills[ROLES], survivors, left, wrong;
};

/* Kill it if it is of that group: a pid may have gone to somebody else. */
static bool shoot(pid_t group, pid_t pid)
{
    int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    bool ours = fd >= 0 && getpgid(pid) == group;

    if (ours)
        ours = syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
    if (fd >= 0)
        close(fd);
    return ours;
}

/* Reap what becomes ours until the group is empty, for that long: 0, or how
 * many were left and had to be killed. */
static unsigned wait_for_group(pid_t group, int64_t timeout)
{
    int64_t deadline = clock_deadline(timeout);
    unsigned left = 0;

    while (kill(-group, 0) == 0) {
        if (waitpid(-group, NULL, WNOHANG) > 0)
            continue;
        if (clock_now() > deadline) {
            left++;
            kill(-group, SIGKILL);
            deadline = clock_deadline(timeout);
        }
        test_sleep_ms(1);
    }
    return left;
}

/* Entries of a folder that begin so; each is removed. */
static unsigned count_left(const char *folder, const char *prefix)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    unsigned count = 0;

    while (dir && (entry = readdir(dir)))
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            print_error("left behind: %s/%s\n", folder, entry->d_name);
            count++;
        }
    if (dir)
        closedir(dir);
    return count;
}

/* Until the program has ended: its status, or -1 after 15 s. */
static int await_program(pid_t pid)
{
    int64_t deadline = clock_deadline(15 * SECOND);
    int status;

    while (waitpid(pid, &status, WNOHANG) != pid) {
        if (clock_now() > deadline)
            return -1;
        test_sleep_ms(1);
    }
    return status;
}

static void one_trial(struct shown *s, const char *folder, struct tally *t)
{
    enum role victim = (enum role)(draw() % ROLES);
    struct timespec moment = {0, (long)(draw() % 40000000)};
    pid_t pid;
    int status;
    bool hit;

    memset(s, 0, sizeof *s);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        program(s);
    }
    setpgid(pid, pid);
    nanosleep(&moment, NULL); /* it is the subject: a moment of the seed's */
    hit = shoot(pid, victim == PARENT ? pid : s->pids[victim]);
    t->kills[victim] += hit;
    status = await_program(pid);
    if (status != 0 && !(hit && victim == PARENT && WIFSIGNALED(status) &&
                         WTERMSIG(status) == SIGKILL)) {
        print_error("a %s was killed: the program ended with %#x, line %d\n",
                    role_names[victim], (unsigned)status, s->line);
        t->wrong++;
        kill(pid, SIGKILL);
    }
    t->survivors += wait_for_group(pid, 5 * SECOND);
    t->left += count_left("/dev/shm", "ipclab-storm-");
    t->left += count_left(folder, "ipclab-");
}

static unsigned wanted_kills(void)
{
    const char *text = getenv("IPCLAB_STORM_KILLS");

    return text && atoi(text) > 0 ? (unsigned)atoi(text) : 40;
}

static void whoever_is_killed_nothing_is_left(void **state)
{
    const char *given = getenv("IPCLAB_TEST_SEED");
    unsigned wanted = wanted_kills(), kills = 0;
    char folder[] = "/tmp/ipclab-storm-XXXXXX";
    struct tally t = {.survivors = 0};
    struct region shown;
    uint64_t began;

    (void)state;
    began = seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_now();
    assert_non_null(mkdtemp(folder));
    setenv("TMPDIR", folder, 1);
    assert_int_equal(region_open(&shown, sizeof(struct shown)), 0);
    while (kills < wanted) {
        alarm(CENSUS_SECONDS + 20);
        one_trial(shown.base, folder, &t);
        kills = 0;
        for (int r = 0; r < ROLES; r++)
            kills += t.kills[r];
    }
    print_message("seed %llu: %u kills (parent %u, server %u, tracker %u, "
                  "child %u), survivors %u, left behind %u, other faults %u\n",
                  (unsigned long long)began, kills, t.kills[PARENT],
                  t.kills[SERVER], t.kills[TRACKER], t.kills[CHILD],
                  t.survivors, t.left, t.wrong);
    region_close(&shown);
    unsetenv("TMPDIR");
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(t.survivors, 0);
    assert_int_equal(t.left, 0);
    assert_int_equal(t.wrong, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whoever_is_killed_nothing_is_left,
                                        census_begin, children_end),
    };

    mechanisms_init(argc, argv);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* whoever loses its parent is ours */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
