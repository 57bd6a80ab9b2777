/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loader information, Multiboot 0.6.96 (3.3) and Multiboot2 2.0 (3.6). All of it lies
 * below 4 GiB, where the boot page tables' direct map reaches.
 */
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/boot.h>

#define MB1_LOADER_MAGIC 0x2badb002
#define MB2_LOADER_MAGIC 0x36d76289

#define MB1_CMDLINE  (1U << 2)
#define MB1_MODULES  (1U << 3)
#define MB1_MMAP     (1U << 6)
#define MB1_LOADER   (1U << 9)

struct mb1_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
    uint32_t syms[4];
    uint32_t mmap_length, mmap_addr, drives_length, drives_addr, config_table,
        loader_name;
};

struct mb1_module {
    uint32_t start, end, string, reserved;
};

struct mb1_mmap {
    uint32_t size; /* of the rest */
    uint64_t addr, len;
    uint32_t type;
} __packed;

enum mb2_tag_type {
    MB2_END = 0,
    MB2_CMDLINE = 1,
    MB2_LOADER = 2,
    MB2_MODULE = 3,
    MB2_MMAP = 6,
    MB2_RSDP1 = 14,
    MB2_RSDP2 = 15,
};

struct mb2_tag {
    uint32_t type, size;
    char data[];
};

struct mb2_module {
    uint32_t start, end;
    char string[];
};

struct mb2_mmap {
    uint32_t entry_size, entry_version;
    char entries[];
};

struct mb2_mmap_entry {
    uint64_t addr, len;
    uint32_t type, reserved;
};

struct boot_info boot_info;

/*
 * All loaders but GRUB 2 put the file's name before the arguments. GRUB 2 calls itself
 * "GRUB 2.xx", GRUB legacy "GNU GRUB 0.97".
 */
static const char *__init arguments(const char *line)
{
    while (*line == ' ')
        line++;
    if (!strncmp(boot_info.loader, "GRUB ", 5) && boot_info.loader[5] != '0')
        return line;
    while (*line && *line != ' ')
        line++;
    while (*line == ' ')
        line++;
    return line;
}

static void __init add_e820(paddr_t start, uint64_t size, uint32_t type)
{
    struct boot_info *b = &boot_info;

    if (b->nr_e820 < BOOT_MAX_E820 && size)
        b->e820[b->nr_e820++] = (struct e820_entry){start, size, type};
}

static void __init add_module(uint32_t start, uint32_t end, const char *string)
{
    struct boot_module *m;

    if (boot_info.nr_modules == BOOT_MAX_MODULES || end < start)
        return;
    m = &boot_info.modules[boot_info.nr_modules++];
    m->start = start;
    m->size = end - start;
    str_copy(m->cmdline, arguments(string), sizeof(m->cmdline));
}

static void __init parse_mb1(const struct mb1_info *mbi)
{
    const struct mb1_module *mods = paddr_to_virt(mbi->mods_addr);

    if (mbi->flags & MB1_LOADER)
        str_copy(boot_info.loader, paddr_to_virt(mbi->loader_name),
                 sizeof(boot_info.loader));
    if (mbi->flags & MB1_CMDLINE)
        str_copy(boot_info.cmdline, arguments(paddr_to_virt(mbi->cmdline)),
                 sizeof(boot_info.cmdline));
    if (mbi->flags & MB1_MODULES)
        for (uint32_t i = 0; i < mbi->mods_count; i++)
            add_module(mods[i].start, mods[i].end,
                       mods[i].string ? paddr_to_virt(mods[i].string) : "");
    if (mbi->flags & MB1_MMAP) {
        for (uint32_t off = 0; off + sizeof(struct mb1_mmap) <= mbi->mmap_length;) {
            const struct mb1_mmap *e = paddr_to_virt(mbi->mmap_addr + off);

            add_e820(e->addr, e->len, e->type);
            off += e->size + (uint32_t)sizeof(e->size);
        }
    }
}

static void __init parse_mb2_mmap(const struct mb2_tag *tag)
{
    const struct mb2_mmap *map = (const void *)tag->data;
    uint32_t room = tag->size - (uint32_t)(sizeof(*tag) + sizeof(*map));

    if (map->entry_size < sizeof(struct mb2_mmap_entry))
        return;
    for (uint32_t off = 0; off + map->entry_size <= room; off += map->entry_size) {
        const struct mb2_mmap_entry *e = (const void *)(map->entries + off);

        add_e820(e->addr, e->len, e->type);
    }
}

static void __init parse_mb2_tag(const struct mb2_tag *tag)
{
    const struct mb2_module *mod = (const void *)tag->data;

    switch (tag->type) {
    case MB2_CMDLINE:
        str_copy(boot_info.cmdline, arguments(tag->data), sizeof(boot_info.cmdline));
        break;
    case MB2_MODULE:
        add_module(mod->start, mod->end, mod->string);
        break;
    case MB2_MMAP:
        parse_mb2_mmap(tag);
        break;
    case MB2_RSDP1:
        if (boot_info.rsdp)
            break; /* the newer one came first */
        fallthrough;
    case MB2_RSDP2:
        memcpy(boot_info.rsdp_copy, tag->data,
               MIN(sizeof(boot_info.rsdp_copy), tag->size - sizeof(*tag)));
        boot_info.rsdp = virt_to_paddr(boot_info.rsdp_copy);
        break;
    default:
        break;
    }
}

/* The loader's name decides how command lines are read, so it is looked for first. */
static void __init parse_mb2(const char *info)
{
    uint32_t total = *(const uint32_t *)info;

    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t off = 8; off + sizeof(struct mb2_tag) <= total;) {
            const struct mb2_tag *tag = (const void *)(info + off);

            if (tag->type == MB2_END || tag->size < sizeof(*tag))
                break;
            if (pass)
                parse_mb2_tag(tag);
            else if (tag->type == MB2_LOADER)
                str_copy(boot_info.loader, tag->data, sizeof(boot_info.loader));
            off += ROUND_UP(tag->size, 8U);
        }
    }
}

void __init multiboot_parse(uint32_t magic, paddr_t info)
{
    if (magic == MB1_LOADER_MAGIC)
        parse_mb1(paddr_to_virt(info));
    else if (magic == MB2_LOADER_MAGIC)
        parse_mb2(paddr_to_virt(info));
    else
        panic("Not started by a multiboot loader (magic %#x)", magic);
}
