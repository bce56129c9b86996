/* Odd functions of floats by table, where a permutation looks up 32 floats in one instruction (AVX-512). Nothing elsewhere.

   |x| falls into one of 32 intervals, four to an octave, the first one reaching down to 0; in each a polynomial of degree 6 in y = |x| − c.
   The rows are c and the coefficients p0 … p6. c was chosen near the middle such that p0 = f(c) is a float to within some 2⁻³³; p1 … p6
   are a least-squares fit at 60 Chebyshev nodes, weighted towards the largest relative error (Lawson), each rounded to float
   before the next ones were fitted. First interval: Taylor. NaN in, NaN out; −0 gives −0. */
#pragma once
#if defined(__AVX512F__)
#include <immintrin.h>
#include "cshim_vector.h"

/* f(|x|) with x's sign. low: the bits at which the first interval but one begins, less a quarter octave; from `most` on the result is
   that at `most`. `direct`: in the first interval p1 is a factor of x beyond x itself, so that it need not be a float. */
SHIM_INLINE __m512 shim_odd_by_table(__m512 x, const float (*table)[32], int low, float most, int direct) {
#define SHIM_ROW(k) _mm512_permutex2var_ps(_mm512_loadu_ps(table[k]), i, _mm512_loadu_ps(table[k] + 16))
  __m512 a = _mm512_min_ps(_mm512_set1_ps(most), _mm512_abs_ps(x)); /* the second operand where one is NaN */
  __m512i first = _mm512_set1_epi32(low);
  __m512i i = _mm512_srli_epi32(_mm512_sub_epi32(_mm512_max_epi32(_mm512_castps_si512(a), first), first), 21);
  __m512 y = _mm512_sub_ps(a, SHIM_ROW(0)), base = SHIM_ROW(1), r = SHIM_ROW(7);
  r = _mm512_fmadd_ps(r, y, SHIM_ROW(6));
  r = _mm512_fmadd_ps(r, y, SHIM_ROW(5));
  r = _mm512_fmadd_ps(r, y, SHIM_ROW(4));
  r = _mm512_fmadd_ps(r, y, SHIM_ROW(3));
  r = _mm512_fmadd_ps(r, y, SHIM_ROW(2));
  if (direct) base = _mm512_mask_mov_ps(base, _mm512_testn_epi32_mask(i, i), a);
  r = _mm512_fmadd_ps(r, y, base);
  return (__m512)_mm512_ternarylogic_epi32(_mm512_set1_epi32(INT32_MIN), (__m512i)x, (__m512i)r, 0xca); /* x's sign bit, r's rest */
#undef SHIM_ROW
}

