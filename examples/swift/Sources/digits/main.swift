// Learns to read handwritten digits, as examples/c/digits.c and examples/python/digits.py do: a network 64 → 256 → 10 with
// dropout, mini-batches and AdamW; one fifth of the pictures is held out.
//
//     swift run -c release --package-path examples/swift
//     digits [FILE [EPOCHS]]
import Backprop
import Foundation

/// Two layers; in training some pixels and hidden values are dropped, so that none is relied upon.
struct Network {
  let hidden: Linear, output: Linear

  init() throws {
    hidden = try Linear(64, 256)
    output = try Linear(256, 10)
  }

  var parameters: [Tensor] { hidden.parameters + output.parameters }

  /// Pictures [B, 64] → one score per digit [B, 10].
  func scores(_ x: Tensor, training: Bool) throws -> Tensor {
    let h = try hidden(x.dropout(0.1, training: training)).relu()
    return try output(h.dropout(0.4, training: training))
  }

  /// The share of pictures whose highest score is at their label.
  func accuracy(_ x: Tensor, _ labels: Tensor) throws -> Double {
    try withoutGradient {
      try (scores(x, training: false).argmax(along: 1) .== labels).converted(to: .float32).mean().item()
    }
  }
}

let arguments = CommandLine.arguments
let bundled = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../data/digits.csv")
let data = try Digits(file: arguments.count > 1 ? URL(filePath: arguments[1]) : bundled)
let epochs = arguments.count > 2 ? Int(arguments[2]) ?? 40 : 40
let batchSize = 32

try Context.current.seed(7)
let pixels = try Tensor(data.pixels, shape: [data.labels.count, 64])
let labels = try Tensor(data.labels)

// Shuffle once, then cut: the first fifth is never trained on.
let order = try Tensor.randperm(labels.count)
let heldOut = try order[0..<labels.count / 5], learned = try order[labels.count / 5..<labels.count]
let (testX, testY) = try (pixels.selected(heldOut), labels.selected(heldOut))
let (trainX, trainY) = try (pixels.selected(learned), labels.selected(learned))
print("\(trainX.shape[0]) pictures to learn from, \(testX.shape[0]) held out, \(try Context.current.threads) threads")

let network = try Network()
let optimizer = try AdamW(parameters: network.parameters, learningRate: 3e-3)

for epoch in 1...max(epochs, 1) {
  let order = try Tensor.randperm(trainY.count)
  var total = 0.0
  for start in stride(from: 0, to: trainY.count, by: batchSize) {
    let batch = try order.sliced(from: start, to: start + batchSize)
    let loss = try network.scores(trainX.selected(batch), training: true).crossEntropy(with: trainY.selected(batch))
    total += try loss.item() * Double(batch.count)
    optimizer.zeroGrad()
    try loss.backward()
    try optimizer.step()
  }
  let share = 100 * (try network.accuracy(testX, testY))
  print(String(format: "epoch %2d   loss %.4f   accuracy %.2f %%", epoch, total / Double(trainY.count), share))
}

// Saved, and loaded into another network, as a program that only uses it would.
let names = ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]
let file = FileManager.default.temporaryDirectory.appending(path: "digits-\(ProcessInfo.processInfo.processIdentifier).safetensors").path
defer { try? FileManager.default.removeItem(atPath: file) }
try save(Dictionary(uniqueKeysWithValues: zip(names, network.parameters)), to: file)
let saved = try load(from: file), fresh = try Network()
try withoutGradient {
  for (name, parameter) in zip(names, fresh.parameters) { try parameter.assign(saved[name]!) }
}

let accuracy = 100 * (try fresh.accuracy(testX, testY))
print(String(format: "accuracy   %.2f %% of the held-out digits are read correctly", accuracy))
if epochs >= 40 && accuracy < 97 { exit(1) }
