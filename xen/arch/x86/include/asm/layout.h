/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypervisor virtual address map: PML4 slots 256-271 only, the range that the 64-bit PV
 * ABI reserves. Usable from assembly and the linker script.
 */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#ifdef __ASSEMBLY__
#define ADDR_(x) x
#else
#define ADDR_(x) x##UL
#endif

#define XEN_PHYS_START   ADDR_(0x200000)           /* load address of the image */
#define M2P_VIRT_START   ADDR_(0xffff800000000000) /* slot 256: PV machine-to-phys */
#define VMAP_VIRT_START  ADDR_(0xffff808000000000) /* slot 257: ioremap */
#define VMAP_VIRT_END    ADDR_(0xffff80c000000000)
#define STACKS_VIRT_START VMAP_VIRT_END            /* 2 GiB: 65536 stacks */
#define STACKS_VIRT_END  ADDR_(0xffff80c080000000)
#define FIXMAP_VIRT      ADDR_(0xffff80f000000000)
#define XEN_VIRT_START   ADDR_(0xffff80ffc0000000) /* image, 1 GiB at most */
#define FRAMETABLE_START ADDR_(0xffff810000000000) /* slots 258-259 */
#define FRAMETABLE_END   ADDR_(0xffff820000000000)
#define DIRECTMAP_START  ADDR_(0xffff840000000000) /* slots 264-271 */
#define DIRECTMAP_END    ADDR_(0xffff880000000000)

#endif
