/* SPDX-License-Identifier: GPL-2.0-only */
/* Local APIC in x2APIC mode, the MADT, and starting processors. */
#include "guest.h"

#define MSR_APIC_BASE   0x1b
#define TRAMPOLINE_PAGE 0x8000u
#define ICR_INIT        0x4500u
#define ICR_STARTUP     0x4600u

extern const char trampoline_start[], trampoline_end[];
extern volatile uint64_t ap_stack;
void interrupts_load(void);
void ap_main(void);

static struct {
    void (*fn)(unsigned int n);
    volatile bool running, finished;
} cpus[MAX_CPUS];

void apic_enable(void)
{
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00);
    wrmsr(X2APIC_SVR, 0x1ff);
}

void apic_send(uint32_t apic_id, uint32_t command)
{
    wrmsr(X2APIC_ICR, (uint64_t)apic_id << 32 | command);
}

struct sdt {
    char signature[4];
    uint32_t length;
    uint8_t rest[28];
} __attribute__((packed));

static const struct sdt *find_madt(void)
{
    const uint8_t *rsdp = (void *)start_info->rsdp_paddr;
    const struct sdt *xsdt;
    uint64_t at;

    if (!rsdp || memcmp(rsdp, "RSD PTR ", 8) || rsdp[15] < 2)
        return NULL;
    memcpy(&at, rsdp + 24, 8);
    xsdt = (void *)at;
    for (uint32_t i = sizeof(*xsdt); i + 8 <= xsdt->length; i += 8) {
        memcpy(&at, (const char *)xsdt + i, 8);
        if (!memcmp((void *)at, "APIC", 4))
            return (void *)at;
    }
    return NULL;
}

unsigned int cpu_count(void)
{
    const struct sdt *madt = find_madt();
    const uint8_t *entry, *end;
    unsigned int n = 0;

    if (!madt)
        return 1;
    entry = (const uint8_t *)madt + sizeof(*madt) + 8;
    end = (const uint8_t *)madt + madt->length;
    for (; entry + 2 <= end && entry[1]; entry += entry[1]) {
        if (entry[0] == 0 && (entry[4] & 1))
            n++;
        if (entry[0] == 9 && (entry[8] & 1))
            n++;
    }
    return n;
}

void ap_main(void)
{
    unsigned int n;

    interrupts_load();
    apic_enable();
    n = (unsigned int)rdmsr(X2APIC_ID) / 2;
    cpus[n].running = true;
    cpus[n].fn(n);
    cpus[n].finished = true;
}

bool cpu_start(unsigned int n, void (*fn)(unsigned int n))
{
    if (!n || n >= MAX_CPUS)
        return false;
    memcpy((void *)(uintptr_t)TRAMPOLINE_PAGE, trampoline_start,
           trampoline_end - trampoline_start);
    ap_stack = (uint64_t)page_alloc() + 4096;
    cpus[n].fn = fn;
    cpus[n].running = cpus[n].finished = false;

    apic_enable();
    apic_send(n * 2, ICR_INIT);
    delay_ns(1000000);
    apic_send(n * 2, ICR_STARTUP | TRAMPOLINE_PAGE >> 12);
    return SOON(cpus[n].running);
}

bool cpu_finished(unsigned int n)
{
    return cpus[n].finished;
}

bool cpu_ends(unsigned int n)
{
    if (SOON(cpu_finished(n)))
        return true;
    print("CPU %u does not come back\n", n);
    return false;
}
