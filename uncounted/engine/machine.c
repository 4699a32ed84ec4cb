/* Machine: runs a program of vector instructions, a log density and its gradient for example, in any thread.
 *
 * A program has constants, which all threads read, and an arena of numbers that it computes, of which each call takes
 * one of its own. Most of its instructions are blocks: elementwise steps over the same n numbers, CHUNK at a time, so
 * that what a step makes is still in the fastest memory when the next one takes it.
 *
 * `program.py` writes the structures below as numpy records; the orders of their fields agree.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "special.h"

#if defined(_MSC_VER)
#include <intrin.h>
#define EXPORTED __declspec(dllexport)
static int claimed(volatile int64_t *flag) { return _InterlockedExchange64(flag, 1) == 0; }
static void release(volatile int64_t *flag) { _InterlockedExchange64(flag, 0); }
#else
#define EXPORTED __attribute__((visibility("default")))
static int claimed(volatile int64_t *flag) { return __atomic_exchange_n(flag, 1, __ATOMIC_ACQUIRE) == 0; }
static void release(volatile int64_t *flag) { __atomic_store_n(flag, 0, __ATOMIC_RELEASE); }
#endif

enum { CHUNK = 128, REGISTERS = 48, ARENAS = 64 };

/* Where numbers begin: a register of the block, or so many numbers after the beginning of a memory. */
enum { NOWHERE, REGISTER, ARENA, CONSTANT };
typedef struct {
    int64_t memory;
    int64_t offset;
} Place;

/* One elementwise step of a block. `table` begins its indices into operand 0 or the result, where it has such; stride: of
 * operand 0 in memory, or how many numbers it has where places are computed. */
typedef struct {
    int64_t kernel;
    Place result;
    Place operand[3];
    int64_t stride;
    int64_t table;
} Step;

/* kind: a value of Kind. size, inner, strides and tables: as the function of the kind says. */
typedef struct {
    int64_t kind;
    Place result;
    Place operand[2];
    int64_t size;
    int64_t inner;
    int64_t stride[4];
    int64_t table[2];
    int64_t columns;
    int64_t first, prologue, last;
} Instruction;

typedef struct {
    volatile int64_t taken;
    double *numbers;
} Arena;

typedef struct {
    int64_t instruction_count;
    const Instruction *instructions;
    const Step *steps;
    const double *constants;
    const int32_t *tables;
    int64_t arena_size;
    int64_t input_size;
    Place output, log_density;
    int64_t output_size;
    Arena arenas[ARENAS];
} Program;

typedef struct {
    const Program *program;
    double *arena;
    double *registers;
} Call;

static inline double *where(const Call *call, Place place) {
    switch (place.memory) {
    case REGISTER: return call->registers + place.offset * CHUNK;
    case ARENA: return call->arena + place.offset;
    case CONSTANT: return (double *)call->program->constants + place.offset;
    default: return NULL;
    }
}

/* ---- steps of blocks --------------------------------------------------------------------------------------------- */

/* name, what it gives of x = a[i], y = b[i] and z = c[i] */
#define KERNELS(K) \
    K(Identity, x) \
    K(Add, x + y) \
    K(Sub, x - y) \
    K(Mul, x * y) \
    K(TrueDiv, x / y) \
    K(Neg, -x) \
    K(Sqr, x * x) \
    K(Sqrt, sqrt(x)) \
    K(Reciprocal, 1.0 / x) \
    K(Abs, fabs(x)) \
    K(Sign, x > 0.0 ? 1.0 : (x < 0.0 ? -1.0 : x)) \
    K(Exp, exp_of(x)) \
    K(Expm1, expm1_of(x)) \
    K(Log, log_of(x)) \
    K(Log1p, log1p_of(x)) \
    K(Log1mexp, x < -LN2_HIGH ? log1p_of(-exp_of(x)) : log_of(-expm1_of(x))) \
    K(ExpOfMinusAbs, exp_of(-fabs(x))) \
    K(Sigmoid, sigmoid_of(x, y)) \
    K(Softplus, softplus_of(x, y)) \
    K(Tanh, tanh(x)) \
    K(Sin, sin(x)) \
    K(Cos, cos(x)) \
    K(ArcTan, atan(x)) \
    K(Cosh, cosh(x)) \
    K(Sinh, sinh(x)) \
    K(Erf, erf(x)) \
    K(Erfc, erfc(x)) \
    K(Maximum, x > y || x != x ? x : y) \
    K(Minimum, x < y || x != x ? x : y) \
    K(GT, x > y) \
    K(GE, x >= y) \
    K(LT, x < y) \
    K(LE, x <= y) \
    K(EQ, x == y) \
    K(NEQ, x != y) \
    K(AND, (x != 0.0) & (y != 0.0)) \
    K(OR, (x != 0.0) | (y != 0.0)) \
    K(Invert, x == 0.0) \
    K(IsNan, x != x) \
    K(IsInf, fabs(x) == INFINITY) \
    K(Floor, floor(x)) \
    K(Trunc, trunc(x)) \
    K(Ceil, ceil(x)) \
    K(Switch, x != 0.0 ? y : z) \
    K(Clip, x < y ? y : (x > z ? z : x))

