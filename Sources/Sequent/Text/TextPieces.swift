/// Cuts UTF-8 text into words: what stands between white space.
func forEachWord(
  in text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
) {
  var start = 0
  var position = 0
  while position < text.count {
    let (kind, length) = scalarKind(text, at: position)
    if kind == .space {
      if start < position { body(UnsafeBufferPointer(rebasing: text[start..<position])) }
      start = position + length
    }
    position += length
  }
  if start < text.count { body(UnsafeBufferPointer(rebasing: text[start...])) }
}

/// Cuts UTF-8 text into the pieces that byte pairs don't cross; together they are the text.
///
/// A piece is a run of letters, of digits, or of other signs, with the space before it; an English
/// contraction; or white space. It is GPT-2's pattern
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
func forEachPiece(
  in text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
) {
  var start = 0
  while start < text.count {
    let end = contractionEnd(text, from: start) ?? runEnd(text, from: start)
    body(UnsafeBufferPointer(rebasing: text[start..<end]))
    start = end
  }
}

/// What a scalar is to the cutting of text.
private enum ScalarKind {
  case letter, number, space, other
}

private func contractionEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
  guard text[start] == UInt8(ascii: "'"), start + 1 < text.count else { return nil }
  switch text[start + 1] {
  case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
  default: break
  }
  guard start + 2 < text.count else { return nil }
  switch (text[start + 1], text[start + 2]) {
  case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
    (UInt8(ascii: "l"), UInt8(ascii: "l")):
    return start + 3
  default: return nil
  }
}

private func runEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
  var (kind, length) = scalarKind(text, at: start)
  var position = start + length
  if kind == .space {
    var last = start
    while position < text.count, case (.space, let width) = scalarKind(text, at: position) {
      (last, position) = (position, position + width)
    }
    if position == text.count { return position }
    // The last of several spaces belongs to what follows, or is a piece of its own.
    if last > start { return last }
    guard text[start] == UInt8(ascii: " ") else { return position }
    (kind, length) = scalarKind(text, at: position)
    position += length
  }
  while position < text.count {
    let (following, width) = scalarKind(text, at: position)
    guard following == kind else { break }
    position += width
  }
  return position
}

/// The kind of the scalar at a position of valid UTF-8, and its length in bytes.
private func scalarKind(
  _ text: UnsafeBufferPointer<UInt8>, at position: Int
) -> (ScalarKind, Int) {
  let first = text[position]
  if first < 0x80 {
    switch first {
    case 0x61...0x7a, 0x41...0x5a: return (.letter, 1)
    case 0x30...0x39: return (.number, 1)
    case 0x20, 0x09...0x0d: return (.space, 1)
    default: return (.other, 1)
    }
  }
  let (scalar, length) = text.wideScalar(at: position)
  if scalar.properties.isWhitespace { return (.space, length) }
  switch UnicodeVersion.sixteen.category(of: scalar) {
  case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
    return (.letter, length)
  case .decimalNumber, .letterNumber, .otherNumber: return (.number, length)
  default: return (.other, length)
  }
}
