/* SPDX-License-Identifier: MIT */
/*
 * test_segment_full.c - a /dev/shm that is full is -ENOSPC, and kills nobody.
 *
 * A small one, of this test's own: a file system that is mounted where no other
 * process sees it.
 */
#include "shm/test_segments.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

enum { PAGES = 16, SKIPPED = 255 };

/* Who is not root is it in a user namespace of his own. */
static bool become_root(uid_t uid)
{
    char text[64];
    int fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC), n;
    bool done;

    snprintf(text, sizeof text, "0 %u 1", uid);
    n = (int)strlen(text);
    done = fd >= 0 && write(fd, text, (size_t)n) == n;
    if (fd >= 0)
        close(fd);
    return done;
}

static bool have_small_one(const char *more)
{
    uid_t uid = geteuid();
    char options[80];

    if (uid == 0
            ? unshare(CLONE_NEWNS) < 0
            : unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || !become_root(uid))
        return false;
    snprintf(options, sizeof options, "size=%zu%s", PAGES * test_page(), more);
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", "/dev/shm", "tmpfs", 0, options) == 0;
}

static unsigned long room(void)
{
    struct statvfs fs;

    return statvfs("/dev/shm", &fs) == 0 ? (unsigned long)fs.f_bavail : 0;
}

/* Too large by one page, and by far; with a name and without: nothing is left
 * of it. */
static int finds_no_room(void *unused)
{
    const size_t sizes[] = {PAGES * test_page() + 1, (size_t)30 << 20,
                            (size_t)70 << 20};
    unsigned long before;
    unsigned descriptors;
    struct shared_memory m;

    (void)unused;
    if (!have_small_one(""))
        return SKIPPED;
    before = room();
    descriptors = count_descriptors();
    for (size_t i = 0; i < 6; i++) {
        const char *name = i % 2 ? "large" : NULL;

        if (shared_memory_create(&m, name, sizes[i / 2]) != -ENOSPC || m.buf ||
            m.fd != -1)
            return test_line(__LINE__);
        if (room() != before || count_segments() ||
            count_descriptors() != descriptors)
            return test_line(__LINE__);
    }
    return before == PAGES ? 0 : test_line(__LINE__);
}

/* All of it is used, byte by byte, and none of that kills; what is given back
 * can be had again. */
static int fills_it(void *unused)
{
    struct shared_memory m[PAGES + 1];
    int count = 0, error = 0;

    (void)unused;
    if (!have_small_one(""))
        return SKIPPED;
    while (count <= PAGES) {
        error = shared_memory_create(&m[count], NULL, test_page());
        if (error)
            break;
        memset(m[count].buf, count + 1, m[count].size);
        count++;
    }
    if (error != -ENOSPC || count != PAGES || count_segments() != PAGES)
        return test_line(__LINE__);
    for (int i = 0; i < count; i++) {
        if (((unsigned char *)m[i].buf)[test_page() - 1] != i + 1)
            return test_line(__LINE__);
        shared_memory_close(&m[i]);
        if (shared_memory_unlink(&m[i]))
            return test_line(__LINE__);
    }
    if (count_segments() ||
        shared_memory_create(&m[0], "whole", PAGES * test_page()))
        return test_line(__LINE__);
    memset(m[0].buf, 9, m[0].size);
    shared_memory_close(&m[0]);
    return shared_memory_unlink(&m[0]) || tracker_stop(TEST_BOUND)
               ? test_line(__LINE__)
               : 0;
}

/* There may be bytes left, and no file. */
static int finds_no_file(void *unused)
{
    struct shared_memory m[3];

    (void)unused;
    if (!have_small_one(",nr_inodes=3")) /* of which one is the folder */
        return SKIPPED;
    for (int i = 0; i < 2; i++)
        if (shared_memory_create(&m[i], NULL, 8))
            return test_line(__LINE__);
    if (shared_memory_create(&m[2], NULL, 8) != -ENOSPC || m[2].buf)
        return test_line(__LINE__);
    for (int i = 0; i < 2; i++) {
        shared_memory_close(&m[i]);
        if (shared_memory_unlink(&m[i]))
            return test_line(__LINE__);
    }
    return tracker_stop(TEST_BOUND) ? test_line(__LINE__) : 0;
}

static void expect_apart(int (*f)(void *))
{
    int status = test_reap(test_fork(f, NULL));

    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
        print_message("skipped: this user may not mount a small file system\n");
        skip();
    }
    if (WIFSIGNALED(status))
        fail_msg("a child was ended by signal %d", WTERMSIG(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void one_that_has_no_room_is_enospc_and_nothing_is_left(void **state)
{
    (void)state;
    expect_apart(finds_no_room);
}

static void what_there_is_can_be_used_to_its_last_byte(void **state)
{
    (void)state;
    expect_apart(fills_it);
}

static void where_no_file_can_be_it_is_enospc(void **state)
{
    (void)state;
    expect_apart(finds_no_file);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(one_that_has_no_room_is_enospc_and_nothing_is_left),
        TEST(what_there_is_can_be_used_to_its_last_byte),
        TEST(where_no_file_can_be_it_is_enospc),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
