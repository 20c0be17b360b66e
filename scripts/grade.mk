# SPDX-License-Identifier: MIT
#
# grade.mk - a lesson's check, linked with what was handed in; scripts/grade
# uses it.  It has the Makefile's compiler and flags, and the headers of this
# tree: the file handed in is copied away from its own, as grade-exercise.c or
# grade-solution.c in BUILD/lessons/NN-name.
#
# In the first lines of check.c: `// wrap: read write` replaces these calls;
# `// link: bench` links the harness too, which is the grader of the capstone.

include Makefile

of_check = $(shell sed -n 's,^// $(1): ,,p' lessons/$*/check.c)
parts    = $(BUILD)/scripts/only_one.o $(mech_objs)
harness  = $(if $(shell grep -ls '^// link: bench' lessons/*/check.c),$(lab_objs))

# What is the teacher's: it must build whatever the student wrote.
$(BUILD)/lessons/%/grade-parts: $(BUILD)/lessons/%/check.o $(parts) \
                                | $(harness)
	@touch $@

$(BUILD)/lessons/%.o: $(BUILD)/lessons/%.c Makefile
	$(CC) $(ALL_CFLAGS) $(INCLUDES) -Ilessons/$(notdir $(@D)) -MMD -MP -c -o $@ $<

$(BUILD)/lessons/%/grade-exercise: $(BUILD)/lessons/%/check.o \
                          $(BUILD)/lessons/%/grade-exercise.o $(parts)
	$(link-grade)

$(BUILD)/lessons/%/grade-solution: $(BUILD)/lessons/%/check.o \
                          $(BUILD)/lessons/%/grade-solution.o $(parts)
	$(link-grade)

define link-grade
$(CC) $(LINK) $(addprefix -Wl$(,)--wrap=,$(call of_check,wrap)) -o $@ $^ \
    $(if $(filter bench,$(call of_check,link)),$(filter-out $^,$(lab_objs)) $(PKG_LIBS)) \
    -lcmocka -lcrypto -lm
endef
