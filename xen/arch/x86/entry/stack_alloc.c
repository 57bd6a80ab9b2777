/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory for stacks. Addresses come in slots of one size, of which the lowest page and
 * all that the stack leaves over stay unmapped, so that a stack is bounded on both sides.
 */
#include <xen/bitops.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/spinlock.h>
#include <asm/page.h>
#include <asm/stack.h>

#define SLOT_SIZE (PAGE_SIZE * 8)
#define NR_SLOTS  ((STACKS_VIRT_END - STACKS_VIRT_START) / SLOT_SIZE)

BUILD_BUG_ON(STACK_SIZE + PAGE_SIZE > SLOT_SIZE);

static DEFINE_SPINLOCK(slots_lock, LOCK_VMAP_AREA);
static DECLARE_BITMAP(used_slots, NR_SLOTS); /* [slots_lock] */
static unsigned int first_free;              /* no lower one is [slots_lock] */

/* A stack out of use, in the memory that it was. */
struct discarded {
    struct list link;
    unsigned int slot, order;
};

static char *slot_stack(unsigned int slot)
{
    return (char *)STACKS_VIRT_START + slot * SLOT_SIZE + PAGE_SIZE;
}

/* NR_SLOTS: none is free. */
static unsigned int slot_take(void)
{
    unsigned int slot;

    spin_lock(&slots_lock);
    slot = find_next_zero_bit(used_slots, NR_SLOTS, first_free);
    if (slot < NR_SLOTS)
        __set_bit(slot, used_slots);
    first_free = MIN(slot + 1, (unsigned int)NR_SLOTS);
    spin_unlock(&slots_lock);
    return slot;
}

static void slot_give(unsigned int slot)
{
    spin_lock(&slots_lock);
    __clear_bit(slot, used_slots);
    first_free = MIN(first_free, slot);
    spin_unlock(&slots_lock);
}

void *stack_alloc(struct charge *c, unsigned int order)
{
    char *pages = charge_alloc_pages(c, CHARGE_STACK, order);
    unsigned int slot;

    ASSERT(order <= STACK_ORDER);
    if (!pages)
        return NULL;
    slot = slot_take();
    if (slot < NR_SLOTS) {
        if (!map_pages_to_xen((unsigned long)slot_stack(slot), virt_to_paddr(pages),
                              PAGE_SIZE << order, PTE_W | PTE_NX))
            return slot_stack(slot);
        slot_give(slot);
    }
    charge_free_pages(pages, order);
    return NULL;
}

void stack_discard(struct stack_trash *t, void *stack, unsigned int order)
{
    unsigned long va = (unsigned long)stack;
    struct discarded *s;

    if (!stack)
        return;
    s = paddr_to_virt(unmap_pages_lazily(va, PAGE_SIZE << order, &t->tables));
    s->slot = (unsigned int)((va - STACKS_VIRT_START) / SLOT_SIZE);
    s->order = order;
    list_add_tail(&t->stacks, &s->link);
}

void stack_trash_empty(struct stack_trash *t)
{
    struct discarded *s, *next;

    if (list_empty(&t->stacks))
        return;
    unmap_pages_finish(&t->tables);
    list_for_each_safe(s, next, &t->stacks, link) {
        list_del(&s->link);
        slot_give(s->slot);
        charge_free_pages(s, s->order);
    }
}

void stack_free(void *stack, unsigned int order)
{
    struct stack_trash t;

    stack_trash_init(&t);
    stack_discard(&t, stack, order);
    stack_trash_empty(&t);
}
