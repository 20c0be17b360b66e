/* SPDX-License-Identifier: MIT */
/* test_evidence_files.c - one open file, or two of the same name. */
#include "common/test_census.h"

#include "common/io.h"
#include "evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

static void an_open_file_is_known_again_in_a_child(void **state)
{
    int ends[2], file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int again = open("/dev/null", O_RDONLY | O_CLOEXEC), copy = dup(file);
    pid_t self = getpid(), child;
    char byte;

    (void)state;
    if (same_open_file(self, file, self, file) == -ENOSYS) {
        close(file);
        close(again);
        close(copy);
        skip(); /* a kernel without kcmp(2) */
    }
    assert_int_equal(fd_pipe(ends), 0);
    child = fork();
    if (child == 0) {
        fd_close(&ends[1]);
        read_some(ends[0], &byte, 1);
        _exit(0);
    }
    assert_int_equal(same_open_file(self, file, child, file), 1);
    assert_int_equal(same_open_file(self, file, child, copy), 1);
    assert_int_equal(same_open_file(self, file, child, again), 0);
    assert_int_equal(same_open_file(self, file, child, 1000), -EBADF);
    fd_close(&ends[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(same_open_file(self, file, child, file), -ESRCH);
    close(file);
    close(again);
    close(copy);
    fd_close(&ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        an_open_file_is_known_again_in_a_child, census_begin, census_end)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
