// One step of a cell from packed weights, and whole sequences forward and backward: one barrier a step.
#include "cells.hpp"
#include <algorithm>
#include <omp.h>

using namespace heedful;

// What is multiplied with a stretch of the packed weights; `state` says that it is a hidden state (for GRU's candidate).
struct Segment {
  const float *a;
  long stride, inner, state;
};

// A step of `rows` rows: each output stands at its base and row x stride.
struct Step {
  long size, segments;
  Segment segment[3];
  const float *packed;
  const float *x;  // of row r: x + (ids ? ids[r] : r) * x_stride
  long x_stride;
  const int64_t *ids;
  const float *bias, *own;
  long own_stride;  // 0: one for all rows
  const float *h_before, *c_before;
  long h_before_stride, c_before_stride;
  float *h, *c, *gates;
  long h_stride, c_stride, gates_stride;
};

// Whether all of these rows are padding at this position: then there is nothing to multiply.
static bool over(const int64_t *lengths, long position, long row, int rows) {
  if (!lengths) return false;
  for (int r = 0; r < rows; r++)
    if (position < lengths[row + r]) return false;
  return true;
}

// The product of `Product<true>` for the rows that are not padding.
struct Through {
  Product<true> product;
  const int64_t *lengths;
  long position, turn = 0;

  template <int R> void run(long row) {
    product.turn = turn;
    if (!over(lengths, position, row, R)) product.template run<R>(row);
  }
};

template <class C> struct Advance {
  const Step &step;
  long panel, inner;  // which vectors of units; length of a panel
  const int64_t *lengths = nullptr;
  long position = 0;
  float *y = nullptr;  // a second copy of h, zero where there is padding
  long y_stride = 0;
  long turn = 0;

  template <int R> void run(long row) {
    long first = panel * C::UNITS, count = std::min<long>(C::UNITS, step.size - first);
    vec acc[R][VECTORS];
    for (int r = 0; r < R; r++)
      for (int n = 0; n < VECTORS; n++) acc[r][n] = vec{};
    if (over(lengths, position, row, R)) {
      for (int r = 0; r < R; r++) finish(acc[r], row + r, first, count);
      return;
    }
    const float *weights = step.packed + panel * inner * C::PACKED * LANES;
    const float *ahead = weights + inner * LANES * (C::PACKED + turn % C::PACKED);
    for (long s = 0; s < step.segments; s++) {
      const Segment &each = step.segment[s];
      if (each.state)
        tile<true>(acc, each.a + row * each.stride, each.stride, weights, each.inner, C::of_state, ahead);
      else
        tile<true>(acc, each.a + row * each.stride, each.stride, weights, each.inner, C::of_input, ahead);
      ahead += each.inner * LANES;
      weights += each.inner * C::PACKED * LANES;
    }
    for (int r = 0; r < R; r++) finish(acc[r], row + r, first, count);
  }

  void finish(const vec (&acc)[VECTORS], long row, long first, long count) {
    Place place;
    place.x = step.x ? step.x + (step.ids ? step.ids[row] : row) * step.x_stride + first : nullptr;
    place.bias = step.bias ? step.bias + first : nullptr;
    place.own = step.own ? step.own + row * step.own_stride + first : nullptr;
    place.h_before = step.h_before + row * step.h_before_stride + first;
    place.c_before = step.c_before ? step.c_before + row * step.c_before_stride + first : nullptr;
    place.h = step.h + row * step.h_stride + first;
    place.c = step.c ? step.c + row * step.c_stride + first : nullptr;
    place.gates = step.gates ? step.gates + row * step.gates_stride + first : nullptr;
    place.size = step.size;
    place.count = count;
    bool real = !lengths || position < lengths[row];
    if (real) {
      C::forward(acc, place);
    } else {  // padding: everything stays as it was
      std::memmove(place.h, place.h_before, count * sizeof(float));
      if (place.c) std::memmove(place.c, place.c_before, count * sizeof(float));
    }
    if (!y) return;
    if (real)
      std::memcpy(y + row * y_stride + first, place.h, count * sizeof(float));
    else
      std::memset(y + row * y_stride + first, 0, count * sizeof(float));
  }
};

