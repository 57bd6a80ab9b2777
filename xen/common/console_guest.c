/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What guests write to the console, and who gets what arrives on the serial line. Three
 * times the switch character (Ctrl-A) moves the input between domain 0 and the
 * hypervisor's own key handlers.
 */
#include <xen/console.h>
#include <xen/console_sinks.h>
#include <xen/domain.h>
#include <xen/event.h>
#include <xen/init.h>
#include <xen/keyhandler.h>
#include <xen/lib.h>
#include <xen/param.h>
#include <xen/ratelimit.h>
#include <xen/serial.h>
#include <xen/softirq.h>

#define INPUT_SIZE   256U /* power of two */
#define SWITCH_TIMES 3

/* --- output ------------------------------------------------------------------------ */

void console_write_dom0(const char *buf, size_t len)
{
    console_write_raw(NULL, buf, len);
}

/* About a screen at once, then ten lines a second, for all guests together. */
static struct ratelimit guest_lines = RATELIMIT(30, 100000000);
static DEFINE_SPINLOCK(guest_lines_lock, LOCK_CONSOLE);

void console_write_guest(struct domain *d, const char *buf, size_t len)
{
    unsigned int lost = 0;
    uint64_t irq = spin_lock_irqsave(&guest_lines_lock);
    bool pass = ratelimit_pass(&guest_lines, &lost);
    char line[200];
    size_t n = 0;

    spin_unlock_irqrestore(&guest_lines_lock, irq);
    if (!pass)
        return;
    if (lost)
        printk("%u lines of guests suppressed\n", lost);
    /* Only what cannot move the cursor of whoever reads the log. */
    for (size_t i = 0; i < len && n < sizeof(line) - 1; i++) {
        unsigned char c = (unsigned char)buf[i];

        if (c == '\n')
            break;
        line[n++] = c == '\t' || (c >= ' ' && c != 0x7f) ? (char)c : '.';
    }
    line[n] = '\0';
    printk("(%pd) %s\n", (void *)d, line);
}

/* --- input ------------------------------------------------------------------------- */

/* [input_lock] */
static DEFINE_SPINLOCK(input_lock, LOCK_SERIAL);
static char input[INPUT_SIZE];
static unsigned int input_head, input_tail; /* free running */
static bool input_to_xen;
static unsigned int switches_seen;

static char switch_char __ro_after_init = 'a' & 0x1f;

/*
 * conswitch=<letter>[x]: the letter with Ctrl; x: the hypervisor keeps the input at boot.
 */
static int __init parse_conswitch(const char *s)
{
    if (!*s || ((s[0] | 0x20) < 'a' || (s[0] | 0x20) > 'z'))
        return -EINVAL;
    switch_char = s[0] & 0x1f;
    input_to_xen = s[1] == 'x';
    return s[1] && s[1] != 'x' ? -EINVAL : 0;
}
custom_param("conswitch", conswitch, parse_conswitch);

/* for the tasklet; a second one before it runs is lost */
static unsigned char pending_key;
static struct tasklet key_tasklet;

static void run_key(void *unused)
{
    keyhandler_run(pending_key);
}

static void input_char(char c)
{
    uint64_t irq = spin_lock_irqsave(&input_lock);
    bool to_xen = input_to_xen, switched = false;

    switches_seen = c == switch_char ? switches_seen + 1 : 0;
    if (switches_seen == SWITCH_TIMES) {
        switches_seen = 0;
        to_xen = input_to_xen = !input_to_xen;
        switched = true;
    } else if (!to_xen && input_head - input_tail < INPUT_SIZE) {
        input[input_head++ % INPUT_SIZE] = c;
    }
    spin_unlock_irqrestore(&input_lock, irq);

    if (switched) {
        printk("*** Serial input to %s (Ctrl-%c three times to switch)\n",
               to_xen ? "Xen" : "DOM0", switch_char | 0x40);
    } else if (to_xen) {
        if (c != switch_char) {
            pending_key = (unsigned char)c;
            tasklet_schedule(&key_tasklet);
        }
    } else {
        send_global_virq(VIRQ_CONSOLE);
    }
}

static void received(unsigned int port)
{
    int c;

    while ((c = serial_getc(port)) >= 0)
        input_char((char)c);
}

size_t console_read_input(char *buf, size_t len)
{
    uint64_t irq = spin_lock_irqsave(&input_lock);
    size_t n = 0;

    while (n < len && input_tail != input_head)
        buf[n++] = input[input_tail++ % INPUT_SIZE];
    spin_unlock_irqrestore(&input_lock, irq);
    return n;
}

static int __init start_port(unsigned int port)
{
    return serial_start_irq(port, received, !console_is_sync());
}

void __init console_init_late(void)
{
    unsigned int ports = console_input_ports();

    tasklet_init(&key_tasklet, run_key, NULL);
    for (unsigned int port = 0; port < SERIAL_PORTS; port++) {
        int rc = ports & 1U << port ? start_port(port) : 0;

        if (rc)
            printk(XENLOG_WARNING "com%u: no input (error %d)\n", port + 1, rc);
    }
}
