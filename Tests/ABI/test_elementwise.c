/* One checked call of every function of one and two numbers, of the whole-number operations and of the activations. */
#include "check.h"

typedef bp_tensor *(*unary)(const bp_tensor *);
typedef bp_tensor *(*binary)(const bp_tensor *, const bp_tensor *);

/* x, f(x) and f'(x), worked out with 17 digits elsewhere. */
static const struct {
  const char *name;
  unary f;
  const char *x, *y, *dx;
} unaries[] = {
    {"exp2", bp_exp2, "-1 0 2", "0.5 1 4", "0.34657359 0.693147181 2.772588722"},
    {"expm1", bp_expm1, "-1 0 2", "-0.632120559 0 6.389056099", "0.367879441 1 7.389056099"},
    {"log2", bp_log2, "0.5 1 10", "-1 0 3.321928095", "2.885390082 1.442695041 0.144269504"},
    {"log10", bp_log10, "0.5 1 10", "-0.301029996 0 1", "0.868588964 0.434294482 0.043429448"},
    {"log1p", bp_log1p, "-0.5 0 2", "-0.693147181 0 1.098612289", "2 1 0.333333333"},
    {"tan", bp_tan, "-1 0 0.5", "-1.557407725 0 0.54630249", "3.425518821 1 1.29844641"},
    {"asin", bp_asin, "-0.5 0 0.75", "-0.523598776 0 0.848062079", "1.154700538 1 1.511857892"},
    {"acos", bp_acos, "-0.5 0 0.75", "2.094395102 1.570796327 0.722734248", "-1.154700538 -1 -1.511857892"},
    {"atan", bp_atan, "-1 0 2", "-0.785398163 0 1.107148718", "0.5 1 0.2"},
    {"sinh", bp_sinh, "-1 0 2", "-1.175201194 0 3.626860408", "1.543080635 1 3.762195691"},
    {"cosh", bp_cosh, "-1 0 2", "1.543080635 1 3.762195691", "-1.175201194 0 3.626860408"},
    {"asinh", bp_asinh, "-1 0 2", "-0.881373587 0 1.443635475", "0.707106781 1 0.447213595"},
    {"acosh", bp_acosh, "1.5 2 10", "0.96242365 1.316957897 2.993222846", "0.894427191 0.577350269 0.100503782"},
    {"atanh", bp_atanh, "-0.5 0 0.75", "-0.549306144 0 0.972955075", "1.333333333 1 2.285714286"},
    {"erfc", bp_erfc, "-1 0 0.5", "1.842700793 1 0.479500122", "-0.415107497 -1.128379167 -0.878782579"},
    {"erfinv", bp_erfinv, "-0.5 0 0.75", "-0.476936276 0 0.813419848", "1.112584819 0.886226925 1.717499769"},
    {"erfcx", bp_erfcx, "-1 0 2", "5.008980081 1 0.255395676", "-11.146339329 -1.128379167 -0.106796462"},
    {"ndtri", bp_ndtri, "0.1 0.5 0.75", "-1.281551566 0 0.67448975", "5.698059856 2.506628275 3.146865081"},
    {"log_ndtr", bp_log_ndtr, "-3 0 1", "-6.607726222 -0.693147181 -0.172753779", "3.283098655 0.797884561 0.287599971"},
    {"lgamma", bp_lgamma, "0.5 1 4", "0.572364943 0 1.791759469", "-1.963510026 -0.577215665 1.256117668"},
    {"digamma", bp_digamma, "0.5 1 4", "-1.963510026 -0.577215665 1.256117668", "4.934802202 1.644934068 0.283822956"},
    {"i0", bp_i0, "-1 0 2", "1.266065878 1 2.279585302", "-0.565159104 0 1.590636855"},
    {"i0e", bp_i0e, "-1 0.5 2", "0.465759608 0.64503527 0.308508323", "0.257849192 -0.488614467 -0.093239033"},
    {"i1", bp_i1, "-1 0 2", "-0.565159104 0 1.590636855", "0.700906774 0.5 1.484266875"},
    {"i1e", bp_i1e, "-1 0 2", "-0.207910415 0 0.215269289", "0.049938777 0.5 -0.014395611"},
    {"floor", bp_floor, "-1.5 0 2.5", "-2 0 2", "0 0 0"},
    {"ceil", bp_ceil, "-1.5 0 2.5", "-1 0 3", "0 0 0"},
    {"trunc", bp_trunc, "-1.5 0 2.5", "-1 0 2", "0 0 0"},
    {"frac", bp_frac, "-1.5 0 2.5", "-0.5 0 0.5", "1 1 1"},
    {"sinc", bp_sinc, "-0.5 0 1.25", "0.636619772 1 -0.180063263", "1.273239545 0 -0.421634814"},
    {"deg2rad", bp_deg2rad, "-90 0 180", "-1.570796327 0 3.141592654", "0.017453293 0.017453293 0.017453293"},
    {"rad2deg", bp_rad2deg, "-1 0 2", "-57.295779513 0 114.591559026", "57.295779513 57.295779513 57.295779513"},
    {"isnan", bp_isnan, "nan 0 inf", "1 0 0", NULL},
    {"isinf", bp_isinf, "nan 0 inf", "0 0 1", NULL},
    {"isfinite", bp_isfinite, "nan 0 inf", "0 1 0", NULL},
    {"signbit", bp_signbit, "-1 -0.0 2", "1 1 0", NULL},
    {"silu", bp_silu, "-1 0 2", "-0.268941421 0 1.761594156", "0.072329488 0.5 1.090784249"},
    {"mish", bp_mish, "-1 0 2", "-0.303401461 0 1.94395896", "0.059216756 0.6 1.069317934"},
    {"hardswish", bp_hardswish, "-1 0 4", "-0.333333333 0 4", "0.166666667 0.5 1"},
    {"hardsigmoid", bp_hardsigmoid, "-1 0 4", "0.333333333 0.5 1", "0.166666672 0.166666672 0"},
    {"relu6", bp_relu6, "-1 2 7", "0 2 6", "0 1 0"},
    {"selu", bp_selu, "-1 0.5 2", "-1.111330738 0.525350494 2.101401975", "0.646768603 1.050700987 1.050700987"},
    {"softsign", bp_softsign, "-1 0 2", "-0.5 0 0.666666667", "0.25 1 0.111111111"},
    {"tanhshrink", bp_tanhshrink, "-1 0 2", "-0.238405844 0 1.03597242", "0.580025658 0 0.929349175"},
    {"logsigmoid", bp_logsigmoid, "-1 0 2", "-1.313261688 -0.693147181 -0.126928011", "0.731058579 0.5 0.119202922"},
};