static long total(const Step &step) {
  long inner = 0;
  for (long s = 0; s < step.segments; s++) inner += step.segment[s].inner;
  return inner;
}

template <class C> static void one_step(const Step *step, long rows, int threads) {
  long panels = (step->size + C::UNITS - 1) / C::UNITS, inner = total(*step);
  long across = std::min<long>(threads, panels), along = std::max<long>(1, std::min<long>(threads / across, rows / ROWS));
#pragma omp parallel for num_threads(across *along) schedule(static)
  for (long job = 0; job < across * along; job++) {
    long end = share(panels, job / along + 1, across);
    for (long p = share(panels, job / along, across); p < end; p++) {
      Advance<C> advance{*step, p, inner};
      by_rows(share(rows, job % along, along), share(rows, job % along + 1, along), advance);
    }
  }
}

// A direction of a layer over a whole sequence. Rows of x, y, gates and c are batch x time.
struct Lane {
  const float *x, *packed, *own, *h0, *c0;
  float *y, *gates, *c, *h_last, *c_last, *scratch;
  long y_stride, backwards;
};

template <class C>
static void scan(const Lane *lanes, long directions, long rows, long time, long size, const int64_t *lengths, int threads) {
  long blocks = (size + PANEL - 1) / PANEL, jobs = directions * blocks;
  long across = std::min<long>(threads, jobs), along = std::max<long>(1, std::min<long>(threads / across, rows / ROWS));
  long area = rows * size, split = PANEL / C::UNITS;
#pragma omp parallel num_threads(across *along)
  {
    long worker = omp_get_thread_num(), workers = omp_get_num_threads();
    long columns = std::min(across, workers), groups = std::max<long>(1, workers / columns);
    bool busy = worker < columns * groups;
    long begin = busy ? share(jobs, worker / groups, columns) : 0, end = busy ? share(jobs, worker / groups + 1, columns) : 0;
    long first = share(rows, worker % groups, groups), last = share(rows, worker % groups + 1, groups);
    for (long t = 0; t < time; t++) {
      for (long job = begin; job < end; job++) {
        const Lane &lane = lanes[job / blocks];
        long position = lane.backwards ? time - 1 - t : t, before = lane.backwards ? position + 1 : position - 1;
        float *c_kept = lane.scratch + 2 * area;
        Step step{};
        step.size = size;
        step.segments = 1;
        const float *h = t ? lane.scratch + (t % 2) * area : lane.h0;
        step.segment[0] = {h, size, size, 1};
        step.packed = lane.packed;
        step.x = lane.x + position * C::GATES * size;
        step.x_stride = time * C::GATES * size;
        step.own = lane.own;
        step.h_before = h;
        step.h_before_stride = step.h_stride = size;
        step.h = t + 1 < time ? lane.scratch + ((t + 1) % 2) * area : lane.h_last;
        if (lane.c0) {
          step.c_before = t == 0 ? lane.c0 : lane.c ? lane.c + before * size : c_kept;
          step.c_before_stride = t == 0 || !lane.c ? size : time * size;
          step.c = lane.c ? lane.c + position * size : c_kept;
          step.c_stride = lane.c ? time * size : size;
        }
        if (lane.gates && C::KEPT > 1) {
          step.gates = lane.gates + position * C::KEPT * size;
          step.gates_stride = time * C::KEPT * size;
        }
        long block = job % blocks;
        for (long p = block * split; p < (block + 1) * split && p * C::UNITS < size; p++) {
          Advance<C> advance{step, p, size, lengths, position, lane.y + position * lane.y_stride, time * lane.y_stride};
          by_rows(first, last, advance);
        }
      }
#pragma omp barrier
    }
    for (long job = begin; job < end; job++) {
      const Lane &lane = lanes[job / blocks];
      if (!lane.c0) continue;
      long from = job % blocks * PANEL, count = std::min<long>(PANEL, size - from);
      long position = lane.backwards ? 0 : time - 1;
      for (long row = first; row < last; row++) {
        const float *c = lane.c ? lane.c + (row * time + position) * size : lane.scratch + 2 * area + row * size;
        std::memcpy(lane.c_last + row * size + from, c + from, count * sizeof(float));
      }
    }
  }
}

