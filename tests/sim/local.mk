#  SPDX-License-Identifier: MPL-2.0
#  Whole clusters of the cores on one thread: see tests/sim/README.md
SIM_SOURCES = tests/sim/sim.h tests/sim/sim_actor.c tests/sim/sim_ap.c tests/sim/sim_check.c \
    tests/sim/sim_client.c tests/sim/sim_exec.c tests/sim/sim_exec.h tests/sim/sim_kernel.c \
    tests/sim/sim_lock.c tests/sim/sim_lock.h tests/sim/sim_lock_check.c tests/sim/sim_main.c tests/sim/sim_moves.c tests/sim/sim_nemesis.c \
    tests/sim/sim_network.c tests/sim/sim_plan.c tests/sim/sim_process.c \
    tests/sim/sim_router.c tests/sim/sim_run.c \
    tests/sim/sim_scale.c tests/sim/sim_scenario.c tests/sim/sim_script.c tests/lib/linear.c tests/lib/linear.h
SIM_CPPFLAGS = -I$(top_srcdir)/tests $(CORE_CPPFLAGS)

check_PROGRAMS += tests/sim/sim
tests_sim_sim_SOURCES = $(SIM_SOURCES)
tests_sim_sim_CPPFLAGS = $(SIM_CPPFLAGS)
tests_sim_sim_LDADD = libzgrid-core.la -lm

#  The same with the core compiled so that each rule of rule.def can be left out
check_PROGRAMS += tests/sim/sim-mutants
tests_sim_sim_mutants_SOURCES = $(SIM_SOURCES) $(libzgrid_core_la_SOURCES)
tests_sim_sim_mutants_CPPFLAGS = $(SIM_CPPFLAGS) -DMUTANTS
tests_sim_sim_mutants_LDADD = -lm

SIM_TESTS = tests/sim/check_sim.sh tests/sim/check_mutants.sh
dist_check_SCRIPTS += $(SIM_TESTS)
TESTS += $(SIM_TESTS)
EXTRA_DIST += tests/sim/seeds.txt tests/sim/mutants.txt tests/sim/mutants.sh

#  make soak-sim SECONDS=n: schedules that nobody has tried yet
soak-sim: tests/sim/sim
	seconds=$(or $(SECONDS),600); first=$$(date +%s)00000; for kind in 2 3 '2 --ap' '3 --ap' '2 --locks' '3 --locks' '2 --exec' '3 --exec'; do \
	    tests/sim/sim --first $$first --copies $$kind --seconds $$((seconds / 8)) --jobs 2 || exit 1; done

#  make soak SECONDS=n: so, and with real processes
soak: soak-sim soak-live

#  make mutants COUNT=n: searches each of them anew
mutants: tests/sim/sim-mutants
	$(SHELL) $(srcdir)/tests/sim/mutants.sh $(or $(COUNT),5000)

#  make check-sim: this folder alone
check-sim: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(SIM_TESTS)'

.PHONY: soak soak-sim mutants check-sim
