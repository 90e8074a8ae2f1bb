// What search makes of the output layer: the best units of each row, and the best continuations of each sentence.
#include "rows.hpp"
#include <numeric>
#include <vector>

using namespace heedful;

constexpr long BLOCK = 64;
constexpr double NOTHING = -INFINITY;

// The `count` highest of a row from column `begin` on, highest first and of equal ones the lower column first; returns the
// logarithm of the sum of all columns' exponentials. `highest` has room for a number per 64 columns.
static float best_of(const float *row, long columns, long begin, long count, float *values, int64_t *places, float *highest) {
  long blocks = (columns - begin + BLOCK - 1) / BLOCK;
  const float *from = row + begin;
  float most = maximum(row, begin);
  for (long b = 0; b < blocks; b++) {
    highest[b] = maximum(from + b * BLOCK, std::min(BLOCK, columns - begin - b * BLOCK));
    most = std::max(most, highest[b]);
  }
  float normaliser = most + (float)std::log(total(row, columns, most));
  for (long n = 0; n < count; n++) {  // the next in the order (value falling, column rising) after the one before
    float best = -INFINITY, last = n ? values[n - 1] : INFINITY;
    long where = -1, last_at = n ? places[n - 1] : -1;
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
    if (where < 0) where = 0;  // nothing but NaN is left
    values[n] = best;
    places[n] = where;
  }
  return normaliser;
}

// `best_of` for every row. `maxima` has room for a number per 64 columns and row.
extern "C" void heedful_top(const float *logits, long rows, long columns, long stride, long begin, long count, float *values,
                            int64_t *places, float *normalisers, float *maxima, int threads) {
  long blocks = (columns - begin + BLOCK - 1) / BLOCK;
#pragma omp parallel for num_threads(threads) schedule(static) if (rows > 1)
  for (long r = 0; r < rows; r++)
    normalisers[r] = best_of(logits + r * stride, columns, begin, count, values + r * count, places + r * count, maxima + r * blocks);
}

// What may come next in a sentence, where anything is forbidden at all.
struct Bounds {
  const int64_t *shortest, *longest;  // units of a sentence's output
  const int64_t *forced;              // the unit that has to come, -1 where any may
  int64_t time;
};

// The 2 x size best continuations of each sentence among the `size` likeliest units and the end mark of each of its rows:
// first those that go on, best first, then the others, ends among them; `ended` tells of the second half which are outputs.
// Of equal ones the lower parent comes first, then the end mark, then the order of a row. Returns 0 where a row's normaliser
// is not a number.
extern "C" int heedful_choose(const float *logits, long sentences, long slots, long columns, long stride, long reserved, long end,
                              long size, const double *live, const Bounds *bounds, int64_t *parents, int64_t *units,
                              double *log_probs, bool *ended, int threads) {
  long few = std::min(size, columns - reserved), each = size + 1, all = slots * each, most = 2 * size;
  int sound = 1;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(min : sound) if (sentences > 1 || slots * columns > 4096)
  for (long s = 0; s < sentences; s++) {
    std::vector<float> values(few), maxima((columns - reserved + BLOCK - 1) / BLOCK);
    std::vector<int64_t> places(few), found(all, end);
    std::vector<double> scores(all, NOTHING);
    bool may_end = bounds->time >= bounds->shortest[s], may_go_on = bounds->time < bounds->longest[s];
    int64_t forced = bounds->forced ? bounds->forced[s] : -1;
    for (long slot = 0; slot < slots; slot++) {
      const float *row = logits + (s * slots + slot) * stride;
      double before = live[s * slots + slot];
      double sum = best_of(row, columns, reserved, few, values.data(), places.data(), maxima.data());
      if (!std::isfinite(sum)) sound = 0;
      if (may_end) scores[slot * each] = before + std::min(0.0, (double)row[end] - sum);
      if (!may_go_on) continue;
      for (long n = 0; n < (forced < 0 ? few : 1); n++) {
        found[slot * each + 1 + n] = forced < 0 ? reserved + places[n] : forced;
        scores[slot * each + 1 + n] = before + std::min(0.0, (double)(forced < 0 ? values[n] : row[forced]) - sum);
      }
    }
    std::vector<long> order(all);
    std::iota(order.begin(), order.end(), 0);
    long ranked = std::min(most, all);
    std::partial_sort(order.begin(), order.begin() + ranked, order.end(),
                      [&](long a, long b) { return scores[a] > scores[b] || (scores[a] == scores[b] && a < b); });
    long at = s * most;
    std::vector<long> behind;
    // Before there are two parents there may be fewer: nothing of a second one fills up.
    auto column_of = [&](long rank) { return rank < ranked ? order[rank] : all + rank - ranked; };
    auto put = [&](long rank) {
      long column = column_of(rank);
      bool real = rank < ranked;
      parents[at] = std::min(column / each, slots - 1);
      units[at] = real ? found[column] : end;
      log_probs[at] = real ? scores[column] : NOTHING;
      if (at - s * most >= size)
        ended[s * size + at - s * most - size] = column % each == 0 && rank < size && log_probs[at] > NOTHING;
      at++;
    };
    for (long rank = 0; rank < most; rank++) {
      if (column_of(rank) % each == 0)
        behind.push_back(rank);
      else
        put(rank);
    }
    for (long rank : behind) put(rank);
  }
  return sound;
}
