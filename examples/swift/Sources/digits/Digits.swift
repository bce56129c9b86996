// The data: 1,797 pictures of 8 × 8 pixels, one a line, 64 grey values 0…16 and the digit.
import Foundation

struct Digits {
  /// 64 per picture, 0…1.
  var pixels: [Float] = []
  var labels: [Int] = []

  init(file: URL) throws {
    for line in try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline) {
      let numbers = line.split(separator: ",").compactMap { Int($0) }
      guard numbers.count == 65 else { throw CocoaError(.fileReadCorruptFile) }
      pixels += numbers.dropLast().map { Float($0) / 16 }
      labels.append(numbers[64])
    }
  }
}
