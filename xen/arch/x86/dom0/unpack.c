/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decompression by the distribution's own liblzma, libzstd and zlib, linked statically.
 * They run at boot only, before any guest exists: they use SSE registers, which belong to
 * nobody yet, and a stack protector canary at %fs:0x28, for which a page is lent.
 */
#include <xen/alloc.h>
#include <xen/softirq.h>
#include <asm/cpu.h>
#include <asm/cr.h>
#include <asm/msr.h>

#include "private.h"

/* --- the libraries' interfaces, as far as they are used ---------------------------- */

struct lzma_stream {
    const uint8_t *next_in;
    size_t avail_in;
    uint64_t total_in;
    uint8_t *next_out;
    size_t avail_out;
    uint64_t total_out;
    const void *allocator;
    void *internal;
    void *reserved_ptr[4];
    uint64_t seek_pos, reserved_int[3];
    unsigned int reserved_enum[2];
};
int lzma_stream_decoder(struct lzma_stream *s, uint64_t memlimit, uint32_t flags);
int lzma_code(struct lzma_stream *s, int action);
void lzma_end(struct lzma_stream *s);
#define LZMA_FINISH     3 /* action: no more input follows */
#define LZMA_OK         0
#define LZMA_STREAM_END 1
#define LZMA_MEM_ERROR  5

size_t ZSTD_decompress(void *dst, size_t dst_size, const void *src, size_t src_size);
unsigned int ZSTD_isError(size_t code);
size_t ZSTD_findFrameCompressedSize(const void *src, size_t src_size);

struct z_stream {
    const uint8_t *next_in;
    unsigned int avail_in;
    unsigned long total_in;
    uint8_t *next_out;
    unsigned int avail_out;
    unsigned long total_out;
    const char *msg;
    void *state;
    void *(*zalloc)(void *opaque, unsigned int items, unsigned int size);
    void (*zfree)(void *opaque, void *p);
    void *opaque;
    int data_type;
    unsigned long adler, reserved;
};
int inflateInit2_(struct z_stream *s, int window_bits, const char *version, int size);
int inflate(struct z_stream *s, int flush);
int inflateEnd(struct z_stream *s);
#define Z_NO_FLUSH   0
#define Z_OK         0
#define Z_STREAM_END 1
#define Z_GZIP       (15 + 16) /* largest window, gzip header expected */

typedef void (*constructor_t)(void);
extern const constructor_t __init_array_start[], __init_array_end[];

/* --- what they need from a C library ----------------------------------------------- */

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void free(void *p);
noreturn void __stack_chk_fail(void);

void *malloc(size_t size)
{
    return charge_alloc(NULL, CHARGE_MISC, MAX(size, (size_t)1));
}

void *calloc(size_t n, size_t size)
{
    return charge_alloc_array(NULL, CHARGE_MISC, MAX(n, (size_t)1), MAX(size, (size_t)1));
}

void free(void *p)
{
    charge_free(p);
}

void __stack_chk_fail(void)
{
    panic("Stack overwritten while decompressing");
}

/*
 * zstd's tracing hooks are weak references, which cannot stay at 0 in this address space.
 */
unsigned long long ZSTD_trace_decompress_begin(const void *ctx);
void ZSTD_trace_decompress_end(unsigned long long ctx, const void *trace);

unsigned long long ZSTD_trace_decompress_begin(const void *ctx)
{
    return 0; /* not interested */
}

void ZSTD_trace_decompress_end(unsigned long long ctx, const void *trace)
{
}

/* --- formats ----------------------------------------------------------------------- */

/*
 * The libraries use a red zone, which an interrupt on this stack would destroy, so they
 * run with interrupts off, and in slices of this much output: time and other CPUs go on.
 */
#define SLICE MB(1)

static void __init between_slices(void)
{
    irq_enable();
    process_pending_softirqs();
    irq_disable();
}

