//  mutant: leaves one rule of the protocol out, in builds made for that (-DMUTANTS) and only there. What
//  is caught then by the simulator's invariants is a rule that is needed and tested.
//  SPDX-License-Identifier: MPL-2.0
#ifndef MUTANT_H_INCLUDED
#define MUTANT_H_INCLUDED

#include <stdbool.h>

typedef enum {
    RULE_NONE = 0,
#define RULE(name, number, section, purpose) RULE_##name = number,
#include "rule.def"
#undef RULE
    RULE_LIMIT
} rule_t;

//  LEFT_OUT (name): true in a build with mutants while that rule is left out; otherwise constantly
//  false. HOLDS (name, condition): the condition, or true while the rule is left out.
#ifdef MUTANTS
extern int mutant_rule; // rule_t; set before anything runs
#    define LEFT_OUT(name) (mutant_rule == RULE_##name)
#else
#    define LEFT_OUT(name) false
#endif
#define HOLDS(name, condition) (LEFT_OUT (name) || (condition))

#endif