#define FUNCTION(name, expression) \
    static void step_##name(const double *restrict a, const double *restrict b, const double *restrict c, \
                            double *restrict result, int64_t n) { \
        for (int64_t i = 0; i < n; i++) { \
            const double x = a[i], y = b[i], z = c[i]; \
            (void)y; \
            (void)z; \
            result[i] = (expression); \
        } \
    }
KERNELS(FUNCTION)

/* name, above 0, elsewhere */
#define KERNELS_ABOVE_0(K) \
    K(GammaLn, gammaln_above_0, gammaln_below) \
    K(Psi, psi_above_0, psi_below) \
    K(TriGamma, trigamma_above_0, trigamma_below)

#define FUNCTION_ABOVE_0(name, above, below) \
    static void step_##name(const double *restrict a, const double *restrict b, const double *restrict c, \
                            double *restrict result, int64_t n) { \
        (void)b; \
        (void)c; \
        for (int64_t i = 0; i < n; i++) result[i] = above(a[i]); \
        for (int64_t i = 0; i < n; i++) \
            if (!(a[i] > 0.0)) result[i] = below(a[i]); \
    }
KERNELS_ABOVE_0(FUNCTION_ABOVE_0)

/* x^y of x, y and log(x), which many powers share: by exp for positive numbers, by the platform's for others. */
static void step_Pow(const double *restrict a, const double *restrict b, const double *restrict c,
                     double *restrict result, int64_t n) {
    for (int64_t i = 0; i < n; i++) result[i] = exp_of(b[i] * c[i]);
    for (int64_t i = 0; i < n; i++)
        if (!(a[i] > 0.0 && a[i] < INFINITY && fabs(b[i]) < INFINITY)) result[i] = pow(a[i], b[i]);
}

typedef void Kernel(const double *restrict, const double *restrict, const double *restrict, double *restrict, int64_t);
#define POINTER(name, ...) step_##name,
static Kernel *const kernels[] = {KERNELS(POINTER) KERNELS_ABOVE_0(POINTER) step_Pow};
#define NAME(name, ...) #name,
static const char *const kernel_names[] = {KERNELS(NAME) KERNELS_ABOVE_0(NAME) "Pow"};

/* What isn't elementwise in a block; their numbers follow the kernels'. */
#define SPECIAL_STEPS(S) S(Fill) S(Strided) S(Gather) S(GatherAt) S(Total) S(ScatterAdd)
enum {
    KERNEL_COUNT = sizeof(kernels) / sizeof(kernels[0]),
    BEFORE_SPECIAL = KERNEL_COUNT - 1,
#define CONSTANT_OF(name) STEP_##name,
    SPECIAL_STEPS(CONSTANT_OF)
};
#define SPECIAL_NAME(name) #name,
static const char *const special_names[] = {SPECIAL_STEPS(SPECIAL_NAME)};

static void fill(const double *source, double *result, int64_t n) {
    const double value = *source;
    for (int64_t i = 0; i < n; i++) result[i] = value;
}

static void take_strided(const double *restrict source, int64_t stride, double *restrict result, int64_t n) {
    for (int64_t i = 0; i < n; i++) result[i] = source[i * stride];
}

static void gather(const double *restrict source, const int32_t *restrict index, double *restrict result, int64_t n) {
    for (int64_t i = 0; i < n; i++) result[i] = source[index[i]];
}

/* The same where places are computed; NaN for a place outside of the source. */
static void gather_at(const double *restrict source, int64_t size, const double *restrict place, double *restrict result,
                      int64_t n) {
    for (int64_t i = 0; i < n; i++)
        result[i] = place[i] >= 0.0 && place[i] < (double)size ? source[(int64_t)place[i]] : NAN;
}

