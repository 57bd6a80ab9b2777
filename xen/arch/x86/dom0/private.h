/* SPDX-License-Identifier: GPL-2.0-only */
/* Building domain 0: what the files of this directory share. Boot-time only. */
#ifndef DOM0_PRIVATE_H
#define DOM0_PRIVATE_H

#include <xen/domain.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <asm/boot.h>

/* Bytes of a kernel in the hypervisor's memory. */
struct image {
    const uint8_t *data;
    size_t size;
    void *owned;            /* decompression buffer to free, or NULL */
    unsigned int owned_order;
};

struct dom0_build {
    struct domain *d;
    unsigned long nr_pages;              /* RAM to give */
    struct e820_entry map[BOOT_MAX_E820 + 2]; /* domain 0's view, page granular */
    unsigned int nr_map;
    paddr_t acpi_start;                  /* hole at the top of its low RAM */
    uint64_t acpi_size;
    paddr_t rsdp;

    struct image kernel;
    paddr_t kernel_start, kernel_end;    /* where it was loaded, bss included */
    uint32_t entry;                      /* PVH entry point */
    paddr_t start_info;
};

/*
 * image.c: the ELF file inside module nr, decompressed if need be. Panics with the
 * reason.
 */
void dom0_open_kernel(unsigned int nr, struct image *img);
void dom0_close_kernel(struct image *img);

/*
 * unpack.c: decompress in into out. *out_size: room, then bytes made. 0; -EINVAL corrupt
 * or cut short, -ENOSPC does not fit, -EOPNOTSUPP unknown format, -ENOMEM.
 */
int unpack(const uint8_t *in, size_t in_size, uint8_t *out, size_t *out_size);
/* Name of the format by its first bytes, or NULL. */
const char *unpack_format(const uint8_t *in, size_t in_size);

/* elf.c: find the PVH entry; copy the segments into d's memory. NULL, or why not. */
const char *elf_check_pvh(const struct image *img, uint32_t *entry, paddr_t *start,
                          paddr_t *end);
int elf_load(struct domain *d, const struct image *img);

/* memory.c: decide the map; give d its RAM and identity map what is not RAM. */
void dom0_plan_memory(struct dom0_build *b);
int dom0_populate(struct dom0_build *b);
/* Lowest-to-highest search from the top: size bytes of RAM below limit that avoid the
 * kernel and the ACPI hole; 0: none. */
paddr_t dom0_find_room(const struct dom0_build *b, uint64_t size, paddr_t limit);
bool dom0_is_ram(const struct dom0_build *b, paddr_t start, uint64_t size);

/* acpi.c: RSDP, XSDT and MADT for d in the ACPI hole. */
uint64_t dom0_acpi_size(const struct domain *d);
int dom0_build_acpi(struct dom0_build *b);

#endif
