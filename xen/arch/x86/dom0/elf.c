/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ELF kernels with a PVH entry note (XEN_ELFNOTE_PHYS32_ENTRY). Both classes; every
 * offset and length of the file is checked against its size before use. System V ABI,
 * chapters 4 and 5.
 */
#include <xen/guest_access.h>
#include <public/elfnote.h>

#include "private.h"

#define ELF_LITTLE_ENDIAN 1
#define EM_386    3
#define EM_X86_64 62
#define PT_LOAD   1
#define PT_NOTE   4

/* A program header of either class. */
struct segment {
    uint32_t type;
    uint64_t offset, paddr, filesz, memsz;
};

static uint64_t __init field(const struct image *img, uint64_t at, unsigned int size)
{
    uint64_t v = 0;

    if (at + size <= img->size)
        memcpy(&v, img->data + at, size);
    return v;
}

static bool __init is_64(const struct image *img)
{
    return img->data[4] == 2;
}

static unsigned int __init nr_segments(const struct image *img)
{
    return (unsigned int)field(img, is_64(img) ? 0x38 : 0x2c, 2);
}

/* Segment nr; false when its header is not inside the file. */
static bool __init get_segment(const struct image *img, unsigned int nr,
                               struct segment *s)
{
    bool wide = is_64(img);
    uint64_t table = wide ? field(img, 0x20, 8) : field(img, 0x1c, 4);
    uint64_t at = table + nr * field(img, wide ? 0x36 : 0x2a, 2);

    if (table > img->size || at + (wide ? 56 : 32) > img->size)
        return false;
    s->type = (uint32_t)field(img, at, 4);
    if (wide) {
        s->offset = field(img, at + 8, 8);
        s->paddr = field(img, at + 24, 8);
        s->filesz = field(img, at + 32, 8);
        s->memsz = field(img, at + 40, 8);
    } else {
        s->offset = field(img, at + 4, 4);
        s->paddr = field(img, at + 12, 4);
        s->filesz = field(img, at + 16, 4);
        s->memsz = field(img, at + 20, 4);
    }
    return true;
}

static bool __init in_file(const struct image *img, const struct segment *s)
{
    return s->offset <= img->size && s->filesz <= img->size - s->offset;
}

/* Look for the entry note in one PT_NOTE segment. */
static bool __init find_entry(const struct image *img, const struct segment *s,
                              uint32_t *entry)
{
    uint64_t at = s->offset, end = s->offset + s->filesz;

    while (at + 12 <= end) {
        uint64_t name_len = field(img, at, 4), desc_len = field(img, at + 4, 4);
        uint64_t type = field(img, at + 8, 4);
        uint64_t name = at + 12, desc = name + ROUND_UP(name_len, 4UL);

        if (name_len > end - at || desc_len > end - at || desc + desc_len > end)
            return false;
        if (type == XEN_ELFNOTE_PHYS32_ENTRY && name_len == 4 &&
            memcmp(img->data + name, "Xen", 4) == 0 && (desc_len == 4 || desc_len == 8)) {
            *entry = (uint32_t)field(img, desc, 4);
            return true;
        }
        at = desc + ROUND_UP(desc_len, 4UL);
    }
    return false;
}

const char *__init elf_check_pvh(const struct image *img, uint32_t *entry, paddr_t *start,
                                 paddr_t *end)
{
    uint64_t machine = field(img, 0x12, 2);
    bool have_entry = false;

    if (img->data[5] != ELF_LITTLE_ENDIAN || (machine != EM_X86_64 && machine != EM_386))
        return "it is not for x86";
    *start = ~0ULL;
    *end = 0;
    for (unsigned int i = 0; i < nr_segments(img); i++) {
        struct segment s;

        if (!get_segment(img, i, &s) ||
            ((s.type == PT_LOAD || s.type == PT_NOTE) && !in_file(img, &s)))
            return "the ELF file is cut short or corrupt";
        if (s.type == PT_NOTE && !have_entry)
            have_entry = find_entry(img, &s, entry);
        if (s.type != PT_LOAD || s.memsz == 0)
            continue;
        if (s.memsz < s.filesz || s.paddr + s.memsz < s.paddr)
            return "a segment of the ELF file has an impossible size";
        *start = MIN(*start, s.paddr);
        *end = MAX(*end, s.paddr + s.memsz);
    }
    if (!have_entry)
        return "it has no PVH entry note (a Linux kernel needs CONFIG_PVH)";
    if (*start >= *end)
        return "it has nothing to load";
    if (*entry < *start || *entry >= *end)
        return "its PVH entry point is outside of what it loads";
    return NULL;
}

int __init elf_load(struct domain *d, const struct image *img)
{
    for (unsigned int i = 0; i < nr_segments(img); i++) {
        struct segment s;

        if (!get_segment(img, i, &s) || s.type != PT_LOAD)
            continue;
        /* Fresh frames are zero: the rest of the segment needs no clearing. */
        if (s.filesz &&
            copy_to_guest_phys(d, s.paddr, img->data + s.offset, s.filesz))
            return -EFAULT;
    }
    return 0;
}
