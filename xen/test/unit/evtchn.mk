# SPDX-License-Identifier: GPL-2.0-only
TESTS += evtchn
evtchn_SRCS := common/evtchn/bind.c common/evtchn/channel.c common/evtchn/close.c \
               common/evtchn/fifo.c common/evtchn/fifo_setup.c common/evtchn/op.c \
               common/evtchn/pin.c common/evtchn/send.c common/evtchn/two_level.c \
               common/evtchn/vcpu_info.c common/domain/shared_info.c \
               common/sync/spinlock.c common/sync/lock_check.c
evtchn_EXTRA := evtchn_world.c guest_fake.c
