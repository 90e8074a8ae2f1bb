// The three cells on 16 (a plain cell: 64) hidden units at a time: forward from sums of products, and backward.
#pragma once
#include "products.hpp"

namespace heedful {

// One row and one vector of units: where its parts stand. Gates of x stand H apart, in the order of the weights.
struct Place {
  const float *x;         // W x + b, or null
  const float *bias;      // added where there is no x; GRU: also the candidate's own bias, at `own`
  const float *own;
  const float *h_before, *c_before;
  float *h, *c, *gates;   // new state; gates are kept for the backward pass, or null
  long size, count;       // H, and how many of the 16 units are real
};

struct LSTM {
  static constexpr int GATES = 4, KEPT = 4, PACKED = 4, UNITS = LANES;
  static constexpr int of_input[4] = {0, 1, 2, 3}, of_state[4] = {0, 1, 2, 3};

  static void forward(const vec (&acc)[4], const Place &p) {
    vec gate[4];
    for (int g = 0; g < 4; g++) {
      gate[g] = acc[g];
      if (p.x) gate[g] += load(p.x + g * p.size, p.count);
      if (p.bias) gate[g] += load(p.bias + g * p.size, p.count);
    }
    vec enter = sigmoid(gate[0]), forget = sigmoid(gate[1]), fresh = tanh(gate[2]), leave = sigmoid(gate[3]);
    vec c = forget * load(p.c_before, p.count) + enter * fresh;
    store(p.c, c, p.count);
    store(p.h, leave * tanh(c), p.count);
    if (p.gates) {
      store(p.gates, enter, p.count);
      store(p.gates + p.size, forget, p.count);
      store(p.gates + 2 * p.size, fresh, p.count);
      store(p.gates + 3 * p.size, leave, p.count);
    }
  }
  // Gates become their gradients in place; dh and dc become those of the state before.
  static void backward(float *gates, const float *h, const float *h_before, const float *c, const float *c_before, float *again,
                       float *dh, float *dc, long size, long n) {
    (void)h, (void)h_before;
    vec enter = load(gates, n), forget = load(gates + size, n), fresh = load(gates + 2 * size, n), leave = load(gates + 3 * size, n);
    vec bent = tanh(load(c, n)), above = load(dh, n);
    vec down = load(dc, n) + above * leave * (1.0f - bent * bent);
    vec gradient[4] = {down * fresh * enter * (1.0f - enter), down * load(c_before, n) * forget * (1.0f - forget),
                       down * enter * (1.0f - fresh * fresh), above * bent * leave * (1.0f - leave)};
    store(dc, down * forget, n);
    store(dh, vec{}, n);  // all of it goes through the gates
    for (int g = 0; g < 4; g++) {
      store(gates + g * size, gradient[g], n);
      store(again + g * size, gradient[g], n);
    }
  }
};

// Kept are n, r, z, m = U h + b_m: x's gradients are the first three (n r z), the state's the last three (r z m).
struct GRU {
  static constexpr int GATES = 3, KEPT = 4, PACKED = 3, UNITS = LANES;
  static constexpr int of_input[3] = {0, 1, 2}, of_state[3] = {0, 1, 3};

  static void forward(const vec (&acc)[4], const Place &p) {
    vec gate[3];
    for (int g = 0; g < 3; g++) {
      gate[g] = acc[g];
      if (p.x) gate[g] += load(p.x + g * p.size, p.count);
      if (p.bias) gate[g] += load(p.bias + g * p.size, p.count);
    }
    vec reset = sigmoid(gate[0]), keep = sigmoid(gate[1]);
    vec inner = acc[3] + load(p.own, p.count);
    vec fresh = tanh(gate[2] + reset * inner);
    store(p.h, fresh + keep * (load(p.h_before, p.count) - fresh), p.count);
    if (p.gates) {
      store(p.gates, fresh, p.count);
      store(p.gates + p.size, reset, p.count);
      store(p.gates + 2 * p.size, keep, p.count);
      store(p.gates + 3 * p.size, inner, p.count);
    }
  }
  static void backward(float *gates, const float *h, const float *h_before, const float *c, const float *c_before, float *again,
                       float *dh, float *dc, long size, long n) {
    (void)h, (void)c, (void)c_before, (void)dc;
    vec fresh = load(gates, n), reset = load(gates + size, n), keep = load(gates + 2 * size, n), inner = load(gates + 3 * size, n);
    vec above = load(dh, n);
    vec d_fresh = above * (1.0f - keep) * (1.0f - fresh * fresh);
    vec d_reset = d_fresh * inner * reset * (1.0f - reset);
    vec d_keep = above * (load(h_before, n) - fresh) * keep * (1.0f - keep);
    store(dh, above * keep, n);
    vec gradient[4] = {d_fresh, d_reset, d_keep, d_fresh * reset};
    for (int g = 0; g < 4; g++) {
      store(gates + g * size, gradient[g], n);
      if (g) store(again + (g - 1) * size, gradient[g], n);
    }
  }
};

struct RNN {
  static constexpr int GATES = 1, KEPT = 1, PACKED = 4, UNITS = PANEL;
  static constexpr int of_input[4] = {0, 1, 2, 3}, of_state[4] = {0, 1, 2, 3};

  static void forward(const vec (&acc)[4], const Place &p) {
    for (int n = 0; n < 4 && n * LANES < p.count; n++) {
      long at = n * LANES, count = p.count - at;
      vec gate = acc[n];
      if (p.x) gate += load(p.x + at, count);
      if (p.bias) gate += load(p.bias + at, count);
      store(p.h + at, tanh(gate), count);
    }
  }
  static void backward(float *gates, const float *h, const float *h_before, const float *c, const float *c_before, float *again,
                       float *dh, float *dc, long size, long n) {
    (void)h_before, (void)c, (void)c_before, (void)dc, (void)size;
    vec now = load(h, n), gradient = load(dh, n) * (1.0f - now * now);
    store(dh, vec{}, n);
    store(gates, gradient, n);
    store(again, gradient, n);
  }
};

}  // namespace heedful