/* 0.99 ULP over all floats tried (every 97th bit pattern). */
SHIM_INLINE shim_vf shim_tanh_f32(shim_vf x) {
  static const float table[8][32] = {
    {0, 0x1.dfe63p-5f, 0x1.200c32p-4f, 0x1.5ff334p-4f, 0x1.a040f8p-4f, 0x1.dfbfdap-4f, 0x1.1ff20ep-3f, 0x1.5fc9eap-3f,
     0x1.a04f84p-3f, 0x1.e050d4p-3f, 0x1.1ff652p-2f, 0x1.60400ap-2f, 0x1.9fb6fep-2f, 0x1.e00444p-2f, 0x1.1ff9c4p-1f, 0x1.603f9ap-1f,
     0x1.a01cfcp-1f, 0x1.e0294ap-1f, 0x1.203abcp0f, 0x1.5fde26p0f, 0x1.9fc004p0f, 0x1.dfd734p0f, 0x1.20093ep1f, 0x1.5fe136p1f,
     0x1.9fd8bcp1f, 0x1.e03d4p1f, 0x1.203678p2f, 0x1.5fbd1ep2f, 0x1.9fef28p2f, 0x1.e051fap2f, 0x1.10a3e6p3f, 0x1.4p3f},
    {0, 0x1.df59d8p-5f, 0x1.1f92ep-4f, 0x1.5f161ep-4f, 0x1.9ed3a4p-4f, 0x1.dd914cp-4f, 0x1.1e1024p-3f, 0x1.5c5e82p-3f,
     0x1.9aab6ep-3f, 0x1.d7b2e8p-3f, 0x1.189aa6p-2f, 0x1.52fbccp-2f, 0x1.8a49b4p-2f, 0x1.bfb1dep-2f, 0x1.0503d2p-1f, 0x1.3180d8p-1f,
     0x1.5798eep-1f, 0x1.77eb42p-1f, 0x1.9e8536p-1f, 0x1.c26958p-1f, 0x1.d9b492p-1f, 0x1.e8714ap-1f, 0x1.f4c172p-1f, 0x1.fbd30ap-1f,
     0x1.fe7588p-1f, 0x1.ff6fa2p-1f, 0x1.ffdfdep-1f, 0x1.fffb96p-1f, 0x1.ffff68p-1f, 0x1.ffffecp-1f, 0x1.fffffep-1f, 1},
    {1, 0x1.fe3f38p-1f, 0x1.fd79eap-1f, 0x1.fc3d04p-1f, 0x1.fabf9ep-1f, 0x1.f90a32p-1f, 0x1.f602cp-1f, 0x1.f12f78p-1f,
     0x1.eb69b4p-1f, 0x1.e4d6e2p-1f, 0x1.d98daap-1f, 0x1.c7e444p-1f, 0x1.b41722p-1f, 0x1.9e222cp-1f, 0x1.7aef9ap-1f, 0x1.49b5dep-1f,
     0x1.196a6cp-1f, 0x1.d7fcecp-2f, 0x1.60ccep-2f, 0x1.cf12f6p-3f, 0x1.26e67ap-3f, 0x1.703f8ep-4f, 0x1.63de42p-5f, 0x1.0a268ap-6f,
     0x1.89e012p-8f, 0x1.20935p-9f, 0x1.010944p-11f, 0x1.1a8038p-14f, 0x1.30017ep-17f, 0x1.4507d8p-20f, 0x1.53e9e2p-23f, 0},
    {0, -0x1.ddb4c6p-5f, -0x1.1e2846p-4f, -0x1.5c81dcp-4f, -0x1.9a91fcp-4f, -0x1.d712f6p-4f, -0x1.187b52p-3f, -0x1.5249c6p-3f,
     -0x1.8a2834p-3f, -0x1.bead08p-3f, -0x1.03888ap-2f, -0x1.2dd5e8p-2f, -0x1.4fd498p-2f, -0x1.6a1eb6p-2f, -0x1.825bf6p-2f,
     -0x1.8977a8p-2f, -0x1.79b5b2p-2f, -0x1.5a8aap-2f, -0x1.1da174p-2f, -0x1.975efp-3f, -0x1.10d7fp-3f, -0x1.5f4e0ep-4f,
     -0x1.5c0d84p-5f, -0x1.07fad2p-6f, -0x1.88b08ep-8f, -0x1.2041fcp-9f, -0x1.00f92p-11f, -0x1.1a7e06p-14f, -0x1.300094p-17f,
     -0x1.f8af72p-20f, -0x1.86fe5p-20f, 0},
    {-0x1.555556p-2f, -0x1.560158p-2f, -0x1.4d3b12p-2f, -0x1.49fc9ap-2f, -0x1.4845fp-2f, -0x1.4214e2p-2f, -0x1.3b5b84p-2f,
     -0x1.2f0098p-2f, -0x1.2053a8p-2f, -0x1.100456p-2f, -0x1.e8eef6p-3f, -0x1.97f71cp-3f, -0x1.42ef8cp-3f, -0x1.d7218ep-4f,
     -0x1.bd10ccp-5f, 0x1.df41f2p-7f, 0x1.0764eap-4f, 0x1.8474eep-4f, 0x1.c69958p-4f, 0x1.9806f2p-4f, 0x1.344698p-4f, 0x1.a8cad6p-5f,
     0x1.bb9468p-6f, 0x1.5a352cp-7f, 0x1.0433c8p-8f, 0x1.7f7998p-10f, 0x1.561b62p-12f, 0x1.783facp-15f, 0x1.94e6c2p-18f,
     0x1.b87dep-21f, 0x1.086516p-23f, 0},
    {0, -0x1.b0097ap-5f, 0x1.0b6166p-4f, 0x1.0a86a8p-4f, 0x1.774fa2p-5f, 0x1.07096ap-4f, 0x1.64f6e6p-4f, 0x1.9b5f38p-4f,
     0x1.ebed3ep-4f, 0x1.0e7dfp-3f, 0x1.33eap-3f, 0x1.5098dp-3f, 0x1.5c79e4p-3f, 0x1.5883cap-3f, 0x1.3a72b2p-3f, 0x1.e93b42p-4f,
     0x1.46bf6cp-4f, 0x1.61dc2ap-5f, 0x1.999c72p-9f, -0x1.5d788cp-6f, -0x1.9d3692p-6f, -0x1.561678p-6f, -0x1.9398c6p-7f,
     -0x1.4ed83ep-8f, -0x1.0113b6p-9f, -0x1.7dc316p-11f, -0x1.55bb86p-13f, -0x1.7843aap-16f, -0x1.94fb16p-19f, 0x1.b8f648p-18f,
     0x1.a9f6f2p-17f, 0},
    {0x1.111112p-3f, 0x1.1112e6p8f, -0x1.1c23bep4f, -0x1.16943cp4f, 0x1.5b224ep3f, -0x1.650fep3f, 0x1.f75124p-1f, 0x1.1dc28p0f,
     0x1.b342d4p-1f, 0x1.a265d8p-1f, -0x1.15c5a8p-5f, 0x1.69acf8p-7f, 0x1.8255dap-5f, -0x1.a9a60cp-8f, -0x1.90c3f4p-5f,
     -0x1.02a832p-4f, -0x1.e49b4ap-5f, -0x1.bdfb82p-5f, -0x1.059204p-5f, -0x1.3a0942p-7f, 0x1.64bca8p-10f, 0x1.2a8444p-8f,
     0x1.0478e2p-8f, 0x1.f6da58p-10f, 0x1.94de72p-11f, 0x1.31a65ap-12f, 0x1.1c7a56p-14f, 0x1.399ee4p-17f, 0x1.51eaep-20f,
     0x1.e401a2p-24f, -0x1.77d1ccp-25f, 0},
    {0, 0x1.019cbap12f, -0x1.045f2cp8f, -0x1.08044cp7f, 0x1.ef94fep7f, 0x1.aba22ep6f, 0x1.3a0846p2f, 0x1.7be53ap3f, 0x1.b3917ep1f,
     0x1.8f3782p2f, -0x1.941872p-2f, -0x1.86868ap-3f, -0x1.3f831cp-3f, -0x1.5a8adp-4f, -0x1.8ae144p-5f, -0x1.9444ccp-6f,
     0x1.5c0e3cp-7f, 0x1.cb1368p-7f, 0x1.2e2b62p-6f, 0x1.6ab30ep-7f, 0x1.025f68p-8f, 0x1.69b74p-11f, -0x1.7c6d38p-11f,
     -0x1.1c0438p-11f, -0x1.fdd7bcp-13f, -0x1.920098p-14f, -0x1.7b2ea6p-16f, -0x1.9f42c8p-19f, -0x1.c0a25ap-22f, -0x1.32dc62p-16f,
     -0x1.077ecep-15f, 0},
  };
  return (shim_vf)shim_odd_by_table((__m512)x, table, 0x3d400000, 9.02f, 0);
}

