# `make help` lists the targets. Every target installs the Debian packages it needs first, when they
# are missing; DEPS=no leaves that out.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

JOBS ?= $(shell scripts/jobs)
DEPS ?= yes
PREFIX ?= /usr/local
DESTDIR ?=
FRAMEWORK ?= tensorflow
TESTS ?= .

install_deps = $(if $(filter yes,$(DEPS)),scripts/install-deps $(1),true)
configure = cmake --preset $(1) --log-level=WARNING >/dev/null
compile = cmake --build build/$(1) --parallel $(JOBS)

.PHONY: help build demo demo-stop test check bench install format clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

build: ## build/release/trainyard, and bx beside it
	@$(call install_deps,build run)
	@$(call configure,release)
	@$(call compile,release) --target trainyard

demo: build ## train a model on MNIST through the service (FRAMEWORK=tensorflow, keras or pytorch)
	@$(call install_deps,demo)
	@scripts/demo $(FRAMEWORK)

demo-stop: ## end the demo's service; its runs and buckets stay in build/demo
	@scripts/demo --stop

test: ## build and run every test (TESTS=PATTERN: only those whose name matches)
	@$(call install_deps,build run test)
	@$(call configure,release)
	@$(call compile,release)
	@scripts/run-tests release -R '$(TESTS)'

check: ## format, layers, shellcheck, clang-tidy, faults and a large object at stores, sanitizers, a short fuzz run (STEPS="format tidy")
	@$(call install_deps,build run test check)
	@scripts/check $(STEPS)

bench: ## measure speed and size
	@$(call install_deps,build run bench)
	@$(call configure,bench)
	@$(call compile,bench)
	@scripts/bench

install: build ## PREFIX=/usr/local, DESTDIR=
	@DESTDIR='$(DESTDIR)' cmake --install build/release --prefix '$(PREFIX)'

format: ## clang-format every C++ file
	@$(call install_deps,check)
	@git ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format -i

clean: ## remove what was built; build/demo stays
	@mkdir -p build
	@find build -mindepth 1 -maxdepth 1 ! -name demo -exec rm -rf {} +
