# SPDX-License-Identifier: GPL-2.0-only
# Settings shared by every part of the tree. Each may be overridden on make's command line.

XEN_MAJOR        := 4
XEN_MINOR        := 17
XEN_EXTRAVERSION ?= .0

# A version control stamp, never the clock: two builds of one commit are equal.
GIT_COMMIT        := $(shell git -C $(ROOT) rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
SOURCE_DATE_EPOCH ?= $(shell git -C $(ROOT) log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH
export LC_ALL := C
export TZ     := UTC

O       ?= $(ROOT)/build
PYTHON  ?= /usr/bin/python3
HOSTCC  ?= gcc
LD      := ld
NM      := nm
OBJCOPY := objcopy
OBJDUMP := objdump
ifeq ($(origin CC),default)
CC := gcc
endif

# Debian's file names, so that its GRUB scripts find the hypervisor.
PREFIX   ?= /usr
BOOT_DIR ?= /boot
DEBUG_DIR ?= $(PREFIX)/lib/debug
ARCH_NAME ?= amd64
FULLVERSION := $(XEN_MAJOR).$(XEN_MINOR)-$(ARCH_NAME)
