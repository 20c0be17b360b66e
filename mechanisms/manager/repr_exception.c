/* SPDX-License-Identifier: MIT */
/*
 * repr_exception.c - exceptions as text: KeyError('x'), and what str() says.
 *
 * The classes whose str() is more than their arguments are KeyError, OSError
 * and those beneath it, and RemoteError; not here are SyntaxError, the
 * UnicodeErrors and the groups, which no server raises.
 */
#include "manager/repr.h"

#include <errno.h>
#include <string.h>

/* --- OSError and those beneath it --- */

/* What OSError(number, text) is, when it is made. */
static const struct errno_class {
    int number;
    const char *class;
} errno_classes[] = {
    {EAGAIN, "BlockingIOError"},
    {EALREADY, "BlockingIOError"},
    {EINPROGRESS, "BlockingIOError"},
    {EPIPE, "BrokenPipeError"},
    {ESHUTDOWN, "BrokenPipeError"},
    {ECHILD, "ChildProcessError"},
    {ECONNABORTED, "ConnectionAbortedError"},
    {ECONNREFUSED, "ConnectionRefusedError"},
    {ECONNRESET, "ConnectionResetError"},
    {EEXIST, "FileExistsError"},
    {ENOENT, "FileNotFoundError"},
    {EINTR, "InterruptedError"},
    {EISDIR, "IsADirectoryError"},
    {ENOTDIR, "NotADirectoryError"},
    {EACCES, "PermissionError"},
    {EPERM, "PermissionError"},
    {ESRCH, "ProcessLookupError"},
    {ETIMEDOUT, "TimeoutError"},
};

enum { ERRNO_CLASSES = sizeof errno_classes / sizeof *errno_classes };

/* OSError, under each of its names. */
static bool is_plain(const struct datum *class)
{
    return datum_is_str(class, "OSError") || datum_is_str(class, "IOError") ||
           datum_is_str(class, "EnvironmentError");
}

static bool is_of_the_system(const struct datum *class)
{
    bool found = is_plain(class) || datum_is_str(class, "ConnectionError");

    for (size_t i = 0; i < ERRNO_CLASSES && !found; i++)
        found = datum_is_str(class, errno_classes[i].class);
    return found;
}

/* number, text[, file name[, a number of Windows's[, a second file name]]] */
static bool has_number(const struct record *exception)
{
    const size_t n = exception->fields[1].sequence->length;

    return is_of_the_system(&exception->fields[0]) && n >= 2 && n <= 5;
}

/* The file's name, or NULL.  A BlockingIOError has a number there: how much was
 * written. */
static const struct datum *file_name(const struct record *exception)
{
    const struct sequence *args = exception->fields[1].sequence;
    int64_t written;

    if (!has_number(exception) || args->length < 3 ||
        args->items[2].kind == DATUM_NONE)
        return NULL;
    if (datum_is_str(&exception->fields[0], "BlockingIOError") &&
        datum_to_int(&args->items[2], &written) != -EINVAL)
        return NULL;
    return &args->items[2];
}

static void put_class(struct printer *p, const struct record *exception)
{
    const struct datum *class = &exception->fields[0];
    const struct sequence *args = exception->fields[1].sequence;
    int64_t number;

    if (!is_plain(class)) {
        printer_raw(p, class);
        return;
    }
    if (has_number(exception) && datum_to_int(&args->items[0], &number) == 0)
        for (size_t i = 0; i < ERRNO_CLASSES; i++)
            if (errno_classes[i].number == number) {
                printer_text(p, errno_classes[i].class);
                return;
            }
    printer_text(p, "OSError");
}

/* [Errno 2] No such file or directory: 'from' -> 'to' */
static void put_number(struct printer *p, const struct record *exception)
{
    const struct sequence *args = exception->fields[1].sequence;
    const struct datum *name = file_name(exception);

    printer_text(p, "[Errno ");
    printer_print(p, &args->items[0]);
    printer_text(p, "] ");
    printer_print(p, &args->items[1]);
    if (!name)
        return;
    printer_text(p, ": ");
    printer_repr(p, name);
    if (args->length == 5 && args->items[4].kind != DATUM_NONE) {
        printer_text(p, " -> ");
        printer_repr(p, &args->items[4]);
    }
}

/* --- all of them --- */

void printer_exception(struct printer *p, const struct record *exception)
{
    const struct sequence *args = exception->fields[1].sequence;
    /* The names of files are no arguments any more. */
    const size_t n = file_name(exception) ? 2 : args->length;

    put_class(p, exception);
    if (n != 1) {
        printer_tuple(p, args->items, n);
        return;
    }
    printer_text(p, "(");
    printer_repr(p, args->items);
    printer_text(p, ")");
}

/* The traceback of a server, between two rules. */
static void put_remote(struct printer *p, const struct datum *text)
{
    static const char rule[] = "-------------------------"
                               "-------------------------"
                               "-------------------------";

    printer_text(p, "\n");
    printer_text(p, rule);
    printer_text(p, "\n");
    printer_print(p, text);
    printer_text(p, rule);
}

void printer_message(struct printer *p, const struct record *exception)
{
    const struct datum *class = &exception->fields[0];
    const struct sequence *args = exception->fields[1].sequence;

    if (has_number(exception))
        put_number(p, exception);
    else if (args->length && datum_is_str(class, "RemoteError"))
        put_remote(p, args->items);
    else if (args->length == 1 && datum_is_str(class, "KeyError"))
        printer_repr(p, args->items);
    else if (args->length == 1)
        printer_print(p, args->items);
    else if (args->length)
        printer_tuple(p, args->items, args->length);
}
