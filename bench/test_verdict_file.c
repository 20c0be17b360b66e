/* SPDX-License-Identifier: MIT */
/* test_verdict_file.c - whose file is as it says, and whose is not. */
#include "test_verdict.h"

#include <fcntl.h>

/* --- "text twice" --- */

static char buffer[256] = "text";

/* Say that 4 bytes are buffered; then this is in the file. */
static int write_after(struct witness *w, const char *text)
{
    witness_victim(w, getpid());
    witness_memory(w, "buffer", buffer);
    if (w->count == 0)
        witness_count(w, 4);
    witness_show(w, 1);
    if (write_full(w->file, text, strlen(text)) < 0)
        return -EIO;
    witness_show(w, 2);
    return 0;
}

static int writes_it_once(struct witness *w, int cure)
{
    (void)cure;
    return write_after(w, "text");
}

static int writes_it_thrice(struct witness *w, int cure)
{
    (void)cure;
    return write_after(w, "texttexttext");
}

static int writes_another_beside(struct witness *w, int cure)
{
    (void)cure;
    return write_after(w, "textTEXT");
}

static int writes_another_twice(struct witness *w, int cure)
{
    (void)cure;
    return write_after(w, "TEXTTEXT");
}

static int wrote_it_before(struct witness *w, int cure)
{
    (void)cure;
    write_full(w->file, "text", 4);
    return write_after(w, "text");
}

static int claims_no_text(struct witness *w, int cure)
{
    (void)cure;
    witness_count(w, -1);
    return write_after(w, "");
}

static int claims_too_long_a_text(struct witness *w, int cure)
{
    (void)cure;
    witness_count(w, sizeof buffer);
    return write_after(w, "");
}

static void impostors_of_a_text_written_twice_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {writes_it_once, "the file has 4 bytes"},
        {writes_it_thrice, "the file has 12 bytes"},
        {writes_another_beside, "the file has another text"},
        {writes_another_twice, "the file has another text"},
        {wrote_it_before, "the file was written before"},
        {claims_no_text, "a text of -1 bytes"},
        {claims_too_long_a_text, "a text of 256 bytes"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(CORRUPTS, "text twice", impostors);
}

/* --- "shared offset" --- */

/* Say that the child's parent, who waits for it, has its descriptor moved. */
static int move(struct witness *w, void (*child_does)(struct witness *))
{
    pid_t child;

    witness_victim(w, getpid());
    witness_fd(w, "lines", w->file);
    if (write_full(w->file, "a line\n", 7) < 0 ||
        lseek(w->file, 0, SEEK_SET) < 0)
        return -EIO;
    child = fork();
    if (child == 0) {
        child_does(w);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    return 0;
}

static void show_both(struct witness *w)
{
    witness_show(w, 1);
    witness_show(w, 2);
}

static void reopen(struct witness *w)
{
    char path[32], line[7];
    int fd;

    witness_show(w, 1);
    snprintf(path, sizeof path, "/proc/self/fd/%d", w->file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (read_full(fd, line, sizeof line) != sizeof line)
        _exit(9);
    witness_show(w, 2);
}

static void go_back(struct witness *w)
{
    lseek(w->file, 3, SEEK_SET);
    witness_show(w, 1);
    lseek(w->file, 0, SEEK_SET);
    witness_show(w, 2);
}

static int nobody_moves_it(struct witness *w, int cure)
{
    (void)cure;
    return move(w, show_both);
}

static int its_child_has_its_own(struct witness *w, int cure)
{
    (void)cure;
    return move(w, reopen);
}

static int it_is_moved_back(struct witness *w, int cure)
{
    (void)cure;
    return move(w, go_back);
}

/* The parent sleeps at stage 1, is woken and reads itself, and sleeps again. */
static int it_reads_itself(struct witness *w, int cure)
{
    int wake[2], done[2];
    char line[7], byte;
    pid_t child;

    (void)cure;
    if (fd_pipe(wake) < 0 || fd_pipe(done) < 0 ||
        write_full(w->file, "a line\n", 7) < 0 ||
        lseek(w->file, 0, SEEK_SET) < 0)
        return -EIO;
    witness_victim(w, getpid());
    witness_fd(w, "lines", w->file);
    child = fork();
    if (child == 0) {
        witness_show(w, 1);
        write_full(wake[1], "", 1);
        read_some(done[0], &byte, 1);
        witness_show(w, 2);
        _exit(0);
    }
    if (read_some(wake[0], &byte, 1) != 1 ||
        read_full(w->file, line, sizeof line) != sizeof line)
        return -EIO;
    write_full(done[1], "", 1);
    waitpid(child, NULL, 0);
    return 0;
}

/* The offset moves, and no child of the sleeper's has a part in it. */
static int its_parent_moves_it(struct witness *w, int cure)
{
    pid_t sleeper = fork_to(wait_for_ever);

    (void)cure;
    witness_victim(w, sleeper);
    witness_fd(w, "lines", w->file);
    witness_show(w, 1);
    lseek(w->file, 7, SEEK_SET);
    witness_show(w, 2);
    return sleeper < 0 ? -ECHILD : 0;
}

/* Shows the stages itself, and so never sleeps without end. */
static int it_never_sleeps(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    witness_fd(w, "lines", w->file);
    write_full(w->file, "a line\n", 7);
    witness_show(w, 1);
    return 0;
}

static void impostors_of_a_shared_offset_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {nobody_moves_it, "its offset is 0, as before"},
        {its_child_has_its_own, "its offset is 0, as before"},
        {it_is_moved_back, "its offset is 0, as before"},
        {it_reads_itself, "itself has run"},
        {its_parent_moves_it, "no child of process"},
        {it_never_sleeps, "does not sleep"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(LOSES, "shared offset", impostors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(impostors_of_a_text_written_twice_are_not_proven),
        PROMISE(impostors_of_a_shared_offset_are_not_proven),
    };

    return RUN_PROMISES(tests);
}
