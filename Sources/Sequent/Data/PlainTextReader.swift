/// Reads running text, in blocks of whole lines.
public struct PlainTextReader: ExampleReader {
  /// The size of a block in bytes, and so that of what a split holds out together.
  private static let blockSize = 1 << 14

  /// The files.
  public let files: [DataFile]
  /// Which of the blocks are meant.
  public let part: DataPart

  /// Opens files.
  public init(paths: [String], part: DataPart = .all) throws {
    files = try paths.map(DataFile.init(path:))
    self.part = part
  }

  /// What the files are expected to have.
  public var expectation: String { "text" }

  /// The block itself.
  public func key(of block: String) -> String { block }

  /// Calls `body` with every block of the file of an index; a line ends with LF, whatever it ended with.
  ///
  /// A block ends behind a line; where a line is longer than a block, behind a space, and in a text
  /// without any, behind a character.
  public func forEachExample(
    inFile index: Int, _ body: (String, FileLine) throws -> Void
  ) throws {
    let name = files[index].name
    var blocks = ByteBlocks(files[index], size: Self.blockSize)
    var line = 1
    var isFirst = true
    while !(blocks.isAtEnd && blocks.pending.isEmpty) {
      if !blocks.isAtEnd, blocks.pending.count < Self.blockSize {
        try blocks.readMore()
        continue
      }
      let bytes = blocks.pending.prefix(Self.cut(blocks.pending, isLast: blocks.isAtEnd))
      let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
      let texts = try lines.enumerated().map { number, bytes in
        var bytes = bytes
        if isFirst, number == 0, bytes.starts(with: [0xef, 0xbb, 0xbf]) {
          bytes = bytes.dropFirst(3)
        }
        if number < lines.count - 1 || blocks.isAtEnd, bytes.last == 0x0d {
          bytes = bytes.dropLast()
        }
        return try validText(bytes, FileLine(file: name, number: line + number))
      }
      let text = texts.joined(separator: "\n")
      if !text.isEmpty { try body(text, FileLine(file: name, number: line)) }
      line += lines.count - 1
      isFirst = false
      blocks.consume(bytes.count)
    }
  }

  /// How many of some bytes make a block.
  private static func cut(_ bytes: ArraySlice<UInt8>, isLast: Bool) -> Int {
    if isLast { return bytes.count }
    for separator in [UInt8(ascii: "\n"), UInt8(ascii: " ")] {
      if let last = bytes.lastIndex(of: separator) { return last + 1 - bytes.startIndex }
    }
    // Neither within a character nor between CR and LF.
    let cut = bytes.lastIndex { $0 & 0xc0 != 0x80 && $0 != 0x0a } ?? bytes.startIndex
    return max(cut - bytes.startIndex, 1)
  }

  /// The counted tokens of the text.
  public func survey(
    unit: TextEncoding.Unit, isLowercased: Bool = false
  ) throws -> VocabularyBuilder {
    var vocabulary = VocabularyBuilder(unit: unit, isLowercased: isLowercased)
    try forEach { block, _ in vocabulary.add(block) }
    return vocabulary
  }
}
