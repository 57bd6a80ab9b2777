TESTS += memory_map
memory_map_SRCS := arch/x86/boot/memory_map.c lib/sort.c lib/string.c
