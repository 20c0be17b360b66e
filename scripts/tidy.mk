# SPDX-License-Identifier: MIT
#
# tidy.mk - the checks of C that are made a file at a time; scripts/tidy and
# scripts/sanitize use it.
#
# A check that passed leaves a file in BUILD/tidy, with what it depended on in
# a .d beside it, so a file is looked at again only when it, a header that it
# includes, or the settings changed.

include Makefile

FILES    ?= $(every_c) $(headers)
language  = -std=c11 -D_GNU_SOURCE $(INCLUDES) $(PKG_CFLAGS) $(MPI_CFLAGS)
c_files   = $(filter %.c,$(FILES))
tidy      = $(BUILD)/tidy

.PHONY: formatted analysed objects tests

formatted: $(FILES:%=$(tidy)/%.format)
analysed: $(c_files:%=$(tidy)/%.clang-tidy) $(c_files:%=$(tidy)/%.cppcheck)
objects: all $(c_files:%.c=$(BUILD)/%.o)
tests: all $(test_progs)

$(tidy)/%.format: % .clang-format
	@mkdir -p $(@D)
	@clang-format --dry-run -Werror $<
	@touch $@

$(tidy)/%.clang-tidy: % .clang-tidy Makefile
	@mkdir -p $(@D)
	@$(CC) $(language) -MM -MP -MT $@ -MF $@.d $<
	@clang-tidy --quiet $< -- $(language) 2>$@.said || \
	    { grep -vE '^[0-9]+ (warning|error)' $@.said; exit 1; } >&2
	@touch $@

# Each suppression, with its reason:
# missingIncludeSystem  the C library's headers are left out on purpose: they
#                       are not ours, and cppcheck knows its functions.
# missingInclude        hwloc's and jansson's, likewise.
# normalCheckLevelMaxBranches, checkersReport
#                       remarks of cppcheck about itself (2.11 and later).
# variableScope         a declaration at the head of a function is the style.
# constParameter, constParameterPointer, constParameterCallback
#                       the signature of a workload or a target is given.
# shadowFunction        a local of a header, and a function of the file that
#                       includes it, may have one name.
# unusedStructMember    a struct in shared memory has padding with a name.
# unmatchedSuppression  no release of cppcheck knows all of these.
CPPCHECK = cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr \
    --enable=warning,style,performance,portability --template=gcc \
    -D_GNU_SOURCE -D__linux__ -D__x86_64__ $(INCLUDES) \
    $(addprefix --suppress=,missingIncludeSystem missingInclude \
    normalCheckLevelMaxBranches checkersReport variableScope constParameter \
    constParameterPointer constParameterCallback shadowFunction \
    unusedStructMember unmatchedSuppression)

$(tidy)/%.cppcheck: % scripts/tidy.mk Makefile
	@mkdir -p $(@D)
	@$(CC) $(language) -MM -MP -MT $@ -MF $@.d $<
	@$(CPPCHECK) $<
	@touch $@
