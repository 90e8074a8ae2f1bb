// Packing, and products with packed weights.
#include "products.hpp"
#include <algorithm>

using namespace heedful;

// Packs a matrix (columns, inner) with these strides into panels of 64 columns, zeros behind the last.
extern "C" void heedful_pack(const float *from, long columns, long inner, long column_stride, long inner_stride, float *to,
                             int threads) {
  long panels = (columns + PANEL - 1) / PANEL;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (long p = 0; p < panels; p++) {
    float *panel = to + p * PANEL * inner;
    const float *first = from + p * PANEL * column_stride;
    long real = std::min<long>(PANEL, columns - p * PANEL);
    if (column_stride == 1) {
      for (long k = 0; k < inner; k++) {
        std::memcpy(panel + k * PANEL, first + k * inner_stride, real * sizeof(float));
        std::memset(panel + k * PANEL + real, 0, (PANEL - real) * sizeof(float));
      }
      continue;
    }
    for (long c = 0; c < PANEL; c += LANES)
      for (long k = 0; k < inner; k += LANES) {
        vec block[LANES];
        for (long lane = 0; lane < LANES; lane++) {
          const float *column = first + (c + lane) * column_stride + k * inner_stride;
          if (c + lane >= real)
            block[lane] = vec{};
          else if (inner_stride == 1)
            block[lane] = load(column, inner - k);
          else
            for (long i = 0; i < LANES; i++) block[lane][i] = k + i < inner ? column[i * inner_stride] : 0.0f;
        }
        turn(block);
        for (long i = 0; i < std::min<long>(LANES, inner - k); i++) store(panel + (k + i) * PANEL + c, block[i]);
      }
  }
}

template <bool FETCH>
static void product(const float *a, long rows, long inner, long stride, const float *b, long b_inner, long b_stride,
                    const float *packed, long columns, const float *bias, float *out, long out_stride, int add, int shape,
                    int threads) {
  long panels = (columns + PANEL - 1) / PANEL;
  long across = std::min<long>(threads, panels), along = std::max<long>(1, std::min<long>(threads / across, rows / ROWS));
#pragma omp parallel for num_threads(across *along) schedule(static)
  for (long job = 0; job < across * along; job++) {
    long end = share(panels, job / along + 1, across);
    for (long p = share(panels, job / along, across); p < end; p++) {
      Product<FETCH> product{a, packed + p * PANEL * (inner + b_inner), bias ? bias + p * PANEL : nullptr, out + p * PANEL, stride,
                             inner, out_stride, columns - p * PANEL, add != 0, shape, b, b_stride, b_inner};
      by_rows(share(rows, job % along, along), share(rows, job % along + 1, along), product);
    }
  }
}

constexpr long NEAR = 1 << 20;  // bytes of weights a thread that its own cache keeps from call to call

// out (rows, columns) = shape([a b] (rows, inner + b_inner) x packed + bias), or added to out; b may be null. Panels are
// shared out among the threads, and rows too where there are more threads than panels.
extern "C" void heedful_product(const float *a, long rows, long inner, long stride, const float *b, long b_inner, long b_stride,
                                const float *packed, long columns, const float *bias, float *out, long out_stride, int add,
                                int shape, int threads) {
  bool far = (inner + b_inner) * columns * (long)sizeof(float) > NEAR * threads;
  auto call = far && rows > ROWS ? product<true> : product<false>;
  call(a, rows, inner, stride, b, b_inner, b_stride, packed, columns, bias, out, out_stride, add, shape, threads);
}