/* 0.76 ULP. */
SHIM_INLINE shim_vf shim_erf_f32(shim_vf x) {
  static const float table[8][32] = {
    {0, 0x1.5fd248p-6f, 0x1.a02736p-6f, 0x1.e016eap-6f, 0x1.2021a2p-5f, 0x1.5fd504p-5f, 0x1.a00b1ap-5f, 0x1.dfb418p-5f,
     0x1.1fee2cp-4f, 0x1.602afcp-4f, 0x1.9fd734p-4f, 0x1.e027c2p-4f, 0x1.20389ap-3f, 0x1.602044p-3f, 0x1.9fb204p-3f, 0x1.dfd75p-3f,
     0x1.200428p-2f, 0x1.600586p-2f, 0x1.9fbe8ap-2f, 0x1.dfef1ap-2f, 0x1.204042p-1f, 0x1.60015ep-1f, 0x1.9fe836p-1f, 0x1.e00a8ep-1f,
     0x1.20475ep0f, 0x1.6048aep0f, 0x1.a00b52p0f, 0x1.e008eap0f, 0x1.201228p1f, 0x1.6028a2p1f, 0x1.a0502cp1f, 0x1.dd1ec6p1f},
    {0, 0x1.8ced4cp-6f, 0x1.d57a44p-6f, 0x1.0ec8b4p-5f, 0x1.44fcc8p-5f, 0x1.8cc18cp-5f, 0x1.d50d26p-5f, 0x1.0e55aep-4f,
     0x1.445c3ap-4f, 0x1.8c66e4p-4f, 0x1.d39e68p-4f, 0x1.0da9bp-3f, 0x1.43169ap-3f, 0x1.89736ap-3f, 0x1.ceb2fcp-3f, 0x1.09d91cp-2f,
     0x1.3c9efep-2f, 0x1.7e1b1ep-2f, 0x1.bc914ap-2f, 0x1.f8605cp-2f, 0x1.25ed7cp-1f, 0x1.56933ap-1f, 0x1.7fabep-1f, 0x1.a15a0cp-1f,
     0x1.c70832p-1f, 0x1.e58f46p-1f, 0x1.f4f866p-1f, 0x1.fbe6b8p-1f, 0x1.ff40ccp-1f, 0x1.fff2e8p-1f, 0x1.ffff72p-1f, 0x1.fffffcp-1f},
    {0x1.06eba8p-3f, 0x1.20bb5ep0f, 0x1.20adc4p0f, 0x1.209dfep0f, 0x1.208208p0f, 0x1.20552ep0f, 0x1.201ef8p0f, 0x1.1fe052p0f,
     0x1.1f70fp0f, 0x1.1ebcdp0f, 0x1.1de72cp0f, 0x1.1cec36p0f, 0x1.1b333ep0f, 0x1.187358p0f, 0x1.1534b2p0f, 0x1.116f64p0f,
     0x1.0ae4b4p0f, 0x1.00aadcp0f, 0x1.e9ef18p-1f, 0x1.cfcb4ap-1f, 0x1.a4cbdap-1f, 0x1.681eap-1f, 0x1.2aa45ap-1f, 0x1.dfb79cp-2f,
     0x1.451d56p-2f, 0x1.5bd57ep-3f, 0x1.496deap-4f, 0x1.12aad2p-5f, 0x1.d2e982p-8f, 0x1.314c1ap-11f, 0x1.e20d74p-16f,
     0x1.175a52p-20f},
    {0, -0x1.8ccf44p-6f, -0x1.d5407ap-6f, -0x1.0e9f56p-5f, -0x1.457072p-5f, -0x1.8c4336p-5f, -0x1.d43dcep-5f, -0x1.0db736p-4f,
     -0x1.434bdp-4f, -0x1.8a74bap-4f, -0x1.d06ae2p-4f, -0x1.0b337cp-3f, -0x1.3ed824p-3f, -0x1.81c21ep-3f, -0x1.c22124p-3f,
     -0x1.0042d4p-2f, -0x1.2c4596p-2f, -0x1.60f074p-2f, -0x1.8dd3a2p-2f, -0x1.b2bf54p-2f, -0x1.d9cef2p-2f, -0x1.ef2c06p-2f,
     -0x1.e52f5p-2f, -0x1.c1c602p-2f, -0x1.6e1ba2p-2f, -0x1.dea84ep-3f, -0x1.0bb09cp-3f, -0x1.0184f8p-4f, -0x1.06b3bcp-6f,
     -0x1.a3f6e4p-10f, -0x1.87f1cp-14f, -0x1.3ac84ap-17f},
    {-0x1.812746p-2f, -0x1.923864p-2f, -0x1.a5b43p-2f, -0x1.aeb99p-2f, -0x1.7f2182p-2f, -0x1.81296cp-2f, -0x1.853e72p-2f,
     -0x1.801e6p-2f, -0x1.7881ap-2f, -0x1.751834p-2f, -0x1.7598fp-2f, -0x1.738942p-2f, -0x1.6b2692p-2f, -0x1.5eea46p-2f,
     -0x1.5377ccp-2f, -0x1.43ce26p-2f, -0x1.2ba464p-2f, -0x1.0571b2p-2f, -0x1.b5b2b4p-3f, -0x1.5a7b76p-3f, -0x1.9ad71ep-4f,
     -0x1.a420b2p-7f, 0x1.fd2a9cp-5f, 0x1.e4e18p-4f, 0x1.4cf03ep-3f, 0x1.432e1p-3f, 0x1.d6415ep-4f, 0x1.142622p-4f, 0x1.6347b8p-6f,
     0x1.67699ep-9f, 0x1.939c2p-13f, 0x1.405c14p-17f},
    {0, -0x1.3383e2p-4f, -0x1.afdccep0f, -0x1.50c0f8p0f, 0x1.dce96cp3f, -0x1.798794p-4f, -0x1.ba017ap-4f, -0x1.ca211p-6f,
     0x1.50e828p-4f, 0x1.ac2dfap-4f, 0x1.528464p-4f, 0x1.87af68p-5f, 0x1.2994p-4f, 0x1.91843cp-4f, 0x1.b1f10ap-4f, 0x1.0145c6p-3f,
     0x1.1b8862p-3f, 0x1.449a48p-3f, 0x1.624b72p-3f, 0x1.7410e6p-3f, 0x1.75a19p-3f, 0x1.5318dap-3f, 0x1.0fb8ap-3f, 0x1.74401p-4f,
     0x1.c4da9ap-6f, -0x1.f67d1ap-6f, -0x1.9744f4p-5f, -0x1.5a165ep-5f, -0x1.384702p-6f, -0x1.a8b278p-9f, -0x1.27c532p-12f,
     0x1.1751cep-12f},
    {0x1.ce2f22p-4f, 0x1.c23d02p11f, 0x1.ddae22p12f, 0x1.2a058p13f, -0x1.0c1c94p1f, 0x1.b58bb6p6f, 0x1.69bfdp8f, 0x1.2a8f6ap7f,
     -0x1.2e0fa4p5f, -0x1.6d0672p5f, 0x1.b21a5ap1f, 0x1.abe77ap4f, 0x1.babep0f, -0x1.68ad7cp1f, 0x1.195e6cp0f, -0x1.272bf8p1f,
     0x1.24addp-3f, 0x1.20a0c6p-3f, -0x1.4786eap-5f, -0x1.34276ap-4f, -0x1.16beap-7f, -0x1.4a433ap-5f, -0x1.ea1b8ep-5f,
     -0x1.175e88p-4f, -0x1.f1ba1ap-5f, -0x1.f3ffeap-6f, -0x1.323b96p-9f, 0x1.735426p-7f, 0x1.5a77e2p-7f, 0x1.70bf92p-9f,
     0x1.5857bp-12f, 0x1.21950ep-16f},
    {0, 0x1.ee01b8p14f, 0x1.80b7a8p18f, 0x1.438cb6p18f, -0x1.3481b2p19f, 0x1.239f1ap12f, 0x1.d47ee6p12f, 0x1.f1a8fcp10f,
     -0x1.068eb8p9f, -0x1.803bep9f, -0x1.ebd5c4p7f, 0x1.0ce442p8f, 0x1.e0a6f4p3f, -0x1.4369aep4f, 0x1.c45a74p0f, -0x1.925c58p3f,
     0x1.231f78p-2f, 0x1.676e5ep-3f, -0x1.8af4fp-4f, -0x1.72ab86p-2f, -0x1.4c39dap-5f, -0x1.01649ap-5f, -0x1.0f4b74p-6f,
     0x1.3951c2p-9f, 0x1.fc9776p-7f, 0x1.694ap-6f, 0x1.d0b59ep-7f, 0x1.01fdeap-8f, -0x1.6acap-9f, -0x1.b5628ap-10f, -0x1.1fec62p-12f,
     -0x1.e009dep-9f},
  };
  return (shim_vf)shim_odd_by_table((__m512)x, table, 0x3c800000, 3.95f, 1);
}

/* min(max(x, low), high), NaN where x is; and r·2ʲ for whole j, rounded once. */
SHIM_INLINE shim_vf shim_clamp_f32(shim_vf x, float low, float high) {
  return (shim_vf)_mm512_min_ps(_mm512_set1_ps(high), _mm512_max_ps(_mm512_set1_ps(low), (__m512)x));
}
SHIM_INLINE shim_vf shim_scale_f32(shim_vf r, shim_vf j) { return (shim_vf)_mm512_scalef_ps((__m512)r, (__m512)j); }
#endif
