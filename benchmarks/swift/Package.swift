// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "overhead",
  dependencies: [.package(name: "backprop", path: "../..")],
  targets: [
    .executableTarget(
      name: "overhead", dependencies: [.product(name: "Backprop", package: "backprop")])
  ]
)
