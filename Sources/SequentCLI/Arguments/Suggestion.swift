import Sequent

/// What was probably meant, as the end of a message: `; did you mean --output?`, or nothing.
func didYouMean(_ text: String, among known: [String], prefix: String = "") -> String {
  let begun = known.first { text.count > 1 && $0.hasPrefix(text) }
  return (begun ?? closest(to: text, among: known)).map { "; did you mean \(prefix)\($0)?" } ?? ""
}
