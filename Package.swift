// swift-tools-version: 6.2
import PackageDescription

// Two builds of the same sources.
//   swift build / swift test      ordinary Swift: tests, examples, packages that depend on this one.
//   make (BACKPROP_DIST=1)        Embedded Swift: libbackprop.so, which needs libc and libm and nothing else.
let dist = Context.environment["BACKPROP_DIST"] == "1"

let embedded: [SwiftSetting] =
  dist ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo", "-Xfrontend", "-function-sections"])] : []
// Exclusivity is ours to keep: all engine state sits behind pointers, where the run-time check sees nothing but costs a call.
// Not -Osize: it saves 104 KB and makes a recorded addition of one element take 127 ns instead of 98.
let engine: [SwiftSetting] = embedded + [.unsafeFlags(["-enforce-exclusivity=unchecked"])]

// The kernel sources, once per instruction set. Always optimised: an unspecialised SIMD kernel is a thousand times slower.
func kernels(_ name: String, _ define: String, _ flags: [String]) -> Target {
  .target(
    name: name, dependencies: ["KernelAPI", "CShim"],
    swiftSettings: embedded + [
      .define(define), .unsafeFlags(["-Ounchecked", "-wmo", "-Xcc", "-fno-math-errno"] + flags),
      // One object per file, which a debug build's file map and index expect even of a whole-module compilation.
      .unsafeFlags(["-num-threads", "2"], .when(configuration: .debug)),
    ])
}
#if arch(x86_64)
let kernelTargets = [
  kernels("KernelsBase", "ISA_BASE", dist ? ["-Osize"] : []),  // for processors older than 2013: small before fast
  kernels("KernelsV3", "ISA_V3", ["-Xcc", "-march=x86-64-v3"]),
  kernels("KernelsV4", "ISA_V4", ["-Xcc", "-march=x86-64-v4", "-Xcc", "-mprefer-vector-width=512"]),
]
#else
let kernelTargets = [kernels("KernelsBase", "ISA_NEON", [])]
#endif

let linkDist: [LinkerSetting] = dist ? [.unsafeFlags([
  "-nostartfiles", "-lm",
  "-Xlinker", "--version-script=\(Context.packageDirectory)/bindings/cmake/backprop.map",
  "-Xlinker", "-soname=libbackprop.so.0", "-Xlinker", "--gc-sections",
  "-Xlinker", "-z", "-Xlinker", "nodelete", "-Xlinker", "-z", "-Xlinker", "now", "-Xlinker", "-z", "-Xlinker", "defs",
])] : []

let package = Package(
  name: "backprop",
  products: [
    .library(name: "Backprop", targets: ["Backprop"]),
    .library(name: "backprop", type: .dynamic, targets: ["BackpropC"]),
  ],
  targets: [
    .systemLibrary(name: "CBackprop", path: "include"),
    .target(name: "CShim", cSettings: [.headerSearchPath("../../include")]),
    .target(name: "KernelAPI", swiftSettings: embedded),
    .target(
      name: "Backprop", dependencies: ["CShim", "KernelAPI"] + kernelTargets.map { .target(name: $0.name) },
      exclude: dist ? ["API"] : [],  // the Swift API: classes, arrays, strings
      swiftSettings: engine),
    .target(
      name: "BackpropC", dependencies: ["Backprop", "CBackprop", "CShim", "KernelAPI"], swiftSettings: engine, linkerSettings: linkDist),
  ] + kernelTargets + (dist ? [] : [
    .testTarget(name: "KernelTests", dependencies: ["KernelAPI", "CShim"] + kernelTargets.map { .target(name: $0.name) }),
    .testTarget(name: "BackpropTests", dependencies: ["Backprop"]),
  ])
)
