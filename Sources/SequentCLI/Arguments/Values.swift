extension Option where Value == String {
  /// Declares an option whose value is a text.
  init(
    _ name: String, letter: Character? = nil, _ placeholder: String, isRepeatable: Bool = false,
    help: String
  ) {
    self.init(name, letter: letter, placeholder, isRepeatable: isRepeatable, help: help) {
      text throws(UsageError) in text
    }
  }
}

extension Option where Value == [String] {
  /// Declares an option whose value is a list of words: `a,b`, given once or more.
  init(_ name: String, _ placeholder: String, of known: [String], help: String) {
    self.init(name, placeholder, isRepeatable: true, help: help) { text throws(UsageError) in
      for word in splitList(text) where !known.contains(word) {
        throw UsageError(notAmong(word, known))
      }
      return splitList(text)
    }
  }
}

extension Option where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// Declares an option whose value is one of the cases of an enumeration.
  init(_ name: String, help: String) {
    let known = Value.allCases.map(\.rawValue)
    self.init(name, known.joined(separator: "|"), help: help) { text throws(UsageError) in
      guard let value = Value(rawValue: text) else { throw UsageError(notAmong(text, known)) }
      return value
    }
  }
}

extension Option where Value == Assignment {
  /// Declares an option whose values are `NAME=TEXT`, given any number of times.
  init(_ name: String, letter: Character? = nil, _ placeholder: String, help: String) {
    self.init(name, letter: letter, placeholder, isRepeatable: true, help: help) {
      text throws(UsageError) in try Assignment(text)
    }
  }
}

/// A value `NAME=TEXT`.
struct Assignment: Sendable {
  let name: String
  let value: String

  /// Reads an assignment.
  init(_ text: String) throws(UsageError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else {
      throw UsageError("'\(text)' is not of the form NAME=VALUE")
    }
    (name, value) = (String(parts[0]), String(parts[1]))
  }
}

/// The elements of a list with commas.
func splitList(_ text: String) -> [String] {
  text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
}

/// That a word is not known, and what is.
func notAmong(_ word: String, _ known: [String]) -> String {
  "'\(word)' is none of \(known.joined(separator: ", "))" + didYouMean(word, among: known)
}

/// A whole number in a range.
func wholeNumber(_ text: String, in range: ClosedRange<Int>) throws(UsageError) -> Int {
  guard let number = Int(text) else { throw UsageError("'\(text)' is not a whole number") }
  guard range.contains(number) else {
    throw UsageError("\(number) is not between \(range.lowerBound) and \(range.upperBound)")
  }
  return number
}

/// Whole numbers in a range, with commas between them.
func wholeNumbers(_ text: String, in range: ClosedRange<Int>) throws(UsageError) -> [Int] {
  var numbers: [Int] = []
  for part in splitList(text) { numbers.append(try wholeNumber(part, in: range)) }
  return numbers
}

/// A number in a range.
func decimalNumber(_ text: String, in range: ClosedRange<Double>) throws(UsageError) -> Double {
  guard let number = Double(text) else { throw UsageError("'\(text)' is not a number") }
  guard range.contains(number) else {
    throw UsageError("\(text) is not between \(range.lowerBound) and \(range.upperBound)")
  }
  return number
}
