TESTS += guest_walk
guest_walk_SRCS := arch/x86/hvm/guest_walk.c arch/x86/hvm/guest_walk_cache.c \
                   arch/x86/cpu/policy.c \
                   arch/x86/cpu/policy_features.c
guest_walk_EXTRA :=
