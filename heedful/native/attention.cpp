// A query a row against the keys of its sentence: scores, softmax over real positions, context; and the way back.
#include "vectors.hpp"
#include <algorithm>
#include <cmath>

using namespace heedful;

// Sentences have rows / sentences queries each, side by side. With `value`, the score is value . tanh(query + key); without,
// query . key. `scores` (rows, positions) becomes the weights.
extern "C" void heedful_attend(const float *query, long query_stride, const float *keys, const float *value, const float *memory,
                               const bool *real, long rows, long sentences, long positions, long size, long features,
                               float *weights, long weights_stride, float *context, long context_stride, int threads) {
  long each = rows / sentences;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (long row = 0; row < rows; row++) {
    long sentence = row / each;
    const float *q = query + row * query_stride, *k = keys + sentence * positions * size, *m = memory + sentence * positions * features;
    const bool *here = real + sentence * positions;
    float *w = weights + row * weights_stride, *to = context + row * context_stride, most = -INFINITY, total = 0;
    for (long s = 0; s < positions; s++) {
      if (!here[s]) continue;
      vec score = {};
      for (long u = 0; u < size; u += LANES) {
        long n = size - u;
        vec a = load(q + u, n), b = load(k + s * size + u, n);
        score += value ? tanh(a + b) * load(value + u, n) : a * b;
      }
      w[s] = sum(score);
      most = std::max(most, w[s]);
    }
    for (long s = 0; s < positions; s++) {
      w[s] = here[s] ? std::exp(w[s] - most) : 0.0f;
      total += w[s];
    }
    float scale = 1.0f / total;
    for (long s = 0; s < positions; s++) w[s] *= scale;
    for (long u = 0; u < features; u += LANES) {
      vec found = {};
      for (long s = 0; s < positions; s++)
        if (here[s]) found += load(m + s * features + u, features - u) * w[s];
      store(to + u, found, features - u);
    }
  }
}

// One query a sentence. From the gradient of the context to those of the scores (written) and of the query (written); with
// `value` also of the keys and of the value (added, the latter a row a sentence). Where something asks for the gradient of
// the weights themselves it stands in `d_weights`.
extern "C" void heedful_attend_back(const float *d_context, long d_context_stride, const float *d_weights, long d_weights_stride,
                                    const float *weights, long weights_stride, const float *query, long query_stride,
                                    const float *keys, const float *value, const float *memory, long rows, long positions,
                                    long size, long features, float *d_scores, long d_scores_stride, float *d_query,
                                    long d_query_stride, float *d_keys, float *d_value, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (long row = 0; row < rows; row++) {
    const float *q = query + row * query_stride, *k = keys + row * positions * size, *m = memory + row * positions * features;
    const float *w = weights + row * weights_stride, *dc = d_context + row * d_context_stride;
    float *ds = d_scores + row * d_scores_stride, *dq = d_query + row * d_query_stride, mean = 0;
    for (long s = 0; s < positions; s++) {
      if (w[s] == 0.0f) {
        ds[s] = 0.0f;
        continue;
      }
      vec product = {};
      for (long u = 0; u < features; u += LANES) product += load(dc + u, features - u) * load(m + s * features + u, features - u);
      ds[s] = sum(product) + (d_weights ? d_weights[row * d_weights_stride + s] : 0.0f);
      mean += w[s] * ds[s];
    }
    for (long s = 0; s < positions; s++) ds[s] = w[s] * (ds[s] - mean);
    for (long u = 0; u < size; u += LANES) {
      long n = size - u;
      vec a = load(q + u, n), gradient = {}, v = value ? load(value + u, n) : vec{}, dv = {};
      for (long s = 0; s < positions; s++) {
        if (ds[s] == 0.0f) continue;
        vec b = load(k + s * size + u, n);
        if (!value) {
          gradient += b * ds[s];
          continue;
        }
        vec bent = tanh(a + b), into = v * (1.0f - bent * bent) * ds[s];
        float *dk = d_keys + (row * positions + s) * size + u;
        store(dk, load(dk, n) + into, n);
        gradient += into;
        dv += bent * ds[s];
      }
      store(dq + u, gradient, n);
      if (value) store(d_value + row * size + u, load(d_value + row * size + u, n) + dv, n);
    }
  }
}
