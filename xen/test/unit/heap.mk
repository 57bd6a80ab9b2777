TESTS += heap
heap_SRCS := common/mem/heap.c common/mem/alloc.c common/mem/charge.c
heap_EXTRA := fake_ram.c fake_core.c
heap_LIBS := -Wl,--wrap=spin_unlock
