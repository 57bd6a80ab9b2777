/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug key 'v': what the emulated interrupt controllers hold. Read without locks. */
#include <xen/domain.h>
#include <xen/keyhandler.h>
#include <xen/lib.h>
#include <asm/hvm.h>
#include <asm/vioapic.h>
#include <asm/vlapic.h>
#include "dev.h"

static void print_vectors(const struct vlapic *vl, const char *name, unsigned int bank)
{
    int word;

    printk("      %s ", name);
    for (word = 7; word >= 0; word--)
        printk("%08x%s", vlapic_reg(vl, bank + (unsigned int)word * 0x10),
               word ? " " : "\n");
}

static void dump_vcpu(struct vcpu *v)
{
    static const char *const starts[] = { "runs", "waits for SIPI", "INIT", "SIPI" };
    const struct vlapic *vl = v->arch.hvm.vlapic;

    if (!vl)
        return;
    printk(
        "  %pv: APIC base %lx, %s, SVR %x TPR %x PPR %x, timer %x of %x, upcall %x%s%s\n",
        v, vl->base, starts[vl->start & 3], vlapic_reg(vl, VL_SVR),
        vlapic_reg(vl, VL_TPR), vlapic_ppr(vl), vlapic_reg(vl, VL_LVTT),
        vlapic_reg(vl, VL_TMICT), v->arch.hvm.evtchn_upcall_vector,
        v->arch.hvm.nmi_pending ? ", NMI" : "", v->arch.hvm.event.valid ? ", event" : "");
    if (v->vcpu_info)
        printk("      upcall flag %u, mask %u; next is kind %d vector %x\n",
               v->vcpu_info->evtchn_upcall_pending, v->vcpu_info->evtchn_upcall_mask,
               hvm_intr_pending(v).kind, hvm_intr_pending(v).vector);
    print_vectors(vl, "IRR", VL_IRR);
    print_vectors(vl, "ISR", VL_ISR);
}

static void dump_vioapic(const struct vioapic *vio)
{
    unsigned int gsi;

    for (gsi = 0; gsi < vio->gsis; gsi++) {
        if (!test_bit(gsi, vio->bound) && !vio->line[gsi] && (vio->rte[gsi] & 1u << 16))
            continue;
        printk("  GSI %u: entry %016lx line %x%s\n", gsi, vio->rte[gsi], vio->line[gsi],
               test_bit(gsi, vio->bound) ? ", bound" : "");
    }
}

static void dump_devices(unsigned char key)
{
    struct domain *d;
    struct vcpu *v;

    (void)key;
    for (d = domain_next(NULL, 0); d; d = domain_next(d, 0)) {
        printk("%pd: emulated devices\n", d);
        for_each_vcpu(d, v)
            dump_vcpu(v);
        if (d->arch.hvm.vioapic)
            dump_vioapic(d->arch.hvm.vioapic);
    }
}

void dump_init(void)
{
    keyhandler_register('v', dump_devices, "emulated interrupt controllers");
}
