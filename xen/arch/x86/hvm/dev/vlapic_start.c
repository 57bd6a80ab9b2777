/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * INIT and SIPI. The sender only leaves a note; the receiver applies it to itself before
 * it next enters the guest. So no vCPU ever waits for another to stop, and two that INIT
 * each other cannot hang the hypervisor.
 */
#include <xen/domain.h>
#include <xen/event.h>
#include <xen/lib.h>
#include <xen/softirq.h>
#include <asm/hvm.h>
#include <asm/vlapic.h>

bool vlapic_start_pending(const struct vlapic *vl)
{
    uint8_t start = read_once(vl->start);

    return start == VL_INIT_PENDING || start == VL_SIPI_PENDING;
}

struct start_work {
    bool reset;     /* INIT: the APIC as well */
    bool run;       /* at sipi_vector */
    bool sleep;     /* until a SIPI */
    uint8_t vector;
};

/* VPF_DOWN is set under the lock that post_sipi() decides under: no start is lost. */
static struct start_work take_work(struct vcpu *v, struct vlapic *vl)
{
    uint64_t flags = spin_lock_irqsave(&vl->lock);
    struct start_work w = {
        .run = vl->start == VL_SIPI_PENDING, .sleep = vl->start == VL_INIT_PENDING,
        .vector = vl->sipi_vector,
    };

    w.reset = vl->init_first && (w.run || w.sleep);
    vl->start = w.sleep ? VL_WAIT_SIPI : VL_RUNNING;
    vl->init_first = false;
    if (w.sleep)
        __atomic_fetch_or(&v->sched.pause_flags, VPF_DOWN, __ATOMIC_SEQ_CST);
    spin_unlock_irqrestore(&vl->lock, flags);
    return w;
}

static void sleep_until_started(struct vcpu *v)
{
    while (__atomic_load_n(&v->sched.pause_flags, __ATOMIC_SEQ_CST) & VPF_DOWN) {
        vcpu_sleep_nosync(v);
        softirq_raise(SOFTIRQ_SCHEDULE);
        do_softirq();
    }
}

void vlapic_apply_start(struct vcpu *v)
{
    struct vlapic *vl = v->arch.hvm.vlapic;
    struct start_work w;

    /* WAIT_SIPI here: started by other means (VCPUOP_up, the domain builder). */
    while (unlikely(read_once(vl->start) != VL_RUNNING)) {
        w = take_work(v, vl);
        if (w.reset) {
            vlapic_reset(v);
            v->arch.hvm.nmi_pending = false;
            /* The upcall flag survives, so its interrupt has to: no other would come. */
            if (evtchn_upcall_wanted(v))
                arch_evtchn_inject(v);
        }
        if (w.run || w.sleep)
            hvm_vcpu_reset(v, (uint16_t)(w.vector << 8), 0);
        if (w.sleep)
            sleep_until_started(v);
    }
}
