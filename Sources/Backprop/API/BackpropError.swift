// The one error of the Swift API: a code for programs and the engine's sentence for people.

/// What went wrong: `matmul: inner sizes differ: [3, 4] · [5, 2]`. The same codes and sentences as in C and Python.
public struct BackpropError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of errors, numbered as `bp_status` in `backprop.h`.
  public enum Code: Int32, Sendable {
    case argument = -1, shape = -2, dtype = -3, index = -4, memory = -5
    case handle = -6, graph = -7, io = -8, format = -9, callback = -10, singular = -11
  }
  public let code: Code
  /// Operation, what was expected, what came.
  public let message: String
  public var description: String { message }

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// Copies the thread's sentence, which the next failure overwrites.
  package init(_ failure: Failure) {
    self.init(Code(rawValue: failure.code.rawValue) ?? .argument, String(cString: Failure.message))
  }
}

/// Runs engine code; its failures become errors of the Swift API.
@inline(__always) func lift<R>(_ body: () throws(Failure) -> R) throws(BackpropError) -> R {
  do throws(Failure) { return try body() } catch { throw BackpropError(error) }
}
