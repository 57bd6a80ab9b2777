/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 16550 UARTs at I/O ports (National Semiconductor PC16550D).
 *   com1=<baud|auto>[/clock_hz][,<data><parity><stop>[,<io-base>[,<irq>]]]
 */
#include <xen/init.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/param.h>
#include <xen/serial.h>
#include <asm/cpu.h>

#define UART_DATA 0
#define UART_IER  1
#define UART_FCR  2
#define UART_IIR  2
#define UART_LCR  3
#define UART_MCR  4
#define UART_LSR  5
#define UART_DLL  0
#define UART_DLM  1

#define LCR_DLAB     0x80
#define LSR_DR       0x01
#define LSR_THRE     0x20
#define IER_RX       0x01
#define IER_TX       0x02
#define IIR_NONE     0x01 /* no interrupt is pending */
#define FCR_ENABLE   0x07 /* enable, clear both FIFOs */
#define MCR_DTR_RTS  0x03
#define MCR_OUT2     0x08 /* connects the interrupt line on PCs */

#define FIFO_DEPTH   16
#define BUSY_POLLS   200000
#define TX_SIZE      65536U /* power of two */
#define LOCK_POLLS   10000000
#define IRQ_ROUNDS   32

struct uart {
    bool configured, present;
    bool broken;         /* stayed busy once; not waited for again until ready */
    uint16_t base;
    unsigned int irq;
    unsigned int baud;   /* 0: as the firmware left it */
    unsigned int clock;
    uint8_t lcr;
    unsigned int room;   /* bytes that fit without asking */
    void (*rx)(unsigned int port);

    /* Buffered output, from serial_start_irq() on until serial_flush(true). */
    bool buffered;
    uint32_t lock;       /* not a spinlock_t, see console.c; covers the rest */
    bool tx_irq;         /* the transmitter interrupts when it is empty */
    uint32_t head, tail; /* free running */
    char tx[TX_SIZE];
};

/* Unbuffered output: the console lock. Configuration: boot only. */
static struct uart uarts[SERIAL_PORTS] = {
    {.base = 0x3f8, .irq = 4, .clock = 1843200, .lcr = 0x03},
    {.base = 0x2f8, .irq = 3, .clock = 1843200, .lcr = 0x03},
};

static uint8_t uart_read(const struct uart *u, unsigned int reg)
{
    return inb((uint16_t)(u->base + reg));
}

static void uart_write(const struct uart *u, unsigned int reg, uint8_t v)
{
    outb(v, (uint16_t)(u->base + reg));
}

static int __init parse_frame(struct uart *u, const char *s)
{
    static const char parity[] = "noems"; /* none odd even mark space */
    const char *p;

    if (s[0] < '5' || s[0] > '8' || !s[1] || s[2] < '1' || s[2] > '2')
        return -EINVAL;
    p = strchr(parity, s[1]);
    if (!p)
        return -EINVAL;
    u->lcr = (uint8_t)(s[0] - '5');
    u->lcr |= s[2] == '2' ? 0x04 : 0;
    if (p != parity)
        u->lcr |= (uint8_t)((2 * (p - parity) - 1) << 3);
    return 0;
}

static int __init parse_uart(struct uart *u, const char *s)
{
    u->configured = true;
    if (!strncmp(s, "auto", 4)) {
        u->baud = 0;
        s += 4;
    } else if (*s != ',') {
        u->baud = (unsigned int)simple_strtoull(s, &s, 10);
        if (*s == '/')
            u->clock = (unsigned int)simple_strtoull(s + 1, &s, 0) << 4;
    }
    if (*s == ',') {
        if (s[1] && s[1] != ',') {
            if (parse_frame(u, s + 1))
                return -EINVAL;
            s += 4;
        } else {
            s++;
        }
    }
    if (*s == ',' && s[1] != ',')
        u->base = (uint16_t)simple_strtoull(s + 1, &s, 0);
    else if (*s == ',')
        s++;
    if (*s == ',')
        u->irq = (unsigned int)simple_strtoull(s + 1, &s, 10);
    return *s && *s != ',' ? -EINVAL : 0;
}

static int __init parse_com1(const char *s)
{
    return parse_uart(&uarts[0], s);
}
custom_param("com1", com1, parse_com1);

static int __init parse_com2(const char *s)
{
    return parse_uart(&uarts[1], s);
}
custom_param("com2", com2, parse_com2);

/* A missing UART reads as all ones; a present one keeps what its IER was given. */
static bool __init probe(const struct uart *u)
{
    if (uart_read(u, UART_LSR) == 0xff)
        return false;
    uart_write(u, UART_IER, 0x05);
    if ((uart_read(u, UART_IER) & 0x0f) != 0x05)
        return false;
    uart_write(u, UART_IER, 0);
    return (uart_read(u, UART_IER) & 0x0f) == 0;
}