// The way back. `gates` hold what the forward pass kept and become gradients; dh and dc (rows, size) hold the gradients of
// the last state and become those of the first.
struct Return {
  const float *packed, *h0, *c0, *y, *c, *dy;
  float *gates, *dh, *dc, *scratch;
  long y_stride, dy_stride, backwards;
};

template <class C>
static void scan_back(const Return *lanes, long directions, long rows, long time, long size, const int64_t *lengths, int threads) {
  long blocks = (size + PANEL - 1) / PANEL, jobs = directions * blocks, wide = C::GATES * size;
  long across = std::min<long>(threads, jobs), along = std::max<long>(1, std::min<long>(threads / across, rows / ROWS));
#pragma omp parallel num_threads(across *along)
  {
    long worker = omp_get_thread_num(), workers = omp_get_num_threads();
    long columns = std::min(across, workers), groups = std::max<long>(1, workers / columns);
    bool busy = worker < columns * groups;
    long begin = busy ? share(jobs, worker / groups, columns) : 0, end = busy ? share(jobs, worker / groups + 1, columns) : 0;
    long first = share(rows, worker % groups, groups), last = share(rows, worker % groups + 1, groups);
    for (long t = 0; t < time; t++) {
      for (long job = begin; job < end; job++) {
        const Return &lane = lanes[job / blocks];
        long position = lane.backwards ? t : time - 1 - t, before = lane.backwards ? position + 1 : position - 1;
        bool start = t + 1 == time;
        long from = job % blocks * PANEL, count = std::min<long>(PANEL, size - from);
        float *again = lane.scratch + (t % 2) * rows * wide;
        for (long row = first; row < last; row++) {
          float *gates = lane.gates + (row * time + position) * C::KEPT * size + from, *to = again + row * wide + from;
          if (lengths && position >= lengths[row]) {
            for (int g = 0; g < C::KEPT; g++) std::memset(gates + g * size, 0, count * sizeof(float));
            for (int g = 0; g < C::GATES; g++) std::memset(to + g * size, 0, count * sizeof(float));
            continue;
          }
          float *dh = lane.dh + row * size + from, *dc = lane.dc ? lane.dc + row * size + from : nullptr;
          const float *h = lane.y + (row * time + position) * lane.y_stride + from;
          const float *h_before = start ? lane.h0 + row * size + from : lane.y + (row * time + before) * lane.y_stride + from;
          const float *c = lane.c ? lane.c + (row * time + position) * size + from : nullptr;
          const float *c_before = !lane.c ? nullptr : start ? lane.c0 + row * size + from : lane.c + (row * time + before) * size + from;
          // reading backwards, the first real item follows padding: what stood before it is the start state
          if (lane.backwards && !start && lengths && before >= lengths[row]) h_before = lane.h0 + row * size + from;
          const float *dy = lane.dy ? lane.dy + (row * time + position) * lane.dy_stride + from : nullptr;
          for (long u = 0; u < count; u += LANES) {
            long n = std::min<long>(LANES, count - u);
            if (dy) store(dh + u, load(dh + u, n) + load(dy + u, n), n);
            C::backward(gates + u, h + u, h_before + u, c ? c + u : c, c_before ? c_before + u : c_before, to + u, dh + u,
                        dc ? dc + u : dc, size, n);
          }
        }
      }
#pragma omp barrier
      for (long job = begin; job < end; job++) {
        const Return &lane = lanes[job / blocks];
        long block = job % blocks;
        long position = lane.backwards ? t : time - 1 - t;
        Through through{{lane.scratch + (t % 2) * rows * wide, lane.packed + block * PANEL * wide, nullptr,
                         lane.dh + block * PANEL, wide, wide, size, size - block * PANEL, true, PLAIN}, lengths, position};
        by_rows(first, last, through);
      }
    }
  }
}

