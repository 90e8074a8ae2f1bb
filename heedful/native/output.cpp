// The output layer's rows: cross entropy with its gradient in place, and the highest logits with their normaliser.
#include "vectors.hpp"
#include <algorithm>
#include <cmath>

using namespace heedful;

static float maximum(const float *row, long columns) {
  float most = -INFINITY;
  long c = 0;
  if (columns >= LANES) {
    vec found = load(row);
    for (c = LANES; c + LANES <= columns; c += LANES) found = larger(found, load(row + c));
    most = largest(found);
  }
  for (; c < columns; c++) most = std::max(most, row[c]);
  return most;
}

// sum(exp(x - most)), in double precision every thousand columns; NaN where any number is not one, for nothing here may
// hide it.
static double total(const float *row, long columns, float most) {
  double sums = 0;
  ivec bad = {};
  for (long begin = 0; begin < columns; begin += 1024) {
    long end = std::min(begin + 1024, columns);
    vec found = {};
    for (long c = begin; c < end; c += LANES) {
      long n = end - c;
      vec x = load(row + c, n) - most, e = exp(x);
      bad |= x != x;
      if (n < LANES)
        for (long lane = n; lane < LANES; lane++) e[lane] = 0;
      found += e;
    }
    sums += sum(found);
  }
  for (int lane = 0; lane < LANES; lane++)
    if (bad[lane]) return NAN;
  return sums;
}

// Each row of logits becomes its gradient: (softmax - wanted) x scale, where wanted is smoothed: 1 - smoothing of it on the
// target and smoothing evenly on all columns. Losses are those of the rows, not scaled.
extern "C" void heedful_cross_entropy(float *logits, long rows, long columns, long stride, const float *bias,
                                      const int64_t *targets, float smoothing, float scale, float *losses, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (long r = 0; r < rows; r++) {
    float *row = logits + r * stride;
    for (long c = 0; c < columns; c += LANES) store(row + c, load(row + c, columns - c) + load(bias + c, columns - c), columns - c);
    float most = maximum(row, columns);
    double sums = total(row, columns, most), mean = 0;
    float normaliser = most + (float)std::log(sums), factor = scale / (float)sums, spread = smoothing / columns * scale;
    if (smoothing != 0.0f) {
      vec found = {};
      for (long c = 0; c < columns; c += LANES) found += load(row + c, columns - c);
      mean = sum(found) / columns;
    }
    losses[r] = normaliser - (1.0f - smoothing) * row[targets[r]] - smoothing * (float)mean;
    for (long c = 0; c < columns; c += LANES) {
      long n = columns - c;
      store(row + c, exp(load(row + c, n) - most) * factor - spread, n);
    }
    row[targets[r]] -= (1.0f - smoothing) * scale;
    if (sums != sums) row[0] = NAN;  // the gradient may not look sound where the loss is not
  }
}

// The `count` highest of each row from column `begin` on, highest first and of equal ones the lower column first; and the
// logarithm of the sum of all columns' exponentials. `maxima` has room for a number per 64 columns and thread.
extern "C" void heedful_top(const float *logits, long rows, long columns, long stride, long begin, long count, float *values,
                            int64_t *places, float *normalisers, float *maxima, int threads) {
  constexpr long BLOCK = 64;
  long blocks = (columns - begin + BLOCK - 1) / BLOCK;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (long r = 0; r < rows; r++) {
    const float *row = logits + r * stride, *from = row + begin;
    float *highest = maxima + r * blocks, most = maximum(row, begin);
    for (long b = 0; b < blocks; b++) {
      highest[b] = maximum(from + b * BLOCK, std::min(BLOCK, columns - begin - b * BLOCK));
      most = std::max(most, highest[b]);
    }
    normalisers[r] = most + (float)std::log(total(row, columns, most));
    for (long n = 0; n < count; n++) {  // the next in the order (value falling, column rising) after the one before
      float best = -INFINITY, last = n ? values[r * count + n - 1] : INFINITY;
      long where = -1, last_at = n ? places[r * count + n - 1] : -1;
      for (long b = 0; b < blocks; b++) {
        if (!(highest[b] > best || (where < 0 && highest[b] == best))) continue;
        float next = -INFINITY;  // what is left of this block
        long end = std::min((b + 1) * BLOCK, columns - begin);
        for (long c = b * BLOCK; c < end; c++) {
          float value = from[c];
          bool taken = value > last || (value == last && c <= last_at);
          if (taken) continue;
          next = std::max(next, value);
          if (value > best || (where < 0 && value == best)) {
            best = value;
            where = c;
          }
        }
        highest[b] = next;
      }
      if (where < 0) {  // nothing but NaN is left
        where = 0;
      }
      values[r * count + n] = best;
      places[r * count + n] = where;
    }
  }
}

// The sum of the squares of all numbers of these stretches.
extern "C" void heedful_squares(const float *const *stretches, const long *sizes, long count, double *sum_of_all, int threads) {
  constexpr long PIECE = 1 << 14;
  double sums = 0;
  for (long s = 0; s < count; s++) {
    const float *from = stretches[s];
    long size = sizes[s], pieces = (size + PIECE - 1) / PIECE;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(+ : sums) if (pieces > 1)
    for (long p = 0; p < pieces; p++) {
      vec found[4] = {};
      long end = std::min(size, (p + 1) * PIECE), at = p * PIECE;
      for (; at + 4 * LANES <= end; at += 4 * LANES)
        for (int v = 0; v < 4; v++) {
          vec each = load(from + at + v * LANES);
          found[v] += each * each;
        }
      for (; at < end; at += LANES) {
        vec each = load(from + at, end - at);
        found[0] += each * each;
      }
      sums += (double)sum(found[0] + found[1]) + (double)sum(found[2] + found[3]);
    }
  }
  *sum_of_all = sums;
}

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

// Whether numbers too small for the usual form count as zero, in all threads: gradients of attention that is sure of itself
// are full of them, and a product of such numbers is many times slower.
extern "C" void heedful_flush(int on, int threads) {
#pragma omp parallel num_threads(threads)
  {
#if defined(__SSE__)
    unsigned now = _mm_getcsr(), bits = 0x8040;
    _mm_setcsr(on ? now | bits : now & ~bits);
#else
    (void)on;
#endif
  }
}
