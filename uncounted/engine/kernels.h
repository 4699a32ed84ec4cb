/* Kernels: elementwise functions of doubles, written without branches so that a compiler makes vectors of their loops.
 *
 * exp and log are within 1 unit in the last place, the functions made of them within 4; zeros, infinities, NaN and
 * subnormal numbers give what IEEE 754 and C99's Annex F ask. No fast-math: a density may hold -inf on purpose.
 */
#ifndef UNCOUNTED_KERNELS_H
#define UNCOUNTED_KERNELS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline int64_t bits_of(double x) {
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double double_of(int64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Adding and taking away 1.5 * 2^52 rounds to a whole number, whose bits then lie at the end of the sum's. */
#define ROUNDER 0x1.8p52
#define LN2_HIGH 0x1.62e42fee00000p-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#define PER_LN2 0x1.71547652b82fep0

/* 2^k for whole k in -1022 to 1023, given as ROUNDER + k. */
static inline double power_of_two(double rounded) {
    return double_of((bits_of(rounded) + 1023) << 52);
}

/* (exp(r) - 1 - r) / r^2 for |r| <= ln(2)/2: the Taylor series to r^13, whose rest is below 1e-17. It is summed in
 * pairs, pairs of pairs and so on, for a processor can work on several of them at once. */
static inline double exp_series(double r) {
    const double r2 = r * r, r4 = r2 * r2;
    const double c01 = 0.5 + r * (1.0 / 6.0);
    const double c23 = 1.0 / 24.0 + r * (1.0 / 120.0);
    const double c45 = 1.0 / 720.0 + r * (1.0 / 5040.0);
    const double c67 = 1.0 / 40320.0 + r * (1.0 / 362880.0);
    const double c89 = 1.0 / 3628800.0 + r * (1.0 / 39916800.0);
    const double cab = 1.0 / 479001600.0 + r * (1.0 / 6227020800.0);
    return (c01 + r2 * c23) + r4 * ((c45 + r2 * c67) + r4 * (c89 + r2 * cab));
}

/* exp(x) = 2^k exp(r); 2^k in two factors, since k may lie outside a double's exponents. */
static inline double exp_of(double x) {
    double inside = x > 710.0 ? 710.0 : (x < -746.0 ? -746.0 : x);
    double rounded = inside * PER_LN2 + ROUNDER;
    double k = rounded - ROUNDER;
    double r = (inside - k * LN2_HIGH) - k * LN2_LOW;
    double half = k * 0.5 + ROUNDER;
    double rest = (k - (half - ROUNDER)) + ROUNDER;
    return (1.0 + (r + r * r * exp_series(r))) * power_of_two(half) * power_of_two(rest);
}

/* exp(x) - 1 = 2^k (exp(r) - 1) + (2^k - 1), exact where x is near 0. */
static inline double expm1_of(double x) {
    double inside = x > 710.0 ? 710.0 : (x < -50.0 ? -50.0 : x);
    double rounded = inside * PER_LN2 + ROUNDER;
    double k = rounded - ROUNDER;
    double r = (inside - k * LN2_HIGH) - k * LN2_LOW;
    double half = k * 0.5 + ROUNDER;
    double rest = (k - (half - ROUNDER)) + ROUNDER;
    double scale = power_of_two(half);
    double more = power_of_two(rest);
    double y = ((r + r * r * exp_series(r)) * scale + (scale - 1.0 / more)) * more;
    return x == 0.0 ? x : y;
}

/* log(1 + f) - f + f^2/2 for sqrt(1/2) - 1 <= f <= sqrt(2) - 1, by fdlibm's series in s = f/(2 + f). */
static inline double log_rest(double f, double square) {
    const double s = f / (2.0 + f);
    const double z = s * s, w = z * z;
    const double even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const double odd =
        z * (6.666666666666735130e-01 +
             w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    return s * (square + (even + odd));
}

static inline double log_series(double f) {
    const double square = 0.5 * f * f;
    return f - (square - log_rest(f, square));
}

/* log(x) = k ln 2 + log(m), m in sqrt(1/2) to sqrt(2). */
static inline double log_of(double x) {
    const int subnormal = x < 0x1p-1022;
    const double scaled = subnormal ? x * 0x1p54 : x;
    const int64_t bits = bits_of(scaled);
    const int64_t above = bits - 0x3fe6a09e667f3bcdLL; /* the bits of sqrt(1/2) */
    const int64_t exponent = above & (int64_t)0xfff0000000000000ULL;
    const double f = double_of(bits - exponent) - 1.0;
    /* A signed whole number becomes a double by its bits, as processors without AVX-512 have no instruction for it. */
    const double power = double_of((int64_t)((uint64_t)exponent >> 52) ^ 0x4330000000000800LL) - (0x1p52 + 2048.0);
    const double k = subnormal ? power - 54.0 : power;
    const double square = 0.5 * f * f;
    const double finite = k * LN2_HIGH - ((square - (log_rest(f, square) + k * LN2_LOW)) - f);
    const double y = x > 0.0 ? finite : (x == 0.0 ? -INFINITY : NAN);
    return x <= 1.7976931348623157e308 ? y : x;
}

/* log(1 + x) = log(u) + (x - (u - 1))/u, u the double nearest 1 + x. */
static inline double log1p_of(double x) {
    double u = 1.0 + x;
    double y = log_of(u) + (x - (u - 1.0)) / u;
    y = u == 0.0 ? -INFINITY : (u < INFINITY ? y : u);
    return x == 0.0 ? x : y;
}

/* log(1 + x) for x in 0 to 1: of 1 + x itself, or of its half above sqrt(2), whose logs are a short series. */
static inline double log1p_of_part(double x) {
    const int large = x > 0.41421356237309503;
    const double f = large ? 0.5 * x - 0.5 : x;
    return log_series(f) + (large ? 0x1.62e42fefa39efp-1 : 0.0);
}

/* Both of what logits need follow from exp(-|x|), which is computed once for them. */
static inline double sigmoid_of(double x, double exp_of_minus_abs) {
    return (x >= 0.0 ? 1.0 : exp_of_minus_abs) / (1.0 + exp_of_minus_abs);
}

static inline double softplus_of(double x, double exp_of_minus_abs) {
    return (x > 0.0 ? x : 0.0) + log1p_of_part(exp_of_minus_abs);
}

#endif
