/* SPDX-License-Identifier: MIT */
// wrap: malloc calloc realloc free
/*
 * test_pickle_attacks.c - programs that are meant to do something, and what is
 * no program at all: each is refused with its reason.
 */
#include "manager/test_memory.h"
#include "manager/test_pickle.h"

#include <sys/resource.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

struct attack {
    const char *bytes;
    size_t n;
    int error;
    const char *text;
};

static const struct attack attacks[] = {
    /* what is called */
    {BYTES("cos\nsystem\n(S'id'\ntR."), -EPERM, "os.system is not data"},
    {BYTES("cposix\nsystem\n(S'id'\ntR."), -EPERM, "posix.system is not data"},
    {BYTES("\x80\4\x8c\2os\x8c\6system\x93\x8c\2id\x85R."), -EPERM,
     "os.system is not data"},
    {BYTES("cbuiltins\neval\n(S'1'\ntR."), -EPERM, "builtins.eval is not data"},
    {BYTES("c__builtin__\ngetattr\n(c__builtin__\nset\nS'x'\ntR."), -EPERM,
     "getattr is not data"},
    {BYTES("cbuiltins\nset.__init__\n."), -EPERM, "is not data"},
    {BYTES("\x8c\10builtins\x8c\13KeyError.x\n\x93."), -EPERM, "is not data"},
    {BYTES("\x8c\3a\nb\x8c\2\xc3\xa9\x93."), -EPERM, "a?b.?? is not data"},
    {BYTES("K\1)R."), -EPERM, "a call of a value"},
    {BYTES("cbuiltins\nset\n]R."), -EBADMSG, "no tuple"},
    {BYTES("(S'id'\nios\nsystem\n."), -EPERM, "an instance"},
    {BYTES("(cos\nsystem\n."), -EPERM, "os.system"},
    {BYTES("(cbuiltins\nset\no."), -EPERM, "an instance"},
    {BYTES("cbuiltins\nset\n)}\x92."), -EPERM, "an instance"},
    {BYTES("cbuiltins\nset\n)\x81."), -EPERM, "builtins.set"},
    {BYTES("cmultiprocessing.managers\nToken\nN\x85\x81."), -EPERM,
     "a new object"},
    {BYTES("P1\n."), -EPERM, "a persistent id"},
    {BYTES("K\1Q."), -EPERM, "a persistent id"},
    {BYTES("\x82\1."), -EPERM, "an extension"},
    {BYTES("\x83\1\0."), -EPERM, "an extension"},
    {BYTES("\x84\1\0\0\0."), -EPERM, "an extension"},
    {BYTES("\x97."), -EPERM, "out of band"},
    {BYTES("C\1a\x98."), -EPERM, "out of band"},
    {BYTES("N\x8c\1a\x93."), -EBADMSG, "a name is no str"},
    {BYTES("\x8c\1aK\1\x93."), -EBADMSG, "a name is no str"},
    /* a name where a value is to be */
    {BYTES("cbuiltins\nset\n."), -EPERM, "builtins.set is not data"},
    {BYTES("cbuiltins\nKeyError\n."), -EPERM, "KeyError is not data"},
    {BYTES("]cbuiltins\nset\na."), -EPERM, "builtins.set is not data"},
    {BYTES("](cbuiltins\nset\ne."), -EPERM, "builtins.set is not data"},
    {BYTES("}cbuiltins\nset\nNs."), -EPERM, "builtins.set is not data"},
    {BYTES("}Ncbuiltins\nset\ns."), -EPERM, "builtins.set is not data"},
    {BYTES("(Ncbuiltins\nset\nd."), -EPERM, "builtins.set is not data"},
    {BYTES("\x8f(cbuiltins\nset\n\x90."), -EPERM, "builtins.set is not data"},
    {BYTES("(cbuiltins\nset\n\x91."), -EPERM, "builtins.set is not data"},
    {BYTES("Ncbuiltins\nset\n\x86."), -EPERM, "builtins.set is not data"},
    {BYTES("cbuiltins\nset\n\x85."), -EPERM, "builtins.set is not data"},
    {BYTES("cbuiltins\nset\n\x85\x85."), -EPERM, "builtins.set is not data"},
    {BYTES("(cbuiltins\nset\nNNNNt."), -EPERM, "builtins.set is not data"},
    {BYTES("(cbuiltins\nset\nl."), -EPERM, "builtins.set is not data"},
    {BYTES("]cbuiltins\nset\n\x85"
           "a."),
     -EPERM, "builtins.set is not data"},
    {BYTES("cbuiltins\nKeyError\ncbuiltins\nset\n\x85R."), -EPERM,
     "builtins.set is not data"},
    {BYTES("cbuiltins\nset\nq\0000h\0."), -EPERM, "builtins.set is not data"},
    {BYTES("cmultiprocessing.managers\nToken\n)\x81."), -EBADMSG, "no state"},
    {BYTES("]cmultiprocessing.managers\nToken\n)\x81"
           "a."),
     -EBADMSG, "no state"},
    /* a state for what has none */
    {BYTES("N}b."), -EPERM, "a state of this"},
    {BYTES("]}b."), -EPERM, "a state of this"},
    {BYTES("cbuiltins\nset\n}b."), -EPERM, "a state of this"},
    {BYTES("cbuiltins\nKeyError\n)RNb."), -EPERM, "a state of this"},
    {BYTES("cmultiprocessing.managers\nNamespace\n)\x81}K\1Nsb."), -EPERM,
     "no str"},
    {BYTES("cmultiprocessing.managers\nNamespace\n)\x81Nb."), -EPERM,
     "no dict"},
    {BYTES("cmultiprocessing.managers\nToken\n)\x81X\3\0\0\0abcb."), -EPERM,
     "a Token"},
    {BYTES("cmultiprocessing.managers\nToken\n)\x81NNN\x87"
           "b."),
     -EPERM, "a Token"},
    {BYTES("cbuiltins\nreversed\n]\x85RNb."), -EPERM, "an index"},
    /* arguments that do not fit */
    {BYTES("cbuiltins\nslice\nN\x85R."), -EPERM, "builtins.slice"},
    {BYTES("cbuiltins\nrange\nK\1K\1K\0\x87R."), -EPERM, "builtins.range"},
    {BYTES("cbuiltins\nrange\nK\1NK\1\x87R."), -EPERM, "builtins.range"},
    {BYTES("cbuiltins\nbytes\nK\1\x85R."), -EPERM, "builtins.bytes"},
    {BYTES("cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R."), -EPERM,
     "bytearray"},
    {BYTES("cbuiltins\nset\nN\x85R."), -EPERM, "builtins.set"},
    {BYTES("cbuiltins\nset\n]]a\x85R."), -EINVAL, "unhashable type: 'list'"},
    {BYTES("cbuiltins\nreversed\nN\x85R."), -EPERM, "builtins.reversed"},
    {BYTES("c_codecs\nencode\nX\1\0\0\0aX\3\0\0\0rot\x86R."), -EPERM, "encode"},
    {BYTES("c_codecs\nencode\nX\3\0\0\0\xe2\x82\xacX\6\0\0\0latin1\x86R."),
     -EBADMSG, "Latin-1"},
    {BYTES("carray\narray\nX\1\0\0\0b]M\1\1a\x86R."), -EBADMSG, "an array"},
    {BYTES("carray\narray\nX\1\0\0\0bN\x86R."), -EBADMSG, "an array"},
    {BYTES("carray\narray\nNN\x86R."), -EBADMSG, "an array"},
    {BYTES(
         "ccopyreg\n_reconstructor\n(cbuiltins\nset\ncbuiltins\nobject\nNtR."),
     -EPERM, "builtins.set"},
    {BYTES("ccopyreg\n_reconstructor\n(cmultiprocessing.managers\nToken\ncbuil"
           "tins\nset\nNtR."),
     -EPERM, "_reconstructor"},
    {BYTES("cmultiprocessing.managers\nRebuildProxy\n(cbuiltins\nset\nNNNtR."),
     -EPERM, "RebuildProxy"},
    {BYTES("cmultiprocessing.managers\nRebuildProxy\n(cmultiprocessing.manager"
           "s\nListProxy\nNX\6\0\0\0pickle}tR."),
     -EPERM, "RebuildProxy"},
    /* keys */
    {BYTES("}]Ns."), -EINVAL, "unhashable type: 'list'"},
    {BYTES("}(}Nu."), -EINVAL, "unhashable type: 'dict'"},
    {BYTES("(K\1\x8f\x86Nd."), -EINVAL, "unhashable type: 'set'"},
    {BYTES("(cbuiltins\nbytearray\n)R\x91."), -EINVAL, "'bytearray'"},
    {BYTES("}(K\1u."), -EBADMSG, "without its value"},
    /* a stack that is not there */
    {NULL, 0, -EBADMSG, "no end"},
    {BYTES("."), -EBADMSG, "its end"},
    {BYTES("NN."), -EBADMSG, "its end"},
    {BYTES("(N."), -EBADMSG, "its end"},
    {BYTES("0"), -EBADMSG, "too little"},
    {BYTES("1"), -EBADMSG, "no mark"},
    {BYTES("2"), -EBADMSG, "too little"},
    {BYTES("a"), -EBADMSG, "too little"},
    {BYTES("e"), -EBADMSG, "no mark"},
    {BYTES("(e"), -EBADMSG, "too little"},
    {BYTES("N(\x85"), -EBADMSG, "too little"},
    {BYTES("](Na"), -EBADMSG, "too little"},
    {BYTES("N(Ne."), -EPERM, "no list"},
    {BYTES("NNNs."), -EPERM, "no dict"},
    {BYTES("N(N\x90."), -EPERM, "no set"},
    {BYTES("q\0"), -EBADMSG, "too little"},
    {BYTES("N(q\0"), -EBADMSG, "too little"},
    {BYTES("\x94"), -EBADMSG, "too little"},
    {BYTES("\xff."), -EBADMSG, "operation 0xff"},
    /* lengths with nothing behind them */
    {BYTES("B\xff\xff\xff\xff."), -EBADMSG, "cut short"},
    {BYTES("X\xff\xff\xff\x7f."), -EBADMSG, "cut short"},
    {BYTES("T\xff\xff\xff\xff."), -EBADMSG, "cut short"},
    {BYTES("\x8e\xff\xff\xff\xff\xff\xff\xff\x7f."), -EBADMSG, "cut short"},
    {BYTES("\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), -EBADMSG, "cut short"},
    {BYTES("\x96\0\0\0\0\0\0\0\x80."), -EBADMSG, "cut short"},
    {BYTES("\x8b\xff\xff\xff\x7f."), -EBADMSG, "cut short"},
    {BYTES("\x8b\xff\xff\xff\xff."), -EBADMSG, "cut short"},
    {BYTES("Nr\0\0\0\x80."), -EBADMSG, "a memo of"},
    {BYTES("Np2147483648\n."), -EBADMSG, "a memo of"},
    {BYTES("g-1\n."), -EBADMSG, "no number"},
    {BYTES("g\n."), -EBADMSG, "digits"},
    /* numbers and texts that are none */
    {BYTES("I\n."), -EBADMSG, "decimal"},
    {BYTES("I-\n."), -EBADMSG, "decimal"},
    {BYTES("I0x10\n."), -EBADMSG, "decimal"},
    {BYTES("I1_0\n."), -EBADMSG, "decimal"},
    {BYTES("L\n."), -EBADMSG, "decimal"},
    {BYTES("F\n."), -EBADMSG, "a float"},
    {BYTES("F0x1p3\n."), -EBADMSG, "a float"},
    {BYTES("F1\0\n."), -EBADMSG, "a float"},
    {BYTES("F1e5e5\n."), -EBADMSG, "a float"},
    {BYTES("F 1\n."), -EBADMSG, "a float"},
    {BYTES("S'a\n."), -EBADMSG, "quotes"},
    {BYTES("S'\n."), -EBADMSG, "quotes"},
    {BYTES("S'\\x4'\n."), -EBADMSG, "ASCII"},
    {BYTES("S'\\'\n."), -EBADMSG, "ASCII"},
    {BYTES("S'\xe9'\n."), -EBADMSG, "ASCII"},
    {BYTES("S'\\377'\n."), -EBADMSG, "ASCII"},
    {BYTES("U\1\x80."), -EBADMSG, "ASCII"},
    {BYTES("V\\u12\n."), -EBADMSG, "no such character"},
    {BYTES("V\\U00110000\n."), -EBADMSG, "no such character"},
    {BYTES("\x8c\1\x80."), -EBADMSG, "UTF-8"},
    {BYTES("\x8c\2\xc0\x80."), -EBADMSG, "UTF-8"},
    {BYTES("\x8c\2\xc3\x28."), -EBADMSG, "UTF-8"},
    {BYTES("\x8c\3\xe0\x80\x80."), -EBADMSG, "UTF-8"},
    {BYTES("\x8c\2\xe2\x82."), -EBADMSG, "UTF-8"},
    {BYTES("\x8c\4\xf0\x80\x80\x80."), -EBADMSG, "UTF-8"},
    {BYTES("\x8c\4\xf4\x90\x80\x80."), -EBADMSG, "UTF-8"},
    {BYTES("\x8c\12aaaaaaaaa\xff."), -EBADMSG, "UTF-8"},
};

static void every_attack_is_refused_with_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
        test_refuses(attacks[i].bytes, attacks[i].n, attacks[i].error,
                     attacks[i].text);
}

enum { GROWTH = 64 << 20 };

/* In a child that can have no more than this: what is refused was refused for
 * another reason. */
static int refuse_all_in_little(void *unused)
{
    struct rlimit limit = {GROWTH, GROWTH};
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    (void)unused;
    if (!file || fscanf(file, "%lu", &pages) != 1)
        return test_line(__LINE__);
    fclose(file);
    limit.rlim_cur += pages * (unsigned long)sysconf(_SC_PAGESIZE);
    limit.rlim_max = limit.rlim_cur;
    if (setrlimit(RLIMIT_AS, &limit) < 0)
        return test_line(__LINE__);
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        struct datum value;

        if (pickle_load(attacks[i].bytes, attacks[i].n, NULL, &value, NULL) !=
            attacks[i].error)
            return test_line(__LINE__);
    }
    return 0;
}

static void no_attack_costs_memory(void **state)
{
    (void)state;
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    print_message("skipped: a sanitizer needs more\n");
    skip();
#endif
    test_expect_in_fork(refuse_all_in_little, NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(every_attack_is_refused_with_its_reason),
        TEST(no_attack_costs_memory),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
