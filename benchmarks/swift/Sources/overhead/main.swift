// What an operation and a training step cost from Swift: the rows of benchmarks/c/overhead.c. Medians of several runs, one thread.
import Backprop

let clock = ContinuousClock()
let repeats = CommandLine.arguments.contains("--smoke") ? 2 : 100
let chain = 1000

func row(_ what: String, _ value: Double, _ unit: String) {
  let tenths = Int((value * 10).rounded())
  let digits = "\(tenths / 10).\(tenths % 10)"
  print(what + String(repeating: " ", count: 58 - what.count), String(repeating: " ", count: max(0, 10 - digits.count)) + digits, unit)
}

/// Nanoseconds of one `body`, the median of nine runs of `count` of them.
func nanoseconds(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
  var runs: [Double] = []
  for _ in 0..<9 {
    let time = try clock.measure { for _ in 0..<count { try body() } }
    runs.append((Double(time.components.seconds) * 1e9 + Double(time.components.attoseconds) / 1e9) / Double(count))
  }
  return runs.sorted()[4]
}

func additions(_ x: Tensor, _ c: Tensor) throws -> Tensor {
  var y = x
  for _ in 0..<chain { y = try y + c }
  return y
}

try Context(threads: 1).use {
  let x = try Tensor(0.0, requiresGrad: true), c = try Tensor(1.0)
  row("Swift: one-element add, nothing recorded", try nanoseconds(repeats) { try withoutGradient { _ = try additions(x, c) } } / Double(chain), "ns")
  row("Swift: one-element add, recorded", try nanoseconds(repeats) { _ = try additions(x, c) } / Double(chain), "ns")
  row("Swift: one-element add, recorded and walked back", try nanoseconds(repeats) { try additions(x, c).backward() } / Double(chain), "ns")

  let first = try Linear(784, 256), second = try Linear(256, 10)
  let optimizer = try AdamW(parameters: first.parameters + second.parameters, learningRate: 1e-3)
  let images = try Tensor.randn([64, 784]), labels = try Tensor.zeros([64], dtype: .int64)
  let step = try nanoseconds(repeats) {
    try optimizer.zeroGrad()
    try second(first(images).relu()).crossEntropy(with: labels).backward()
    try optimizer.step()
  }
  row("Swift: 784-256-10 network, batch 64, a whole AdamW step", step / 1e3, "us")
}
