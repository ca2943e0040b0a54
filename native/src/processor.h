// Which x86-64 level the processor and the system have.
#pragma once
#if RIPPLECARRY_X86
#include <cpuid.h>

namespace ripplecarry {

// The registers that the system saves when it switches threads, a bit a kind.
inline unsigned saved_registers() {
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

// 2, 3 or 4. The compilers' own question, __builtin_cpu_supports, needs a library that not all of them bring.
inline int newest_level() {
    unsigned a, b, c, d, features, more, extended;
    if (!__get_cpuid(1, &a, &b, &features, &d)) return 2;
    constexpr unsigned kFma = 1u << 12, kMovbe = 1u << 22, kOsxsave = 1u << 27, kAvx = 1u << 28, kF16c = 1u << 29;
    constexpr unsigned kLevel3 = kFma | kMovbe | kOsxsave | kAvx | kF16c;
    if ((features & kLevel3) != kLevel3 || !__get_cpuid_count(7, 0, &a, &more, &c, &d)) return 2;
    constexpr unsigned kBmi1 = 1u << 3, kAvx2 = 1u << 5, kBmi2 = 1u << 8, kMore3 = kBmi1 | kAvx2 | kBmi2;
    constexpr unsigned kLzcnt = 1u << 5, kXmmYmm = 0x6, kMasksZmm = 0xe0;
    if (!__get_cpuid(0x80000001u, &a, &b, &extended, &d) || !(extended & kLzcnt)) return 2;
    if ((more & kMore3) != kMore3 || (saved_registers() & kXmmYmm) != kXmmYmm) return 2;
    constexpr unsigned kF = 1u << 16, kDq = 1u << 17, kCd = 1u << 28, kBw = 1u << 30, kVl = 1u << 31;
    constexpr unsigned kLevel4 = kF | kDq | kCd | kBw | kVl;
    return (more & kLevel4) == kLevel4 && (saved_registers() & kMasksZmm) == kMasksZmm ? 4 : 3;
}

}  // namespace ripplecarry
#endif
