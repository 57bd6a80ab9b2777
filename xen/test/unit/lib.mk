TESTS += lib
lib_SRCS := lib/parse.c lib/sort.c lib/string.c lib/vsnprintf.c
# The C library has functions of the same names, and the sanitizers use them.
lib_CFLAGS := -Dvsnprintf=xen_vsnprintf -Dsnprintf=xen_snprintf
