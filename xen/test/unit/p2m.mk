TESTS += p2m
p2m_SRCS := $(addprefix arch/x86/mm/p2m/,p2m.c p2m_flush.c p2m_ops.c p2m_pool.c p2m_txn.c \
                       p2m_types.c) \
            $(addprefix arch/x86/mm/,pt.c pt_range.c pt_fmt_x86.c) \
            $(addprefix common/mem/,domain_pages.c heap.c alloc.c charge.c table_pool.c)
p2m_EXTRA := p2m_world.c fake_ram.c fake_core.c
p2m_CFLAGS := -I$(X)/arch/x86/mm/p2m
p2m_LIBS := -Wl,--wrap=page_put
