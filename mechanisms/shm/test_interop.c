/* SPDX-License-Identifier: MIT */
/*
 * test_interop.c - an unmodified Python has the same SharedMemory.
 *
 * Until 3.13's track=False a Python tells its resource tracker of what it only
 * attached to.  Ours is another program than its, and when that ends its
 * tracker, which knows of no other user, removes the name.  So whoever attaches
 * to what is another's has its tracker forget it.
 */
#include "shm/test_segments.h"

#include <sys/prctl.h>

enum { SIZE = 5001 };

/* argv: the name.  It finds what we wrote, and writes. */
static const char attaching_program[] =
    "import sys\n"
    "from multiprocessing import resource_tracker, shared_memory\n"
    "m = shared_memory.SharedMemory(name=sys.argv[1])\n"
    "resource_tracker.unregister(m._name, 'shared_memory')\n"
    "assert m.size == 5001, m.size\n"
    "assert bytes(m.buf) == bytes(i * 7 % 256 for i in range(5001))\n"
    "m.buf[:] = bytes(i * 11 % 256 for i in range(5001))\n"
    "m.close()\n";

/* argv: the name, or nothing.  It says the name, and waits to be told that we
 * have written. */
static const char creating_program[] =
    "import sys\n"
    "from multiprocessing import shared_memory\n"
    "m = shared_memory.SharedMemory(sys.argv[1] or None, True, 5001)\n"
    "m.buf[:] = bytes(i * 7 % 256 for i in range(5001))\n"
    "print(m.name, flush=True)\n"
    "assert sys.stdin.readline() == 'written\\n'\n"
    "assert bytes(m.buf) == bytes(i * 11 % 256 for i in range(5001))\n"
    "m.close()\n"
    "m.unlink()\n";

/* argv: a name that is ours; it finds it taken, and then removes it. */
static const char unlinking_program[] =
    "import sys\n"
    "from multiprocessing import shared_memory\n"
    "try:\n"
    "    shared_memory.SharedMemory(sys.argv[1], True, 10)\n"
    "    sys.exit(1)\n"
    "except FileExistsError:\n"
    "    pass\n"
    "m = shared_memory.SharedMemory(sys.argv[1])\n"
    "m.close()\n"
    "m.unlink()\n";

/* A Python, what it prints, and what it reads. */
struct python {
    pid_t pid;
    int out, in;
};

static void python_start(struct python *p, const char *program,
                         const char *argument)
{
    int out[2], in[2];

    assert_int_equal(fd_pipe(out), 0);
    assert_int_equal(fd_pipe(in), 0);
    fflush(stdout);
    p->pid = fork();
    if (p->pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        signal(SIGPIPE, SIG_DFL);
        execl("/usr/bin/env", "env", "python3", "-I", "-c", program, argument,
              (char *)NULL);
        _exit(127);
    }
    assert_true(p->pid > 0);
    close(out[1]);
    close(in[0]);
    p->out = out[0];
    p->in = in[1];
}

/* A child of ours that is not our tracker, or 0. */
static pid_t another_child(void)
{
    char path[64];
    FILE *list;
    pid_t pid = 0;

    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    list = fopen(path, "re");
    while (list && fscanf(list, "%d", &pid) == 1 && pid == tracker_pid())
        pid = 0;
    if (list)
        fclose(list);
    return pid;
}

/* It, and its tracker, which it leaves to us, have ended. */
static void python_expect_end(const struct python *p)
{
    pid_t left;

    close(p->in);
    assert_int_equal(test_reap(p->pid), 0);
    while ((left = another_child()))
        test_reap(left);
    close(p->out);
}

static void fill(const struct shared_memory *m, unsigned factor)
{
    for (unsigned i = 0; i < SIZE; i++)
        ((unsigned char *)m->buf)[i] = (unsigned char)(i * factor);
}

static void expect_filled(const struct shared_memory *m, unsigned factor)
{
    assert_true(m->size == SIZE);
    for (unsigned i = 0; i < SIZE; i++)
        assert_int_equal(((unsigned char *)m->buf)[i],
                         (unsigned char)(i * factor));
}

/* --- ours --- */

static void a_python_attaches_to_ours(void **state)
{
    const char *names[] = {test_name("ours"), NULL};

    (void)state;
    test_need_python("multiprocessing.shared_memory");
    for (int i = 0; i < 2; i++) {
        struct shared_memory m;
        struct python p;

        assert_int_equal(shared_memory_create(&m, names[i], SIZE), 0);
        fill(&m, 7);
        python_start(&p, attaching_program, m.name);
        python_expect_end(&p);
        expect_filled(&m, 11);
        assert_true(segment_exists(m.name)); /* its tracker has forgotten it */
        shared_memory_close(&m);
        assert_int_equal(shared_memory_unlink(&m), 0);
    }
}

static void a_python_finds_ours_taken_and_may_unlink_it(void **state)
{
    struct shared_memory m;
    struct python p;

    (void)state;
    test_need_python("multiprocessing.shared_memory");
    listen_to_tracker();
    assert_int_equal(shared_memory_create(&m, test_name("ours"), SIZE), 0);
    fill(&m, 7);
    python_start(&p, unlinking_program, m.name);
    close(p.in);
    assert_int_equal(test_reap(p.pid), 0);
    close(p.out);
    expect_filled(&m, 7);
    assert_false(segment_exists(m.name));
    assert_int_equal(shared_memory_unlink(&m), -ENOENT);
    shared_memory_close(&m);
    expect_said(""); /* neither Python's tracker nor ours */
}

/* --- Python's --- */

static void expect_ours_in_pythons(const char *name)
{
    struct shared_memory m;
    struct python p;
    char said_name[64] = "";
    ssize_t got;

    python_start(&p, creating_program, name);
    got = read_some(p.out, said_name, sizeof said_name - 1);
    assert_true(got > 1 && said_name[got - 1] == '\n');
    said_name[got - 1] = '\0';
    if (*name)
        assert_string_equal(said_name, name);
    assert_int_equal(shared_memory_attach(&m, said_name), 0);
    expect_filled(&m, 7);
    fill(&m, 11);
    shared_memory_close(&m);
    assert_int_equal(write_full(p.in, "written\n", 8), 0);
    python_expect_end(&p);
    assert_int_equal(shared_memory_attach(&m, said_name), -ENOENT);
}

static void we_attach_to_a_pythons(void **state)
{
    (void)state;
    test_need_python("multiprocessing.shared_memory");
    expect_ours_in_pythons(test_name("pythons"));
    expect_ours_in_pythons("");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_python_attaches_to_ours),
        TEST(a_python_finds_ours_taken_and_may_unlink_it),
        TEST(we_attach_to_a_pythons),
    };

    mechanisms_init(argc, argv);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