static int __init unpack_xz(const uint8_t *in, size_t in_size, uint8_t *out,
                            size_t *out_size)
{
    struct lzma_stream s = {.next_in = in, .avail_in = in_size, .next_out = out};
    size_t left = *out_size;
    int rc = lzma_stream_decoder(&s, UINT64_MAX, 0);

    while (rc == LZMA_OK && (s.avail_out || left)) {
        if (!s.avail_out) {
            s.avail_out = MIN(left, (size_t)SLICE);
            left -= s.avail_out;
        }
        rc = lzma_code(&s, LZMA_FINISH);
        between_slices();
    }
    *out_size = s.total_out;
    lzma_end(&s);
    if (rc == LZMA_STREAM_END)
        return 0;
    return rc == LZMA_MEM_ERROR ? -ENOMEM : -EINVAL;
}

static int __init unpack_zstd(const uint8_t *in, size_t in_size, uint8_t *out,
                              size_t *out_size)
{
    /* Behind the frame comes the size word, which is not the library's. */
    size_t frame = ZSTD_findFrameCompressedSize(in, in_size);
    size_t n;

    if (ZSTD_isError(frame))
        return -EINVAL;
    n = ZSTD_decompress(out, *out_size, in, frame);
    if (ZSTD_isError(n))
        return -EINVAL;
    *out_size = n;
    return 0;
}

static int __init unpack_gzip(const uint8_t *in, size_t in_size, uint8_t *out,
                              size_t *out_size)
{
    struct z_stream s = {
        .next_in = in, .avail_in = (unsigned int)in_size, .next_out = out,
    };
    size_t left = *out_size;
    int rc = inflateInit2_(&s, Z_GZIP, "1.2.13", sizeof(s));

    if (rc)
        return -ENOMEM;
    while (rc == Z_OK && left) {
        s.avail_out = (unsigned int)MIN(left, (size_t)SLICE);
        left -= s.avail_out;
        rc = inflate(&s, Z_NO_FLUSH);
        between_slices();
    }
    *out_size = s.total_out;
    inflateEnd(&s);
    return rc == Z_STREAM_END ? 0 : -EINVAL;
}

static const struct {
    const char *name;
    uint8_t magic[6];
    uint8_t len;
    int (*fn)(const uint8_t *, size_t, uint8_t *, size_t *);
} formats[] __initconst = {
    {"xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6, unpack_xz},
    {"gzip", {0x1f, 0x8b}, 2, unpack_gzip},
    {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4, unpack_zstd},
};

static int __init format_index(const uint8_t *in, size_t size)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(formats); i++)
        if (size > formats[i].len && memcmp(in, formats[i].magic, formats[i].len) == 0)
            return (int)i;
    return -1;
}

const char *__init unpack_format(const uint8_t *in, size_t in_size)
{
    int i = format_index(in, in_size);

    return i < 0 ? NULL : formats[i].name;
}

/*
 * What a C library's start-up code would call; liblzma chooses its CRC functions there.
 */
static void __init run_constructors(void)
{
    static bool done __initdata;

    for (const constructor_t *c = __init_array_start; !done && c < __init_array_end; c++)
        (*c)();
    done = true;
}

/*
 * Run one library with %fs pointing to something readable, SSE on and interrupts off.
 * Interrupts were on.
 */
int __init unpack(const uint8_t *in, size_t in_size, uint8_t *out, size_t *out_size)
{
    static uint8_t canary_area[64] __initdata __aligned(16);
    uint64_t fs = rdmsr(MSR_FS_BASE), cr0 = read_cr0(), cr4 = read_cr4();
    int i = format_index(in, in_size), rc;

    if (i < 0)
        return -EOPNOTSUPP;
    /* xz streams may be followed by zero padding only; the size word is cut off. */
    if (formats[i].fn == unpack_xz)
        in_size -= 4;
    irq_disable();
    wrmsr(MSR_FS_BASE, (uint64_t)(uintptr_t)canary_area);
    write_cr0((cr0 & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_MP);
    write_cr4(cr4 | CR4_OSFXSR | CR4_OSXMMEXCPT);
    run_constructors();
    rc = formats[i].fn(in, in_size, out, out_size);
    write_cr4(cr4);
    write_cr0(cr0);
    wrmsr(MSR_FS_BASE, fs);
    irq_enable();
    return rc;
}
