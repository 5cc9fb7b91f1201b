/// The vocabulary of a word piece encoding, ready to encode words (Schuster and Nakajima, 2012).
struct WordPieceTable: Sendable {
  /// Pieces that begin a word, or that go on in one.
  private struct Pieces: Sendable {
    var strings = ByteStringTable()
    var numbers: [Int32] = []
    var longest = 0

    mutating func insert(_ piece: UnsafeBufferPointer<UInt8>, _ number: Int) {
      guard !piece.isEmpty, strings.insert(piece) == numbers.count else { return }
      numbers.append(Int32(clamping: number))
      longest = max(longest, piece.count)
    }
  }

  private var first = Pieces()
  private var following = Pieces()
  private let longestWord: Int
  private let unknown: Int32

  /// The table of an encoding; of equal entries the first counts.
  init(_ encoding: TextEncoding, _ rules: WordPieceRules) {
    longestWord = rules.longestWord
    unknown = Int32(clamping: encoding.unknown ?? 0)
    let mark = Array(rules.continuation.utf8)
    for (number, entry) in encoding.vocabulary.enumerated() {
      entry.withUTF8Bytes { bytes in
        if bytes.starts(with: mark) {
          following.insert(UnsafeBufferPointer(rebasing: bytes[mark.count...]), number)
        } else {
          first.insert(bytes, number)
        }
      }
    }
  }

  /// Appends the tokens of text in normal form.
  func encode(_ text: UnsafeBufferPointer<UInt8>, into tokens: inout [Int32]) {
    forEachWordOrSign(in: text) { encode(word: $0, into: &tokens) }
  }

  /// Appends the longest piece that a word begins with, then the longest that the rest begins with,
  /// and so on; a word that is not all pieces is unknown.
  private func encode(word: UnsafeBufferPointer<UInt8>, into tokens: inout [Int32]) {
    let before = tokens.count
    var start = 0
    if word.count > longestWord, word.count(where: { $0 & 0xc0 != 0x80 }) > longestWord {
      return tokens.append(unknown)
    }
    while start < word.count {
      let pieces = start == 0 ? first : following
      var end = min(word.count, start + pieces.longest)
      var found: Int?
      while end > start, found == nil {
        let isBoundary = end == word.count || word[end] & 0xc0 != 0x80
        if isBoundary {
          found = pieces.strings.index(of: UnsafeBufferPointer(rebasing: word[start..<end]))
        }
        if found == nil { end -= 1 }
      }
      guard let found else {
        tokens.removeLast(tokens.count - before)
        return tokens.append(unknown)
      }
      tokens.append(pieces.numbers[found])
      start = end
    }
  }
}

/// Cuts UTF-8 text into words and signs: what stands between white space, and punctuation marks.
func forEachWordOrSign(
  in text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
) {
  var start = 0
  var position = 0
  func finishWord() {
    if start < position { body(UnsafeBufferPointer(rebasing: text[start..<position])) }
  }
  while position < text.count {
    let (kind, length) = wordPartKind(text, at: position)
    if kind != .inside {
      finishWord()
      start = position + length
      if kind == .sign { body(UnsafeBufferPointer(rebasing: text[position..<start])) }
    }
    position += length
  }
  finishWord()
}

private enum WordPartKind {
  case inside, space, sign
}

private func wordPartKind(
  _ text: UnsafeBufferPointer<UInt8>, at position: Int
) -> (WordPartKind, Int) {
  switch text[position] {
  case 0x61...0x7a, 0x41...0x5a, 0x30...0x39: return (.inside, 1)
  case 0x20, 0x09...0x0d: return (.space, 1)
  case 0x21...0x7e: return (.sign, 1)
  case 0x00...0x7f: return (.inside, 1)
  default: break
  }
  let (scalar, length) = text.wideScalar(at: position)
  if scalar.properties.isWhitespace { return (.space, length) }
  switch UnicodeVersion.eight.category(of: scalar) {
  case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
    .initialPunctuation, .finalPunctuation, .otherPunctuation:
    return (.sign, length)
  default: return (.inside, length)
  }
}
