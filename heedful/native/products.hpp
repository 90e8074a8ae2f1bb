// Products of few rows with weights that were packed once: panels of columns, so that a tile reads them in one stream.
#pragma once
#include "vectors.hpp"

namespace heedful {

constexpr int ROWS = 6;     // of a tile: 6 x 4 sums, 4 weights and a factor fill 29 of 32 registers
constexpr int VECTORS = 4;  // of a panel
constexpr int PANEL = VECTORS * LANES;

// acc[row][column vector] += rows of a, times a panel; `at` maps the panel's vectors to sums. With FETCH, what stands at
// `ahead` is fetched meanwhile, a cache line a step: where the weights come from far, that is the next panel.
template <bool FETCH = false, int R, int N, int M>
__attribute__((always_inline)) inline void tile(vec (&acc)[R][M], const float *a, long stride, const float *panel, long inner, const int (&at)[N],
                 const float *ahead = nullptr) {
  for (long k = 0; k < inner; k++) {
    if constexpr (FETCH) __builtin_prefetch(ahead + k * LANES, 0, 2);
    vec weights[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) weights[n] = load(panel + (k * N + n) * LANES);
#pragma GCC unroll 6
    for (int r = 0; r < R; r++) {
      vec factor = all(a[r * stride + k]);
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) acc[r][at[n]] += factor * weights[n];
    }
  }
}

// Calls work.template run<R>(first row) for all rows, six at a time and the rest at once.
template <int R, class Work> inline void rest(long rows, long first, Work &work) {
  if constexpr (R > 0) {
    if (rows == R)
      work.template run<R>(first);
    else
      rest<R - 1>(rows, first, work);
  }
}

template <class Work> inline void by_rows(long first, long last, Work &work) {
  // rows are shared out evenly over the tiles: of 8 rows two tiles of 4, not one of 6 and a slow one of 2
  long count = last - first, tiles = (count + ROWS - 1) / ROWS;
  for (long t = 0; t < tiles; t++) {
    work.turn = t;
    long begin = first + count * t / tiles, end = first + count * (t + 1) / tiles;
    rest<ROWS>(end - begin, begin, work);
  }
}

enum Shape { PLAIN = 0, TANH = 1 };

template <bool FETCH> struct Product {
  const float *a, *panel, *bias;
  float *out;
  long stride, inner, out_stride, columns;
  bool add;
  int shape;
  const float *b = nullptr;  // a second stretch of the rows, behind the first in the panel
  long b_stride = 0, b_inner = 0;
  long turn = 0;

  template <int R> void run(long row) {
    static constexpr int at[VECTORS] = {0, 1, 2, 3};
    vec acc[R][VECTORS];
    for (int n = 0; n < VECTORS; n++) {
      vec begin = bias && n * LANES < columns ? load(bias + n * LANES, columns - n * LANES) : vec{};
      for (int r = 0; r < R; r++) acc[r][n] = begin;
    }
    const float *ahead = panel + (inner + b_inner) * (PANEL + turn % VECTORS * LANES);
    tile<FETCH>(acc, a + row * stride, stride, panel, inner, at, ahead);
    if (b)
      tile<FETCH>(acc, b + row * b_stride, b_stride, panel + inner * PANEL, b_inner, at, ahead + inner * LANES);
    for (int r = 0; r < R; r++) {
      float *to = out + (row + r) * out_stride;
      for (int n = 0; n < VECTORS && n * LANES < columns; n++) {
        long count = columns - n * LANES;
        vec value = acc[r][n];
        if (add) value += load(to + n * LANES, count);
        if (shape == TANH) value = tanh(value);
        store(to + n * LANES, value, count);
      }
    }
  }
};

// Where worker `worker` of `workers` begins in `count` things.
inline long share(long count, long worker, long workers) { return count * worker / workers; }

}  // namespace heedful
