// What the suites share: comparisons that say where, expected errors, fixed numbers.
import Backprop
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Every element within `tolerance` of what is wanted.
func expect(_ given: [Double], _ wanted: [Double], _ tolerance: Double, sourceLocation: SourceLocation = #_sourceLocation) {
  guard given.count == wanted.count else {
    Issue.record("\(given.count) elements \(given), wanted \(wanted.count): \(wanted)", sourceLocation: sourceLocation)
    return
  }
  for (i, (a, b)) in zip(given, wanted).enumerated() where !(abs(a - b) <= tolerance || a == b || (a.isNaN && b.isNaN)) {
    Issue.record("element \(i) is \(a), wanted \(b) ± \(tolerance)", sourceLocation: sourceLocation)
  }
}

/// `body` throws an error of this kind whose sentence contains `text`.
func expectFailure(_ code: BackpropError.Code, _ text: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
  do {
    try body()
    Issue.record("no error, wanted '\(text)'", sourceLocation: sourceLocation)
  } catch let error as BackpropError {
    #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    #expect(error.message.contains(text), "\(error)", sourceLocation: sourceLocation)
  } catch {
    Issue.record("\(error)", sourceLocation: sourceLocation)
  }
}

/// Deterministic numbers for inputs (SplitMix64: Steele, Lea, Flood 2014).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Runs `body` with the path of a file that is gone afterwards.
func withFile(_ body: (String) throws -> Void) throws {
  let folder = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
  var template = Array("\(folder)/backprop-test-XXXXXX".utf8CString)
  let file = mkstemp(&template)
  #expect(file >= 0)
  close(file)
  let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  defer { unlink(path) }
  try body(path)
}
