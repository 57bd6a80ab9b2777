/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kind of kernel a boot module is. A bzImage (Linux Documentation/x86/boot.rst)
 * carries a compressed ELF file; a module may also be an ELF file, compressed or not.
 */
#include <xen/mm.h>

#include "private.h"

/* Offsets in the first sectors of a bzImage. */
#define BZ_SETUP_SECTS  0x1f1
#define BZ_BOOT_FLAG    0x1fe /* 0xaa55 */
#define BZ_HEADER       0x202 /* "HdrS" */
#define BZ_VERSION      0x206
#define BZ_PAYLOAD_OFF  0x248 /* from the start of the protected-mode code; 2.08 on */
#define BZ_PAYLOAD_LEN  0x24c
#define BZ_MIN_SIZE     0x250

static uint32_t __init get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static bool __init is_elf(const uint8_t *p, size_t size)
{
    return size >= 64 && p[0] == 0x7f && p[1] == 'E' && p[2] == 'L' && p[3] == 'F';
}

static bool __init is_bzimage(const uint8_t *p, size_t size)
{
    return size >= BZ_MIN_SIZE && p[BZ_BOOT_FLAG] == 0x55 &&
           p[BZ_BOOT_FLAG + 1] == 0xaa && memcmp(p + BZ_HEADER, "HdrS", 4) == 0;
}

/* The compressed payload inside a bzImage; NULL or why there is none. */
static const char *__init find_payload(const uint8_t **p, size_t *size)
{
    const uint8_t *bz = *p;
    unsigned int sects = bz[BZ_SETUP_SECTS] ? bz[BZ_SETUP_SECTS] : 4;
    uint64_t start = (sects + 1) * 512ULL + get32(bz + BZ_PAYLOAD_OFF);
    uint64_t len = get32(bz + BZ_PAYLOAD_LEN);

    if ((bz[BZ_VERSION] | bz[BZ_VERSION + 1] << 8) < 0x208)
        return "its boot protocol is older than 2.08";
    if (len < 8 || start + len > *size)
        return "the file is cut short: its payload ends behind the end of the module";
    *p = bz + start;
    *size = len;
    return NULL;
}

static const char *__init reason(int rc)
{
    switch (rc) {
    case -ENOMEM:
        return "not enough memory to decompress it";
    case -ENOSPC:
        return "it is corrupt: it decompresses to more than it says";
    case -EOPNOTSUPP:
        return "it is in an unknown compression format";
    default:
        return "the compressed data is corrupt or cut short";
    }
}

/*
 * Compressed kernels end with their uncompressed size, little endian (gzip: its ISIZE).
 */
static const char *__init decompress(const uint8_t *p, size_t size, struct image *img)
{
    uint64_t room = get32(p + size - 4);
    size_t out = room;
    struct page_info *pg;
    int rc;

    if (!unpack_format(p, size))
        return reason(-EOPNOTSUPP);
    if (room < 64 || room > (1ULL << 30))
        return "its uncompressed size is absurd: the file is corrupt";
    img->owned_order = order_from_bytes(room);
    pg = heap_alloc(img->owned_order, 0);
    if (!pg)
        return reason(-ENOMEM);
    img->owned = page_to_virt(pg);
    rc = unpack(p, size, img->owned, &out);
    if (rc)
        return reason(rc);
    img->data = img->owned;
    img->size = out;
    return NULL;
}

void __init dom0_open_kernel(unsigned int nr, struct image *img)
{
    size_t size;
    const uint8_t *p = boot_module_data(nr, &size);
    const char *why = NULL;

    *img = (struct image){.data = p, .size = size};
    if (!p)
        panic("No domain 0 kernel: the boot loader gave no modules");
    if (is_elf(p, size))
        return;
    if (is_bzimage(p, size)) {
        why = find_payload(&p, &size);
        if (!why && is_elf(p, size)) {
            img->data = p;
            img->size = size;
            return;
        }
    } else if (size < 64 || !unpack_format(p, size)) {
        why = "it is neither a bzImage nor an ELF file";
    }
    if (!why)
        why = decompress(p, size, img);
    if (!why && !is_elf(img->data, img->size))
        why = "what it contains is not an ELF file";
    if (why)
        panic("Module %u is not a usable domain 0 kernel: %s", nr, why);
}

void __init dom0_close_kernel(struct image *img)
{
    if (img->owned)
        heap_free(virt_to_page(img->owned), img->owned_order);
    img->owned = NULL;
}
