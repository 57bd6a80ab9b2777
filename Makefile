# SPDX-License-Identifier: GPL-2.0-only
ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
include $(ROOT)/Config.mk

.DEFAULT_GOAL := all
MAKEFLAGS += --no-print-directory
SUBMAKE = $(MAKE) -C $(ROOT)/xen ROOT=$(ROOT) O=$(abspath $(O)) CC="$(CC)"

.PHONY: all
all: ## build the hypervisor: build/xen.gz and build/xen-syms
	+$(SUBMAKE) all

xen/%: FORCE
	+$(SUBMAKE) $(abspath $(O))/$*

.PHONY: defconfig menuconfig olddefconfig
defconfig: ## write the default configuration to build/.config
	+$(SUBMAKE) defconfig
menuconfig: ## edit build/.config in a menu
	+$(SUBMAKE) menuconfig
olddefconfig: ## complete build/.config with defaults for new options
	+$(SUBMAKE) olddefconfig

.PHONY: unit
unit: ## host unit tests, sanitizers on (unit-NAME runs one)
	$(MAKE) -C $(ROOT)/xen/test/unit ROOT=$(ROOT) O=$(abspath $(O)) run
unit-%:
	$(MAKE) -C $(ROOT)/xen/test/unit ROOT=$(ROOT) O=$(abspath $(O)) run-$*

.PHONY: abi
abi: ## compare the public headers with Debian's libxen-dev
	$(MAKE) -C $(ROOT)/xen/test/abi ROOT=$(ROOT) O=$(abspath $(O)) abi

.PHONY: deps guest-kernels test
deps:
	$(ROOT)/scripts/install-deps

guest-kernels: all
	$(MAKE) -C $(ROOT)/xen/test/guest ROOT=$(ROOT) O=$(abspath $(O)) all

test: deps ## everything: unit, guest kernels, machines; fast to slow
	$(ROOT)/xen/scripts/run-tests $(ROOT) $(abspath $(O))

.PHONY: run console debug
run: deps all ## boot Debian's dom0 on the hypervisor, run a guest, print a summary
	$(ROOT)/scripts/lab/lab run main
console: deps all ## an interactive dom0 shell
	$(ROOT)/scripts/lab/lab console main
debug: deps all ## the same machine stopped in gdb, with symbols
	$(ROOT)/scripts/lab/lab debug main

.PHONY: bench bench-quick bench-kernel
RELEASE = $(abspath $(O))/release
bench: bench-kernel ## compare with Debian's Xen, instructions; see docs/performance.md
	$(ROOT)/scripts/bench --build $(abspath $(O)) --page $(ROOT)/docs/performance.md
bench-quick: bench-kernel ## the same, single operations only, one run, no page written
	$(ROOT)/scripts/bench --build $(abspath $(O)) --quick
bench-kernel: deps
	test -e $(RELEASE)/.config || $(MAKE) O=$(RELEASE) defconfig FROM=release
	+$(MAKE) O=$(RELEASE) all
	$(MAKE) -C $(ROOT)/xen/test/bench ROOT=$(ROOT) O=$(RELEASE)

# What is installed is for a host: where nobody has chosen a configuration it is the release
# one, and a developer's is not taken for it.
.PHONY: install install-config
install-config:
	@test -e $(O)/.config || $(MAKE) defconfig FROM=release
	@test "$(debug)" = y || ! grep -E '^CONFIG_(DEBUG|FAULT_INJECTION)=y' $(O)/.config || \
	    { echo "$(O)/.config is a developer's: 'make defconfig FROM=release' for a host's," \
	           "or 'make install debug=y'" >&2; exit 1; }
install: install-config ## install into $(DESTDIR), in Debian's places; see config/README.md
	+$(SUBMAKE) all
	install -D -m 0644 $(O)/xen.gz $(DESTDIR)$(BOOT_DIR)/xen-$(FULLVERSION).gz
	install -D -m 0644 $(O)/.config $(DESTDIR)$(BOOT_DIR)/xen-$(FULLVERSION).config
	install -D -m 0644 $(O)/xen-syms $(DESTDIR)$(DEBUG_DIR)/xen-syms-$(FULLVERSION)

.PHONY: prove
prove: deps ## take each security fix out, see its test fail, put it back
	$(ROOT)/scripts/patchq check
	$(ROOT)/scripts/patchq prove

.PHONY: lint
lint: ## style and static checks
	$(ROOT)/xen/scripts/lint $(ROOT)

.PHONY: clean distclean
clean: ## remove build products, keep the configuration
	+$(SUBMAKE) clean
distclean: ## remove everything that was built
	rm -rf $(O)

.PHONY: help
help: ## this text
	@echo "Targets:"
	@grep -hE '^[a-z-]+[ a-z-]*:.*## ' $(ROOT)/Makefile | \
	    sed -E 's/^([a-z -]+):.*## /\1\t/' | \
	    awk -F'\t' '{ printf "  %-28s %s\n", $$1, $$2 }'
	@echo
	@echo "Variables: CC=gcc|clang  O=build-directory  DESTDIR=  V=1 (show commands)"

.PHONY: FORCE
FORCE:
