/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Use of the interrupt vectors. Higher vectors have higher priority (APM vol. 2, 16.6.3).
 */
#ifndef ASM_VECTORS_H
#define ASM_VECTORS_H

#define VECTOR_PIC_FIRST     0x20 /* the masked 8259s; only spurious ones arrive */
#define VECTOR_PIC_LAST      0x2f
#define VECTOR_DYN_FIRST     0x30 /* devices, given out per CPU */
#define VECTOR_DYN_LAST      0xef

#define VECTOR_KICK          0xfa /* leave the guest or the halt: look at softirqs */
#define VECTOR_CALL          0xfb /* run the functions other CPUs have posted */
#define VECTOR_TIMER         0xfc
#define VECTOR_STOP          0xfd
#define VECTOR_ERROR         0xfe
#define VECTOR_SPURIOUS      0xff

#endif
