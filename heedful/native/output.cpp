// What training makes of the output layer: cross entropy with its gradient in place, the gradient's norm.
#include "rows.hpp"

using namespace heedful;

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
