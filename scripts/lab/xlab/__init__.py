# SPDX-License-Identifier: GPL-2.0-only
"""The lab: dom0 images from Debian packages, machines in QEMU, jobs inside them."""
