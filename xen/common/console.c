/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * printk: format, filter by level, limit the rate of what guests cause, prefix each line,
 * and send it to the console ring and all consoles.
 *
 * The lock is not a spinlock_t: the lock checker itself prints, and output must work on
 * a CPU that already holds it (a fault inside printk) and after console_force_unlock().
 */
#include <xen/console.h>
#include <xen/console_sinks.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/param.h>
#include <xen/ratelimit.h>
#include <xen/serial.h>
#include <xen/time.h>
#include <asm/cpu.h>
#include <asm/current.h>

/* Levels below always are printed at once; below limited, if the rate allows. */
struct threshold {
    unsigned int always, limited;
};

static struct threshold host_level = {CONFIG_LOGLEVEL + 1, CONFIG_LOGLEVEL + 1};
static struct threshold guest_level = {0, 2};

static int __init level_of_word(const char *s, size_t len)
{
    static const char *const names[] = {"none", "error", "warning", "info", "debug"};

    if (len == 3 && !strncmp(s, "all", 3))
        return 8;
    for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
        if (strlen(names[i]) == len && !strncmp(s, names[i], len))
            return (int)i;
    return -EINVAL;
}

/* <level>[/<rate-limited level>] */
static int __init parse_threshold(struct threshold *t, const char *s)
{
    const char *slash = strchr(s, '/');
    int low = level_of_word(s, slash ? (size_t)(slash - s) : strlen(s));
    int high = slash ? level_of_word(slash + 1, strlen(slash + 1)) : low;

    if (low < 0 || high < 0)
        return -EINVAL;
    t->always = (unsigned int)low;
    t->limited = (unsigned int)MAX(low, high);
    return 0;
}

static int __init parse_loglvl(const char *s)
{
    return parse_threshold(&host_level, s);
}
custom_param("loglvl", loglvl, parse_loglvl);

static int __init parse_guest_loglvl(const char *s)
{
    return parse_threshold(&guest_level, s);
}
custom_param("guest_loglvl", guest_loglvl, parse_guest_loglvl);

/* console=<com1|com2|vga|none>[,...] */
static unsigned int serial_sinks; /* bit n: com(n+1) */
static bool vga_sink;

static int __init parse_console(const char *s)
{
    serial_sinks = 0;
    vga_sink = false;
    while (*s) {
        const char *comma = strchr(s, ',');
        size_t len = comma ? (size_t)(comma - s) : strlen(s);

        if (len >= 4 && !strncmp(s, "com", 3) && (s[3] == '1' || s[3] == '2'))
            serial_sinks |= 1U << (s[3] - '1');
        else if (len == 3 && !strncmp(s, "vga", 3))
            vga_sink = true;
        else if (len != 4 || strncmp(s, "none", 4))
            return -EINVAL;
        s += len + (comma ? 1 : 0);
    }
    return 0;
}
custom_param("console", console, parse_console);

/*
 * console_timestamps[=none|boot|raw]: seconds since boot, or the TSC, before each line.
 */
static enum { STAMP_NONE, STAMP_BOOT, STAMP_RAW } timestamps;

static int __init parse_timestamps(const char *s)
{
    int on = *s ? parse_bool(s, NULL) : 1;

    if (!strcmp(s, "raw"))
        timestamps = STAMP_RAW;
    else if (!strcmp(s, "boot") || on == 1)
        timestamps = STAMP_BOOT;
    else if (!strcmp(s, "none") || on == 0)
        timestamps = STAMP_NONE;
    else
        return -EINVAL;
    return 0;
}
custom_param("console_timestamps", console_timestamps, parse_timestamps);

static bool sync_console;
bool_param("sync_console", sync_console);

/* --- the lock ---------------------------------------------------------------------- */

static uint32_t lock_word;  /* 0 free, else CPU + 1 */
static bool lock_broken;    /* a panic is printing */

struct held {
    uint64_t flags;
    bool taken;
};

static struct held console_lock(void)
{
    struct held h = {irq_save(), false};
    uint32_t me = smp_processor_id() + 1, free;

