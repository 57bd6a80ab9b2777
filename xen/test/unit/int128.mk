TESTS += int128
int128_SRCS := lib/int128.c
# Under names of their own, so that the test can compare them with the compiler's.
int128_CFLAGS := -D__udivmodti4=our_udivmodti4 -D__udivti3=our_udivti3 \
    -D__umodti3=our_umodti3 -D__divti3=our_divti3 -D__modti3=our_modti3 \
    -D__popcountdi2=our_popcountdi2
