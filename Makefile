# ipclab: `make help` lists what can be made.
#
# Variables: QUICK=1 or FULL=1 (bench), BUILD=dir, CC=clang,
# CXX=clang++ (one peer), WORKER_CC=cc (the images of spawned workers; musl-gcc where it is there),
# SANITIZE=address,undefined or thread, L=NN (one lesson), RUN=dir (plots),
# V=1 (show the commands).

BUILD    ?= build
CC       ?= cc
CFLAGS   ?= -O2 -g
WARNINGS  = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla -Wformat=2
LIBRARIES = hwloc jansson libcrypto

ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) $(SANITIZER) -pthread
INCLUDES   = -Imechanisms -Ibench
LINK       = -pthread -Wl,-z,now $(SANITIZER)
ifdef SANITIZE
SANITIZER  = -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif

# What is done, in a word; V=1 shows the commands.
say = $(if $(V),,@printf '  %-4s %s\n' $1 $@;)

PKG_CFLAGS = $(shell pkg-config --cflags $(LIBRARIES))
PKG_LIBS   = $(shell pkg-config --libs $(LIBRARIES))
# (As the system's: what is in its headers is not for our warnings.)
MPI_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags-only-I ompi-c 2>/dev/null))
MPI_LIBS   = $(shell pkg-config --libs ompi-c)

plugs      = $(wildcard $(addprefix mechanisms/*/,workload.c workload_*.c hazards.c hazards_*.c))
fuzzers    = $(wildcard mechanisms/*/fuzz_*.c)
sources    = $(filter-out $(plugs) $(fuzzers),$(wildcard mechanisms/*/[!t]*.c mechanisms/*/t[!e]*.c))
programs   = bench/main.c bench/tiny.c bench/empty.c bench/worker.c
bench      = $(filter-out $(programs),$(wildcard bench/[!t]*.c bench/t[!e]*.c))
# What a worker is: the other side of a trial, without what needs libcrypto,
# and without the manager, whose peers are forked.
crypto     = mechanisms/common/auth.c mechanisms/pipe/authenticate.c \
             $(addprefix mechanisms/start/,forkserver.c launch.c reach.c served.c server.c serve.c preload.c)
worker     = bench/worker.c bench/peer.c bench/side.c bench/together.c bench/registry.c bench/counters.c \
             bench/inherit_facts.c bench/inherit_child.c \
             $(filter-out mechanisms/manager/%,$(wildcard bench/floor_*.c mechanisms/*/workload.c mechanisms/*/workload_*.c))
tests      = $(wildcard mechanisms/*/test_*.c bench/test_*.c)
lessons    = $(notdir $(patsubst %/,%,$(dir $(wildcard lessons/*/demo.c))))
open_mpi   = $(wildcard bench/peers/open_mpi*.c)
headers    = $(wildcard mechanisms/*.h mechanisms/*/*.h bench/*.h bench/peers/*.h lessons/*.h)
every_c    = $(wildcard mechanisms/*/*.c bench/*.c bench/peers/*.c lessons/*/*.c)

mech_objs  = $(sources:%.c=$(BUILD)/%.o)
# What a user would pick instead: plug-ins, of what is installed.
installed  = $(firstword $(wildcard $(addsuffix /$1,/usr/include /usr/local/include)))
peers      = raw_pipe af_unix posix_mq eventfd \
             $(if $(call installed,zmq.h),zeromq zeromq_pair) \
             $(if $(call installed,hiredis/hiredis.h),redis) \
             $(if $(call installed,boost/interprocess/ipc/message_queue.hpp),$(if $(shell command -v $(CXX)),boost))
peer_progs = $(peers:%=$(BUILD)/peers/%.so) $(if $(MPI_CFLAGS),$(BUILD)/peers/open-mpi $(BUILD)/peers/mpi-run)

