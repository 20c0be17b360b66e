/* SPDX-License-Identifier: MIT */
/*
 * hazards_leak.c - a segment's maker is killed, and its name stays.
 *
 * A name in /dev/shm holds its memory as a name in any folder holds a file: for
 * ever, or until the machine is started again.  Who is killed removes nothing.
 */
#include "shm/hazards.h"

#include "common/tracker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>

enum { CURE_TRACKER = 1, CURE_NAMELESS, CURE_UNLINK };
enum { WORD = 4711, SIZE = 1 << 16 };

/* What the maker tells: the descriptor that it has, and who its tracker is. */
struct made {
    int fd;
    pid_t tracker;
};

static struct array nameless;
static int made_it[2], attached[2];

/* --- processes that are no children --- */

int open_process(pid_t process)
{
    int fd = process ? (int)syscall(SYS_pidfd_open, process, 0) : -1;

    return fd < 0 && process && errno != ESRCH ? -errno : fd;
}

int wait_until_gone(int *process)
{
    struct pollfd ended = {*process, POLLIN, 0};
    int ready = *process < 0 ? 1 : poll(&ended, 1, 5000);

    fd_close(process);
    return ready == 1 ? 0 : -ETIMEDOUT;
}

/* --- the maker --- */

/* region: leaked-segment */
/* As it is done without a tracker. */
static int make_bare(const char *name)
{
    int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    int64_t *memory;

    if (fd < 0 || ftruncate(fd, SIZE) < 0)
        return -errno;
    memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return -errno;
    *memory = WORD;
    return fd;
}
/* end: leaked-segment */

/* region: leaked-segment-cures */
/* The tracker is told before the name is there, and outlives us. */
static int make_tracked(const char *name)
{
    struct shared_memory m;
    int error = shared_memory_create(&m, name, SIZE);

    if (!error)
        *(int64_t *)m.buf = WORD;
    return error ? error : m.fd;
}

/* An Array has no name: it was made before the fork, and handed on. */
static int fill_nameless(void)
{
    const int64_t word = WORD;

    return array_set(&nameless, 0, &word);
}
/* end: leaked-segment-cures */

static _Noreturn void be_maker(const char *name, int cure)
{
    struct made m = {.fd = cure == CURE_TRACKER    ? make_tracked(name)
                           : cure == CURE_NAMELESS ? fill_nameless()
                                                   : make_bare(name)};

    if (m.fd < 0)
        _exit(-m.fd);
    m.tracker = tracker_pid();
    write_full(made_it[1], &m, sizeof m);
    if (cure == CURE_UNLINK && hear(attached[0]) == 0) {
        shm_unlink(name); /* both have it: nobody needs the name */
        write_full(made_it[1], &m, sizeof m);
    }
    for (;;)
        pause(); /* it is killed here */
}

/* --- the other one --- */

static int hear_maker(struct made *m)
{
    return read_full(made_it[0], m, sizeof *m) == sizeof *m ? 0 : -EPIPE;
}

/* Have what the maker has made: 0 or -errno. */
static int attach(struct shared_memory *m, const char *name, int cure)
{
    struct made again;
    int error = shared_memory_attach(m, name);

    if (!error && cure == CURE_UNLINK) {
        error = say(attached[1]);
        if (!error)
            error = hear_maker(&again);
    }
    return error;
}

/* The word, of memory that the dead has written; or -errno. */
static int64_t use_it(struct shared_memory *m, int cure)
{
    int64_t word = -1;

    if (cure == CURE_NAMELESS)
        array_get(&nameless, 0, &word);
    else
        word = *(int64_t *)m->buf;
    return word;
}

/* Dead, and not reaped: everybody can see its zombie. */
static int kill_maker(pid_t maker)
{
    siginfo_t ended;

    if (kill(maker, SIGKILL) < 0 ||
        waitid(P_PID, (id_t)maker, &ended, WEXITED | WNOWAIT) < 0)
        return -errno;
    return 0;
}

static int prepare(struct witness *w)
{
    int error = array_open(&nameless, 'q', 1);

    witness_expect(w, WORD);
    witness_segment(w, "orphan");
    if (!error)
        error = fd_pipe(made_it);
    return error ? error : fd_pipe(attached);
}

/* The maker has made it, and we use it when it has been killed. */
static int64_t outlive(struct witness *w, pid_t maker, const char *name,
                       int cure)
{
    struct shared_memory m = {.fd = -1};
    struct made made;
    int error = hear_maker(&made), tracker = -1;
    int64_t word = 0;

    if (!error) {
        witness_victim(w, maker);
        witness_fd(w, name, made.fd);
        witness_show(w, 2);
        tracker = open_process(made.tracker);
    }
    if (!error && cure != CURE_NAMELESS)
        error = attach(&m, name, cure);
    if (!error)
        error = kill_maker(maker);
    if (!error)
        word = use_it(&m, cure);
    shared_memory_close(&m);
    if (!error)
        error = wait_until_gone(&tracker);
    witness_show(w, 3);
    return error ? error : word;
}

int leaked_segment(struct witness *w, int cure)
{
    char name[sizeof w->name];
    int error = prepare(w);
    int64_t word;
    pid_t maker;

    if (error)
        return error;
    memcpy(name, w->name, sizeof name);
    witness_show(w, 1); /* there is no such name */
    maker = fork();
    if (maker == 0)
        be_maker(name, cure);
    fd_close(&made_it[1]);
    word = maker < 0 ? -ECHILD : outlive(w, maker, name, cure);
    if (word < 0 || wait_for(maker) != -ECANCELED)
        return word < 0 ? (int)word : -ECHILD;
    array_close(&nameless);
    witness_got(w, word);
    return 0;
}
