// The C interface: handles and plain arrays. What can be refused memory returns 0, or says what it returns instead.
#include <algorithm>

#define RIPPLECARRY_ISA isa_of_all
#include "engine.h"
#include "initial_values.h"
#include "memory.h"
#include "processor.h"

#if defined(_WIN32)
#define RIPPLECARRY_EXPORT extern "C" __declspec(dllexport)
#else
#define RIPPLECARRY_EXPORT extern "C" __attribute__((visibility("default")))
#endif

#define RIPPLECARRY_TEXT_OF(number) #number
#define RIPPLECARRY_TEXT(number) RIPPLECARRY_TEXT_OF(number)

namespace {

using namespace ripplecarry;
using isa_of_all::Array;
using isa_of_all::Floats;
using isa_of_all::Memory;

struct Handle {
    const Shape shape;
    Network* const network;
    Floats parameters, gradient;
    Array<int32_t> next_state;
    Array<uint8_t> output, operands, answers;
    Machine machine{};

    Handle(Memory& memory, const Shape& shape, Network* network)
        : shape(shape),
          network(network),
          parameters(memory, shape.num_parameters()),
          gradient(memory, parameters.size()) {}
    ~Handle() { network->destroy(); }
};

// The operands of a batch, from its size, digits, positions, kind of operands, whether lengths are mixed, and run.
Draw draw_of(const Handle& h, uint64_t seed, uint32_t stream, const int32_t* n) {
    return {seed, stream, n[0], n[1], n[2], n[3], n[4], n[5], h.shape.operands, h.shape.base};
}

Handle& at(void* handle) { return *static_cast<Handle*>(handle); }

Network* make_network(const Shape& shape, int instruction_set) {
#if RIPPLECARRY_X86
    if (instruction_set == 4) return isa_v4::make_network(shape);
    if (instruction_set == 3) return isa_v3::make_network(shape);
#endif
    (void)instruction_set;
    return isa_v2::make_network(shape);
}

}  // namespace

// What compiled this library: its last bits are a function of it and of the instruction set.
RIPPLECARRY_EXPORT const char* rc_build() {
#if defined(RIPPLECARRY_ZIG)
    return "zig " RIPPLECARRY_TEXT(RIPPLECARRY_ZIG) " (clang " RIPPLECARRY_TEXT(__clang_major__) "." RIPPLECARRY_TEXT(
        __clang_minor__) "." RIPPLECARRY_TEXT(__clang_patchlevel__) ")";
#elif defined(__clang__)
    return __VERSION__;  // which begins with the compiler's name
#else
    return "gcc " __VERSION__;
#endif
}

// The newest x86-64 level that this processor and this build have: 2, 3 or 4; 0 is any other processor.
RIPPLECARRY_EXPORT int rc_instruction_set() {
#if RIPPLECARRY_X86
    return newest_level();
#else
    return 0;
#endif
}

// Does some ten milliseconds of the fastest work that there is with an instruction set, and returns how many
// multiplications and additions that was.
RIPPLECARRY_EXPORT int64_t rc_multiply_add(int instruction_set) {
#if RIPPLECARRY_X86
    if (instruction_set == 4) return isa_v4::multiply_add();
    if (instruction_set == 3) return isa_v3::multiply_add();
#endif
    (void)instruction_set;
    return isa_v2::multiply_add();
}

// A function of many numbers with an instruction set: 0 is the hyperbolic tangent, 1 the sigmoid.
RIPPLECARRY_EXPORT void rc_apply(int instruction_set, int function, int64_t count, const float* from, float* to) {
#if RIPPLECARRY_X86
    if (instruction_set == 4) return isa_v4::apply(function, count, from, to);
    if (instruction_set == 3) return isa_v3::apply(function, count, from, to);
#endif
    (void)instruction_set;
    isa_v2::apply(function, count, from, to);
}

// Null for a cell or an instruction set that there is not, and where memory is refused.
RIPPLECARRY_EXPORT void* rc_open(const int32_t* numbers, int instruction_set) {
    const Shape shape{numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6]};
    if (shape.cell < 0 || shape.cell >= kNumCells || instruction_set > rc_instruction_set()) return nullptr;
    Network* network = make_network(shape, instruction_set);
    if (!network) return nullptr;
    Memory memory;
    void* place = isa_of_all::allocate(memory, sizeof(Handle));
    if (!place) {
        network->destroy();
        return nullptr;
    }
    Handle* handle = new (place) Handle(memory, shape, network);
    if (!memory.was_refused) return handle;
    handle->~Handle();
    isa_of_all::release(place);
    return nullptr;
}

