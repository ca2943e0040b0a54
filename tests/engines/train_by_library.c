// Trains in a kernel's library as another system's loader gives it: `train_by_library LIBRARY TRAINING WEIGHTS`.
// TRAINING is written by test_other_systems.py; WEIGHTS gets the trained weights. No Python needed there.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#if defined(_WIN32)
#include <windows.h>
static void *function_of(const char *library, const char *name) {
    return (void *)GetProcAddress(LoadLibraryA(library), name);
}
#else
#include <dlfcn.h>
static void *function_of(const char *library, const char *name) { return dlsym(dlopen(library, RTLD_NOW), name); }
#endif

static void *take(FILE *file, size_t bytes) {
    void *data = malloc(bytes + 1);
    if (!data || fread(data, 1, bytes, file) != bytes) exit(3);
    return data;
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    const char *library = arguments[1];
    FILE *training = fopen(arguments[2], "rb"), *result = fopen(arguments[3], "wb");
    if (!training || !result) return 3;
    // level, steps, batch, digits, positions, states, symbols, and the shape's seven
    const int32_t *n = take(training, 14 * sizeof(int32_t));
    void *(*open)(const int32_t *, int) = function_of(library, "rc_open");
    int64_t (*num_parameters)(void *) = function_of(library, "rc_num_parameters");
    void (*set_parameters)(void *, const float *) = function_of(library, "rc_set_parameters");
    void (*get_parameters)(void *, float *) = function_of(library, "rc_get_parameters");
    int (*set_machine)(void *, int, int, const int32_t *, const uint8_t *) = function_of(library, "rc_set_machine");
    int (*train)(void *, uint64_t, uint32_t, const int32_t *, int, double, double, const double *, int64_t, int, float *,
                 float *, float *, const uint8_t *, const uint8_t *) = function_of(library, "rc_train");
    const char *(*build)(void) = function_of(library, "rc_build");
    int (*instruction_set)(void) = function_of(library, "rc_instruction_set");
    printf("%s, newest level %d\n", build(), instruction_set());
    void *handle = open(n + 7, n[0]);
    if (!handle) return 4;
    const size_t size = (size_t)num_parameters(handle), entries = (size_t)n[5] * n[6];
    float *weights = take(training, size * sizeof(float));
    set_parameters(handle, weights);
    const int32_t *next_state = take(training, entries * sizeof(int32_t));
    set_machine(handle, n[5], n[6], next_state, take(training, entries));
    const double *rates = take(training, n[1] * sizeof(double));
    float *first = calloc(size, sizeof(float)), *second = calloc(size, sizeof(float));
    float *losses = calloc(n[1], sizeof(float));
    const uint64_t *seed = take(training, 16);  // and the stream
    const int32_t operands[] = {n[2], n[3], n[4], 0, 0, 0};  // uniform ones
    if (train(handle, seed[0], (uint32_t)seed[1], operands, 0, 0, 0, rates, 0, n[1], first, second, losses, 0, 0) != n[1])
        return 5;
    get_parameters(handle, weights);
    fwrite(weights, sizeof(float), size, result);
    fclose(result);
    return 0;
}