lab_objs   = $(mech_objs) $(plugs:%.c=$(BUILD)/%.o) $(bench:%.c=$(BUILD)/%.o)
worker_c    = $(worker) $(filter-out $(crypto) mechanisms/manager/%,$(sources))
worker_objs = $(worker_c:%.c=$(BUILD)/%.o)
small_objs  = $(worker_c:%.c=$(BUILD)/small/%.o)
images     = $(BUILD)/worker $(BUILD)/forkserver
test_progs = $(tests:%.c=$(BUILD)/%)
demo_progs = $(lessons:%=$(BUILD)/lessons/%/demo)

# As many jobs as processors; a -j of the command line wins.  With several goals
# there is one at a time, so that none runs beside a bench.
ifeq ($(MAKELEVEL)$(filter-out 0 1,$(words $(MAKECMDGOALS))),0)
MAKEFLAGS += -j$(shell nproc)
endif

.PHONY: all bench test plots hazards lessons grade check storm fuzz sanitize tidy format help clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/ipclab $(images) $(BUILD)/tiny $(BUILD)/empty $(peer_progs) $(demo_progs) ## build ipclab and the lessons' demos

bench: all ## measure, 5 min (QUICK=1: 60 s, FULL=1: up to 60 min) and draw
	@scripts/bench $(BUILD) $(if $(QUICK),--quick) $(if $(FULL),--full)

test: all $(test_progs) ## every test, and every hazard once
	@scripts/test $(BUILD) $(test_progs)

plots: ## draw the figures of results/latest (or RUN=dir) again
	@scripts/draw $(or $(RUN),results/latest)

hazards: all ## each hazard proven, each cure shown
	@$(BUILD)/ipclab hazard

lessons: all ## prove that the lessons are true and their graders work
	@scripts/lessons $(BUILD)

grade: all ## grade lessons/*/exercise.c (L=05: one lesson)
	@scripts/grade --build $(BUILD) $(L)

check: ## the soak: every sanitizer, hazards x 20, tests x 10, the storm
	@scripts/check $(BUILD)

storm: all ## kill the harness at 300 moments, and look at what it leaves
	@scripts/storm --build $(BUILD)

fuzz: ## libFuzzer at what strangers send, 60 s each (FUZZ_SECONDS=N)
	@scripts/fuzz $(BUILD) $(fuzzers)

sanitize: ## the tests under ASan+UBSan and TSan, gcc and clang
	@scripts/sanitize $(BUILD)

tidy: ## clang-format, clang-tidy, cppcheck, shellcheck, warnings, lint-tree
	@scripts/tidy $(BUILD) $(every_c) $(headers)

format: ## clang-format every source in place
	clang-format -i $(every_c) $(headers)

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'

clean: ## remove what was built
	rm -rf $(BUILD)

$(BUILD)/ipclab: $(BUILD)/bench/main.o $(lab_objs)
	$(call say,link)$(CC) $(LINK) -o $@ $^ $(PKG_LIBS) -lm

# What is loaded at each exec and copied at each fork is kept small: the images
# that children of ipclab are of are static, with libcrypto in the fork server's
# alone.  A spawned worker has the libc that starts fastest, musl where it is
# installed, and so has `empty`, which it is held against; the kernel's headers
# are not musl's own.  A sanitizer wants to be linked dynamically.
ifdef SANITIZE
WORKER_CC  = $(CC)
image_link = $(LINK)
else
WORKER_CC ?= $(or $(shell command -v musl-gcc),$(CC))
image_link = $(LINK) -static $(shell ld --help | grep -q no-warnings && echo -Wl,--no-warnings)
endif
ifneq ($(findstring musl,$(WORKER_CC)),)
# (POSIX's types of struct msghdr, which musl has, are narrower than Linux's.)
worker_headers = -Wno-conversion -idirafter /usr/include -idirafter /usr/include/$(shell $(CC) -print-multiarch)
endif

$(BUILD)/worker: $(small_objs)
	$(call say,link)$(WORKER_CC) $(image_link) -o $@ $^

