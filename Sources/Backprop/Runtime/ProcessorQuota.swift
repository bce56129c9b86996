// How much processor time the control groups of this process allow: a container may see 64 processors and be given two.
// Files are read into memory of the stack; nothing is allocated, nothing cached.
import CShim

/// Processors' worth of time, rounded up, by the strictest of the process's groups and their parents; nil without a limit. Version 2:
/// cpu.max, "quota period" or "max period". Version 1: cpu.cfs_quota_us, −1 for none, and cpu.cfs_period_us. The names are parameters for tests.
package func processorQuota(groups: UnsafePointer<CChar>, root: UnsafePointer<CChar>) -> Int? {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 3 * bufferBytes) { memory in
    let base = memory.baseAddress.unsafelyUnwrapped
    return quota(groups, root, lines: base, path: base + bufferBytes, number: base + 2 * bufferBytes)
  }
}

private var bufferBytes: Int { 4096 }

private func quota(
  _ groups: UnsafePointer<CChar>, _ root: UnsafePointer<CChar>, lines: UnsafeMutablePointer<CChar>, path: UnsafeMutablePointer<CChar>,
  number: UnsafeMutablePointer<CChar>
) -> Int? {
  if !read(groups, into: lines) { return nil }
  var least: Int?
  var line = lines
  while line[0] != 0 {
    // hierarchy:controllers:path
    var end = line, colons = 0, controllers = line, group = line
    while end[0] != 0, end[0] != newline {
      if end[0] == colon, colons < 2 {
        colons += 1
        if colons == 1 { controllers = end + 1 } else { group = end + 1 }
      }
      end += 1
    }
    let isLast = end[0] == 0
    end[0] = 0
    if colons == 2 {
      let isTwo = controllers + 1 == group
      if isTwo || names(controllers, "cpu") {
        let found = strictest(root, isTwo ? "" : "/cpu", group, isTwo, path, number)
        if let found, found < least ?? Int.max { least = found }
      }
    }
    line = isLast ? end : end + 1
  }
  return least
}

/// The least quota of `group` and its parents.
private func strictest(
  _ root: UnsafePointer<CChar>, _ hierarchy: StaticString, _ group: UnsafePointer<CChar>, _ isTwo: Bool, _ path: UnsafeMutablePointer<CChar>,
  _ number: UnsafeMutablePointer<CChar>
) -> Int? {
  var length = 0
  guard append(root, to: path, &length), append(literal(hierarchy), to: path, &length) else { return nil }
  let top = length
  guard append(group, to: path, &length) else { return nil }
  var least: Int?
  while true {
    while length > top, path[length - 1] == slash { length -= 1 }
    if let q = isTwo ? quotaOfTwo(path, length, number) : quotaOfOne(path, length, number), q < least ?? Int.max { least = q }
    if length == top { return least }
    while length > top, path[length - 1] != slash { length -= 1 }
  }
}

private func quotaOfTwo(_ path: UnsafeMutablePointer<CChar>, _ length: Int, _ number: UnsafeMutablePointer<CChar>) -> Int? {
  var n = length, at = 0
  guard append(literal("/cpu.max"), to: path, &n), read(path, into: number), let time = digits(number, &at) else { return nil }
  while number[at] == space { at += 1 }
  return processors(time, digits(number, &at))
}

private func quotaOfOne(_ path: UnsafeMutablePointer<CChar>, _ length: Int, _ number: UnsafeMutablePointer<CChar>) -> Int? {
  var n = length, at = 0
  guard append(literal("/cpu.cfs_quota_us"), to: path, &n), read(path, into: number), let time = digits(number, &at) else { return nil }
  n = length
  at = 0
  guard append(literal("/cpu.cfs_period_us"), to: path, &n), read(path, into: number) else { return nil }
  return processors(time, digits(number, &at))
}

private func processors(_ time: Int, _ period: Int?) -> Int? {
  guard let period, period > 0, time > 0 else { return nil }
  return (time - 1) / period + 1
}

// MARK: - Text

private let newline: CChar = 10, space: CChar = 32, comma: CChar = 44, slash: CChar = 47, colon: CChar = 58

private func literal(_ s: StaticString) -> UnsafePointer<CChar> { UnsafeRawPointer(s.utf8Start).assumingMemoryBound(to: CChar.self) }

/// The file's text, ended by 0; false if it cannot be read or is longer than the buffer.
private func read(_ path: UnsafePointer<CChar>, into text: UnsafeMutablePointer<CChar>) -> Bool {
  let file = shim_open_read(path)
  if file < 0 { return false }
  defer { shim_close(file) }
  var length = 0
  while length < bufferBytes - 1 {
    let n = shim_read(file, text + length, bufferBytes - 1 - length)
    if n < 0 { return false }
    if n == 0 { break }
    length += n
  }
  text[length] = 0
  return length < bufferBytes - 1
}

private func append(_ s: UnsafePointer<CChar>, to path: UnsafeMutablePointer<CChar>, _ length: inout Int) -> Bool {
  let n = strlen(s)
  if length + n >= bufferBytes { return false }
  memcpy(path + length, s, n + 1)
  length += n
  return true
}

/// The number that begins at `at`, which moves behind it; nil where there is none, or one of more than 15 digits.
private func digits(_ s: UnsafePointer<CChar>, _ at: inout Int) -> Int? {
  var value = 0
  let start = at
  while s[at] >= 48, s[at] <= 57, at - start < 16 {
    value = value * 10 + Int(s[at] - 48)
    at += 1
  }
  return at == start || at - start > 15 ? nil : value
}

/// Whether a list with commas, ended by a colon, contains `name`.
private func names(_ list: UnsafePointer<CChar>, _ name: StaticString) -> Bool {
  let n = name.utf8CodeUnitCount
  var i = 0
  while true {
    if strncmp(list + i, literal(name), n) == 0, list[i + n] == comma || list[i + n] == colon { return true }
    while list[i] != comma, list[i] != colon, list[i] != 0 { i += 1 }
    if list[i] != comma { return false }
    i += 1
  }
}
