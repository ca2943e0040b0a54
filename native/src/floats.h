// Memory for floats, on a cache line's boundary and zero at first.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace RIPPLECARRY_ISA {

class Floats {
public:
    explicit Floats(int64_t size = 0) : size_(size), data_(allocate(size)) { zero(); }
    float* data() { return data_.get(); }
    const float* data() const { return data_.get(); }
    void zero() { std::fill_n(data_.get(), size_, 0.0f); }
    int64_t size() const { return size_; }

private:
    struct Free {
        void operator()(float* data) const { std::free(data); }
    };
    static float* allocate(int64_t size) {
        const size_t bytes = (static_cast<size_t>(std::max<int64_t>(size, 1)) * 4 + 63) / 64 * 64;
        void* data = std::aligned_alloc(64, bytes);
        if (!data) throw std::bad_alloc();
        return static_cast<float*>(data);
    }
    int64_t size_;
    std::unique_ptr<float, Free> data_;
};

}  // namespace RIPPLECARRY_ISA