/* a, b and f(a, b). */
static const struct {
  const char *name;
  binary f;
  const char *a, *b, *y;
} binaries[] = {
    {"atan2", bp_atan2, "-7.5 0 5", "2 3 -2", "-1.310193935 0 1.951302704"},
    {"hypot", bp_hypot, "-7.5 0 5", "2 3 -2", "7.762087348 3 5.385164807"},
    {"copysign", bp_copysign, "-7.5 0 5", "2 3 -2", "7.5 0 -5"},
    {"floor_divide", bp_floor_divide, "-7.5 0 5", "2 3 -2", "-4 0 -3"},
    {"remainder", bp_remainder, "-7.5 0 5", "2 3 -2", "0.5 0 -1"},
    {"fmod", bp_fmod, "-7.5 0 5", "2 3 -2", "-1.5 0 1"},
    {"logaddexp", bp_logaddexp, "-7.5 0 5", "2 3 -2", "2.000074849 3.048587352 5.000911466"},
    {"logaddexp2", bp_logaddexp2, "-7.5 0 5", "2 3 -2", "2.001991085 3.169925001 5.011227255"},
    {"fmax", bp_fmax, "-7.5 0 5", "2 3 -2", "2 3 5"},
    {"fmin", bp_fmin, "-7.5 0 5", "2 3 -2", "-7.5 0 -2"},
    {"clamp_min", bp_clamp_min, "-7.5 0 5", "2 3 -2", "2 3 5"},
    {"clamp_max", bp_clamp_max, "-7.5 0 5", "2 3 -2", "-7.5 0 -2"},
    {"ldexp", bp_ldexp, "-7.5 0 5", "2 3 -2", "-30 0 1.25"},
    {"heaviside", bp_heaviside, "-7.5 0 5", "2 3 -2", "0 3 1"},
    {"logical_and", bp_logical_and, "-7.5 0 5", "2 3 -2", "1 0 1"},
    {"logical_or", bp_logical_or, "-7.5 0 5", "2 3 -2", "1 1 1"},
    {"logical_xor", bp_logical_xor, "-7.5 0 5", "2 3 -2", "0 1 0"},
    {"xlogy", bp_xlogy, "0 2 3", "0 1 0.5", "0 0 -2.079441542"},
    {"float_power", bp_float_power, "4 2 3", "0.5 3 -1", "2 8 0.333333333"},
    {"nextafter", bp_nextafter, "1 0 -2", "2 1 -2", "1.00000012 0 -2"},
};

