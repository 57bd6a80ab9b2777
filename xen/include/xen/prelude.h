/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before every C file by the build. Hidden visibility for declarations as well
 * as definitions lets both compilers address everything RIP relative, without a GOT.
 */
#pragma GCC visibility push(hidden)
