TESTS += cpu_policy
cpu_policy_SRCS := arch/x86/cpu/policy.c arch/x86/cpu/policy_features.c \
                   arch/x86/cpu/policy_abi.c arch/x86/cpu/policy_guest.c
cpu_policy_EXTRA :=
