// The C interface: handles, plain arrays, no exceptions across it.
#include <cmath>
#include <memory>
#include <vector>

#include "engine.h"

namespace {

using namespace ripplecarry;

constexpr int kGatesOf[] = {1, 3, 4};
struct Handle {
    Shape shape;
    std::unique_ptr<Network> network;
    std::vector<float> parameters, gradient;
    Machine machine;
};

}  // namespace

extern "C" {

// The newest x86-64 level that this processor and this build have: 2, 3 or 4; 0 is any other processor.
int rc_instruction_set() {
#if RIPPLECARRY_X86
    __builtin_cpu_init();
    // Feature by feature: not every compiler knows the levels' names here.
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    return v4 ? 4 : v3 ? 3 : 2;
#else
    return 0;
#endif
}

// Multiplications and additions per second that one core can do with an instruction set.
double rc_peak_flops(int instruction_set) {
#if RIPPLECARRY_X86
    if (instruction_set == 4) return isa_v4::peak_flops();
    if (instruction_set == 3) return isa_v3::peak_flops();
#endif
    (void)instruction_set;
    return isa_v2::peak_flops();
}

// A function of many numbers with an instruction set: 0 is the hyperbolic tangent, 1 the sigmoid.
void rc_apply(int instruction_set, int function, int64_t count, const float* from, float* to) {
#if RIPPLECARRY_X86
    if (instruction_set == 4) return isa_v4::apply(function, count, from, to);
    if (instruction_set == 3) return isa_v3::apply(function, count, from, to);
#endif
    (void)instruction_set;
    isa_v2::apply(function, count, from, to);
}

// Null for a cell or an instruction set that there is not.
void* rc_open(const int32_t* shape, int instruction_set) {
    auto handle = std::make_unique<Handle>();
    handle->shape = {shape[0], shape[1], shape[2], shape[3], shape[4], shape[5], shape[6]};
    if (shape[0] < 0 || shape[0] > 2 || instruction_set > rc_instruction_set()) return nullptr;
    try {
#if RIPPLECARRY_X86
        if (instruction_set == 4)
            handle->network = isa_v4::make_network(handle->shape);
        else if (instruction_set == 3)
            handle->network = isa_v3::make_network(handle->shape);
        else
#endif
            handle->network = isa_v2::make_network(handle->shape);
        handle->parameters.resize(handle->shape.num_parameters(kGatesOf[shape[0]]));
        handle->gradient.resize(handle->parameters.size());
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
    return handle.release();
}

void rc_close(void* handle) { delete static_cast<Handle*>(handle); }

int64_t rc_num_parameters(void* handle) { return static_cast<int64_t>(static_cast<Handle*>(handle)->parameters.size()); }

void rc_set_parameters(void* handle, const float* from) {
    auto& h = *static_cast<Handle*>(handle);
    h.parameters.assign(from, from + h.parameters.size());
    h.network->set_parameters(from);
}

void rc_get_parameters(void* handle, float* to) {
    const auto& parameters = static_cast<Handle*>(handle)->parameters;
    std::copy(parameters.begin(), parameters.end(), to);
}

void rc_set_machine(void* handle, int num_states, int num_symbols, const int32_t* next_state, const uint8_t* output) {
    const int64_t size = int64_t{num_states} * num_symbols;
    static_cast<Handle*>(handle)->machine = {num_states, num_symbols, {next_state, next_state + size}, {output, output + size}};
}

// The mean loss and its gradient in the parameters' layout.
double rc_gradients(void* handle, const uint8_t* operands, const uint8_t* answers, int batch, int positions,
                    float* gradient) {
    return static_cast<Handle*>(handle)->network->gradients(operands, answers, batch, positions, gradient);
}

void rc_logits(void* handle, const uint8_t* operands, int batch, int positions, float* state, float* result) {
    static_cast<Handle*>(handle)->network->logits(operands, batch, positions, state, result);
}

void rc_draw(void* handle, uint64_t seed, uint32_t stream, uint32_t step, int batch, int digits, int positions,
             uint8_t* operands, uint8_t* answers) {
    const auto& h = *static_cast<Handle*>(handle);
    h.network->draw({seed, stream, batch, digits, positions, h.shape.operands, h.shape.base}, h.machine, step, operands, answers);
}

// Trains for up to `num_steps` steps and returns how many losses there are: the last is not finite, and without
// an update behind it, where training stopped early. Batches are drawn here unless all steps' are given.
int rc_train(void* handle, uint64_t seed, uint32_t stream, int batch, int digits, int positions, int optimiser,
             const double* rates, int64_t first_step, int num_steps, float* first, float* second, float* losses,
             const uint8_t* given_operands, const uint8_t* given_answers) {
    auto& h = *static_cast<Handle*>(handle);
    const int64_t num_answers = int64_t{batch} * positions, num_digits = num_answers * h.shape.operands;
    std::vector<uint8_t> drawn_operands(given_operands ? 0 : num_digits), drawn_answers(given_operands ? 0 : num_answers);
    const Draw how{seed, stream, batch, digits, positions, h.shape.operands, h.shape.base};
    for (int i = 0; i < num_steps; ++i) {
        const int64_t step = first_step + i;
        const uint8_t* operands = given_operands ? given_operands + i * num_digits : drawn_operands.data();
        const uint8_t* answers = given_operands ? given_answers + i * num_answers : drawn_answers.data();
        if (!given_operands)
            h.network->draw(how, h.machine, static_cast<uint32_t>(step), drawn_operands.data(), drawn_answers.data());
        const double loss = h.network->gradients(operands, answers, batch, positions, h.gradient.data());
        losses[i] = static_cast<float>(loss);
        if (!std::isfinite(losses[i])) return i + 1;
        h.network->update(optimiser, rates[i], step, static_cast<int64_t>(h.parameters.size()), h.gradient.data(),
                          h.parameters.data(), first, second);
        h.network->set_parameters(h.parameters.data());
    }
    return num_steps;
}

}  // extern "C"
