TESTS += memory_op
memory_op_SRCS = $(p2m_SRCS) common/mem/memory_op.c common/mem/memory_op_batch.c \
                  common/mem/memory_op_map.c common/mem/memory_op_physmap.c \
                  common/mem/memory_op_reserve.c common/mem/memory_op_resource.c
memory_op_EXTRA := memory_op_world.c p2m_world.c fake_ram.c fake_core.c
memory_op_CFLAGS := -I$(X)/arch/x86/mm/p2m
memory_op_LIBS := -Wl,--wrap=page_put