    if (lock_broken || read_once(lock_word) == me)
        return h;
    for (;;) {
        free = 0;
        if (__atomic_compare_exchange_n(&lock_word, &free, me, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            break;
        if (read_once(lock_broken))
            return h;
        cpu_relax();
    }
    h.taken = true;
    return h;
}

static void console_unlock(struct held h)
{
    if (h.taken)
        __atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
    irq_restore(h.flags);
}

void console_force_unlock(void)
{
    write_once(lock_broken, true);
    serial_flush(true);
    guest_level = host_level = (struct threshold){8, 8};
}

/* --- output ------------------------------------------------------------------------ */

static bool at_line_start = true; /* [console lock] */

static void emit(const char *s, size_t len)
{
    console_ring_write(s, len);
    for (unsigned int port = 0; port < SERIAL_PORTS; port++) {
        if (!(serial_sinks & 1U << port))
            continue;
        for (size_t i = 0; i < len; i++) {
            if (s[i] == '\n')
                serial_putc(port, '\r');
            serial_putc(port, s[i]);
        }
    }
    if (vga_sink)
        vga_write(s, len);
}

static void emit_timestamp(void)
{
    char text[32];
    int n = 0;

    if (timestamps == STAMP_RAW) {
        n = snprintf(text, sizeof(text), "[%016lx] ", rdtsc());
    } else if (timestamps == STAMP_BOOT) {
        s_time_t now = cpu_khz ? NOW() : 0;

        n = snprintf(text, sizeof(text), "[%5ld.%06ld] ", now / 1000000000,
                     now / 1000 % 1000000);
    }
    emit(text, (size_t)n);
}

/* prefix goes before each line; NULL: as it comes. */
static void emit_lines(const char *prefix, const char *s, size_t len)
{
    while (len) {
        const char *nl = memchr(s, '\n', len);
        size_t n = nl ? (size_t)(nl - s) + 1 : len;

        if (at_line_start && prefix) {
            emit(prefix, strlen(prefix));
            emit_timestamp();
        }
        emit(s, n);
        at_line_start = nl != NULL;
        s += n;
        len -= n;
    }
}

/* Strips <G> and <n>; returns whether the text is to be printed. */
static bool admit(const char **text)
{
    const struct threshold *t = &host_level;
    const char *s = *text;
    bool guest = !strncmp(s, XENLOG_GUEST, 3);
    unsigned int level = 0, lost;

    if (guest) {
        t = &guest_level;
        s += 3;
    }
    if (s[0] == '<' && s[1] >= '0' && s[1] <= '9' && s[2] == '>') {
        level = (unsigned int)(s[1] - '0');
        s += 3;
    } else if (!guest) {
        *text = s;
        return true;
    }
    *text = s;
    if (level < t->always)
        return true;
    if (level >= t->limited)
        return false;
    if (!ratelimit_pass(&printk_ratelimit, &lost))
        return false;
    if (lost) {
        char note[64];
        int n = snprintf(note, sizeof(note), "%u messages suppressed\n", lost);

        emit_lines("(XEN) ", note, (size_t)n);
    }
    return true;
}

void vprintk(const char *fmt, va_list args)
{
    static char buf[1400]; /* [console lock]; a whole command line fits */
    struct held h = console_lock();
    const char *text = buf;
    bool continuation = !at_line_start;

    vsnprintf(buf, sizeof(buf), fmt, args);
    if (admit(&text) || (continuation && text == buf))
        emit_lines("(XEN) ", text, strlen(text));
    console_unlock(h);
}

void printk(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vprintk(fmt, args);
    va_end(args);
}

void gprintk(const char *level, const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    printk("%s%s%pv %s", XENLOG_GUEST, level, (void *)current, text);
}

void console_write_raw(const char *prefix, const char *buf, size_t len)
{
    struct held h = console_lock();

    emit_lines(prefix, buf, len);
    console_unlock(h);
}

/* The screen is domain 0's, whose driver may be drawing on it. */
void console_leave_screen(void)
{
    if (!vga_sink)
        return;
    printk("The screen is left to domain 0\n");
    vga_sink = false;
}

bool console_is_sync(void)
{
    return sync_console;
}

unsigned int console_input_ports(void)
{
    return serial_sinks;
}

void __init console_init_early(void)
{
    struct held h;
    size_t pending;
    const char *early;

    serial_init();
    h = console_lock();
    vga_sink = vga_sink && vga_init();
    /* What was printed before the ports worked is in the ring only. */
    early = console_ring_early(&pending);
    for (unsigned int port = 0; port < SERIAL_PORTS; port++)
        for (size_t i = 0; serial_sinks & 1U << port && i < pending; i++)
            serial_putc(port, early[i]);
    console_unlock(h);
}
