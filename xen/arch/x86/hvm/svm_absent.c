/* SPDX-License-Identifier: GPL-2.0-only */
/* Stands for hvm/svm/ in builds without it. */
#include <xen/lib.h>
#include "private.h"

const struct hvm_ops *svm_probe(void)
{
    printk(XENLOG_WARNING "HVM: AMD SVM is not in this build\n");
    return NULL;
}
