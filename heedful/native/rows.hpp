// A row of logits: its maximum, and the sum of its exponentials.
#pragma once
#include "vectors.hpp"
#include <algorithm>
#include <cmath>

namespace heedful {

inline float maximum(const float *row, long columns) {
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
inline double total(const float *row, long columns, float most) {
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

}  // namespace heedful