static void functions(bp_context *ctx) {
  for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++) {
    bp_tensor *x, *y;
    begin(unaries[i].name);
    bp_scope_push(ctx);
    x = trainable(ctx, "3", unaries[i].x);
    y = unaries[i].f(x);
    expect(y, "3", unaries[i].y);
    if (unaries[i].dx) {
      check(bp_backward(bp_sum(y)) == BP_OK);
      expect(bp_grad(x), "3", unaries[i].dx);
    } else {
      check(bp_dtype_of(y) == BP_BOOL);
    }
    bp_scope_pop(ctx);
    no_error(ctx);
  }
  for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++) {
    begin(binaries[i].name);
    bp_scope_push(ctx);
    expect(binaries[i].f(floats(ctx, "3", binaries[i].a), floats(ctx, "3", binaries[i].b)), "3", binaries[i].y);
    bp_scope_pop(ctx);
    no_error(ctx);
  }
}

static void with_options(bp_context *ctx) {
  bp_tensor *x, *y;
  begin("polygamma, logit, round, nan_to_num, div_rounded, rsub");
  bp_scope_push(ctx);
  expect(bp_polygamma(1, floats(ctx, "2", "1 2.5")), "2", "1.644934067 0.490357756");
  expect(bp_logit(floats(ctx, "3", "0.25 0.5 2"), 0.1), "3", "-1.098612289 0 2.197224577");
  expect(bp_round(floats(ctx, "3", "0.25 -1.5 2.34"), 1), "3", "0.2 -1.5 2.3");
  expect(bp_nan_to_num(floats(ctx, "3", "nan inf 1"), 7, 8, NAN), "3", "7 8 1");
  expect(bp_div_rounded(floats(ctx, "2", "-7 7"), floats(ctx, "2", "2 2"), BP_ROUND_FLOOR), "2", "-4 3");
  expect(bp_div_rounded(integers(ctx, "2", "-7 7"), integers(ctx, "2", "2 2"), BP_ROUND_TRUNC), "2", "-3 3");
  expect(bp_rsub(floats(ctx, "2", "1 2"), floats(ctx, "2", "10 10"), 3), "2", "7 4");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("whole numbers: division by 0 is refused, the lowest by -1 wraps");
  bp_scope_push(ctx);
  check(!bp_remainder(integers(ctx, "2", "1 2"), integers(ctx, "2", "1 0")));
  check(bp_context_status(ctx) == BP_E_ARGUMENT && strstr(bp_context_message(ctx), "ZeroDivisionError"));
  bp_context_clear(ctx);
  x = bp_integer(ctx, INT64_MIN);
  y = bp_integer(ctx, -1);
  check(bp_item(bp_floor_divide(x, y)) == (double)INT64_MIN && bp_item(bp_fmod(x, y)) == 0);
  check(!bp_bitwise_and(floats(ctx, "1", "1"), x) && bp_context_status(ctx) == BP_E_DTYPE);
  bp_context_clear(ctx);
  x = integers(ctx, "3", "12 -5 7");
  y = integers(ctx, "3", "10 3 1");
  expect(bp_bitwise_and(x, y), "3", "8 3 1");
  expect(bp_bitwise_or(x, y), "3", "14 -5 7");
  expect(bp_bitwise_xor(x, y), "3", "6 -8 6");
  expect(bp_bitwise_not(x), "3", "-13 4 -8");
  expect(bp_bitwise_left_shift(x, y), "3", "12288 -40 14");
  expect(bp_bitwise_right_shift(x, y), "3", "0 -1 3");
  expect(bp_gcd(x, y), "3", "2 1 1");
  expect(bp_lcm(x, y), "3", "60 15 7");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("clamp_tensor, lerp, addcmul, addcdiv");
  bp_scope_push(ctx);
  x = trainable(ctx, "3", "-1 0.5 9");
  y = bp_clamp_tensor(x, floats(ctx, "", "0"), floats(ctx, "3", "1 2 3"));
  expect(y, "3", "0 0.5 3");
  bp_backward(bp_sum(y));
  expect(bp_grad(x), "3", "0 1 0");
  check(!bp_clamp_tensor(x, NULL, NULL) && bp_context_status(ctx) == BP_E_ARGUMENT);
  bp_context_clear(ctx);
  expect(bp_lerp(floats(ctx, "2", "1 2"), floats(ctx, "2", "3 4"), floats(ctx, "", "0.25")), "2", "1.5 2.5");
  expect(bp_addcmul(floats(ctx, "2", "1 2"), floats(ctx, "2", "3 4"), floats(ctx, "2", "5 6"), 2), "2", "31 50");
  expect(bp_addcdiv(floats(ctx, "2", "1 2"), floats(ctx, "2", "3 4"), floats(ctx, "2", "6 8"), 2), "2", "2 3");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("activations with options");
  bp_scope_push(ctx);
  x = floats(ctx, "4", "-2 -0.5 0.25 3");
  expect(bp_leaky_relu(x, 0.1), "4", "-0.2 -0.05 0.25 3");
  expect(bp_elu(x, 2), "4", "-1.729329434 -0.786938681 0.25 3");
  expect(bp_celu(x, 2), "4", "-1.264241118 -0.442398434 0.25 3");
  expect(bp_hardtanh(x, -1, 1), "4", "-1 -0.5 0.25 1");
  expect(bp_hardshrink(x, 0.5), "4", "-2 0 0 3");
  expect(bp_softshrink(x, 0.5), "4", "-1.5 0 0 2.5");
  expect(bp_threshold(x, 0, 9), "4", "9 9 0.25 3");
  expect(bp_softplus_with(x, 2, 4), "4", "0.009074964 0.156630844 0.487038492 3");
  expect(bp_glu(x, 0), "2", "-1.124353001 -0.476287064");
  expect(bp_softmin(floats(ctx, "2", "0 0.693147181"), 0), "2", "0.666666667 0.333333333");
  expect(bp_prelu(x, floats(ctx, "1", "0.5")), "4", "-1 -0.25 0.25 3");
  expect(bp_rrelu(x, 0.25, 0.75, 0), "4", "-1 -0.25 0.25 3");
  expect(bp_rrelu(x, 0.5, 0.5, 1), "4", "-1 -0.25 0.25 3");
  check(!bp_glu(floats(ctx, "3", "1 2 3"), 0) && bp_context_status(ctx) == BP_E_SHAPE);
  bp_context_clear(ctx);
  check(!bp_glu(x, INT64_MAX) && bp_context_status(ctx) == BP_E_INDEX);
  bp_context_clear(ctx);
  check(!bp_hardtanh(x, 1, -1) && bp_context_status(ctx) == BP_E_ARGUMENT);
  bp_context_clear(ctx);
  bp_scope_pop(ctx);
  no_error(ctx);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  functions(ctx);
  with_options(ctx);
  bp_context_destroy(ctx);
  return finish();
}
