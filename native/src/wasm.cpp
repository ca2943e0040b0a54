// What a system's C library gives the kernel elsewhere: memory. Zig would build one for WebAssembly in half a minute.
#include <cstddef>
#include <cstdint>

namespace {

constexpr size_t kPage = 65536, kHead = 16, kNumClasses = 32;

// A piece's class stands in front of it; pieces of a class have 2^class bytes. Free ones are linked.
struct Piece {
    size_t size_class;
    Piece* next;
};

Piece* free_pieces[kNumClasses];
uintptr_t unused = 0;  // where the memory begins that was never given out

// Room for so many bytes at `unused`; false where the browser refuses it.
bool has_room(size_t bytes) {
    const size_t there = __builtin_wasm_memory_size(0) * kPage;
    if (bytes > SIZE_MAX - unused) return false;
    const size_t end = unused + bytes;
    return end <= there || __builtin_wasm_memory_grow(0, (end - there + kPage - 1) / kPage) != SIZE_MAX;
}

}  // namespace

extern "C" unsigned char __heap_base;

extern "C" __attribute__((visibility("default"))) void* malloc(size_t bytes) {
    size_t size_class = 5;
    while (size_class < kNumClasses && (size_t{1} << size_class) - kHead < bytes) ++size_class;
    if (size_class == kNumClasses) return nullptr;
    Piece* piece = free_pieces[size_class];
    if (piece) {
        free_pieces[size_class] = piece->next;
    } else {
        if (!unused) unused = (reinterpret_cast<uintptr_t>(&__heap_base) + kHead - 1) / kHead * kHead;
        const size_t size = size_t{1} << size_class;
        if (!has_room(size)) return nullptr;
        piece = reinterpret_cast<Piece*>(unused);
        unused += size;
        piece->size_class = size_class;
    }
    return reinterpret_cast<char*>(piece) + kHead;
}

extern "C" __attribute__((visibility("default"))) void free(void* data) {
    if (!data) return;
    Piece* piece = reinterpret_cast<Piece*>(static_cast<char*>(data) - kHead);
    piece->next = free_pieces[piece->size_class];
    free_pieces[piece->size_class] = piece;
}
