# common.mk: included by every experiment; GNU make.
#   make            generate, train, judge; the table on standard output; status not 0 if a bound does not hold
#   make quick      the same path in seconds, smaller, with loose bounds
#   OUT=FOLDER      where everything is written (default build/experiment/NAME of the source tree)
#   SEED=N          of data and weights (default 0)
#   SCIML_BIN=DIR   where the tools are (default build/tools of the source tree if built, else PATH)
#   SCIML_SHARED=DIR  reference data
experiments := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
here := $(patsubst %/,%,$(dir $(abspath $(firstword $(MAKEFILE_LIST)))))
name := $(notdir $(here))
top := $(patsubst %/data/experiment,%,$(experiments))

SEED ?= 0
ifneq ($(wildcard $(top)/build/tools/sciml-train),)
SCIML_BIN ?= $(top)/build/tools
endif
ifdef SCIML_BIN
export PATH := $(abspath $(SCIML_BIN)):$(PATH)
endif
ifneq ($(wildcard $(top)/data/problem),)
export SCIML_DATA ?= $(top)/data
endif
OUT ?= $(if $(wildcard $(top)/configure.ac),$(top)/build,$(CURDIR))/experiment/$(name)
SCIML_SHARED ?= $(top)/../shared
shared = $(firstword $(wildcard $(SCIML_SHARED)/$(1) $(SCIML_SHARED)/data/$(1)) $(SCIML_SHARED)/$(1))
export LC_ALL := C
export OPENBLAS_NUM_THREADS := 1

o := $(OUT)
q := $(OUT)/quick
gen = mkdir -p $(@D) && sciml-gen -q --seed $(SEED) -o $@
# CPU seconds go to NAME.seconds beside the model
train = mkdir -p $(@D) && $(SHELL) $(experiments)/seconds.sh $(@:.h5=.seconds) sciml-train -q --seed $(SEED) -o $@
table = $(SHELL) $(experiments)/table.sh
judge = SEED=$(SEED) $(SHELL) $(experiments)/judge.sh $(name)

checked ?= $(o)/checked
all: $(checked)
quick: $(q)/checked
clean:
	rm -rf $(OUT)
.PHONY: all quick clean
.DELETE_ON_ERROR:
.SECONDARY:

# MODEL_SET.tsv: MODEL.h5 judged on split test of SET.h5, for every SET named in `sets`; the prediction stays in MODEL_SET.h5.
.SECONDEXPANSION:
metrics ?= rel_l2
split ?= :test
define judged
%_$(1).h5: %.h5 $$$$(@D)/$(1).h5
	sciml-solve -q $$< $$(@D)/$(1).h5$$(split) $$(solve_options) -o $$@
%_$(1).tsv: %_$(1).h5
	sciml-eval -q $$< $$(@D)/$(1).h5$$(split) $$(metrics:%=--metric %) $$(eval_options) >$$@
endef
$(foreach set,$(sets),$(eval $(call judged,$(set))))
