/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the boot loader handed over, copied out of its memory early, and the machine's
 * memory map. Written by the boot CPU before others start; read-only afterwards.
 */
#ifndef ASM_BOOT_H
#define ASM_BOOT_H

#include <xen/types.h>

#define BOOT_MAX_MODULES 8
#define BOOT_MAX_E820    128

#define E820_RAM      1
#define E820_RESERVED 2
#define E820_ACPI     3
#define E820_NVS      4
#define E820_UNUSABLE 5

struct e820_entry {
    paddr_t start;
    uint64_t size;
    uint32_t type;
};

struct boot_module {
    paddr_t start;
    uint64_t size;
    char cmdline[1024];
};

struct boot_info {
    char loader[64];
    char cmdline[1024];
    unsigned int nr_modules, nr_e820;
    struct boot_module modules[BOOT_MAX_MODULES];
    struct e820_entry e820[BOOT_MAX_E820]; /* sorted, disjoint after memory_map_init() */
    paddr_t rsdp;   /* of a copy that the loader made, inside boot_info; 0: none */
    uint8_t rsdp_copy[36];
};
extern struct boot_info boot_info;

/* Fill boot_info from a multiboot 1 or 2 loader's data; panics on another magic. */
void multiboot_parse(uint32_t magic, paddr_t info);

/*
 * The pure part: n entries to sorted, disjoint ones. out has room for max; returns how
 * many there are. n <= BOOT_MAX_E820.
 */
unsigned int memory_map_resolve(const struct e820_entry *in, unsigned int n,
                                struct e820_entry *out, unsigned int max);
/* Sort the map and resolve overlaps: whatever is not RAM wins. */
void memory_map_init(void);
/* Type of the range's first byte if all of it has that type, else 0. */
uint32_t memory_map_type(paddr_t start, uint64_t size);
/* Is any byte of the range RAM? size > 0; past the last address there is nothing. */
bool memory_map_has_ram(paddr_t start, uint64_t size);

/* Contents of a module, in the direct map. NULL: no such module or released. */
const void *boot_module_data(unsigned int nr, size_t *size);
/* Domain 0 is built: its modules' memory goes to the heap. Once. */
void boot_modules_release(void);

/* A 4 KiB page below 1 MiB for the AP trampoline, never in the heap. */
paddr_t boot_trampoline_pa(void);

#endif