static double total(const double *values, int64_t n) {
    double sum[4] = {0.0, 0.0, 0.0, 0.0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int64_t lane = 0; lane < 4; lane++) sum[lane] += values[i + lane];
    for (; i < n; i++) sum[0] += values[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static void scatter_add(const double *restrict values, const int32_t *restrict index, double *restrict result,
                        int64_t n) {
    for (int64_t i = 0; i < n; i++) result[index[i]] += values[i];
}

/* Where a step's numbers lie of a chunk: registers begin anew with each, memories go on. */
static inline double *chunk_of(const Call *call, Place place, int64_t start) {
    return where(call, place) + (place.memory == REGISTER ? 0 : start);
}

static void run_step(const Call *call, const Step *step, int64_t start, int64_t n) {
    const int32_t *table = call->program->tables + step->table + start;
    const double *source;
    switch (step->kernel) {
    case STEP_Fill:
        fill(where(call, step->operand[0]), chunk_of(call, step->result, start), n);
        return;
    case STEP_Strided:
        source = where(call, step->operand[0]) + start * step->stride;
        take_strided(source, step->stride, chunk_of(call, step->result, start), n);
        return;
    case STEP_Gather:
        gather(where(call, step->operand[0]), table, chunk_of(call, step->result, start), n);
        return;
    case STEP_GatherAt:
        gather_at(where(call, step->operand[0]), step->stride, chunk_of(call, step->operand[1], start),
                  chunk_of(call, step->result, start), n);
        return;
    case STEP_Total: {
        double *sum = where(call, step->result);
        *sum = (start == 0 ? 0.0 : *sum) + total(chunk_of(call, step->operand[0], start), n);
        return;
    }
    case STEP_ScatterAdd:
        scatter_add(chunk_of(call, step->operand[0], start), table, where(call, step->result), n);
        return;
    default: {
        const double *a = chunk_of(call, step->operand[0], start);
        const double *b = step->operand[1].memory == NOWHERE ? a : chunk_of(call, step->operand[1], start);
        const double *c = step->operand[2].memory == NOWHERE ? a : chunk_of(call, step->operand[2], start);
        kernels[step->kernel](a, b, c, chunk_of(call, step->result, start), n);
    }
    }
}

/* Steps first to prologue fill registers once with what is the same for all numbers, prologue to last run in chunks. */
static void run_Block(const Call *call, const Instruction *block) {
    const Step *steps = call->program->steps;
    const int64_t size = block->size;
    for (int64_t s = block->first; s < block->prologue; s++) run_step(call, steps + s, 0, size < CHUNK ? size : CHUNK);
    for (int64_t start = 0; start < size; start += CHUNK) {
        const int64_t n = size - start < CHUNK ? size - start : CHUNK;
        for (int64_t s = block->prologue; s < block->last; s++) run_step(call, steps + s, start, n);
    }
}

/* ---- other instructions ------------------------------------------------------------------------------------------ */

/* result[i] = 0, i < size */
static void run_Zero(const Call *call, const Instruction *q) {
    memset(where(call, q->result), 0, (size_t)q->size * sizeof(double));
}

/* result[i] = a[i], i < size */
static void run_Copy(const Call *call, const Instruction *q) {
    memcpy(where(call, q->result), where(call, q->operand[0]), (size_t)q->size * sizeof(double));
}

/* result[u] = sum over v of a[u stride0 + v stride1], u < size, v < inner */
static void run_Sum(const Call *call, const Instruction *q) {
    const double *restrict a = where(call, q->operand[0]);
    double *restrict result = where(call, q->result);
    const int64_t outer = q->stride[0], inner = q->stride[1];
    if (inner == 1) {
        for (int64_t u = 0; u < q->size; u++) result[u] = total(a + u * outer, q->inner);
        return;
    }
    for (int64_t u = 0; u < q->size; u++) result[u] = 0.0;
    for (int64_t v = 0; v < q->inner; v++)
        for (int64_t u = 0; u < q->size; u++) result[u] += a[u * outer + v * inner];
}

/* result[u] = x folded over a[table0[u] + table1[v]], beginning with `first` */
#define FOLD(name, first, fold) \
    static void run_##name(const Call *call, const Instruction *q) { \
        const double *restrict a = where(call, q->operand[0]); \
        double *restrict result = where(call, q->result); \
        const int32_t *restrict outer = call->program->tables + q->table[0]; \
        const int32_t *restrict inner = call->program->tables + q->table[1]; \
        for (int64_t u = 0; u < q->size; u++) { \
            double y = (first); \
            for (int64_t v = 0; v < q->inner; v++) { \
                const double x = a[outer[u] + inner[v]]; \
                y = (fold); \
            } \
            result[u] = y; \
        } \
    }
FOLD(SumTable, 0.0, y + x)
FOLD(Product, 1.0, y * x)
FOLD(Max, -INFINITY, x > y || x != x ? x : y)
FOLD(Min, INFINITY, x < y || x != x ? x : y)

/* The same, every y kept where its x lies. */
#define ACCUMULATE(name, first, fold) \
    static void run_##name(const Call *call, const Instruction *q) { \
        const double *restrict a = where(call, q->operand[0]); \
        double *restrict result = where(call, q->result); \
        const int32_t *restrict outer = call->program->tables + q->table[0]; \
        const int32_t *restrict inner = call->program->tables + q->table[1]; \
        for (int64_t u = 0; u < q->size; u++) { \
            double y = (first); \
            for (int64_t v = 0; v < q->inner; v++) { \
                const double x = a[outer[u] + inner[v]]; \
                y = (fold); \
                result[outer[u] + inner[v]] = y; \
            } \
        } \
    }
