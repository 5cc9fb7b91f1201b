/// The tokens that every vocabulary built here begins with, and those that it may have.
public enum Vocabulary {
  /// Token 0: what fills a batch behind the end of a shorter sequence.
  public static let padding = "<pad>"
  /// Token 1: what stands for everything that is not in the vocabulary.
  public static let unknown = "<unk>"
  /// What a sequence begins with, where it is asked for.
  public static let begin = "<s>"
  /// What a sequence ends with, where it is asked for.
  public static let end = "</s>"
}

extension TextEncoding {
  /// An encoding that knows no token of text yet: that of the training data takes its place.
  ///
  /// - Parameter marksSequences: whether there are tokens for the begin and the end of a sequence.
  public static func unlearned(
    _ unit: Unit, isLowercased: Bool = false, marksSequences: Bool = false
  ) -> TextEncoding {
    let marks = marksSequences ? [Vocabulary.begin, Vocabulary.end] : []
    return TextEncoding(
      unit: unit, vocabulary: [Vocabulary.padding, Vocabulary.unknown] + marks, unknown: 1,
      isLowercased: isLowercased, begin: marksSequences ? 2 : nil, end: marksSequences ? 3 : nil)
  }
}

/// Counts the tokens of texts, and makes an encoding of the most frequent.
///
/// The encoding depends only on the texts, not on their order or the machine.
public struct VocabularyBuilder: Sendable {
  private let form: TextEncoding
  private var characters: [UInt32: Int] = [:]
  private var pieces = PieceCounts()

  /// Starts without any text.
  public init(unit: TextEncoding.Unit, isLowercased: Bool = false) {
    form = TextEncoding(unit: unit, vocabulary: [], unknown: 0, isLowercased: isLowercased)
  }

  /// Counts the tokens of a text.
  public mutating func add(_ text: String) {
    let text = form.normalized(text)
    switch form.unit {
    case .character: for scalar in text.unicodeScalars { characters[scalar.value, default: 0] += 1 }
    case .word: text.withUTF8Bytes { forEachWord(in: $0) { pieces.add($0) } }
    case .wordPiece: text.withUTF8Bytes { forEachWordOrSign(in: $0) { pieces.add($0) } }
    case .bytePair: text.withUTF8Bytes { forEachPiece(in: $0) { pieces.add($0) } }
    }
  }

  /// The encoding of what was counted, the most frequent first; equally frequent ones in the order of their scalars.
  ///
  /// - Parameters:
  ///   - minimumCount: what is rarer is unknown; for byte pairs: is not merged.
  ///   - maximumSize: how many tokens the vocabulary may have, special ones included; byte pairs
  ///     need 256 and the special ones.
  ///   - marksBegin: whether there is a token for the begin of a sequence.
  ///   - marksEnd: whether there is a token for its end.
  public func encoding(
    minimumCount: Int = 1, maximumSize: Int = .max, marksBegin: Bool = false,
    marksEnd: Bool = false
  ) throws -> TextEncoding {
    let marks = (marksBegin ? [Vocabulary.begin] : []) + (marksEnd ? [Vocabulary.end] : [])
    var tokens = [Vocabulary.padding, Vocabulary.unknown] + marks
    let least = tokens.count + (form.unit == .bytePair ? 256 : 0)
    guard maximumSize >= least else {
      throw VocabularyError(
        message: "a vocabulary of at most \(maximumSize) tokens can't hold the \(least) that it "
          + "begins with")
    }
    let room = maximumSize - least
    var merges: [String]?
    switch form.unit {
    case .character, .word:
      let special = tokens
      tokens += counted()
        .filter { $0.count >= minimumCount && !special.contains($0.text) }
        .sorted(by: Counted.precedes)
        .prefix(room).map(\.text)
    case .bytePair:
      var training = BytePairTraining(pieces)
      var strings = (UInt8.min...UInt8.max).map { ByteAlphabet.text([$0]) }
      merges = training.merges(limit: room, minimumCount: max(minimumCount, 2)).map { merge in
        let (left, right) = (strings[Int(merge.left)], strings[Int(merge.right)])
        strings.append(left + right)
        return "\(left) \(right)"
      }
      tokens += strings
    case .wordPiece:
      throw VocabularyError(
        message: "word pieces come with a checkpoint and are not made here; byte pairs are")
    }
    return TextEncoding(
      unit: form.unit, vocabulary: tokens, unknown: 1, isLowercased: form.isLowercased,
      merges: merges, begin: marksBegin ? 2 : nil, end: marksEnd ? 1 + marks.count : nil)
  }

  /// A token and how often it occurs.
  private struct Counted {
    let text: String
    let count: Int

    static func precedes(_ first: Counted, _ second: Counted) -> Bool {
      first.count != second.count
        ? first.count > second.count : first.text.utf8.lexicographicallyPrecedes(second.text.utf8)
    }
  }

  private func counted() -> [Counted] {
    let counted = characters.map { value, count in
      Counted(text: Unicode.Scalar(value).map { String($0) } ?? "", count: count)
    }
    return counted
      + (0..<pieces.count).map { index in
        Counted(
          text: String(decoding: pieces[index].bytes, as: UTF8.self), count: pieces[index].count)
      }
  }
}

/// A vocabulary that can't be made as asked for.
public struct VocabularyError: Error, CustomStringConvertible {
  /// What is wrong.
  public let message: String

  /// The message.
  public var description: String { message }
}
