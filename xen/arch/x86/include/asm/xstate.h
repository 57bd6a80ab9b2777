/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FPU and extended state. Every vCPU has an image; it is switched eagerly, all of what
 * the host has whatever a guest's XCR0 says. Hypervisor code never uses the FPU.
 */
#ifndef ASM_X86_XSTATE_H
#define ASM_X86_XSTATE_H

#include <xen/types.h>

struct charge;
struct vcpu;

/* The image as XSAVE's standard form has it (APM vol. 2 11.5.2). */
struct xsave_area {
    uint8_t legacy[512];
    uint64_t xstate_bv, xcomp_bv;
    uint64_t reserved[6];
    uint8_t extended[];
};

#define MXCSR_RESET 0x1f80
#define FCW_RESET   0x037f

/* Boot CPU: which components are switched. Then each CPU: CR4 and XCR0. */
int xstate_init(void);
void xstate_init_cpu(void);

/* Components the host switches (0: no XSAVE, FXSAVE is used), bytes of an image. */
extern uint64_t xstate_mask;
extern uint32_t xstate_size;

/* A fresh image in reset state; NULL: no memory. Free with xstate_free(). */
struct xsave_area *xstate_alloc(struct charge *c);
void xstate_free(struct xsave_area *area);

/*
 * v's image is in reset state afterwards. Whoever changes the image of a vCPU (which does
 * not run then) calls this first: it also makes the next xstate_restore() load it.
 */
void xstate_reset(struct vcpu *v);

/*
 * v leaves or enters this CPU, interrupts off. Entering costs nothing where the registers
 * are v's still: only the idle vCPU ran here since it left, and v ran nowhere else.
 */
void xstate_save(struct vcpu *v);
void xstate_restore(struct vcpu *v);

/* All 16 bytes of one of current's XMM registers, by way of its image: slow. */
void xstate_get_xmm(struct vcpu *v, unsigned int reg, void *val);
void xstate_set_xmm(struct vcpu *v, unsigned int reg, const void *val);

/* This CPU's XCR0. */
uint64_t xcr0_read(void);
void xcr0_write(uint64_t val);

/* May val be put into XCR0 on a CPU with the components of mask? APM vol. 2 11.5.2. */
bool xcr0_valid(uint64_t val, uint64_t mask);

#endif
