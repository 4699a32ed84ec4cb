/* Special: log gamma and its derivatives. Above 0 by Stirling's series [DLMF 5.11], after eight steps of the recurrence
 * where x < 8; absolute errors of log gamma are below 1e-14 near its zeros 1 and 2, relative ones below 1e-14 elsewhere.
 */
#ifndef UNCOUNTED_SPECIAL_H
#define UNCOUNTED_SPECIAL_H

#include "kernels.h"

enum { SHIFT = 8 };
#define PI 3.141592653589793238462643383279502884
#define HALF_LOG_2PI 0.918938533204672741780329736405617640

static inline double gammaln_above_0(double x) {
    const int small = x < SHIFT;
    const double begin = small ? x : 1.0;
    double product = begin;
    for (int k = 1; k < SHIFT; k++) product *= begin + k;
    const double z = small ? x + SHIFT : x;
    const double w = 1.0 / z, v = w * w;
    double series = -3617.0 / 122400.0;
    series = series * v + 1.0 / 156.0;
    series = series * v - 691.0 / 360360.0;
    series = series * v + 1.0 / 1188.0;
    series = series * v - 1.0 / 1680.0;
    series = series * v + 1.0 / 1260.0;
    series = series * v - 1.0 / 360.0;
    series = series * v + 1.0 / 12.0;
    const double stirling = (z - 0.5) * log_of(z) - z + HALF_LOG_2PI + series * w;
    const double y = small ? stirling - log_of(product) : stirling;
    return x < INFINITY ? y : x;
}

/* The sum of 1/(x + k) is P'/P of P = x (x + 1) ... (x + 7), which takes one division. */
static inline double psi_above_0(double x) {
    const int small = x < SHIFT;
    const double begin = small ? x : 1.0;
    double product = begin, derivative = 1.0;
    for (int k = 1; k < SHIFT; k++) {
        derivative = derivative * (begin + k) + product;
        product *= begin + k;
    }
    const double z = small ? x + SHIFT : x;
    const double w = 1.0 / z, v = w * w;
    double series = 3617.0 / 8160.0;
    series = series * v - 1.0 / 12.0;
    series = series * v + 691.0 / 32760.0;
    series = series * v - 1.0 / 132.0;
    series = series * v + 1.0 / 240.0;
    series = series * v - 1.0 / 252.0;
    series = series * v + 1.0 / 120.0;
    series = series * v - 1.0 / 12.0;
    const double above = log_of(z) - 0.5 * w + series * v;
    return small ? above - derivative / product : above;
}

static inline double trigamma_above_0(double x) {
    const int small = x < SHIFT;
    const double begin = small ? x : 1.0;
    double sum = 0.0;
    for (int k = 0; k < SHIFT; k++) sum += 1.0 / ((begin + k) * (begin + k));
    const double z = small ? x + SHIFT : x;
    const double w = 1.0 / z, v = w * w;
    double series = -3617.0 / 510.0;
    series = series * v + 7.0 / 6.0;
    series = series * v - 691.0 / 2730.0;
    series = series * v + 5.0 / 66.0;
    series = series * v - 1.0 / 30.0;
    series = series * v + 1.0 / 42.0;
    series = series * v - 1.0 / 30.0;
    series = series * v + 1.0 / 6.0;
    const double above = w + 0.5 * v + series * v * w;
    return small ? above + sum : above;
}

/* At 0 and below, by reflection, one by one: such numbers are rare. */
static double gammaln_below(double x) {
    if (x != x) return x;
    if (x == floor(x)) return INFINITY;
    return log(PI / fabs(sin(PI * (x - nearbyint(x))))) - gammaln_above_0(1.0 - x);
}

static double psi_below(double x) {
    if (x != x) return x;
    if (x == 0.0) return copysign(INFINITY, -x);
    if (x == floor(x)) return NAN;
    return psi_above_0(1.0 - x) - PI / tan(PI * (x - nearbyint(x)));
}

static double trigamma_below(double x) {
    if (x != x) return x;
    if (x == floor(x)) return INFINITY;
    const double sine = sin(PI * (x - nearbyint(x)));
    return PI * PI / (sine * sine) - trigamma_above_0(1.0 - x);
}

#endif