$(BUILD)/forkserver: $(worker_objs) $(crypto:%.c=$(BUILD)/%.o)
	$(call say,link)$(CC) $(image_link) -o $@ $^ -lcrypto

$(BUILD)/small/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,cc)$(WORKER_CC) $(ALL_CFLAGS) $(INCLUDES) $(worker_headers) -MMD -MP -c -o $@ $<

# The smallest processes there are: static, and never under a sanitizer.
$(BUILD)/tiny $(BUILD)/empty: $(BUILD)/%: bench/%.c Makefile
	@mkdir -p $(@D)
	$(call say,link)$(smallest) -std=c11 -D_GNU_SOURCE $(WARNINGS) -O2 -static -o $@ $<
$(BUILD)/tiny: smallest = $(CC)
$(BUILD)/empty: smallest = $(WORKER_CC)

# Its ranks are of a program of their own, that mpirun starts.
$(BUILD)/peers/open-mpi: $(open_mpi:%.c=$(BUILD)/%.o) $(BUILD)/bench/counters.o
	@mkdir -p $(@D)
	$(call say,link)$(CC) $(LINK) -o $@ $^ $(MPI_LIBS)

$(BUILD)/peers/mpi-run: bench/peers/mpi-run
	@mkdir -p $(@D)
	@cp $< $@

$(open_mpi:%.c=$(BUILD)/%.o): ALL_CFLAGS += $(MPI_CFLAGS)

$(BUILD)/bench/%.o: ALL_CFLAGS += $(PKG_CFLAGS)

# A plug-in has all that it needs, and is loaded by the side of a trial alone.
$(BUILD)/peers/%.so: $(BUILD)/peers/bench/peers/%.o $(BUILD)/peers/mechanisms/common/io.o
	$(call say,link)$(CC) $(SANITIZER) -shared -o $@ $^ $(peer_libs)
$(BUILD)/peers/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(ALL_CFLAGS) $(INCLUDES) -fPIC -MMD -MP -c -o $@ $<
$(BUILD)/peers/zeromq.so $(BUILD)/peers/zeromq_pair.so: peer_libs = -lzmq
$(BUILD)/peers/redis.so: peer_libs = -lhiredis
$(BUILD)/peers/boost.so: peer_libs = -lstdc++ -lrt
$(BUILD)/peers/boost.so: $(BUILD)/peers/boost.cc.o
$(BUILD)/peers/boost.cc.o: bench/peers/boost.cc Makefile
	@mkdir -p $(@D)
	$(call say,c++)$(CXX) -std=c++17 -O2 -g -Wall -Wextra $(INCLUDES) -fPIC $(SANITIZER) -MMD -MP -c -o $@ $<

# The machine card says what was built, and how.
commit := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
ifneq ($(commit),$(shell cat $(BUILD)/commit 2>/dev/null))
$(shell mkdir -p $(BUILD) && echo $(commit) >$(BUILD)/commit)
endif
$(BUILD)/bench/machine.o: $(BUILD)/commit
$(BUILD)/bench/machine.o: ALL_CFLAGS += -DIPCLAB_COMMIT='"$(commit)"' \
                          -DIPCLAB_CFLAGS='"$(CFLAGS) $(SANITIZER)"' \
                          -DIPCLAB_WORKER='"$(notdir $(WORKER_CC))"'

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(ALL_CFLAGS) $(INCLUDES) -MMD -MP -c -o $@ $<

# A test may replace a system call: `// wrap: read write` in its first lines.
$(BUILD)/%: $(BUILD)/%.o $(lab_objs)
	$(call say,link)$(CC) $(LINK) $(addprefix -Wl$(,)--wrap=,$(shell sed -n 's,^// wrap: ,,p' $*.c)) -o $@ $^ $(PKG_LIBS) -lcmocka -lm

$(BUILD)/lessons/%/demo: $(BUILD)/lessons/%/demo.o $(mech_objs)
	$(call say,link)$(CC) $(LINK) -o $@ $^ -lcrypto

, := ,
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
