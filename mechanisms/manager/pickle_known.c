/* SPDX-License-Identifier: MIT */
/*
 * pickle_known.c - the closed list of names that stand for data.
 *
 * A name is looked for in this list and nowhere else; it is never imported.
 */
#include "manager/pickle_machine.h"

#include <stdlib.h>

/* Sorted by module, then name. */
static const struct known list[] = {
    {"_codecs", "encode", SHAPE_ENCODE, NULL},
    {"_queue", "Empty", SHAPE_EXCEPTION, NULL},
    {"array", "_array_reconstructor", SHAPE_ARRAY_RECONSTRUCTOR, NULL},
    {"array", "array", SHAPE_ARRAY, NULL},
    {"builtins", "ArithmeticError", SHAPE_EXCEPTION, NULL},
    {"builtins", "AssertionError", SHAPE_EXCEPTION, NULL},
    {"builtins", "AttributeError", SHAPE_EXCEPTION, NULL},
    {"builtins", "BaseException", SHAPE_EXCEPTION, NULL},
    {"builtins", "BaseExceptionGroup", SHAPE_EXCEPTION, NULL},
    {"builtins", "BlockingIOError", SHAPE_EXCEPTION, NULL},
    {"builtins", "BrokenPipeError", SHAPE_EXCEPTION, NULL},
    {"builtins", "BufferError", SHAPE_EXCEPTION, NULL},
    {"builtins", "BytesWarning", SHAPE_EXCEPTION, NULL},
    {"builtins", "ChildProcessError", SHAPE_EXCEPTION, NULL},
    {"builtins", "ConnectionAbortedError", SHAPE_EXCEPTION, NULL},
    {"builtins", "ConnectionError", SHAPE_EXCEPTION, NULL},
    {"builtins", "ConnectionRefusedError", SHAPE_EXCEPTION, NULL},
    {"builtins", "ConnectionResetError", SHAPE_EXCEPTION, NULL},
    {"builtins", "DeprecationWarning", SHAPE_EXCEPTION, NULL},
    {"builtins", "EOFError", SHAPE_EXCEPTION, NULL},
    {"builtins", "EncodingWarning", SHAPE_EXCEPTION, NULL},
    {"builtins", "EnvironmentError", SHAPE_EXCEPTION, "OSError"},
    {"builtins", "Exception", SHAPE_EXCEPTION, NULL},
    {"builtins", "ExceptionGroup", SHAPE_EXCEPTION, NULL},
    {"builtins", "FileExistsError", SHAPE_EXCEPTION, NULL},
    {"builtins", "FileNotFoundError", SHAPE_EXCEPTION, NULL},
    {"builtins", "FloatingPointError", SHAPE_EXCEPTION, NULL},
    {"builtins", "FutureWarning", SHAPE_EXCEPTION, NULL},
    {"builtins", "GeneratorExit", SHAPE_EXCEPTION, NULL},
    {"builtins", "IOError", SHAPE_EXCEPTION, "OSError"},
    {"builtins", "ImportError", SHAPE_EXCEPTION, NULL},
    {"builtins", "ImportWarning", SHAPE_EXCEPTION, NULL},
    {"builtins", "IndentationError", SHAPE_EXCEPTION, NULL},
    {"builtins", "IndexError", SHAPE_EXCEPTION, NULL},
    {"builtins", "InterruptedError", SHAPE_EXCEPTION, NULL},
    {"builtins", "IsADirectoryError", SHAPE_EXCEPTION, NULL},
    {"builtins", "KeyError", SHAPE_EXCEPTION, NULL},
    {"builtins", "KeyboardInterrupt", SHAPE_EXCEPTION, NULL},
    {"builtins", "LookupError", SHAPE_EXCEPTION, NULL},
    {"builtins", "MemoryError", SHAPE_EXCEPTION, NULL},
    {"builtins", "ModuleNotFoundError", SHAPE_EXCEPTION, NULL},
    {"builtins", "NameError", SHAPE_EXCEPTION, NULL},
    {"builtins", "NotADirectoryError", SHAPE_EXCEPTION, NULL},
    {"builtins", "NotImplementedError", SHAPE_EXCEPTION, NULL},
    {"builtins", "OSError", SHAPE_EXCEPTION, NULL},
    {"builtins", "OverflowError", SHAPE_EXCEPTION, NULL},
    {"builtins", "PendingDeprecationWarning", SHAPE_EXCEPTION, NULL},
    {"builtins", "PermissionError", SHAPE_EXCEPTION, NULL},
    {"builtins", "ProcessLookupError", SHAPE_EXCEPTION, NULL},
    {"builtins", "RecursionError", SHAPE_EXCEPTION, NULL},
    {"builtins", "ReferenceError", SHAPE_EXCEPTION, NULL},
    {"builtins", "ResourceWarning", SHAPE_EXCEPTION, NULL},
    {"builtins", "RuntimeError", SHAPE_EXCEPTION, NULL},
    {"builtins", "RuntimeWarning", SHAPE_EXCEPTION, NULL},
    {"builtins", "StopAsyncIteration", SHAPE_EXCEPTION, NULL},
    {"builtins", "StopIteration", SHAPE_EXCEPTION, NULL},
    {"builtins", "SyntaxError", SHAPE_EXCEPTION, NULL},
    {"builtins", "SyntaxWarning", SHAPE_EXCEPTION, NULL},
    {"builtins", "SystemError", SHAPE_EXCEPTION, NULL},
    {"builtins", "SystemExit", SHAPE_EXCEPTION, NULL},
    {"builtins", "TabError", SHAPE_EXCEPTION, NULL},
    {"builtins", "TimeoutError", SHAPE_EXCEPTION, NULL},
    {"builtins", "TypeError", SHAPE_EXCEPTION, NULL},
    {"builtins", "UnboundLocalError", SHAPE_EXCEPTION, NULL},
    {"builtins", "UnicodeDecodeError", SHAPE_EXCEPTION, NULL},
    {"builtins", "UnicodeEncodeError", SHAPE_EXCEPTION, NULL},
    {"builtins", "UnicodeError", SHAPE_EXCEPTION, NULL},
    {"builtins", "UnicodeTranslateError", SHAPE_EXCEPTION, NULL},
    {"builtins", "UnicodeWarning", SHAPE_EXCEPTION, NULL},
    {"builtins", "UserWarning", SHAPE_EXCEPTION, NULL},
    {"builtins", "ValueError", SHAPE_EXCEPTION, NULL},
    {"builtins", "Warning", SHAPE_EXCEPTION, NULL},
    {"builtins", "ZeroDivisionError", SHAPE_EXCEPTION, NULL},
    {"builtins", "bytearray", SHAPE_BYTEARRAY, NULL},
    {"builtins", "bytes", SHAPE_BYTES, NULL},
    {"builtins", "frozenset", SHAPE_FROZENSET, NULL},
    {"builtins", "list", SHAPE_LIST, NULL},
    {"builtins", "object", SHAPE_OBJECT, NULL},
    {"builtins", "range", SHAPE_RANGE, NULL},
    {"builtins", "reversed", SHAPE_REVERSED, NULL},
    {"builtins", "set", SHAPE_SET, NULL},
    {"builtins", "slice", SHAPE_SLICE, NULL},
    {"builtins", "xrange", SHAPE_RANGE, "range"},
    {"copyreg", "__newobj__", SHAPE_NEWOBJ, NULL},
    {"copyreg", "_reconstructor", SHAPE_RECONSTRUCTOR, NULL},
    {"multiprocessing.managers", "AcquirerProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "ArrayProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "AutoProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "BarrierProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "BaseListProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "BaseProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "ConditionProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "DictProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "EventProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "IteratorProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "ListProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "Namespace", SHAPE_INSTANCE, NULL},
    {"multiprocessing.managers", "NamespaceProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "PoolProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "RebuildProxy", SHAPE_REBUILD_PROXY, NULL},
    {"multiprocessing.managers", "RemoteError", SHAPE_EXCEPTION, NULL},
    {"multiprocessing.managers", "SetProxy", SHAPE_PROXY, NULL},
    {"multiprocessing.managers", "Token", SHAPE_TOKEN, NULL},
    {"multiprocessing.managers", "Value", SHAPE_INSTANCE, NULL},
    {"multiprocessing.managers", "ValueProxy", SHAPE_PROXY, NULL},
    {"queue", "Empty", SHAPE_EXCEPTION, NULL},
    {"queue", "Full", SHAPE_EXCEPTION, NULL},
    {"threading", "BrokenBarrierError", SHAPE_EXCEPTION, NULL},
};

enum { KNOWN = sizeof list / sizeof *list };

/* What Python 2 called a module, as protocols 0 to 2 still do. */
static const struct {
    const char *old, *module;
} renamed[] = {
    {"Queue", "queue"},
    {"__builtin__", "builtins"},
    {"copy_reg", "copyreg"},
    {"exceptions", "builtins"},
};

/* Some bytes, which may have a zero among them. */
struct span {
    const char *bytes;
    size_t length;
};

static int compare_text(struct span span, const char *text)
{
    size_t length = strlen(text);
    int order =
        memcmp(span.bytes, text, span.length < length ? span.length : length);

    return order ? order : (span.length > length) - (span.length < length);
}

static int compare(const void *key, const void *element)
{
    const struct span *names = key;
    const struct known *known = element;
    int order = compare_text(names[0], known->module);

    return order ? order : compare_text(names[1], known->name);
}

size_t pickle_find(const char *module, size_t module_length, const char *name,
                   size_t name_length)
{
    struct span names[] = {{module, module_length}, {name, name_length}};
    const struct known *found;

    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
        if (compare_text(names[0], renamed[i].old) == 0)
            names[0] =
                (struct span){renamed[i].module, strlen(renamed[i].module)};
    found = bsearch(names, list, KNOWN, sizeof *list, compare);
    return found ? (size_t)(found - list) + 1 : 0;
}

const struct known *pickle_known(size_t name)
{
    return name && name <= KNOWN ? &list[name - 1] : NULL;
}

static const struct known *find(const char *module, const char *name,
                                enum shape shape)
{
    const struct known *known =
        pickle_known(pickle_find(module, strlen(module), name, strlen(name)));

    return known && known->shape == shape ? known : NULL;
}

const char *pickle_exception_module(const char *class)
{
    static const char *const modules[] = {
        "builtins", "_queue", "queue", "threading", "multiprocessing.managers"};

    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        if (find(modules[i], class, SHAPE_EXCEPTION))
            return modules[i];
    return NULL;
}

bool pickle_is_proxy(const char *class)
{
    return find("multiprocessing.managers", class, SHAPE_PROXY) != NULL;
}

bool pickle_is_instance(const char *class)
{
    return find("multiprocessing.managers", class, SHAPE_INSTANCE) != NULL;
}