// The way back of a single step, without its products: gates become gradients, `again` what the state's weights see.
template <class C>
static void one_back(long rows, long size, float *gates, long gates_stride, const float *h, long h_stride, const float *h_before,
                     long h_before_stride, const float *c, long c_stride, const float *c_before, long c_before_stride, float *again,
                     float *dh, float *dc, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (long row = 0; row < rows; row++)
    for (long u = 0; u < size; u += LANES)
      C::backward(gates + row * gates_stride + u, h + row * h_stride + u, h_before + row * h_before_stride + u,
                  c ? c + row * c_stride + u : c, c_before ? c_before + row * c_before_stride + u : c_before,
                  again + row * C::GATES * size + u, dh + row * size + u, dc ? dc + row * size + u : dc, size,
                  std::min<long>(LANES, size - u));
}

// Packs a stretch of a cell's weights (gates x size, inner) into its panels, `offset` of `total_inner` rows down.
template <class C>
static void pack_cell(const float *from, long size, long inner, long stride, float *to, long offset, long total_inner, int threads) {
  long panels = (size + C::UNITS - 1) / C::UNITS;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (long p = 0; p < panels; p++) {
    float *panel = to + (p * total_inner + offset) * C::PACKED * LANES;
    for (int v = 0; v < C::PACKED; v++) {
      long unit = p * C::UNITS + (C::GATES == 1 ? v * LANES : 0), row = (C::GATES == 1 ? 0 : v * size) + unit;
      for (long k = 0; k < inner; k += LANES) {
        vec block[LANES];
        for (int lane = 0; lane < LANES; lane++)
          block[lane] = unit + lane < size ? load(from + (row + lane) * stride + k, inner - k) : vec{};
        turn(block);
        for (long i = 0; i < std::min<long>(LANES, inner - k); i++) store(panel + ((k + i) * C::PACKED + v) * LANES, block[i]);
      }
    }
  }
}

#define HEEDFUL_CELL(name, C)                                                                                                  \
  extern "C" void heedful_step_##name(const Step *step, long rows, int threads) { one_step<C>(step, rows, threads); }         \
  extern "C" void heedful_scan_##name(const Lane *lanes, long directions, long rows, long time, long size,                     \
                                      const int64_t *lengths, int threads) {                                                   \
    scan<C>(lanes, directions, rows, time, size, lengths, threads);                                                            \
  }                                                                                                                            \
  extern "C" void heedful_scan_back_##name(const Return *lanes, long directions, long rows, long time, long size,              \
                                           const int64_t *lengths, int threads) {                                              \
    scan_back<C>(lanes, directions, rows, time, size, lengths, threads);                                                       \
  }                                                                                                                            \
  extern "C" void heedful_back_##name(long rows, long size, float *gates, long gates_stride, const float *h, long h_stride,    \
                                      const float *h_before, long h_before_stride, const float *c, long c_stride,              \
                                      const float *c_before, long c_before_stride, float *again, float *dh, float *dc,         \
                                      int threads) {                                                                           \
    one_back<C>(rows, size, gates, gates_stride, h, h_stride, h_before, h_before_stride, c, c_stride, c_before,                \
                c_before_stride, again, dh, dc, threads);                                                                      \
  }                                                                                                                            \
  extern "C" void heedful_pack_##name(const float *from, long size, long inner, long stride, float *to, long offset,           \
                                      long total_inner, int threads) {                                                         \
    pack_cell<C>(from, size, inner, stride, to, offset, total_inner, threads);                                                 \
  }

HEEDFUL_CELL(lstm, LSTM)
HEEDFUL_CELL(gru, GRU)
HEEDFUL_CELL(rnn, RNN)
