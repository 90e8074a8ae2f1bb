// Vectors of floats, in the compiler's own vector extension: it turns them into what the processor has.
#pragma once
#include <cstdint>
#include <cstring>

namespace heedful {

constexpr int LANES = 16;
typedef float vec __attribute__((vector_size(64), aligned(4)));
typedef int32_t ivec __attribute__((vector_size(64), aligned(4)));

inline vec load(const float *from) { return *(const vec *)from; }
inline void store(float *to, vec value) { *(vec *)to = value; }

// The first `count` lanes; the others are zero.
inline vec load(const float *from, long count) {
  if (count >= LANES) return load(from);
  float lanes[LANES] = {};
  std::memcpy(lanes, from, count * sizeof(float));
  return load(lanes);
}

inline void store(float *to, vec value, long count) {
  if (count >= LANES) return store(to, value);
  float lanes[LANES];
  store(lanes, value);
  std::memcpy(to, lanes, count * sizeof(float));
}

inline vec all(float value) { return value - (vec){}; }
// Where either is not a number, the second.
inline vec larger(vec a, vec b) { return a > b ? a : b; }
inline vec smaller(vec a, vec b) { return a < b ? a : b; }

inline float sum(vec value) {
  float total = 0;
  for (int lane = 0; lane < LANES; lane++) total += value[lane];
  return total;
}

inline float largest(vec value) {
  float most = value[0];
  for (int lane = 1; lane < LANES; lane++) most = value[lane] > most ? value[lane] : most;
  return most;
}

// exp by 2^n times a polynomial of degree 6 on [-ln 2 / 2, ln 2 / 2] (the coefficients are Cephes' expf): about 1 ulp.
inline vec exp(vec x) {
  x = larger(smaller(x, all(88.0f)), all(-87.3f));
  vec shifted = x * 1.44269504088896341f + 256.5f;  // truncation rounds to nearest once the number is positive
  ivec n = __builtin_convertvector(shifted, ivec) - 256;
  vec whole = __builtin_convertvector(n, vec);
  vec r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
  vec p = all(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return p * (vec)((n + 127) << 23);
}

// tanh as a quotient of polynomials of degrees 13 and 6, exact to a few ulp (the coefficients are Eigen's).
inline vec tanh(vec x) {
  x = larger(all(-7.90531110763549805f), smaller(all(7.90531110763549805f), x));  // not a number stays what it is
  vec square = x * x;
  vec p = all(-2.76076847742355e-16f);
  p = p * square + 2.00018790482477e-13f;
  p = p * square + -8.60467152213735e-11f;
  p = p * square + 5.12229709037114e-08f;
  p = p * square + 1.48572235717979e-05f;
  p = p * square + 6.37261928875436e-04f;
  p = p * square + 4.89352455891786e-03f;
  vec q = all(1.19825839466702e-06f);
  q = q * square + 1.18534705686654e-04f;
  q = q * square + 2.26843463243900e-03f;
  q = q * square + 4.89352518554385e-03f;
  return x * p / q;
}

inline vec sigmoid(vec x) { return tanh(x * 0.5f) * 0.5f + 0.5f; }

// Turns sixteen vectors round: lane l of vector i becomes lane i of vector l.
inline void turn(vec (&rows)[LANES]) {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC unroll 4
  for (int wide = LANES / 2; wide > 0; wide /= 2) {
    ivec low, high;
    for (int l = 0; l < LANES; l++) {
      low[l] = l & wide ? LANES + l - wide : l;
      high[l] = l & wide ? LANES + l : l + wide;
    }
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) {
      if (i & wide) continue;
      vec a = rows[i], b = rows[i + wide];
      rows[i] = __builtin_shuffle(a, b, low);
      rows[i + wide] = __builtin_shuffle(a, b, high);
    }
  }
#else
  vec turned[LANES];
  for (int i = 0; i < LANES; i++)
    for (int l = 0; l < LANES; l++) turned[l][i] = rows[i][l];
  for (int i = 0; i < LANES; i++) rows[i] = turned[i];
#endif
}

}  // namespace heedful
