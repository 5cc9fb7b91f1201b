/// What was probably meant, as the end of a message: `; did you mean --output?`, or nothing.
func didYouMean(_ text: String, among known: [String], prefix: String = "") -> String {
  let close = known.map { (word: $0, distance: editDistance(text, $0)) }
    .filter { $0.distance <= max(1, $0.word.count / 3) || isStart(text, of: $0.word) }
    .min { $0.distance < $1.distance }
  return close.map { "; did you mean \(prefix)\($0.word)?" } ?? ""
}

private func isStart(_ text: String, of word: String) -> Bool {
  text.count > 1 && word.hasPrefix(text)
}

/// How many letters must be inserted, removed or replaced (Levenshtein, 1966).
private func editDistance(_ left: String, _ right: String) -> Int {
  let right = Array(right)
  var row = Array(0...right.count)
  for (i, a) in left.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, b) in right.enumerated() {
      let replaced = diagonal + (a == b ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[right.count]
}
