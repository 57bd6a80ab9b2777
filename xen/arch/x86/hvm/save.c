/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Saved HVM contexts: a row of records between a header and an end mark
 * (public/hvm/save.h). Loading checks the whole row before it changes anything.
 */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/time.h>
#include <asm/cpu_policy.h>
#include <public/hvm/save.h>
#include "private.h"

#define MAX_HANDLERS 24

/* Ascending by type; filled at boot, constant after. */
static struct hvm_save_handler handlers[MAX_HANDLERS];
static unsigned int nr_handlers;

void __init hvm_register_save(const struct hvm_save_handler *h)
{
    unsigned int i = nr_handlers;

    BUG_ON(nr_handlers == MAX_HANDLERS);
    for (; i && handlers[i - 1].type > h->type; i--)
        handlers[i] = handlers[i - 1];
    handlers[i] = *h;
    nr_handlers++;
}

static const struct hvm_save_handler *find_handler(uint16_t type)
{
    for (unsigned int i = 0; i < nr_handlers; i++) {
        if (handlers[i].type == type)
            return &handlers[i];
    }
    return NULL;
}

/* --- saving ------------------------------------------------------------------------ */

struct writer {
    char *at, *end;
};

/* Room for a record whose descriptor is written now; NULL: too little. */
static void *put_descriptor(struct writer *w, uint16_t type, uint16_t instance,
                            uint32_t length)
{
    struct hvm_save_descriptor desc = { type, instance, length };
    char *data = w->at + sizeof(desc);

    if ((size_t)(w->end - w->at) < sizeof(desc) + length)
        return NULL;
    memcpy(w->at, &desc, sizeof(desc));
    memset(data, 0, length);
    w->at = data + length;
    return data;
}

static int put_record(struct writer *w, const struct hvm_save_handler *h,
                      struct domain *d, struct vcpu *v)
{
    char *before = w->at;
    void *data = put_descriptor(w, h->type, v ? (uint16_t)v->vcpu_id : 0, h->size);
    int rc = data ? h->save(d, v, data) : -ENOSPC;

    if (rc)
        w->at = before;
    /* No such state here (a vCPU that was never started): no record, no error. */
    return rc == -ENODATA ? 0 : rc;
}

static int put_all_of(struct writer *w, const struct hvm_save_handler *h,
                      struct domain *d)
{
    struct vcpu *v;
    int rc;

    if (!h->per_vcpu)
        return put_record(w, h, d, NULL);
    for_each_vcpu(d, v) {
        rc = put_record(w, h, d, v);
        if (rc)
            return rc;
    }
    return 0;
}

uint32_t hvm_save_size(struct domain *d)
{
    const uint32_t desc = sizeof(struct hvm_save_descriptor);
    uint32_t size = 2 * desc + HVM_SAVE_LENGTH(HEADER);
    struct vcpu *v;
    unsigned int vcpus = 0;

    for_each_vcpu(d, v)
        vcpus++;
    for (unsigned int i = 0; i < nr_handlers; i++)
        size += (desc + handlers[i].size) * (handlers[i].per_vcpu ? vcpus : 1);
    return size;
}

static void fill_header(struct domain *d, struct hvm_save_header *h)
{
    *h = (struct hvm_save_header){
        .magic = HVM_FILE_MAGIC,
        .version = HVM_FILE_VERSION,
        .changeset = ~0ULL,
        .cpuid = cpu_policy_host.basic[1].a,
        .gtsc_khz = d->arch.tsc_khz ? d->arch.tsc_khz : cpu_khz,
    };
}

int hvm_save_all(struct domain *d, void *buf, uint32_t size, uint32_t *used)
{
    struct writer w = { buf, (char *)buf + size };
    void *header = put_descriptor(&w, HVM_SAVE_CODE(HEADER), 0, HVM_SAVE_LENGTH(HEADER));

    if (!header)
        return -ENOSPC;
    fill_header(d, header);
    for (unsigned int i = 0; i < nr_handlers; i++) {
        int rc = put_all_of(&w, &handlers[i], d);

        if (rc)
            return rc;
    }
    if (!put_descriptor(&w, HVM_SAVE_CODE(END), 0, 0))
        return -ENOSPC;
    *used = (uint32_t)(w.at - (char *)buf);
    return 0;
}

int hvm_save_one(struct domain *d, uint16_t type, uint16_t instance, void *buf,
                 uint32_t size, uint32_t *used)
{
    const struct hvm_save_handler *h = find_handler(type);
    struct vcpu *v = NULL;
    int rc;

    if (!h)
        return -ENOENT;
    if (h->per_vcpu) {
        v = domain_vcpu(d, instance);
        if (!v)
            return -ENOENT;
    } else if (instance) {
        return -ENOENT;
    }
    if (size < h->size)
        return -ENOSPC;
    memset(buf, 0, h->size);
    rc = h->save(d, v, buf);
    if (!rc)
        *used = h->size;
    return rc;
}

/* --- loading ----------------------------------------------------------------------- */

struct reader {
    const char *at, *end;
    struct hvm_save_descriptor desc;
    const void *data;
};

/* The next record, within bounds: 0 or -ENODATA when the row ends too early. */
static int next_record(struct reader *r)
{
    size_t left = (size_t)(r->end - r->at);

    if (left < sizeof(r->desc))
        return -ENODATA;
    memcpy(&r->desc, r->at, sizeof(r->desc));
    r->data = r->at + sizeof(r->desc);
    if (left - sizeof(r->desc) < r->desc.length)
        return -ENODATA;
    r->at = (const char *)r->data + r->desc.length;
    return 0;
}

static int check_header(struct reader *r)
{
    struct hvm_save_header h;

    if (next_record(r))
        return -ENODATA;
    if (r->desc.typecode != HVM_SAVE_CODE(HEADER) || r->desc.length < sizeof(h))
        return -EINVAL;
    memcpy(&h, r->data, sizeof(h));
    return h.magic == HVM_FILE_MAGIC && h.version == HVM_FILE_VERSION ? 0 : -EINVAL;
}

static int check_record(struct domain *d, const struct reader *r)
{
    const struct hvm_save_handler *h = find_handler(r->desc.typecode);

    if (!h || !h->load || r->desc.length > h->size)
        return -EINVAL;
    if (h->per_vcpu)
        return domain_vcpu(d, r->desc.instance) ? 0 : -ENOENT;
    return r->desc.instance ? -EINVAL : 0;
}

/* Walk the row; load records when told to, else only judge them. */
static int walk(struct domain *d, const void *buf, uint32_t size, bool load)
{
    struct reader r = { .at = buf, .end = (const char *)buf + size };
    int rc = check_header(&r);

    while (!rc) {
        const struct hvm_save_handler *h;

        rc = next_record(&r);
        if (rc || r.desc.typecode == HVM_SAVE_CODE(END))
            break;
        rc = check_record(d, &r);
        if (rc || !load)
            continue;
        h = find_handler(r.desc.typecode);
        rc = h->load(d, h->per_vcpu ? domain_vcpu(d, r.desc.instance) : NULL, r.data,
                     r.desc.length);
    }
    if (rc)
        printk(XENLOG_GUEST XENLOG_WARNING
               "%pd: HVM context refused: record %u instance %u length %u: %d\n",
               d, r.desc.typecode, r.desc.instance, r.desc.length, rc);
    return rc;
}

int hvm_load_all(struct domain *d, const void *buf, uint32_t size)
{
    int rc = walk(d, buf, size, false);

    return rc ? rc : walk(d, buf, size, true);
}
