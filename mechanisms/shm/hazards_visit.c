/* SPDX-License-Identifier: MIT */
/*
 * hazards_visit.c - a visitor's tracker removes the name of another's segment.
 *
 * A tracker removes what its program has left.  Python, before 3.13, tells it
 * of a segment also when it was only attached to: so whoever looks at another
 * program's segment, and ends, takes its name away.  Who has it mapped goes on;
 * the next to attach finds nothing (gh-82300).
 */
#include "shm/hazards.h"

#include "common/fds.h"
#include "common/tracker.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

enum { CURE_SILENT = 1, CURE_UNREGISTER, CURE_DESCRIPTOR };
enum { WORD = 4711, SIZE = 4096, VISITORS = 2 };

/* A visitor is a program of its own: it is started before the owner has a
 * tracker, and so has another. */
struct visitor {
    pid_t process;
    int line; /* a socket to it */
};

static int full[2];

/* --- a visitor --- */

/* region: tracker-unlinks-anothers */
/* SharedMemory(name), as Python did it until 3.12. */
static int attach_as_python(struct shared_memory *m, const char *name)
{
    char path[NAME_MAX + 2];
    int error = shared_memory_attach(m, name);

    snprintf(path, sizeof path, "/%s", name);
    return error ? error : tracker_register("shared_memory", path);
}
/* end: tracker-unlinks-anothers */

/* region: tracker-unlinks-anothers-cures */
/* As Python's users have helped themselves: what was told is taken back. */
static int attach_and_unregister(struct shared_memory *m, const char *name)
{
    char path[NAME_MAX + 2];
    int error = attach_as_python(m, name);

    snprintf(path, sizeof path, "/%s", name);
    return error ? error : tracker_unregister("shared_memory", path);
}

/* The owner hands a descriptor over, and nobody needs a name. */
static int attach_to_descriptor(struct shared_memory *m, int line)
{
    int error = fds_receive_handles(line, &m->fd, 1);

    if (error)
        return error;
    m->size = SIZE;
    m->buf = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
    return m->buf == MAP_FAILED ? -errno : 0;
}
/* end: tracker-unlinks-anothers-cures */

static int attach(struct shared_memory *m, const char *name, int line, int cure)
{
    return cure == CURE_SILENT       ? shared_memory_attach(m, name)
           : cure == CURE_UNREGISTER ? attach_and_unregister(m, name)
           : cure == CURE_DESCRIPTOR ? attach_to_descriptor(m, line)
                                     : attach_as_python(m, name);
}

/* Comes when it is told, looks, tells who its tracker is, and goes. */
static _Noreturn void visit(struct witness *w, const char *name, int line,
                            int cure)
{
    struct shared_memory m = {.fd = -1};
    pid_t tracker;
    int error = hear(line);
    bool right;

    if (!error)
        error = attach(&m, name, line, cure);
    if (error)
        _exit(-error);
    right = *(int64_t *)m.buf == WORD;
    tracker = tracker_pid();
    if (!cure) {
        witness_holder(w, getpid());
        witness_child(w, tracker);
        witness_show(w, 1);
    }
    write_full(line, &tracker, sizeof tracker);
    hear(line);
    shared_memory_close(&m);
    _exit(right ? 0 : EILSEQ);
}

/* --- the owner --- */

/* A pipe that is full.  Where that is a visitor's stderr it is its tracker's
 * too, and that, before it removes anything, says so: there it can be seen. */
static int fill_pipe(void)
{
    static const char page[4096];
    int error = fd_pipe(full);

    if (error)
        return error;
    fcntl(full[1], F_SETPIPE_SZ, (int)sizeof page);
    fcntl(full[1], F_SETFL, O_NONBLOCK);
    while (write(full[1], page, sizeof page) > 0)
        ;
    return fcntl(full[1], F_SETFL, 0) < 0 ? -errno : 0;
}

static int start_visitor(struct witness *w, struct visitor *v, const char *name,
                         int cure)
{
    int line[2], error = fd_socket_pair(line);

    if (error)
        return error;
    v->process = fork();
    if (v->process == 0) {
        fd_close(&line[0]);
        if (!cure)
            dup2(full[1], STDERR_FILENO);
        visit(w, name, line[1], cure);
    }
    fd_close(&line[1]);
    v->line = line[0];
    return v->process < 0 ? -errno : 0;
}

/* Let it come, and go, and its tracker end: was it there, and saw the word? */
static bool receive(struct witness *w, struct visitor *v,
                    const struct shared_memory *m, int cure)
{
    pid_t tracker = 0;
    siginfo_t ended;
    int error = say(v->line), process;

    if (!error && cure == CURE_DESCRIPTOR)
        error = fds_send_handles(v->line, &m->fd, 1);
    if (!error &&
        read_full(v->line, &tracker, sizeof tracker) != sizeof tracker)
        tracker = 0; /* it found nothing */
    process = open_process(tracker);
    say(v->line); /* it may go; its sibling has this end too */
    fd_close(&v->line);
    if (!cure && waitid(P_PID, (id_t)v->process, &ended, WEXITED | WNOWAIT) < 0)
        error = -ECHILD;
    witness_show(w, 2); /* it has ended, and we sleep until all is seen */
    if (!error)
        error = wait_until_gone(&process);
    return wait_for(v->process) == 0 && !error;
}

static int end(struct shared_memory *m, int cure)
{
    int error = cure == CURE_DESCRIPTOR ? 0 : shared_memory_unlink(m);

    shared_memory_close(m);
    return error ? error : leave_nobody();
}

int tracker_unlinks_anothers(struct witness *w, int cure)
{
    struct visitor visitors[VISITORS];
    char name[sizeof w->name];
    struct shared_memory m;
    int64_t count = 0;
    int error = cure ? 0 : fill_pipe();

    witness_expect(w, VISITORS);
    witness_segment(w, "shared");
    memcpy(name, w->name, sizeof name);
    for (int k = 0; k < VISITORS && !error; k++)
        error = start_visitor(w, &visitors[k], name, cure);
    if (!error)
        error = shared_memory_create(&m, name, SIZE);
    if (error)
        return error;
    *(int64_t *)m.buf = WORD;
    witness_victim(w, getpid());
    witness_fd(w, name, m.fd);
    if (cure == CURE_DESCRIPTOR)
        error = shared_memory_unlink(&m);
    for (int k = 0; k < VISITORS; k++)
        count += receive(w, &visitors[k], &m, cure);
    if (!error)
        error = end(&m, cure);
    if (error)
        return error;
    witness_got(w, count);
    return 0;
}
