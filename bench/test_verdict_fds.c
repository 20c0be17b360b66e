/* SPDX-License-Identifier: MIT */
/* test_verdict_fds.c - whose descriptors were cut off, and who only says so. */
#include "test_verdict_pipes.h"

#include "common/fds.h"

#include <fcntl.h>
#include <sys/resource.h>

enum { SENT = 3 };

/* A message to ourselves: what comes with it, and what becomes of it. */
struct tale {
    int fds;            /* how many descriptors it has */
    bool of_files;      /* which are no pipes */
    bool has_room;      /* the table is not full */
    bool sends_nothing; /* there is no message */
    bool leaves_it;     /* nobody takes it */
    bool gets_them;     /* there is room when it is taken */
};

static int ours, theirs, received[SENT];

/* No number is left for another descriptor. */
static void fill_table(void)
{
    int next = fcntl(0, F_DUPFD_CLOEXEC, 0);
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    close(next);
    files.rlim_cur = (rlim_t)next;
    setrlimit(RLIMIT_NOFILE, &files);
}

static void make_room(void)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

/* Send, by descriptors that the sender does not keep. */
static void send_message(const struct tale *t)
{
    unsigned char count = (unsigned char)t->fds;
    struct iovec piece = {&count, 1};
    int fds[SENT] = {-1, -1, -1};

    for (int k = 0; k < SENT; k++) {
        int ends[2];

        if (t->of_files) {
            fds[k] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        } else if (fd_pipe(ends) == 0) {
            fds[k] = ends[0];
            close(ends[1]);
        }
    }
    if (!t->sends_nothing)
        fds_send(theirs, &piece, 1, fds, (size_t)t->fds);
    for (int k = 0; k < SENT; k++)
        close(fds[k]);
}

static void take_message(const struct tale *t)
{
    size_t count = SENT;
    char byte;

    if (t->leaves_it)
        return;
    if (t->gets_them)
        make_room();
    fds_receive(ours, &byte, 1, received, &count);
    if (t->gets_them)
        fill_table();
}

static int tell(struct witness *w, const struct tale *t)
{
    int ends[2];

    if (fd_socket_pair(ends) < 0)
        return -EMFILE;
    ours = ends[0];
    theirs = ends[1];
    send_message(t);
    if (!t->has_room)
        fill_table();
    witness_victim(w, getpid());
    witness_count(w, SENT);
    witness_fd(w, "socket", ours);
    witness_show(w, 1);
    take_message(t);
    witness_memory(w, "received", received);
    witness_show(w, 2);
    return 0;
}

TALE(it_has_room, .fds = SENT, .has_room = true)
TALE(nothing_came, .sends_nothing = true)
TALE(nothing_came_with_it, .fds = 0)
TALE(fewer_came_with_it, .fds = SENT - 1)
TALE(no_pipes_came_with_it, .fds = SENT, .of_files = true)
TALE(it_is_still_there, .fds = SENT, .leaves_it = true)
TALE(it_gets_them, .fds = SENT, .gets_them = true)

static int it_has_no_socket(struct witness *w, int cure)
{
    (void)cure;
    if (open_both())
        return -EIO;
    fill_table();
    claim(w, getpid(), one[0]);
    witness_count(w, SENT);
    witness_show(w, 1);
    return 0;
}

/* Takes the message when nobody has looked at it before. */
static int it_was_not_seen_before(struct witness *w, int cure)
{
    (void)cure;
    claim(w, getpid(), STDIN_FILENO);
    witness_show(w, 2);
    return 0;
}

static void impostors_of_a_cut_message_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {it_has_room, "has room"},
        {nothing_came, "holds no message"},
        {nothing_came_with_it, "has 0 descriptors, not 3"},
        {fewer_came_with_it, "has 2 descriptors, not 3"},
        {no_pipes_came_with_it, "are no pipes"},
        {it_is_still_there, "still in its socket"},
        {it_gets_them, "has pipe"},
        {it_has_no_socket, "its socket cannot be read here"},
        {it_was_not_seen_before, "stage 2 came after stage 0"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(LOSES, "descriptors cut off", impostors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_cut_message_are_not_proven, patient, census_end),
    };

    return RUN_PROMISES(tests);
}
