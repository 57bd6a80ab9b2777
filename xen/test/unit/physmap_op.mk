TESTS += physmap_op
physmap_op_SRCS = $(memory_op_SRCS)
physmap_op_EXTRA := $(memory_op_EXTRA)
physmap_op_CFLAGS := $(memory_op_CFLAGS)
physmap_op_LIBS := $(memory_op_LIBS)