RIPPLECARRY_EXPORT void rc_close(void* handle) {
    at(handle).~Handle();
    isa_of_all::release(handle);
}

RIPPLECARRY_EXPORT int64_t rc_num_parameters(void* handle) { return at(handle).parameters.size(); }

RIPPLECARRY_EXPORT void rc_set_parameters(void* handle, const float* from) {
    Handle& h = at(handle);
    std::copy_n(from, h.parameters.size(), h.parameters.data());
    h.network->set_parameters(from);
}

RIPPLECARRY_EXPORT void rc_get_parameters(void* handle, float* to) {
    const Handle& h = at(handle);
    std::copy_n(h.parameters.data(), h.parameters.size(), to);
}

RIPPLECARRY_EXPORT int rc_set_machine(void* handle, int num_states, int num_symbols, const int32_t* next_state,
                                      const uint8_t* output) {
    Handle& h = at(handle);
    Memory memory;
    const int64_t size = int64_t{num_states} * num_symbols;
    h.next_state.grow(memory, size);
    h.output.grow(memory, size);
    if (memory.was_refused) return 0;
    std::copy_n(next_state, size, h.next_state.data());
    std::copy_n(output, size, h.output.data());
    h.machine = {num_states, num_symbols, h.next_state.data(), h.output.data()};
    return 1;
}

// The mean loss and its gradient in the parameters' layout.
RIPPLECARRY_EXPORT int rc_gradients(void* handle, const uint8_t* operands, const uint8_t* answers, int batch,
                                    int positions, double* loss, float* gradient) {
    return at(handle).network->gradients(operands, answers, batch, positions, loss, gradient);
}

RIPPLECARRY_EXPORT int rc_logits(void* handle, const uint8_t* operands, int batch, int positions, float* state,
                                 float* result) {
    return at(handle).network->logits(operands, batch, positions, state, result);
}

// Operand digits and answers of a batch, whose numbers are those of `draw_of`.
RIPPLECARRY_EXPORT int rc_draw(void* handle, uint64_t seed, uint32_t stream, const int32_t* numbers, uint32_t step,
                               uint8_t* operands, uint8_t* answers) {
    const Handle& h = at(handle);
    return h.network->draw(draw_of(h, seed, stream, numbers), h.machine, step, operands, answers);
}

// The parameters that a seed starts from.
RIPPLECARRY_EXPORT int rc_initial_values(void* handle, uint64_t seed, float* to) {
    const Handle& h = at(handle);
    return isa_of_all::InitialValues(seed, h.shape, to).had_memory();
}

// Trains for up to `num_steps` steps and returns how many losses there are: the last is not finite, and without
// an update behind it, where training stopped early. Batches are drawn here unless all steps' are given. Returns -1
// where memory is refused, which is before the first step. A weight decay or clip of 0 is none.
RIPPLECARRY_EXPORT int rc_train(void* handle, uint64_t seed, uint32_t stream, const int32_t* numbers, int optimiser,
                                double weight_decay, double clip, const double* rates, int64_t first_step,
                                int num_steps, float* first, float* second, float* losses,
                                const uint8_t* given_operands, const uint8_t* given_answers) {
    Handle& h = at(handle);
    const Draw how = draw_of(h, seed, stream, numbers);
    const int batch = how.batch, positions = how.positions;
    const int64_t num_answers = int64_t{batch} * positions, num_digits = num_answers * h.shape.operands;
    Memory memory;
    if (!given_operands) {
        h.operands.grow(memory, num_digits);
        h.answers.grow(memory, num_answers);
        if (memory.was_refused) return -1;
    }
    for (int i = 0; i < num_steps; ++i) {
        const int64_t step = first_step + i;
        const uint8_t* operands = given_operands ? given_operands + i * num_digits : h.operands.data();
        const uint8_t* answers = given_operands ? given_answers + i * num_answers : h.answers.data();
        if (!given_operands &&
            !h.network->draw(how, h.machine, static_cast<uint32_t>(step), h.operands.data(), h.answers.data()))
            return -1;
        double loss;
        if (!h.network->gradients(operands, answers, batch, positions, &loss, h.gradient.data())) return -1;
        losses[i] = static_cast<float>(loss);
        if (!__builtin_isfinite(losses[i])) return i + 1;
        h.network->update({optimiser, weight_decay, clip}, rates[i], step, h.parameters.size(), h.gradient.data(),
                          h.parameters.data(), first, second);
        h.network->set_parameters(h.parameters.data());
    }
    return num_steps;
}
