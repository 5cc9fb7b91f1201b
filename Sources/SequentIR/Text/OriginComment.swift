extension Origin {
  /// The comment behind a node; `init(comment:)` reads it.
  var commentText: String {
    String(description.map { $0.isNewline ? " " : $0 })
  }

  /// The origin a comment states: `Tagger.swift:12 encoder.layer1`, or one of the two.
  ///
  /// Anything else is a comment like any other, and gives nil.
  init?(comment: String) {
    let words = comment.split(separator: " ")
    guard (1...2).contains(words.count) else { return nil }
    let location = SourceLocation(word: words[0])
    guard words.count == 1 || location != nil else { return nil }
    let layer = words.count == 2 ? words[1] : (location == nil ? words[0] : "")
    guard layer.utf8.allSatisfy(Spelling.isIdentifierPart) else { return nil }
    self.init(layer: String(layer), location: location)
  }
}

extension SourceLocation {
  /// The location that `Tagger.swift:12` states.
  fileprivate init?(word: Substring) {
    guard let colon = word.lastIndex(of: ":"), colon != word.startIndex,
      let line = Int(word[word.index(after: colon)...]), line > 0
    else { return nil }
    self.init(file: String(word[..<colon]), line: line)
  }
}
