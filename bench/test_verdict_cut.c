/* SPDX-License-Identifier: MIT */
/* test_verdict_cut.c - who claims to have died because a file was cut, and died
 * otherwise, or not. */
#include "test_verdict.h"

#include <fcntl.h>
#include <sys/mman.h>

/* What it does when it has been seen. */
enum act {
    READS,       /* the first page */
    READS_NEXT,  /* the second, of a file of one */
    READS_OTHER, /* another file's */
    SENDS,       /* itself the signal */
    IS_SENT,     /* by its child */
    SENDS_TERM,
    EXITS,
    PAUSES,
};

struct tale {
    enum act act;
    size_t size; /* of the file, pages; 0: one */
    int kind;    /* of the mapping; 0: shared */
    bool whole;  /* nobody cuts it */
    bool beyond; /* it says the second page */
    bool unshown;
};

static size_t page;

static int make(size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
        _exit(9);
    return fd;
}

static unsigned char *map(int fd, int kind)
{
    unsigned char *memory =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, kind, fd, 0);

    if (memory == MAP_FAILED)
        _exit(9);
    return memory;
}

static void cut(int fd)
{
    pid_t child = fork();

    if (child == 0)
        _exit(ftruncate(fd, 0) < 0);
    waitpid(child, NULL, 0);
}

static void send_to_parent(void)
{
    kill(getppid(), SIGBUS);
}

static void act(enum act what, volatile unsigned char *memory,
                volatile unsigned char *other)
{
    switch (what) {
    case READS:
        (void)memory[0];
        break;
    case READS_NEXT:
        (void)memory[page];
        break;
    case READS_OTHER:
        (void)other[0];
        break;
    case SENDS:
        raise(SIGBUS);
        break;
    case IS_SENT:
        waitpid(fork_to(send_to_parent), NULL, 0);
        break;
    case SENDS_TERM:
        raise(SIGTERM);
        break;
    case PAUSES:
        pause_for_ever();
    case EXITS:
        break;
    }
}

static int tell(struct witness *w, const struct tale *t)
{
    unsigned char *memory, *other;
    int fd, second;

    page = (size_t)sysconf(_SC_PAGESIZE);
    fd = make(page * (t->size ? t->size : 1));
    second = make(page);
    memory = map(fd, t->kind ? t->kind : MAP_SHARED);
    other = map(second, MAP_SHARED);
    signal(SIGBUS, SIG_DFL); /* or the test runner would handle it */
    witness_victim(w, getpid());
    witness_memory(w, "file", memory + (t->beyond ? page : 0));
    witness_fd(w, "file", fd);
    if (!t->unshown)
        witness_show(w, 1);
    if (!t->whole)
        cut(fd);
    cut(second);
    act(t->act, memory, other);
    return 0;
}

TALE(sends_itself_the_signal, .act = SENDS)
TALE(is_sent_the_signal, .act = IS_SENT)
TALE(reads_what_never_was, .act = READS_NEXT, .whole = true)
TALE(reads_another_file, .act = READS_OTHER)
TALE(is_not_cut, .act = READS, .whole = true)
TALE(says_what_never_was, .act = READS_NEXT, .beyond = true)
TALE(has_it_privately, .act = READS, .kind = MAP_PRIVATE)
TALE(is_not_seen_before, .act = READS, .unshown = true)
TALE(ends_by_another_signal, .act = SENDS_TERM)
TALE(ends_by_itself, .act = EXITS)
TALE(does_not_end, .act = PAUSES)
TALE(reads_what_was_cut, .act = READS)
TALE(reads_a_later_page, .act = READS_NEXT, .size = 2)

/* The one that dies is another. */
static int its_child_dies(struct witness *w, int cure)
{
    pid_t child = fork();

    if (child == 0)
        reads_what_was_cut(w, cure);
    waitpid(child, NULL, 0);
    return 0;
}

static int exits_with_the_signals_status(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    return 128 + SIGBUS;
}

static void impostors_of_a_cut_file_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {sends_itself_the_signal, "sent it the signal"},
        {is_sent_the_signal, "sent it the signal"},
        {reads_what_never_was, "was not cut off"},
        {reads_another_file, "is of another file"},
        {is_not_cut, "it ended with exit status 0"},
        {says_what_never_was, "never had as many bytes"},
        {has_it_privately, "is not mapped there"},
        {is_not_seen_before, "is of another file"},
        {ends_by_another_signal, "signal 15"},
        {ends_by_itself, "it ended with exit status 0"},
        {does_not_end, "its time was over"},
        {its_child_dies, "it ended with exit status 0"},
        {exits_with_the_signals_status, "it ended with exit status 135"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(CRASHES, "signal BUS", list);
}

static void who_reads_what_was_cut_is_proven(void **state)
{
    const struct hazard list[] = {
        {.expect = CRASHES,
         .evidence = "signal BUS",
         .run = reads_what_was_cut},
        {.expect = CRASHES,
         .evidence = "signal BUS",
         .run = reads_a_later_page},
    };

    (void)state;
    all_proven(list, sizeof list / sizeof *list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(impostors_of_a_cut_file_are_not_proven,
                                        patient, census_end),
        PROMISE(who_reads_what_was_cut_is_proven),
    };

    return RUN_PROMISES(tests);
}