void __init serial_init(void)
{
    for (unsigned int i = 0; i < SERIAL_PORTS; i++) {
        struct uart *u = &uarts[i];

        if (!u->configured || !probe(u))
            continue;
        if (u->baud) {
            unsigned int divisor = u->clock / 16 / u->baud;

            divisor = divisor ? MIN(divisor, 0xffffU) : 1;
            uart_write(u, UART_LCR, u->lcr | LCR_DLAB);
            uart_write(u, UART_DLL, (uint8_t)divisor);
            uart_write(u, UART_DLM, (uint8_t)(divisor >> 8));
        }
        uart_write(u, UART_LCR, u->lcr);
        uart_write(u, UART_FCR, FCR_ENABLE);
        uart_write(u, UART_MCR, MCR_DTR_RTS);
        u->present = true;
    }
}

bool serial_present(unsigned int port)
{
    return port < SERIAL_PORTS && uarts[port].present;
}

static bool wait_ready(struct uart *u)
{
    for (unsigned int i = 0; i < (u->broken ? 1 : BUSY_POLLS); i++) {
        if (uart_read(u, UART_LSR) & LSR_THRE) {
            u->broken = false;
            return true;
        }
        cpu_relax();
    }
    u->broken = true;
    return false;
}

static void put_polled(struct uart *u, char c)
{
    if (!u->room) {
        if (!wait_ready(u))
            return;
        u->room = FIFO_DEPTH;
    }
    u->room--;
    uart_write(u, UART_DATA, (uint8_t)c);
}

/* Interrupts are off. A holder that was stopped for good does not stop us (I8). */
static void tx_lock(struct uart *u)
{
    for (unsigned int i = 0; i < LOCK_POLLS; i++) {
        if (!__atomic_exchange_n(&u->lock, 1, __ATOMIC_ACQUIRE))
            return;
        cpu_relax();
    }
}

static void tx_unlock(struct uart *u)
{
    __atomic_store_n(&u->lock, 0, __ATOMIC_RELEASE);
}

/* Put what waits into the empty FIFO; ask for an interrupt while something waits. */
static void tx_fill(struct uart *u)
{
    for (unsigned int n = 0; n < FIFO_DEPTH && u->tail != u->head; n++)
        uart_write(u, UART_DATA, (uint8_t)u->tx[u->tail++ % TX_SIZE]);
    if (u->tx_irq != (u->tail != u->head)) {
        u->tx_irq = !u->tx_irq;
        uart_write(u, UART_IER, u->tx_irq ? IER_RX | IER_TX : IER_RX);
    }
}

void serial_putc(unsigned int port, char c)
{
    struct uart *u = &uarts[port];

    if (!u->present)
        return;
    if (!u->buffered) {
        put_polled(u, c);
        return;
    }
    tx_lock(u);
    /* Who prints faster than the line is slowed down rather than cut short. */
    if (u->head - u->tail == TX_SIZE && wait_ready(u))
        tx_fill(u);
    if (u->head - u->tail < TX_SIZE)
        u->tx[u->head++ % TX_SIZE] = c;
    if (!u->tx_irq) {
        u->tx_irq = true;
        uart_write(u, UART_IER, IER_RX | IER_TX);
    } else if (c == '\n' && (uart_read(u, UART_LSR) & LSR_THRE)) {
        tx_fill(u); /* should its interrupt have got lost, each line starts it again */
    }
    tx_unlock(u);
}

void serial_flush(bool for_good)
{
    for (unsigned int port = 0; port < SERIAL_PORTS; port++) {
        struct uart *u = &uarts[port];
        uint64_t irq;

        if (!u->buffered)
            continue;
        irq = irq_save();
        tx_lock(u);
        u->room = 0;
        while (u->tail != u->head)
            put_polled(u, u->tx[u->tail++ % TX_SIZE]);
        u->room = 0;
        if (for_good)
            u->buffered = false;
        tx_unlock(u);
        irq_restore(irq);
    }
}

int serial_getc(unsigned int port)
{
    const struct uart *u = &uarts[port];

    if (!u->present || !(uart_read(u, UART_LSR) & LSR_DR))
        return -1;
    return uart_read(u, UART_DATA);
}

static void uart_interrupt(unsigned int irq, void *data)
{
    struct uart *u = data;

    /* The line is edge triggered: go on until the UART has let it go. */
    for (unsigned int i = 0; i < IRQ_ROUNDS && !(uart_read(u, UART_IIR) & IIR_NONE);
         i++) {
        u->rx((unsigned int)(u - uarts));
        if (!u->buffered)
            continue;
        tx_lock(u);
        if (uart_read(u, UART_LSR) & LSR_THRE)
            tx_fill(u);
        tx_unlock(u);
    }
}

int serial_start_irq(unsigned int port, void (*fn)(unsigned int port), bool buffered)
{
    struct uart *u = &uarts[port];
    int rc;

    if (!u->present || !u->irq)
        return -ENODEV;
    u->rx = fn;
    rc = irq_request(u->irq, uart_interrupt, u, "serial");
    if (rc)
        return rc;
    uart_write(u, UART_MCR, MCR_DTR_RTS | MCR_OUT2);
    uart_write(u, UART_IER, IER_RX);
    u->buffered = buffered;
    return 0;
}

bool serial_io_range(unsigned int port, uint16_t *first, uint16_t *last)
{
    if (!serial_present(port))
        return false;
    *first = uarts[port].base;
    *last = (uint16_t)(uarts[port].base + 7);
    return true;
}
