/// Tokens by number, as the files of a tokenizer give them.
struct PretrainedVocabulary {
  /// The tokens; an empty one is a number without a token.
  private(set) var tokens: [String] = []
  /// Told apart by their bytes: Unicode calls some of them equivalent.
  private var numbers = ByteStringTable()
  private var order: [Int] = []
  private let file: String

  /// An object of tokens and their numbers: `vocab.json`, or `model.vocab` of `tokenizer.json`.
  init(_ object: FileValue) throws {
    let members = try object.members()
    file = object.file
    // Numbers may be left out, but a file can't ask for more memory than it is worth.
    let most = 2 * members.count + 1024
    let all = try members.map { try $0.value.count(to: most) }
    tokens = Array(repeating: "", count: (all.max() ?? -1) + 1)
    for (member, number) in zip(members, all) {
      guard tokens[number].isEmpty else {
        throw object.problem("'\(tokens[number])' and '\(member.name)' are both token \(number)")
      }
      try add(member.name, number) { object.problem($0) }
    }
  }

  /// A token a line: `vocab.txt`.
  init(lines contents: FileContents) throws {
    let name = contents.name
    file = name
    let lines = try contents.lines()
    tokens = Array(repeating: "", count: lines.count)
    for (number, line) in lines.enumerated() where !line.isEmpty {
      try add(line, number) {
        FormatError(file: name, subject: "line \(number + 1)", reason: $0)
      }
    }
  }

  private mutating func add(
    _ token: String, _ number: Int, _ problem: (String) -> FormatError
  ) throws {
    guard !token.isEmpty else { return }
    let index = token.withUTF8Bytes { numbers.insert($0) }
    guard index == order.count else {
      throw problem("'\(token)' is already token \(order[index])")
    }
    order.append(number)
    tokens[number] = token
  }

  /// Adds a token that the file names beside the vocabulary, or finds that it is there.
  mutating func add(_ token: String, _ number: Int, from value: FileValue) throws {
    if number < tokens.count, tokens[number].utf8.elementsEqual(token.utf8) { return }
    guard number >= tokens.count || tokens[number].isEmpty else {
      throw value.problem("'\(token)' is token \(number), which is '\(tokens[number])' in \(file)")
    }
    guard number <= 2 * tokens.count + 1024 else {
      throw value.problem("token \(number) beside a vocabulary of \(tokens.count)")
    }
    while tokens.count <= number { tokens.append("") }
    try add(token, number) { value.problem($0) }
  }

  /// The number of a token; nil when there is none of this name.
  subscript(token: String) -> Int? {
    token.withUTF8Bytes { numbers.index(of: $0) }.map { order[$0] }
  }

  /// The number of a token that has to be there.
  func number(of token: String, for what: String) throws -> Int {
    guard let number = self[token] else {
      throw FormatError(file: file, reason: "the vocabulary has no '\(token)', which is \(what)")
    }
    return number
  }
}

extension FileContents {
  /// The lines of a text file, without their ends.
  func lines() throws -> [String] {
    try withUnsafeBytes { bytes in
      var lines: [String] = []
      for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
        let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        guard let text = String(validating: line, as: UTF8.self) else {
          throw FormatError(file: name, subject: "line \(lines.count + 1)", reason: "not UTF-8")
        }
        lines.append(text)
      }
      if lines.last == "" { lines.removeLast() }
      return lines
    }
  }
}
