// Memory without exceptions: a refusal is noted, and whoever asked for several pieces looks once.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace RIPPLECARRY_ISA {

// What all pieces are asked for with.
struct Memory {
    bool was_refused = false;
};

// On a cache line's boundary. The address that the system gave stands in front of it: not every system has a call
// for aligned memory.
inline void* allocate(Memory& memory, int64_t bytes) {
    constexpr int64_t kLine = 64, kRoom = kLine + sizeof(void*);
    void* given = nullptr;
    if (static_cast<uint64_t>(bytes) < SIZE_MAX / 2) given = std::malloc(static_cast<size_t>(bytes + kRoom));
    if (!given) {
        memory.was_refused = true;
        return nullptr;
    }
    char* from = static_cast<char*>(given) + sizeof(void*);
    void** data = reinterpret_cast<void**>(from + (kLine - reinterpret_cast<uintptr_t>(from) % kLine) % kLine);
    data[-1] = given;
    return data;
}

inline void release(void* data) {
    if (data) std::free(static_cast<void**>(data)[-1]);
}

// Numbers in a row, zero at first.
template <class T>
class Array {
public:
    Array() = default;
    Array(Memory& memory, int64_t size) { grow(memory, size); }
    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;
    ~Array() { release(data_); }

    // Room for so many at least; new room holds zeros.
    void grow(Memory& memory, int64_t size) {
        if (data_ && size <= size_) return;
        release(data_);
        data_ = static_cast<T*>(allocate(memory, size * static_cast<int64_t>(sizeof(T))));
        size_ = data_ ? size : 0;
        zero();
    }

    T* data() { return data_; }
    const T* data() const { return data_; }
    void zero() { std::fill_n(data_, size_, T{}); }
    int64_t size() const { return size_; }

private:
    T* data_ = nullptr;
    int64_t size_ = 0;
};
using Floats = Array<float>;

// Objects in a row, made by `make(number)`.
template <class T>
class List {
public:
    template <class Make>
    List(Memory& memory, int size, const Make& make)
        : data_(static_cast<T*>(allocate(memory, size * static_cast<int64_t>(sizeof(T))))), size_(data_ ? size : 0) {
        for (int number = 0; number < size_; ++number) new (data_ + number) T(make(number));
    }
    List(const List&) = delete;
    List& operator=(const List&) = delete;
    ~List() {
        for (T& each : *this) each.~T();
        release(data_);
    }

    T& operator[](int number) { return data_[number]; }
    T* begin() { return data_; }
    T* end() { return data_ + size_; }

private:
    T* data_;
    int size_;
};

}  // namespace RIPPLECARRY_ISA
