/* SPDX-License-Identifier: MIT */
/* reference.c - the same workloads on the real multiprocessing. */
#include "reference.h"

#include "command.h"
#include "floor.h"
#include "outside.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const int64_t find_patience = 20 * SECOND;

/* Beside the sources: ../bench from build/, or bench/ from where we stand. */
static int find_script(char *script, size_t size)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    char *slash;

    if (n > 0) {
        exe[n] = '\0';
        slash = strrchr(exe, '/');
        if (slash)
            *slash = '\0';
        snprintf(script, size, "%.480s/../bench/reference.py", exe);
        if (access(script, R_OK) == 0)
            return 0;
    }
    snprintf(script, size, "bench/reference.py");
    return access(script, R_OK) == 0 ? 0 : -ENOENT;
}

/* Split what --list printed: "python VERSION" and a name on each line. */
static int read_list(struct reference *r, char *text)
{
    size_t lines = 2, n = 0;
    char *save = NULL;

    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    r->text = text;
    r->names = calloc(lines, sizeof *r->names);
    if (!r->names)
        return -ENOMEM;
    for (char *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save))
        if (strncmp(line, "python ", 7) == 0)
            snprintf(r->version, sizeof r->version, "%.31s", line + 7);
        else
            r->names[n++] = line;
    return n && r->version[0] ? 0 : -EBADMSG;
}

int reference_find(struct reference *r, const volatile sig_atomic_t *stop,
                   char *why, size_t size)
{
    int error, code;
    size_t length;
    char *text;

    *r = (struct reference){.names = NULL};
    error = find_script(r->script, sizeof r->script);
    if (error) {
        snprintf(why, size,
                 "no reference column: bench/reference.py is not "
                 "beside the build");
        return error;
    }
    snprintf(r->python, sizeof r->python, "%s", floor_python());
    code = command_run(
        (const char *[]){r->python, "-I", r->script, "--list", NULL},
        find_patience, stop, &text, &length, &error);
    if (!error && code == 0 && text)
        error = read_list(r, text);
    else
        free(text);
    if (error || code) {
        snprintf(why, size,
                 error == -ENOENT ? "no reference column: python3 is not "
                                    "installed (scripts/setup installs it)"
                                  : "no reference column: bench/reference.py "
                                    "does not run");
        reference_free(r);
        return error ? error : -EBADMSG;
    }
    return 0;
}

void reference_free(struct reference *r)
{
    free(r->names);
    free(r->text);
    r->names = NULL;
    r->text = NULL;
}

int reference_run(const struct reference *r, const struct trial_spec *spec,
                  struct findings *f, const volatile sig_atomic_t *stop,
                  char *why, size_t size)
{
    const struct outside python = {"CPython", {r->python, "-I", r->script}};

    return outside_run(&python, spec, f, stop, why, size);
}