ACCUMULATE(CumulativeSum, 0.0, y + x)
ACCUMULATE(CumulativeProduct, 1.0, y * x)

/* result[table0[i]] = a[i stride0], i < size */
static void run_ScatterSet(const Call *call, const Instruction *q) {
    const double *a = where(call, q->operand[0]);
    double *result = where(call, q->result);
    const int32_t *index = call->program->tables + q->table[0];
    for (int64_t i = 0; i < q->size; i++) result[index[i]] = a[i * q->stride[0]];
}

/* result[u] = sum over v of A[u stride0 + v stride1] x[v stride2], u < size, v < inner */
static void run_MatrixVector(const Call *call, const Instruction *q) {
    const double *restrict matrix = where(call, q->operand[0]);
    const double *restrict x = where(call, q->operand[1]);
    double *restrict result = where(call, q->result);
    const int64_t row = q->stride[0], column = q->stride[1], step = q->stride[2];
    if (column == 1 && step == 1) {
        for (int64_t u = 0; u < q->size; u++) {
            double sum[4] = {0.0, 0.0, 0.0, 0.0};
            const double *restrict a = matrix + u * row;
            int64_t v = 0;
            for (; v + 4 <= q->inner; v += 4)
                for (int64_t lane = 0; lane < 4; lane++) sum[lane] += a[v + lane] * x[v + lane];
            for (; v < q->inner; v++) sum[0] += a[v] * x[v];
            result[u] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        }
        return;
    }
    for (int64_t u = 0; u < q->size; u++) result[u] = 0.0;
    for (int64_t v = 0; v < q->inner; v++) {
        const double factor = x[v * step];
        const double *restrict a = matrix + v * column;
        if (row == 1)
            for (int64_t u = 0; u < q->size; u++) result[u] += a[u] * factor;
        else
            for (int64_t u = 0; u < q->size; u++) result[u] += a[u * row] * factor;
    }
}

/* result[u columns + w] = sum over v of A[u stride0 + v stride1] B[v stride2 + w stride3] */
static void run_MatrixMatrix(const Call *call, const Instruction *q) {
    const double *restrict a = where(call, q->operand[0]);
    const double *restrict b = where(call, q->operand[1]);
    double *restrict result = where(call, q->result);
    for (int64_t u = 0; u < q->size; u++) {
        double *restrict row = result + u * q->columns;
        for (int64_t w = 0; w < q->columns; w++) row[w] = 0.0;
        for (int64_t v = 0; v < q->inner; v++) {
            const double factor = a[u * q->stride[0] + v * q->stride[1]];
            const double *restrict other = b + v * q->stride[2];
            for (int64_t w = 0; w < q->columns; w++) row[w] += factor * other[w * q->stride[3]];
        }
    }
}

/* ---- programs ---------------------------------------------------------------------------------------------------- */

#define KINDS(K) \
    K(Block) K(Zero) K(Copy) K(Sum) K(SumTable) K(Product) K(Max) K(Min) K(CumulativeSum) K(CumulativeProduct) \
    K(ScatterSet) K(MatrixVector) K(MatrixMatrix)

typedef void Run(const Call *, const Instruction *);
#define RUN(name) run_##name,
static Run *const runs[] = {KINDS(RUN)};
#define KIND_NAME(name) #name,
static const char *const kind_names[] = {KINDS(KIND_NAME)};

static double *new_numbers(const Program *program) {
    return calloc((size_t)program->arena_size + 1, sizeof(double));
}

/* An arena that no other thread has; NULL where as many threads as there are arenas run already, or memory is short. */
static Arena *take_arena(Program *program) {
    for (int i = 0; i < ARENAS; i++) {
        Arena *arena = &program->arenas[i];
        if (!claimed(&arena->taken)) continue;
        if (arena->numbers == NULL) arena->numbers = new_numbers(program);
        if (arena->numbers != NULL) return arena;
        release(&arena->taken);
        return NULL;
    }
    return NULL;
}

enum { RIGHT = 0, WRONG_SIZE = -1, NO_MEMORY = -2, GRADIENT_NOT_FINITE = 3, DENSITY_NOT_FINITE = 4 };

/* Run a program on x and copy its output, and its log density where there is room for it. */
static int64_t run(Program *program, const double *x, double *output, double *log_density) {
    double registers[REGISTERS * CHUNK];
    Arena *arena = take_arena(program);
    double *numbers = arena == NULL ? new_numbers(program) : arena->numbers;
    if (numbers == NULL) return NO_MEMORY;
    const Call call = {program, numbers, registers};
    memcpy(numbers, x, (size_t)program->input_size * sizeof(double));
    for (int64_t i = 0; i < program->instruction_count; i++)
        runs[program->instructions[i].kind](&call, &program->instructions[i]);
    memcpy(output, where(&call, program->output), (size_t)program->output_size * sizeof(double));
    if (log_density != NULL) *log_density = *where(&call, program->log_density);
    if (arena == NULL) free(numbers);
    else release(&arena->taken);
    return RIGHT;
}

/* The log density of a point and its gradient (size); the numbers that it returns are those nutpie knows. */
EXPORTED int64_t density(uint64_t size, const double *x, double *gradient, double *log_density, Program *program) {
    if ((int64_t)size != program->input_size || program->output_size != program->input_size) return WRONG_SIZE;
    const int64_t status = run(program, x, gradient, log_density);
    if (status != RIGHT) return status;
    for (uint64_t i = 0; i < size; i++)
        if (!(fabs(gradient[i]) < INFINITY)) return GRADIENT_NOT_FINITE;
    return fabs(*log_density) < INFINITY ? RIGHT : DENSITY_NOT_FINITE;
}

/* What follows from a point: its variables as they are named in the model, for example. */
EXPORTED int64_t expand(uint64_t size, uint64_t expanded, const double *x, double *output, Program *program) {
    if ((int64_t)size != program->input_size || (int64_t)expanded != program->output_size) return WRONG_SIZE;
    return run(program, x, output, NULL);
}

/* The same of a model that has two programs, one for each. */
EXPORTED int64_t model_density(uint64_t size, const double *x, double *gradient, double *log_density, Program **of) {
    return density(size, x, gradient, log_density, of[0]);
}

EXPORTED int64_t model_expand(uint64_t size, uint64_t expanded, const double *x, double *output, Program **of) {
    return expand(size, expanded, x, output, of[1]);
}

/* Give back the memory of a program that no thread runs. */
EXPORTED void forget(Program *program) {
    for (int i = 0; i < ARENAS; i++) {
        free(program->arenas[i].numbers);
        program->arenas[i].numbers = NULL;
    }
}

/* The digest of the sources that it was compiled from, so that no program meets a machine of another version. */
#ifndef SOURCES
#define SOURCES ""
#endif
EXPORTED const char *sources(void) { return SOURCES; }

EXPORTED int64_t program_bytes(void) { return (int64_t)sizeof(Program); }
EXPORTED int64_t register_count(void) { return REGISTERS; }

/* The names of kernels and kinds in the order of their numbers; NULL after the last. */
EXPORTED const char *kernel_name(int64_t i) {
    const int64_t special = i - KERNEL_COUNT;
    if (i < KERNEL_COUNT) return kernel_names[i];
    return special < (int64_t)(sizeof(special_names) / sizeof(special_names[0])) ? special_names[special] : NULL;
}

EXPORTED const char *kind_name(int64_t i) {
    return i < (int64_t)(sizeof(kind_names) / sizeof(kind_names[0])) ? kind_names[i] : NULL;
}
